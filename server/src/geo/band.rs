//! How far apart two cells are said to be: bands of distance, the same in both directions. No finer answer leaves the server.

use super::Cell;
use super::cell::Size;
use super::globe::{Vector, metres};

/// A band of distance between two cells. Nearer ones are less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Band {
    /// The same cell: about 500 m or about 2 km, see [`Cell::size`].
    SameCell,
    /// At most 1 km from centre to centre.
    Km1,
    /// At most 2 km.
    Km2,
    /// At most 5 km.
    Km5,
    /// At most 10 km.
    Km10,
    /// At most 50 km.
    Km50,
    /// At most 200 km.
    Km200,
    /// At most 1000 km.
    Km1000,
    /// Anywhere.
    World,
}

impl Band {
    /// All, nearest first.
    pub const ALL: [Self; 9] = [
        Self::SameCell,
        Self::Km1,
        Self::Km2,
        Self::Km5,
        Self::Km10,
        Self::Km50,
        Self::Km200,
        Self::Km1000,
        Self::World,
    ];

    /// The most metres that are in it; for [`Band::SameCell`] the side of the cell, for which `size` is asked.
    pub fn metres(self, size: Size) -> Option<u32> {
        match self {
            Self::SameCell => Some(size.metres()),
            Self::World => None,
            banded => Some(banded.upper()),
        }
    }

    /// The most metres from centre to centre.
    pub(super) fn upper(self) -> u32 {
        match self {
            Self::SameCell => 0,
            Self::Km1 => 1_000,
            Self::Km2 => 2_000,
            Self::Km5 => 5_000,
            Self::Km10 => 10_000,
            Self::Km50 => 50_000,
            Self::Km200 => 200_000,
            Self::Km1000 => 1_000_000,
            Self::World => u32::MAX,
        }
    }
}

/// The band that two cells are in. Symmetric.
pub fn band(a: Cell, b: Cell) -> Band {
    of_vectors((a, a.vector()), (b, b.vector()))
}

/// The same, where the centres are known as vectors.
pub(super) fn of_vectors(a: (Cell, Vector), b: (Cell, Vector)) -> Band {
    if a.0 == b.0 {
        return Band::SameCell;
    }
    let metres = metres(a.1, b.1).round() as u32;
    Band::ALL[1..].iter().copied().find(|band| metres <= band.upper()).unwrap_or(Band::World)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::tests::{anywhere, km_between};
    use proptest::prelude::*;

    #[test]
    fn known_pairs() {
        let at = |north, east| Cell::at(north, east).unwrap();
        let hangzhou = at(30.2431, 120.1502);
        for (other, expected) in [
            (at(30.2432, 120.1501), Band::SameCell),
            (at(30.2470, 120.1502), Band::Km1),
            (at(30.2570, 120.1502), Band::Km2),
            (at(30.2431, 120.1902), Band::Km5),
            (at(30.31, 120.1502), Band::Km10),
            (at(30.6, 120.1502), Band::Km50),
            (at(31.2304, 121.4737), Band::Km200),
            (at(35.0, 120.0), Band::Km1000),
            (at(52.52, 13.405), Band::World),
        ] {
            assert_eq!((band(hangzhou, other), band(other, hangzhou)), (expected, expected));
        }
        assert_eq!(band(at(-17.0, 179.999), at(-17.0, -179.999)), Band::Km2);
        assert_eq!(band(at(90.0, 0.0), at(89.975, 100.0)), Band::Km5);
        assert_eq!(Band::SameCell.metres(hangzhou.size()), Some(500));
        assert_eq!(
            (Band::Km5.metres(Size::Metres500), Band::World.metres(Size::Metres500)),
            (Some(5_000), None)
        );
    }

    proptest! {
        #[test]
        fn a_band_is_the_distance_of_the_centres(
            (north, east) in anywhere(), up in -1.0..1.0_f64, right in -1.0..1.0_f64, scale in 0..6_i32,
        ) {
            let a = Cell::at(north, east).expect("a point");
            let degrees = 30.0 / 10.0_f64.powi(scale);
            let other = ((north + up * degrees).clamp(-90.0, 90.0), (east + right * degrees + 540.0).rem_euclid(360.0) - 180.0);
            let b = Cell::at(other.0, other.1).expect("a point");
            let metres = km_between(a.centre(), b.centre()) * 1000.0;
            let band = band(a, b);
            prop_assert_eq!(band, super::band(b, a));
            prop_assert!(metres <= f64::from(band.upper()) + 1.0);
            prop_assert!(band == Band::SameCell || a != b);
            let below = Band::ALL.iter().rev().find(|b| **b < band).map_or(-1.0, |b| f64::from(b.upper()));
            prop_assert!(metres > below - 1.0);
        }
    }
}
