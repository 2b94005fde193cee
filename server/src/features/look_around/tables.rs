//! What the Look Around room stores: switches, and who is visible where. Cells, never positions.

use crate::bus::Nearby;
use crate::error::Result;
use crate::id::AccountId;
use crate::store::{Table, Tx};
use crate::time::{HOUR, Time};
use prost::Message;
use teahouse_proto::common::Gender;

/// Hours for which a look makes visible where its user said nothing.
const DEFAULT_HOURS: u32 = 24;

/// The switches of who ever touched them.
pub(super) const SETTINGS: Table<AccountId, SettingsRow> = Table::new("look_around.settings");
/// Who can be found, in which cell, until when. Rows that are over are deleted within minutes.
pub(super) const VISIBLE: Table<AccountId, VisibleRow> = Table::new("look_around.visible");

/// Somebody's switches.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SettingsRow {
    /// The plug-in is on.
    #[prost(bool, tag = "1")]
    pub(super) enabled: bool,
    /// 1, 6 or 24; 0: never chosen.
    #[prost(uint32, tag = "2")]
    pub(super) hours: u32,
    #[prost(bool, tag = "3")]
    pub(super) hides_from_friends: bool,
}

impl SettingsRow {
    /// Hours for which a look makes visible.
    pub(super) fn hours(&self) -> u32 {
        if self.hours == 0 { DEFAULT_HOURS } else { self.hours }
    }

    pub(super) fn set_hours(&mut self, hours: u32) {
        self.hours = hours;
    }
}

/// Somebody who can be found.
#[derive(Clone, PartialEq, Message)]
pub(super) struct VisibleRow {
    /// [`crate::geo::Cell::number`].
    #[prost(fixed64, tag = "1")]
    pub(super) cell: u64,
    /// When they looked (Unix milliseconds), as far as it was written down.
    #[prost(int64, tag = "2")]
    pub(super) looked_at_ms: i64,
    /// For how many hours from then on.
    #[prost(uint32, tag = "3")]
    pub(super) hours: u32,
    #[prost(enumeration = "Gender", tag = "4")]
    pub(super) gender: i32,
    #[prost(bool, tag = "5")]
    pub(super) hides_from_friends: bool,
}

impl VisibleRow {
    /// Until when.
    pub(super) fn until(&self) -> Time {
        Time(self.looked_at_ms) + HOUR * self.hours
    }

    /// As the bus tells it.
    pub(super) fn nearby(&self) -> Nearby {
        Nearby {
            cell: self.cell,
            gender: self.gender(),
            looked_at: Time(self.looked_at_ms),
            hours: self.hours,
            hides_from_friends: self.hides_from_friends,
        }
    }
}

/// Somebody's switches.
pub(super) fn settings(tx: &mut Tx<'_>, account: AccountId) -> Result<SettingsRow> {
    Ok(tx.get(&SETTINGS, &account)?.unwrap_or_default())
}

/// Who is visible at this time, if they are.
pub(super) fn visible(tx: &mut Tx<'_>, account: AccountId, now: Time) -> Result<Option<VisibleRow>> {
    Ok(tx.get(&VISIBLE, &account)?.filter(|row| row.until() > now))
}

/// From now on somebody is found like this, or not at all. Whoever looks after the commit was answered finds them so.
pub(super) fn show(tx: &mut Tx<'_>, account: AccountId, row: Option<VisibleRow>) -> Result<()> {
    let shown = row.as_ref().map(VisibleRow::nearby);
    match row {
        Some(row) => tx.put(&VISIBLE, &account, &row)?,
        None => tx.delete(&VISIBLE, &account)?,
    }
    tx.publish(crate::bus::Event::Nearby { account, shown });
    Ok(())
}
