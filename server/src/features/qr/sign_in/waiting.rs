//! Devices that wait on this node for somebody to let them in: how many from one address, and how they hear of what was
//! decided. It reads nothing and decides nothing.

use super::attempts::AttemptId;
use crate::bus::{Event, SignInStep, Subscriber};
use crate::error::{Error, Kind, Result};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Devices that may wait at the same time.
const MOST: usize = 10_000;
/// Steps of one attempt: it is scanned once and decided once.
const STEPS: usize = 2;

/// Who waits.
pub(super) struct Waiting {
    per_address: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    attempts: HashMap<AttemptId, mpsc::Sender<SignInStep>>,
    /// Until when they wait, by address.
    addresses: HashMap<IpAddr, Vec<Instant>>,
}

/// The place of a device that waits, free again when it is dropped.
pub(super) struct Waiter {
    waiting: Arc<Waiting>,
    attempt: AttemptId,
    address: Option<IpAddr>,
    until: Instant,
    steps: mpsc::Receiver<SignInStep>,
}

impl Waiting {
    /// Nobody; at most so many from one address.
    pub(super) fn new(per_address: usize) -> Self {
        Self { per_address, state: Mutex::default() }
    }

    /// Lets one more wait until then. `address` where it is counted. Errors: `RATE_LIMITED` with the time until one of
    /// the others from there has its answer at the latest, `OVERLOADED`.
    pub(super) fn enter(
        self: &Arc<Self>,
        attempt: AttemptId,
        address: Option<IpAddr>,
        until: Instant,
    ) -> Result<Waiter> {
        let mut state = self.lock();
        if state.attempts.len() >= MOST {
            let message = "Too many devices wait to be signed in at this moment. Try again in a minute.";
            return Err(Error::new(Kind::Unavailable, "OVERLOADED", message));
        }
        if let Some(address) = address {
            // Who is refused leaves nothing.
            let others = state.addresses.get(&address).map_or(&[][..], Vec::as_slice);
            if others.len() >= self.per_address {
                let free = others.iter().min().copied().unwrap_or(until);
                return Err(Error::rate_limited(free.saturating_duration_since(Instant::now())));
            }
            state.addresses.entry(address).or_default().push(until);
        }
        let (tell, steps) = mpsc::channel(STEPS);
        state.attempts.insert(attempt, tell);
        Ok(Waiter { waiting: self.clone(), attempt, address, until, steps })
    }

    /// Whether nobody waits.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        let state = self.lock();
        state.attempts.is_empty() && state.addresses.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter {
    /// What happens next; `None` when its time is over.
    pub(super) async fn step(&mut self) -> Option<SignInStep> {
        tokio::time::timeout_at(self.until, self.steps.recv()).await.ok().flatten()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut state = self.waiting.lock();
        state.attempts.remove(&self.attempt);
        let Some(address) = self.address else { return };
        let Some(others) = state.addresses.get_mut(&address) else { return };
        if let Some(own) = others.iter().position(|until| *until == self.until) {
            others.swap_remove(own);
        }
        if others.is_empty() {
            state.addresses.remove(&address);
        }
    }
}

impl Subscriber for Waiting {
    fn on_commit(&self, _: u64, events: &[Event]) {
        for event in events {
            let Event::SignIn { attempt, step } = event else { continue };
            if let Some(waiter) = self.lock().attempts.get(attempt) {
                // There is room for every step; where there were none, the row says what was decided.
                let _ = waiter.try_send(*step);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn an_address_has_so_many_places() {
        let waiting = Arc::new(Waiting::new(2));
        let (here, there) = (Some([192, 0, 2, 1].into()), Some([192, 0, 2, 2].into()));
        let at = |s: u64| Instant::now() + Duration::from_secs(s);
        let first = waiting.enter([1; 32], here, at(60)).unwrap();
        let _second = waiting.enter([2; 32], here, at(40)).unwrap();
        let refused = waiting.enter([3; 32], here, at(60)).err().unwrap();
        assert_eq!((refused.reason(), refused.retry_after_ms()), ("RATE_LIMITED", 40_000));
        let other = waiting.enter([4; 32], there, at(60)).unwrap();
        let _uncounted = [5, 6, 7].map(|n| waiting.enter([n; 32], None, at(60)).unwrap());
        drop((first, other));
        let _third = waiting.enter([3; 32], here, at(60)).unwrap();
        let state = waiting.lock();
        assert_eq!((state.attempts.len(), state.addresses.len()), (5, 1), "who has gone is forgotten");
    }

    #[tokio::test]
    async fn who_is_refused_leaves_nothing() {
        let waiting = Arc::new(Waiting::new(0));
        let until = Instant::now() + Duration::from_secs(60);
        for last in 0..9 {
            let address = [203, 0, 113, last].into();
            assert_eq!(
                waiting.enter([last; 32], Some(address), until).err().unwrap().reason(),
                "RATE_LIMITED"
            );
        }
        assert!(waiting.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn hears_of_its_own_attempt() {
        let waiting = Arc::new(Waiting::new(5));
        let until = Instant::now() + Duration::from_secs(60);
        let mut waiter = waiting.enter([1; 32], None, until).unwrap();
        let tell = |n: u8, step| waiting.on_commit(0, &[Event::SignIn { attempt: [n; 32], step }]);
        tell(2, SignInStep::Refused);
        tell(1, SignInStep::Scanned);
        tell(1, SignInStep::LetIn);
        assert_eq!(waiter.step().await, Some(SignInStep::Scanned));
        assert_eq!(waiter.step().await, Some(SignInStep::LetIn));
        assert_eq!((waiter.step().await, Instant::now()), (None, until));
    }
}
