//! What happens without a call: requests expire, those that wait are shown when a day has places again, and friends hear
//! of new names.

use super::Contacts;
use super::copies;
use super::tables::{BACKLOG, EXPIRY};
use crate::error::Result;
use crate::id::RequestId;
use crate::store::Order;
use crate::store::key::KeyRange;
use crate::time::Time;
use std::sync::Arc;
use std::time::Duration;

/// How often to look.
const EVERY: Duration = Duration::from_secs(60);
/// Rows handled in one transaction.
const BATCH: usize = 50;

impl Contacts {
    /// Looks once a minute, for as long as the server runs. An error is logged and the next look tries again.
    pub async fn run(self: Arc<Self>) {
        if let Err(error) = super::apart::catch_up(&self.foundation.store).await {
            tracing::warn!(%error, "old blocks could not be looked through");
        }
        loop {
            tokio::time::sleep(EVERY).await;
            if let Err(error) = self.sweep(self.foundation.clock.now()).await {
                tracing::warn!(%error, "requests could not be swept");
            }
        }
    }

    /// Expires, tells and shows what is due.
    pub async fn sweep(&self, now: Time) -> Result<()> {
        self.expire_due(now).await?;
        super::apart::drop_due(&self.foundation.store, now).await?;
        self.tell_new_faces(now).await?;
        self.show_backlog(now).await
    }

    async fn expire_due(&self, now: Time) -> Result<()> {
        let end = (now.as_ms().max(0).cast_unsigned() + 1, RequestId(0));
        loop {
            let expired = self
                .foundation
                .store
                .transact(move |tx| {
                    let due = tx.scan(&EXPIRY, &KeyRange::all().before(&end), BATCH, Order::Rising)?;
                    for (key, pair) in &due {
                        copies::expire(tx, pair, key.1, now)?;
                        tx.delete(&EXPIRY, key)?;
                    }
                    Ok(due.len())
                })
                .await?;
            if expired < BATCH {
                return Ok(());
            }
        }
    }

    async fn show_backlog(&self, now: Time) -> Result<()> {
        let store = &self.foundation.store;
        let mut range = KeyRange::all();
        loop {
            let receivers = store.scan(&BACKLOG, &range, BATCH, Order::Rising).await?;
            let Some((last, ())) = receivers.last() else { return Ok(()) };
            range = KeyRange::all().after(last);
            for (receiver, ()) in receivers {
                let mut more = true;
                while more {
                    let room = self.room.clone();
                    more = store.transact(move |tx| room.show_waiting(tx, receiver, now)).await?;
                }
            }
        }
    }
}
