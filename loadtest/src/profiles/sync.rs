//! `sync`: a device that was away pulls what it lacks. Half of the people write a backlog to the other half before the
//! clock starts; then each reader catches up with it from the first number, page by page, again and again. An operation
//! is a `ListEntries` of at most 100 entries; a `catch_up` is the whole backlog, one page after the other.

use crate::Failure;
use crate::floor::{Floor, micros};
use crate::options::{Options, Profile};
use crate::people::{self, Person};
use crate::profiles::messages::message;
use crate::report::{Report, histogram};
use crate::server::Server;
use futures::stream::{self, StreamExt, TryStreamExt};
use hdrhistogram::Histogram;
use std::time::Duration;
use teahouse_proto::ChatClient;
use teahouse_proto::chat::ListEntriesRequest;
use teahouse_server::seed::Friends;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Entries on a page.
const PAGE: u32 = 100;
/// Messages of one writer under way.
const WRITES_IN_FLIGHT: usize = 32;

/// What a reader found.
struct Found {
    pages: Histogram<u64>,
    catch_ups: Histogram<u64>,
    errors: Vec<String>,
    lost: u64,
    reordered: u64,
}

pub(crate) async fn run(options: &Options, floor: &Floor) -> Result<Report, Failure> {
    let server = Server::start(options, Friends::Pairs)?;
    let people = people::connect(options, &server, options.connections()).await?;
    let pairs = people.len() / 2;
    let (writers, readers): (Vec<Person>, Vec<Person>) = people.into_iter().partition(|p| p.index % 2 == 0);
    write(options, writers).await?;

    let start = Instant::now();
    let (from, to) = (start + options.warm_up(), start + options.warm_up() + options.duration());
    let mut tasks = JoinSet::new();
    for reader in readers {
        tasks.spawn(read(reader, options.backlog, from, to));
    }
    tokio::time::sleep_until(from).await;
    let before = server.cpu_us();
    tokio::time::sleep_until(to).await;
    let cpu = server.cpu_us().zip(before).map(|(after, before)| (after - before) as f64);

    let mut report = Report::new(Profile::Sync.name(), floor);
    report.conditions(options, &server, pairs * 2);
    let (mut pages, mut catch_ups, mut errors) = (histogram(), histogram(), Vec::new());
    while let Some(found) = tasks.join_next().await {
        let found = found?;
        pages.add(&found.pages)?;
        catch_ups.add(&found.catch_ups)?;
        errors.extend(found.errors);
        report.lost += found.lost;
        report.reordered += found.reordered;
    }
    report.cpu(cpu.map(|us| us / pages.len().max(1) as f64));
    report.main(&pages);
    report.latency("list_entries", &pages, None);
    report.latency("catch_up", &catch_ups, None);
    report.achieved_per_s = pages.len() as f64 / options.duration().as_secs_f64();
    report.failures(errors);
    Ok(report)
}

/// The backlog of each pair.
async fn write(options: &Options, writers: Vec<Person>) -> Result<(), Failure> {
    let bar = people::progress(writers.len() as u64 * options.backlog, "writing");
    let mut tasks: JoinSet<Result<(), Failure>> = JoinSet::new();
    let (backlog, text_bytes) = (options.backlog, options.text_bytes);
    for writer in writers {
        let bar = bar.clone();
        tasks.spawn(async move {
            let conversation = *writer.conversations.first().ok_or("a person has no friend")?;
            let chat = ChatClient(writer.connection.clone());
            stream::iter(0..backlog)
                .map(|n| {
                    chat.send_message(message(writer.index, n, conversation, Duration::ZERO, text_bytes))
                })
                .buffered(WRITES_IN_FLIGHT)
                .try_for_each(|_| {
                    bar.inc(1);
                    std::future::ready(Ok(()))
                })
                .await?;
            Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    bar.finish_and_clear();
    Ok(())
}

async fn read(reader: Person, backlog: u64, from: Instant, to: Instant) -> Found {
    let mut found =
        Found { pages: histogram(), catch_ups: histogram(), errors: Vec::new(), lost: 0, reordered: 0 };
    let Some(conversation_id) = reader.conversations.first().copied() else {
        found.errors.push(format!("person {} has no friend", reader.index));
        return found;
    };
    let chat = ChatClient(reader.connection.clone());
    while Instant::now() < to {
        let begun = Instant::now();
        let (mut after_seq, mut entries) = (0, 0);
        loop {
            let asked = Instant::now();
            let request = ListEntriesRequest {
                conversation_id,
                after_seq,
                limit: PAGE,
                ..ListEntriesRequest::default()
            };
            let page = match chat.list_entries(request).await {
                Ok(page) => page,
                Err(error) => {
                    found.errors.push(error.to_string());
                    return found;
                }
            };
            if asked >= from && asked < to {
                found.pages.saturating_record(micros(asked.elapsed()));
            }
            for entry in &page.entries {
                found.reordered += u64::from(entry.seq != after_seq + 1);
                after_seq = entry.seq;
                entries += 1;
            }
            if after_seq >= page.head_seq || page.entries.is_empty() {
                break;
            }
        }
        found.lost += backlog.saturating_sub(entries);
        if begun >= from && begun < to {
            found.catch_ups.saturating_record(micros(begun.elapsed()));
        }
    }
    found
}
