//! Invitations: filing, finding, settling and expiring them. It keeps the rows and the indexes over them in step, and does
//! not decide who may invite whom.

use super::room::Room;
use super::rules::invitation_not_found;
use super::tables::{
    Answer, EXPIRY, ExpiryRow, INVITATION, INVITED, InvitationRow, InvitedRow, REFUSED, WAITING,
};
use crate::delivery::log;
use crate::error::Result;
use crate::features::chat::GroupView;
use crate::features::{accounts, contacts};
use crate::id::{AccountId, ConversationId, InvitationId};
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::chat::GroupInvitation;
use teahouse_proto::common::Caution;
use teahouse_proto::sync::GroupInvitationClosed;
use teahouse_proto::sync::account_event::What;

/// An invitation that is to be made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Invitation {
    pub(super) conversation: ConversationId,
    pub(super) inviter: AccountId,
    /// See [`InvitationRow`].
    pub(super) approved: bool,
}

/// Whether somebody left a group for good.
pub(super) fn refuses(tx: &mut Tx<'_>, id: ConversationId, account: AccountId) -> Result<bool> {
    Ok(tx.get(&REFUSED, &(account, id))?.is_some())
}

/// Invites somebody, in place of an earlier invitation to this group. For whom too many wait already, it does not come:
/// the inviter must not learn of it.
pub(super) fn file(
    room: &Room,
    tx: &mut Tx<'_>,
    invited: AccountId,
    invitation: Invitation,
    now: Time,
) -> Result<()> {
    let id = invitation.conversation;
    let Some(group) = room.chat.view(tx, id)? else { return Ok(()) };
    withdraw(tx, id, invited, now)?;
    let mut waiting = tx.get(&WAITING, &invited)?.unwrap_or_default();
    if waiting.invitations >= room.config.max_invitations {
        return Ok(());
    }
    waiting.invitations += 1;
    tx.put(&WAITING, &invited, &waiting)?;
    let fresh: InvitationId = room.ids.next();
    let row = InvitationRow {
        conversation: id.0,
        inviter: invitation.inviter.0,
        at_ms: now.as_ms(),
        expires_at_ms: room.expires(now).as_ms(),
        approved: invitation.approved,
        answer: Answer::None.into(),
    };
    tx.put(&INVITATION, &(invited, fresh), &row)?;
    tx.put(&INVITED, &(id, invited), &InvitedRow { invitation: fresh.0 })?;
    let expiry = (row.expires_at_ms.max(0).cast_unsigned(), fresh.0);
    tx.put(&EXPIRY, &expiry, &ExpiryRow { invited: invited.0, conversation: id.0, inviter: 0 })?;
    let caution = caution(room, tx, row.inviter(), now)?;
    log::append(tx, invited, now, &What::GroupInvitation(told(fresh, &row, &group, caution)))?;
    Ok(())
}

/// What the invited should know of the inviter.
pub(super) fn caution(room: &Room, tx: &mut Tx<'_>, inviter: AccountId, now: Time) -> Result<Caution> {
    let person = accounts::person(tx, inviter)?;
    Ok(person.map_or(Caution::Unspecified, |person| person.caution(now, room.on_loopback)))
}

/// An invitation as the invited sees it. `caution`: about the inviter.
pub(super) fn told(
    id: InvitationId,
    row: &InvitationRow,
    group: &GroupView,
    caution: Caution,
) -> GroupInvitation {
    GroupInvitation {
        invitation_id: id.0,
        group_name: group.name.clone(),
        group_picture: group.picture.clone(),
        member_count: group.member_count,
        inviter_account_id: row.inviter,
        at_ms: row.at_ms,
        expires_at_ms: row.expires_at_ms,
        caution: caution.into(),
    }
}

/// An invitation of `me`, answered or not, that has not expired.
pub(super) fn by_id(tx: &mut Tx<'_>, me: AccountId, id: InvitationId, now: Time) -> Result<InvitationRow> {
    let row = tx.get(&INVITATION, &(me, id))?.filter(|row| row.is_live(now));
    row.ok_or_else(invitation_not_found)
}

/// The group of an invitation that is good: the group lives, who invited is in it, and the two are friends and neither
/// blocks the other.
pub(super) fn group_of(
    room: &Room,
    tx: &mut Tx<'_>,
    me: AccountId,
    row: &InvitationRow,
) -> Result<Option<GroupView>> {
    let (id, inviter) = (row.conversation(), row.inviter());
    let Some(group) = room.chat.view(tx, id)?.filter(|group| !group.dissolved) else { return Ok(None) };
    let good = room.is_in(tx, id, inviter)? && contacts::may_chat(tx, inviter, me)?;
    Ok(good.then_some(group))
}

/// Notes what came of an invitation; one that waited leaves the list.
pub(super) fn answer(
    tx: &mut Tx<'_>,
    me: AccountId,
    id: InvitationId,
    mut row: InvitationRow,
    answer: Answer,
    now: Time,
) -> Result<()> {
    if row.answer() == Answer::None {
        leave_list(tx, me, id, now)?;
    }
    row.set_answer(answer);
    tx.put(&INVITATION, &(me, id), &row)
}

/// Somebody is in the group: an invitation to it is done with.
pub(super) fn settle(tx: &mut Tx<'_>, group: ConversationId, account: AccountId, now: Time) -> Result<()> {
    tx.delete(&REFUSED, &(account, group))?;
    let Some(id) = latest(tx, group, account)? else { return Ok(()) };
    match tx.get(&INVITATION, &(account, id))? {
        Some(row) => answer(tx, account, id, row, Answer::Accepted, now),
        None => Ok(()),
    }
}

/// An invitation whose time is over.
pub(super) fn expire(
    tx: &mut Tx<'_>,
    group: ConversationId,
    invited: AccountId,
    id: InvitationId,
    now: Time,
) -> Result<()> {
    remove(tx, invited, id, now)?;
    if latest(tx, group, invited)? == Some(id) {
        tx.delete(&INVITED, &(group, invited))?;
    }
    Ok(())
}

fn latest(tx: &mut Tx<'_>, group: ConversationId, account: AccountId) -> Result<Option<InvitationId>> {
    Ok(tx.get(&INVITED, &(group, account))?.map(|row| InvitationId(row.invitation)))
}

/// Another invitation comes in its place.
fn withdraw(tx: &mut Tx<'_>, group: ConversationId, invited: AccountId, now: Time) -> Result<()> {
    let Some(id) = latest(tx, group, invited)? else { return Ok(()) };
    tx.delete(&INVITED, &(group, invited))?;
    remove(tx, invited, id, now)
}

fn remove(tx: &mut Tx<'_>, invited: AccountId, id: InvitationId, now: Time) -> Result<()> {
    let Some(row) = tx.get(&INVITATION, &(invited, id))? else { return Ok(()) };
    if row.answer() == Answer::None {
        leave_list(tx, invited, id, now)?;
    }
    tx.delete(&INVITATION, &(invited, id))
}

fn leave_list(tx: &mut Tx<'_>, invited: AccountId, id: InvitationId, now: Time) -> Result<()> {
    let mut waiting = tx.get(&WAITING, &invited)?.unwrap_or_default();
    waiting.invitations = waiting.invitations.saturating_sub(1);
    match waiting.invitations {
        0 => tx.delete(&WAITING, &invited)?,
        _ => tx.put(&WAITING, &invited, &waiting)?,
    }
    let closed = GroupInvitationClosed { invitation_id: id.0 };
    log::append(tx, invited, now, &What::GroupInvitationClosed(closed))?;
    Ok(())
}
