//! What readers see: versions. A version is the store after a group of transactions. Before the writer gives a group
//! to the engine, it links the coming version to the present one, with the values that the group replaces; when the
//! group is durable, it makes that version the visible one. A reader holds a version, reads the engine, and after
//! that takes back what groups linked behind its version may have done. Since a group is linked before the engine
//! hears of it, nothing unsynced is ever seen, and all that one reader reads belongs together.

use super::engine::{Changes, Engine, EngineError, Row};
use super::range::{Order, RawRange};
use super::rows::{Patches, Rows, patched_range};
use crate::error::{Error, Kind, Result};
use arc_swap::ArcSwap;
use bytes::Bytes;
use std::sync::{Arc, OnceLock};

/// The store after a group.
pub(super) struct Version {
    engine: Option<Arc<dyn Engine>>,
    /// The stamp of its last transaction.
    pub(super) stamp: u64,
    /// What led here from the version before.
    pub(super) changes: Changes,
    next: OnceLock<Arc<Version>>,
}

impl Version {
    /// The store as it was opened.
    pub(super) fn first(engine: Arc<dyn Engine>, stamp: u64) -> Arc<Self> {
        Arc::new(Self { engine: Some(engine), stamp, changes: Changes::new(), next: OnceLock::new() })
    }

    /// The version that `changes` will lead to, linked behind this one.
    pub(super) fn link(&self, changes: Changes, stamp: u64) -> Arc<Self> {
        let next = Arc::new(Self { engine: self.engine.clone(), stamp, changes, next: OnceLock::new() });
        let linked = self.next.set(next.clone());
        debug_assert!(linked.is_ok(), "one writer links versions, each behind the last");
        next
    }

    /// The end: a version in which nothing can be read any more, so that the engine can close.
    fn closed(&self) -> Arc<Self> {
        Arc::new(Self { engine: None, stamp: self.stamp, changes: Changes::new(), next: OnceLock::new() })
    }

    fn later(&self) -> impl Iterator<Item = &Arc<Self>> {
        std::iter::successors(self.next.get(), |version| version.next.get())
    }
}

impl Drop for Version {
    /// A reader that held an old version may be the last to hold a long chain; dropping it must not recurse.
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut version) = next.and_then(Arc::into_inner) {
            next = version.next.take();
        }
    }
}

/// The version that readers take. Set by the writer alone.
pub(super) struct Visible(ArcSwap<Version>);

impl Visible {
    pub(super) fn new(first: Arc<Version>) -> Self {
        Self(ArcSwap::new(first))
    }

    pub(super) fn set(&self, version: Arc<Version>) {
        self.0.store(version);
    }

    pub(super) fn close(&self) {
        self.0.store(self.0.load().closed());
    }

    /// The present version.
    ///
    /// # Errors
    /// Unavailable once the store is closed.
    pub(super) fn view(&self) -> Result<View> {
        let version = self.0.load_full();
        let engine = version.engine.clone().ok_or_else(closed)?;
        Ok(View { version, engine })
    }

    pub(super) fn stamp(&self) -> u64 {
        self.0.load().stamp
    }
}

/// The reason of what is refused by a store that closes: whether it was done is not known.
pub(crate) const SHUTTING_DOWN: &str = "SHUTTING_DOWN";

/// What a call gets after the store has been closed.
pub(super) fn closed() -> Error {
    Error::new(Kind::Unavailable, SHUTTING_DOWN, "The server is shutting down. Try again in a moment.")
}

/// A reader's hold on a version.
pub(super) struct View {
    version: Arc<Version>,
    engine: Arc<dyn Engine>,
}

impl Rows for View {
    fn stored(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        let found = self.engine.get(key)?;
        // The first group behind this version that touched the key knows what it was.
        let undone = self.version.later().find_map(|later| later.changes.get(key));
        Ok(undone.map_or(found, |change| change.before.clone()))
    }

    fn stored_range(&self, range: RawRange, limit: usize, order: Order) -> Result<Vec<Row>, EngineError> {
        patched_range(&*self.engine, range, limit, order, |covered| {
            let mut patches = Patches::new();
            if covered.is_empty() {
                return patches;
            }
            for later in self.version.later() {
                for (key, change) in later.changes.range(covered.start.clone()..covered.end.clone()) {
                    patches.entry(key.clone()).or_insert_with(|| change.before.clone());
                }
            }
            patches
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::engine::MemoryEngine;

    #[test]
    fn a_long_chain_is_dropped_without_recursion() {
        let first = Version::first(Arc::new(MemoryEngine::default()), 0);
        let mut last = first.clone();
        for stamp in 0..1_000_000 {
            last = last.link(Changes::new(), stamp);
        }
        let end = Arc::downgrade(&last);
        drop(last);
        drop(first);
        assert!(end.upgrade().is_none());
    }
}
