//! Conversations and what is said in them: direct ones between friends, and everybody's notes to self. It knows who
//! may speak from the contacts room, and nothing of sockets: what it commits it publishes.

mod api;
mod cards;
mod changes;
mod config;
mod contents;
mod conversations;
mod entries;
mod favourites;
mod forward;
mod heads;
mod holding;
mod hooks;
mod keeping;
mod marks;
mod mentions;
mod merged;
mod newest;
mod options;
mod passing;
mod pins;
mod removal;
mod rules;
mod saying;
mod send;
mod tables;
#[cfg(test)]
mod tests;
mod visibility;

pub use config::ChatConfig;
pub use conversations::Place;
pub use hooks::Hooks;

use super::Foundation;
use crate::bus::{Event, Subscriber};
use crate::error::{Error, Result};
use crate::features::contacts::Tickets;
use crate::features::media::Media;
use crate::id::{AccountId, ConversationId};
use crate::store::Tx;
use heads::{Head, Heads};
use marks::Marks;
use std::sync::Arc;
use tables::{CONVERSATION, LOG, MEMBER, Mark};
use teahouse_proto::chat::entry::Content;
use teahouse_proto::sync::account_event::What;
use teahouse_proto::sync::follow_response::Event as FollowEvent;
use tokio::sync::Semaphore;

/// The chat room.
pub struct Chat {
    foundation: Foundation,
    config: ChatConfig,
    tickets: Tickets,
    media: Arc<Media>,
    /// Turns at holding what merged forwards hold in memory.
    merged_turns: Semaphore,
    heads: Heads,
    marks: Marks,
}

impl Chat {
    /// The room. `tickets` stand for people whose contact cards were sent.
    pub fn new(foundation: Foundation, config: ChatConfig, media: Arc<Media>, tickets: Tickets) -> Arc<Self> {
        Arc::new(Self {
            foundation,
            config,
            media,
            merged_turns: Semaphore::new(merged::READ_AT_ONCE),
            tickets,
            heads: Heads::default(),
            marks: Marks::default(),
        })
    }

    /// Work in the background, for as long as the server runs.
    pub async fn run(self: Arc<Self>) {
        let save = self.marks.save_when_due(&self.foundation.store);
        futures::join!(save, self.sweep_originals_when_due());
    }
}

/// Keeps what is in memory as it was committed.
impl Subscriber for Chat {
    fn on_commit(&self, stamp: u64, events: &[Event]) {
        for event in events {
            let Event::Deliver { to, message, .. } = event else { continue };
            match &message.event {
                Some(FollowEvent::Entry(entry)) => {
                    let conversation = ConversationId(entry.conversation_id);
                    let head =
                        Head { seq: entry.seq, ordinal: entry.ordinal, stamp, at_ms: entry.sent_at_ms };
                    self.heads.on_entry(conversation, head);
                    let mark = Mark::at(entry.seq, entry.ordinal);
                    let changed = matches!(entry.content, Some(Content::Changed(_)));
                    let reader = if changed { 0 } else { entry.author_account_id };
                    self.marks.on_entry(conversation, AccountId(reader), mark);
                }
                Some(FollowEvent::Account(event)) => {
                    let Some(What::ReadMark(read)) = &event.what else { continue };
                    let mark = Mark::at(read.read_seq, read.read_ordinal);
                    for account in to.accounts() {
                        self.marks.on_read(ConversationId(read.conversation_id), *account, mark);
                    }
                }
                _ => {}
            }
        }
    }
}

/// What a member may see, within a transaction. `None`: not a member.
fn membership(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    account: AccountId,
) -> Result<Option<(tables::Conversation, tables::Member)>> {
    let Some(what) = tx.get(&CONVERSATION, &conversation)? else { return Ok(None) };
    Ok(tx.get(&MEMBER, &(conversation, account))?.map(|member| (what, member)))
}

/// Who is in a conversation now. Of a direct one, not whoever deleted the other.
fn members(
    tx: &mut Tx<'_>,
    id: ConversationId,
    conversation: &tables::Conversation,
) -> Result<Vec<(AccountId, tables::Member)>> {
    let mut members = Vec::new();
    for account in conversation.accounts() {
        if let Some(member) = tx.get(&MEMBER, &(id, account))? {
            members.push((account, member));
        }
    }
    Ok(members)
}

/// How many messages a conversation holds up to an entry; 0 where there is none.
fn ordinal_at(tx: &mut Tx<'_>, id: ConversationId, seq: u64) -> Result<u64> {
    Ok(tx.entry(&LOG, &id, seq)?.map_or(0, |entry| entry.ordinal))
}

/// The number of the last entry of a conversation that has an entry `to`; `SEQ_INVALID` else.
fn head_with(tx: &mut Tx<'_>, id: ConversationId, to: u64) -> Result<u64> {
    let head = tx.head(&LOG, &id)?;
    if to > head {
        return Err(Error::invalid(
            "SEQ_INVALID",
            format!("The conversation has no entry {to}; the last is {head}."),
        ));
    }
    Ok(head)
}

/// The one answer for conversations that do not exist and for those of others.
fn conversation_not_found() -> Error {
    Error::not_found(
        "CONVERSATION_NOT_FOUND",
        "You have no such conversation. ListConversations tells those you have.",
    )
}

/// The one answer for messages that are not there and for those that the caller may not see.
fn message_not_found() -> Error {
    Error::not_found("MESSAGE_NOT_FOUND", "There is no such message in this conversation, or no longer.")
}
