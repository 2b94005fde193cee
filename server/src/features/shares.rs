//! How many of something everybody may have at a time. It does not know of what.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// What is taken, by whom. Who has nothing takes no memory.
pub(super) struct Shares<W> {
    most: u32,
    taken: Mutex<HashMap<W, u32>>,
}

/// One of those that somebody may have, until it is dropped.
pub(super) struct Share<W: Copy + Eq + Hash> {
    shares: Arc<Shares<W>>,
    who: W,
}

impl<W: Copy + Eq + Hash> Shares<W> {
    /// Nobody has any yet, and nobody gets more than `most`.
    pub(super) fn new(most: u32) -> Self {
        Self { most, taken: Mutex::default() }
    }

    /// `None`: they have as many as they may.
    pub(super) fn take(self: &Arc<Self>, who: W) -> Option<Share<W>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.get(&who).copied().unwrap_or(0);
        if count >= self.most {
            return None;
        }
        taken.insert(who, count + 1);
        Some(Share { shares: self.clone(), who })
    }
}

impl<W: Copy + Eq + Hash> Drop for Share<W> {
    fn drop(&mut self) {
        let mut taken = self.shares.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.who) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(taken.remove(&self.who)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_their_own_and_who_has_none_is_forgotten() {
        let shares = Arc::new(Shares::new(2));
        let first = shares.take('a').unwrap();
        let _second = shares.take('a').unwrap();
        assert!(shares.take('a').is_none());
        let other = shares.take('b').unwrap();
        drop((first, other));
        assert!(shares.take('a').is_some());
        assert_eq!(shares.taken.lock().unwrap().len(), 1);
    }
}
