//! What a member saw of a conversation, for a report: what was said, and what it said before it was edited or recalled.
//! Operators alone read it. It does not know who reports, nor why.

use super::tables::{Content, LOG, Member, SEALED, Sealed, StoredEntry};
use super::visibility::sees;
use super::{conversation_not_found, membership, message_not_found};
use crate::error::Result;
use crate::id::{AccountId, ConversationId};
use crate::store::{Order, Tx};
use crate::time::Time;
use teahouse_proto::chat::{ConversationKind, entry};

/// Messages told besides the one that is named.
const AROUND: usize = 10;
/// Entries looked through for them in each direction: between messages lie notices and changes.
const LOOKED_THROUGH: usize = 60;

/// A part of a conversation, as somebody saw it. Always with the true authors.
#[derive(Clone, Debug)]
pub struct Witnessed {
    /// What kind of conversation it is.
    pub kind: ConversationKind,
    /// In order of their numbers.
    pub messages: Vec<Spoken>,
}

/// A message.
#[derive(Clone, Debug)]
pub struct Spoken {
    /// Its number.
    pub seq: u64,
    /// Who said it.
    pub author: AccountId,
    /// When.
    pub said_at: Time,
    /// When it was last edited, where it was.
    pub edited_at: Option<Time>,
    /// What it says.
    pub content: Option<entry::Content>,
    /// What it said before it was edited or recalled, oldest first.
    pub before: Vec<Version>,
    /// The names of its media; where it was recalled, of what was.
    pub media: Vec<String>,
}

/// What a message said once.
#[derive(Clone, Debug)]
pub struct Version {
    /// Since when.
    pub at: Time,
    /// What.
    pub content: entry::Content,
}

/// A message that somebody sees, and ten around it.
///
/// # Errors
/// `CONVERSATION_NOT_FOUND`; `MESSAGE_NOT_FOUND`, also for notices.
pub fn witnessed(tx: &mut Tx<'_>, me: AccountId, id: ConversationId, seq: u64) -> Result<Witnessed> {
    let (what, member) = membership(tx, id, me)?.ok_or_else(conversation_not_found)?;
    let witness = Witness { me, id, member };
    let named = witness.message(tx, seq)?.ok_or_else(message_not_found)?;
    let mut before = witness.messages(tx, 1, seq.saturating_sub(1), Order::Falling)?;
    let mut after = witness.messages(tx, seq.saturating_add(1), u64::MAX, Order::Rising)?;
    // As many on both sides; where one has fewer, the other gives more.
    before.truncate((AROUND / 2).max(AROUND.saturating_sub(after.len())));
    after.truncate(AROUND - before.len());
    before.reverse();
    let messages = before.into_iter().chain([named]).chain(after).collect();
    Ok(Witnessed { kind: what.kind(), messages })
}

/// The last eleven messages that somebody sees of a conversation.
///
/// # Errors
/// `CONVERSATION_NOT_FOUND`.
pub fn witnessed_last(tx: &mut Tx<'_>, me: AccountId, id: ConversationId) -> Result<Witnessed> {
    let (what, member) = membership(tx, id, me)?.ok_or_else(conversation_not_found)?;
    let witness = Witness { me, id, member };
    let mut messages = witness.messages(tx, 1, u64::MAX, Order::Falling)?;
    messages.truncate(AROUND + 1);
    messages.reverse();
    Ok(Witnessed { kind: what.kind(), messages })
}

/// Somebody who saw a conversation.
struct Witness {
    me: AccountId,
    id: ConversationId,
    member: Member,
}

impl Witness {
    /// Messages among `from..=to` that they see, at most [`AROUND`] and one.
    fn messages(&self, tx: &mut Tx<'_>, from: u64, to: u64, order: Order) -> Result<Vec<Spoken>> {
        let mut ranges = self.member.visible(from, to);
        if order == Order::Falling {
            ranges.reverse();
        }
        let (mut messages, mut left) = (Vec::new(), LOOKED_THROUGH);
        for (from, to) in ranges {
            let found = tx.entries(&LOG, &self.id, from, to, left, order)?;
            left -= found.len();
            for (seq, entry) in found {
                if messages.len() <= AROUND
                    && entry.is_message()
                    && sees(tx, self.id, self.me, &self.member, seq)?
                {
                    messages.push(self.spoken(tx, seq, entry)?);
                }
            }
        }
        Ok(messages)
    }

    fn message(&self, tx: &mut Tx<'_>, seq: u64) -> Result<Option<Spoken>> {
        if !sees(tx, self.id, self.me, &self.member, seq)? {
            return Ok(None);
        }
        match tx.entry(&LOG, &self.id, seq)?.filter(StoredEntry::is_message) {
            Some(entry) => self.spoken(tx, seq, entry).map(Some),
            None => Ok(None),
        }
    }

    /// A message with what it said before. Who was removed sees no edit since; nor does a report of theirs tell it.
    fn spoken(&self, tx: &mut Tx<'_>, seq: u64, entry: StoredEntry) -> Result<Spoken> {
        let sealed = tx.get(&SEALED, &(self.id, seq))?;
        let recalled = sealed.as_ref().and_then(|sealed| sealed.clone().into_recalled());
        let last = recalled.as_ref().unwrap_or(&entry);
        let media = last.content.iter().flat_map(Content::media_ids).map(str::to_owned).collect();
        let mut before = sealed.map_or_else(Vec::new, Sealed::versions);
        let (mut content, mut edited_at) = (entry.content, entry.edited_at_ms);
        if let Some(ended) = &self.member.ended {
            before.retain(|version| version.at.as_ms() <= ended.at_ms);
            if edited_at > ended.at_ms {
                // What it said then is the last of what it said before.
                (content, edited_at) = (None, 0);
            }
        }
        Ok(Spoken {
            seq,
            author: AccountId(entry.author),
            said_at: Time(entry.at_ms),
            edited_at: (edited_at > 0).then_some(Time(edited_at)),
            content: content.map(Content::told),
            before,
            media,
        })
    }
}

impl Sealed {
    /// All that is kept of what a message said, oldest first.
    fn versions(self) -> Vec<Version> {
        let entry = |entry: StoredEntry| {
            let at = Time(if entry.edited_at_ms > 0 { entry.edited_at_ms } else { entry.at_ms });
            entry.content.map(|content| Version { at, content: content.told() })
        };
        let edits = self.edits.into_iter().filter_map(|edit| {
            let content = entry::Content::Text(edit.text?);
            Some(Version { at: Time(edit.edited_at_ms), content })
        });
        self.original.and_then(entry).into_iter().chain(edits).chain(self.recalled.and_then(entry)).collect()
    }
}
