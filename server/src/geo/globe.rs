//! The Earth as a sphere, and points on it as vectors of length one: chords between them order as distances along the
//! ground do, everywhere, also at the poles and across the antimeridian.

/// Mean radius of the Earth in kilometres (IUGG).
pub(super) const EARTH_KM: f64 = 6371.0088;
const EARTH_M: f64 = EARTH_KM * 1000.0;

/// A point of the sphere of radius one.
pub(super) type Vector = [f64; 3];

/// The vector of degrees north and east.
pub(super) fn vector((latitude, longitude): (f64, f64)) -> Vector {
    let (north, east) = (latitude.to_radians(), longitude.to_radians());
    [north.cos() * east.cos(), north.cos() * east.sin(), north.sin()]
}

/// Metres along the ground. The same in both directions, to the last bit.
pub(super) fn metres(a: Vector, b: Vector) -> f64 {
    let square = (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2);
    2.0 * EARTH_M * (square.sqrt() / 2.0).min(1.0).asin()
}

/// The square of the chord under `metres` of ground; of the whole diameter from half a circumference on.
pub(super) fn chord_squared(metres: f64) -> f64 {
    let half = (metres / (2.0 * EARTH_M)).min(std::f64::consts::FRAC_PI_2);
    (2.0 * half.sin()).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::tests::km_between;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn chords_measure_as_the_textbook_does(
            a in (-90.0..=90.0_f64, -180.0..=180.0_f64), b in (-90.0..=90.0_f64, -180.0..=180.0_f64),
        ) {
            let (there, back) = (metres(vector(a), vector(b)), metres(vector(b), vector(a)));
            prop_assert_eq!(there.to_bits(), back.to_bits());
            prop_assert!((there - km_between(a, b) * 1000.0).abs() < 0.5, "{there}");
            prop_assert!((chord_squared(there) - (metres_to_chord(a, b))).abs() < 1e-9);
        }
    }

    fn metres_to_chord(a: (f64, f64), b: (f64, f64)) -> f64 {
        let (a, b) = (vector(a), vector(b));
        (0..3).map(|i| (a[i] - b[i]).powi(2)).sum()
    }

    #[test]
    fn a_degree_of_latitude_is_as_long_everywhere() {
        for north in [-90.0, -45.0, 0.0, 60.0, 89.0] {
            let degree = metres(vector((north, 17.0)), vector((north + 1.0, 17.0)));
            assert!((degree - 111_195.08).abs() < 0.1, "{degree}");
        }
        assert!(metres(vector((60.0, -180.0)), vector((60.0, 180.0))) < 1e-6);
        assert!(metres(vector((90.0, 12.0)), vector((90.0, -99.0))) < 1e-6);
        assert!((metres(vector((0.0, 0.0)), vector((0.0, 180.0))) - 20_015_114.4).abs() < 1.0);
    }
}
