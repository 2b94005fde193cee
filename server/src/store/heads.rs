//! The last numbers of logs, remembered on the writer's side so that an append need not look. Bounded: two
//! generations, of which the older is dropped when the younger is full.

use std::collections::HashMap;

/// How many logs a generation remembers.
const GENERATION: usize = 64 * 1024;

/// Heads of logs, by what their stored keys begin with.
#[derive(Default)]
pub(super) struct Heads {
    young: HashMap<Vec<u8>, u64>,
    old: HashMap<Vec<u8>, u64>,
}

impl Heads {
    /// The head of a log, if it is remembered.
    pub(super) fn get(&mut self, log: &[u8]) -> Option<u64> {
        if let Some(&head) = self.young.get(log) {
            return Some(head);
        }
        let (log, head) = self.old.remove_entry(log)?;
        self.set(log, Some(head));
        Some(head)
    }

    /// Remembers a head, or forgets it with `None`.
    pub(super) fn set(&mut self, log: Vec<u8>, head: Option<u64>) {
        let Some(head) = head else {
            self.young.remove(&log);
            self.old.remove(&log);
            return;
        };
        if self.young.len() >= GENERATION && !self.young.contains_key(&log) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(log, head);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_memory_is_bounded() {
        let mut heads = Heads::default();
        let used = b"used".to_vec();
        heads.set(used.clone(), Some(7));
        for n in 0..3 * GENERATION as u64 {
            heads.set(n.to_be_bytes().to_vec(), Some(n));
            assert_eq!(heads.get(&used), Some(7));
        }
        assert!(heads.young.len() + heads.old.len() <= 2 * GENERATION + 1);
        assert_eq!(heads.get(&0u64.to_be_bytes()), None);
    }

    #[test]
    fn a_forgotten_head_stays_forgotten() {
        let mut heads = Heads::default();
        heads.set(b"a".to_vec(), Some(1));
        for n in 0..GENERATION as u64 {
            heads.set(n.to_be_bytes().to_vec(), Some(n));
        }
        heads.set(b"a".to_vec(), None);
        assert_eq!(heads.get(b"a"), None);
    }
}
