//! Whom an inviter named already: remembered for as long as an invitation lives, whatever became of it, so that naming them
//! again costs, changes and tells nothing. It does not know what came of it.

use super::room::Room;
use super::tables::{ASK, AskRow, EXPIRY, ExpiryRow};
use crate::error::Result;
use crate::id::{AccountId, ConversationId, InvitationId};
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::Time;
use teahouse_proto::groups::InviteOutcome;

/// Rows forgotten at once.
const BATCH: usize = 500;

/// Somebody who was named by somebody.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub(super) group: ConversationId,
    pub(super) invited: AccountId,
    pub(super) inviter: AccountId,
}

impl Ask {
    fn key(self) -> (ConversationId, AccountId, AccountId) {
        (self.group, self.invited, self.inviter)
    }
}

/// What the inviter was told when they named this person; `None`: they did not, or so long ago that it counts anew.
pub(super) fn told(tx: &mut Tx<'_>, ask: Ask, now: Time) -> Result<Option<InviteOutcome>> {
    let row = tx.get(&ASK, &ask.key())?.filter(|row| now < Time(row.expires_at_ms));
    Ok(row.map(|row| row.outcome()))
}

/// Remembers what the inviter is told.
pub(super) fn remember(
    room: &Room,
    tx: &mut Tx<'_>,
    ask: Ask,
    outcome: InviteOutcome,
    now: Time,
) -> Result<()> {
    let row = AskRow { outcome: outcome.into(), expires_at_ms: room.expires(now).as_ms() };
    tx.put(&ASK, &ask.key(), &row)?;
    let fresh: InvitationId = room.ids.next();
    let expiry = (row.expires_at_ms.max(0).cast_unsigned(), fresh.0);
    let row = ExpiryRow { invited: ask.invited.0, conversation: ask.group.0, inviter: ask.inviter.0 };
    tx.put(&EXPIRY, &expiry, &row)
}

/// Somebody is in the group: whoever names them after they have gone again asks anew.
pub(super) fn settle(tx: &mut Tx<'_>, group: ConversationId, invited: AccountId) -> Result<()> {
    loop {
        let rows = tx.scan(&ASK, &KeyRange::prefix(&(group, invited)), BATCH, Order::Rising)?;
        for (key, _) in &rows {
            tx.delete(&ASK, key)?;
        }
        if rows.len() < BATCH {
            return Ok(());
        }
    }
}

/// One whose time is over, unless it was made anew.
pub(super) fn expire(tx: &mut Tx<'_>, ask: Ask, now: Time) -> Result<()> {
    match tx.get(&ASK, &ask.key())? {
        Some(row) if Time(row.expires_at_ms) <= now => tx.delete(&ASK, &ask.key()),
        _ => Ok(()),
    }
}
