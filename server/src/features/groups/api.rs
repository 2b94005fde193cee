//! The operations of `GroupsService`: validate, load, decide in a transaction, answer.

use super::governing::Change;
use super::{Groups, inviting, rules};
use crate::call::Cx;
use crate::error::{Error, Result};
use crate::features::contacts::Me;
use crate::features::ledger::once::Creation;
use crate::id::{AccountId, ConversationId, InvitationId, JoinRequestId};
use teahouse_proto::GroupsApi;
use teahouse_proto::groups::*;

/// As it is remembered under the client id.
const CREATE: &str = "groups.create";

impl GroupsApi<Cx, Error> for Groups {
    async fn create_group(&self, cx: &Cx, request: CreateGroupRequest) -> Result<CreateGroupResponse> {
        let (me, now) = (Me::of(cx)?, cx.now);
        let creation = Creation::new(me.account, &request.client_group_id, CREATE, &request)?;
        let name = rules::group_name(&request.name)?;
        let friends = inviting::named(&request.account_ids)?;
        self.transact(move |room, tx| {
            if let Some(earlier) = creation.earlier(tx)? {
                return Ok(earlier);
            }
            let (id, invited) = room.create(tx, me, &name, &friends, now)?;
            let group = Some(room.group(tx, id, me.account)?);
            let response = CreateGroupResponse { group, invited };
            creation.remember(tx, &response)?;
            Ok(response)
        })
        .await
    }

    async fn get_group(&self, cx: &Cx, request: GetGroupRequest) -> Result<GetGroupResponse> {
        let group = self.group(cx.account()?, ConversationId(request.conversation_id)).await?;
        Ok(GetGroupResponse { group: Some(group) })
    }

    async fn list_members(&self, cx: &Cx, request: ListMembersRequest) -> Result<ListMembersResponse> {
        self.members(cx.account()?, ConversationId(request.conversation_id), request.page).await
    }

    async fn open_member(&self, cx: &Cx, request: OpenMemberRequest) -> Result<OpenMemberResponse> {
        let (id, account) = (ConversationId(request.conversation_id), AccountId(request.account_id));
        self.open(cx.account()?, id, account, cx.now).await
    }

    async fn update_group(&self, cx: &Cx, request: UpdateGroupRequest) -> Result<UpdateGroupResponse> {
        let (me, id, now) = (cx.account()?, ConversationId(request.conversation_id), cx.now);
        let change = Change::new(request)?;
        let group = self.transact(move |room, tx| {
            room.update(tx, me, id, &change, now)?;
            room.group(tx, id, me)
        });
        Ok(UpdateGroupResponse { group: Some(group.await?) })
    }

    async fn set_announcement(
        &self,
        cx: &Cx,
        request: SetAnnouncementRequest,
    ) -> Result<SetAnnouncementResponse> {
        let (me, id, now) = (cx.account()?, ConversationId(request.conversation_id), cx.now);
        let text = rules::announcement(&request.text)?;
        self.transact(move |room, tx| room.announce(tx, me, id, &text, now)).await?;
        Ok(SetAnnouncementResponse {})
    }

    async fn set_nickname(&self, cx: &Cx, request: SetNicknameRequest) -> Result<SetNicknameResponse> {
        let (me, id, now) = (cx.account()?, ConversationId(request.conversation_id), cx.now);
        let nickname = rules::nickname(&request.nickname)?;
        self.transact(move |room, tx| room.call_me(tx, me, id, &nickname, now)).await?;
        Ok(SetNicknameResponse {})
    }

    async fn invite_members(&self, cx: &Cx, request: InviteMembersRequest) -> Result<InviteMembersResponse> {
        let (me, id, now) = (Me::of(cx)?, ConversationId(request.conversation_id), cx.now);
        let named = inviting::named(&request.account_ids)?;
        let invited = self.transact(move |room, tx| room.invite(tx, me, id, &named, now)).await?;
        Ok(InviteMembersResponse { invited })
    }

    async fn list_invitations(
        &self,
        cx: &Cx,
        request: ListInvitationsRequest,
    ) -> Result<ListInvitationsResponse> {
        self.invitations(cx.account()?, request.page, cx.now).await
    }

    async fn accept_invitation(
        &self,
        cx: &Cx,
        request: AcceptInvitationRequest,
    ) -> Result<AcceptInvitationResponse> {
        let (me, id, now) = (cx.account()?, InvitationId(request.invitation_id), cx.now);
        self.transact(move |room, tx| {
            let (outcome, id) = room.accept(tx, me, id, now)?;
            let group = room.group_if_joined(tx, id, me, outcome)?;
            Ok(AcceptInvitationResponse { outcome: outcome.into(), group })
        })
        .await
    }

    async fn decline_invitation(
        &self,
        cx: &Cx,
        request: DeclineInvitationRequest,
    ) -> Result<DeclineInvitationResponse> {
        let (me, id, now) = (cx.account()?, InvitationId(request.invitation_id), cx.now);
        self.transact(move |room, tx| room.decline(tx, me, id, now)).await?;
        Ok(DeclineInvitationResponse {})
    }

    async fn list_join_requests(
        &self,
        cx: &Cx,
        request: ListJoinRequestsRequest,
    ) -> Result<ListJoinRequestsResponse> {
        let id = ConversationId(request.conversation_id);
        self.requests(cx.account()?, id, request.page, cx.now).await
    }

    async fn decide_join_request(
        &self,
        cx: &Cx,
        request: DecideJoinRequestRequest,
    ) -> Result<DecideJoinRequestResponse> {
        let (me, id, now) = (cx.account()?, ConversationId(request.conversation_id), cx.now);
        let asked = JoinRequestId(request.join_request_id);
        self.transact(move |room, tx| room.decide(tx, me, id, asked, request.approve, now)).await?;
        Ok(DecideJoinRequestResponse {})
    }

    async fn join_group(&self, cx: &Cx, request: JoinGroupRequest) -> Result<JoinGroupResponse> {
        let (me, now) = (Me::of(cx)?, cx.now);
        let (shared, scanned_at) = self.tickets.read(me.account, &request.ticket, now)?;
        self.transact(move |room, tx| {
            let outcome = room.join(tx, me, shared, scanned_at, now)?;
            let group = room.group_if_joined(tx, shared.group, me.account, outcome)?;
            Ok(JoinGroupResponse { outcome: outcome.into(), group })
        })
        .await
    }

    async fn remove_members(&self, cx: &Cx, request: RemoveMembersRequest) -> Result<RemoveMembersResponse> {
        let (me, id, now) = (cx.account()?, ConversationId(request.conversation_id), cx.now);
        let named = inviting::named(&request.account_ids)?;
        self.transact(move |room, tx| room.remove(tx, me, id, &named, now)).await?;
        Ok(RemoveMembersResponse {})
    }

    async fn leave_group(&self, cx: &Cx, request: LeaveGroupRequest) -> Result<LeaveGroupResponse> {
        let (me, id, now) = (cx.account()?, ConversationId(request.conversation_id), cx.now);
        self.transact(move |room, tx| room.leave(tx, me, id, request.do_not_add_again, now)).await?;
        Ok(LeaveGroupResponse {})
    }

    async fn set_admin(&self, cx: &Cx, request: SetAdminRequest) -> Result<SetAdminResponse> {
        let (me, id, now) = (cx.account()?, ConversationId(request.conversation_id), cx.now);
        let account = AccountId(request.account_id);
        self.transact(move |room, tx| room.set_admin(tx, me, id, account, request.admin, now)).await?;
        Ok(SetAdminResponse {})
    }

    async fn transfer_group(&self, cx: &Cx, request: TransferGroupRequest) -> Result<TransferGroupResponse> {
        let (me, id, now) = (cx.account()?, ConversationId(request.conversation_id), cx.now);
        let account = AccountId(request.account_id);
        self.transact(move |room, tx| room.transfer(tx, me, id, account, now)).await?;
        Ok(TransferGroupResponse {})
    }

    async fn mute_member(&self, cx: &Cx, request: MuteMemberRequest) -> Result<MuteMemberResponse> {
        let (me, id, now) = (cx.account()?, ConversationId(request.conversation_id), cx.now);
        let account = AccountId(request.account_id);
        self.transact(move |room, tx| room.mute(tx, me, id, account, request.muted, now)).await?;
        Ok(MuteMemberResponse {})
    }

    async fn dissolve_group(&self, cx: &Cx, request: DissolveGroupRequest) -> Result<DissolveGroupResponse> {
        let (me, id, now) = (cx.account()?, ConversationId(request.conversation_id), cx.now);
        self.transact(move |room, tx| room.dissolve(tx, me, id, now)).await?;
        Ok(DissolveGroupResponse {})
    }
}
