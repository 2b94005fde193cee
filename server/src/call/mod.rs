//! The one road of every operation: a table from method name to handler, bytes in and bytes out. It knows sessions,
//! limits, deadlines and traces; it knows neither transports nor features.

mod cx;
pub mod limits;
pub mod session;
mod trace;

pub use cx::{Caller, Cx};
pub use limits::Class;
pub(crate) use session::restricted;
pub use session::{Authenticator, Session, unauthenticated};

use crate::error::{Error, Kind, Result};
use crate::permit;
use crate::restrictions::Area;
use crate::time::Clock;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt};
use limits::{Limits, LimitsConfig};
use prost::Message;
use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use teahouse_proto::{Event, EventStream, MethodInfo, MethodTable};

/// Time a call may take where the client names none.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// The most that a client may ask for.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(300);

/// A stream of encoded events.
pub type Events = BoxStream<'static, Result<Event<()>>>;

type Unary = Box<dyn Fn(Cx, Bytes) -> BoxFuture<'static, Result<Bytes>> + Send + Sync>;
type Stream = Box<dyn Fn(Cx, Bytes) -> BoxFuture<'static, Result<Events>> + Send + Sync>;

enum Handler {
    Unary(Unary),
    Stream(Stream),
}

/// A row of the table.
pub struct Method {
    /// What the .proto file says of it.
    pub info: &'static MethodInfo,
    open: bool,
    holds: Option<Duration>,
    class: Class,
    areas: &'static [Area],
    handler: Handler,
    meter: trace::Meter,
}

impl Method {
    /// For how long a call without a session lets its connection live, which would have to sign in sooner. `None` of
    /// nearly all methods.
    pub fn holds(&self) -> Option<Duration> {
        self.holds
    }
}

/// What came of a call.
pub enum Answer {
    /// The encoded response.
    Unary(Bytes),
    /// Its events.
    Stream(Events),
}

/// The method table.
pub struct Methods {
    rows: HashMap<&'static str, Method>,
    authenticator: Option<Arc<dyn Authenticator>>,
    limits: Arc<Limits>,
    clock: Clock,
}

impl Methods {
    /// An empty table.
    pub fn new(clock: Clock, limits: &LimitsConfig) -> Self {
        Self { rows: HashMap::new(), authenticator: None, limits: Arc::new(Limits::new(limits)), clock }
    }

    /// Names who turns tokens into sessions.
    pub fn authenticate_with(&mut self, authenticator: Arc<dyn Authenticator>) {
        self.authenticator = Some(authenticator);
    }

    /// Lets a method be called without a session. Every other method needs one.
    ///
    /// # Panics
    /// Where the method was not registered: a mistake of the composition.
    pub fn open(&mut self, info: &'static MethodInfo) {
        let row = self.rows.get_mut(info.path).expect("registered before it is opened");
        row.open = true;
        row.class = Class::Open;
    }

    /// Lets the connection of a caller without a session live for so long while a call of this method is under way.
    ///
    /// # Panics
    /// Where the method was not registered: a mistake of the composition.
    pub fn hold(&mut self, info: &'static MethodInfo, time: Duration) {
        self.rows.get_mut(info.path).expect("registered before it holds").holds = Some(time);
    }

    /// Lets a method draw on another allowance than that of reads or writes.
    ///
    /// # Panics
    /// Where the method was not registered: a mistake of the composition.
    pub fn class(&mut self, info: &'static MethodInfo, class: Class) {
        self.rows.get_mut(info.path).expect("registered before it is classed").class = class;
    }

    /// Puts a method into areas: where one of them is closed to the caller, it answers `RESTRICTED`.
    ///
    /// # Panics
    /// Where the method was not registered: a mistake of the composition.
    pub fn area(&mut self, info: &'static MethodInfo, areas: &'static [Area]) {
        self.rows.get_mut(info.path).expect("registered before it is put into areas").areas = areas;
    }

    /// All rows, in no order.
    pub fn rows(&self) -> impl Iterator<Item = &Method> {
        self.rows.values()
    }

    /// The row of `"teahouse.chat.v1.ChatService/SendMessage"`.
    pub fn find(&self, path: &str) -> Result<&Method> {
        self.rows.get(path).ok_or_else(|| {
            Error::not_found(
                "UNKNOWN_METHOD",
                "There is no such method. Names look like teahouse.chat.v1.ChatService/SendMessage.",
            )
        })
    }

    /// The session of a token.
    pub async fn authenticate(&self, token: &str) -> Result<Arc<Session>> {
        match &self.authenticator {
            Some(a) => a.authenticate(token).await,
            None => Err(unauthenticated()),
        }
    }

    /// Draws on the allowance for calls without a session, for sign-in attempts that are no method call.
    pub fn draw_open(&self, caller: &Caller) -> Result<()> {
        self.limits.check(Class::Open, caller)
    }

    /// Draws on an allowance, for what is no method call.
    pub fn draw(&self, class: Class, caller: &Caller) -> Result<()> {
        self.limits.check(class, caller)
    }

    /// Forgets limits that are full again. Called once a minute.
    pub fn tidy(&self) {
        self.limits.retain_recent();
    }

    /// Carries one call: session, limit, deadline, span and metrics, panic guard, decode, handler, encode.
    pub async fn call(
        &self,
        method: &Method,
        caller: Caller,
        body: Bytes,
        timeout: Option<Duration>,
    ) -> Result<Answer> {
        let started = tokio::time::Instant::now();
        let account = caller.session.as_ref().map(|s| s.account);
        let answer = self.guarded(method, caller, body, timeout).await;
        method.meter.record(started.elapsed(), method.info, account, answer.as_ref().err());
        answer
    }

    async fn guarded(
        &self,
        method: &Method,
        caller: Caller,
        body: Bytes,
        timeout: Option<Duration>,
    ) -> Result<Answer> {
        admit(method, &caller)?;
        self.limits.check(method.class, &caller)?;
        let timeout = timeout.unwrap_or(DEFAULT_TIMEOUT).min(MAX_TIMEOUT);
        let session = caller.session.clone();
        let cx = Cx::new(caller, &self.clock).limited_by(self.limits.clone());
        let mut permit = None;
        if let Some(session) = &session {
            session.check_open(method.areas, cx.now)?;
            permit = session::permit(session, method, cx.now);
            session.used(cx.now);
            session.came_from(cx.caller.network());
        }
        let run = async {
            match &method.handler {
                Handler::Unary(f) => f(cx, body).await.map(Answer::Unary),
                Handler::Stream(f) => {
                    f(cx, body).await.map(|events| Answer::Stream(until_ended(events, session)))
                }
            }
        };
        let run = permit::under(permit, AssertUnwindSafe(run).catch_unwind());
        match tokio::time::timeout(timeout, run).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(panic)) => Err(Error::internal(panic_text(&panic))),
            Err(_) => Err(Error::new(
                Kind::Unavailable,
                "DEADLINE_EXCEEDED",
                "The call took longer than its deadline. A creation may have happened: repeat it with the same client id.",
            )),
        }
    }
}

/// Whether a caller may call a method at all. Also asked by transports before they read a long request.
pub fn admit(method: &Method, caller: &Caller) -> Result<()> {
    match &caller.session {
        Some(session) if session.is_ended() => return Err(session.farewell()),
        None if !method.open => return Err(unauthenticated()),
        _ => {}
    }
    Ok(())
}

/// A stream lives no longer than the session that opened it, where one did; a panic in it ends it alone.
fn until_ended(events: Events, session: Option<Arc<Session>>) -> Events {
    let events = match session {
        None => events,
        Some(session) => {
            let (ends, check) = (session.clone(), session);
            let last_word =
                futures::stream::once(async move { check.is_ended().then(|| Err(check.farewell())) });
            let events = events.take_until(async move { ends.ended().await });
            events.chain(last_word.filter_map(std::future::ready)).boxed()
        }
    };
    let guarded = AssertUnwindSafe(events);
    guarded.catch_unwind().map(|e| e.unwrap_or_else(|p| Err(Error::internal(panic_text(&p))))).boxed()
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panic in a handler: {}", text.unwrap_or_default())
}

fn decode<Q: Message + Default>(body: Bytes) -> Result<Q> {
    Q::decode(body).map_err(|e| {
        Error::invalid("MALFORMED", "The request is not a valid message of the method's request type.")
            .source(e)
    })
}

impl MethodTable for Methods {
    type Cx = Cx;
    type Error = Error;

    fn unary<Q, A, F, Fut>(&mut self, info: &'static MethodInfo, handler: F)
    where
        Q: Message + Default + 'static,
        A: Message + 'static,
        F: Fn(Cx, Q) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<A>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        self.add(
            info,
            Handler::Unary(Box::new(move |cx, body| {
                let handler = handler.clone();
                async move { Ok(handler(cx, decode(body)?).await?.encode_to_vec().into()) }.boxed()
            })),
        );
    }

    fn stream<Q, A, F, Fut>(&mut self, info: &'static MethodInfo, handler: F)
    where
        Q: Message + Default + 'static,
        A: Message + 'static,
        F: Fn(Cx, Q) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<EventStream<A, Error>>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        self.add(
            info,
            Handler::Stream(Box::new(move |cx, body| {
                let handler = handler.clone();
                async move { Ok(handler(cx, decode(body)?).await?.map_ok(Event::untyped).boxed()) }.boxed()
            })),
        );
    }
}

impl Methods {
    fn add(&mut self, info: &'static MethodInfo, handler: Handler) {
        let class = if info.reads { Class::Read } else { Class::Write };
        let method = Method {
            info,
            open: false,
            holds: None,
            class,
            areas: &[],
            handler,
            meter: trace::Meter::new(info),
        };
        let before = self.rows.insert(info.path, method);
        assert!(before.is_none(), "{} is registered twice", info.path);
    }
}
