//! Invitations: who is in at once, who is asked, and what becomes of what waits.

use super::*;
use crate::store::Order;
use crate::store::key::KeyRange;

#[tokio::test]
async fn friends_are_in_at_once_and_others_are_not_invited() {
    let world = World::new(8).await;
    let id = world.group_of(3).await;
    world.befriend_all(BORIS, [4, 5]).await;
    world.befriend(BORIS, AccountId(6)).await;
    world.part(AccountId(6), BORIS).await;
    world.befriend(BORIS, AccountId(7)).await;
    world.block(AccountId(7), BORIS).await;
    use InviteOutcome::{Joined, NotFriends};
    let outcomes = world.invite(BORIS, id, &[4, 6, 7, 8, 99, 3, 2, 4]).await.unwrap();
    assert_eq!(outcomes, [Joined, NotFriends, NotFriends, NotFriends, NotFriends, Joined, Joined]);
    assert_eq!(world.members(id).await, [1, 2, 3, 4]);
    let joined = MembersJoined { account_ids: vec![4], by_account_id: 2, way: JoinWay::Invitation.into() };
    assert_eq!(world.notices(DORA, id).await, [notice::Kind::MembersJoined(joined)]);
    for who in [AccountId(6), AccountId(7), AccountId(8)] {
        assert!(world.log(who).await.is_empty() && world.invitations(who).await.is_empty());
    }
    assert_eq!(world.invite(BORIS, id, &[4]).await.unwrap(), [Joined], "may be repeated");
    assert_eq!(world.notices(DORA, id).await.len(), 1);
}

#[tokio::test]
async fn who_wants_to_be_asked_is() {
    let mut world = World::new(4).await;
    let id = world.group_of(3).await;
    world.befriend(BORIS, DORA).await;
    world.asks_first(DORA).await;
    assert_eq!(world.invite(BORIS, id, &[4]).await.unwrap(), [InviteOutcome::Asked]);
    let invitation = world.invitations(DORA).await.remove(0);
    assert_eq!(
        (invitation.inviter_account_id, invitation.group_name.as_str(), invitation.member_count),
        (2, "Tea", 3)
    );
    assert_eq!(invitation.expires_at_ms, (START + DAY * 7).as_ms());
    assert_eq!(world.log(DORA).await, [What::GroupInvitation(invitation.clone())]);
    assert_eq!(reason(world.accept(BORIS, invitation.invitation_id).await), "INVITATION_NOT_FOUND");
    assert_eq!(reason(world.group(DORA, id).await), "CONVERSATION_NOT_FOUND");
    for _ in 0..2 {
        assert_eq!(world.accept(DORA, invitation.invitation_id).await.unwrap(), JoinOutcome::Joined);
    }
    let joined = MembersJoined { account_ids: vec![4], by_account_id: 2, way: JoinWay::Invitation.into() };
    assert_eq!(world.notices(DORA, id).await, [notice::Kind::MembersJoined(joined)], "once");
    assert!(world.invitations(DORA).await.is_empty());
    assert!(matches!(&world.log(DORA).await[1], What::GroupInvitationClosed(_)));
    assert_eq!(reason(world.decline(DORA, invitation.invitation_id).await), "INVITATION_NOT_FOUND");
    world.now = START + DAY * 7;
    assert_eq!(reason(world.accept(DORA, invitation.invitation_id).await), "INVITATION_NOT_FOUND");
}

#[tokio::test]
async fn a_declined_invitation_is_gone_without_a_word_and_comes_again_of_others_or_after_a_week() {
    let mut world = World::new(4).await;
    let id = world.group_of(3).await;
    world.befriend_all(DORA, [1, 2]).await;
    world.asks_first(DORA).await;
    world.invite(BORIS, id, &[4]).await.unwrap();
    let first = world.invitations(DORA).await[0].invitation_id;
    for _ in 0..2 {
        world.decline(DORA, first).await.unwrap();
    }
    assert!(world.invitations(DORA).await.is_empty());
    assert_eq!(reason(world.accept(DORA, first).await), "INVITATION_NOT_FOUND");
    assert!(world.log(BORIS).await.is_empty());
    assert_eq!(world.invite(BORIS, id, &[4]).await.unwrap(), [InviteOutcome::Asked], "as if it waited");
    assert!(world.invitations(DORA).await.is_empty());
    world.invite(ANNA, id, &[4]).await.unwrap();
    let second = world.invitations(DORA).await[0].invitation_id;
    assert_ne!(first, second);
    assert_eq!(reason(world.decline(DORA, first).await), "INVITATION_NOT_FOUND", "replaced");
    world.now = START + DAY * 7;
    world.invite(BORIS, id, &[4]).await.unwrap();
    assert_eq!(world.invitations(DORA).await[0].inviter_account_id, 2);
}

#[tokio::test]
async fn naming_somebody_again_asks_and_costs_nothing_and_tells_nothing() {
    let mut world = World::with(8, GroupsConfig { invitations_per_day: 4, ..GroupsConfig::default() }).await;
    let id = world.group_of(4).await;
    let [asks, declines, parts] = [5, 6, 7].map(AccountId);
    world.befriend_all(BORIS, 4..=8).await;
    world.leave(DORA, id, true).await.unwrap();
    for who in [asks, declines, parts] {
        world.asks_first(who).await;
    }
    let named = [4, 5, 6, 7];
    assert_eq!(world.invite(BORIS, id, &named).await.unwrap(), [InviteOutcome::Asked; 4]);
    let before = world.invitations(asks).await;
    world.decline(declines, world.invitations(declines).await[0].invitation_id).await.unwrap();
    world.part(parts, BORIS).await;
    for who in named {
        let told = world.log(AccountId(who)).await;
        assert_eq!(world.invite(BORIS, id, &[who]).await.unwrap(), [InviteOutcome::Asked], "{who}");
        assert_eq!(world.log(AccountId(who)).await, told, "{who} is not asked again");
    }
    assert_eq!(world.invitations(asks).await, before);
    assert_eq!(reason(world.invite(BORIS, id, &[8]).await), "RATE_LIMITED", "four were named");

    // Whoever was in meanwhile is asked anew.
    assert_eq!(world.accept(asks, before[0].invitation_id).await.unwrap(), JoinOutcome::Joined);
    world.leave(asks, id, false).await.unwrap();
    world.now = START + DAY;
    world.invite(BORIS, id, &[5]).await.unwrap();
    assert_eq!(world.invitations(asks).await.len(), 1);

    world.now = START + DAY * 8;
    world.groups.sweep(world.now).await.unwrap();
    let left = world.foundation.store.scan(&tables::ASK, &KeyRange::all(), 9, Order::Rising).await;
    assert!(left.unwrap().is_empty(), "all is forgotten in the end");
}

#[tokio::test]
async fn what_nobody_sees_goes_by_the_own_list_alone() {
    let mut world = World::with(9, GroupsConfig { invitations_per_day: 2, ..GroupsConfig::default() }).await;
    let id = world.group_of(3).await;
    let [friend, parted, blocks, stranger] = [4, 5, 6, 9].map(AccountId);
    for who in [BORIS, CLARA] {
        world.befriend_all(who, 4..=8).await;
        world.part(parted, who).await;
        world.block(blocks, who).await;
    }
    world.invite(BORIS, id, &[7, 8]).await.unwrap();
    for who in [friend, parted, blocks] {
        assert_eq!(reason(world.invite(BORIS, id, &[who.0]).await), "RATE_LIMITED", "{who}");
        assert_eq!(reason(world.try_create(BORIS, &[1, who.0]).await), "RATE_LIMITED", "{who}");
    }
    assert_eq!(world.invite(BORIS, id, &[stranger.0]).await.unwrap(), [InviteOutcome::NotFriends]);
    assert_eq!(reason(world.try_create(BORIS, &[1, stranger.0]).await), "TOO_FEW_MEMBERS");

    world.set(|config| (config.max_members, config.invitations_per_day) = (5, 9));
    for who in [friend, parted, blocks] {
        assert_eq!(reason(world.invite(CLARA, id, &[who.0]).await), "TOO_MANY_MEMBERS", "{who}");
    }
    world.set(|config| (config.max_members, config.max_join_requests) = (9, 3));
    world.settings(id, |settings| settings.approval = true).await;
    for who in [friend, parted, blocks] {
        assert_eq!(world.invite(CLARA, id, &[who.0]).await.unwrap(), [InviteOutcome::Requested], "{who}");
    }
    assert_eq!(world.invite(CLARA, id, &[stranger.0]).await.unwrap(), [InviteOutcome::NotFriends]);
    for request in world.requests(ANNA, id).await.unwrap() {
        world.decide(ANNA, &request, true).await.unwrap();
    }
    assert_eq!(world.members(id).await, [1, 2, 3, 4, 7, 8]);
    for who in [parted, blocks] {
        assert!(world.log(who).await.is_empty() && world.invitations(who).await.is_empty());
    }
}

#[tokio::test]
async fn a_repeat_replaces_what_waits() {
    let world = World::new(4).await;
    let id = world.group_of(3).await;
    world.befriend_all(DORA, [1, 2]).await;
    world.asks_first(DORA).await;
    world.invite(BORIS, id, &[4]).await.unwrap();
    let first = world.invitations(DORA).await[0].invitation_id;
    world.invite(ANNA, id, &[4]).await.unwrap();
    let waiting = world.invitations(DORA).await;
    assert_eq!(waiting.iter().map(|i| i.inviter_account_id).collect::<Vec<_>>(), [1]);
    assert_eq!(reason(world.accept(DORA, first).await), "INVITATION_NOT_FOUND");
    let closed = world.log(DORA).await.iter().filter(|w| matches!(w, What::GroupInvitationClosed(_))).count();
    assert_eq!(closed, 1);
}

#[tokio::test]
async fn an_invitation_is_good_while_its_inviter_is_a_friend_in_the_group() {
    let world = World::new(5).await;
    let id = world.group_of(3).await;
    world.befriend_all(DORA, [2, 5]).await;
    world.asks_first(DORA).await;
    world.invite(BORIS, id, &[4]).await.unwrap();
    let invitation = world.invitations(DORA).await[0].invitation_id;
    let is_hidden = async || {
        let listed = world.invitations(DORA).await;
        let accepted = world.accept(DORA, invitation).await;
        assert!(listed.is_empty(), "{listed:?}");
        assert_eq!(reason(accepted), "INVITATION_NOT_FOUND");
    };
    let block = world.block(DORA, BORIS).await;
    is_hidden().await;
    let unblock = teahouse_proto::contacts::UnblockRequest { block_id: block };
    world.contacts.unblock(&world.cx(DORA), unblock).await.unwrap();
    assert_eq!(world.invitations(DORA).await.len(), 1, "unblocking restores it");
    world.block(BORIS, DORA).await;
    is_hidden().await;
    let blocked = world.contacts.list_blocked(&world.cx(BORIS), Default::default()).await.unwrap().blocked;
    let unblock = teahouse_proto::contacts::UnblockRequest { block_id: blocked[0].block_id };
    world.contacts.unblock(&world.cx(BORIS), unblock).await.unwrap();
    world.part(BORIS, DORA).await;
    is_hidden().await;
    world.befriend(BORIS, DORA).await;
    world.remove(ANNA, id, &[BORIS]).await.unwrap();
    is_hidden().await;
    world.invite(ANNA, id, &[2]).await.unwrap();
    assert_eq!(world.accept(DORA, invitation).await.unwrap(), JoinOutcome::Joined);
}

#[tokio::test]
async fn an_invitation_dies_with_its_group_and_after_a_week() {
    let mut world = World::new(4).await;
    let id = world.group_of(3).await;
    world.befriend(BORIS, DORA).await;
    world.asks_first(DORA).await;
    world.invite(BORIS, id, &[4]).await.unwrap();
    let invitation = world.invitations(DORA).await[0].invitation_id;
    world.now = START + DAY * 7;
    assert!(world.invitations(DORA).await.is_empty());
    assert_eq!(reason(world.accept(DORA, invitation).await), "INVITATION_NOT_FOUND");
    world.groups.sweep(world.now).await.unwrap();
    assert!(matches!(world.log(DORA).await.last(), Some(What::GroupInvitationClosed(_))));
    let left = world.foundation.store.get(&tables::WAITING, &DORA).await.unwrap();
    assert_eq!(left, None, "the sweep counts, too");

    world.invite(BORIS, id, &[4]).await.unwrap();
    let invitation = world.invitations(DORA).await[0].invitation_id;
    world.dissolve(ANNA, id).await.unwrap();
    assert!(world.invitations(DORA).await.is_empty());
    assert_eq!(reason(world.accept(DORA, invitation).await), "INVITATION_NOT_FOUND");
}

#[tokio::test]
async fn who_left_for_good_is_not_asked_again_and_it_does_not_show() {
    let world = World::new(5).await;
    let id = world.group_of(4).await;
    world.befriend_all(BORIS, [4, 5]).await;
    world.asks_first(EMIL).await;
    world.leave(DORA, id, true).await.unwrap();
    use InviteOutcome::{Asked, Joined};
    assert_eq!(world.invite(BORIS, id, &[4, 5]).await.unwrap(), [Asked, Asked]);
    assert_eq!(world.invite(ANNA, id, &[4]).await.unwrap(), [Asked], "nor by the owner");
    assert!(world.invitations(DORA).await.is_empty());
    assert!(world.log(DORA).await.iter().all(|what| !matches!(what, What::GroupInvitation(_))));
    assert_eq!(world.invitations(EMIL).await.len(), 1);
    assert_eq!(world.scan(DORA, id, BORIS).await.unwrap(), JoinOutcome::Joined, "a code is their own choice");
    world.leave(DORA, id, false).await.unwrap();
    assert_eq!(world.invite(BORIS, id, &[4]).await.unwrap(), [Joined], "coming back ended it");
}

#[tokio::test]
async fn the_last_place_is_given_once() {
    let mut world = World::new(5).await;
    world.set(|config| config.max_members = 4);
    let id = world.group_of(3).await;
    world.befriend_all(ANNA, [4, 5]).await;
    world.asks_first(DORA).await;
    world.asks_first(EMIL).await;
    world.invite(ANNA, id, &[4, 5]).await.unwrap();
    let [doras, emils] = [world.invitations(DORA).await, world.invitations(EMIL).await];
    let (one, other) = futures::join!(
        world.accept(DORA, doras[0].invitation_id),
        world.accept(EMIL, emils[0].invitation_id)
    );
    let (late, place) = if one.is_ok() { (EMIL, emils) } else { (DORA, doras) };
    let refused = [one, other].into_iter().find_map(Result::err).unwrap();
    assert_eq!(refused.reason(), "TOO_MANY_MEMBERS");
    assert_eq!(world.members(id).await.len(), 4);
    assert_eq!(reason(world.invite(ANNA, id, &[late.0]).await), "TOO_MANY_MEMBERS");
    world.remove(ANNA, id, &[BORIS]).await.unwrap();
    world.accept(late, place[0].invitation_id).await.unwrap();
}

#[tokio::test]
async fn invitations_are_counted_whatever_comes_of_them() {
    let world = World::with(9, GroupsConfig { invitations_per_day: 5, ..GroupsConfig::default() }).await;
    let id = world.group_of(4).await;
    world.befriend_all(BORIS, 5..=9).await;
    world.asks_first(AccountId(6)).await;
    world.invite(BORIS, id, &[5, 6]).await.unwrap();
    world.leave(AccountId(5), id, true).await.unwrap();
    world.invite(BORIS, id, &[5, 99, 4, 1]).await.unwrap();
    world.invite(BORIS, id, &[6]).await.unwrap();
    assert_eq!(reason(world.invite(BORIS, id, &[7, 8, 9]).await), "RATE_LIMITED", "3 and 3");
    assert_eq!(world.members(id).await.len(), 4, "nobody was put in");
    world.invite(BORIS, id, &[7, 8]).await.unwrap();
    assert_eq!(reason(world.invite(BORIS, id, &[9]).await), "RATE_LIMITED");
    assert_eq!(world.invite(BORIS, id, &[99, 4]).await.unwrap().len(), 2, "nobody is invited");
    let many: Vec<u64> = (1..=101).collect();
    assert_eq!(reason(world.invite(BORIS, id, &many).await), "TOO_MANY_MEMBERS");
}

#[tokio::test]
async fn only_so_many_invitations_wait_and_nobody_is_told() {
    let world = World::with(5, GroupsConfig { max_invitations: 2, ..GroupsConfig::default() }).await;
    world.befriend_all(ANNA, 2..=4).await;
    world.asks_first(DORA).await;
    for _ in 0..3 {
        let made = world.try_create(ANNA, &[2, 3, 4]).await.unwrap();
        assert_eq!(made.invited[2].outcome(), InviteOutcome::Asked);
    }
    let waiting = world.invitations(DORA).await;
    assert_eq!(waiting.len(), 2);
    world.decline(DORA, waiting[0].invitation_id).await.unwrap();
    world.try_create(ANNA, &[2, 3, 4]).await.unwrap();
    assert_eq!(world.invitations(DORA).await.len(), 2);
}
