//! The sled engine. sled 0.34.7 is not durable by its own `flush()` on Linux: it calls `sync_file_range`, which
//! forces neither file metadata nor the disk's cache. So each group is one batch, a flush (sled's buffers reach the
//! file) and an `fdatasync` on a descriptor of our own. Knows nothing of what the rows mean.

use super::{Changes, Engine, EngineError, Row};
use crate::faults::{self, Fault};
use crate::store::disk;
use crate::store::range::{Order, RawRange};
use crate::time::{Clock, Time};
use bytes::Bytes;
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

/// An opened database.
pub(in crate::store) struct Opened {
    pub(in crate::store) engine: SledEngine,
    /// Whether it opened only after its snapshot had been put aside; the newest writes may be missing then.
    pub(in crate::store) fell_back: bool,
}

impl SledEngine {
    /// Opens or creates the database in `dir`, with a cache of about `cache_bytes` (expect twice that in memory).
    /// Where sled's snapshot of its page table is damaged, it is moved aside and rebuilt from the log.
    pub(in crate::store) fn open(dir: &Path, cache_bytes: u64, clock: &Clock) -> Result<Opened, EngineError> {
        // sled takes a half-written snapshot for a whole one.
        remove_unfinished_snapshots(dir)?;
        let damage = match Self::try_open(dir, cache_bytes) {
            Ok(engine) => return Ok(Opened { engine, fell_back: false }),
            Err(Refusal::Damage(damage)) => damage,
            Err(Refusal::Other(error)) => return Err(error),
        };
        let aside = put_snapshots_aside(dir, clock.now())?;
        if aside.is_empty() {
            return Err(damage);
        }
        tracing::error!(error = %damage, ?aside, "sled could not open; trying again without its snapshot");
        match Self::try_open(dir, cache_bytes) {
            Ok(engine) => Ok(Opened { engine, fell_back: true }),
            Err(Refusal::Damage(_) | Refusal::Other(_)) => {
                // The snapshot was not to blame.
                for (from, to) in &aside {
                    fs::rename(to, from)?;
                }
                Err(damage)
            }
        }
    }

    fn try_open(dir: &Path, cache_bytes: u64) -> Result<Self, Refusal> {
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
        let file = File::options().read(true).write(true).open(dir.join("db"))?;
        file.sync_all()?;
        // Opening may have written a new snapshot and removed the old one.
        disk::sync_dir(dir)?;
        Ok(Self { db, file })
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

/// Why sled did not open.
enum Refusal {
    /// Something in its files is not as it should be.
    Damage(EngineError),
    /// The files could not be read or written.
    Other(EngineError),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Other(error.into())
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

fn remove_unfinished_snapshots(dir: &Path) -> io::Result<()> {
    for path in snapshots(dir)? {
        if path.extension().is_some_and(|e| e == "generating") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Renames all snapshots so that sled does not find them, and gives their old and new names.
fn put_snapshots_aside(dir: &Path, now: Time) -> io::Result<Vec<(PathBuf, PathBuf)>> {
    let mut aside = Vec::new();
    for path in snapshots(dir)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let to = dir.join(format!("aside.{}.{name}", now.as_ms()));
        fs::rename(&path, &to)?;
        aside.push((path, to));
    }
    disk::sync_dir(dir)?;
    Ok(aside)
}

fn snapshots(dir: &Path) -> io::Result<Vec<PathBuf>> {
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("snap.") {
            found.push(entry.path());
        }
    }
    Ok(found)
}
