//! Words of care: who was much reported, or blocked, by people whose word counts. Worked out once a day, of those alone of
//! whom something was reported or blocked since, and of those who have one: so nobody can tell from it when, or by whom,
//! and it costs nothing for all the others.

use super::closing;
use super::rules::{self, Voice};
use super::tables::{CAUTIONED, DAY, DayRow, TOUCHED};
use super::{Room, Safety};
use crate::error::Result;
use crate::features::accounts;
use crate::features::contacts;
use crate::id::AccountId;
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::{self, Time};
use std::time::Duration;

/// How far back reports matter.
const REPORTS_OF: Duration = Duration::from_secs(30 * time::DAY.as_secs());
/// People who block somebody, at most, that are asked.
const BLOCKERS: usize = 100;
/// People looked at in one transaction.
const BATCH: usize = 20;

impl Room {
    /// Gives somebody the word of care, or takes it away.
    fn consider(&self, tx: &mut Tx<'_>, account: AccountId, now: Time) -> Result<()> {
        let mut voices = closing::voices(tx, account, now - REPORTS_OF, |_| true)?;
        for blocker in contacts::blockers(tx, account, BLOCKERS)? {
            voices.extend(self.blocking(tx, blocker, now)?);
        }
        let cautioned = rules::reaches(rules::together(voices), self.config.reports_for_caution);
        let before = tx.get(&CAUTIONED, &account)?.is_some();
        match (before, cautioned) {
            (false, true) => tx.put(&CAUTIONED, &account, &())?,
            (true, false) => tx.delete(&CAUTIONED, &account)?,
            _ => return Ok(()),
        }
        accounts::set_caution(tx, account, cautioned)
    }

    /// What the block by somebody says.
    fn blocking(&self, tx: &mut Tx<'_>, blocker: AccountId, now: Time) -> Result<Option<Voice>> {
        let Some(person) = accounts::person(tx, blocker)? else { return Ok(None) };
        if contacts::is_newcomer(tx, blocker, person.created_at, now, self.on_loopback)? {
            return Ok(None);
        }
        let network = self.network(tx, blocker)?;
        Ok(Some(Voice { account: blocker, network, weight: rules::HALF }))
    }
}

impl Safety {
    /// Works it out, once a day. What a restart interrupts goes on with the next call.
    pub(super) async fn work_out_cautions(&self, now: Time) -> Result<()> {
        let store = &self.foundation.store;
        let today = now.day();
        if store.get(&DAY, &()).await?.is_some_and(|row| row.day >= today) {
            return Ok(());
        }
        loop {
            let moved = self.transact(|_, tx| {
                let blocked = contacts::take_newly_blocked(tx, BATCH)?;
                blocked.iter().try_for_each(|account| tx.put(&TOUCHED, account, &()))?;
                Ok(blocked.len())
            });
            if moved.await? < BATCH {
                break;
            }
        }
        // First who has a word of care: whoever gets one now need not be looked at twice.
        let mut after = None;
        loop {
            let range = after.map_or_else(KeyRange::all, |after| KeyRange::all().after(&after));
            let rows = store.scan(&CAUTIONED, &range, BATCH, Order::Rising).await?;
            let accounts: Vec<AccountId> = rows.into_iter().map(|(account, ())| account).collect();
            let Some(last) = accounts.last().copied() else { break };
            after = Some(last);
            self.transact(move |room, tx| accounts.iter().try_for_each(|a| room.consider(tx, *a, now)))
                .await?;
        }
        loop {
            let considered = self.transact(move |room, tx| {
                let touched = tx.scan(&TOUCHED, &KeyRange::all(), BATCH, Order::Rising)?;
                for (account, ()) in &touched {
                    room.consider(tx, *account, now)?;
                    tx.delete(&TOUCHED, account)?;
                }
                Ok(touched.len())
            });
            if considered.await? < BATCH {
                break;
            }
        }
        store.transact(move |tx| tx.put(&DAY, &(), &DayRow { day: today })).await
    }
}
