//! Who knows whom: finding people, friend requests, friends with their remarks and tags, and blocks. It knows nothing
//! of conversations; the chat room, which makes them, hands in [`FriendHooks`].

mod apart;
mod api;
mod asking;
mod blockers;
mod blocks;
mod copies;
mod evidence;
mod faces;
mod friends;
mod people;
mod relations;
mod room;
mod rules;
mod showing;
mod strangers;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;
mod tickets;
mod views;

pub use apart::{apart, are_apart};
pub use blockers::{blockers, take_newly_blocked};
pub use evidence::{WitnessedRequest, witnessed_request};
pub use faces::Faces;
pub use people::People;
pub use relations::{
    Relation, are_friends, blocked, blocks, friend_ids, has, has_friend, is_blocked_by, is_newcomer, lists,
    may_chat, relation,
};
#[cfg(test)]
pub(crate) use relations::{set_block, set_friend};
pub use room::seed_friends;
pub use rules::{friend_not_found, may_show, person_not_found};
pub use strangers::Me;
pub use tickets::{Found, Met, Tickets};

use super::Foundation;
use super::pages::Pages;
use crate::error::Result;
use crate::id::{AccountId, ConversationId};
use crate::store::Tx;
use crate::time::Time;
use room::Room;
use std::sync::Arc;

crate::settings! {
    /// Settings `[contacts]`. "A day" is any 24 hours; newcomers have a fifth of what concerns strangers.
    pub struct ContactsConfig {
        /// Searches by username a day.
        searches_per_day: u32 = 100,
        /// New friend requests a day.
        requests_per_day: u32 = 50,
        /// Repetitions a day of friend requests that are under way.
        repeats_per_day: u32 = 50,
        /// New friend requests that somebody is shown a day. The rest waits, the oldest and best connected askers
        /// come first.
        requests_shown_per_day: u32 = 50,
        /// Days after which a friend request expires.
        request_expires_days: u32 = 7,
        /// Replies of each side to one friend request.
        request_replies: u32 = 5,
        /// Hours for which somebody who was found can be asked.
        ticket_hours: u32 = 24,
        /// Friends of one account, with the requests it has under way.
        max_friends: u32 = 5_000,
        /// People that one account blocks.
        max_blocks: u32 = 5_000,
        /// Different tags of one account.
        max_tags: u32 = 200,
    }
}

impl ContactsConfig {
    /// What is wrong with these settings, a sentence for each mistake; empty where the room can work with them.
    pub fn problems(&self) -> Vec<String> {
        let spans =
            [("request_expires_days", self.request_expires_days), ("ticket_hours", self.ticket_hours)];
        let zeros = spans.into_iter().filter(|(_, value)| *value == 0);
        zeros.map(|(name, _)| format!("contacts.{name} is 0; it must be at least 1")).collect()
    }
}

/// The room.
pub struct Contacts {
    foundation: Foundation,
    room: Arc<Room>,
    tickets: Tickets,
    pages: Pages,
}

impl Contacts {
    /// `hooks` is what the chat room does when people become friends or part.
    pub fn new(foundation: Foundation, config: ContactsConfig, hooks: Arc<dyn FriendHooks>) -> Self {
        let tickets = Tickets::new(foundation.seal.clone(), config.ticket_hours);
        let pages = Pages::new(foundation.seal.clone(), "contacts.page");
        let room = Arc::new(Room { config, on_loopback: foundation.on_loopback, hooks });
        Self { foundation, room, tickets, pages }
    }

    /// What later rooms do with people who came upon each other there.
    pub fn people(&self) -> People {
        People(self.room.clone())
    }

    /// Tickets, for rooms with another way of finding people.
    pub fn tickets(&self) -> &Tickets {
        &self.tickets
    }
}

/// What a later room does in the transactions that change who is a friend. The conversation of two people is always
/// the same one, however often they part and meet; friends keep its id.
pub trait FriendHooks: Send + Sync {
    /// Two people became friends. Both are in their conversation from now on (who was in it stays, with what they
    /// had), and it is noted there.
    fn on_friends(&self, tx: &mut Tx<'_>, a: AccountId, b: AccountId, now: Time) -> Result<ConversationId>;

    /// `who` had deleted `other` and has them again, while `other` had `who` all along and must not notice: `who` is
    /// in the conversation again, from its end on, and nothing is noted.
    fn on_friend_again(
        &self,
        tx: &mut Tx<'_>,
        who: AccountId,
        other: AccountId,
        now: Time,
    ) -> Result<ConversationId>;

    /// `who` accepted a request of `other`, who blocks them by now. To `who` everything must be as after
    /// [`on_friends`](Self::on_friends); `other` is not put into the conversation and gets no event.
    fn on_friends_unseen(
        &self,
        tx: &mut Tx<'_>,
        who: AccountId,
        other: AccountId,
        now: Time,
    ) -> Result<ConversationId>;

    /// `who` deleted `other`: `who` loses the conversation with its history, `other` keeps theirs and notices nothing.
    fn on_deleted(&self, tx: &mut Tx<'_>, who: AccountId, other: AccountId, now: Time) -> Result<()>;

    /// `who` blocked `other`: what they have as strangers is over.
    fn on_blocked(&self, tx: &mut Tx<'_>, who: AccountId, other: AccountId, now: Time) -> Result<()>;
}
