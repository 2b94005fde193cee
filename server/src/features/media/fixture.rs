//! Finished uploads for the tests of later rooms, without their bytes.

use super::MediaId;
use super::blobs::StoredContent;
use super::references::attach;
use super::tables::{Holder, REFERENCE, ReferenceRow};
use crate::error::Result;
use crate::id::AccountId;
use crate::store::Tx;
use teahouse_proto::media::{Media, MediaKind};

/// A medium of this kind that `account` has just uploaded: 640 × 480, 1000 bytes, and of voice and video 5 s long. The
/// name is made of `number`.
pub(crate) fn uploaded(tx: &mut Tx<'_>, account: AccountId, kind: MediaKind, number: u8) -> Result<MediaId> {
    let stored = StoredContent {
        place: [number; 16],
        content: [number; 32],
        size: 1000,
        content_type: "application/octet-stream".to_owned(),
    };
    let is_long = matches!(kind, MediaKind::Voice | MediaKind::Video);
    let media = Media {
        kind: kind.into(),
        content_type: stored.content_type.clone(),
        size: stored.size,
        width: 640,
        height: 480,
        duration_ms: if is_long { 5000 } else { 0 },
        file_name: if kind == MediaKind::File { "tea.pdf".to_owned() } else { String::new() },
        ..Media::default()
    };
    let row = ReferenceRow {
        media: Some(media),
        place: attach(tx, &stored)?.to_vec(),
        holder: Some(Holder::Upload(account).into()),
        ..ReferenceRow::default()
    };
    let id = MediaId([number; 16]);
    tx.put(&REFERENCE, &id, &row)?;
    Ok(id)
}

/// Who holds a reference; `None` where it is gone.
pub(crate) fn holder(tx: &mut Tx<'_>, id: &str) -> Result<Option<Holder>> {
    let Some(id) = MediaId::parse(id) else { return Ok(None) };
    Ok(tx.get(&REFERENCE, &id)?.map(|row| row.holder()))
}
