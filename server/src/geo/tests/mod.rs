//! The place core from outside, against brute force and against those who want to know more than the cells tell.

mod attackers;
mod index;
mod publishing;

use super::*;
use crate::time::Time;
use proptest::prelude::*;
use std::time::Duration;

/// The haversine formula of the textbooks.
pub(super) fn km_between((a_north, a_east): (f64, f64), (b_north, b_east): (f64, f64)) -> f64 {
    let (a, b) = (a_north.to_radians(), b_north.to_radians());
    let half = |radians: f64| (radians / 2.0).sin().powi(2);
    let h = half(b - a) + a.cos() * b.cos() * half((b_east - a_east).to_radians());
    2.0 * globe::EARTH_KM * h.sqrt().min(1.0).asin()
}

/// Points where something may go wrong, and points anywhere: poles, antimeridian, equator, cities and their edges.
pub(super) fn anywhere() -> impl Strategy<Value = (f64, f64)> {
    let around = |north: f64, east: f64, degrees: f64| {
        (-degrees..degrees, -degrees..degrees).prop_map(move |(up, right)| (north + up, east + right))
    };
    prop_oneof![
        2 => (-90.0..=90.0_f64, -180.0..=180.0_f64),
        1 => (89.9..=90.0_f64, -180.0..=180.0_f64),
        1 => (-90.0..=-89.9_f64, -180.0..=180.0_f64),
        1 => (-90.0..=90.0_f64, prop_oneof![179.95..=180.0_f64, -180.0..-179.95_f64]),
        // Beijing, an edge of Paris, Quito on the equator, Suva near the antimeridian, Tromsø.
        2 => around(39.9075, 116.3972, 0.2),
        2 => around(48.85, 2.35, 0.4),
        1 => around(-0.2299, -78.525, 0.3),
        1 => around(-18.1416, 178.4415, 0.2),
        1 => around(69.6489, 18.955, 0.2),
    ]
}

/// A point of the cell, at these shares of its height and width.
fn inside(cell: Cell, north: f64, east: f64) -> (f64, f64) {
    let (south, west, top, right) = cell.bounds();
    (south + (top - south) * north, west + (right - west) * east)
}

fn told(at: (f64, f64), now: Time) -> Fix {
    fix(at.0, at.1, 20.0, now).expect("a position")
}

fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

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

#[test]
fn about_here_is_the_square_of_2_km_in_cities_too() {
    assert_eq!(about(30.2431, 120.1502), Some((30.23683, 120.14922)));
    assert_eq!(about(30.2431, 181.0), None);
}
