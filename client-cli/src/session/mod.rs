//! A signed-in device that survives the loss of its connection: it connects when needed, repeats what is safe to repeat,
//! and sends a message until the server's answer is definite. It does not follow; [`crate::Follower`] does.

#[cfg(test)]
mod tests;

use crate::backoff::Backoff;
use crate::connection::{Connection, Connector};
use crate::error::{Error, Kind, Result};
use crate::random::Random;
use futures::stream::BoxStream;
use prost::Message;
use std::sync::Arc;
use std::time::Duration;
use teahouse_proto::chat::{
    ForwardMessagesRequest, ForwardMessagesResponse, SendMessageRequest, SendMessageResponse, Text,
    send_message_request,
};
use teahouse_proto::{
    CHAT_FORWARD_MESSAGES, CHAT_SEND_MESSAGE, Caller, GREETINGS_REPLY_TO_GREETING, GREETINGS_SEND_GREETING,
    GROUPS_CREATE_GROUP, MEDIA_CREATE_UPLOAD, MEDIA_FINISH_UPLOAD, MEDIA_PUT_CHUNK, MethodInfo,
    SAFETY_REPORT,
};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long a call is tried before its last failure is given back.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whom a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// A conversation of the caller.
    Conversation(u64),
    /// A friend, by account id.
    Account(u64),
}

/// A device's way to its server. Clones share the connection. Typed calls: `ChatClient(session)`.
#[derive(Clone, Debug)]
pub struct Session {
    inner: Arc<Inner>,
    patience: Duration,
}

#[derive(Debug)]
struct Inner {
    connector: Connector,
    random: Random,
    current: Mutex<Option<Connection>>,
}

impl Session {
    /// Connects when first needed.
    pub fn new(connector: Connector) -> Self {
        Self::with_random(connector, Random::system())
    }

    /// With another source of client ids and jitter.
    pub fn with_random(connector: Connector, random: Random) -> Self {
        Self { inner: Arc::new(Inner { connector, random, current: Mutex::default() }), patience: PATIENCE }
    }

    /// The same session that gives calls up after another time. Default: 60 s.
    #[must_use]
    pub fn with_patience(&self, patience: Duration) -> Self {
        Self { inner: self.inner.clone(), patience }
    }

    /// Source of client ids and jitter.
    pub fn random(&self) -> &Random {
        &self.inner.random
    }

    pub(crate) fn connector(&self) -> &Connector {
        &self.inner.connector
    }

    /// The connection, opened if there is none that takes calls. Tries once.
    ///
    /// # Errors
    /// As [`Connector::connect`].
    pub async fn connection(&self) -> Result<Connection> {
        let mut current = self.inner.current.lock().await;
        if let Some(connection) = current.as_ref().filter(|c| !c.is_over()) {
            return Ok(connection.clone());
        }
        // The old one goes first, so that a server never counts one device twice.
        *current = None;
        let connection = self.inner.connector.connect().await?;
        *current = Some(connection.clone());
        Ok(connection)
    }

    /// Drops the connection. The next call opens another.
    pub async fn disconnect(&self) {
        if let Some(connection) = self.inner.current.lock().await.take() {
            connection.close();
        }
    }

    /// Sends a message and repeats it with the same client id until the server has answered for certain, or patience is
    /// at its end. A request without a client id gets one.
    ///
    /// # Errors
    /// The server's. Where [`Error::is_passing`], the message may have been sent: repeat the request with its client id.
    pub async fn send(&self, mut request: SendMessageRequest) -> Result<SendMessageResponse> {
        if request.client_message_id.is_empty() {
            request.client_message_id = self.inner.random.client_id();
        }
        self.unary(&CHAT_SEND_MESSAGE, request).await
    }

    /// Forwards messages. Puts in a client id where the request has none.
    ///
    /// # Errors
    /// As [`Session::send`].
    pub async fn forward(&self, mut request: ForwardMessagesRequest) -> Result<ForwardMessagesResponse> {
        if request.client_message_id.is_empty() {
            request.client_message_id = self.inner.random.client_id();
        }
        self.unary(&CHAT_FORWARD_MESSAGES, request).await
    }

    /// Sends a plain text.
    ///
    /// # Errors
    /// As [`Session::send`].
    pub async fn send_text(&self, to: Recipient, text: &str) -> Result<SendMessageResponse> {
        let to = match to {
            Recipient::Conversation(id) => send_message_request::To::ConversationId(id),
            Recipient::Account(id) => send_message_request::To::AccountId(id),
        };
        let text = Text { text: text.to_owned(), ..Default::default() };
        let content = send_message_request::Content::Text(text);
        self.send(SendMessageRequest { to: Some(to), content: Some(content), ..Default::default() }).await
    }

    /// Calls until an answer is definite or patience is at its end, with request and answer encoded. Reads and messages
    /// are repeated whatever went wrong on the way, other calls only where they surely did not happen.
    ///
    /// # Errors
    /// The server's, and those of the way to it.
    pub async fn call_bytes(&self, method: &MethodInfo, body: bytes::Bytes) -> Result<bytes::Bytes> {
        let give_up_at = Instant::now() + self.patience;
        let mut backoff = Backoff::new(self.inner.random.clone());
        loop {
            let error = match self.try_once(method, body.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let wait = backoff.after(&error);
            if !may_repeat(method, &error) || Instant::now() + wait > give_up_at {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn try_once(&self, method: &MethodInfo, body: bytes::Bytes) -> Result<bytes::Bytes> {
        self.connection().await?.call_bytes(method.path, body).await
    }
}

/// Writes that answer a repeat as they answered the first time.
const REPEATABLE: &[&MethodInfo] = &[
    &CHAT_SEND_MESSAGE,
    &CHAT_FORWARD_MESSAGES,
    &GREETINGS_REPLY_TO_GREETING,
    &GREETINGS_SEND_GREETING,
    &GROUPS_CREATE_GROUP,
    &MEDIA_CREATE_UPLOAD,
    &MEDIA_PUT_CHUNK,
    &MEDIA_FINISH_UPLOAD,
    &SAFETY_REPORT,
];

/// Whether the very same call may be made once more after this failure.
fn may_repeat(method: &MethodInfo, error: &Error) -> bool {
    // Creations carry a client id, and a read changes nothing. Anything else only where it surely did not happen.
    let harmless = method.reads || REPEATABLE.iter().any(|repeatable| repeatable.path == method.path);
    error.is_passing() && (harmless || !may_have_happened(error))
}

fn may_have_happened(error: &Error) -> bool {
    match error.kind() {
        Kind::Lost | Kind::TimedOut | Kind::Internal => true,
        Kind::Unavailable => error.reason() == "DEADLINE_EXCEEDED",
        _ => false,
    }
}

impl Caller for Session {
    type Error = Error;

    /// As [`Session::call_bytes`].
    async fn unary<Q: Message + 'static, A: Message + Default + 'static>(
        &self,
        method: &'static MethodInfo,
        request: Q,
    ) -> Result<A> {
        let body: bytes::Bytes = request.encode_to_vec().into();
        drop(request);
        let answer = self.call_bytes(method, body).await?;
        A::decode(answer)
            .map_err(|e| Error::protocol(format!("The server's answer is not a {}: {e}.", method.response)))
    }

    /// Opens a stream on the present connection. It ends with that.
    async fn stream<Q: Message + 'static, A: Message + Default + 'static>(
        &self,
        method: &'static MethodInfo,
        request: Q,
    ) -> Result<BoxStream<'static, Result<A>>> {
        self.connection().await?.stream(method, request).await
    }
}
