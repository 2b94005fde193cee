//! Simulated people who can be found, for load tests. Only for stores that nobody else uses.

use super::tables::{SETTINGS, SettingsRow, VISIBLE, VisibleRow};
use crate::error::Result;
use crate::geo::Cell;
use crate::id::AccountId;
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::common::Gender;

/// Somebody switched the plug-in on, and looked around from a cell at this time. Nobody is told.
pub fn seed(tx: &mut Tx<'_>, account: AccountId, cell: Cell, gender: Gender, looked_at: Time) -> Result<()> {
    let settings = SettingsRow { enabled: true, ..SettingsRow::default() };
    let row = VisibleRow {
        cell: cell.number(),
        looked_at_ms: looked_at.as_ms(),
        hours: settings.hours(),
        gender: gender.into(),
        hides_from_friends: false,
    };
    tx.put(&SETTINGS, &account, &settings)?;
    tx.put(&VISIBLE, &account, &row)
}
