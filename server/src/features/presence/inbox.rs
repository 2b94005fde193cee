//! What changed since the room last looked: who came or went, and whose switch, friends or blocks changed. Noted once
//! however often it changes, so it never holds more than there are people and pairs; what it means is looked up later.

use crate::bus::{Audience, Event, Subscriber};
use crate::delivery::Watcher;
use crate::id::AccountId;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use teahouse_proto::sync::AccountEvent;
use teahouse_proto::sync::account_event::What;
use teahouse_proto::sync::follow_response::Event as FollowEvent;
use tokio::sync::Notify;

/// What may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Change {
    /// Whether somebody has a device here, or lets it be seen.
    Account(AccountId),
    /// What two people are to each other.
    Pair(AccountId, AccountId),
    /// What somebody is to some friend, it is not said to which.
    AllOf(AccountId),
}

/// Changes that wait.
#[derive(Default)]
pub struct Inbox {
    changes: Mutex<HashSet<Change>>,
    filled: Notify,
}

impl Inbox {
    pub(super) fn note(&self, change: Change) {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).insert(change);
        self.filled.notify_one();
    }

    /// Waits until something is noted.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }

    pub(super) fn take(&self) -> Vec<Change> {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *changes).into_iter().collect()
    }
}

impl Watcher for Inbox {
    fn on_change(&self, account: AccountId) {
        self.note(Change::Account(account));
    }
}

/// Who hides, deletes or blocks finds it in their own log: it is noted before they are answered.
impl Subscriber for Inbox {
    fn on_commit(&self, _: u64, events: &[Event]) {
        for event in events {
            let Event::Deliver { to: Audience::Account(me), message, .. } = event else { continue };
            let Some(FollowEvent::Account(AccountEvent { what: Some(what), .. })) = &message.event else {
                continue;
            };
            let change = match what {
                What::AccountChanged(_) => Change::Account(*me),
                What::Friend(friend) => Change::Pair(*me, AccountId(friend.account_id)),
                What::FriendDeleted(deleted) => Change::Pair(*me, AccountId(deleted.account_id)),
                What::BlockChanged(changed) => match &changed.blocked {
                    // Of a stranger there is nothing to see.
                    Some(stranger) if stranger.account_id == 0 => continue,
                    Some(friend) => Change::Pair(*me, AccountId(friend.account_id)),
                    None => Change::AllOf(*me),
                },
                _ => continue,
            };
            self.note(change);
        }
    }
}
