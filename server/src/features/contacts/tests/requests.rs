//! Requests: their texts, their life, and how they end.

use super::*;

#[tokio::test]
async fn a_request_is_seen_and_accepted() {
    let w = world().await;
    let sent = w.send(ANNA, BORIS, "It is Anna").await.unwrap();
    assert_eq!((sent.outcome(), sent.friend), (Outcome::Sent, None));
    let seen = w.requests(BORIS).await.remove(0);
    assert_eq!(seen.card.as_ref().unwrap().display_name, "anna_k");
    assert_eq!((seen.way(), seen.username.as_str()), (Way::Username, ""));
    let text = RequestText { mine: false, text: "It is Anna".into(), sent_at_ms: START.as_ms() };
    assert_eq!(seen.texts, [text]);
    assert_eq!(seen.expires_at_ms, (START + DAY * 7).as_ms());
    let mine = w.sent(ANNA).await.remove(0);
    assert_eq!((mine.request_id, mine.username.as_str()), (seen.request_id, "boris_p"));
    assert!(mine.texts[0].mine);
    assert_eq!(w.events(BORIS, 0).await, [What::FriendRequest(seen.clone())]);
    assert_eq!(w.seen(ANNA).await, 0);

    let friend = w.accept(BORIS, seen.request_id).await.unwrap();
    assert_eq!((friend.account_id, friend.username.as_str()), (ANNA.0, "anna_k"));
    assert_eq!((friend.way(), friend.friends_since_ms), (Way::Username, START.as_ms()));
    assert_eq!(w.told.take(), [("friends", BORIS, ANNA)]);
    assert_eq!(w.friends(BORIS).await, std::slice::from_ref(&friend));
    let theirs = w.friends(ANNA).await.remove(0);
    assert_eq!(theirs.conversation_id, friend.conversation_id);
    assert!(w.may_chat(ANNA, BORIS).await && w.may_chat(BORIS, ANNA).await);
    assert!(w.requests(BORIS).await.is_empty() && w.sent(ANNA).await.is_empty());
    assert_eq!(w.events(ANNA, 0).await, [What::Friend(theirs)]);
    let closed = teahouse_proto::sync::RequestClosed { request_id: seen.request_id };
    assert_eq!(w.events(BORIS, 1).await, [What::RequestClosed(closed), What::Friend(friend)]);
    assert_eq!(reason(w.send(ANNA, BORIS, "").await), "ALREADY_FRIENDS");
    assert_eq!(reason(w.send(BORIS, ANNA, "").await), "ALREADY_FRIENDS");
    w.check().await;
}

#[tokio::test]
async fn accepting_and_ignoring_may_be_repeated() {
    let mut w = world().await;
    w.ask(ANNA, BORIS).await;
    let id = w.request(BORIS).await;
    let friend = w.accept(BORIS, id).await.unwrap();
    w.told.take();
    assert_eq!(w.accept(BORIS, id).await.unwrap(), friend);
    assert!(w.told.take().is_empty(), "once is enough");
    assert_eq!(reason(w.ignore(BORIS, id).await), "REQUEST_NOT_FOUND");
    assert_eq!(reason(w.reply(BORIS, id, "too late").await), "REQUEST_NOT_FOUND");
    w.delete(BORIS, ANNA).await.unwrap();
    assert_eq!(reason(w.accept(BORIS, id).await), "REQUEST_NOT_FOUND", "deleted since");

    w.ask(CLARA, BORIS).await;
    let id = w.request(BORIS).await;
    w.ignore(BORIS, id).await.unwrap();
    let seen = w.seen(BORIS).await;
    w.ignore(BORIS, id).await.unwrap();
    assert_eq!(w.seen(BORIS).await, seen);
    assert_eq!(reason(w.accept(BORIS, id).await), "REQUEST_NOT_FOUND", "it left the list");
    w.pass(DAY * 7);
    assert_eq!(reason(w.ignore(BORIS, id).await), "REQUEST_NOT_FOUND");
}

#[tokio::test]
async fn texts_are_checked_before_anything_happens() {
    let w = world().await;
    assert_eq!(reason(w.send(ANNA, BORIS, &"a".repeat(101)).await), "TEXT_TOO_LONG");
    assert_eq!(reason(w.send(ANNA, BORIS, "\u{7}").await), "TEXT_INVALID");
    assert_eq!(w.ask(ANNA, BORIS).await, Outcome::Sent);
    let id = w.request(BORIS).await;
    assert_eq!(reason(w.reply(BORIS, id, " ").await), "TEXT_EMPTY");
    assert_eq!(reason(w.reply(BORIS, id, &"a".repeat(101)).await), "TEXT_TOO_LONG");
}

#[tokio::test]
async fn a_repetition_renews_text_and_time_and_is_no_new_request() {
    let config = ContactsConfig { requests_per_day: 1, repeats_per_day: 2, ..Default::default() };
    let mut w = world_of(&["anna_k", "boris_p", "clara_m"], config).await;
    w.send(ANNA, BORIS, "one").await.unwrap();
    let id = w.request(BORIS).await;
    w.pass(DAY / 2);
    w.send(ANNA, BORIS, "two").await.unwrap();
    let seen = w.requests(BORIS).await.remove(0);
    assert_eq!((seen.request_id, seen.texts.len(), seen.texts[0].text.as_str()), (id, 1, "two"));
    assert_eq!(seen.expires_at_ms, (w.now + DAY * 7).as_ms());
    assert_eq!(w.sent(ANNA).await[0].texts[0].text, "two");
    assert_eq!(w.seen(BORIS).await, 2, "repeated requests are told again");
    assert_eq!(reason(w.send(ANNA, CLARA, "new").await), "RATE_LIMITED");
    w.send(ANNA, BORIS, "three").await.unwrap();
    assert_eq!(reason(w.send(ANNA, BORIS, "four").await), "RATE_LIMITED");
    assert_eq!(w.requests(BORIS).await[0].texts[0].text, "three", "a refusal changes nothing");
}

#[tokio::test]
async fn after_seven_days_it_is_gone_and_can_be_sent_anew() {
    let mut w = world().await;
    w.ask(ANNA, BORIS).await;
    let first = w.request(BORIS).await;
    let seen = w.seen(BORIS).await;
    w.pass(DAY * 7);
    assert!(w.requests(BORIS).await.is_empty() && w.sent(ANNA).await.is_empty());
    assert_eq!(reason(w.accept(BORIS, first).await), "REQUEST_NOT_FOUND");
    assert_eq!(reason(w.reply(ANNA, first, "hm").await), "REQUEST_NOT_FOUND");
    w.sweep().await;
    let closed = teahouse_proto::sync::RequestClosed { request_id: first };
    assert_eq!(w.events(BORIS, seen).await, [What::RequestClosed(closed)]);
    assert_eq!(w.ask(ANNA, BORIS).await, Outcome::Sent);
    assert_ne!(w.request(BORIS).await, first);
    w.pass(DAY * 8);
    w.sweep().await;
    for table in [&SENT, &RECEIVED, &ASIDE] {
        let left = w.foundation.store.scan(table, &KeyRange::all(), 1, Order::Rising).await.unwrap();
        assert!(left.is_empty(), "{}", table.name());
    }
    let left = w.foundation.store.scan(&ASKING, &KeyRange::all(), 1, Order::Rising).await.unwrap();
    assert!(left.is_empty());
    let left = w.foundation.store.scan(&EXPIRY, &KeyRange::all(), 1, Order::Rising).await.unwrap();
    assert!(left.is_empty());
    w.check().await;
}

#[tokio::test]
async fn a_repetition_outlives_the_first_expiry() {
    let mut w = world().await;
    w.ask(ANNA, BORIS).await;
    w.pass(DAY * 6);
    w.ask(ANNA, BORIS).await;
    w.pass(DAY * 2);
    w.sweep().await;
    assert_eq!((w.requests(BORIS).await.len(), w.sent(ANNA).await.len()), (1, 1));
    w.pass(DAY * 5);
    w.sweep().await;
    assert_eq!((w.requests(BORIS).await.len(), w.sent(ANNA).await.len()), (0, 0));
}

#[tokio::test]
async fn ignoring_holds_for_repetitions_for_a_week() {
    let mut w = world().await;
    w.ask(ANNA, BORIS).await;
    let id = w.request(BORIS).await;
    w.ignore(BORIS, id).await.unwrap();
    let seen = w.seen(BORIS).await;
    w.pass(DAY * 4);
    w.ask(ANNA, BORIS).await;
    assert!(w.requests(BORIS).await.is_empty());
    w.pass(DAY * 4);
    assert_eq!(w.seen(BORIS).await, seen, "nothing rings");
    w.ask(ANNA, BORIS).await;
    assert_eq!(w.request(BORIS).await, id, "after a week it may be shown again");
    w.ignore(BORIS, id).await.unwrap();
    assert_eq!(w.ask(BORIS, ANNA).await, Outcome::Friends, "who was ignored did ask");
    assert!(w.may_chat(ANNA, BORIS).await);
}

#[tokio::test]
async fn both_sides_reply_a_bounded_number_of_times() {
    let w = world().await;
    w.send(ANNA, BORIS, "hello").await.unwrap();
    let id = w.request(BORIS).await;
    assert_eq!(reason(w.reply(ANNA, id, "hello?").await), "TOO_MANY_REPLIES", "not before an answer");
    for n in 0..5 {
        let mine = w.reply(BORIS, id, &format!("who {n}")).await.unwrap();
        assert!(mine.texts.last().unwrap().mine);
        let mine = w.reply(ANNA, id, &format!("me {n}")).await.unwrap();
        assert_eq!(mine.texts.len(), 3 + n * 2);
    }
    assert_eq!(reason(w.reply(BORIS, id, "more").await), "TOO_MANY_REPLIES");
    assert_eq!(reason(w.reply(ANNA, id, "more").await), "TOO_MANY_REPLIES");
    let (hers, his) = (w.sent(ANNA).await.remove(0), w.requests(BORIS).await.remove(0));
    let flipped: Vec<_> = his.texts.iter().map(|t| RequestText { mine: !t.mine, ..t.clone() }).collect();
    assert_eq!(hers.texts, flipped);
    assert_eq!(w.seen(ANNA).await, 5);
    assert_eq!(w.events(BORIS, 5).await, [What::FriendRequest(his)]);
    w.send(ANNA, BORIS, "again").await.unwrap();
    assert_eq!(w.requests(BORIS).await[0].texts.len(), 1, "the exchange starts anew");
}

#[tokio::test]
async fn two_who_ask_each_other_are_friends() {
    let w = world().await;
    assert_eq!(w.ask(ANNA, BORIS).await, Outcome::Sent);
    let answer = w.send(BORIS, ANNA, "").await.unwrap();
    assert_eq!((answer.outcome(), answer.friend.unwrap().account_id), (Outcome::Friends, ANNA.0));
    assert_eq!(w.told.take(), [("friends", BORIS, ANNA)]);
    for (who, other) in [(ANNA, BORIS), (BORIS, ANNA)] {
        assert!(w.requests(who).await.is_empty() && w.sent(who).await.is_empty());
        assert_eq!(w.friends(who).await[0].account_id, other.0);
    }
    w.check().await;
}

#[tokio::test]
async fn who_lets_anybody_in_is_a_friend_at_once() {
    let w = world().await;
    w.change(BORIS, |_, s| s.friends_must_request = false).await;
    assert_eq!(w.ask(ANNA, BORIS).await, Outcome::Friends);
    assert!(w.may_chat(BORIS, ANNA).await && w.requests(BORIS).await.is_empty());
    assert!(matches!(w.events(BORIS, 0).await[..], [What::Friend(_)]));
}

#[tokio::test]
async fn a_way_that_closed_since_is_sent_and_never_arrives() {
    let w = world().await;
    w.change(BORIS, |_, s| s.add_ways.as_mut().unwrap().by_username = false).await;
    for open in [false, true] {
        w.change(BORIS, move |_, s| s.friends_must_request = open).await;
        assert_eq!(w.ask(ANNA, BORIS).await, Outcome::Sent);
    }
    assert_eq!(w.sent(ANNA).await.len(), 1);
    assert!(w.requests(BORIS).await.is_empty() && w.seen(BORIS).await == 0);
    w.change(BORIS, |_, s| s.add_ways.as_mut().unwrap().by_username = true).await;
    assert_eq!(w.ask(ANNA, BORIS).await, Outcome::Sent);
    assert_eq!(w.requests(BORIS).await.len(), 1, "open again, and asked again");
}

#[tokio::test]
async fn the_way_is_kept_and_shown() {
    let w = world().await;
    let found = Found { person: BORIS, way: Way::Qr };
    let ticket = w.contacts.tickets().make(ANNA, found, w.now);
    let request = SendRequestRequest { ticket: ticket.into(), text: String::new() };
    w.contacts.send_request(&w.cx(ANNA), request).await.unwrap();
    let seen = w.requests(BORIS).await.remove(0);
    assert_eq!((seen.way(), w.sent(ANNA).await[0].username.as_str()), (Way::Qr, ""));
    assert_eq!(w.accept(BORIS, seen.request_id).await.unwrap().way(), Way::Qr);
}

#[tokio::test]
async fn fifty_new_requests_a_day() {
    let names: Vec<String> = (0..52).map(|i| format!("person_{i:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut w = world_of(&names, ContactsConfig::default()).await;
    for other in 2..=51 {
        assert_eq!(w.ask(ANNA, AccountId(other)).await, Outcome::Sent);
    }
    let refused = w.send(ANNA, AccountId(52), "").await.unwrap_err();
    assert_eq!((refused.reason(), refused.retry_after_ms()), ("RATE_LIMITED", 86_400_000));
    assert_eq!(w.ask(ANNA, BORIS).await, Outcome::Sent, "a repetition draws elsewhere");
    let mut page = ListSentRequestsRequest::default();
    let mut seen = Vec::new();
    loop {
        let answer = w.contacts.list_sent_requests(&w.cx(ANNA), page).await.unwrap();
        seen.extend(answer.requests.iter().map(|r| r.request_id));
        if answer.next.is_empty() {
            break;
        }
        assert_eq!(answer.requests.len(), 20);
        page = ListSentRequestsRequest { page: Some(PageRequest { limit: 0, cursor: answer.next }) };
    }
    assert!(seen.len() == 50 && seen.windows(2).all(|w| w[0] > w[1]), "newest first, each once");
    w.pass(DAY);
    assert_eq!(w.ask(ANNA, AccountId(52)).await, Outcome::Sent);
}
