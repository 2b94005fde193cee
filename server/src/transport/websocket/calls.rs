//! The calls under way on one socket, and which may run beside which. Writes of an ordered service run one at a time
//! in the order they came; other writes and reads run side by side, so a slow one never stands before a message. It
//! knows no bytes of the wire.

use super::envelope::Form;
use crate::call::{Answer, Events};
use crate::error::{Error, Result};
use futures::StreamExt;
use futures::future::BoxFuture;
use std::collections::VecDeque;
use std::task::{Context, Poll};
use teahouse_proto::{Event, MethodInfo};

/// Services whose writes run in order on a socket.
const ORDERED_SERVICES: [&str; 1] = ["teahouse.chat.v1.ChatService"];
/// Ordered writes that may wait. Beyond each of these limits the socket is not read until there is room again, so a
/// client that has too much to ask is slowed down, never refused.
const ORDERED_WAITING: usize = 32;
/// Other writes side by side.
const WRITES: usize = 8;
/// Reads side by side, and opening streams.
const READS: usize = 32;
/// Streams side by side.
const STREAMS: usize = 8;
/// Request bytes of all calls under way; then the socket is not read until some are answered.
const REQUEST_BYTES: usize = 2 * 1024 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    Ordered,
    Write,
    Read,
}

fn lane(method: &MethodInfo) -> Lane {
    match (method.reads, ORDERED_SERVICES.contains(&method.service())) {
        (true, _) => Lane::Read,
        (false, true) => Lane::Ordered,
        (false, false) => Lane::Write,
    }
}

/// Whose answer something is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    pub(super) id: u64,
    pub(super) form: Form,
    pub(super) method: &'static MethodInfo,
}

/// A call: nothing of it has happened before it is polled for the first time.
struct Call {
    ticket: Ticket,
    /// Length of its request.
    bytes: usize,
    answer: BoxFuture<'static, Result<Answer>>,
}

/// What a call or a stream has to say.
pub(super) enum Said {
    /// The response of a call.
    Response(bytes::Bytes),
    /// An event of a stream.
    Event(Event<()>),
    /// A stream is over.
    End,
    /// A call or a stream failed and is over.
    Failure(Error),
}

/// All calls and streams of one socket.
#[derive(Default)]
pub(super) struct Calls {
    running: Vec<Call>,
    waiting: VecDeque<Call>,
    streams: Vec<(Ticket, Events)>,
    /// The call for which there was no room; nothing is read behind it.
    held: Option<Call>,
    bytes: usize,
}

impl Calls {
    /// Whether the socket must not be read before something is answered.
    pub(super) fn is_full(&self) -> bool {
        self.held.is_some() || self.bytes >= REQUEST_BYTES
    }

    /// Whether no call is under way. Streams do not count.
    pub(super) fn is_idle(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty() && self.held.is_none()
    }

    /// Enters a call whose request has `bytes`. Fails where its id is taken, or for a stream too many.
    pub(super) fn enter(
        &mut self,
        ticket: Ticket,
        bytes: usize,
        answer: BoxFuture<'static, Result<Answer>>,
    ) -> Result<()> {
        if self.tickets().any(|t| t.id == ticket.id) {
            return Err(Error::invalid("ID_IN_USE", "A call with this id is under way. Count ids up."));
        }
        if ticket.method.streams && self.tickets().filter(|t| t.method.streams).count() >= STREAMS {
            let message = format!("At most {STREAMS} streams are open on one socket. Cancel one.");
            return Err(Error::precondition("TOO_MANY_STREAMS", message));
        }
        self.bytes += bytes;
        self.place(Call { ticket, bytes, answer });
        Ok(())
    }

    /// Lets a call run, wait, or hold everything up, as there is room.
    fn place(&mut self, call: Call) {
        let lane = lane(call.ticket.method);
        let beside = self.running.iter().filter(|r| self::lane(r.ticket.method) == lane).count();
        match lane {
            Lane::Ordered if beside == 0 => self.running.push(call),
            Lane::Ordered if self.waiting.len() < ORDERED_WAITING => self.waiting.push_back(call),
            Lane::Write if beside < WRITES => self.running.push(call),
            Lane::Read if beside < READS => self.running.push(call),
            _ => self.held = Some(call),
        }
    }

    fn tickets(&self) -> impl Iterator<Item = &Ticket> {
        let calls = self.running.iter().map(|r| &r.ticket).chain(self.waiting.iter().map(|w| &w.ticket));
        let calls = calls.chain(self.held.iter().map(|h| &h.ticket));
        calls.chain(self.streams.iter().map(|(t, _)| t))
    }

    /// Drops a call or stream; gives its ticket where it was under way.
    pub(super) fn cancel(&mut self, id: u64) -> Option<Ticket> {
        if let Some(i) = self.streams.iter().position(|(t, _)| t.id == id) {
            return Some(self.streams.swap_remove(i).0);
        }
        if let Some(i) = self.waiting.iter().position(|w| w.ticket.id == id) {
            let waiting = self.waiting.remove(i)?;
            self.bytes -= waiting.bytes;
            self.place_held();
            return Some(waiting.ticket);
        }
        let i = self.running.iter().position(|r| r.ticket.id == id)?;
        Some(self.finish(i))
    }

    /// Drops all streams and gives their tickets.
    pub(super) fn end_streams(&mut self) -> impl Iterator<Item = Ticket> {
        std::mem::take(&mut self.streams).into_iter().map(|(ticket, _)| ticket)
    }

    fn finish(&mut self, i: usize) -> Ticket {
        let done = self.running.swap_remove(i);
        self.bytes -= done.bytes;
        if lane(done.ticket.method) == Lane::Ordered
            && let Some(next) = self.waiting.pop_front()
        {
            self.running.push(next);
        }
        self.place_held();
        if self.is_idle() {
            self.running = Vec::new();
            self.waiting = VecDeque::new();
        }
        done.ticket
    }

    fn place_held(&mut self) {
        if let Some(call) = self.held.take() {
            self.place(call);
        }
    }

    /// The next answer. A call that opened a stream becomes one without a word.
    pub(super) fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<(Ticket, Said)> {
        let mut i = 0;
        while let Some(running) = self.running.get_mut(i) {
            let Poll::Ready(answer) = running.answer.as_mut().poll(cx) else {
                i += 1;
                continue;
            };
            let ticket = self.finish(i);
            match answer {
                Ok(Answer::Unary(body)) => return Poll::Ready((ticket, Said::Response(body))),
                Ok(Answer::Stream(events)) => {
                    // Mostly the only one.
                    self.streams.reserve_exact(1);
                    self.streams.push((ticket, events));
                }
                Err(e) => return Poll::Ready((ticket, Said::Failure(e))),
            }
            // What was started or moved to this place may have been passed over.
            i = 0;
        }
        Poll::Pending
    }

    /// The next event of any stream.
    pub(super) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<(Ticket, Said)> {
        for i in 0..self.streams.len() {
            let (ticket, events) = &mut self.streams[i];
            let ticket = *ticket;
            let said = match events.poll_next_unpin(cx) {
                Poll::Pending => continue,
                Poll::Ready(Some(Ok(event))) => {
                    // The others get their turn before this one's next event.
                    self.streams[i..].rotate_left(1);
                    return Poll::Ready((ticket, Said::Event(event)));
                }
                Poll::Ready(Some(Err(e))) => Said::Failure(e),
                Poll::Ready(None) => Said::End,
            };
            drop(self.streams.remove(i));
            return Poll::Ready((ticket, said));
        }
        Poll::Pending
    }
}
