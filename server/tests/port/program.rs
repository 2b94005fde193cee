//! The program: what it prints, what it refuses, how it ends.

use crate::rig::SOON;
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::process::{Output, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_teahouse-server"));
    command.args(args).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true);
    command
}

async fn output(args: &[&str]) -> Output {
    timeout(SOON, program(args).output()).await.expect("ends in time").unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Starts a server and gives its first line.
async fn serve(args: &[&str]) -> (Child, String) {
    let mut child = program(args).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = timeout(SOON, lines.next_line()).await.expect("says something in time").unwrap();
    (child, line.expect("it starts"))
}

async fn signal(child: &mut Child, signal: Signal) -> Option<i32> {
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
    timeout(SOON, child.wait()).await.expect("ends in time").unwrap().code()
}

#[tokio::test]
async fn starts_with_one_line_answers_the_operator_and_stops_with_code_0() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").display().to_string();
    for ending in [Signal::TERM, Signal::INT] {
        let (mut server, line) = serve(&["--listen", "127.0.0.1:0", "--data", &data]).await;
        let url = line.split_whitespace().find(|w| w.starts_with("http://127.0.0.1:")).expect("the URL");
        assert!(!url.ends_with(":0") && line.contains(&data) && line.contains("Ctrl-C"), "{line}");
        let status = output(&["--data", &data, "admin", "status"]).await;
        assert!(status.status.success() && text(&status.stdout).contains(url), "{status:?}");
        let unknown = output(&["admin", "--data", &data, "recovery-code", "nobody_here"]).await;
        assert!(!unknown.status.success() && !unknown.stderr.is_empty(), "{unknown:?}");
        assert_eq!(signal(&mut server, ending).await, Some(0));
    }
    assert!(!output(&["--data", &data, "admin", "status"]).await.status.success(), "nobody is there");
}

#[tokio::test]
async fn prints_settings_that_it_reads() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("t.toml").display().to_string();
    let printed = output(&["--print-config", "--set", "limits.reads_per_s=77"]).await;
    assert!(
        printed.status.success() && text(&printed.stdout).contains("\nreads_per_s = 77\n"),
        "{printed:?}"
    );
    std::fs::write(&file, &printed.stdout).unwrap();
    let again = output(&["--print-config", "--config", &file]).await;
    assert_eq!(text(&again.stdout), text(&printed.stdout));
}

#[tokio::test]
async fn tells_all_that_is_wrong_and_starts_nothing() {
    let args = ["--listen", "0.0.0.0:0", "--set", "limits.enabled=false", "--set", "stroe.engine=sled"];
    let refused = output(&args).await;
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1));
    for what in ["--insecure-plaintext", "limits.enabled", "did you mean store.engine?"] {
        assert!(said.contains(what), "{what} is not in {said}");
    }
    assert!(!Path::new("teahouse-data").exists());
}

#[tokio::test]
async fn a_port_or_directory_in_use_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().display().to_string();
    let (mut server, line) = serve(&["--listen", "127.0.0.1:0", "--data", &data]).await;
    let address = line.split("http://").nth(1).and_then(|r| r.split(' ').next()).unwrap();
    let refused = output(&["--listen", address, "--ephemeral"]).await;
    assert!(!refused.status.success() && text(&refused.stderr).contains(address), "{refused:?}");
    let refused = output(&["--listen", "127.0.0.1:0", "--data", &data]).await;
    assert!(!refused.status.success() && text(&refused.stderr).contains(&data), "{refused:?}");
    assert_eq!(signal(&mut server, Signal::TERM).await, Some(0));
}

/// What a command line of an operator says, and whether it was a success.
async fn admin(data: &str, words: &str) -> (bool, String) {
    let words = words.split(' ');
    let args: Vec<&str> = ["--data", data, "admin"].into_iter().chain(words).collect();
    let said = output(&args).await;
    (said.status.success(), text(&said.stdout) + &text(&said.stderr))
}

#[tokio::test]
async fn operators_are_told_what_they_can_say_and_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().display().to_string();
    let (mut server, _) = serve(&["--listen", "127.0.0.1:0", "--data", &data]).await;
    let (done, help) = admin(&data, "help").await;
    for command in ["users", "sanction", "lift", "audit", "status"] {
        assert!(done && help.lines().any(|line| line.starts_with(command)), "{command} is not in {help}");
    }
    for (words, told) in [
        ("sanction", "suspend DAYS"),
        ("sanction nobody_here ban", "no account of this name"),
        ("sanction nobody_here shoot", "no sanction"),
        ("lift nobody_here ban", "no account of this name"),
        ("audit soon", "no number"),
        ("users a b", "one NAME"),
    ] {
        let (done, said) = admin(&data, words).await;
        assert!(!done && said.contains(told), "{words}: {said}");
    }
    assert_eq!(admin(&data, "users").await, (true, "no accounts yet\n".to_owned()));
    assert_eq!(admin(&data, "audit").await, (true, "nothing was done\n".to_owned()));
    let (done, _) = admin(&data, "invite 3").await;
    let (_, audit) = admin(&data, "audit").await;
    assert!(done && audit.contains("operator: made an invitation code, uses: 3"), "{audit}");
    assert_eq!(signal(&mut server, Signal::TERM).await, Some(0));
}

#[tokio::test]
async fn the_credential_is_in_a_file_of_the_operator_and_in_no_output() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().display().to_string();
    let mut known = None;
    for _ in 0..2 {
        // Into a file: a pipe that nobody reads would be full soon.
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let level = "log.level=debug,teahouse_server=trace";
        let args = ["--listen", "127.0.0.1:0", "--data", &data, "--set", level];
        let mut child = program(&args).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = timeout(SOON, lines.next_line()).await.expect("says something in time").unwrap();
        let file = dir.path().join("operator.token");
        let credential = std::fs::read_to_string(&file).unwrap().trim().to_owned();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(known.get_or_insert(credential.clone()), &credential, "it is made once");
        assert_eq!(signal(&mut child, Signal::TERM).await, Some(0));
        let logged = std::fs::read_to_string(dir.path().join("log")).unwrap();
        let said = first.expect("it starts") + &logged;
        assert!(said.contains("stopping") && !said.contains(&credential), "{said}");
    }
}
