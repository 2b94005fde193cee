//! What earlier rooms have done for them in their own transactions: the conversation with oneself for a new account,
//! the direct conversation for new friends.

use super::send::append;
use super::tables::{
    CONVERSATION, Content, Conversation, DRAFT, LOG, MEMBER, MINE, Member, Mine, PAIR, Pair,
};
use super::{mentions, ordinal_at, temporary};
use crate::bus::Audience;
use crate::error::Result;
use crate::features::accounts::AccountHooks;
use crate::features::contacts::FriendHooks;
use crate::id::{AccountId, ConversationId, IdGenerator};
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::chat::{BecameFriends, ConversationKind, Notice, notice};

/// Chat's part in the transactions of earlier rooms.
pub struct Hooks {
    ids: IdGenerator,
}

impl Hooks {
    /// Needs nothing but ids for new conversations.
    pub fn new(ids: IdGenerator) -> Self {
        Self { ids }
    }
}

impl AccountHooks for Hooks {
    fn on_registered(
        &self,
        tx: &mut Tx<'_>,
        account: AccountId,
        self_conversation: ConversationId,
        now: Time,
    ) -> Result<()> {
        let conversation = Conversation {
            kind: ConversationKind::Self_.into(),
            first: account.0,
            second: account.0,
            created_at_ms: now.as_ms(),
            ..Conversation::default()
        };
        tx.put(&CONVERSATION, &self_conversation, &conversation)?;
        join(tx, self_conversation, account, now)
    }
}

impl Hooks {
    /// The conversation of two people: the one they had, else a new one that nobody is in yet.
    fn conversation(&self, tx: &mut Tx<'_>, a: AccountId, b: AccountId, now: Time) -> Result<ConversationId> {
        let (first, second) = pair(a, b);
        if let Some(pair) = tx.get(&PAIR, &(first, second))? {
            return Ok(ConversationId(pair.conversation));
        }
        let mut id: ConversationId = self.ids.next();
        // A clock set back over a restart can bring an id again.
        while tx.get(&CONVERSATION, &id)?.is_some() {
            id = self.ids.next();
        }
        tx.put(&PAIR, &(first, second), &Pair { conversation: id.0 })?;
        let conversation = Conversation {
            kind: ConversationKind::Direct.into(),
            first: first.0,
            second: second.0,
            created_at_ms: now.as_ms(),
            ..Conversation::default()
        };
        tx.put(&CONVERSATION, &id, &conversation)?;
        Ok(id)
    }
}

impl FriendHooks for Hooks {
    fn on_friends(&self, tx: &mut Tx<'_>, a: AccountId, b: AccountId, now: Time) -> Result<ConversationId> {
        let id = self.conversation(tx, a, b, now)?;
        join(tx, id, a, now)?;
        join(tx, id, b, now)?;
        note_friends(tx, id, Audience::Accounts([a, b].into()), now)?;
        Ok(id)
    }

    fn on_friend_again(
        &self,
        tx: &mut Tx<'_>,
        who: AccountId,
        other: AccountId,
        now: Time,
    ) -> Result<ConversationId> {
        let id = self.conversation(tx, who, other, now)?;
        join(tx, id, who, now)?;
        Ok(id)
    }

    fn on_friends_unseen(
        &self,
        tx: &mut Tx<'_>,
        who: AccountId,
        other: AccountId,
        now: Time,
    ) -> Result<ConversationId> {
        let id = self.conversation(tx, who, other, now)?;
        join(tx, id, who, now)?;
        // An `other` who kept the conversation gets the entry too: nobody who is in it misses a number.
        let both = tx.get(&MEMBER, &(id, other))?.is_some();
        let to = if both { Audience::Accounts([who, other].into()) } else { Audience::Account(who) };
        note_friends(tx, id, to, now)?;
        Ok(id)
    }

    fn on_deleted(&self, tx: &mut Tx<'_>, who: AccountId, other: AccountId, _now: Time) -> Result<()> {
        let Some(pair) = tx.get(&PAIR, &pair(who, other))? else { return Ok(()) };
        let id = ConversationId(pair.conversation);
        tx.delete(&MEMBER, &(id, who))?;
        tx.delete(&DRAFT, &(who, id))?;
        mentions::forget(tx, who, id, u64::MAX)?;
        tx.delete(&MINE, &(who, id))
    }

    fn on_blocked(&self, tx: &mut Tx<'_>, who: AccountId, other: AccountId, now: Time) -> Result<()> {
        temporary::end_between(tx, who, other, now)
    }
}

/// Two accounts as the key of their pair.
pub(super) fn pair(a: AccountId, b: AccountId) -> (AccountId, AccountId) {
    (a.min(b), a.max(b))
}

fn note_friends(tx: &mut Tx<'_>, id: ConversationId, to: Audience, now: Time) -> Result<()> {
    let notice = Notice { kind: Some(notice::Kind::BecameFriends(BecameFriends {})) };
    append(tx, id, to, AccountId(0), now, bytes::Bytes::new(), &Content::Notice(notice))?;
    Ok(())
}

/// Makes an account a member that sees what comes from now on. Who is one already stays as they are: whoever kept
/// the conversation keeps its history.
pub(super) fn join(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    account: AccountId,
    now: Time,
) -> Result<()> {
    if tx.get(&MEMBER, &(conversation, account))?.is_some() {
        return Ok(());
    }
    let head = tx.head(&LOG, &conversation)?;
    let ordinal_after = ordinal_at(tx, conversation, head)?;
    let member = Member { visible_after: head, ordinal_after, ..Member::default() };
    tx.put(&MEMBER, &(conversation, account), &member)?;
    tx.put(&MINE, &(account, conversation), &Mine { since_ms: now.as_ms(), ..Mine::default() })
}
