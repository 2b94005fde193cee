//! Where things are: the grid of cells that stand for positions. Pure functions of the globe; it knows neither people
//! nor time.

mod cell;

pub use cell::Cell;

/// A point on the globe in plain form: degrees north, −90 to 90, and degrees east, −180 to below 180, without
/// negative zeros. `None` for what is no point: beyond these (a longitude of 180 is −180), infinite, not a number.
pub fn point(latitude: f64, longitude: f64) -> Option<(f64, f64)> {
    let there = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
    let east = if longitude == 180.0 { -180.0 } else { longitude };
    // Adding zero takes the sign off a zero.
    there.then_some((latitude + 0.0, east + 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_finite_and_on_the_globe() {
        for (given, kept) in [
            ((90.0, 180.0), Some((90.0, -180.0))),
            ((-90.0, -180.0), Some((-90.0, -180.0))),
            ((30.25, 120.16), Some((30.25, 120.16))),
            ((90.000_001, 0.0), None),
            ((0.0, -180.000_001), None),
            ((0.0, 360.0), None),
            ((f64::NAN, 0.0), None),
            ((0.0, f64::NAN), None),
            ((f64::INFINITY, 0.0), None),
            ((0.0, f64::NEG_INFINITY), None),
        ] {
            assert_eq!(point(given.0, given.1), kept, "{given:?}");
        }
        let (north, east) = point(-0.0, -0.0).expect("a point");
        assert!(north.is_sign_positive() && east.is_sign_positive());
    }
}
