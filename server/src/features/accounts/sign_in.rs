//! Signing a device in: with a password, and what is the same for all ways.

use super::devices::{self, DeviceLimits, NewDevice};
use super::rules::login_failed;
use super::secrets::Secret;
use super::tables::{CREDENTIAL, CredentialRow, USERNAME};
use super::throttle::Guesser;
use super::{Accounts, account_gone, person, profile, rules, secrets};
use crate::call::Cx;
use crate::error::Result;
use crate::id::AccountId;
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::accounts::{Account, DeviceInfo, LoginRequest, LoginResponse};
use teahouse_proto::sync::devices_changed::Change;
use zeroize::Zeroizing;

/// What is known of a username before its password was looked at.
struct Found {
    /// 0 for a name that nobody has.
    account: AccountId,
    credential: Option<CredentialRow>,
    at_home: bool,
}

/// A sign-in whose password was right.
struct SignIn {
    account: AccountId,
    /// What the password was compared with.
    credential: CredentialRow,
    /// A hash of the same password that replaces it.
    stronger: Option<String>,
    device: NewDevice,
    device_limits: DeviceLimits,
}

impl SignIn {
    fn carry_out(&self, tx: &mut Tx<'_>, now: Time) -> Result<Account> {
        // The password may have been changed while this one was hashed. Another sign-in may have replaced its hash, too,
        // which changes neither password nor time.
        let credential = tx.get(&CREDENTIAL, &self.account)?;
        if credential.is_none_or(|c| c.changed_at_ms != self.credential.changed_at_ms) {
            return Err(login_failed());
        }
        if let Some(hash) = &self.stronger {
            let row = CredentialRow { password_hash: hash.clone(), ..self.credential.clone() };
            tx.put(&CREDENTIAL, &self.account, &row)?;
        }
        admit(tx, self.account, &self.device, self.device_limits, now)?;
        profile::account(tx, self.account)
    }
}

/// Signs a device in, for whatever good reason, and tells the account's devices.
pub(super) fn admit(
    tx: &mut Tx<'_>,
    account: AccountId,
    device: &NewDevice,
    limits: DeviceLimits,
    now: Time,
) -> Result<()> {
    let person = person(tx, account)?.ok_or_else(account_gone)?;
    devices::sign_in(tx, (account, person.created_at), device, limits, now)?;
    devices::tell(tx, account, Change::SignedIn, device.id, device.info.name.clone(), now)
}

impl Accounts {
    pub(super) async fn sign_in(&self, cx: &Cx, mut request: LoginRequest) -> Result<LoginResponse> {
        let now = cx.now;
        let password = Zeroizing::new(std::mem::take(&mut request.password));
        let password = rules::normal_password(&password);
        // A name that nobody can have is held up like any other: its first bytes are enough to tell it apart.
        let typed: String = request.username.to_ascii_lowercase().chars().take(64).collect();
        let name = rules::fold_username(&request.username);

        let found = self.find(cx, name).await?;
        let guesser = Guesser { name: Some(&typed), network: self.network(cx), at_home: found.at_home };
        let attempt = self.throttle.begin(guesser, now)?;
        let hash = found.credential.as_ref().map(|c| &*c.password_hash);
        let weak = password.clone().filter(|_| hash.is_some_and(|hash| self.passwords.is_weak(hash)));
        if !self.passwords.verify(password, hash).await? {
            attempt.failed(now);
            return Err(login_failed());
        }
        let Some(credential) = found.credential else { return Err(login_failed()) };
        attempt.succeeded();
        let stronger = match weak {
            // Where too many sign in at this moment, it is left to the next time.
            Some(password) => self.passwords.hash(password).await.ok(),
            None => None,
        };

        let token = secrets::new_token(&self.foundation.random);
        let device = self.new_device(cx, found.account, &token, request.device);
        let device_id = device.id.0;
        let account = found.account;
        let device_limits = self.device_limits();
        let sign_in = SignIn { account, credential, stronger, device, device_limits };
        let answer = self.foundation.store.transact(move |tx| sign_in.carry_out(tx, now)).await?;
        Ok(LoginResponse { account: Some(answer), token: token.shown.to_string(), device_id })
    }

    /// Reads the same rows whether the name exists or not.
    async fn find(&self, cx: &Cx, name: Option<String>) -> Result<Found> {
        let account = self.account_called(name).await?;
        let credential = self.foundation.store.get(&CREDENTIAL, &account).await?;
        let at_home = self.is_at_home(cx, account).await?;
        Ok(Found { account, credential, at_home })
    }

    /// The account of a username in lower case; 0 where nobody has it, which is no account's id.
    pub(super) async fn account_called(&self, name: Option<String>) -> Result<AccountId> {
        let row = self.foundation.store.get(&USERNAME, &name.unwrap_or_default()).await?;
        Ok(AccountId(row.map_or(0, |r| r.account_id)))
    }

    /// Whether an account was used from the caller's address lately. Where addresses do not count, nobody is at home.
    pub(super) async fn is_at_home(&self, cx: &Cx, account: AccountId) -> Result<bool> {
        match self.network(cx).map(|n| self.network_hash(account, n)) {
            Some(network) => devices::is_home(&self.foundation.store, account, network, cx.now).await,
            None => Ok(false),
        }
    }

    /// A device that is to be signed in with a token.
    pub(super) fn new_device(
        &self,
        cx: &Cx,
        account: AccountId,
        token: &Secret,
        info: Option<DeviceInfo>,
    ) -> NewDevice {
        NewDevice {
            id: self.foundation.ids.next(),
            token_hash: token.hash,
            info: rules::device_info(info),
            network: self.network(cx).map(|n| self.network_hash(account, n)),
        }
    }
}
