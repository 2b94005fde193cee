//! Temporary chats: two strangers talk after an answered greeting. Neither learns the other's account: see [`Authors`].
//! When such a chat ends is derived from its last message, so a message costs no more than elsewhere. Who may open one,
//! and how the two met, is the business of a later room; it knows nothing of greetings.

mod authors;
mod ending;
mod listing;
mod rules;

pub(super) use authors::{Authors, StoredTemporary};
pub(super) use ending::end_between;
pub use listing::TemporaryView;
pub(super) use rules::{check_changes, check_copies, check_mentions};

use super::hooks::{join, pair};
use super::rules::check_text;
use super::send::{Opened, append};
use super::tables::{CONVERSATION, Content, Conversation, LOG, MEMBER, PAIR, Pair, StoredEntry, TEMPORARY};
use super::{Chat, ChatConfig, Foundation, conversation_not_found};
use crate::error::Result;
use crate::faults::{Fault, on};
use crate::features::ledger::adverts;
use crate::id::{AccountId, ConversationId, IdGenerator};
use crate::random::Random;
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::Time;
use bytes::Bytes;
pub(super) use rules::advertising;
use rules::{chat_ended, check_kind};
use teahouse_proto::chat::{ConversationKind, Text};

/// Temporary chats, for later rooms. All that takes a transaction may be called again within it.
#[derive(Clone)]
pub struct Temporary {
    ids: IdGenerator,
    random: Random,
    lives_ms: i64,
    on_loopback: bool,
}

impl Temporary {
    pub(super) fn new(foundation: &Foundation, config: &ChatConfig) -> Self {
        let lives_ms = i64::try_from(config.temporary_for().as_millis()).unwrap_or(i64::MAX);
        Self {
            ids: foundation.ids.clone(),
            random: foundation.random.clone(),
            lives_ms,
            on_loopback: foundation.on_loopback,
        }
    }

    /// The living chat of two; else a new one that begins with the greeting, each text with the time when it was sent. Nobody
    /// has written in it by that: pictures are allowed when both have said something themselves.
    pub fn open(
        &self,
        tx: &mut Tx<'_>,
        greeter: AccountId,
        replier: AccountId,
        greeting: &[(String, Time)],
        now: Time,
    ) -> Result<ConversationId> {
        if let Some(id) = living(tx, replier, greeter, now)? {
            return Ok(id);
        }
        let mut id: ConversationId = self.ids.next();
        // A clock set back over a restart can bring an id again.
        while tx.get(&CONVERSATION, &id)?.is_some() {
            id = self.ids.next();
        }
        let (first, second) = pair(greeter, replier);
        let what = Conversation {
            kind: ConversationKind::Temporary.into(),
            first: first.0,
            second: second.0,
            created_at_ms: now.as_ms(),
            temporary: Some(StoredTemporary::new(&self.random, self.lives_ms)),
            ..Conversation::default()
        };
        tx.put(&CONVERSATION, &id, &what)?;
        for (me, other) in [(first, second), (second, first)] {
            join(tx, id, me, now)?;
            tx.put(&TEMPORARY, &(me, other, id), &())?;
        }
        ending::look_at(tx, id, ends_after(&what, now))?;
        let opened = Opened::between_two(id, what);
        for (text, at) in greeting {
            let text = Text { text: text.clone(), ..Text::default() };
            append(tx, id, opened.listeners(), greeter, *at, Bytes::new(), &Content::Text(text))?;
        }
        Ok(id)
    }

    /// Says a text in a living chat; gives its number. `client_id` comes back to the devices of `me`; what a repeat is, is
    /// the caller's to know.
    ///
    /// # Errors
    /// `CONVERSATION_NOT_FOUND`, `CHAT_ENDED`, `ADVERTISING`, `TEXT_EMPTY`, `TEXT_TOO_LONG`, `TEXT_INVALID`.
    pub fn say(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        me: AccountId,
        client_id: Bytes,
        text: &str,
        now: Time,
    ) -> Result<u64> {
        let text = Text { text: text.to_owned(), ..Text::default() };
        check_text(&text)?;
        let what = chat(tx, id)?.ok_or_else(conversation_not_found)?;
        check_may_speak(tx, id, &what, me, now)?;
        if self.is_advert(tx, &what, me, &text, now)? {
            return Err(advertising());
        }
        Opened::between_two(id, what).say(tx, me, now, client_id, &Content::Text(text))
    }

    /// Whether a text goes to too many strangers. It is to be refused then, in a transaction that is kept: those who look
    /// after the server learn of it by that.
    pub(super) fn is_advert(
        &self,
        tx: &mut Tx<'_>,
        what: &Conversation,
        me: AccountId,
        text: &Text,
        now: Time,
    ) -> Result<bool> {
        if !what.is_temporary() {
            return Ok(false);
        }
        // Not the account: whether it is one that got the text already would tell who the stranger is.
        let (_, stranger) = what.author_ids(me);
        adverts::note(tx, me, &text.text, AccountId(stranger), now, self.on_loopback)
    }

    /// The other of a temporary chat that `me` has, over or not. Later rooms tell clients nothing of them but a stranger's
    /// card.
    pub fn partner(&self, tx: &mut Tx<'_>, me: AccountId, id: ConversationId) -> Result<Option<AccountId>> {
        let Some(what) = chat(tx, id)? else { return Ok(None) };
        Ok(tx.get(&MEMBER, &(id, me))?.and_then(|_| what.other(me)))
    }

    /// A temporary chat that `me` has; `None` where they have no such.
    pub fn view(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: ConversationId,
        now: Time,
    ) -> Result<Option<TemporaryView>> {
        let Some(partner) = self.partner(tx, me, id)? else { return Ok(None) };
        let Some(what) = chat(tx, id)? else { return Ok(None) };
        let ends_at = ends_at(tx, id, &what)?;
        Ok(Some(TemporaryView { id, partner, ends_at, ended: ends_at <= now }))
    }

    /// The living chat of two; `None` where there is none, or one of them left it.
    pub fn living(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        other: AccountId,
        now: Time,
    ) -> Result<Option<ConversationId>> {
        living(tx, me, other, now)
    }

    /// `me` leaves: the chat is over for both. `me` loses it with its history, the other keeps it to read, and it is noted
    /// there, if it was not over before.
    ///
    /// # Errors
    /// `CONVERSATION_NOT_FOUND`.
    pub fn leave(&self, tx: &mut Tx<'_>, me: AccountId, id: ConversationId, now: Time) -> Result<()> {
        ending::leave(tx, me, id, now)
    }

    /// `who` blocks `other`: leaves their living chat, if they have one. The contacts room has this done with each block.
    pub fn end_between(&self, tx: &mut Tx<'_>, who: AccountId, other: AccountId, now: Time) -> Result<()> {
        end_between(tx, who, other, now)
    }

    /// A living chat becomes the direct conversation of the two, who are about to become friends: its history stays and its
    /// numbers go on. Where they have a direct conversation already, it ends, and both keep it to read. What is over stays
    /// over, and what is no temporary chat stays what it is.
    pub fn become_direct(&self, tx: &mut Tx<'_>, id: ConversationId, now: Time) -> Result<()> {
        let Some(mut what) = chat(tx, id)? else { return Ok(()) };
        if ends_at(tx, id, &what)? <= now {
            return Ok(());
        }
        let (first, second) = (AccountId(what.first), AccountId(what.second));
        if tx.get(&PAIR, &(first, second))?.is_some() {
            return ending::end(tx, id, what, now);
        }
        tx.put(&PAIR, &(first, second), &Pair { conversation: id.0 })?;
        tx.delete(&TEMPORARY, &(first, second, id))?;
        tx.delete(&TEMPORARY, &(second, first, id))?;
        what.kind = ConversationKind::Direct.into();
        tx.put(&CONVERSATION, &id, &what)
    }
}

impl Chat {
    /// Temporary chats, for later rooms.
    pub fn temporary(&self) -> &Temporary {
        &self.temporary
    }
}

/// A temporary chat, over or not.
fn chat(tx: &mut Tx<'_>, id: ConversationId) -> Result<Option<Conversation>> {
    Ok(tx.get(&CONVERSATION, &id)?.filter(Conversation::is_temporary))
}

fn living(tx: &mut Tx<'_>, me: AccountId, other: AccountId, now: Time) -> Result<Option<ConversationId>> {
    // Ids rise with time, and while one lives no other is made.
    let latest = tx.scan(&TEMPORARY, &KeyRange::prefix(&(me, other)), 1, Order::Falling)?;
    let Some(((.., id), ())) = latest.into_iter().next() else { return Ok(None) };
    let Some(what) = chat(tx, id)? else { return Ok(None) };
    Ok((ends_at(tx, id, &what)? > now).then_some(id))
}

/// Checks that `me` is in a temporary chat that is not over.
pub(super) fn check_may_speak(
    tx: &mut Tx<'_>,
    id: ConversationId,
    what: &Conversation,
    me: AccountId,
    now: Time,
) -> Result<()> {
    if tx.get(&MEMBER, &(id, me))?.is_none() && !on(Fault::SkipMembership) {
        return Err(conversation_not_found());
    }
    if ends_at(tx, id, what)? <= now { Err(chat_ended()) } else { Ok(()) }
}

/// Somebody is about to say something: checks what it is, and notes that they have written.
pub(super) fn speak(
    tx: &mut Tx<'_>,
    id: ConversationId,
    what: &Conversation,
    me: AccountId,
    content: &Content,
) -> Result<()> {
    let mut stored = what.temporary.clone().unwrap_or_default();
    check_kind(content, stored.first_wrote && stored.second_wrote)?;
    let wrote = if what.first == me.0 { &mut stored.first_wrote } else { &mut stored.second_wrote };
    if std::mem::replace(wrote, true) {
        return Ok(());
    }
    tx.put(&CONVERSATION, &id, &Conversation { temporary: Some(stored), ..what.clone() })
}

/// When a temporary chat ends, or ended.
fn ends_at(tx: &mut Tx<'_>, id: ConversationId, what: &Conversation) -> Result<Time> {
    if let Some(ended) = what.ended_at() {
        return Ok(ended);
    }
    let head = tx.head(&LOG, &id)?;
    let newest: StoredEntry = tx.entry(&LOG, &id, head)?.unwrap_or_default();
    let last = newest.last_message(head);
    let at_ms = if last == head { newest.at_ms } else { tx.entry(&LOG, &id, last)?.map_or(0, |e| e.at_ms) };
    Ok(ends_after(what, Time(at_ms)))
}

/// When it ends if the last message is of this time. A greeting may be older than the chat.
fn ends_after(what: &Conversation, last: Time) -> Time {
    let lives_ms = what.temporary.as_ref().map_or(0, |t| t.lives_ms);
    Time(last.as_ms().max(what.created_at_ms).saturating_add(lives_ms))
}

impl Conversation {
    /// When somebody ended it.
    fn ended_at(&self) -> Option<Time> {
        self.temporary.as_ref().filter(|t| t.ended_at_ms != 0).map(|t| Time(t.ended_at_ms))
    }

    /// The other one of two.
    fn other(&self, me: AccountId) -> Option<AccountId> {
        match (AccountId(self.first), AccountId(self.second)) {
            (first, second) if first == me => Some(second),
            (first, second) if second == me => Some(first),
            _ => None,
        }
    }
}
