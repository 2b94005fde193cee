//! Transactions, as the writer runs them: one after another on a common workspace, each seeing what the earlier ones
//! of its group wrote. Nothing here touches the disk but reads; the writer commits the workspace as one group.

use super::engine::{Change, Changes, Engine, EngineError, Row};
use super::key::{Key, KeyRange};
use super::range::{Order, RawRange};
use super::recent::Recent;
use super::rows::{self, Rows, patched_range};
use super::space::{self, Refused};
use super::split::{self, Encoded};
use super::table::{Log, Table, Value};
use crate::bus::{Event, Published};
use crate::error::{Error, Result};
use bytes::Bytes;
use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

/// The longest stored key. Keys are made of ids and short names; a longer one is a mistake of a room.
const MAX_KEY_BYTES: usize = 1024;
/// The most that one transaction may write, keys and values together.
pub const MAX_TRANSACTION_BYTES: usize = 8 << 20;

/// How many rows that are not there a group remembers.
const MAX_ABSENT: usize = 4096;
/// Bytes of heads, and of rows, that a generation remembers. More would be slower for those who write much: it would not
/// fit the processor's cache.
const RECENT_BYTES: usize = 2 << 20;
/// Longer rows are not worth remembering.
const MAX_RECENT_ROW_BYTES: usize = 1024;

/// What the transactions of a group share.
pub(super) struct Workspace {
    engine: Arc<dyn Engine>,
    changes: Changes,
    /// Rows as they are in the engine: who writes today wrote a moment ago, between the same people.
    rows: RefCell<Recent<Bytes>>,
    /// Keys that the engine does not have. A row that is made was mostly looked for first.
    absent: RefCell<HashSet<Vec<u8>>>,
    bytes: usize,
    heads: Recent<u64>,
    stamp: u64,
    refused: Refused,
}

impl Workspace {
    /// Over an engine whose last stamp was `stamp`.
    pub(super) fn new(engine: Arc<dyn Engine>, stamp: u64) -> Self {
        Self {
            engine,
            changes: Changes::new(),
            rows: RefCell::new(Recent::new(RECENT_BYTES)),
            absent: RefCell::default(),
            bytes: 0,
            heads: Recent::new(RECENT_BYTES),
            stamp,
            refused: Refused::Nothing,
        }
    }

    /// Which writes are refused, from now on.
    pub(super) fn refuse_writes(&mut self, refused: Refused) {
        self.refused = refused;
    }

    /// Bytes that the present group writes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The stamp of the last transaction that wrote.
    pub(super) fn stamp(&self) -> u64 {
        self.stamp
    }

    /// Takes what the present group changes, and begins the next group. Must be applied to the engine at once.
    pub(super) fn take(&mut self) -> Changes {
        self.bytes = 0;
        self.absent.get_mut().clear();
        let changes = std::mem::take(&mut self.changes);
        for (key, change) in &changes {
            remember(self.rows.get_mut(), key, change.after.as_ref());
        }
        changes
    }

    /// Notes the head of a log, or forgets it with `None`.
    fn note_head(&mut self, log: Vec<u8>, head: Option<u64>) {
        match head {
            Some(head) => self.heads.set(log, head, 0),
            None => self.heads.forget(&log),
        }
    }

    /// Begins a transaction; `makes_room`: it may write also where there is little room.
    pub(super) fn begin(&mut self, makes_room: bool) -> Tx<'_> {
        let is_refused = match self.refused {
            Refused::Nothing => false,
            Refused::Growth => !makes_room,
            Refused::Everything => true,
        };
        Tx {
            bytes_before: self.bytes,
            is_refused,
            space: self,
            writes: Vec::new(),
            heads: Vec::new(),
            events: Vec::new(),
            failed: None,
        }
    }
}

impl Rows for Workspace {
    fn stored(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        if let Some(change) = self.changes.get(key) {
            return Ok(change.after.clone());
        }
        if let Some(known) = self.rows.borrow_mut().get(key, Bytes::len) {
            return Ok(Some(known));
        }
        if self.absent.borrow().contains(key) {
            return Ok(None);
        }
        let found = self.engine.get(key)?;
        let mut absent = self.absent.borrow_mut();
        match &found {
            Some(row) => remember(&mut self.rows.borrow_mut(), key, Some(row)),
            None if absent.len() < MAX_ABSENT => drop(absent.insert(key.to_vec())),
            None => {}
        }
        Ok(found)
    }

    fn stored_range(&self, range: RawRange, limit: usize, order: Order) -> Result<Vec<Row>, EngineError> {
        patched_range(&*self.engine, range, limit, order, |covered| {
            if covered.is_empty() {
                return Default::default();
            }
            let changed = self.changes.range(covered.start.clone()..covered.end.clone());
            changed.map(|(key, change)| (key.clone(), change.after.clone())).collect()
        })
    }
}

/// Notes what a stored row is from now on.
fn remember(rows: &mut Recent<Bytes>, key: &[u8], row: Option<&Bytes>) {
    match row.filter(|row| row.len() <= MAX_RECENT_ROW_BYTES) {
        Some(row) => rows.set(key.to_vec(), row.clone(), row.len()),
        None => rows.forget(key),
    }
}

/// Why a transaction can no longer be committed, whatever its function answers.
#[derive(Clone, Copy)]
enum Failed {
    DiskFull,
    Mistake(&'static str),
}

impl Failed {
    fn error(self) -> Error {
        match self {
            Self::DiskFull => space::disk_full(),
            Self::Mistake(what) => Error::internal(what),
        }
    }
}

/// A transaction: sees its own writes, has no effects but through itself, may run again.
pub struct Tx<'a> {
    space: &'a mut Workspace,
    bytes_before: usize,
    /// There is no room for what it writes.
    is_refused: bool,
    /// What was there before each write, to take the writes back: the key's change, if the group had one already.
    writes: Vec<(Vec<u8>, Option<Change>)>,
    heads: Vec<(Vec<u8>, Option<u64>)>,
    events: Vec<Event>,
    failed: Option<Failed>,
}

/// What a write knows of the row it replaces.
enum Old {
    /// It is not there.
    Absent,
    /// To be looked up.
    Unknown,
}

impl Tx<'_> {
    /// The stamp this transaction will have once it is committed. Only grows, also over restarts, and not by ones. A
    /// transaction that writes nothing takes none.
    pub fn stamp(&self) -> u64 {
        self.space.stamp + 1
    }

    /// Hands an event to the bus once this transaction is durable, in commit order.
    pub fn publish(&mut self, event: Event) {
        self.events.push(event);
    }

    /// One row.
    pub fn get<K: Key, V: Value>(&mut self, table: &Table<K, V>, key: &K) -> Result<Option<V>> {
        rows::get(self.space, table, key)
    }

    /// Rows of a range, at most `limit`.
    pub fn scan<K: Key, V: Value>(
        &mut self,
        table: &Table<K, V>,
        range: &KeyRange<K>,
        limit: usize,
        order: Order,
    ) -> Result<Vec<(K, V)>> {
        rows::scan(self.space, table, range, limit, order)
    }

    /// Writes a row.
    ///
    /// # Errors
    /// As all writes: Unavailable `DISK_FULL`; Internal for a value above [`split::MAX_VALUE_BYTES`] or a transaction
    /// above [`MAX_TRANSACTION_BYTES`]. A transaction in which a write failed is not committed.
    pub fn put<K: Key, V: Value>(&mut self, table: &Table<K, V>, key: &K, value: &V) -> Result<()> {
        self.write(table.raw(key), value, &Old::Unknown)
    }

    /// Removes a row, if it is there.
    pub fn delete<K: Key, V: Value>(&mut self, table: &Table<K, V>, key: &K) -> Result<()> {
        self.writable()?;
        let key = table.raw(key);
        let old = self.space.stored(&key).map_err(Error::internal)?;
        self.remove(key, old)
    }

    /// The number of the last entry of a log; 0 while it is empty.
    pub fn head<K: Key, V: Value>(&mut self, log: &Log<K, V>, key: &K) -> Result<u64> {
        self.raw_head(&log.raw_prefix(key))
    }

    /// One entry of a log.
    pub fn entry<K: Key, V: Value>(&mut self, log: &Log<K, V>, key: &K, n: u64) -> Result<Option<V>> {
        rows::value(self.space, &raw_entry(&log.raw_prefix(key), n))
    }

    /// Entries numbered `from..=to`, at most `limit`.
    pub fn entries<K: Key, V: Value>(
        &mut self,
        log: &Log<K, V>,
        key: &K,
        from: u64,
        to: u64,
        limit: usize,
        order: Order,
    ) -> Result<Vec<(u64, V)>> {
        rows::entries(self.space, &log.raw_prefix(key), (from, to), limit, order)
    }

    /// Appends an entry, made by `make` from its number, and gives the number.
    pub fn append<K: Key, V: Value>(
        &mut self,
        log: &Log<K, V>,
        key: &K,
        make: impl FnOnce(u64) -> V,
    ) -> Result<u64> {
        let prefix = log.raw_prefix(key);
        let n = self.raw_head(&prefix)? + 1;
        self.append_raw(prefix, n, &make(n))?;
        Ok(n)
    }

    /// As [`Tx::append`], for entries that follow from the one before them: `make` is given that, too. Gives the
    /// number and the entry.
    pub fn append_next<K: Key, V: Value>(
        &mut self,
        log: &Log<K, V>,
        key: &K,
        make: impl FnOnce(u64, Option<V>) -> V,
    ) -> Result<(u64, V)> {
        let prefix = log.raw_prefix(key);
        let last = self.raw_head(&prefix)?;
        let entry = make(last + 1, rows::value(self.space, &raw_entry(&prefix, last))?);
        self.append_raw(prefix, last + 1, &entry)?;
        Ok((last + 1, entry))
    }

    /// Replaces an entry that is there.
    ///
    /// # Errors
    /// Internal where it is not: numbers are given by [`Tx::append`] alone.
    pub fn overwrite<K: Key, V: Value>(&mut self, log: &Log<K, V>, key: &K, n: u64, value: &V) -> Result<()> {
        let raw = raw_entry(&log.raw_prefix(key), n);
        if self.space.stored(&raw).map_err(Error::internal)?.is_none() {
            return Err(self.fail(Failed::Mistake("overwrote an entry that is not there")));
        }
        self.write(raw, value, &Old::Unknown)
    }

    /// Removes the entries before `n` (never the last one): at most `limit` a call; gives how many.
    pub fn trim<K: Key, V: Value>(
        &mut self,
        log: &Log<K, V>,
        key: &K,
        before: u64,
        limit: usize,
    ) -> Result<usize> {
        let prefix = log.raw_prefix(key);
        let last = before.min(self.raw_head(&prefix)?).saturating_sub(1);
        self.remove_entries(RawRange::of_log(&prefix, 1, last), limit)
    }

    /// Removes a whole log, the oldest entries first: at most `limit` a call; gives how many. Once it gives less than
    /// `limit`, the log is empty, and its numbers begin with 1 again.
    pub fn drop_log<K: Key, V: Value>(&mut self, log: &Log<K, V>, key: &K, limit: usize) -> Result<usize> {
        let prefix = log.raw_prefix(key);
        let removed = self.remove_entries(RawRange::of_log(&prefix, 1, u64::MAX), limit)?;
        if removed < limit {
            self.set_head(prefix, Some(0));
        }
        Ok(removed)
    }

    fn append_raw<V: Value>(&mut self, prefix: Vec<u8>, n: u64, entry: &V) -> Result<()> {
        self.write(raw_entry(&prefix, n), entry, &Old::Absent)?;
        self.set_head(prefix, Some(n));
        Ok(())
    }

    /// Whether it has written anything.
    pub(super) fn wrote(&self) -> bool {
        !self.writes.is_empty()
    }

    /// Keeps the writes in the group, and gives the stamp and the events to publish.
    ///
    /// # Errors
    /// That of the first write that failed, even if the function went on as if it had not; nothing is kept then.
    pub(super) fn finish(mut self) -> Result<Published> {
        if let Some(failed) = self.failed {
            self.roll_back();
            return Err(failed.error());
        }
        if self.wrote() {
            self.space.stamp += 1;
        }
        Ok((self.space.stamp, self.events))
    }

    /// Takes all writes back.
    pub(super) fn roll_back(&mut self) {
        for (key, change) in self.writes.drain(..).rev() {
            match change {
                Some(change) => self.space.changes.insert(key, change),
                None => self.space.changes.remove(&key),
            };
        }
        for (log, head) in self.heads.drain(..).rev() {
            self.space.note_head(log, head);
        }
        self.space.bytes = self.bytes_before;
    }

    fn raw_head(&mut self, prefix: &[u8]) -> Result<u64> {
        if let Some(head) = self.space.heads.get(prefix, |_| 0) {
            return Ok(head);
        }
        let head = rows::head(self.space, prefix)?;
        self.set_head(prefix.to_vec(), Some(head));
        Ok(head)
    }

    fn set_head(&mut self, log: Vec<u8>, head: Option<u64>) {
        let before = self.space.heads.get(&log, |_| 0);
        self.heads.push((log.clone(), before));
        self.space.note_head(log, head);
    }

    fn remove_entries(&mut self, range: RawRange, limit: usize) -> Result<usize> {
        self.writable()?;
        let found = self.space.stored_range(range, limit, Order::Rising).map_err(Error::internal)?;
        let count = found.len();
        for (key, row) in found {
            self.remove(key, Some(row))?;
        }
        Ok(count)
    }

    fn write<V: Value>(&mut self, key: Vec<u8>, value: &V, old: &Old) -> Result<()> {
        self.writable()?;
        if key.len() > MAX_KEY_BYTES {
            return Err(self.fail(Failed::Mistake("a key is too long to store")));
        }
        let Encoded { row, parts } = match split::encode(value) {
            Ok(encoded) => encoded,
            Err(error) => {
                self.failed = Some(Failed::Mistake("a value is too long to store"));
                return Err(error);
            }
        };
        let old = match old {
            Old::Absent => None,
            Old::Unknown => self.space.stored(&key).map_err(Error::internal)?,
        };
        let had = old.as_deref().map_or(0, split::part_count);
        for number in parts.len()..had {
            self.set_part(&key, number, had, None)?;
        }
        for (number, part) in parts.into_iter().enumerate() {
            self.set_part(&key, number, had, Some(part))?;
        }
        self.set(key, old, Some(row))
    }

    fn remove(&mut self, key: Vec<u8>, old: Option<Bytes>) -> Result<()> {
        let Some(row) = old else { return Ok(()) };
        let had = split::part_count(&row);
        for number in 0..had {
            self.set_part(&key, number, had, None)?;
        }
        self.set(key, Some(row), None)
    }

    fn set_part(&mut self, key: &[u8], number: usize, had: usize, part: Option<Bytes>) -> Result<()> {
        let key = split::part_key(key, number);
        let old = match number < had {
            true => self.space.stored(&key).map_err(Error::internal)?,
            false => None,
        };
        self.set(key, old, part)
    }

    /// Writes one stored row. `old` is what is there now; what was there before the group follows from it.
    fn set(&mut self, key: Vec<u8>, old: Option<Bytes>, after: Option<Bytes>) -> Result<()> {
        self.space.bytes += key.len() + after.as_ref().map_or(0, Bytes::len);
        if self.space.bytes - self.bytes_before > MAX_TRANSACTION_BYTES {
            return Err(self.fail(Failed::Mistake("a transaction writes too much")));
        }
        let present = self.space.changes.get(&key).cloned();
        let before = match &present {
            Some(change) => change.before.clone(),
            None => old,
        };
        self.writes.push((key.clone(), present));
        self.space.changes.insert(key, Change { before, after });
        Ok(())
    }

    fn writable(&mut self) -> Result<()> {
        match self.is_refused {
            true => Err(self.fail(Failed::DiskFull)),
            false => Ok(()),
        }
    }

    fn fail(&mut self, failed: Failed) -> Error {
        self.failed.get_or_insert(failed).error()
    }
}

fn raw_entry(prefix: &[u8], n: u64) -> Vec<u8> {
    [prefix, &n.to_be_bytes()].concat()
}
