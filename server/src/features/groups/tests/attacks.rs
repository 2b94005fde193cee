//! What somebody learns or does who should not.

use super::*;

/// What comes of every method that names a group, called by somebody.
async fn all(world: &World, who: AccountId, id: ConversationId) -> Vec<Result<(), &'static str>> {
    let (cx, groups, conversation_id, account_id) = (world.cx(who), &world.groups, id.0, ANNA.0);
    let mut came: Vec<Result<(), Error>> = Vec::new();
    came.push(groups.get_group(&cx, GetGroupRequest { conversation_id }).await.map(drop));
    came.push(groups.list_members(&cx, ListMembersRequest { conversation_id, page: None }).await.map(drop));
    came.push(groups.open_member(&cx, OpenMemberRequest { conversation_id, account_id }).await.map(drop));
    let update = UpdateGroupRequest { conversation_id, name: Some("x".into()), ..Default::default() };
    came.push(groups.update_group(&cx, update).await.map(drop));
    let announce = SetAnnouncementRequest { conversation_id, text: "x".into() };
    came.push(groups.set_announcement(&cx, announce).await.map(drop));
    let nickname = SetNicknameRequest { conversation_id, nickname: "x".into() };
    came.push(groups.set_nickname(&cx, nickname).await.map(drop));
    came.push(world.invite(who, id, &[2]).await.map(drop));
    came.push(world.requests(who, id).await.map(drop));
    let request = JoinRequest { conversation_id, join_request_id: 1, ..Default::default() };
    came.push(world.decide(who, &request, true).await);
    came.push(world.remove(who, id, &[ANNA]).await);
    let admin = SetAdminRequest { conversation_id, account_id, admin: true };
    came.push(groups.set_admin(&cx, admin).await.map(drop));
    let transfer = TransferGroupRequest { conversation_id, account_id };
    came.push(groups.transfer_group(&cx, transfer).await.map(drop));
    let mute = MuteMemberRequest { conversation_id, account_id, muted: true };
    came.push(groups.mute_member(&cx, mute).await.map(drop));
    came.push(world.dissolve(who, id).await);
    came.push(world.leave(who, id, true).await);
    came.into_iter().map(|outcome| outcome.map_err(|error| error.reason())).collect()
}

#[tokio::test]
async fn outsiders_get_what_they_get_of_a_group_that_never_was() {
    let world = World::new(6).await;
    let id = world.group_of(4).await;
    world.befriend(ANNA, EMIL).await;
    world.asks_first(EMIL).await;
    world.invite(ANNA, id, &[5]).await.unwrap();
    world.leave(BORIS, id, false).await.unwrap();
    let (invited, left, stranger) = (EMIL, BORIS, AccountId(6));
    for who in [invited, left, stranger] {
        let of_this = all(&world, who, id).await;
        assert_eq!(of_this, all(&world, who, ConversationId(7)).await, "{who}");
        assert!(of_this.iter().all(|came| *came == Err("CONVERSATION_NOT_FOUND")), "{who}: {of_this:?}");
    }
    assert_eq!(world.members(id).await, [1, 3, 4]);
}

#[tokio::test]
async fn a_direct_conversation_is_no_group() {
    let world = World::new(2).await;
    world.befriend(ANNA, BORIS).await;
    let direct = world.chat.list_conversations(&world.cx(ANNA), Default::default()).await.unwrap();
    let direct = ConversationId(direct.conversations[0].conversation_id);
    let came = all(&world, ANNA, direct).await;
    assert!(came.iter().all(|came| *came == Err("CONVERSATION_NOT_FOUND")), "{came:?}");
    world.say(ANNA, direct, "still here").await.unwrap();
}

#[tokio::test]
async fn who_was_removed_sees_the_group_as_it_was_and_leaves() {
    let world = World::new(4).await;
    let id = world.group_of(4).await;
    world.remove(ANNA, id, &[BORIS]).await.unwrap();
    let came = all(&world, BORIS, id).await;
    let (get, leave) = (came.first().copied(), came.last().copied());
    assert_eq!((get, leave), (Some(Ok(())), Some(Ok(()))));
    let rest = &came[1..came.len() - 1];
    assert!(rest.iter().all(|came| *came == Err("CONVERSATION_NOT_FOUND")), "{rest:?}");
    assert_eq!(world.members(id).await, [1, 3, 4]);
}

#[tokio::test]
async fn ids_of_others_open_nothing() {
    let world = World::new(6).await;
    let id = world.group_of(3).await;
    world.befriend_all(ANNA, [4, 5]).await;
    for who in [DORA, EMIL] {
        world.asks_first(who).await;
    }
    world.invite(ANNA, id, &[4]).await.unwrap();
    let dora = world.invitations(DORA).await[0].invitation_id;
    for who in [EMIL, ANNA, AccountId(6)] {
        assert_eq!(reason(world.accept(who, dora).await), "INVITATION_NOT_FOUND");
        assert_eq!(reason(world.decline(who, dora).await), "INVITATION_NOT_FOUND");
    }
    assert_eq!(world.accept(DORA, dora).await.unwrap(), JoinOutcome::Joined);
}
