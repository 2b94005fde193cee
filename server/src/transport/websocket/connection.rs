//! The life of one WebSocket: sign-in, calls, streams, keepalive, and the end. One task, no queue that grows without
//! bound: while the client does not read, it is not read either. It knows no features.

use super::calls::{Calls, Said, Ticket};
use super::envelope::{Asks, Body, Form, Malformed, Question, read_binary, read_text};
use super::frame::{Incoming, Opcode, close};
use super::patience::Patience;
use super::socket::{Broken, Socket};
use crate::call::{Caller, Session, unauthenticated};
use crate::error::{Error, Kind, Result};
use crate::transport::{DRAIN_GRACE, Gate, MESSAGE_MAX, SIGN_IN_MESSAGE_MAX, draining};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep};

/// Where more than this waits to be written, nothing new is read or taken from streams.
const OUT_HIGH: usize = 64 * 1024;
/// A socket that was silent this long is pinged.
const SILENT: Duration = Duration::from_secs(60);
/// It must answer within this.
const PONG_WITHIN: Duration = Duration::from_secs(30);
/// A socket that takes no byte this long is closed.
const STALLED: Duration = Duration::from_secs(60);
/// Calls under way may take this long when the session ends.
const SIGNED_OUT_GRACE: Duration = Duration::from_secs(1);
/// How long the client may take to close from its side.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);
/// The greatest wait that clients are told when the server stops; spread evenly.
const RECONNECT_SPREAD_MS: u64 = 10_000;

/// What happens to a socket from outside.
enum Signal {
    SignedOut,
    Draining,
}

enum Phase {
    Open,
    /// Nothing is read any more; calls under way finish.
    Ending {
        reason: &'static str,
        code: u16,
        until: Instant,
    },
    /// The close frame is on its way.
    Closing {
        until: Instant,
        flushed: bool,
    },
}

struct SigningIn {
    id: u64,
    form: Form,
    session: BoxFuture<'static, Result<Arc<Session>>>,
}

/// A socket after its handshake. The future is ready when it is closed.
pub(super) struct Connection<S> {
    gate: Arc<Gate>,
    socket: Socket<S>,
    address: IpAddr,
    /// As [`Caller::program`].
    program: Option<Arc<str>>,
    session: Option<Arc<Session>>,
    signing_in: Option<Box<SigningIn>>,
    /// Of the last question: the form of what is said unasked.
    form: Form,
    calls: Calls,
    signal: BoxFuture<'static, Signal>,
    phase: Phase,
    patience: Patience,
    heard: Instant,
    pinged: Option<Instant>,
    stalled: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// `session` where the handshake carried a token; `early` is what came right behind the handshake.
    pub(super) fn new(gate: Arc<Gate>, io: S, early: &Bytes, caller: Caller) -> Self {
        let now = Instant::now();
        let mut connection = Self {
            signal: signal(&gate, None),
            gate,
            socket: Socket::new(io, early, SIGN_IN_MESSAGE_MAX),
            address: caller.address,
            program: caller.program,
            session: None,
            signing_in: None,
            form: Form::Binary,
            calls: Calls::default(),
            phase: Phase::Open,
            patience: Patience::new(now),
            heard: now,
            pinged: None,
            stalled: None,
            timer: Box::pin(tokio::time::sleep_until(now)),
        };
        if let Some(session) = caller.session {
            connection.signed_in(session);
        }
        connection
    }

    fn signed_in(&mut self, session: Arc<Session>) {
        self.socket.set_limit(MESSAGE_MAX);
        self.signal = signal(&self.gate, Some(session.clone()));
        self.session = Some(session);
        self.program = None;
    }

    /// Whether the client is listened to.
    fn accepts(&self) -> bool {
        matches!(self.phase, Phase::Open)
            && self.signing_in.is_none()
            && !self.calls.is_full()
            && self.socket.unwritten() < OUT_HIGH
    }

    fn poll_signal(&mut self, cx: &mut Context<'_>) {
        if !matches!(self.phase, Phase::Open) {
            return;
        }
        let Poll::Ready(signal) = self.signal.poll_unpin(cx) else { return };
        let now = Instant::now();
        match signal {
            Signal::SignedOut => {
                let farewell = self.session.as_ref().map_or_else(unauthenticated, |s| s.farewell());
                for stream in self.calls.end_streams() {
                    self.socket.push_failure(stream.form, stream.id, &farewell);
                }
                let until = now + SIGNED_OUT_GRACE;
                self.phase = Phase::Ending { reason: "SIGNED_OUT", code: close::POLICY, until };
            }
            Signal::Draining => {
                let wait = self.gate.random.below(RECONNECT_SPREAD_MS);
                self.socket.push_go_away(self.form, "DRAINING", u32::try_from(wait).unwrap_or(u32::MAX));
                for stream in self.calls.end_streams() {
                    self.socket.push_failure(stream.form, stream.id, &draining());
                }
                let until = now + DRAIN_GRACE;
                self.phase = Phase::Ending { reason: "DRAINING", code: close::RESTART, until };
            }
        }
    }

    fn poll_signing_in(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(asked) = &mut self.signing_in else { return false };
        let Poll::Ready(session) = asked.session.poll_unpin(cx) else { return false };
        let (id, form) = (asked.id, asked.form);
        self.signing_in = None;
        let session = session.and_then(|new| match &self.session {
            Some(old) if old.device != new.device => Err(Error::precondition(
                "ALREADY_SIGNED_IN",
                "This socket belongs to another device. Open another one.",
            )),
            _ => Ok(new),
        });
        match session {
            Err(e) => self.socket.push_failure(form, id, &e),
            Ok(session) => {
                self.signed_in(session);
                match form {
                    Form::Binary => self.socket.push_body(id, [&[], &[]]),
                    Form::Text => self.socket.push_json_body(id, "{}"),
                }
            }
        }
        true
    }

    fn poll_answers(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        while self.socket.unwritten() < OUT_HIGH {
            let Poll::Ready((ticket, said)) = self.calls.poll_answer(cx) else { break };
            self.say(ticket, said);
            if self.session.is_none() {
                self.patience.answered(Instant::now());
            }
            moved = true;
        }
        moved
    }

    fn poll_events(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        while self.socket.unwritten() < OUT_HIGH {
            let Poll::Ready((ticket, said)) = self.calls.poll_event(cx) else { break };
            self.say(ticket, said);
            moved = true;
        }
        moved
    }

    fn say(&mut self, ticket: Ticket, said: Said) {
        let Ticket { id, form, method } = ticket;
        if matches!(said, Said::End | Said::Failure(_)) {
            self.patience.over(id, Instant::now());
        }
        match (said, form) {
            (Said::Response(body), Form::Binary) => self.socket.push_body(id, [&body, &[]]),
            (Said::Response(body), Form::Text) => {
                self.socket.push_json_body(id, &self.gate.json.response(method, &body));
            }
            (Said::Event(event), Form::Binary) => {
                self.socket.push_body(id, [event.shared.bytes(), &event.own]);
            }
            (Said::Event(event), Form::Text) => {
                self.socket.push_json_body(id, &self.gate.json.event(method, &event));
            }
            (Said::End, _) => self.socket.push_end(form, id),
            (Said::Failure(e), _) => self.socket.push_failure(form, id, &e),
        }
    }

    fn poll_messages(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        while self.accepts() {
            match self.socket.poll_message(cx) {
                Poll::Pending => break,
                Poll::Ready(Ok(message)) => {
                    self.heard = Instant::now();
                    self.pinged = None;
                    self.take(message);
                }
                Poll::Ready(Err(Broken::Violation(v))) => self.close(v.code, v.why),
                Poll::Ready(Err(Broken::Gone)) => {
                    self.phase = Phase::Closing { until: Instant::now(), flushed: true };
                }
            }
            moved = true;
        }
        moved
    }

    fn take(&mut self, message: Incoming) {
        match message {
            Incoming::Ping(payload) => {
                self.socket.push(Opcode::Pong, payload.len(), |out| out.extend_from_slice(&payload));
            }
            Incoming::Pong => {}
            Incoming::Close(code) => self.close(code.unwrap_or(close::NORMAL), ""),
            Incoming::Binary(bytes) => {
                self.form = Form::Binary;
                self.take_question(read_binary(bytes));
            }
            Incoming::Text(bytes) => {
                self.form = Form::Text;
                match std::str::from_utf8(&bytes) {
                    Ok(text) => self.take_question(read_text(text)),
                    Err(_) => self.close(close::NOT_CONSISTENT, "text messages are UTF-8"),
                }
            }
        }
    }

    fn take_question(&mut self, question: Result<Question<'_>, Malformed>) {
        let form = self.form;
        match question {
            Err(Malformed { id, error }) => {
                self.socket.push_failure(form, id, &error);
                if id == 0 {
                    self.close(close::NOT_CONSISTENT, "not a frame");
                }
            }
            Ok(Question { id, asks: Asks::SignIn { token } }) => {
                let (gate, address) = (self.gate.clone(), self.address);
                let session = async move { gate.sign_in(&token, address).await }.boxed();
                self.signing_in = Some(Box::new(SigningIn { id, form, session }));
            }
            Ok(Question { id, asks: Asks::Cancel }) => {
                // What is answered already cannot be cancelled, and needs no second answer.
                if let Some(ticket) = self.calls.cancel(id) {
                    self.patience.over(id, Instant::now());
                    self.socket.push_failure(ticket.form, id, &cancelled());
                }
            }
            Ok(Question { id, asks: Asks::Call { method, body, timeout } }) => {
                if let Err(e) = self.enter(id, &method, body, timeout) {
                    self.socket.push_failure(form, id, &e);
                }
            }
        }
    }

    fn enter(&mut self, id: u64, path: &str, body: Body<'_>, timeout: Option<Duration>) -> Result<()> {
        let row = self.gate.methods.find(path)?;
        let (method, holds) = (row.info, row.holds());
        let (body, fault) = match body {
            Body::Protobuf(bytes) => (bytes, None),
            Body::Json(text) => match self.gate.json.request(method, text) {
                Ok(bytes) => (bytes, None),
                // The table is asked all the same, so that session and limits are judged first in both forms.
                Err(e) => (Bytes::from_static(NOT_PROTOBUF), Some(e)),
            },
        };
        let (session, program) = (self.session.clone(), self.program.clone());
        let caller = Caller { session, address: self.address, program };
        let gate = self.gate.clone();
        let bytes = body.len();
        let call = async move {
            let row = gate.methods.find(method.path)?;
            let answer = gate.methods.call(row, caller, body, timeout).await;
            match (answer, fault) {
                (Err(e), Some(fault)) if e.reason() == fault.reason() => Err(fault),
                (answer, _) => answer,
            }
        };
        self.calls.enter(Ticket { id, form: self.form, method }, bytes, call.boxed())?;
        if let (None, Some(time)) = (&self.session, holds) {
            self.patience.hold(id, Instant::now(), time);
        }
        Ok(())
    }

    fn close(&mut self, code: u16, why: &str) {
        self.socket.push_close(code, why);
        self.phase = Phase::Closing { until: Instant::now() + CLOSE_WITHIN, flushed: false };
    }

    /// Ends what has to end by now, and pings who was silent. Whether there is something new to write.
    fn check_deadlines(&mut self, now: Instant) -> bool {
        if self.stalled.is_some_and(|since| now >= since + STALLED) {
            self.socket.push_go_away(self.form, "RESYNC", 0);
            self.close(close::TRY_AGAIN, "takes no byte");
            return true;
        }
        match self.phase {
            Phase::Ending { reason, code, until } => {
                if self.calls.is_idle() && self.signing_in.is_none() || now >= until {
                    if reason == "SIGNED_OUT" {
                        self.socket.push_go_away(self.form, reason, 0);
                    }
                    self.close(code, reason);
                }
            }
            Phase::Open => {
                if self.session.is_none() && now >= self.sign_in_deadline() {
                    self.close(close::POLICY, "not signed in");
                } else if self.pinged.is_some_and(|at| now >= at + PONG_WITHIN) {
                    self.close(close::POLICY, "no answer to a ping");
                } else if self.pinged.is_none() && now >= self.heard + SILENT {
                    // Who is not listened to is not silent.
                    if self.accepts() {
                        self.socket.push(Opcode::Ping, 0, |_| {});
                        self.pinged = Some(now);
                        return true;
                    }
                    self.heard = now;
                }
            }
            Phase::Closing { .. } => {}
        }
        matches!(self.phase, Phase::Closing { .. })
    }

    fn sign_in_deadline(&self) -> Instant {
        self.patience.deadline(self.calls.is_idle() && self.signing_in.is_none())
    }

    fn next_deadline(&self) -> Instant {
        let silence = self.pinged.map_or(self.heard + SILENT, |at| at + PONG_WITHIN);
        let phase = match self.phase {
            Phase::Open if self.session.is_none() => self.sign_in_deadline().min(silence),
            Phase::Open => silence,
            Phase::Ending { until, .. } | Phase::Closing { until, .. } => until,
        };
        self.stalled.map_or(phase, |since| phase.min(since + STALLED))
    }

    /// Writes what waits; an error where the connection is gone.
    fn poll_out(&mut self, cx: &mut Context<'_>) -> std::io::Result<()> {
        let mut went = 0;
        let written = self.socket.poll_write(cx, &mut went);
        if went > 0 && self.stalled.is_some() {
            // Who reads on lives, though an answer to a ping may be a long way behind.
            self.heard = Instant::now();
            self.pinged = None;
        }
        if went > 0 || written.is_ready() {
            self.stalled = None;
        }
        match written {
            Poll::Ready(result) => result,
            Poll::Pending => {
                self.stalled.get_or_insert_with(Instant::now);
                Ok(())
            }
        }
    }

    fn poll_closing(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Phase::Closing { until, flushed } = &mut self.phase else { return Poll::Pending };
        let until = *until;
        if !*flushed {
            *flushed = match self.socket.poll_write(cx, &mut 0) {
                Poll::Ready(Ok(())) => match self.socket.poll_shutdown(cx) {
                    Poll::Ready(Ok(())) => true,
                    Poll::Ready(Err(_)) => return Poll::Ready(()),
                    Poll::Pending => false,
                },
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => false,
            };
        }
        if Instant::now() >= until || self.socket.poll_end(cx).is_ready() {
            return Poll::Ready(());
        }
        self.poll_timer(cx, until)
    }

    /// Ready when `due` has come.
    fn poll_timer(&mut self, cx: &mut Context<'_>, due: Instant) -> Poll<()> {
        if self.timer.is_elapsed() || self.timer.deadline() > due {
            self.timer.as_mut().reset(due);
        }
        self.timer.as_mut().poll(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Connection<S> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        loop {
            if matches!(this.phase, Phase::Closing { .. }) {
                return this.poll_closing(cx);
            }
            this.poll_signal(cx);
            let mut moved = this.poll_signing_in(cx);
            moved |= this.poll_answers(cx);
            moved |= this.poll_events(cx);
            moved |= this.poll_messages(cx);
            let held_back = this.socket.unwritten() >= OUT_HIGH;
            if this.poll_out(cx).is_err() {
                return Poll::Ready(());
            }
            moved |= held_back && this.socket.unwritten() < OUT_HIGH;
            if this.check_deadlines(Instant::now()) || moved {
                continue;
            }
            if this.poll_timer(cx, this.next_deadline()).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

/// Bytes that no Protobuf decoder takes.
const NOT_PROTOBUF: &[u8] = &[0xff];

fn signal(gate: &Arc<Gate>, session: Option<Arc<Session>>) -> BoxFuture<'static, Signal> {
    let drained = gate.drain.clone().cancelled_owned();
    match session {
        None => drained.map(|()| Signal::Draining).boxed(),
        Some(session) => async move {
            tokio::select! {
                () = session.ended() => Signal::SignedOut,
                () = drained => Signal::Draining,
            }
        }
        .boxed(),
    }
}

fn cancelled() -> Error {
    Error::new(
        Kind::Conflict,
        "CANCELLED",
        "The call was cancelled. What it writes may have happened: repeat a creation with the same client id.",
    )
}
