//! The WebSocket transport: many calls and streams on one socket, in Protobuf or JSON frames. It carries bodies in the
//! form of the connection and does not know what they mean.
//!
//! A socket costs one task. Queues are bounded: calls wait for a free place, and a stream whose user is slow stops the
//! socket from being read.

mod driver;
mod frame;
mod handshake;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use frame::Form;

use crate::dial::{Alpn, Dialer};
use crate::error::{Error, Result};
use bytes::Bytes;
use driver::Driver;
use futures::Stream;
use state::{Shape, Shared};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use teahouse_proto::gateway::GoAway;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// Where the server takes WebSockets.
const PATH: &str = "/v1/ws";
/// The largest frame a server takes.
const MAX_FRAME_BYTES: usize = 1 << 20;
/// The largest frame taken here: an answer of the largest size, grown by its JSON form.
const MAX_ANSWER_BYTES: usize = 4 << 20;
/// Allocated for every socket as long as it lives, so small; it grows while a large frame comes.
const READ_BUFFER_BYTES: usize = 1 << 10;
/// Frames that are queued together leave together, up to this.
const WRITE_BUFFER_BYTES: usize = 8 << 10;
/// The answer of a call travels back after its deadline passed at the server.
const DEADLINE_GRACE: Duration = Duration::from_secs(2);

/// An open socket. The last clone, and the last call or stream on it, closes it when dropped.
#[derive(Clone, Debug)]
pub(crate) struct Socket {
    handle: Arc<Handle>,
    form: Form,
}

#[derive(Debug)]
struct Handle(Arc<Shared>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.lock().close();
    }
}

impl Socket {
    /// Connects; `max_calls` may be under way at once.
    pub(crate) async fn open(dialer: &Dialer, form: Form, max_calls: usize) -> Result<Self> {
        let mut stream = dialer.dial(Alpn::Http1).await?;
        let shaken = tokio::time::timeout(dialer.timeout, handshake::shake_hands(dialer, &mut stream)).await;
        let silent =
            || Error::unreachable(format!("{} takes connections but does not answer.", dialer.endpoint));
        let rest = shaken.unwrap_or_else(|_| Err(silent()))?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(WRITE_BUFFER_BYTES)
            .max_write_buffer_size(WRITE_BUFFER_BYTES + 2 * MAX_FRAME_BYTES)
            .max_message_size(Some(MAX_ANSWER_BYTES))
            .max_frame_size(Some(MAX_ANSWER_BYTES));
        let socket = WebSocketStream::from_partially_read(stream, rest, Role::Client, Some(config)).await;
        let shared = Arc::new(Shared::new(max_calls));
        tokio::spawn(Driver::new(socket, shared.clone()));
        Ok(Self { handle: Arc::new(Handle(shared)), form })
    }

    pub(crate) fn form(&self) -> Form {
        self.form
    }

    /// Signs the socket in. Its later calls are made by the token's device.
    pub(crate) async fn sign_in(&self, token: &str, timeout: Duration) -> Result<()> {
        let frame = |id| Ok(frame::token(self.form, id, token));
        let call = self.start(Shape::Unary, frame)?;
        call.answer(timeout).await.map(|_| ())
    }

    /// One call, one answer.
    pub(crate) async fn unary(&self, method: &str, body: Bytes, timeout: Duration) -> Result<Bytes> {
        let permit = self.handle.0.permits.acquire().await;
        let _permit = match permit {
            Ok(permit) => permit,
            Err(_) => return Err(self.end().unwrap_or_else(|| Error::lost("The connection was closed."))),
        };
        let call = self.start(Shape::Unary, |id| frame::call(self.form, id, method, body, Some(timeout)))?;
        call.answer(timeout + DEADLINE_GRACE).await
    }

    /// Opens a stream. Whatever goes wrong comes as its last item.
    pub(crate) fn stream(&self, method: &str, body: Bytes) -> Result<Events> {
        self.start(Shape::Stream, |id| frame::call(self.form, id, method, body, None)).map(Events)
    }

    fn start(&self, shape: Shape, frame: impl FnOnce(u64) -> Result<tungstenite::Message>) -> Result<Call> {
        let checked = |id| frame(id).and_then(fitting);
        let id = self.handle.0.lock().start(shape, checked)?;
        Ok(Call { id, handle: self.handle.clone(), form: self.form })
    }

    /// What the server said about closing this socket, once it did.
    pub(crate) fn go_away(&self) -> Option<GoAway> {
        self.handle.0.lock().go_away().cloned()
    }

    /// Why the socket is over, once it is.
    pub(crate) fn end(&self) -> Option<Error> {
        self.handle.0.lock().end().cloned()
    }

    /// Closes the socket: calls under way fail, queued frames are sent first.
    pub(crate) fn close(&self) {
        self.handle.0.lock().close();
    }

    /// Waits until the socket is over, and says why.
    pub(crate) async fn ended(&self) -> Error {
        loop {
            let told = self.handle.0.ended.notified();
            if let Some(error) = self.end() {
                return error;
            }
            told.await;
        }
    }
}

/// A call under way. Dropping it cancels it at the server.
#[derive(Debug)]
struct Call {
    id: u64,
    handle: Arc<Handle>,
    form: Form,
}

impl Call {
    async fn answer(self, timeout: Duration) -> Result<Bytes> {
        let answer = std::future::poll_fn(|cx| self.handle.0.lock().poll_answer(self.id, cx));
        tokio::time::timeout(timeout, answer).await.unwrap_or_else(|_| Err(Error::timed_out(timeout)))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut state = self.handle.0.lock();
        if state.forget(self.id) {
            state.push(frame::cancel(self.form, self.id));
        }
    }
}

/// The events of a stream, in the form of the connection. Dropping it cancels the stream at the server.
#[derive(Debug)]
pub(crate) struct Events(Call);

impl Stream for Events {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.handle.0.lock().poll_event(self.0.id, cx)
    }
}

/// A larger frame would cost the whole socket, with all other calls on it.
fn fitting(frame: tungstenite::Message) -> Result<tungstenite::Message> {
    if frame.len() > MAX_FRAME_BYTES {
        let message = format!("The request has {} bytes; a server takes {MAX_FRAME_BYTES}.", frame.len());
        return Err(Error::misuse("REQUEST_TOO_LARGE", message));
    }
    Ok(frame)
}
