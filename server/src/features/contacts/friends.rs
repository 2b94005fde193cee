//! Friends and their tags, as their owner keeps them. Everything here concerns one side alone.

use super::room::{Room, tell};
use super::tables::{COUNTS, FRIEND, FriendRow, TAGS, TagRow, TagsRow};
use super::{rules, views};
use crate::delivery::log;
use crate::error::Result;
use crate::id::AccountId;
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::contacts::{Friend, FriendPrivacy};
use teahouse_proto::sync::account_event::What;
use teahouse_proto::sync::{FriendDeleted, TagRenamed};

/// What changes of a friend; `None` stays as it is.
pub(super) struct Change {
    pub(super) remark: Option<String>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) starred: Option<bool>,
    pub(super) privacy: Option<FriendPrivacy>,
}

impl Room {
    /// Somebody's number of friends.
    pub(super) fn friends(&self, tx: &mut Tx<'_>, me: AccountId) -> Result<u32> {
        Ok(tx.get(&COUNTS, &me)?.unwrap_or_default().friends)
    }

    /// Changes a friend. Without a difference nothing is written.
    pub(super) fn update_friend(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        other: AccountId,
        change: &Change,
        now: Time,
    ) -> Result<Friend> {
        let before = tx.get(&FRIEND, &(me, other))?.ok_or_else(rules::friend_not_found)?;
        let mut row = before.clone();
        if let Some(remark) = &change.remark {
            row.remark.clone_from(remark);
        }
        if let Some(names) = &change.tags {
            row.tags = self.retag(tx, me, &before.tags, names)?;
        }
        row.starred = change.starred.unwrap_or(row.starred);
        row.privacy = change.privacy.or(row.privacy);
        if row == before {
            return Ok(views::friend_of(tx, me, other, now)?.unwrap_or_default());
        }
        tx.put(&FRIEND, &(me, other), &row)?;
        tell(tx, me, other, now)
    }

    /// Numbers for the names of a friend's tags, and the tags counted anew.
    fn retag(&self, tx: &mut Tx<'_>, me: AccountId, before: &[u32], names: &[String]) -> Result<Vec<u32>> {
        let mut tags = tx.get(&TAGS, &me)?.unwrap_or_default();
        let earlier = tags.clone();
        tags.count(before, |n| n.saturating_sub(1));
        let numbers: Vec<u32> = names.iter().map(|name| tags.number(name)).collect();
        tags.count(&numbers, |n| n + 1);
        tags.tags.retain(|tag| tag.friends > 0);
        if tags.tags.len() > self.config.max_tags as usize {
            return Err(rules::too_many_tags(
                "You have as many different tags as one can. Use those you have.",
            ));
        }
        if tags != earlier {
            tx.put(&TAGS, &me, &tags)?;
        }
        Ok(numbers)
    }

    /// Deletes a friend on one side.
    pub(super) fn delete_friend(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        other: AccountId,
        now: Time,
    ) -> Result<()> {
        let row = tx.get(&FRIEND, &(me, other))?.ok_or_else(rules::friend_not_found)?;
        tx.delete(&FRIEND, &(me, other))?;
        let mut counts = tx.get(&COUNTS, &me)?.unwrap_or_default();
        counts.friends = counts.friends.saturating_sub(1);
        tx.put(&COUNTS, &me, &counts)?;
        self.retag(tx, me, &row.tags, &[])?;
        self.hooks.on_deleted(tx, me, other, now)?;
        let deleted = FriendDeleted { account_id: other.0, conversation_id: row.conversation_id };
        log::append(tx, me, now, &What::FriendDeleted(deleted))?;
        Ok(())
    }

    /// Renames a tag, or removes it where the new name is `None`.
    pub(super) fn rename_tag(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        name: &str,
        new_name: Option<&str>,
        now: Time,
    ) -> Result<()> {
        let mut tags = tx.get(&TAGS, &me)?.unwrap_or_default();
        let at = tags.tags.iter().position(|tag| tag.name == name).ok_or_else(rules::tag_not_found)?;
        match new_name {
            Some(same) if same == name => return Ok(()),
            Some(new) if tags.tags.iter().any(|tag| tag.name == new) => return Err(rules::tag_taken()),
            Some(new) => new.clone_into(&mut tags.tags[at].name),
            None => drop(tags.tags.remove(at)),
        }
        tx.put(&TAGS, &me, &tags)?;
        let new_name = new_name.unwrap_or_default().to_owned();
        log::append(tx, me, now, &What::TagRenamed(TagRenamed { name: name.to_owned(), new_name }))?;
        Ok(())
    }
}

impl FriendRow {
    /// Whether the friend has a tag.
    pub(super) fn has_tag(&self, number: u32) -> bool {
        self.tags.contains(&number)
    }
}

impl TagsRow {
    /// The number of a tag, made where there is none of this name.
    fn number(&mut self, name: &str) -> u32 {
        if let Some(tag) = self.tags.iter().find(|tag| tag.name == name) {
            return tag.number;
        }
        self.last += 1;
        self.tags.push(TagRow { number: self.last, name: name.to_owned(), friends: 0 });
        self.last
    }

    fn count(&mut self, numbers: &[u32], change: impl Fn(u32) -> u32) {
        for tag in self.tags.iter_mut().filter(|tag| numbers.contains(&tag.number)) {
            tag.friends = change(tag.friends);
        }
    }
}
