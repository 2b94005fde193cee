//! The store: tables of rows and logs of numbered entries, kept durably. What [`Store::transact`] answers is on disk
//! and survives a power cut; what readers see is, too. It knows neither what rooms keep in it nor who is connected.
//!
//! Under it lies an engine (sled, fjall, memory) that keeps ordered rows of bytes. One writer thread runs all
//! transactions, in groups; readers run beside it and see whole groups only.

mod config;
mod disk;
mod engine;
pub mod key;
mod meta;
mod migrate;
mod open;
mod range;
mod recent;
mod rows;
mod space;
mod split;
pub mod table;
mod tx;
mod version;
mod writer;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod tests;

pub use config::{EngineKind, StoreConfig};
pub(crate) use disk::{create_dir, free_bytes, sync_dir};
pub use open::OpenError;
pub use range::Order;
pub(crate) use space::disk_full;
pub use split::MAX_VALUE_BYTES;
pub use table::{Log, Table, Value};
pub use tx::{MAX_TRANSACTION_BYTES, Tx};
pub(crate) use version::SHUTTING_DOWN;

use crate::bus::{Published, Subscriber};
use crate::error::{Error, Result};
use crate::permit;
use crate::random::Random;
use crate::time::Clock;
use engine::Engine;
use key::{Key, KeyRange};
use meta::StampCeiling;
use space::SpaceGuard;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::sync::oneshot;
use version::{Version, View, Visible};
use writer::{Job, Message, Observers, OnFatal, Writer, WriterHandle};

/// Scans of at most this many rows run where they are asked for; longer ones go to the blocking pool.
const MAX_INLINE_ROWS: usize = 1000;

/// A handle of the store. Clones share it. When the last is dropped, what waits is still written.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    visible: Arc<Visible>,
    writer: WriterHandle,
    observers: Observers,
    epoch: u64,
    secret: [u8; 32],
    #[cfg(test)]
    reads: std::sync::atomic::AtomicU64,
}

/// What a store is started from.
struct Parts {
    engine: Arc<dyn Engine>,
    guard: SpaceGuard,
    on_fatal: OnFatal,
}

impl Store {
    /// Opens the store of a data directory, or makes it, and gives the stream of what its transactions publish.
    ///
    /// # Errors
    /// Each says what to do.
    pub fn open(
        config: &StoreConfig,
        data_dir: &Path,
        clock: &Clock,
        random: &Random,
    ) -> Result<(Self, UnboundedReceiver<Published>), OpenError> {
        let opened = open::open(config, data_dir, clock, random)?;
        let guard = match config.engine {
            EngineKind::Memory => SpaceGuard::none(),
            EngineKind::Sled | EngineKind::Fjall => SpaceGuard::new(config, SpaceGuard::of_dir(data_dir)),
        };
        let parts = Parts { engine: opened.into_engine(), guard, on_fatal: Arc::new(writer::end_process) };
        Self::start(parts).map_err(|e| OpenError::Damaged(data_dir.to_owned(), e))
    }

    /// A store that forgets everything when the process ends, and the stream of what its transactions published.
    ///
    /// # Panics
    /// Where the operating system gives no thread.
    pub fn memory() -> (Self, UnboundedReceiver<Published>) {
        let config = StoreConfig { engine: EngineKind::Memory, ..StoreConfig::default() };
        Self::open(&config, Path::new(""), &Clock::system(), &Random::from_os())
            .expect("memory needs nothing that could be missing")
    }

    fn start(parts: Parts) -> Result<(Self, UnboundedReceiver<Published>), engine::EngineError> {
        let meta = meta::load(&*parts.engine)?;
        let version = Version::first(parts.engine.clone(), meta.stamp);
        let visible = Arc::new(Visible::new(version.clone()));
        let (publish, published) = mpsc::unbounded_channel();
        let observers = Observers::default();
        let writer = Writer {
            engine: parts.engine,
            visible: visible.clone(),
            version,
            ceiling: StampCeiling(meta.stamp),
            guard: parts.guard,
            publish,
            observers: observers.clone(),
            on_fatal: parts.on_fatal,
        };
        let inner = Inner {
            visible,
            writer: writer.start()?,
            observers,
            epoch: meta.epoch,
            secret: meta.secret,
            #[cfg(test)]
            reads: Default::default(),
        };
        let store = Self { inner: Arc::new(inner) };
        Ok((store, published))
    }

    /// One row.
    pub async fn get<K: Key, V: Value>(&self, table: &Table<K, V>, key: &K) -> Result<Option<V>> {
        rows::get(&self.view()?, table, key)
    }

    /// Rows of a range, at most `limit`, as they were at one moment.
    pub async fn scan<K: Key, V: Value>(
        &self,
        table: &Table<K, V>,
        range: &KeyRange<K>,
        limit: usize,
        order: Order,
    ) -> Result<Vec<(K, V)>> {
        let (table, range) = (*table, range.clone());
        self.read(limit, move |view| rows::scan(view, &table, &range, limit, order)).await
    }

    /// The number of the last entry of a log; 0 while it is empty.
    pub async fn head<K: Key, V: Value>(&self, log: &Log<K, V>, key: &K) -> Result<u64> {
        rows::head(&self.view()?, &log.raw_prefix(key))
    }

    /// Entries numbered `from..=to`, at most `limit`.
    pub async fn entries<K: Key, V: Value>(
        &self,
        log: &Log<K, V>,
        key: &K,
        from: u64,
        to: u64,
        limit: usize,
        order: Order,
    ) -> Result<Vec<(u64, V)>> {
        let prefix = log.raw_prefix(key);
        self.read(limit, move |view| rows::entries(view, &prefix, (from, to), limit, order)).await
    }

    /// Runs `f` as one transaction and answers, also with its error, when all that it wrote and all that it read is
    /// on disk. `f` sees everything before it, may run again, and has no effects but through its [`Tx`]. Where it
    /// fails or panics, nothing of it is kept.
    ///
    /// # Errors
    /// Those of `f`; those of writes (see [`Tx::put`]); that of the call's [`crate::permit::Permit`], where it does not hold
    /// any more when the transaction runs; Unavailable `SHUTTING_DOWN` after [`Store::close`].
    pub async fn transact<T, F>(&self, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
    {
        self.run(writer::job(permitted(f), false)).await
    }

    /// As [`Store::transact`], for what removes more than it writes: it is taken also where there is little room, or
    /// nothing could make any. Below a last mark it is refused, too.
    pub async fn make_room<T, F>(&self, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
    {
        self.run(writer::job(permitted(f), true)).await
    }

    async fn run<T>(&self, (job, answer): (Box<dyn Job>, oneshot::Receiver<Result<T>>)) -> Result<T> {
        let sent = self.inner.writer.queue.send(Message::Run(job)).await;
        sent.map_err(|_| version::closed())?;
        answer.await.map_err(|_| version::closed())?
    }

    /// Names, once, who keeps things in memory that must be true when a commit is answered. They are told on the
    /// writer's thread what each commit published, so they must be quick.
    ///
    /// # Panics
    /// When called a second time: a mistake of the composition.
    pub fn observe(&self, observers: Vec<Arc<dyn Subscriber>>) {
        assert!(self.inner.observers.set(observers).is_ok(), "observers are named once");
    }

    /// The stamp of the last durable commit.
    pub fn stamp(&self) -> u64 {
        self.inner.visible.stamp()
    }

    /// Changes when history was lost or restored. Not 0.
    pub fn epoch(&self) -> u64 {
        self.inner.epoch
    }

    /// The store's own secret, made with it: the root of all sealed handles.
    pub fn secret(&self) -> [u8; 32] {
        self.inner.secret
    }

    /// Writes what waits and closes the store; what comes later is refused. When this returns, the data directory is
    /// free, unless a long scan still runs.
    pub async fn close(&self) {
        // A failure to send or to wait says that the writer has ended already.
        let _ = self.inner.writer.queue.send(Message::Close).await;
        let _ = self.inner.writer.ended.clone().changed().await;
    }

    /// How often something was read outside of transactions.
    #[cfg(test)]
    pub(crate) fn reads(&self) -> u64 {
        self.inner.reads.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Every row as it is stored.
    #[cfg(test)]
    pub(crate) fn rows(&self) -> std::collections::BTreeMap<Vec<u8>, bytes::Bytes> {
        let all = range::RawRange { start: Vec::new(), end: vec![0xff; 64] };
        let view = self.view().expect("the store is open");
        let rows =
            rows::Rows::stored_range(&view, all, usize::MAX, Order::Rising).expect("memory can be read");
        rows.into_iter().collect()
    }

    fn view(&self) -> Result<View> {
        #[cfg(test)]
        self.inner.reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.inner.visible.view()
    }

    async fn read<T: Send + 'static>(
        &self,
        limit: usize,
        f: impl FnOnce(&View) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let view = self.view()?;
        if limit <= MAX_INLINE_ROWS {
            return f(&view);
        }
        tokio::task::spawn_blocking(move || f(&view)).await.map_err(Error::internal)?
    }
}

/// A transaction that runs only while the permit of the present call holds.
fn permitted<T>(
    f: impl Fn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
) -> impl Fn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static {
    let permit = permit::current();
    move |tx| {
        permit.as_ref().map_or(Ok(()), |permit| permit.check())?;
        f(tx)
    }
}
