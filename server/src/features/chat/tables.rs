//! What the chat room stores. Two rows a message, whatever the size of the conversation: its entry here, and the
//! answer to its client id in the ledger.

use super::groups::StoredRoster;
pub(super) use super::member::{Ended, Member};
use super::temporary::{Authors, StoredTemporary};
use crate::id::{AccountId, ConversationId};
use crate::store::{Log, Table};
use prost::{Message, Oneof};
use teahouse_proto::chat::{
    self, Changed, Draft, File, ForwardPreview, Link, Location, Notice, Pictures, Reaction, Recalled,
    Sticker, Text, Video, Voice,
};
use teahouse_proto::common::PersonCard;

/// What was said, by conversation.
pub(super) const LOG: Log<ConversationId, StoredEntry> = Log::new("chat.log");
/// What a conversation is.
pub(super) const CONVERSATION: Table<ConversationId, Conversation> = Table::new("chat.conversation");
/// The direct conversation of two accounts, the smaller id first.
pub(super) const PAIR: Table<(AccountId, AccountId), Pair> = Table::new("chat.pair");
/// Who is a member, and what they may see.
pub(super) const MEMBER: Table<(ConversationId, AccountId), Member> = Table::new("chat.member");
/// Who is in a group: one row, read only where it is not known in memory.
pub(super) const ROSTER: Table<ConversationId, StoredRoster> = Table::new("chat.roster");
/// Who left a group while they might only read. Goes when the group is dissolved.
pub(super) const LEFT_MUTED: Table<ConversationId, LeftMuted> = Table::new("chat.left_muted");
/// (me, other, conversation): the temporary chats that an account has.
pub(super) const TEMPORARY: Table<(AccountId, AccountId, ConversationId), ()> = Table::new("chat.temporary");
/// (Unix milliseconds, temporary chat): when to look whether it is to be removed.
pub(super) const TEMPORARY_UNTIL: Table<(u64, ConversationId), ()> = Table::new("chat.temporary_until");
/// An account's conversations: what is on their list.
pub(super) const MINE: Table<(AccountId, ConversationId), Mine> = Table::new("chat.mine");
/// What an account began to write. Apart from [`MINE`], of which all rows are read whenever a device catches up.
pub(super) const DRAFT: Table<(AccountId, ConversationId), Draft> = Table::new("chat.draft");
/// How far a member has read. Behind by the member's own latest messages: see `marks`.
pub(super) const MARK: Table<(ConversationId, AccountId), Mark> = Table::new("chat.mark");
/// Unread mentions of an account.
pub(super) const MENTION: Table<(AccountId, ConversationId, u64), Mention> = Table::new("chat.mention");
/// Entries of groups that mention everybody: one row each, however many that are.
pub(super) const MENTION_ALL: Table<(ConversationId, u64), MentionAll> = Table::new("chat.mention_all");
/// Who gave which emoji to an entry.
pub(super) const REACTION: Table<(ConversationId, u64, String, AccountId), Reacted> =
    Table::new("chat.reaction");
/// Pinned entries of a conversation.
pub(super) const PIN: Table<(ConversationId, u64), Pinned> = Table::new("chat.pin");
/// Entries that an account deleted for itself. Looked up only where [`Member::deleted_to`] says that there may be some.
pub(super) const DELETED: Table<(AccountId, ConversationId, u64), ()> = Table::new("chat.deleted_for_me");
/// What recalled and edited entries held.
pub(super) const SEALED: Table<(ConversationId, u64), Sealed> = Table::new("chat.sealed");
/// (Unix milliseconds, conversation, entry): until when it is kept.
pub(super) const SEALED_UNTIL: Table<(u64, ConversationId, u64), ()> = Table::new("chat.sealed_until");

/// Messages that an account keeps for itself, by a number that rises with time.
pub(super) const FAVOURITE: Table<(AccountId, u64), StoredFavourite> = Table::new("chat.favourite");
/// How many of them an account has.
pub(super) const FAVOURITES: Table<AccountId, FavouriteCount> = Table::new("chat.favourites");

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
    /// In entries that are no messages: the number of the last message before them, else 0. So the last message of a
    /// conversation is known by its last entry; see [`StoredEntry::last_message`].
    #[prost(uint64, tag = "14")]
    pub last_message_seq: u64,
    /// 0: never.
    #[prost(int64, tag = "23")]
    pub edited_at_ms: i64,
    /// Without `mine`.
    #[prost(message, repeated, tag = "24")]
    pub reactions: Vec<Reaction>,
    #[prost(oneof = "Content", tags = "6, 7, 8, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20")]
    pub content: Option<Content>,
}

/// What an entry holds. The tags are those of `Entry`.
#[derive(Clone, PartialEq, Oneof)]
pub(super) enum Content {
    #[prost(message, tag = "6")]
    Text(Text),
    #[prost(message, tag = "7")]
    Notice(Notice),
    #[prost(message, tag = "8")]
    Voice(Voice),
    #[prost(message, tag = "9")]
    Pictures(Pictures),
    #[prost(message, tag = "10")]
    Video(Video),
    #[prost(message, tag = "11")]
    File(File),
    #[prost(message, tag = "12")]
    Location(Location),
    #[prost(message, tag = "13")]
    ContactCard(StoredCard),
    #[prost(message, tag = "16")]
    Link(Link),
    #[prost(message, tag = "17")]
    Sticker(Sticker),
    #[prost(message, tag = "18")]
    Merged(StoredMerged),
    #[prost(message, tag = "19")]
    Recalled(Recalled),
    /// Without `target`: that is looked up for each viewer.
    #[prost(message, tag = "20")]
    Changed(Changed),
}

impl Content {
    /// Whether it counts: it was said by somebody, and can be unread.
    pub(super) fn is_message(&self) -> bool {
        !matches!(self, Self::Notice(_) | Self::Changed(_))
    }
}

/// Who left a group while they might only read.
#[derive(Clone, PartialEq, Message)]
pub(super) struct LeftMuted {
    /// The latest last.
    #[prost(uint64, repeated, tag = "1")]
    pub accounts: Vec<u64>,
}

/// A message that somebody keeps: a copy.
#[derive(Clone, PartialEq, Message)]
pub(super) struct StoredFavourite {
    /// As its author was called when it was kept.
    #[prost(string, tag = "1")]
    pub author_name: String,
    #[prost(int64, tag = "2")]
    pub sent_at_ms: i64,
    #[prost(int64, tag = "3")]
    pub kept_at_ms: i64,
    #[prost(oneof = "Content", tags = "6, 7, 8, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20")]
    pub content: Option<Content>,
}

/// How many favourites an account has.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct FavouriteCount {
    #[prost(uint64, tag = "1")]
    pub count: u64,
}

/// A person whom somebody recommended.
#[derive(Clone, PartialEq, Message)]
pub(super) struct StoredCard {
    /// Who it is; never told.
    #[prost(uint64, tag = "1")]
    pub account: u64,
    /// As they were then.
    #[prost(message, optional, tag = "2")]
    pub card: Option<PersonCard>,
}

/// A merged forward. What it holds lies in a media object, without the names of the media in it, so that another
/// reference to the object and other names are a copy.
#[derive(Clone, PartialEq, Message)]
pub(super) struct StoredMerged {
    #[prost(string, tag = "1")]
    pub title: String,
    #[prost(uint32, tag = "2")]
    pub count: u32,
    #[prost(message, repeated, tag = "3")]
    pub preview: Vec<ForwardPreview>,
    /// The name of the media object.
    #[prost(string, tag = "4")]
    pub object: String,
    /// The names of the media in it, in the order in which they stand there.
    #[prost(string, repeated, tag = "5")]
    pub media: Vec<String>,
    /// How many messages it holds with those within merged forwards in it.
    #[prost(uint32, tag = "6")]
    pub total: u32,
    /// 1 where it holds no merged forward, else one more than the deepest of them.
    #[prost(uint32, tag = "7")]
    pub depth: u32,
}

impl StoredEntry {
    /// An entry that is still empty, behind the one before it and its number: what the two have to do with each other.
    pub(super) fn following(before: Option<(u64, &Self)>, content: &Content) -> Self {
        let ordinal = before.map_or(0, |(_, before)| before.ordinal);
        let last_message = before.map_or(0, |(seq, before)| before.last_message(seq));
        let counts = content.is_message();
        Self {
            ordinal: ordinal + u64::from(counts),
            last_message_seq: if counts { 0 } else { last_message },
            ..Self::default()
        }
    }

    /// Whether it counts.
    pub(super) fn is_message(&self) -> bool {
        self.content.as_ref().is_some_and(Content::is_message)
    }

    /// Whether somebody said it and has not taken it back.
    pub(super) fn is_said(&self) -> bool {
        self.content.as_ref().is_some_and(Content::is_said)
    }

    /// The number of the last message up to this entry, whose own number is `seq`; 0 where there is none.
    pub(super) fn last_message(&self, seq: u64) -> u64 {
        if self.is_message() { seq } else { self.last_message_seq }
    }

    /// As `viewer` sees it, in a conversation of these authors.
    pub(super) fn to_entry(
        &self,
        conversation: ConversationId,
        seq: u64,
        viewer: Option<AccountId>,
        authors: Authors,
    ) -> chat::Entry {
        let own = viewer.is_some_and(|viewer| viewer.0 == self.author);
        let mut reactions = self.reactions.clone();
        for reaction in &mut reactions {
            reaction.mine = viewer.is_some_and(|viewer| reaction.account_ids.contains(&viewer.0));
        }
        let entry = chat::Entry {
            conversation_id: conversation.0,
            seq,
            author_account_id: self.author,
            sent_at_ms: self.at_ms,
            client_message_id: if own { self.client_id.clone() } else { bytes::Bytes::new() },
            content: self.content.clone().map(Content::told),
            ordinal: self.ordinal,
            cut: false,
            edited_at_ms: self.edited_at_ms,
            reactions,
            author_blocked: false,
        };
        authors.name(entry)
    }

    /// What is left of it for somebody who deleted it.
    pub(super) fn to_deleted(&self, conversation: ConversationId, seq: u64, authors: Authors) -> chat::Entry {
        authors.name(chat::Entry {
            conversation_id: conversation.0,
            seq,
            author_account_id: self.author,
            sent_at_ms: self.at_ms,
            content: Some(chat::entry::Content::Deleted(chat::Deleted {})),
            ordinal: self.ordinal,
            ..chat::Entry::default()
        })
    }
}

/// What a conversation is.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Conversation {
    #[prost(enumeration = "chat::ConversationKind", tag = "1")]
    pub kind: i32,
    /// The two of a direct conversation or a temporary chat, the smaller id first; the one of a self conversation, twice.
    #[prost(uint64, tag = "2")]
    pub first: u64,
    #[prost(uint64, tag = "3")]
    pub second: u64,
    #[prost(int64, tag = "4")]
    pub created_at_ms: i64,
    /// The rest of groups only. Empty: by the members' names.
    #[prost(string, tag = "5")]
    pub name: String,
    /// Path of the picture; empty: none yet.
    #[prost(string, tag = "6")]
    pub picture: String,
    #[prost(uint32, tag = "7")]
    pub member_count: u32,
    /// Of the row in [`ROSTER`]: another one whenever that changes, and never one that was there before.
    #[prost(uint64, tag = "8")]
    pub roster_version: u64,
    /// Only owner and admins speak.
    #[prost(bool, tag = "9")]
    pub all_muted: bool,
    #[prost(bool, tag = "10")]
    pub dissolved: bool,
    /// Who joins sees what was said before.
    #[prost(bool, tag = "11")]
    pub history_visible: bool,
    /// Of temporary chats, and of what became of them.
    #[prost(message, optional, tag = "12")]
    pub temporary: Option<StoredTemporary>,
}

impl Conversation {
    pub(super) fn is_group(&self) -> bool {
        self.kind() == chat::ConversationKind::Group
    }

    pub(super) fn is_temporary(&self) -> bool {
        self.kind() == chat::ConversationKind::Temporary
    }

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

/// An entry of a list of conversations.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Mine {
    /// When it came onto the list.
    #[prost(int64, tag = "1")]
    pub since_ms: i64,
    #[prost(bool, tag = "2")]
    pub muted: bool,
    #[prost(bool, tag = "3")]
    pub pinned: bool,
    /// The conversation's ordinal when it was hidden: the next message shows it again, without a write.
    #[prost(uint64, optional, tag = "4")]
    pub hidden_at_ordinal: Option<u64>,
    /// How far the account had read when it marked it as unread: reading or writing on ends that, without a write.
    #[prost(uint64, optional, tag = "5")]
    pub marked_unread_at_seq: Option<u64>,
    /// As in the member's row: a list is made without reading that.
    #[prost(message, optional, tag = "6")]
    pub ended: Option<Ended>,
}

impl Mine {
    /// Whether it is off the list, while the conversation's last entry has this ordinal.
    pub(super) fn is_hidden(&self, head_ordinal: u64) -> bool {
        self.hidden_at_ordinal.is_some_and(|at| head_ordinal <= at)
    }

    /// Whether it is marked as unread by hand, of somebody who has read so far.
    pub(super) fn is_marked_unread(&self, read_seq: u64) -> bool {
        self.marked_unread_at_seq.is_some_and(|at| read_seq <= at)
    }
}

/// How far a member has read.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct Mark {
    #[prost(uint64, tag = "1")]
    pub seq: u64,
    /// Ordinal of that entry.
    #[prost(uint64, tag = "2")]
    pub ordinal: u64,
    /// Up to here, if that is further, the member has said nothing since: it was looked for.
    #[prost(uint64, tag = "3")]
    pub searched_to: u64,
}

impl Mark {
    /// Somebody has read up to an entry of this number and ordinal.
    pub(super) fn at(seq: u64, ordinal: u64) -> Self {
        Self { seq, ordinal, searched_to: 0 }
    }

    /// The one of two that is further on.
    pub(super) fn further(self, other: Self) -> Self {
        if self.seq < other.seq { other } else { self }
    }
}

/// A mention that the mentioned account was told of.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct Mention {
    /// An edit took it out again, or its message was recalled. It stays until it is read, so that nobody is told without
    /// end, and putting it back tells nobody a second time.
    #[prost(bool, tag = "1")]
    pub withdrawn: bool,
}

/// That everybody is mentioned.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct MentionAll {
    /// By whom.
    #[prost(uint64, tag = "1")]
    pub by: u64,
}

/// An emoji that somebody gave. Its key says the rest.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct Reacted {
    #[prost(int64, tag = "1")]
    pub at_ms: i64,
}

/// That an entry is pinned.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct Pinned {
    /// By whom.
    #[prost(uint64, tag = "1")]
    pub by: u64,
    #[prost(int64, tag = "2")]
    pub at_ms: i64,
    /// Stamp of the commit that pinned it: their order.
    #[prost(uint64, tag = "3")]
    pub stamp: u64,
}

/// What an entry held before it was edited or recalled.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Sealed {
    /// As it was sent.
    #[prost(message, optional, tag = "1")]
    pub original: Option<StoredEntry>,
    /// As it was when it was recalled, where it had been edited.
    #[prost(message, optional, tag = "2")]
    pub recalled: Option<StoredEntry>,
    /// 0: it was only edited.
    #[prost(int64, tag = "3")]
    pub recalled_at_ms: i64,
    /// Unix milliseconds: until when this is kept.
    #[prost(uint64, tag = "4")]
    pub until_ms: u64,
    /// What it said between the first edit and the last, oldest first: at most [`Sealed::MAX_EDITS`], of more the latest.
    #[prost(message, repeated, tag = "5")]
    pub edits: Vec<SealedEdit>,
}

/// A text that an edit made and another one replaced.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SealedEdit {
    /// When it was made.
    #[prost(int64, tag = "1")]
    pub edited_at_ms: i64,
    #[prost(message, optional, tag = "2")]
    pub text: Option<Text>,
}

impl Sealed {
    /// With the original and what was recalled ten versions are kept, all in one row: with the longest texts 160 KiB.
    pub(super) const MAX_EDITS: usize = 8;

    /// Keeps what an edited text says, before it is edited again.
    pub(super) fn add_edit(&mut self, entry: &StoredEntry) {
        if self.edits.len() >= Self::MAX_EDITS {
            self.edits.remove(0);
        }
        if let Some(Content::Text(text)) = &entry.content {
            self.edits.push(SealedEdit { edited_at_ms: entry.edited_at_ms, text: Some(text.clone()) });
        }
    }

    /// What was recalled.
    pub(super) fn into_recalled(self) -> Option<StoredEntry> {
        if self.recalled_at_ms == 0 { None } else { self.recalled.or(self.original) }
    }
}
