//! The newest of something by key, in memory: moved by what is committed, never backwards. What is not known is read
//! from disk by whoever asks, and kept. When it grows too large, all is forgotten and read anew.

use std::collections::HashMap;
use std::hash::Hash;

/// Something that stands at an entry.
pub(super) trait AtEntry: Copy + Default {
    /// The number of that entry.
    fn seq(&self) -> u64;
}

/// What is known.
pub(super) struct Newest<K, V> {
    known: HashMap<K, V>,
    /// How many are kept.
    max: usize,
    forgotten: Forgotten,
}

/// How often all was forgotten. What was read from disk before that may be older than what was forgotten, so it is not
/// kept.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Forgotten(u64);

impl<K: Eq + Hash, V: AtEntry> Newest<K, V> {
    pub(super) fn new(max: usize) -> Self {
        Self { known: HashMap::new(), max, forgotten: Forgotten::default() }
    }

    /// What is known of a key; else what [`Newest::keep`] wants to hear once it is read.
    pub(super) fn get(&self, key: &K) -> Result<V, Forgotten> {
        self.known.get(key).copied().ok_or(self.forgotten)
    }

    /// It is there now, or further on.
    pub(super) fn raise(&mut self, key: K, to: V) -> V {
        if self.known.len() >= self.max && !self.known.contains_key(&key) {
            self.known.clear();
            self.forgotten.0 += 1;
        }
        let known = self.known.entry(key).or_default();
        if known.seq() < to.seq() {
            *known = to;
        }
        *known
    }

    /// It was there when it was read from disk, where it was looked for since `asked`.
    pub(super) fn keep(&mut self, key: K, read: V, asked: Forgotten) -> V {
        // Reading alone forgets nothing: many who only look must not put out those who write.
        let keep = asked == self.forgotten && self.known.len() < self.max;
        if keep { self.raise(key, read) } else { read }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl AtEntry for u64 {
        fn seq(&self) -> u64 {
            *self
        }
    }

    #[test]
    fn goes_on_and_never_back() {
        let mut newest = Newest::new(10);
        let asked = newest.get(&1).unwrap_err();
        assert_eq!(newest.raise(1, 5_u64), 5);
        assert_eq!(newest.raise(1, 4), 5);
        assert_eq!(newest.keep(1, 3, asked), 5, "what was read is older than what was committed meanwhile");
        assert!(newest.get(&1).is_ok_and(|known| known == 5));
    }

    #[test]
    fn what_is_known_forgets_nothing_when_it_goes_on() {
        let mut newest = Newest::new(2);
        for (key, to) in [(1, 5_u64), (2, 5), (1, 6), (2, 7)] {
            newest.raise(key, to);
        }
        assert!(newest.get(&1).is_ok_and(|known| known == 6) && newest.get(&2).is_ok_and(|known| known == 7));
    }

    #[test]
    fn what_was_read_before_a_forgetting_is_not_kept() {
        let mut newest = Newest::new(2);
        let asked = newest.get(&1).unwrap_err();
        for key in [1, 2, 3] {
            newest.raise(key, 7_u64);
        }
        assert_eq!(newest.keep(1, 6, asked), 6);
        let asked = newest.get(&1).expect_err("it was forgotten, and 6 may be older than what was");
        assert_eq!(newest.keep(1, 7, asked), 7);
        assert!(newest.get(&1).is_ok_and(|known| known == 7));
        let asked = newest.get(&2).unwrap_err();
        newest.keep(2, 7, asked);
        assert!(
            newest.get(&2).is_err() && newest.get(&3).is_ok(),
            "full: nothing is forgotten for what is read"
        );
    }
}
