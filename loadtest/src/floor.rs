//! What this machine charges whatever the server does, measured before each run, so that results of different days and
//! machines compare.

use crate::Failure;
use crate::echo::ROUND;
use crate::report::{Report, histogram};
use crate::server::{cpu_us, own_program};
use hdrhistogram::Histogram;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Stdio;
use std::time::Duration;
use tokio::time::Instant;

/// How long each of the two is measured.
const MEASURE: Duration = Duration::from_millis(700);

/// What was found.
#[derive(Debug)]
pub(crate) struct Floor {
    /// CPU of the echoing process per round, µs.
    pub echo_cpu_us: f64,
    /// Rounds, µs.
    pub echo_us: Histogram<u64>,
    /// Appending 4 KiB and fdatasync, µs.
    pub sync_us: Histogram<u64>,
}

/// Measures both.
pub(crate) fn measure() -> Result<Floor, Failure> {
    let (echo_cpu_us, echo_us) = echo()?;
    Ok(Floor { echo_cpu_us, echo_us, sync_us: sync()? })
}

fn echo() -> Result<(f64, Histogram<u64>), Failure> {
    let mut server = own_program().arg("echo").stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(server.stdout.take().ok_or("no output of the echo")?).read_line(&mut line)?;
    let mut peer = TcpStream::connect((Ipv4Addr::LOCALHOST, line.trim().parse()?))?;
    peer.set_nodelay(true)?;
    let mut rounds = histogram();
    let before = cpu_us(server.id()).unwrap_or(0);
    let start = Instant::now();
    let mut bytes = [7; ROUND];
    while start.elapsed() < MEASURE {
        let round = Instant::now();
        peer.write_all(&bytes)?;
        peer.read_exact(&mut bytes)?;
        rounds.saturating_record(micros(round.elapsed()));
    }
    let used = cpu_us(server.id()).unwrap_or(0).saturating_sub(before);
    drop(peer);
    server.wait()?;
    Ok((used as f64 / rounds.len() as f64, rounds))
}

fn sync() -> Result<Histogram<u64>, Failure> {
    let mut file = tempfile::tempfile()?;
    let mut syncs = histogram();
    let start = Instant::now();
    while start.elapsed() < MEASURE {
        let sync = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        syncs.saturating_record(micros(sync.elapsed()));
    }
    Ok(syncs)
}

/// The report of the profile `floor`.
pub(crate) fn report(floor: &Floor) -> Report {
    let mut report = Report::new("floor", floor);
    report.seconds = MEASURE.as_secs_f64();
    report.server_cpu_us_per_op = Some(floor.echo_cpu_us);
    report.latency("echo", &floor.echo_us, Some(floor.echo_cpu_us));
    report.latency("fdatasync", &floor.sync_us, None);
    report.main(&floor.echo_us);
    report.achieved_per_s = floor.echo_us.len() as f64 / MEASURE.as_secs_f64();
    report
}

pub(crate) fn micros(d: Duration) -> u64 {
    u64::try_from(d.as_micros()).unwrap_or(u64::MAX)
}
