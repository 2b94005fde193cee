//! Readers see what is on disk, and nothing else.

use super::*;
use crate::bus::Event;
use crate::error::Kind;
use crate::id::AccountId;
use crate::store::conformance::Blob;
use futures::FutureExt;

fn long(salt: u8) -> Blob {
    Blob { data: vec![salt; 20_000], number: 0 }
}

/// All that a reader can see.
async fn seen(store: &Store) -> (Vec<(String, Blob)>, Vec<(u64, Blob)>, u64, u64) {
    let rows = store.scan(&NAMES, &KeyRange::all(), 100, Order::Rising).await.unwrap();
    let rows: Vec<_> = rows.into_iter().map(|((_, name), blob)| (name, blob)).collect();
    for (name, blob) in &rows {
        assert!(store.get(&NAMES, &(1, name.clone())).await.unwrap().as_ref() == Some(blob));
    }
    let few = store.scan(&NAMES, &KeyRange::all(), 2, Order::Falling).await.unwrap();
    let few: Vec<_> = few.into_iter().rev().map(|((_, name), blob)| (name, blob)).collect();
    assert!(few[..] == rows[rows.len() - few.len()..]);
    let entries = store.entries(&CHAT, &1, 0, u64::MAX, 100, Order::Rising).await.unwrap();
    let newest = store.entries(&CHAT, &1, 0, u64::MAX, 1, Order::Falling).await.unwrap();
    assert!(newest.last() == entries.last());
    (rows, entries, store.head(&CHAT, &1).await.unwrap(), store.stamp())
}

fn mixed_changes(tx: &mut Tx<'_>) -> Result<()> {
    tx.put(&NAMES, &(1, "changed".to_owned()), &number(2))?;
    tx.put(&NAMES, &(1, "added".to_owned()), &number(3))?;
    tx.put(&NAMES, &(1, "zlast".to_owned()), &number(3))?;
    tx.put(&NAMES, &(1, "long".to_owned()), &long(8))?;
    tx.delete(&NAMES, &(1, "removed".to_owned()))?;
    tx.overwrite(&CHAT, &1, 2, &number(99))?;
    tx.append(&CHAT, &1, number)?;
    tx.trim(&CHAT, &1, 2, 10)?;
    tx.publish(Event::SessionsEnded { account: AccountId(1), devices: Vec::new() });
    Ok(())
}

#[tokio::test]
async fn what_is_not_synced_is_not_seen() {
    let gate = Gate::new();
    let (store, mut events) = gate.store();
    for name in ["changed", "removed", "zz", "zzz"] {
        put(&store, name, 1).await;
    }
    store.transact(|tx| tx.put(&NAMES, &(1, "long".to_owned()), &long(7))).await.unwrap();
    for _ in 0..3 {
        store.transact(|tx| tx.append(&CHAT, &1, number)).await.unwrap();
    }
    let before = seen(&store).await;
    let groups = gate.state.lock().unwrap().applied;

    gate.change(|state| state.permits = Some(0));
    let mut change = Box::pin(store.transact(mixed_changes));
    assert!(change.as_mut().now_or_never().is_none());
    gate.applied(groups + 1).await;
    // The engine shows the group, its sync has not ended: nobody may see or hear of it.
    let key = NAMES.raw(&(1, "added".to_owned()));
    assert!(gate.get(&key).unwrap().is_some());
    assert!(seen(&store).await == before);
    assert!(change.as_mut().now_or_never().is_none());
    assert!(events.try_recv().is_err());

    gate.change(|state| state.permits = None);
    change.await.unwrap();
    let after = seen(&store).await;
    let names: Vec<&str> = after.0.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["added", "changed", "long", "zlast", "zz", "zzz"]);
    assert_eq!(after.1.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!((after.2, after.3 > before.3), (4, true));
    assert_eq!(events.recv().await.unwrap().0, after.3);
}

#[tokio::test]
async fn refusals_wait_for_what_they_rest_on() {
    let gate = Gate::new();
    let (store, _events) = gate.store();
    gate.change(|state| state.permits = Some(0));
    let mut first = Box::pin(store.transact(|tx| tx.append(&CHAT, &1, number)));
    assert!(first.as_mut().now_or_never().is_none());
    gate.applied(1).await;
    // While the first group is stuck, a group gathers of a name taken, a refusal because of it, and a reader of it.
    let key = || (1, "taken".to_owned());
    let mut take = Box::pin(store.transact(move |tx| tx.put(&NAMES, &key(), &number(1))));
    let mut refused = Box::pin(store.transact(move |tx| match tx.get(&NAMES, &key())? {
        Some(_) => Err(Error::new(Kind::AlreadyExists, "USERNAME_TAKEN", "Choose another name.")),
        None => Ok(()),
    }));
    let mut reader = Box::pin(store.transact(move |tx| tx.get(&NAMES, &key())));
    assert!(take.as_mut().now_or_never().is_none());
    assert!(refused.as_mut().now_or_never().is_none());
    assert!(reader.as_mut().now_or_never().is_none());

    gate.change(|state| state.permits = Some(1));
    first.await.unwrap();
    gate.applied(2).await;
    assert!(refused.as_mut().now_or_never().is_none(), "the name's owner is not on disk yet");
    assert!(reader.as_mut().now_or_never().is_none());

    gate.change(|state| state.permits = None);
    take.await.unwrap();
    assert_eq!(refused.await.unwrap_err().reason(), "USERNAME_TAKEN");
    assert_eq!(reader.await.unwrap(), Some(number(1)));
}

#[tokio::test]
async fn a_reader_keeps_its_version() {
    let gate = Gate::new();
    let (store, _events) = gate.store();
    put(&store, "x", 1).await;
    put(&store, "y", 1).await;
    let view = store.view().unwrap();
    for n in 2..50 {
        put(&store, "x", n).await;
        put(&store, &format!("new{n}"), n).await;
    }
    store.transact(|tx| tx.delete(&NAMES, &(1, "y".to_owned()))).await.unwrap();
    let rows = rows::scan(&view, &NAMES, &KeyRange::all(), 100, Order::Rising).unwrap();
    let rows: Vec<_> = rows.into_iter().map(|((_, name), blob)| (name, blob.number)).collect();
    assert_eq!(rows, [("x".to_owned(), 1), ("y".to_owned(), 1)]);
    assert_eq!(read(&store, "x").await, Some(49));
    assert_eq!(read(&store, "y").await, None);
}

#[tokio::test]
async fn whoever_stopped_waiting_is_not_served() {
    let gate = Gate::new();
    let (store, _events) = gate.store();
    gate.change(|state| state.permits = Some(0));
    let mut first = Box::pin(store.transact(|tx| tx.append(&CHAT, &1, number)));
    assert!(first.as_mut().now_or_never().is_none());
    gate.applied(1).await;
    let mut second = Box::pin(store.transact(|tx| tx.append(&CHAT, &1, number)));
    assert!(second.as_mut().now_or_never().is_none());
    drop(second);
    gate.change(|state| state.permits = None);
    first.await.unwrap();
    assert_eq!(store.transact(|tx| tx.append(&CHAT, &1, number)).await.unwrap(), 2);
}
