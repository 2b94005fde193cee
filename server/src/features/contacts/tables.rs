//! What the contacts room stores. Nobody else reads or writes these rows.
//!
//! A request is kept twice, once for each side. The asker's copy follows from what the asker did and from what the
//! other answered, never from a block, a switch or a full inbox: so it cannot tell of them.

use crate::id::{AccountId, BlockId, RequestId};
use crate::store::Table;
use crate::time::Time;
use prost::Message;
use teahouse_proto::common::Way;
use teahouse_proto::contacts::FriendPrivacy;

/// (me, other): I have the other as a friend, whatever they have.
pub(super) const FRIEND: Table<(AccountId, AccountId), FriendRow> = Table::new("contacts.friend");
/// (me, other): I block the other.
pub(super) const BLOCK: Table<(AccountId, AccountId), BlockRow> = Table::new("contacts.block");
/// (me, block): the same blocks in the order of their making.
pub(super) const BLOCK_ORDER: Table<(AccountId, BlockId), BlockedRow> = Table::new("contacts.block_order");
/// (me, other): I come upon the other in no plug-in, nor they upon me: one of us blocks the other, or did a moment ago.
pub(super) const APART: Table<(AccountId, AccountId), ApartRow> = Table::new("contacts.apart");
/// (Unix milliseconds, one, another): when two are no longer kept apart.
pub(super) const APART_UNTIL: Table<(u64, AccountId, AccountId), ()> = Table::new("contacts.apart_until");
/// Whom somebody blocked since it was last asked.
pub(super) const NEWLY_BLOCKED: Table<AccountId, ()> = Table::new("contacts.newly_blocked");
/// How many of each I have.
pub(super) const COUNTS: Table<AccountId, CountsRow> = Table::new("contacts.counts");
/// My tags.
pub(super) const TAGS: Table<AccountId, TagsRow> = Table::new("contacts.tags");
/// (asker, receiver): the latest request of this direction.
pub(super) const ASKING: Table<(AccountId, AccountId), AskingRow> = Table::new("contacts.asking");
/// (asker, request): the asker's copy.
pub(super) const SENT: Table<(AccountId, RequestId), RequestRow> = Table::new("contacts.sent");
/// (receiver, request): the receiver's copy, of requests that are in their list.
pub(super) const RECEIVED: Table<(AccountId, RequestId), RequestRow> = Table::new("contacts.received");
/// (receiver, request): the receiver's copy, of requests that are not in their list.
pub(super) const ASIDE: Table<(AccountId, RequestId), RequestRow> = Table::new("contacts.aside");
/// (receiver, inverted rank, request): who waits to be shown, best first.
pub(super) const WAITING: Table<(AccountId, u32, RequestId), ()> = Table::new("contacts.waiting");
/// Receivers for whom somebody waits.
pub(super) const BACKLOG: Table<AccountId, ()> = Table::new("contacts.backlog");
/// People with a new name or picture, of which their friends are to be told.
pub(super) const NEW_FACE: Table<AccountId, ()> = Table::new("contacts.new_face");
/// (Unix milliseconds, request): when to look whether a request has expired.
pub(super) const EXPIRY: Table<(u64, RequestId), PairRow> = Table::new("contacts.expiry");

/// One side of a friendship.
#[derive(Clone, PartialEq, Message)]
pub(super) struct FriendRow {
    #[prost(fixed64, tag = "1")]
    pub(super) conversation_id: u64,
    #[prost(string, tag = "2")]
    pub(super) remark: String,
    /// Numbers of tags, see [`TagsRow`]; those that no longer exist are tags that were removed.
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

/// A block, which stands while either of its two kinds does. A person may be blocked as the one that the blocker knows,
/// and as a stranger: the blocker must not learn that they are the same.
#[derive(Clone, PartialEq, Message)]
pub(super) struct BlockRow {
    /// 0: they are not blocked as somebody known.
    #[prost(fixed64, tag = "1")]
    pub(super) block_id: u64,
    /// 0: they are not blocked as a stranger.
    #[prost(fixed64, tag = "2")]
    pub(super) stranger_block_id: u64,
}

/// Why two are kept apart.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ApartRow {
    /// When it ends; 0: not while the block stands.
    #[prost(int64, tag = "1")]
    pub(super) until_ms: i64,
}

/// Who is blocked by a block.
#[derive(Clone, PartialEq, Message)]
pub(super) struct BlockedRow {
    #[prost(fixed64, tag = "1")]
    pub(super) other: u64,
    #[prost(int64, tag = "2")]
    pub(super) at_ms: i64,
    /// Blocked as a stranger: to the blocker they are who their stranger card shows, and nobody else.
    #[prost(bool, tag = "3")]
    pub(super) as_stranger: bool,
}

/// Numbers that limits ask for.
#[derive(Clone, PartialEq, Message)]
pub(super) struct CountsRow {
    #[prost(uint32, tag = "1")]
    pub(super) friends: u32,
    #[prost(uint32, tag = "2")]
    pub(super) blocks: u32,
}

/// Somebody's tags. Friends hold their numbers, so that renaming changes this row alone.
#[derive(Clone, PartialEq, Message)]
pub(super) struct TagsRow {
    /// The greatest number given out: none is given twice, since friends may still hold those of removed tags.
    #[prost(uint32, tag = "1")]
    pub(super) last: u32,
    #[prost(message, repeated, tag = "2")]
    pub(super) tags: Vec<TagRow>,
}

/// A tag that at least one friend has.
#[derive(Clone, PartialEq, Message)]
pub(super) struct TagRow {
    #[prost(uint32, tag = "1")]
    pub(super) number: u32,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(uint32, tag = "3")]
    pub(super) friends: u32,
}

/// The latest request from one person to another.
#[derive(Clone, PartialEq, Message)]
pub(super) struct AskingRow {
    #[prost(fixed64, tag = "1")]
    pub(super) request_id: u64,
}

/// Between whom a request is.
#[derive(Clone, PartialEq, Message)]
pub(super) struct PairRow {
    #[prost(fixed64, tag = "1")]
    pub(super) asker: u64,
    #[prost(fixed64, tag = "2")]
    pub(super) receiver: u64,
}

/// One side's copy of a request.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RequestRow {
    /// The other side.
    #[prost(fixed64, tag = "1")]
    pub(super) other: u64,
    #[prost(enumeration = "Way", tag = "2")]
    pub(super) way: i32,
    /// What this side has seen of the exchange. The first is the asker's.
    #[prost(message, repeated, tag = "3")]
    pub(super) texts: Vec<TextRow>,
    #[prost(int64, tag = "4")]
    pub(super) sent_at_ms: i64,
    #[prost(int64, tag = "5")]
    pub(super) expires_at_ms: i64,
    /// Receiver's copy only, like all that follows.
    #[prost(enumeration = "Place", tag = "6")]
    pub(super) place: i32,
    /// The receiver blocks the asker: wherever it is, it is not in the list until that ends.
    #[prost(bool, tag = "7")]
    pub(super) held: bool,
    /// Higher is shown first.
    #[prost(uint32, tag = "8")]
    pub(super) rank: u32,
    /// Where it was ignored: until when repeats are, too.
    #[prost(int64, tag = "9")]
    pub(super) ignored_until_ms: i64,
    /// The asker blocks the receiver, who was not shown it before: to the receiver it does not exist until that ends.
    #[prost(bool, tag = "10")]
    pub(super) withdrawn: bool,
}

/// One text of a request.
#[derive(Clone, PartialEq, Message)]
pub(super) struct TextRow {
    /// Whether the owner of this copy wrote it.
    #[prost(bool, tag = "1")]
    pub(super) mine: bool,
    #[prost(string, tag = "2")]
    pub(super) text: String,
    #[prost(int64, tag = "3")]
    pub(super) sent_at_ms: i64,
}

/// Where a request is on the receiver's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub(super) enum Place {
    /// Not shown yet: the day's allowance was used up.
    Waiting = 0,
    /// In the list.
    Shown = 1,
    /// Put away.
    Ignored = 2,
    /// They are friends. Kept until it expires, so that accepting may be repeated.
    Accepted = 3,
}

impl RequestRow {
    /// The other side.
    pub(super) fn other(&self) -> AccountId {
        AccountId(self.other)
    }

    /// Whether it has not expired.
    pub(super) fn is_live(&self, now: Time) -> bool {
        now < Time(self.expires_at_ms)
    }

    /// Whether it is in the receiver's list.
    pub(super) fn is_listed(&self) -> bool {
        self.place() == Place::Shown && !self.held
    }

    /// Whether it waits to be shown.
    pub(super) fn is_waiting(&self) -> bool {
        self.place() == Place::Waiting && !self.held && !self.withdrawn
    }
}
