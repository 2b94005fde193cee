//! Joining by a code.

use super::*;

#[tokio::test]
async fn a_code_lets_in_whoever_looked_at_it() {
    let mut world = World::new(5).await;
    let id = world.group_of(3).await;
    for _ in 0..2 {
        assert_eq!(world.scan(DORA, id, BORIS).await.unwrap(), JoinOutcome::Joined);
    }
    let joined = MembersJoined { account_ids: vec![4], by_account_id: 2, way: JoinWay::Qr.into() };
    assert_eq!(world.notices(DORA, id).await, [notice::Kind::MembersJoined(joined)]);
    let ticket = world.ticket(EMIL, id, BORIS).await;
    assert_eq!(reason(world.join(CLARA, ticket.clone()).await), "TICKET_INVALID");
    world.now = START + minutes(10);
    assert_eq!(reason(world.join(EMIL, ticket).await), "TICKET_INVALID");
    let nowhere = ConversationId(99);
    assert_eq!(reason(world.scan(EMIL, nowhere, BORIS).await), "TICKET_INVALID");
}

#[tokio::test]
async fn the_code_of_who_is_gone_is_dead() {
    let world = World::new(6).await;
    let id = world.group_of(4).await;
    world.remove(ANNA, id, &[BORIS]).await.unwrap();
    world.leave(CLARA, id, false).await.unwrap();
    for sharer in [BORIS, CLARA, AccountId(6)] {
        assert_eq!(reason(world.scan(EMIL, id, sharer).await), "TICKET_INVALID");
    }
    world.scan(EMIL, id, DORA).await.unwrap();
    world.dissolve(ANNA, id).await.unwrap();
    assert_eq!(reason(world.scan(AccountId(6), id, DORA).await), "GROUP_DISSOLVED");
}

#[tokio::test]
async fn a_ticket_dies_with_the_code_that_it_came_of() {
    let world = World::new(6).await;
    let id = world.group_of(3).await;
    let reset = |sharer| world.foundation.store.transact(move |tx| reset_codes(tx, id, sharer));
    let [of_annas, of_boriss] = [world.ticket(EMIL, id, ANNA).await, world.ticket(EMIL, id, BORIS).await];
    reset(Some(BORIS)).await.unwrap();
    assert_eq!(reason(world.join(EMIL, of_boriss).await), "TICKET_INVALID");
    assert_eq!(world.join(EMIL, of_annas.clone()).await.unwrap(), JoinOutcome::Joined, "another member's");
    world.leave(EMIL, id, false).await.unwrap();
    let of_boriss = world.ticket(EMIL, id, BORIS).await;
    reset(None).await.unwrap();
    for ticket in [of_annas, of_boriss] {
        assert_eq!(reason(world.join(EMIL, ticket).await), "TICKET_INVALID", "reset for everybody");
    }
    assert_eq!(world.scan(EMIL, id, BORIS).await.unwrap(), JoinOutcome::Joined, "a new code");
}

#[tokio::test]
async fn who_was_removed_does_not_come_back_with_an_old_ticket() {
    let mut world = World::new(5).await;
    let id = world.group_of(3).await;
    let ticket = world.ticket(EMIL, id, BORIS).await;
    world.join(EMIL, ticket.clone()).await.unwrap();
    world.now = START + minutes(1);
    world.remove(ANNA, id, &[EMIL]).await.unwrap();
    world.now = START + minutes(2);
    assert_eq!(reason(world.join(EMIL, ticket).await), "TICKET_INVALID");
    world.settings(id, |settings| settings.approval = true).await;
    assert_eq!(world.scan(EMIL, id, BORIS).await.unwrap(), JoinOutcome::Requested, "the code is good");
}

#[tokio::test]
async fn codes_close_when_the_group_is_large() {
    let mut world = World::new(7).await;
    world.set(|config| config.code_up_to = 5);
    let id = world.group_of(4).await;
    world.scan(EMIL, id, ANNA).await.unwrap();
    assert_eq!(reason(world.scan(AccountId(6), id, ANNA).await), "CODE_CLOSED");
    assert_eq!(world.scan(EMIL, id, ANNA).await.unwrap(), JoinOutcome::Joined, "who is in, is in");
    world.settings(id, |settings| settings.approval = true).await;
    assert_eq!(reason(world.scan(AccountId(6), id, ANNA).await), "CODE_CLOSED", "nor a request");
    world.set(|config| (config.code_up_to, config.max_members) = (200, 5));
    assert_eq!(reason(world.scan(AccountId(6), id, ANNA).await), "CODE_CLOSED");
}

#[tokio::test]
async fn a_newcomer_who_came_by_a_code_sends_plain_text_for_an_hour() {
    let mut world = World::new(4).await;
    let id = world.group_of(4).await;
    world.open_to_all();
    world.register(EMIL, START - DAY).await;
    world.scan(EMIL, id, BORIS).await.unwrap();
    assert_eq!(reason(world.say(EMIL, id, "see https://tea.example").await), "PLAIN_TEXT_ONLY");
    world.say(EMIL, id, "hello").await.unwrap();
    assert_eq!(reason(world.nickname(EMIL, id, "tea.example").await), "PLAIN_TEXT_ONLY");
    world.nickname(EMIL, id, "Emil").await.unwrap();
    world.now = START + minutes(60);
    world.nickname(EMIL, id, "tea.example").await.unwrap();
    world.say(EMIL, id, "see https://tea.example").await.unwrap();

    world.leave(DORA, id, false).await.unwrap();
    world.scan(DORA, id, BORIS).await.unwrap();
    world.say(DORA, id, "see https://tea.example").await.unwrap();
    world.leave(EMIL, id, false).await.unwrap();
    world.befriend(BORIS, EMIL).await;
    world.invite(BORIS, id, &[5]).await.unwrap();
    world.say(EMIL, id, "see https://tea.example").await.unwrap();
}

#[tokio::test]
async fn nobody_comes_and_goes_without_end() {
    let world = World::with(4, GroupsConfig { code_joins_per_day: 3, ..GroupsConfig::default() }).await;
    let id = world.group_of(3).await;
    for _ in 0..3 {
        world.scan(DORA, id, BORIS).await.unwrap();
        world.leave(DORA, id, false).await.unwrap();
    }
    assert_eq!(reason(world.scan(DORA, id, BORIS).await), "RATE_LIMITED");
}
