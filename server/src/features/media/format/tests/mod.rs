//! Samples of every format with everything planted that must not come out again.

mod files;
mod fragments;
mod movie;
mod mutations;
mod pictures;
mod recording;
mod recordings;
mod videos;
mod voices;

use super::{Examined, Kind, Refusal, examine};

/// What no output may hold.
const SECRET: &[u8] = b"31.2304N-secret-121.4737E";

/// Examines bytes; the answer with what was written (nothing, of a file).
fn attempt(kind: Kind, input: &[u8]) -> Result<(Examined, Vec<u8>), Refusal> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in"), folder.path().join("out"));
    std::fs::write(&from, input).unwrap();
    let examined = examine(kind, &from, &to);
    assert_eq!(
        to.exists(),
        examined.is_ok() && kind != Kind::File,
        "there is output if it is taken, and only then"
    );
    assert_eq!(std::fs::read(&from).unwrap(), input, "the input is left alone");
    let examined = examined?;
    let written = std::fs::read(&to).unwrap_or_default();
    assert!(kind == Kind::File || examined.size == written.len() as u64);
    Ok((examined, written))
}

/// As [`attempt`], and what was written does not hold the secret.
fn run(kind: Kind, input: &[u8]) -> Result<(Examined, Vec<u8>), Refusal> {
    let (examined, written) = attempt(kind, input)?;
    assert!(!contains(&written, SECRET), "the secret is still there");
    Ok((examined, written))
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
