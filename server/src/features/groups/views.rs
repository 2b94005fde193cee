//! Groups and members as callers see them.

use super::room::{Room, switches};
use super::tables::ANNOUNCEMENT;
use crate::error::Result;
use crate::features::accounts::Person;
use crate::features::chat::MemberView;
use crate::id::{AccountId, ConversationId};
use crate::store::Tx;
use teahouse_proto::chat::{GroupRight, GroupStanding, GroupSummary};
use teahouse_proto::groups::{Announcement, Group, GroupMember, GroupSettings, JoinOutcome};

impl Room {
    /// A group as somebody in it sees it.
    ///
    /// # Errors
    /// `CONVERSATION_NOT_FOUND` for others.
    pub(super) fn group(&self, tx: &mut Tx<'_>, id: ConversationId, me: AccountId) -> Result<Group> {
        let (group, member) = self.present(tx, id, me)?;
        let row = switches(tx, id)?;
        let rights = self.chat.rights(&group, &member);
        let announcement = tx.get(&ANNOUNCEMENT, &id)?.map(|row| Announcement {
            text: row.text,
            by_account_id: row.by,
            at_ms: row.at_ms,
        });
        let is_told = rights.contains(&GroupRight::Approve);
        let standing = if group.dissolved { GroupStanding::Dissolved } else { GroupStanding::Member };
        Ok(Group {
            conversation_id: id.0,
            owner_account_id: group.owner.0,
            announcement,
            settings: Some(GroupSettings {
                approval: row.approval,
                history_visible: group.history_visible,
                members_private: row.members_private,
                all_muted: group.all_muted,
            }),
            summary: Some(GroupSummary {
                name: group.name,
                picture: group.picture,
                member_count: group.member_count,
                role: member.role.into(),
                standing: standing.into(),
                may_speak: rights.contains(&GroupRight::Speak),
            }),
            nickname: member.nickname,
            rights: rights.into_iter().map(Into::into).collect(),
            join_requests: if is_told { row.join_requests } else { 0 },
            created_at_ms: group.created_at.as_ms(),
        })
    }
}

impl Room {
    /// The group, for somebody who is in it now.
    pub(super) fn group_if_joined(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        me: AccountId,
        outcome: JoinOutcome,
    ) -> Result<Option<Group>> {
        match outcome {
            JoinOutcome::Joined => self.group(tx, id, me).map(Some),
            _ => Ok(None),
        }
    }
}

/// All that a group is to somebody who was removed from it: what it was then.
pub(super) fn removed(id: ConversationId, summary: GroupSummary) -> Group {
    Group { conversation_id: id.0, summary: Some(summary), ..Group::default() }
}

/// A member as everybody in the group sees them.
pub(super) fn member(view: MemberView, person: Option<&Person>) -> GroupMember {
    GroupMember {
        account_id: view.account.0,
        card: Some(person.map(Person::card).unwrap_or_default()),
        nickname: view.nickname,
        role: view.role.into(),
        muted: view.muted,
        joined_at_ms: view.joined_at.as_ms(),
    }
}
