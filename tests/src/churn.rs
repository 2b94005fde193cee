//! Work for a store whose outcome can be checked after any crash: every operation is a pure function of its worker and
//! its number, so from a log's head alone follows all that must be there, and all that must not. Knows the store's
//! public interface and nothing below it.

use crate::dice::Dice;
use prost::Message;
use std::collections::BTreeMap;
use std::io::Write;
use teahouse_server::error::Error;
use teahouse_server::store::key::KeyRange;
use teahouse_server::store::{Log, Order, Store, Table};

/// How many workers write side by side.
pub const WORKERS: u32 = 64;
/// How many rows each worker overwrites and removes again and again.
const SLOTS: u64 = 40;
/// Each worker's log is cut to this length now and then, so that what was written first is removed.
const KEPT_ENTRIES: u64 = 150;
/// Every how many operations.
const TRIM_EVERY: u64 = 50;
/// Of so many operations, these write much: enough that engines turn over their journals and tables.
const FLOOD_EVERY: u64 = 200;
const FLOOD_FROM: u64 = 40;
const FLOOD_TO: u64 = 140;
/// The longest body: the largest legal text of a message.
const MAX_BODY: u64 = 16 * 1024;

const ROWS: Table<(u32, u32), Record> = Table::new("churn.row");
const LOG: Log<u32, Record> = Log::new("churn.log");

#[derive(Clone, PartialEq, Eq, Message)]
struct Record {
    /// The number of the operation that wrote it.
    #[prost(uint64, tag = "1")]
    operation: u64,
    #[prost(bytes = "vec", tag = "2")]
    body: Vec<u8>,
}

/// What operation `number` (1, 2, 3 …) of a worker does: it appends an entry to the worker's log, and in the same
/// transaction writes or removes a row, and sometimes removes old entries.
struct Operation {
    number: u64,
    slot: u32,
    removes: bool,
    trims: bool,
    body_bytes: u64,
    body_seed: u64,
}

impl Operation {
    fn new(worker: u32, number: u64) -> Self {
        let mut dice = Dice::new(u64::from(worker) << 40 | number);
        // Mostly short ones as people write, a few of the longest; now and then a flood.
        let longest = match dice.below(100) {
            _ if (FLOOD_FROM..FLOOD_TO).contains(&(number % FLOOD_EVERY)) => MAX_BODY,
            0..80 => 200,
            80..97 => 4 * 1024,
            _ => MAX_BODY,
        };
        Self {
            number,
            slot: dice.below(SLOTS) as u32,
            removes: dice.below(3) == 0,
            trims: number.is_multiple_of(TRIM_EVERY),
            body_bytes: 1 + dice.below(longest),
            body_seed: dice.throw(),
        }
    }

    fn record(&self) -> Record {
        let body = Dice::new(self.body_seed).bytes(self.body_bytes as usize);
        Record { operation: self.number, body }
    }
}

/// What must be there after a worker's first operations.
struct Model {
    rows: BTreeMap<u32, u64>,
    first_entry: u64,
}

impl Model {
    fn after(worker: u32, operations: u64) -> Self {
        let mut rows = BTreeMap::new();
        for number in 1..=operations {
            let operation = Operation::new(worker, number);
            match operation.removes {
                true => rows.remove(&operation.slot),
                false => rows.insert(operation.slot, number),
            };
        }
        let last_trim = operations - operations % TRIM_EVERY;
        Self { rows, first_entry: trimmed_before(last_trim).max(1) }
    }
}

/// Where the log begins after operation `number`, if that one trims.
fn trimmed_before(number: u64) -> u64 {
    number.saturating_sub(KEPT_ENTRIES)
}

/// What a store was found to hold.
pub struct Found {
    /// How many operations of each worker.
    pub positions: Vec<u64>,
    /// Everything that is not as it must be, in words.
    pub violations: Vec<String>,
}

/// Compares a store with the operations that were acknowledged, by worker.
///
/// # Errors
/// Where it cannot be read.
pub async fn verify(store: &Store, acknowledged: &[u64]) -> Result<Found, Error> {
    let mut found = Found { positions: Vec::new(), violations: Vec::new() };
    for worker in 0..WORKERS {
        let done = store.head(&LOG, &worker).await?;
        let must = acknowledged.get(worker as usize).copied().unwrap_or(0);
        if done < must {
            let lost = must - done;
            found
                .violations
                .push(format!("worker {worker}: {lost} acknowledged operations after {done} are lost"));
        }
        let model = Model::after(worker, done);
        check_log(store, worker, done, &model, &mut found.violations).await?;
        check_rows(store, worker, &model, &mut found.violations).await?;
        found.positions.push(done);
    }
    Ok(found)
}

async fn check_log(
    store: &Store,
    worker: u32,
    done: u64,
    model: &Model,
    violations: &mut Vec<String>,
) -> Result<(), Error> {
    let entries = store.entries(&LOG, &worker, 1, u64::MAX, usize::MAX, Order::Rising).await?;
    let numbers: Vec<u64> = entries.iter().map(|(number, _)| *number).collect();
    if done > 0 && !numbers.iter().copied().eq(model.first_entry..=done) {
        violations.push(format!(
            "worker {worker}: the log holds {} entries, not {}..={done}: {numbers:?}",
            numbers.len(),
            model.first_entry
        ));
    }
    for (number, record) in entries {
        if record != Operation::new(worker, number).record() {
            violations.push(format!("worker {worker}: entry {number} holds something else"));
        }
    }
    Ok(())
}

async fn check_rows(
    store: &Store,
    worker: u32,
    model: &Model,
    violations: &mut Vec<String>,
) -> Result<(), Error> {
    let rows = store.scan(&ROWS, &KeyRange::prefix(&(worker,)), usize::MAX, Order::Rising).await?;
    let found: BTreeMap<u32, u64> =
        rows.iter().map(|((_, slot), record)| (*slot, record.operation)).collect();
    if found != model.rows {
        violations.push(format!("worker {worker}: rows are {found:?}, not {:?}", model.rows));
    }
    for ((_, slot), record) in rows {
        if record != Operation::new(worker, record.operation).record() {
            violations.push(format!("worker {worker}: row {slot} holds something else"));
        }
    }
    Ok(())
}

/// Works until the process is killed: each worker goes on from its position, and writes the line "a worker number"
/// when an operation is acknowledged. `limit` is how many operations each worker does; then it rests.
///
/// # Errors
/// The first that the store gives.
pub async fn work(store: &Store, positions: &[u64], limit: u64) -> Result<(), Error> {
    let mut workers = tokio::task::JoinSet::new();
    for (worker, position) in (0..WORKERS).zip(positions.iter().copied()) {
        let store = store.clone();
        workers.spawn(async move {
            for number in (position + 1)..=position.saturating_add(limit) {
                operate(&store, worker, number).await?;
                // Whoever reads may be gone; then this process is about to be killed.
                let _ = writeln!(std::io::stdout(), "a {worker} {number}");
            }
            Ok(())
        });
    }
    while let Some(ended) = workers.join_next().await {
        ended.map_err(Error::internal)??;
    }
    Ok(())
}

async fn operate(store: &Store, worker: u32, number: u64) -> Result<(), Error> {
    let operation = Operation::new(worker, number);
    let record = operation.record();
    store
        .transact(move |tx| {
            tx.append(&LOG, &worker, |_| record.clone())?;
            let key = (worker, operation.slot);
            match operation.removes {
                true => tx.delete(&ROWS, &key)?,
                false => tx.put(&ROWS, &key, &record)?,
            }
            if operation.trims {
                tx.trim(&LOG, &worker, trimmed_before(number), usize::MAX)?;
            }
            Ok(())
        })
        .await
}
