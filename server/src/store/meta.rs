//! The store's own rows: format version, epoch, secret, stamps. They lie before all tables.

use super::engine::{Change, Changes, Engine, EngineError};
use super::migrate;
use crate::random::Random;
use bytes::Bytes;

const FORMAT: &[u8] = b"\0format";
const EPOCH: &[u8] = b"\0epoch";
const SECRET: &[u8] = b"\0secret";
const STAMPS: &[u8] = b"\0stamps";

/// How many stamps are set aside at once. A row is written once for so many transactions; a restart skips the rest.
const STAMPS_AT_ONCE: u64 = 1 << 16;

/// What the store knows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) epoch: u64,
    pub(super) secret: [u8; 32],
    /// No stamp up to this one will be given again.
    pub(super) stamp: u64,
}

/// Writes the rows of a new store, durably.
pub(super) fn create(engine: &dyn Engine, random: &Random) -> Result<(), EngineError> {
    let mut changes = Changes::new();
    put(&mut changes, FORMAT, &migrate::NEWEST_FORMAT.to_be_bytes());
    put(&mut changes, EPOCH, &new_epoch(random).to_be_bytes());
    put(&mut changes, SECRET, &random.bytes::<32>());
    put(&mut changes, STAMPS, &0u64.to_be_bytes());
    engine.apply(&changes)
}

/// Reads them.
pub(super) fn load(engine: &dyn Engine) -> Result<Meta, EngineError> {
    Ok(Meta {
        epoch: u64::from_be_bytes(row(engine, EPOCH)?),
        secret: row(engine, SECRET)?,
        stamp: u64::from_be_bytes(row(engine, STAMPS)?),
    })
}

/// Gives the store another epoch, durably, after history may have been lost.
pub(super) fn change_epoch(engine: &dyn Engine, random: &Random) -> Result<(), EngineError> {
    let mut changes = Changes::new();
    put(&mut changes, EPOCH, &new_epoch(random).to_be_bytes());
    engine.apply(&changes)
}

/// The format in which rows are stored.
pub(super) fn format(engine: &dyn Engine) -> Result<u32, EngineError> {
    Ok(u32::from_be_bytes(row(engine, FORMAT)?))
}

/// Adds the row of a new format version.
pub(super) fn put_format(changes: &mut Changes, format: u32) {
    put(changes, FORMAT, &format.to_be_bytes());
}

/// Sees to it that stamps only grow over restarts: the row says up to where they may have been given.
pub(super) struct StampCeiling(pub(super) u64);

impl StampCeiling {
    /// The row that must be written along with a group whose last stamp is `stamp`, if one must.
    pub(super) fn cover(&mut self, stamp: u64) -> Option<(Vec<u8>, Bytes)> {
        if stamp <= self.0 {
            return None;
        }
        self.0 = stamp + STAMPS_AT_ONCE;
        Some((STAMPS.to_vec(), Bytes::copy_from_slice(&self.0.to_be_bytes())))
    }
}

/// Random, not 0, and small enough that every JSON reader holds it exactly.
fn new_epoch(random: &Random) -> u64 {
    random.below((1 << 53) - 1) + 1
}

fn row<const N: usize>(engine: &dyn Engine, key: &[u8]) -> Result<[u8; N], EngineError> {
    let name = key.escape_ascii();
    let value = engine.get(key)?.ok_or_else(|| format!("the store's own row {name} is missing"))?;
    let value = <[u8; N]>::try_from(&value[..]);
    Ok(value.map_err(|_| format!("the store's own row {name} has another length"))?)
}

fn put(changes: &mut Changes, key: &[u8], value: &[u8]) {
    changes.insert(key.to_vec(), Change { before: None, after: Some(Bytes::copy_from_slice(value)) });
}
