//! Opening a data directory: lock, engine, the store's own rows, migrations. A store appears under its name only
//! when it is whole: it is made in a directory beside it, which is then renamed.

use super::config::{EngineKind, StoreConfig};
use super::disk::{self, DirLock};
use super::engine::{Changes, Engine, EngineError, FjallEngine, MemoryEngine, Refusal, Row, SledEngine};
use super::meta;
use super::migrate::{self, MigrateError};
use super::range::{Order, RawRange};
use crate::random::Random;
use crate::time::Clock;
use bytes::Bytes;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Free disk space without which no store is opened (less where `min_free_mib` is less).
pub(super) const NEEDED_TO_OPEN_BYTES: u64 = 64 << 20;

/// Why a store could not be opened. Says what to do.
#[derive(Debug)]
pub enum OpenError {
    /// Another server has the data directory.
    InUse(PathBuf),
    /// The directory holds a store of another engine.
    OtherEngine {
        /// The data directory.
        dir: PathBuf,
        /// What it holds.
        found: EngineKind,
        /// What was asked for.
        asked: EngineKind,
    },
    /// A later version wrote the store.
    FromTheFuture {
        /// The data directory.
        dir: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that this version knows.
        newest: u32,
    },
    /// There is no room to open it: an engine writes while it opens, and what it could not finish may be lost.
    DiskFull {
        /// The data directory.
        dir: PathBuf,
        /// Free bytes.
        free: u64,
    },
    /// The directory cannot be made, read or written.
    Io(PathBuf, io::Error),
    /// The engine cannot open what is there.
    Damaged(PathBuf, EngineError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse(dir) => write!(
                f,
                "The data directory {} is in use by another server. Stop that one, or give this one a directory of its own with --data.",
                dir.display()
            ),
            Self::OtherEngine { dir, found, asked } => write!(
                f,
                "The data directory {} was made with the engine {}, but the setting store.engine says {}. Set store.engine = \"{}\", or choose another directory with --data.",
                dir.display(),
                found.name(),
                asked.name(),
                found.name()
            ),
            Self::FromTheFuture { dir, found, newest } => write!(
                f,
                "The store in {} has format {found}; this version of the server knows formats up to {newest}. Start it with the newer version that wrote it.",
                dir.display()
            ),
            Self::DiskFull { dir, free } => write!(
                f,
                "The disk of the data directory {} is full: {} MiB are free, and opening the store needs {}. Make room, then start again; nothing is lost.",
                dir.display(),
                free >> 20,
                NEEDED_TO_OPEN_BYTES >> 20
            ),
            Self::Io(dir, error) => write!(
                f,
                "The data directory {} cannot be used: {error}. Check that it exists, is writable and has room.",
                dir.display()
            ),
            Self::Damaged(dir, error) => write!(
                f,
                "The store in {} is damaged and cannot be opened: {error}. Nothing was removed. Keep a copy of the directory, then restore a backup into a new one.",
                dir.display()
            ),
        }
    }
}

impl std::error::Error for OpenError {}

/// An engine, open, with the directory's lock.
pub(super) struct Opened {
    engine: Box<dyn Engine>,
    lock: Option<DirLock>,
}

impl Opened {
    /// The engine alone; it keeps the lock until it is dropped.
    pub(super) fn into_engine(self) -> Arc<dyn Engine> {
        Arc::new(Locked { engine: self.engine, _lock: self.lock })
    }
}

/// An engine with the lock of its directory, in the order in which they must be let go.
struct Locked {
    engine: Box<dyn Engine>,
    _lock: Option<DirLock>,
}

impl Engine for Locked {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        self.engine.get(key)
    }

    fn scan(&self, range: &RawRange, limit: usize, order: Order) -> Result<Vec<Row>, EngineError> {
        self.engine.scan(range, limit, order)
    }

    fn apply(&self, changes: &Changes) -> Result<(), EngineError> {
        self.engine.apply(changes)
    }
}

/// Opens the store of a data directory, or makes it.
pub(super) fn open(
    config: &StoreConfig,
    data_dir: &Path,
    clock: &Clock,
    random: &Random,
) -> Result<Opened, OpenError> {
    if config.engine == EngineKind::Memory {
        let engine = MemoryEngine::default();
        meta::create(&engine, random).map_err(|e| OpenError::Damaged(data_dir.to_owned(), e))?;
        return Ok(Opened { engine: Box::new(engine), lock: None });
    }
    let io = |error| OpenError::Io(data_dir.to_owned(), error);
    let damaged = |error| OpenError::Damaged(data_dir.to_owned(), error);
    disk::create_dir(data_dir).map_err(io)?;
    let lock = DirLock::acquire(data_dir).map_err(io)?;
    let lock = lock.ok_or_else(|| OpenError::InUse(data_dir.to_owned()))?;
    refuse_other_engine(config.engine, data_dir)?;
    let dir = data_dir.join(config.engine.name());
    let free = disk::free_bytes(data_dir).map_err(io)?;
    if free < NEEDED_TO_OPEN_BYTES.min(config.min_free_mib << 20) {
        return Err(OpenError::DiskFull { dir: data_dir.to_owned(), free });
    }
    if !dir.exists() {
        make(config, data_dir, &dir, random).map_err(damaged)?;
    }
    let engine = open_or_repair(config, &dir, clock).map_err(damaged)?;
    migrate::migrate(&*engine, migrate::MIGRATIONS).map_err(|error| match error {
        MigrateError::Engine(error) => damaged(error),
        MigrateError::FromTheFuture { found, newest } => {
            OpenError::FromTheFuture { dir: data_dir.to_owned(), found, newest }
        }
    })?;
    let mark = repair_mark(&dir);
    if mark.exists() {
        meta::change_epoch(&*engine, random).map_err(damaged)?;
        disk::remove(&mark).map_err(io)?;
    }
    Ok(Opened { engine, lock: Some(lock) })
}

fn refuse_other_engine(asked: EngineKind, data_dir: &Path) -> Result<(), OpenError> {
    for found in [EngineKind::Sled, EngineKind::Fjall] {
        if found != asked && data_dir.join(found.name()).exists() {
            return Err(OpenError::OtherEngine { dir: data_dir.to_owned(), found, asked });
        }
    }
    Ok(())
}

fn make(config: &StoreConfig, data_dir: &Path, dir: &Path, random: &Random) -> Result<(), EngineError> {
    let making = dir.with_extension("making");
    if making.exists() {
        // A making that was interrupted. Nobody ever used it.
        fs::remove_dir_all(&making)?;
    }
    let engine = open_engine(config, &making).map_err(|refusal| match refusal {
        Refusal::Damage(error) | Refusal::Other(error) => error,
    })?;
    meta::create(&*engine, random)?;
    drop(engine);
    disk::sync_tree(&making)?;
    fs::rename(&making, dir)?;
    disk::sync_dir(data_dir)?;
    Ok(())
}

/// A file beside the engine's directory: the newest writes may have been lost in a repair, and the epoch is still that
/// of before. It outlives a crash between the two.
fn repair_mark(dir: &Path) -> PathBuf {
    dir.with_extension("repaired")
}

/// Opens what is there; where it is damaged, marks that, and repairs it once.
pub(super) fn open_or_repair(
    config: &StoreConfig,
    dir: &Path,
    clock: &Clock,
) -> Result<Box<dyn Engine>, EngineError> {
    let damage = match open_whole(config, dir) {
        Ok(engine) => return Ok(engine),
        Err(Refusal::Damage(damage)) => damage,
        Err(Refusal::Other(error)) => return Err(error),
    };
    // A mark without a repair costs the clients one start from the beginning; a repair without a mark would leave holes.
    disk::create(&repair_mark(dir))?;
    let kept = match config.engine {
        EngineKind::Sled => SledEngine::repair(dir, clock.now()),
        EngineKind::Fjall => FjallEngine::repair(dir, clock.now()),
        EngineKind::Memory => Ok(None),
    };
    let kept = match kept {
        Ok(Some(kept)) => kept,
        Ok(None) => {
            disk::remove(&repair_mark(dir))?;
            return Err(damage);
        }
        Err(error) => return Err(format!("{damage}; {error}").into()),
    };
    let place = kept.place().display();
    tracing::error!(error = %damage, "The store is damaged. Trying again without what may be torn; kept in {place}.");
    match open_whole(config, dir) {
        Ok(engine) => Ok(engine),
        Err(_) => {
            // The damage lies deeper.
            kept.undo()?;
            disk::remove(&repair_mark(dir))?;
            Err(damage)
        }
    }
}

/// Opens what is there; that the store's own rows are missing is damage, too.
fn open_whole(config: &StoreConfig, dir: &Path) -> Result<Box<dyn Engine>, Refusal> {
    let engine = open_engine(config, dir)?;
    meta::load(&*engine).map_err(Refusal::Damage)?;
    Ok(engine)
}

fn open_engine(config: &StoreConfig, dir: &Path) -> Result<Box<dyn Engine>, Refusal> {
    let cache_bytes = config.cache_mib << 20;
    Ok(match config.engine {
        EngineKind::Sled => Box::new(SledEngine::open(dir, cache_bytes)?),
        EngineKind::Fjall => Box::new(FjallEngine::open(dir, cache_bytes)?),
        EngineKind::Memory => Box::new(MemoryEngine::default()),
    })
}
