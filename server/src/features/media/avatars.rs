//! Pictures of people and groups: fetched by anybody who knows their name, which is random, told with the person's card, and new
//! with each picture.

use super::Media;
use super::blobs::StoredContent;
use super::ids::{self, MediaId};
use super::references::{refer_stored, refer_upload, release_id};
use super::tables::{Holder, PUBLIC, PublicRow, REFERENCE, ReferenceRow, name};
use crate::error::Result;
use crate::features::accounts::AvatarHooks;
use crate::id::AccountId;
use crate::random::Random;
use crate::store::Tx;
use crate::time::Time;
use bytes::Bytes;
use teahouse_proto::media::MediaKind;

/// What stands before a name in a path.
const PUBLIC_PATH: &str = "/v1/public/";

/// The room's part in changes of profiles.
pub struct Avatars {
    random: Random,
}

impl Avatars {
    /// Needs nothing but chance, for names.
    pub fn new(random: Random) -> Self {
        Self { random }
    }
}

impl AvatarHooks for Avatars {
    fn replace(
        &self,
        tx: &mut Tx<'_>,
        account: AccountId,
        old: &str,
        media_id: &str,
        now: Time,
    ) -> Result<String> {
        let mut path = String::new();
        if !media_id.is_empty() {
            let (public, media) = (self.random.bytes(), MediaId(self.random.bytes()));
            let allowed = [MediaKind::Avatar];
            refer_upload(tx, account, media_id, &allowed, media, Holder::Avatar(account), now)?;
            tx.put(&PUBLIC, &public, &PublicRow { media: media.0.to_vec() })?;
            path = format!("{PUBLIC_PATH}{}", ids::text(public));
        }
        drop_public(tx, old)?;
        Ok(path)
    }
}

impl Avatars {
    /// As [`AvatarHooks::replace`], with a picture that the server made and [stored](Media::store): of nobody, and
    /// charged to nobody.
    pub fn replace_by_made(&self, tx: &mut Tx<'_>, old: &str, made: &StoredContent) -> Result<String> {
        let (public, media) = (self.random.bytes(), MediaId(self.random.bytes()));
        refer_stored(tx, made, media, Holder::Avatar(AccountId(0)))?;
        if let Some(mut row) = tx.get(&REFERENCE, &media)? {
            // Shown, not saved.
            row.media.get_or_insert_default().set_kind(MediaKind::Avatar);
            tx.put(&REFERENCE, &media, &row)?;
        }
        tx.put(&PUBLIC, &public, &PublicRow { media: media.0.to_vec() })?;
        drop_public(tx, old)?;
        Ok(format!("{PUBLIC_PATH}{}", ids::text(public)))
    }
}

/// What lay under a path is gone.
fn drop_public(tx: &mut Tx<'_>, path: &str) -> Result<()> {
    if let Some(public) = path.strip_prefix(PUBLIC_PATH).and_then(ids::parse)
        && let Some(row) = tx.get(&PUBLIC, &public)?
    {
        tx.delete(&PUBLIC, &public)?;
        release_id(tx, MediaId(name(&row.media)?))?;
    }
    Ok(())
}

impl Media {
    /// The picture under a path that a card names, whole. Asks nobody's permission. `None`: there is none (any more).
    ///
    /// # Errors
    /// As [`Media::read`].
    pub async fn read_public(&self, path: &str) -> Result<Option<Bytes>> {
        let Some(id) = path.strip_prefix(PUBLIC_PATH).and_then(ids::parse) else { return Ok(None) };
        let Some(row) = self.foundation.store.get(&PUBLIC, &id).await? else { return Ok(None) };
        self.read(&ids::text(name(&row.media)?)).await
    }

    /// What anybody may fetch under this name.
    pub(super) async fn public(&self, id: &str) -> Result<Option<ReferenceRow>> {
        let Some(id) = ids::parse(id) else { return Ok(None) };
        let Some(row) = self.foundation.store.get(&PUBLIC, &id).await? else { return Ok(None) };
        self.foundation.store.get(&REFERENCE, &MediaId(name(&row.media)?)).await
    }
}
