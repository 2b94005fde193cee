//! What a receiver is shown of the requests that reach them: at most so many new ones a day, the best ranked first,
//! the rest waits. It does not know blocks; what they keep away never comes here.
//!
//! The rule: a new request joins those that wait; while the day has places, the one of the highest rank
//! (`rules::rank`) gets one. So whoever asks on a quiet day is shown at once, and on a loud one places go by rank.

use super::room::Room;
use super::tables::{BACKLOG, Place, RequestRow, WAITING};
use super::views::Side;
use super::{copies, views};
use crate::delivery::log;
use crate::error::Result;
use crate::features::ledger::quota::{Quota, Who};
use crate::id::{AccountId, RequestId};
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::{DAY, Time};
use teahouse_proto::sync::account_event::What;

/// Requests shown in one transaction.
const SHOW_BATCH: usize = 20;

impl Room {
    /// A request, new or repeated, reaches the receiver. `row` is their new copy but for where it is.
    pub(super) fn arrive(
        &self,
        tx: &mut Tx<'_>,
        receiver: AccountId,
        id: RequestId,
        mut row: RequestRow,
        now: Time,
    ) -> Result<()> {
        let earlier = copies::take_received(tx, receiver, id)?.filter(|earlier| earlier.is_live(now));
        match earlier {
            Some(earlier) if earlier.place() == Place::Shown => row.set_place(Place::Shown),
            Some(earlier) if earlier.place() == Place::Ignored && now < Time(earlier.ignored_until_ms) => {
                row.set_place(Place::Ignored);
                row.ignored_until_ms = earlier.ignored_until_ms;
            }
            _ => row.set_place(Place::Waiting),
        }
        copies::put_received(tx, receiver, id, &row)?;
        match row.place() {
            Place::Shown => self.announce(tx, receiver, id, row, now),
            Place::Waiting => self.show_waiting(tx, receiver, now).map(drop),
            Place::Ignored | Place::Accepted => Ok(()),
        }
    }

    /// Shows who waits, as far as the day has places. Gives whether there may be more to show at once.
    pub(super) fn show_waiting(&self, tx: &mut Tx<'_>, receiver: AccountId, now: Time) -> Result<bool> {
        let quota = self.shown_quota();
        let who = Who::Account(receiver);
        let mut left = quota.left(tx, who, now)?;
        let waiting = tx.scan(&WAITING, &KeyRange::prefix(&(receiver,)), SHOW_BATCH, Order::Rising)?;
        let full = waiting.len() == SHOW_BATCH;
        for ((_, _, id), ()) in waiting {
            let Some(row) = copies::received_by_id(tx, receiver, id, now)? else {
                copies::take_received(tx, receiver, id)?;
                continue;
            };
            if !super::rules::may_show(row.rank, left, quota.limit) {
                tx.put(&BACKLOG, &receiver, &())?;
                return Ok(false);
            }
            quota.draw(tx, who, now)?;
            left -= 1;
            self.show(tx, receiver, id, now)?;
        }
        if full {
            tx.put(&BACKLOG, &receiver, &())?;
        } else if tx.get(&BACKLOG, &receiver)?.is_some() {
            tx.delete(&BACKLOG, &receiver)?;
        }
        Ok(full)
    }

    fn shown_quota(&self) -> Quota {
        Quota { kind: "contacts.shown", limit: self.config.requests_shown_per_day, per: DAY }
    }

    fn show(&self, tx: &mut Tx<'_>, receiver: AccountId, id: RequestId, now: Time) -> Result<()> {
        let Some(mut row) = copies::take_received(tx, receiver, id)? else { return Ok(()) };
        row.set_place(Place::Shown);
        copies::put_received(tx, receiver, id, &row)?;
        self.announce(tx, receiver, id, row, now)
    }

    /// Tells the receiver's devices of a request that is in the list.
    pub(super) fn announce(
        &self,
        tx: &mut Tx<'_>,
        receiver: AccountId,
        id: RequestId,
        row: RequestRow,
        now: Time,
    ) -> Result<()> {
        let asker = views::known(tx, row.other())?;
        let caution = asker.caution(now, self.on_loopback);
        let seen = views::request(id, row, &asker, Side::Asked(caution));
        log::append(tx, receiver, now, &What::FriendRequest(seen))?;
        Ok(())
    }
}
