//! The fjall engine: a log-structured merge tree with a journal. Each group is one batch in the journal, forced to
//! the disk before fjall shows it. Knows nothing of what the rows mean.

use super::{Changes, Engine, EngineError, Kept, Refusal, Row, journal};
use crate::faults::{self, Fault};
use crate::store::range::{Order, RawRange};
use crate::time::Time;
use ::fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use bytes::Bytes;
use std::io;
use std::path::Path;

/// Rows in a fjall database.
pub(in crate::store) struct FjallEngine {
    db: Database,
    rows: Keyspace,
}

impl FjallEngine {
    /// Opens or creates the database in `dir`, with a block cache of `cache_bytes`.
    pub(in crate::store) fn open(dir: &Path, cache_bytes: u64) -> Result<Self, Refusal> {
        Self::try_open(dir, cache_bytes).map_err(|error| match error {
            ::fjall::Error::JournalRecovery(_) => Refusal::Damage(error.into()),
            other => Refusal::Other(other.into()),
        })
    }

    fn try_open(dir: &Path, cache_bytes: u64) -> Result<Self, ::fjall::Error> {
        let db = Database::builder(dir).cache_size(cache_bytes).manual_journal_persist(true).open()?;
        let rows = db.keyspace("rows", KeyspaceCreateOptions::default)?;
        Ok(Self { db, rows })
    }

    /// Takes away what the last, unacknowledged group may have left torn. `None` where there is nothing to take.
    pub(in crate::store) fn repair(dir: &Path, now: Time) -> io::Result<Option<Kept>> {
        journal::cut_last_batch(dir, now)
    }
}

impl Engine for FjallEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        Ok(self.rows.get(key)?.map(|value| Bytes::copy_from_slice(&value)))
    }

    fn scan(&self, range: &RawRange, limit: usize, order: Order) -> Result<Vec<Row>, EngineError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.rows.range(&range.start[..]..&range.end[..]);
        let own = |row: ::fjall::Guard| {
            let (key, value) = row.into_inner()?;
            Ok((key.to_vec(), Bytes::copy_from_slice(&value)))
        };
        match order {
            Order::Rising => rows.take(limit).map(own).collect(),
            Order::Falling => rows.rev().take(limit).map(own).collect(),
        }
    }

    fn apply(&self, changes: &Changes) -> Result<(), EngineError> {
        // fdatasync is enough: it forces what is needed to read the data back, and the journal's name is already
        // forced when the journal is made.
        let force =
            if faults::on(Fault::SkipFdatasync) { PersistMode::Buffer } else { PersistMode::SyncData };
        let mut batch = self.db.batch().durability(Some(force));
        for (key, change) in changes {
            match &change.after {
                Some(value) => batch.insert(&self.rows, &key[..], &value[..]),
                None => batch.remove(&self.rows, &key[..]),
            }
        }
        batch.commit()?;
        Ok(())
    }
}
