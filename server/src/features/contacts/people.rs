//! What later rooms do with two people who came upon each other there: make friends of them, and block one of them, in
//! their own transactions. It does not know how the two met.

use super::blocks::Blocked;
use super::relations::relation;
use super::room::{Room, Silence};
use super::tables::BLOCK;
use super::{rules, views};
use crate::error::{Error, Result};
use crate::id::{AccountId, BlockId};
use crate::store::Tx;
use crate::time::Time;
use std::sync::Arc;
use teahouse_proto::common::Way;
use teahouse_proto::contacts::{BlockedPerson, Friend};

/// Makes friends and blocks. Clones are the same.
#[derive(Clone)]
pub struct People(pub(super) Arc<Room>);

impl People {
    /// `me` accepts `other`, who asked for it. To `me` it is the same whatever became of the other meanwhile: who blocks
    /// them by now, or has no place left, does not get the friend and hears nothing. `first` runs before two become friends
    /// who both know of it, in the same transaction. Friends stay as they are. `FRIENDS_FULL` where `me` has no place.
    pub fn befriend(
        &self,
        tx: &mut Tx<'_>,
        (me, other): (AccountId, AccountId),
        way: Way,
        now: Time,
        first: impl FnOnce(&mut Tx<'_>) -> Result<()>,
    ) -> Result<Friend> {
        let between = relation(tx, me, other)?;
        if between.are_friends() {
            let friend = views::friend_of(tx, me, other, now)?;
            return friend.ok_or_else(|| Error::internal("a friend that is not there"));
        }
        if !between.i_have && !self.0.has_room(tx, me)? {
            return Err(rules::friends_full());
        }
        let has_room = between.they_have || self.0.has_room(tx, other)?;
        if between.they_block || !has_room {
            return self.0.befriend_silently(tx, (me, other), way, Silence::Unseen, now);
        }
        first(tx)?;
        self.0.befriend(tx, me, other, way, now)
    }

    /// A friend as `me` has them; `None` where they do not.
    pub fn friend(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        other: AccountId,
        now: Time,
    ) -> Result<Option<Friend>> {
        views::friend_of(tx, me, other, now)
    }

    /// `me` blocks somebody whom they know as a stranger only. What they see of the block is the stranger card, also where
    /// the two know each other. May be repeated. Errors: `PERSON_NOT_FOUND`, `BLOCKS_FULL`.
    pub fn block_stranger(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        other: AccountId,
        fresh: BlockId,
        now: Time,
    ) -> Result<BlockedPerson> {
        self.0.block(tx, me, (other, Blocked::Stranger), fresh, now)
    }

    /// Whether `me` blocks somebody as a stranger. That they are blocked as somebody known is not for `me` to learn here.
    pub fn blocks_stranger(&self, tx: &mut Tx<'_>, me: AccountId, other: AccountId) -> Result<bool> {
        Ok(tx.get(&BLOCK, &(me, other))?.is_some_and(|row| row.stranger_block_id != 0))
    }

    /// How early what somebody sends to strangers is shown where not all can be, as with friend requests: higher is earlier,
    /// 0 is a newcomer.
    pub fn rank(&self, tx: &mut Tx<'_>, me: super::Me, now: Time) -> Result<u32> {
        let newcomer = me.is_newcomer(tx, now, self.0.on_loopback)?;
        Ok(rules::rank(newcomer, now.since(me.created_at), self.0.friends(tx, me.account)?))
    }
}
