//! What recalled and edited messages said, kept for some days in case they are reported. Nobody can read it but the
//! author, for minutes, what they recalled; then it is removed.

use super::super::Chat;
use super::super::tables::{Content, SEALED, SEALED_UNTIL, Sealed};
use super::Target;
use crate::error::Result;
use crate::features::media;
use crate::id::ConversationId;
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::Time;
use std::time::Duration;

/// How often to look for what is old enough.
const EVERY: Duration = Duration::from_secs(10 * 60);
/// Messages removed in one transaction: one alone can hold a thousand media.
const BATCH: usize = 1;

/// Keeps a message as it is before its author edits it, for `keep`. Of many edits the original and the latest stay.
pub(super) fn edited(tx: &mut Tx<'_>, target: &Target, now: Time, keep: Duration) -> Result<()> {
    let mut sealed = open(tx, target)?;
    // Unless it is sealed for the first time just now.
    if sealed.original.as_ref() != Some(&target.entry) {
        sealed.add_edit(&target.entry);
    }
    close(tx, target, sealed, now, keep)
}

/// Keeps a message as it is before it is recalled, and as it was before it was edited, if it was.
pub(super) fn recalled(tx: &mut Tx<'_>, target: &Target, now: Time, keep: Duration) -> Result<()> {
    let mut sealed = open(tx, target)?;
    sealed.recalled_at_ms = now.as_ms();
    if target.entry.edited_at_ms > 0 {
        sealed.recalled = Some(target.entry.clone());
    }
    close(tx, target, sealed, now, keep)
}

fn open(tx: &mut Tx<'_>, target: &Target) -> Result<Sealed> {
    let Some(sealed) = tx.get(&SEALED, &(target.id, target.seq))? else {
        return Ok(Sealed { original: Some(target.entry.clone()), ..Sealed::default() });
    };
    tx.delete(&SEALED_UNTIL, &(sealed.until_ms, target.id, target.seq))?;
    Ok(sealed)
}

fn close(tx: &mut Tx<'_>, target: &Target, mut sealed: Sealed, now: Time, keep: Duration) -> Result<()> {
    sealed.until_ms = unix_ms(now + keep);
    tx.put(&SEALED_UNTIL, &(sealed.until_ms, target.id, target.seq), &())?;
    tx.put(&SEALED, &(target.id, target.seq), &sealed)
}

/// Removes what is sealed of an entry, with its media.
fn remove(tx: &mut Tx<'_>, id: ConversationId, seq: u64) -> Result<()> {
    let Some(sealed) = tx.get(&SEALED, &(id, seq))? else { return Ok(()) };
    // Only what was recalled has sealed media: only texts are edited.
    let content = sealed.into_recalled().and_then(|entry| entry.content);
    for media_id in content.iter().flat_map(Content::media_ids) {
        media::release(tx, media_id)?;
    }
    tx.delete(&SEALED, &(id, seq))
}

fn unix_ms(at: Time) -> u64 {
    at.as_ms().max(0).cast_unsigned()
}

impl Chat {
    /// Removes originals that are old enough, for as long as the server runs.
    pub(in super::super) async fn sweep_originals_when_due(&self) {
        loop {
            tokio::time::sleep(EVERY).await;
            if let Err(error) = self.sweep_originals(self.foundation.clock.now()).await {
                tracing::warn!(%error, "sealed originals could not be removed; trying again later");
            }
        }
    }

    pub(in super::super) async fn sweep_originals(&self, now: Time) -> Result<()> {
        let end = (unix_ms(now), ConversationId(0), 0);
        loop {
            let sweep = self.foundation.store.make_room(move |tx| {
                let due = tx.scan(&SEALED_UNTIL, &KeyRange::all().before(&end), BATCH, Order::Rising)?;
                for (key, ()) in &due {
                    remove(tx, key.1, key.2)?;
                    tx.delete(&SEALED_UNTIL, key)?;
                }
                Ok(due.len())
            });
            if sweep.await? < BATCH {
                return Ok(());
            }
        }
    }
}
