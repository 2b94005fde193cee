//! What the reports of several people close by themselves: the one area that they are about, until an operator has looked.
//! It is closed some minutes after the report that was one too many, at a time that chance chooses: whoever has friends
//! report them, to see when somebody else does, learns only that it was in the last minutes.

use super::rules::{self, Voice};
use super::tables::{ABOUT, AboutRow, DUE};
use super::{Room, Safety};
use crate::error::Result;
use crate::features::accounts::{audit::By, sanctions};
use crate::id::AccountId;
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::{DAY, Time};
use std::time::Duration;
use teahouse_proto::safety::{Area, Sanction, sanction};

/// In how long reports must come to close something.
const WITHIN: Duration = DAY;
/// The latest reports about somebody that are counted.
const COUNTED: usize = 500;
/// Rows handled in one transaction.
const BATCH: usize = 20;

/// What speaks against somebody since a time, as far as `counts` says.
pub(super) fn voices(
    tx: &mut Tx<'_>,
    reported: AccountId,
    since: Time,
    counts: impl Fn(&AboutRow) -> bool,
) -> Result<Vec<Voice>> {
    let rows = tx.scan(&ABOUT, &KeyRange::prefix(&(reported,)), COUNTED, Order::Falling)?;
    let rows = rows.into_iter().map(|(_, row)| row).filter(|row| row.at_ms > since.as_ms() && counts(row));
    Ok(rows
        .map(|row| Voice { account: AccountId(row.reporter), network: row.network, weight: row.weight })
        .collect())
}

/// Whether the reports of the day before `reported_at`, and those since, close an area to somebody that they have not closed
/// yet.
pub(super) fn is_due(
    room: &Room,
    tx: &mut Tx<'_>,
    reported: AccountId,
    area: i32,
    (reported_at, now): (Time, Time),
) -> Result<bool> {
    let voices = voices(tx, reported, reported_at - WITHIN, |row| row.area == area && !row.reviewed)?;
    Ok(rules::reaches(rules::together(voices), room.config.reports_to_close)
        && !sanctions::sanctions_of(tx, reported, now)?.iter().any(|s| by_reports(s, area)))
}

/// Closes an area, where that is due.
pub(super) fn close(
    room: &Room,
    tx: &mut Tx<'_>,
    reported: AccountId,
    area: i32,
    (reported_at, now): (Time, Time),
) -> Result<()> {
    if !is_due(room, tx, reported, area, (reported_at, now))? {
        return Ok(());
    }
    let area = Area::try_from(area).unwrap_or_default();
    sanctions::sanction(tx, reported, &closed(area, None, now), By::Reports, now).map(drop)
}

/// Whether reports closed this area.
pub(super) fn by_reports(sanction: &Sanction, area: i32) -> bool {
    sanction.until_reviewed && sanction.area == area
}

/// A closed area.
pub(super) fn closed(area: Area, until: Option<Time>, now: Time) -> Sanction {
    Sanction {
        kind: sanction::Kind::Restriction.into(),
        area: area.into(),
        text: String::new(),
        from_ms: now.as_ms(),
        until_ms: until.map_or(0, Time::as_ms),
        until_reviewed: until.is_none(),
    }
}

impl Safety {
    /// Closes what is due.
    pub(super) async fn close_due(&self, now: Time) -> Result<()> {
        let end = (now.as_ms().max(0).cast_unsigned() + 1, AccountId(0), 0);
        loop {
            let looked_at = self
                .transact(move |room, tx| {
                    let due = tx.scan(&DUE, &KeyRange::all().before(&end), BATCH, Order::Rising)?;
                    for (key, row) in &due {
                        let (_, reported, area) = *key;
                        // Unless an operator has looked meanwhile.
                        let times = (Time(row.reported_at_ms), now);
                        close(room, tx, reported, area.cast_signed(), times)?;
                        tx.delete(&DUE, key)?;
                    }
                    Ok(due.len())
                })
                .await?;
            if looked_at < BATCH {
                return Ok(());
            }
        }
    }
}
