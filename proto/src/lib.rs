//! The vocabulary of Teahouse, generated from `teahouse/**/*.proto`: messages, one handler trait and one typed
//! client per service, and the descriptors. It holds no behaviour and knows no transport.

use prost::Message;
use std::future::Future;
use std::sync::Arc;

/// Messages as prost generates them, one module per package.
#[allow(missing_docs, clippy::all, rustdoc::all)]
mod messages {
    include!(concat!(env!("OUT_DIR"), "/messages.rs"));
}
pub use messages::teahouse;
pub use teahouse::{
    accounts::v1 as accounts, chat::v1 as chat, common::v1 as common, contacts::v1 as contacts,
    favourites::v1 as favourites, gateway::v1 as gateway, greetings::v1 as greetings, groups::v1 as groups,
    look_around::v1 as look_around, media::v1 as media, presence::v1 as presence, qr::v1 as qr,
    safety::v1 as safety, shake::v1 as shake, stickers::v1 as stickers, sync::v1 as sync,
};

pub mod event;
pub use event::{Event, EventStream};

/// Handler traits (`ChatApi`), `register_*` functions, typed clients (`ChatClient`) and [`MethodInfo`] constants.
#[allow(clippy::all, rustdoc::all)]
mod handlers {
    use super::*;
    include!(concat!(env!("OUT_DIR"), "/handlers.rs"));
}
pub use handlers::*;

/// The `FileDescriptorSet` of all packages, encoded, with comments.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.binpb"));

/// What is known of a method without calling it.
#[derive(Debug, PartialEq, Eq)]
pub struct MethodInfo {
    /// `"teahouse.chat.v1.ChatService/SendMessage"`.
    pub path: &'static str,
    /// Full name of the request message.
    pub request: &'static str,
    /// Full name of the response message, or of a stream's events.
    pub response: &'static str,
    /// Declared `NO_SIDE_EFFECTS`: changes nothing, may run side by side with anything.
    pub reads: bool,
    /// Answers with a stream of events.
    pub streams: bool,
}

impl MethodInfo {
    /// `"teahouse.chat.v1.ChatService"`.
    pub fn service(&self) -> &'static str {
        self.path.split_once('/').map_or(self.path, |(service, _)| service)
    }

    /// `"SendMessage"`.
    pub fn name(&self) -> &'static str {
        self.path.split_once('/').map_or(self.path, |(_, name)| name)
    }
}

/// Where `register_*` enters handlers. Generic over the server's call context and error, of which this crate
/// knows nothing.
pub trait MethodTable {
    /// What a handler learns about the call.
    type Cx: Send + Sync + 'static;
    /// What a handler fails with.
    type Error: Send + 'static;

    /// Enters a method with one answer.
    fn unary<Q, A, F, Fut>(&mut self, info: &'static MethodInfo, handler: F)
    where
        Q: Message + Default + 'static,
        A: Message + 'static,
        F: Fn(Self::Cx, Q) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<A, Self::Error>> + Send + 'static;

    /// Enters a method that answers with a stream of events.
    fn stream<Q, A, F, Fut>(&mut self, info: &'static MethodInfo, handler: F)
    where
        Q: Message + Default + 'static,
        A: Message + 'static,
        F: Fn(Self::Cx, Q) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<EventStream<A, Self::Error>, Self::Error>> + Send + 'static;
}

/// Something that can carry typed calls to a server.
pub trait Caller: Clone + Send + Sync + 'static {
    /// What a call fails with.
    type Error: Send + 'static;

    /// Calls a method with one answer.
    fn unary<Q: Message + 'static, A: Message + Default + 'static>(
        &self,
        method: &'static MethodInfo,
        request: Q,
    ) -> impl Future<Output = Result<A, Self::Error>> + Send;

    /// Opens a stream.
    fn stream<Q: Message + 'static, A: Message + Default + 'static>(
        &self,
        method: &'static MethodInfo,
        request: Q,
    ) -> impl Future<Output = Result<futures::stream::BoxStream<'static, Result<A, Self::Error>>, Self::Error>>
    + Send;
}
