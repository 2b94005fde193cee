//! Where things are: the one gate through which positions come in, and the cells that stand for them from then on. Pure
//! functions of the globe, the time that they are given and keyed hashes; it knows no store, no clock and no plug-in.

mod band;
mod cell;
mod dense;
mod fix;
mod globe;
mod grid;
mod index;
mod publish;
mod spot;
#[cfg(test)]
mod tests;

pub use band::{Band, band};
pub use cell::{Cell, Size};
pub use dense::{Place, places};
pub use fix::{Fix, MAX_ACCURACY_M, fix};
pub use index::{Found, HourKey, Index, Look, Mark, Walk};
pub use publish::{Published, Refused, Rules, State, publish};
pub use spot::{Cube, Spot};

/// A point on the globe in plain form: degrees north, −90 to 90, and degrees east, −180 to below 180, without
/// negative zeros. `None` for what is no point: beyond these (a longitude of 180 is −180), infinite, not a number.
pub fn point(latitude: f64, longitude: f64) -> Option<(f64, f64)> {
    let there = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
    let east = if longitude == 180.0 { -180.0 } else { longitude };
    // Adding zero takes the sign off a zero.
    there.then_some((latitude + 0.0, east + 0.0))
}

/// What a person sends on purpose as "about here": the centre of the square of 2 km, wherever it is. `None` for what is no
/// point.
pub fn about(latitude: f64, longitude: f64) -> Option<(f64, f64)> {
    grid::Square::at(latitude, longitude).map(grid::Square::centre)
}
