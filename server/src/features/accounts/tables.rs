//! What the accounts room stores. Nobody else reads or writes these rows.

use crate::id::AccountId;
use crate::store::Table;
use prost::Message;
use teahouse_proto::accounts::{Profile, Settings};

/// People.
pub(super) const ACCOUNT: Table<AccountId, AccountRow> = Table::new("accounts.account");
/// Lower-case username to account. Never deleted: a username is never given out again.
pub(super) const USERNAME: Table<String, UsernameRow> = Table::new("accounts.username");

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
}

/// Who has a username.
#[derive(Clone, PartialEq, Message)]
pub(super) struct UsernameRow {
    #[prost(fixed64, tag = "1")]
    pub(super) account_id: u64,
}
