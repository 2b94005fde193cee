//! A disk that fills up: writes are refused in time and in words, reading goes on, the store can be opened again, and
//! writes are taken again when there is room. Whatever was refused is not there; whatever was acknowledged is.

use std::time::Duration;
use teahouse_tests::disk::Disk;
use teahouse_tests::recorder::Recorder;
use teahouse_tests::server::{Options, Server};
use teahouse_tests::server_program;

const MIB: u64 = 1 << 20;
const DISK_MIB: u64 = 384;
/// Where writes are refused, and where they are taken again.
const MIN_FREE_MIB: u64 = 96;
const RESUME_FREE_MIB: u64 = 128;
/// Too little to open a store.
const TOO_LITTLE_MIB: u64 = 16;
/// `EX_IOERR`.
const IO_ERROR: i32 = 74;
const LONG: Duration = Duration::from_secs(60);

fn options(disk: &Disk, engine: &str) -> Options {
    Options::new(server_program!(), &disk.path().join("data"), engine)
        .set("store.min_free_mib", &MIN_FREE_MIB.to_string())
        .set("store.resume_free_mib", &RESUME_FREE_MIB.to_string())
}

async fn send(recorder: &mut Recorder, server: &Server, count: u64) {
    let mut load = recorder.start(server.url());
    load.acknowledges(count, LONG).await;
    load.stop();
    recorder.finish(load, LONG).await;
}

async fn refuses_in_time(engine: &str) {
    if !Disk::available() {
        return;
    }
    let disk = Disk::new(DISK_MIB);
    let options = options(&disk, engine);
    let mut server = Server::start(&options).await;
    let mut recorder = Recorder::register(server.url(), 2, 5).await;
    send(&mut recorder, &server, 100).await;
    assert_eq!(recorder.counts().refused, 0);

    // The messages themselves take the last of the room.
    disk.fill((MIN_FREE_MIB + 2) * MIB);
    send(&mut recorder, &server, u64::MAX).await;
    let full = recorder.counts();
    assert!(full.refused >= 4 && full.unanswered == 0, "{engine}: every sender is told: {full:?}");
    assert!(disk.free_bytes() > (MIN_FREE_MIB - 4) * MIB, "{engine}: {} bytes are left", disk.free_bytes());
    assert_eq!(recorder.verify(server.url()).await, [""; 0], "reading goes on");

    // Also a server that starts now reads, and refuses.
    server.kill().await;
    server = Server::start(&options).await;
    send(&mut recorder, &server, u64::MAX).await;
    assert!(recorder.counts().refused > full.refused, "{engine}");
    assert_eq!(recorder.verify(server.url()).await, [""; 0]);

    // With less room still, a store could not be opened and closed in good order; then the server does not try.
    server.kill().await;
    disk.fill(TOO_LITTLE_MIB * MIB);
    let why = Server::try_start(&options).await.err().expect("it does not start");
    assert!(why.contains("Make room"), "{why}");

    disk.clear();
    server = Server::start(&options).await;
    send(&mut recorder, &server, 200).await;
    let roomy = recorder.counts();
    assert!(roomy.acknowledged >= full.acknowledged + 200, "{engine}: {full:?} {roomy:?}");
    assert_eq!(recorder.verify(server.url()).await, [""; 0]);
}

/// Somebody else takes all the room at once, faster than the store can look: the server ends rather than lie.
async fn ends_rather_than_lie(engine: &str) {
    if !Disk::available() {
        return;
    }
    let disk = Disk::new(DISK_MIB);
    let options = options(&disk, engine);
    let blind = options.clone().set("store.min_free_mib", "0").set("store.resume_free_mib", "0");
    let mut server = Server::start(&blind).await;
    let mut recorder = Recorder::register(server.url(), 2, 6).await;
    let mut load = recorder.start(server.url());
    load.acknowledges(100, LONG).await;
    disk.fill(0);
    let end = server.process.exit(LONG).await;
    assert_eq!(end.code(), Some(IO_ERROR), "{}", server.process.log());
    assert!(server.process.log().contains("cannot write to its disk"), "{}", server.process.log());
    recorder.finish(load, LONG).await;
    assert_eq!(recorder.counts().refused, 0, "nobody is told what is not known");

    disk.clear();
    server = Server::start(&options).await;
    recorder.repeat(server.url(), 5).await;
    send(&mut recorder, &server, 100).await;
    assert_eq!(recorder.verify(server.url()).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sled_refuses_in_time_and_recovers() {
    refuses_in_time("sled").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fjall_refuses_in_time_and_recovers() {
    refuses_in_time("fjall").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sled_ends_rather_than_lie() {
    ends_rather_than_lie("sled").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fjall_ends_rather_than_lie() {
    ends_rather_than_lie("fjall").await;
}
