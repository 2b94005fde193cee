//! Points on the globe: so many metres from here, and others of the same cell.

use super::Point;
use teahouse_server::geo::{Cell, Rules, State, fix, publish};
use teahouse_server::time::Time;

const EARTH_M: f64 = 6_371_008.8;
/// Points tried on the way out of a cell, in each direction.
const STEPS: u32 = 120;
/// Metres between them: the diagonal of the largest cells is passed.
const STEP_M: f64 = 30.0;

/// The point so many metres away in a direction (radians, clockwise from north), on a great circle.
pub(super) fn moved(from: Point, metres: f64, direction: f64) -> Point {
    let (north, east) = (from.0.to_radians(), from.1.to_radians());
    let arc = metres / EARTH_M;
    let sine = north.sin() * arc.cos() + north.cos() * arc.sin() * direction.cos();
    let there = sine.clamp(-1.0, 1.0).asin();
    let turn = (direction.sin() * arc.sin() * north.cos()).atan2(arc.cos() - north.sin() * there.sin());
    let east = (east + turn).to_degrees();
    (there.to_degrees(), (east + 540.0).rem_euclid(360.0) - 180.0)
}

/// The cell that a first position there publishes.
pub(super) fn cell(at: Point) -> Cell {
    let here = fix(at.0, at.1, 5.0, Time(1)).unwrap_or_else(|e| panic!("{at:?}: {e:?}"));
    publish(&State::default(), here, &Rules::default()).expect("a first position is taken").1.cell
}

/// The last point of the same cell in a direction.
pub(super) fn edge(of: Point, direction: f64) -> Point {
    let here = cell(of);
    let out = (1..=STEPS).map(|n| moved(of, f64::from(n) * STEP_M, direction));
    out.take_while(|at| cell(*at) == here).last().unwrap_or(of)
}
