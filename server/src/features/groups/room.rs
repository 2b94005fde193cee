//! What every part of the room decides with: its settings, and who is in which group, which the chat room knows. Holds
//! no data.

use super::rules::Door;
use super::tables::{GROUP, GroupRow};
use super::{GroupsConfig, asks, invitations, requests};
use crate::error::{Kind, Result};
use crate::features::accounts;
use crate::features::chat::{self, GroupView};
use crate::features::contacts::{self, Me};
use crate::features::media::Avatars;
use crate::id::{AccountId, ConversationId, IdGenerator};
use crate::store::Tx;
use crate::time::{DAY, Time};
use std::time::Duration;
use teahouse_proto::chat::{GroupRight, JoinWay};

/// Settings, and the groups as chat knows them.
pub(super) struct Room {
    pub(super) config: GroupsConfig,
    pub(super) chat: chat::Groups,
    pub(super) ids: IdGenerator,
    pub(super) avatars: Avatars,
    /// The store's, for colours.
    pub(super) secret: [u8; 32],
    pub(super) on_loopback: bool,
}

/// How somebody comes into a group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Who invited them, or whose code they scanned.
    pub(super) by: AccountId,
    pub(super) way: JoinWay,
}

impl Room {
    /// Draws so many times on a limit of which newcomers have a fifth.
    pub(super) fn draw(
        &self,
        tx: &mut Tx<'_>,
        limit: (&'static str, u32),
        times: usize,
        me: Me,
        now: Time,
    ) -> Result<()> {
        me.draw(tx, limit, times, now, self.on_loopback)
    }

    /// What stands at the entrance of a group. `approved`: its members need not be asked.
    pub(super) fn door(&self, group: &GroupView, row: &GroupRow, approved: bool) -> Door {
        Door { members: group.member_count, approval: row.approval, approved, ..self.open_door() }
    }

    /// What stands at the entrance of a group that is about to be made.
    pub(super) fn open_door(&self) -> Door {
        let in_at_once_up_to = self.config.in_at_once_up_to.min(self.config.max_members);
        Door { members: 1, in_at_once_up_to, approval: false, approved: true }
    }

    /// Whether a group has no place left.
    pub(super) fn is_full(&self, group: &GroupView) -> bool {
        group.member_count >= self.config.max_members
    }

    /// Whether somebody is in a group now.
    pub(super) fn is_in(&self, tx: &mut Tx<'_>, id: ConversationId, account: AccountId) -> Result<bool> {
        Ok(self.chat.member(tx, id, account)?.is_some_and(|member| member.in_group))
    }

    /// Whether somebody has a right in a group.
    pub(super) fn holds(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        account: AccountId,
        right: GroupRight,
    ) -> Result<bool> {
        match self.chat.check(tx, id, account, right) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == Kind::Internal => Err(error),
            Err(_) => Ok(false),
        }
    }

    /// People come into a group for which they have a place. What waited for that is settled.
    pub(super) fn let_in(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        who: &[AccountId],
        entry: Entry,
        now: Time,
    ) -> Result<()> {
        let mut plain_text_until = None;
        if entry.way == JoinWay::Qr {
            // By a code they come one at a time.
            for account in who {
                plain_text_until = self.plain_text_until(tx, *account, now)?;
            }
        }
        self.chat.join(tx, id, who, entry.by, entry.way, plain_text_until, now)?;
        self.repaint(tx, id, now)?;
        for account in who {
            asks::settle(tx, id, *account)?;
            invitations::settle(tx, id, *account, now)?;
            requests::settle(self, tx, id, *account, now)?;
        }
        Ok(())
    }

    fn plain_text_until(&self, tx: &mut Tx<'_>, account: AccountId, now: Time) -> Result<Option<Time>> {
        let Some(person) = accounts::person(tx, account)? else { return Ok(None) };
        let newcomer = contacts::is_newcomer(tx, account, person.created_at, now, self.on_loopback)?;
        let span = Duration::from_secs(60) * self.config.plain_text_minutes;
        Ok(newcomer.then(|| now + span))
    }

    /// When what is filed now expires.
    pub(super) fn expires(&self, now: Time) -> Time {
        now + DAY * self.config.invitation_days
    }
}

/// The switches of a group.
pub(super) fn switches(tx: &mut Tx<'_>, id: ConversationId) -> Result<GroupRow> {
    Ok(tx.get(&GROUP, &id)?.unwrap_or_default())
}
