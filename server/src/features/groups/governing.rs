//! What is done to a group and to its members by those who may: names, switches, announcements, roles, and the ways out.

use super::room::{Room, switches};
use super::rules::{self, is_above};
use super::tables::{ANNOUNCEMENT, AnnouncementRow, GROUP, REFUSED};
use crate::error::Result;
use crate::features::accounts::AvatarHooks;
use crate::features::chat::{self, GroupView, MemberView};
use crate::id::{AccountId, ConversationId};
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::chat::{GroupRight, GroupSettingsChanged, MemberRole};
use teahouse_proto::groups::{GroupSettings, UpdateGroupRequest};

/// What is to change in a group.
#[derive(Clone, Debug)]
pub(super) struct Change {
    name: Option<String>,
    /// An upload; empty for the composed picture.
    picture: Option<String>,
    settings: Option<GroupSettings>,
}

impl Change {
    /// Errors: `GROUP_NAME_INVALID`.
    pub(super) fn new(request: UpdateGroupRequest) -> Result<Self> {
        let name = request.name.as_deref().map(rules::group_name).transpose()?;
        Ok(Self { name, picture: request.picture_media_id, settings: request.settings })
    }
}

impl Room {
    /// Changes what is present.
    pub(super) fn update(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: ConversationId,
        change: &Change,
        now: Time,
    ) -> Result<()> {
        let (group, _) = self.living(tx, id, me)?;
        if change.name.is_some() || change.picture.is_some() {
            self.chat.check(tx, id, me, GroupRight::Rename)?;
        }
        if let Some(name) = &change.name {
            self.chat.rename(tx, id, name, me, now)?;
        }
        if let Some(upload) = &change.picture {
            self.set_picture(tx, me, id, &group, upload, now)?;
        }
        match &change.settings {
            Some(settings) => self.set_switches(tx, me, id, &group, settings, now),
            None => Ok(()),
        }
    }

    fn set_picture(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: ConversationId,
        group: &GroupView,
        upload: &str,
        now: Time,
    ) -> Result<()> {
        let mut row = switches(tx, id)?;
        let same = if upload.is_empty() { !row.own_picture } else { row.own_picture && row.upload == upload };
        if same {
            return Ok(());
        }
        let picture = self.avatars.replace(tx, me, &group.picture, upload, now)?;
        row.own_picture = !upload.is_empty();
        upload.clone_into(&mut row.upload);
        tx.put(&GROUP, &id, &row)?;
        self.chat.set_picture(tx, id, &picture, Some(me), now)?;
        self.repaint(tx, id, now)
    }

    fn set_switches(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: ConversationId,
        group: &GroupView,
        settings: &GroupSettings,
        now: Time,
    ) -> Result<()> {
        let mut row = switches(tx, id)?;
        let changed = row.approval != settings.approval
            || row.members_private != settings.members_private
            || group.history_visible != settings.history_visible;
        if changed {
            self.chat.check(tx, id, me, GroupRight::Settings)?;
            row.approval = settings.approval;
            row.members_private = settings.members_private;
            tx.put(&GROUP, &id, &row)?;
            self.chat.set_history_visible(tx, id, settings.history_visible, now)?;
            let told = GroupSettingsChanged {
                by_account_id: me.0,
                approval: settings.approval,
                history_visible: settings.history_visible,
                members_private: settings.members_private,
            };
            self.chat.note_settings(tx, id, told, now)?;
        }
        if group.all_muted != settings.all_muted {
            self.chat.check(tx, id, me, GroupRight::Mute)?;
            self.chat.set_all_muted(tx, id, settings.all_muted, me, now)?;
        }
        Ok(())
    }

    /// Sets the announcement, or takes it away.
    pub(super) fn announce(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: ConversationId,
        text: &str,
        now: Time,
    ) -> Result<()> {
        self.chat.check(tx, id, me, GroupRight::Announce)?;
        let before = tx.get(&ANNOUNCEMENT, &id)?.map_or_else(String::new, |row| row.text);
        if text == before {
            return Ok(());
        }
        if text.is_empty() {
            return tx.delete(&ANNOUNCEMENT, &id);
        }
        let row = AnnouncementRow { text: text.to_owned(), by: me.0, at_ms: now.as_ms() };
        tx.put(&ANNOUNCEMENT, &id, &row)?;
        self.chat.announce(tx, id, text, me, now).map(drop)
    }

    /// Sets what the caller is called in the group.
    pub(super) fn call_me(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: ConversationId,
        nickname: &str,
        now: Time,
    ) -> Result<()> {
        self.living(tx, id, me)?;
        self.chat.set_nickname(tx, id, me, nickname, now)
    }

    /// Removes members. Nobody is removed where one of them may not be.
    pub(super) fn remove(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: ConversationId,
        accounts: &[AccountId],
        now: Time,
    ) -> Result<()> {
        let (_, mine) = self.chat.check(tx, id, me, GroupRight::Remove)?;
        let roster = self.chat.roster(tx, id)?;
        let mut who = Vec::new();
        for account in accounts.iter().copied() {
            let Some(role) = roster.role(account) else { continue };
            if !is_above(mine.role, role) {
                return Err(rules::not_above());
            }
            who.push(account);
        }
        self.chat.remove(tx, id, &who, me, now)?;
        self.repaint(tx, id, now)
    }

    /// Leaves. An owner who is alone takes the group along.
    pub(super) fn leave(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: ConversationId,
        for_good: bool,
        now: Time,
    ) -> Result<()> {
        let (Some(group), Some(member)) = (self.chat.view(tx, id)?, self.chat.member(tx, id, me)?) else {
            return Err(chat::conversation_not_found());
        };
        let owns = member.in_group && member.role == MemberRole::Owner && !group.dissolved;
        if owns && group.member_count > 1 {
            return Err(rules::owner_cannot_leave());
        }
        if owns {
            // Nobody is left: what waits for this group is not good any more.
            self.chat.dissolve(tx, id, me, now)?;
        }
        if for_good {
            tx.put(&REFUSED, &(me, id), &())?;
        }
        self.chat.leave(tx, id, me, now)?;
        self.repaint(tx, id, now)
    }

    /// Makes a member an admin, or an admin a member.
    pub(super) fn set_admin(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: ConversationId,
        account: AccountId,
        admin: bool,
        now: Time,
    ) -> Result<()> {
        self.chat.check(tx, id, me, GroupRight::SetAdmins)?;
        let roster = self.chat.roster(tx, id)?;
        let is_full = roster.admins() >= self.config.max_admins as usize;
        match roster.role(account).ok_or_else(rules::member_not_found)? {
            MemberRole::Owner => Err(rules::not_above()),
            MemberRole::Member if admin && is_full => Err(rules::too_many_admins()),
            _ => {
                self.chat.set_role(tx, id, account, admin, me, now)?;
                self.repaint(tx, id, now)
            }
        }
    }

    /// Makes a member the owner.
    pub(super) fn transfer(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: ConversationId,
        account: AccountId,
        now: Time,
    ) -> Result<()> {
        self.chat.check(tx, id, me, GroupRight::Transfer)?;
        if !self.chat.roster(tx, id)?.has(account) {
            return Err(rules::member_not_found());
        }
        self.chat.transfer(tx, id, account, now)?;
        self.repaint(tx, id, now)
    }

    /// Lets a member only read, or speak again.
    pub(super) fn mute(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: ConversationId,
        account: AccountId,
        muted: bool,
        now: Time,
    ) -> Result<()> {
        let (_, mine) = self.chat.check(tx, id, me, GroupRight::Mute)?;
        let theirs = self.chat.member(tx, id, account)?.filter(|member| member.in_group);
        let theirs = theirs.ok_or_else(rules::member_not_found)?;
        if !is_above(mine.role, theirs.role) {
            return Err(rules::not_above());
        }
        self.chat.set_muted(tx, id, account, muted, me, now)
    }

    /// Ends the group. May be repeated by who was its owner.
    pub(super) fn dissolve(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: ConversationId,
        now: Time,
    ) -> Result<()> {
        let (group, mine) = self.present(tx, id, me)?;
        if group.dissolved && mine.role == MemberRole::Owner {
            return Ok(());
        }
        self.chat.check(tx, id, me, GroupRight::Dissolve)?;
        self.chat.dissolve(tx, id, me, now)
    }

    /// A group that the caller is in, dissolved or not.
    pub(super) fn present(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        me: AccountId,
    ) -> Result<(GroupView, MemberView)> {
        match (self.chat.view(tx, id)?, self.chat.member(tx, id, me)?) {
            (Some(group), Some(member)) if member.in_group => Ok((group, member)),
            _ => Err(chat::conversation_not_found()),
        }
    }

    /// A group that the caller is in and that was not dissolved.
    fn living(&self, tx: &mut Tx<'_>, id: ConversationId, me: AccountId) -> Result<(GroupView, MemberView)> {
        let (group, member) = self.present(tx, id, me)?;
        if group.dissolved { Err(chat::group_dissolved()) } else { Ok((group, member)) }
    }
}
