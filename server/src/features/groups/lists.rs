//! What callers read of groups: one group, its members, and what waits.

use super::requests;
use super::rules;
use super::tables::{Answer, INVITATION, InvitationRow, REQUEST, RequestRow};
use super::{Groups, invitations, views};
use crate::error::Result;
use crate::features::accounts;
use crate::features::chat::{self, GroupView, Roster, Seat};
use crate::features::contacts::{self, Found};
use crate::features::pages::{self, List};
use crate::id::{AccountId, ConversationId, InvitationId, JoinRequestId};
use crate::store::Order;
use crate::store::key::KeyRange;
use crate::time::Time;
use std::sync::Arc;
use std::time::Duration;
use teahouse_proto::chat::{GroupRight, GroupStanding, MemberRole};
use teahouse_proto::common::{PageRequest, Way};
use teahouse_proto::groups::{
    Group, ListInvitationsResponse, ListJoinRequestsResponse, ListMembersResponse, OpenMemberResponse,
};

/// Invitations looked at for one page, those that are settled or no longer good, too.
const INVITATIONS_READ: usize = 100;

fn members(id: ConversationId) -> List {
    List { name: "members", of: id.0, default: 100, max: 500 }
}

fn join_requests(id: ConversationId) -> List {
    List { name: "join_requests", of: id.0, default: 20, max: 50 }
}

const INVITATIONS: List = List { name: "invitations", of: 0, default: 20, max: 50 };

impl Groups {
    /// One group as the caller sees it.
    pub(super) async fn group(&self, me: AccountId, id: ConversationId) -> Result<Group> {
        // Its summary is where the chat room keeps what somebody saw last who was removed.
        let conversation = self.chat.view(me, id).await?;
        let summary = conversation.group.ok_or_else(chat::conversation_not_found)?;
        if summary.standing() == GroupStanding::Removed {
            return Ok(views::removed(id, summary));
        }
        self.transact(move |room, tx| room.group(tx, id, me)).await
    }

    /// A page of who is in a group.
    pub(super) async fn members(
        &self,
        me: AccountId,
        id: ConversationId,
        page: Option<PageRequest>,
    ) -> Result<ListMembersResponse> {
        let roster = self.roster(me, id).await?;
        let list = members(id);
        let (limit, after) = self.pages.read::<(u32, u64, AccountId)>(list, me, page)?;
        let after = after.map(|(role, joined_at_ms, account)| Seat {
            role: MemberRole::try_from(role.cast_signed()).unwrap_or_default(),
            joined_at_ms: joined_at_ms.cast_signed(),
            account,
        });
        let rest = roster.seats_after(after);
        let more = rest.len() > limit;
        let shown: Vec<Seat> = rest.take(limit).collect();
        let accounts: Vec<AccountId> = shown.iter().map(|seat| seat.account).collect();
        let mut response = ListMembersResponse::default();
        for view in self.chat.group_members(id, &accounts).await? {
            let person = accounts::load(&self.foundation.store, view.account).await?;
            response.members.push(views::member(view, person.as_ref()));
        }
        if let Some(last) = shown.last().filter(|_| more) {
            let role = i32::from(last.role).cast_unsigned();
            let last = (role, last.joined_at_ms.cast_unsigned(), last.account);
            response.next = self.pages.next(list, me, Some(&last));
        }
        Ok(response)
    }

    /// Who is in a group, for somebody who is.
    async fn roster(&self, me: AccountId, id: ConversationId) -> Result<Arc<Roster>> {
        let roster = self.chat.group_roster(id).await?.filter(|roster| roster.has(me));
        roster.ok_or_else(chat::conversation_not_found)
    }

    /// A member, and a ticket to ask them with.
    pub(super) async fn open(
        &self,
        me: AccountId,
        id: ConversationId,
        account: AccountId,
        now: Time,
    ) -> Result<OpenMemberResponse> {
        self.roster(me, id).await?;
        let view =
            self.chat.group_members(id, &[account]).await?.pop().ok_or_else(rules::member_not_found)?;
        let store = &self.foundation.store;
        let person = accounts::load(store, account).await?;
        let friend = account == me || contacts::has_friend(store, me, account).await?;
        let open = person.as_ref().is_some_and(|person| person.can_be_added_by(Way::Group));
        let mut ticket = Vec::new();
        if open && !friend && self.lets_members_meet(me, id).await? {
            // Whether the two are in the group, and it lets them, is not asked again when it is used.
            let expires = now + Duration::from_secs(60) * self.room.config.ticket_minutes;
            ticket = self.people.make_until(me, Found { person: account, way: Way::Group }, expires);
        }
        let member = Some(views::member(view, person.as_ref()));
        Ok(OpenMemberResponse { member, ticket: ticket.into(), friend })
    }

    /// Whether a member of a group may come upon another there: they and the group allow it. `CONVERSATION_NOT_FOUND` for
    /// whoever is no member.
    pub async fn lets_meet(&self, me: AccountId, id: ConversationId, other: AccountId) -> Result<bool> {
        let is_member = self.roster(me, id).await?.has(other);
        let person = accounts::load(&self.foundation.store, other).await?;
        let open = person.is_some_and(|person| person.can_be_added_by(Way::Group));
        Ok(is_member && open && other != me && self.lets_members_meet(me, id).await?)
    }

    /// Whether the members of a group can ask each other to be friends.
    async fn lets_members_meet(&self, me: AccountId, id: ConversationId) -> Result<bool> {
        self.transact(move |room, tx| {
            let (group, _) = room.present(tx, id, me)?;
            Ok(!group.dissolved && !super::room::switches(tx, id)?.members_private)
        })
        .await
    }

    /// A page of the invitations that wait for the caller and are good. It has fewer than are asked for where many are not.
    pub(super) async fn invitations(
        &self,
        me: AccountId,
        page: Option<PageRequest>,
        now: Time,
    ) -> Result<ListInvitationsResponse> {
        let (limit, after) = self.pages.read::<InvitationId>(INVITATIONS, me, page)?;
        let all = KeyRange::prefix(&(me,));
        let range = after.map_or(all.clone(), |last| all.before(&(me, last)));
        let rows = self.foundation.store.scan(&INVITATION, &range, INVITATIONS_READ, Order::Falling).await?;
        let mut more = rows.len() == INVITATIONS_READ;
        let (mut invitations, mut last) = (Vec::new(), None);
        for ((_, id), row) in rows {
            if invitations.len() == limit {
                more = true;
                break;
            }
            last = Some(id);
            if row.is_live(now) && row.answer() == Answer::None {
                let Some(group) = self.inviting(me, &row).await? else { continue };
                let inviter = accounts::load(&self.foundation.store, row.inviter()).await?;
                let caution = inviter.map(|inviter| inviter.caution(now, self.foundation.on_loopback));
                invitations.push(invitations::told(id, &row, &group, caution.unwrap_or_default()));
            }
        }
        let next = self.pages.next(INVITATIONS, me, last.filter(|_| more).as_ref());
        Ok(ListInvitationsResponse { invitations, next })
    }

    /// As [`invitations::group_of`], outside of a transaction: for what is shown.
    async fn inviting(&self, me: AccountId, row: &InvitationRow) -> Result<Option<GroupView>> {
        let (id, inviter) = (row.conversation(), row.inviter());
        let group = self.chat.group_view(id).await?.filter(|group| !group.dissolved);
        let good = group.is_some()
            && self.chat.is_member(inviter, id).await?
            && contacts::are_friends(&self.foundation.store, inviter, me).await?;
        Ok(group.filter(|_| good))
    }

    /// A page of those who wait to be let in.
    pub(super) async fn requests(
        &self,
        me: AccountId,
        id: ConversationId,
        page: Option<PageRequest>,
        now: Time,
    ) -> Result<ListJoinRequestsResponse> {
        self.transact(move |room, tx| room.chat.check(tx, id, me, GroupRight::Approve).map(drop)).await?;
        let list = join_requests(id);
        let page = self.pages.read::<JoinRequestId>(list, me, page)?;
        let (store, waits) = (&self.foundation.store, |row: &RequestRow| row.waits(now));
        let (rows, last) = pages::rows(store, &REQUEST, id, page, Order::Rising, waits).await?;
        let mut requests = Vec::with_capacity(rows.len());
        for (request, row) in rows {
            let person = accounts::load(store, row.account()).await?;
            let card = person.map(|person| person.card()).unwrap_or_default();
            requests.push(requests::told(id, request, &row, card));
        }
        Ok(ListJoinRequestsResponse { requests, next: self.pages.next(list, me, last.as_ref()) })
    }
}
