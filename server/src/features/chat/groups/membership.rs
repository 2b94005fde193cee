//! Coming into groups and going out of them. Whoever is in sees what is said from then on, whoever is out nothing more;
//! both are decided by numbers, so that no message falls between.

use super::super::tables::{
    CONVERSATION, Conversation, DELETED, DRAFT, Ended, LEFT_MUTED, LOG, MARK, MEMBER, MINE, Mark, Member,
    Mine,
};
use super::super::{mentions, ordinal_at};
use super::{Edited, Groups, InRoster};
use crate::delivery::log;
use crate::error::Result;
use crate::id::{AccountId, ConversationId};
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::Time;
use teahouse_proto::chat::{
    ConversationKind, GroupCreated, JoinWay, MemberRole, MembersJoined, MembersRemoved, notice,
};
use teahouse_proto::sync::account_event::What;
use teahouse_proto::sync::{ConversationLeft, GroupMemberLeft};

/// Of so many who left a group muted it is known; beyond it the earliest is forgotten.
const MAX_LEFT_MUTED: usize = 500;

impl Groups {
    /// Makes a group under a new id. `members`: the others, each once.
    pub fn create(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        name: &str,
        owner: AccountId,
        members: &[AccountId],
        now: Time,
    ) -> Result<()> {
        let what = Conversation {
            kind: ConversationKind::Group.into(),
            created_at_ms: now.as_ms(),
            name: name.to_owned(),
            ..Conversation::default()
        };
        let mut edited = Edited { id, what, members: Vec::with_capacity(members.len() + 1) };
        for account in [&[owner], members].concat() {
            let role = if account == owner { MemberRole::Owner } else { MemberRole::Member };
            edited.let_in(tx, account, role, Mark::default(), None, now)?;
        }
        self.save(tx, edited)?;
        let created = GroupCreated { by_account_id: owner.0, account_ids: numbers(members) };
        self.note(tx, id, notice::Kind::GroupCreated(created), now).map(drop)
    }

    /// People are in a group from here on; who is already is passed over. They see what comes, from the notice of it on;
    /// all that was said before where the group lets them; and what they saw when they were in it before.
    /// `plain_text_until`: until then they say nothing but text without links.
    #[allow(clippy::too_many_arguments)]
    pub fn join(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        joining: &[AccountId],
        by: AccountId,
        way: JoinWay,
        plain_text_until: Option<Time>,
        now: Time,
    ) -> Result<()> {
        let mut edited = self.edit(tx, id)?;
        let seq = tx.head(&LOG, &id)?;
        let head = Mark::at(seq, ordinal_at(tx, id, seq)?);
        let mut joined = Vec::new();
        for account in joining {
            if !edited.has(*account) {
                edited.let_in(tx, *account, MemberRole::Member, head, plain_text_until, now)?;
                joined.push(account.0);
            }
        }
        if joined.is_empty() {
            return Ok(());
        }
        self.save(tx, edited)?;
        let joined = MembersJoined { account_ids: joined, by_account_id: by.0, way: way.into() };
        self.note(tx, id, notice::Kind::MembersJoined(joined), now).map(drop)
    }

    /// People are in a group no longer; who is not is passed over. They keep what they saw, and the notice of it is the
    /// last they see.
    pub fn remove(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        who: &[AccountId],
        by: AccountId,
        now: Time,
    ) -> Result<()> {
        let mut edited = self.edit(tx, id)?;
        let (out, stay): (Vec<_>, Vec<_>) =
            edited.members.iter().copied().partition(|member| who.contains(&AccountId(member.account)));
        if out.is_empty() {
            return Ok(());
        }
        let account_ids = out.iter().map(|member| member.account).collect();
        let removed = MembersRemoved { by_account_id: by.0, account_ids };
        let seq = self.note(tx, id, notice::Kind::MembersRemoved(removed), now)?;
        edited.members = stay;
        let ended = Ended {
            seq,
            ordinal: ordinal_at(tx, id, seq)?,
            stamp: tx.stamp(),
            at_ms: now.as_ms(),
            name: edited.what.name.clone(),
            // Its path is dead as soon as the group has another.
            picture: String::new(),
            member_count: u32::try_from(edited.members.len()).unwrap_or(u32::MAX),
        };
        for member in out {
            let account = AccountId(member.account);
            let mut row = tx.get(&MEMBER, &(id, account))?.unwrap_or_default();
            row.ended = Some(ended.clone());
            tx.put(&MEMBER, &(id, account), &row)?;
            let mut mine = tx.get(&MINE, &(account, id))?.unwrap_or_default();
            mine.ended = Some(ended.clone());
            tx.put(&MINE, &(account, id), &mine)?;
        }
        self.save(tx, edited)
    }

    /// Somebody leaves a group, or takes one that they were removed from off their list: it is gone for them, with its
    /// history. Of the others only owner and admins learn of it.
    pub fn leave(&self, tx: &mut Tx<'_>, id: ConversationId, who: AccountId, now: Time) -> Result<()> {
        let mut edited = self.edit(tx, id)?;
        let Some(member) = tx.get(&MEMBER, &(id, who))? else { return Ok(()) };
        if member.muted && !edited.what.dissolved {
            stay_muted(tx, id, who)?;
        }
        tx.delete(&MEMBER, &(id, who))?;
        tx.delete(&MINE, &(who, id))?;
        tx.delete(&DRAFT, &(who, id))?;
        mentions::forget(tx, who, id, u64::MAX)?;
        let left = What::ConversationLeft(ConversationLeft { conversation_id: id.0 });
        log::append(tx, who, now, &left)?;
        if !edited.has(who) {
            return Ok(());
        }
        edited.members.retain(|member| member.account != who.0);
        let left = What::GroupMemberLeft(GroupMemberLeft { conversation_id: id.0, account_id: who.0 });
        for member in edited.members.iter().filter(|member| member.role() != MemberRole::Member) {
            log::append(tx, AccountId(member.account), now, &left)?;
        }
        self.save(tx, edited)
    }

    /// What a member sees was changed by themselves: the roster has it, too.
    pub(in super::super) fn saw(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        account: AccountId,
        member: &Member,
    ) -> Result<()> {
        if !tx.get(&CONVERSATION, &id)?.is_some_and(|what| what.is_group()) {
            return Ok(());
        }
        let mut edited = self.edit(tx, id)?;
        let Some(listed) = edited.members.iter_mut().find(|listed| listed.account == account.0) else {
            return Ok(());
        };
        let new = InRoster { visible_after: member.visible_after, deleted_to: member.deleted_to, ..*listed };
        if *listed == new {
            return Ok(());
        }
        *listed = new;
        self.save(tx, edited)
    }
}

impl Edited {
    /// Somebody who is not in it is, from after `head` on.
    fn let_in(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        role: MemberRole,
        head: Mark,
        plain_text_until: Option<Time>,
        now: Time,
    ) -> Result<()> {
        let history = self.what.history_visible;
        let mut member = match tx.get(&MEMBER, &(self.id, account))? {
            Some(mut back) => {
                back.come_back(head, history);
                back
            }
            None => {
                // They left, and what they deleted then is known as long as it is looked for.
                let deleted = KeyRange::prefix(&(account, self.id));
                let last = tx.scan(&DELETED, &deleted, 1, Order::Falling)?;
                let deleted_to = last.first().map_or(0, |((.., seq), ())| *seq);
                let muted = left_muted(tx, self.id, account)?;
                Member { deleted_to, muted, ..Member::new(head, history) }
            }
        };
        member.joined_at_ms = now.as_ms();
        member.plain_text_until_ms = plain_text_until.map_or(0, Time::as_ms);
        member.nickname.clear();
        tx.put(&MEMBER, &(self.id, account), &member)?;
        if head.seq > 0 {
            // They said nothing of what is there: nobody looks through it for their latest message.
            let mark = tx.get(&MARK, &(self.id, account))?.unwrap_or_default();
            tx.put(&MARK, &(self.id, account), &Mark { searched_to: head.seq, ..mark })?;
        }
        let before = tx.get(&MINE, &(account, self.id))?;
        let mine = before.unwrap_or_else(|| Mine { since_ms: now.as_ms(), ..Mine::default() });
        let mine = Mine { ended: None, hidden_at_ordinal: None, ..mine };
        tx.put(&MINE, &(account, self.id), &mine)?;
        self.members.push(InRoster {
            account: account.0,
            role: role.into(),
            joined_at_ms: now.as_ms(),
            visible_after: member.visible_after,
            deleted_to: member.deleted_to,
            returned: !member.earlier.is_empty(),
            came_after: member.came_after,
        });
        Ok(())
    }
}

/// Whoever leaves muted is so when they come back.
fn stay_muted(tx: &mut Tx<'_>, id: ConversationId, who: AccountId) -> Result<()> {
    let mut row = tx.get(&LEFT_MUTED, &id)?.unwrap_or_default();
    row.accounts.push(who.0);
    let above = row.accounts.len().saturating_sub(MAX_LEFT_MUTED);
    row.accounts.drain(..above);
    tx.put(&LEFT_MUTED, &id, &row)
}

/// Whether somebody left muted, who comes back now.
fn left_muted(tx: &mut Tx<'_>, id: ConversationId, who: AccountId) -> Result<bool> {
    let Some(mut row) = tx.get(&LEFT_MUTED, &id)? else { return Ok(false) };
    let before = row.accounts.len();
    row.accounts.retain(|account| *account != who.0);
    if row.accounts.len() == before {
        return Ok(false);
    }
    match row.accounts.is_empty() {
        true => tx.delete(&LEFT_MUTED, &id)?,
        false => tx.put(&LEFT_MUTED, &id, &row)?,
    }
    Ok(true)
}

fn numbers(accounts: &[AccountId]) -> Vec<u64> {
    accounts.iter().map(|account| account.0).collect()
}
