//! Who is seen, for all calls at once: [`Around`] behind a lock, changed by the commits that change what is stored, before
//! those are answered, and filled from the store when the server starts. What comes in meanwhile is kept and counts.

use super::around::Around;
use super::tables::VISIBLE;
use crate::bus::{Event, Nearby, Subscriber};
use crate::error::{Error, Result};
use crate::features::accounts::sanctions;
use crate::id::AccountId;
use crate::restrictions::Area;
use crate::store::key::KeyRange;
use crate::store::{Order, Store};
use crate::time::{Clock, Time};
use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::watch;

/// Rows read at once when the server starts.
const LOADED: usize = 20_000;

/// Who is seen.
pub(super) struct Seen {
    secret: [u8; 32],
    clock: Clock,
    now: RwLock<Now>,
    loaded: watch::Sender<bool>,
    /// Whose rows are to be deleted: their time is over, or the plug-in was closed to them.
    over: Mutex<Vec<AccountId>>,
}

struct Now {
    around: Around,
    /// Until it is loaded: what changed since loading began.
    later: Option<HashMap<AccountId, Option<Nearby>>>,
}

impl Seen {
    /// Nobody, until [`Seen::load`] has run. Must be named to [`Store::observe`].
    pub(super) fn new(store: &Store, clock: Clock) -> Self {
        let secret = store.secret();
        let now = Now { around: Around::new(&secret), later: Some(HashMap::new()) };
        Self {
            secret,
            clock,
            now: RwLock::new(now),
            loaded: watch::Sender::new(false),
            over: Mutex::default(),
        }
    }

    /// Returns when it is loaded.
    pub(super) async fn loaded(&self) {
        if !*self.loaded.borrow() {
            // It ends with the room, which this call is of.
            let _ = self.loaded.subscribe().wait_for(|loaded| *loaded).await;
        }
    }

    /// Returns when it is to be loaded.
    pub(super) async fn lost(&self) {
        let _ = self.loaded.subscribe().wait_for(|loaded| !*loaded).await;
    }

    /// Reads who is visible at this time.
    pub(super) async fn load(self: &Arc<Self>, store: &Store, now: Time) -> Result<()> {
        self.write().later = Some(HashMap::new());
        let (mut people, mut range) = (HashMap::new(), KeyRange::all());
        loop {
            let rows = store.scan(&VISIBLE, &range, LOADED, Order::Rising).await?;
            let Some((last, _)) = rows.last() else { break };
            range = KeyRange::all().after(last);
            for (account, row) in rows {
                match row.until() > now {
                    true => drop(people.insert(account, row.nearby())),
                    false => self.end(account),
                }
            }
        }
        // Who was being taken out when the process ended.
        for account in sanctions::closed_to(store, Area::LookAround, now).await? {
            if people.remove(&account).is_some() {
                self.end(account);
            }
        }
        let seen = self.clone();
        let load = tokio::task::spawn_blocking(move || {
            let around = Around::load(&seen.secret, &people);
            let mut now = seen.write();
            now.around = around;
            for (account, nearby) in now.later.take().unwrap_or_default() {
                now.around.set(account, nearby.as_ref());
            }
        });
        load.await.map_err(Error::internal)?;
        self.loaded.send_replace(true);
        Ok(())
    }

    /// Who can be found at this time.
    pub(super) fn at(&self, now: Time) -> SeenNow<'_> {
        let seen = self.read();
        if !seen.around.is_due(now) {
            return SeenNow(seen);
        }
        drop(seen);
        let over = self.write().around.expire(now);
        self.lock_over().extend(over);
        SeenNow(self.read())
    }

    /// Whose rows are to be deleted; they are given once.
    pub(super) fn take_over(&self) -> Vec<AccountId> {
        mem::take(&mut *self.lock_over())
    }

    fn end(&self, account: AccountId) {
        self.lock_over().push(account);
    }

    fn set(&self, account: AccountId, nearby: Option<&Nearby>) {
        let mut now = self.write();
        match &mut now.later {
            Some(later) => drop(later.insert(account, nearby.cloned())),
            None => now.around.set(account, nearby),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Now> {
        self.now.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Now> {
        self.now.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_over(&self) -> std::sync::MutexGuard<'_, Vec<AccountId>> {
        self.over.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who can be found, for as long as this is held: briefly.
pub(super) struct SeenNow<'a>(RwLockReadGuard<'a, Now>);

impl std::ops::Deref for SeenNow<'_> {
    type Target = Around;

    fn deref(&self) -> &Around {
        &self.0.around
    }
}

impl Subscriber for Seen {
    fn on_commit(&self, _: u64, events: &[Event]) {
        for event in events {
            match event {
                Event::Nearby { account, shown } => self.set(*account, shown.as_ref()),
                Event::PlaceForgotten { account } => self.set(*account, None),
                Event::Sanctioned { account, restrictions }
                    if restrictions.closed_until(Area::LookAround, self.clock.now()).is_some() =>
                {
                    self.set(*account, None);
                    self.end(*account);
                }
                _ => {}
            }
        }
    }

    fn on_lost(&self) {
        self.loaded.send_replace(false);
    }
}
