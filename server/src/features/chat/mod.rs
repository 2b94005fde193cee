//! Conversations and what is said in them: direct ones between friends, groups, and everybody's notes to self. Who may
//! speak it knows from the contacts room and from who is in a group; how people come into groups is the business of a
//! later room. It knows nothing of sockets: what it commits it publishes.

mod api;
mod cards;
mod changes;
mod config;
mod contents;
mod conversations;
mod entries;
mod evidence;
mod favourites;
mod forward;
mod groups;
mod heads;
mod holding;
mod hooks;
mod keeping;
mod marks;
mod member;
mod mentions;
mod merged;
mod newest;
mod options;
mod passing;
mod pins;
mod readers;
mod removal;
mod rules;
mod saying;
mod send;
mod since;
mod tables;
mod temporary;
#[cfg(test)]
mod tests;
mod visibility;

pub use config::ChatConfig;
pub use conversations::Place;
pub use evidence::{Spoken, Version, Witnessed, witnessed, witnessed_last};
pub use groups::{GroupView, Groups, MemberView, Roster, Seat, group_dissolved};
pub use hooks::Hooks;
pub use temporary::{Temporary, TemporaryView};

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
    groups: Groups,
    temporary: Temporary,
}

impl Chat {
    /// The room. `tickets` stand for people whose contact cards were sent.
    pub fn new(foundation: Foundation, config: ChatConfig, media: Arc<Media>, tickets: Tickets) -> Arc<Self> {
        Arc::new(Self {
            groups: Groups::new(foundation.ids.clone(), foundation.clock.clone(), &config),
            temporary: Temporary::new(&foundation, &config),
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
        futures::join!(save, self.sweep_originals_when_due(), self.sweep_temporary_when_due());
    }
}

/// Keeps what is in memory as it was committed.
impl Subscriber for Chat {
    fn on_commit(&self, stamp: u64, events: &[Event]) {
        for event in events {
            let Event::Deliver { to, message, own } = event else { continue };
            match &message.event {
                Some(FollowEvent::Entry(entry)) => {
                    let conversation = ConversationId(entry.conversation_id);
                    let head =
                        Head { seq: entry.seq, ordinal: entry.ordinal, stamp, at_ms: entry.sent_at_ms };
                    self.heads.on_entry(conversation, head);
                    let mark = Mark::at(entry.seq, entry.ordinal);
                    // The entry itself does not always name an account; a change has no `own`.
                    let reader = own.as_ref().map_or(AccountId(0), |(author, _)| *author);
                    self.marks.on_entry(conversation, reader, mark);
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

/// The last entry of a conversation that a member may know of.
fn head_of(tx: &mut Tx<'_>, id: ConversationId, member: &tables::Member) -> Result<Mark> {
    if let Some(ended) = &member.ended {
        return Ok(Mark::at(ended.seq, ended.ordinal));
    }
    let seq = tx.head(&LOG, &id)?;
    Ok(Mark::at(seq, ordinal_at(tx, id, seq)?))
}

/// As [`head_of`], where there is an entry `to`; `SEQ_INVALID` else.
fn head_with(tx: &mut Tx<'_>, id: ConversationId, member: &tables::Member, to: u64) -> Result<Mark> {
    let head = head_of(tx, id, member)?;
    if to > head.seq {
        return Err(Error::invalid(
            "SEQ_INVALID",
            format!("The conversation has no entry {to}; the last is {}.", head.seq),
        ));
    }
    Ok(head)
}

/// The one answer for conversations that do not exist and for those of others.
pub fn conversation_not_found() -> Error {
    Error::not_found(
        "CONVERSATION_NOT_FOUND",
        "You have no such conversation. ListConversations tells those you have.",
    )
}

/// The one answer for messages that are not there and for those that the caller may not see.
pub fn message_not_found() -> Error {
    Error::not_found("MESSAGE_NOT_FOUND", "There is no such message in this conversation, or no longer.")
}
