//! The whole server under power cuts: people send, the disk loses all that was not forced to it, and after the restart
//! every message that was acknowledged before the cut is there once. `store_power_cut` cuts the store alone, and more.

use std::time::Duration;
use teahouse_tests::dice::{Dice, from_environment};
use teahouse_tests::disk::{Disk, PowerSwitch};
use teahouse_tests::recorder::Recorder;
use teahouse_tests::server::{Options, Server};
use teahouse_tests::server_program;

/// Cuts of a series; `TEAHOUSE_CUTS` overrides it.
const CUTS: u32 = 10;
/// A defect may go unnoticed in so many times the cuts that a sound server must survive.
const PATIENCE: u32 = 5;
const DISK_MIB: u64 = 256;
const PAIRS: usize = 3;
/// Messages acknowledged before a cut, at most.
const MESSAGES: u64 = 400;
const LONG: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Outcome {
    cuts: u32,
    acknowledged: usize,
    violations: Vec<String>,
}

/// Cuts until something is found or the series is over.
async fn series(engine: &str, fault: Option<&'static str>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut dice = Dice::new(from_environment("TEAHOUSE_SEED", 1));
    let mut switch = PowerSwitch::new().await;
    let disk = Disk::new(DISK_MIB);
    let options = Options::new(server_program!(), &disk.path().join("data"), engine);
    let mut server = Server::start(&options).await;
    let mut recorder = Recorder::register(server.url(), PAIRS, dice.throw()).await;
    // With the defect, people could not even be registered in good order.
    assert!(server.stop(LONG).await.success());
    let options = options.fault(fault);
    server = Server::start(&options).await;
    let cuts = from_environment("TEAHOUSE_CUTS", CUTS) * if fault.is_some() { PATIENCE } else { 1 };
    while outcome.cuts < cuts && outcome.violations.is_empty() {
        let mut load = recorder.start(server.url());
        load.acknowledges(1 + dice.below(MESSAGES), LONG).await;
        load.count_no_more();
        switch.cut(&disk).await;
        server.kill().await;
        recorder.finish(load, LONG).await;
        outcome.cuts += 1;
        disk.unmount();
        disk.mount();
        server = match Server::try_start(&options).await {
            Ok(server) => server,
            Err(why) => {
                outcome.violations.push(why);
                break;
            }
        };
        recorder.repeat(server.url(), 3).await;
        outcome.violations = recorder.verify(server.url()).await;
        outcome.violations.extend(disk.blobs());
    }
    outcome.acknowledged = recorder.counts().acknowledged;
    outcome
}

async fn survives(engine: &str) {
    if !Disk::available() {
        return;
    }
    let Outcome { cuts, acknowledged, violations } = series(engine, None).await;
    eprintln!("{engine}: {cuts} cuts, {acknowledged} messages acknowledged");
    assert!(violations.is_empty(), "{engine}: {violations:#?}");
    assert!(acknowledged > 500, "{engine}: too little was tried");
}

async fn is_found_out(engine: &str, fault: &'static str) {
    if !Disk::available() {
        return;
    }
    let outcome = series(engine, Some(fault)).await;
    eprintln!("{engine} with {fault}, after {} cuts: {:?}", outcome.cuts, outcome.violations.first());
    assert!(!outcome.violations.is_empty(), "{} cuts did not show {fault}", outcome.cuts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_messages_survive_on_sled() {
    survives("sled").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_messages_survive_on_fjall() {
    survives("fjall").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn skipping_fdatasync_is_found_out() {
    is_found_out("sled", "skip-fdatasync").await;
    is_found_out("fjall", "skip-fdatasync").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledging_before_writing_is_found_out() {
    is_found_out("sled", "ack-before-sync").await;
    is_found_out("fjall", "ack-before-sync").await;
}
