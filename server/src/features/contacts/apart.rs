//! Who is kept apart in the plug-ins: two people of whom either blocks the other come upon each other nowhere, and not
//! for a day after, so that nobody can watch from behind a block. One row for each side, so one scan tells somebody's all.
//! It does not know how people come upon each other.

use super::tables::{APART, APART_UNTIL, ApartRow, BLOCK};
use crate::bus::Event;
use crate::error::Result;
use crate::id::AccountId;
use crate::store::key::KeyRange;
use crate::store::{Order, Store, Tx};
use crate::time::{DAY, Time};
use std::time::Duration;

/// For how long after a block two stay apart.
const AFTER_A_BLOCK: Duration = DAY;
/// Rows read at a time.
const SCANNED: usize = 1000;
/// Rows handled in one transaction.
const BATCH: usize = 50;

/// With whom somebody is kept apart, in order of id: with nobody, for nearly everybody.
pub async fn apart(store: &Store, me: AccountId, now: Time) -> Result<Vec<AccountId>> {
    let (mut others, mut range) = (Vec::new(), KeyRange::prefix(&(me,)));
    loop {
        let rows = store.scan(&APART, &range, SCANNED, Order::Rising).await?;
        let last = rows.last().map(|(key, _)| *key);
        let full = rows.len() == SCANNED;
        others.extend(rows.into_iter().filter(|(_, row)| row.holds(now)).map(|((_, other), _)| other));
        match last.filter(|_| full) {
            Some(last) => range = KeyRange::prefix(&(me,)).after(&last),
            None => return Ok(others),
        }
    }
}

/// Whether two are kept apart.
pub fn are_apart(tx: &mut Tx<'_>, a: AccountId, b: AccountId, now: Time) -> Result<bool> {
    Ok(tx.get(&APART, &(a, b))?.is_some_and(|row| row.holds(now)))
}

impl ApartRow {
    fn holds(&self, now: Time) -> bool {
        self.until_ms == 0 || now < Time(self.until_ms)
    }
}

/// A block stands between two from now on.
pub(super) fn part(tx: &mut Tx<'_>, a: AccountId, b: AccountId) -> Result<()> {
    for sides in [(a, b), (b, a)] {
        tx.put(&APART, &sides, &ApartRow { until_ms: 0 })?;
    }
    tx.publish(Event::Parted { one: a, other: b });
    Ok(())
}

/// A block between two is over; another may stand, of the other side.
pub(super) fn meet_later(tx: &mut Tx<'_>, a: AccountId, b: AccountId, now: Time) -> Result<()> {
    if tx.get(&BLOCK, &(a, b))?.is_some() || tx.get(&BLOCK, &(b, a))?.is_some() {
        return Ok(());
    }
    let until = now + AFTER_A_BLOCK;
    for sides in [(a, b), (b, a)] {
        tx.put(&APART, &sides, &ApartRow { until_ms: until.as_ms() })?;
    }
    tx.put(&APART_UNTIL, &(until.as_ms().max(0).cast_unsigned(), a, b), &())
}

/// Keeps those apart who blocked each other before this was kept. Called once, when the server starts.
pub(super) async fn catch_up(store: &Store) -> Result<()> {
    let mut range = KeyRange::all();
    loop {
        let rows = store.scan(&BLOCK, &range, SCANNED, Order::Rising).await?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        range = KeyRange::all().after(last);
        for (sides, _) in rows {
            if store.get(&APART, &sides).await?.is_none() {
                store
                    .transact(move |tx| match tx.get(&BLOCK, &sides)? {
                        Some(_) => part(tx, sides.0, sides.1),
                        None => Ok(()),
                    })
                    .await?;
            }
        }
    }
}

/// Drops what keeps nobody apart any more.
pub(super) async fn drop_due(store: &Store, now: Time) -> Result<()> {
    let end = (now.as_ms().max(0).cast_unsigned() + 1, AccountId(0), AccountId(0));
    loop {
        let dropped = store
            .transact(move |tx| {
                let due = tx.scan(&APART_UNTIL, &KeyRange::all().before(&end), BATCH, Order::Rising)?;
                for ((at, a, b), ()) in &due {
                    // One of them may have blocked the other since, and ended it later.
                    for sides in [(*a, *b), (*b, *a)] {
                        if tx.get(&APART, &sides)?.is_some_and(|row| !row.holds(now)) {
                            tx.delete(&APART, &sides)?;
                        }
                    }
                    tx.delete(&APART_UNTIL, &(*at, *a, *b))?;
                }
                Ok(due.len())
            })
            .await?;
        if dropped < BATCH {
            return Ok(());
        }
    }
}
