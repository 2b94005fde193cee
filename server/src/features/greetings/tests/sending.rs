//! What can be sent, how often, and what the sender is told.

use super::*;

#[tokio::test]
async fn a_greeting_lands_in_the_box_with_the_card_of_its_sender() {
    let w = World::new(2).await;
    w.change(ANNA, |profile, _| profile.stranger_name = "Owl".into()).await;
    w.greet(ANNA, BORIS, "hello").await.unwrap();
    w.greet(ANNA, BORIS, "anybody there?").await.unwrap();
    let greetings = w.inbox(BORIS).await;
    assert_eq!(greetings.len(), 1, "one person, one entry");
    let greeting = &greetings[0];
    assert_eq!(greeting.texts, ["hello", "anybody there?"]);
    assert_eq!((greeting.sent_at_ms, greeting.conversation_id), (START.as_ms(), 0));
    assert_eq!(greeting.expires_at_ms, (START + DAY * 7).as_ms());
    let card = greeting.card.as_ref().unwrap();
    assert_eq!((card.name.as_str(), card.way(), card.band()), ("Owl", Way::LookAround, Band::Within1Km));
    let back = w.greetings.room.strangers.read(BORIS, &card.handle, START).unwrap();
    assert_eq!(back.person, ANNA, "the handle is for the receiver");
    let (came, left) = w.told(BORIS).await;
    assert_eq!((bare(came)[1].clone(), left.len()), (bare(greetings).remove(0), 0));
    assert!(w.inbox(ANNA).await.is_empty() && w.events(ANNA).await.is_empty(), "the sender hears nothing");
}

#[tokio::test]
async fn a_repeat_is_one_greeting() {
    let w = World::new(2).await;
    let handle = w.handle(ANNA, BORIS, Way::Shake).await;
    let request = w.request(handle.clone(), "hello");
    for _ in 0..5 {
        w.greetings.send_greeting(&w.cx(ANNA), request.clone()).await.unwrap();
    }
    assert_eq!(w.inbox(BORIS).await[0].texts, ["hello"]);
    let other = SendGreetingRequest { text: "other".into(), ..request };
    assert_eq!(reason(w.greetings.send_greeting(&w.cx(ANNA), other).await), "CLIENT_ID_REUSED");
    let bad = SendGreetingRequest { client_greeting_id: vec![1; 15].into(), ..w.request(handle, "x") };
    assert_eq!(reason(w.greetings.send_greeting(&w.cx(ANNA), bad).await), "CLIENT_ID_INVALID");
}

#[tokio::test]
async fn what_is_no_greeting_is_refused() {
    let w = World::new(3).await;
    let handle = w.handle(ANNA, BORIS, Way::Shake).await;
    for (text, expected) in
        [("", "TEXT_EMPTY"), ("see tea.example", "LINKS_NOT_ALLOWED"), ("13912345678", "LINKS_NOT_ALLOWED")]
    {
        assert_eq!(reason(w.greet_by(&w.cx(ANNA), handle.clone(), text).await), expected);
    }
    let long = "x".repeat(51);
    assert_eq!(reason(w.greet_by(&w.cx(ANNA), handle.clone(), &long).await), "TEXT_TOO_LONG");
    assert_eq!(reason(w.greet_by(&w.cx(CLARA), handle.clone(), "hi").await), "STRANGER_NOT_FOUND");
    assert_eq!(reason(w.greet_by(&w.cx(ANNA), vec![0; 50].into(), "hi").await), "STRANGER_NOT_FOUND");
    assert!(w.inbox(BORIS).await.is_empty());
    w.greet_by(&w.cx(ANNA), handle, "hi").await.unwrap();
}

#[tokio::test]
async fn three_without_an_answer_are_enough_over_all_plug_ins_and_restarts() {
    let mut w = World::new(3).await;
    for way in [Way::LookAround, Way::Shake, Way::Group] {
        let handle = w.handle(ANNA, BORIS, way).await;
        w.greet_by(&w.cx(ANNA), handle, "hi").await.unwrap();
        w.restart();
        w.pass(DAY);
    }
    assert_eq!(reason(w.greet(ANNA, BORIS, "hi").await), "TOO_MANY_GREETINGS");
    w.greet(ANNA, CLARA, "hi").await.unwrap();
    w.pass(DAY * 20);
    w.sweep().await;
    assert!(w.inbox(BORIS).await.is_empty(), "they expired");
    assert_eq!(reason(w.greet(ANNA, BORIS, "hi").await), "TOO_MANY_GREETINGS");
    w.pass(DAY * 7);
    w.sweep().await;
    w.greet(ANNA, BORIS, "a month later").await.unwrap();
    assert_eq!(w.inbox(BORIS).await[0].texts, ["a month later"]);
}

#[tokio::test]
async fn an_answer_lets_the_sender_write_again() {
    let w = World::new(2).await;
    for _ in 0..3 {
        w.greet(ANNA, BORIS, "hi").await.unwrap();
    }
    let id = w.greeting(BORIS).await;
    w.reply(BORIS, id, "hello").await.unwrap();
    w.greet(ANNA, BORIS, "again").await.unwrap();
    assert_eq!(w.inbox(BORIS).await[0].texts, ["hi", "hi", "again"], "the last three");
}

#[tokio::test]
async fn twenty_a_day_and_a_day_is_24_hours() {
    let mut w = World::new(30).await;
    // An hour before midnight.
    w.now = Time(START.as_ms() - START.as_ms() % 86_400_000) + HOUR * 23;
    for other in 2..22 {
        w.greet(ANNA, AccountId(other), "hi").await.unwrap();
    }
    w.pass(HOUR * 2);
    w.restart();
    let refused = w.greet(ANNA, AccountId(22), "hi").await.unwrap_err();
    assert_eq!((refused.reason(), refused.retry_after_ms()), ("RATE_LIMITED", 22 * 3_600_000));
    w.pass(HOUR * 22);
    w.greet(ANNA, AccountId(22), "hi").await.unwrap();
}

#[tokio::test]
async fn newcomers_have_a_fifth() {
    let w = World::new(9).await;
    let newcomer = w.cx_of(ANNA, START - DAY);
    for other in 2..6 {
        let handle = w.handle(ANNA, AccountId(other), Way::Shake).await;
        w.greet_by(&newcomer, handle.clone(), "hi").await.unwrap();
        let again = w.greet_by(&newcomer, handle, "hi").await;
        assert!(is_error(&again, "TOO_MANY_GREETINGS"), "{again:?}");
    }
    let handle = w.handle(ANNA, AccountId(7), Way::Shake).await;
    assert_eq!(reason(w.greet_by(&newcomer, handle, "hi").await), "RATE_LIMITED");
}

#[tokio::test]
async fn a_card_is_opened_as_it_was_found_and_does_not_live_longer_by_it() {
    let mut w = World::new(2).await;
    let handle = w.handle(ANNA, BORIS, Way::Shake).await;
    let open = |w: &World, handle: bytes::Bytes, me| {
        let (greetings, cx) = (w.greetings.clone(), w.cx(me));
        async move { greetings.get_stranger(&cx, GetStrangerRequest { handle }).await }
    };
    w.change(BORIS, |profile, _| profile.stranger_name = "Bear".into()).await;
    let card = open(&w, handle.clone(), ANNA).await.unwrap().card.unwrap();
    assert_eq!((card.name.as_str(), card.way(), card.band()), ("Bear", Way::Shake, Band::Within1Km));
    assert_eq!(card.handle, handle);
    assert_eq!(reason(open(&w, handle.clone(), BORIS).await), "STRANGER_NOT_FOUND");
    w.pass(HOUR * 49);
    assert_eq!(reason(open(&w, handle, ANNA).await), "STRANGER_NOT_FOUND");
}
