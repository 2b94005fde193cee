//! Cells, which stand for positions: squares of 2 km, split 4 × 4 where many people live. A position within a cell cannot be
//! told from any other in it. Cells know neither who is in them nor since when.

use super::dense::is_dense;
use super::globe::{Vector, metres, vector};
use super::grid::{ROW_DEGREES, ROWS, Square, columns};

/// Parts of a side of a square that is split.
const PARTS: u32 = 4;
const PART_BITS: u32 = 5;
const COLUMN_BITS: u32 = 15;

/// The least side of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// 500 m, where many people live.
    Metres500,
    /// 2 km, elsewhere.
    Metres2000,
}

impl Size {
    /// The side in metres. Cells are no lower and no narrower, and not much wider except next to a pole.
    pub fn metres(self) -> u32 {
        match self {
            Self::Metres500 => 500,
            Self::Metres2000 => 2000,
        }
    }
}

/// A cell of the grid. Its number packs row, column and part (0 for a whole square), so cells order from south to north,
/// then from west to east, and the parts of a square are neighbours in that order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell(u64);

impl Cell {
    /// The cell of a point; `None` for what is no point. Only for this part of the server: others are given cells that were
    /// published.
    pub(super) fn at(latitude: f64, longitude: f64) -> Option<Self> {
        let square = Square::at(latitude, longitude)?;
        if !is_dense(square) {
            return Some(Self::pack(square, 0));
        }
        let (latitude, longitude) = super::point(latitude, longitude)?;
        let part = |share: f64, whole: u32| {
            let inside = (share - f64::from(whole)) * f64::from(PARTS);
            (inside as u32).min(PARTS - 1)
        };
        let north = part((latitude + 90.0) / ROW_DEGREES, square.row);
        let east = part((longitude + 180.0) / 360.0 * f64::from(columns(square.row)), square.column);
        Some(Self::pack(square, 1 + north * PARTS + east))
    }

    fn pack(square: Square, part: u32) -> Self {
        let place = u64::from(square.row) << COLUMN_BITS | u64::from(square.column);
        Self(place << PART_BITS | u64::from(part))
    }

    /// The number that is stored. Orders as the cell does.
    pub fn number(self) -> u64 {
        self.0
    }

    /// The cell that was stored under this number. `None` if the grid has no such cell, or no longer: a new table of
    /// places splits other squares.
    pub fn from_number(number: u64) -> Option<Self> {
        let cell = Self(number);
        let square = cell.square();
        let known =
            number >> (PART_BITS + COLUMN_BITS) < u64::from(ROWS) && square.column < columns(square.row);
        let fits = if known && is_dense(square) { 1..=PARTS * PARTS } else { 0..=0 };
        (known && fits.contains(&cell.part())).then_some(cell)
    }

    fn square(self) -> Square {
        let bits = |from: u32, count: u32| (self.0 >> from) as u32 & ((1 << count) - 1);
        Square { row: bits(PART_BITS + COLUMN_BITS, 32 - COLUMN_BITS), column: bits(PART_BITS, COLUMN_BITS) }
    }

    fn part(self) -> u32 {
        self.0 as u32 & ((1 << PART_BITS) - 1)
    }

    /// How large it is.
    pub fn size(self) -> Size {
        if self.part() == 0 { Size::Metres2000 } else { Size::Metres500 }
    }

    /// Its centre in degrees, latitude and longitude, to a metre. That of a polar cell is the pole.
    pub fn centre(self) -> (f64, f64) {
        let Some(part) = self.part().checked_sub(1) else { return self.square().centre() };
        let share = |n: u32| (f64::from(n) + 0.5) / f64::from(PARTS);
        self.square().inside(share(part / PARTS), share(part % PARTS))
    }

    /// Its centre on the sphere of radius one.
    pub(super) fn vector(self) -> Vector {
        vector(self.centre())
    }

    /// From centre to centre along the ground, in whole metres. The same in both directions.
    pub fn metres_to(self, other: Self) -> u32 {
        metres(self.vector(), other.vector()).round() as u32
    }

    /// Whether they share an edge or a corner, of whatever sizes, also over a pole or the antimeridian. A cell touches itself.
    pub fn touches(self, other: Self) -> bool {
        let (a, b) = (self.extent(), other.extent());
        a.south <= b.north && b.south <= a.north && a.meets_eastward(&b)
    }

    /// All other cells of the grid that it touches, in their order.
    pub fn neighbours(self) -> Vec<Self> {
        let (here, row) = (self.extent(), self.square().row);
        let mut found = Vec::new();
        for row in row.saturating_sub(1)..=(row + 1).min(ROWS - 1) {
            let count = columns(row);
            // The columns that may touch: those under the edges, and one more on each side.
            let scale = |edge: u64| (edge * u64::from(count) / here.turn) as u32;
            let (from, to) = (scale(here.west) + count - 1, scale(here.east) + count + 1);
            for column in (from..=to.min(from + count - 1)).map(|c| c % count) {
                let square = Square { row, column };
                let parts = if is_dense(square) { 1..=PARTS * PARTS } else { 0..=0 };
                found.extend(parts.map(|part| Self::pack(square, part)));
            }
        }
        found.retain(|cell| *cell != self && self.touches(*cell));
        found.sort_unstable();
        found.dedup();
        found
    }

    fn extent(self) -> Extent {
        let square = self.square();
        let (row, column, part) = (u64::from(square.row), u64::from(square.column), u64::from(self.part()));
        let (parts, turn) = (u64::from(PARTS), u64::from(columns(square.row)));
        let (south, west, length) = match part.checked_sub(1) {
            None => (row * parts, column * parts, parts),
            Some(part) => (row * parts + part / parts, column * parts + part % parts, 1),
        };
        Extent { south, north: south + length, west, east: west + length, turn: turn * parts }
    }

    /// Its edges in degrees: south, west, north and east. East of the antimeridian is 180, where a cell ends there; a polar
    /// cell goes all around.
    pub fn bounds(self) -> (f64, f64, f64, f64) {
        let e = self.extent();
        let north = |quarter: u64| quarter as f64 / f64::from(PARTS) * ROW_DEGREES - 90.0;
        let east = |edge: u64| edge as f64 / e.turn as f64 * 360.0 - 180.0;
        (north(e.south), east(e.west), north(e.north), east(e.east))
    }
}

/// The edges of a cell in whole numbers, so that touching is exact: quarters of rows from the south pole, and parts of a
/// turn from the antimeridian.
struct Extent {
    south: u64,
    north: u64,
    west: u64,
    east: u64,
    /// How many of its parts are the whole turn.
    turn: u64,
}

impl Extent {
    /// Whether the spans of longitude have a point in common, on the circle.
    fn meets_eastward(&self, other: &Self) -> bool {
        let meet = |a: &Self, b: &Self, turns: u64| {
            a.west * b.turn <= (b.east + turns * b.turn) * a.turn
                && (b.west + turns * b.turn) * a.turn <= a.east * b.turn
        };
        meet(self, other, 0) || meet(self, other, 1) || meet(other, self, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::tests::{anywhere, km_between};
    use proptest::prelude::*;

    /// The brute force of touching: the edges in degrees, compared with a tolerance far below a cell.
    fn touches_by_degrees(a: Cell, b: Cell) -> bool {
        let ((a_south, a_west, a_north, a_east), (b_south, b_west, b_north, b_east)) =
            (a.bounds(), b.bounds());
        let meet = |turn: f64| a_west <= b_east + turn + 1e-9 && b_west + turn <= a_east + 1e-9;
        a_south <= b_north + 1e-9 && b_south <= a_north + 1e-9 && [-360.0, 0.0, 360.0].into_iter().any(meet)
    }

    #[test]
    fn a_known_place() {
        let cell = Cell::at(30.2431, 120.1502).unwrap();
        assert_eq!((cell.size(), cell.centre()), (Size::Metres500, (30.24358, 120.15182)));
        assert_eq!(cell.size().metres(), 500);
        let meadow = Cell::at(47.0, 8.6).unwrap();
        assert_eq!((meadow.size(), meadow.number()), (Size::Metres2000, 7_986_183_584));
        assert_eq!(Cell::from_number(meadow.number()), Some(meadow));
    }

    #[test]
    fn a_pole_is_one_cell_that_touches_the_row_around_it() {
        for (pole, next) in [(90.0, 89.975), (-90.0, -89.975)] {
            let cap = Cell::at(pole, 33.0).unwrap();
            assert_eq!((cap, cap.centre()), (Cell::at(pole, -120.0).unwrap(), (pole, 0.0)));
            let around: Vec<Cell> =
                [-150.0, -90.0, -30.0, 30.0, 90.0, 150.0].map(|east| Cell::at(next, east).unwrap()).into();
            let mut sorted = around.clone();
            sorted.sort_unstable();
            assert_eq!(cap.neighbours(), sorted);
            assert!(
                !around[0].touches(around[2]) && around[0].touches(around[5]) && around[0].touches(around[1])
            );
            assert!(around.iter().all(|cell| cell.metres_to(cap) == around[0].metres_to(cap)));
        }
    }

    #[test]
    fn numbers_of_no_cell_are_none() {
        let fine = Cell::at(30.2431, 120.1502).unwrap();
        let coarse = Cell::at(0.0, -140.0).unwrap();
        let whole_of_fine = fine.number() & !31;
        for number in [whole_of_fine, whole_of_fine | 17, coarse.number() | 1, u64::MAX, 1 << 40, 1 << 5] {
            assert_eq!(Cell::from_number(number), None, "{number}");
        }
    }

    proptest! {
        #[test]
        fn a_cell_has_its_points_its_centre_and_its_number((north, east) in anywhere()) {
            let cell = Cell::at(north, east).expect("a point");
            prop_assert_eq!(Cell::from_number(cell.number()), Some(cell));
            let (centre_north, centre_east) = cell.centre();
            prop_assert_eq!(Cell::at(centre_north, centre_east), Some(cell));
            let away = km_between((north, east), cell.centre());
            prop_assert!(away < 1.25 * f64::from(cell.size().metres()) / 1000.0, "{away} km");
            let (south, west, top, right) = cell.bounds();
            prop_assert!(south <= north + 1e-9 && north <= top + 1e-9 && west <= east + 1e-9);
            prop_assert!(east <= right + 1e-9 || east == 180.0);
        }

        #[test]
        fn no_cell_is_narrower_than_its_side((north, east) in anywhere()) {
            let cell = Cell::at(north, east).expect("a point");
            let (south, west, top, right) = cell.bounds();
            let side = f64::from(cell.size().metres()) / 1000.0;
            prop_assert!(km_between((south, 0.0), (top, 0.0)) >= side);
            let poleward = if south.abs() > top.abs() { south } else { top };
            let width = (right - west).to_radians() * poleward.to_radians().cos() * super::super::globe::EARTH_KM;
            prop_assert!(width >= side * 0.9999 || cell.square().is_cap(), "{width}");
        }

        #[test]
        fn order_is_that_of_the_numbers(a in anywhere(), b in anywhere()) {
            let (a, b) = (Cell::at(a.0, a.1).expect("a point"), Cell::at(b.0, b.1).expect("a point"));
            prop_assert_eq!(a.cmp(&b), a.number().cmp(&b.number()));
            prop_assert_eq!(a.metres_to(b), b.metres_to(a));
            let by_the_book = km_between(a.centre(), b.centre()) * 1000.0;
            prop_assert!((f64::from(a.metres_to(b)) - by_the_book).abs() <= 1.0);
            prop_assert_eq!(a.touches(b), b.touches(a));
            prop_assert_eq!(a.touches(b), touches_by_degrees(a, b));
        }

        #[test]
        fn neighbours_are_all_that_touch((north, east) in anywhere(), up in -2.0..2.0_f64, right in -2.0..2.0_f64) {
            let cell = Cell::at(north, east).expect("a point");
            let neighbours = cell.neighbours();
            let side = f64::from(cell.size().metres());
            prop_assert!(neighbours.windows(2).all(|pair| pair[0] < pair[1]));
            for other in &neighbours {
                prop_assert!(*other != cell && touches_by_degrees(cell, *other) && other.touches(cell));
                prop_assert!(other.neighbours().contains(&cell));
                prop_assert!(cell.metres_to(*other) < 5000);
            }
            // Somewhere near: it is a neighbour exactly if it touches.
            let near_north = (north + up * side / 111_195.0).clamp(-90.0, 90.0);
            let turn = right * side / 111_195.0 / near_north.to_radians().cos().max(1e-4);
            let near = Cell::at(near_north, (east + turn + 540.0).rem_euclid(360.0) - 180.0).expect("a point");
            prop_assert_eq!(neighbours.contains(&near), near != cell && touches_by_degrees(cell, near));
        }
    }
}
