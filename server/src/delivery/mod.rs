//! Who is connected here, and what waits for them. Pushing never waits for a socket and never fails: an outbox that
//! overflows is emptied, and its stream catches up from the store. It does not know what the messages mean.

pub mod log;
mod outbox;

pub use outbox::{Connection, Pushed, Taken};

use crate::bus::{Audience, Event, Subscriber};
use crate::id::{AccountId, DeviceId};
use outbox::Outbox;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use teahouse_proto::sync::FollowResponse;

/// Shards of the map of connected accounts: enough that publishing and connecting seldom meet.
const SHARDS: usize = 64;

type Shard = RwLock<HashMap<AccountId, Vec<Arc<Outbox>>>>;

/// The devices connected to this node.
pub struct Delivery {
    shards: Vec<Shard>,
}

impl Default for Delivery {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Shard::default()).collect() }
    }
}

impl Delivery {
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
        devices.push(outbox.clone());
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

    /// Puts an event into the outboxes of an account's devices.
    pub fn push(&self, account: AccountId, pushed: &Pushed) {
        let shard = self.shard(account).read().unwrap_or_else(PoisonError::into_inner);
        for outbox in shard.get(&account).into_iter().flatten() {
            outbox.push(pushed.clone());
        }
    }

    fn disconnect(&self, account: AccountId, outbox: &Arc<Outbox>) {
        let mut shard = self.shard(account).write().unwrap_or_else(PoisonError::into_inner);
        if let Some(devices) = shard.get_mut(&account) {
            devices.retain(|o| !Arc::ptr_eq(o, outbox));
            if devices.is_empty() {
                shard.remove(&account);
            }
        }
    }

    fn shard(&self, account: AccountId) -> &Shard {
        // Ids end in the sequence within a millisecond; mixing spreads them.
        let mixed = account.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        &self.shards[mixed as usize % SHARDS]
    }
}

/// Events for one account need nobody else's knowledge; the chat room resolves those for conversations.
impl Subscriber for Delivery {
    fn on_event(&self, stamp: u64, event: &Event) {
        if let Event::Deliver { to: Audience::Account(account), message } = event
            && self.is_online(*account)
        {
            self.push(*account, &Pushed::new(stamp, message));
        }
    }
}

impl Pushed {
    /// Encodes an event once for all who get it.
    pub fn new(stamp: u64, message: &FollowResponse) -> Self {
        use teahouse_proto::sync::follow_response::Event as FollowEvent;
        let account_number = match &message.event {
            Some(FollowEvent::Account(event)) => event.number,
            _ => 0,
        };
        Self { stamp, account_number, event: teahouse_proto::Event::new(message), own: None }
    }
}
