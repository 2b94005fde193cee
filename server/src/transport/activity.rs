//! What is under way on one HTTP connection, so that nobody keeps a place, or the memory of an answer, by answering
//! pings alone. It knows requests and answers, not what is in them.

use crate::call::Caller;
use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;

/// A connection on which nothing is under way this long has no use.
const IDLE: Duration = Duration::from_secs(90);
/// Requests without a session count as something under way this long: the longest call, and time to read its answer.
const ANONYMOUS: Duration = Duration::from_secs(330);
/// An answer of which the client takes no byte this long is given up, and the connection with it. HTTP/2 has windows
/// for each answer, so a client may read the connection and still leave an answer where it is.
const STUCK: Duration = Duration::from_secs(75);
/// An answer is given out in pieces of this many bytes, so that one is taken by whoever reads at all, and what hyper keeps
/// of an answer that is not taken is little.
const PIECE: usize = 16 * 1024;
/// How often this is looked at while requests are under way.
const LOOK: Duration = Duration::from_secs(15);

/// Why a connection should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing goes on; a request that comes this moment is still answered.
    Idle,
    /// The client does not take its answers; nothing more can be said to it.
    Stuck,
}

/// The requests under way on a connection.
pub(super) struct Activity {
    state: Mutex<State>,
}

struct State {
    requests: HashMap<u64, Progress>,
    next: u64,
    /// When a request last came or ended.
    moved: Instant,
}

#[derive(Default)]
struct Progress {
    has_session: bool,
    /// Since when a part of the answer waits for the client.
    stuck: Option<Instant>,
}

impl Activity {
    /// Of a connection that was opened now.
    pub(super) fn new() -> Arc<Self> {
        let state = State { requests: HashMap::new(), next: 0, moved: Instant::now() };
        Arc::new(Self { state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request, which is under way until this and its clones are dropped.
    pub(super) fn begin(self: &Arc<Self>) -> UnderWay {
        let mut state = self.state();
        state.moved = Instant::now();
        let id = state.next;
        state.next += 1;
        state.requests.insert(id, Progress::default());
        UnderWay(Arc::new(Entry { activity: self.clone(), id }))
    }

    /// Returns when the connection should end.
    pub(super) async fn end(&self) -> End {
        loop {
            match self.look(Instant::now()) {
                Ok(end) => return end,
                Err(again) => tokio::time::sleep_until(again).await,
            }
        }
    }

    /// Whether it should end now, or when to look again.
    fn look(&self, now: Instant) -> Result<End, Instant> {
        let state = self.state();
        if state.requests.values().filter_map(|r| r.stuck).any(|since| now >= since + STUCK) {
            return Ok(End::Stuck);
        }
        if state.requests.values().any(|r| r.has_session) {
            return Err(now + LOOK);
        }
        let allowed = if state.requests.is_empty() { IDLE } else { ANONYMOUS };
        let due = state.moved + allowed;
        if now >= due { Ok(End::Idle) } else { Err(due.min(now + LOOK)) }
    }
}

/// A request from its first byte to the last of its answer.
#[derive(Clone)]
pub(super) struct UnderWay(Arc<Entry>);

struct Entry {
    activity: Arc<Activity>,
    id: u64,
}

impl UnderWay {
    /// Notes of the request with these extensions who asks: somebody who is signed in may go on without end.
    pub(super) fn note_caller(extensions: &http::Extensions, caller: &Caller) {
        if let (Some(_), Some(request)) = (&caller.session, extensions.get::<Self>()) {
            request.has_session();
        }
    }

    fn has_session(&self) {
        self.note(|progress| progress.has_session = true);
    }

    fn note(&self, note: impl FnOnce(&mut Progress)) {
        if let Some(progress) = self.0.activity.state().requests.get_mut(&self.0.id) {
            note(progress);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.requests.remove(&self.id);
        state.moved = Instant::now();
    }
}

/// The body of an answer, whose request is under way as long as it lives.
pub(super) struct Watched<B> {
    body: B,
    /// Of the last frame, what is not given out yet.
    rest: Bytes,
    request: UnderWay,
    waits: bool,
}

impl<B> Watched<B> {
    /// Watches `body`, the answer to `request`.
    pub(super) fn new(body: B, request: UnderWay) -> Self {
        Self { body, rest: Bytes::new(), request, waits: false }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Watched<B> {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if self.rest.is_empty() {
            match Pin::new(&mut self.body).poll_frame(cx).map_ok(Frame::into_data) {
                Poll::Ready(Some(Ok(Ok(data)))) => self.rest = data,
                Poll::Ready(Some(Ok(Err(other)))) => return Poll::Ready(Some(Ok(other))),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
        let piece = self.rest.split_to(self.rest.len().min(PIECE));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Watched<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = self.poll_piece(cx);
        // Hyper asks for more only when the client has room for what it was given.
        let waits = frame.is_ready();
        if waits || self.waits {
            self.waits = waits;
            self.request.note(|progress| progress.stuck = waits.then(Instant::now));
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, of_body) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(of_body.lower() + rest);
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Full;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_ends_when_nothing_goes_on() {
        let activity = Activity::new();
        let begin = Instant::now();
        assert_eq!(activity.end().await, End::Idle);
        assert_eq!(begin.elapsed().as_secs(), IDLE.as_secs());
        let request = activity.begin();
        assert!(activity.look(begin + IDLE + seconds(20)).is_err(), "a request is under way");
        tokio::time::advance(seconds(60)).await;
        drop(request);
        let ended = Instant::now();
        assert!(
            activity.look(ended + IDLE - seconds(1)).is_err(),
            "the time counts from the end of the last"
        );
        assert_eq!(activity.look(ended + IDLE), Ok(End::Idle));
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_session_may_ask_without_end() {
        let activity = Activity::new();
        let request = activity.begin();
        let begin = Instant::now();
        assert_eq!(activity.look(begin + ANONYMOUS), Ok(End::Idle));
        request.has_session();
        assert!(activity.look(begin + ANONYMOUS * 100).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_taken_ends_the_connection() {
        let activity = Activity::new();
        let request = activity.begin();
        request.has_session();
        let mut body = Watched::new(Full::new(Bytes::from_static(b"tea")), request);
        let poll = |body: &mut Watched<_>| {
            let mut cx = Context::from_waker(futures::task::noop_waker_ref());
            Pin::new(body).poll_frame(&mut cx)
        };
        assert_eq!(body.size_hint().exact(), Some(3));
        assert!(matches!(poll(&mut body), Poll::Ready(Some(Ok(_)))));
        let given = Instant::now();
        assert!(activity.look(given + STUCK - seconds(1)).is_err());
        assert_eq!(activity.look(given + STUCK), Ok(End::Stuck));
        drop(body);
        assert_ne!(activity.look(given + STUCK), Ok(End::Stuck), "what is gone is not stuck");
    }

    #[tokio::test]
    async fn an_answer_is_given_out_in_pieces() {
        let long: Bytes = (0..PIECE * 2 + 7).map(|n| n as u8).collect();
        let mut body = Watched::new(Full::new(long.clone()), Activity::new().begin());
        let mut cx = Context::from_waker(futures::task::noop_waker_ref());
        let (mut told, mut pieces) = (Vec::new(), Vec::new());
        while !body.is_end_stream() {
            assert_eq!(body.size_hint().exact(), Some((long.len() - told.len()) as u64));
            let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut body).poll_frame(&mut cx) else {
                panic!("ends early")
            };
            let data = frame.into_data().unwrap();
            pieces.push(data.len());
            told.extend_from_slice(&data);
        }
        assert_eq!(pieces, [PIECE, PIECE, 7]);
        assert!(told == long);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_has_nothing_to_say_is_not_stuck() {
        let activity = Activity::new();
        let request = activity.begin();
        request.has_session();
        let (say, said) = futures::channel::mpsc::unbounded::<Result<Frame<Bytes>, std::io::Error>>();
        let mut body = Watched::new(http_body_util::StreamBody::new(said), request);
        let mut cx = Context::from_waker(futures::task::noop_waker_ref());
        say.unbounded_send(Ok(Frame::data(Bytes::from_static(b"tea")))).unwrap();
        assert!(Pin::new(&mut body).poll_frame(&mut cx).is_ready());
        assert!(Pin::new(&mut body).poll_frame(&mut cx).is_pending());
        assert!(activity.look(Instant::now() + STUCK * 10).is_err());
    }
}
