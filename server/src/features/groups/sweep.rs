//! What happens without a call: invitations and requests to join expire, and who was named is forgotten.

use super::asks::Ask;
use super::tables::EXPIRY;
use super::{Groups, asks, invitations, requests};
use crate::error::Result;
use crate::id::{AccountId, ConversationId, InvitationId, JoinRequestId};
use crate::store::Order;
use crate::store::key::KeyRange;
use crate::time::Time;
use std::sync::Arc;
use std::time::Duration;

/// How often to look.
const EVERY: Duration = Duration::from_secs(60);
/// Rows handled in one transaction.
const BATCH: usize = 50;

impl Groups {
    /// Work in the background, for as long as the server runs. An error is logged and the next look tries again.
    pub async fn run(self: Arc<Self>) {
        futures::join!(self.clone().sweep_when_due(), self.paint_when_due());
    }

    async fn sweep_when_due(self: Arc<Self>) {
        loop {
            tokio::time::sleep(EVERY).await;
            if let Err(error) = self.sweep(self.foundation.clock.now()).await {
                tracing::warn!(%error, "invitations to groups could not be swept");
            }
        }
    }

    /// Expires what is due.
    pub(super) async fn sweep(&self, now: Time) -> Result<()> {
        let end = (now.as_ms().max(0).cast_unsigned() + 1, 0);
        loop {
            let expired = self
                .transact(move |room, tx| {
                    let due = tx.scan(&EXPIRY, &KeyRange::all().before(&end), BATCH, Order::Rising)?;
                    for (key, row) in &due {
                        let id = ConversationId(row.conversation);
                        let (invited, inviter) = (AccountId(row.invited), AccountId(row.inviter));
                        match (invited, inviter) {
                            (AccountId(0), _) => requests::expire(room, tx, id, JoinRequestId(key.1), now)?,
                            (_, AccountId(0)) => {
                                invitations::expire(tx, id, invited, InvitationId(key.1), now)?;
                            }
                            _ => asks::expire(tx, Ask { group: id, invited, inviter }, now)?,
                        }
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
}
