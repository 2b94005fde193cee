//! The two shapes of stored things: [`Table`] for rows and [`Log`] for numbered entries. Both are constants that a
//! room declares; they hold no data.

use super::key::Key;
use std::marker::PhantomData;

/// What is stored under a key: a Protobuf message.
pub trait Value: prost::Message + Default + Send + 'static {}
impl<T: prost::Message + Default + Send + 'static> Value for T {}

/// Rows of `V` by `K`.
pub struct Table<K, V> {
    name: &'static str,
    of: PhantomData<fn() -> (K, V)>,
}

impl<K: Key, V: Value> Table<K, V> {
    /// A table. `name` is "room.table", unique, and stays for ever: it begins each stored key.
    pub const fn new(name: &'static str) -> Self {
        Self { name, of: PhantomData }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The stored key: name, 0, key.
    pub(super) fn raw(&self, key: &K) -> Vec<u8> {
        let mut out = raw_name(self.name);
        key.encode(&mut out);
        out
    }
}

/// For each `K`, entries of `V` numbered 1, 2, 3 … without gaps.
pub struct Log<K, V> {
    name: &'static str,
    of: PhantomData<fn() -> (K, V)>,
}

impl<K: Key, V: Value> Log<K, V> {
    /// A log. `name` as for tables.
    pub const fn new(name: &'static str) -> Self {
        Self { name, of: PhantomData }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What all stored keys of one log begin with.
    pub(super) fn raw_prefix(&self, key: &K) -> Vec<u8> {
        let mut out = raw_name(self.name);
        key.encode(&mut out);
        out
    }
}

/// Name and separator. Names hold no 0 byte.
pub(super) fn raw_name(name: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len() + 40);
    out.extend_from_slice(name.as_bytes());
    out.push(0);
    out
}
