//! Requests to join: filing, deciding and expiring them. Owner and admins are told of each, and of its end.

use super::invitations::{self, Invitation};
use super::room::{Entry, Room, switches};
use super::rules::{Door, join_request_not_found, too_many_join_requests, too_many_members};
use super::tables::{EXPIRY, ExpiryRow, GROUP, REQUEST, REQUESTED, RequestRow, RequestedRow};
use crate::delivery::log;
use crate::error::Result;
use crate::features::chat::GroupView;
use crate::features::{accounts, contacts};
use crate::id::{AccountId, ConversationId, JoinRequestId};
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::chat::{GroupRight, JoinRequest, JoinWay, MemberRole};
use teahouse_proto::common::PersonCard;
use teahouse_proto::groups::InviteOutcome;
use teahouse_proto::sync::JoinRequestClosed;
use teahouse_proto::sync::account_event::What;

/// Files a request, unless one of this account is filed already. What was declined is not shown again, save where it was
/// not the account itself that had asked. `willing`: the account itself wants to come in; a member's request for it becomes
/// its own.
///
/// # Errors
/// `TOO_MANY_JOIN_REQUESTS`.
pub(super) fn file(
    room: &Room,
    tx: &mut Tx<'_>,
    id: ConversationId,
    account: AccountId,
    entry: Entry,
    willing: bool,
    now: Time,
) -> Result<()> {
    if let Some((known, mut row)) = of(tx, id, account, now)? {
        if !willing || row.willing {
            return Ok(());
        }
        if !row.declined {
            (row.willing, row.by, row.way) = (true, entry.by.0, entry.way.into());
            tx.put(&REQUEST, &(id, known), &row)?;
            return show(room, tx, id, known, &row, now);
        }
        remove(room, tx, id, known, &row, now)?;
    }
    let mut group = switches(tx, id)?;
    if group.join_requests >= room.config.max_join_requests {
        return Err(too_many_join_requests());
    }
    group.join_requests += 1;
    tx.put(&GROUP, &id, &group)?;
    let fresh: JoinRequestId = room.ids.next();
    let row = RequestRow {
        account: account.0,
        by: entry.by.0,
        way: entry.way.into(),
        at_ms: now.as_ms(),
        expires_at_ms: room.expires(now).as_ms(),
        willing,
        declined: false,
    };
    tx.put(&REQUEST, &(id, fresh), &row)?;
    tx.put(&REQUESTED, &(id, account), &RequestedRow { request: fresh.0 })?;
    let expiry = (row.expires_at_ms.max(0).cast_unsigned(), fresh.0);
    tx.put(&EXPIRY, &expiry, &ExpiryRow { invited: 0, conversation: id.0, inviter: 0 })?;
    show(room, tx, id, fresh, &row, now)
}

/// Owner and admins are told of a request, or of what it is now.
fn show(
    room: &Room,
    tx: &mut Tx<'_>,
    id: ConversationId,
    request: JoinRequestId,
    row: &RequestRow,
    now: Time,
) -> Result<()> {
    let card = accounts::person(tx, row.account())?.map(|person| person.card()).unwrap_or_default();
    tell(room, tx, id, &What::JoinRequest(told(id, request, row, card)), now)
}

/// The request of somebody that has not expired, declined or not.
pub(super) fn of(
    tx: &mut Tx<'_>,
    id: ConversationId,
    account: AccountId,
    now: Time,
) -> Result<Option<(JoinRequestId, RequestRow)>> {
    let Some(known) = tx.get(&REQUESTED, &(id, account))? else { return Ok(None) };
    let known = JoinRequestId(known.request);
    let row = tx.get(&REQUEST, &(id, known))?.filter(|row| now < Time(row.expires_at_ms));
    Ok(row.map(|row| (known, row)))
}

/// A request as owner and admins see it.
pub(super) fn told(
    id: ConversationId,
    request: JoinRequestId,
    row: &RequestRow,
    card: PersonCard,
) -> JoinRequest {
    JoinRequest {
        join_request_id: request.0,
        conversation_id: id.0,
        account_id: row.account,
        card: Some(card),
        by_account_id: row.by,
        way: row.way,
        at_ms: row.at_ms,
    }
}

impl Room {
    /// Lets somebody in, or not.
    pub(super) fn decide(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: ConversationId,
        request: JoinRequestId,
        approve: bool,
        now: Time,
    ) -> Result<()> {
        let (group, _) = self.chat.check(tx, id, me, GroupRight::Approve)?;
        let row = tx.get(&REQUEST, &(id, request))?.filter(|row| row.waits(now));
        let mut row = row.ok_or_else(join_request_not_found)?;
        if !approve {
            row.declined = true;
            tx.put(&REQUEST, &(id, request), &row)?;
            return self.leave_list(tx, id, request, now);
        }
        if self.is_full(&group) {
            return Err(too_many_members());
        }
        remove(self, tx, id, request, &row, now)?;
        let entry = Entry { by: row.by(), way: row.way() };
        if row.willing {
            return self.let_in(tx, id, &[row.account()], entry, now);
        }
        self.bring_in(tx, id, &group, row.account(), entry, now)
    }

    /// Approved, but nobody has asked them yet: what comes of it is what would have come of their friend's invitation
    /// without approval. Whoever approves learns nothing of the two.
    fn bring_in(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        group: &GroupView,
        account: AccountId,
        entry: Entry,
        now: Time,
    ) -> Result<()> {
        let Some(person) = accounts::person(tx, account)? else { return Ok(()) };
        if !self.is_in(tx, id, entry.by)?
            || !contacts::may_chat(tx, entry.by, account)?
            || invitations::refuses(tx, id, account)?
        {
            return Ok(());
        }
        let door = Door { members: group.member_count, ..self.open_door() };
        if door.invited(person.ask_before_group) == InviteOutcome::Joined {
            return self.let_in(tx, id, &[account], Entry { way: JoinWay::Invitation, ..entry }, now);
        }
        let invitation = Invitation { conversation: id, inviter: entry.by, approved: true };
        invitations::file(self, tx, account, invitation, now)
    }

    /// One less waits; owner and admins are told.
    fn leave_list(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        request: JoinRequestId,
        now: Time,
    ) -> Result<()> {
        let mut group = switches(tx, id)?;
        group.join_requests = group.join_requests.saturating_sub(1);
        tx.put(&GROUP, &id, &group)?;
        let closed = JoinRequestClosed { conversation_id: id.0, join_request_id: request.0 };
        tell(self, tx, id, &What::JoinRequestClosed(closed), now)
    }
}

/// Somebody is in the group: a request of theirs is done with.
pub(super) fn settle(
    room: &Room,
    tx: &mut Tx<'_>,
    id: ConversationId,
    account: AccountId,
    now: Time,
) -> Result<()> {
    match of(tx, id, account, now)? {
        Some((request, row)) => remove(room, tx, id, request, &row, now),
        None => Ok(()),
    }
}

/// A request whose time is over.
pub(super) fn expire(
    room: &Room,
    tx: &mut Tx<'_>,
    id: ConversationId,
    request: JoinRequestId,
    now: Time,
) -> Result<()> {
    match tx.get(&REQUEST, &(id, request))? {
        Some(row) => remove(room, tx, id, request, &row, now),
        None => Ok(()),
    }
}

fn remove(
    room: &Room,
    tx: &mut Tx<'_>,
    id: ConversationId,
    request: JoinRequestId,
    row: &RequestRow,
    now: Time,
) -> Result<()> {
    if !row.declined {
        room.leave_list(tx, id, request, now)?;
    }
    tx.delete(&REQUEST, &(id, request))?;
    let latest = tx.get(&REQUESTED, &(id, row.account()))?;
    if latest.is_some_and(|latest| latest.request == request.0) {
        tx.delete(&REQUESTED, &(id, row.account()))?;
    }
    Ok(())
}

/// Tells owner and admins.
fn tell(room: &Room, tx: &mut Tx<'_>, id: ConversationId, what: &What, now: Time) -> Result<()> {
    let roster = room.chat.roster(tx, id)?;
    let above = roster.members().take_while(|(_, role)| *role != MemberRole::Member);
    for (account, _) in above {
        log::append(tx, account, now, what)?;
    }
    Ok(())
}
