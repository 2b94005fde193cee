//! The room of positions: the one gate through which all plug-ins take them, with the limits that hold for each person
//! whatever the plug-in. It has no methods of its own, and knows neither who looks around nor who shakes.

mod answers;
mod config;
mod gate;
mod rules;
mod seed;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;

pub use config::PlaceConfig;
pub use gate::{Gate, Outlook};
pub use seed::seed;

use crate::call::restricted;
use crate::error::Result;
use crate::features::accounts::sanctions;
use crate::geo::Cell;
use crate::id::AccountId;
use crate::restrictions::Area;
use crate::store::Tx;
use crate::time::Time;
use tables::STATE;

/// What a position is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// To look around: draws on the looks of the hour.
    Look,
    /// To shake, which has limits of its own.
    Shake,
}

/// What later rooms do in the transactions of this one.
pub trait PlaceHooks: Send + Sync {
    /// All that is known of somebody's place is forgotten: nobody may come upon them by it any more.
    fn on_forgotten(&self, tx: &mut Tx<'_>, account: AccountId) -> Result<()>;
}

/// The cell that stands for somebody in all plug-ins, whether anybody sees it or not.
pub fn published(tx: &mut Tx<'_>, account: AccountId) -> Result<Option<Cell>> {
    Ok(tx.get(&STATE, &account)?.and_then(|row| row.state).and_then(|state| state.published()))
}

/// Whether a plug-in is open to somebody: asked in each transaction that would let others come upon them, since what closes
/// it may have been committed after the call began.
///
/// # Errors
/// `PLUG_IN_CLOSED` for a minor; `RESTRICTED` with the wait.
pub fn check_open(tx: &mut Tx<'_>, account: AccountId, area: Area, now: Time) -> Result<()> {
    let restrictions = sanctions::restrictions(tx, account)?;
    if restrictions.is_minor() {
        return Err(answers::closed_to_minors());
    }
    match restrictions.closed_until(area, now) {
        Some(until) => Err(restricted(area, until, now)),
        None => Ok(()),
    }
}

/// The person says to be old enough for the plug-ins. It stays said.
pub fn confirm_adult(tx: &mut Tx<'_>, account: AccountId) -> Result<()> {
    let mut row = tx.get(&STATE, &account)?.unwrap_or_default();
    if row.is_adult {
        return Ok(());
    }
    row.is_adult = true;
    tx.put(&STATE, &account, &row)
}

/// Whether somebody said to be old enough for the plug-ins.
pub fn is_adult(tx: &mut Tx<'_>, account: AccountId) -> Result<bool> {
    Ok(tx.get(&STATE, &account)?.is_some_and(|row| row.is_adult))
}
