//! What owner and admins set in a group, and what members are told of it.

use super::super::tables::{CONVERSATION, Conversation, LEFT_MUTED, MEMBER, MENTION_ALL, Member, MentionAll};
use super::standing::plain_text_only;
use super::{Edited, Groups, group};
use crate::error::{Error, Result};
use crate::features::chat::conversation_not_found;
use crate::id::{AccountId, ConversationId};
use crate::store::Tx;
use crate::text;
use crate::time::Time;
use teahouse_proto::chat::{
    AdminChanged, Announced, GroupDissolved, GroupMuted, GroupPictureChanged, GroupRenamed,
    GroupSettingsChanged, MemberMuted, MemberRole, OwnerChanged, notice,
};

impl Groups {
    /// Makes a member an admin, or an admin a member. Without a difference nothing is written or told, here and below.
    pub fn set_role(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        account: AccountId,
        admin: bool,
        by: AccountId,
        now: Time,
    ) -> Result<()> {
        let mut edited = self.edit(tx, id)?;
        let role = if admin { MemberRole::Admin } else { MemberRole::Member };
        if !edited.set_role(account, role)? {
            return Ok(());
        }
        self.save(tx, edited)?;
        let changed = AdminChanged { by_account_id: by.0, account_id: account.0, admin };
        self.note(tx, id, notice::Kind::AdminChanged(changed), now).map(drop)
    }

    /// Makes a member the owner; who was it becomes a member.
    pub fn transfer(&self, tx: &mut Tx<'_>, id: ConversationId, to: AccountId, now: Time) -> Result<()> {
        let from = self.roster(tx, id)?.owner();
        let mut edited = self.edit(tx, id)?;
        if from == to || !edited.set_role(to, MemberRole::Owner)? {
            return Ok(());
        }
        if edited.has(from) {
            edited.set_role(from, MemberRole::Member)?;
        }
        self.save(tx, edited)?;
        let changed = OwnerChanged { from_account_id: from.0, to_account_id: to.0 };
        self.note(tx, id, notice::Kind::OwnerChanged(changed), now).map(drop)
    }

    /// What a member is called in the group. Nobody is told.
    ///
    /// # Errors
    /// `PLAIN_TEXT_ONLY` for one with a link, of who may only send text without.
    pub fn set_nickname(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        account: AccountId,
        nickname: &str,
        now: Time,
    ) -> Result<()> {
        let until = tx.get(&MEMBER, &(id, account))?.map_or(0, |member| member.plain_text_until_ms);
        if now < Time(until) && text::has_link(nickname) {
            return Err(plain_text_only());
        }
        let name = |member: &mut Member| nickname.clone_into(&mut member.nickname);
        change_member(tx, id, account, name).map(drop)
    }

    /// Lets a member only read, or speak again.
    pub fn set_muted(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        account: AccountId,
        muted: bool,
        by: AccountId,
        now: Time,
    ) -> Result<()> {
        if !change_member(tx, id, account, |member| member.muted = muted)? {
            return Ok(());
        }
        let changed = MemberMuted { by_account_id: by.0, account_id: account.0, muted };
        self.note(tx, id, notice::Kind::MemberMuted(changed), now).map(drop)
    }

    /// Lets only owner and admins speak, or everybody again.
    pub fn set_all_muted(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        muted: bool,
        by: AccountId,
        now: Time,
    ) -> Result<()> {
        let kind = notice::Kind::GroupMuted(GroupMuted { by_account_id: by.0, muted });
        self.change(tx, id, |what| what.all_muted = muted, Some(kind), now)
    }

    /// Gives the group a name; empty: it is shown by the members' names.
    pub fn rename(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        name: &str,
        by: AccountId,
        now: Time,
    ) -> Result<()> {
        let kind = notice::Kind::GroupRenamed(GroupRenamed { by_account_id: by.0, name: name.to_owned() });
        self.change(tx, id, |what| name.clone_into(&mut what.name), Some(kind), now)
    }

    /// Gives the group a picture, by its path. `by` absent: it was composed, and nobody is told.
    pub fn set_picture(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        picture: &str,
        by: Option<AccountId>,
        now: Time,
    ) -> Result<()> {
        let kind = by.map(|by| {
            let changed = GroupPictureChanged { by_account_id: by.0, picture: picture.to_owned() };
            notice::Kind::GroupPictureChanged(changed)
        });
        self.change(tx, id, |what| picture.clone_into(&mut what.picture), kind, now)
    }

    /// Whether who joins sees what was said before. [`Groups::note_settings`] tells it.
    pub fn set_history_visible(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        visible: bool,
        now: Time,
    ) -> Result<()> {
        self.change(tx, id, |what| what.history_visible = visible, None, now)
    }

    /// Tells all that the switches changed, as they are now.
    pub fn note_settings(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        settings: GroupSettingsChanged,
        now: Time,
    ) -> Result<()> {
        self.note(tx, id, notice::Kind::GroupSettingsChanged(settings), now).map(drop)
    }

    /// Tells all something, as a mention of everybody does. Gives the number of the entry.
    pub fn announce(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        text: &str,
        by: AccountId,
        now: Time,
    ) -> Result<u64> {
        let announced = Announced { by_account_id: by.0, text: text.to_owned() };
        let seq = self.note(tx, id, notice::Kind::Announced(announced), now)?;
        tx.put(&MENTION_ALL, &(id, seq), &MentionAll { by: by.0 })?;
        Ok(seq)
    }

    /// Ends the group. Everybody keeps it to read.
    pub fn dissolve(&self, tx: &mut Tx<'_>, id: ConversationId, by: AccountId, now: Time) -> Result<()> {
        tx.delete(&LEFT_MUTED, &id)?;
        let kind = notice::Kind::GroupDissolved(GroupDissolved { by_account_id: by.0 });
        self.change(tx, id, |what| what.dissolved = true, Some(kind), now)
    }

    fn change(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        change: impl FnOnce(&mut Conversation),
        kind: Option<notice::Kind>,
        now: Time,
    ) -> Result<()> {
        let before = group(tx, id)?.ok_or_else(conversation_not_found)?;
        let mut what = before.clone();
        change(&mut what);
        if what == before {
            return Ok(());
        }
        tx.put(&CONVERSATION, &id, &what)?;
        match kind {
            Some(kind) => self.note(tx, id, kind, now).map(drop),
            None => Ok(()),
        }
    }
}

impl Edited {
    /// Gives whether it is another role than before.
    fn set_role(&mut self, account: AccountId, role: MemberRole) -> Result<bool> {
        let member = self.members.iter_mut().find(|member| member.account == account.0);
        let member = member.ok_or_else(|| Error::internal("a role for who is not in the group"))?;
        let changed = member.role() != role;
        member.set_role(role);
        Ok(changed)
    }
}

/// Gives whether the member is another than before.
fn change_member(
    tx: &mut Tx<'_>,
    id: ConversationId,
    account: AccountId,
    change: impl FnOnce(&mut Member),
) -> Result<bool> {
    let before = tx.get(&MEMBER, &(id, account))?;
    let before = before.ok_or_else(|| Error::internal("a change of who is not in the group"))?;
    let mut member = before.clone();
    change(&mut member);
    if member != before {
        tx.put(&MEMBER, &(id, account), &member)?;
    }
    Ok(member != before)
}
