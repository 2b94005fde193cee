//! What objects refer to, within their transactions: a reference is made with the object that holds it and goes with
//! it. Content is kept as long as anything refers to it.

use super::blobs::{self, StoredContent};
use super::ids::MediaId;
use super::tables::{
    BLOB, BlobRow, CONTENT, ContentRow, GARBAGE, Holder, Place, REFERENCE, ReferenceRow, name,
};
use super::{quota, rules};
use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::media::{Media, MediaKind};

/// Refers to the caller's own finished upload, under the new name. May be done again as long as the upload is there.
///
/// # Errors
/// `MEDIA_NOT_FOUND`; `MEDIA_KIND_INVALID` where its kind is not among `allowed`.
pub fn refer_upload(
    tx: &mut Tx<'_>,
    me: AccountId,
    upload_media_id: &str,
    allowed: &[MediaKind],
    new: MediaId,
    holder: Holder,
    now: Time,
) -> Result<Media> {
    let row = find(tx, upload_media_id)?;
    let row = row.filter(|row| row.holder() == Holder::Upload(me)).ok_or_else(media_not_found)?;
    let media = row.media.clone().unwrap_or_default();
    if !allowed.contains(&media.kind()) {
        return Err(rules::kind_invalid());
    }
    // Where a file was made is its sender's to know.
    let media = Some(Media { carries_position: false, ..media });
    copy(tx, ReferenceRow { media, made_at_ms: now.as_ms(), ..row }, new, holder)
}

/// Another reference, made by `me`, to what `from` refers to; the caller has checked that they may see it. `None`: it is
/// gone. What is charged to `me` stays so for as long as the copy is held, or nothing would bound what they hold by
/// copying and letting go. Copies of what is others' are charged to nobody.
pub fn refer_again(
    tx: &mut Tx<'_>,
    me: AccountId,
    from: &str,
    new: MediaId,
    holder: Holder,
) -> Result<Option<Media>> {
    let Some(row) = find(tx, from)?.filter(|row| row.holder() != Holder::Evidence) else { return Ok(None) };
    let charge = match name(&row.charge) {
        Ok(upload) if quota::is_charged(tx, upload, me)? => row.charge.clone(),
        _ => Vec::new(),
    };
    let media = row.media.clone().map(|media| Media { carries_position: false, ..media });
    copy(tx, ReferenceRow { media, charge, ..row }, new, holder).map(Some)
}

/// The object that holds a reference is gone. Harmless where the reference is, too.
pub fn release(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    match MediaId::parse(id) {
        Some(id) => release_id(tx, id),
        None => Ok(()),
    }
}

/// From now on nobody may fetch it, and nobody is charged for it; [`release`] it later.
pub fn seal(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    let Some(mut row) = find(tx, id)? else { return Ok(()) };
    if let Ok(upload) = name(&row.charge) {
        quota::relieve(tx, upload)?;
    }
    row.charge.clear();
    row.holder = Some(Holder::Evidence.into());
    tx.put(&REFERENCE, &MediaId::parse(id).ok_or_else(media_not_found)?, &row)
}

/// Keeps what `from` refers to as evidence under the new name, also where it is [sealed](seal): nobody may fetch it, and
/// nobody is charged for it. [`release`] it later. What has more than `max_bytes` is told, and not kept. `None`: it is gone.
pub fn keep(tx: &mut Tx<'_>, from: &str, new: MediaId, max_bytes: u64) -> Result<Option<Kept>> {
    let Some(row) = find(tx, from)? else { return Ok(None) };
    if row.media.as_ref().is_some_and(|media| media.size > max_bytes) {
        return Ok(Some(Kept { media: row.media.unwrap_or_default(), file: String::new() }));
    }
    let place = name(&row.place)?;
    let media = copy(tx, ReferenceRow { charge: Vec::new(), ..row }, new, Holder::Evidence)?;
    Ok(Some(Kept { media, file: blobs::file(place) }))
}

/// What is kept as evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// What it is, under its new name.
    pub media: Media,
    /// The file in the data directory that holds its bytes; empty: they are not kept, and it has no name.
    pub file: String,
}

/// Refers to what the server made and [stored](super::Media::store).
pub fn refer_stored(tx: &mut Tx<'_>, stored: &StoredContent, new: MediaId, holder: Holder) -> Result<Media> {
    let row = ReferenceRow {
        media: Some(Media {
            kind: MediaKind::File.into(),
            content_type: stored.content_type.clone(),
            size: stored.size,
            ..Media::default()
        }),
        place: attach(tx, stored)?.to_vec(),
        holder: Some(holder.into()),
        ..ReferenceRow::default()
    };
    tx.put(&REFERENCE, &new, &row)?;
    Ok(row.told(new))
}

/// The one answer for media that do not exist and for those of others.
pub fn media_not_found() -> Error {
    Error::not_found(
        "MEDIA_NOT_FOUND",
        "There is no such medium here. An upload can be referred to for 24 hours after it was finished.",
    )
}

/// A reference by its text.
fn find(tx: &mut Tx<'_>, id: &str) -> Result<Option<ReferenceRow>> {
    match MediaId::parse(id) {
        Some(id) => tx.get(&REFERENCE, &id),
        None => Ok(None),
    }
}

/// Another reference like `row`.
fn copy(tx: &mut Tx<'_>, row: ReferenceRow, new: MediaId, holder: Holder) -> Result<Media> {
    for place in [&row.place, &row.thumbnail] {
        if let Ok(place) = name(place) {
            let mut blob =
                tx.get(&BLOB, &place)?.ok_or_else(|| Error::internal("content without its row"))?;
            blob.references += 1;
            tx.put(&BLOB, &place, &blob)?;
        }
    }
    if let Ok(upload) = name(&row.charge) {
        quota::prolong(tx, upload)?;
    }
    let row = ReferenceRow { holder: Some(holder.into()), ..row };
    tx.put(&REFERENCE, &new, &row)?;
    Ok(row.told(new))
}

/// One reference more to content that was just stored, or to the same content that was there before: then what was
/// stored is garbage. Gives where it lies.
pub(super) fn attach(tx: &mut Tx<'_>, stored: &StoredContent) -> Result<Place> {
    if let Some(known) = tx.get(&CONTENT, &stored.content)? {
        let place = name(&known.place)?;
        if place != stored.place {
            tx.put(&GARBAGE, &stored.place, &())?;
        }
        let mut blob = tx.get(&BLOB, &place)?.ok_or_else(|| Error::internal("content without its row"))?;
        blob.references += 1;
        tx.put(&BLOB, &place, &blob)?;
        return Ok(place);
    }
    tx.put(&CONTENT, &stored.content, &ContentRow { place: stored.place.to_vec() })?;
    let blob = BlobRow { content: stored.content.to_vec(), size: stored.size, references: 1 };
    tx.put(&BLOB, &stored.place, &blob)?;
    Ok(stored.place)
}

/// One reference less. The last takes the content with it: from this transaction on nothing can refer to that place
/// any more, so its file can go at any time later.
fn detach(tx: &mut Tx<'_>, place: Place) -> Result<()> {
    let Some(mut blob) = tx.get(&BLOB, &place)? else { return Ok(()) };
    if blob.references > 1 {
        blob.references -= 1;
        return tx.put(&BLOB, &place, &blob);
    }
    let content =
        blob.content[..].try_into().map_err(|_| Error::internal("a stored name of unknown form"))?;
    tx.delete(&BLOB, &place)?;
    tx.delete(&CONTENT, &content)?;
    tx.put(&GARBAGE, &place, &())
}

/// As [`release`].
pub(super) fn release_id(tx: &mut Tx<'_>, id: MediaId) -> Result<()> {
    let Some(row) = tx.get(&REFERENCE, &id)? else { return Ok(()) };
    tx.delete(&REFERENCE, &id)?;
    for place in [&row.place, &row.thumbnail] {
        if let Ok(place) = name(place) {
            detach(tx, place)?;
        }
    }
    match name(&row.charge) {
        Ok(upload) => quota::relieve(tx, upload),
        Err(_) => Ok(()),
    }
}
