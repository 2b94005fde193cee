//! What people do with groups and codes, as verbs of their devices; see `verbs`.

use crate::device::Device;
use crate::person::Person;
use crate::verbs::granted;
use teahouse_client::Error;
use teahouse_proto::chat::{GroupInvitation, JoinRequest};
use teahouse_proto::common::PageRequest;
use teahouse_proto::groups::{
    AcceptInvitationRequest, CreateGroupRequest, DecideJoinRequestRequest, GetGroupRequest, Group,
    GroupMember, GroupSettings, InviteMembersRequest, InviteOutcome, JoinGroupRequest, JoinOutcome,
    ListInvitationsRequest, ListJoinRequestsRequest, ListMembersRequest, UpdateGroupRequest,
};
use teahouse_proto::qr::{FoundGroup, GetCodeRequest, ResolveCodeRequest, resolve_code_response};

impl Device {
    /// Makes a group: its conversation, and what came of each who was to be in it.
    pub async fn gather(&self, name: &str, friends: &[&Person]) -> (u64, Vec<InviteOutcome>) {
        let request = CreateGroupRequest {
            client_group_id: self.shared().random.bytes::<16>().to_vec().into(),
            name: name.to_owned(),
            account_ids: friends.iter().map(|friend| friend.account_id).collect(),
        };
        let made = granted("make a group", self.groups().create_group(request).await);
        let outcomes = made.invited.iter().map(|invited| invited.outcome()).collect();
        (made.group.expect("a group").conversation_id, outcomes)
    }

    /// Invites people: what came of each.
    pub async fn try_invite(&self, group: u64, who: &[&Person]) -> Result<Vec<InviteOutcome>, Error> {
        let account_ids = who.iter().map(|person| person.account_id).collect();
        let request = InviteMembersRequest { conversation_id: group, account_ids };
        let answer = self.groups().invite_members(request).await?;
        Ok(answer.invited.iter().map(|invited| invited.outcome()).collect())
    }

    /// As [`Device::try_invite`].
    pub async fn invite(&self, group: u64, who: &[&Person]) -> Vec<InviteOutcome> {
        granted("invite", self.try_invite(group, who).await)
    }

    /// Invitations that wait.
    pub async fn invitations(&self) -> Vec<GroupInvitation> {
        let answer = self.groups().list_invitations(ListInvitationsRequest::default()).await;
        granted("list invitations", answer).invitations
    }

    /// Accepts the only invitation that waits.
    pub async fn accept_invitation(&self) -> JoinOutcome {
        let waiting = self.invitations().await;
        let [invitation] = waiting.as_slice() else { panic!("not one invitation: {waiting:?}") };
        let request = AcceptInvitationRequest { invitation_id: invitation.invitation_id };
        granted("accept an invitation", self.groups().accept_invitation(request).await).outcome()
    }

    /// Who waits to be let in.
    pub async fn join_requests(&self, group: u64) -> Vec<JoinRequest> {
        let request = ListJoinRequestsRequest { conversation_id: group, page: None };
        granted("list who waits", self.groups().list_join_requests(request).await).requests
    }

    /// Decides about somebody who waits.
    pub async fn try_decide(&self, request: &JoinRequest, approve: bool) -> Result<(), Error> {
        let decision = DecideJoinRequestRequest {
            conversation_id: request.conversation_id,
            join_request_id: request.join_request_id,
            approve,
        };
        self.groups().decide_join_request(decision).await.map(drop)
    }

    /// A group as it is now.
    pub async fn group(&self, group: u64) -> Group {
        let answer = self.groups().get_group(GetGroupRequest { conversation_id: group }).await;
        granted("get a group", answer).group.expect("a group")
    }

    /// Who is in a group.
    pub async fn members(&self, group: u64) -> Vec<GroupMember> {
        let (mut members, mut page) = (Vec::new(), PageRequest { limit: 17, ..PageRequest::default() });
        loop {
            let request = ListMembersRequest { conversation_id: group, page: Some(page) };
            let answer = granted("list members", self.groups().list_members(request).await);
            members.extend(answer.members);
            if answer.next.is_empty() {
                return members;
            }
            page = PageRequest { limit: 17, cursor: answer.next };
        }
    }

    /// Sets all switches of a group.
    pub async fn switch(&self, group: u64, settings: GroupSettings) {
        let request = UpdateGroupRequest {
            conversation_id: group,
            settings: Some(settings),
            ..UpdateGroupRequest::default()
        };
        granted("set switches", self.groups().update_group(request).await);
    }

    /// The caller's code for a group: its URL.
    pub async fn code_for(&self, group: u64) -> String {
        let answer = self.qr().get_code(GetCodeRequest { conversation_id: group }).await;
        granted("get a code", answer).code.expect("a code").url
    }

    /// What the code of a group stands for.
    pub async fn try_scan_group(&self, url: &str) -> Result<FoundGroup, Error> {
        let answer = self.qr().resolve_code(ResolveCodeRequest { text: url.to_owned() }).await?;
        match answer.what {
            Some(resolve_code_response::What::Group(group)) => Ok(group),
            other => panic!("no group: {other:?}"),
        }
    }

    /// Joins by a ticket.
    pub async fn try_join(&self, found: &FoundGroup) -> Result<JoinOutcome, Error> {
        let answer = self.groups().join_group(JoinGroupRequest { ticket: found.ticket.clone() }).await?;
        Ok(answer.outcome())
    }
}
