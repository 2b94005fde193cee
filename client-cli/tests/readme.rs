//! The commands of README.md, run by a shell as they stand there, over each transport; and what a program that reads `--json`
//! relies on. It knows the command line only.

use base64::Engine as _;
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
struct Terminal {
    server: Running,
    home: TempDir,
    transport: &'static str,
}

impl Terminal {
    async fn open(transport: &'static str) -> Self {
        let flags = [("listen", "127.0.0.1:0"), ("store.engine", "memory")];
        let flags = flags.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        let (config, _) = Config::load(&Sources { flags, ..Sources::default() }).expect("good settings");
        let server = App::start(config, Overrides::default()).await.expect("the server starts");
        Self { server, home: tempfile::tempdir().expect("a folder"), transport }
    }

    /// Runs a line of the shell; gives what it printed. Anything but 0 at the end fails the test.
    async fn run(&self, line: &str) -> String {
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
    async fn json(&self, line: &str) -> Value {
        let said = self.run(line).await;
        serde_json::from_str(&said).unwrap_or_else(|e| panic!("{line}: {e}\n{said}"))
    }
}

/// The smallest picture there is, in base64.
const PICTURE: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// The lines of the section "Send a message" that call the program.
fn commands(page: &str) -> Vec<&str> {
    let (_, section) = page.split_once("## Send a message").expect("the section is there");
    let (section, _) = section.split_once("\n## ").expect("another section follows");
    section.lines().filter(|line| line.starts_with("teahouse ")).collect()
}

async fn walk(transport: &'static str) {
    let terminal = Terminal::open(transport).await;
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let page = std::fs::read_to_string(page).expect("README.md is there");
    let lines = commands(&page);
    assert!(lines.len() > 4, "{lines:?}");
    let picture = base64::engine::general_purpose::STANDARD.decode(PICTURE).expect("a picture");
    std::fs::write(terminal.home.path().join("pier.jpg"), &picture).expect("a picture for the page");
    for line in lines {
        if line.contains(" accept ") {
            let waiting = terminal.json("teahouse --profile b --json requests").await;
            assert_eq!(waiting["requests"][0]["texts"][0]["text"], "hi", "{waiting}");
        }
        let said = terminal.run(line).await;
        assert!(!line.contains(" history ") || said.contains("hello 你好"), "{line}: {said}");
    }
    let history = terminal.json("teahouse --profile b --json history alice01").await;
    assert_eq!(history["entries"][1]["text"]["text"], "hello 你好", "{history}");
    assert!(history["entries"][2]["recalled"].is_object(), "{history}");
    let fetched = std::fs::read(terminal.home.path().join("3.png")).expect("the picture was fetched");
    assert_eq!(fetched, picture, "what is a PNG comes as one, and nothing was to be removed");
    terminal.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readme_works_over_websocket() {
    walk("ws").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readme_works_over_websocket_with_json() {
    walk("ws-json").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readme_works_over_grpc() {
    walk("grpc").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_says_why_and_ends_with_another_code() {
    let terminal = Terminal::open("ws").await;
    let line = "teahouse --profile c login nobody01 --password 'not the one'; test $? -ne 0";
    terminal.run(line).await;
    let line = "teahouse --profile c login nobody01 --password 'not the one' 2>&1 || true";
    let said = terminal.run(line).await;
    assert!(said.contains("password is wrong"), "{said}");
    terminal.server.shutdown().await;
}
