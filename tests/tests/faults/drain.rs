//! SIGTERM under load: clients are told to come back, each after a wait of its own; the server ends in time with code 0,
//! and everything that it acknowledged is there when it starts again.

use std::collections::BTreeSet;
use std::time::Duration;
use teahouse_tests::recorder::Recorder;
use teahouse_tests::server::{Options, Server};
use teahouse_tests::server_program;

const PAIRS: usize = 4;
const END_WITHIN: Duration = Duration::from_secs(30);

async fn drains(engine: &str) {
    let dir = tempfile::tempdir().expect("a directory is made");
    let options = Options::new(server_program!(), &dir.path().join("data"), engine);
    let mut server = Server::start(&options).await;
    let mut recorder = Recorder::register(server.url(), PAIRS, 9).await;
    let mut load = recorder.start(server.url());
    load.acknowledges(300, END_WITHIN).await;
    let end = server.stop(END_WITHIN).await;
    assert!(end.success(), "{end}: {}", server.process.log());
    let waits = recorder.finish(load, END_WITHIN).await;
    assert_eq!(waits.len(), 2 * PAIRS, "all are told: {waits:?}");
    let different: BTreeSet<&u32> = waits.iter().collect();
    assert!(different.len() > 1 && !different.contains(&0), "they do not come all at once: {waits:?}");

    let server = Server::start(&options).await;
    recorder.repeat(server.url(), 3).await;
    assert_eq!(recorder.verify(server.url()).await, [""; 0]);
    assert_eq!(recorder.counts().unanswered, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_on_sled_says_goodbye() {
    drains("sled").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_on_fjall_says_goodbye() {
    drains("fjall").await;
}
