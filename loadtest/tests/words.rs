//! However a run ends, it says so: a run of an hour that leaves neither figures nor a reason is an hour lost.

use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

fn loadtest(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_teahouse-loadtest"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let full = File::options().write(true).open("/dev/full").expect("a device that is always full");
    let ended = loadtest(&["floor", "--json"]).stdout(full).output().expect("it runs");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success() && said.contains("the result cannot be written"), "{said}");
}

#[test]
fn who_ends_it_is_told() {
    let mut run = loadtest(&["idle", "--connections", "2", "--seconds", "600"]).spawn().expect("it runs");
    let mut lines = BufReader::new(run.stderr.take().expect("it is piped"));
    let mut said = String::new();
    while !said.contains("connecting 2") {
        assert!(lines.read_line(&mut said).expect("text") > 0, "it ended before: {said}");
    }
    let pid = Pid::from_raw(i32::try_from(run.id()).expect("a process id")).expect("not 0");
    kill_process(pid, Signal::TERM).expect("it runs");
    let ended = run.wait().expect("it ends");
    lines.read_to_string(&mut said).expect("text");
    assert_eq!(ended.code(), Some(1), "{said}");
    assert!(said.contains("ended by SIGTERM"), "{said}");
}

/// The report of a run without a fault.
fn report(arguments: &[&str]) -> serde_json::Value {
    let ended = loadtest(arguments).arg("--json").output().expect("it runs");
    let (said, printed) = (String::from_utf8_lossy(&ended.stderr), String::from_utf8_lossy(&ended.stdout));
    assert!(ended.status.success(), "{arguments:?}: {said}{printed}");
    serde_json::from_str(printed.lines().last().expect("a line")).expect("an object")
}

/// How often something was done.
fn count(report: &serde_json::Value, what: &str) -> u64 {
    report["per_op"][what]["count"].as_u64().expect("a count")
}

#[test]
fn everybody_in_a_group_hears_everything_once_and_in_order() {
    for profile in ["group", "hot-group"] {
        let report = report(&[profile, "--connections", "6", "--senders", "3", "--seconds", "1"]);
        let (delivered, acknowledged) = (count(&report, "deliver"), count(&report, "acknowledge"));
        assert!(acknowledged > 0 && delivered >= acknowledged * 6, "{profile}: {report}");
    }
}

#[test]
fn people_who_look_around_are_shown_what_is_true() {
    let arguments = ["nearby", "--users", "300", "--connections", "60", "--rate", "60", "--seconds", "3"];
    let report = report(&arguments);
    for what in ["look", "look_with_cell", "page"] {
        assert!(count(&report, what) > 0, "{what}: {report}");
    }
}

#[test]
fn whoever_is_seen_by_shaking_sees_too() {
    let arguments = ["shake", "--connections", "30", "--rate", "2", "--seconds", "1"];
    let report = report(&arguments);
    assert!(count(&report, "shake") >= 30 && count(&report, "event") >= 30, "{report}");
}
