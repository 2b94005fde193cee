//! What happens without a call: cells that were published 30 days ago, and looks of an hour ago, are deleted.

use super::Gate;
use super::tables::{STATE, StateRow};
use crate::error::Result;
use crate::geo::State;
use crate::id::AccountId;
use crate::store::Order;
use crate::store::key::KeyRange;
use crate::time::{HOUR, Time};
use std::time::Duration;

/// How often reservations in memory are tidied.
const EVERY: Duration = Duration::from_secs(60);
/// Rows read at once.
const BATCH: usize = 200;
/// Pause between two batches: there are as many rows as people, and nobody waits for this.
const PAUSE: Duration = Duration::from_millis(20);

impl Gate {
    /// Work in the background, for as long as the server runs. An error is logged and the next hour tries again.
    pub async fn run(self) {
        let mut swept = self.foundation().clock.now();
        loop {
            tokio::time::sleep(EVERY).await;
            let now = self.foundation().clock.now();
            self.tidy(now);
            if now.since(swept) < HOUR {
                continue;
            }
            swept = now;
            if let Err(error) = self.sweep(now, PAUSE).await {
                tracing::warn!(%error, "cells that expired could not be deleted; trying again later");
            }
        }
    }

    /// Deletes what has expired.
    pub(super) async fn sweep(&self, now: Time, pause: Duration) -> Result<()> {
        let store = &self.foundation().store;
        let mut range = KeyRange::all();
        loop {
            let rows = store.scan(&STATE, &range, BATCH, Order::Rising).await?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            range = KeyRange::all().after(last);
            let due = rows.into_iter().filter(|(_, row)| swept(row, now).as_ref() != Some(row));
            let due: Vec<AccountId> = due.map(|(account, _)| account).collect();
            if !due.is_empty() {
                store
                    .make_room(move |tx| {
                        for account in &due {
                            let Some(row) = tx.get(&STATE, account)? else { continue };
                            match swept(&row, now) {
                                None => tx.delete(&STATE, account)?,
                                Some(kept) if kept != row => tx.put(&STATE, account, &kept)?,
                                Some(_) => {}
                            }
                        }
                        Ok(())
                    })
                    .await?;
            }
            tokio::time::sleep(pause).await;
        }
    }
}

/// What is left of a row; `None` for nothing.
fn swept(row: &StateRow, now: Time) -> Option<StateRow> {
    let state = row.state.as_ref().map(|state| match state.expires_at() {
        Some(at) if at > now => state.clone(),
        _ => state.swept(now),
    });
    let state = state.filter(|state| {
        *state != State::default() && (state.expires_at().is_some() || state.closed_until(now).is_some())
    });
    let looks = row.looks.clone().filter(|looks| !looks.is_over(now));
    let kept = StateRow { state, is_adult: row.is_adult, looks };
    (kept != StateRow::default()).then_some(kept)
}
