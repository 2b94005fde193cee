//! Wrong passwords slow down whoever guesses. In memory and bounded: a restart forgives, and costs a guesser nothing
//! but the tries it would have had anyway. It knows names and addresses as hashes, and not which names exist, so an
//! unknown name is held up exactly like a known one.
//!
//! Failures are counted under three kinds of key: the name (at addresses where the account was not used lately), the
//! name at one address (where it was), and the address. Somebody at an address that their account uses answers to the
//! second kind alone, so strangers who fail elsewhere, or on other accounts at the same address, cannot hold them up.
//!
//! The first five failures are free. The n-th after them (n = 0, 1, 2 …) opens a delay of 2ⁿ seconds, at most a quarter
//! of an hour; every quarter of an hour without a failure makes up for one. A success clears its name's counter, never
//! the address's, or one's own account would pay for guesses at others'.

use super::config::AccountsConfig;
use crate::error::{Error, Result};
use crate::time::Time;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Counters kept; beyond that the ones that failed longest ago are dropped.
const MAX_COUNTERS: usize = 65_536;
/// The first delay.
const FIRST_DELAY: Duration = Duration::from_secs(1);

/// Under what a failure is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Name(u64),
    NameAt(u64),
    Address(IpAddr),
}

/// Failures under one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counter {
    failures: u32,
    last_failure: Time,
    /// Tries that are neither right nor wrong yet.
    open: u32,
}

/// The curve.
#[derive(Clone, Copy, Debug)]
struct Curve {
    free: u32,
    max_delay: Duration,
}

impl Curve {
    /// Failures that still count.
    fn counted(self, counter: &Counter, now: Time) -> u32 {
        let forgiven = now.since(counter.last_failure).as_millis() / self.max_delay.as_millis().max(1);
        counter.failures.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX))
    }

    /// How long until the next try.
    fn wait(self, counter: &Counter, now: Time) -> Duration {
        let Some(beyond) = counter.failures.checked_sub(self.free) else {
            return Duration::ZERO;
        };
        let delay = FIRST_DELAY.saturating_mul(2u32.saturating_pow(beyond)).min(self.max_delay);
        (counter.last_failure + delay).since(now)
    }
}

/// Who tries to sign in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guesser<'a> {
    /// The name, lower-case, as typed. `None` where the try is not at a password, so that the name does not count.
    pub(super) name: Option<&'a str>,
    /// From where; `None` where addresses do not count.
    pub(super) network: Option<IpAddr>,
    /// Whether that account was used from that address lately.
    pub(super) at_home: bool,
}

/// Counts failures.
pub(super) struct Throttle {
    curve: Curve,
    counters: Mutex<HashMap<Key, Counter>>,
    hasher: RandomState,
}

impl Throttle {
    pub(super) fn new(config: &AccountsConfig) -> Self {
        let max_delay = Duration::from_secs(config.sign_in_delay_max_s.into());
        let curve = Curve { free: config.sign_in_failures_free, max_delay };
        Self { curve, counters: Mutex::default(), hasher: RandomState::new() }
    }

    /// Lets a try begin, or answers `RATE_LIMITED` with the wait. Tries of one name that run side by side count as if
    /// they had failed, until they are known not to: otherwise a hundred at once would all be free.
    pub(super) fn begin(&self, guesser: Guesser<'_>, now: Time) -> Result<Try<'_>> {
        let keys = self.keys(guesser);
        let mut counters = self.lock();
        for key in keys.iter().flatten() {
            let Some(counter) = counters.get(key) else { continue };
            let wait = self.curve.wait(counter, now);
            if !wait.is_zero() {
                return Err(Error::rate_limited(wait));
            }
            let by_name = !matches!(key, Key::Address(_));
            if by_name
                && counter.open > 0
                && self.curve.counted(counter, now) + counter.open >= self.curve.free
            {
                return Err(Error::rate_limited(FIRST_DELAY));
            }
        }
        if counters.len() + keys.len() > MAX_COUNTERS {
            self.make_room(&mut counters, now);
        }
        for key in keys.iter().flatten() {
            counters.entry(*key).or_default().open += 1;
        }
        Ok(Try { throttle: self, keys })
    }

    /// How many counters there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn keys(&self, guesser: Guesser<'_>) -> [Option<Key>; 2] {
        match guesser {
            Guesser { name: Some(name), network: Some(network), at_home: true } => {
                [Some(Key::NameAt(self.hasher.hash_one((name, network)))), None]
            }
            Guesser { name, network, .. } => {
                [name.map(|n| Key::Name(self.hasher.hash_one(n))), network.map(Key::Address)]
            }
        }
    }

    /// Drops counters that no longer say anything, else the quarter that failed longest ago.
    fn make_room(&self, counters: &mut HashMap<Key, Counter>, now: Time) {
        counters.retain(|_, c| c.open > 0 || self.curve.counted(c, now) > 0);
        if counters.len() > MAX_COUNTERS / 4 * 3 {
            let mut times: Vec<Time> = counters.values().map(|c| c.last_failure).collect();
            let quarter = times.len() / 4;
            let (_, edge, _) = times.select_nth_unstable(quarter);
            let edge = *edge;
            counters.retain(|_, c| c.open > 0 || c.last_failure > edge);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Counter>> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A try that has begun. Dropped without an outcome it counts for nothing: its maker never learned one.
pub(super) struct Try<'a> {
    throttle: &'a Throttle,
    keys: [Option<Key>; 2],
}

impl Try<'_> {
    /// The password was wrong.
    pub(super) fn failed(self, now: Time) {
        let mut counters = self.throttle.lock();
        for key in self.keys.iter().flatten() {
            if let Some(counter) = counters.get_mut(key) {
                counter.failures = self.throttle.curve.counted(counter, now).saturating_add(1);
                counter.last_failure = now;
            }
        }
    }

    /// It was right.
    pub(super) fn succeeded(self) {
        let mut counters = self.throttle.lock();
        for key in self.keys.iter().flatten().filter(|k| !matches!(k, Key::Address(_))) {
            if let Some(counter) = counters.get_mut(key) {
                counter.failures = 0;
            }
        }
    }
}

impl Drop for Try<'_> {
    fn drop(&mut self) {
        let mut counters = self.throttle.lock();
        for key in self.keys.iter().flatten() {
            if let Some(counter) = counters.get_mut(key) {
                counter.open -= 1;
                if counter.open == 0 && counter.failures == 0 {
                    counters.remove(key);
                }
            }
        }
    }
}
