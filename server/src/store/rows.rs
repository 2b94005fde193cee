//! Typed reading over stored rows, the same for readers and for transactions. Knows neither engines nor what is
//! visible; whoever implements [`Rows`] does.

use super::engine::{Engine, EngineError, Row};
use super::key::{Key, KeyRange};
use super::range::{Order, RawRange};
use super::split;
use super::table::{Table, Value};
use crate::error::{Error, Result};
use bytes::Bytes;
use std::collections::BTreeMap;

/// How many rows are asked of an engine at once.
const CHUNK_ROWS: usize = 1024;

/// A consistent set of stored rows.
pub(super) trait Rows {
    /// One stored row.
    fn stored(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError>;
    /// Stored rows of a range, at most `limit`.
    fn stored_range(&self, range: RawRange, limit: usize, order: Order) -> Result<Vec<Row>, EngineError>;
}

/// What replaces an engine's rows: `None` where the row is not there.
pub(super) type Patches = BTreeMap<Vec<u8>, Option<Bytes>>;

/// The engine's rows of a range as `patches` changes them. `patches` is asked after the rows were read, for the part
/// of the range that they cover.
pub(super) fn patched_range(
    engine: &dyn Engine,
    range: RawRange,
    limit: usize,
    order: Order,
    patches: impl Fn(&RawRange) -> Patches,
) -> Result<Vec<Row>, EngineError> {
    let mut out: Vec<Row> = Vec::new();
    let mut rest = range;
    while out.len() < limit && !rest.is_empty() {
        let want = (limit - out.len()).min(CHUNK_ROWS);
        let rows = engine.scan(&rest, want, order)?;
        let covered = match rows.last() {
            Some((last, _)) if rows.len() == want => {
                let (covered, left) = rest.split_after(last, order);
                rest = left;
                covered
            }
            _ => std::mem::replace(&mut rest, RawRange { start: Vec::new(), end: Vec::new() }),
        };
        let patches = patches(&covered);
        if patches.is_empty() {
            out.extend(rows);
        } else {
            let room = limit - out.len();
            out.extend(patch(rows, patches, order).into_iter().take(room));
        }
    }
    Ok(out)
}

fn patch(rows: Vec<Row>, patches: Patches, order: Order) -> Vec<Row> {
    let mut all: BTreeMap<Vec<u8>, Bytes> = rows.into_iter().collect();
    for (key, value) in patches {
        match value {
            Some(value) => all.insert(key, value),
            None => all.remove(&key),
        };
    }
    match order {
        Order::Rising => all.into_iter().collect(),
        Order::Falling => all.into_iter().rev().collect(),
    }
}

/// One row of a table.
pub(super) fn get<K: Key, V: Value>(rows: &impl Rows, table: &Table<K, V>, key: &K) -> Result<Option<V>> {
    value(rows, &table.raw(key))
}

/// The value under a raw key of a table or log.
pub(super) fn value<V: Value>(rows: &impl Rows, key: &[u8]) -> Result<Option<V>> {
    match rows.stored(key).map_err(Error::internal)? {
        Some(row) => decode(rows, key, &row).map(Some),
        None => Ok(None),
    }
}

/// Rows of a table.
pub(super) fn scan<K: Key, V: Value>(
    rows: &impl Rows,
    table: &Table<K, V>,
    range: &KeyRange<K>,
    limit: usize,
    order: Order,
) -> Result<Vec<(K, V)>> {
    let base = table.raw_base();
    let found = rows.stored_range(RawRange::of_table(&base, range), limit, order).map_err(Error::internal)?;
    let typed = |(raw, row): (Vec<u8>, Bytes)| {
        let mut rest = &raw[base.len()..];
        let key = K::decode(&mut rest).filter(|_| rest.is_empty());
        let key = key.ok_or_else(|| Error::internal("a stored key of unknown form"))?;
        Ok((key, decode(rows, &raw, &row)?))
    };
    found.into_iter().map(typed).collect()
}

/// Entries of the log whose keys begin with `prefix`.
pub(super) fn entries<V: Value>(
    rows: &impl Rows,
    prefix: &[u8],
    (from, to): (u64, u64),
    limit: usize,
    order: Order,
) -> Result<Vec<(u64, V)>> {
    let found =
        rows.stored_range(RawRange::of_log(prefix, from, to), limit, order).map_err(Error::internal)?;
    let typed = |(raw, row): (Vec<u8>, Bytes)| Ok((number(prefix, &raw)?, decode(rows, &raw, &row)?));
    found.into_iter().map(typed).collect()
}

/// The number of the last entry of a log whose keys begin with `prefix`; 0 where there is none.
pub(super) fn head(rows: &impl Rows, prefix: &[u8]) -> Result<u64> {
    let last = rows
        .stored_range(RawRange::of_log(prefix, 0, u64::MAX), 1, Order::Falling)
        .map_err(Error::internal)?;
    last.first().map_or(Ok(0), |(raw, _)| number(prefix, raw))
}

fn decode<V: Value>(rows: &impl Rows, key: &[u8], row: &[u8]) -> Result<V> {
    split::decode(key, row, |part| rows.stored(part))
}

fn number(prefix: &[u8], raw: &[u8]) -> Result<u64> {
    u64::decode(&mut &raw[prefix.len()..]).ok_or_else(|| Error::internal("a stored key of unknown form"))
}
