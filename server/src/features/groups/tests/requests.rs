//! Groups that ask for approval.

use super::*;

/// Anna owns it, Boris is an admin, Clara a member; whom Clara names are her friends.
async fn asking(people: u64) -> (World, ConversationId) {
    let world = World::new(people).await;
    let id = world.group_of(3).await;
    world.set_admin(id, BORIS, true).await.unwrap();
    world.settings(id, |settings| settings.approval = true).await;
    for friend in 4..=people {
        world.befriend(CLARA, AccountId(friend)).await;
    }
    (world, id)
}

#[tokio::test]
async fn whom_a_member_names_waits_for_owner_or_admin() {
    let (world, id) = asking(5).await;
    use InviteOutcome::{Joined, Requested};
    for _ in 0..2 {
        assert_eq!(world.invite(CLARA, id, &[4]).await.unwrap(), [Requested]);
    }
    assert!(world.log(DORA).await.is_empty(), "nobody has asked her");
    let requests = world.requests(BORIS, id).await.unwrap();
    assert_eq!(requests.len(), 1);
    let request = &requests[0];
    assert_eq!((request.account_id, request.by_account_id, request.way()), (4, 3, JoinWay::Invitation));
    assert_eq!(request.card.as_ref().unwrap().display_name, "person4");
    for who in [ANNA, BORIS] {
        assert_eq!(world.log(who).await.last(), Some(&What::JoinRequest(request.clone())));
        assert_eq!(world.group(who, id).await.unwrap().join_requests, 1);
    }
    assert!(world.log(CLARA).await.is_empty());
    assert_eq!(world.group(CLARA, id).await.unwrap().join_requests, 0);
    assert_eq!(reason(world.requests(CLARA, id).await), "NOT_ALLOWED");
    assert_eq!(reason(world.decide(CLARA, request, true).await), "NOT_ALLOWED");
    assert_eq!(reason(world.decide(DORA, request, true).await), "CONVERSATION_NOT_FOUND");
    world.decide(BORIS, request, true).await.unwrap();
    let joined = MembersJoined { account_ids: vec![4], by_account_id: 3, way: JoinWay::Invitation.into() };
    assert_eq!(world.notices(DORA, id).await, [notice::Kind::MembersJoined(joined)]);
    assert_eq!(world.group(ANNA, id).await.unwrap().join_requests, 0);
    assert!(matches!(world.log(ANNA).await.last(), Some(What::JoinRequestClosed(_))));
    world.befriend(BORIS, EMIL).await;
    assert_eq!(world.invite(BORIS, id, &[5]).await.unwrap(), [Joined], "whom an admin invites is in");
}

#[tokio::test]
async fn one_decision_holds() {
    let (world, id) = asking(4).await;
    world.invite(CLARA, id, &[4]).await.unwrap();
    let request = world.requests(ANNA, id).await.unwrap().remove(0);
    let (one, other) =
        futures::join!(world.decide(ANNA, &request, true), world.decide(BORIS, &request, false));
    assert!(one.is_ok() != other.is_ok());
    assert_eq!(world.members(id).await.contains(&4), one.is_ok());
    let refused = [one, other].into_iter().find_map(Result::err).unwrap();
    assert_eq!(refused.reason(), "JOIN_REQUEST_NOT_FOUND");
    assert_eq!(reason(world.decide(ANNA, &request, true).await), "JOIN_REQUEST_NOT_FOUND");
}

#[tokio::test]
async fn a_request_of_one_group_is_decided_in_that_group() {
    let (world, id) = asking(6).await;
    world.invite(CLARA, id, &[4]).await.unwrap();
    let request = world.requests(ANNA, id).await.unwrap().remove(0);
    world.befriend_all(EMIL, [4, 6]).await;
    let other = world.try_create(EMIL, &[4, 6]).await.unwrap().group.unwrap().conversation_id;
    let elsewhere = JoinRequest { conversation_id: other, ..request };
    assert_eq!(reason(world.decide(EMIL, &elsewhere, true).await), "JOIN_REQUEST_NOT_FOUND");
}

#[tokio::test]
async fn who_was_declined_learns_nothing_and_is_not_shown_again() {
    let (mut world, id) = asking(4).await;
    assert_eq!(world.scan(DORA, id, CLARA).await.unwrap(), JoinOutcome::Requested);
    let request = world.requests(ANNA, id).await.unwrap().remove(0);
    assert_eq!((request.by_account_id, request.way()), (3, JoinWay::Qr));
    world.decide(ANNA, &request, false).await.unwrap();
    assert!(world.log(DORA).await.is_empty());
    assert_eq!(world.scan(DORA, id, CLARA).await.unwrap(), JoinOutcome::Requested, "as if it waited");
    assert_eq!(world.invite(CLARA, id, &[4]).await.unwrap(), [InviteOutcome::Requested]);
    assert!(world.requests(ANNA, id).await.unwrap().is_empty());
    let asked = world.log(ANNA).await.iter().filter(|what| matches!(what, What::JoinRequest(_))).count();
    assert_eq!(asked, 1);
    world.now = START + DAY * 7;
    world.scan(DORA, id, CLARA).await.unwrap();
    assert_eq!(world.requests(ANNA, id).await.unwrap().len(), 1, "after a week they may ask again");
}

#[tokio::test]
async fn who_was_declined_can_be_invited_by_an_admin() {
    let (mut world, id) = asking(4).await;
    world.scan(DORA, id, CLARA).await.unwrap();
    let request = world.requests(ANNA, id).await.unwrap().remove(0);
    world.decide(ANNA, &request, false).await.unwrap();
    world.befriend(ANNA, DORA).await;
    assert_eq!(world.invite(ANNA, id, &[4]).await.unwrap(), [InviteOutcome::Joined]);
    world.remove(ANNA, id, &[DORA]).await.unwrap();
    world.now = START + minutes(1);
    world.scan(DORA, id, CLARA).await.unwrap();
    assert_eq!(world.requests(ANNA, id).await.unwrap().len(), 1, "the old answer is forgotten");
}

#[tokio::test]
async fn accepting_an_invitation_files_a_request() {
    let (world, id) = asking(5).await;
    world.asks_first(DORA).await;
    world.asks_first(EMIL).await;
    world.befriend(BORIS, EMIL).await;
    assert_eq!(world.invite(CLARA, id, &[4]).await.unwrap(), [InviteOutcome::Asked]);
    assert_eq!(world.invite(BORIS, id, &[5]).await.unwrap(), [InviteOutcome::Asked]);
    let invitation = world.invitations(DORA).await[0].invitation_id;
    for _ in 0..2 {
        assert_eq!(world.accept(DORA, invitation).await.unwrap(), JoinOutcome::Requested);
    }
    assert!(world.invitations(DORA).await.is_empty());
    let requests = world.requests(ANNA, id).await.unwrap();
    assert_eq!(requests.iter().map(|request| request.account_id).collect::<Vec<_>>(), [4]);
    world.decide(ANNA, &requests[0], true).await.unwrap();
    assert_eq!(world.accept(DORA, invitation).await.unwrap(), JoinOutcome::Joined);
    let invitation = world.invitations(EMIL).await[0].invitation_id;
    assert_eq!(world.accept(EMIL, invitation).await.unwrap(), JoinOutcome::Joined, "of an admin");
}

#[tokio::test]
async fn approval_that_was_switched_on_holds_for_invitations_that_wait() {
    let (world, id) = asking(5).await;
    world.settings(id, |settings| settings.approval = false).await;
    for who in [DORA, EMIL] {
        world.asks_first(who).await;
        world.invite(CLARA, id, &[who.0]).await.unwrap();
    }
    world.settings(id, |settings| settings.approval = true).await;
    let invitation = world.invitations(DORA).await[0].invitation_id;
    assert_eq!(world.accept(DORA, invitation).await.unwrap(), JoinOutcome::Requested);
    world.settings(id, |settings| settings.approval = false).await;
    let invitation = world.invitations(EMIL).await[0].invitation_id;
    assert_eq!(world.accept(EMIL, invitation).await.unwrap(), JoinOutcome::Joined);
}

#[tokio::test]
async fn who_was_not_asked_decides_by_what_holds_when_they_are_let_in() {
    let (world, id) = asking(9).await;
    let [asks, parted, blocks, left] = [4, 5, 6, 7].map(AccountId);
    world.invite(CLARA, id, &[4, 5, 6]).await.unwrap();
    assert_eq!(world.scan(left, id, CLARA).await.unwrap(), JoinOutcome::Requested);
    world.asks_first(asks).await;
    world.part(parted, CLARA).await;
    world.block(blocks, CLARA).await;
    for request in world.requests(ANNA, id).await.unwrap() {
        world.decide(ANNA, &request, true).await.unwrap();
    }
    assert_eq!(world.members(id).await, [1, 2, 3, 7], "who scanned wants to come in");
    let invitation = world.invitations(asks).await[0].invitation_id;
    assert_eq!(world.accept(asks, invitation).await.unwrap(), JoinOutcome::Joined, "approved already");
    for who in [parted, blocks] {
        assert!(world.log(who).await.is_empty() && world.invitations(who).await.is_empty());
    }
    world.invite(CLARA, id, &[8]).await.unwrap();
    let request = world.requests(ANNA, id).await.unwrap().remove(0);
    world.remove(ANNA, id, &[CLARA]).await.unwrap();
    world.decide(ANNA, &request, true).await.unwrap();
    assert!(!world.members(id).await.contains(&8), "nobody in the group answers for them");
}

#[tokio::test]
async fn requests_expire_and_are_bounded() {
    let (mut world, id) = asking(7).await;
    world.set(|config| config.max_join_requests = 2);
    world.scan(AccountId(4), id, CLARA).await.unwrap();
    world.scan(AccountId(5), id, CLARA).await.unwrap();
    assert_eq!(reason(world.scan(AccountId(6), id, CLARA).await), "TOO_MANY_JOIN_REQUESTS");
    assert_eq!(world.scan(AccountId(5), id, CLARA).await.unwrap(), JoinOutcome::Requested);
    let old = world.requests(ANNA, id).await.unwrap().remove(0);
    world.now = START + DAY * 7;
    assert!(world.requests(ANNA, id).await.unwrap().is_empty());
    assert_eq!(reason(world.decide(ANNA, &old, true).await), "JOIN_REQUEST_NOT_FOUND");
    world.groups.sweep(world.now).await.unwrap();
    assert_eq!(world.group(ANNA, id).await.unwrap().join_requests, 0);
    world.scan(AccountId(6), id, CLARA).await.unwrap();
    assert_eq!(world.group(ANNA, id).await.unwrap().join_requests, 1);
}

#[tokio::test]
async fn joining_by_another_way_settles_what_waits() {
    let (world, id) = asking(4).await;
    world.befriend(ANNA, DORA).await;
    world.scan(DORA, id, CLARA).await.unwrap();
    world.invite(ANNA, id, &[4]).await.unwrap();
    assert!(world.requests(ANNA, id).await.unwrap().is_empty());
    assert_eq!(world.group(ANNA, id).await.unwrap().join_requests, 0);
    world.dissolve(ANNA, id).await.unwrap();
    assert_eq!(reason(world.requests(ANNA, id).await), "GROUP_DISSOLVED");
}

#[tokio::test]
async fn what_a_member_wished_does_not_stand_before_what_somebody_asks_for_themselves() {
    let (world, id) = asking(6).await;
    world.invite(CLARA, id, &[4, 5]).await.unwrap();
    assert_eq!(world.scan(DORA, id, BORIS).await.unwrap(), JoinOutcome::Requested);
    let requests = world.requests(ANNA, id).await.unwrap();
    let [doras, emils] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!((doras.account_id, doras.by_account_id, doras.way()), (4, 2, JoinWay::Qr));
    assert_eq!(world.log(BORIS).await.last(), Some(&What::JoinRequest(doras.clone())));
    world.decide(ANNA, doras, true).await.unwrap();
    let joined = MembersJoined { account_ids: vec![4], by_account_id: 2, way: JoinWay::Qr.into() };
    assert_eq!(world.notices(DORA, id).await, [notice::Kind::MembersJoined(joined)]);

    world.decide(ANNA, emils, false).await.unwrap();
    for _ in 0..2 {
        assert_eq!(world.scan(EMIL, id, BORIS).await.unwrap(), JoinOutcome::Requested);
    }
    let requests = world.requests(ANNA, id).await.unwrap();
    assert_eq!(requests.iter().map(|request| request.by_account_id).collect::<Vec<_>>(), [2], "seen");
    assert_eq!(world.group(ANNA, id).await.unwrap().join_requests, 1);
    world.decide(ANNA, &requests[0], false).await.unwrap();
    world.scan(EMIL, id, BORIS).await.unwrap();
    assert!(world.requests(ANNA, id).await.unwrap().is_empty(), "their own was declined, too");
}
