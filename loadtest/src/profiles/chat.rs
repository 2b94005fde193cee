//! `chat`: one-to-one messages. The even people send, each to the odd one beside them, who checks that every message
//! comes once and in the order of its number. An operation is a message that was acknowledged and delivered.

use crate::Failure;
use crate::floor::{Floor, micros};
use crate::options::{Options, Profile};
use crate::people::{self, Person};
use crate::report::{Report, histogram};
use crate::server::Server;
use futures::StreamExt;
use hdrhistogram::Histogram;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use teahouse_proto::ChatClient;
use teahouse_proto::chat::entry::Content as Said;
use teahouse_proto::chat::send_message_request::{Content, To};
use teahouse_proto::chat::{SendMessageRequest, Text};
use teahouse_proto::sync::follow_response::Event;
use teahouse_server::seed::Friends;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How long deliveries are awaited after the last acknowledgement.
const DRAIN: Duration = Duration::from_secs(10);
/// Errors that are quoted.
const QUOTED: usize = 3;

/// The run's clock.
#[derive(Clone, Copy)]
struct Span {
    start: Instant,
    /// Measured from here …
    from: Instant,
    /// … to here.
    to: Instant,
}

impl Span {
    fn measured(self, at: Instant) -> bool {
        at >= self.from && at < self.to
    }
}

/// What a sender or receiver found.
struct Found {
    acknowledged: Histogram<u64>,
    delivered: Histogram<u64>,
    lag: Histogram<u64>,
    errors: Vec<String>,
    duplicated: u64,
    reordered: u64,
    lost: u64,
}

impl Found {
    fn new() -> Self {
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

pub(crate) async fn run(options: &Options, floor: &Floor) -> Result<Report, Failure> {
    let server = Server::start(options, Friends::Pairs)?;
    let mut people = people::connect(options, &server, options.connections()).await?.into_iter();
    let pairs = people.len() / 2;
    let start = Instant::now();
    let from = start + options.warm_up();
    let span = Span { start, from, to: from + options.duration() };
    let mut tasks = JoinSet::new();
    while let (Some(sender), Some(receiver)) = (people.next(), people.next()) {
        let acknowledged = Arc::new(AtomicU64::new(0));
        let pace = Pace::new(options, sender.index / 2, pairs);
        tasks.spawn(receive(receiver, span, acknowledged.clone()));
        tasks.spawn(send(sender, span, pace, options.text_bytes, acknowledged));
    }
    let cpu = {
        tokio::time::sleep_until(span.from).await;
        let before = server.cpu_us();
        tokio::time::sleep_until(span.to).await;
        server.cpu_us().zip(before).map(|(after, before)| (after - before) as f64)
    };
    let rss = server.rss_bytes();
    let mut found = Found::new();
    while let Some(one) = tasks.join_next().await {
        found.add(one?)?;
    }
    let mut report = Report::new(Profile::Chat.name(), floor);
    report.cpu(cpu.map(|us| us / found.delivered.len().max(1) as f64));
    report.main(&found.delivered);
    report.latency("acknowledge", &found.acknowledged, None);
    report.latency("deliver", &found.delivered, None);
    report.achieved_per_s = found.delivered.len() as f64 / options.duration().as_secs_f64();
    report.offered_per_s = (options.rate > 0.0).then_some(options.rate);
    report.goodput_ratio = report.offered_per_s.map(|offered| report.achieved_per_s / offered);
    report.generator_lag_p99_ms =
        (options.rate > 0.0).then(|| found.lag.value_at_quantile(0.99) as f64 / 1000.0);
    (report.lost, report.duplicated, report.reordered) = (found.lost, found.duplicated, found.reordered);
    report.errors = found.errors.len() as u64;
    report.first_errors = found.errors.into_iter().take(QUOTED).collect();
    report.seconds = options.duration().as_secs_f64();
    (report.users, report.connections) = (options.users(), pairs * 2);
    report.server_rss_mib = rss.map(|bytes| bytes as f64 / f64::from(1 << 20));
    report.transport = Some(options.transport.name().to_owned());
    report.engine = options.server.is_none().then(|| options.engine.clone());
    report.server_settings = server.settings.clone();
    Ok(report)
}

/// When a sender sends.
#[derive(Clone, Copy)]
struct Pace {
    in_flight: usize,
    /// Time between two messages and before the first; `None`: as fast as the acknowledgements come.
    open: Option<(Duration, Duration)>,
}

/// Messages under way where the rate, not the answers, decides when the next goes out. More wait for a place, and
/// their wait counts as latency.
const OPEN_IN_FLIGHT: usize = 32;

impl Pace {
    fn new(options: &Options, pair: usize, pairs: usize) -> Self {
        if options.rate <= 0.0 {
            return Self { in_flight: options.in_flight.max(1), open: None };
        }
        let every = Duration::from_secs_f64(pairs as f64 / options.rate);
        let phase = every.mul_f64(pair as f64 / pairs as f64);
        Self { in_flight: OPEN_IN_FLIGHT, open: Some((every, phase)) }
    }
}

async fn send(
    person: Person,
    span: Span,
    pace: Pace,
    text_bytes: usize,
    acknowledged: Arc<AtomicU64>,
) -> Found {
    let mut found = Found::new();
    let Some(conversation) = person.conversations.first().copied() else {
        found.errors.push(format!("person {} has no friend", person.index));
        return found;
    };
    let chat = ChatClient(person.connection.clone());
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
        let request = message(person.index, n, conversation, intended.duration_since(span.start), text_bytes);
        let chat = chat.clone();
        calls.spawn(async move {
            let answer = chat.send_message(request).await;
            drop(place);
            answer.map(|_| (intended, Instant::now())).map_err(|error| error.to_string())
        });
        while let Some(done) = calls.try_join_next() {
            note(&mut found, done, span, &acknowledged);
        }
    }
    while let Some(done) = calls.join_next().await {
        note(&mut found, done, span, &acknowledged);
    }
    // The receiver waits for exactly so many.
    acknowledged.fetch_or(COMPLETE, Ordering::AcqRel);
    found
}

/// Set in the count of acknowledgements once it is complete.
const COMPLETE: u64 = 1 << 63;

type Done = Result<Result<(Instant, Instant), String>, tokio::task::JoinError>;

fn note(found: &mut Found, done: Done, span: Span, acknowledged: &AtomicU64) {
    match done {
        Ok(Ok((intended, at))) => {
            acknowledged.fetch_add(1, Ordering::AcqRel);
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

async fn receive(mut person: Person, span: Span, acknowledged: Arc<AtomicU64>) -> Found {
    let mut found = Found::new();
    let (mut arrived, mut last_seq) = (0, 0);
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    let deadline = span.to + DRAIN;
    loop {
        let expected = acknowledged.load(Ordering::Acquire);
        if expected & COMPLETE != 0 && arrived >= expected & !COMPLETE {
            break;
        }
        if Instant::now() > deadline {
            found.lost = (expected & !COMPLETE).saturating_sub(arrived);
            break;
        }
        let response = tokio::select! {
            response = person.following.next() => response,
            _ = tick.tick() => continue,
        };
        let entry = match response {
            Some(Ok(response)) => match response.event {
                Some(Event::Entry(entry)) => entry,
                // Overflowed: what was skipped would be pulled by a client; here it counts as lost at the deadline.
                _ => continue,
            },
            Some(Err(error)) => {
                found.errors.push(error.to_string());
                break;
            }
            None => break,
        };
        let now = Instant::now();
        found.duplicated += u64::from(entry.seq == last_seq);
        found.reordered += u64::from(last_seq != 0 && entry.seq != last_seq && entry.seq != last_seq + 1);
        last_seq = entry.seq;
        arrived += 1;
        if let Some(sent) = read(entry.content) {
            let intended = span.start + sent;
            if span.measured(intended) {
                found.delivered.saturating_record(micros(now.duration_since(intended)));
            }
        }
    }
    found
}

fn read(content: Option<Said>) -> Option<Duration> {
    let Some(Said::Text(text)) = content else { return None };
    text.text.split(' ').nth(1)?.parse().ok().map(Duration::from_micros)
}
