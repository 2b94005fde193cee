//! Sending: decided and written in one transaction.

use super::changes::mentioned;
use super::groups::{Groups, InGroup};
use super::hooks::pair;
use super::mentions::ReadBefore;
use super::rules::check_mentioned_singly;
use super::saying::{Saying, Speaker};
use super::tables::{
    CONVERSATION, Content, Conversation, LOG, MEMBER, MENTION_ALL, MentionAll, PAIR, StoredEntry,
};
use super::temporary::{self, Authors, Temporary};
use super::visibility::sees;
use super::{conversation_not_found, membership, mentions};
use crate::bus::{Audience, Event};
use crate::error::{Error, Result};
use crate::faults::{Fault, on};
use crate::features::contacts;
use crate::features::ledger::once::Creation;
use crate::features::media::{Holder, MediaId};
use crate::id::{AccountId, ConversationId};
use crate::store::Tx;
use crate::time::Time;
use std::sync::Arc;
use teahouse_proto::chat::send_message_request::To;
use teahouse_proto::chat::{self, ConversationKind, GroupRight, SendMessageResponse, Text};
use teahouse_proto::sync::FollowResponse;
use teahouse_proto::sync::follow_response::Event as FollowEvent;

/// A message on its way in.
pub(super) struct Sending {
    pub to: Destination,
    pub saying: Saying,
    /// Names for its media.
    pub media: Vec<MediaId>,
    /// How far those have read whom it mentions.
    pub read: ReadBefore,
    pub client_id: bytes::Bytes,
    pub creation: Creation,
    pub groups: Groups,
    pub temporary: Temporary,
    pub now: Time,
}

/// Where somebody wants to say something.
#[derive(Clone, Copy)]
pub(super) struct Destination {
    pub me: AccountId,
    pub to: To,
    pub now: Time,
}

/// A conversation in which somebody may speak now.
pub(super) struct Opened {
    pub id: ConversationId,
    pub conversation: Conversation,
    group: Option<InGroup>,
}

/// Who hears of an entry, and whom it names to them.
pub(super) struct Listeners {
    to: Audience,
    authors: Authors,
}

impl From<Audience> for Listeners {
    /// What is said by accounts.
    fn from(to: Audience) -> Self {
        Self { to, authors: Authors::default() }
    }
}

impl Opened {
    /// A conversation of two in which somebody may speak.
    pub(super) fn between_two(id: ConversationId, conversation: Conversation) -> Self {
        Self { id, conversation, group: None }
    }

    /// Everybody in it.
    pub(super) fn listeners(&self) -> Listeners {
        let to = match &self.group {
            Some(group) => group.audience(),
            None => Audience::Accounts(self.conversation.accounts().into()),
        };
        Listeners { to, authors: Authors::of(&self.conversation) }
    }

    /// Appends what `me` says, where they may say something of this content; gives the number.
    ///
    /// # Errors
    /// `PLAIN_TEXT_ONLY`, `KIND_NOT_ALLOWED`.
    pub(super) fn say(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        now: Time,
        client_id: bytes::Bytes,
        content: &Content,
    ) -> Result<u64> {
        self.group.as_ref().map_or(Ok(()), |group| group.check_content(content, now))?;
        if self.conversation.is_temporary() {
            temporary::speak(tx, self.id, &self.conversation, me, content)?;
        }
        append(tx, self.id, self.listeners(), me, now, client_id, content)
    }

    /// Whether they may mention whom a text does: `MENTION_INVALID`, `NOT_ALLOWED`, `KIND_NOT_ALLOWED`.
    fn check_mentioned(&self, text: &Text) -> Result<()> {
        match &self.group {
            Some(group) => group.check_mentioned(&Text::default(), text),
            None if self.conversation.is_temporary() => temporary::check_mentions(text),
            None => check_mentioned_singly(text, &self.conversation.accounts()),
        }
    }
}

impl Sending {
    /// Sends, or gives the answer of the first time. `None`: it is refused as advertising, and nothing but that is noted.
    pub(super) fn send(&self, tx: &mut Tx<'_>) -> Result<Option<SendMessageResponse>> {
        if let Some(answer) = self.creation.earlier(tx)? {
            return Ok(Some(answer));
        }
        let opened = self.to.open(tx, &self.groups)?;
        let id = opened.id;
        if let Saying::Text(text) = &self.saying {
            opened.check_mentioned(text)?;
            check_quote(tx, id, self.to.me, text.quote_seq)?;
            if self.temporary.is_advert(tx, &opened.conversation, self.to.me, text, self.now)? {
                return Ok(None);
            }
        }
        let holder = next_holder(tx, id)?;
        let by = Speaker { me: self.to.me, holder, now: self.now, new: self.media.iter() };
        let content = self.saying.settle(tx, by)?;
        let seq = opened.say(tx, self.to.me, self.now, self.client_id.clone(), &content)?;
        if let Saying::Text(text) = &self.saying {
            self.note_mentions(tx, id, seq, text)?;
        }
        let answer = SendMessageResponse { conversation_id: id.0, seq, sent_at_ms: self.now.as_ms() };
        self.creation.remember(tx, &answer)?;
        Ok(Some(answer))
    }
}

impl Destination {
    /// The conversation, where `me` may speak in it now.
    pub(super) fn open(&self, tx: &mut Tx<'_>, groups: &Groups) -> Result<Opened> {
        let (id, conversation) = self.resolve(tx)?;
        let group = match conversation.kind() {
            ConversationKind::Group => Some(self.enter(tx, id, &conversation, groups)?),
            ConversationKind::Temporary => {
                temporary::check_may_speak(tx, id, &conversation, self.me, self.now)?;
                None
            }
            _ => {
                self.check_may_speak(tx, id, &conversation)?;
                None
            }
        };
        Ok(Opened { id, conversation, group })
    }

    /// As [`Destination::open`], for what was said elsewhere: `KIND_NOT_ALLOWED` for a temporary chat.
    pub(super) fn open_for_copies(&self, tx: &mut Tx<'_>, groups: &Groups) -> Result<Opened> {
        let opened = self.open(tx, groups)?;
        temporary::check_copies(&opened.conversation)?;
        Ok(opened)
    }

    /// A group, where `me` may speak in it now.
    fn enter(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        conversation: &Conversation,
        groups: &Groups,
    ) -> Result<InGroup> {
        let member = tx.get(&MEMBER, &(id, self.me))?;
        if member.is_none() && !on(Fault::SkipMembership) {
            return Err(conversation_not_found());
        }
        let group = groups.standing(tx, id, conversation, self.me, &member.unwrap_or_default())?;
        let group = group.ok_or_else(conversation_not_found)?;
        if !on(Fault::SkipMembership) {
            group.check(GroupRight::Speak)?;
        }
        Ok(group)
    }

    fn resolve(&self, tx: &mut Tx<'_>) -> Result<(ConversationId, Conversation)> {
        match &self.to {
            To::ConversationId(id) => {
                let id = ConversationId(*id);
                let conversation = tx.get(&CONVERSATION, &id)?.ok_or_else(conversation_not_found)?;
                Ok((id, conversation))
            }
            To::AccountId(account) => {
                let pair = tx.get(&PAIR, &pair(self.me, AccountId(*account)))?.ok_or_else(not_friends)?;
                let id = ConversationId(pair.conversation);
                Ok((id, tx.get(&CONVERSATION, &id)?.ok_or_else(not_friends)?))
            }
        }
    }

    /// Costs no read of the membership where all is well: friends who have each other are members.
    fn check_may_speak(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        conversation: &Conversation,
    ) -> Result<()> {
        let allowed = match (conversation.kind(), conversation.peer(self.me)) {
            (ConversationKind::Direct, Some(peer)) => contacts::may_chat(tx, self.me, peer)?,
            (ConversationKind::Self_, _) => conversation.first == self.me.0,
            _ => on(Fault::SkipMembership),
        };
        if allowed {
            return Ok(());
        }
        // Whoever has the conversation learns that it is read-only; to others it does not exist. By account id the
        // answer is the same for a stranger, a friend of once and an id that never was.
        let by_account = matches!(self.to, To::AccountId(_));
        Err(if by_account || membership(tx, id, self.me)?.is_some() {
            not_friends()
        } else {
            conversation_not_found()
        })
    }
}

impl Sending {
    fn note_mentions(&self, tx: &mut Tx<'_>, id: ConversationId, seq: u64, text: &Text) -> Result<()> {
        if text.mentions.iter().any(|mention| mention.all) {
            tx.put(&MENTION_ALL, &(id, seq), &MentionAll { by: self.to.me.0 })?;
        }
        for account in mentioned(text).into_iter().filter(|account| *account != self.to.me) {
            // In a group somebody whom they block can name them, and does not ring.
            if !contacts::blocks(tx, account, self.to.me)? {
                mentions::note(tx, account, id, seq, &self.read, self.now)?;
            }
        }
        Ok(())
    }
}

/// Checks that a member sees what they quote; 0: nothing.
pub(super) fn check_quote(tx: &mut Tx<'_>, id: ConversationId, me: AccountId, quoted: u64) -> Result<()> {
    if quoted == 0 {
        return Ok(());
    }
    let seen = match membership(tx, id, me)? {
        Some((_, member)) => sees(tx, id, me, &member, quoted)?,
        None => false,
    };
    let entry = if seen { tx.entry(&LOG, &id, quoted)? } else { None };
    if entry.is_some_and(|entry| entry.is_said()) { Ok(()) } else { Err(quote_not_found()) }
}

/// The one answer for quotes of what is not there and of what the sender may not see.
pub(super) fn quote_not_found() -> Error {
    Error::not_found("QUOTE_NOT_FOUND", "There is no message with the quoted number in this conversation.")
}

/// Who holds the media of the entry that is appended next.
pub(super) fn next_holder(tx: &mut Tx<'_>, id: ConversationId) -> Result<Holder> {
    Ok(Holder::Message(id, tx.head(&LOG, &id)? + 1))
}

/// Appends an entry and publishes it. `author` 0: the server.
pub(super) fn append(
    tx: &mut Tx<'_>,
    id: ConversationId,
    listeners: impl Into<Listeners>,
    author: AccountId,
    now: Time,
    client_id: bytes::Bytes,
    content: &Content,
) -> Result<u64> {
    let Listeners { to, authors } = listeners.into();
    let (seq, entry) = write(tx, id, author, now, client_id, content)?;
    let own = (author.0 != 0).then(|| {
        let own = FollowResponse { client_message_id: entry.client_id.clone(), ..FollowResponse::default() };
        (author, Arc::new(own))
    });
    publish(tx, to, entry.to_entry(id, seq, None, authors), own);
    Ok(seq)
}

/// Appends an entry, and leaves it to the caller to [`publish`] it: to one member at least, since what is kept in
/// memory of a conversation is moved by that.
pub(super) fn write(
    tx: &mut Tx<'_>,
    id: ConversationId,
    author: AccountId,
    now: Time,
    client_id: bytes::Bytes,
    content: &Content,
) -> Result<(u64, StoredEntry)> {
    let stamp = tx.stamp();
    tx.append_next(&LOG, &id, |seq, before: Option<StoredEntry>| StoredEntry {
        author: author.0,
        at_ms: now.as_ms(),
        stamp,
        client_id,
        content: Some(content.clone()),
        ..StoredEntry::following(before.as_ref().map(|before| (seq - 1, before)), content)
    })
}

/// Publishes an entry; `own` is what its author gets besides, and names the account: the entry may not.
pub(super) fn publish(
    tx: &mut Tx<'_>,
    to: Audience,
    entry: chat::Entry,
    own: Option<(AccountId, Arc<FollowResponse>)>,
) {
    let message = FollowResponse { event: Some(FollowEvent::Entry(entry)), ..FollowResponse::default() };
    tx.publish(Event::Deliver { to, message: Arc::new(message), own });
}

/// The one answer for whoever may not speak here, whatever the cause.
pub(super) fn not_friends() -> Error {
    Error::precondition(
        "NOT_FRIENDS",
        "You are not friends, so nothing was sent or changed. Send a friend request first.",
    )
}
