//! What the gate remembers of simulated people, for load tests. Only for stores that nobody else uses.

use super::tables::{STATE, StateRow};
use crate::error::Result;
use crate::geo::State;
use crate::id::AccountId;
use crate::store::Tx;

/// Somebody was where `state` says, and said to be old enough for the plug-ins.
pub fn seed(tx: &mut Tx<'_>, account: AccountId, state: State) -> Result<()> {
    tx.put(&STATE, &account, &StateRow { state: Some(state), is_adult: true, ..StateRow::default() })
}
