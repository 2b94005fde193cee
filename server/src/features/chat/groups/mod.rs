//! Groups as later rooms see and change them: who is in one, what they are in it, and what everybody in it is told of
//! that. It checks nothing but that what it writes fits together: who may do what is asked with [`Groups::check`], and
//! invitations, quotas and sizes are none of its business.

mod governing;
mod membership;
mod roster;
mod standing;

pub(super) use roster::StoredRoster;
pub use roster::{Roster, Seat};
pub(super) use standing::InGroup;
pub use standing::dissolved as group_dissolved;

use super::rules::rights::{self, Situation};
use super::send::append;
use super::tables::{CONVERSATION, Content, Conversation, MEMBER, Member, ROSTER};
use super::{Chat, ChatConfig, conversation_not_found};
use crate::bus::Audience;
use crate::error::Result;
use crate::id::{AccountId, ConversationId, IdGenerator};
use crate::store::Tx;
use crate::time::{Clock, Time};
use roster::{InRoster, Rosters};
use std::sync::Arc;
use teahouse_proto::chat::{GroupRight, MemberRole, Notice, notice};

/// A group as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// Empty: shown by the members' names.
    pub name: String,
    /// Path of its picture; empty: none yet.
    pub picture: String,
    /// Members now.
    pub member_count: u32,
    /// Only owner and admins speak.
    pub all_muted: bool,
    /// It is over: only reading and leaving is left.
    pub dissolved: bool,
    /// Who joins sees what was said before.
    pub history_visible: bool,
    /// 0 where everybody has left.
    pub owner: AccountId,
    /// How many admins there are, without the owner.
    pub admins: u32,
    /// When it was made.
    pub created_at: Time,
}

impl GroupView {
    fn new(what: Conversation, roster: &Roster) -> Self {
        Self {
            member_count: what.member_count,
            all_muted: what.all_muted,
            dissolved: what.dissolved,
            history_visible: what.history_visible,
            owner: roster.owner(),
            admins: u32::try_from(roster.admins()).unwrap_or(u32::MAX),
            created_at: Time(what.created_at_ms),
            name: what.name,
            picture: what.picture,
        }
    }
}

/// Somebody who is, or was, in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// Who.
    pub account: AccountId,
    /// Unspecified where they are not in the group.
    pub role: MemberRole,
    /// What they are called in it; empty: by their display name.
    pub nickname: String,
    /// They may only read.
    pub muted: bool,
    /// Until then they say nothing but plain text.
    pub plain_text_until: Time,
    /// When they last joined.
    pub joined_at: Time,
    /// False: they were removed.
    pub in_group: bool,
    /// When, where they are out.
    pub removed_at: Option<Time>,
}

/// The groups. Clones share what is in memory. All that takes a transaction may be called again within it.
#[derive(Clone)]
pub struct Groups {
    ids: IdGenerator,
    clock: Clock,
    rename_up_to: u32,
    rosters: Arc<Rosters>,
}

impl Groups {
    /// Nothing in memory yet.
    pub fn new(ids: IdGenerator, clock: Clock, config: &ChatConfig) -> Self {
        Self { ids, clock, rename_up_to: config.rename_up_to, rosters: Arc::default() }
    }

    /// An id for a new group. A clock set back over a restart can bring an id again.
    pub fn new_id(&self, tx: &mut Tx<'_>) -> Result<ConversationId> {
        loop {
            let id = self.ids.next();
            if tx.get(&CONVERSATION, &id)?.is_none() {
                return Ok(id);
            }
        }
    }

    /// A group; `None` where there is no such conversation, or it is no group.
    pub fn view(&self, tx: &mut Tx<'_>, id: ConversationId) -> Result<Option<GroupView>> {
        let Some(what) = group(tx, id)? else { return Ok(None) };
        let roster = self.rosters.within(tx, id, &what)?;
        Ok(Some(GroupView::new(what, &roster)))
    }

    /// Somebody in a group, or removed from it; `None` for who never was in it, or left.
    pub fn member(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        account: AccountId,
    ) -> Result<Option<MemberView>> {
        let Some(what) = group(tx, id)? else { return Ok(None) };
        let Some(member) = tx.get(&MEMBER, &(id, account))? else { return Ok(None) };
        let roster = self.rosters.within(tx, id, &what)?;
        Ok(Some(view(account, member, roster.role(account))))
    }

    /// Who is in a group; nobody where there is none.
    pub fn roster(&self, tx: &mut Tx<'_>, id: ConversationId) -> Result<Arc<Roster>> {
        let what = group(tx, id)?.unwrap_or_default();
        self.rosters.within(tx, id, &what)
    }

    /// The group and the caller in it, where they have a right.
    ///
    /// # Errors
    /// `CONVERSATION_NOT_FOUND` for who is not in it, also where they were; `GROUP_DISSOLVED`; `MUTED` where the right is
    /// to speak, else `NOT_ALLOWED`.
    pub fn check(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        me: AccountId,
        right: GroupRight,
    ) -> Result<(GroupView, MemberView)> {
        let view = self.view(tx, id)?.ok_or_else(conversation_not_found)?;
        let member = self.member(tx, id, me)?.filter(|member| member.in_group);
        let member = member.ok_or_else(conversation_not_found)?;
        standing::check(member.role, right, self.situation(&view, &member))?;
        Ok((view, member))
    }

    /// All that a member may do now, in order of the numbers.
    pub fn rights(&self, group: &GroupView, member: &MemberView) -> Vec<GroupRight> {
        rights::all_of(member.role, self.situation(group, member)).collect()
    }

    fn situation(&self, group: &GroupView, member: &MemberView) -> Situation {
        Situation {
            anybody_renames: group.member_count <= self.rename_up_to,
            all_muted: group.all_muted,
            muted: member.muted,
            plain_text: member.plain_text_until > self.clock.now(),
            dissolved: group.dissolved,
        }
    }

    /// Notes something in a group, for all who are in it. Gives the number of the entry.
    fn note(&self, tx: &mut Tx<'_>, id: ConversationId, kind: notice::Kind, now: Time) -> Result<u64> {
        let to = Audience::Accounts(self.roster(tx, id)?.accounts().clone());
        let content = Content::Notice(Notice { kind: Some(kind) });
        append(tx, id, to, AccountId(0), now, bytes::Bytes::new(), &content)
    }

    /// A group that a transaction changes.
    fn edit(&self, tx: &mut Tx<'_>, id: ConversationId) -> Result<Edited> {
        let what = group(tx, id)?.ok_or_else(conversation_not_found)?;
        let members = tx.get(&ROSTER, &id)?.unwrap_or_default().members;
        Ok(Edited { id, what, members })
    }

    fn save(&self, tx: &mut Tx<'_>, edited: Edited) -> Result<()> {
        let Edited { id, mut what, members } = edited;
        // Of the stamp of the transaction there could be another roster, if this one is taken back.
        what.roster_version = self.ids.next();
        what.member_count = u32::try_from(members.len()).unwrap_or(u32::MAX);
        tx.put(&ROSTER, &id, &StoredRoster { version: what.roster_version, members })?;
        tx.put(&CONVERSATION, &id, &what)
    }
}

/// A group that is changed: its rows, written together by [`Groups::save`].
struct Edited {
    id: ConversationId,
    what: Conversation,
    /// In the order in which they joined.
    members: Vec<InRoster>,
}

impl Edited {
    fn has(&self, account: AccountId) -> bool {
        self.members.iter().any(|member| member.account == account.0)
    }
}

impl Chat {
    /// The groups, for later rooms.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// As [`Groups::view`], outside of a transaction: for what is shown.
    pub async fn group_view(&self, id: ConversationId) -> Result<Option<GroupView>> {
        let store = &self.foundation.store;
        let Some(what) = store.get(&CONVERSATION, &id).await?.filter(Conversation::is_group) else {
            return Ok(None);
        };
        let roster = self.groups.rosters.load(store, id, &what).await?;
        Ok(Some(GroupView::new(what, &roster)))
    }

    /// Who is in a group; `None` where there is none.
    pub async fn group_roster(&self, id: ConversationId) -> Result<Option<Arc<Roster>>> {
        let store = &self.foundation.store;
        let Some(what) = store.get(&CONVERSATION, &id).await?.filter(Conversation::is_group) else {
            return Ok(None);
        };
        self.groups.rosters.load(store, id, &what).await.map(Some)
    }

    /// Some members of a group, in the order asked for; who is not in it (any more) is left out.
    pub async fn group_members(&self, id: ConversationId, accounts: &[AccountId]) -> Result<Vec<MemberView>> {
        let Some(roster) = self.group_roster(id).await? else { return Ok(Vec::new()) };
        let mut members = Vec::with_capacity(accounts.len());
        for account in accounts {
            let member = self.foundation.store.get(&MEMBER, &(id, *account)).await?;
            let role = roster.role(*account);
            members.extend(member.filter(|_| role.is_some()).map(|member| view(*account, member, role)));
        }
        Ok(members)
    }

    /// Whether somebody is in a group now.
    pub async fn is_member(&self, account: AccountId, id: ConversationId) -> Result<bool> {
        Ok(self.group_roster(id).await?.is_some_and(|roster| roster.has(account)))
    }
}

fn group(tx: &mut Tx<'_>, id: ConversationId) -> Result<Option<Conversation>> {
    Ok(tx.get(&CONVERSATION, &id)?.filter(Conversation::is_group))
}

fn view(account: AccountId, member: Member, role: Option<MemberRole>) -> MemberView {
    MemberView {
        account,
        role: role.unwrap_or_default(),
        removed_at: member.ended.as_ref().map(|ended| Time(ended.at_ms)),
        nickname: member.nickname,
        muted: member.muted,
        plain_text_until: Time(member.plain_text_until_ms),
        joined_at: Time(member.joined_at_ms),
        in_group: role.is_some(),
    }
}
