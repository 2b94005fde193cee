//! What the writer remembers over groups, so that it need not look: nobody else writes, so what it knows of a stored key
//! stays true. Bounded: two generations, of which the older is dropped when the younger is full.

use std::collections::HashMap;

/// What a key costs besides its bytes.
const KEY_OVERHEAD: usize = 64;

/// Values by stored key, or by what stored keys begin with.
pub(super) struct Recent<V> {
    young: HashMap<Vec<u8>, V>,
    old: HashMap<Vec<u8>, V>,
    /// Bytes of the younger generation.
    weight: usize,
    max: usize,
}

impl<V: Clone> Recent<V> {
    /// With generations of so many bytes of keys, as weighed by [`Recent::set`].
    pub(super) fn new(generation_bytes: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), weight: 0, max: generation_bytes }
    }

    /// What is remembered of a key. It is remembered longer for that.
    pub(super) fn get(&mut self, key: &[u8], weigh: impl Fn(&V) -> usize) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        let weight = weigh(&value);
        self.set(key, value.clone(), weight);
        Some(value)
    }

    /// Remembers a value that takes `bytes` besides its key.
    pub(super) fn set(&mut self, key: Vec<u8>, value: V, bytes: usize) {
        if self.weight >= self.max {
            // Emptied, not made anew: its room is needed again.
            std::mem::swap(&mut self.old, &mut self.young);
            self.young.clear();
            self.weight = 0;
        }
        self.weight += KEY_OVERHEAD + key.len() + bytes;
        self.young.insert(key, value);
    }

    /// Forgets a key.
    pub(super) fn forget(&mut self, key: &[u8]) {
        self.young.remove(key);
        self.old.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENERATION: usize = 1 << 20;

    #[test]
    fn what_is_used_stays_and_memory_is_bounded() {
        let mut recent = Recent::new(GENERATION);
        let used = b"used".to_vec();
        recent.set(used.clone(), 7, 0);
        for n in 0..100_000u64 {
            recent.set(n.to_be_bytes().to_vec(), n, 100);
            assert_eq!(recent.get(&used, |_| 0), Some(7));
        }
        assert!(recent.young.len() + recent.old.len() <= 2 * GENERATION / (KEY_OVERHEAD + 8 + 100) + 2);
        assert_eq!(recent.get(&0u64.to_be_bytes(), |_| 0), None);
    }

    #[test]
    fn the_newest_value_counts_and_what_is_forgotten_stays_so() {
        let mut recent = Recent::new(GENERATION);
        recent.set(b"a".to_vec(), 1, GENERATION);
        recent.set(b"b".to_vec(), 1, 0);
        recent.set(b"a".to_vec(), 2, 0);
        assert_eq!(recent.get(b"a", |_| 0), Some(2));
        recent.forget(b"a");
        assert_eq!((recent.get(b"a", |_| 0), recent.get(b"b", |_| 0)), (None, Some(1)));
    }
}
