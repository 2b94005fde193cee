//! A device's stream of events as a test reads it: each wait has a deadline and says what it waited for. It knows
//! what the events are, and nothing of who made them.

use crate::world::{PATIENCE, Shared};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use std::collections::VecDeque;
use std::sync::Arc;
use teahouse_client::Error;
use teahouse_proto::SYNC_FOLLOW;
use teahouse_proto::chat::{Conversation, Entry};
use teahouse_proto::sync::account_event::What;
use teahouse_proto::sync::follow_response::Event;
use teahouse_proto::sync::{AccountEvent, FollowResponse};

/// How many events a failed wait shows.
const SHOWN_EVENTS: usize = 20;

/// A running stream. Dropping it ends it.
pub struct Follow {
    events: BoxStream<'static, Result<FollowResponse, Error>>,
    name: String,
    shared: Arc<Shared>,
    cursor: Bytes,
    seen: VecDeque<FollowResponse>,
}

impl Follow {
    pub(crate) fn new(
        events: BoxStream<'static, Result<FollowResponse, Error>>,
        device: &str,
        shared: Arc<Shared>,
    ) -> Self {
        let name = format!("{device}, following");
        Self { events, name, shared, cursor: Bytes::new(), seen: VecDeque::new() }
    }

    /// The newest cursor that came.
    pub fn cursor(&self) -> Bytes {
        self.cursor.clone()
    }

    /// The next event, or why there is none.
    ///
    /// # Panics
    /// Where nothing comes in time.
    pub async fn step(&mut self) -> Result<FollowResponse, Error> {
        let next = tokio::time::timeout(PATIENCE, self.events.next()).await;
        let next = next.unwrap_or_else(|_| panic!("{}: nothing came; before:\n{:#?}", self.name, self.seen));
        let next = next.unwrap_or_else(|| panic!("{}: the stream ended without a word", self.name));
        self.shared.transcript.note(&self.name, &SYNC_FOLLOW, &next);
        if let Ok(event) = &next {
            if !event.cursor.is_empty() {
                self.cursor = event.cursor.clone();
            }
            self.seen.push_back(event.clone());
            if self.seen.len() > SHOWN_EVENTS {
                self.seen.pop_front();
            }
        }
        next
    }

    /// The next event.
    ///
    /// # Panics
    /// Where none comes in time.
    pub async fn next(&mut self) -> Event {
        let event = self.step().await;
        let event = event.unwrap_or_else(|e| panic!("{}: the stream ended: {e:?}", self.name));
        event.event.unwrap_or_else(|| panic!("{}: an event of an unknown kind", self.name))
    }

    /// Everything up to and without `caught_up`.
    ///
    /// # Panics
    /// As [`Follow::next`].
    pub async fn caught_up(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            match self.next().await {
                Event::CaughtUp(_) => return events,
                event => events.push(event),
            }
        }
    }

    /// The next event, which must be a live entry.
    ///
    /// # Panics
    /// As [`Follow::next`], and where it is something else.
    pub async fn entry(&mut self) -> Entry {
        match self.next().await {
            Event::Entry(entry) => entry,
            other => panic!("{}: not an entry: {other:?}", self.name),
        }
    }

    /// The next event, which must be one of the account's own log.
    ///
    /// # Panics
    /// As [`Follow::next`], and where it is something else.
    pub async fn account(&mut self) -> What {
        match self.next().await {
            Event::Account(AccountEvent { what: Some(what), .. }) => what,
            other => panic!("{}: not of the account's log: {other:?}", self.name),
        }
    }

    /// Passes over events until `find` makes something of one.
    ///
    /// # Panics
    /// As [`Follow::next`].
    pub async fn until<T>(&mut self, mut find: impl FnMut(&Event) -> Option<T>) -> T {
        loop {
            let event = self.next().await;
            if let Some(found) = find(&event) {
                return found;
            }
        }
    }

    /// Waits for the stream to fail, passing over what comes before.
    ///
    /// # Panics
    /// As [`Follow::step`].
    pub async fn end(&mut self) -> Error {
        loop {
            if let Err(error) = self.step().await {
                return error;
            }
        }
    }
}

/// The conversations among events of a catch-up.
pub fn moved(events: &[Event]) -> Vec<Conversation> {
    let moved = events.iter().filter_map(|event| match event {
        Event::Moved(conversation) => Some(conversation.clone()),
        _ => None,
    });
    moved.collect()
}
