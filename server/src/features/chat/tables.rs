//! What the chat room stores. Two rows a message, whatever the size of the conversation: its entry here, and the
//! answer to its client id in the ledger.

use crate::id::{AccountId, ConversationId};
use crate::store::{Log, Table};
use prost::{Message, Oneof};
use teahouse_proto::chat::{self, Notice, Text};

/// What was said, by conversation.
pub(super) const LOG: Log<ConversationId, StoredEntry> = Log::new("chat.log");
/// What a conversation is.
pub(super) const CONVERSATION: Table<ConversationId, Conversation> = Table::new("chat.conversation");
/// The direct conversation of two accounts, the smaller id first.
pub(super) const PAIR: Table<(AccountId, AccountId), Pair> = Table::new("chat.pair");
/// Who is a member, and what they may see.
pub(super) const MEMBER: Table<(ConversationId, AccountId), Member> = Table::new("chat.member");
/// An account's conversations: what is on their list.
pub(super) const MINE: Table<(AccountId, ConversationId), Mine> = Table::new("chat.mine");
/// How far a member has read. Behind by the member's own latest messages: see `marks`.
pub(super) const MARK: Table<(ConversationId, AccountId), Mark> = Table::new("chat.mark");
/// Unread mentions of an account.
pub(super) const MENTION: Table<(AccountId, ConversationId, u64), Mention> = Table::new("chat.mention");

/// One numbered entry.
#[derive(Clone, PartialEq, Message)]
pub(super) struct StoredEntry {
    /// 0 for notices by the server.
    #[prost(uint64, tag = "1")]
    pub author: u64,
    #[prost(int64, tag = "2")]
    pub at_ms: i64,
    /// Stamp of the commit that wrote it.
    #[prost(uint64, tag = "3")]
    pub stamp: u64,
    /// How many messages the conversation holds with this entry.
    #[prost(uint64, tag = "4")]
    pub ordinal: u64,
    #[prost(bytes = "bytes", tag = "5")]
    pub client_id: bytes::Bytes,
    #[prost(oneof = "Content", tags = "6, 7")]
    pub content: Option<Content>,
}

/// What an entry holds.
#[derive(Clone, PartialEq, Oneof)]
pub(super) enum Content {
    #[prost(message, tag = "6")]
    Text(Text),
    #[prost(message, tag = "7")]
    Notice(Notice),
}

impl StoredEntry {
    /// As `viewer` sees it.
    pub(super) fn to_entry(
        &self,
        conversation: ConversationId,
        seq: u64,
        viewer: Option<AccountId>,
    ) -> chat::Entry {
        let own = viewer.is_some_and(|viewer| viewer.0 == self.author);
        chat::Entry {
            conversation_id: conversation.0,
            seq,
            author_account_id: self.author,
            sent_at_ms: self.at_ms,
            client_message_id: if own { self.client_id.clone() } else { bytes::Bytes::new() },
            content: self.content.clone().map(|content| match content {
                Content::Text(text) => chat::entry::Content::Text(text),
                Content::Notice(notice) => chat::entry::Content::Notice(notice),
            }),
            ordinal: self.ordinal,
            cut: false,
        }
    }
}

/// What a conversation is.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Conversation {
    #[prost(enumeration = "chat::ConversationKind", tag = "1")]
    pub kind: i32,
    /// The two of a direct conversation, the smaller id first; the one of a self conversation, twice.
    #[prost(uint64, tag = "2")]
    pub first: u64,
    #[prost(uint64, tag = "3")]
    pub second: u64,
    #[prost(int64, tag = "4")]
    pub created_at_ms: i64,
}

impl Conversation {
    /// The other one, for a member of a direct conversation.
    pub(super) fn peer(&self, me: AccountId) -> Option<AccountId> {
        match (self.kind(), AccountId(self.first), AccountId(self.second)) {
            (chat::ConversationKind::Direct, first, second) if first == me => Some(second),
            (chat::ConversationKind::Direct, first, second) if second == me => Some(first),
            _ => None,
        }
    }

    /// Everybody in it.
    pub(super) fn accounts(&self) -> Vec<AccountId> {
        let mut accounts = vec![AccountId(self.first), AccountId(self.second)];
        accounts.dedup();
        accounts
    }
}

/// The conversation of a pair.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Pair {
    #[prost(uint64, tag = "1")]
    pub conversation: u64,
}

/// What a member may see.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Member {
    /// The member sees the entries after this number.
    #[prost(uint64, tag = "1")]
    pub visible_after: u64,
    /// Ordinal of that entry: who joins has read what came before.
    #[prost(uint64, tag = "2")]
    pub ordinal_after: u64,
}

impl Member {
    /// A mark, not before what the member can see.
    pub(super) fn at_least(&self, mark: Mark) -> Mark {
        let joined = Mark { seq: self.visible_after, ordinal: self.ordinal_after };
        if mark.seq < joined.seq { joined } else { mark }
    }
}

/// An entry of a list of conversations.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Mine {
    /// When it came onto the list.
    #[prost(int64, tag = "1")]
    pub since_ms: i64,
}

/// How far a member has read.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct Mark {
    #[prost(uint64, tag = "1")]
    pub seq: u64,
    /// Ordinal of that entry.
    #[prost(uint64, tag = "2")]
    pub ordinal: u64,
}

/// A mention. Its key says all.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct Mention {}
