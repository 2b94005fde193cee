//! Pages: full, without repeats, for their viewer alone, and soon over.

use super::*;
use std::collections::BTreeSet;

#[tokio::test]
async fn every_page_but_the_last_is_full_whoever_is_left_out() {
    let world = World::of(60, HERE).await;
    let mut expected: BTreeSet<u64> = (2..=60).collect();
    for id in (5..60).step_by(7) {
        expected.remove(&id);
        world.tx(move |tx| set_block(tx, ANNA, AccountId(id))).await;
    }
    for id in (6..60).step_by(7) {
        expected.remove(&id);
        world.tx(move |tx| set_block(tx, AccountId(id), ANNA)).await;
    }
    for id in (7..60).step_by(7) {
        expected.remove(&id);
        world.befriend(AccountId(id), ANNA).await;
        world.hide(AccountId(id), true).await;
    }
    for id in (8..60).step_by(7) {
        expected.remove(&id);
        world.off(AccountId(id)).await;
    }
    for limit in [1, 4, 5, 9, expected.len() as u32, 50] {
        let pages = world.pages(ANNA, LookRequest { limit, ..Default::default() }).await;
        let (last, full) = pages.split_last().unwrap();
        assert!(full.iter().all(|page| page.len() == limit as usize), "{limit}: {pages:?}");
        assert!(!last.is_empty() || full.is_empty());
        let all: Vec<u64> = pages.concat();
        assert_eq!(all.len(), expected.len());
        assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), expected);
        world.pass(minutes(20));
    }
}

#[tokio::test]
async fn a_look_finds_two_hundred_and_a_page_has_fifty() {
    let world = World::of(212, HERE).await;
    let pages = world.pages(ANNA, LookRequest { limit: 1000, ..Default::default() }).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [50; 4]);
    let pages = world.pages(ANNA, LookRequest { limit: 30, ..Default::default() }).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [30, 30, 30, 30, 30, 30, 20]);
    let found: BTreeSet<u64> = pages.concat().into_iter().collect();
    assert_eq!(found.len(), 200);
}

#[tokio::test]
async fn a_cursor_is_for_its_viewer_and_ten_minutes() {
    let world = World::of(9, HERE).await;
    let first = world.look_for(ANNA, HERE, LookRequest { limit: 3, ..Default::default() }).await.unwrap();
    let refused = world.look_on(BORIS, &first.next, 3).await.unwrap_err();
    assert_eq!(refused.reason(), "CURSOR_INVALID");
    for forged in [Vec::new(), vec![7; first.next.len()], [&first.next[..], b"x"].concat()] {
        assert_eq!(world.look_on(ANNA, &forged, 3).await.unwrap_err().reason(), "CURSOR_INVALID");
    }
    for bit in 0..first.next.len() {
        let mut forged = first.next.to_vec();
        forged[bit] ^= 1;
        assert!(world.look_on(ANNA, &forged, 3).await.is_err());
    }
    let second = world.look_on(ANNA, &first.next, 3).await.unwrap();
    assert_eq!(second.next.len(), first.next.len());
    assert_eq!(ids(&second.people), ids(&world.look_on(ANNA, &first.next, 3).await.unwrap().people));
    world.pass(minutes(9));
    let third = world.look_on(ANNA, &second.next, 3).await.unwrap();
    assert!(third.next.is_empty(), "8 people");
    world.pass(minutes(1));
    assert_eq!(world.look_on(ANNA, &second.next, 3).await.unwrap_err().reason(), "CURSOR_INVALID");
}

#[tokio::test]
async fn an_order_means_nothing() {
    let world = World::of(40, HERE).await;
    let order = async |who| -> Vec<String> {
        let found = world.look(who, HERE).await.unwrap().people;
        found.into_iter().map(|card| card.name).collect()
    };
    let (annas, again, boris) = (order(ANNA).await, order(ANNA).await, order(BORIS).await);
    assert_eq!(annas, again, "within an hour");
    let others = |names: &[String]| -> Vec<String> {
        names.iter().filter(|name| *name != "person_1" && *name != "person_2").cloned().collect()
    };
    assert_ne!(others(&annas), others(&boris));
    let mut sorted = annas.clone();
    sorted.sort_unstable();
    assert_ne!(annas, sorted);
}
