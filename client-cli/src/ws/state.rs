//! What a socket's users and its driver share: frames to send, and who waits for what. It does no input or output and
//! decides nothing about the connection's life.

use super::frame::Word;
use crate::error::{Error, Kind, Result};
use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use teahouse_proto::gateway::GoAway;
use tokio::sync::{Notify, Semaphore};
use tokio_tungstenite::tungstenite::Message;

/// Events that a stream holds for a user who is slow, before the socket is read no further.
const SOFT_EVENTS: usize = 256;
/// The same in bytes.
const SOFT_BYTES: usize = 1 << 20;
/// While an answer is awaited the socket is read on, or a user who makes a call between two events would wait for ever.
/// So much more a stream then holds, before it is cut off.
const HARD_EVENTS: usize = 32 * SOFT_EVENTS;
/// The same in bytes.
const HARD_BYTES: usize = 16 * SOFT_BYTES;

/// Shared by handles, calls and the driver.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// One permit for each unary call under way.
    pub(super) permits: Semaphore,
    /// Told when the socket has ended.
    pub(super) ended: Notify,
}

#[derive(Debug, Default)]
pub(super) struct State {
    last_id: u64,
    outgoing: VecDeque<Message>,
    waiters: HashMap<u64, Waiter>,
    /// How many of the waiters await one answer that has not come.
    awaiting: usize,
    driver: Option<Waker>,
    end: Option<Error>,
    go_away: Option<GoAway>,
    /// A failure of the socket itself, which the server sends before it closes.
    complaint: Option<Error>,
    closing: bool,
}

/// Who waits for the answers of a call.
#[derive(Debug)]
enum Waiter {
    One { answer: Option<Result<Bytes>>, waker: Option<Waker> },
    Many(Events),
}

#[derive(Debug, Default)]
struct Events {
    queue: VecDeque<Bytes>,
    bytes: usize,
    end: Option<Result<()>>,
    waker: Option<Waker>,
}

impl Events {
    fn over(&self, events: usize, bytes: usize) -> bool {
        self.queue.len() >= events || self.bytes >= bytes
    }
}

/// What a call is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Unary,
    Stream,
}

impl Shared {
    pub(super) fn new(max_calls: usize) -> Self {
        Self { state: Mutex::default(), permits: Semaphore::new(max_calls), ended: Notify::new() }
    }

    /// No code that may panic runs under the lock but allocation, so a poisoned state is still sound.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends everything: calls fail with `error`, streams after the events they still hold.
    pub(super) fn end(&self, error: &Error) {
        let mut state = self.lock();
        let error = state.end.get_or_insert_with(|| error.clone()).clone();
        state.outgoing.clear();
        let mut wakers = Vec::new();
        for waiter in state.waiters.values_mut() {
            wakers.extend(waiter.finish(Err(error.clone())));
        }
        state.awaiting = 0;
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        self.permits.close();
        self.ended.notify_waiters();
    }
}

impl Waiter {
    fn new(shape: Shape) -> Self {
        match shape {
            Shape::Unary => Self::One { answer: None, waker: None },
            Shape::Stream => Self::Many(Events::default()),
        }
    }

    /// Whether this is a unary call without its answer.
    fn is_awaited(&self) -> bool {
        matches!(self, Self::One { answer: None, .. })
    }

    /// Takes an answer or an event. Gives back whom to wake, and whether a stream was cut off because it holds too
    /// many events.
    fn take(&mut self, body: Bytes) -> (Option<Waker>, bool) {
        match self {
            Self::One { answer, waker } => {
                answer.get_or_insert(Ok(body));
                (waker.take(), false)
            }
            Self::Many(events) if events.end.is_some() => (None, false),
            Self::Many(events) if events.over(HARD_EVENTS, HARD_BYTES) => {
                let error = Error::lost("The events of a stream were read too slowly; open it again.");
                events.end = Some(Err(error));
                (events.waker.take(), true)
            }
            Self::Many(events) => {
                events.bytes += body.len();
                events.queue.push_back(body);
                (events.waker.take(), false)
            }
        }
    }

    /// Enters the last word of a call, if it has none yet, and gives back whom to wake.
    fn finish(&mut self, last: Result<()>) -> Option<Waker> {
        match self {
            Self::One { answer, waker } => {
                let last =
                    last.and_then(|()| Err(Error::protocol("The server ended a call without an answer.")));
                answer.get_or_insert(last);
                waker.take()
            }
            Self::Many(events) => {
                events.end.get_or_insert(last);
                events.waker.take()
            }
        }
    }
}

impl State {
    /// Registers a call and queues the frame that `frame` makes for its id.
    pub(super) fn start(&mut self, shape: Shape, frame: impl FnOnce(u64) -> Result<Message>) -> Result<u64> {
        if let Some(end) = &self.end {
            return Err(end.clone());
        }
        if let Some(go_away) = &self.go_away {
            return Err(gone(go_away, Kind::Unreachable));
        }
        let id = self.last_id + 1;
        let frame = frame(id)?;
        self.last_id = id;
        self.waiters.insert(id, Waiter::new(shape));
        self.awaiting += usize::from(shape == Shape::Unary);
        self.push(frame);
        Ok(id)
    }

    /// Queues a frame and wakes the driver.
    pub(super) fn push(&mut self, frame: Message) {
        self.outgoing.push_back(frame);
        self.wake_driver();
    }

    pub(super) fn next_outgoing(&mut self) -> Option<Message> {
        let next = self.outgoing.pop_front();
        if self.outgoing.is_empty() {
            // An idle socket keeps no queue.
            self.outgoing = VecDeque::new();
        }
        next
    }

    pub(super) fn has_outgoing(&self) -> bool {
        !self.outgoing.is_empty()
    }

    pub(super) fn wake_driver(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }

    pub(super) fn register_driver(&mut self, cx: &Context<'_>) {
        self.driver = Some(cx.waker().clone());
    }

    /// Forgets a call whose user is gone; `true` where the server should be told.
    pub(super) fn forget(&mut self, id: u64) -> bool {
        let Some(waiter) = self.waiters.remove(&id) else { return false };
        self.awaiting -= usize::from(waiter.is_awaited());
        // Where a full stream goes, the socket may be read on.
        self.wake_driver();
        let open = match waiter {
            Waiter::One { answer, .. } => answer.is_none(),
            Waiter::Many(events) => events.end.is_none(),
        };
        open && self.end.is_none()
    }

    pub(super) fn poll_answer(&mut self, id: u64, cx: &Context<'_>) -> Poll<Result<Bytes>> {
        match self.waiters.get_mut(&id) {
            Some(Waiter::One { answer, waker }) => match answer.take() {
                Some(answer) => {
                    self.waiters.remove(&id);
                    Poll::Ready(answer)
                }
                None => {
                    *waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            },
            _ => Poll::Ready(Err(Error::misuse("CALL_OVER", "The call was answered before."))),
        }
    }

    pub(super) fn poll_event(&mut self, id: u64, cx: &Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let Some(Waiter::Many(events)) = self.waiters.get_mut(&id) else { return Poll::Ready(None) };
        if let Some(event) = events.queue.pop_front() {
            let was_over = events.over(SOFT_EVENTS - 1, SOFT_BYTES);
            events.bytes -= event.len();
            if events.queue.is_empty() {
                events.queue = VecDeque::new();
            }
            if was_over {
                self.wake_driver();
            }
            return Poll::Ready(Some(Ok(event)));
        }
        match events.end.take() {
            Some(end) => {
                self.waiters.remove(&id);
                Poll::Ready(end.err().map(Err))
            }
            None => {
                events.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Whether the socket should not be read now, because a stream's user is slow and nobody awaits an answer.
    pub(super) fn is_full(&self) -> bool {
        self.awaiting == 0
            && self.waiters.values().any(|w| match w {
                Waiter::One { .. } => false,
                Waiter::Many(events) => events.end.is_none() && events.over(SOFT_EVENTS, SOFT_BYTES),
            })
    }

    /// Hands a word of the server to whom it is for. Gives back whom to wake, and the call to cancel at the server
    /// where a stream was cut off.
    pub(super) fn deliver(&mut self, id: u64, word: Word) -> (Option<Waker>, Option<u64>) {
        if id == 0 {
            match word {
                Word::GoAway(go_away) => self.go_away = Some(go_away),
                Word::Failure(failure) => self.complaint = Some(Error::from_failure(failure)),
                Word::Body(_) | Word::End => {}
            }
            return (None, None);
        }
        let Some(waiter) = self.waiters.get_mut(&id) else { return (None, None) };
        let awaited = waiter.is_awaited();
        let (waker, cut_off) = match word {
            Word::Body(body) => waiter.take(body),
            Word::Failure(failure) => (waiter.finish(Err(Error::from_failure(failure))), false),
            Word::End => (waiter.finish(Ok(())), false),
            Word::GoAway(_) => (None, false),
        };
        self.awaiting -= usize::from(awaited && !waiter.is_awaited());
        (waker, cut_off.then_some(id))
    }

    /// Asks the driver to close the socket once everything queued is sent.
    pub(super) fn close(&mut self) {
        self.closing = true;
        self.wake_driver();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }

    pub(super) fn go_away(&self) -> Option<&GoAway> {
        self.go_away.as_ref()
    }

    pub(super) fn end(&self) -> Option<&Error> {
        self.end.as_ref()
    }

    pub(super) fn complaint(&self) -> Option<&Error> {
        self.complaint.as_ref()
    }
}

/// What calls get on a socket that the server is about to close (`Unreachable`: they were not sent) or has closed.
pub(super) fn gone(go_away: &GoAway, kind: Kind) -> Error {
    let (kind, message) = match go_away.reason.as_str() {
        "SIGNED_OUT" => (Kind::Unauthenticated, "This device was signed out. Sign in again."),
        "REPLACED" => (kind, "The same device connected from elsewhere."),
        "RESYNC" => (kind, "The connection was read too slowly and is closed; connect again."),
        _ => (kind, "The server is closing the connection; connect again in a moment."),
    };
    let wait = Duration::from_millis(go_away.reconnect_after_ms.into());
    Error::new(kind, go_away.reason.clone(), message).retry_after_opt(Some(wait))
}
