//! What no engine of its own can show: when things become visible, failing disks, and what a data directory may hold.

mod failing;
mod opening;
mod visibility;

use super::conformance::{CHAT, NAMES, number};
use super::engine::{Changes, Engine, EngineError, MemoryEngine, Row};
use super::range::RawRange;
use super::space::SpaceGuard;
use super::*;
use bytes::Bytes;
use std::sync::{Condvar, Mutex};

/// An engine that shows what it is given at once, as sled does, but whose sync waits for a permit, and may fail.
struct Gate {
    rows: MemoryEngine,
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    /// Groups that may still end their sync; `None`: all.
    permits: Option<usize>,
    /// Groups that wait for their sync, or have ended it.
    applied: usize,
    failing: bool,
}

impl Gate {
    fn new() -> Arc<Self> {
        let rows = MemoryEngine::default();
        meta::create(&rows, &Random::seeded(1)).unwrap();
        Arc::new(Self { rows, state: Mutex::default(), changed: Condvar::new() })
    }

    fn store(self: &Arc<Self>) -> (Store, UnboundedReceiver<Published>) {
        let on_fatal = Arc::new(|message: &str| panic!("{message}"));
        Store::start(Parts { engine: self.clone(), guard: SpaceGuard::none(), on_fatal }).unwrap()
    }

    fn change(&self, f: impl FnOnce(&mut GateState)) {
        f(&mut self.state.lock().unwrap());
        self.changed.notify_all();
    }

    /// Waits until `n` groups have been given to the engine.
    async fn applied(self: &Arc<Self>, n: usize) {
        let gate = self.clone();
        let wait = move || {
            let state = gate.state.lock().unwrap();
            drop(gate.changed.wait_while(state, |state| state.applied < n).unwrap());
        };
        tokio::task::spawn_blocking(wait).await.unwrap();
    }
}

impl Engine for Gate {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        self.rows.get(key)
    }

    fn scan(&self, range: &RawRange, limit: usize, order: Order) -> Result<Vec<Row>, EngineError> {
        self.rows.scan(range, limit, order)
    }

    fn apply(&self, changes: &Changes) -> Result<(), EngineError> {
        self.rows.apply(changes)?;
        self.change(|state| state.applied += 1);
        let state = self.state.lock().unwrap();
        let mut state = self.changed.wait_while(state, |state| state.permits == Some(0)).unwrap();
        if let Some(permits) = &mut state.permits {
            *permits -= 1;
        }
        if state.failing { Err("the disk is gone".into()) } else { Ok(()) }
    }
}

async fn put(store: &Store, name: &str, n: u64) {
    let name = name.to_owned();
    store.transact(move |tx| tx.put(&NAMES, &(1, name.clone()), &number(n))).await.unwrap();
}

async fn read(store: &Store, name: &str) -> Option<u64> {
    store.get(&NAMES, &(1, name.to_owned())).await.unwrap().map(|blob| blob.number)
}
