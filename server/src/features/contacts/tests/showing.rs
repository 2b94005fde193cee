//! Who is shown of those that ask on a loud day.

use super::*;

const TINA: AccountId = AccountId(1);

/// Tina is shown two new requests a day.
async fn loud_world() -> World {
    world_of(&["tina_b"], ContactsConfig { requests_shown_per_day: 2, ..Default::default() }).await
}

/// Somebody of an age asks Tina.
async fn asks(w: &World, id: u64, age_days: u32) {
    let who = AccountId(id);
    let created = w.now - DAY * age_days;
    w.register(who, &format!("asker_{id}"), created).await;
    let mut cx = w.cx(who);
    cx.caller.session = Some(Session::new(who, DeviceId(id), created).into());
    let request = SendRequestRequest { ticket: w.ticket(who, TINA), text: id.to_string() };
    let answer = w.contacts.send_request(&cx, request).await.unwrap();
    assert_eq!(answer.outcome(), Outcome::Sent);
}

/// Who is shown, newest request first.
async fn shown(w: &World) -> Vec<String> {
    w.requests(TINA).await.into_iter().map(|r| r.texts[0].text.clone()).collect()
}

/// Gives somebody so many friends.
async fn popular(w: &World, id: u64, friends: u64) {
    w.tx(move |tx| {
        (0..friends).try_for_each(|n| {
            set_friend(tx, AccountId(id), AccountId(10_000 + n), Some(ConversationId(1)))
        })?;
        let counts = CountsRow { friends: friends as u32, blocks: 0 };
        tx.put(&COUNTS, &AccountId(id), &counts)
    })
    .await;
}

#[tokio::test]
async fn the_rest_waits_for_a_new_day_and_the_best_known_come_first() {
    let mut w = loud_world().await;
    asks(&w, 2, 30).await;
    w.pass(DAY / 4);
    asks(&w, 3, 30).await;
    let seen = w.seen(TINA).await;
    popular(&w, 5, 40).await;
    popular(&w, 6, 2).await;
    for (id, age) in [(4, 900), (5, 900), (6, 900)] {
        asks(&w, id, age).await;
    }
    assert_eq!(shown(&w).await, ["3", "2"]);
    assert_eq!(w.seen(TINA).await, seen, "who waits does not ring");
    assert!(w.sent(AccountId(5)).await.len() == 1, "and does not know");
    w.sweep().await;
    assert_eq!(shown(&w).await, ["3", "2"]);
    w.pass(DAY * 3 / 4);
    w.sweep().await;
    assert_eq!(shown(&w).await, ["5", "3", "2"], "one place is free again");
    assert!(matches!(w.events(TINA, seen).await[..], [What::FriendRequest(_)]));
    w.pass(DAY / 4);
    w.sweep().await;
    assert_eq!(shown(&w).await, ["6", "5", "3", "2"]);
    w.sweep().await;
    assert_eq!(w.requests(TINA).await.len(), 4, "4 waits");
    w.pass(DAY);
    w.sweep().await;
    let left = w.foundation.store.scan(&BACKLOG, &KeyRange::all(), 1, Order::Rising).await.unwrap();
    assert!(left.is_empty() && w.requests(TINA).await.len() == 5);
    w.check().await;
}

#[tokio::test]
async fn a_repetition_takes_no_second_place() {
    let w = loud_world().await;
    w.register(AccountId(2), "asker_2", START).await;
    for _ in 0..5 {
        w.ask(AccountId(2), TINA).await;
    }
    asks(&w, 3, 30).await;
    asks(&w, 4, 30).await;
    assert_eq!(shown(&w).await, ["3", "hello"]);
}

#[tokio::test]
async fn newcomers_fill_half_of_a_day() {
    let mut w = loud_world().await;
    for id in [2, 3, 4] {
        asks(&w, id, 1).await;
    }
    assert_eq!(shown(&w).await, ["2"]);
    w.sweep().await;
    assert_eq!(shown(&w).await, ["2"]);
    asks(&w, 5, 30).await;
    assert_eq!(shown(&w).await, ["5", "2"]);
    w.pass(DAY);
    w.sweep().await;
    assert_eq!(shown(&w).await, ["5", "3", "2"], "one newcomer a day");
}

#[tokio::test]
async fn who_waits_may_be_asked_back_blocked_and_forgotten() {
    let mut w = loud_world().await;
    for id in 2..=6 {
        asks(&w, id, 30).await;
    }
    let waiting = |w: &World, id: u64| {
        let store = w.foundation.store.clone();
        async move {
            let rows = store.scan(&WAITING, &KeyRange::all(), 10, Order::Rising).await.unwrap();
            let request = store.get(&ASKING, &(AccountId(id), TINA)).await.unwrap();
            rows.iter().any(|((_, _, r), ())| request.as_ref().is_some_and(|a| a.request_id == r.0))
        }
    };
    assert!(waiting(&w, 4).await);
    let guessed = w.sent(AccountId(4)).await[0].request_id;
    assert_eq!(reason(w.accept(TINA, guessed).await), "REQUEST_NOT_FOUND", "not shown, not there");
    assert_eq!(reason(w.block_by(TINA, block_request::Who::RequestId(guessed)).await), "PERSON_NOT_FOUND");
    assert_eq!(w.ask(TINA, AccountId(4)).await, Outcome::Friends, "two who ask each other");
    assert!(!waiting(&w, 4).await);
    let block = w.block(TINA, AccountId(5)).await;
    assert!(!waiting(&w, 5).await);
    w.unblock(TINA, block).await.unwrap();
    assert!(waiting(&w, 5).await);
    w.block(AccountId(6), TINA).await;
    assert!(!waiting(&w, 6).await, "who blocks before being shown never asked");
    w.check().await;
    w.pass(DAY * 7);
    w.sweep().await;
    assert!(w.requests(TINA).await.is_empty(), "whom nobody saw in a week has expired");
    w.check().await;
}

#[tokio::test]
async fn who_ends_a_block_before_being_shown_waits_again() {
    let mut w = loud_world().await;
    for id in 2..=4 {
        asks(&w, id, 30).await;
    }
    let asker = AccountId(4);
    let seen = w.seen(TINA).await;
    let block = w.block(asker, TINA).await;
    w.pass(DAY);
    w.sweep().await;
    assert_eq!(shown(&w).await, ["3", "2"], "a place is free, and nobody waits for it");
    w.unblock(asker, block).await.unwrap();
    assert_eq!(shown(&w).await, ["4", "3", "2"], "as if there had been no block");
    assert!(matches!(w.events(TINA, seen).await[..], [What::FriendRequest(_)]));
    let block = w.block(asker, TINA).await;
    w.unblock(asker, block).await.unwrap();
    assert_eq!(w.requests(TINA).await.len(), 3, "who was shown stays through it");
    w.check().await;
}

#[tokio::test]
async fn what_was_taken_back_is_nothing_to_the_other_whatever_they_do() {
    let mut w = loud_world().await;
    for id in 2..=5 {
        asks(&w, id, 30).await;
    }
    let (asked_back, both_block) = (AccountId(4), AccountId(5));
    w.block(asked_back, TINA).await;
    assert_eq!(w.ask(TINA, asked_back).await, Outcome::Sent, "as to anybody who did not ask");
    let mine = w.block(both_block, TINA).await;
    let hers = w.block(TINA, both_block).await;
    w.pass(DAY);
    w.unblock(both_block, mine).await.unwrap();
    w.sweep().await;
    assert_eq!(shown(&w).await, ["3", "2"], "she blocks him still");
    w.unblock(TINA, hers).await.unwrap();
    assert_eq!(shown(&w).await, ["5", "3", "2"]);
    w.check().await;
}
