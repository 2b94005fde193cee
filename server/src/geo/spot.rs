//! A cell with where it lies on the sphere worked out once, for whoever compares many; and the cubes of space around it, which
//! find who may be near without knowing of poles and antimeridians. It does not know who is there.

use super::band::of_vectors;
use super::globe::{EARTH_KM, Vector};
use super::{Band, Cell, Size};

/// Metres by which a cube is larger than the distance that it finds, so that rounding loses nobody.
const ROUNDING_M: f64 = 1.0;
/// Bits of each coordinate of a cube.
const AXIS_BITS: u32 = 16;
/// Steps to a neighbour, along one axis.
const STEPS: [i64; 3] = [-1, 0, 1];

/// A cell, ready to be compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spot {
    cell: Cell,
    vector: Vector,
}

/// One of the cubes that all space is cut into, once for each band: their sides are as long as the band is wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cube(u64);

impl Spot {
    /// That of a cell.
    pub fn new(cell: Cell) -> Self {
        Self { cell, vector: cell.vector() }
    }

    /// How large the cell is.
    pub fn size(&self) -> Size {
        self.cell.size()
    }

    /// The band that two are in, as [`super::band`] says.
    pub fn band(&self, other: &Self) -> Band {
        of_vectors((self.cell, self.vector), (other.cell, other.vector))
    }

    /// The cube for `reach` in which it lies.
    pub fn cube(&self, reach: Band) -> Cube {
        let [x, y, z] = self.place(reach);
        Cube::pack(reach, x, y, z)
    }

    /// That cube and those around it. Every spot that is no farther than `reach` lies in one of them; others do, too.
    pub fn cubes_around(&self, reach: Band) -> impl Iterator<Item = Cube> {
        let [x, y, z] = self.place(reach);
        let steps = || STEPS.into_iter();
        let all = steps().flat_map(move |a| steps().flat_map(move |b| steps().map(move |c| (a, b, c))));
        all.map(move |(a, b, c)| Cube::pack(reach, x + a, y + b, z + c))
    }

    fn place(&self, reach: Band) -> [i64; 3] {
        let side = f64::from(reach.upper()) + ROUNDING_M;
        self.vector.map(|axis| (axis * EARTH_KM * 1000.0 / side).floor() as i64)
    }
}

impl Cube {
    fn pack(reach: Band, x: i64, y: i64, z: i64) -> Self {
        // Those of 1 km from the middle of the Earth to its surface are 6372: far from the ends of 16 bits.
        let axis = |n: i64| u64::from((n + (1 << (AXIS_BITS - 1))) as u16);
        let level = reach as u64;
        Self(((level << AXIS_BITS | axis(x)) << AXIS_BITS | axis(y)) << AXIS_BITS | axis(z))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::tests::anywhere;
    use proptest::prelude::*;
    use std::collections::HashSet;

    const REACHES: [Band; 7] =
        [Band::Km1, Band::Km2, Band::Km5, Band::Km10, Band::Km50, Band::Km200, Band::Km1000];

    proptest! {
        #[test]
        fn the_cubes_around_hold_all_who_are_near(
            (north, east) in anywhere(), up in -1.0..1.0_f64, right in -1.0..1.0_f64, scale in 0..6_i32,
        ) {
            let degrees = 30.0 / 10.0_f64.powi(scale);
            let other = ((north + up * degrees).clamp(-90.0, 90.0), (east + right * degrees + 540.0).rem_euclid(360.0) - 180.0);
            let a = Spot::new(Cell::at(north, east).expect("a point"));
            let b = Spot::new(Cell::at(other.0, other.1).expect("a point"));
            prop_assert_eq!(a.band(&b), super::super::band(a.cell, b.cell));
            for reach in REACHES {
                let around: HashSet<Cube> = a.cubes_around(reach).collect();
                prop_assert_eq!(around.len(), 27);
                prop_assert!(around.contains(&a.cube(reach)));
                prop_assert!(a.band(&b) > reach || around.contains(&b.cube(reach)));
            }
        }
    }
}
