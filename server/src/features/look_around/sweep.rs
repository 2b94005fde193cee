//! What happens without a call: whose time is over vanishes from memory within seconds, and from the store within minutes.

use super::LookAround;
use super::tables::{self, VISIBLE};
use crate::error::Result;
use crate::features::accounts::sanctions;
use crate::id::AccountId;
use crate::restrictions::Area;
use crate::time::Time;
use std::sync::Arc;
use std::time::Duration;

/// How often to look whose time is over.
const EVERY: Duration = Duration::from_secs(5);
/// Pause after the store failed.
const RETRY: Duration = Duration::from_secs(1);
/// Rows deleted in one transaction.
const BATCH: usize = 200;

impl LookAround {
    /// Work in the background, for as long as the server runs. Nobody looks before it has begun.
    pub async fn run(self: Arc<Self>) {
        loop {
            let now = self.foundation.clock.now();
            match self.load(now).await {
                Ok(()) => {
                    tokio::select! {
                        () = self.sweep_every(EVERY) => {}
                        () = self.seen.lost() => {}
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "who can be found nearby could not be read; trying again");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    async fn sweep_every(&self, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            if let Err(error) = self.sweep(self.foundation.clock.now()).await {
                tracing::warn!(%error, "people whose time is over could not be deleted; trying again at the next start");
            }
        }
    }

    /// Reads who can be found.
    pub(super) async fn load(&self, now: Time) -> Result<()> {
        self.seen.load(&self.foundation.store, now).await
    }

    /// Deletes whose time is over.
    pub(super) async fn sweep(&self, now: Time) -> Result<()> {
        drop(self.seen.at(now));
        for over in self.seen.take_over().chunks(BATCH) {
            let over: Vec<AccountId> = over.to_vec();
            self.foundation
                .store
                .make_room(move |tx| {
                    for account in &over {
                        let Some(row) = tx.get(&VISIBLE, account)? else { continue };
                        let restrictions = sanctions::restrictions(tx, *account)?;
                        // They may have looked again since.
                        if row.until() <= now || restrictions.closed_until(Area::LookAround, now).is_some() {
                            tables::show(tx, *account, None)?;
                        }
                    }
                    Ok(())
                })
                .await?;
        }
        Ok(())
    }
}
