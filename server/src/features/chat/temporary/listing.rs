//! Temporary chats as one of the two has them.

use super::super::Chat;
use super::super::conversations::Place;
use super::super::tables::{CONVERSATION, Conversation, LOG, TEMPORARY};
use super::ends_after;
use crate::error::Result;
use crate::id::{AccountId, ConversationId};
use crate::store::Order;
use crate::store::key::KeyRange;
use crate::time::Time;

/// More than anybody has: greetings are limited by the day, and chats that are over go after some weeks.
const MAX_LISTED: usize = 5_000;

/// A temporary chat as one of the two has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemporaryView {
    /// Which conversation.
    pub id: ConversationId,
    /// The other. No client of `me` learns this.
    pub partner: AccountId,
    /// When it ends, or ended.
    pub ends_at: Time,
    /// It is over.
    pub ended: bool,
}

impl Chat {
    /// Temporary chats of an account, over or not, the latest moved first: at most `limit` after a place in that order.
    /// Each with its own place.
    pub async fn temporary_chats(
        &self,
        me: AccountId,
        after: Option<Place>,
        limit: usize,
        now: Time,
    ) -> Result<Vec<(Place, TemporaryView)>> {
        let store = &self.foundation.store;
        let rows = store.scan(&TEMPORARY, &KeyRange::prefix(&(me,)), MAX_LISTED, Order::Rising).await?;
        let mut places = Vec::with_capacity(rows.len());
        for ((_, partner, id), ()) in rows {
            places.push(((self.heads.load(store, id).await?.stamp, id), partner));
        }
        places.retain(|(place, _)| after.is_none_or(|after| *place < after));
        places.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
        let mut chats = Vec::new();
        for ((stamp, id), partner) in places {
            if chats.len() == limit {
                break;
            }
            // It may have become a direct one since.
            let Some(what) = store.get(&CONVERSATION, &id).await? else { continue };
            let Some(ends_at) = self.ends_at(id, &what).await? else { continue };
            chats.push(((stamp, id), TemporaryView { id, partner, ends_at, ended: ends_at <= now }));
        }
        Ok(chats)
    }

    /// When a temporary chat ends, or ended; `None` of other conversations.
    pub(in super::super) async fn ends_at(
        &self,
        id: ConversationId,
        what: &Conversation,
    ) -> Result<Option<Time>> {
        if !what.is_temporary() {
            return Ok(None);
        }
        if let Some(ended) = what.ended_at() {
            return Ok(Some(ended));
        }
        let store = &self.foundation.store;
        let newest = store.entries(&LOG, &id, 1, u64::MAX, 1, Order::Falling).await?;
        let Some((head, newest)) = newest.into_iter().next() else {
            return Ok(Some(ends_after(what, Time(0))));
        };
        let last = newest.last_message(head);
        if last == head {
            return Ok(Some(ends_after(what, Time(newest.at_ms))));
        }
        let said = store.entries(&LOG, &id, last, last, 1, Order::Falling).await?;
        Ok(Some(ends_after(what, Time(said.first().map_or(0, |(_, entry)| entry.at_ms)))))
    }
}
