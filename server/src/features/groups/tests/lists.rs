//! What is read of groups, page by page.

use super::*;
use crate::id::InvitationId;
use teahouse_proto::common::PageRequest;

impl World {
    async fn page(
        &self,
        who: AccountId,
        id: ConversationId,
        page: PageRequest,
    ) -> Result<ListMembersResponse> {
        let request = ListMembersRequest { conversation_id: id.0, page: Some(page) };
        self.groups.list_members(&self.cx(who), request).await
    }

    async fn open(
        &self,
        who: AccountId,
        id: ConversationId,
        account: AccountId,
    ) -> Result<OpenMemberResponse> {
        let request = OpenMemberRequest { conversation_id: id.0, account_id: account.0 };
        self.groups.open_member(&self.cx(who), request).await
    }
}

fn first(limit: u32) -> PageRequest {
    PageRequest { limit, cursor: bytes::Bytes::new() }
}

#[tokio::test]
async fn members_come_page_by_page_while_others_go() {
    let mut world = World::new(12).await;
    let id = world.group_of(10).await;
    world.set_admin(id, AccountId(7), true).await.unwrap();
    world.now = START + minutes(1);
    world.befriend(ANNA, AccountId(12)).await;
    world.invite(ANNA, id, &[12]).await.unwrap();
    world.befriend(ANNA, AccountId(11)).await;
    world.now = START + minutes(2);
    world.invite(ANNA, id, &[11]).await.unwrap();
    let (mut seen, mut page) = (Vec::new(), first(4));
    loop {
        let listed = world.page(BORIS, id, page).await.unwrap();
        seen.extend(listed.members.iter().map(|member| member.account_id));
        if listed.next.is_empty() {
            break;
        }
        assert_eq!(listed.members.len(), 4);
        let last = AccountId(*seen.last().unwrap());
        if last == CLARA {
            // Whom the cursor names is gone.
            world.remove(ANNA, id, &[CLARA, DORA]).await.unwrap();
        }
        page = PageRequest { limit: 4, cursor: listed.next };
    }
    assert_eq!(seen, [1, 7, 2, 3, 5, 6, 8, 9, 10, 12, 11], "each once, in order");
    let all = world.page(BORIS, id, first(0)).await.unwrap();
    assert_eq!((all.members.len(), all.next.is_empty()), (10, true));
    let owner = &all.members[0];
    assert_eq!((owner.role(), owner.joined_at_ms), (MemberRole::Owner, START.as_ms()));
    assert_eq!(owner.card.as_ref().unwrap().display_name, "person1");
}

#[tokio::test]
async fn a_cursor_is_for_one_list_of_one_account() {
    let world = World::new(6).await;
    let id = world.group_of(4).await;
    world.befriend_all(BORIS, 5..=6).await;
    let other = world.try_create(BORIS, &[5, 6]).await.unwrap().group.unwrap().conversation_id;
    let cursor = world.page(BORIS, id, first(1)).await.unwrap().next;
    let page = PageRequest { limit: 1, cursor };
    assert_eq!(reason(world.page(ANNA, id, page.clone()).await), "CURSOR_INVALID");
    assert_eq!(reason(world.page(BORIS, ConversationId(other), page.clone()).await), "CURSOR_INVALID");
    let request = ListInvitationsRequest { page: Some(page) };
    assert_eq!(reason(world.groups.list_invitations(&world.cx(BORIS), request).await), "CURSOR_INVALID");
}

#[tokio::test]
async fn invitations_and_requests_have_pages() {
    let world = World::new(9).await;
    world.befriend_all(ANNA, 2..=4).await;
    world.asks_first(DORA).await;
    for _ in 0..5 {
        world.try_create(ANNA, &[2, 3, 4]).await.unwrap();
    }
    let all = world.invitations(DORA).await;
    assert!(all.windows(2).all(|pair| pair[0].invitation_id > pair[1].invitation_id), "newest first");
    world.decline(DORA, all[1].invitation_id).await.unwrap();
    let (mut seen, mut page) = (Vec::new(), first(2));
    loop {
        let request = ListInvitationsRequest { page: Some(page) };
        let listed = world.groups.list_invitations(&world.cx(DORA), request).await.unwrap();
        seen.extend(listed.invitations.iter().map(|invitation| invitation.invitation_id));
        if listed.next.is_empty() {
            break;
        }
        page = PageRequest { limit: 2, cursor: listed.next };
    }
    let expected: Vec<_> = [0, 2, 3, 4].map(|n: usize| all[n].invitation_id).into();
    assert_eq!(seen, expected);

    let id = world.group_of(3).await;
    world.settings(id, |settings| settings.approval = true).await;
    for who in 5..=9 {
        world.scan(AccountId(who), id, ANNA).await.unwrap();
    }
    let (mut seen, mut page) = (Vec::new(), first(2));
    loop {
        let request = ListJoinRequestsRequest { conversation_id: id.0, page: Some(page) };
        let listed = world.groups.list_join_requests(&world.cx(ANNA), request).await.unwrap();
        seen.extend(listed.requests.iter().map(|request| request.account_id));
        if seen.len() == 2 {
            world.decide(ANNA, &listed.requests[1], false).await.unwrap();
        }
        if listed.next.is_empty() {
            break;
        }
        page = PageRequest { limit: 2, cursor: listed.next };
    }
    assert_eq!(seen, [5, 6, 7, 8, 9], "oldest first");
}

#[tokio::test]
async fn a_fellow_member_can_be_asked_where_they_and_the_group_let_one() {
    let world = World::new(5).await;
    let id = world.group_of(4).await;
    let opened = world.open(BORIS, id, CLARA).await.unwrap();
    assert!(!opened.ticket.is_empty() && !opened.friend);
    let member = opened.member.unwrap();
    assert_eq!((member.account_id, member.role()), (3, MemberRole::Member));
    let found = world.contacts.tickets().read(BORIS, &opened.ticket, world.now).unwrap();
    assert_eq!((found.person, found.way), (CLARA, teahouse_proto::common::Way::Group));
    let later = world.contacts.tickets().read(BORIS, &opened.ticket, world.now + minutes(10));
    assert_eq!(reason(later), "TICKET_INVALID", "the group may have closed that way meanwhile");
    for friend in [BORIS, ANNA] {
        let opened = world.open(BORIS, id, friend).await.unwrap();
        assert!(opened.ticket.is_empty() && opened.friend);
    }
    world.change(DORA, |_, settings| settings.add_ways.get_or_insert_default().by_group = false).await;
    assert!(world.open(BORIS, id, DORA).await.unwrap().ticket.is_empty());
    world.settings(id, |settings| settings.members_private = true).await;
    let closed = world.open(BORIS, id, CLARA).await.unwrap();
    assert!(closed.ticket.is_empty() && !closed.friend && closed.member.is_some());
    assert_eq!(reason(world.open(BORIS, id, EMIL).await), "MEMBER_NOT_FOUND");
    assert_eq!(reason(world.open(EMIL, id, CLARA).await), "CONVERSATION_NOT_FOUND");
}

#[tokio::test]
async fn one_call_looks_at_so_many_invitations() {
    let world = World::new(4).await;
    world.befriend_all(ANNA, 2..=4).await;
    world.asks_first(DORA).await;
    world.try_create(ANNA, &[2, 3, 4]).await.unwrap();
    let good = world.invitations(DORA).await.remove(0);
    let id = good.invitation_id;
    let put_away = world.foundation.store.transact(move |tx| {
        let row = tx.get(&tables::INVITATION, &(DORA, InvitationId(id)))?.unwrap_or_default();
        let row = tables::InvitationRow { answer: tables::Answer::Declined.into(), ..row };
        (1..=150).try_for_each(|n| tx.put(&tables::INVITATION, &(DORA, InvitationId(id + n)), &row))
    });
    put_away.await.unwrap();
    let list = async |cursor| {
        let request = ListInvitationsRequest { page: Some(PageRequest { limit: 0, cursor }) };
        world.groups.list_invitations(&world.cx(DORA), request).await.unwrap()
    };
    let first = list(bytes::Bytes::new()).await;
    assert!(first.invitations.is_empty() && !first.next.is_empty(), "{first:?}");
    let second = list(first.next).await;
    assert_eq!((second.invitations, second.next.is_empty()), (vec![good], true));
}
