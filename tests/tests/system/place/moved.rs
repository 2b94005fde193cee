//! The same probes against somebody whose positions all lie elsewhere in the same cells: not one answer to anybody may
//! differ.

use super::globe::{cell, edge, moved};
use super::{Point, look, shake, switch_on, unlimited};
use std::f64::consts::{PI, TAU};
use std::time::Duration;
use teahouse_client::{Error, Transport};
use teahouse_proto::common::{Band, Gender, StrangerCard};
use teahouse_proto::greetings::{
    BlockStrangerRequest, GetStrangerRequest, SendGreetingRequest, block_stranger_request,
};
use teahouse_proto::look_around::{
    ClearLocationRequest, LookOnRequest, LookRequest, UpdateLookAroundRequest,
};
use teahouse_proto::{GreetingsClient, LookAroundClient};
use teahouse_tests::person::Person;
use teahouse_tests::plain::refusal;
use teahouse_tests::transcript::difference;
use teahouse_tests::world::{Setup, World};

/// Between two rounds: longer than any rule makes one wait, so that those who probe lose no round.
const ROUND: Duration = Duration::from_secs(31 * 60);
/// How far the probes reach in each direction, in metres.
const REACH_M: f64 = 12_000.0;
const SPIES: usize = 10;

/// Where the victim is in each round: at home, at work, on the way, near by.
fn history(origin: Point, rounds: usize) -> Vec<Point> {
    let work = moved(origin, 4_300.0, 1.1);
    let there = |round: usize| match round % 8 {
        0 | 1 | 7 => origin,
        2 => moved(origin, 700.0, 2.0),
        3 => moved(origin, 2_600.0, 1.1),
        4 | 5 => work,
        _ => moved(work, 900.0, 4.0),
    };
    (0..rounds).map(there).collect()
}

/// As far in a direction as their cells go, each in its own.
fn pushed(history: &[Point], direction: f64) -> Vec<Point> {
    history.iter().map(|at| edge(*at, direction)).collect()
}

/// Points all around, as sunflower seeds lie.
fn probes(origin: Point, count: usize) -> Vec<Point> {
    let seed = |n: usize| {
        let share = (n as f64 + 0.5) / count as f64;
        moved(origin, REACH_M * share.sqrt(), n as f64 * PI * (3.0 - 5.0_f64.sqrt()) % TAU)
    };
    (0..count).map(seed).collect()
}

/// People in a form in which neither handles nor the order within a band count: that is another test's.
fn told(people: &[StrangerCard]) -> String {
    let mut lines: Vec<String> = people
        .iter()
        .map(|card| format!("{:?} {:?} {} {}", card.band(), card.way(), card.name, card.handle.len()))
        .collect();
    let bands: Vec<Band> = people.iter().map(StrangerCard::band).collect();
    assert!(bands.is_sorted(), "not nearest first: {bands:?}");
    lines.sort_unstable();
    lines.join(", ")
}

fn line<T>(outcome: Result<T, Error>, told: impl FnOnce(T) -> String) -> String {
    outcome.map_or_else(|error| refusal(&error), told)
}

/// All that one of those who probe asks in a round.
async fn probe(spy: &Person, at: Point, (round, number): (usize, usize)) -> Vec<String> {
    let around = LookAroundClient(spy.device.clone());
    let first = look(spy, at, Band::Unspecified).await;
    let victim = first.iter().flat_map(|seen| &seen.people).find(|card| card.name == "vera").cloned();
    let mut lines = vec![line(first, |seen| format!("{} {}", told(&seen.people), seen.next.len()))];
    let within = [Band::Within1Km, Band::Within2Km, Band::Within5Km][round % 3];
    // Elsewhere at once: that position must not be used.
    let aside = moved(at, 3_000.0, number as f64);
    lines.push(line(look(spy, aside, within).await, |seen| told(&seen.people)));
    let of_gender = LookRequest {
        position: super::position(at),
        gender: Gender::Female.into(),
        limit: 1,
        ..LookRequest::default()
    };
    match around.look(of_gender).await {
        Ok(seen) => {
            lines.push(format!("{} {}", told(&seen.people), seen.next.is_empty()));
            let on = around.look_on(LookOnRequest { cursor: seen.next, limit: 50 }).await;
            lines.push(line(on, |seen| told(&seen.people)));
        }
        Err(error) => lines.push(refusal(&error)),
    }
    if let Some(victim) = victim {
        lines.extend(meet(spy, victim, round).await);
    }
    if round % 5 == 4 && number == 3 {
        let cleared = around.clear_location(ClearLocationRequest {}).await;
        lines.push(line(cleared, |_| "cleared".to_owned()));
        lines.push(line(look(spy, at, Band::Unspecified).await, |seen| told(&seen.people)));
    }
    lines
}

/// What can be done to somebody who was found.
async fn meet(spy: &Person, victim: StrangerCard, round: usize) -> Vec<String> {
    let greetings = GreetingsClient(spy.device.clone());
    let handle = victim.handle;
    let opened = greetings.get_stranger(GetStrangerRequest { handle: handle.clone() }).await;
    let mut lines = vec![line(opened, |answer| told(&answer.card.into_iter().collect::<Vec<_>>()))];
    let mut client_greeting_id = vec![0; 16];
    client_greeting_id[..8].copy_from_slice(&(round as u64 + 1).to_be_bytes());
    let greeting = SendGreetingRequest {
        client_greeting_id: client_greeting_id.into(),
        handle: handle.clone(),
        text: "hello".to_owned(),
    };
    lines.push(line(greetings.send_greeting(greeting).await, |_| "sent".to_owned()));
    if round % 7 == 6 {
        let who = Some(block_stranger_request::Who::Handle(handle));
        let blocked = greetings.block_stranger(BlockStrangerRequest { who }).await;
        lines.push(line(blocked, |_| "blocked".to_owned()));
    }
    lines
}

/// What everybody was answered while the victim was at these places.
async fn answers(history: &[Point], probes: &[Point]) -> Vec<String> {
    let setup = unlimited(Setup::over(Transport::Ws)).set("shake.window_seconds", "30");
    let mut world = World::start(setup).await;
    let vera = world.person("vera").await;
    let mut spies = Vec::new();
    for n in 0..SPIES {
        spies.push(world.person(&format!("spy{n:03}")).await);
    }
    for person in spies.iter().chain([&vera]) {
        switch_on(person).await;
    }
    let hours = UpdateLookAroundRequest { visible_for_hours: Some(6), ..UpdateLookAroundRequest::default() };
    LookAroundClient(vera.device.clone()).update_look_around(hours).await.expect("changed");
    let mut lines = Vec::new();
    for (round, (at, probes)) in history.iter().zip(probes.chunks(SPIES)).enumerate() {
        let seen = look(&vera, *at, Band::Unspecified).await;
        let area = |seen: teahouse_proto::look_around::LookResponse| {
            format!("{} {:?}", told(&seen.people), seen.area)
        };
        lines.push(format!("{round} vera · {}", line(seen, area)));
        let shaken = line(shake(&vera, Some(*at)).await, |shaken| told(&shaken.partners));
        lines.push(format!("{round} vera shakes · {shaken}"));
        for (number, (spy, at)) in spies.iter().zip(probes).enumerate() {
            for told in probe(spy, *at, (round, number)).await {
                lines.push(format!("{round} {} · {told}", spy.name));
            }
            let shaken = line(shake(spy, Some(*at)).await, |shaken| told(&shaken.partners));
            lines.push(format!("{round} {} shakes · {shaken}", spy.name));
        }
        world.advance(ROUND);
    }
    world.go_down().await;
    lines
}

/// Compares three lives in the same cells.
async fn nobody_can_tell(origin: Point, count: usize) {
    let probes = probes(origin, count);
    let rounds = count / SPIES;
    let lives = [PI * 0.25, PI * 1.25].map(|direction| pushed(&history(origin, rounds), direction));
    let cells = lives.each_ref().map(|life| life.iter().map(|at| cell(*at)).collect::<Vec<_>>());
    assert_eq!(cells[0], cells[1]);
    assert!(lives[0].iter().zip(&lives[1]).all(|(a, b)| a != b), "the same positions");
    let told = [answers(&lives[0], &probes).await, answers(&lives[1], &probes).await];
    if let Some(difference) = difference(&told[0], &told[1]) {
        panic!("around {origin:?}: {difference}");
    }
    let seen = told[0].iter().filter(|line| line.contains("spy") && line.contains("vera")).count();
    assert!(seen > count / 4, "{seen} answers about the victim are too few to prove anything");
}

#[tokio::test]
async fn four_hundred_probes_in_a_city_tell_nothing_below_the_cell() {
    nobody_can_tell((39.9075, 116.3972), 400).await;
}

#[tokio::test]
async fn nor_do_probes_at_the_edge_of_a_city_and_in_the_country() {
    nobody_can_tell((48.85, 2.35), 80).await;
    nobody_can_tell((47.0, 100.3), 80).await;
}

#[tokio::test]
async fn nor_do_probes_at_the_equator_the_antimeridian_and_far_north() {
    nobody_can_tell((-0.2299, -78.525), 80).await;
    nobody_can_tell((-18.1416, 179.995), 80).await;
    nobody_can_tell((69.6489, 18.955), 80).await;
}

#[tokio::test]
async fn nor_do_probes_around_the_poles() {
    nobody_can_tell((89.96, 40.0), 80).await;
    nobody_can_tell((-89.9, -170.0), 80).await;
}
