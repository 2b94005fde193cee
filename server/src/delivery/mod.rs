//! Who is connected here, and what waits for them. Pushing never waits for a socket and never fails: an outbox that
//! overflows is emptied, and its stream catches up from the store. It does not know what the messages mean.

pub mod log;
mod outbox;

pub use outbox::{Connection, Pushed, Taken};

use crate::bus::{Event, Passing, Subscriber};
use crate::id::{AccountId, DeviceId};
use outbox::Outbox;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use teahouse_proto::sync::FollowResponse;
use teahouse_proto::sync::follow_response::Event as FollowEvent;

/// Shards of the map of connected accounts: enough that publishing and connecting seldom meet.
const SHARDS: usize = 64;

type Shard = RwLock<HashMap<AccountId, Vec<Arc<Outbox>>>>;

/// Somebody who wants to know who comes and goes.
pub trait Watcher: Send + Sync {
    /// The first device of an account came, or its last one went: which of the two is to be looked up. Must not block.
    fn on_change(&self, account: AccountId);
}

/// The devices connected to this node.
pub struct Delivery {
    shards: Vec<Shard>,
    watcher: OnceLock<Arc<dyn Watcher>>,
    published: AtomicU64,
}

impl Delivery {
    /// Nobody connected. `stamp` is that of the store when it was opened.
    pub fn new(stamp: u64) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            watcher: OnceLock::new(),
            published: AtomicU64::new(stamp),
        }
    }

    /// Names, once, who wants to know who comes and goes.
    ///
    /// # Panics
    /// When called a second time: a mistake of the composition.
    pub fn watch(&self, watcher: Arc<dyn Watcher>) {
        assert!(self.watcher.set(watcher).is_ok(), "the watcher is named once");
    }

    /// Everything up to this stamp has reached the caches and the outboxes of those who were connected by then.
    pub fn published(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    /// Registers a device's stream. An earlier one of the same device ends.
    pub fn connect(self: &Arc<Self>, account: AccountId, device: DeviceId) -> Connection {
        let outbox = Arc::new(Outbox::new(device));
        let mut shard = self.shard(account).write().unwrap_or_else(PoisonError::into_inner);
        let devices = shard.entry(account).or_default();
        devices.retain(|earlier| {
            let same = earlier.device() == device;
            if same {
                earlier.end();
            }
            !same
        });
        devices.reserve_exact(1);
        devices.push(outbox.clone());
        let came = devices.len() == 1;
        drop(shard);
        if came {
            self.changed(account);
        }
        Connection::new(self.clone(), account, outbox)
    }

    /// Whether any device of an account is connected here.
    pub fn is_online(&self, account: AccountId) -> bool {
        self.shard(account).read().unwrap_or_else(PoisonError::into_inner).contains_key(&account)
    }

    /// How many devices are connected here.
    pub fn connected(&self) -> usize {
        self.shards
            .iter()
            .map(|s| s.read().unwrap_or_else(PoisonError::into_inner).values().map(Vec::len).sum::<usize>())
            .sum()
    }

    /// Puts something that is told in passing into the outboxes of an account's devices, where there is room.
    fn push_passing(&self, account: AccountId, pushed: &Pushed) {
        let shard = self.shard(account).read().unwrap_or_else(PoisonError::into_inner);
        for outbox in shard.get(&account).into_iter().flatten() {
            outbox.push_passing(pushed.clone());
        }
    }

    /// Puts an event into the outboxes of an account's devices.
    pub fn push(&self, account: AccountId, pushed: &Pushed) {
        let shard = self.shard(account).read().unwrap_or_else(PoisonError::into_inner);
        for outbox in shard.get(&account).into_iter().flatten() {
            outbox.push(pushed.clone());
        }
    }

    /// Has the devices of these accounts catch up.
    pub fn catch_up(&self, accounts: &[AccountId]) {
        for account in accounts {
            let shard = self.shard(*account).read().unwrap_or_else(PoisonError::into_inner);
            shard.get(account).into_iter().flatten().for_each(|outbox| outbox.overflow());
        }
    }

    fn disconnect(&self, account: AccountId, outbox: &Arc<Outbox>) {
        let mut shard = self.shard(account).write().unwrap_or_else(PoisonError::into_inner);
        if let Some(devices) = shard.get_mut(&account) {
            devices.retain(|o| !Arc::ptr_eq(o, outbox));
            if devices.is_empty() {
                shard.remove(&account);
                drop(shard);
                self.changed(account);
            }
        }
    }

    fn changed(&self, account: AccountId) {
        if let Some(watcher) = self.watcher.get() {
            watcher.on_change(account);
        }
    }

    fn shard(&self, account: AccountId) -> &Shard {
        // Ids end in the sequence within a millisecond; mixing spreads them.
        let mixed = account.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        &self.shards[mixed as usize % SHARDS]
    }
}

impl Subscriber for Delivery {
    fn on_commit(&self, stamp: u64, events: &[Event]) {
        for (i, event) in events.iter().enumerate() {
            let Event::Deliver { to, message, own } = event else { continue };
            let online = to.accounts().iter().filter(|account| self.is_online(**account));
            let mut pushed: Option<Pushed> = None;
            for account in online {
                let pushed = pushed.get_or_insert_with(|| Pushed::new(stamp, i + 1 == events.len(), message));
                pushed.own = own.as_ref().filter(|(who, _)| who == account).map(|(_, own)| own.clone());
                self.push(*account, pushed);
            }
        }
        self.published.fetch_max(stamp, Ordering::AcqRel);
    }

    /// Every stream catches up from the store.
    fn on_lost(&self) {
        for shard in &self.shards {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            shard.values().flatten().for_each(|outbox| outbox.overflow());
        }
    }

    fn on_passing(&self, Passing { to, message, lasts }: &Passing) {
        let mut online = to.accounts().iter().filter(|account| self.is_online(**account)).peekable();
        if online.peek().is_some() {
            let pushed = Pushed::in_passing(message);
            online.for_each(|account| {
                if *lasts { self.push(*account, &pushed) } else { self.push_passing(*account, &pushed) }
            });
        }
    }
}

impl Pushed {
    /// Encodes an event once for all who get it. `last`: no other event of the same commit comes after it.
    fn new(stamp: u64, last: bool, message: &Arc<FollowResponse>) -> Self {
        let account_number = match &message.event {
            Some(FollowEvent::Account(event)) => event.number,
            _ => 0,
        };
        let cursor_stamp = if last { stamp } else { stamp.saturating_sub(1) };
        Self { stamp, cursor_stamp, account_number, ..Self::in_passing(message) }
    }

    fn in_passing(message: &Arc<FollowResponse>) -> Self {
        Self {
            stamp: 0,
            cursor_stamp: 0,
            account_number: 0,
            place: Arc::default(),
            event: teahouse_proto::Event::new(message),
            message: message.clone(),
            own: None,
        }
    }
}
