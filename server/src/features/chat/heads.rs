//! The last entry of each conversation, in memory: who catches up asks for hundreds at once.

use super::newest::{AtEntry, Newest};
use super::tables::{Ended, LOG};
use crate::error::Result;
use crate::id::ConversationId;
use crate::store::{Order, Store};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Heads kept in memory; beyond it all are forgotten and loaded anew.
const MAX_CACHED: usize = 500_000;

/// The last entry of a conversation. All zero while there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub seq: u64,
    pub ordinal: u64,
    pub stamp: u64,
    pub at_ms: i64,
}

impl From<&Ended> for Head {
    fn from(ended: &Ended) -> Self {
        Self { seq: ended.seq, ordinal: ended.ordinal, stamp: ended.stamp, at_ms: ended.at_ms }
    }
}

impl AtEntry for Head {
    fn seq(&self) -> u64 {
        self.seq
    }
}

/// Heads in memory.
pub(super) struct Heads(Mutex<Newest<ConversationId, Head>>);

impl Default for Heads {
    fn default() -> Self {
        Self(Mutex::new(Newest::new(MAX_CACHED)))
    }
}

impl Heads {
    /// An entry was committed.
    pub(super) fn on_entry(&self, conversation: ConversationId, head: Head) {
        self.lock().raise(conversation, head);
    }

    /// The last entry of a conversation that an account may know of: where it was removed, `ended` says.
    pub(super) async fn known_to(
        &self,
        store: &Store,
        conversation: ConversationId,
        ended: Option<&Ended>,
    ) -> Result<Head> {
        match ended {
            Some(ended) => Ok(ended.into()),
            None => self.load(store, conversation).await,
        }
    }

    /// The last entry of a conversation.
    pub(super) async fn load(&self, store: &Store, conversation: ConversationId) -> Result<Head> {
        let known = self.lock().get(&conversation);
        let asked = match known {
            Ok(head) => return Ok(head),
            Err(asked) => asked,
        };
        let head = read(store, conversation).await?;
        Ok(self.lock().keep(conversation, head, asked))
    }

    /// As [`Heads::load`], for somebody who is in the conversation since after an entry: what is in memory may lag behind what
    /// they read of themselves, and be of before they came.
    pub(super) async fn load_since(
        &self,
        store: &Store,
        id: ConversationId,
        came_after: u64,
    ) -> Result<Head> {
        let head = self.load(store, id).await?;
        if head.seq < came_after { read(store, id).await } else { Ok(head) }
    }

    fn lock(&self) -> MutexGuard<'_, Newest<ConversationId, Head>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn read(store: &Store, conversation: ConversationId) -> Result<Head> {
    let last = store.entries(&LOG, &conversation, 1, u64::MAX, 1, Order::Falling).await?;
    Ok(last.first().map_or_else(Head::default, |(seq, entry)| Head {
        seq: *seq,
        ordinal: entry.ordinal,
        stamp: entry.stamp,
        at_ms: entry.at_ms,
    }))
}
