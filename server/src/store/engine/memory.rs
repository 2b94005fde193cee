//! The engine that forgets everything when the process ends: for tests and `--ephemeral`.

use super::{Changes, Engine, EngineError, Row};
use crate::store::range::{Order, RawRange};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

/// Rows in memory.
#[derive(Default)]
pub(in crate::store) struct MemoryEngine(RwLock<BTreeMap<Vec<u8>, Bytes>>);

impl Engine for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        let rows = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Ok(rows.get(key).cloned())
    }

    fn scan(&self, range: &RawRange, limit: usize, order: Order) -> Result<Vec<Row>, EngineError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let hits = rows
            .range(range.start.clone()..range.end.clone())
            .map(|(key, value)| (key.clone(), value.clone()));
        Ok(match order {
            Order::Rising => hits.take(limit).collect(),
            Order::Falling => hits.rev().take(limit).collect(),
        })
    }

    fn apply(&self, changes: &Changes) -> Result<(), EngineError> {
        let mut rows = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (key, change) in changes {
            match &change.after {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        Ok(())
    }
}
