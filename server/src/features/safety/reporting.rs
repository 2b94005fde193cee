//! Making and listing reports. It does not know what the reports of several people do: it notes what each weighs, and when
//! to look at them together.

use super::gathering::{Found, Named};
use super::rules::{self, Reporter};
use super::tables::{
    ABOUT, AboutRow, DUE, DueRow, EVIDENCE, KeptRow, OPEN, OWN, Object, OwnRow, REPORT, ReportRow, State,
    TOUCHED, WRONG,
};
use super::{Room, closing};
use crate::error::Result;
use crate::features::accounts::sanctions;
use crate::features::contacts::Me;
use crate::features::ledger::once::Creation;
use crate::features::ledger::quota::{Quota, Who};
use crate::features::media::{self, MediaId};
use crate::id::AccountId;
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::{DAY, Time};
use teahouse_proto::media::Media;
use teahouse_proto::safety::{Reason, ReportResponse};

/// Media of one report whose bytes are kept, and how many bytes these are at most.
pub(super) const MAX_MEDIA: usize = 16;
const MAX_MEDIA_BYTES: u64 = 32 << 20;
/// Wrong reports that are counted: with so many the word of a reporter counts for nothing.
const WRONG_COUNTED: usize = 8;

/// A report that is to be made.
pub(super) struct NewReport {
    pub(super) me: Me,
    pub(super) creation: Creation,
    pub(super) named: Named,
    pub(super) reason: Reason,
    pub(super) text: String,
    /// Its number, where it is new.
    pub(super) fresh: u64,
    /// Names for media that are kept.
    pub(super) media_ids: Vec<MediaId>,
    /// When to look whether it closes something, if it may.
    pub(super) look_at: Time,
    pub(super) now: Time,
}

impl Room {
    /// Files a report, or answers as before.
    pub(super) fn report(&self, tx: &mut Tx<'_>, new: &NewReport) -> Result<ReportResponse> {
        if let Some(earlier) = new.creation.earlier(tx)? {
            return Ok(earlier);
        }
        let (me, now) = (new.me.account, new.now);
        let mut found = self.sources.gather(tx, me, &new.named, now)?;
        let a_day = Quota { kind: "safety.report", limit: self.config.reports_per_day, per: DAY };
        a_day.draw(tx, Who::Account(me), now)?;
        keep_media(tx, &mut found, &new.media_ids)?;
        let weight = self.weight(tx, new.me, found.reported, now)?;
        let row = ReportRow {
            reporter: me.0,
            reported: found.reported.0,
            object: found.object.into(),
            area: sanctions::named(found.area).into(),
            reason: new.reason.into(),
            text: new.text.clone(),
            at_ms: now.as_ms(),
            weight,
            state: State::Open.into(),
            ..ReportRow::default()
        };
        tx.put(&REPORT, &new.fresh, &row)?;
        tx.put(&EVIDENCE, &new.fresh, &found.evidence)?;
        tx.put(&OPEN, &new.fresh, &())?;
        let own = OwnRow { reason: new.reason.into(), at_ms: now.as_ms(), handled: false };
        tx.put(&OWN, &(me, new.fresh), &own)?;
        self.count(tx, new, &row)?;
        let answer = ReportResponse { report_id: new.fresh };
        new.creation.remember(tx, &answer)?;
        Ok(answer)
    }

    fn weight(&self, tx: &mut Tx<'_>, me: Me, reported: AccountId, now: Time) -> Result<u32> {
        let wrong = KeyRange::prefix(&(me.account,));
        Ok(rules::weight(Reporter {
            newcomer: me.is_newcomer(tx, now, self.on_loopback)?,
            themselves: me.account == reported,
            wrong: tx.scan(&WRONG, &wrong, WRONG_COUNTED, Order::Rising)?.len(),
        }))
    }

    /// Notes a report among those about the same person, and that they are to be looked at.
    fn count(&self, tx: &mut Tx<'_>, new: &NewReport, row: &ReportRow) -> Result<()> {
        if row.weight == 0 || row.reported == 0 {
            return Ok(());
        }
        let reported = AccountId(row.reported);
        let network = self.network(tx, new.me.account)?;
        let about = AboutRow {
            reporter: row.reporter,
            network,
            weight: row.weight,
            area: row.area,
            at_ms: row.at_ms,
            reviewed: false,
        };
        tx.put(&ABOUT, &(reported, new.fresh), &about)?;
        tx.put(&TOUCHED, &reported, &())?;
        if new.look_at <= new.now {
            return closing::close(self, tx, reported, row.area, (new.now, new.now));
        }
        if !closing::is_due(self, tx, reported, row.area, (new.now, new.now))? {
            return Ok(());
        }
        let at = new.look_at.as_ms().max(0).cast_unsigned();
        let due = DueRow { reported_at_ms: row.at_ms };
        tx.put(&DUE, &(at, reported, row.area.unsigned_abs()), &due)
    }
}

/// A report by the server itself: a text that it held as advertising.
pub(super) fn by_server(tx: &mut Tx<'_>, id: u64, sender: AccountId, text: String, at: Time) -> Result<()> {
    let row = ReportRow {
        reported: sender.0,
        object: Object::Advertising.into(),
        reason: Reason::Spam.into(),
        text,
        at_ms: at.as_ms(),
        ..ReportRow::default()
    };
    tx.put(&REPORT, &id, &row)?;
    tx.put(&OPEN, &id, &())
}

/// Keeps the media of what is named: whatever becomes of the message, their bytes stay as long as the report. Of what is
/// gone or too long stays what it was.
fn keep_media(tx: &mut Tx<'_>, found: &mut Found, new: &[MediaId]) -> Result<()> {
    let mut left = MAX_MEDIA_BYTES;
    for (from, new) in found.media.iter().zip(new) {
        let kept = media::keep(tx, from, *new, left)?;
        if let Some(kept) = &kept {
            left = left.saturating_sub(kept.media.size);
        }
        let row = kept.map_or_else(
            || KeptRow {
                media: Some(Media { media_id: from.clone(), ..Media::default() }),
                file: String::new(),
            },
            |kept| KeptRow { media: Some(kept.media), file: kept.file },
        );
        found.evidence.media.push(row);
    }
    Ok(())
}
