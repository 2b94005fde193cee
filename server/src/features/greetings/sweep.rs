//! What happens without a call: greetings expire, and those that wait are shown when a day has places again.

use super::Greetings;
use super::room::Room;
use super::rows;
use super::tables::{BACKLOG, EXPIRY, PAIR};
use crate::error::Result;
use crate::id::AccountId;
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::Time;
use std::sync::Arc;
use std::time::Duration;

/// How often to look.
const EVERY: Duration = Duration::from_secs(60);
/// Rows handled in one transaction.
const BATCH: usize = 50;

impl Greetings {
    /// Looks once a minute, for as long as the server runs. An error is logged and the next look tries again.
    pub async fn run(self: Arc<Self>) {
        loop {
            tokio::time::sleep(EVERY).await;
            if let Err(error) = self.sweep(self.foundation.clock.now()).await {
                tracing::warn!(%error, "greetings could not be swept");
            }
        }
    }

    /// Expires and shows what is due.
    pub(super) async fn sweep(&self, now: Time) -> Result<()> {
        self.expire_due(now).await?;
        self.show_backlog(now).await
    }

    async fn expire_due(&self, now: Time) -> Result<()> {
        let end = (now.as_ms().max(0).cast_unsigned() + 1, AccountId(0), AccountId(0));
        loop {
            let expired = self
                .transact(move |room, tx| {
                    let due = tx.scan(&EXPIRY, &KeyRange::all().before(&end), BATCH, Order::Rising)?;
                    for (key, ()) in &due {
                        tx.delete(&EXPIRY, key)?;
                        room.expire(tx, key.1, key.2, now)?;
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
                while self.transact(move |room, tx| room.show_waiting(tx, receiver, now)).await? {}
            }
        }
    }
}

impl Room {
    /// Removes what of a pair is over, and has the rest looked at later.
    fn expire(&self, tx: &mut Tx<'_>, sender: AccountId, receiver: AccountId, now: Time) -> Result<()> {
        if tx.get(&PAIR, &(sender, receiver))?.is_none() {
            return Ok(());
        }
        let chat = self.temporary.living(tx, sender, receiver, now)?;
        let mut pair = rows::pair(tx, sender, receiver, self.config.counts_for(), now)?;
        let row = match pair.greeting() {
            Some(id) => rows::greeting(tx, receiver, id)?,
            None => None,
        };
        match row {
            Some(row) if row.is_fresh(now) => {
                // Something is due at that time already.
                return tx.put(&PAIR, &(sender, receiver), &pair);
            }
            Some(row) if row.chat().is_some() && row.chat() == chat => {}
            Some(_) => {
                rows::drop_greeting(tx, sender, receiver, now)?;
                pair.greeting = 0;
            }
            None => pair.greeting = 0,
        }
        if pair.unanswered_ms.is_empty() && chat.is_none() {
            return tx.delete(&PAIR, &(sender, receiver));
        }
        tx.put(&PAIR, &(sender, receiver), &pair)?;
        rows::look_at(tx, sender, receiver, self.config.expires(now))
    }
}
