//! The program `store-writer` under a test: what it acknowledged so far, and what it found when it started.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use teahouse_tests::churn::WORKERS;
use teahouse_tests::process::Process;
use tokio::process::Command;
use tokio::sync::watch;

/// How long a store may take to open and to be checked.
const START_WITHIN: Duration = Duration::from_secs(120);

/// More operations than any test waits for.
pub(crate) const ENDLESS: u64 = u64::MAX / 2;

/// Operations acknowledged, by worker; the test may add up several lives of one store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Acknowledged(Vec<u64>);

impl Acknowledged {
    /// Nothing yet.
    pub(crate) fn none() -> Self {
        Self(vec![0; WORKERS as usize])
    }

    /// All together.
    pub(crate) fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// One life of the program.
pub(crate) struct StoreWriter {
    pub(crate) process: Process,
    acknowledged: Arc<Mutex<Acknowledged>>,
    total: watch::Receiver<u64>,
}

/// What the program needs to be told.
#[derive(Clone, Copy)]
pub(crate) struct How {
    pub(crate) engine: &'static str,
    pub(crate) fault: Option<&'static str>,
    /// Operations of each worker, after which it ends by itself.
    pub(crate) operations: u64,
}

/// What a life of the program found at its start.
#[derive(Default)]
pub(crate) struct Start {
    pub(crate) violations: Vec<String>,
    pub(crate) epoch: u64,
}

impl StoreWriter {
    /// Starts it on a data directory, of which all that is acknowledged must hold.
    pub(crate) fn start(dir: &Path, how: How, acknowledged: &Acknowledged) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_store-writer"));
        if let Some(fault) = how.fault {
            command.args(["--fault", fault]);
        }
        let list: Vec<String> = acknowledged.0.iter().map(u64::to_string).collect();
        command.arg(dir).args([how.engine, &how.operations.to_string(), &list.join(",")]);
        let shared = Arc::new(Mutex::new(acknowledged.clone()));
        let (count, total) = watch::channel(acknowledged.total());
        let process = Process::start_with("store-writer", command, {
            let shared = shared.clone();
            move |line| {
                let Some((worker, number)) = acknowledgement(line) else { return true };
                shared.lock().unwrap_or_else(PoisonError::into_inner).0[worker] = number;
                count.send_modify(|count| *count += 1);
                false
            }
        });
        Self { process, acknowledged: shared, total }
    }

    /// Waits until the store is open and checked. A store that does not open is a violation, too.
    pub(crate) async fn started(&mut self) -> Start {
        let mut start = Start::default();
        let ready = self.process.try_find(0, START_WITHIN, |l| l.starts_with("ready").then_some(())).await;
        for line in self.process.lines() {
            if let Some(violation) = line.strip_prefix("violation: ") {
                start.violations.push(violation.to_owned());
            } else if let Some(epoch) = line.strip_prefix("epoch ") {
                start.epoch = epoch.parse().expect("an epoch is a number");
            }
        }
        if ready.is_none() {
            let state = if self.process.has_ended() { "has ended" } else { "still runs" };
            start
                .violations
                .push(format!("the store does not open; its process {state}: {}", self.process.log()));
        }
        start
    }

    /// Waits until this many operations are acknowledged, or the program has ended.
    pub(crate) async fn acknowledges(&mut self, total: u64) {
        let within = Duration::from_secs(120);
        let wait = tokio::time::timeout(within, self.total.wait_for(|count| *count >= total)).await;
        assert!(wait.is_ok(), "{total} operations were not acknowledged: {}", self.process.log());
    }

    /// What it has acknowledged up to now.
    pub(crate) fn acknowledged(&self) -> Acknowledged {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn acknowledgement(line: &str) -> Option<(usize, u64)> {
    let (worker, number) = line.strip_prefix("a ")?.split_once(' ')?;
    Some((worker.parse().ok()?, number.parse().ok()?))
}
