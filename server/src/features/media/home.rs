//! The directory of the room. One for the time being goes with the server; where a server was killed, with the next
//! one that starts.

use crate::random::Random;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// What the names of directories for the time being begin with.
const PREFIX: &str = "teahouse-media-";
/// The file that a living server has locked.
const LOCK: &str = "lock";

/// Where the bytes are kept.
#[derive(Clone, Debug)]
pub struct MediaHome {
    /// The directory.
    pub dir: PathBuf,
    /// Below this many free bytes on its disk nothing is taken.
    pub min_free_bytes: u64,
    /// Whether the directory goes when the server ends.
    pub ephemeral: bool,
}

impl MediaHome {
    /// One that is not there yet and goes when the server ends.
    pub fn for_the_time_being() -> Self {
        let number = u64::from_be_bytes(Random::from_os().bytes());
        let dir = std::env::temp_dir().join(format!("{PREFIX}{number:016x}"));
        Self { dir, min_free_bytes: 0, ephemeral: true }
    }

    /// Makes a directory for the time being, and removes those of servers that were killed. What is given must be
    /// held as long as the directory is in use.
    pub(super) fn settle(&self) -> io::Result<Option<File>> {
        if !self.ephemeral {
            return Ok(None);
        }
        // It lies where others can look.
        DirBuilder::new().mode(0o700).create(&self.dir)?;
        let making = self.dir.join("lock.making");
        let lock = File::create_new(&making)?;
        lock.lock()?;
        // Under its name it is locked already: whoever starts at this moment must not find it free.
        fs::rename(making, self.dir.join(LOCK))?;
        if let Some(parent) = self.dir.parent() {
            remove_abandoned(parent);
        }
        Ok(Some(lock))
    }
}

/// What cannot be read or removed is not ours, or the next one's.
fn remove_abandoned(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        // The system unlocks what a dead process had locked.
        if is_ours && File::open(entry.path().join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_server_left_goes_with_the_next_start() {
        let temporary = tempfile::tempdir().unwrap();
        let home = |name: &str| MediaHome {
            dir: temporary.path().join(format!("{PREFIX}{name}")),
            min_free_bytes: 0,
            ephemeral: true,
        };
        let (dead, alive) = (home("dead"), home("alive"));
        drop(dead.settle().unwrap());
        fs::create_dir(temporary.path().join("other")).unwrap();
        let held = alive.settle().unwrap();
        assert!(!dead.dir.exists() && alive.dir.exists());
        let _next = home("next").settle().unwrap();
        assert!(alive.dir.exists() && temporary.path().join("other").exists());
        drop(held);
    }
}
