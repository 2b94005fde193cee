//! Commands about who is in a group and what they may do.

use super::super::people::{People, display_name, in_full};
use super::super::text::line;
use super::{At, sure, words};
use teahouse_client::{Error, Kind, Result};
use teahouse_proto::contacts::{SendRequestRequest, send_request_response::Outcome};
use teahouse_proto::groups::{
    GroupMember, ListMembersResponse, MuteMemberRequest, OpenMemberRequest, RemoveMembersRequest,
    SetAdminRequest, TransferGroupRequest,
};
use teahouse_proto::{
    CONTACTS_SEND_REQUEST, ContactsClient, GROUPS_LIST_MEMBERS, GROUPS_MUTE_MEMBER, GROUPS_REMOVE_MEMBERS,
    GROUPS_SET_ADMIN, GROUPS_TRANSFER_GROUP,
};

/// The account ids of friends, each once.
pub(super) fn friends(people: &People, who: &[String]) -> Result<Vec<u64>> {
    let mut ids = Vec::new();
    for who in who {
        let id = people.friend(who)?.account_id;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// A member of the group, met before, and how to call them so that they cannot be mistaken.
fn member(at: &At<'_>, who: &str) -> Result<(GroupMember, String)> {
    let member = at.people.member(at.id(), who)?;
    Ok((member.clone(), at.people.member_in_full(member)))
}

pub(super) async fn list(mut at: At<'_>) -> Result<()> {
    at.meet().await?;
    let members = at.people.members(at.id()).to_vec();
    let answer = ListMembersResponse { members, next: Default::default() };
    at.app.out.answer(&GROUPS_LIST_MEMBERS, &answer, || {
        if answer.members.is_empty() {
            return format!("You are no longer in {}, so you do not see who is.", at.place.title);
        }
        words::members(&at.app.out, &at.people, at.id(), &answer.members)
    })
}

pub(super) async fn mute(mut at: At<'_>, who: &str, muted: bool) -> Result<()> {
    at.meet().await?;
    let (member, name) = member(&at, who)?;
    let request = MuteMemberRequest { conversation_id: at.id(), account_id: member.account_id, muted };
    let answer = at.client().mute_member(request).await?;
    at.app.out.answer(&GROUPS_MUTE_MEMBER, &answer, || {
        let now = if muted { "can only read" } else { "can speak again" };
        format!("{name} {now} in {}.", at.place.title)
    })
}

pub(super) async fn admin(mut at: At<'_>, who: &str, admin: bool) -> Result<()> {
    at.meet().await?;
    let (member, name) = member(&at, who)?;
    let request = SetAdminRequest { conversation_id: at.id(), account_id: member.account_id, admin };
    let answer = at.client().set_admin(request).await?;
    at.app.out.answer(&GROUPS_SET_ADMIN, &answer, || {
        let now = if admin { "an admin" } else { "an ordinary member" };
        format!("{name} is {now} of {}.", at.place.title)
    })
}

pub(super) async fn transfer(mut at: At<'_>, who: &str, yes: bool) -> Result<()> {
    at.meet().await?;
    let (member, name) = member(&at, who)?;
    sure(&format!("Hand {} over to {name}?", at.place.title), yes)?;
    let request = TransferGroupRequest { conversation_id: at.id(), account_id: member.account_id };
    let answer = at.client().transfer_group(request).await?;
    at.app.out.answer(&GROUPS_TRANSFER_GROUP, &answer, || {
        format!("{name} owns {} now. You are an ordinary member.", at.place.title)
    })
}

pub(super) async fn remove(mut at: At<'_>, who: &[String]) -> Result<()> {
    at.meet().await?;
    let all = who.iter().map(|who| member(&at, who)).collect::<Result<Vec<_>>>()?;
    let account_ids = all.iter().map(|(member, _)| member.account_id).collect();
    let request = RemoveMembersRequest { conversation_id: at.id(), account_ids };
    let answer = at.client().remove_members(request).await?;
    at.app.out.answer(&GROUPS_REMOVE_MEMBERS, &answer, || {
        let names: Vec<_> = all.into_iter().map(|(_, name)| name).collect();
        format!("Removed from {}: {}.", at.place.title, names.join(", "))
    })
}

pub(super) async fn add_friend(mut at: At<'_>, who: &str, text: String) -> Result<()> {
    at.meet().await?;
    let (member, name) = member(&at, who)?;
    let request = OpenMemberRequest { conversation_id: at.id(), account_id: member.account_id };
    let opened = at.client().open_member(request).await?;
    if opened.friend {
        let message = format!("{name} needs no asking.");
        return Err(Error::new(Kind::AlreadyExists, "ALREADY_FRIENDS", message));
    }
    if opened.ticket.is_empty() {
        let message = format!("{name} cannot be asked by this group: they, or the group, do not allow it.");
        return Err(Error::new(Kind::Forbidden, "NOT_OPEN", message));
    }
    let request = SendRequestRequest { ticket: opened.ticket, text };
    let answer = ContactsClient(at.session.clone()).send_request(request).await?;
    at.app.out.answer(&CONTACTS_SEND_REQUEST, &answer, || match (answer.outcome(), &answer.friend) {
        (Outcome::Friends, Some(friend)) => format!("You and {} are friends now.", in_full(friend)),
        _ => format!("Sent. {} can accept within 7 days.", line(display_name(member.card.as_ref()))),
    })
}
