//! PROVISIONAL in-memory stand-in with the final interface.
#![allow(clippy::unwrap_used)]

pub mod key;
pub mod table;

use crate::bus::Event;
use crate::error::{Error, Result};
use key::{Key, KeyRange};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex};
pub use table::{Log, Table, Value};

/// Direction of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// From the smallest key.
    Rising,
    /// From the greatest key.
    Falling,
}

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// A handle of the store. Clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<(Rows, u64)>,
    publish: tokio::sync::mpsc::UnboundedSender<(u64, Vec<Event>)>,
}

impl Store {
    /// A store that forgets everything when the process ends, and the stream of what its transactions published.
    pub fn memory() -> (Self, tokio::sync::mpsc::UnboundedReceiver<(u64, Vec<Event>)>) {
        let (publish, published) = tokio::sync::mpsc::unbounded_channel();
        (Self { inner: Arc::new(Inner { state: Mutex::default(), publish }) }, published)
    }

    /// One row.
    pub async fn get<K: Key, V: Value>(&self, table: &Table<K, V>, key: &K) -> Result<Option<V>> {
        self.view(|tx| tx.get(table, key))
    }

    /// Rows of a range, at most `limit`.
    pub async fn scan<K: Key, V: Value>(
        &self,
        table: &Table<K, V>,
        range: &KeyRange<K>,
        limit: usize,
        order: Order,
    ) -> Result<Vec<(K, V)>> {
        self.view(|tx| tx.scan(table, range, limit, order))
    }

    /// The number of the last entry of a log; 0 while it is empty.
    pub async fn head<K: Key, V: Value>(&self, log: &Log<K, V>, key: &K) -> Result<u64> {
        self.view(|tx| tx.head(log, key))
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
        self.view(|tx| tx.entries(log, key, from, to, limit, order))
    }

    /// Runs `f` as one transaction.
    pub async fn transact<T, F>(&self, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
    {
        let mut state = self.inner.state.lock().unwrap();
        let stamp = state.1 + 1;
        let mut tx = Tx { rows: &state.0, writes: BTreeMap::new(), events: Vec::new(), stamp };
        let answer = f(&mut tx)?;
        let Tx { writes, events, .. } = tx;
        for (k, v) in writes {
            match v {
                Some(v) => state.0.insert(k, v),
                None => state.0.remove(&k),
            };
        }
        state.1 = stamp;
        if !events.is_empty() {
            let _ = self.inner.publish.send((stamp, events));
        }
        Ok(answer)
    }

    fn view<T>(&self, f: impl Fn(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let state = self.inner.state.lock().unwrap();
        f(&mut Tx { rows: &state.0, writes: BTreeMap::new(), events: Vec::new(), stamp: state.1 })
    }

    /// The stamp of the last durable commit.
    pub fn stamp(&self) -> u64 {
        self.inner.state.lock().unwrap().1
    }

    /// Changes when history was lost or restored.
    pub fn epoch(&self) -> u64 {
        7
    }

    /// The store's own secret, made with it: the root of all sealed handles.
    pub fn secret(&self) -> [u8; 32] {
        [9; 32]
    }
}

/// A transaction: sees its own writes, has no effects but through itself, may run again.
pub struct Tx<'a> {
    rows: &'a Rows,
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    events: Vec<Event>,
    stamp: u64,
}

impl Tx<'_> {
    /// The stamp this transaction will have once it is committed. Only grows, also over restarts.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// Hands an event to the bus once this transaction is durable, in commit order.
    pub fn publish(&mut self, event: Event) {
        self.events.push(event);
    }

    /// One row.
    pub fn get<K: Key, V: Value>(&mut self, table: &Table<K, V>, key: &K) -> Result<Option<V>> {
        self.raw_get(&table.raw(key))
    }

    /// Rows of a range, at most `limit`.
    pub fn scan<K: Key, V: Value>(
        &mut self,
        table: &Table<K, V>,
        range: &KeyRange<K>,
        limit: usize,
        order: Order,
    ) -> Result<Vec<(K, V)>> {
        let base = table::raw_name(table.name());
        let skip = base.len();
        let prefix = [&base[..], &range.prefix].concat();
        let wrap = |b: &Bound<Vec<u8>>| match b {
            Bound::Included(k) => Bound::Included([&base[..], k].concat()),
            Bound::Excluded(k) => Bound::Excluded([&base[..], k].concat()),
            Bound::Unbounded => Bound::Unbounded,
        };
        self.raw_scan(&prefix, &wrap(&range.from), &wrap(&range.to), limit, order)
            .into_iter()
            .map(|(k, v)| {
                Ok((K::decode(&mut &k[skip..]).ok_or_else(|| Error::internal("stored key"))?, decode(&v)?))
            })
            .collect()
    }

    /// Writes a row.
    pub fn put<K: Key, V: Value>(&mut self, table: &Table<K, V>, key: &K, value: &V) -> Result<()> {
        self.writes.insert(table.raw(key), Some(value.encode_to_vec()));
        Ok(())
    }

    /// Removes a row, if it is there.
    pub fn delete<K: Key, V: Value>(&mut self, table: &Table<K, V>, key: &K) -> Result<()> {
        self.writes.insert(table.raw(key), None);
        Ok(())
    }

    /// The number of the last entry of a log; 0 while it is empty.
    pub fn head<K: Key, V: Value>(&mut self, log: &Log<K, V>, key: &K) -> Result<u64> {
        Ok(self.entries(log, key, 1, u64::MAX, 1, Order::Falling)?.first().map_or(0, |(n, _)| *n))
    }

    /// One entry of a log.
    pub fn entry<K: Key, V: Value>(&mut self, log: &Log<K, V>, key: &K, n: u64) -> Result<Option<V>> {
        Ok(self.entries(log, key, n, n, 1, Order::Rising)?.pop().map(|(_, v)| v))
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
        let prefix = log.raw_prefix(key);
        let bound = |n: u64| [&prefix[..], &n.to_be_bytes()].concat();
        let rows =
            self.raw_scan(&prefix, &Bound::Included(bound(from)), &Bound::Included(bound(to)), limit, order);
        rows.into_iter()
            .map(|(k, v)| {
                Ok((
                    u64::decode(&mut &k[prefix.len()..]).ok_or_else(|| Error::internal("stored key"))?,
                    decode(&v)?,
                ))
            })
            .collect()
    }

    /// Appends an entry, made by `make` from its number, and gives the number.
    pub fn append<K: Key, V: Value>(
        &mut self,
        log: &Log<K, V>,
        key: &K,
        make: impl FnOnce(u64) -> V,
    ) -> Result<u64> {
        let n = self.head(log, key)? + 1;
        self.overwrite(log, key, n, &make(n))?;
        Ok(n)
    }

    /// Replaces an entry that is there.
    pub fn overwrite<K: Key, V: Value>(&mut self, log: &Log<K, V>, key: &K, n: u64, value: &V) -> Result<()> {
        let raw = [&log.raw_prefix(key)[..], &n.to_be_bytes()].concat();
        self.writes.insert(raw, Some(value.encode_to_vec()));
        Ok(())
    }

    /// Removes the entries before `n` (never the last one): at most `limit` a call; gives how many.
    pub fn trim<K: Key, V: Value>(
        &mut self,
        log: &Log<K, V>,
        key: &K,
        before: u64,
        limit: usize,
    ) -> Result<usize> {
        let head = self.head(log, key)?;
        let prefix = log.raw_prefix(key);
        let old = self.entries(log, key, 1, before.min(head).saturating_sub(1), limit, Order::Rising)?;
        for (n, _) in &old {
            self.writes.insert([&prefix[..], &n.to_be_bytes()].concat(), None);
        }
        Ok(old.len())
    }

    fn raw_get<V: Value>(&self, key: &[u8]) -> Result<Option<V>> {
        let bytes = match self.writes.get(key) {
            Some(written) => written.as_ref(),
            None => self.rows.get(key),
        };
        bytes.map(|b| decode(b)).transpose()
    }

    fn raw_scan(
        &self,
        prefix: &[u8],
        from: &Bound<Vec<u8>>,
        to: &Bound<Vec<u8>>,
        limit: usize,
        order: Order,
    ) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut all: BTreeMap<&Vec<u8>, Option<&Vec<u8>>> = BTreeMap::new();
        for (k, v) in self.rows.range(prefix.to_vec()..).take_while(|(k, _)| k.starts_with(prefix)) {
            all.insert(k, Some(v));
        }
        for (k, v) in self.writes.range(prefix.to_vec()..).take_while(|(k, _)| k.starts_with(prefix)) {
            all.insert(k, v.as_ref());
        }
        let hits = all
            .into_iter()
            .filter(|(k, _)| std::ops::RangeBounds::<Vec<u8>>::contains(&(from.as_ref(), to.as_ref()), *k));
        let hits = hits.filter_map(|(k, v)| Some((k.clone(), v?.clone())));
        match order {
            Order::Rising => hits.take(limit).collect(),
            Order::Falling => hits.rev().take(limit).collect(),
        }
    }
}

fn decode<V: Value>(bytes: &[u8]) -> Result<V> {
    V::decode(bytes).map_err(Error::internal)
}
