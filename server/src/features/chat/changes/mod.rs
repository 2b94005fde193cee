//! What happens to messages after they were sent. A change overwrites the entry of its message and appends a `changed`
//! entry that names it, so whoever was away learns of it as of everything that was said. It counts for no ordinal, so
//! it is never unread. Who cannot see the message hears that something changed, and nothing of what it is now.

mod edit;
mod reactions;
mod recall;
mod sealed;

pub(super) use reactions::add as add_reaction;

use super::groups::{Groups, InGroup};
use super::send::{not_friends, publish, write};
use super::tables::{Content, Conversation, LOG, Member, StoredEntry};
use super::temporary::{self, Authors};
use super::visibility::sees;
use super::{conversation_not_found, members, membership, message_not_found};
use crate::bus::Audience;
use crate::error::{Error, Kind, Result};
use crate::features::contacts;
use crate::id::{AccountId, ConversationId};
use crate::store::Tx;
use crate::time::Time;
use std::collections::BTreeSet;
use std::time::Duration;
use teahouse_proto::chat::changed::What;
use teahouse_proto::chat::{self, Changed, GroupRight, Text};

/// A message that a member does something to, as it is stored.
pub(super) struct Target {
    pub id: ConversationId,
    pub seq: u64,
    pub conversation: Conversation,
    /// Who does it.
    pub me: AccountId,
    pub member: Member,
    /// Where it is one.
    pub group: Option<InGroup>,
    pub entry: StoredEntry,
}

impl Target {
    /// A message that the caller can see, recalled or not; `CONVERSATION_NOT_FOUND` or `MESSAGE_NOT_FOUND` else, and
    /// `NOT_A_MEMBER` for who was removed: the answer tells the message as it is now.
    pub(super) fn find(
        tx: &mut Tx<'_>,
        groups: &Groups,
        me: AccountId,
        id: ConversationId,
        seq: u64,
    ) -> Result<Self> {
        let (conversation, member) = membership(tx, id, me)?.ok_or_else(conversation_not_found)?;
        let seen = sees(tx, id, me, &member, seq)?;
        let entry = if seen { tx.entry(&LOG, &id, seq)? } else { None };
        let entry = entry.filter(StoredEntry::is_message).ok_or_else(message_not_found)?;
        let group = groups.standing(tx, id, &conversation, me, &member)?;
        group.as_ref().map_or(Ok(()), InGroup::check_member)?;
        Ok(Self { id, seq, conversation, me, member, group, entry })
    }

    /// As [`Target::find`], of messages that were not recalled, where messages may be changed: `KIND_NOT_ALLOWED` else.
    pub(super) fn find_said(
        tx: &mut Tx<'_>,
        groups: &Groups,
        me: AccountId,
        id: ConversationId,
        seq: u64,
    ) -> Result<Self> {
        let target = Self::find(tx, groups, me, id, seq)?;
        temporary::check_changes(&target.conversation)?;
        if target.is_recalled() { Err(message_not_found()) } else { Ok(target) }
    }

    pub(super) fn is_recalled(&self) -> bool {
        matches!(self.entry.content, Some(Content::Recalled(_)))
    }

    fn check_mine(&self) -> Result<()> {
        if self.entry.author == self.me.0 {
            return Ok(());
        }
        Err(Error::new(Kind::Forbidden, "NOT_YOURS", "Only the author of a message may do that."))
    }

    fn check_within(&self, window: Duration, now: Time) -> Result<()> {
        if now.since(Time(self.entry.at_ms)) <= window {
            return Ok(());
        }
        Err(Error::precondition("TOO_LATE", "Too much time has passed since the message was sent."))
    }

    /// Whatever else others see of the caller needs what a message needs. Why it lacks is not told.
    pub(super) fn check_may_speak(&self, tx: &mut Tx<'_>) -> Result<()> {
        if let Some(group) = &self.group {
            return group.check(GroupRight::Speak);
        }
        match self.conversation.peer(self.me) {
            Some(peer) if !contacts::may_chat(tx, self.me, peer)? => Err(not_friends()),
            _ => Ok(()),
        }
    }

    /// In groups pinning is for some.
    pub(super) fn check_may_pin(&self, tx: &mut Tx<'_>) -> Result<()> {
        match &self.group {
            Some(group) => group.check(GroupRight::Pin),
            None => self.check_may_speak(tx),
        }
    }

    /// Writes the entry as it is now, and tells everybody.
    fn change(&self, tx: &mut Tx<'_>, what: What, now: Time) -> Result<()> {
        tx.overwrite(&LOG, &self.id, self.seq, &self.entry)?;
        let changed = Changed { target_seq: self.seq, what: what.into(), target: None };
        let content = Content::Changed(changed.clone());
        let (seq, entry) = write(tx, self.id, self.me, now, bytes::Bytes::new(), &content)?;
        let (seeing, blind) = self.split(tx)?;
        let authors = Authors::of(&self.conversation);
        let without = entry.to_entry(self.id, seq, None, authors);
        let target = Box::new(self.entry.to_entry(self.id, self.seq, None, authors));
        let changed = Changed { target: Some(target), ..changed };
        let content = Some(chat::entry::Content::Changed(Box::new(changed)));
        let with = chat::Entry { content, ..without.clone() };
        for (to, entry) in [(seeing, with), (blind, without)] {
            if !to.accounts().is_empty() {
                publish(tx, to, entry, None);
            }
        }
        Ok(())
    }

    /// Who sees the message, and who is in the conversation and does not.
    fn split(&self, tx: &mut Tx<'_>) -> Result<(Audience, Audience)> {
        if let Some(group) = &self.group {
            return group.split(tx, self.id, self.seq);
        }
        let (mut seeing, mut blind) = (Vec::new(), Vec::new());
        for (account, member) in members(tx, self.id, &self.conversation)? {
            let seen = sees(tx, self.id, account, &member, self.seq)?;
            if seen { seeing.push(account) } else { blind.push(account) }
        }
        Ok((Audience::Accounts(seeing.into()), Audience::Accounts(blind.into())))
    }

    /// As the caller sees it.
    fn shown(&self, tx: &mut Tx<'_>) -> Result<Option<chat::Entry>> {
        let authors = Authors::of(&self.conversation);
        let mut entry = self.entry.to_entry(self.id, self.seq, Some(self.me), authors);
        entry.author_blocked =
            self.group.is_some() && contacts::blocks(tx, self.me, AccountId(self.entry.author))?;
        Ok(Some(entry))
    }
}

/// Whom a text mentions by name, each once.
pub(super) fn mentioned(text: &Text) -> BTreeSet<AccountId> {
    text.mentions.iter().filter(|mention| !mention.all).map(|mention| AccountId(mention.account_id)).collect()
}
