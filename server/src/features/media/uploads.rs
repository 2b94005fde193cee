//! The life of an upload: begun, filled, finished or given up. Rows say what it is, its file how far it is; a crash at
//! any moment leaves either an upload to go on with or one that is finished.

use super::examining::Finished;
use super::staging::{Filling, Turn};
use super::tables::{EXPIRY, Holder, REFERENCE, ReferenceRow, UNFINISHED, UPLOAD, UploadId, UploadRow, name};
use super::{Media, MediaId, ids, quota, references, rules};
use crate::error::{Error, Kind, Result};
use crate::features::ledger::once::Creation;
use crate::id::AccountId;
use crate::store::key::KeyRange;
use crate::store::{self, Order, Tx};
use crate::time::{DAY, HOUR, Time};
use std::sync::Arc;
use std::time::Duration;
use teahouse_proto::media::{self, CreateUploadRequest, CreateUploadResponse, Upload};

/// How long an upload is kept after its last byte, and a finished one until it is referred to.
const KEPT: Duration = DAY;
/// How exactly the last byte is remembered: longer, by this, is an upload kept.
const TOUCH_EVERY: Duration = HOUR;
/// When a caller whom the workers cannot take may try again.
const OVERLOADED_RETRY: Duration = Duration::from_secs(5);
/// When a caller may try again whose other uploads are looked at.
const EXAMINED_RETRY: Duration = Duration::from_secs(1);

impl Media {
    /// An upload of this account. Errors: `UPLOAD_NOT_FOUND`.
    pub(super) async fn own(&self, account: AccountId, id: &str) -> Result<(UploadId, UploadRow)> {
        let id = ids::parse(id).ok_or_else(upload_not_found)?;
        let row = self.foundation.store.get(&UPLOAD, &id).await?;
        row.filter(|row| row.account == account.0).map(|row| (id, row)).ok_or_else(upload_not_found)
    }

    /// An upload as answers tell it.
    pub(super) async fn told(&self, id: UploadId, row: &UploadRow) -> Result<Upload> {
        let media = match name(&row.media).ok().map(MediaId) {
            Some(media) => self.foundation.store.get(&REFERENCE, &media).await?.map(|r| r.told(media)),
            None => None,
        };
        let offset = if media.is_some() { row.size } else { self.staging.offset(id).await? };
        Ok(Upload { offset: offset.min(row.size), media, ..begun(id, row) })
    }

    /// Begins an upload. Gives it as it was begun, which may be a while ago.
    pub(super) async fn begin(
        &self,
        account: AccountId,
        creation: Creation,
        request: CreateUploadRequest,
        now: Time,
    ) -> Result<Upload> {
        let kind = rules::kind(request.kind)?;
        let row = UploadRow {
            account: account.0,
            kind: kind.into(),
            size: rules::size(kind, request.size)?,
            file_name: rules::file_name(kind, &request.file_name)?,
            sha256: rules::checksum(&request.sha256)?,
            created_at_ms: now.as_ms(),
            expires_at_ms: (now + KEPT + TOUCH_EVERY).as_ms(),
            media: Vec::new(),
        };
        self.staging.check_room(row.size)?;
        let id: UploadId = self.foundation.random.bytes();
        let (limits, most) = (self.limits, self.config.unfinished_uploads as usize);
        let begin = move |tx: &mut Tx<'_>| {
            if let Some(earlier) = creation.earlier::<CreateUploadResponse>(tx)? {
                return Ok(earlier);
            }
            let unfinished = tx.scan(&UNFINISHED, &KeyRange::prefix(&(account,)), most, Order::Rising)?;
            if unfinished.len() >= most {
                return Err(too_many_uploads());
            }
            quota::charge(tx, account, id, row.size, limits, now)?;
            tx.put(&UPLOAD, &id, &row)?;
            tx.put(&UNFINISHED, &(account, id), &())?;
            tx.put(&EXPIRY, &expiry(id, &row), &())?;
            let answer = CreateUploadResponse { upload: Some(begun(id, &row)) };
            creation.remember(tx, &answer)?;
            Ok(answer)
        };
        Ok(self.foundation.store.transact(begin).await?.upload.unwrap_or_default())
    }

    /// The file of an upload of this account, to go on with it; `None` where it is finished.
    /// Errors: `UPLOAD_NOT_FOUND`, `UPLOAD_BUSY`.
    pub(super) async fn go_on(&self, account: AccountId, id: UploadId) -> Result<Option<Filling>> {
        let turn = self.staging.turn(id)?;
        // What was finished or given up before this turn has no file any more, and must not get one.
        let (_, row) = self.own(account, &ids::text(id)).await?;
        if row.media.is_empty() { self.staging.fill(turn).await.map(Some) } else { Ok(None) }
    }

    /// Puts off the end of an upload that grows.
    pub(super) async fn touch(&self, id: UploadId, row: &UploadRow, now: Time) -> Result<()> {
        if Time(row.expires_at_ms) >= now + KEPT {
            return Ok(());
        }
        let touch = move |tx: &mut Tx<'_>| match tx.get(&UPLOAD, &id)? {
            Some(row) => set_end(tx, id, row, now + KEPT + TOUCH_EVERY),
            None => Ok(()),
        };
        self.foundation.store.transact(touch).await
    }

    /// Checks and stores an upload. Goes on to its end also where nobody waits any more.
    pub(super) async fn finish(
        self: &Arc<Self>,
        account: AccountId,
        id: &str,
        now: Time,
    ) -> Result<media::Media> {
        let (id, row) = self.own(account, id).await?;
        if let Some(finished) = self.told(id, &row).await?.media {
            return Ok(finished);
        }
        let turn = self.staging.turn(id)?;
        if self.staging.offset(id).await? < row.size {
            return Err(Error::precondition(
                "UPLOAD_INCOMPLETE",
                "Not all bytes are here yet. GetUpload tells how many; send the rest, then finish.",
            ));
        }
        let room = self.clone();
        tokio::spawn(async move { room.finish_in_turn(turn, account, id, now).await })
            .await
            .map_err(Error::internal)?
    }

    async fn finish_in_turn(
        &self,
        turn: Turn,
        account: AccountId,
        id: UploadId,
        now: Time,
    ) -> Result<media::Media> {
        let share = self.examined.take(account).ok_or_else(many_examined)?;
        let waiting = self.queue.clone().try_acquire_owned().map_err(|_| overloaded())?;
        let worker = self.workers.acquire().await.map_err(Error::internal)?;
        // Somebody may have finished it, or given it up, before it was our turn.
        let (_, row) = self.own(account, &ids::text(id)).await?;
        if let Some(finished) = self.told(id, &row).await?.media {
            return Ok(finished);
        }
        self.staging.check_room(row.size)?;
        let examined = self.examine(id, &row).await;
        drop((worker, waiting, share));
        let outcome = match examined {
            Ok(finished) => self.keep(id, finished, now).await,
            Err(refused) if refused.kind() == Kind::Invalid => {
                self.drop_upload(id, OfTheDay::Spent).await?;
                Err(refused)
            }
            Err(error) => return Err(error),
        };
        metrics::counter!("teahouse_media_uploads_total", "outcome" => outcome_of(&outcome)).increment(1);
        // What the store did not take for reasons of its own can be finished later.
        let later = outcome.as_ref().err().map(|error| error.kind());
        if !matches!(later, Some(Kind::Unavailable | Kind::Internal)) {
            self.staging.remove(turn).await;
        }
        outcome
    }

    /// Commits what is on disk already, or removes it.
    pub(super) async fn keep(&self, id: UploadId, finished: Finished, now: Time) -> Result<media::Media> {
        let new = MediaId(self.foundation.random.bytes());
        let places = [Some(finished.stored.place), finished.thumbnail.as_ref().map(|small| small.place)];
        let keep = move |tx: &mut Tx<'_>| {
            let mut row = tx.get(&UPLOAD, &id)?.ok_or_else(upload_not_found)?;
            let account = AccountId(row.account);
            let thumbnail = finished.thumbnail.as_ref();
            let reference = ReferenceRow {
                media: Some(finished.media.clone()),
                place: references::attach(tx, &finished.stored)?.to_vec(),
                thumbnail: match thumbnail {
                    Some(thumbnail) => references::attach(tx, thumbnail)?.to_vec(),
                    None => Vec::new(),
                },
                thumbnail_type: thumbnail.map(|t| t.content_type.clone()).unwrap_or_default(),
                charge: id.to_vec(),
                made_at_ms: now.as_ms(),
                holder: Some(Holder::Upload(account).into()),
            };
            tx.put(&REFERENCE, &new, &reference)?;
            tx.delete(&UNFINISHED, &(account, id))?;
            row.media = new.0.to_vec();
            set_end(tx, id, row, now + KEPT)?;
            Ok(reference.told(new))
        };
        let kept = self.foundation.store.transact(keep).await;
        // Of a store that closes nobody knows whether it was committed; the next start removes what was not.
        if kept.as_ref().is_err_and(|error| error.reason() != store::SHUTTING_DOWN) {
            self.blobs.discard(places.into_iter().flatten()).await;
        }
        kept
    }

    /// Gives an upload up.
    pub(super) async fn cancel(&self, account: AccountId, id: &str) -> Result<()> {
        let (id, _) = self.own(account, id).await?;
        let turn = self.staging.turn(id)?;
        self.drop_upload(id, OfTheDay::Back).await?;
        self.staging.remove(turn).await;
        Ok(())
    }

    /// Removes the rows of an upload, in whoever has its turn.
    async fn drop_upload(&self, id: UploadId, day: OfTheDay) -> Result<()> {
        self.foundation.store.make_room(move |tx| drop_rows(tx, id, day)).await
    }
}

/// What becomes of the bytes of the day that an upload took which was not finished.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OfTheDay {
    Back,
    /// It was looked at, which has its cost.
    Spent,
}

/// The rows of an upload go, and what it held: its reference, its charge, and perhaps the day's.
pub(super) fn drop_rows(tx: &mut Tx<'_>, id: UploadId, day: OfTheDay) -> Result<()> {
    let Some(row) = tx.get(&UPLOAD, &id)? else { return Ok(()) };
    let account = AccountId(row.account);
    tx.delete(&UPLOAD, &id)?;
    tx.delete(&EXPIRY, &expiry(id, &row))?;
    tx.delete(&UNFINISHED, &(account, id))?;
    match name(&row.media).ok().map(MediaId) {
        // Its charge goes with it.
        Some(media) => references::release_id(tx, media),
        None => {
            if day == OfTheDay::Back {
                quota::give_day_back(tx, account, row.size, Time(row.created_at_ms))?;
            }
            quota::relieve(tx, id)
        }
    }
}

fn set_end(tx: &mut Tx<'_>, id: UploadId, row: UploadRow, end: Time) -> Result<()> {
    tx.delete(&EXPIRY, &expiry(id, &row))?;
    let row = UploadRow { expires_at_ms: end.as_ms(), ..row };
    tx.put(&EXPIRY, &expiry(id, &row), &())?;
    tx.put(&UPLOAD, &id, &row)
}

fn expiry(id: UploadId, row: &UploadRow) -> (u64, UploadId) {
    (row.expires_at_ms.max(0).cast_unsigned(), id)
}

fn begun(id: UploadId, row: &UploadRow) -> Upload {
    Upload {
        upload_id: ids::text(id),
        offset: 0,
        size: row.size,
        expires_at_ms: row.expires_at_ms,
        media: None,
    }
}

fn outcome_of(outcome: &Result<media::Media>) -> &'static str {
    outcome.as_ref().map_or_else(|error| error.reason(), |_| "ok")
}

/// The one answer for uploads that do not exist and for those of others.
pub(super) fn upload_not_found() -> Error {
    Error::not_found(
        "UPLOAD_NOT_FOUND",
        "You have no such upload. It may be over: uploads are kept for 24 hours. Begin a new one.",
    )
}

fn too_many_uploads() -> Error {
    Error::new(
        Kind::RateLimited,
        "TOO_MANY_UPLOADS",
        "You have begun many uploads and not finished them. Finish or cancel some first.",
    )
}

fn many_examined() -> Error {
    Error::new(
        Kind::RateLimited,
        "RATE_LIMITED",
        "Other uploads of yours are being looked at. Finish this one after them; nothing of it is lost.",
    )
    .retry_after(EXAMINED_RETRY)
}

fn overloaded() -> Error {
    Error::new(
        Kind::Unavailable,
        "OVERLOADED",
        "The server has many uploads to look at just now. Finish this one a little later; nothing of it is lost.",
    )
    .retry_after(OVERLOADED_RETRY)
}
