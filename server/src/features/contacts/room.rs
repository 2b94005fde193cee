//! What every part of the room decides with: its settings and what later rooms asked for. Holds no data.

use super::tables::{COUNTS, FRIEND, FriendRow, SENT};
use super::{ContactsConfig, FriendHooks, Me, copies, views};
use crate::delivery::log;
use crate::error::{Error, Result};
use crate::id::{AccountId, ConversationId};
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::Time;
use std::sync::Arc;
use teahouse_proto::common::Way;
use teahouse_proto::contacts::Friend;
use teahouse_proto::sync::account_event::What;

/// Settings and hooks.
pub(super) struct Room {
    pub(super) config: ContactsConfig,
    pub(super) on_loopback: bool,
    pub(super) hooks: Arc<dyn FriendHooks>,
}

impl Room {
    /// Draws on a limit that concerns strangers: newcomers have a fifth.
    pub(super) fn draw(
        &self,
        tx: &mut Tx<'_>,
        kind: &'static str,
        limit: u32,
        me: Me,
        now: Time,
    ) -> Result<()> {
        me.draw(tx, (kind, limit), 1, now, self.on_loopback)
    }

    /// Whether somebody may have one more friend. Requests under way have their place kept: so whoever accepts one
    /// never meets, or learns, that the asker is full.
    pub(super) fn has_room(&self, tx: &mut Tx<'_>, account: AccountId) -> Result<bool> {
        let friends = tx.get(&COUNTS, &account)?.unwrap_or_default().friends;
        let free = self.config.max_friends.saturating_sub(friends) as usize;
        Ok(tx.scan(&SENT, &KeyRange::prefix(&(account,)), free, Order::Rising)?.len() < free)
    }

    /// Makes two people friends who both know of it. Gives the friend as `me` sees them.
    pub(super) fn befriend(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        other: AccountId,
        way: Way,
        now: Time,
    ) -> Result<Friend> {
        let conversation = self.hooks.on_friends(tx, me, other, now)?;
        for (one, another) in [(me, other), (other, me)] {
            add_side(tx, one, another, conversation, way, now)?;
            copies::settle_sent(tx, one, another)?;
            copies::settle_received(tx, one, another, now)?;
        }
        tell(tx, other, me, now)?;
        tell(tx, me, other, now)
    }

    /// Gives `me` a friend who does not notice.
    pub(super) fn befriend_silently(
        &self,
        tx: &mut Tx<'_>,
        (me, other): (AccountId, AccountId),
        way: Way,
        why: Silence,
        now: Time,
    ) -> Result<Friend> {
        let conversation = match why {
            Silence::Again => self.hooks.on_friend_again(tx, me, other, now)?,
            Silence::Unseen => self.hooks.on_friends_unseen(tx, me, other, now)?,
        };
        add_side(tx, me, other, conversation, way, now)?;
        copies::settle_sent(tx, me, other)?;
        copies::settle_received(tx, me, other, now)?;
        tell(tx, me, other, now)
    }
}

/// Why somebody gets a friend who does not notice.
#[derive(Clone, Copy, Debug)]
pub(super) enum Silence {
    /// The other had them all along.
    Again,
    /// They accept the request of somebody who blocks them by now. To them it is as ever; to the other nothing happens,
    /// as if they had been deleted at once.
    Unseen,
}

/// Gives `me` a friend. Who has them already keeps what they noted of them.
fn add_side(
    tx: &mut Tx<'_>,
    me: AccountId,
    other: AccountId,
    conversation: ConversationId,
    way: Way,
    now: Time,
) -> Result<()> {
    if tx.get(&FRIEND, &(me, other))?.is_some() {
        return Ok(());
    }
    let row = FriendRow {
        conversation_id: conversation.0,
        way: way.into(),
        since_ms: now.as_ms(),
        // Nobody becomes a friend of somebody whom they block.
        blocked: false,
        ..Default::default()
    };
    tx.put(&FRIEND, &(me, other), &row)?;
    let mut counts = tx.get(&COUNTS, &me)?.unwrap_or_default();
    counts.friends += 1;
    tx.put(&COUNTS, &me, &counts)
}

/// Tells the devices of `me` of a friend that is new or changed, and gives that friend.
pub(super) fn tell(tx: &mut Tx<'_>, me: AccountId, other: AccountId, now: Time) -> Result<Friend> {
    let friend = views::friend_of(tx, me, other, now)?;
    let friend = friend.ok_or_else(|| Error::internal("a friend just stored is not there"))?;
    log::append(tx, me, now, &What::Friend(friend.clone()))?;
    Ok(friend)
}

/// Makes two people of a load test friends, who have heard nothing of each other before.
pub fn seed_friends(
    tx: &mut Tx<'_>,
    hooks: &dyn FriendHooks,
    a: AccountId,
    b: AccountId,
    now: Time,
) -> Result<()> {
    let conversation = hooks.on_friends(tx, a, b, now)?;
    add_side(tx, a, b, conversation, Way::Username, now)?;
    add_side(tx, b, a, conversation, Way::Username, now)
}
