//! What is reported, whose it is, and what is kept of it: asked of the rooms that have it, which also say whether the
//! reporter may see it. Nothing is told that they do not see, but what a message said before it was edited or recalled,
//! and who stands behind a temporary chat: that is for operators.

use super::rules;
use super::tables::{EvidenceRow, MessageRow, Object, PersonRow, TextRow};
use crate::error::Result;
use crate::features::accounts;
use crate::features::chat::{self, Spoken, Witnessed};
use crate::features::contacts;
use crate::features::greetings::{self, Stranger, Strangers};
use crate::features::groups;
use crate::id::{AccountId, ConversationId, GreetingId, InvitationId, RequestId};
use crate::restrictions::Area;
use crate::store::Tx;
use crate::time::Time;
use prost::Message;
use std::collections::BTreeSet;
use teahouse_proto::chat::{Entry, entry};
use teahouse_proto::common::StrangerCard;
use teahouse_proto::safety::{MessageRef, report_request};

/// The most that the evidence of one report takes.
const MAX_BYTES: usize = 1 << 20;

/// What is reported, as the request names it, with sealed handles opened.
#[derive(Clone, Debug)]
pub(super) enum Named {
    Friend(AccountId),
    Stranger(Stranger, Box<StrangerCard>),
    Greeting(GreetingId),
    FriendRequest(RequestId),
    Message(ConversationId, u64),
    Group(ConversationId),
    GroupInvitation(InvitationId),
    TemporaryChat(ConversationId),
}

/// What was found.
pub(super) struct Found {
    pub(super) reported: AccountId,
    pub(super) object: Object,
    /// The one feature that it is about.
    pub(super) area: Area,
    pub(super) evidence: EvidenceRow,
    /// The names of media to keep.
    pub(super) media: Vec<String>,
}

/// The rooms that are asked.
#[derive(Clone)]
pub(super) struct Sources {
    pub(super) groups: groups::Witness,
    pub(super) strangers: Strangers,
    pub(super) temporary: chat::Temporary,
}

impl Sources {
    /// Opens what is sealed.
    ///
    /// # Errors
    /// `FIELD_MISSING`, `STRANGER_NOT_FOUND`.
    pub(super) async fn open(
        &self,
        me: AccountId,
        object: Option<report_request::Object>,
        now: Time,
    ) -> Result<Named> {
        use report_request::Object::{
            FriendAccountId, FriendRequestId, GreetingId as Greeting, GroupConversationId, GroupInvitationId,
            Message, StrangerHandle, TemporaryChatId,
        };
        Ok(match object.ok_or_else(rules::object_missing)? {
            FriendAccountId(id) => Named::Friend(AccountId(id)),
            StrangerHandle(handle) => {
                let stranger = self.strangers.read(me, &handle, now)?;
                let card = self.strangers.card(me, stranger, now).await?;
                Named::Stranger(stranger, Box::new(card.ok_or_else(greetings::stranger_not_found)?))
            }
            Greeting(id) => Named::Greeting(GreetingId(id)),
            FriendRequestId(id) => Named::FriendRequest(RequestId(id)),
            Message(MessageRef { conversation_id, seq }) => {
                Named::Message(ConversationId(conversation_id), seq)
            }
            GroupConversationId(id) => Named::Group(ConversationId(id)),
            GroupInvitationId(id) => Named::GroupInvitation(InvitationId(id)),
            TemporaryChatId(id) => Named::TemporaryChat(ConversationId(id)),
        })
    }

    /// Gathers what somebody sees of it.
    ///
    /// # Errors
    /// Of each room what it answers where there is nothing, or nothing that they see.
    pub(super) fn gather(&self, tx: &mut Tx<'_>, me: AccountId, named: &Named, now: Time) -> Result<Found> {
        let mut found = match named {
            Named::Friend(other) => friend(tx, me, *other)?,
            Named::Stranger(stranger, card) => {
                let mut found = Found::of(Object::Stranger, stranger.person, rules::area_of(stranger.way));
                // What is kept lets nobody do anything.
                found.evidence.card = Some(StrangerCard { handle: bytes::Bytes::new(), ..(**card).clone() });
                found
            }
            Named::Greeting(id) => greeting(tx, me, *id)?,
            Named::FriendRequest(id) => request(tx, me, *id, now)?,
            Named::Message(id, seq) => message(tx, me, *id, *seq)?,
            Named::Group(id) => self.group(tx, me, *id)?,
            Named::GroupInvitation(id) => self.invitation(tx, me, *id, now)?,
            Named::TemporaryChat(id) => self.temporary_chat(tx, me, *id)?,
        };
        found.evidence.fit();
        found.name_people(tx, me)?;
        Ok(found)
    }

    fn group(&self, tx: &mut Tx<'_>, me: AccountId, id: ConversationId) -> Result<Found> {
        let group = self.groups.group(tx, me, id)?;
        let mut found = Found::of(Object::Group, AccountId(group.owner_account_id), Area::Groups);
        found.evidence.conversation = id.0;
        found.evidence.group = Some(group);
        Ok(found)
    }

    fn invitation(&self, tx: &mut Tx<'_>, me: AccountId, id: InvitationId, now: Time) -> Result<Found> {
        let (group, invitation) = self.groups.invitation(tx, me, id, now)?;
        let inviter = AccountId(invitation.inviter_account_id);
        let mut found = Found::of(Object::GroupInvitation, inviter, Area::Groups);
        found.evidence.conversation = group.0;
        found.evidence.invitation = Some(invitation);
        Ok(found)
    }

    fn temporary_chat(&self, tx: &mut Tx<'_>, me: AccountId, id: ConversationId) -> Result<Found> {
        let partner = self.temporary.partner(tx, me, id)?.ok_or_else(chat::conversation_not_found)?;
        let mut found = Found::of(Object::TemporaryChat, partner, Area::Greetings);
        found.evidence.tell(id, chat::witnessed_last(tx, me, id)?, None);
        Ok(found)
    }
}

fn friend(tx: &mut Tx<'_>, me: AccountId, other: AccountId) -> Result<Found> {
    if !contacts::relation(tx, me, other)?.i_have {
        return Err(contacts::friend_not_found());
    }
    Ok(Found::of(Object::Friend, other, Area::Profile))
}

fn greeting(tx: &mut Tx<'_>, me: AccountId, id: GreetingId) -> Result<Found> {
    let greeting = greetings::witnessed_greeting(tx, me, id)?;
    let sender = greeting.sender.person;
    let mut found = Found::of(Object::Greeting, sender, Area::Greetings);
    let row = |(text, at): (String, Time)| TextRow { account: sender.0, text, at_ms: at.as_ms() };
    found.evidence.texts = greeting.texts.into_iter().map(row).collect();
    Ok(found)
}

fn request(tx: &mut Tx<'_>, me: AccountId, id: RequestId, now: Time) -> Result<Found> {
    let request = contacts::witnessed_request(tx, me, id, now)?;
    let mut found = Found::of(Object::FriendRequest, request.other, Area::Requests);
    let texts = request.texts.into_iter();
    found.evidence.texts = texts
        .map(|text| TextRow {
            account: if text.mine { me.0 } else { request.other.0 },
            text: text.text,
            at_ms: text.sent_at_ms,
        })
        .collect();
    Ok(found)
}

fn message(tx: &mut Tx<'_>, me: AccountId, id: ConversationId, seq: u64) -> Result<Found> {
    let witnessed = chat::witnessed(tx, me, id, seq)?;
    let named = witnessed.messages.iter().find(|message| message.seq == seq);
    let named = named.ok_or_else(chat::message_not_found)?;
    let mut found = Found::of(Object::Message, named.author, Area::Speaking);
    found.media.clone_from(&named.media);
    found.evidence.tell(id, witnessed, Some(seq));
    Ok(found)
}

impl Found {
    fn of(object: Object, reported: AccountId, area: Area) -> Self {
        Self { reported, object, area, evidence: EvidenceRow::default(), media: Vec::new() }
    }

    /// Notes who everybody is, before they change it.
    fn name_people(&mut self, tx: &mut Tx<'_>, me: AccountId) -> Result<()> {
        let authors = self.evidence.messages.iter().map(|message| message.author);
        let ids: BTreeSet<u64> = authors.chain([me.0, self.reported.0]).filter(|id| *id != 0).collect();
        for id in ids {
            if let Some(person) = accounts::person(tx, AccountId(id))? {
                self.evidence.people.push(PersonRow {
                    account: id,
                    created_at_ms: person.created_at.as_ms(),
                    username: person.username,
                    display_name: person.display_name,
                    signature: person.signature,
                    avatar: person.avatar,
                });
            }
        }
        Ok(())
    }
}

impl EvidenceRow {
    fn tell(&mut self, id: ConversationId, witnessed: Witnessed, named: Option<u64>) {
        self.conversation = id.0;
        self.kind = witnessed.kind.into();
        let row = |message| MessageRow::new(message, named);
        self.messages = witnessed.messages.into_iter().map(row).collect();
    }

    /// Leaves out the messages that lie farthest from the one that is named, until it is short enough.
    fn fit(&mut self) {
        while self.encoded_len() > MAX_BYTES && self.messages.len() > 1 {
            let at = self.messages.iter().position(|message| message.named);
            // Of a chat without one the latest say the most.
            let at = at.unwrap_or(self.messages.len() - 1);
            if at > self.messages.len() / 2 {
                self.messages.remove(0);
            } else {
                self.messages.pop();
            }
            self.cut = true;
        }
    }
}

impl MessageRow {
    fn new(message: Spoken, named: Option<u64>) -> Self {
        let entry = |at: Time, content: Option<entry::Content>| Entry {
            sent_at_ms: at.as_ms(),
            content,
            ..Entry::default()
        };
        let edited_at_ms = message.edited_at.map_or(0, Time::as_ms);
        Self {
            seq: message.seq,
            author: message.author.0,
            named: named == Some(message.seq),
            now: Some(Entry { edited_at_ms, ..entry(message.said_at, message.content) }),
            before: message.before.into_iter().map(|was| entry(was.at, Some(was.content))).collect(),
        }
    }
}
