//! `nearby`: people of a city and of the rest of the world look around, at a rate that does not wait for the answers. One
//! look in ten tells a position that is read and publishes a new cell, the others come while the last one still counts; some
//! are followed by their further pages. Each card is checked against what is known of everybody. An operation is a look;
//! pages and looks with a new cell are told apart by slices of time in which there are more or fewer of them.

mod driver;
mod knowledge;
mod pool;
mod walk;

use super::messages::Span;
use super::strangers;
use crate::Failure;
use crate::costs;
use crate::floor::Floor;
use crate::options::{Options, Profile};
use crate::people::{self, Person};
use crate::report::Report;
use crate::server::{Scene, Server};
use driver::{Driver, Kind};
use futures::stream::{self, StreamExt, TryStreamExt};
use knowledge::Knowledge;
use std::time::Duration;
use teahouse_proto::LookAroundClient;
use teahouse_proto::look_around::ClearLocationRequest;
use teahouse_server::geo::{Cell, Rules};
use teahouse_server::seed::Friends;
use teahouse_server::seed::city::World;
use teahouse_server::time::Clock;
use tokio::time::Instant;
use walk::Walker;

/// Looks per second where nothing is said of them.
const RATE: f64 = 500.0;
/// One look of so many publishes a new cell.
const LOOKS_PER_CELL: f64 = 10.0;
/// The longest that the server lets positions count.
const LONGEST_READ_EVERY: f64 = 600.0;
/// One person of so many has left before the run begins.
const ONE_HIDDEN_OF: usize = 50;
/// More than any run draws.
const NO_LIMIT: u32 = 1_000_000;
/// The most looks an hour that the server can be told to allow.
const LOOKS_PER_HOUR: u32 = 3_600;
/// Calls under way before the run.
const AT_ONCE: usize = 32;

pub(crate) async fn run(options: &Options, floor: &Floor) -> Result<Report, Failure> {
    let rate = if options.rate > 0.0 { options.rate } else { RATE };
    let rules = Rules { read_every: read_every(options.connections(), rate), change_every: Duration::ZERO };
    let settings = [
        format!("place.read_every_seconds={}", rules.read_every.as_secs()),
        "place.change_every_seconds=0".to_owned(),
        format!("place.looks_per_hour={LOOKS_PER_HOUR}"),
        format!("place.new_cells_per_day={NO_LIMIT}"),
    ];
    let scene = Scene { friends: Friends::None, visible: options.users(), settings: settings.into() };
    let server = Server::start(options, scene)?;
    let (mut knowledge, walkers) = everybody(options);
    let people = people::connect(options, &server, options.connections()).await?;
    let cells: Vec<Cell> = (0..people.len()).map(|person| knowledge.cell(person)).collect();
    for (one, other) in strangers::block(&people, &strangers::neighbours(&cells)).await? {
        knowledge.block(one, other);
    }
    let (hidden, looking) = leave(people, &mut knowledge).await?;

    let (connections, span) = (hidden.len() + looking.len(), Span::of(options));
    let mut driver = Driver::new(looking, walkers, knowledge, rules);
    driver.drive(&server, span, rate).await?;
    let found = driver.found;

    let mut report = Report::new(Profile::Nearby.name(), floor);
    let costs = costs::of(&found.slices).filter(|_| server.cpu_us().is_some());
    let cost = |kind: Kind| costs.map(|costs| costs[kind as usize]);
    report.cpu(found.cpu_of_a_look().filter(|_| server.cpu_us().is_some()));
    report.main(&found.all_looks()?);
    report.latency("look", &found.looks, cost(Kind::Look));
    report.latency("look_with_cell", &found.looks_with_cell, cost(Kind::LookWithCell));
    report.latency("page", &found.pages, cost(Kind::Page));
    report.achieved_per_s = found.all_looks()?.len() as f64 / options.duration().as_secs_f64();
    report.offered(rate, &found.lag);
    report.goodput_ratio = Some(report.achieved_per_s / rate);
    (report.lost, report.duplicated, report.reordered) = (found.missing, found.repeated, found.disordered);
    report.failures(found.errors);
    report.conditions(options, &server, connections);
    Ok(report)
}

/// For how long a position counts, so that half of the people are where they were at any time while one look in ten is
/// read.
fn read_every(people: usize, rate: f64) -> Duration {
    let each = LOOKS_PER_CELL * people as f64 / rate;
    Duration::from_secs((each / 2.0).clamp(1.0, LONGEST_READ_EVERY) as u64)
}

/// What is known of all people in the store, and those of them who are going to look.
fn everybody(options: &Options) -> (Knowledge, Vec<Walker>) {
    let (world, now) = (World::new(&options.seed), Clock::system().now());
    let bar = people::progress(options.users() as u64, "placing");
    let mut walkers = Vec::new();
    let mut cells = Vec::with_capacity(options.users());
    for index in 0..options.users() {
        let life = world.life(index);
        let (state, published) = life.remembered(now);
        cells.push(published.cell);
        if index < options.connections() {
            walkers.push(Walker::new(life.evening, state));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    (Knowledge::new(cells), walkers)
}

/// Some clear their location; the others go on to look.
async fn leave(
    people: Vec<Person>,
    knowledge: &mut Knowledge,
) -> Result<(Vec<Person>, Vec<Person>), Failure> {
    let (hidden, looking): (Vec<Person>, Vec<Person>) =
        people.into_iter().partition(|person| (person.index + 1).is_multiple_of(ONE_HIDDEN_OF));
    stream::iter(&hidden)
        .map(|person| LookAroundClient(person.connection.clone()))
        .map(|client| async move { client.clear_location(ClearLocationRequest::default()).await.map(drop) })
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await?;
    hidden.iter().for_each(|person| knowledge.is_hidden(person.index, Instant::now()));
    Ok((hidden, looking))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_for_half_of_the_time_between_them() {
        for (people, rate, seconds) in
            [(15_000, 10_000.0, 7), (2_000, 200.0, 50), (128, 10_000.0, 1), (15_000, 1.0, 600)]
        {
            assert_eq!(read_every(people, rate), Duration::from_secs(seconds), "{people} at {rate}");
        }
    }
}
