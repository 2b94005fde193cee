//! The guard of the disk's last bytes. sled cannot be opened again on a full disk, so the store stops writing while
//! there is still room. Knows nothing of what is written.

use super::config::StoreConfig;
use super::disk;
use super::open::NEEDED_TO_OPEN_BYTES;
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

/// What the store must not write for want of room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It may write everything.
    Nothing,
    /// It may still write what makes room.
    Growth,
    /// There is no more than it needs to be closed and opened again.
    Everything,
}

/// Tells how many bytes are free.
pub(super) type Probe = Box<dyn Fn() -> io::Result<u64> + Send>;

/// Refuses below one mark, accepts again above another. Below a third it refuses also what makes room: a removal is
/// written, too, and gives its room back only later.
pub(super) struct SpaceGuard {
    probe: Probe,
    last_bytes: u64,
    min_bytes: u64,
    resume_bytes: u64,
    refused: Refused,
}

impl SpaceGuard {
    /// With marks from the settings.
    pub(super) fn new(config: &StoreConfig, probe: Probe) -> Self {
        let min_bytes = config.min_free_mib << 20;
        Self {
            probe,
            last_bytes: (min_bytes / 2).max(NEEDED_TO_OPEN_BYTES.min(min_bytes)),
            min_bytes,
            resume_bytes: (config.resume_free_mib << 20).max(min_bytes),
            refused: Refused::Nothing,
        }
    }

    /// One that never refuses.
    pub(super) fn none() -> Self {
        Self {
            probe: Box::new(|| Ok(u64::MAX)),
            last_bytes: 0,
            min_bytes: 0,
            resume_bytes: 0,
            refused: Refused::Nothing,
        }
    }

    /// The free space where a directory lies.
    pub(super) fn of_dir(dir: &Path) -> Probe {
        let dir = dir.to_owned();
        Box::new(move || disk::free_bytes(&dir))
    }

    /// Looks, and tells what must be refused. One system call of about a microsecond.
    pub(super) fn refuses(&mut self) -> Refused {
        let free = match (self.probe)() {
            Ok(free) => free,
            Err(error) => {
                tracing::warn!(%error, "cannot tell how much disk space is free");
                return self.refused;
            }
        };
        let was_full = self.refused != Refused::Nothing;
        let mark = if was_full { self.resume_bytes } else { self.min_bytes };
        self.refused = match free {
            _ if free >= mark => Refused::Nothing,
            _ if free >= self.last_bytes => Refused::Growth,
            _ => Refused::Everything,
        };
        let is_full = self.refused != Refused::Nothing;
        if is_full != was_full {
            let free_mib = free >> 20;
            if is_full {
                tracing::error!(free_mib, "the disk is full: writes are refused until there is room");
            } else {
                tracing::info!(free_mib, "there is room on the disk again: writes are taken");
            }
        }
        self.refused
    }
}
