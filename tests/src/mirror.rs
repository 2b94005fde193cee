//! A device as a careful client keeps it: a copy of its conversations, made of what Follow tells and of what it then
//! pulls, as docs/PROTOCOL.md says under "A client that never loses anything". It notes what a server must never do: a
//! number that was skipped, an entry that changed, an account log with a hole. It does not know what was said.

use crate::device::Device;
use crate::follow::Follow;
use bytes::Bytes;
use std::collections::BTreeMap;
use teahouse_client::Error;
use teahouse_proto::chat::entry::Content;
use teahouse_proto::chat::{Conversation, Deleted, Entry, GetConversationRequest, ListEntriesRequest};
use teahouse_proto::sync::account_event::What;
use teahouse_proto::sync::follow_response::Event;

/// What a device has of its account.
pub struct Mirror {
    device: Device,
    follow: Option<Follow>,
    cursor: Bytes,
    /// Told of everything there was when it began to follow.
    is_caught_up: bool,
    last_account_number: Option<u64>,
    conversations: BTreeMap<u64, Copy>,
    /// The entries themselves, by conversation and number, as [`everybodys`] makes them.
    entries: BTreeMap<(u64, u64), Entry>,
    violations: Vec<String>,
}

/// What it has of one conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copy {
    /// Entries up to this one are not for this device's eyes.
    pub first_seq_after: u64,
    /// The entries after that, one line each.
    pub lines: Vec<String>,
}

impl Copy {
    /// The number of the last entry it has.
    pub fn head(&self) -> u64 {
        self.first_seq_after + self.lines.len() as u64
    }

    fn line(&mut self, seq: u64) -> Option<&mut String> {
        let at = seq.checked_sub(self.first_seq_after + 1)?;
        self.lines.get_mut(usize::try_from(at).ok()?)
    }

    /// Takes the next entry, and what it says of an earlier one.
    fn push(&mut self, device: &Device, entry: &Entry) {
        self.lines.push(device.line(entry));
        let Some(Content::Changed(changed)) = &entry.content else { return };
        if let (Some(target), Some(line)) = (&changed.target, self.line(changed.target_seq)) {
            *line = device.line(target);
        }
    }

    /// Drops what is not to be seen any more.
    fn clear(&mut self, first_seq_after: u64) {
        let Some(gone) = first_seq_after.checked_sub(self.first_seq_after) else { return };
        let gone = usize::try_from(gone).unwrap_or(usize::MAX).min(self.lines.len());
        self.lines.drain(..gone);
        self.first_seq_after = first_seq_after;
    }

    /// Whether it knows that an entry is another one now than it was.
    fn has_change_of(&self, seq: u64) -> bool {
        let change = format!(" changed {seq}");
        self.lines.iter().any(|line| line.ends_with(&change) || *line == format!("{seq} — deleted"))
    }
}

impl Mirror {
    /// A device that has nothing yet and does not follow.
    pub fn new(device: Device) -> Self {
        Self {
            device,
            follow: None,
            cursor: Bytes::new(),
            is_caught_up: false,
            last_account_number: None,
            conversations: BTreeMap::new(),
            entries: BTreeMap::new(),
            violations: Vec::new(),
        }
    }

    /// The device.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// What the server did that it must not.
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// Whether it was told of everything there was, and hears what comes.
    pub fn is_caught_up(&self) -> bool {
        self.is_caught_up
    }

    /// What it has of a conversation.
    pub fn copy(&self, conversation_id: u64) -> Option<&Copy> {
        self.conversations.get(&conversation_id)
    }

    /// All it has.
    pub fn conversations(&self) -> &BTreeMap<u64, Copy> {
        &self.conversations
    }

    /// All entries that it has and may show, field by field, but for those that differ with who asks and when.
    pub fn entries(&self) -> Vec<&Entry> {
        let seen = |(id, seq): &(u64, u64)| self.copy(*id).is_some_and(|copy| *seq > copy.first_seq_after);
        self.entries.iter().filter(|(key, _)| seen(key)).map(|(_, entry)| entry).collect()
    }

    /// Keeps an entry, and what it says of an earlier one.
    fn keep(&mut self, entry: &Entry) {
        let id = entry.conversation_id;
        if let Some(Content::Changed(changed)) = &entry.content
            && let (Some(now), Some(kept)) =
                (&changed.target, self.entries.get_mut(&(id, changed.target_seq)))
        {
            *kept = everybodys(now);
        }
        self.entries.insert((id, entry.seq), everybodys(entry));
    }

    /// Loses its connection; what it has stays.
    pub async fn vanish(&mut self) {
        self.follow = None;
        self.is_caught_up = false;
        self.device.disconnect().await;
    }

    /// Takes one event, following anew from its cursor where it does not follow.
    ///
    /// # Errors
    /// Why the stream ended, or a pull failed.
    pub async fn step(&mut self) -> Result<(), Error> {
        if self.follow.is_none() {
            self.follow = Some(self.device.follow_from(self.cursor.clone()).await);
        }
        let follow = self.follow.as_mut().expect("it was just made");
        let event = match follow.step().await {
            Ok(event) => event,
            Err(error) => {
                self.follow = None;
                self.is_caught_up = false;
                return Err(error);
            }
        };
        self.apply(event.event.as_ref()).await?;
        // Only now: a client that dies in between must be told again.
        if !event.cursor.is_empty() {
            self.cursor = event.cursor;
        }
        Ok(())
    }

    /// Takes events until it is caught up and has an entry of a conversation.
    ///
    /// # Errors
    /// As [`Mirror::step`].
    pub async fn until(&mut self, conversation_id: u64, seq: u64) -> Result<(), Error> {
        while !self.is_caught_up || self.copy(conversation_id).is_none_or(|copy| copy.head() < seq) {
            self.step().await?;
        }
        Ok(())
    }

    async fn apply(&mut self, event: Option<&Event>) -> Result<(), Error> {
        match event {
            Some(Event::Moved(conversation)) => {
                // Also in the middle of a stream: its queue had overflowed, so the live events go on behind a jump.
                self.is_caught_up = false;
                self.pull(conversation).await?;
            }
            Some(Event::CaughtUp(_)) => self.is_caught_up = true,
            Some(Event::Entry(entry)) => self.entry(entry).await?,
            Some(Event::Account(event)) => {
                if self.last_account_number.is_some_and(|last| event.number != last + 1) {
                    let last = self.last_account_number;
                    self.violations.push(format!("account log: {} came after {last:?}", event.number));
                }
                self.last_account_number = Some(event.number);
                match &event.what {
                    Some(What::FriendDeleted(deleted)) => {
                        self.conversations.remove(&deleted.conversation_id);
                    }
                    Some(What::Friend(friend)) => self.know(friend.conversation_id).await?,
                    Some(What::EntriesDeleted(deleted)) => {
                        if let Some(copy) = self.conversations.get_mut(&deleted.conversation_id) {
                            for seq in &deleted.seqs {
                                copy.line(*seq)
                                    .into_iter()
                                    .for_each(|line| *line = format!("{seq} — deleted"));
                                let kept = self.entries.get_mut(&(deleted.conversation_id, *seq));
                                kept.into_iter().for_each(delete);
                            }
                        }
                    }
                    Some(What::ConversationChanged(changed)) => {
                        if let Some(copy) = self.conversations.get_mut(&changed.conversation_id) {
                            copy.clear(changed.first_seq_after);
                        }
                    }
                    _ => {}
                }
            }
            Some(Event::Resync(_)) => {
                self.conversations.clear();
                self.entries.clear();
                self.last_account_number = None;
            }
            Some(Event::Typing(_) | Event::Receipt(_) | Event::Presence(_) | Event::Shaken(_)) => {}
            None => self.violations.push("an event of an unknown kind".to_owned()),
        }
        Ok(())
    }

    async fn entry(&mut self, entry: &Entry) -> Result<(), Error> {
        let id = entry.conversation_id;
        if !self.conversations.contains_key(&id) {
            return self.know(id).await;
        }
        let line = self.device.line(entry);
        let copy = self.conversations.entry(id).or_default();
        let head = copy.head();
        if entry.seq == head + 1 {
            copy.push(&self.device, entry);
            self.keep(entry);
        } else if entry.seq > head {
            let told = if self.is_caught_up { "live" } else { "while catching up" };
            self.violations.push(format!("{told}: entry {} came when {head} was the last", entry.seq));
            let conversation =
                Conversation { conversation_id: id, head_seq: entry.seq, ..Default::default() };
            self.pull(&conversation).await?;
        } else if copy.line(entry.seq).is_some_and(|before| *before != line) && !copy.has_change_of(entry.seq)
        {
            let before = copy.line(entry.seq);
            self.violations.push(format!("an entry changed: it was {before:?}, now {line:?}"));
        }
        Ok(())
    }

    /// Fetches a conversation that it does not have.
    async fn know(&mut self, conversation_id: u64) -> Result<(), Error> {
        if self.conversations.contains_key(&conversation_id) {
            return Ok(());
        }
        match self.device.chat().get_conversation(GetConversationRequest { conversation_id }).await {
            Ok(answer) => self.pull(&answer.conversation.unwrap_or_default()).await,
            // Deleted by another device meanwhile; the account log will say so.
            Err(error) if error.reason() == "CONVERSATION_NOT_FOUND" => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Fetches what is lacking of a conversation.
    async fn pull(&mut self, conversation: &Conversation) -> Result<(), Error> {
        let id = conversation.conversation_id;
        let fresh = Copy { first_seq_after: conversation.first_seq_after, lines: Vec::new() };
        let mut copy = self.conversations.get(&id).cloned().unwrap_or(fresh);
        copy.clear(conversation.first_seq_after);
        while copy.head() < conversation.head_seq {
            let after_seq = copy.head();
            let request = ListEntriesRequest { conversation_id: id, after_seq, ..Default::default() };
            let page = match self.device.chat().list_entries(request).await {
                Ok(page) => page,
                Err(error) if error.reason() == "CONVERSATION_NOT_FOUND" => return Ok(()),
                Err(error) => return Err(error),
            };
            if page.entries.is_empty() {
                let head = conversation.head_seq;
                self.violations.push(format!("told of {head} entries, there are {after_seq}"));
                break;
            }
            for entry in &page.entries {
                if entry.seq != copy.head() + 1 {
                    self.violations.push(format!("history: {} follows {}", entry.seq, copy.head()));
                }
                copy.push(&self.device, entry);
                self.keep(entry);
            }
        }
        self.conversations.insert(id, copy);
        Ok(())
    }
}

/// What is the same for everybody at all times: without the sender's own id, whose a reaction is, and what a change told
/// of its target.
fn everybodys(entry: &Entry) -> Entry {
    let mut entry = Entry { client_message_id: Bytes::new(), ..entry.clone() };
    entry.reactions.iter_mut().for_each(|reaction| reaction.mine = false);
    if let Some(Content::Changed(changed)) = &mut entry.content {
        changed.target = None;
    }
    entry
}

/// What is left of an entry that was deleted for oneself.
fn delete(entry: &mut Entry) {
    *entry = Entry {
        content: Some(Content::Deleted(Deleted {})),
        edited_at_ms: 0,
        reactions: Vec::new(),
        ..std::mem::take(entry)
    };
}
