//! Durable commits a second of two rows, as a chat message writes them: an entry appended to one of many logs and a
//! row under a random key, after looking whether that row is there. Arguments: engine, tasks, seconds, directory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use teahouse_server::random::Random;
use teahouse_server::store::{EngineKind, Log, Store, StoreConfig, Table};
use teahouse_server::time::Clock;
use tokio::time::Instant;

#[derive(Clone, PartialEq, prost::Message)]
struct Row {
    #[prost(bytes = "vec", tag = "1")]
    data: Vec<u8>,
}

const CHAT: Log<u64, Row> = Log::new("bench.chat");
const ONCE: Table<(u32, u64, [u8; 16]), Row> = Table::new("bench.once");

/// Bytes of a message and of an answer.
const SIZES: (usize, usize) = (150, 40);
const CONVERSATIONS: u64 = 10_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut args = std::env::args().skip(1);
    let mut next = |default: &str| args.next().unwrap_or_else(|| default.to_owned());
    let engine = match next("sled").as_str() {
        "fjall" => EngineKind::Fjall,
        "memory" => EngineKind::Memory,
        _ => EngineKind::Sled,
    };
    let tasks: u64 = next("64").parse().expect("a number of tasks");
    let seconds: u64 = next("5").parse().expect("a number of seconds");
    let dir = next("target/store-bench");
    let config = StoreConfig { engine, ..StoreConfig::default() };
    let random = Random::from_os();
    let opened = Store::open(&config, dir.as_ref(), &Clock::system(), &random);
    let (store, _published) = opened.expect("the directory can be used");

    let commits = Arc::new(AtomicU64::new(0));
    let cpu = cpu_us();
    let start = Instant::now();
    let end = start + Duration::from_secs(seconds);
    let running: Vec<_> =
        (0..tasks).map(|_| tokio::spawn(send(store.clone(), random.clone(), commits.clone(), end))).collect();
    let mut latencies = Vec::new();
    for task in running {
        latencies.extend(task.await.expect("no task panics"));
    }
    let elapsed = start.elapsed().as_secs_f64();
    let commits = commits.load(Ordering::Relaxed);
    latencies.sort_unstable();
    let at = |part: f64| latencies[((latencies.len() - 1) as f64 * part) as usize] as f64 / 1000.0;
    eprintln!(
        "{} tasks={tasks} commits/s={:.0} cpu_us/commit={:.1} p50_ms={:.2} p99_ms={:.2} max_ms={:.2}",
        engine.name(),
        commits as f64 / elapsed,
        (cpu_us() - cpu) as f64 / commits as f64,
        at(0.5),
        at(0.99),
        at(1.0),
    );
    store.close().await;
}

async fn send(store: Store, random: Random, commits: Arc<AtomicU64>, end: Instant) -> Vec<u32> {
    let mut latencies = Vec::new();
    while Instant::now() < end {
        let begin = Instant::now();
        let (conversation, account, id) =
            (random.below(CONVERSATIONS), random.below(CONVERSATIONS), random.bytes());
        let sent = store.transact(move |tx| {
            let key = (20_000, account, id);
            if tx.get(&ONCE, &key)?.is_some() || tx.get(&ONCE, &(19_999, account, id))?.is_some() {
                return Ok(0);
            }
            let n = tx.append(&CHAT, &conversation, |_| Row { data: vec![7; SIZES.0] })?;
            tx.put(&ONCE, &key, &Row { data: vec![8; SIZES.1] })?;
            Ok(n)
        });
        sent.await.expect("the disk takes it");
        commits.fetch_add(1, Ordering::Relaxed);
        latencies.push(u32::try_from(begin.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    latencies
}

/// User and system time of this process, in microseconds.
fn cpu_us() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let fields: Vec<u64> = after_name.split(' ').map(|f| f.parse().unwrap_or(0)).collect();
    // Ticks of 10 ms.
    fields.get(11..13).map_or(0, |times| times.iter().sum::<u64>() * 10_000)
}
