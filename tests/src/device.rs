//! A device: a connection to the server of the test over its transport, which is made anew when the server came back.
//! Every call is noted in the world's transcript. It knows no operation; `verbs` does.

use crate::follow::Follow;
use crate::world::Shared;
use bytes::Bytes;
use futures::stream::BoxStream;
use prost::Message;
use std::sync::Arc;
use teahouse_client::{Connection, Connector, Error};
use teahouse_proto::sync::FollowRequest;
use teahouse_proto::{Caller, MethodInfo, SyncClient};
use tokio::sync::Mutex;

/// A device, signed in or not. Clones share its connection.
#[derive(Clone)]
pub struct Device {
    inner: Arc<Inner>,
    /// Whose; 0 where nobody is signed in.
    pub account_id: u64,
    /// 0 where nobody is signed in.
    pub device_id: u64,
}

struct Inner {
    shared: Arc<Shared>,
    name: String,
    token: Option<String>,
    /// With the number of the server's start that it was made to.
    connection: Mutex<Option<(u64, Connection)>>,
}

impl Device {
    /// A device on which nobody is signed in.
    pub(crate) fn signed_out(shared: &Arc<Shared>, name: &str) -> Self {
        Self::new(shared.clone(), name.to_owned(), None, 0, 0)
    }

    /// The same device, signed in: with a connection of its own.
    pub fn signed_in(&self, account_id: u64, device_id: u64, token: &str) -> Self {
        let (shared, name) = (self.shared().clone(), self.inner.name.clone());
        Self::new(shared, name, Some(token.to_owned()), account_id, device_id)
    }

    fn new(
        shared: Arc<Shared>,
        name: String,
        token: Option<String>,
        account_id: u64,
        device_id: u64,
    ) -> Self {
        let inner = Inner { shared, name, token, connection: Mutex::default() };
        Self { inner: Arc::new(inner), account_id, device_id }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }

    /// The token, where it is signed in.
    ///
    /// # Panics
    /// Where it is not.
    pub fn token(&self) -> &str {
        self.inner.token.as_deref().expect("this device is signed in")
    }

    /// The connection, made anew where there is none to the present server.
    ///
    /// # Errors
    /// As the client library's.
    pub async fn connection(&self) -> Result<Connection, Error> {
        let (start, url) = self.shared().address();
        let mut slot = self.inner.connection.lock().await;
        if let Some((made_at, connection)) = slot.as_ref()
            && *made_at == start
            && !connection.is_over()
        {
            return Ok(connection.clone());
        }
        let mut connector = Connector::new(&url)?.transport(self.shared().transport);
        if let Some(token) = &self.inner.token {
            connector = connector.token(token);
        }
        let connection = connector.connect().await?;
        *slot = Some((start, connection.clone()));
        Ok(connection)
    }

    /// Loses the connection; the next call makes another.
    pub async fn disconnect(&self) {
        if let Some((_, connection)) = self.inner.connection.lock().await.take() {
            connection.close();
        }
    }

    /// Calls with an encoded request; answers encoded. Not noted in the transcript.
    ///
    /// # Errors
    /// As the client library's.
    pub async fn call_bytes(&self, method: &MethodInfo, request: Bytes) -> Result<Bytes, Error> {
        self.connection().await?.call_bytes(method.path, request).await
    }

    /// Follows from a cursor on; an empty one is that of a new device.
    ///
    /// # Panics
    /// Where no stream comes about.
    pub async fn follow_from(&self, cursor: Bytes) -> Follow {
        let events = SyncClient(self.clone()).follow(FollowRequest { cursor }).await;
        let events = events.unwrap_or_else(|e| panic!("{} cannot follow: {e:?}", self.inner.name));
        Follow::new(events, &self.inner.name, self.shared().clone())
    }

    /// Follows as a new device, and lets it catch up.
    ///
    /// # Panics
    /// As [`Follow::caught_up`].
    pub async fn follow(&self) -> Follow {
        let mut follow = self.follow_from(Bytes::new()).await;
        follow.caught_up().await;
        follow
    }
}

impl Caller for Device {
    type Error = Error;

    async fn unary<Q: Message + 'static, A: Message + Default + 'static>(
        &self,
        method: &'static MethodInfo,
        request: Q,
    ) -> Result<A, Error> {
        let outcome = match self.connection().await {
            Ok(connection) => connection.unary(method, request).await,
            Err(error) => Err(error),
        };
        self.shared().transcript.note(&self.inner.name, method, &outcome);
        outcome
    }

    async fn stream<Q: Message + 'static, A: Message + Default + 'static>(
        &self,
        method: &'static MethodInfo,
        request: Q,
    ) -> Result<BoxStream<'static, Result<A, Error>>, Error> {
        self.connection().await?.stream(method, request).await
    }
}
