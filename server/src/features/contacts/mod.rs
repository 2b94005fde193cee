//! Who knows whom: finding people, friend requests, friends with their remarks and tags, and blocks. It knows nothing
//! of conversations; the chat room, which makes them, hands in [`FriendHooks`].

mod relations;
mod tables;

#[cfg(test)]
pub(crate) use relations::set_friend;
pub use relations::{Relation, friend_ids, is_newcomer, may_chat, relation};

use crate::error::Result;
use crate::id::{AccountId, ConversationId};
use crate::store::Tx;
use crate::time::Time;

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
}
