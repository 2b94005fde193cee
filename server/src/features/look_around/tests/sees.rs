//! Who sees whom.

use super::*;
use crate::error::Kind;
use crate::features::contacts::{Contacts, ContactsConfig};
use teahouse_proto::ContactsApi;
use teahouse_proto::contacts::{BlockRequest, UnblockRequest, block_request};

#[tokio::test]
async fn it_is_off_until_somebody_old_enough_switches_it_on() {
    let world = World::new(2).await;
    let settings = world.room.get_look_around(&world.cx(ANNA), GetLookAroundRequest {}).await.unwrap();
    let off = Settings { visible_for_hours: 24, ..Default::default() };
    assert_eq!(settings.settings, Some(off));
    let refused = world.look(ANNA, HERE).await.unwrap_err();
    assert_eq!((refused.kind(), refused.reason()), (Kind::Precondition, "PLUG_IN_OFF"));
    assert_eq!(world.look_on(ANNA, b"", 0).await.unwrap_err().reason(), "PLUG_IN_OFF");
    let on = UpdateLookAroundRequest { enabled: Some(true), ..Default::default() };
    let refused = world.update(ANNA, on).await.unwrap_err();
    assert_eq!((refused.kind(), refused.reason()), (Kind::Precondition, "AGE_NOT_CONFIRMED"));
    assert!(refused.message().contains("18"));
    world.update(ANNA, UpdateLookAroundRequest { is_adult: true, ..Default::default() }).await.unwrap();
    let now = world.update(ANNA, on).await.unwrap().settings.unwrap();
    assert!(now.enabled && now.is_adult, "said once");
    world.look(ANNA, HERE).await.unwrap();
    assert!(world.rows().await.iter().all(|(who, _)| *who == ANNA));
    let odd = UpdateLookAroundRequest { visible_for_hours: Some(2), ..Default::default() };
    assert_eq!(world.update(ANNA, odd).await.unwrap_err().reason(), "VISIBLE_FOR_INVALID");
}

#[tokio::test]
async fn who_looks_sees_who_looked_before_and_is_seen_by_who_looks_later() {
    let world = World::new(3).await;
    for who in [ANNA, BORIS, CLARA] {
        world.on(who).await;
    }
    let first = world.look(ANNA, HERE).await.unwrap();
    assert!(first.people.is_empty() && first.next.is_empty());
    let area = first.area.unwrap();
    assert!(area.south <= HERE.0 && HERE.0 < area.north && area.west <= HERE.1 && HERE.1 < area.east);
    assert_eq!(area.size_m, 500);
    assert_eq!(first.visible_until_ms, world.seen(ANNA).await.until_ms);

    let second = world.look(BORIS, NEAR).await.unwrap();
    assert_eq!(ids(&second.people), [1]);
    assert_eq!(ids(&world.look(ANNA, HERE).await.unwrap().people), [2]);
    let seen = &second.people[0];
    assert_eq!((seen.band(), seen.way()), (Band::Within2Km, teahouse_proto::common::Way::LookAround));
    assert!(!seen.handle.is_empty());
    let cards = world.look(CLARA, HERE).await.unwrap().people;
    let bands: Vec<Band> = cards.iter().map(StrangerCard::band).collect();
    assert_eq!((ids(&cards[..1]), bands), (vec![1], vec![Band::Cell500M, Band::Within2Km]));

    let mine = world.seen(ANNA).await;
    let card = mine.card.unwrap();
    assert_eq!((card.name.as_str(), card.handle.len(), card.band()), ("person_1", 0, Band::Unspecified));
    assert_eq!(mine.area, Some(area));
}

#[tokio::test]
async fn looks_far_and_at_whom_are_as_asked() {
    let world = World::of(4, HERE).await;
    world.tx(|tx| change(tx, BORIS, |profile, _| profile.set_gender(Gender::Female))).await;
    world.tx(|tx| accounts_hook(tx, BORIS, Gender::Female)).await;
    world.pass(minutes(60));
    world.look(CLARA, NEAR).await.unwrap();
    let women = LookRequest { gender: Gender::Female.into(), ..Default::default() };
    assert_eq!(world.pages(ANNA, women).await, [[2]]);
    let here = LookRequest { within: Band::Cell500M.into(), ..Default::default() };
    assert_eq!(world.pages(ANNA, here).await, [[2, 4]]);
    let two_km = LookRequest { within: Band::Within2Km.into(), ..Default::default() };
    assert_eq!(world.pages(ANNA, two_km).await, [[2, 3, 4]]);
    for (request, reason) in [
        (LookRequest { within: Band::Within50Km.into(), ..Default::default() }, "BAND_INVALID"),
        (LookRequest { gender: 77, ..Default::default() }, "GENDER_INVALID"),
    ] {
        assert_eq!(world.look_for(ANNA, HERE, request).await.unwrap_err().reason(), reason);
    }
    world.tx(|tx| accounts_hook(tx, BORIS, Gender::Male)).await;
    assert_eq!(world.pages(ANNA, women).await, [Vec::<u64>::new()], "another gender is found at once");
}

fn accounts_hook(tx: &mut Tx<'_>, who: AccountId, gender: Gender) -> Result<()> {
    crate::features::accounts::AccountHooks::on_new_gender(&Hooks, tx, who, gender)
}

#[tokio::test]
async fn who_blocks_and_who_is_blocked_see_nothing_of_each_other() {
    let world = World::of(3, HERE).await;
    assert_eq!(world.sees(ANNA).await, [2, 3]);
    let page = LookRequest { limit: 1, ..Default::default() };
    let first = world.look_for(ANNA, HERE, page).await.unwrap();
    let other = ids(&first.people)[0] ^ 1;
    world.tx(move |tx| set_block(tx, AccountId(other), ANNA)).await;
    let rest = world.look_on(ANNA, &first.next, 1).await.unwrap();
    assert!(rest.people.is_empty() && rest.next.is_empty(), "also between two pages");
    assert_eq!(world.sees(ANNA).await, [other ^ 1]);
    let blocker = world.sees(AccountId(other)).await;
    assert!(!blocker.contains(&1) && blocker.len() == 1);
}

#[tokio::test]
async fn blocking_looking_and_unblocking_shows_nothing_for_a_day() {
    let world = World::of(3, HERE).await;
    let hooks = Arc::new(crate::features::chat::Hooks::new(world.foundation.ids.clone()));
    let contacts = Contacts::new(world.foundation.clone(), ContactsConfig::default(), hooks);
    world.befriend(ANNA, BORIS).await;
    let who = Some(block_request::Who::AccountId(BORIS.0));
    let block = contacts.block(&world.cx(ANNA), BlockRequest { who }).await.unwrap();
    assert_eq!((world.sees(ANNA).await, world.sees(BORIS).await), (vec![3], vec![3]));
    let block_id = block.blocked.unwrap().block_id;
    contacts.unblock(&world.cx(ANNA), UnblockRequest { block_id }).await.unwrap();
    for hours in [0, 23] {
        world.pass(HOUR * hours);
        world.look(BORIS, HERE).await.unwrap();
        assert_eq!((world.sees(ANNA).await, world.sees(BORIS).await), (vec![3], vec![3]));
    }
    world.pass(HOUR);
    assert_eq!(
        (world.sees(ANNA).await, world.sees(BORIS).await),
        (vec![2], vec![1]),
        "whom nobody saw leave"
    );
}

#[tokio::test]
async fn friends_see_each_other_unless_either_hides() {
    let world = World::of(3, HERE).await;
    world.befriend(ANNA, BORIS).await;
    world.befriend(BORIS, ANNA).await;
    assert_eq!(world.sees(ANNA).await, [2, 3]);
    world.hide(BORIS, true).await;
    assert_eq!((world.sees(ANNA).await, world.sees(BORIS).await), (vec![3], vec![3]));
    assert_eq!(world.sees(CLARA).await, [1, 2], "strangers see both");
    // One deletes the other: neither of them learns it here.
    world.tx(|tx| set_friend(tx, BORIS, ANNA, None)).await;
    assert_eq!((world.sees(ANNA).await, world.sees(BORIS).await), (vec![3], vec![3]));
    world.tx(|tx| set_friend(tx, ANNA, BORIS, None)).await;
    assert_eq!((world.sees(ANNA).await, world.sees(BORIS).await), (vec![2, 3], vec![1, 3]));
    world.befriend(ANNA, BORIS).await;
    world.hide(BORIS, false).await;
    assert_eq!((world.sees(ANNA).await, world.sees(BORIS).await), (vec![2, 3], vec![1, 3]));
}

#[tokio::test]
async fn a_look_soon_after_another_writes_nothing() {
    let world = World::of(2, HERE).await;
    let stamp = world.foundation.store.stamp();
    let until = world.seen(ANNA).await.until_ms;
    world.pass(minutes(9));
    assert_eq!(world.look(ANNA, NEAR).await.unwrap().visible_until_ms, until);
    assert_eq!(world.foundation.store.stamp(), stamp);
    world.pass(minutes(2));
    assert!(world.look(ANNA, HERE).await.unwrap().visible_until_ms > until);
    assert!(world.foundation.store.stamp() > stamp);
}
