//! Messages of simulated people: sent at a pace, each with the time at which it was meant to go out, and checked where
//! they arrive. It does not know who talks to whom.

use crate::Failure;
use crate::floor::{Floor, micros};
use crate::options::{Options, Profile};
use crate::people::Person;
use crate::report::{Report, histogram};
use crate::server::Server;
use futures::StreamExt;
use hdrhistogram::Histogram;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use teahouse_client::Connection;
use teahouse_proto::ChatClient;
use teahouse_proto::chat::send_message_request::{Content, To};
use teahouse_proto::chat::{Entry, ListEntriesRequest, SendMessageRequest, Text, entry};
use teahouse_proto::sync::follow_response::Event;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How long deliveries are awaited after the last acknowledgement.
const DRAIN: Duration = Duration::from_secs(10);

/// The run's clock.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub start: Instant,
    /// Measured from here …
    pub from: Instant,
    /// … to here.
    pub to: Instant,
}

impl Span {
    /// From now on, after the warm-up.
    pub(super) fn of(options: &Options) -> Self {
        let start = Instant::now();
        let from = start + options.warm_up();
        Self { start, from, to: from + options.duration() }
    }

    /// Whether what was meant for this moment counts.
    pub(super) fn measured(self, at: Instant) -> bool {
        at >= self.from && at < self.to
    }
}

/// What came of a run's messages.
pub(super) struct Found {
    pub acknowledged: Histogram<u64>,
    pub delivered: Histogram<u64>,
    pub lag: Histogram<u64>,
    pub errors: Vec<String>,
    pub duplicated: u64,
    pub reordered: u64,
    pub lost: u64,
}

impl Found {
    pub(super) fn new() -> Self {
        Self {
            acknowledged: histogram(),
            delivered: histogram(),
            lag: histogram(),
            errors: Vec::new(),
            duplicated: 0,
            reordered: 0,
            lost: 0,
        }
    }

    fn add(&mut self, other: Self) -> Result<(), Failure> {
        self.acknowledged.add(&other.acknowledged)?;
        self.delivered.add(&other.delivered)?;
        self.lag.add(&other.lag)?;
        self.errors.extend(other.errors);
        self.duplicated += other.duplicated;
        self.reordered += other.reordered;
        self.lost += other.lost;
        Ok(())
    }
}

/// What was said in a conversation so far: the receivers wait for exactly so much.
pub(super) struct Said {
    acknowledged: AtomicU64,
    /// Who has not finished.
    sending: AtomicUsize,
}

impl Said {
    pub(super) fn by(senders: usize) -> Arc<Self> {
        Arc::new(Self { acknowledged: AtomicU64::new(0), sending: AtomicUsize::new(senders) })
    }

    fn so_far(&self) -> u64 {
        self.acknowledged.load(Ordering::Acquire)
    }

    /// How much was said, once all have finished.
    fn in_all(&self) -> Option<u64> {
        (self.sending.load(Ordering::Acquire) == 0).then(|| self.so_far())
    }
}

/// When a sender sends.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    in_flight: usize,
    /// Time between two messages and before the first; `None`: as fast as the acknowledgements come.
    open: Option<(Duration, Duration)>,
}

/// Messages under way where the rate, not the answers, decides when the next goes out. More wait for a place, and
/// their wait counts as latency.
const OPEN_IN_FLIGHT: usize = 32;

impl Pace {
    /// Of one of several senders.
    pub(super) fn new(options: &Options, sender: usize, senders: usize) -> Self {
        if options.rate <= 0.0 {
            return Self { in_flight: options.in_flight.max(1), open: None };
        }
        let every = Duration::from_secs_f64(senders as f64 / options.rate);
        let phase = every.mul_f64(sender as f64 / senders as f64);
        Self { in_flight: OPEN_IN_FLIGHT, open: Some((every, phase)) }
    }
}

/// Sends until the span is over, to the person's conversation.
pub(super) async fn send(
    sender: (usize, Connection, u64),
    span: Span,
    pace: Pace,
    text_bytes: usize,
    said: Arc<Said>,
) -> Found {
    let (index, connection, conversation) = sender;
    let mut found = Found::new();
    let chat = ChatClient(connection);
    let places = Arc::new(Semaphore::new(pace.in_flight));
    let mut calls: JoinSet<Result<(Instant, Instant), String>> = JoinSet::new();
    for n in 0u64.. {
        let intended = match pace.open {
            Some((every, phase)) => span.start + phase + every.mul_f64(n as f64),
            None => Instant::now(),
        };
        if intended >= span.to {
            break;
        }
        tokio::time::sleep_until(intended).await;
        let lag = Instant::now().duration_since(intended);
        let Ok(place) = places.clone().acquire_owned().await else { break };
        let intended = if pace.open.is_some() { intended } else { Instant::now() };
        if span.measured(intended) {
            found.lag.saturating_record(micros(lag));
        }
        let request = message(index, n, conversation, intended.duration_since(span.start), text_bytes);
        let chat = chat.clone();
        calls.spawn(async move {
            let answer = chat.send_message(request).await;
            drop(place);
            answer.map(|_| (intended, Instant::now())).map_err(|error| error.to_string())
        });
        while let Some(done) = calls.try_join_next() {
            note(&mut found, done, span, &said);
        }
    }
    while let Some(done) = calls.join_next().await {
        note(&mut found, done, span, &said);
    }
    said.sending.fetch_sub(1, Ordering::AcqRel);
    found
}

type Done = Result<Result<(Instant, Instant), String>, tokio::task::JoinError>;

fn note(found: &mut Found, done: Done, span: Span, said: &Said) {
    match done {
        Ok(Ok((intended, at))) => {
            said.acknowledged.fetch_add(1, Ordering::AcqRel);
            if span.measured(intended) {
                found.acknowledged.saturating_record(micros(at.duration_since(intended)));
            }
        }
        Ok(Err(error)) => found.errors.push(error),
        Err(panic) => found.errors.push(panic.to_string()),
    }
}

/// The text carries its number and when it was meant to go out, padded with dots.
pub(crate) fn message(
    person: usize,
    n: u64,
    conversation: u64,
    intended: Duration,
    text_bytes: usize,
) -> SendMessageRequest {
    let head = format!("{n} {} ", micros(intended));
    let text = format!("{head:.<text_bytes$}");
    let client_id = ((person as u128 + 1) << 64) | u128::from(n);
    SendMessageRequest {
        client_message_id: client_id.to_be_bytes().to_vec().into(),
        to: Some(To::ConversationId(conversation)),
        content: Some(Content::Text(Text { text, ..Text::default() })),
    }
}

/// Receives all that is said in the one conversation in which something is said. Where the server says that events were
/// left out, the entries are pulled, as a client does.
pub(super) async fn receive(mut person: Person, span: Span, said: Arc<Said>) -> Found {
    let mut found = Found::new();
    let mut seen = Seen::default();
    let chat = ChatClient(person.connection.clone());
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    loop {
        if said.in_all().is_some_and(|all| seen.arrived >= all) {
            break;
        }
        if Instant::now() > span.to + DRAIN {
            found.lost = said.so_far().saturating_sub(seen.arrived);
            break;
        }
        let response = tokio::select! {
            response = person.following.next() => response,
            _ = tick.tick() => continue,
        };
        match response {
            Some(Ok(response)) => match response.event {
                Some(Event::Entry(entry)) => seen.take(&mut found, entry, span),
                Some(Event::Moved(moved)) if moved.head_seq > seen.last => {
                    if let Err(error) = pull(&chat, &mut seen, &mut found, moved.conversation_id, span).await
                    {
                        found.errors.push(error.to_string());
                        break;
                    }
                }
                _ => {}
            },
            Some(Err(error)) => {
                found.errors.push(error.to_string());
                break;
            }
            None => break,
        }
    }
    found
}

/// Whatever a receiver has of its conversation.
#[derive(Default)]
struct Seen {
    arrived: u64,
    last: u64,
    /// Up to here it was pulled, and may come again.
    pulled: u64,
}

impl Seen {
    fn take(&mut self, found: &mut Found, entry: Entry, span: Span) {
        let now = Instant::now();
        if entry.seq <= self.pulled {
            return;
        }
        found.duplicated += u64::from(entry.seq == self.last);
        found.reordered += u64::from(self.last != 0 && entry.seq != self.last && entry.seq != self.last + 1);
        self.last = entry.seq;
        let Some(sent) = read(entry.content) else { return };
        self.arrived += 1;
        let intended = span.start + sent;
        if span.measured(intended) {
            found.delivered.saturating_record(micros(now.duration_since(intended)));
        }
    }
}

async fn pull(
    chat: &ChatClient<Connection>,
    seen: &mut Seen,
    found: &mut Found,
    conversation_id: u64,
    span: Span,
) -> teahouse_client::Result<()> {
    loop {
        let request =
            ListEntriesRequest { conversation_id, after_seq: seen.last, ..ListEntriesRequest::default() };
        let page = chat.list_entries(request).await?;
        let complete = page.entries.last().is_none_or(|last| last.seq >= page.head_seq);
        for entry in page.entries {
            let seq = entry.seq;
            seen.take(found, entry, span);
            seen.pulled = seq;
        }
        if complete {
            return Ok(());
        }
    }
}

fn read(content: Option<entry::Content>) -> Option<Duration> {
    let Some(entry::Content::Text(text)) = content else { return None };
    text.text.split(' ').nth(1)?.parse().ok().map(Duration::from_micros)
}

/// The server's CPU while the run is measured, µs.
pub(super) async fn cpu(server: &Server, span: Span) -> Option<f64> {
    tokio::time::sleep_until(span.from).await;
    let before = server.cpu_us();
    tokio::time::sleep_until(span.to).await;
    server.cpu_us().zip(before).map(|(after, before)| (after - before) as f64)
}

/// All that the tasks of a run found.
pub(super) async fn gather(mut tasks: JoinSet<Found>) -> Result<Found, Failure> {
    let mut found = Found::new();
    while let Some(one) = tasks.join_next().await {
        found.add(one?)?;
    }
    Ok(found)
}

/// The report of a run in which each delivery is an operation.
pub(super) fn report(
    profile: Profile,
    options: &Options,
    floor: &Floor,
    connected: (&Server, usize),
    cpu: Option<f64>,
    found: Found,
) -> Report {
    let mut report = Report::new(profile.name(), floor);
    report.cpu(cpu.map(|us| us / found.delivered.len().max(1) as f64));
    report.main(&found.delivered);
    report.latency("acknowledge", &found.acknowledged, None);
    report.latency("deliver", &found.delivered, None);
    report.achieved_per_s = found.delivered.len() as f64 / options.duration().as_secs_f64();
    report.offered(options.rate, &found.lag);
    (report.lost, report.duplicated, report.reordered) = (found.lost, found.duplicated, found.reordered);
    report.failures(found.errors);
    report.conditions(options, connected.0, connected.1);
    report
}
