//! The store on a disk that takes pages but cannot keep them, or is suddenly gone: the process must end at once, with
//! its own exit code and a sentence for the operator, and must not have acknowledged anything that is not kept.

use crate::store_writer::{Acknowledged, ENDLESS, How, StoreWriter};
use std::time::Duration;
use teahouse_tests::disk::{Disk, PowerSwitch};

/// What a thin disk promises and what it has, in MiB.
const PROMISED_MIB: u64 = 256;
const REAL_MIB: u64 = 40;
/// `EX_IOERR`.
const IO_ERROR: i32 = 74;
const LONG: Duration = Duration::from_secs(60);

/// Ends by itself, then starts again on a disk that works; gives what is not as it must be. `acknowledged` is what
/// counts, if not everything that ever was.
async fn end_and_start(
    disk: &Disk,
    mut writer: StoreWriter,
    how: How,
    acknowledged: Option<Acknowledged>,
) -> Vec<String> {
    let data = disk.path().join("data");
    let end = writer.process.exit(LONG).await;
    assert_eq!(end.code(), Some(IO_ERROR), "{}", writer.process.log());
    let log = writer.process.log();
    assert!(log.contains("cannot write to its disk") && log.contains("start again"), "{log}");
    let acknowledged = acknowledged.unwrap_or_else(|| writer.acknowledged());
    assert!(acknowledged.total() > 0, "{log}");
    disk.mend();
    disk.unmount();
    disk.mount();
    let mut writer = StoreWriter::start(&data, How { fault: None, operations: 10, ..how }, &acknowledged);
    let violations = writer.started().await.violations;
    if violations.is_empty() {
        // And it goes on.
        assert!(writer.process.exit(LONG).await.success(), "{}", writer.process.log());
    }
    violations
}

/// Forcing pages to the disk fails once the disk has no more room than this.
async fn fails_to_sync(engine: &'static str, fault: Option<&'static str>) -> Option<Vec<String>> {
    if !Disk::available() {
        return None;
    }
    let how = How { engine, fault, operations: ENDLESS };
    let disk = Disk::thin(PROMISED_MIB, REAL_MIB);
    let writer = StoreWriter::start(&disk.path().join("data"), how, &Acknowledged::none());
    Some(end_and_start(&disk, writer, how, None).await)
}

/// The disk is gone while the program works.
async fn vanishes(engine: &'static str) {
    if !Disk::available() {
        return;
    }
    let how = How { engine, fault: None, operations: ENDLESS };
    let mut switch = PowerSwitch::new().await;
    let disk = Disk::new(PROMISED_MIB);
    let mut writer = StoreWriter::start(&disk.path().join("data"), how, &Acknowledged::none());
    writer.acknowledges(500).await;
    // While ext4 is being shut down, Linux answers an fdatasync now and then with success and forgets the data (28 of
    // 150 times in a bare loop of writes, on 6.18), so what is acknowledged in that moment cannot be held against anybody.
    let counts = writer.acknowledged();
    switch.cut(&disk).await;
    let violations = end_and_start(&disk, writer, how, Some(counts)).await;
    assert!(violations.is_empty(), "{engine}: {violations:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sled_ends_when_it_cannot_sync() {
    let violations = fails_to_sync("sled", None).await.unwrap_or_default();
    assert!(violations.is_empty(), "{violations:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fjall_ends_when_it_cannot_sync() {
    let violations = fails_to_sync("fjall", None).await.unwrap_or_default();
    assert!(violations.is_empty(), "{violations:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledging_before_writing_is_found_out() {
    // The process ends so soon after its false word that the word may not get out.
    for _ in 0..10 {
        let violations = fails_to_sync("fjall", Some("ack-before-sync")).await;
        if violations.is_none_or(|v| !v.is_empty()) {
            return;
        }
    }
    panic!("the defect was not seen");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sled_ends_when_its_disk_is_gone() {
    vanishes("sled").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fjall_ends_when_its_disk_is_gone() {
    vanishes("fjall").await;
}
