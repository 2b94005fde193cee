//! Who blocks somebody, for those who look after the server: a later room works words of care out of it, once a day. Nobody
//! else is told.

use super::tables::{APART, BLOCK, NEWLY_BLOCKED};
use crate::error::Result;
use crate::id::AccountId;
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};

/// People who block somebody, among at most `limit` who stand in a block with them.
pub fn blockers(tx: &mut Tx<'_>, account: AccountId, limit: usize) -> Result<Vec<AccountId>> {
    let apart = tx.scan(&APART, &KeyRange::prefix(&(account,)), limit, Order::Rising)?;
    let mut blockers = Vec::new();
    for ((_, other), _) in apart {
        if tx.get(&BLOCK, &(other, account))?.is_some() {
            blockers.push(other);
        }
    }
    Ok(blockers)
}

/// Takes out some of those whom somebody blocked since this was last called.
pub fn take_newly_blocked(tx: &mut Tx<'_>, limit: usize) -> Result<Vec<AccountId>> {
    let rows = tx.scan(&NEWLY_BLOCKED, &KeyRange::all(), limit, Order::Rising)?;
    rows.iter().try_for_each(|(account, ())| tx.delete(&NEWLY_BLOCKED, account))?;
    Ok(rows.into_iter().map(|(account, ())| account).collect())
}
