//! The two shapes of stored things: [`Table`] for rows and [`Log`] for numbered entries. Both are constants that a
//! room declares; they hold no data.

use super::key::Key;
use std::any::type_name;
use std::marker::PhantomData;

/// What is stored under a key: a Protobuf message.
pub trait Value: prost::Message + Default + Send + 'static {}
impl<T: prost::Message + Default + Send + 'static> Value for T {}

/// What `docs/KEYS.md` says of a table or log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description {
    /// "room.table": what each stored key begins with, followed by a 0 byte.
    pub name: &'static str,
    /// What it keeps.
    pub doc: &'static str,
    /// Rows or numbered entries.
    pub shape: Shape,
    /// The Rust type of the key.
    pub key: &'static str,
    /// The Rust type of the value.
    pub value: &'static str,
}

/// Rows or numbered entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// [`Table`].
    Rows,
    /// [`Log`].
    Entries,
}

macro_rules! shape {
    ($(#[$doc:meta])* $name:ident, $shape:expr) => {
        $(#[$doc])*
        pub struct $name<K, V> {
            name: &'static str,
            doc: &'static str,
            of: PhantomData<fn() -> (K, V)>,
        }

        impl<K, V> Clone for $name<K, V> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<K, V> Copy for $name<K, V> {}

        impl<K: Key, V: Value> $name<K, V> {
            /// Declares it. `name` is "room.table", ASCII, unique, and stays for ever: it begins each stored key.
            pub const fn new(name: &'static str) -> Self {
                Self {
                    name,
                    doc: "",
                    of: PhantomData,
                }
            }

            /// Says in a few words what it keeps, for `docs/KEYS.md`.
            #[must_use]
            pub const fn doc(self, doc: &'static str) -> Self {
                Self { doc, ..self }
            }

            /// Its name.
            pub const fn name(&self) -> &'static str {
                self.name
            }

            /// What `docs/KEYS.md` says of it.
            pub fn describe(&self) -> Description {
                Description {
                    name: self.name,
                    doc: self.doc,
                    shape: $shape,
                    key: type_name::<K>(),
                    value: type_name::<V>(),
                }
            }
        }
    };
}

shape! {
    /// Rows of `V` by `K`.
    Table, Shape::Rows
}

shape! {
    /// For each `K`, entries of `V` numbered 1, 2, 3 … without gaps.
    Log, Shape::Entries
}

impl<K: Key, V: Value> Table<K, V> {
    /// The stored key: name, 0, key.
    pub(super) fn raw(&self, key: &K) -> Vec<u8> {
        raw_key(self.name, key)
    }

    /// What all stored keys of the table begin with.
    pub(super) fn raw_base(&self) -> Vec<u8> {
        raw_key(self.name, &())
    }
}

impl<K: Key, V: Value> Log<K, V> {
    /// What all stored keys of one log begin with: name, 0, key. The number follows.
    pub(super) fn raw_prefix(&self, key: &K) -> Vec<u8> {
        raw_key(self.name, key)
    }
}

/// Room for the ids and numbers that follow a name in almost every key.
const USUAL_KEY_BYTES: usize = 40;

fn raw_key<K: Key>(name: &str, key: &K) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len() + USUAL_KEY_BYTES);
    out.extend_from_slice(name.as_bytes());
    out.push(0);
    key.encode(&mut out);
    out
}
