//! Where a scan goes: a half-open range of stored keys and a direction. Knows nothing of tables.

use super::key::KeyRange;
use std::ops::Bound;

/// Direction of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// From the smallest key.
    Rising,
    /// From the greatest key.
    Falling,
}

/// The stored keys from `start` up to, and without, `end`. Empty where `start >= end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawRange {
    pub(super) start: Vec<u8>,
    pub(super) end: Vec<u8>,
}

impl RawRange {
    /// All keys that begin with `prefix`, which must hold a byte below 255.
    pub(super) fn prefix(prefix: &[u8]) -> Self {
        let mut end = prefix.to_vec();
        while end.last() == Some(&u8::MAX) {
            end.pop();
        }
        *end.last_mut().expect("a table's name comes first, and it is ASCII") += 1;
        Self { start: prefix.to_vec(), end }
    }

    /// The keys of one table that `range` names; `base` is what all keys of the table begin with.
    pub(super) fn of_table<K>(base: &[u8], range: &KeyRange<K>) -> Self {
        let within = Self::prefix(&[base, &range.prefix].concat());
        let from = match &range.from {
            Bound::Included(key) => Some([base, key].concat()),
            Bound::Excluded(key) => Some(successor(&[base, key].concat())),
            Bound::Unbounded => None,
        };
        let to = match &range.to {
            Bound::Included(key) => Some(successor(&[base, key].concat())),
            Bound::Excluded(key) => Some([base, key].concat()),
            Bound::Unbounded => None,
        };
        Self {
            start: from.map_or(within.start.clone(), |from| from.max(within.start)),
            end: to.map_or(within.end.clone(), |to| to.min(within.end)),
        }
    }

    /// The entries `from..=to` of the log whose keys begin with `prefix`.
    pub(super) fn of_log(prefix: &[u8], from: u64, to: u64) -> Self {
        Self {
            start: [prefix, &from.to_be_bytes()].concat(),
            end: successor(&[prefix, &to.to_be_bytes()[..]].concat()),
        }
    }

    /// Whether no key lies in it.
    pub(super) fn is_empty(&self) -> bool {
        self.start >= self.end
    }

    /// The part that a scan has covered whose last key was `last`, and the part that is left.
    pub(super) fn split_after(self, last: &[u8], order: Order) -> (Self, Self) {
        match order {
            Order::Rising => {
                let next = successor(last);
                (Self { start: self.start, end: next.clone() }, Self { start: next, end: self.end })
            }
            Order::Falling => {
                (Self { start: last.to_vec(), end: self.end }, Self { start: self.start, end: last.to_vec() })
            }
        }
    }
}

/// The smallest key that is greater.
fn successor(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::key::Key;

    #[test]
    fn a_prefix_of_255s_ends_before_the_next_table() {
        let range = RawRange::prefix(b"t\0\xff\xff");
        assert_eq!(range.end, b"t\x01");
    }

    #[test]
    fn bounds_outside_the_prefix_do_not_widen_it() {
        let range = KeyRange::<(u8, u8)>::prefix(&(5u8,)).from(&(1, 1)).before(&(9, 9));
        let raw = RawRange::of_table(b"t\0", &range);
        assert_eq!(raw, RawRange::prefix(&[b"t\0", &5u8.to_bytes()[..]].concat()));
    }

    #[test]
    fn crossed_bounds_are_empty() {
        let range = KeyRange::<u8>::all().after(&7).before(&7);
        assert!(RawRange::of_table(b"t\0", &range).is_empty());
        assert!(RawRange::of_log(b"t\0", 5, 4).is_empty());
    }
}
