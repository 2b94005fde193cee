//! How people stop being seen: at once, and for good until they look again.

use super::*;
use teahouse_proto::safety::sanction::Kind;

#[tokio::test]
async fn a_look_shows_for_as_many_hours_as_were_chosen() {
    let world = World::of(2, HERE).await;
    let hours = |n| UpdateLookAroundRequest { visible_for_hours: Some(n), ..Default::default() };
    assert!(world.seen(BORIS).await.until_ms - world.now().as_ms() <= 24 * 3_600_000);
    world.update(BORIS, hours(6)).await.unwrap();
    world.pass(HOUR * 2);
    assert_eq!(world.sees(ANNA).await, [2]);
    let now = world.update(BORIS, hours(1)).await.unwrap();
    assert_eq!((now.seen.unwrap().area, now.settings.unwrap().visible_for_hours), (None, 1));
    assert_eq!(world.sees(ANNA).await, [0; 0], "looked two hours ago");
    world.update(BORIS, hours(24)).await.unwrap();
    assert_eq!(world.sees(ANNA).await, [0; 0], "only a look makes visible again");
    world.update(BORIS, hours(1)).await.unwrap();
    world.look(BORIS, HERE).await.unwrap();
    assert_eq!(world.sees(ANNA).await, [2]);
    world.pass(minutes(59));
    assert_eq!(world.sees(ANNA).await, [2]);
    world.pass(minutes(1));
    assert_eq!(world.sees(ANNA).await, [0; 0]);
    assert_eq!(world.rows().await.len(), 2);
    world.room.sweep(world.now()).await.unwrap();
    assert_eq!(world.rows().await.iter().map(|(who, _)| who.0).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn whoever_clears_switches_off_or_forgets_is_gone_when_the_call_returns() {
    for way in 0..3 {
        let world = World::of(3, HERE).await;
        let waiting =
            world.look_for(BORIS, HERE, LookRequest { limit: 1, ..Default::default() }).await.unwrap();
        match way {
            0 => world.clear(BORIS).await,
            1 => world.off(BORIS).await,
            _ => drop(world.room.forget(&world.cx(BORIS), ForgetRequest {}).await.unwrap()),
        }
        assert_eq!((world.sees(ANNA).await, world.sees(CLARA).await), (vec![3], vec![1]));
        assert_eq!(world.rows().await.len(), 2, "and stays gone over a restart");
        let seen = world.seen(BORIS).await;
        assert_eq!((seen.area, seen.until_ms), (None, 0));
        let (looking, wait) = [("POSITION_CLOSED", 10), ("PLUG_IN_OFF", 0), ("POSITION_CLOSED", 60)][way];
        let refused = world.look(BORIS, HERE).await.unwrap_err();
        assert_eq!(refused.reason(), looking);
        assert_eq!(refused.retry_after_ms().div_ceil(60_000), wait);
        let watched = world.look_on(BORIS, &waiting.next, 1).await.unwrap_err();
        assert_eq!(
            watched.reason(),
            ["CURSOR_INVALID", "PLUG_IN_OFF", "CURSOR_INVALID"][way],
            "nobody watches unseen"
        );
        world.on(BORIS).await;
        assert_eq!(world.sees(ANNA).await, [3], "switching on is no look");
        world.pass(minutes(60));
        assert_eq!(world.sees(BORIS).await, [1, 3]);
        assert_eq!(world.sees(ANNA).await, [2, 3]);
    }
}

#[tokio::test]
async fn looking_and_clearing_again_and_again_shows_little() {
    let world = World::of(2, HERE).await;
    let mut looks = 0;
    for _ in 0..120 {
        if world.look(ANNA, HERE).await.is_ok() {
            looks += 1;
            world.clear(ANNA).await;
        }
        world.pass(minutes(1));
    }
    assert_eq!(looks, 12, "one in ten minutes, each seen by who looked at that moment");
}

#[tokio::test]
async fn to_whom_it_is_closed_is_gone_at_once_and_for_good() {
    let world = World::of(3, HERE).await;
    world.sanction(BORIS, Kind::Restriction).await;
    assert_eq!(world.sees(ANNA).await, [3]);
    world.sanction(CLARA, Kind::Minor).await;
    assert_eq!(world.sees(ANNA).await, [0; 0]);
    let on = UpdateLookAroundRequest { enabled: Some(true), ..Default::default() };
    assert_eq!(world.update(BORIS, on).await.unwrap_err().reason(), "RESTRICTED");
    assert_eq!(world.update(CLARA, on).await.unwrap_err().reason(), "PLUG_IN_CLOSED");
    world.pass(minutes(11));
    assert_eq!(world.look(BORIS, HERE).await.unwrap_err().reason(), "RESTRICTED");
    world.off(CLARA).await;
    world.room.sweep(world.now()).await.unwrap();
    assert_eq!(world.rows().await.len(), 1);
}

#[tokio::test]
async fn a_restart_does_not_show_to_whom_it_was_closed() {
    let mut world = World::of(3, HERE).await;
    world.sanction(BORIS, Kind::Ban).await;
    assert_eq!(world.rows().await.len(), 3, "the row goes a moment later");
    world.restart().await;
    assert_eq!(world.sees(ANNA).await, [3]);
    world.room.sweep(world.now()).await.unwrap();
    assert_eq!(world.rows().await.len(), 2);
}

#[tokio::test]
async fn a_restart_shows_who_was_visible_and_nobody_else() {
    let mut world = World::of(4, HERE).await;
    world
        .update(BORIS, UpdateLookAroundRequest { visible_for_hours: Some(1), ..Default::default() })
        .await
        .unwrap();
    world.clear(AccountId(4)).await;
    world.pass(minutes(58));
    world.look(ANNA, HERE).await.unwrap();
    let until = world.seen(ANNA).await;
    world.restart().await;
    assert_eq!(world.sees(ANNA).await, [2, 3]);
    assert_eq!(world.seen(ANNA).await, until);
    world.pass(minutes(3));
    world.restart().await;
    assert_eq!(world.sees(ANNA).await, [3]);
    world.room.sweep(world.now()).await.unwrap();
    assert_eq!(world.rows().await.iter().map(|(who, _)| who.0).collect::<Vec<_>>(), [1, 3]);
}

#[tokio::test]
async fn nobody_looks_before_it_is_loaded_and_what_changes_meanwhile_counts() {
    let world = World::of(3, HERE).await;
    world.room.seen.on_lost();
    let cx = world.cx(ANNA);
    let looking = world.room.get_look_around(&cx, GetLookAroundRequest {});
    tokio::pin!(looking);
    assert!(futures::poll!(&mut looking).is_pending());
    world.clear(BORIS).await;
    world.room.load(world.now()).await.unwrap();
    looking.await.unwrap();
    assert_eq!(world.sees(ANNA).await, [3]);
}

/// Whatever overtakes what: what is in memory is what is stored, and who was told to be gone is.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_side_by_side_leave_memory_and_store_the_same() {
    let world = Arc::new(World::of(6, HERE).await);
    for round in 0..30_u64 {
        world.pass(minutes(11));
        let acts = (1..=6_u64).flat_map(|id| (0..3).map(move |act| (AccountId(id), act)));
        let acts = acts.map(|(who, act)| {
            let world = world.clone();
            tokio::spawn(async move {
                match (act + round + who.0) % 5 {
                    0 => world.clear(who).await,
                    1 => world.off(who).await,
                    2 => world.on(who).await,
                    3 => world.hide(who, round % 2 == 0).await,
                    _ => drop(world.look(who, HERE).await),
                }
            })
        });
        futures::future::join_all(acts).await.into_iter().for_each(|ended| ended.unwrap());
        let stored = world.rows().await;
        let now = world.now();
        for id in 1..=6 {
            let who = AccountId(id);
            let row = stored.iter().find(|(account, row)| *account == who && row.until() > now);
            let seen = world.room.seen.at(now);
            let found =
                seen.find(who, now).map(|(cell, shown)| (cell.number(), shown.until, seen.hides(who)));
            assert_eq!(
                found,
                row.map(|(_, row)| (row.cell, row.until(), row.hides_from_friends)),
                "{round} {id}"
            );
        }
    }
}
