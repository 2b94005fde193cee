//! Events of server streams: encoded once for all who get them, with a small part for each of them.

use bytes::{Bytes, BytesMut};
use prost::Message;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

/// What a handler of a server stream returns.
pub type EventStream<A, E> = futures::stream::BoxStream<'static, Result<Event<A>, E>>;

/// The encoded part that all receivers share, with its JSON text made when the first receiver needs it.
#[derive(Debug)]
pub struct Shared {
    bytes: Bytes,
    json: OnceLock<Arc<str>>,
}

impl Shared {
    /// The Protobuf bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The JSON object, made by `make` on first use.
    pub fn json(&self, make: impl FnOnce(&[u8]) -> Arc<str>) -> &Arc<str> {
        self.json.get_or_init(|| make(&self.bytes))
    }
}

/// One event for one receiver: a shared message, and a small message of the same type with the fields that are
/// this receiver's alone. Protobuf messages merge by concatenation, so both stay encoded.
#[derive(Debug)]
pub struct Event<A> {
    /// Encoded once.
    pub shared: Arc<Shared>,
    /// Fields for this receiver, set on no other: disjoint from those of `shared`. Often empty.
    pub own: Bytes,
    of: PhantomData<fn() -> A>,
}

impl<A> Clone for Event<A> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), own: self.own.clone(), of: PhantomData }
    }
}

impl<A: Message> Event<A> {
    /// Encodes the part that all receivers get.
    pub fn new(message: &A) -> Self {
        let shared = Shared { bytes: message.encode_to_vec().into(), json: OnceLock::new() };
        Self { shared: Arc::new(shared), own: Bytes::new(), of: PhantomData }
    }

    /// The same event with the fields of `own` for one receiver.
    pub fn with_own(&self, own: &A) -> Self {
        Self { shared: self.shared.clone(), own: own.encode_to_vec().into(), of: PhantomData }
    }
}

impl<A> Event<A> {
    /// The same event under another message type, for code that carries events without knowing them.
    pub fn untyped(self) -> Event<()> {
        Event { shared: self.shared, own: self.own, of: PhantomData }
    }

    /// Length of the encoded event.
    pub fn encoded_len(&self) -> usize {
        self.shared.bytes.len() + self.own.len()
    }

    /// Appends the encoded event.
    pub fn encode(&self, out: &mut BytesMut) {
        out.extend_from_slice(&self.shared.bytes);
        out.extend_from_slice(&self.own);
    }
}
