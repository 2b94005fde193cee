//! Where many people live: the squares of 2 km that are split. Made from the bundled table of places (GeoNames), which is
//! fixed with the program and never grows by our own users, whom an attacker can invent.

use super::globe::EARTH_KM;
use super::grid::{ROW_DEGREES, ROWS, Square, columns};
use std::sync::LazyLock;

/// The table; `tools/places.py` says what is in it and makes it.
static TABLE: &[u8] = include_bytes!("places.bin");
const MAGIC: &[u8] = b"TEAPLACE";
const ROW_BYTES: usize = 12;
/// Fewer people than these split nothing.
const LEAST_PEOPLE: u32 = 20_000;
/// π · 2000: the divisor that gives the square of the radius (in km) at which a disc holds its people at 2000/km².
const PEOPLE_PER_SQUARE_RADIUS: f64 = 6283.0;

/// A place with its people.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Degrees north of its middle.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// How many live there.
    pub people: u32,
}

/// All places of the table: some 27 000, of at least 20 000 people each.
pub fn places() -> Vec<Place> {
    read(TABLE).expect("a test reads the table that is compiled in")
}

impl Place {
    /// How far around it squares are split.
    fn radius_km(&self) -> f64 {
        (f64::from(self.people) / PEOPLE_PER_SQUARE_RADIUS).sqrt()
    }
}

/// What is read from bytes of the table's form; `None` if they are not.
fn read(table: &[u8]) -> Option<Vec<Place>> {
    let (rows, rest) = table.strip_prefix(MAGIC)?.as_chunks::<ROW_BYTES>();
    let places: Vec<Place> = rows.iter().filter_map(place).collect();
    (rest.is_empty() && places.len() == rows.len()).then_some(places)
}

fn place(row: &[u8; ROW_BYTES]) -> Option<Place> {
    let ([latitude, longitude, people], []) = row.as_chunks::<4>() else { return None };
    let degrees = |bytes: &[u8; 4]| f64::from(i32::from_le_bytes(*bytes)) / 1e6;
    let (latitude, longitude) = super::point(degrees(latitude), degrees(longitude))?;
    let people = u32::from_le_bytes(*people);
    (people >= LEAST_PEOPLE).then_some(Place { latitude, longitude, people })
}

/// Per row of the grid, the columns that are split: from, to (inclusive), ascending, apart from each other.
struct Dense(Vec<Vec<(u32, u32)>>);

static DENSE: LazyLock<Dense> = LazyLock::new(|| Dense::around(&places()));

/// Whether the square is split into cells of 500 m: its centre is near to a place, by the place's people. The squares
/// at the poles never are.
pub(super) fn is_dense(square: Square) -> bool {
    DENSE.contains(square)
}

impl Dense {
    fn around(places: &[Place]) -> Self {
        let mut rows = vec![Vec::new(); ROWS as usize];
        for place in places {
            let reach = (place.radius_km() / EARTH_KM).to_degrees() / ROW_DEGREES;
            let at = (place.latitude + 90.0) / ROW_DEGREES;
            let (from, to) = ((at - reach - 1.0).max(1.0) as u32, ((at + reach + 1.0) as u32).min(ROWS - 2));
            for row in from..=to {
                split_row(place, row, &mut rows[row as usize]);
            }
        }
        for spans in &mut rows {
            join(spans);
        }
        Self(rows)
    }

    fn contains(&self, square: Square) -> bool {
        let spans = &self.0[square.row as usize];
        let after = spans.partition_point(|span| span.0 <= square.column);
        after > 0 && square.column <= spans[after - 1].1
    }
}

/// Adds the columns of `row` whose centres lie within the place's radius.
fn split_row(place: &Place, row: u32, spans: &mut Vec<(u32, u32)>) {
    let north = ((f64::from(row) + 0.5) * ROW_DEGREES - 90.0).to_radians();
    let here = place.latitude.to_radians();
    // The haversine formula, solved for the difference of longitudes.
    let half = |radians: f64| (radians / 2.0).sin().powi(2);
    let share = (half(place.radius_km() / EARTH_KM) - half(north - here)) / (north.cos() * here.cos());
    if share < 0.0 {
        return;
    }
    let columns = columns(row);
    let width = f64::from(columns);
    let middle = (place.longitude + 180.0) / 360.0 * width - 0.5;
    let reach = (2.0 * share.sqrt().min(1.0).asin()).to_degrees() / 360.0 * width;
    let (from, to) = ((middle - reach).ceil() as i64, (middle + reach).floor() as i64);
    let last = i64::from(columns) - 1;
    if to - from >= last {
        spans.push((0, columns - 1));
        return;
    }
    // What reaches over the antimeridian is two spans, here and one turn away.
    for turn in [-1, 0, 1] {
        let (from, to) = ((from + turn * (last + 1)).max(0), (to + turn * (last + 1)).min(last));
        if let (Ok(from), Ok(to)) = (u32::try_from(from), u32::try_from(to))
            && from <= to
        {
            spans.push((from, to));
        }
    }
}

/// Sorts the spans and makes one of those that meet.
fn join(spans: &mut Vec<(u32, u32)>) {
    spans.sort_unstable();
    spans.dedup_by(|next, kept| {
        let meet = next.0 <= kept.1 + 1;
        if meet {
            kept.1 = kept.1.max(next.1);
        }
        meet
    });
    spans.shrink_to_fit();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::tests::km_between;
    use proptest::prelude::*;

    #[test]
    fn the_table_is_whole() {
        let places = read(TABLE).expect("it can be read");
        assert!((26_000..32_000).contains(&places.len()), "{}", places.len());
        assert!(TABLE.len() < 500_000);
        let bad: [&[u8]; 4] =
            [b"", b"TEAPLACF", &TABLE[..TABLE.len() - 1], b"TEAPLACE\0\0\0\0\0\0\0\0\0\0\0\0"];
        assert!(bad.iter().all(|table| read(table).is_none()));
    }

    #[test]
    fn cities_are_split_and_the_country_is_not() {
        for (north, east, dense) in [
            (39.9075, 116.3972, true), // Beijing
            (30.2431, 120.1502, true), // Hangzhou
            (-36.85, 174.76, true),    // Auckland
            (78.2232, 15.6267, false), // Longyearbyen
            (0.0, -140.0, false),      // the Pacific
            (47.0, 8.6, false),        // a valley in the Alps
            (90.0, 0.0, false),
            (-90.0, 0.0, false),
        ] {
            assert_eq!(is_dense(Square::at(north, east).unwrap()), dense, "{north} {east}");
        }
        let split: u32 = DENSE.0.iter().flatten().map(|(from, to)| to - from + 1).sum();
        assert!((200_000..600_000).contains(&split), "{split} squares");
    }

    /// One place of its own, anywhere and of any size, and squares near its edge.
    fn place_and_square() -> impl Strategy<Value = (Place, Square)> {
        let latitude = prop_oneof![-90.0..=90.0_f64, 89.0..=90.0_f64, -90.0..=-89.5_f64];
        let longitude = prop_oneof![-180.0..180.0_f64, 179.9..180.0_f64, -180.0..-179.9_f64];
        (latitude, longitude, LEAST_PEOPLE..30_000_000, -1.3..1.3_f64, -1.3..1.3_f64).prop_map(
            |(latitude, longitude, people, up, right)| {
                let place = Place { latitude, longitude, people };
                let degrees = (place.radius_km() / EARTH_KM).to_degrees();
                let north = (latitude + up * degrees).clamp(-90.0, 90.0);
                let east = longitude + right * degrees / north.to_radians().cos().max(0.01);
                let square = Square::at(north, (east + 540.0).rem_euclid(360.0) - 180.0).expect("a point");
                (place, square)
            },
        )
    }

    proptest! {
        #[test]
        fn spans_are_what_measuring_each_square_says((place, square) in place_and_square()) {
            let away = km_between((place.latitude, place.longitude), square.centre());
            let radius = place.radius_km();
            let dense = Dense::around(&[place]).contains(square);
            // Centres are told to a metre only.
            prop_assume!((away - radius).abs() > 0.002);
            prop_assert_eq!(dense, away < radius && !square.is_cap(), "{} of {}", away, radius);
        }
    }
}
