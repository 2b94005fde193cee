//! The one task of a socket: it sends what is queued, reads what comes, answers pings, notices silence and closes. It
//! reads and writes at the same time, so that a server which waits for its answers to be taken never meets a client that
//! waits for its questions to be taken.

use super::frame;
use super::state::{Shared, gone};
use crate::dial::Stream;
use crate::error::{Error, Kind, Result};
use futures::{Sink, Stream as _};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{self, Bytes, Message};

/// A server pings whoever was silent for 60 s. Where even that does not come, the client asks …
const PING_AFTER: Duration = Duration::from_secs(75);
/// … and takes the connection for dead when nothing came for so long.
const DEAD_AFTER: Duration = Duration::from_secs(105);
/// A server that does not take the farewell in this time is left without.
const FAREWELL: Duration = Duration::from_secs(2);

pub(super) struct Driver {
    socket: WebSocketStream<Stream>,
    shared: Arc<Shared>,
    /// Something was given to the socket that is not flushed.
    unflushed: bool,
    pinged: bool,
    heard_at: Instant,
    alarm: Pin<Box<Sleep>>,
    /// All that is left is to say farewell.
    is_over: bool,
}

impl Driver {
    pub(super) fn new(socket: WebSocketStream<Stream>, shared: Arc<Shared>) -> Self {
        let now = Instant::now();
        let alarm = Box::pin(tokio::time::sleep_until(now + PING_AFTER));
        Self { socket, shared, unflushed: false, pinged: false, heard_at: now, alarm, is_over: false }
    }

    /// Ready when the socket is over: `Ok` where this side closed it.
    fn poll_run(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.shared.lock().register_driver(cx);
        // Until both directions have to wait: reading may queue an answer to a ping, a delivery may start a call.
        loop {
            let wrote = self.poll_write(cx)?;
            if self.shared.lock().is_closing() && wrote.is_ready() {
                return Poll::Ready(Ok(()));
            }
            if self.poll_read(cx)?.is_pending() && !(wrote.is_ready() && self.shared.lock().has_outgoing()) {
                return self.poll_alarm(cx);
            }
        }
    }

    /// Ready when everything queued is on its way.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        loop {
            ready!(Pin::new(&mut self.socket).poll_ready(cx)).map_err(|e| self.broken(&e))?;
            let Some(frame) = self.shared.lock().next_outgoing() else { break };
            Pin::new(&mut self.socket).start_send(frame).map_err(|e| self.broken(&e))?;
            self.unflushed = true;
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.socket).poll_flush(cx)).map_err(|e| self.broken(&e))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Takes one message. Pending where none is there, or none is wanted now.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if self.shared.lock().is_full() {
            // The user who makes room wakes this task. Silence is wanted now, and no sign of death.
            self.heard_at = Instant::now();
            return Poll::Pending;
        }
        let message = match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Poll::Ready(Err(self.broken(&error))),
            None => return Poll::Ready(Err(self.closed(None))),
        };
        self.heard_at = Instant::now();
        self.pinged = false;
        match message {
            // tungstenite has queued the pong; it goes out with the next flush.
            Message::Ping(_) => self.unflushed = true,
            Message::Close(frame) => return Poll::Ready(Err(self.closed(frame.as_ref()))),
            message => self.deliver(message)?,
        }
        Poll::Ready(Ok(()))
    }

    fn deliver(&self, message: Message) -> Result<()> {
        let form = match &message {
            Message::Text(_) => frame::Form::Json,
            _ => frame::Form::Protobuf,
        };
        let Some((id, word)) = frame::read(message)? else { return Ok(()) };
        let mut state = self.shared.lock();
        let (waker, cut_off) = state.deliver(id, word);
        if let Some(id) = cut_off {
            state.push(frame::cancel(form, id));
        }
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    /// The alarm is set anew only when it rings, which is cheaper than at every message.
    fn poll_alarm(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while self.alarm.as_mut().poll(cx).is_ready() {
            let silent = self.heard_at.elapsed();
            if silent >= DEAD_AFTER && self.pinged {
                let message =
                    format!("The server was silent for {} s; the connection is dead.", silent.as_secs());
                return Poll::Ready(Err(Error::lost(message)));
            }
            if silent >= PING_AFTER && !self.pinged {
                self.pinged = true;
                self.shared.lock().push(Message::Ping(Bytes::new()));
                // The driver was just woken by that, and will be polled again.
            }
            let next = if self.pinged { DEAD_AFTER } else { PING_AFTER };
            self.alarm.as_mut().reset((self.heard_at + next).max(Instant::now() + Duration::from_secs(1)));
        }
        Poll::Pending
    }

    fn poll_farewell(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let said = Pin::new(&mut self.socket).poll_close(cx).map(|_| ());
        if said.is_ready() { said } else { self.alarm.as_mut().poll(cx) }
    }

    fn broken(&self, error: &tungstenite::Error) -> Error {
        match error {
            tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => self.closed(None),
            tungstenite::Error::Io(e) => {
                self.said_before(format!("The connection to the server broke: {e}."))
            }
            tungstenite::Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => {
                self.said_before("The connection to the server broke.".to_owned())
            }
            other => Error::protocol(format!("The connection cannot go on: {other}.")),
        }
    }

    fn closed(&self, frame: Option<&CloseFrame>) -> Error {
        self.said_before(match frame {
            Some(frame) if !frame.reason.is_empty() => {
                format!("The server closed the connection: {} ({}).", frame.reason, frame.code)
            }
            _ => "The server closed the connection.".to_owned(),
        })
    }

    /// What the server announced says more than how the socket ended.
    fn said_before(&self, otherwise: String) -> Error {
        let state = self.shared.lock();
        match (state.complaint(), state.go_away()) {
            (Some(error), _) => error.clone(),
            (None, Some(go_away)) => gone(go_away, Kind::Lost),
            (None, None) => Error::lost(otherwise),
        }
    }
}

/// Written by hand, since an async function would keep the driver twice.
impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.is_over {
            let error = match ready!(self.poll_run(cx)) {
                Ok(()) => Error::lost("The connection was closed."),
                Err(error) => error,
            };
            self.shared.end(&error);
            self.is_over = true;
            self.alarm.as_mut().reset(Instant::now() + FAREWELL);
        }
        self.poll_farewell(cx)
    }
}

/// Ends what is left when the driver goes, in whatever way: where the runtime drops it, nobody may wait for ever.
impl Drop for Driver {
    fn drop(&mut self) {
        self.shared.end(&Error::lost("The connection was closed."));
    }
}
