//! How much an account may upload in any 24 hours, and hold in all. The day counts an upload when it begins. In all
//! counts an upload as long as it, or something that its account made of it, is there, copies of copies too; what others
//! copy counts for nobody, so that the figure never tells what they keep.

use super::config::MediaConfig;
use super::tables::{CHARGE, ChargeRow, HourRow, USED, UploadId, UsedRow};
use crate::error::{Error, Kind, Result};
use crate::id::AccountId;
use crate::store::Tx;
use crate::time::{DAY, HOUR, Time};
use teahouse_proto::media::GetQuotaResponse;

/// The limits of an account, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) day: u64,
    pub(super) total: u64,
}

impl Limits {
    pub(super) fn new(config: &MediaConfig) -> Self {
        Self { day: config.upload_mib_per_day << 20, total: config.held_mib << 20 }
    }
}

impl UsedRow {
    /// Forgets hours that no 24 hours up to `now` touch.
    fn recent(mut self, now: Time) -> Self {
        self.hours.retain(|hour| Time(hour.from_ms) + HOUR + DAY > now);
        self
    }

    fn day(&self) -> u64 {
        self.hours.iter().map(|hour| hour.bytes).sum()
    }

    /// When enough of the day is over that `bytes` fit in; `None` where they never will.
    fn fits_at(&self, bytes: u64, limit: u64) -> Option<Time> {
        let mut day = self.day();
        for hour in &self.hours {
            day -= hour.bytes;
            if day + bytes <= limit {
                return Some(Time(hour.from_ms) + HOUR + DAY);
            }
        }
        None
    }
}

/// Charges an upload that begins. Errors: `QUOTA_EXCEEDED`.
pub(super) fn charge(
    tx: &mut Tx<'_>,
    account: AccountId,
    upload: UploadId,
    bytes: u64,
    limits: Limits,
    now: Time,
) -> Result<()> {
    let mut used = tx.get(&USED, &account)?.unwrap_or_default().recent(now);
    if used.total + bytes > limits.total {
        return Err(exceeded(
            "Your uploads take all the room that you have. Cancel some, recall messages, or remove favourites, stickers \
            and packs; what you delete for yourself alone stays. GetQuota tells how much.",
        ));
    }
    if used.day() + bytes > limits.day {
        let wait = used.fits_at(bytes, limits.day).map(|at| at.since(now));
        let error = exceeded(
            "You have uploaded as much as you may in 24 hours. Go on later; GetQuota tells how much.",
        );
        return Err(wait.map_or_else(
            || exceeded("That is more than you may upload in 24 hours."),
            |w| error.retry_after(w),
        ));
    }
    used.total += bytes;
    let from_ms = now.to_hour().as_ms();
    match used.hours.iter_mut().find(|hour| hour.from_ms == from_ms) {
        Some(hour) => hour.bytes += bytes,
        None => used.hours.push(HourRow { from_ms, bytes }),
    }
    tx.put(&USED, &account, &used)?;
    tx.put(&CHARGE, &upload, &ChargeRow { account: account.0, bytes, references: 1 })
}

/// Whether an upload is charged to this account.
pub(super) fn is_charged(tx: &mut Tx<'_>, upload: UploadId, account: AccountId) -> Result<bool> {
    Ok(tx.get(&CHARGE, &upload)?.is_some_and(|charge| charge.account == account.0))
}

/// One more reference for which an upload is charged; none where its charge is over.
pub(super) fn prolong(tx: &mut Tx<'_>, upload: UploadId) -> Result<()> {
    let Some(mut charge) = tx.get(&CHARGE, &upload)? else { return Ok(()) };
    charge.references += 1;
    tx.put(&CHARGE, &upload, &charge)
}

/// One reference less; with the last the bytes come back.
pub(super) fn relieve(tx: &mut Tx<'_>, upload: UploadId) -> Result<()> {
    let Some(mut charge) = tx.get(&CHARGE, &upload)? else { return Ok(()) };
    if charge.references > 1 {
        charge.references -= 1;
        return tx.put(&CHARGE, &upload, &charge);
    }
    tx.delete(&CHARGE, &upload)?;
    let account = AccountId(charge.account);
    let mut used = tx.get(&USED, &account)?.unwrap_or_default();
    used.total = used.total.saturating_sub(charge.bytes);
    tx.put(&USED, &account, &used)
}

/// Gives back what an upload that began at `began` took of the day.
pub(super) fn give_day_back(tx: &mut Tx<'_>, account: AccountId, bytes: u64, began: Time) -> Result<()> {
    let Some(mut used) = tx.get(&USED, &account)? else { return Ok(()) };
    let from_ms = began.to_hour().as_ms();
    if let Some(hour) = used.hours.iter_mut().find(|hour| hour.from_ms == from_ms) {
        hour.bytes = hour.bytes.saturating_sub(bytes);
    }
    used.hours.retain(|hour| hour.bytes > 0);
    tx.put(&USED, &account, &used)
}

/// What is used, as answers tell it.
pub(super) fn told(used: Option<UsedRow>, limits: Limits, now: Time) -> GetQuotaResponse {
    let used = used.unwrap_or_default().recent(now);
    GetQuotaResponse {
        day_used: used.day(),
        day_limit: limits.day,
        total_used: used.total,
        total_limit: limits.total,
    }
}

fn exceeded(message: &'static str) -> Error {
    Error::new(Kind::RateLimited, "QUOTA_EXCEEDED", message)
}
