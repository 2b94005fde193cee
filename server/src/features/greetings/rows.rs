//! Greetings and what leads to them: finding, storing, settling and expiring them. It keeps the rows and the indexes over
//! them in step, and does not decide what may be done with a greeting.

use super::tables::{ASIDE, BOX, EXPIRY, GreetingRow, PAIR, PairRow, Place, WAITING};
use crate::delivery::log;
use crate::error::Result;
use crate::id::{AccountId, GreetingId};
use crate::store::Tx;
use crate::time::Time;
use std::time::Duration;
use teahouse_proto::sync::GreetingClosed;
use teahouse_proto::sync::account_event::What;

/// What somebody did to greet somebody, without what counts no longer.
pub(super) fn pair(
    tx: &mut Tx<'_>,
    sender: AccountId,
    receiver: AccountId,
    counts_for: Duration,
    now: Time,
) -> Result<PairRow> {
    let mut pair = tx.get(&PAIR, &(sender, receiver))?.unwrap_or_default();
    pair.unanswered_ms.retain(|at| now.since(Time(*at)) < counts_for);
    Ok(pair)
}

/// A greeting of a receiver's, wherever it is.
pub(super) fn greeting(tx: &mut Tx<'_>, receiver: AccountId, id: GreetingId) -> Result<Option<GreetingRow>> {
    match tx.get(&BOX, &(receiver, id))? {
        None => tx.get(&ASIDE, &(receiver, id)),
        shown => Ok(shown),
    }
}

/// Takes a greeting out, with all that leads to it but its pair.
pub(super) fn take(tx: &mut Tx<'_>, receiver: AccountId, id: GreetingId) -> Result<Option<GreetingRow>> {
    let key = (receiver, id);
    if let Some(row) = tx.get(&BOX, &key)? {
        tx.delete(&BOX, &key)?;
        return Ok(Some(row));
    }
    let Some(row) = tx.get(&ASIDE, &key)? else { return Ok(None) };
    tx.delete(&ASIDE, &key)?;
    if row.place() == Place::Waiting {
        tx.delete(&WAITING, &waiting_key(receiver, id, &row))?;
    }
    Ok(Some(row))
}

/// Stores a greeting where it belongs. Any earlier state was taken out before.
pub(super) fn put(tx: &mut Tx<'_>, receiver: AccountId, id: GreetingId, row: &GreetingRow) -> Result<()> {
    match row.place() {
        Place::Shown => return tx.put(&BOX, &(receiver, id), row),
        Place::Waiting => tx.put(&WAITING, &waiting_key(receiver, id, row), &())?,
        Place::Ignored | Place::Accepted | Place::Lost => {}
    }
    tx.put(&ASIDE, &(receiver, id), row)
}

/// Has a pair looked at, at some time, whether it is over.
pub(super) fn look_at(tx: &mut Tx<'_>, sender: AccountId, receiver: AccountId, at: Time) -> Result<()> {
    tx.put(&EXPIRY, &(at.as_ms().max(0).cast_unsigned(), sender, receiver), &())
}

/// A greeting is done with and leaves the box for another place, until it expires.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    receiver: AccountId,
    id: GreetingId,
    place: Place,
    until: Time,
    now: Time,
) -> Result<()> {
    let Some(mut row) = take(tx, receiver, id)? else { return Ok(()) };
    let was_shown = row.place() == Place::Shown;
    row.set_place(place);
    row.expires_at_ms = until.as_ms();
    put(tx, receiver, id, &row)?;
    look_at(tx, AccountId(row.sender), receiver, until)?;
    if was_shown { closed(tx, receiver, id, now) } else { Ok(()) }
}

/// Drops what a receiver has of somebody; where it was in the box, their devices are told. What the sender did stays.
pub(super) fn drop_greeting(
    tx: &mut Tx<'_>,
    sender: AccountId,
    receiver: AccountId,
    now: Time,
) -> Result<()> {
    let Some(mut pair) = tx.get(&PAIR, &(sender, receiver))? else { return Ok(()) };
    let Some(id) = pair.greeting() else { return Ok(()) };
    pair.greeting = 0;
    tx.put(&PAIR, &(sender, receiver), &pair)?;
    if take(tx, receiver, id)?.is_some_and(|row| row.place() == Place::Shown) {
        closed(tx, receiver, id, now)?;
    }
    Ok(())
}

/// The receiver answered: nothing of the sender's waits for it any more.
pub(super) fn answered(tx: &mut Tx<'_>, sender: AccountId, receiver: AccountId) -> Result<()> {
    let Some(mut pair) = tx.get(&PAIR, &(sender, receiver))? else { return Ok(()) };
    pair.unanswered_ms.clear();
    tx.put(&PAIR, &(sender, receiver), &pair)
}

/// Tells the receiver's devices that a greeting left the box.
pub(super) fn closed(tx: &mut Tx<'_>, receiver: AccountId, id: GreetingId, now: Time) -> Result<()> {
    log::append(tx, receiver, now, &What::GreetingClosed(GreetingClosed { greeting_id: id.0 }))?;
    Ok(())
}

fn waiting_key(receiver: AccountId, id: GreetingId, row: &GreetingRow) -> (AccountId, u32, GreetingId) {
    (receiver, u32::MAX - row.rank, id)
}
