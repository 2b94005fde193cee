//! One suite for every engine: what the store promises, whatever lies under it.

mod logs;
mod model;

use super::engine::MemoryEngine;
use super::space::SpaceGuard;
use super::*;
use crate::bus::Event;
use crate::id::AccountId;
use logs::*;
use model::any_history_reads_as_the_model_says;

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Blob {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) data: Vec<u8>,
    #[prost(uint64, tag = "2")]
    pub(super) number: u64,
}

pub(super) fn number(number: u64) -> Blob {
    Blob { data: Vec::new(), number }
}

/// A value that takes exactly `len` bytes, encoded.
fn blob_of(len: usize, salt: u8) -> Blob {
    let fits = |(data, number): (usize, u64)| {
        let blob = Blob { data: (0..data).map(|i| (i % 251) as u8 ^ salt).collect(), number };
        (prost::Message::encoded_len(&blob) == len).then_some(blob)
    };
    (len.saturating_sub(6)..=len)
        .flat_map(|data| [(data, 0), (data, 1)])
        .find_map(fits)
        .expect("some length of data gives this length")
}

pub(super) const NAMES: Table<(u64, String), Blob> = Table::new("test.names");
const NEIGHBOUR: Table<(u64, String), Blob> = Table::new("test.names2");
pub(super) const CHAT: Log<u64, Blob> = Log::new("test.chat");

/// A place where a store can be opened again and again.
struct Place {
    config: StoreConfig,
    dir: tempfile::TempDir,
    memory: Option<Arc<MemoryEngine>>,
}

impl Place {
    fn new(engine: EngineKind) -> Self {
        let memory = (engine == EngineKind::Memory).then(|| {
            let memory = MemoryEngine::default();
            meta::create(&memory, &Random::seeded(1)).unwrap();
            Arc::new(memory)
        });
        let config = StoreConfig { engine, cache_mib: 16, min_free_mib: 0, resume_free_mib: 0 };
        Self { config, dir: tempfile::tempdir().unwrap(), memory }
    }

    fn open(&self) -> (Store, UnboundedReceiver<Published>) {
        match &self.memory {
            Some(memory) => Store::start(Parts {
                engine: memory.clone(),
                guard: SpaceGuard::none(),
                on_fatal: Arc::new(|message| panic!("{message}")),
            })
            .unwrap(),
            None => Store::open(&self.config, self.dir.path(), &Clock::system(), &Random::from_os()).unwrap(),
        }
    }
}

fn ended(account: u64) -> Event {
    Event::SessionsEnded { account: AccountId(account), devices: Vec::new() }
}

macro_rules! for_every_engine {
    ($($name:ident),* $(,)?) => {
        for_every_engine!(@engine sled, Sled, $($name),*);
        for_every_engine!(@engine fjall, Fjall, $($name),*);
        for_every_engine!(@engine memory, Memory, $($name),*);
    };
    (@engine $module:ident, $kind:ident, $($name:ident),*) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(&super::Place::new(super::EngineKind::$kind)).await;
            })*
        }
    };
}

for_every_engine! {
    rows_come_in_the_order_of_their_keys,
    scans_keep_to_their_bounds,
    long_values_are_cut_and_joined,
    no_stored_value_is_above_four_kib,
    a_value_may_grow_shrink_and_vanish,
    too_much_is_refused_and_nothing_kept,
    logs_have_no_gaps,
    trimming_keeps_the_last_entry_and_the_numbers,
    entries_are_overwritten_but_not_invented,
    a_dropped_log_begins_anew,
    many_writers_share_groups,
    readers_see_whole_transactions,
    a_refused_transaction_leaves_nothing,
    a_panic_hurts_nobody_else,
    reopening_finds_everything,
    stamps_grow_over_restarts,
    transactions_see_themselves,
    any_history_reads_as_the_model_says,
}

async fn put(store: &Store, group: u64, name: &str, value: Blob) {
    let key = (group, name.to_owned());
    store.transact(move |tx| tx.put(&NAMES, &key, &value)).await.unwrap();
}

async fn names(store: &Store, range: &KeyRange<(u64, String)>, limit: usize, order: Order) -> Vec<String> {
    let rows = store.scan(&NAMES, range, limit, order).await.unwrap();
    rows.into_iter().map(|((group, name), _)| format!("{group}{name}")).collect()
}

async fn rows_come_in_the_order_of_their_keys(place: &Place) {
    let (store, _events) = place.open();
    for (group, name) in [(2, "b"), (1, "ab"), (300, ""), (1, "a\0"), (1, "a"), (2, "é"), (2, "")] {
        put(&store, group, name, number(group)).await;
    }
    let all = KeyRange::all();
    let rising = names(&store, &all, 100, Order::Rising).await;
    assert_eq!(rising, ["1a", "1a\0", "1ab", "2", "2b", "2é", "300"]);
    let mut falling = names(&store, &all, 100, Order::Falling).await;
    falling.reverse();
    assert_eq!(falling, rising);
}

type Case<'a> = (KeyRange<(u64, String)>, usize, Order, &'a [&'a str]);

async fn scans_keep_to_their_bounds(place: &Place) {
    let (store, _events) = place.open();
    for group in 1..=3 {
        for name in ["a", "b", "c"] {
            put(&store, group, name, number(group)).await;
        }
    }
    let outsider = (2, "b".to_owned());
    store.transact(move |tx| tx.put(&NEIGHBOUR, &outsider, &number(9))).await.unwrap();
    let two = KeyRange::prefix(&(2,));
    let b = (2, "b".to_owned());
    let cases: [Case<'_>; 10] = [
        (two.clone(), 9, Order::Rising, &["2a", "2b", "2c"]),
        (two.clone(), 9, Order::Falling, &["2c", "2b", "2a"]),
        (two.clone(), 2, Order::Rising, &["2a", "2b"]),
        (two.clone(), 2, Order::Falling, &["2c", "2b"]),
        (two.clone().from(&b), 9, Order::Rising, &["2b", "2c"]),
        (two.clone().after(&b), 9, Order::Rising, &["2c"]),
        (two.clone().before(&b), 9, Order::Falling, &["2a"]),
        (KeyRange::all().after(&b), 2, Order::Rising, &["2c", "3a"]),
        (two.clone().after(&b).before(&b), 9, Order::Rising, &[]),
        (two, 0, Order::Rising, &[]),
    ];
    for (range, limit, order, expected) in cases {
        assert_eq!(names(&store, &range, limit, order).await, expected);
    }
    // More rows than are read at a time, and than run where they are asked for.
    store
        .transact(|tx| (0..3000).try_for_each(|n| tx.put(&NAMES, &(7, format!("{n:04}")), &number(n))))
        .await
        .unwrap();
    let seven = KeyRange::prefix(&(7,));
    assert_eq!(names(&store, &seven, usize::MAX, Order::Rising).await.len(), 3000);
    let last = names(&store, &seven, 2500, Order::Falling).await;
    assert_eq!((last.len(), &*last[0], &*last[2499]), (2500, "72999", "70500"));
}

const LENGTHS: [usize; 12] = [3, 100, 4094, 4095, 4096, 4097, 8191, 8192, 8193, 70_000, 1_048_575, 1_048_576];

async fn long_values_are_cut_and_joined(place: &Place) {
    let (store, _events) = place.open();
    for (i, len) in LENGTHS.into_iter().enumerate() {
        put(&store, 1, &format!("{i:02}"), blob_of(len, 1)).await;
    }
    for (i, len) in LENGTHS.into_iter().enumerate() {
        let found = store.get(&NAMES, &(1, format!("{i:02}"))).await.unwrap();
        assert!(found == Some(blob_of(len, 1)), "length {len}");
    }
    let rows = store.scan(&NAMES, &KeyRange::all(), 100, Order::Falling).await.unwrap();
    let scanned: Vec<Blob> = rows.into_iter().rev().map(|(_, blob)| blob).collect();
    assert!(scanned == LENGTHS.map(|len| blob_of(len, 1)));
}

/// Every row that the engine holds.
fn stored_rows(store: &Store) -> Vec<engine::Row> {
    let everything = range::RawRange { start: Vec::new(), end: vec![u8::MAX; 8] };
    let view = store.view().unwrap();
    rows::Rows::stored_range(&view, everything, usize::MAX, Order::Rising).unwrap()
}

async fn no_stored_value_is_above_four_kib(place: &Place) {
    let (store, _events) = place.open();
    for (i, len) in LENGTHS.into_iter().enumerate() {
        put(&store, 1, &i.to_string(), blob_of(len, 2)).await;
    }
    let rows = stored_rows(&store);
    assert!(rows.len() > 512);
    assert!(rows.iter().all(|(_, value)| value.len() <= 4096));
}

async fn a_value_may_grow_shrink_and_vanish(place: &Place) {
    let (store, _events) = place.open();
    let own = stored_rows(&store).len();
    for len in [10, 50_000, 5000, 50_000, 4096, 4095, 9000] {
        put(&store, 1, "x", blob_of(len, 3)).await;
        let found = store.get(&NAMES, &(1, "x".to_owned())).await.unwrap();
        assert!(found == Some(blob_of(len, 3)));
        let parts = if len < 4096 { 0 } else { len.div_ceil(4096) };
        assert_eq!(stored_rows(&store).len(), own + 1 + parts, "no part is left over");
    }
    // Within one transaction, too.
    store
        .transact(|tx| {
            let key = (1, "x".to_owned());
            tx.put(&NAMES, &key, &blob_of(30_000, 4))?;
            tx.put(&NAMES, &key, &blob_of(5000, 4))?;
            assert!(tx.get(&NAMES, &key)? == Some(blob_of(5000, 4)));
            tx.delete(&NAMES, &key)
        })
        .await
        .unwrap();
    assert_eq!(stored_rows(&store).len(), own);
}

async fn too_much_is_refused_and_nothing_kept(place: &Place) {
    let (store, _events) = place.open();
    let key = || (1, "x".to_owned());
    let refused = store
        .transact(move |tx| {
            tx.put(&NAMES, &key(), &number(1))?;
            let _ = tx.put(&NAMES, &key(), &blob_of(MAX_VALUE_BYTES + 1, 1));
            Ok(())
        })
        .await;
    assert!(refused.is_err(), "a failed write cannot be swallowed");
    let refused = store
        .transact(|tx| {
            (0..9).try_for_each(|n| tx.put(&NAMES, &(n, String::new()), &blob_of(MAX_VALUE_BYTES, 1)))
        })
        .await;
    assert!(refused.is_err());
    assert!(names(&store, &KeyRange::all(), 100, Order::Rising).await.is_empty());
}

async fn many_writers_share_groups(place: &Place) {
    const TASKS: u64 = 64;
    const EACH: u64 = 20;
    let (store, mut events) = place.open();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                for _ in 0..EACH {
                    let n = store
                        .transact(move |tx| {
                            let n = tx.append(&CHAT, &1, |_| number(task))?;
                            tx.publish(ended(n));
                            Ok(n)
                        })
                        .await
                        .unwrap();
                    let seen = store.head(&CHAT, &1).await.unwrap();
                    assert!(seen >= n, "what was answered is visible");
                    mine.push(n);
                }
                assert!(mine.is_sorted());
                mine
            })
        })
        .collect();
    let mut given = Vec::new();
    for task in tasks {
        given.extend(task.await.unwrap());
    }
    given.sort_unstable();
    assert!(given.into_iter().eq(1..=TASKS * EACH));
    let mut last_stamp = 0;
    for n in 1..=TASKS * EACH {
        let (stamp, published) = events.recv().await.unwrap();
        assert!(stamp > last_stamp, "events come in commit order");
        last_stamp = stamp;
        assert!(matches!(&published[..], [Event::SessionsEnded { account, .. }] if account.0 == n));
    }
    assert_eq!(store.stamp(), last_stamp);
}

async fn readers_see_whole_transactions(place: &Place) {
    const ROWS: u64 = 40;
    let (store, _events) = place.open();
    let write = async |round: u64| {
        let write = move |tx: &mut Tx<'_>| {
            (0..ROWS).try_for_each(|row| tx.put(&NAMES, &(row, String::new()), &number(round)))?;
            // A row that wanders from place to place.
            tx.delete(&NEIGHBOUR, &((round + 6) % 7, String::new()))?;
            tx.put(&NEIGHBOUR, &(round % 7, String::new()), &number(round))?;
            tx.append(&CHAT, &1, |_| number(round))
        };
        store.transact(write).await.unwrap();
    };
    write(0).await;
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let reader = tokio::spawn({
        let (store, done) = (store.clone(), done.clone());
        async move {
            let mut last = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let rows = store.scan(&NAMES, &KeyRange::all(), 100, Order::Rising).await.unwrap();
                let round = rows[0].1.number;
                assert!(round >= last && rows.len() as u64 == ROWS);
                assert!(rows.iter().all(|(_, blob)| blob.number == round));
                last = round;
                let wanderer = store.scan(&NEIGHBOUR, &KeyRange::all(), 9, Order::Falling).await.unwrap();
                assert_eq!(wanderer.len(), 1);
                let head = store.head(&CHAT, &1).await.unwrap();
                let entries = store.entries(&CHAT, &1, 0, head, 1000, Order::Rising).await.unwrap();
                assert!(entries.into_iter().map(|(n, _)| n).eq(1..=head));
                tokio::task::yield_now().await;
            }
        }
    });
    for round in 1..=300 {
        write(round).await;
    }
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    reader.await.unwrap();
}

async fn a_refused_transaction_leaves_nothing(place: &Place) {
    let (store, mut events) = place.open();
    put(&store, 1, "x", blob_of(9000, 1)).await;
    let before = stored_rows(&store);
    let stamp = store.stamp();
    let refused: Result<()> = store
        .transact(|tx| {
            tx.append(&CHAT, &1, number)?;
            tx.put(&NAMES, &(1, "x".to_owned()), &number(2))?;
            tx.delete(&NAMES, &(1, "x".to_owned()))?;
            tx.publish(ended(1));
            Err(Error::not_found("NOT_FOUND", "There is no such thing."))
        })
        .await;
    assert_eq!(refused.unwrap_err().reason(), "NOT_FOUND");
    assert_eq!(stored_rows(&store), before);
    assert_eq!(store.stamp(), stamp);
    let n = store.transact(|tx| tx.append(&CHAT, &1, number)).await.unwrap();
    assert_eq!(n, 1, "the number was not used up");
    store.close().await;
    assert!(events.recv().await.is_none());
}

async fn a_panic_hurts_nobody_else(place: &Place) {
    let (store, _events) = place.open();
    let tasks: Vec<_> = (0..60u64)
        .map(|i| {
            let store = store.clone();
            tokio::spawn(async move {
                let answer = store
                    .transact(move |tx| {
                        let n = tx.append(&CHAT, &1, number)?;
                        assert!(i % 3 != 0, "a deliberate panic");
                        Ok(n)
                    })
                    .await;
                (i, answer)
            })
        })
        .collect();
    let mut given = Vec::new();
    for task in tasks {
        let (i, answer) = task.await.unwrap();
        match answer {
            Ok(n) => given.push(n),
            Err(error) => assert_eq!((i % 3, error.reason()), (0, "INTERNAL")),
        }
    }
    given.sort_unstable();
    assert!(given.into_iter().eq(1..=40));
}

async fn reopening_finds_everything(place: &Place) {
    let (store, _events) = place.open();
    for round in 0..3u64 {
        store
            .transact(move |tx| {
                for n in 0..200 {
                    tx.put(&NAMES, &(n, round.to_string()), &number(n * round))?;
                    tx.append(&CHAT, &(n % 7), |_| number(round))?;
                }
                Ok(())
            })
            .await
            .unwrap();
        put(&store, 1, "long", blob_of(100_000, round as u8)).await;
    }
    let (rows, epoch, secret) = (stored_rows(&store), store.epoch(), store.secret());
    assert_ne!(epoch, 0);
    store.close().await;
    let gone = store.get(&NAMES, &(1, "long".to_owned())).await;
    assert_eq!(gone.unwrap_err().reason(), "SHUTTING_DOWN");
    let gone = store.transact(|_| Ok(())).await;
    assert_eq!(gone.unwrap_err().reason(), "SHUTTING_DOWN");

    let (store, _events) = place.open();
    assert_eq!(stored_rows(&store), rows);
    assert_eq!((store.epoch(), store.secret()), (epoch, secret));
    let n = store.transact(|tx| tx.append(&CHAT, &0, number)).await.unwrap();
    assert_eq!(n, 3 * 29 + 1);
}

async fn stamps_grow_over_restarts(place: &Place) {
    let mut last = 0;
    for _ in 0..3 {
        let (store, _events) = place.open();
        assert!(store.stamp() >= last, "nothing committed lies above the store's stamp");
        for _ in 0..5 {
            let stamp = store
                .transact(|tx| {
                    tx.append(&CHAT, &1, number)?;
                    Ok(tx.stamp())
                })
                .await
                .unwrap();
            assert!(stamp > last);
            last = stamp;
            assert_eq!(store.stamp(), stamp);
            store.transact(|tx| tx.head(&CHAT, &1)).await.unwrap();
            assert_eq!(store.stamp(), stamp, "reading takes no stamp");
        }
        store.close().await;
    }
}

async fn transactions_see_themselves(place: &Place) {
    let (store, _events) = place.open();
    put(&store, 1, "a", number(1)).await;
    put(&store, 1, "c", number(3)).await;
    let seen = store
        .transact(|tx| {
            tx.put(&NAMES, &(1, "b".to_owned()), &number(2))?;
            tx.delete(&NAMES, &(1, "c".to_owned()))?;
            tx.put(&NAMES, &(1, "d".to_owned()), &number(4))?;
            let rising = tx.scan(&NAMES, &KeyRange::all(), 2, Order::Rising)?;
            let falling = tx.scan(&NAMES, &KeyRange::all(), 2, Order::Falling)?;
            Ok([rising, falling].concat())
        })
        .await
        .unwrap();
    let seen: Vec<u64> = seen.into_iter().map(|(_, blob)| blob.number).collect();
    assert_eq!(seen, [1, 2, 4, 2]);
}
