//! What goes by itself: uploads that are over, content that nothing refers to any more, and what a crash left. In
//! small steps, so that nobody waits for it.

use super::Media;
use super::tables::{BLOB, EXPIRY, GARBAGE, UPLOAD, UploadId};
use super::uploads::{self, OfTheDay};
use crate::error::Result;
use crate::store::Order;
use crate::store::key::KeyRange;
use crate::time::Time;
use std::sync::Arc;
use std::time::Duration;

/// How often to look.
const EVERY: Duration = Duration::from_secs(60);
/// After how many looks files of uploads are compared with what is known of them.
const COMPARE_EVERY: u32 = 60;
/// Rows handled in one transaction.
const BATCH: usize = 50;

impl Media {
    /// Looks for what a crash left, then once a minute for what is over and once an hour for files of no upload, for as
    /// long as the server runs. An error is logged and the next look tries again.
    pub async fn run(self: Arc<Self>) {
        if let Err(error) = self.collect_leftovers().await {
            tracing::warn!(%error, "what a crash left of uploads could not be removed; the next start tries again");
        }
        for look in (0..COMPARE_EVERY).cycle() {
            if look == 0
                && let Err(error) = self.collect_unknown().await
            {
                tracing::warn!(%error, "files of no upload could not be removed; trying again in an hour");
            }
            if let Err(error) = self.collect(self.foundation.clock.now()).await {
                tracing::warn!(%error, "old uploads could not be collected; trying again in a minute");
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Removes what is over.
    pub async fn collect(&self, now: Time) -> Result<()> {
        self.collect_uploads(now).await?;
        self.collect_garbage().await
    }

    async fn collect_uploads(&self, now: Time) -> Result<()> {
        let end = (now.as_ms().max(0).cast_unsigned(), [0; 16]);
        let mut range = KeyRange::all().before(&end);
        loop {
            let due = self.foundation.store.scan(&EXPIRY, &range, BATCH, Order::Rising).await?;
            let Some((last, ())) = due.last() else { return Ok(()) };
            range = KeyRange::all().after(last).before(&end);
            for ((_, id), ()) in due {
                // Whoever has its turn puts its end off, or finishes it.
                let Ok(turn) = self.staging.turn(id) else { continue };
                if self.foundation.store.make_room(move |tx| drop_if_over(tx, id, now)).await? {
                    self.staging.remove(turn).await;
                }
            }
        }
    }

    async fn collect_garbage(&self) -> Result<()> {
        loop {
            let garbage =
                self.foundation.store.scan(&GARBAGE, &KeyRange::all(), BATCH, Order::Rising).await?;
            for (place, ()) in &garbage {
                self.blobs.delete(*place).await?;
            }
            let full = garbage.len() == BATCH;
            if !garbage.is_empty() {
                self.foundation
                    .store
                    .make_room(move |tx| {
                        garbage.iter().try_for_each(|(place, ())| tx.delete(&GARBAGE, place))
                    })
                    .await?;
            }
            if !full {
                return Ok(());
            }
        }
    }

    /// Removes files of which no row knows an upload, and what is left of uploads that are finished.
    pub(super) async fn collect_unknown(&self) -> Result<()> {
        for id in self.staging.list().await? {
            let row = self.foundation.store.get(&UPLOAD, &id).await?;
            // No row comes back, and nothing makes a finished upload grow again.
            if row.is_none_or(|row| !row.media.is_empty())
                && let Ok(turn) = self.staging.turn(id)
            {
                self.staging.remove(turn).await;
            }
        }
        Ok(())
    }

    /// Removes content that earlier runs stored and no row knows.
    pub(super) async fn collect_leftovers(&self) -> Result<()> {
        for shard in 0..=u8::MAX {
            for place in self.blobs.earlier(shard).await? {
                if self.foundation.store.get(&BLOB, &place).await?.is_none() {
                    self.blobs.delete(place).await?;
                }
            }
        }
        Ok(())
    }
}

fn drop_if_over(tx: &mut crate::store::Tx<'_>, id: UploadId, now: Time) -> Result<bool> {
    let over = tx.get(&UPLOAD, &id)?.is_none_or(|row| Time(row.expires_at_ms) < now);
    if over {
        uploads::drop_rows(tx, id, OfTheDay::Back)?;
    }
    Ok(over)
}
