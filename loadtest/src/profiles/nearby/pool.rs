//! Whose turn it is: people whose next position the server will read, and people who look from where they were. It does not
//! know where anybody is.

use std::collections::VecDeque;

/// Who is no more than so far from being read is left alone until they surely are.
const MARGIN_MS: i64 = 250;

/// People with nothing under way.
#[derive(Default)]
pub(super) struct Pool {
    /// Their next position will be read.
    ready: VecDeque<usize>,
    /// Their next position will not be read before this time (Unix milliseconds).
    fresh: VecDeque<(usize, i64)>,
}

impl Pool {
    /// Somebody has nothing under way any more. A position is read from `next_read_at_ms` on.
    pub(super) fn put(&mut self, person: usize, next_read_at_ms: i64, now_ms: i64) {
        if next_read_at_ms <= now_ms {
            self.ready.push_back(person);
        } else {
            self.fresh.push_back((person, next_read_at_ms));
        }
    }

    /// Takes out who has waited longest among those whose position will be read, or will not be, as is wished; else
    /// anybody.
    pub(super) fn take(&mut self, to_be_read: bool, now_ms: i64) -> Option<usize> {
        self.age(now_ms);
        let wished = if to_be_read { self.ready.pop_front() } else { self.surely_fresh(now_ms) };
        wished.or_else(|| self.ready.pop_front()).or_else(|| self.fresh.pop_front().map(|(person, _)| person))
    }

    fn surely_fresh(&mut self, now_ms: i64) -> Option<usize> {
        let first = self.fresh.iter().position(|(_, read_at)| *read_at > now_ms + MARGIN_MS)?;
        self.fresh.remove(first).map(|(person, _)| person)
    }

    /// Whether everybody has something under way.
    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.fresh.is_empty()
    }

    /// Moves those over whose time has come, of the longest in the pool.
    fn age(&mut self, now_ms: i64) {
        while let Some((person, _)) = self.fresh.front().copied().filter(|(_, read_at)| *read_at <= now_ms) {
            self.fresh.pop_front();
            self.ready.push_back(person);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_wished_for_goes_first() {
        let mut pool = Pool::default();
        pool.put(1, 0, 1_000);
        pool.put(2, 9_000, 1_000);
        pool.put(3, 1_100, 1_000);
        pool.put(4, 9_000, 1_000);
        assert_eq!(pool.take(false, 1_000), Some(2));
        assert_eq!(pool.take(true, 1_000), Some(1));
        assert_eq!(pool.take(true, 1_000), Some(3), "nobody is read, so somebody looks");
        pool.put(3, 1_100, 1_000);
        assert_eq!(pool.take(false, 1_000), Some(4));
        pool.put(5, 900, 1_000);
        assert_eq!(pool.take(false, 1_000), Some(5), "who is nearly read is left alone");
        assert_eq!(pool.take(false, 1_000), Some(3), "but somebody looks");
        pool.put(6, 1_100, 1_000);
        pool.put(7, 9_000, 1_000);
        assert_eq!((pool.take(true, 1_101), pool.take(true, 1_101)), (Some(6), Some(7)));
        assert!(pool.is_empty() && pool.take(true, 1_101).is_none());
    }
}
