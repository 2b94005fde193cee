//! What logs promise.

use super::*;

async fn numbers(store: &Store, from: u64, to: u64, limit: usize, order: Order) -> Vec<u64> {
    let found = store.entries(&CHAT, &1, from, to, limit, order).await.unwrap();
    found.into_iter().map(|(n, _)| n).collect()
}

async fn append(store: &Store, log: u64) -> u64 {
    store.transact(move |tx| tx.append(&CHAT, &log, |n| blob_of(n as usize * 500, 5))).await.unwrap()
}

pub(super) async fn logs_have_no_gaps(place: &Place) {
    let (store, _events) = place.open();
    assert_eq!(store.head(&CHAT, &1).await.unwrap(), 0);
    for n in 1..=20 {
        assert_eq!(append(&store, 1).await, n);
    }
    assert_eq!(append(&store, 2).await, 1);
    assert_eq!(store.head(&CHAT, &1).await.unwrap(), 20);
    assert_eq!(numbers(&store, 0, u64::MAX, 3, Order::Falling).await, [20, 19, 18]);
    assert_eq!(numbers(&store, 9, 12, 9, Order::Rising).await, [9, 10, 11, 12]);
    assert_eq!(numbers(&store, 21, 30, 9, Order::Rising).await, [] as [u64; 0]);
}

pub(super) async fn trimming_keeps_the_last_entry_and_the_numbers(place: &Place) {
    let (store, _events) = place.open();
    for _ in 0..20 {
        append(&store, 1).await;
    }
    let trim =
        async |before, limit| store.transact(move |tx| tx.trim(&CHAT, &1, before, limit)).await.unwrap();
    assert_eq!(trim(10, 5).await, 5);
    assert_eq!(trim(10, 100).await, 4);
    assert_eq!(trim(u64::MAX, 100).await, 10, "the last entry stays");
    assert_eq!(numbers(&store, 0, u64::MAX, 9, Order::Rising).await, [20]);
    assert_eq!(append(&store, 1).await, 21);
}

pub(super) async fn entries_are_overwritten_but_not_invented(place: &Place) {
    let (store, _events) = place.open();
    for _ in 0..3 {
        append(&store, 1).await;
    }
    for absent in [0, 4, u64::MAX] {
        let wrong = store.transact(move |tx| tx.overwrite(&CHAT, &1, absent, &number(0))).await;
        assert_eq!(wrong.unwrap_err().reason(), "INTERNAL");
    }
    store.transact(|tx| tx.overwrite(&CHAT, &1, 2, &number(77))).await.unwrap();
    let entry = store.transact(|tx| tx.entry(&CHAT, &1, 2)).await.unwrap();
    assert_eq!(entry, Some(number(77)));
    assert_eq!(store.head(&CHAT, &1).await.unwrap(), 3);
}

pub(super) async fn a_dropped_log_begins_anew(place: &Place) {
    let (store, _events) = place.open();
    for _ in 0..5 {
        append(&store, 1).await;
        append(&store, 2).await;
    }
    let drop_some = async || store.transact(|tx| tx.drop_log(&CHAT, &1, 3)).await.unwrap();
    assert_eq!(drop_some().await, 3);
    assert_eq!(numbers(&store, 0, u64::MAX, 9, Order::Rising).await, [4, 5], "the rest has no gap");
    assert_eq!(drop_some().await, 2);
    assert_eq!((store.head(&CHAT, &1).await.unwrap(), store.head(&CHAT, &2).await.unwrap()), (0, 5));
    assert_eq!(append(&store, 1).await, 1);
}
