//! A real server process on a port of its own: started, killed, told to stop, and started again on the same data. Its
//! settings are those of a small machine; rate limits are off.

use crate::process::Process;
use rustix::process::Signal;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;
use tokio::process::Command;

/// How long a start may take before the test gives up on it.
const START_WITHIN: Duration = Duration::from_secs(120);

/// The program of this crate that is the server with `--fault`: for [`Options::new`], in integration tests.
#[macro_export]
macro_rules! server_program {
    () => {
        env!("CARGO_BIN_EXE_faulty-server")
    };
}

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct Options {
    program: PathBuf,
    data: PathBuf,
    faults: Vec<&'static str>,
    settings: Vec<String>,
}

impl Options {
    /// A server with its data in a directory, kept by the engine "sled" or "fjall" (or "memory").
    pub fn new(program: impl AsRef<OsStr>, data: &Path, engine: &str) -> Self {
        let options = Self {
            program: PathBuf::from(program.as_ref()),
            data: data.to_owned(),
            faults: Vec::new(),
            settings: Vec::new(),
        };
        options
            .set("store.engine", engine)
            .set("store.cache_mib", "16")
            .set("store.min_free_mib", "16")
            .set("store.resume_free_mib", "24")
            .set("limits.enabled", "false")
            .set("accounts.password_memory_kib", "64")
    }

    /// With another setting, as on the command line.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.settings.push(format!("{key}={value}"));
        self
    }

    /// With a deliberate defect, if one is named.
    #[must_use]
    pub fn fault(mut self, fault: Option<&'static str>) -> Self {
        self.faults.extend(fault);
        self
    }

    /// Where the data is.
    pub fn data(&self) -> &Path {
        &self.data
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // What the environment sets is meant for other servers.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TEAHOUSE_") {
                command.env_remove(name);
            }
        }
        command.args(["--listen", "127.0.0.1:0", "--data"]).arg(&self.data);
        for setting in &self.settings {
            command.args(["--set", setting]);
        }
        for fault in &self.faults {
            command.args(["--fault", fault]);
        }
        command
    }
}

/// A server that listens. Dropping it kills it.
pub struct Server {
    /// Its process.
    pub process: Process,
    url: String,
}

impl Server {
    /// Starts a server and waits until it listens.
    ///
    /// # Panics
    /// Where it does not start.
    pub async fn start(options: &Options) -> Self {
        Self::try_start(options).await.unwrap_or_else(|why| panic!("{why}"))
    }

    /// Starts a server and waits until it listens.
    ///
    /// # Errors
    /// What it said instead.
    pub async fn try_start(options: &Options) -> Result<Self, String> {
        let process = Self::launch(options);
        match process.try_find(0, START_WITHIN, listening).await {
            Some(url) => Ok(Self { process, url }),
            None => Err(format!("the server does not start: {}", process.log())),
        }
    }

    /// Starts a server and does not wait.
    pub fn launch(options: &Options) -> Process {
        Process::start("teahouse-server", options.command())
    }

    /// How clients call it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// `kill -9`.
    pub async fn kill(mut self) {
        self.process.kill().await;
    }

    /// Tells it to stop (SIGTERM), and waits until it has.
    ///
    /// # Panics
    /// Where that takes longer than `within`.
    pub async fn stop(&mut self, within: Duration) -> ExitStatus {
        self.process.signal(Signal::TERM);
        self.process.exit(within).await
    }
}

/// The address in "Teahouse 0.1.0 listens on http://127.0.0.1:7600 · …".
fn listening(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("listens on ")?;
    rest.split_whitespace().next().map(str::to_owned)
}
