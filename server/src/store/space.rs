//! The guard of the disk's last bytes. sled cannot be opened again on a full disk, so the store stops writing while
//! there is still room. Knows nothing of what is written.

use super::config::StoreConfig;
use super::disk;
use crate::error::{Error, Kind};
use std::io;
use std::path::Path;

/// The one answer where there is no room for what is to be written.
pub(crate) fn disk_full() -> Error {
    Error::new(
        Kind::Unavailable,
        "DISK_FULL",
        "The server's disk is full, so nothing can be stored. Reading still works. Tell the operator; try again later.",
    )
}

/// Tells how many bytes are free.
pub(super) type Probe = Box<dyn Fn() -> io::Result<u64> + Send>;

/// Refuses below one mark, accepts again above another.
pub(super) struct SpaceGuard {
    probe: Probe,
    min_bytes: u64,
    resume_bytes: u64,
    refusing: bool,
}

impl SpaceGuard {
    /// With marks from the settings.
    pub(super) fn new(config: &StoreConfig, probe: Probe) -> Self {
        let min_bytes = config.min_free_mib << 20;
        Self {
            probe,
            min_bytes,
            resume_bytes: (config.resume_free_mib << 20).max(min_bytes),
            refusing: false,
        }
    }

    /// One that never refuses.
    pub(super) fn none() -> Self {
        Self { probe: Box::new(|| Ok(u64::MAX)), min_bytes: 0, resume_bytes: 0, refusing: false }
    }

    /// The free space where a directory lies.
    pub(super) fn of_dir(dir: &Path) -> Probe {
        let dir = dir.to_owned();
        Box::new(move || disk::free_bytes(&dir))
    }

    /// Looks, and tells whether writes must be refused. One system call of about a microsecond.
    pub(super) fn refuses(&mut self) -> bool {
        let free = match (self.probe)() {
            Ok(free) => free,
            Err(error) => {
                tracing::warn!(%error, "cannot tell how much disk space is free");
                return self.refusing;
            }
        };
        let mark = if self.refusing { self.resume_bytes } else { self.min_bytes };
        let refuse = free < mark;
        if refuse != self.refusing {
            let free_mib = free >> 20;
            if refuse {
                tracing::error!(free_mib, "the disk is full: writes are refused until there is room");
            } else {
                tracing::info!(free_mib, "there is room on the disk again: writes are taken");
            }
        }
        self.refusing = refuse;
        refuse
    }
}
