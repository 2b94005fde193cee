//! Following: everything that reaches a device, in order and without repetition, over as many connections as it takes.
//! It keeps a position, not messages: what was given out and handled is told again to nobody.

mod position;
#[cfg(test)]
mod tests;
mod update;

pub use position::{CursorStore, FileStore, MemoryStore, Position, write_private};
pub use update::{NewEntry, Update};

use crate::backoff::Backoff;
use crate::error::{Error, Kind, Result};
use crate::session::Session;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use std::collections::VecDeque;
use std::time::Duration;
use teahouse_proto::chat::entry::Content;
use teahouse_proto::chat::{Conversation, ListEntriesRequest};
use teahouse_proto::sync::follow_response::Event;
use teahouse_proto::sync::{FollowRequest, FollowResponse, account_event};
use teahouse_proto::{ChatClient, SyncClient};
use tokio::time::Instant;

/// Entries pulled at once, the server's maximum.
const PULL_ENTRIES: u32 = 100;
/// A position is saved when things are quiet, but after so many updates in any case.
const SAVE_EVERY: u32 = 100;
/// A stream that went well for so long makes the next failure a first one.
const PEACE: Duration = Duration::from_secs(60);

/// What a device without a position wants to hear of the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// Every entry that it may see.
    All,
    /// Only what comes from now on.
    New,
}

/// Follows an account on one device: reconnects with growing, random waits, keeps the cursor, notices missing numbers and
/// pulls the entries. See [`Follower::next`].
pub struct Follower<S> {
    session: Session,
    store: S,
    position: Position,
    history: History,
    /// The first time that this device catches up with this history: what it does not know is the past.
    fresh: bool,
    backoff: Backoff,
    stream: Option<Opened>,
    retry_at: Option<Instant>,
    /// What to give out next. Empty whenever something new is taken from the server.
    ready: VecDeque<Step>,
    gap: Option<Gap>,
    /// What was given out last; handled when the next is asked for.
    given: Option<Given>,
    unsaved: u32,
    over: Option<Error>,
}

struct Opened {
    events: BoxStream<'static, Result<FollowResponse>>,
    since: Instant,
}

/// The way from one event to its updates.
enum Step {
    Give(Update),
    /// All of the event is handled: the device is here now.
    Moved(Bytes),
}

enum Given {
    Entry { conversation: u64, seq: u64 },
    Account { number: u64, gone: Option<u64> },
}

/// Entries that the server has and the user was not given.
struct Gap {
    conversation: u64,
    /// The last that is missing.
    until: u64,
    /// What follows them.
    then: Vec<Step>,
}

impl<S: CursorStore> Follower<S> {
    /// Follows from where the store left off.
    ///
    /// # Errors
    /// Those of the store.
    pub fn new(session: Session, mut store: S, history: History) -> Result<Self> {
        let position = store.load()?;
        let backoff = Backoff::new(session.random().clone());
        Ok(Self {
            session,
            store,
            fresh: position.cursor.is_empty(),
            position,
            history,
            backoff,
            stream: None,
            retry_at: None,
            ready: VecDeque::new(),
            gap: None,
            given: None,
            unsaved: 0,
            over: None,
        })
    }

    /// The next update. Asking for it says that the one before is handled: from then on it will not be told again, also
    /// after a restart. Dropping the future loses nothing.
    ///
    /// # Errors
    /// Where following cannot go on: signed out, [`REPLACED`](Error::reason) by another program of the same device,
    /// or the position cannot be kept. Then the follower is over. Everything else is an [`Update::Offline`].
    pub async fn next(&mut self) -> Result<Update> {
        if let Some(error) = &self.over {
            return Err(error.clone());
        }
        let next = self.advance().await;
        if let Err(error) = &next {
            self.over = Some(error.clone());
            self.stream = None;
        }
        next
    }

    /// Keeps the position now, as before the program ends. What was given out last counts as handled.
    ///
    /// # Errors
    /// Those of the store.
    pub fn save(&mut self) -> Result<()> {
        self.settle();
        self.unsaved = 0;
        self.store.save(&self.position)
    }

    /// How far the device is.
    pub fn position(&self) -> &Position {
        &self.position
    }

    async fn advance(&mut self) -> Result<Update> {
        self.settle();
        loop {
            while let Some(step) = self.ready.pop_front() {
                match step {
                    Step::Give(update) => return Ok(self.give(update)),
                    Step::Moved(cursor) => {
                        self.position.cursor = cursor;
                        self.unsaved += 1;
                    }
                }
            }
            let found = match (&self.gap, &mut self.stream) {
                (Some(_), Some(_)) => self.pull().await,
                (None, Some(opened)) => {
                    let waiting = opened.events.next().now_or_never();
                    if self.unsaved >= if waiting.is_some() { SAVE_EVERY } else { 1 } {
                        self.unsaved = 0;
                        self.store.save(&self.position)?;
                    }
                    let event = match waiting {
                        Some(event) => event,
                        None => opened.events.next().await,
                    };
                    let ended = || Err(Error::lost("The server ended the stream."));
                    event.unwrap_or_else(ended).map(|event| self.take(event))
                }
                (_, None) => self.open().await,
            };
            if let Err(error) = found {
                self.fail(error)?;
            }
        }
    }

    /// The update given out last is handled.
    fn settle(&mut self) {
        match self.given.take() {
            Some(Given::Entry { conversation, seq }) => {
                self.position.seen.insert(conversation, seq);
            }
            Some(Given::Account { number, gone }) => {
                self.position.account_log = number;
                gone.map(|conversation| self.position.seen.remove(&conversation));
            }
            None => return,
        }
        self.unsaved += 1;
    }

    fn give(&mut self, update: Update) -> Update {
        self.given = match &update {
            Update::Entry(new) => {
                Some(Given::Entry { conversation: new.entry.conversation_id, seq: new.entry.seq })
            }
            Update::Account { event, .. } => Some(Given::Account {
                number: event.number,
                gone: match &event.what {
                    Some(account_event::What::FriendDeleted(gone)) => Some(gone.conversation_id),
                    Some(account_event::What::ConversationLeft(left)) => Some(left.conversation_id),
                    _ => None,
                },
            }),
            _ => None,
        };
        update
    }

    async fn open(&mut self) -> Result<()> {
        if let Some(at) = self.retry_at {
            tokio::time::sleep_until(at).await;
        }
        let request = FollowRequest { cursor: self.position.cursor.clone() };
        let events = SyncClient(self.session.clone()).follow(request).await?;
        self.retry_at = None;
        self.stream = Some(Opened { events, since: Instant::now() });
        self.ready.push_back(Step::Give(Update::Online));
        Ok(())
    }

    /// Goes on after a failure, or ends.
    fn fail(&mut self, error: Error) -> Result<()> {
        if self.stream.take().is_some_and(|opened| opened.since.elapsed() >= PEACE) {
            self.backoff.reset();
        }
        self.gap = None;
        if error.reason() == "CURSOR_INVALID" && !self.position.cursor.is_empty() {
            // A cursor that even its server refuses tells nothing; what is known by number stays known.
            self.position.cursor = Bytes::new();
            self.ready.push_back(Step::Give(Update::Resync { reason: "CURSOR_INVALID".to_owned() }));
            return Ok(());
        }
        if !error.is_passing() {
            return Err(error);
        }
        let retry_in = self.backoff.after(&error);
        self.retry_at = Some(Instant::now() + retry_in);
        self.ready.push_back(Step::Give(Update::Offline { error, retry_in }));
        Ok(())
    }

    /// Turns an event into steps, and perhaps a gap to fill first.
    fn take(&mut self, response: FollowResponse) {
        let FollowResponse { event, mut cursor, silent, client_message_id, author_blocked } = response;
        let mut steps = Vec::new();
        let mut gap = None;
        match event {
            Some(Event::Moved(conversation)) => {
                gap = self.missing(&conversation);
                self.ready.push_back(Step::Give(Update::Conversation(Box::new(conversation))));
            }
            Some(Event::Entry(mut entry)) => {
                match &mut entry.content {
                    Some(Content::Changed(changed)) => {
                        changed.target.iter_mut().for_each(|target| target.author_blocked = author_blocked);
                    }
                    _ => entry.author_blocked = author_blocked,
                }
                let (conversation, seq) = (entry.conversation_id, entry.seq);
                let seen = self.position.seen.get(&conversation).copied().unwrap_or(0);
                if seq > seen + 1 {
                    gap = Some((conversation, seq - 1));
                }
                if seq > seen {
                    let entry = NewEntry { entry, client_message_id, silent, live: true };
                    steps.push(Step::Give(Update::Entry(Box::new(entry))));
                }
            }
            Some(Event::Account(event)) if event.number > self.position.account_log || event.number == 0 => {
                steps.push(Step::Give(Update::Account { event: Box::new(event), silent }));
            }
            Some(Event::CaughtUp(now)) => {
                self.fresh = false;
                // Before the word that it is so: whoever ends at that word has handled all up to this cursor.
                if !cursor.is_empty() {
                    steps.push(Step::Moved(std::mem::take(&mut cursor)));
                }
                steps.push(Step::Give(Update::CaughtUp { server_time_ms: now.server_time_ms }));
            }
            Some(Event::Typing(typing)) => steps.push(Step::Give(Update::Typing(typing))),
            Some(Event::Presence(presence)) => steps.push(Step::Give(Update::Presence(presence))),
            Some(Event::Shaken(shaken)) => steps.push(Step::Give(Update::Shaken(shaken))),
            Some(Event::Receipt(receipt)) => steps.push(Step::Give(Update::Receipt(receipt))),
            Some(Event::Resync(resync)) => {
                self.forget(&resync.reason);
                steps.push(Step::Give(Update::Resync { reason: resync.reason }));
            }
            // Known by its number, or from a server that knows more kinds of events.
            Some(Event::Account(_)) | None => {}
        }
        if !cursor.is_empty() {
            steps.push(Step::Moved(cursor));
        }
        match gap {
            Some((conversation, until)) => self.gap = Some(Gap { conversation, until, then: steps }),
            None => self.ready.extend(steps),
        }
    }

    /// The conversation and last number of what is missing of a conversation that moved.
    fn missing(&mut self, conversation: &Conversation) -> Option<(u64, u64)> {
        let id = conversation.conversation_id;
        let seen = match self.position.seen.get(&id) {
            Some(seen) => *seen,
            None if self.fresh && self.history == History::New => {
                self.position.seen.insert(id, conversation.head_seq);
                return None;
            }
            None => conversation.first_seq_after,
        };
        (conversation.head_seq > seen).then_some((id, conversation.head_seq))
    }

    /// The server's history is another one, or the account's log is cut.
    fn forget(&mut self, reason: &str) {
        // The cursor stays until a new one comes: after a restart in between, the server says the same again.
        self.position.account_log = 0;
        if reason == "EPOCH" {
            // Numbers of the old history mean other entries now.
            self.position.seen.clear();
            self.fresh = true;
        }
    }

    /// Pulls one page of the gap. When nothing is missing any more, what follows it is ready.
    async fn pull(&mut self) -> Result<()> {
        let Some(gap) = &self.gap else { return Ok(()) };
        let (conversation_id, until) = (gap.conversation, gap.until);
        let seen = self.position.seen.get(&conversation_id).copied().unwrap_or(0);
        let mut pulled = Vec::new();
        if seen < until {
            let request = ListEntriesRequest {
                conversation_id,
                after_seq: seen,
                limit: PULL_ENTRIES,
                ..Default::default()
            };
            match ChatClient(self.session.clone()).list_entries(request).await {
                Ok(page) => pulled = page.entries,
                // Gone meanwhile; the account's log says so, or will.
                Err(error) if error.kind() == Kind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        pulled.retain(|e| e.seq > seen && e.seq <= until);
        if pulled.is_empty() {
            if seen < until {
                self.position.seen.insert(conversation_id, until);
            }
            self.ready.extend(self.gap.take().into_iter().flat_map(|gap| gap.then));
            return Ok(());
        }
        self.ready.extend(pulled.into_iter().map(|mut entry| {
            let client_message_id = std::mem::take(&mut entry.client_message_id);
            let entry = NewEntry { entry, client_message_id, silent: false, live: false };
            Step::Give(Update::Entry(Box::new(entry)))
        }));
        Ok(())
    }
}
