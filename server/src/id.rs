//! Ids: newtypes over `u64` made of 41 bits of time, 10 of node and 12 of sequence. They tell when something was
//! made, so they are shown only to those who may know it; others get sealed handles (see `seal`).

use crate::time::Clock;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<u64> for $name {
            fn from(id: u64) -> Self {
                Self(id)
            }
        }

        impl From<$name> for u64 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl crate::store::key::Key for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                self.0.encode(out);
            }
            fn decode(input: &mut &[u8]) -> Option<Self> {
                u64::decode(input).map(Self)
            }
        }
    )*};
}

ids! {
    /// A person.
    AccountId,
    /// A device session.
    DeviceId,
    /// A conversation of any kind.
    ConversationId,
    /// A friend request.
    RequestId,
    /// A block of one person by another.
    BlockId,
    /// An invitation to a group.
    InvitationId,
    /// A request to be let into a group.
    JoinRequestId,
    /// A greeting of one stranger to another.
    GreetingId,
}

/// Start of the ids' time, 2026-01-01 UTC, in Unix milliseconds. 41 bits last until 2095.
const EPOCH_MS: i64 = 1_767_225_600_000;
const NODE_BITS: u32 = 10;
const SEQUENCE_BITS: u32 = 12;

/// Makes ids that only grow on this node, also where the clock is set back.
#[derive(Clone, Debug)]
pub struct IdGenerator {
    clock: Clock,
    node: u64,
    last: Arc<AtomicU64>,
}

impl IdGenerator {
    /// For one node of at most 1024.
    pub fn new(clock: Clock, node: u16) -> Self {
        Self { clock, node: u64::from(node) % (1 << NODE_BITS), last: Arc::default() }
    }

    /// A new id.
    pub fn next<T: From<u64>>(&self) -> T {
        let ms = u64::try_from(self.clock.now().as_ms() - EPOCH_MS).unwrap_or(0);
        let fresh = ms << SEQUENCE_BITS;
        // Time and sequence are one counter: a full sequence, or a clock set back, borrows from the next millisecond.
        let advance = |last: u64| Some(fresh.max(last + 1));
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, advance).unwrap_or_default();
        let now = fresh.max(last + 1);
        let (ms, sequence) = (now >> SEQUENCE_BITS, now & ((1 << SEQUENCE_BITS) - 1));
        T::from(ms << (NODE_BITS + SEQUENCE_BITS) | self.node << SEQUENCE_BITS | sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_only_grow() {
        let ids = IdGenerator::new(Clock::system(), 3);
        let made: Vec<u64> = (0..20_000).map(|_| ids.next::<AccountId>().0).collect();
        assert!(made.windows(2).all(|w| w[0] < w[1]));
    }
}
