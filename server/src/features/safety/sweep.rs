//! What happens without a call: texts that were held become reports, reports close what they are enough for, words of
//! care are worked out, and what is old goes.

use super::Safety;
use super::reporting;
use super::tables::{ABOUT, EVIDENCE, OPEN, OWN, REPORT, ReportRow, WRONG};
use crate::error::Result;
use crate::features::ledger::adverts;
use crate::features::media;
use crate::id::AccountId;
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::{DAY, Time};
use std::sync::Arc;
use std::time::Duration;

/// How often to look.
const EVERY: Duration = Duration::from_secs(60);
/// Rows handled in one transaction.
const BATCH: usize = 20;

impl Safety {
    /// Looks once a minute, for as long as the server runs. An error is logged and the next look tries again.
    pub async fn run(self: Arc<Self>) {
        loop {
            tokio::time::sleep(EVERY).await;
            if let Err(error) = self.sweep(self.foundation.clock.now()).await {
                tracing::warn!(%error, "reports could not be looked through; trying again later");
            }
        }
    }

    /// Does what is due.
    pub(super) async fn sweep(&self, now: Time) -> Result<()> {
        self.report_adverts().await?;
        self.close_due(now).await?;
        self.work_out_cautions(now).await?;
        self.drop_old(now).await
    }

    async fn report_adverts(&self) -> Result<()> {
        loop {
            let ids: Vec<u64> = (0..BATCH).map(|_| self.foundation.ids.next()).collect();
            let made = self.transact(move |_, tx| {
                let held = adverts::take_held(tx, BATCH)?;
                let made = held.len();
                for (id, held) in ids.iter().zip(held) {
                    reporting::by_server(tx, *id, held.sender, held.text, held.at)?;
                }
                Ok(made)
            });
            if made.await? < BATCH {
                return Ok(());
            }
        }
    }

    async fn drop_old(&self, now: Time) -> Result<()> {
        let edge = now - DAY * self.room.config.keep_days;
        loop {
            let dropped = self.foundation.store.make_room(move |tx| {
                let oldest = tx.scan(&REPORT, &KeyRange::all(), BATCH, Order::Rising)?;
                let old = oldest.into_iter().take_while(|(_, row)| row.at_ms <= edge.as_ms());
                let old: Vec<(u64, ReportRow)> = old.collect();
                old.iter().try_for_each(|(id, row)| remove(tx, *id, row))?;
                Ok(old.len())
            });
            if dropped.await? < BATCH {
                return Ok(());
            }
        }
    }
}

/// Removes all of a report, with the media that it keeps.
fn remove(tx: &mut Tx<'_>, id: u64, row: &ReportRow) -> Result<()> {
    if let Some(evidence) = tx.get(&EVIDENCE, &id)? {
        for kept in evidence.media.iter().filter(|kept| !kept.file.is_empty()) {
            media::release(tx, kept.media.as_ref().map_or("", |media| &media.media_id))?;
        }
        tx.delete(&EVIDENCE, &id)?;
    }
    tx.delete(&OWN, &(AccountId(row.reporter), id))?;
    tx.delete(&WRONG, &(AccountId(row.reporter), id))?;
    tx.delete(&ABOUT, &(AccountId(row.reported), id))?;
    tx.delete(&OPEN, &id)?;
    tx.delete(&REPORT, &id)
}
