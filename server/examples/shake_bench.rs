//! Who meets whom by shaking: microseconds of processor time a shake, from coming to the last news, without cards and sockets.
//! Linux only. Arguments: people of each crowd (15 000; a third of them in one cell), seconds in which they come (10).

use std::collections::HashSet;
use teahouse_server::features::shake::matching::{Arrival, Matching};
use teahouse_server::geo::{Cell, Rules, State, fix, publish};
use teahouse_server::id::AccountId;
use teahouse_server::random::Random;
use teahouse_server::time::Time;

const WINDOW_MS: u64 = 5_000;

fn cell(north: f64, east: f64) -> Cell {
    let told = fix(north, east, 10.0, Time(0)).expect("a position");
    publish(&State::default(), told, &Rules::default()).expect("the first is taken").1.cell
}

/// Evenly over a part of the globe.
fn within(random: &Random, north: [f64; 2], east: [f64; 2]) -> Cell {
    let share = || random.below(1 << 30) as f64 / f64::from(1 << 30);
    let [from, to] = north.map(|degrees| degrees.to_radians().sin());
    cell((from + (to - from) * share()).asin().to_degrees(), east[0] + (east[1] - east[0]) * share())
}

#[allow(clippy::print_stdout)] // the result
fn run(name: &str, random: &Random, cells: &[Option<Cell>], over_ms: u64) {
    let shakes = cells.len() as u64;
    let arrivals = cells.iter().zip(1..).map(|(cell, id)| Arrival {
        account: AccountId(id),
        shake_id: id,
        cell: *cell,
        hidden: HashSet::new(),
        draw: [(); 2].map(|()| u64::from_be_bytes(random.bytes())),
    });
    let mut matching = Matching::new(WINDOW_MS);
    let (mut partners, mut events) = (0, 0);
    let began = used_ns();
    for (arrival, n) in arrivals.zip(0..) {
        let now_ms = n * over_ms / shakes;
        partners += matching.arrive(now_ms, arrival).len();
        if matching.next_due_ms().is_some_and(|due| due <= now_ms) {
            let news = matching.news(now_ms);
            partners += news.iter().map(|news| news.partners.len()).sum::<usize>();
            events += news.len();
        }
    }
    while let Some(due_ms) = matching.next_due_ms() {
        let news = matching.news(due_ms);
        partners += news.iter().map(|news| news.partners.len()).sum::<usize>();
        events += news.len();
    }
    let each = (used_ns() - began) as f64 / 1e3 / shakes as f64;
    let [partners, events] = [partners, events].map(|n| n as f64 / shakes as f64);
    println!("{name:<34} {each:>6.1} µs a shake, {partners:>5.1} partners, {events:.1} events");
}

/// What this thread used of the processor so far.
fn used_ns() -> u64 {
    let used =
        std::fs::read_to_string("/proc/thread-self/schedstat").expect("a Linux kernel with statistics");
    used.split(' ').next().and_then(|ns| ns.parse().ok()).expect("nanoseconds")
}

fn main() {
    let mut args = std::env::args().skip(1);
    let mut next = |default: u64| args.next().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (people, seconds) = (next(15_000), next(10));
    let random = Random::seeded(1);
    let here = cell(30.2431, 120.1502);
    let many = |make: &dyn Fn(u64) -> Option<Cell>| (0..people).map(make).collect::<Vec<_>>();
    let crowd: Vec<_> = (0..people / 3).map(|_| Some(here)).collect();
    let city = many(&|_| Some(within(&random, [30.1, 30.4], [120.0, 120.4])));
    let small = many(&|_| Some(within(&random, [47.3, 54.9], [6.0, 15.0])));
    let country = many(&|_| Some(within(&random, [22.0, 45.0], [85.0, 122.0])));
    let world = many(&|_| Some(within(&random, [-90.0, 90.0], [-180.0, 180.0])));
    let nowhere = many(&|_| None);
    let mixed = many(&|n| match n % 4 {
        0 => None,
        1 => Some(within(&random, [22.0, 45.0], [85.0, 122.0])),
        2 => Some(within(&random, [30.1, 30.4], [120.0, 120.4])),
        _ => Some(within(&random, [-60.0, 70.0], [-180.0, 180.0])),
    });
    for (over, over_ms) in [("at once", 0), ("over time", seconds * 1_000)] {
        for (name, cells) in [
            ("one cell", &crowd),
            ("a city", &city),
            ("Germany", &small),
            ("China", &country),
            ("the world", &world),
            ("without a position", &nowhere),
            ("a quarter of each", &mixed),
        ] {
            run(&format!("{} {name}, {over}", cells.len()), &random, cells, over_ms);
        }
    }
}
