//! Files kept from before a repair. What an engine does to files that it found damaged cannot be taken back, so they
//! are copied or moved to a directory beside its own first; if the repair fails, they come back. Knows no engine.

use crate::store::disk;
use crate::time::Time;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Room that must be left after the copies.
const RESERVE_BYTES: u64 = 64 << 20;

/// The directory of an engine, and where its files from before the repair are.
pub(in crate::store) struct Kept {
    dir: PathBuf,
    kept: PathBuf,
}

impl Kept {
    /// Begins with no file kept.
    pub(super) fn begin(dir: &Path, now: Time) -> io::Result<Self> {
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        let kept = dir.with_file_name(format!("{name}.before-repair.{}", now.as_ms()));
        fs::create_dir(&kept)?;
        Ok(Self { dir: dir.to_owned(), kept })
    }

    /// Keeps a copy of a file.
    pub(super) fn copy(&self, file: &Path) -> io::Result<()> {
        let needed = file.metadata()?.len() + RESERVE_BYTES;
        if disk::free_bytes(&self.kept)? < needed {
            let mib = needed >> 20;
            return Err(io::Error::other(format!(
                "it may be repaired when {mib} MiB are free for a copy first"
            )));
        }
        fs::copy(file, self.place_of(file))?;
        Ok(())
    }

    /// Moves a file out of the engine's sight.
    pub(super) fn take(&self, file: &Path) -> io::Result<()> {
        fs::rename(file, self.place_of(file))
    }

    /// Forces what is kept to the disk. Now the repair may begin.
    pub(super) fn done(self) -> io::Result<Self> {
        disk::sync_tree(&self.kept)?;
        disk::sync_dir(&self.dir)?;
        Ok(self)
    }

    /// Puts everything back as it was, but for files that the engine has made meanwhile.
    pub(in crate::store) fn undo(self) -> io::Result<()> {
        for entry in fs::read_dir(&self.kept)? {
            let entry = entry?;
            fs::rename(entry.path(), self.dir.join(entry.file_name()))?;
        }
        fs::remove_dir(&self.kept)?;
        disk::sync_dir(&self.dir)
    }

    /// Where the files are.
    pub(in crate::store) fn place(&self) -> &Path {
        &self.kept
    }

    fn place_of(&self, file: &Path) -> PathBuf {
        self.kept.join(file.file_name().unwrap_or_default())
    }
}
