//! How far members have read, exactly and without a row per message. A member's own message moves their mark: in
//! memory at once, on disk only when others have written [`SAVE_BEHIND`] entries after it. A mark that is not in
//! memory is read from disk and raised to the member's own latest entry among the newest [`LOOK_BACK`].
//!
//! That stays exact over a crash because a mark is saved long before its entry leaves the part that is looked at:
//! between the two lie more entries than two groups of commits can hold.

use super::tables::{LOG, MARK, Mark};
use crate::error::Result;
use crate::id::{AccountId, ConversationId};
use crate::store::{Order, Store};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// A member's own mark is saved when this many entries follow it.
const SAVE_BEHIND: u64 = 32;
/// Entries looked at for a member's own latest: [`SAVE_BEHIND`] and two full groups of the writer, with room.
pub(super) const LOOK_BACK: u64 = 640;
/// Pause after marks could not be saved.
const SAVE_RETRY: Duration = Duration::from_secs(1);
/// Marks kept in memory; beyond it those saved are forgotten.
const MAX_CACHED: usize = 200_000;

/// Marks in memory.
#[derive(Default)]
pub(super) struct Marks {
    state: Mutex<State>,
    /// Something is to be saved.
    due: Notify,
}

#[derive(Default)]
struct State {
    known: HashMap<(ConversationId, AccountId), Mark>,
    /// Marks moved by the member's own message, not on disk yet, by conversation: few members each.
    unsaved: HashMap<ConversationId, Vec<(AccountId, Mark)>>,
    to_save: Vec<(ConversationId, AccountId, Mark)>,
    forgotten: u64,
}

impl Marks {
    /// An entry was committed. Its author has read it.
    pub(super) fn on_entry(&self, conversation: ConversationId, author: AccountId, at: Mark) {
        let mut state = self.lock();
        let mut unsaved = state.unsaved.remove(&conversation).unwrap_or_default();
        unsaved.retain(|(account, mark)| {
            let due = *account != author && mark.seq + SAVE_BEHIND <= at.seq;
            if due {
                state.to_save.push((conversation, *account, *mark));
            }
            *account != author && !due
        });
        if author != AccountId(0) {
            unsaved.push((author, at));
            raise(&mut state.known, (conversation, author), at);
        }
        if !unsaved.is_empty() {
            state.unsaved.insert(conversation, unsaved);
        }
        let due = !state.to_save.is_empty();
        drop(state);
        if due {
            self.due.notify_one();
        }
    }

    /// A member's mark was written to disk.
    pub(super) fn on_read(&self, conversation: ConversationId, account: AccountId, at: Mark) {
        raise(&mut self.lock().known, (conversation, account), at);
    }

    /// How far a member has read.
    pub(super) async fn load(
        &self,
        store: &Store,
        conversation: ConversationId,
        account: AccountId,
    ) -> Result<Mark> {
        let forgotten = {
            let state = self.lock();
            if let Some(mark) = state.known.get(&(conversation, account)) {
                return Ok(*mark);
            }
            state.forgotten
        };
        let stored = store.get(&MARK, &(conversation, account)).await?.unwrap_or_default();
        let mark = own_latest(store, conversation, account, stored).await?;
        let mut state = self.lock();
        if state.known.len() >= MAX_CACHED {
            state.forget_saved();
        }
        // What was read before a forgetting may be older than what was forgotten.
        Ok(if state.forgotten == forgotten {
            raise(&mut state.known, (conversation, account), mark)
        } else {
            mark
        })
    }

    /// Saves what is due, for ever.
    pub(super) async fn save_when_due(&self, store: &Store) {
        loop {
            self.due.notified().await;
            let due = std::mem::take(&mut self.lock().to_save);
            while let Err(error) = save(store, due.clone()).await {
                tracing::warn!(%error, marks = due.len(), "read marks could not be saved; trying again");
                tokio::time::sleep(SAVE_RETRY).await;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Unsaved marks stay: forgetting them would be right too, for they are found again on disk, but slow.
    fn forget_saved(&mut self) {
        let Self { known, unsaved, forgotten, .. } = self;
        *forgotten += 1;
        known.clear();
        for (conversation, marks) in unsaved {
            known.extend(marks.iter().map(|(account, mark)| ((*conversation, *account), *mark)));
        }
    }
}

fn raise(
    known: &mut HashMap<(ConversationId, AccountId), Mark>,
    key: (ConversationId, AccountId),
    to: Mark,
) -> Mark {
    let mark = known.entry(key).or_default();
    if mark.seq < to.seq {
        *mark = to;
    }
    *mark
}

async fn own_latest(
    store: &Store,
    conversation: ConversationId,
    account: AccountId,
    stored: Mark,
) -> Result<Mark> {
    let head = store.head(&LOG, &conversation).await?;
    let from = head.saturating_sub(LOOK_BACK).max(stored.seq) + 1;
    if head < from {
        return Ok(stored);
    }
    let newest = store.entries(&LOG, &conversation, from, head, LOOK_BACK as usize, Order::Falling).await?;
    let own = newest.iter().find(|(_, entry)| entry.author == account.0);
    Ok(own.map_or(stored, |(seq, entry)| Mark { seq: *seq, ordinal: entry.ordinal }))
}

async fn save(store: &Store, due: Vec<(ConversationId, AccountId, Mark)>) -> Result<()> {
    store
        .transact(move |tx| {
            for (conversation, account, mark) in &due {
                let key = (*conversation, *account);
                if tx.get(&MARK, &key)?.unwrap_or_default().seq < mark.seq {
                    tx.put(&MARK, &key, mark)?;
                }
            }
            Ok(())
        })
        .await
}
