//! Who is in which cell, in memory, and walks over the people near to a cell: an R-tree of the occupied cells, and one sorted
//! set of people by cell. It does not know who may see whom; whoever walks leaves out whom it must before it counts.

mod order;
mod walk;

pub use order::HourKey;
pub use walk::{Found, Look, Mark, Walk};

use super::Cell;
use super::globe::Vector;
use crate::id::AccountId;
use order::Keyed;
use rstar::RTree;
use rstar::primitives::GeomWithData;
use std::collections::{BTreeSet, HashMap};
use teahouse_proto::common::Gender;

/// A cell with people, where it is on the sphere.
type Occupied = GeomWithData<Vector, Cell>;

/// A person in a walk over a cell: all people are in the one for everybody, those who say their gender in that one too.
/// Orders so that a walk is a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    cell: Cell,
    walk: i32,
    /// Where in the ring: a keyed hash of the person, so that neither age nor id tells.
    place: u64,
    person: AccountId,
}

/// The people who can be found. Made anew at each start from what is stored.
pub struct Index {
    key: Keyed,
    people: HashMap<AccountId, (Cell, Gender)>,
    entries: BTreeSet<Entry>,
    cells: RTree<Occupied>,
}

impl Index {
    /// An empty one. `secret` decides in which order people follow each other within a cell.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self::load(secret, HashMap::new())
    }

    /// One with these people from the start: much quicker than one by one.
    pub fn load(secret: &[u8; 32], people: HashMap<AccountId, (Cell, Gender)>) -> Self {
        let key = order::keyed(secret, b"place");
        let entries = people.iter().flat_map(|(person, (cell, gender))| rows(&key, *person, *cell, *gender));
        let entries: BTreeSet<Entry> = entries.collect();
        let mut cells: Vec<Cell> = people.values().map(|(cell, _)| *cell).collect();
        cells.sort_unstable();
        cells.dedup();
        let cells = RTree::bulk_load(cells.into_iter().map(occupied).collect());
        Self { key, people, entries, cells }
    }

    /// Puts somebody into a cell, and takes them out of the one where they were.
    pub fn put(&mut self, person: AccountId, cell: Cell, gender: Gender) {
        let before = self.people.insert(person, (cell, gender));
        if before == Some((cell, gender)) {
            return;
        }
        if let Some((old_cell, old_gender)) = before {
            self.leave(person, old_cell, old_gender);
        }
        if !self.is_occupied(cell) {
            self.cells.insert(occupied(cell));
        }
        self.entries.extend(rows(&self.key, person, cell, gender));
    }

    /// Takes somebody out. Whether they were there.
    pub fn remove(&mut self, person: AccountId) -> bool {
        let before = self.people.remove(&person);
        if let Some((cell, gender)) = before {
            self.leave(person, cell, gender);
        }
        before.is_some()
    }

    /// The cell that somebody is in.
    pub fn cell_of(&self, person: AccountId) -> Option<Cell> {
        self.people.get(&person).map(|(cell, _)| *cell)
    }

    /// How many people are in it.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Walks over the people around `look.from`, nearest band first. What is not asked for is not computed.
    pub fn walk(&self, look: Look, key: &HourKey) -> Walk<'_> {
        Walk::new(self, look, key)
    }

    fn leave(&mut self, person: AccountId, cell: Cell, gender: Gender) {
        for row in rows(&self.key, person, cell, gender) {
            self.entries.remove(&row);
        }
        if !self.is_occupied(cell) {
            self.cells.remove(&occupied(cell));
        }
    }

    fn is_occupied(&self, cell: Cell) -> bool {
        let everybody = Gender::Unspecified as i32;
        let first = Entry { cell, walk: everybody, place: 0, person: AccountId(0) };
        self.entries.range(first..).next().is_some_and(|entry| entry.cell == cell)
    }

    fn place(&self, person: AccountId) -> u64 {
        place(&self.key, person)
    }
}

fn occupied(cell: Cell) -> Occupied {
    Occupied::new(cell.vector(), cell)
}

fn place(key: &Keyed, person: AccountId) -> u64 {
    order::hash(key, &[person.0]).0
}

/// The walk of everybody, and that of the gender where it is said.
fn rows(key: &Keyed, person: AccountId, cell: Cell, gender: Gender) -> impl Iterator<Item = Entry> {
    let (place, everybody) = (place(key, person), Gender::Unspecified as i32);
    let own = Some(gender as i32).filter(|walk| *walk != everybody);
    [Some(everybody), own].into_iter().flatten().map(move |walk| Entry { cell, walk, place, person })
}
