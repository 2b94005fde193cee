//! Commands about coming into groups: inviting, being invited, being let in.

use super::super::App;
use super::super::output::Output;
use super::super::people::{People, ambiguous, first_page, next_page};
use super::super::profile::SignIn;
use super::super::text::{line, members as count, same_name};
use super::{At, id_and_summary, members, words};
use bytes::Bytes;
use teahouse_client::{Error, Kind, Result, Session};
use teahouse_proto::chat::{GroupInvitation, JoinRequest};
use teahouse_proto::groups::{
    AcceptInvitationRequest, DecideJoinRequestRequest, DeclineInvitationRequest, Group, InviteMembersRequest,
    InviteMembersResponse, JoinGroupRequest, JoinOutcome, ListInvitationsRequest, ListInvitationsResponse,
    ListJoinRequestsRequest, ListJoinRequestsResponse,
};
use teahouse_proto::{
    GROUPS_ACCEPT_INVITATION, GROUPS_DECIDE_JOIN_REQUEST, GROUPS_DECLINE_INVITATION, GROUPS_INVITE_MEMBERS,
    GROUPS_JOIN_GROUP, GROUPS_LIST_INVITATIONS, GROUPS_LIST_JOIN_REQUESTS, GroupsClient,
};

pub(super) async fn invite(at: At<'_>, who: &[String]) -> Result<()> {
    let account_ids = members::friends(&at.people, who)?;
    let request = InviteMembersRequest { conversation_id: at.id(), account_ids };
    let answer: InviteMembersResponse = at.client().invite_members(request).await?;
    at.app.out.answer(&GROUPS_INVITE_MEMBERS, &answer, || words::invited(&at.people, &answer.invited))
}

/// All invitations that wait for the user.
async fn waiting(session: &Session) -> Result<Vec<GroupInvitation>> {
    let (mut all, mut page) = (Vec::new(), Some(first_page()));
    while page.is_some() {
        let answer = GroupsClient(session.clone()).list_invitations(ListInvitationsRequest { page }).await?;
        all.extend(answer.invitations);
        page = next_page(answer.next);
    }
    Ok(all)
}

pub(super) async fn invitations(app: &App) -> Result<()> {
    let (session, me) = app.session().await?;
    let answer = ListInvitationsResponse { invitations: waiting(&session).await?, next: Default::default() };
    let people = People::load(&session, me).await?;
    app.out.answer(&GROUPS_LIST_INVITATIONS, &answer, || {
        words::invitations(&app.out, &people, &answer.invitations)
    })
}

/// The invitation of this number, or to the group of this name.
pub(in super::super) async fn invitation(session: &Session, which: &str) -> Result<u64> {
    let all = waiting(session).await?;
    if let Some(one) = all.iter().find(|i| which.parse() == Ok(i.invitation_id)) {
        return Ok(one.invitation_id);
    }
    let shown = |i: &&GroupInvitation| format!("{} (invitation {})", line(&i.group_name), i.invitation_id);
    match all.iter().filter(|i| same_name(&i.group_name, which)).collect::<Vec<_>>().as_slice() {
        [one] => Ok(one.invitation_id),
        [] => {
            let message =
                format!("There is no invitation “{}”. `teahouse group invitations` lists them.", line(which));
            Err(Error::new(Kind::NotFound, "INVITATION_NOT_FOUND", message))
        }
        many => Err(ambiguous(which, many.iter().map(shown))),
    }
}

pub(super) async fn accept(app: &App, which: &str) -> Result<()> {
    let (session, me) = app.session().await?;
    let invitation_id = invitation(&session, which).await?;
    let answer =
        GroupsClient(session.clone()).accept_invitation(AcceptInvitationRequest { invitation_id }).await?;
    let mut people = People::load(&session, me).await?;
    let said = joined(&app.out, &session, &mut people, answer.outcome(), answer.group.as_ref()).await?;
    app.out.answer(&GROUPS_ACCEPT_INVITATION, &answer, || said)
}

/// Joins by the ticket of a code.
pub(in super::super) async fn join(app: &App, session: &Session, me: SignIn, ticket: Bytes) -> Result<()> {
    let answer = GroupsClient(session.clone()).join_group(JoinGroupRequest { ticket }).await?;
    let mut people = People::load(session, me).await?;
    let said = joined(&app.out, session, &mut people, answer.outcome(), answer.group.as_ref()).await?;
    app.out.answer(&GROUPS_JOIN_GROUP, &answer, || said)
}

/// What came of joining.
async fn joined(
    out: &Output,
    session: &Session,
    people: &mut People,
    outcome: JoinOutcome,
    group: Option<&Group>,
) -> Result<String> {
    if outcome != JoinOutcome::Joined {
        return Ok("Asked. Owner or an admin lets you in.".to_owned());
    }
    let (id, summary) = id_and_summary(group);
    if summary.name.is_empty() && !out.is_json() {
        people.meet_in(session, id).await?;
    }
    let title = people.group_title(id, &summary);
    Ok(format!("You are in {title} (group {id}), {}.", count(summary.member_count)))
}

pub(super) async fn decline(app: &App, which: &str) -> Result<()> {
    let (session, _) = app.session().await?;
    let invitation_id = invitation(&session, which).await?;
    let answer = GroupsClient(session).decline_invitation(DeclineInvitationRequest { invitation_id }).await?;
    app.out.answer(&GROUPS_DECLINE_INVITATION, &answer, || "Put away. Nobody is told.".to_owned())
}

/// Everybody who waits to be let in.
async fn asking(at: &At<'_>) -> Result<Vec<JoinRequest>> {
    let (mut all, mut page) = (Vec::new(), Some(first_page()));
    while page.is_some() {
        let request = ListJoinRequestsRequest { conversation_id: at.id(), page };
        let answer = at.client().list_join_requests(request).await?;
        all.extend(answer.requests);
        page = next_page(answer.next);
    }
    Ok(all)
}

pub(super) async fn requests(mut at: At<'_>) -> Result<()> {
    let answer = ListJoinRequestsResponse { requests: asking(&at).await?, next: Default::default() };
    if !answer.requests.is_empty() {
        at.meet().await?;
    }
    at.app.out.answer(&GROUPS_LIST_JOIN_REQUESTS, &answer, || {
        words::requests(&at.app.out, &at.people, &answer.requests)
    })
}

/// The request of this number, or of the only one of this name who waits.
fn request<'a>(at: &At<'_>, all: &'a [JoinRequest], which: &str) -> Result<&'a JoinRequest> {
    if let Some(one) = all.iter().find(|r| which.parse() == Ok(r.join_request_id)) {
        return Ok(one);
    }
    let friend = at.people.surely(which)?.map(|f| f.account_id);
    if let Some(one) = all.iter().find(|r| Some(r.account_id) == friend) {
        return Ok(one);
    }
    let named = |r: &&JoinRequest| same_name(r.card.as_ref().map_or("", |card| &card.display_name), which);
    let shown = |r: &&JoinRequest| format!("{} (request {})", words::asker(r), r.join_request_id);
    match all.iter().filter(named).collect::<Vec<_>>().as_slice() {
        [one] => Ok(one),
        [] => {
            let message = format!(
                "Nobody “{}” waits to be let in. `teahouse group requests` lists who does.",
                line(which)
            );
            Err(Error::new(Kind::NotFound, "JOIN_REQUEST_NOT_FOUND", message))
        }
        many => Err(ambiguous(which, many.iter().map(shown))),
    }
}

pub(super) async fn decide(at: At<'_>, which: &str, approve: bool) -> Result<()> {
    let all = asking(&at).await?;
    let request = request(&at, &all, which)?;
    let join_request_id = request.join_request_id;
    let decision = DecideJoinRequestRequest { conversation_id: at.id(), join_request_id, approve };
    let answer = at.client().decide_join_request(decision).await?;
    at.app.out.answer(&GROUPS_DECIDE_JOIN_REQUEST, &answer, || {
        let name = words::asker(request);
        if approve {
            format!("{name} may come into {}. Who was not asked yet is asked now.", at.place.title)
        } else {
            format!("{name} is not let in.")
        }
    })
}
