//! The last entry of each conversation, in memory: who catches up asks for hundreds at once. Loaded on first use,
//! moved by what is committed, never backwards.

use super::tables::LOG;
use crate::error::Result;
use crate::id::ConversationId;
use crate::store::{Order, Store};
use std::collections::HashMap;
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

/// Heads in memory.
#[derive(Default)]
pub(super) struct Heads(Mutex<State>);

#[derive(Default)]
struct State {
    known: HashMap<ConversationId, Head>,
    /// How often all was forgotten. What was read from disk before that may be older than what was forgotten, so it
    /// is not kept.
    forgotten: u64,
}

impl Heads {
    /// An entry was committed.
    pub(super) fn on_entry(&self, conversation: ConversationId, head: Head) {
        self.lock().raise(conversation, head);
    }

    /// The last entry of a conversation.
    pub(super) async fn load(&self, store: &Store, conversation: ConversationId) -> Result<Head> {
        let forgotten = {
            let state = self.lock();
            if let Some(head) = state.known.get(&conversation) {
                return Ok(*head);
            }
            state.forgotten
        };
        let last = store.entries(&LOG, &conversation, 1, u64::MAX, 1, Order::Falling).await?;
        let head = last.first().map_or_else(Head::default, |(seq, entry)| Head {
            seq: *seq,
            ordinal: entry.ordinal,
            stamp: entry.stamp,
            at_ms: entry.at_ms,
        });
        let mut state = self.lock();
        let keep = state.forgotten == forgotten && state.known.len() < MAX_CACHED;
        Ok(if keep { state.raise(conversation, head) } else { head })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn raise(&mut self, conversation: ConversationId, head: Head) -> Head {
        if self.known.len() >= MAX_CACHED {
            self.known.clear();
            self.forgotten += 1;
        }
        let known = self.known.entry(conversation).or_default();
        if known.seq < head.seq {
            *known = head;
        }
        *known
    }
}
