//! `idle`: what a socket costs that is signed in, follows, and has nothing to hear.

use crate::Failure;
use crate::floor::Floor;
use crate::options::{Options, Profile};
use crate::people;
use crate::report::Report;
use crate::server::Server;
use std::time::Duration;
use teahouse_server::seed::Friends;
use tokio::time::Instant;

/// People who connect before memory is first read, so that what the server allocates once is not counted.
const FIRST: usize = 100;
/// Until the server's allocator and tasks are at rest.
const SETTLE: Duration = Duration::from_secs(2);

pub(crate) async fn run(options: &Options, floor: &Floor) -> Result<Report, Failure> {
    let server = Server::start(options, Friends::Pairs)?;
    let mut report = Report::new(Profile::Idle.name(), floor);
    let first = people::connect(options, &server, FIRST.min(options.connections())).await?;
    tokio::time::sleep(SETTLE).await;
    let before = server.rss_bytes();
    drop(first);
    let start = Instant::now();
    let people = people::connect(options, &server, options.connections()).await?;
    report.achieved_per_s = people.len() as f64 / start.elapsed().as_secs_f64();
    tokio::time::sleep(SETTLE).await;
    let (after, cpu) = (server.rss_bytes(), server.cpu_us());
    tokio::time::sleep(options.duration()).await;
    let idle_cpu = server.cpu_us().zip(cpu).map(|(now, then)| (now - then) as f64);
    report.cpu(idle_cpu.map(|us| us / people.len() as f64 / options.duration().as_secs_f64()));
    report.errors = people.iter().filter(|person| person.connection.is_over()).count() as u64;
    let grown = after.zip(before).map(|(after, before)| after.saturating_sub(before) as f64);
    report.bytes_per_connection =
        grown.map(|bytes| bytes / (people.len().saturating_sub(FIRST).max(1)) as f64);
    report.conditions(options, &server, people.len());
    Ok(report)
}
