//! Where simulated people are: some live in one city, with offices in its middle and a crowd on one square in the evening,
//! the others live all over the world as people do. Pure functions of a seed and a person's number, so that whoever fills
//! a store and whoever puts it under load agree without asking each other. It does not know who looks at whom.

use crate::geo::{self, Published, Rules, State};
use crate::random::Random;
use crate::time::{HOUR, Time};
use sha2::{Digest, Sha256};
use std::f64::consts::TAU;
use std::time::Duration;

/// Degrees north and east.
pub type Point = (f64, f64);

/// Of so many people one lives in the city.
const ONE_IN_THE_CITY_OF: usize = 5;
/// Places with so many people can be the city.
const LEAST_OF_A_CITY: u32 = 1_000_000;
/// How far from its middle people of the city live, work, and where the square is that the evening's crowd is on.
const HOMES_KM: f64 = 6.0;
const OFFICES_KM: f64 = 2.0;
const SQUARE_AWAY_KM: f64 = 1.5;
const SQUARE_KM: f64 = 0.2;
/// Of so many people of the city one is in the crowd.
const ONE_IN_THE_CROWD_OF: u64 = 3;
/// People per square kilometre elsewhere: so wide does a place reach.
const PEOPLE_PER_KM2: f64 = 2_000.0;
/// Kilometres of a degree of latitude.
const DEGREE_KM: f64 = 111.195;
/// When people were last seen at home, at work, and where they are in the evening, before the store is filled.
const HOME_AGO: Duration = Duration::from_secs(20 * HOUR.as_secs());
const OFFICE_AGO: Duration = Duration::from_secs(8 * HOUR.as_secs());
pub(super) const EVENING_AGO: Duration = HOUR;

/// Where somebody is over the day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Life {
    /// Whether they are of the city.
    pub in_city: bool,
    /// At night.
    pub home: Point,
    /// By day.
    pub office: Point,
    /// In the evening: on the square, else at home.
    pub evening: Point,
}

/// The city and the rest of the world.
pub struct World {
    seed: String,
    middle: Point,
    square: Point,
    /// Places, with the people of each and all before it.
    places: Vec<(geo::Place, u64)>,
}

impl World {
    /// The world of a seed.
    pub fn new(seed: &str) -> Self {
        let mut people = 0;
        let count = |place: geo::Place| {
            people += u64::from(place.people);
            (place, people)
        };
        let places: Vec<_> = geo::places().into_iter().map(count).collect();
        let cities: Vec<_> = places.iter().filter(|(place, _)| place.people >= LEAST_OF_A_CITY).collect();
        let random = random(seed, u64::MAX);
        let city = &cities[random.below(cities.len() as u64) as usize].0;
        let middle = (city.latitude, city.longitude);
        let square = moved(middle, SQUARE_AWAY_KM, TAU * share(&random));
        Self { seed: seed.to_owned(), middle, square, places }
    }

    /// Where person `index` is over the day.
    pub fn life(&self, index: usize) -> Life {
        let random = random(&self.seed, index as u64);
        if index.is_multiple_of(ONE_IN_THE_CITY_OF) {
            let home = near(self.middle, HOMES_KM, &random);
            let office = near(self.middle, OFFICES_KM, &random);
            let goes_out = random.below(ONE_IN_THE_CROWD_OF) == 0;
            let evening = if goes_out { near(self.square, SQUARE_KM, &random) } else { home };
            return Life { in_city: true, home, office, evening };
        }
        let people = self.places.last().map_or(0, |(_, people)| *people);
        let one = random.below(people);
        let place = &self.places[self.places.partition_point(|(_, upto)| *upto <= one)].0;
        let (middle, reach) = ((place.latitude, place.longitude), reach_km(place.people));
        let home = near(middle, reach, &random);
        Life { in_city: false, home, office: near(middle, reach / 3.0, &random), evening: home }
    }
}

impl Life {
    /// What the server remembers of who looked around at home, at work and in the evening, the last an hour before `now`.
    pub fn remembered(&self, now: Time) -> (State, Published) {
        let stays = [(self.home, HOME_AGO), (self.office, OFFICE_AGO), (self.evening, EVENING_AGO)];
        let mut told = None;
        for (at, ago) in stays {
            let state = told.take().map_or_else(State::default, |(state, _)| state);
            let fix = geo::fix(at.0, at.1, 10.0, now - ago).expect("points that were moved are points");
            told =
                Some(geo::publish(&state, fix, &Rules::default()).expect("nobody is closed or so far away"));
        }
        told.expect("there were three stays")
    }
}

/// How far a place of so many people reaches.
fn reach_km(people: u32) -> f64 {
    (f64::from(people) / (PEOPLE_PER_KM2 * std::f64::consts::PI)).sqrt()
}

/// What decides about one person.
fn random(seed: &str, number: u64) -> Random {
    let mut hash = Sha256::new();
    hash.update(b"teahouse city\0");
    hash.update(seed.as_bytes());
    hash.update(number.to_be_bytes());
    let hash: [u8; 32] = hash.finalize().into();
    Random::seeded(hash[..8].iter().fold(0, |n, byte| n << 8 | u64::from(*byte)))
}

/// At least 0, below 1.
fn share(random: &Random) -> f64 {
    const STEPS: u64 = 1 << 53;
    random.below(STEPS) as f64 / STEPS as f64
}

/// Anywhere in a disc, everywhere as likely.
fn near(middle: Point, reach_km: f64, random: &Random) -> Point {
    let far = reach_km * share(random).sqrt();
    moved(middle, far, TAU * share(random))
}

/// So far away in a direction, in radians from north to east; across the antimeridian too, not across a pole.
pub fn moved(from: Point, km: f64, direction: f64) -> Point {
    let north = (from.0 + km * direction.cos() / DEGREE_KM).clamp(-89.9, 89.9);
    let east = from.1 + km * direction.sin() / (DEGREE_KM * north.to_radians().cos());
    (north, (east + 540.0).rem_euclid(360.0) - 180.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::{Band, band};
    use std::collections::HashMap;

    const NOW: Time = Time(1_800_000_000_000);

    #[test]
    fn the_same_seed_makes_the_same_world() {
        let [one, again, other] = ["tea", "tea", "coffee"].map(World::new);
        let lives = |world: &World| (0..200).map(|index| world.life(index)).collect::<Vec<_>>();
        assert_eq!(lives(&one), lives(&again));
        assert!(lives(&one).iter().zip(lives(&other)).all(|(one, other)| *one != other));
        assert_eq!(one.life(7).remembered(NOW), again.life(7).remembered(NOW));
    }

    #[test]
    fn the_city_has_a_crowd_and_the_world_has_none() {
        let world = World::new("tea");
        let lives: Vec<Life> = (0..5_000).map(|index| world.life(index)).collect();
        assert_eq!(lives.iter().filter(|life| life.in_city).count(), 1_000);
        let mut cells: HashMap<_, usize> = HashMap::new();
        for life in &lives {
            let (state, published) = life.remembered(NOW);
            assert_eq!(state.published(), Some(published.cell));
            *cells.entry(published.cell).or_default() += 1;
        }
        let (busiest, crowd) = cells.iter().max_by_key(|(_, people)| **people).expect("people are somewhere");
        assert!((80..400).contains(crowd), "{crowd} people in the busiest cell");
        let in_reach = cells.iter().filter(|(cell, _)| band(**cell, *busiest) <= Band::Km10);
        assert!(in_reach.map(|(_, people)| people).sum::<usize>() >= 1_000, "the city is all near");
        assert!(cells.len() > 3_000, "{} cells", cells.len());
        let north = lives.iter().filter(|life| life.home.0 > 0.0).count();
        assert!((3_000..4_900).contains(&north), "{north} people north of the equator");
    }

    #[test]
    fn who_moves_comes_so_far() {
        for (from, km, direction) in
            [((30.0, 120.0), 4.0, 0.3), ((-17.0, 179.99), 6.0, 1.5), ((69.0, 18.0), 2.0, 4.0)]
        {
            let to = moved(from, km, direction);
            let cosine = |(a, b): (Point, Point)| {
                let (a, b) = ((a.0.to_radians(), a.1.to_radians()), (b.0.to_radians(), b.1.to_radians()));
                a.0.sin() * b.0.sin() + a.0.cos() * b.0.cos() * (a.1 - b.1).cos()
            };
            let away = 6371.0 * cosine((from, to)).acos();
            assert!((away - km).abs() < 0.02 && (-180.0..180.0).contains(&to.1), "{away} of {km}: {to:?}");
        }
    }
}
