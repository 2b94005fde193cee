//! Cells of 2 km: rows of latitude, and in each row as many columns as keep every cell at least as wide as it is high.
//! The grid is fixed and public; a position within a cell cannot be told from any other in it.

use std::f64::consts::{PI, TAU};

/// Mean radius of the Earth in kilometres (IUGG).
const EARTH_KM: f64 = 6371.0088;
/// The least side of a cell in kilometres.
const SIDE_KM: f64 = 2.0;
/// Rows from pole to pole: half a meridian by the side, rounded down so that none is lower than the side. Its being
/// odd puts the equator into the middle of a row.
const ROWS: u32 = (PI * EARTH_KM / SIDE_KM) as u32;
/// Degrees of latitude of a row.
const ROW_DEGREES: f64 = 180.0 / ROWS as f64;
/// Digits behind the point of a centre's degrees: a metre, and short on the wire.
const CENTRE_DIGITS: f64 = 1e5;

/// A cell of the grid. The rows at the poles are one cell each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// From the south pole.
    row: u32,
    /// Eastward from the antimeridian.
    column: u32,
}

impl Cell {
    /// The cell of a point; `None` for what is no point, see [`super::point`].
    pub fn at(latitude: f64, longitude: f64) -> Option<Self> {
        let (latitude, longitude) = super::point(latitude, longitude)?;
        let row = (((latitude + 90.0) / ROW_DEGREES) as u32).min(ROWS - 1);
        let columns = columns(row);
        let column = ((longitude + 180.0) / 360.0 * f64::from(columns)) as u32;
        Some(Self { row, column: column.min(columns - 1) })
    }

    /// Its centre in degrees, latitude and longitude, to a metre. That of a polar cell is the pole.
    pub fn centre(self) -> (f64, f64) {
        match self.row {
            0 => (-90.0, 0.0),
            row if row == ROWS - 1 => (90.0, 0.0),
            row => {
                let latitude = (f64::from(row) + 0.5) * ROW_DEGREES - 90.0;
                let longitude = (f64::from(self.column) + 0.5) / f64::from(columns(row)) * 360.0 - 180.0;
                (to_a_metre(latitude), to_a_metre(longitude))
            }
        }
    }
}

fn to_a_metre(degrees: f64) -> f64 {
    (degrees * CENTRE_DIGITS).round() / CENTRE_DIGITS + 0.0
}

/// How many columns a row has, by the length of its edge nearer to a pole.
fn columns(row: u32) -> u32 {
    let (south, north) = (f64::from(row) * ROW_DEGREES - 90.0, f64::from(row + 1) * ROW_DEGREES - 90.0);
    let poleward = south.abs().max(north.abs()).min(90.0).to_radians();
    ((TAU * EARTH_KM * poleward.cos() / SIDE_KM) as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn km_between((a_north, a_east): (f64, f64), (b_north, b_east): (f64, f64)) -> f64 {
        let (a, b) = (a_north.to_radians(), b_north.to_radians());
        let half = |radians: f64| (radians / 2.0).sin().powi(2);
        let h = half(b - a) + a.cos() * b.cos() * half((b_east - a_east).to_radians());
        2.0 * EARTH_KM * h.sqrt().min(1.0).asin()
    }

    #[test]
    fn the_grid_covers_the_globe() {
        assert_eq!(ROWS, 10_007);
        assert_eq!((columns(0), columns(ROWS - 1)), (1, 1));
        assert_eq!((columns(1), columns(ROWS - 2)), (6, 6));
        assert_eq!(columns(ROWS / 2), 20_015);
    }

    #[test]
    fn poles_and_antimeridian_belong_to_one_cell_each() {
        for east in [-180.0, -90.0, 0.0, 17.3, 180.0] {
            assert_eq!(Cell::at(90.0, east).unwrap().centre(), (90.0, 0.0));
            assert_eq!(Cell::at(-89.99, east).unwrap().centre(), (-90.0, 0.0));
        }
        assert_eq!(Cell::at(30.0, 180.0), Cell::at(30.0, -180.0));
        assert_eq!(Cell::at(30.0, -180.0).unwrap().column, 0);
        let last = Cell::at(30.0, 180.0_f64.next_down()).unwrap();
        assert_eq!(last.column, columns(last.row) - 1);
        assert_eq!(Cell::at(0.008, 5.0), Cell::at(-0.008, 5.0), "the equator is no edge");
        assert_eq!(Cell::at(91.0, 0.0), None);
    }

    #[test]
    fn a_known_place() {
        assert_eq!(Cell::at(30.2431, 120.1502).unwrap().centre(), (30.23683, 120.14922));
    }

    proptest! {
        #[test]
        fn no_cell_is_narrower_than_its_side(row in 1..ROWS - 1) {
            let edge = |n: u32| (f64::from(n) * ROW_DEGREES - 90.0).to_radians().cos() * TAU * EARTH_KM;
            let width = edge(row).min(edge(row + 1)) / f64::from(columns(row));
            prop_assert!((SIDE_KM..1.17 * SIDE_KM).contains(&width), "{width}");
        }

        #[test]
        fn a_centre_is_near_and_in_its_own_cell(north in -90.0..=90.0_f64, east in -180.0..=180.0_f64) {
            let cell = Cell::at(north, east).expect("a point");
            let (centre_north, centre_east) = cell.centre();
            prop_assert_eq!(Cell::at(centre_north, centre_east), Some(cell));
            let away = km_between((north, east), cell.centre());
            prop_assert!(away < 2.5, "{away} km");
        }
    }
}
