//! `kill -9` at random moments under load on one growing store: nothing acknowledged is missing, nothing is there
//! twice, numbers have no gaps, and repeats get their first answers, also after a new sign-in.

use std::time::Duration;
use teahouse_tests::dice::{Dice, from_environment};
use teahouse_tests::recorder::{Counts, Recorder};
use teahouse_tests::server::{Options, Server};
use teahouse_tests::server_program;
use tokio::time::Instant;

/// Kills of a series; `TEAHOUSE_KILLS` overrides it.
const KILLS: u32 = 20;
/// Pairs of friends who write to each other.
const PAIRS: usize = 3;
/// Messages acknowledged between two kills, at most.
const MESSAGES: u64 = 500;
/// How long a server may take to be back.
const RESTART_WITHIN: Duration = Duration::from_secs(5);
const LONG: Duration = Duration::from_secs(60);

struct Outcome {
    kills: u32,
    counts: Counts,
    slowest_restart: Duration,
    violations: Vec<String>,
}

/// Kills until something is found or the series is over.
async fn series(engine: &str, fault: Option<&'static str>) -> Outcome {
    let dir = tempfile::tempdir().expect("a directory is made");
    let options = Options::new(server_program!(), &dir.path().join("data"), engine);
    let mut dice = Dice::new(from_environment("TEAHOUSE_SEED", 1));
    let mut server = Server::start(&options).await;
    let mut recorder = Recorder::register(server.url(), PAIRS, dice.throw()).await;
    // With the defect, people could not even be registered in good order.
    assert!(server.stop(LONG).await.success());
    let options = options.fault(fault);
    server = Server::start(&options).await;
    let mut outcome = Outcome {
        kills: 0,
        counts: Counts::default(),
        slowest_restart: Duration::ZERO,
        violations: Vec::new(),
    };
    let kills = from_environment("TEAHOUSE_KILLS", KILLS);
    while outcome.kills < kills && outcome.violations.is_empty() {
        let mut load = recorder.start(server.url());
        load.acknowledges(1 + dice.below(MESSAGES), LONG).await;
        server.kill().await;
        recorder.finish(load, LONG).await;
        let begin = Instant::now();
        server = Server::start(&options).await;
        outcome.slowest_restart = outcome.slowest_restart.max(begin.elapsed());
        if outcome.kills % 4 == 3 {
            recorder.sign_in_anew(server.url()).await;
        }
        recorder.repeat(server.url(), 3).await;
        outcome.violations = recorder.verify(server.url()).await;
        outcome.kills += 1;
    }
    outcome.counts = recorder.counts();
    outcome
}

async fn survives(engine: &str) {
    let Outcome { kills, counts, slowest_restart, violations } = series(engine, None).await;
    eprintln!("{engine}: {kills} kills, {counts:?}, slowest restart {slowest_restart:?}");
    assert!(violations.is_empty(), "{engine}: {violations:#?}");
    assert!(slowest_restart <= RESTART_WITHIN, "{engine}: {slowest_restart:?}");
    assert!(counts.acknowledged > 1000 && counts.unanswered == 0, "{engine}: {counts:?}");
}

async fn is_found_out(engine: &str, fault: &'static str) {
    let outcome = series(engine, Some(fault)).await;
    eprintln!("{engine} with {fault}, after {} kills: {:?}", outcome.kills, outcome.violations.first());
    assert!(!outcome.violations.is_empty(), "{} kills did not show {fault}", outcome.kills);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_on_sled() {
    survives("sled").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_on_fjall() {
    survives("fjall").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forgetting_client_ids_is_found_out() {
    is_found_out("sled", "skip-dedupe").await;
    is_found_out("fjall", "skip-dedupe").await;
}
