//! The index of places with many people: how long loading, an update and a page of 50 take. Arguments: people (1 000 000),
//! looks (100 000). People live around 200 cities as they do in the world: the nearer to the middle, the more.

use std::collections::HashMap;
use teahouse_proto::common::Gender;
use teahouse_server::geo::{Band, Cell, HourKey, Index, Look, Rules, State, fix, publish};
use teahouse_server::id::AccountId;
use teahouse_server::random::Random;
use teahouse_server::time::Time;
use tokio::time::Instant;

const CITIES: u64 = 200;

/// A cell somewhere around a city.
fn cell(random: &Random) -> Cell {
    let share = || random.below(1 << 30) as f64 / f64::from(1 << 30);
    let city = random.below(CITIES) as f64;
    let (north, east) = (city * 0.61 - 55.0, (city * 137.5) % 360.0 - 180.0);
    let (far, turn) = (0.3 * share() * share(), std::f64::consts::TAU * share());
    let at = (north + far * turn.sin(), (east + far * turn.cos() + 540.0) % 360.0 - 180.0);
    let told = fix(at.0, at.1, 10.0, Time(0)).expect("a position");
    publish(&State::default(), told, &Rules::default()).expect("the first is taken").1.cell
}

#[allow(clippy::print_stdout)] // the result
fn main() {
    let mut args = std::env::args().skip(1);
    let mut next = |default: u64| args.next().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (people, looks) = (next(1_000_000), next(100_000));
    let random = Random::seeded(1);
    let crowd: HashMap<AccountId, (Cell, Gender)> =
        (1..=people).map(|id| (AccountId(id), (cell(&random), Gender::Unspecified))).collect();
    let targets: Vec<(AccountId, Cell)> =
        (0..looks).map(|_| (AccountId(random.below(people) + 1), cell(&random))).collect();
    let each = |began: Instant| began.elapsed().as_secs_f64() * 1e6 / looks as f64;

    let began = Instant::now();
    let mut index = Index::load(&[1; 32], crowd);
    println!("loading {people}: {:.2} s", began.elapsed().as_secs_f64());

    let began = Instant::now();
    for (person, cell) in &targets {
        index.put(*person, *cell, Gender::Unspecified);
    }
    println!("update: {:.1} µs", each(began));

    let key = HourKey::new(&[2; 32], Time(0));
    let mut found = 0;
    let began = Instant::now();
    for (viewer, from) in &targets {
        let look = Look {
            from: *from,
            viewer: *viewer,
            gender: Gender::Unspecified,
            within: Band::Km10,
            after: None,
        };
        found += index.walk(look, &key).take(50).count();
    }
    println!("page of 50: {:.1} µs ({:.1} found on average)", each(began), found as f64 / looks as f64);
}
