//! What entries name as their authors. In a temporary chat that is no account: two random numbers stand for the two, in
//! everything that leaves the room. What is stored names the accounts, so it goes on when the chat becomes a direct
//! conversation.

use super::super::tables::Conversation;
use crate::faults::{Fault, on};
use crate::id::AccountId;
use crate::random::Random;
use prost::Message;
use teahouse_proto::chat::{self, entry::Content};

/// The bit that no id has: what stands for somebody is never taken for an account.
const NO_ID: u64 = 1 << 63;

/// What a temporary chat is besides a conversation of two. Stays when it becomes a direct one.
#[derive(Clone, PartialEq, Message)]
pub(in super::super) struct StoredTemporary {
    /// What stands for the first of the two.
    #[prost(uint64, tag = "1")]
    pub first_author: u64,
    #[prost(uint64, tag = "2")]
    pub second_author: u64,
    /// Whether the first has written in it. A greeting is none of it: it came before.
    #[prost(bool, tag = "3")]
    pub first_wrote: bool,
    #[prost(bool, tag = "4")]
    pub second_wrote: bool,
    /// How long it lives after its last message, milliseconds.
    #[prost(int64, tag = "5")]
    pub lives_ms: i64,
    /// When it was ended; 0: by nobody so far.
    #[prost(int64, tag = "6")]
    pub ended_at_ms: i64,
}

impl StoredTemporary {
    /// A chat in which nobody has said anything.
    pub(super) fn new(random: &Random, lives_ms: i64) -> Self {
        let author = || u64::from_be_bytes(random.bytes()) | NO_ID;
        let first_author = author();
        let second_author = std::iter::repeat_with(author).find(|author| *author != first_author);
        Self { first_author, second_author: second_author.unwrap_or_default(), lives_ms, ..Self::default() }
    }
}

/// Whom entries of a conversation name. By default accounts.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Authors {
    /// Accounts, and what stands for them.
    masked: Option<[(u64, u64); 2]>,
}

impl Authors {
    pub(in super::super) fn of(what: &Conversation) -> Self {
        let is_masked = what.is_temporary() && !on(Fault::NameStrangers);
        let temporary = what.temporary.as_ref().filter(|_| is_masked);
        let masked = temporary.map(|t| [(what.first, t.first_author), (what.second, t.second_author)]);
        Self { masked }
    }

    /// An entry that names accounts, as it leaves the room.
    pub(in super::super) fn name(self, mut entry: chat::Entry) -> chat::Entry {
        let Some(masked) = self.masked else { return entry };
        let author_id = |account| masked.iter().find(|(a, _)| *a == account).map_or(0, |(_, author)| *author);
        entry.author_account_id = author_id(entry.author_account_id);
        if let Some(Content::Recalled(recalled)) = &mut entry.content {
            recalled.by_account_id = author_id(recalled.by_account_id);
        }
        entry
    }
}

impl Conversation {
    /// What stands, or stood, for one of two as the author of entries, and for the other; 0 where nothing ever did.
    pub(in super::super) fn author_ids(&self, me: AccountId) -> (u64, u64) {
        match &self.temporary {
            Some(t) if self.first == me.0 => (t.first_author, t.second_author),
            Some(t) if self.second == me.0 => (t.second_author, t.first_author),
            _ => (0, 0),
        }
    }
}
