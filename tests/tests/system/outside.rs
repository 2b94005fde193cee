//! A server in a process of its own: to measure its memory, and to start it with a defect.

use std::time::Duration;
use teahouse_tests::process::Process;
use teahouse_tests::world::{PATIENCE, Setup};
use tempfile::TempDir;
use tokio::process::Command;

/// How long a server may take to stop.
const STOPS_WITHIN: Duration = Duration::from_secs(30);

/// A running server.
pub(crate) struct Server {
    process: Process,
    url: String,
    data: TempDir,
}

impl Server {
    /// Starts one with these defects.
    pub(crate) async fn start(faults: &[&str], setup: &Setup) -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let mut command = Command::new(env!("CARGO_BIN_EXE_faulty-server"));
        for fault in faults {
            command.args(["--fault", fault]);
        }
        command.args(setup.arguments()).arg("--data").arg(data.path().join("data"));
        let process = Process::start("the server", command);
        let url = process
            .find("where it listens", PATIENCE, |line| {
                let at = line.find("http://")?;
                line[at..].split_whitespace().next().map(str::to_owned)
            })
            .await;
        Self { process, url, data }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The memory it occupies.
    pub(crate) fn resident_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.pid()));
        let status = status.expect("the system tells of its processes");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kib / 1024
    }

    /// What it wrote so far.
    pub(crate) fn log(&self) -> String {
        self.process.log()
    }

    /// Stops it in order.
    pub(crate) async fn stop(self) {
        self.stop_and_keep().await;
    }

    /// Stops it in order, and gives the directory with its data.
    pub(crate) async fn stop_and_keep(mut self) -> TempDir {
        self.process.signal(rustix::process::Signal::TERM);
        let end = self.process.exit(STOPS_WITHIN).await;
        assert!(end.success(), "{end}:\n{}", self.process.log());
        self.data
    }
}
