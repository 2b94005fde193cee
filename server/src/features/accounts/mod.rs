//! Who somebody is: accounts, sign-in, recovery, profile, and the devices that are signed in. The only room that
//! knows passwords and tokens. It knows nothing of friends, conversations or places; later rooms that must do
//! something when an account is made hand in [`AccountHooks`], and the one that keeps pictures [`AvatarHooks`].

mod api;
mod asking;
pub mod audit;
mod authenticate;
mod caution;
mod config;
mod devices;
#[cfg(test)]
pub(crate) mod fixture;
pub mod operators;
mod passwords;
mod person;
mod profile;
mod quiet;
mod recovery;
mod regions;
mod register;
mod rules;
pub mod sanctions;
mod secrets;
mod seed;
mod sessions;
mod sign_in;
mod tables;
#[cfg(test)]
mod tests;
mod throttle;

pub use asking::AskingDevice;
pub use caution::{registration_network, set_caution};
pub use config::{AccountsConfig, Registration};
pub use person::{Person, load, person, person_by_username};
pub use quiet::Quiet;
pub use seed::{SeedPerson, hash, insert, is_empty};

use super::Foundation;
use crate::call::{Cx, Methods};
use crate::error::{Error, Result};
use crate::id::{AccountId, ConversationId};
use crate::store::Tx;
use crate::time::{DAY, Time};
use devices::DeviceLimits;
use hmac::{Hmac, KeyInit, Mac};
use passwords::Passwords;
use sessions::Sessions;
use sha2::Sha256;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use tables::SecretHash;
use teahouse_proto::common::Gender;
use throttle::Throttle;

/// What later rooms do in the transaction that concerns an account.
pub trait AccountHooks: Send + Sync {
    /// A new account, in the transaction that makes it. `self_conversation` is the id that its conversation with
    /// itself must get. An error undoes the registration.
    fn on_registered(
        &self,
        tx: &mut Tx<'_>,
        account: AccountId,
        self_conversation: ConversationId,
        now: Time,
    ) -> Result<()>;

    /// Somebody has another name or picture, in the transaction that changes it.
    fn on_new_face(&self, tx: &mut Tx<'_>, account: AccountId) -> Result<()> {
        let _ = (tx, account);
        Ok(())
    }

    /// Somebody says another gender than before, in the transaction that changes it.
    fn on_new_gender(&self, tx: &mut Tx<'_>, account: AccountId, gender: Gender) -> Result<()> {
        let _ = (tx, account, gender);
        Ok(())
    }
}

/// What a later room does with the pictures of people.
pub trait AvatarHooks: Send + Sync {
    /// Makes the finished upload `media_id` a picture of this account, or none where it is empty; what lay under the
    /// path `old` is gone. Gives the new path, empty for no picture. Errors: `MEDIA_NOT_FOUND`, `MEDIA_KIND_INVALID`.
    fn replace(
        &self,
        tx: &mut Tx<'_>,
        account: AccountId,
        old: &str,
        media_id: &str,
        now: Time,
    ) -> Result<String>;
}

/// The accounts room.
pub struct Accounts {
    foundation: Foundation,
    config: AccountsConfig,
    hooks: Arc<[Arc<dyn AccountHooks>]>,
    avatars: Arc<dyn AvatarHooks>,
    passwords: Passwords,
    throttle: Throttle,
    sessions: Sessions,
    /// Up to which session the sweep for expired ones has come.
    swept: Mutex<Option<SecretHash>>,
}

impl Accounts {
    /// The room. `hooks` are called in their order.
    ///
    /// # Errors
    /// Password parameters in `config` that argon2 does not take.
    pub fn new(
        foundation: Foundation,
        config: AccountsConfig,
        hooks: Vec<Arc<dyn AccountHooks>>,
        avatars: Arc<dyn AvatarHooks>,
    ) -> Result<Self> {
        Ok(Self {
            passwords: Passwords::new(&config, foundation.random.clone())?,
            throttle: Throttle::new(&config),
            sessions: Sessions::new(config.sessions_cached as usize),
            hooks: hooks.into(),
            avatars,
            swept: Mutex::default(),
            foundation,
            config,
        })
    }

    /// Enters the room's methods into the table, and itself as the one who turns tokens into sessions. The room must
    /// also be named to [`crate::store::Store::observe`]: it hears there which sessions are over.
    pub fn install(self: &Arc<Self>, methods: &mut Methods) {
        teahouse_proto::register_accounts(methods, self);
        for open in [
            &teahouse_proto::ACCOUNTS_REGISTER,
            &teahouse_proto::ACCOUNTS_LOGIN,
            &teahouse_proto::ACCOUNTS_RECOVER,
        ] {
            methods.open(open);
        }
        methods.authenticate_with(self.clone());
    }

    fn device_limits(&self) -> DeviceLimits {
        DeviceLimits {
            most: self.config.devices_per_account as usize,
            idle: DAY * self.config.token_idle_days,
        }
    }

    /// The caller's address, where addresses count.
    fn network(&self, cx: &Cx) -> Option<IpAddr> {
        (!self.foundation.on_loopback).then(|| cx.caller.network())
    }

    /// An address as it is stored with an account: a keyed hash, different for each account.
    fn network_hash(&self, account: AccountId, network: IpAddr) -> u64 {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.foundation.store.secret())
            .expect("HMAC takes keys of any length");
        mac.update(b"accounts.network");
        mac.update(&account.0.to_be_bytes());
        match network {
            IpAddr::V4(ip) => mac.update(&ip.octets()),
            IpAddr::V6(ip) => mac.update(&ip.octets()),
        }
        let hash = mac.finalize().into_bytes();
        u64::from_be_bytes(hash[..8].try_into().expect("a hash has 32 bytes"))
    }
}

/// The caller's own account is gone: cannot be while a session of it lives.
fn account_gone() -> Error {
    Error::internal("a session without its account")
}
