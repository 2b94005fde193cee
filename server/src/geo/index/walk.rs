//! One walk over the people around a cell: bands from near to far, cells of a band by their rank, people of a cell around
//! their ring. It can go on after any person it gave, also when others came and went meanwhile.

use super::order::HourKey;
use super::{Entry, Index, Occupied};
use crate::geo::band::of_vectors;
use crate::geo::globe::{Vector, chord_squared};
use crate::geo::{Band, Cell, band};
use crate::id::AccountId;
use rstar::iterators::NearestNeighborDistance2Iterator;
use std::collections::btree_set::Range;
use std::iter::{Chain, Peekable};
use std::ops::Bound::{Excluded, Included};
use teahouse_proto::common::Gender;

/// Metres by which the tree is asked for more than a band, so that rounding loses no cell.
const ROUNDING_M: f64 = 1.0;

/// Who looks, from where, at whom.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The published cell of the viewer.
    pub from: Cell,
    /// Is never found themselves.
    pub viewer: AccountId,
    /// Of whom to find only those; unspecified for everybody.
    pub gender: Gender,
    /// The last band to look into. The work of a band grows with its occupied cells.
    pub within: Band,
    /// After whom to go on.
    pub after: Option<Mark>,
}

/// Where a walk was: good for the same look in the same hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The cell of the last person given.
    pub cell: Cell,
    /// The last person given.
    pub person: AccountId,
}

/// A person whom a walk gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Who.
    pub person: AccountId,
    /// Where.
    pub cell: Cell,
    /// How far from the viewer.
    pub band: Band,
}

impl Found {
    /// To go on after this person.
    pub fn mark(&self) -> Mark {
        Mark { cell: self.cell, person: self.person }
    }
}

/// Gives people lazily.
pub struct Walk<'a> {
    index: &'a Index,
    look: Look,
    key: HourKey,
    /// What is left of the tree, by chords.
    nearest: Peekable<NearestNeighborDistance2Iterator<'a, Occupied>>,
    /// Cells that came out of the tree and belong to a farther band.
    early: Vec<(Band, Cell)>,
    /// Where the viewer is, on the sphere.
    centre: Vector,
    band: Band,
    /// The cells of this band that are left, the next one last.
    cells: Vec<Ranked>,
    ring: Option<Ring<'a>>,
}

type Ring<'a> = Chain<Range<'a, Entry>, Range<'a, Entry>>;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Ranked {
    rank: u64,
    cell: Cell,
    start: u64,
}

impl<'a> Walk<'a> {
    pub(super) fn new(index: &'a Index, look: Look, key: &HourKey) -> Self {
        let centre = look.from.vector();
        let nearest = index.cells.nearest_neighbor_iter_with_distance_2(centre).peekable();
        let (early, cells, ring) = (Vec::new(), Vec::new(), None);
        Self { index, look, key: key.clone(), nearest, early, centre, band: Band::SameCell, cells, ring }
    }

    /// Takes the cells of the next band that has any. `false` at the end.
    fn next_band(&mut self) -> bool {
        let from = (self.look.from, self.centre);
        let measured = |spot: &Occupied| (of_vectors(from, (spot.data, *spot.geom())), spot.data);
        let mut found = std::mem::take(&mut self.early);
        if found.is_empty() {
            found.extend(self.nearest.next().map(|(spot, _)| measured(spot)));
        }
        let Some(first) = found.iter().map(|(band, _)| *band).min() else { return false };
        if first > self.look.within {
            return false;
        }
        let limit = if first == Band::World {
            f64::INFINITY
        } else {
            chord_squared(f64::from(first.upper()) + ROUNDING_M)
        };
        while let Some((spot, _)) = self.nearest.next_if(|(_, chord)| *chord <= limit) {
            found.push(measured(spot));
        }
        let (here, early): (Vec<_>, Vec<_>) = found.into_iter().partition(|(band, _)| *band == first);
        (self.early, self.band) = (early, first);
        self.cells = self.rank(here.into_iter().map(|(_, cell)| cell).collect());
        true
    }

    /// The cells in the order of this viewer and hour, from the last to the first, without those that were walked before.
    fn rank(&self, cells: Vec<Cell>) -> Vec<Ranked> {
        let rank = |cell: Cell| {
            let (rank, start) = self.key.rank(self.look.viewer, cell);
            Ranked { rank, cell, start }
        };
        let last = self.look.after.map(|mark| (band(self.look.from, mark.cell), rank(mark.cell)));
        if last.is_some_and(|(band, _)| self.band < band) {
            return Vec::new();
        }
        let walked = last.filter(|(band, _)| self.band == *band).map(|(_, last)| last);
        let mut ranked: Vec<Ranked> =
            cells.into_iter().map(rank).filter(|cell| walked.is_none_or(|last| *cell >= last)).collect();
        ranked.sort_unstable_by(|a, b| b.cmp(a));
        ranked
    }

    /// The people of a cell around their ring, from its start, or from behind the mark if that is here.
    fn ring(&self, Ranked { cell, start, .. }: Ranked) -> Ring<'a> {
        let at = |place, person| Entry { cell, walk: self.look.gender as i32, place, person };
        let (zero, begin) = (at(0, AccountId(0)), at(start, AccountId(0)));
        let end = at(u64::MAX, AccountId(u64::MAX));
        let mark = self.look.after.filter(|mark| mark.cell == cell);
        let mark = mark.map(|mark| at(self.index.place(mark.person), mark.person));
        let entries = &self.index.entries;
        let to_end = |from| entries.range((from, Included(end)));
        let to_begin = |from| entries.range((from, Excluded(begin)));
        match mark {
            None => to_end(Included(begin)).chain(to_begin(Included(zero))),
            Some(last) if last >= begin => to_end(Excluded(last)).chain(to_begin(Included(zero))),
            Some(last) => entries.range(end..end).chain(to_begin(Excluded(last))),
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let viewer = self.look.viewer;
            if let Some(entry) = self.ring.as_mut().and_then(|ring| ring.find(|entry| entry.person != viewer))
            {
                return Some(Found { person: entry.person, cell: entry.cell, band: self.band });
            }
            if let Some(cell) = self.cells.pop() {
                self.ring = Some(self.ring(cell));
            } else if !self.next_band() {
                self.ring = None;
                return None;
            }
        }
    }
}
