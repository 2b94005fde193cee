//! What came of a run: a table for people, one JSON object for programs.

use crate::floor::Floor;
use crate::options::Options;
use crate::server::Server;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;

/// Errors that are quoted.
const QUOTED: usize = 3;

/// The figures of one run. `None` where a figure does not apply.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub profile: &'static str,
    pub transport: Option<String>,
    pub users: usize,
    pub connections: usize,
    pub seconds: f64,
    pub offered_per_s: Option<f64>,
    pub achieved_per_s: f64,
    pub errors: u64,
    pub lost: u64,
    pub duplicated: u64,
    pub reordered: u64,
    pub p50_ms: Option<f64>,
    pub p90_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub p999_ms: Option<f64>,
    pub max_ms: Option<f64>,
    pub server_cpu_us_per_op: Option<f64>,
    pub per_op: BTreeMap<&'static str, PerOp>,
    pub goodput_ratio: Option<f64>,
    pub knee_per_s: Option<f64>,
    pub engine: Option<String>,
    pub server_rss_mib: Option<f64>,
    pub bytes_per_connection: Option<f64>,
    pub generator_lag_p99_ms: Option<f64>,
    pub floor_us_per_op: f64,
    pub floor_fdatasync_p50_ms: f64,
    pub ratio_to_floor: Option<f64>,
    /// Settings of the started server that are not the defaults; of one that ran already, those that it must have.
    pub server_settings: Vec<String>,
    /// The first errors, for whoever looks for the cause.
    pub first_errors: Vec<String>,
}

/// One kind of operation.
#[derive(Debug, Serialize)]
pub(crate) struct PerOp {
    pub count: u64,
    pub cpu_us: Option<f64>,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

impl Report {
    pub(crate) fn new(profile: &'static str, floor: &Floor) -> Self {
        Self {
            profile,
            floor_us_per_op: floor.echo_cpu_us,
            floor_fdatasync_p50_ms: ms(floor.sync_us.value_at_quantile(0.5)),
            ..Self::default()
        }
    }

    /// The latencies, in µs, that the run is about.
    pub(crate) fn main(&mut self, us: &Histogram<u64>) {
        if us.is_empty() {
            return;
        }
        let at = |q| Some(ms(us.value_at_quantile(q)));
        (self.p50_ms, self.p90_ms, self.p99_ms, self.p999_ms) = (at(0.5), at(0.9), at(0.99), at(0.999));
        self.max_ms = Some(ms(us.max()));
    }

    /// The latencies, in µs, of one kind of operation.
    pub(crate) fn latency(&mut self, name: &'static str, us: &Histogram<u64>, cpu_us: Option<f64>) {
        let at = |q| ms(us.value_at_quantile(q));
        self.per_op.insert(name, PerOp { count: us.len(), cpu_us, p50_ms: at(0.5), p99_ms: at(0.99) });
    }

    /// CPU of the server for one operation.
    pub(crate) fn cpu(&mut self, us_per_op: Option<f64>) {
        self.server_cpu_us_per_op = us_per_op;
        self.ratio_to_floor = us_per_op.map(|us| us / self.floor_us_per_op);
    }

    /// Under which conditions all this was found: now, of the server's memory.
    pub(crate) fn conditions(&mut self, options: &Options, server: &Server, connections: usize) {
        self.seconds = options.duration().as_secs_f64();
        self.users = options.users();
        self.connections = connections;
        self.server_rss_mib = server.rss_bytes().map(|bytes| bytes as f64 / f64::from(1 << 20));
        self.transport = Some(options.transport.name().to_owned());
        self.engine = options.server.is_none().then(|| options.engine.clone());
        self.server_settings = server.settings.clone();
    }

    /// How many errors there were, and the first of them.
    pub(crate) fn failures(&mut self, errors: Vec<String>) {
        self.errors = errors.len() as u64;
        self.first_errors = errors.into_iter().take(QUOTED).collect();
    }

    /// How late what was offered at a rate went out, in µs. Nothing is offered where the answers decide.
    pub(crate) fn offered(&mut self, rate: f64, lag: &Histogram<u64>) {
        if rate > 0.0 {
            self.offered_per_s = Some(rate);
            self.generator_lag_p99_ms = Some(ms(lag.value_at_quantile(0.99)));
        }
    }

    /// Whether everything arrived once and in order.
    pub(crate) fn is_sound(&self) -> bool {
        self.errors + self.lost + self.duplicated + self.reordered == 0
    }

    /// Prints the table, and the object where it is asked for.
    pub(crate) fn print(&self, json: bool) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        self.table(&mut out)?;
        if json {
            serde_json::to_writer(&mut out, self)?;
            writeln!(out)?;
        }
        out.flush()
    }

    fn table(&self, out: &mut impl Write) -> std::io::Result<()> {
        let engine = self.engine.as_deref().unwrap_or("-");
        let transport = self.transport.as_deref().unwrap_or("-");
        writeln!(
            out,
            "profile {}   engine {engine}   transport {transport}   {:.1} s",
            self.profile, self.seconds
        )?;
        for setting in &self.server_settings {
            writeln!(out, "  with {setting}")?;
        }
        let mut row = |name: &str, value: String| writeln!(out, "  {name:<26}{value:>16}");
        let opt = |v: Option<f64>, digits: usize| v.map_or("-".to_owned(), |v| format!("{v:.digits$}"));
        row("people in the store", self.users.to_string())?;
        row("connections", self.connections.to_string())?;
        row("offered /s", opt(self.offered_per_s, 0))?;
        row("achieved /s", format!("{:.0}", self.achieved_per_s))?;
        row("p50 ms", opt(self.p50_ms, 3))?;
        row("p90 ms", opt(self.p90_ms, 3))?;
        row("p99 ms", opt(self.p99_ms, 3))?;
        row("p99.9 ms", opt(self.p999_ms, 3))?;
        row("max ms", opt(self.max_ms, 3))?;
        row("server CPU µs/op", opt(self.server_cpu_us_per_op, 1))?;
        row("floor: echo CPU µs", format!("{:.1}", self.floor_us_per_op))?;
        row("floor: fdatasync p50 ms", format!("{:.3}", self.floor_fdatasync_p50_ms))?;
        row("ratio to floor", opt(self.ratio_to_floor, 2))?;
        row("server memory MiB", opt(self.server_rss_mib, 1))?;
        row("bytes per connection", opt(self.bytes_per_connection, 0))?;
        row("generator lag p99 ms", opt(self.generator_lag_p99_ms, 3))?;
        for (name, op) in &self.per_op {
            let cpu = opt(op.cpu_us, 1);
            row(
                name,
                format!("n {}  p50 {:.3} ms  p99 {:.3} ms  cpu {cpu} µs", op.count, op.p50_ms, op.p99_ms),
            )?;
        }
        let wrong = [
            ("errors", self.errors),
            ("lost", self.lost),
            ("duplicated", self.duplicated),
            ("reordered", self.reordered),
        ];
        for (name, n) in wrong {
            row(name, n.to_string())?;
        }
        for error in &self.first_errors {
            writeln!(out, "  ! {error}")?;
        }
        Ok(())
    }
}

/// An empty histogram of µs, up to a minute, to three digits.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("the bounds are in order and the digits few")
}

/// µs as ms.
fn ms(us: u64) -> f64 {
    us as f64 / 1000.0
}
