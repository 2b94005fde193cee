//! Whether bands are the same from both sides, and whether the order within a band tells anything.

use super::globe::{cell, edge, moved};
use super::{Point, look, switch_on, unlimited};
use std::collections::BTreeMap;
use std::f64::consts::{PI, TAU};
use teahouse_client::Transport;
use teahouse_proto::LookAroundClient;
use teahouse_proto::common::Band;
use teahouse_proto::look_around::UpdateLookAroundRequest;
use teahouse_server::geo;
use teahouse_tests::person::Person;
use teahouse_tests::world::{Setup, World};

/// The middle of Beijing.
const CITY: Point = (39.9075, 116.3972);
const CROWD: usize = 24;
/// Enough that chance gives no three quarters of them the same order: once in a hundred thousand runs.
const VIEWERS: usize = 80;

async fn people(world: &World, name: &str, count: usize) -> Vec<Person> {
    let mut people = Vec::new();
    for n in 0..count {
        let person = world.person(&format!("{name}{n:03}")).await;
        switch_on(&person).await;
        people.push(person);
    }
    people
}

fn spread(count: usize, reach_m: f64) -> Vec<Point> {
    let there = |n: usize| moved(CITY, reach_m * ((n as f64 + 0.5) / count as f64).sqrt(), n as f64 * 2.4);
    (0..count).map(there).collect()
}

/// What the wire calls the band between two published cells.
fn banded(a: Point, b: Point) -> Option<Band> {
    let (a, b) = (cell(a), cell(b));
    match geo::band(a, b) {
        geo::Band::SameCell if a.size().metres() == 500 => Some(Band::Cell500M),
        geo::Band::SameCell => Some(Band::Cell2Km),
        geo::Band::Km1 => Some(Band::Within1Km),
        geo::Band::Km2 => Some(Band::Within2Km),
        geo::Band::Km5 => Some(Band::Within5Km),
        geo::Band::Km10 => Some(Band::Within10Km),
        _ => None,
    }
}

/// Everybody looks, then looks again from elsewhere, which must not be used yet. Gives what is not as between the published
/// cells of both.
pub(crate) async fn one_sided(world: &World) -> Vec<String> {
    let (crowd, homes) = (people(world, "guest", CROWD).await, spread(CROWD, 6_000.0));
    for (person, home) in crowd.iter().zip(&homes) {
        look(person, *home, Band::Unspecified).await.expect("a look");
    }
    let mut wrong = Vec::new();
    for (n, (person, home)) in crowd.iter().zip(&homes).enumerate() {
        let elsewhere = moved(*home, 3_500.0, n as f64);
        let seen = look(person, elsewhere, Band::Unspecified).await.expect("a look").people;
        let seen: BTreeMap<&str, Band> = seen.iter().map(|card| (card.name.as_str(), card.band())).collect();
        for (other, there) in crowd.iter().zip(&homes).filter(|(other, _)| other.name != person.name) {
            let (told, right) = (seen.get(other.name.as_str()).copied(), banded(*home, *there));
            if told != right {
                wrong.push(format!("{} sees {} at {told:?}, not {right:?}", person.name, other.name));
            }
        }
    }
    wrong
}

/// Two people at opposite edges of one cell, and viewers all around: how many of these see the nearer one first.
pub(crate) async fn sorted_by_distance(world: &World) -> usize {
    let pair = people(world, "victim", 2).await;
    let edges = [edge(CITY, PI * 0.5), edge(CITY, PI * 1.5)];
    assert_eq!(cell(edges[0]), cell(edges[1]));
    for (person, at) in pair.iter().zip(edges) {
        look(person, at, Band::Unspecified).await.expect("a look");
    }
    let viewers = people(world, "viewer", VIEWERS).await;
    let mut nearer_first = 0;
    for (n, viewer) in viewers.iter().enumerate() {
        let (direction, metres) = (n as f64 / VIEWERS as f64 * TAU, 1_200.0 + 60.0 * n as f64);
        let at = moved(CITY, metres, direction);
        let seen = look(viewer, at, Band::Unspecified).await.expect("a look").people;
        let first = seen.iter().find(|card| card.name.starts_with("victim")).expect("both are near");
        // Those who come later should find no more than the two.
        let off = UpdateLookAroundRequest { enabled: Some(false), ..UpdateLookAroundRequest::default() };
        LookAroundClient(viewer.device.clone()).update_look_around(off).await.expect("switched off");
        let east = direction.sin() > 0.0;
        nearer_first += usize::from((first.name == pair[0].name) == east);
    }
    nearer_first
}

/// As a test of [`sorted_by_distance`] judges.
pub(crate) fn looks_sorted(nearer_first: usize) -> bool {
    nearer_first * 4 >= VIEWERS * 3 || nearer_first * 4 <= VIEWERS
}

#[tokio::test]
async fn both_sides_are_told_the_same_band_and_only_from_published_cells() {
    let mut world = World::start(unlimited(Setup::over(Transport::Ws))).await;
    let wrong = one_sided(&world).await;
    assert!(wrong.is_empty(), "{wrong:#?}");
    world.go_down().await;
}

#[tokio::test]
async fn the_order_within_a_cell_says_nothing_of_who_is_nearer() {
    let mut world = World::start(unlimited(Setup::over(Transport::Ws))).await;
    let nearer_first = sorted_by_distance(&world).await;
    assert!(!looks_sorted(nearer_first), "{nearer_first} of {VIEWERS} saw the nearer one first");
    world.go_down().await;
}
