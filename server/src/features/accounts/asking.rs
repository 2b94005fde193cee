//! Devices that ask to be signed in before anybody knows whose they will be, and that somebody who is signed in lets in.
//! What such a device and that person have in common is for other rooms to know.

use super::devices::{self, NewDevice};
use super::tables::SecretHash;
use super::{Accounts, profile, rules, secrets, sign_in};
use crate::call::{Caller, Cx, unauthenticated};
use crate::error::{Error, Result};
use crate::id::{AccountId, DeviceId};
use crate::store::Tx;
use crate::time::Time;
use prost::Message;
use teahouse_proto::accounts::{Account, DeviceInfo};
use teahouse_proto::sync::devices_changed::Change;
use zeroize::Zeroizing;

/// A device that asks, as it may be stored until somebody lets it in. Of its token there is the hash alone.
#[derive(Clone, PartialEq, Message)]
pub struct AskingDevice {
    #[prost(bytes = "vec", tag = "1")]
    token_hash: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    info: Option<DeviceInfo>,
    /// The network address from which it asks.
    #[prost(string, tag = "3")]
    address: String,
}

impl AskingDevice {
    /// As it calls itself.
    pub fn info(&self) -> DeviceInfo {
        self.info.clone().unwrap_or_default()
    }

    /// The network address from which it asks, as people write it.
    pub fn address(&self) -> &str {
        &self.address
    }

    fn token_hash(&self) -> Result<SecretHash> {
        self.token_hash.as_slice().try_into().map_err(|_| Error::internal("stored token hash"))
    }
}

impl Accounts {
    /// The caller, who has no session, as a device that asks; and its token, which is good for nothing until somebody
    /// lets the device in.
    pub fn asking_device(&self, cx: &Cx, info: Option<DeviceInfo>) -> (Zeroizing<String>, AskingDevice) {
        let token = secrets::new_token(&self.foundation.random);
        let asking = AskingDevice {
            token_hash: token.hash.to_vec(),
            info: Some(rules::device_info(info)),
            address: cx.caller.address.to_canonical().to_string(),
        };
        (token.shown, asking)
    }

    /// The id of a device that may be let in.
    pub fn new_device_id(&self) -> DeviceId {
        self.foundation.ids.next()
    }

    /// Signs a device in as the account of `by`, a device that is signed in, and tells that account's devices. From the
    /// commit on its token is good; whether it ever came to the device is known when it is used. Errors: `UNAUTHENTICATED` where `by` was signed out meanwhile.
    pub fn let_in(
        &self,
        tx: &mut Tx<'_>,
        by: (AccountId, DeviceId),
        asking: &AskingDevice,
        id: DeviceId,
        now: Time,
    ) -> Result<()> {
        let (account, device) = by;
        devices::find(tx, account, device)?.ok_or_else(unauthenticated)?;
        let network = asking.address.parse().ok().map(|ip| Caller::new(None, ip).network());
        let network = network.filter(|_| !self.foundation.on_loopback);
        let new = NewDevice {
            id,
            token_hash: asking.token_hash()?,
            info: asking.info(),
            network: network.map(|network| self.network_hash(account, network)),
        };
        sign_in::admit(tx, account, &new, self.device_limits(), now)?;
        devices::set_awaits_first_use(tx, &new.token_hash, true)
    }

    /// Signs a device out that was let in and has not used its token: it may be that nobody has it.
    pub fn put_out_unused(tx: &mut Tx<'_>, account: AccountId, device: DeviceId, now: Time) -> Result<()> {
        let device = devices::find(tx, account, device)?.filter(|device| device.row.awaits_first_use);
        let Some(device) = device else { return Ok(()) };
        devices::end(tx, account, std::slice::from_ref(&device))?;
        devices::tell(tx, account, Change::SignedOut, device.id, device.name(), now)
    }

    /// What an account's own devices are told of it.
    pub async fn own_account(&self, id: AccountId) -> Result<Account> {
        profile::load_account(&self.foundation.store, id).await
    }
}
