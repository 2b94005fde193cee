//! Random histories of transactions and restarts against a model of two maps.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Op {
    Put(u8, usize),
    Delete(u8),
    Append(u8, usize),
    Overwrite(u8, u64, usize),
    Trim(u8, u64),
}

fn ops() -> impl Strategy<Value = (Vec<(Vec<Op>, bool)>, Vec<bool>)> {
    let len = prop_oneof![3usize..60, 4090usize..4100, 8000usize..20_000];
    let op = prop_oneof![
        (0u8..6, len.clone()).prop_map(|(k, len)| Op::Put(k, len)),
        (0u8..6).prop_map(Op::Delete),
        (0u8..3, len.clone()).prop_map(|(k, len)| Op::Append(k, len)),
        (0u8..3, 1u64..6, len).prop_map(|(k, n, len)| Op::Overwrite(k, n, len)),
        (0u8..3, 1u64..8).prop_map(|(k, n)| Op::Trim(k, n)),
    ];
    let transaction = (prop::collection::vec(op, 1..6), prop::bool::weighted(0.8));
    (prop::collection::vec(transaction, 1..25), prop::collection::vec(prop::bool::weighted(0.1), 25))
}

#[derive(Clone, Default)]
struct Model {
    rows: BTreeMap<u8, usize>,
    logs: BTreeMap<u8, BTreeMap<u64, usize>>,
}

impl Model {
    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Put(k, len) => drop(self.rows.insert(k, len)),
            Op::Delete(k) => drop(self.rows.remove(&k)),
            Op::Append(k, len) => {
                let log = self.logs.entry(k).or_default();
                let n = log.keys().last().map_or(1, |n| n + 1);
                log.insert(n, len);
            }
            Op::Overwrite(k, n, len) => {
                if let Some(entry) = self.logs.get_mut(&k).and_then(|log| log.get_mut(&n)) {
                    *entry = len;
                }
            }
            Op::Trim(k, before) => {
                let log = self.logs.entry(k).or_default();
                let head = log.keys().last().copied().unwrap_or(0);
                log.retain(|&n, _| n >= before.min(head));
            }
        }
    }
}

fn apply(tx: &mut Tx<'_>, op: &Op) -> Result<()> {
    match *op {
        Op::Put(k, len) => tx.put(&NAMES, &(u64::from(k), String::new()), &blob_of(len, k)),
        Op::Delete(k) => tx.delete(&NAMES, &(u64::from(k), String::new())),
        Op::Append(k, len) => tx.append(&CHAT, &u64::from(k), |_| blob_of(len, k)).map(drop),
        Op::Overwrite(k, n, len) => match tx.entry(&CHAT, &u64::from(k), n)? {
            Some(_) => tx.overwrite(&CHAT, &u64::from(k), n, &blob_of(len, k)),
            None => Ok(()),
        },
        Op::Trim(k, before) => tx.trim(&CHAT, &u64::from(k), before, usize::MAX).map(drop),
    }
}

async fn reads_as(store: &Store, model: &Model) {
    let rows = store.scan(&NAMES, &KeyRange::all(), 100, Order::Rising).await.unwrap();
    let expected: Vec<_> =
        model.rows.iter().map(|(&k, &len)| ((u64::from(k), String::new()), blob_of(len, k))).collect();
    assert!(rows == expected);
    for k in 0..3u8 {
        let log = model.logs.get(&k).cloned().unwrap_or_default();
        let entries = store.entries(&CHAT, &u64::from(k), 1, u64::MAX, 100, Order::Falling).await.unwrap();
        let expected: Vec<_> = log.iter().rev().map(|(&n, &len)| (n, blob_of(len, k))).collect();
        assert!(entries == expected);
        let head = store.head(&CHAT, &u64::from(k)).await.unwrap();
        assert_eq!(head, log.keys().last().copied().unwrap_or(0));
    }
}

pub(super) async fn any_history_reads_as_the_model_says(place: &Place) {
    let cases = if place.memory.is_some() { 60 } else { 12 };
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let kind = place.config.engine;
    tokio::task::block_in_place(|| {
        let run = |(history, reopen): (Vec<(Vec<Op>, bool)>, Vec<bool>)| {
            let follow = async {
                let place = Place::new(kind);
                let (mut store, _events) = place.open();
                let mut model = Model::default();
                for ((ops, keep), reopen) in history.into_iter().zip(reopen) {
                    let mut after = model.clone();
                    ops.iter().for_each(|op| after.apply(op));
                    let answer = store
                        .transact(move |tx| {
                            ops.iter().try_for_each(|op| apply(tx, op))?;
                            keep.then_some(()).ok_or_else(|| Error::internal("refused"))
                        })
                        .await;
                    assert_eq!(answer.is_ok(), keep);
                    if keep {
                        model = after;
                    }
                    reads_as(&store, &model).await;
                    if reopen {
                        store.close().await;
                        store = place.open().0;
                        reads_as(&store, &model).await;
                    }
                }
            };
            tokio::runtime::Handle::current().block_on(follow);
            Ok(())
        };
        runner.run(&ops(), run).unwrap();
    });
}
