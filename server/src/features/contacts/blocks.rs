//! Blocks. A block hides what comes from the other without undoing it, so ending it restores what was. The other's
//! rows are never touched, save that a request they were not shown yet is taken back for as long.

use super::room::Room;
use super::tables::{
    BLOCK, BLOCK_ORDER, BlockRow, BlockedRow, COUNTS, FRIEND, NEWLY_BLOCKED, Place, RequestRow,
};
use super::{apart, copies, rules, views};
use crate::delivery::log;
use crate::error::Result;
use crate::features::accounts;
use crate::id::{AccountId, BlockId};
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::contacts::BlockedPerson;
use teahouse_proto::sync::BlockChanged;
use teahouse_proto::sync::account_event::What;

/// As whom somebody is blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocked {
    /// As the one that the blocker knows.
    Known,
    /// As a stranger.
    Stranger,
}

impl BlockRow {
    fn id(&mut self, kind: Blocked) -> &mut u64 {
        match kind {
            Blocked::Known => &mut self.block_id,
            Blocked::Stranger => &mut self.stranger_block_id,
        }
    }

    fn stands(&self) -> bool {
        self.block_id != 0 || self.stranger_block_id != 0
    }
}

impl BlockedRow {
    fn kind(&self) -> Blocked {
        if self.as_stranger { Blocked::Stranger } else { Blocked::Known }
    }
}

impl Room {
    /// Blocks somebody. May be repeated.
    pub(super) fn block(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        (other, kind): (AccountId, Blocked),
        fresh: BlockId,
        now: Time,
    ) -> Result<BlockedPerson> {
        let mut block = tx.get(&BLOCK, &(me, other))?.unwrap_or_default();
        if let earlier @ 1.. = *block.id(kind) {
            let id = BlockId(earlier);
            let row = tx.get(&BLOCK_ORDER, &(me, id))?.unwrap_or_default();
            return view(tx, me, id, &row);
        }
        accounts::person(tx, other)?.ok_or_else(rules::person_not_found)?;
        let mut counts = tx.get(&COUNTS, &me)?.unwrap_or_default();
        if counts.blocks >= self.config.max_blocks {
            return Err(rules::blocks_full());
        }
        counts.blocks += 1;
        tx.put(&COUNTS, &me, &counts)?;
        let is_new = !block.stands();
        *block.id(kind) = fresh.0;
        let as_stranger = kind == Blocked::Stranger;
        let row = BlockedRow { other: other.0, at_ms: now.as_ms(), as_stranger };
        tx.put(&BLOCK, &(me, other), &block)?;
        tx.put(&BLOCK_ORDER, &(me, fresh), &row)?;
        if is_new {
            mark_friend(tx, me, other, true)?;
            hold(tx, me, other, now)?;
            take_back(tx, me, other, now)?;
            apart::part(tx, me, other)?;
            tx.put(&NEWLY_BLOCKED, &other, &())?;
            self.hooks.on_blocked(tx, me, other, now)?;
        }
        let blocked = view(tx, me, fresh, &row)?;
        let changed = BlockChanged { block_id: fresh.0, blocked: Some(blocked.clone()) };
        log::append(tx, me, now, &What::BlockChanged(changed))?;
        Ok(blocked)
    }

    /// Whom an account id may block: somebody the caller has as a friend. With nobody else does this room, or the
    /// direct conversations that come of it, give the caller an id.
    pub(super) fn friend_to_block(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        other: AccountId,
    ) -> Result<AccountId> {
        let friend = tx.get(&FRIEND, &(me, other))?;
        friend.map(|_| other).ok_or_else(rules::person_not_found)
    }

    /// Ends a block.
    pub(super) fn unblock(&self, tx: &mut Tx<'_>, me: AccountId, id: BlockId, now: Time) -> Result<()> {
        let row = tx.get(&BLOCK_ORDER, &(me, id))?.ok_or_else(rules::block_not_found)?;
        let other = AccountId(row.other);
        tx.delete(&BLOCK_ORDER, &(me, id))?;
        let mut block = tx.get(&BLOCK, &(me, other))?.unwrap_or_default();
        *block.id(row.kind()) = 0;
        let mut counts = tx.get(&COUNTS, &me)?.unwrap_or_default();
        counts.blocks = counts.blocks.saturating_sub(1);
        tx.put(&COUNTS, &me, &counts)?;
        log::append(tx, me, now, &What::BlockChanged(BlockChanged { block_id: id.0, blocked: None }))?;
        if block.stands() {
            return tx.put(&BLOCK, &(me, other), &block);
        }
        tx.delete(&BLOCK, &(me, other))?;
        mark_friend(tx, me, other, false)?;
        apart::meet_later(tx, me, other, now)?;
        self.release(tx, me, other, now, |row| row.held = false)?;
        self.release(tx, other, me, now, |row| row.withdrawn = false)
    }

    /// Lets a request go on from where it was, if it was a block that `lift` lifts which kept it from that.
    fn release(
        &self,
        tx: &mut Tx<'_>,
        receiver: AccountId,
        asker: AccountId,
        now: Time,
        lift: impl FnOnce(&mut RequestRow),
    ) -> Result<()> {
        let Some((id, before)) = copies::filed(tx, receiver, asker, now)? else { return Ok(()) };
        let mut row = before.clone();
        lift(&mut row);
        if row == before {
            return Ok(());
        }
        copies::take_received(tx, receiver, id)?;
        copies::put_received(tx, receiver, id, &row)?;
        match row.is_listed() {
            true => self.announce(tx, receiver, id, row, now),
            false if row.is_waiting() => self.show_waiting(tx, receiver, now).map(drop),
            false => Ok(()),
        }
    }
}

/// A request of theirs leaves my list without being settled.
fn hold(tx: &mut Tx<'_>, me: AccountId, other: AccountId, now: Time) -> Result<()> {
    let Some((id, mut row)) = copies::filed(tx, me, other, now)? else { return Ok(()) };
    copies::take_received(tx, me, id)?;
    let was_listed = row.is_listed();
    row.held = true;
    copies::put_received(tx, me, id, &row)?;
    if was_listed { copies::closed(tx, me, id, now) } else { Ok(()) }
}

/// A request of mine that they were not shown yet goes out of their sight. One that they were shown stays: it would tell
/// of the block by its absence.
fn take_back(tx: &mut Tx<'_>, me: AccountId, other: AccountId, now: Time) -> Result<()> {
    let Some((id, mut row)) = copies::filed(tx, other, me, now)? else { return Ok(()) };
    if row.place() != Place::Waiting {
        return Ok(());
    }
    copies::take_received(tx, other, id)?;
    row.withdrawn = true;
    copies::put_received(tx, other, id, &row)
}

fn mark_friend(tx: &mut Tx<'_>, me: AccountId, other: AccountId, blocked: bool) -> Result<()> {
    let Some(mut row) = tx.get(&FRIEND, &(me, other))? else { return Ok(()) };
    row.blocked = blocked;
    tx.put(&FRIEND, &(me, other), &row)
}

fn view(tx: &mut Tx<'_>, me: AccountId, id: BlockId, row: &BlockedRow) -> Result<BlockedPerson> {
    let other = AccountId(row.other);
    let is_friend = tx.get(&FRIEND, &(me, other))?.is_some();
    Ok(views::blocked(id, row, &views::known(tx, other)?, is_friend))
}
