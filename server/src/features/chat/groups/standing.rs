//! How somebody stands in a group when they are about to do something in it.

use super::super::member::Member;
use super::super::rules::{self, rights};
use super::super::tables::{Content, Conversation, DELETED, MEMBER};
use super::{Groups, Roster, Situation};
use crate::bus::Audience;
use crate::error::{Error, Kind, Result};
use crate::id::{AccountId, ConversationId};
use crate::store::{Store, Tx};
use crate::text;
use crate::time::Time;
use std::sync::Arc;
use teahouse_proto::chat::{GroupRight, GroupStanding, GroupSummary, MemberRole, Text};

/// Somebody who has a group among their conversations.
pub(in super::super) struct InGroup {
    roster: Arc<Roster>,
    /// `None`: they were removed.
    role: Option<MemberRole>,
    situation: Situation,
    plain_text_until: Time,
}

impl Groups {
    /// How somebody stands in a conversation; `None` where it is no group.
    pub(in super::super) fn standing(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        what: &Conversation,
        me: AccountId,
        member: &Member,
    ) -> Result<Option<InGroup>> {
        if !what.is_group() {
            return Ok(None);
        }
        let roster = self.rosters.within(tx, id, what)?;
        Ok(Some(self.stand(what, roster, me, member)))
    }

    fn stand(&self, what: &Conversation, roster: Arc<Roster>, me: AccountId, member: &Member) -> InGroup {
        InGroup {
            role: roster.role(me),
            situation: Situation {
                anybody_renames: what.member_count <= self.rename_up_to,
                all_muted: what.all_muted,
                muted: member.muted,
                plain_text: Time(member.plain_text_until_ms) > self.clock.now(),
                dissolved: what.dissolved,
            },
            plain_text_until: Time(member.plain_text_until_ms),
            roster,
        }
    }

    /// What a list shows somebody of a group; `None` where the conversation is none.
    pub(in super::super) async fn summary(
        &self,
        store: &Store,
        id: ConversationId,
        what: &Conversation,
        me: AccountId,
        member: &Member,
    ) -> Result<Option<GroupSummary>> {
        if !what.is_group() {
            return Ok(None);
        }
        if let Some(ended) = &member.ended {
            return Ok(Some(GroupSummary {
                name: ended.name.clone(),
                picture: ended.picture.clone(),
                member_count: ended.member_count,
                standing: GroupStanding::Removed.into(),
                ..GroupSummary::default()
            }));
        }
        let roster = self.rosters.load(store, id, what).await?;
        let standing = if what.dissolved { GroupStanding::Dissolved } else { GroupStanding::Member };
        let stand = self.stand(what, roster, me, member);
        Ok(Some(GroupSummary {
            name: what.name.clone(),
            picture: what.picture.clone(),
            member_count: what.member_count,
            role: stand.role.unwrap_or_default().into(),
            standing: standing.into(),
            may_speak: stand.check(GroupRight::Speak).is_ok(),
        }))
    }
}

impl InGroup {
    /// Everybody in it.
    pub(in super::super) fn audience(&self) -> Audience {
        Audience::Accounts(self.roster.accounts().clone())
    }

    /// Who of all sees an entry, and who does not: they came later, cleared it, or deleted it for themselves.
    pub(in super::super) fn split(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        seq: u64,
    ) -> Result<(Audience, Audience)> {
        let mut blind = Vec::new();
        for listed in self.roster.all() {
            let account = AccountId(listed.account);
            let was_in = seq > listed.visible_after
                || listed.returned && tx.get(&MEMBER, &(id, account))?.is_some_and(|member| member.sees(seq));
            if !was_in || seq <= listed.deleted_to && tx.get(&DELETED, &(account, id, seq))?.is_some() {
                blind.push(account);
            }
        }
        if blind.is_empty() {
            return Ok((self.audience(), Audience::Accounts([].into())));
        }
        blind.sort_unstable();
        let all = self.roster.accounts().iter().copied();
        let seeing: Arc<[_]> = all.filter(|account| blind.binary_search(account).is_err()).collect();
        Ok((Audience::Accounts(seeing), Audience::Accounts(blind.into())))
    }

    /// `NOT_A_MEMBER`, `GROUP_DISSOLVED`, and for who lacks the right `MUTED` or `NOT_ALLOWED`.
    pub(in super::super) fn check(&self, right: GroupRight) -> Result<()> {
        check(self.role.ok_or_else(not_a_member)?, right, self.situation)
    }

    /// For what members alone learn: `NOT_A_MEMBER`.
    pub(in super::super) fn check_member(&self) -> Result<()> {
        self.role.map(drop).ok_or_else(not_a_member)
    }

    /// For what every member may do: `NOT_A_MEMBER`, `GROUP_DISSOLVED`.
    pub(in super::super) fn check_in(&self) -> Result<()> {
        self.check_member()?;
        if self.situation.dissolved { Err(dissolved()) } else { Ok(()) }
    }

    /// Whether they may say something of this content, who may speak: `PLAIN_TEXT_ONLY`.
    pub(in super::super) fn check_content(&self, content: &Content, now: Time) -> Result<()> {
        let plain = matches!(content, Content::Text(text) if !text::has_link(&text.text));
        if plain || self.plain_text_until <= now { Ok(()) } else { Err(plain_text_only()) }
    }

    /// Checks that only members are mentioned, and all only by who may: `MENTION_INVALID`, `NOT_ALLOWED`. Whom the text
    /// `before` an edit mentions may stay, also where they have gone meanwhile.
    pub(in super::super) fn check_mentioned(&self, before: &Text, text: &Text) -> Result<()> {
        let stays =
            |account: AccountId| before.mentions.iter().any(|mention| mention.account_id == account.0);
        rules::check_mentioned(text, |account| self.roster.has(account) || account.0 != 0 && stays(account))?;
        let all = |text: &Text| text.mentions.iter().filter(|mention| mention.all).count();
        match all(text) {
            0 => Ok(()),
            1 if all(before) == 1 => Ok(()),
            1 => self.check(GroupRight::MentionAll),
            _ => Err(rules::mention_invalid()),
        }
    }
}

pub(super) fn check(role: MemberRole, right: GroupRight, situation: Situation) -> Result<()> {
    match right {
        _ if situation.dissolved => Err(dissolved()),
        right if rights::may(role, right, situation) => Ok(()),
        GroupRight::Speak => Err(muted()),
        _ => Err(not_allowed()),
    }
}

fn not_a_member() -> Error {
    Error::precondition(
        "NOT_A_MEMBER",
        "You are in this group no longer. What was said until then is yours to read.",
    )
}

/// The group is over.
pub fn dissolved() -> Error {
    Error::precondition("GROUP_DISSOLVED", "The group was dissolved. It can only be read.")
}

fn muted() -> Error {
    Error::precondition("MUTED", "You may only read in this group now. Ask its owner or an admin.")
}

fn not_allowed() -> Error {
    Error::new(Kind::Forbidden, "NOT_ALLOWED", "In this group that is for others: see `rights` of GetGroup.")
}

pub(super) fn plain_text_only() -> Error {
    Error::precondition(
        "PLAIN_TEXT_ONLY",
        "You joined by a code: for the first hour you can only send text without links.",
    )
}
