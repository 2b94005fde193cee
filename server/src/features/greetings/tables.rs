//! What the greetings room stores. Nobody else reads or writes these rows.
//!
//! A greeting that does not reach anybody is stored as one that does: so the work is the same, and the sender's own rows,
//! from which they are answered, never follow from what became of it.

use super::handles::Stranger;
use crate::id::{AccountId, ConversationId, GreetingId};
use crate::store::Table;
use crate::time::Time;
use prost::Message;
use teahouse_proto::common::{Band, Way};

/// (receiver, greeting): greetings in the box.
pub(super) const BOX: Table<(AccountId, GreetingId), GreetingRow> = Table::new("greetings.box");
/// (receiver, greeting): greetings that are not in the box.
pub(super) const ASIDE: Table<(AccountId, GreetingId), GreetingRow> = Table::new("greetings.aside");
/// (sender, receiver): what the sender did, and where their greeting is.
pub(super) const PAIR: Table<(AccountId, AccountId), PairRow> = Table::new("greetings.pair");
/// (receiver, inverted rank, greeting): who waits to be shown, best first.
pub(super) const WAITING: Table<(AccountId, u32, GreetingId), ()> = Table::new("greetings.waiting");
/// Receivers for whom somebody waits.
pub(super) const BACKLOG: Table<AccountId, ()> = Table::new("greetings.backlog");
/// (Unix milliseconds, sender, receiver): when to look what of a pair is over.
pub(super) const EXPIRY: Table<(u64, AccountId, AccountId), ()> = Table::new("greetings.expiry");

/// A greeting as its receiver has it: all that one person wrote and that is not settled.
#[derive(Clone, PartialEq, Message)]
pub(super) struct GreetingRow {
    #[prost(fixed64, tag = "1")]
    pub(super) sender: u64,
    #[prost(enumeration = "Way", tag = "2")]
    pub(super) way: i32,
    #[prost(enumeration = "Band", tag = "3")]
    pub(super) band: i32,
    /// Oldest first.
    #[prost(message, repeated, tag = "4")]
    pub(super) texts: Vec<TextRow>,
    #[prost(int64, tag = "5")]
    pub(super) expires_at_ms: i64,
    #[prost(enumeration = "Place", tag = "6")]
    pub(super) place: i32,
    /// Higher is shown first.
    #[prost(uint32, tag = "7")]
    pub(super) rank: u32,
    /// The temporary chat that came of it; 0: none did.
    #[prost(fixed64, tag = "8")]
    pub(super) conversation: u64,
}

/// One text.
#[derive(Clone, PartialEq, Message)]
pub(super) struct TextRow {
    #[prost(string, tag = "1")]
    pub(super) text: String,
    #[prost(int64, tag = "2")]
    pub(super) at_ms: i64,
}

/// What somebody did to greet somebody.
#[derive(Clone, PartialEq, Message)]
pub(super) struct PairRow {
    /// When they sent what was not answered.
    #[prost(int64, repeated, tag = "1")]
    pub(super) unanswered_ms: Vec<i64>,
    /// Under which number the receiver has it; 0: not any more.
    #[prost(fixed64, tag = "2")]
    pub(super) greeting: u64,
    /// How the two met the last time.
    #[prost(enumeration = "Way", tag = "3")]
    pub(super) way: i32,
    #[prost(enumeration = "Band", tag = "4")]
    pub(super) band: i32,
}

/// Where a greeting is on the receiver's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub(super) enum Place {
    /// Not shown yet: the day's allowance was used up.
    Waiting = 0,
    /// In the box.
    Shown = 1,
    /// Put away.
    Ignored = 2,
    /// They are friends. Kept for a while, so that accepting may be repeated.
    Accepted = 3,
    /// It reached nobody.
    Lost = 4,
}

impl GreetingRow {
    /// Who wrote it, as the receiver met them.
    pub(super) fn stranger(&self) -> Stranger {
        Stranger { person: AccountId(self.sender), way: self.way(), band: self.band() }
    }

    /// Whether its time in the box is not over.
    pub(super) fn is_fresh(&self, now: Time) -> bool {
        now < Time(self.expires_at_ms)
    }

    /// The temporary chat that came of it.
    pub(super) fn chat(&self) -> Option<ConversationId> {
        (self.conversation != 0).then_some(ConversationId(self.conversation))
    }
}

impl PairRow {
    /// Under which number the receiver has it.
    pub(super) fn greeting(&self) -> Option<GreetingId> {
        (self.greeting != 0).then_some(GreetingId(self.greeting))
    }
}
