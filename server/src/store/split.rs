//! How a value is stored. sled must never be given a stored value above 4 KiB, because it writes whole leaves of 16
//! and more rows as one record, and puts records above 128 KiB into files that it never syncs. So a longer value is
//! cut into parts, rows of their own that lie outside all tables, and the row itself tells only the length.

use super::engine::EngineError;
use super::table::Value;
use crate::error::{Error, Result};
use bytes::Bytes;

/// The most bytes an engine is given as one value.
pub(super) const MAX_STORED_BYTES: usize = 4096;
/// The most bytes a value may take, encoded. Larger things are media.
pub const MAX_VALUE_BYTES: usize = 1 << 20;

/// First byte of a row that holds its value.
const WHOLE: u8 = 0;
/// First byte of a row whose value lies in parts; then its length as u32.
const SPLIT: u8 = 1;
/// First byte of the keys of parts. Tables' names begin with a letter.
const PARTS: u8 = 1;

/// A value ready to be stored.
pub(super) struct Encoded {
    /// The row itself.
    pub(super) row: Bytes,
    /// Its parts; none for a short value.
    pub(super) parts: Vec<Bytes>,
}

/// Encodes a value.
///
/// # Errors
/// Internal where it is longer than [`MAX_VALUE_BYTES`]: rooms check the length of what users send.
pub(super) fn encode<V: Value>(value: &V) -> Result<Encoded> {
    let len = value.encoded_len();
    if len > MAX_VALUE_BYTES {
        return Err(Error::internal(format!("a value of {len} bytes is too long to store")));
    }
    let mut bytes = Vec::with_capacity(1 + len);
    bytes.push(WHOLE);
    value.encode(&mut bytes).map_err(|e| Error::internal(format!("a vector has room for any value: {e}")))?;
    let whole = Bytes::from(bytes);
    if whole.len() <= MAX_STORED_BYTES {
        return Ok(Encoded { row: whole, parts: Vec::new() });
    }
    let mut row = Vec::with_capacity(5);
    row.push(SPLIT);
    row.extend_from_slice(&u32::try_from(len).expect("at most 1 MiB").to_be_bytes());
    let value = whole.slice(1..);
    let parts = (0..len)
        .step_by(MAX_STORED_BYTES)
        .map(|at| value.slice(at..len.min(at + MAX_STORED_BYTES)))
        .collect();
    Ok(Encoded { row: row.into(), parts })
}

/// Into how many parts the value of a stored row is cut; 0 for a whole one.
pub(super) fn part_count(row: &[u8]) -> usize {
    split_len(row).map_or(0, |len| len.div_ceil(MAX_STORED_BYTES))
}

/// The key of a part. Only ever used whole, so that no two are alike: the last two bytes are the number.
pub(super) fn part_key(key: &[u8], part: usize) -> Vec<u8> {
    let number = u16::try_from(part).expect("at most 256 parts").to_be_bytes();
    [&[PARTS], key, &number].concat()
}

/// Decodes a stored row; `part` fetches parts.
pub(super) fn decode<V: Value>(
    key: &[u8],
    row: &[u8],
    part: impl Fn(&[u8]) -> Result<Option<Bytes>, EngineError>,
) -> Result<V> {
    if let Some((&WHOLE, value)) = row.split_first() {
        return V::decode(value).map_err(Error::internal);
    }
    let len = split_len(row).ok_or_else(|| Error::internal("a stored row of unknown form"))?;
    let mut value = Vec::with_capacity(len);
    for number in 0..part_count(row) {
        let bytes = part(&part_key(key, number)).map_err(Error::internal)?;
        value
            .extend_from_slice(&bytes.ok_or_else(|| Error::internal("a part of a stored value is missing"))?);
    }
    if value.len() != len {
        return Err(Error::internal("the parts of a stored value have another length"));
    }
    V::decode(&value[..]).map_err(Error::internal)
}

fn split_len(row: &[u8]) -> Option<usize> {
    let (&SPLIT, len) = row.split_first()? else {
        return None;
    };
    Some(u32::from_be_bytes(len.try_into().ok()?) as usize)
}
