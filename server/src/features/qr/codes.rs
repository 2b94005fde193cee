//! The life of a code: made where there is none, replaced when it is reset or has expired. One maker shows one code for
//! one thing at a time.

use super::tables::{CODE, CURRENT, CodeRow, CurrentRow, Token, What};
use crate::error::Result;
use crate::id::AccountId;
use crate::store::Tx;
use crate::time::Time;

/// A code that is about to be made; made before the transaction, which may run again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fresh {
    /// A token that nobody has seen.
    pub(super) token: Token,
    pub(super) now: Time,
    /// Until when it will live; `None`: until it is reset.
    pub(super) until: Option<Time>,
}

/// The code that `me` shows for something; the fresh one where there is none that lives.
pub(super) fn current(tx: &mut Tx<'_>, me: AccountId, what: What, fresh: Fresh) -> Result<(Token, CodeRow)> {
    let token = tx.get(&CURRENT, &(what, me))?.and_then(|row| row.token());
    if let Some(token) = token
        && let Some(row) = tx.get(&CODE, &token)?
        && row.is_live(fresh.now)
    {
        return Ok((token, row));
    }
    replace(tx, me, what, fresh)
}

/// Kills the code that `me` shows for something, and gives the fresh one in its place.
pub(super) fn replace(tx: &mut Tx<'_>, me: AccountId, what: What, fresh: Fresh) -> Result<(Token, CodeRow)> {
    if let Some(old) = tx.get(&CURRENT, &(what, me))?.and_then(|row| row.token()) {
        tx.delete(&CODE, &old)?;
    }
    let row = CodeRow {
        account: me.0,
        what: what.0,
        made_at_ms: fresh.now.as_ms(),
        expires_at_ms: fresh.until.map_or(0, Time::as_ms),
    };
    tx.put(&CODE, &fresh.token, &row)?;
    tx.put(&CURRENT, &(what, me), &CurrentRow { token: fresh.token.to_vec() })?;
    Ok((fresh.token, row))
}
