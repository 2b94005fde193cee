//! A terminal with the program on its path, and a server of its own.

use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use teahouse_server::app::{App, Overrides, Running};
use teahouse_server::config::{Config, Sources};
use tempfile::TempDir;
use tokio::process::Command;

/// How long one command may take.
const COMMAND_DEADLINE: Duration = Duration::from_secs(60);

/// A terminal of somebody who just built everything: a server, and a home for the profiles.
pub(crate) struct Terminal {
    pub(crate) server: Running,
    pub(crate) home: TempDir,
    transport: &'static str,
}

impl Terminal {
    pub(crate) async fn open(transport: &'static str) -> Self {
        let flags = [("listen", "127.0.0.1:0"), ("store.engine", "memory")];
        let flags = flags.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        let (config, _) = Config::load(&Sources { flags, ..Sources::default() }).expect("good settings");
        let server = App::start(config, Overrides::default()).await.expect("the server starts");
        Self { server, home: tempfile::tempdir().expect("a folder"), transport }
    }

    /// Runs a line of the shell; gives what it printed. Anything but 0 at the end fails the test.
    pub(crate) async fn run(&self, line: &str) -> String {
        let folder = Path::new(env!("CARGO_BIN_EXE_teahouse")).parent().expect("it is in a folder");
        let line = line.replacen("teahouse ", &format!("teahouse --transport {} ", self.transport), 1);
        let path = std::env::var("PATH").unwrap_or_default();
        let command = Command::new("sh")
            .args(["-c", &line])
            .env("PATH", format!("{}:{path}", folder.display()))
            .env("TEAHOUSE_SERVER", self.server.url())
            .env("TEAHOUSE_HOME", self.home.path())
            .current_dir(self.home.path())
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(COMMAND_DEADLINE, command).await;
        let output = output.expect("the command ends in time").expect("a shell starts");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}\n{said}{complaints}");
        said
    }

    /// What a command with `--json` printed.
    pub(crate) async fn json(&self, line: &str) -> Value {
        let said = self.run(line).await;
        serde_json::from_str(&said).unwrap_or_else(|e| panic!("{line}: {e}\n{said}"))
    }
}
