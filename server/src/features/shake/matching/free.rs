//! Those who have free places, where whoever looks for them finds them: one ring of the whole world, and a ring in each cube of
//! space that has anybody. It does not know who may meet whom.

use crate::geo::{Band, Cube, Spot};
use crate::id::AccountId;
use std::collections::btree_set::Range;
use std::collections::{BTreeSet, HashMap};
use std::iter::{Chain, Peekable};
use std::ops::Bound::{Excluded, Unbounded};

/// The bands for which there are cubes: the first is searched when somebody comes, the others when a window ends.
pub(super) const REACHES: [Band; 4] = [Band::Km10, Band::Km50, Band::Km200, Band::Km1000];

/// People by their places in a ring.
type Ring = BTreeSet<(u64, AccountId)>;

/// From the start of a walk to the end of the ring, and from its beginning to the start.
type Around<'a> = Peekable<Chain<Range<'a, (u64, AccountId)>, Range<'a, (u64, AccountId)>>>;

/// Where somebody is found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    /// The place in every ring: drawn at random for each shake.
    pub place: u64,
    pub account: AccountId,
    pub spot: Option<Spot>,
}

/// The people with free places.
#[derive(Default)]
pub(super) struct Free {
    world: Ring,
    near: HashMap<Cube, Ring>,
}

impl Free {
    pub(super) fn add(&mut self, found: Found) {
        let entry = (found.place, found.account);
        self.world.insert(entry);
        for cube in cubes(found.spot) {
            self.near.entry(cube).or_default().insert(entry);
        }
    }

    pub(super) fn remove(&mut self, found: Found) {
        let entry = (found.place, found.account);
        if !self.world.remove(&entry) {
            return;
        }
        for cube in cubes(found.spot) {
            if let Some(ring) = self.near.get_mut(&cube) {
                ring.remove(&entry);
                if ring.is_empty() {
                    self.near.remove(&cube);
                }
            }
        }
    }

    /// All who can be within `reach` of a spot, and some who are farther, in the order of the ring from `start` on.
    pub(super) fn around(&self, spot: &Spot, reach: Band, start: u64) -> Walk<'_> {
        let rings = spot.cubes_around(reach).filter_map(|cube| self.near.get(&cube));
        Walk { start, rings: rings.map(|ring| around(ring, start)).collect() }
    }

    /// Everybody, in the order of the ring from `start` on.
    pub(super) fn everybody(&self, start: u64) -> Walk<'_> {
        Walk { start, rings: vec![around(&self.world, start)] }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize) {
        (self.world.len(), self.near.len())
    }
}

/// How far behind the start of a walk a place comes.
pub(super) fn distance(start: u64, place: u64) -> u64 {
    place.wrapping_sub(start)
}

fn cubes(spot: Option<Spot>) -> impl Iterator<Item = Cube> {
    spot.into_iter().flat_map(|spot| REACHES.map(|reach| spot.cube(reach)))
}

fn around(ring: &Ring, start: u64) -> Around<'_> {
    let start = (start, AccountId(0));
    ring.range(start..).chain(ring.range((Unbounded, Excluded(start)))).peekable()
}

/// A walk over several rings at once, lazily: who is not asked for costs nothing.
pub(super) struct Walk<'a> {
    start: u64,
    rings: Vec<Around<'a>>,
}

impl Iterator for Walk<'_> {
    type Item = (u64, AccountId);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.start;
        let mut next: Option<((u64, AccountId), usize)> = None;
        for (index, ring) in self.rings.iter_mut().enumerate() {
            if let Some((place, account)) = ring.peek() {
                let behind = (distance(start, *place), *account);
                if next.is_none_or(|(nearest, _)| behind < nearest) {
                    next = Some((behind, index));
                }
            }
        }
        let (_, index) = next?;
        self.rings[index].next().copied()
    }
}
