//! What a receiver is shown of the greetings that reach them: at most so many new ones a day, the best ranked first, the
//! rest waits, as friend requests do.

use super::room::Room;
use super::rows;
use super::tables::{BACKLOG, GreetingRow, Place, WAITING};
use crate::delivery::log;
use crate::error::Result;
use crate::features::contacts;
use crate::features::ledger::quota::{Quota, Who};
use crate::id::{AccountId, GreetingId};
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::{DAY, Time};
use teahouse_proto::sync::account_event::What;

/// Greetings shown in one transaction.
const SHOW_BATCH: usize = 20;

impl Room {
    /// Shows who waits, as far as the day has places. Gives whether there may be more to show at once.
    pub(super) fn show_waiting(&self, tx: &mut Tx<'_>, receiver: AccountId, now: Time) -> Result<bool> {
        let quota = Quota { kind: "greetings.shown", limit: self.config.shown_per_day, per: DAY };
        let who = Who::Account(receiver);
        let mut left = quota.left(tx, who, now)?;
        let waiting = tx.scan(&WAITING, &KeyRange::prefix(&(receiver,)), SHOW_BATCH, Order::Rising)?;
        let full = waiting.len() == SHOW_BATCH;
        for ((_, _, id), ()) in waiting {
            let row = rows::greeting(tx, receiver, id)?.filter(|row| row.is_fresh(now));
            let Some(row) = row else {
                rows::take(tx, receiver, id)?;
                continue;
            };
            if !contacts::may_show(row.rank, left, quota.limit) {
                tx.put(&BACKLOG, &receiver, &())?;
                return Ok(false);
            }
            if self.show(tx, receiver, id, now)? {
                quota.draw(tx, who, now)?;
                left -= 1;
            }
        }
        if full {
            tx.put(&BACKLOG, &receiver, &())?;
        } else if tx.get(&BACKLOG, &receiver)?.is_some() {
            tx.delete(&BACKLOG, &receiver)?;
        }
        Ok(full)
    }

    /// Puts a greeting into the box. One whose sender was kept apart from the receiver while it waited is lost: `false`.
    fn show(&self, tx: &mut Tx<'_>, receiver: AccountId, id: GreetingId, now: Time) -> Result<bool> {
        let Some(mut row) = rows::take(tx, receiver, id)? else { return Ok(false) };
        let apart = contacts::relation(tx, receiver, AccountId(row.sender))?.is_blocked();
        row.set_place(if apart { Place::Lost } else { Place::Shown });
        rows::put(tx, receiver, id, &row)?;
        if !apart {
            announce(self, tx, receiver, id, row, now)?;
        }
        Ok(!apart)
    }
}

/// Tells the receiver's devices of a greeting that is in the box. To somebody who blocks its sender it is not.
pub(super) fn announce(
    room: &Room,
    tx: &mut Tx<'_>,
    receiver: AccountId,
    id: GreetingId,
    row: GreetingRow,
    now: Time,
) -> Result<()> {
    let card = room.strangers.card_within(tx, receiver, row.stranger(), now)?;
    if let Some(card) = card {
        log::append(tx, receiver, now, &What::Greeting(Room::view(id, row, card)))?;
    }
    Ok(())
}
