//! How far members have read, exactly and without a row per message. A member's own message moves their mark: in
//! memory at once, on disk only when others have written [`SAVE_BEHIND`] entries after it. A mark that is not in
//! memory is read from disk and raised to the member's own latest entry after it, however far back that lies; what was
//! found far back, and that nothing was, is saved, so that it is looked for once.

use super::newest::{AtEntry, Newest};
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
/// Entries read at once when a member's own latest is looked for.
pub(super) const LOOK_BACK: u64 = 200;
/// Marks saved in one transaction.
const SAVE_BATCH: usize = 1000;
/// Pause after marks could not be saved.
const SAVE_RETRY: Duration = Duration::from_secs(1);
/// Marks kept in memory; beyond it all are forgotten and found again on disk.
const MAX_CACHED: usize = 200_000;
/// Conversations with marks to save; beyond it they are forgotten: they, too, are found again on disk.
const MAX_UNSAVED: usize = 50_000;

impl AtEntry for Mark {
    fn seq(&self) -> u64 {
        self.seq
    }
}

/// Marks in memory.
#[derive(Default)]
pub(super) struct Marks {
    state: Mutex<State>,
    /// Something is to be saved.
    due: Notify,
}

struct State {
    known: Newest<(ConversationId, AccountId), Mark>,
    /// Marks moved by the member's own message, not on disk yet, by conversation: few members each.
    unsaved: HashMap<ConversationId, Vec<(AccountId, Mark)>>,
    to_save: Vec<(ConversationId, AccountId, Mark)>,
}

impl Default for State {
    fn default() -> Self {
        Self { known: Newest::new(MAX_CACHED), unsaved: HashMap::new(), to_save: Vec::new() }
    }
}

impl Marks {
    /// An entry was committed. Whoever said something has read what stood before; account 0 for an entry that is no
    /// message, since nobody has read anything by changing what was said earlier.
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
            state.known.raise((conversation, author), at);
        }
        if state.unsaved.len() >= MAX_UNSAVED {
            state.unsaved.clear();
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
        self.lock().known.raise((conversation, account), at);
    }

    /// How far a member has read, where that is in memory.
    pub(super) fn known(&self, conversation: ConversationId, account: AccountId) -> Option<Mark> {
        self.lock().known.get(&(conversation, account)).ok()
    }

    /// How far a member has read.
    pub(super) async fn load(
        &self,
        store: &Store,
        conversation: ConversationId,
        account: AccountId,
    ) -> Result<Mark> {
        let key = (conversation, account);
        let known = self.lock().known.get(&key);
        let asked = match known {
            Ok(mark) => return Ok(mark),
            Err(asked) => asked,
        };
        let stored = store.get(&MARK, &key).await?.unwrap_or_default();
        let mark = own_latest(store, conversation, account, stored).await?;
        let mut state = self.lock();
        if mark.seq > stored.seq + SAVE_BEHIND || mark.searched_to > searched_to(stored) + LOOK_BACK {
            state.to_save.push((conversation, account, mark));
            self.due.notify_one();
        }
        Ok(state.known.keep(key, mark, asked))
    }

    /// Saves what is due, for ever.
    pub(super) async fn save_when_due(&self, store: &Store) {
        loop {
            self.due.notified().await;
            let due = std::mem::take(&mut self.lock().to_save);
            for due in due.chunks(SAVE_BATCH) {
                while let Err(error) = save(store, due.to_vec()).await {
                    tracing::warn!(%error, marks = due.len(), "read marks could not be saved; trying again");
                    tokio::time::sleep(SAVE_RETRY).await;
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Up to where a mark leaves nothing to look for.
fn searched_to(mark: Mark) -> u64 {
    mark.seq.max(mark.searched_to)
}

async fn own_latest(
    store: &Store,
    conversation: ConversationId,
    account: AccountId,
    stored: Mark,
) -> Result<Mark> {
    let head = store.head(&LOG, &conversation).await?;
    let mut to = head;
    while to > searched_to(stored) {
        let from = to.saturating_sub(LOOK_BACK).max(searched_to(stored)) + 1;
        let newest = store.entries(&LOG, &conversation, from, to, LOOK_BACK as usize, Order::Falling).await?;
        if let Some((seq, entry)) = newest.iter().find(|(_, e)| e.author == account.0 && e.is_message()) {
            return Ok(Mark { seq: *seq, ordinal: entry.ordinal, searched_to: head });
        }
        to = from - 1;
        // A long look back must not keep others from the thread.
        tokio::task::yield_now().await;
    }
    Ok(Mark { searched_to: head.max(stored.searched_to), ..stored })
}

async fn save(store: &Store, due: Vec<(ConversationId, AccountId, Mark)>) -> Result<()> {
    store
        .transact(move |tx| {
            for (conversation, account, mark) in &due {
                let key = (*conversation, *account);
                let stored = tx.get(&MARK, &key)?.unwrap_or_default();
                let searched_to = stored.searched_to.max(mark.searched_to);
                let mark = Mark { searched_to, ..stored.further(*mark) };
                if mark != stored {
                    tx.put(&MARK, &key, &mark)?;
                }
            }
            Ok(())
        })
        .await
}
