//! `shake`: everybody who is connected shakes within a few seconds, as at a gala on television, again and again; some shake
//! between the waves. Partners come with the answer and as events; at the end all shakes are held against each other. An
//! operation is a shake with its events.

mod record;
mod schedule;

use super::strangers;
use crate::Failure;
use crate::floor::{Floor, micros};
use crate::options::{Options, Profile};
use crate::people::{self, Following, Person};
use crate::report::{Report, histogram};
use crate::server::{Scene, Server};
use futures::StreamExt;
use hdrhistogram::Histogram;
use record::Shake;
use schedule::Plan;
use std::collections::HashMap;
use std::time::Duration;
use teahouse_client::{Connection, Error};
use teahouse_proto::ShakeClient;
use teahouse_proto::common::{Band, Position, StrangerCard};
use teahouse_proto::shake::{ShakeRequest, ShakeResponse, Shaken};
use teahouse_proto::sync::follow_response::Event;
use teahouse_server::features::greetings;
use teahouse_server::geo::{self, Cell};
use teahouse_server::seed;
use teahouse_server::seed::Friends;
use teahouse_server::seed::city::{Life, World};
use teahouse_server::time::Clock;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Shakes per second between the waves where nothing is said of them.
const TRICKLE: f64 = 5.0;
/// Shakes match that are so far apart.
const WINDOW: Duration = Duration::from_secs(5);
/// One person of so many does not say where they are.
const ONE_ANYWHERE_OF: usize = 3;
/// Metres within which the devices know where they are.
const ACCURACY_M: u32 = 12;
/// More than any run draws.
const NO_LIMIT: u32 = 1_000_000;
/// How long the last events are awaited after the last window.
const DRAIN: Duration = Duration::from_secs(5);

pub(crate) async fn run(options: &Options, floor: &Floor) -> Result<Report, Failure> {
    let rate = if options.rate > 0.0 { options.rate } else { TRICKLE };
    let plan = Plan::fill(options.connections(), WINDOW, rate, options.duration());
    let settings =
        [format!("shake.window_seconds={}", WINDOW.as_secs()), format!("shake.shakes_per_day={NO_LIMIT}")];
    let scene = Scene { friends: Friends::None, visible: options.users(), settings: settings.into() };
    let server = Server::start(options, scene)?;
    let world = World::new(&options.seed);
    let lives: Vec<Life> = (0..options.connections()).map(|index| world.life(index)).collect();
    let now = Clock::system().now();
    let cells: Vec<Cell> = lives.iter().map(|life| life.remembered(now).1.cell).collect();
    let people = people::connect(options, &server, options.connections()).await?;
    let blocks = strangers::block(&people, &strangers::neighbours(&cells)).await?;

    let before = server.cpu_us();
    let found = Run::new(people, lives, cells).shake(plan).await?;
    let cpu = server.cpu_us().zip(before).map(|(after, before)| (after - before) as f64);

    let shakes: Vec<Shake> = found.shakes.into_values().collect();
    let verdict = record::judge(&shakes, &blocks, ms(WINDOW));
    let mut report = Report::new(Profile::Shake.name(), floor);
    let cost = cpu.map(|us| us / shakes.len().max(1) as f64);
    report.cpu(cost);
    report.main(&found.answered);
    report.latency("shake", &found.answered, cost);
    report.latency("event", &found.late, None);
    report.conditions(options, &server, options.connections());
    report.seconds = plan.time().as_secs_f64();
    report.achieved_per_s = shakes.len() as f64 / report.seconds;
    report.offered(found.offered as f64 / report.seconds, &found.lag);
    report.goodput_ratio = Some(shakes.len() as f64 / found.offered.max(1) as f64);
    (report.lost, report.duplicated) = (verdict.missing, verdict.repeated);
    report.failures(found.errors.into_iter().chain(verdict.wrong).collect());
    Ok(report)
}

/// What somebody hears.
enum Heard {
    Answer {
        person: usize,
        intended: Instant,
        began: Instant,
        at: Instant,
        answer: Result<ShakeResponse, Error>,
    },
    Event {
        person: usize,
        at: Instant,
        event: Shaken,
    },
    Ended(String),
}

/// What came of it.
struct Found {
    /// By person and number.
    shakes: HashMap<(usize, u64), Shake>,
    offered: usize,
    answered: Histogram<u64>,
    /// From the answer to an event of the same shake.
    late: Histogram<u64>,
    lag: Histogram<u64>,
    errors: Vec<String>,
}

/// Everybody who shakes.
struct Run {
    connections: Vec<Connection>,
    following: Vec<Following>,
    lives: Vec<Life>,
    cells: Vec<Cell>,
    answered_at: HashMap<(usize, u64), Instant>,
    /// Shakes of which something was heard, and those of them that are not over.
    open: usize,
    found: Found,
}

impl Run {
    fn new(people: Vec<Person>, lives: Vec<Life>, cells: Vec<Cell>) -> Self {
        let (connections, following) = people.into_iter().map(|p| (p.connection, p.following)).unzip();
        let (answered, late, lag) = (histogram(), histogram(), histogram());
        let found = Found { shakes: HashMap::new(), offered: 0, answered, late, lag, errors: Vec::new() };
        Self { connections, following, lives, cells, answered_at: HashMap::new(), open: 0, found }
    }

    /// All of the plan.
    async fn shake(mut self, plan: Plan) -> Result<Found, Failure> {
        let (say, mut heard) = mpsc::unbounded_channel();
        let mut listeners = JoinSet::new();
        for (person, following) in std::mem::take(&mut self.following).into_iter().enumerate() {
            listeners.spawn(listen(person, following, say.clone()));
        }
        let bar = people::progress(plan.shakes().len() as u64, "shaking");
        let start = Instant::now();
        let mut shakes = plan.shakes().into_iter().peekable();
        let ends = start + plan.time() + DRAIN;
        loop {
            let next = shakes.peek().map(|(at, person)| (start + *at, *person));
            tokio::select! {
                Some(what) = heard.recv() => self.note(what),
                () = tokio::time::sleep_until(next.map_or(ends, |(at, _)| at)) => {
                    let Some((intended, person)) = next else { break };
                    shakes.next();
                    self.one(person, intended, say.clone());
                    bar.inc(1);
                }
            }
            if next.is_none() && Instant::now() > start + plan.time() && self.is_all_over() {
                break;
            }
        }
        bar.finish_and_clear();
        Ok(self.found)
    }

    fn is_all_over(&self) -> bool {
        self.open == 0 && self.found.shakes.len() + self.found.errors.len() >= self.found.offered
    }

    /// Somebody shakes.
    fn one(&mut self, person: usize, intended: Instant, say: mpsc::UnboundedSender<Heard>) {
        self.found.offered += 1;
        self.found.lag.saturating_record(micros(intended.elapsed()));
        let (latitude, longitude) = self.lives[person].evening;
        let position = Position { latitude, longitude, accuracy_m: ACCURACY_M };
        let request = ShakeRequest { position: says_where(person).then_some(position) };
        let client = ShakeClient(self.connections[person].clone());
        tokio::spawn(async move {
            let began = Instant::now();
            let answer = client.shake(request).await;
            // Whoever hears it is gone only when the run is over.
            let _ = say.send(Heard::Answer { person, intended, began, at: Instant::now(), answer });
        });
    }

    fn note(&mut self, heard: Heard) {
        match heard {
            Heard::Answer { person, intended, began, at, answer: Ok(answer) } => {
                self.found.answered.saturating_record(micros(at.duration_since(intended)));
                let key = (person, answer.shake_id);
                self.answered_at.insert(key, at);
                self.met(key, answer.partners);
                // The events may have come first.
                if let Some(shake) = self.found.shakes.get_mut(&key) {
                    shake.asked_ms = answer.window_ends_at_ms - ms(WINDOW);
                    shake.answered_ms = shake.asked_ms + ms(at.duration_since(began));
                }
            }
            Heard::Event { person, at, event } => {
                let key = (person, event.shake_id);
                if let Some(answered) = self.answered_at.get(&key) {
                    self.found.late.saturating_record(micros(at.duration_since(*answered)));
                }
                self.met(key, event.partners);
                if let Some(shake) =
                    self.found.shakes.get_mut(&key).filter(|shake| event.over && !shake.is_over)
                {
                    shake.is_over = true;
                    self.open -= 1;
                }
            }
            Heard::Answer { answer: Err(error), .. } => self.found.errors.push(error.to_string()),
            Heard::Ended(why) => self.found.errors.push(why),
        }
    }

    fn met(&mut self, (person, id): (usize, u64), cards: Vec<StrangerCard>) {
        let known = cards.into_iter().filter_map(|card| {
            let partner = seed::index_of(&card.name).filter(|partner| *partner < self.cells.len());
            if partner.is_none() {
                self.found.errors.push(format!("a stranger who never was: {:?}", card.name));
            }
            partner.map(|partner| (partner, card.band() == band(&self.cells, person, partner)))
        });
        let known: Vec<(usize, bool)> = known.collect();
        let unheard = || {
            self.open += 1;
            Shake { person, asked_ms: 0, answered_ms: 0, partners: Vec::new(), is_over: false }
        };
        self.found.shakes.entry((person, id)).or_insert_with(unheard).partners.extend(known);
    }
}

fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).expect("no run is so long")
}

fn says_where(person: usize) -> bool {
    !(person + 1).is_multiple_of(ONE_ANYWHERE_OF)
}

/// The band in which two people are to each other.
fn band(cells: &[Cell], one: usize, other: usize) -> Band {
    if says_where(one) && says_where(other) {
        greetings::band(geo::band(cells[one], cells[other]), cells[other].size())
    } else {
        Band::Unspecified
    }
}

/// Passes on what somebody hears of their shakes.
async fn listen(person: usize, mut following: Following, say: mpsc::UnboundedSender<Heard>) {
    loop {
        let heard = match following.next().await {
            Some(Ok(response)) => match response.event {
                Some(Event::Shaken(event)) => Heard::Event { person, at: Instant::now(), event },
                _ => continue,
            },
            Some(Err(error)) => Heard::Ended(error.to_string()),
            None => Heard::Ended("a Follow stream ended".to_owned()),
        };
        let is_last = matches!(heard, Heard::Ended(_));
        if say.send(heard).is_err() || is_last {
            return;
        }
    }
}
