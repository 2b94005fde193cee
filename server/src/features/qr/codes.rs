//! The life of a code: made where there is none, replaced when it is reset or is dead. One maker shows one code for one
//! thing at a time.

use super::tables::{CODE, CURRENT, CodeRow, CurrentRow, EXPIRY, MYSELF, Token, What};
use crate::error::Result;
use crate::features::chat;
use crate::features::groups::Resets;
use crate::id::AccountId;
use crate::store::Tx;
use crate::store::key::KeyRange;
use crate::store::{Order, Store};
use crate::time::{HOUR, Time};
use std::time::Duration;
use teahouse_proto::chat::GroupRight;

/// Expired codes that one transaction of the sweep takes away.
const SWEEP_BATCH: usize = 500;
/// How often expired codes are swept.
pub(super) const SWEEP_EVERY: Duration = HOUR;

/// A code that is about to be made; made before the transaction, which may run again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fresh {
    /// A token that nobody has seen.
    pub(super) token: Token,
    pub(super) now: Time,
    /// Until when it will live; `None`: until it is reset.
    pub(super) until: Option<Time>,
    /// Codes that were made before are dead.
    pub(super) since: Time,
}

/// What counts for the code that `me` may show for something: their own, or that of a group which they are in.
///
/// # Errors
/// `CONVERSATION_NOT_FOUND`, `GROUP_DISSOLVED`.
pub(super) fn may_show(
    tx: &mut Tx<'_>,
    groups: &chat::Groups,
    me: AccountId,
    what: What,
    fresh: Fresh,
) -> Result<Fresh> {
    if what == MYSELF {
        return Ok(Fresh { until: None, ..fresh });
    }
    let (_, member) = groups.check(tx, what, me, GroupRight::Invite)?;
    Ok(Fresh { since: member.joined_at, ..fresh })
}

/// The code that `me` shows for something; the fresh one where there is none that lives.
pub(super) fn current(tx: &mut Tx<'_>, me: AccountId, what: What, fresh: Fresh) -> Result<(Token, CodeRow)> {
    let token = tx.get(&CURRENT, &(what, me))?.and_then(|row| row.token());
    if let Some(token) = token
        && let Some(row) = tx.get(&CODE, &token)?
        && row.is_live(fresh.now)
        && row.made_at_ms >= fresh.since.as_ms()
        && row.resets() == resets(tx, what, me)?
    {
        return Ok((token, row));
    }
    replace(tx, me, what, fresh)
}

/// Kills the code that `me` shows for something, and gives the fresh one in its place.
pub(super) fn replace(tx: &mut Tx<'_>, me: AccountId, what: What, fresh: Fresh) -> Result<(Token, CodeRow)> {
    if let Some(old) = tx.get(&CURRENT, &(what, me))?.and_then(|row| row.token()) {
        take(tx, old)?;
    }
    let Resets { everybodys, own } = resets(tx, what, me)?;
    let row = CodeRow {
        account: me.0,
        what: what.0,
        // A clock that was set back must not make a code dead from the start.
        made_at_ms: fresh.now.max(fresh.since).as_ms(),
        expires_at_ms: fresh.until.map_or(0, Time::as_ms),
        everybodys_resets: everybodys,
        own_resets: own,
    };
    tx.put(&CODE, &fresh.token, &row)?;
    tx.put(&CURRENT, &(what, me), &CurrentRow { token: fresh.token.to_vec() })?;
    if let Some(expiry) = row.expiry(fresh.token) {
        tx.put(&EXPIRY, &expiry, &())?;
    }
    Ok((fresh.token, row))
}

fn resets(tx: &mut Tx<'_>, what: What, me: AccountId) -> Result<Resets> {
    // People have one code each, and what comes of it outlives it: a reset takes its row.
    if what == MYSELF { Ok(Resets::default()) } else { Resets::get(tx, what, me) }
}

fn take(tx: &mut Tx<'_>, token: Token) -> Result<()> {
    let Some(row) = tx.get(&CODE, &token)? else { return Ok(()) };
    tx.delete(&CODE, &token)?;
    let key = (row.what(), row.owner());
    if tx.get(&CURRENT, &key)?.is_some_and(|current| current.token() == Some(token)) {
        tx.delete(&CURRENT, &key)?;
    }
    match row.expiry(token) {
        Some(expiry) => tx.delete(&EXPIRY, &expiry),
        None => Ok(()),
    }
}

/// Takes away what has expired.
pub(super) async fn sweep(store: &Store, now: Time) -> Result<()> {
    let edge = u64::try_from(now.as_ms()).unwrap_or_default();
    loop {
        let rows = store.scan(&EXPIRY, &KeyRange::all(), SWEEP_BATCH, Order::Rising).await?;
        let is_last = rows.len() < SWEEP_BATCH;
        let dead: Vec<_> = rows.into_iter().map(|(key, ())| key).take_while(|(at, _)| *at <= edge).collect();
        if dead.is_empty() {
            return Ok(());
        }
        let taking = store.transact(move |tx| {
            dead.iter().try_for_each(|key| {
                tx.delete(&EXPIRY, key)?;
                take(tx, key.1)
            })
        });
        taking.await?;
        if is_last {
            return Ok(());
        }
    }
}
