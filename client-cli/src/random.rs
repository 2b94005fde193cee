//! Randomness: client ids and the jitter of waits. It comes from the operating system; tests seed it.

use bytes::Bytes;
use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng, TryRng};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Length of a client id, as the protocol wants it.
const CLIENT_ID_BYTES: usize = 16;

/// A source of random bytes. Clones share it.
#[derive(Clone, Debug)]
pub struct Random(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Seeded(Arc<Mutex<StdRng>>),
}

impl Random {
    /// The operating system's.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// The same sequence every time, for tests.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed)))))
    }

    /// Seeded so that the first waits are of some hundredths of a second.
    #[cfg(test)]
    pub(crate) fn seeded_for_short_waits() -> Self {
        let short = |seed: &u64| {
            let random = Self::seeded(*seed);
            (0..3).all(|_| random.up_to(Duration::from_secs(1)) < Duration::from_millis(60))
        };
        Self::seeded((0..).find(short).expect("one seed in 5000 is so"))
    }

    /// `N` random bytes.
    ///
    /// # Panics
    /// Where the operating system gives no randomness: nothing can be made unique there.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        match &self.0 {
            Source::System => {
                SysRng.try_fill_bytes(&mut out).expect("the operating system gives randomness");
            }
            Source::Seeded(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut out),
        }
        out
    }

    /// A new id for something that a call creates, so that the call can be repeated safely.
    pub fn client_id(&self) -> Bytes {
        Bytes::copy_from_slice(&self.bytes::<CLIENT_ID_BYTES>())
    }

    /// Uniform from nothing to `longest`.
    pub fn up_to(&self, longest: Duration) -> Duration {
        let fraction = f64::from(u32::from_le_bytes(self.bytes())) / f64::from(u32::MAX);
        longest.mul_f64(fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_sixteen_bytes_and_differ() {
        for random in [Random::system(), Random::seeded(1)] {
            let (a, b) = (random.client_id(), random.client_id());
            assert_eq!((a.len(), a == b), (16, false));
        }
        assert_eq!(Random::seeded(1).client_id(), Random::seeded(1).client_id());
    }

    #[test]
    fn jitter_fills_its_span() {
        let random = Random::seeded(7);
        let span = Duration::from_secs(8);
        let drawn: Vec<_> = (0..200).map(|_| random.up_to(span)).collect();
        assert!(drawn.iter().all(|d| *d <= span));
        assert!(drawn.iter().any(|d| *d < span / 8) && drawn.iter().any(|d| *d > span * 7 / 8));
        assert_eq!(random.up_to(Duration::ZERO), Duration::ZERO);
    }
}
