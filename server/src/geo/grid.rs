//! The grid of 2 km: rows of latitude, and in each row as many columns as keep every square at least as wide as it is
//! high. It is fixed and public; it does not know where people live.

use super::globe::EARTH_KM;
use std::f64::consts::{PI, TAU};

/// The least side of a square in kilometres.
const SIDE_KM: f64 = 2.0;
/// Rows from pole to pole: half a meridian by the side, rounded down so that none is lower than the side. Its being
/// odd puts the equator into the middle of a row.
pub(super) const ROWS: u32 = (PI * EARTH_KM / SIDE_KM) as u32;
/// Degrees of latitude of a row.
pub(super) const ROW_DEGREES: f64 = 180.0 / ROWS as f64;
/// Digits behind the point of a centre's degrees: a metre, and short on the wire.
const CENTRE_DIGITS: f64 = 1e5;

/// A square of 2 km. The rows at the poles are one square each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Square {
    /// From the south pole.
    pub(super) row: u32,
    /// Eastward from the antimeridian.
    pub(super) column: u32,
}

impl Square {
    /// The square of a point; `None` for what is no point, see [`super::point`].
    pub(super) fn at(latitude: f64, longitude: f64) -> Option<Self> {
        let (latitude, longitude) = super::point(latitude, longitude)?;
        let row = (((latitude + 90.0) / ROW_DEGREES) as u32).min(ROWS - 1);
        let columns = columns(row);
        let column = ((longitude + 180.0) / 360.0 * f64::from(columns)) as u32;
        Some(Self { row, column: column.min(columns - 1) })
    }

    /// Whether it is all there is around a pole.
    #[cfg(test)]
    pub(super) fn is_cap(self) -> bool {
        self.row == 0 || self.row == ROWS - 1
    }

    /// Its centre in degrees, latitude and longitude, to a metre. That of a polar square is the pole.
    pub(super) fn centre(self) -> (f64, f64) {
        self.inside(0.5, 0.5)
    }

    /// The point at these shares of its height and width, to a metre. In a polar square that is the pole.
    pub(super) fn inside(self, north: f64, east: f64) -> (f64, f64) {
        match self.row {
            0 => (-90.0, 0.0),
            row if row == ROWS - 1 => (90.0, 0.0),
            row => {
                let latitude = (f64::from(row) + north) * ROW_DEGREES - 90.0;
                let longitude = (f64::from(self.column) + east) / f64::from(columns(row)) * 360.0 - 180.0;
                (to_a_metre(latitude), to_a_metre(longitude))
            }
        }
    }
}

fn to_a_metre(degrees: f64) -> f64 {
    (degrees * CENTRE_DIGITS).round() / CENTRE_DIGITS + 0.0
}

/// How many columns a row has, by the length of its edge nearer to a pole.
pub(super) fn columns(row: u32) -> u32 {
    let (south, north) = (f64::from(row) * ROW_DEGREES - 90.0, f64::from(row + 1) * ROW_DEGREES - 90.0);
    let poleward = south.abs().max(north.abs()).min(90.0).to_radians();
    ((TAU * EARTH_KM * poleward.cos() / SIDE_KM) as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
            assert_eq!(Square::at(90.0, east).unwrap().centre(), (90.0, 0.0));
            assert_eq!(Square::at(-89.99, east).unwrap().centre(), (-90.0, 0.0));
        }
        assert_eq!(Square::at(30.0, 180.0), Square::at(30.0, -180.0));
        assert_eq!(Square::at(30.0, -180.0).unwrap().column, 0);
        let last = Square::at(30.0, 180.0_f64.next_down()).unwrap();
        assert_eq!(last.column, columns(last.row) - 1);
        assert_eq!(Square::at(0.008, 5.0), Square::at(-0.008, 5.0), "the equator is no edge");
        assert_eq!(Square::at(91.0, 0.0), None);
    }

    #[test]
    fn a_known_place() {
        assert_eq!(Square::at(30.2431, 120.1502).unwrap().centre(), (30.23683, 120.14922));
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
            let cell = Square::at(north, east).expect("a point");
            let (centre_north, centre_east) = cell.centre();
            prop_assert_eq!(Square::at(centre_north, centre_east), Some(cell));
            let away = crate::geo::tests::km_between((north, east), cell.centre());
            prop_assert!(away < 2.5, "{away} km");
        }
    }
}
