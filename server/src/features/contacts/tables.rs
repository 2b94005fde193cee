//! What the contacts room stores. Nobody else reads or writes these rows.

use crate::id::AccountId;
use crate::store::Table;
use prost::Message;
use teahouse_proto::common::Way;
use teahouse_proto::contacts::FriendPrivacy;

/// (me, other): I have the other as a friend, whatever they have.
pub(super) const FRIEND: Table<(AccountId, AccountId), FriendRow> = Table::new("contacts.friend");
/// (me, other): I block the other.
pub(super) const BLOCK: Table<(AccountId, AccountId), BlockRow> = Table::new("contacts.block");

/// One side of a friendship.
#[derive(Clone, PartialEq, Message)]
pub(super) struct FriendRow {
    #[prost(fixed64, tag = "1")]
    pub(super) conversation_id: u64,
    #[prost(string, tag = "2")]
    pub(super) remark: String,
    /// Numbers of tags; those that no longer exist are tags that were removed.
    #[prost(uint32, repeated, tag = "3")]
    pub(super) tags: Vec<u32>,
    #[prost(bool, tag = "4")]
    pub(super) starred: bool,
    #[prost(message, optional, tag = "5")]
    pub(super) privacy: Option<FriendPrivacy>,
    #[prost(enumeration = "Way", tag = "6")]
    pub(super) way: i32,
    #[prost(int64, tag = "7")]
    pub(super) since_ms: i64,
    /// Whether there is a row in [`BLOCK`] under the same key: every message asks for both, and reads one row.
    #[prost(bool, tag = "8")]
    pub(super) blocked: bool,
}

/// A block.
#[derive(Clone, PartialEq, Message)]
pub(super) struct BlockRow {
    #[prost(fixed64, tag = "1")]
    pub(super) block_id: u64,
}
