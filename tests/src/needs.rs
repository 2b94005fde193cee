//! What some tests need of the machine (root, a Python package, a tool). Where it is missing the test says so and ends;
//! CI sets `TEAHOUSE_REQUIRE=all`, and then a missing thing fails the test, so that nothing is skipped unseen there.

use std::io::Write;
use std::process::{Command, Stdio};

/// Ends a test that cannot run here: prints "skipped: needs …" past the capture of the test runner.
///
/// # Panics
/// Where `TEAHOUSE_REQUIRE` is `all`, or a comma-separated list that holds `what`.
pub fn skip(what: &str) {
    let required = std::env::var("TEAHOUSE_REQUIRE").unwrap_or_default();
    assert!(!is_required(&required, what), "needs {what}, and TEAHOUSE_REQUIRE={required} forbids to skip");
    // A lost line is no reason to fail a test that does not run.
    let _ = writeln!(std::io::stderr(), "skipped: needs {what}");
}

/// Whether the tests run as root.
pub fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|out| out.stdout.trim_ascii() == b"0")
}

/// Whether a program can be started.
pub fn has_program(name: &str) -> bool {
    let start = Command::new(name)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    start.is_ok()
}

/// The Python interpreter: `TEAHOUSE_PYTHON`, else `python3`.
pub fn python() -> String {
    std::env::var("TEAHOUSE_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// Whether that interpreter has these modules.
pub fn has_python_modules(modules: &[&str]) -> bool {
    let import = format!("import {}", modules.join(", "));
    let tried =
        Command::new(python()).args(["-c", &import]).stdin(Stdio::null()).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}

fn is_required(required: &str, what: &str) -> bool {
    required == "all" || required.split(',').any(|r| r.trim() == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_forbids_skipping() {
        assert!(is_required("all", "root"));
        assert!(is_required("grpcio, root", "root"));
        assert!(!is_required("", "root"));
        assert!(!is_required("grpcio", "root"));
    }

    #[test]
    fn missing_things_are_seen_as_missing() {
        assert!(has_program("cargo"));
        assert!(!has_program("no-such-program-as-this"));
        assert!(!has_python_modules(&["no_such_module_as_this"]));
    }
}
