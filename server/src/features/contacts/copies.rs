//! The two copies of a request: finding, storing, settling and expiring them. It keeps the rows and the indexes over
//! them in step, and does not decide what may be done with a request.

use super::tables::{ASIDE, ASKING, AskingRow, EXPIRY, PairRow, Place, RECEIVED, RequestRow, SENT, WAITING};
use crate::delivery::log;
use crate::error::Result;
use crate::id::{AccountId, RequestId};
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::sync::RequestClosed;
use teahouse_proto::sync::account_event::What;

/// The latest request from one person to another, living or not.
pub(super) fn latest(tx: &mut Tx<'_>, asker: AccountId, receiver: AccountId) -> Result<Option<RequestId>> {
    Ok(tx.get(&ASKING, &(asker, receiver))?.map(|row| RequestId(row.request_id)))
}

/// The asker's copy of their living request to somebody.
pub(super) fn sent(
    tx: &mut Tx<'_>,
    asker: AccountId,
    receiver: AccountId,
    now: Time,
) -> Result<Option<(RequestId, RequestRow)>> {
    let Some(id) = latest(tx, asker, receiver)? else { return Ok(None) };
    Ok(sent_by_id(tx, asker, id, now)?.map(|row| (id, row)))
}

/// The asker's copy of a living request.
pub(super) fn sent_by_id(
    tx: &mut Tx<'_>,
    asker: AccountId,
    id: RequestId,
    now: Time,
) -> Result<Option<RequestRow>> {
    Ok(tx.get(&SENT, &(asker, id))?.filter(|row| row.is_live(now)))
}

/// The receiver's copy of a living request that reached them and has not been accepted, wherever it is.
pub(super) fn received(
    tx: &mut Tx<'_>,
    receiver: AccountId,
    asker: AccountId,
    now: Time,
) -> Result<Option<(RequestId, RequestRow)>> {
    Ok(filed(tx, receiver, asker, now)?.filter(|(_, row)| !row.withdrawn))
}

/// The same, also where the asker took it back for as long as they block the receiver.
pub(super) fn filed(
    tx: &mut Tx<'_>,
    receiver: AccountId,
    asker: AccountId,
    now: Time,
) -> Result<Option<(RequestId, RequestRow)>> {
    let Some(id) = latest(tx, asker, receiver)? else { return Ok(None) };
    let row = received_by_id(tx, receiver, id, now)?;
    Ok(row.filter(|row| row.place() != Place::Accepted).map(|row| (id, row)))
}

/// The receiver's copy of a living request, wherever it is.
pub(super) fn received_by_id(
    tx: &mut Tx<'_>,
    receiver: AccountId,
    id: RequestId,
    now: Time,
) -> Result<Option<RequestRow>> {
    let row = match tx.get(&RECEIVED, &(receiver, id))? {
        None => tx.get(&ASIDE, &(receiver, id))?,
        listed => listed,
    };
    Ok(row.filter(|row| row.is_live(now)))
}

/// Stores the asker's copy, as the latest request of its direction.
pub(super) fn put_sent(tx: &mut Tx<'_>, asker: AccountId, id: RequestId, row: &RequestRow) -> Result<()> {
    let pair = PairRow { asker: asker.0, receiver: row.other };
    tx.put(&SENT, &(asker, id), row)?;
    tx.put(&ASKING, &(asker, row.other()), &AskingRow { request_id: id.0 })?;
    // Earlier rows of a request that was repeated stay: when their time comes, they find it alive.
    tx.put(&EXPIRY, &(row.expires_at_ms.max(0).cast_unsigned(), id), &pair)
}

/// Takes the receiver's copy out, with all that leads to it.
pub(super) fn take_received(
    tx: &mut Tx<'_>,
    receiver: AccountId,
    id: RequestId,
) -> Result<Option<RequestRow>> {
    let key = (receiver, id);
    if let Some(row) = tx.get(&RECEIVED, &key)? {
        tx.delete(&RECEIVED, &key)?;
        return Ok(Some(row));
    }
    let Some(row) = tx.get(&ASIDE, &key)? else { return Ok(None) };
    tx.delete(&ASIDE, &key)?;
    if row.is_waiting() {
        tx.delete(&WAITING, &waiting_key(receiver, id, &row))?;
    }
    Ok(Some(row))
}

/// Stores the receiver's copy where it belongs. Any earlier state was taken out before.
pub(super) fn put_received(
    tx: &mut Tx<'_>,
    receiver: AccountId,
    id: RequestId,
    row: &RequestRow,
) -> Result<()> {
    if row.is_listed() {
        return tx.put(&RECEIVED, &(receiver, id), row);
    }
    if row.is_waiting() {
        tx.put(&WAITING, &waiting_key(receiver, id, row), &())?;
    }
    tx.put(&ASIDE, &(receiver, id), row)
}

/// Drops the receiver's copy; where it was in their list, their devices are told.
pub(super) fn drop_received(tx: &mut Tx<'_>, receiver: AccountId, id: RequestId, now: Time) -> Result<()> {
    if take_received(tx, receiver, id)?.is_some_and(|row| row.is_listed()) {
        closed(tx, receiver, id, now)?;
    }
    Ok(())
}

/// The two are friends, so the receiver's copy is done with. It stays until it expires, out of the list.
pub(super) fn settle_received(
    tx: &mut Tx<'_>,
    receiver: AccountId,
    asker: AccountId,
    now: Time,
) -> Result<()> {
    let Some(id) = latest(tx, asker, receiver)? else { return Ok(()) };
    let Some(mut row) = take_received(tx, receiver, id)? else { return Ok(()) };
    let was_listed = row.is_listed();
    row.set_place(Place::Accepted);
    put_received(tx, receiver, id, &row)?;
    if was_listed { closed(tx, receiver, id, now) } else { Ok(()) }
}

/// The asker has a friend now and no request under way.
pub(super) fn settle_sent(tx: &mut Tx<'_>, asker: AccountId, receiver: AccountId) -> Result<()> {
    match latest(tx, asker, receiver)? {
        Some(id) => tx.delete(&SENT, &(asker, id)),
        None => Ok(()),
    }
}

/// Tells the receiver's devices that a request left the list.
pub(super) fn closed(tx: &mut Tx<'_>, receiver: AccountId, id: RequestId, now: Time) -> Result<()> {
    log::append(tx, receiver, now, &What::RequestClosed(RequestClosed { request_id: id.0 }))?;
    Ok(())
}

/// Removes those copies of a request whose time is over.
pub(super) fn expire(tx: &mut Tx<'_>, pair: &PairRow, id: RequestId, now: Time) -> Result<()> {
    let (asker, receiver) = (AccountId(pair.asker), AccountId(pair.receiver));
    let sent = sent_by_id(tx, asker, id, now)?.is_some();
    let received = received_by_id(tx, receiver, id, now)?.is_some();
    if !sent {
        tx.delete(&SENT, &(asker, id))?;
    }
    if !received {
        drop_received(tx, receiver, id, now)?;
    }
    if !sent && !received && latest(tx, asker, receiver)? == Some(id) {
        tx.delete(&ASKING, &(asker, receiver))?;
    }
    Ok(())
}

fn waiting_key(receiver: AccountId, id: RequestId, row: &RequestRow) -> (AccountId, u32, RequestId) {
    (receiver, u32::MAX - row.rank, id)
}
