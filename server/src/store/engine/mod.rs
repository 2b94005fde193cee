//! What lies under the store: something that keeps ordered rows of bytes and applies a group of changes durably. An
//! engine knows no tables, no transactions and no readers; it may show a group before it is durable.

mod fjall;
mod journal;
mod memory;
mod repair;
mod sled;

pub(super) use fjall::FjallEngine;
pub(super) use memory::MemoryEngine;
pub(super) use repair::Kept;
pub(super) use sled::SledEngine;

use super::range::{Order, RawRange};
use bytes::Bytes;
use std::collections::BTreeMap;

/// What went wrong below; for the log, never for callers.
pub(super) type EngineError = Box<dyn std::error::Error + Send + Sync>;

/// Why an engine did not open.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Something in its files is not as it should be.
    Damage(EngineError),
    /// The files could not be read or written.
    Other(EngineError),
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        Self::Other(error.into())
    }
}

/// A row as it is stored.
pub(super) type Row = (Vec<u8>, Bytes);

/// What a group does to one key.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// The value before the group, which readers see until the group is durable.
    pub(super) before: Option<Bytes>,
    /// The value after it; `None` removes the row.
    pub(super) after: Option<Bytes>,
}

/// The changes of a group, by stored key.
pub(super) type Changes = BTreeMap<Vec<u8>, Change>;

/// Ordered rows on some medium. Stored values are at most 4 KiB (see `split`).
pub(super) trait Engine: Send + Sync + 'static {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError>;

    /// Rows of a range, at most `limit`.
    fn scan(&self, range: &RawRange, limit: usize, order: Order) -> Result<Vec<Row>, EngineError>;

    /// Applies all changes or, if the machine stops meanwhile, perhaps none; never some. When it returns, they
    /// survive a power cut. After an error nothing is known, and the process must end.
    fn apply(&self, changes: &Changes) -> Result<(), EngineError>;
}
