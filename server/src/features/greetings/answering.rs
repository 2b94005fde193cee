//! Answering a greeting: what a reply, acceptance and dismissal do, and a block of a stranger. A greeting whose sender
//! blocks the receiver by now is gone when it is touched, and not before: its absence must not tell of the block.

use super::room::Room;
use super::tables::{GreetingRow, PAIR, Place};
use super::{rows, rules};
use crate::delivery::log;
use crate::error::Result;
use crate::features::chat;
use crate::features::contacts::{self, Me};
use crate::features::ledger::once::Creation;
use crate::id::{AccountId, BlockId, ConversationId, GreetingId};
use crate::store::Tx;
use crate::time::Time;
use bytes::Bytes;
use teahouse_proto::contacts::{BlockedPerson, Friend};
use teahouse_proto::greetings::ReplyToGreetingResponse;
use teahouse_proto::sync::account_event::What;

/// Somebody replies to a greeting.
pub(super) struct Reply {
    pub(super) me: AccountId,
    pub(super) greeting: GreetingId,
    pub(super) text: String,
    pub(super) client_id: Bytes,
    pub(super) creation: Creation,
    pub(super) now: Time,
}

/// What came of an answer. `None`: the greeting is gone, which was noted.
type Answered<T> = Result<Option<T>>;

impl Room {
    /// Replies, or gives the answer of the first time.
    pub(super) fn reply(&self, tx: &mut Tx<'_>, reply: &Reply) -> Answered<ReplyToGreetingResponse> {
        if let Some(answer) = reply.creation.earlier(tx)? {
            return Ok(Some(answer));
        }
        let Reply { me, greeting, now, .. } = *reply;
        let Some(mut row) = self.to_answer(tx, me, greeting, now)? else { return Ok(None) };
        let greeter = AccountId(row.sender);
        let before = self.temporary.living(tx, me, greeter, now)?;
        let texts: Vec<(String, Time)> =
            row.texts.iter().map(|text| (text.text.clone(), Time(text.at_ms))).collect();
        let id = self.temporary.open(tx, greeter, me, &texts, now)?;
        let seq = self.temporary.say(tx, id, me, reply.client_id.clone(), &reply.text, now)?;
        if row.chat() != Some(id) {
            rows::take(tx, me, greeting)?;
            row.conversation = id.0;
            rows::put(tx, me, greeting, &row)?;
        }
        rows::answered(tx, greeter, me)?;
        let chat = self.chat(tx, me, id, now)?.ok_or_else(chat::conversation_not_found)?;
        if before != Some(id) {
            log::append(tx, me, now, &What::TemporaryChat(chat.clone()))?;
            if let Some(theirs) = self.chat(tx, greeter, id, now)? {
                log::append(tx, greeter, now, &What::TemporaryChat(theirs))?;
            }
        }
        let answer = ReplyToGreetingResponse { chat: Some(chat), seq };
        reply.creation.remember(tx, &answer)?;
        Ok(Some(answer))
    }

    /// Makes friends with whoever greeted. May be repeated while they are friends and the greeting would be there.
    pub(super) fn accept(&self, tx: &mut Tx<'_>, me: Me, id: GreetingId, now: Time) -> Answered<Friend> {
        let me = me.account;
        let row = rows::greeting(tx, me, id)?.ok_or_else(rules::greeting_not_found)?;
        let greeter = AccountId(row.sender);
        if row.place() == Place::Accepted {
            let friend = self.people.friend(tx, me, greeter, now)?;
            return friend.filter(|_| row.is_fresh(now)).map(Some).ok_or_else(rules::greeting_not_found);
        }
        let Some(row) = self.to_answer(tx, me, id, now)? else { return Ok(None) };
        let temporary = &self.temporary;
        let friend = self.people.befriend(tx, (me, greeter), row.way(), now, |tx| {
            match temporary.living(tx, me, greeter, now)? {
                Some(chat) => temporary.become_direct(tx, chat, now),
                None => Ok(()),
            }
        })?;
        rows::answered(tx, greeter, me)?;
        rows::settle(tx, me, id, Place::Accepted, self.config.expires(now), now)?;
        if contacts::lists(tx, greeter, me)? {
            // What I wrote to them is settled by it, too.
            rows::answered(tx, me, greeter)?;
            rows::drop_greeting(tx, me, greeter, now)?;
        }
        Ok(Some(friend))
    }

    /// Puts a greeting away, and further ones of that person for some days. May be repeated.
    pub(super) fn ignore(&self, tx: &mut Tx<'_>, me: AccountId, id: GreetingId, now: Time) -> Result<()> {
        let row = rows::greeting(tx, me, id)?.ok_or_else(rules::greeting_not_found)?;
        if row.place() == Place::Ignored && row.is_fresh(now) {
            return Ok(());
        }
        if row.place() != Place::Shown || !self.is_open(tx, me, &row, now)? {
            return Err(rules::greeting_not_found());
        }
        rows::settle(tx, me, id, Place::Ignored, self.config.expires(now), now)
    }

    /// Blocks somebody as a stranger. What they wrote leaves the box for as long.
    pub(super) fn block(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        other: AccountId,
        fresh: BlockId,
        now: Time,
    ) -> Result<BlockedPerson> {
        let was_blocked = contacts::blocks(tx, me, other)?;
        let blocked = self.people.block_stranger(tx, me, other, fresh, now)?;
        let pair = tx.get(&PAIR, &(other, me))?;
        if let Some(id) = pair.and_then(|pair| pair.greeting()).filter(|_| !was_blocked)
            && rows::greeting(tx, me, id)?.is_some_and(|row| row.place() == Place::Shown)
        {
            rows::closed(tx, me, id, now)?;
        }
        Ok(blocked)
    }

    /// Who sent a greeting that is in the caller's box.
    pub(super) fn sender_of(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: GreetingId,
        now: Time,
    ) -> Result<AccountId> {
        let row = rows::greeting(tx, me, id)?.ok_or_else(rules::greeting_not_found)?;
        // A repeated block, and one of somebody just accepted or ignored, finds it, too.
        let seen = !matches!(row.place(), Place::Waiting | Place::Lost);
        let found = seen && (row.is_fresh(now) || row.chat().is_some());
        found.then_some(AccountId(row.sender)).ok_or_else(rules::greeting_not_found)
    }

    /// Ends a temporary chat for both, and the greetings that it came of.
    pub(super) fn leave(&self, tx: &mut Tx<'_>, me: AccountId, id: ConversationId, now: Time) -> Result<()> {
        let partner = self.temporary.partner(tx, me, id)?.ok_or_else(chat::conversation_not_found)?;
        self.temporary.leave(tx, me, id, now)?;
        for (sender, receiver) in [(partner, me), (me, partner)] {
            let pair = tx.get(&PAIR, &(sender, receiver))?;
            let Some(greeting) = pair.and_then(|pair| pair.greeting()) else { continue };
            if rows::greeting(tx, receiver, greeting)?.is_some_and(|row| row.chat() == Some(id)) {
                rows::drop_greeting(tx, sender, receiver, now)?;
            }
        }
        Ok(())
    }

    /// A greeting that the caller may answer. `None`: its sender blocks them by now, so it is gone from here on.
    fn to_answer(&self, tx: &mut Tx<'_>, me: AccountId, id: GreetingId, now: Time) -> Answered<GreetingRow> {
        let row = rows::greeting(tx, me, id)?.ok_or_else(rules::greeting_not_found)?;
        if row.place() != Place::Shown || !self.is_open(tx, me, &row, now)? {
            return Err(rules::greeting_not_found());
        }
        let greeter = AccountId(row.sender);
        if contacts::blocks(tx, greeter, me)? {
            rows::drop_greeting(tx, greeter, me, now)?;
            return Ok(None);
        }
        Ok(Some(row))
    }
}
