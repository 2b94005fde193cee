//! What the accounts room stores. Nobody else reads or writes these rows. Secrets are here as hashes only.

use crate::id::{AccountId, DeviceId};
use crate::store::Table;
use prost::Message;
use std::fmt;
use teahouse_proto::accounts::{DeviceInfo, Notifications, Profile, Settings};

/// SHA-256 of a secret that is itself random and long: a token, a recovery code, an invitation code.
pub(super) type SecretHash = [u8; 32];

/// People.
pub(super) const ACCOUNT: Table<AccountId, AccountRow> = Table::new("accounts.account");
/// Lower-case username to account. Never deleted: a username is never given out again.
pub(super) const USERNAME: Table<String, UsernameRow> = Table::new("accounts.username");
/// How people prove who they are. Apart from the person, so that nobody reads it by the way.
pub(super) const CREDENTIAL: Table<AccountId, CredentialRow> = Table::new("accounts.credential");
/// Recovery codes that are left.
pub(super) const RECOVERY: Table<(AccountId, SecretHash), RecoveryRow> = Table::new("accounts.recovery");
/// Device sessions by the hash of their token.
pub(super) const SESSION: Table<SecretHash, SessionRow> = Table::new("accounts.session");
/// The device sessions of an account.
pub(super) const DEVICE: Table<(AccountId, DeviceId), DeviceRow> = Table::new("accounts.device");
/// Addresses from which an account was used lately, as keyed hashes: they do not tell the address.
pub(super) const NETWORK: Table<(AccountId, u64), NetworkRow> = Table::new("accounts.network");
/// Invitation codes that are good for something.
pub(super) const INVITATION: Table<SecretHash, InvitationRow> = Table::new("accounts.invitation");

/// A person.
#[derive(Clone, PartialEq, Message)]
pub(super) struct AccountRow {
    /// As registered.
    #[prost(string, tag = "1")]
    pub(super) username: String,
    #[prost(message, optional, tag = "2")]
    pub(super) profile: Option<Profile>,
    #[prost(message, optional, tag = "3")]
    pub(super) settings: Option<Settings>,
    #[prost(fixed64, tag = "4")]
    pub(super) self_conversation_id: u64,
    #[prost(int64, tag = "5")]
    pub(super) created_at_ms: i64,
    /// The display name before the last change.
    #[prost(string, tag = "6")]
    pub(super) former_display_name: String,
    /// Until when friends are shown that name.
    #[prost(int64, tag = "7")]
    pub(super) former_until_ms: i64,
    /// Absent while nothing was ever changed.
    #[prost(message, optional, tag = "8")]
    pub(super) notifications: Option<Notifications>,
    /// The address from which it was registered, as a keyed hash; 0: not known.
    #[prost(fixed64, tag = "9")]
    pub(super) registration_network: u64,
    /// Strangers are told that it was much reported.
    #[prost(bool, tag = "10")]
    pub(super) reported: bool,
}

/// Who has a username.
#[derive(Clone, PartialEq, Message)]
pub(super) struct UsernameRow {
    #[prost(fixed64, tag = "1")]
    pub(super) account_id: u64,
}

/// A password. Its hash is a secret too, so it has no Debug.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct CredentialRow {
    /// PHC string, "$argon2id$v=19$m=19456,t=2,p=1$salt$hash".
    #[prost(string, tag = "1")]
    pub(super) password_hash: String,
    /// When the password was set; its hash may be made anew without that.
    #[prost(int64, tag = "2")]
    pub(super) changed_at_ms: i64,
}

impl fmt::Debug for CredentialRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRow").finish_non_exhaustive()
    }
}

/// A recovery code that is left.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RecoveryRow {
    #[prost(int64, tag = "1")]
    pub(super) made_at_ms: i64,
}

/// A device that is signed in.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SessionRow {
    #[prost(fixed64, tag = "1")]
    pub(super) account_id: u64,
    #[prost(fixed64, tag = "2")]
    pub(super) device_id: u64,
    /// Of the account, so that a call needs this one row.
    #[prost(int64, tag = "3")]
    pub(super) account_created_at_ms: i64,
    #[prost(message, optional, tag = "4")]
    pub(super) info: Option<DeviceInfo>,
    #[prost(int64, tag = "5")]
    pub(super) signed_in_at_ms: i64,
    /// Written at most once an hour.
    #[prost(int64, tag = "6")]
    pub(super) last_used_at_ms: i64,
    /// Its token was not used yet, and it is not sure that the device has it.
    #[prost(bool, tag = "7")]
    pub(super) awaits_first_use: bool,
}

/// Where the session of a device is.
#[derive(Clone, PartialEq, Message)]
pub(super) struct DeviceRow {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) token_hash: Vec<u8>,
}

/// An address from which an account was used.
#[derive(Clone, PartialEq, Message)]
pub(super) struct NetworkRow {
    #[prost(int64, tag = "1")]
    pub(super) last_used_at_ms: i64,
}

/// An invitation code.
#[derive(Clone, PartialEq, Message)]
pub(super) struct InvitationRow {
    /// How many accounts it is still good for; at 0 the row goes.
    #[prost(uint32, tag = "1")]
    pub(super) uses_left: u32,
    #[prost(int64, tag = "2")]
    pub(super) made_at_ms: i64,
}
