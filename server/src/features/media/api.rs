//! The methods of `MediaService`.

use super::Media;
use super::quota;
use super::rules::too_large;
use super::tables::USED;
use super::uploads::upload_not_found;
use crate::call::Cx;
use crate::error::{Error, Result};
use crate::features::ledger::once::Creation;
use bytes::Bytes;
use std::sync::Arc;
use teahouse_proto::media::{
    CancelUploadRequest, CancelUploadResponse, CreateUploadRequest, CreateUploadResponse,
    FinishUploadRequest, FinishUploadResponse, GetQuotaRequest, GetQuotaResponse, GetUploadRequest,
    GetUploadResponse, PutChunkRequest, PutChunkResponse,
};
use teahouse_proto::{MEDIA_CREATE_UPLOAD, MediaApi};

/// The longest chunk.
const CHUNK_MAX: usize = 256 * 1024;

/// The room as the method table calls it: finishing an upload outlives the call, so it needs the room shared.
pub(super) struct Service(pub(super) Arc<Media>);

impl MediaApi<Cx, Error> for Service {
    async fn create_upload(&self, cx: &Cx, request: CreateUploadRequest) -> Result<CreateUploadResponse> {
        let (room, account) = (&self.0, cx.account()?);
        let creation =
            Creation::new(account, &request.client_message_id, MEDIA_CREATE_UPLOAD.path, &request)?;
        let begun = room.begin(account, creation, request, cx.now).await?;
        // A repeat tells how far it is by now; one that is over stays as it was begun.
        let upload = match room.own(account, &begun.upload_id).await {
            Ok((id, row)) => room.told(id, &row).await?,
            Err(gone) if gone.reason() == upload_not_found().reason() => begun,
            Err(error) => return Err(error),
        };
        Ok(CreateUploadResponse { upload: Some(upload) })
    }

    async fn put_chunk(&self, cx: &Cx, request: PutChunkRequest) -> Result<PutChunkResponse> {
        if request.data.len() > CHUNK_MAX {
            return Err(Error::invalid("CHUNK_TOO_LARGE", "A chunk has at most 256 KiB. Send more of them."));
        }
        let room = &self.0;
        let (id, row) = room.own(cx.account()?, &request.upload_id).await?;
        let end = request.offset.saturating_add(request.data.len() as u64);
        if end > row.size {
            return Err(too_large(row.size));
        }
        if !row.media.is_empty() {
            return Ok(PutChunkResponse { offset: row.size });
        }
        let Some(mut filling) = room.go_on(cx.account()?, id).await? else {
            return Ok(PutChunkResponse { offset: row.size });
        };
        let data = fresh(filling.offset, request.offset, request.data)?;
        if !data.is_empty() {
            room.staging.check_room(data.len() as u64)?;
            metrics::counter!("teahouse_media_received_bytes_total").increment(data.len() as u64);
            filling.append(data).await?;
        }
        let offset = filling.offset;
        drop(filling);
        room.touch(id, &row, cx.now).await?;
        Ok(PutChunkResponse { offset })
    }

    async fn get_upload(&self, cx: &Cx, request: GetUploadRequest) -> Result<GetUploadResponse> {
        let (id, row) = self.0.own(cx.account()?, &request.upload_id).await?;
        Ok(GetUploadResponse { upload: Some(self.0.told(id, &row).await?) })
    }

    async fn finish_upload(&self, cx: &Cx, request: FinishUploadRequest) -> Result<FinishUploadResponse> {
        let media = self.0.finish(cx.account()?, &request.upload_id, cx.now).await?;
        Ok(FinishUploadResponse { media: Some(media) })
    }

    async fn cancel_upload(&self, cx: &Cx, request: CancelUploadRequest) -> Result<CancelUploadResponse> {
        self.0.cancel(cx.account()?, &request.upload_id).await?;
        Ok(CancelUploadResponse {})
    }

    async fn get_quota(&self, cx: &Cx, _: GetQuotaRequest) -> Result<GetQuotaResponse> {
        let used = self.0.foundation.store.get(&USED, &cx.account()?).await?;
        Ok(quota::told(used, self.0.limits, cx.now))
    }
}

/// What of `data`, which begins at `offset`, the server does not have yet. Errors: `UPLOAD_OFFSET`.
pub(super) fn fresh(have: u64, offset: u64, mut data: Bytes) -> Result<Bytes> {
    let Some(known) = have.checked_sub(offset) else {
        return Err(Error::precondition(
            "UPLOAD_OFFSET",
            format!("The server has {have} bytes of this upload. Go on from there."),
        ));
    };
    let known = usize::try_from(known).unwrap_or(usize::MAX).min(data.len());
    Ok(data.split_off(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_is_written() {
        let fresh = |have, offset| fresh(have, offset, Bytes::from_static(b"abcd")).map_err(|e| e.reason());
        assert_eq!(fresh(0, 0).unwrap(), "abcd");
        assert_eq!(fresh(7, 5).unwrap(), "cd");
        assert_eq!(fresh(9, 5).unwrap(), "");
        assert_eq!(fresh(100, 5).unwrap(), "");
        assert_eq!(fresh(4, 5), Err("UPLOAD_OFFSET"));
    }
}
