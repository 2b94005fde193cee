//! What of many greetings a box takes in, and for how long.

use super::*;

#[tokio::test]
async fn thirty_new_ones_a_day_and_the_rest_waits() {
    let mut w = World::new(35).await;
    for other in 2..=35 {
        w.greet(AccountId(other), ANNA, "hi").await.unwrap();
    }
    let request = ListGreetingsRequest { page: Some(PageRequest { limit: 50, ..Default::default() }) };
    let all = w.greetings.list_greetings(&w.cx(ANNA), request).await.unwrap();
    assert_eq!((all.greetings.len(), all.next.len(), w.told(ANNA).await.0.len()), (30, 0, 30));
    w.pass(DAY - HOUR);
    w.restart();
    w.sweep().await;
    assert_eq!(w.told(ANNA).await.0.len(), 30);
    w.pass(HOUR);
    w.sweep().await;
    assert_eq!(w.told(ANNA).await.0.len(), 34);
}

#[tokio::test]
async fn the_oldest_and_best_connected_come_first() {
    let mut w = World::with(30, GreetingsConfig { shown_per_day: 2, ..Default::default() }).await;
    // Anna's day is full by the first two.
    let mut friend = 20;
    for (sender, friends) in [(2, 0), (3, 0), (4, 3), (5, 0), (6, 2), (7, 1)] {
        for _ in 0..friends {
            let (people, now, other) = (w.contacts.people(), w.now, AccountId(friend));
            let befriend = move |tx: &mut Tx<'_>| {
                people.befriend(tx, (AccountId(sender), other), Way::Group, now, |_| Ok(()))
            };
            w.foundation.store.transact(befriend).await.unwrap();
            friend += 1;
        }
        w.greet(AccountId(sender), ANNA, "hi").await.unwrap();
    }
    for _ in 0..2 {
        w.pass(DAY);
        w.sweep().await;
    }
    let names: Vec<String> = w.told(ANNA).await.0.into_iter().map(|g| g.card.unwrap().name).collect();
    assert_eq!(names, ["person2", "person3", "person4", "person6", "person7", "person5"]);
}

#[tokio::test]
async fn newcomers_leave_half_of_the_box_to_others() {
    let mut w = World::with(1, GreetingsConfig { shown_per_day: 4, ..Default::default() }).await;
    for n in 10..15 {
        w.register(AccountId(n), START - DAY).await;
        let handle = w.handle(AccountId(n), ANNA, Way::Shake).await;
        w.greet_by(&w.cx_of(AccountId(n), START - DAY), handle, "hi").await.unwrap();
    }
    assert_eq!(w.inbox(ANNA).await.len(), 2);
    for n in 20..23 {
        w.register(AccountId(n), START - DAY * 100).await;
        w.greet(AccountId(n), ANNA, "hi").await.unwrap();
    }
    assert_eq!(w.inbox(ANNA).await.len(), 4);
    w.pass(DAY);
    w.sweep().await;
    assert_eq!(w.inbox(ANNA).await.len(), 6, "the old one and a new one more");
    w.pass(DAY * 6);
    w.sweep().await;
    let (came, left) = w.told(ANNA).await;
    assert_eq!((came.len(), left.len(), w.inbox(ANNA).await.len()), (6, 6, 0), "two never had their turn");
}

#[tokio::test]
async fn a_greeting_leaves_after_a_week_and_nothing_of_it_stays_for_ever() {
    let mut w = World::new(2).await;
    let before = w.foundation.store.rows().keys().filter(|key| key.starts_with(b"greetings.")).count();
    w.greet(ANNA, BORIS, "hi").await.unwrap();
    w.pass(DAY * 7 - HOUR);
    w.sweep().await;
    let id = w.greeting(BORIS).await;
    w.pass(HOUR);
    assert!(w.inbox(BORIS).await.is_empty(), "also before it is swept");
    assert_eq!(reason(w.reply(BORIS, id, "late").await), "GREETING_NOT_FOUND");
    w.sweep().await;
    assert_eq!(w.told(BORIS).await.1, [id]);
    w.pass(DAY * 30);
    w.sweep().await;
    let after = w.foundation.store.rows().keys().filter(|key| key.starts_with(b"greetings.")).count();
    assert_eq!(after, before);
}

#[tokio::test]
async fn pages_are_full_and_leave_out_whom_one_blocks() {
    let w = World::new(13).await;
    for other in 2..=13 {
        w.greet(AccountId(other), ANNA, "hi").await.unwrap();
    }
    let block = |tx: &mut Tx<'_>| crate::features::contacts::set_block(tx, ANNA, AccountId(12));
    w.foundation.store.transact(block).await.unwrap();
    let (mut cursor, mut pages) = (bytes::Bytes::new(), Vec::new());
    loop {
        let request = ListGreetingsRequest { page: Some(PageRequest { limit: 4, cursor }) };
        let answer = w.greetings.list_greetings(&w.cx(ANNA), request).await.unwrap();
        pages.push(answer.greetings.into_iter().map(|g| g.card.unwrap().name).collect::<Vec<_>>());
        cursor = answer.next;
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 3]);
    assert_eq!((pages[0][0].as_str(), pages[2][2].as_str()), ("person13", "person2"));
    assert!(!pages.concat().contains(&"person12".to_owned()));
    let foreign = ListGreetingsRequest { page: Some(PageRequest { limit: 4, cursor: vec![1; 60].into() }) };
    assert_eq!(reason(w.greetings.list_greetings(&w.cx(ANNA), foreign).await), "CURSOR_INVALID");
}
