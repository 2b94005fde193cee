//! The sled engine. sled 0.34.7 is not durable by its own `flush()` on Linux: it calls `sync_file_range`, which
//! forces neither file metadata nor the disk's cache. So its file is a synchronous one, and each group is one batch, a
//! flush (sled's buffers reach the file) and an `fdatasync` on a descriptor of our own. Knows nothing of the rows.

use super::{Changes, Engine, EngineError, Kept, Refusal, Row};
use crate::faults::{self, Fault};
use crate::store::disk;
use crate::store::range::{Order, RawRange};
use crate::time::Time;
use bytes::Bytes;
use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};
use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a lock that is still taken is tried again …
const LOCK_TRIES: u32 = 250;
/// … and the pause between: 5 s in all.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Rows in a sled database.
pub(in crate::store) struct SledEngine {
    db: ::sled::Db,
    /// sled's one data file, opened by ourselves, to force it to the disk.
    file: File,
}

impl SledEngine {
    /// Opens or creates the database in `dir`, with a cache of about `cache_bytes` (expect twice that in memory).
    pub(in crate::store) fn open(dir: &Path, cache_bytes: u64) -> Result<Self, Refusal> {
        fs::create_dir_all(dir)?;
        let file =
            File::options().create(true).truncate(false).read(true).write(true).open(dir.join("db"))?;
        write_synchronously(&file);
        // sled takes a half-written snapshot for a whole one.
        for path in snapshots(dir)?.iter().filter(|path| path.extension().is_some_and(|e| e == "generating"))
        {
            fs::remove_file(path)?;
        }
        let config = ::sled::Config::new()
            .path(dir)
            .cache_capacity(cache_bytes)
            // Its flusher thread would rewrite pages between our syncs.
            .flush_every_ms(None);
        // sled panics on some damage.
        let db = match catch_unwind(AssertUnwindSafe(|| open_patiently(&config))) {
            Ok(Ok(db)) => db,
            Ok(Err(error @ (::sled::Error::Corruption { .. } | ::sled::Error::ReportableBug(_)))) => {
                return Err(Refusal::Damage(error.into()));
            }
            Ok(Err(error)) => return Err(Refusal::Other(error.into())),
            Err(_) => return Err(Refusal::Damage("sled panicked while opening".into())),
        };
        file.sync_all()?;
        // Opening may have written a new snapshot and removed the old one.
        disk::sync_dir(dir)?;
        Ok(Self { db, file })
    }

    /// Takes sled's snapshot of its page table away, so that it is rebuilt from the log. `None` where there is none.
    pub(in crate::store) fn repair(dir: &Path, now: Time) -> io::Result<Option<Kept>> {
        let snapshots = snapshots(dir)?;
        if snapshots.is_empty() {
            return Ok(None);
        }
        let kept = Kept::begin(dir, now)?;
        // Where sled does not understand its log, it empties it.
        kept.copy(&dir.join("db"))?;
        snapshots.iter().try_for_each(|snapshot| kept.take(snapshot))?;
        kept.done().map(Some)
    }
}

/// Opens, and waits where sled's own lock of the file is still taken: threads of a database that this process has
/// closed let go of it a moment later, and another process cannot have it, for the data directory is ours.
fn open_patiently(config: &::sled::Config) -> ::sled::Result<::sled::Db> {
    for _ in 0..LOCK_TRIES {
        match config.open() {
            Err(::sled::Error::Io(error)) if error.to_string().contains("could not acquire lock") => {
                #[allow(clippy::disallowed_methods)] // opening is synchronous and happens once
                std::thread::sleep(LOCK_PAUSE);
            }
            other => return other,
        }
    }
    config.open()
}

/// Has the file system force each write to this file before it returns, as `chattr +S` does. A group that fills more
/// than a segment of sled's log needs it: sled notes in the header of the next segment how much of the log is stable,
/// and where such a header survives a power cut that the log before it did not, recovery goes wrong.
fn write_synchronously(file: &File) {
    let switch = |on| {
        let flags = ioctl_getflags(file)?;
        ioctl_setflags(file, if on { flags | IFlags::SYNC } else { flags - IFlags::SYNC })
    };
    let wanted = !faults::on(Fault::SkipFdatasync);
    if let Err(error) = switch(wanted) {
        tracing::warn!(
            %error,
            "this file system has no synchronous files: a power cut during a very large write may damage the store; \
             prefer ext4, xfs or btrfs, or the engine fjall"
        );
    }
}

impl Engine for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        Ok(self.db.get(key)?.map(|value| Bytes::copy_from_slice(&value)))
    }

    fn scan(&self, range: &RawRange, limit: usize, order: Order) -> Result<Vec<Row>, EngineError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.db.range(&range.start[..]..&range.end[..]);
        let own = |row: ::sled::Result<(::sled::IVec, ::sled::IVec)>| {
            let (key, value) = row?;
            Ok((key.to_vec(), Bytes::copy_from_slice(&value)))
        };
        match order {
            Order::Rising => rows.take(limit).map(own).collect(),
            Order::Falling => rows.rev().take(limit).map(own).collect(),
        }
    }

    fn apply(&self, changes: &Changes) -> Result<(), EngineError> {
        let mut batch = ::sled::Batch::default();
        for (key, change) in changes {
            match &change.after {
                Some(value) => batch.insert(&key[..], &value[..]),
                None => batch.remove(&key[..]),
            }
        }
        self.db.apply_batch(batch)?;
        self.db.flush()?;
        if !faults::on(Fault::SkipFdatasync) {
            self.file.sync_data()?;
        }
        Ok(())
    }
}

fn snapshots(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("snap.") {
            found.push(entry.path());
        }
    }
    Ok(found)
}
