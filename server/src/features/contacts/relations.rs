//! What later rooms ask about two people. Reads only; it does not know how they came to be what they are.

use super::tables::{BLOCK, FRIEND};
#[cfg(test)]
use super::tables::{BlockRow, FriendRow};
use crate::error::Result;
use crate::features::accounts;
use crate::id::AccountId;
#[cfg(test)]
use crate::id::ConversationId;
use crate::store::key::KeyRange;
use crate::store::{Order, Store, Tx};
use crate::time::{DAY, Time};
use std::time::Duration;

/// Everybody is a newcomer for so long.
const NEWCOMER_ALWAYS: Duration = Duration::from_secs(3 * DAY.as_secs());
/// Who has no friend of at least this age is one for so long.
const NEWCOMER_ALONE: Duration = Duration::from_secs(14 * DAY.as_secs());
/// More than anybody can block, whatever the setting: a list that is read has a bound.
const MAX_BLOCKED: usize = 100_000;
/// How many of the oldest friends are asked whether they are none.
const FRIENDS_ASKED: usize = 20;

/// What two people are to each other, as one of them sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relation {
    /// I have them as a friend.
    pub i_have: bool,
    /// They have me as a friend.
    pub they_have: bool,
    /// I block them.
    pub i_block: bool,
    /// They block me.
    pub they_block: bool,
}

impl Relation {
    /// Whether messages may pass: both have each other, and neither blocks.
    pub fn are_friends(self) -> bool {
        self.i_have && self.they_have && !self.is_blocked()
    }

    /// Whether either blocks the other.
    pub fn is_blocked(self) -> bool {
        self.i_block || self.they_block
    }
}

/// Whether a message may pass from one to the other: both have each other as a friend and neither blocks the other.
/// Two rows at most, since it is asked for every message. The answer for a stranger, for somebody who deleted or
/// blocks `from`, and for an account that does not exist is the same.
pub fn may_chat(tx: &mut Tx<'_>, from: AccountId, to: AccountId) -> Result<bool> {
    for sides in [(from, to), (to, from)] {
        match tx.get(&FRIEND, &sides)? {
            Some(row) if !row.blocked => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Whether somebody has a friend whom they do not block: their own side alone.
pub async fn has(store: &Store, me: AccountId, other: AccountId) -> Result<bool> {
    Ok(store.get(&FRIEND, &(me, other)).await?.is_some_and(|row| !row.blocked))
}

/// As [`has`], within a transaction.
pub fn lists(tx: &mut Tx<'_>, me: AccountId, other: AccountId) -> Result<bool> {
    Ok(tx.get(&FRIEND, &(me, other))?.is_some_and(|row| !row.blocked))
}

/// As [`may_chat`], outside of a transaction: for what is shown or told in passing.
pub async fn are_friends(store: &Store, a: AccountId, b: AccountId) -> Result<bool> {
    Ok(has(store, a, b).await? && has(store, b, a).await?)
}

/// What two people are to each other.
pub fn relation(tx: &mut Tx<'_>, me: AccountId, other: AccountId) -> Result<Relation> {
    Ok(Relation {
        i_have: tx.get(&FRIEND, &(me, other))?.is_some(),
        they_have: tx.get(&FRIEND, &(other, me))?.is_some(),
        i_block: tx.get(&BLOCK, &(me, other))?.is_some(),
        they_block: tx.get(&BLOCK, &(other, me))?.is_some(),
    })
}

/// Whether somebody blocks another.
pub fn blocks(tx: &mut Tx<'_>, me: AccountId, other: AccountId) -> Result<bool> {
    Ok(tx.get(&BLOCK, &(me, other))?.is_some())
}

/// Whether somebody is blocked by another, outside of a transaction.
pub async fn is_blocked_by(store: &Store, me: AccountId, other: AccountId) -> Result<bool> {
    Ok(store.get(&BLOCK, &(other, me)).await?.is_some())
}

/// Whom somebody blocks, in order of id: none, for nearly everybody.
pub async fn blocked(store: &Store, me: AccountId) -> Result<Vec<AccountId>> {
    let rows = store.scan(&BLOCK, &KeyRange::prefix(&(me,)), MAX_BLOCKED, Order::Rising).await?;
    Ok(rows.into_iter().map(|((_, other), _)| other).collect())
}

/// Whether somebody has another as a friend, by their own list alone.
pub async fn has_friend(store: &Store, me: AccountId, other: AccountId) -> Result<bool> {
    Ok(store.get(&FRIEND, &(me, other)).await?.is_some())
}

/// Whether an account has only a fifth of the limits that concern strangers, groups and codes: it is younger than 3
/// days, or younger than 14 and none of its friends (who have it too) is at least 14 days old. Ids grow with time,
/// so the oldest friends come first, and the first 20 of them decide. On loopback nobody is a newcomer.
pub fn is_newcomer(
    tx: &mut Tx<'_>,
    account: AccountId,
    created_at: Time,
    now: Time,
    on_loopback: bool,
) -> Result<bool> {
    let age = now.since(created_at);
    if on_loopback || age >= NEWCOMER_ALONE {
        return Ok(false);
    }
    if age < NEWCOMER_ALWAYS {
        return Ok(true);
    }
    let oldest = tx.scan(&FRIEND, &KeyRange::prefix(&(account,)), FRIENDS_ASKED, Order::Rising)?;
    for ((_, friend), _) in oldest {
        let created = accounts::person(tx, friend)?.map(|p| p.created_at);
        if created.is_some_and(|at| now.since(at) >= NEWCOMER_ALONE)
            && tx.get(&FRIEND, &(friend, account))?.is_some()
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whom somebody has as friends, in order of id, after one of them, at most `limit`. Says nothing of whom they
/// block, nor of who has them.
pub async fn friend_ids(
    store: &Store,
    me: AccountId,
    after: Option<AccountId>,
    limit: usize,
) -> Result<Vec<AccountId>> {
    let all = KeyRange::prefix(&(me,));
    let range = match after {
        Some(after) => all.after(&(me, after)),
        None => all,
    };
    let rows = store.scan(&FRIEND, &range, limit, Order::Rising).await?;
    Ok(rows.into_iter().map(|((_, friend), _)| friend).collect())
}

/// Gives `me` the friend `other`, or takes them away: for tests of later rooms.
#[cfg(test)]
pub(crate) fn set_friend(
    tx: &mut Tx<'_>,
    me: AccountId,
    other: AccountId,
    has: Option<ConversationId>,
) -> Result<()> {
    match has {
        Some(id) => {
            tx.put(&FRIEND, &(me, other), &FriendRow { conversation_id: id.0, ..FriendRow::default() })
        }
        None => tx.delete(&FRIEND, &(me, other)),
    }
}

/// Lets somebody block another, for the tests of later rooms.
#[cfg(test)]
pub(crate) fn set_block(tx: &mut Tx<'_>, me: AccountId, other: AccountId) -> Result<()> {
    tx.put(&BLOCK, &(me, other), &BlockRow { block_id: 1, ..BlockRow::default() })?;
    super::apart::part(tx, me, other)
}

#[cfg(test)]
mod tests {
    use super::super::tables::FriendRow;
    use super::*;
    use crate::features::accounts::fixture::register;

    const NOW: Time = Time(1_800_000_000_000);
    const ME: AccountId = AccountId(50);
    const OLD: AccountId = AccountId(10);
    const NEW: AccountId = AccountId(40);

    fn befriend(tx: &mut Tx<'_>, me: AccountId, other: AccountId) -> Result<()> {
        tx.put(&FRIEND, &(me, other), &FriendRow::default())
    }

    #[tokio::test]
    async fn a_newcomer_is_young_or_without_an_old_friend() {
        let (store, _published) = Store::memory();
        let days = |n: u32| DAY * n;
        store
            .transact(move |tx| {
                register(tx, OLD, "old_friend", NOW - days(30))?;
                register(tx, NEW, "new_friend", NOW - days(13))?;
                let newcomer =
                    |tx: &mut Tx<'_>, age, loopback| is_newcomer(tx, ME, NOW - days(age), NOW, loopback);
                assert!(newcomer(tx, 2, false)? && newcomer(tx, 5, false)? && newcomer(tx, 13, false)?);
                assert!(!newcomer(tx, 14, false)? && !newcomer(tx, 0, true)?);
                befriend(tx, ME, NEW)?;
                befriend(tx, NEW, ME)?;
                befriend(tx, ME, OLD)?;
                assert!(newcomer(tx, 5, false)?, "an old account that does not have me is no friend");
                befriend(tx, OLD, ME)?;
                assert!(!newcomer(tx, 5, false)? && newcomer(tx, 2, false)?);
                Ok(())
            })
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn friends_come_in_order_and_page_by_page() {
        let (store, _published) = Store::memory();
        store
            .transact(|tx| {
                [3, 1, 2].iter().try_for_each(|n| befriend(tx, ME, AccountId(*n)))?;
                befriend(tx, AccountId(49), ME)?;
                befriend(tx, AccountId(51), ME)
            })
            .await
            .unwrap();
        let page = friend_ids(&store, ME, None, 2).await.unwrap();
        assert_eq!(page, [AccountId(1), AccountId(2)]);
        assert_eq!(friend_ids(&store, ME, page.last().copied(), 2).await.unwrap(), [AccountId(3)]);
        assert!(friend_ids(&store, AccountId(1), None, 2).await.unwrap().is_empty());
    }
}
