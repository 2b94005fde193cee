//! A cell in which very many are: a page costs what it costs elsewhere.

use super::*;
use std::collections::HashSet;

/// Puts people into one cell, as if they had looked.
async fn crowd(world: &World, people: std::ops::RangeInclusive<u64>) {
    world.on(ANNA).await;
    world.look(ANNA, HERE).await.unwrap();
    let (now, cell) = (world.now(), world.rows().await[0].1.cell);
    for begin in people.clone().step_by(1000) {
        let end = people.end().saturating_add(1).min(begin + 1000);
        world
            .tx(move |tx| {
                (begin..end).try_for_each(|id| {
                    let gender = if id % 2 == 0 { Gender::Female } else { Gender::Male };
                    let row = tables::VisibleRow {
                        cell,
                        looked_at_ms: now.as_ms(),
                        hours: 24,
                        gender: gender.into(),
                        hides_from_friends: false,
                    };
                    tables::show(tx, AccountId(id), Some(row))
                })
            })
            .await;
    }
}

#[tokio::test]
async fn fifty_thousand_in_a_cell_and_two_thousand_blocks_cost_a_page_nothing() {
    let world = World::new(50_000).await;
    crowd(&world, 2..=50_000).await;
    for begin in (2..4_002_u64).step_by(1000) {
        world.tx(move |tx| (begin..begin + 1000).try_for_each(|id| set_block(tx, ANNA, AccountId(id)))).await;
    }
    let women = LookRequest { gender: Gender::Female.into(), ..Default::default() };
    let mut found = HashSet::new();
    let first = world.look_for(ANNA, HERE, women).await.unwrap();
    found.extend(ids(&first.people));
    let (mut next, mut pages) = (first.next, 1);
    while !next.is_empty() {
        let reads = world.foundation.store.reads();
        let page = world.look_on(ANNA, &next, 0).await.unwrap();
        // Blocks, four thousand of them, and faces that are not in memory yet.
        assert!(
            world.foundation.store.reads() - reads <= 5 + 50,
            "{}",
            world.foundation.store.reads() - reads
        );
        found.extend(ids(&page.people));
        (next, pages) = (page.next, pages + 1);
    }
    assert_eq!((pages, found.len()), (4, 200));
    assert!(found.iter().all(|id| *id > 4_001 && id % 2 == 0));
    let reads = world.foundation.store.reads();
    let again = world.look_for(ANNA, HERE, women).await.unwrap();
    assert_eq!(again.people.len(), 50);
    assert!(world.foundation.store.reads() - reads <= 6, "faces are in memory");
}
