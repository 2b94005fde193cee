//! The delay after failures.

use crate::features::accounts::AccountsConfig;
use crate::features::accounts::throttle::{Guesser, Throttle};
use crate::time::Time;
use std::time::Duration;

const NOW: Time = Time(1_800_000_000_000);
const ANNA: Guesser<'_> = Guesser { name: Some("anna_01"), network: None, at_home: false };

fn throttle() -> Throttle {
    Throttle::new(&AccountsConfig::default())
}

fn wait_s(throttle: &Throttle, guesser: Guesser<'_>, now: Time) -> u64 {
    throttle.begin(guesser, now).err().map_or(0, |e| e.retry_after_ms().div_ceil(1000))
}

fn fail(throttle: &Throttle, guesser: Guesser<'_>, now: Time) {
    throttle.begin(guesser, now).unwrap().failed(now);
}

#[test]
fn the_delay_doubles_after_five_failures_up_to_a_quarter_of_an_hour() {
    let throttle = throttle();
    let mut now = NOW;
    let mut waits = Vec::new();
    for _ in 0..17 {
        fail(&throttle, ANNA, now);
        let wait = wait_s(&throttle, ANNA, now);
        waits.push(wait);
        now = now + Duration::from_secs(wait);
        assert_eq!(wait_s(&throttle, ANNA, now), 0, "the wait that was told is enough");
    }
    assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
}

#[test]
fn time_without_a_failure_makes_up_for_one() {
    let throttle = throttle();
    for _ in 0..5 {
        fail(&throttle, ANNA, NOW);
    }
    let later = NOW + Duration::from_secs(900);
    fail(&throttle, ANNA, later);
    assert_eq!(wait_s(&throttle, ANNA, later), 1, "four, and this one");
    let much_later = later + Duration::from_secs(900 * 5);
    for _ in 0..4 {
        fail(&throttle, ANNA, much_later);
    }
    assert_eq!(wait_s(&throttle, ANNA, much_later), 0);
}

#[test]
fn a_success_clears_the_name_and_not_the_address() {
    let throttle = throttle();
    let network = Some("192.0.2.1".parse().unwrap());
    let at = |name| Guesser { name: Some(name), network, at_home: false };
    for name in ["anna_01", "anna_01", "anna_01", "anna_01"] {
        fail(&throttle, at(name), NOW);
    }
    throttle.begin(at("anna_01"), NOW).unwrap().succeeded();
    fail(&throttle, at("anna_01"), NOW);
    assert_eq!(wait_s(&throttle, at("bobby_01"), NOW), 1, "the fifth from this address");
    assert_eq!(wait_s(&throttle, ANNA, NOW), 0, "the first of this name");
}

#[test]
fn at_home_only_failures_at_home_count() {
    let throttle = throttle();
    let network = Some("192.0.2.1".parse().unwrap());
    let home = Guesser { name: Some("anna_01"), network, at_home: true };
    for _ in 0..5 {
        fail(&throttle, Guesser { network, ..ANNA }, NOW);
    }
    assert_eq!(wait_s(&throttle, home, NOW), 0);
    for _ in 0..5 {
        fail(&throttle, home, NOW);
    }
    assert_eq!(wait_s(&throttle, home, NOW), 1);
}

#[test]
fn a_try_without_outcome_counts_for_nothing() {
    let throttle = throttle();
    for _ in 0..100 {
        drop(throttle.begin(ANNA, NOW).unwrap());
    }
    assert_eq!(wait_s(&throttle, ANNA, NOW), 0);
    let open: Vec<_> = (0..5).map(|_| throttle.begin(ANNA, NOW).unwrap()).collect();
    assert_eq!(wait_s(&throttle, ANNA, NOW), 1, "five at once are enough");
    drop(open);
    assert_eq!(wait_s(&throttle, ANNA, NOW), 0);
}

#[test]
fn counters_are_bounded_and_the_freshest_stay() {
    let throttle = throttle();
    let mut now = NOW;
    let last = 200_000;
    for n in 0..=last {
        now = now + Duration::from_millis(1);
        let name = format!("person{n}");
        fail(&throttle, Guesser { name: Some(&name), network: None, at_home: false }, now);
        assert!(n % 10_000 != 0 || throttle.len() <= 65_536);
    }
    let freshest = format!("person{last}");
    let freshest = Guesser { name: Some(&freshest), network: None, at_home: false };
    for _ in 0..4 {
        fail(&throttle, freshest, now);
    }
    assert_eq!(wait_s(&throttle, freshest, now), 1);
}
