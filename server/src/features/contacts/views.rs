//! Rows as their owners see them. Every view follows from the owner's own rows and from what anybody may see of the
//! other person, so no view tells of the other's blocks, deletions or switches.

use super::tables::{BlockedRow, FRIEND, FriendRow, RequestRow, TAGS, TagsRow};
use crate::error::{Error, Result};
use crate::features::accounts::{self, Person};
use crate::id::{AccountId, BlockId, RequestId};
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::common::{Caution, Way};
use teahouse_proto::contacts::{BlockedPerson, Friend, FriendRequest, RequestText};

/// A friend.
pub(super) fn friend(row: FriendRow, person: &Person, tags: &TagsRow, now: Time) -> Friend {
    Friend {
        account_id: person.id.0,
        username: person.username.clone(),
        card: Some(person.card()),
        conversation_id: row.conversation_id,
        tags: row.tags.iter().filter_map(|n| tags.name(*n)).map(str::to_owned).collect(),
        remark: row.remark,
        starred: row.starred,
        privacy: Some(row.privacy.unwrap_or_default()),
        way: row.way,
        friends_since_ms: row.since_ms,
        former_display_name: person.former_display_name(now).to_owned(),
    }
}

/// A friend, from their rows; `None` where I do not have them.
pub(super) fn friend_of(
    tx: &mut Tx<'_>,
    me: AccountId,
    other: AccountId,
    now: Time,
) -> Result<Option<Friend>> {
    let Some(row) = tx.get(&FRIEND, &(me, other))? else { return Ok(None) };
    let tags = tx.get(&TAGS, &me)?.unwrap_or_default();
    Ok(Some(friend(row, &known(tx, other)?, &tags, now)))
}

/// A request as the owner of this copy sees it.
pub(super) fn request(id: RequestId, row: RequestRow, other: &Person, side: Side) -> FriendRequest {
    let (sent, caution) = match side {
        Side::Asker => (true, Caution::Unspecified),
        Side::Asked(caution) => (false, caution),
    };
    let typed = sent && row.way() == Way::Username;
    let texts = row.texts.into_iter();
    FriendRequest {
        request_id: id.0,
        card: Some(other.card()),
        username: if typed { other.username.clone() } else { String::new() },
        way: row.way,
        texts: texts.map(|t| RequestText { mine: t.mine, text: t.text, sent_at_ms: t.sent_at_ms }).collect(),
        sent_at_ms: row.sent_at_ms,
        expires_at_ms: row.expires_at_ms,
        caution: caution.into(),
    }
}

/// Whose copy of a request it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    /// Who asked.
    Asker,
    /// Who was asked, and what they should know of the asker.
    Asked(Caution),
}

/// Somebody blocked. `is_friend`: by the blocker's own list. Who was blocked as a stranger stays one, whoever they are.
pub(super) fn blocked(id: BlockId, row: &BlockedRow, person: &Person, is_friend: bool) -> BlockedPerson {
    let card = if row.as_stranger { person.card_for_strangers() } else { person.card() };
    BlockedPerson {
        block_id: id.0,
        card: Some(card),
        account_id: if is_friend && !row.as_stranger { person.id.0 } else { 0 },
        blocked_at_ms: row.at_ms,
    }
}

/// A person whom stored rows name.
pub(super) fn known(tx: &mut Tx<'_>, id: AccountId) -> Result<Person> {
    accounts::person(tx, id)?.ok_or_else(|| Error::internal("a row names an account that does not exist"))
}

impl TagsRow {
    /// The name of a tag, unless it was removed.
    pub(super) fn name(&self, number: u32) -> Option<&str> {
        self.tags.iter().find(|tag| tag.number == number).map(|tag| tag.name.as_str())
    }
}
