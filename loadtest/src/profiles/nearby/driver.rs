//! Who looks when, and what came of it. It takes turns among people at the offered rate, with at most one call of each under
//! way, so that what is known of them is exact.

use super::knowledge::{Knowledge, Shown};
use super::pool::Pool;
use super::walk::Walker;
use crate::Failure;
use crate::costs::Slice;
use crate::floor::micros;
use crate::people::Person;
use crate::profiles::messages::Span;
use crate::report::histogram;
use crate::server::Server;
use hdrhistogram::Histogram;
use std::collections::HashMap;
use std::time::Duration;
use teahouse_client::{Connection, Error};
use teahouse_proto::LookAroundClient;
use teahouse_proto::common::StrangerCard;
use teahouse_proto::look_around::{
    Area, ClearLocationRequest, LookOnRequest, LookOnResponse, LookRequest, LookResponse,
};
use teahouse_server::geo::{Cell, Rules};
use teahouse_server::time::{Clock, Time};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// People on a page.
const PAGE: usize = 50;
/// A run has at least so many slices, and none is shorter or longer than this.
const SLICES: u32 = 12;
const SLICE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));
/// What the slices are in turn: looks of a hundred that publish a new cell, and that are followed by their pages. One in ten
/// over those without pages, which the figure for a look is made of.
const MIXES: [(u32, u32); 3] = [(4, 0), (16, 0), (10, 25)];
/// Of so many looks one is checked for people who are missing.
const ONE_COUNTED_OF: u64 = 16;
/// Degrees within which edges of cells are the same.
const SAME: f64 = 1e-6;

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Look,
    LookWithCell,
    Page,
}

const KINDS: usize = Kind::Page as usize + 1;

/// What came of it all.
pub(super) struct Found {
    pub looks: Histogram<u64>,
    pub looks_with_cell: Histogram<u64>,
    pub pages: Histogram<u64>,
    pub lag: Histogram<u64>,
    pub slices: Vec<Slice<KINDS>>,
    pub errors: Vec<String>,
    pub missing: u64,
    pub repeated: u64,
    pub disordered: u64,
}

impl Found {
    fn new() -> Self {
        Self {
            looks: histogram(),
            looks_with_cell: histogram(),
            pages: histogram(),
            lag: histogram(),
            slices: Vec::new(),
            errors: Vec::new(),
            missing: 0,
            repeated: 0,
            disordered: 0,
        }
    }

    /// Of both kinds.
    pub(super) fn all_looks(&self) -> Result<Histogram<u64>, Failure> {
        let mut all = self.looks.clone();
        all.add(&self.looks_with_cell)?;
        Ok(all)
    }

    /// CPU of a look, µs, from the slices without pages.
    pub(super) fn cpu_of_a_look(&self) -> Option<f64> {
        let plain = self.slices.iter().filter(|slice| slice.done[Kind::Page as usize] == 0.0);
        let (cpu, looks) = plain.fold((0.0, 0.0), |(cpu, looks), slice| {
            (cpu + slice.cpu_us, looks + slice.done.iter().sum::<f64>())
        });
        (looks > 0.0).then(|| cpu / looks)
    }
}

/// The server's last word.
struct Done {
    person: usize,
    /// When it was meant to be asked, and when it was.
    intended: Instant,
    began: Instant,
    at: Instant,
    answer: Answer,
}

enum Answer {
    Look(Result<LookResponse, Error>),
    Page(Shown, Result<LookOnResponse, Error>),
    Left(Result<(), Error>),
}

/// Everybody who looks.
pub(super) struct Driver {
    connections: HashMap<usize, Connection>,
    /// Their streams, which nobody reads, but which are a device's.
    _following: Vec<Person>,
    walkers: Vec<Walker>,
    /// As the server said, Unix milliseconds.
    next_read_at: HashMap<usize, i64>,
    knowledge: Knowledge,
    rules: Rules,
    clock: Clock,
    pool: Pool,
    tasks: JoinSet<Done>,
    span: Option<Span>,
    /// Those of the slice that is under way.
    done: [f64; KINDS],
    /// Shares of a look that are due to be one with a new cell, or one with pages.
    due: (u32, u32),
    mix: usize,
    looks: u64,
    pub found: Found,
}

impl Driver {
    pub(super) fn new(people: Vec<Person>, walkers: Vec<Walker>, knowledge: Knowledge, rules: Rules) -> Self {
        let mut pool = Pool::default();
        people.iter().for_each(|person| pool.put(person.index, 0, 0));
        Self {
            connections: people.iter().map(|person| (person.index, person.connection.clone())).collect(),
            _following: people,
            walkers,
            next_read_at: HashMap::new(),
            knowledge,
            rules,
            clock: Clock::system(),
            pool,
            tasks: JoinSet::new(),
            span: None,
            done: [0.0; KINDS],
            due: (0, 0),
            mix: 0,
            looks: 0,
            found: Found::new(),
        }
    }

    /// Until the span is over.
    pub(super) async fn drive(&mut self, server: &Server, span: Span, rate: f64) -> Result<(), Failure> {
        self.span = Some(span);
        let every = Duration::from_secs_f64(1.0 / rate);
        let slice = ((span.to - span.from) / SLICES).clamp(SLICE.0, SLICE.1);
        let (mut slice_ends, mut cpu) = (span.from, None);
        let mut intended = span.start;
        while intended < span.to {
            tokio::select! {
                Some(done) = self.tasks.join_next() => self.note(done?),
                () = tokio::time::sleep_until(slice_ends) => {
                    self.end_slice(server, &mut cpu);
                    slice_ends += slice;
                }
                () = tokio::time::sleep_until(intended), if !self.pool.is_empty() => {
                    self.look(intended);
                    intended += every;
                }
            }
        }
        self.end_slice(server, &mut cpu);
        while let Some(done) = self.tasks.join_next().await {
            self.note(done?);
        }
        Ok(())
    }

    /// A slice is over; somebody leaves, and the next has another mix.
    fn end_slice(&mut self, server: &Server, cpu: &mut Option<u64>) {
        let now = server.cpu_us().unwrap_or(0);
        if let Some(before) = cpu.replace(now) {
            let slice = Slice { done: self.done, cpu_us: now.saturating_sub(before) as f64 };
            self.found.slices.push(slice);
            self.mix = (self.mix + 1) % MIXES.len();
        }
        self.done = [0.0; KINDS];
        if let Some(person) = self.pool.take(false, self.clock.now().as_ms()) {
            self.knowledge.begins(person);
            self.ask(person, Instant::now(), |client| async move {
                Answer::Left(client.clear_location(ClearLocationRequest::default()).await.map(drop))
            });
        }
    }

    fn ask<F>(
        &mut self,
        person: usize,
        intended: Instant,
        call: impl FnOnce(LookAroundClient<Connection>) -> F,
    ) where
        F: Future<Output = Answer> + Send + 'static,
    {
        let client = LookAroundClient(self.connections[&person].clone());
        let (began, call) = (Instant::now(), call(client));
        self.tasks.spawn(async move {
            let answer = call.await;
            Done { person, intended, began, at: Instant::now(), answer }
        });
    }

    /// Somebody looks.
    fn look(&mut self, intended: Instant) {
        let now = self.clock.now();
        self.due.0 += MIXES[self.mix].0;
        let to_be_read = self.due.0 >= 100;
        let Some(person) = self.pool.take(to_be_read, now.as_ms()) else { return };
        if self.reads_at(person) <= now.as_ms() {
            self.walkers[person].go_on(now, &self.rules);
            self.due.0 = self.due.0.saturating_sub(100);
        }
        self.knowledge.begins(person);
        let position = Some(self.walkers[person].position());
        if self.is_measured(intended) {
            self.found.lag.saturating_record(micros(intended.elapsed()));
        }
        let request = LookRequest { position, limit: PAGE as u32, ..LookRequest::default() };
        self.ask(person, intended, |client| async move { Answer::Look(client.look(request).await) });
    }

    /// Before when the server reads nothing of somebody; 0 where nothing is known.
    fn reads_at(&self, person: usize) -> i64 {
        self.next_read_at.get(&person).copied().unwrap_or(0)
    }

    fn is_measured(&self, intended: Instant) -> bool {
        self.span.is_some_and(|span| span.measured(intended))
    }

    fn note(&mut self, done: Done) {
        let Done { person, intended, began, at, answer } = done;
        let us = micros(at.duration_since(intended));
        match answer {
            Answer::Look(Ok(response)) => {
                let kind = self.published(person, &response, at);
                self.count(kind, intended, us);
                let shown = Shown::new(person, self.knowledge.cell(person), began);
                self.shown(shown, &response.people, response.next);
            }
            Answer::Page(shown, Ok(response)) => {
                self.count(Kind::Page, intended, us);
                self.shown(shown, &response.people, response.next);
            }
            Answer::Left(Ok(())) => self.knowledge.is_hidden(person, at),
            Answer::Look(Err(error)) | Answer::Page(_, Err(error)) | Answer::Left(Err(error)) => {
                self.found.errors.push(error.to_string());
                self.rests(person);
            }
        }
    }

    fn count(&mut self, kind: Kind, intended: Instant, us: u64) {
        self.done[kind as usize] += 1.0;
        if !self.is_measured(intended) {
            return;
        }
        let of_kind = match kind {
            Kind::Look => &mut self.found.looks,
            Kind::LookWithCell => &mut self.found.looks_with_cell,
            Kind::Page => &mut self.found.pages,
        };
        of_kind.saturating_record(us);
    }

    /// Takes over what the server said of where somebody is.
    fn published(&mut self, person: usize, response: &LookResponse, said: Instant) -> Kind {
        let mut kind = Kind::Look;
        let mut cell = self.knowledge.cell(person);
        if self.reads_at(person) != response.next_read_at_ms {
            self.next_read_at.insert(person, response.next_read_at_ms);
            let read_at = Time(response.next_read_at_ms) - self.rules.read_every;
            if let Some(published) = self.walkers[person].was_read(read_at, &self.rules) {
                cell = published.cell;
            }
            kind = Kind::LookWithCell;
        }
        if !response.area.as_ref().is_some_and(|area| is_of(area, cell)) {
            let text = format!("person {person} is told that they are in another cell than they published");
            self.found.errors.push(text);
        }
        self.knowledge.is_at(person, cell, said);
        kind
    }

    /// Takes a page, and asks for the next where that is wished and there is one.
    fn shown(&mut self, mut shown: Shown, page: &[StrangerCard], next: bytes::Bytes) {
        let person = shown.viewer;
        let is_first = shown.is_first();
        self.knowledge.check(&mut shown, page);
        if is_first {
            self.looks += 1;
            self.due.1 += MIXES[self.mix].1;
            if self.looks.is_multiple_of(ONE_COUNTED_OF) {
                self.found.missing += self.knowledge.missing(&shown, PAGE);
            }
        }
        let wished = !is_first || self.due.1 >= 100;
        if !next.is_empty() && wished {
            self.due.1 = self.due.1.saturating_sub(if is_first { 100 } else { 0 });
            let request = LookOnRequest { cursor: next, limit: PAGE as u32 };
            let now = Instant::now();
            self.ask(person, now, |client| async move { Answer::Page(shown, client.look_on(request).await) });
            return;
        }
        self.found.repeated += shown.repeated;
        self.found.disordered += shown.disordered;
        self.found.errors.append(&mut shown.wrong);
        self.rests(person);
    }

    fn rests(&mut self, person: usize) {
        self.knowledge.stays(person);
        self.pool.put(person, self.reads_at(person), self.clock.now().as_ms());
    }
}

/// Whether a rectangle is a cell.
fn is_of(area: &Area, cell: Cell) -> bool {
    let (south, west, north, east) = cell.bounds();
    let pairs = [(area.south, south), (area.west, west), (area.north, north), (area.east, east)];
    area.size_m == cell.size().metres() && pairs.iter().all(|(said, is)| (said - is).abs() < SAME)
}
