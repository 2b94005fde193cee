//! How long to wait before the next try: exponential with full jitter, so that many clients that lost the same server
//! do not come back at the same moment. It does not wait itself.

use crate::error::Error;
use crate::random::Random;
use std::time::Duration;

/// The span of the first wait.
const FIRST: Duration = Duration::from_secs(1);
/// The longest span.
const LONGEST: Duration = Duration::from_secs(60);

/// Waits that grow with every failure in a row.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    random: Random,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(random: Random) -> Self {
        Self { random, failures: 0 }
    }

    /// The wait after one more failure: what the server asked for, and a random part of the present span.
    pub(crate) fn after(&mut self, error: &Error) -> Duration {
        let span = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        match error.retry_after() {
            // A server that names a wait has spread it already; a second helping would only keep people waiting.
            Some(asked) => asked + self.random.up_to(span.min(FIRST)),
            None => self.random.up_to(span),
        }
    }

    /// All is well: the next failure is the first again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_double_up_to_a_minute_and_start_again() {
        let lost = Error::lost("x");
        let mut longest = [Duration::ZERO; 9];
        for seed in 0..300 {
            let mut backoff = Backoff::new(Random::seeded(seed));
            for longest in &mut longest {
                *longest = backoff.after(&lost).max(*longest);
            }
            backoff.reset();
            assert!(backoff.after(&lost) <= FIRST);
        }
        for (i, expected) in [1, 2, 4, 8, 16, 32, 60, 60, 60].into_iter().enumerate() {
            let span = Duration::from_secs(expected);
            assert!(longest[i] <= span && longest[i] > span * 8 / 10, "{i}: {:?} of {span:?}", longest[i]);
        }
    }

    #[test]
    fn what_the_server_asks_is_waited_for() {
        let asked = Duration::from_secs(20);
        let error = Error::unreachable("x").retry_after_opt(Some(asked));
        let mut backoff = Backoff::new(Random::seeded(1));
        for _ in 0..10 {
            let wait = backoff.after(&error);
            assert!(wait >= asked && wait <= asked + FIRST, "{wait:?}");
        }
    }
}
