//! Stickers: packs that anybody can make and collect, and single ones that a person keeps. It knows what may be sent as a
//! sticker ([`find`]) and nothing of messages; a message refers to the picture anew, so it outlives the pack.

mod api;
mod rules;
mod tables;
#[cfg(test)]
mod tests;

use super::Foundation;
use super::media::{self, Holder, Media, MediaHolders, MediaId};
use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::Time;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::sync::Arc;
use tables::{COLLECTED, CollectedRow, PACK};
use teahouse_proto::stickers::Sticker;

/// Single stickers that a person keeps.
const MAX_COLLECTED: usize = 500;

/// The stickers room.
pub struct Stickers {
    foundation: Foundation,
    media: Arc<Media>,
}

impl Stickers {
    /// The room.
    pub fn new(foundation: Foundation, media: Arc<Media>) -> Arc<Self> {
        Arc::new(Self { foundation, media })
    }
}

/// A sticker that `me` may send: one of a pack whose id they know, or, with an empty `pack_id`, one that they collected.
/// `None`: there is none.
pub fn find(tx: &mut Tx<'_>, me: AccountId, pack_id: &str, media_id: &str) -> Result<Option<Sticker>> {
    if pack_id.is_empty() {
        let Some(id) = MediaId::parse(media_id) else { return Ok(None) };
        return Ok(tx.get(&COLLECTED, &(me, id))?.and_then(|row| row.sticker));
    }
    let Ok(id) = rules::pack_id(pack_id) else { return Ok(None) };
    let Some(pack) = tx.get(&PACK, &id)? else { return Ok(None) };
    Ok(pack.stickers.into_iter().find(|s| s.media.as_ref().is_some_and(|m| m.media_id == media_id)))
}

/// Keeps the picture of a sticker that `me` was shown, which the caller has checked, as a single sticker of theirs.
/// `None`: it is gone.
///
/// # Errors
/// `TOO_MANY_STICKERS`.
pub fn collect(
    tx: &mut Tx<'_>,
    me: AccountId,
    shown: &str,
    emoji: &str,
    new: MediaId,
    now: Time,
) -> Result<Option<Sticker>> {
    check_room(tx, me)?;
    let Some(media) = media::refer_again(tx, me, shown, new, Holder::Collected(me))? else { return Ok(None) };
    keep(tx, me, new, Sticker { media: Some(media), emoji: emoji.to_owned() }, now).map(Some)
}

/// There is room for one more single sticker.
fn check_room(tx: &mut Tx<'_>, me: AccountId) -> Result<()> {
    let have = tx.scan(&COLLECTED, &KeyRange::prefix(&(me,)), MAX_COLLECTED, Order::Rising)?;
    if have.len() < MAX_COLLECTED {
        return Ok(());
    }
    Err(Error::precondition("TOO_MANY_STICKERS", "You keep 500 stickers. Let one go first, or make a pack."))
}

fn keep(tx: &mut Tx<'_>, me: AccountId, id: MediaId, sticker: Sticker, now: Time) -> Result<Sticker> {
    let row = CollectedRow { sticker: Some(sticker.clone()), since_ms: now.as_ms() };
    tx.put(&COLLECTED, &(me, id), &row)?;
    api::tell(tx, me, now)?;
    Ok(sticker)
}

impl MediaHolders for Stickers {
    fn may_see<'a>(&'a self, viewer: AccountId, holder: Holder) -> BoxFuture<'a, Result<bool>> {
        async move {
            match holder {
                // Whoever knows the id of a sticker in a pack was shown the pack.
                Holder::Pack(id) => Ok(self.foundation.store.get(&PACK, &id).await?.is_some()),
                Holder::Collected(account) => Ok(account == viewer),
                _ => Ok(false),
            }
        }
        .boxed()
    }
}
