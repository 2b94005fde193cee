//! The store alone under power cuts: real file system, real loss of all that was not forced to the disk. Values of 1
//! byte to 16 KiB, many writers, rows overwritten and removed, logs cut. Small and fast, so it can cut often.

use crate::store_writer::{Acknowledged, ENDLESS, How, Start, StoreWriter};
use std::path::PathBuf;
use std::time::Duration;
use teahouse_tests::churn::WORKERS;
use teahouse_tests::dice::{Dice, from_environment};
use teahouse_tests::disk::{Disk, PowerSwitch};

const DISK_MIB: u64 = 512;
/// Cuts of a series; `TEAHOUSE_CUTS` overrides it.
const CUTS: u32 = 10;
/// A defect may go unnoticed in so many times the cuts that a sound store must survive.
const PATIENCE: u32 = 5;
/// Decides the moments; `TEAHOUSE_SEED` overrides it.
const SEED: u64 = 20_240_229;
/// Acknowledged operations after which an aged store meets its first cut.
const AGED: u64 = 12_000;
const LONG: Duration = Duration::from_secs(120);

/// A series of power cuts.
struct Series {
    how: How,
    cuts: u32,
    /// Operations acknowledged before the first cut; 0: every cut hits a disk and a store of its own.
    age: u64,
}

/// What came of it.
#[derive(Default)]
struct Outcome {
    cuts: u32,
    acknowledged: u64,
    /// Changes of epoch that no loss called for: they make every client start anew.
    new_epochs: u32,
    violations: Vec<String>,
}

impl Series {
    fn new(engine: &'static str, fault: Option<&'static str>, age: u64) -> Self {
        Self {
            how: How { engine, fault, operations: ENDLESS },
            cuts: from_environment("TEAHOUSE_CUTS", CUTS) * if fault.is_some() { PATIENCE } else { 1 },
            age,
        }
    }

    /// Cuts until a violation is found or the series is over.
    async fn run(&self) -> Outcome {
        let mut outcome = Outcome::default();
        let mut dice = Dice::new(from_environment("TEAHOUSE_SEED", SEED));
        let mut switch = PowerSwitch::new().await;
        while outcome.cuts < self.cuts && outcome.violations.is_empty() {
            let mut disk =
                TestedDisk { disk: Disk::new(DISK_MIB), acknowledged: Acknowledged::none(), epoch: None };
            let cuts = match self.age {
                0 => 1,
                _ => self.cuts,
            };
            self.grow_old(&mut disk).await;
            for _ in 0..cuts {
                self.live(&mut disk, &mut switch, &mut dice, &mut outcome).await;
                outcome.cuts += 1;
                if !outcome.violations.is_empty() {
                    break;
                }
            }
            if outcome.violations.is_empty() {
                let mut writer = self.start(&mut disk, 0, &mut outcome).await;
                writer.process.kill().await;
            }
            outcome.acknowledged += disk.acknowledged.total();
        }
        outcome
    }

    /// Starts the program, which checks what is there.
    async fn start(&self, disk: &mut TestedDisk, operations: u64, outcome: &mut Outcome) -> StoreWriter {
        let how = How { operations, ..self.how };
        let mut writer = StoreWriter::start(&disk.data(), how, &disk.acknowledged);
        let Start { violations, epoch } = writer.started().await;
        outcome.violations.extend(violations);
        outcome.violations.extend(disk.disk.blobs());
        if outcome.violations.is_empty() && disk.epoch.replace(epoch).is_some_and(|before| before != epoch) {
            outcome.new_epochs += 1;
        }
        writer
    }

    /// Fills a store with what is then overwritten and removed, and closes it in order.
    async fn grow_old(&self, disk: &mut TestedDisk) {
        let each = self.age / u64::from(WORKERS);
        if each > 0 {
            let mut outcome = Outcome::default();
            let mut writer = self.start(disk, each, &mut outcome).await;
            assert!(writer.process.exit(LONG).await.success(), "{}", writer.process.log());
            disk.acknowledged = writer.acknowledged();
        }
    }

    /// Starts the program, lets it work for a random while, and takes the power.
    async fn live(
        &self,
        disk: &mut TestedDisk,
        switch: &mut PowerSwitch,
        dice: &mut Dice,
        outcome: &mut Outcome,
    ) {
        let mut writer;
        if dice.below(8) == 0 {
            // Somewhere on the way up: while the store is made, opened or checked. Any moment is as good.
            writer = StoreWriter::start(&disk.data(), self.how, &disk.acknowledged);
            tokio::time::sleep(Duration::from_millis(dice.below(60))).await;
        } else {
            writer = self.start(disk, ENDLESS, outcome).await;
            if outcome.violations.is_empty() {
                writer.acknowledges(disk.acknowledged.total() + 1 + dice.below(3000)).await;
            }
        }
        // Counted is what was acknowledged before the cut.
        disk.acknowledged = writer.acknowledged();
        switch.cut(&disk.disk).await;
        writer.process.kill().await;
        disk.disk.unmount();
        disk.disk.mount();
    }
}

/// A disk, and what its store must hold.
struct TestedDisk {
    disk: Disk,
    acknowledged: Acknowledged,
    epoch: Option<u64>,
}

impl TestedDisk {
    fn data(&self) -> PathBuf {
        self.disk.path().join("data")
    }
}

async fn survives(series: Series) {
    if !Disk::available() {
        return;
    }
    let name = format!("{}, {} cuts, aged by {}", series.how.engine, series.cuts, series.age);
    let outcome = series.run().await;
    eprintln!(
        "{name}: {} acknowledged, {} new epochs, violations: {:?}",
        outcome.acknowledged, outcome.new_epochs, outcome.violations
    );
    assert!(outcome.violations.is_empty(), "{name}: {:#?}", outcome.violations);
    assert_eq!(outcome.new_epochs, 0, "nothing was lost, so clients need not start anew");
    assert!(outcome.acknowledged > 1000, "{name}: too little was tried");
}

async fn fails(series: Series) {
    if !Disk::available() {
        return;
    }
    let outcome = series.run().await;
    eprintln!("with the defect, after {} cuts: {:?}", outcome.cuts, outcome.violations.first());
    assert!(!outcome.violations.is_empty(), "{} cuts did not show the defect", outcome.cuts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_young_sled_store_survives() {
    survives(Series::new("sled", None, 0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_young_fjall_store_survives() {
    survives(Series::new("fjall", None, 0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aged_sled_store_survives() {
    survives(Series::new("sled", None, AGED)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aged_fjall_store_survives() {
    survives(Series::new("fjall", None, AGED)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sled_without_fdatasync_is_found_out() {
    fails(Series::new("sled", Some("skip-fdatasync"), 0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fjall_without_fdatasync_is_found_out() {
    fails(Series::new("fjall", Some("skip-fdatasync"), 0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledging_before_writing_is_found_out() {
    fails(Series::new("sled", Some("ack-before-sync"), 0)).await;
}
