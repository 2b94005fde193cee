//! Finding people by username, and the tickets that come of it.

use super::*;

#[tokio::test]
async fn finds_by_exact_name_without_regard_to_case() {
    let w = world().await;
    let found = w.search(ANNA, "Boris_P").await.unwrap();
    assert_eq!(found.card.unwrap().display_name, "boris_p");
    assert_eq!((found.account_id, found.ticket.is_empty()), (0, false), "a stranger has no id");
    let myself = w.search(ANNA, "anna_k").await.unwrap();
    assert_eq!((myself.account_id, myself.ticket.is_empty()), (ANNA.0, true));
    w.befriend(ANNA, BORIS).await;
    assert_eq!(w.search(ANNA, "boris_p").await.unwrap().account_id, BORIS.0);
}

#[tokio::test]
async fn a_closed_way_is_an_unknown_user() {
    let w = world().await;
    w.change(BORIS, |_, s| s.add_ways.as_mut().unwrap().by_username = false).await;
    let closed = face(&w.search(ANNA, "boris_p").await.unwrap_err());
    let long = "b".repeat(100_000);
    for unknown in ["boris_q", "", "boris", "boris_p ", "\0", &long] {
        assert_eq!(face(&w.search(ANNA, unknown).await.unwrap_err()), closed);
    }
    assert_eq!(closed.1, "PERSON_NOT_FOUND");
    assert!(w.search(BORIS, "boris_p").await.is_ok(), "oneself is always there");
}

#[tokio::test]
async fn found_or_not_a_search_is_a_search() {
    let mut w = world().await;
    w.change(CLARA, |_, s| s.add_ways.as_mut().unwrap().by_username = false).await;
    for (searcher, name) in [(ANNA, "boris_p"), (BORIS, "clara_m"), (CLARA, "nobody")] {
        for _ in 0..100 {
            let answer = w.search(searcher, name).await;
            assert!(answer.is_ok() || reason(answer) == "PERSON_NOT_FOUND");
        }
        let refused = w.search(searcher, name).await.unwrap_err();
        assert_eq!((refused.reason(), refused.retry_after_ms()), ("RATE_LIMITED", 86_400_000));
    }
    w.pass(DAY);
    assert!(w.search(ANNA, "boris_p").await.is_ok());
}

#[tokio::test]
async fn a_newcomer_has_a_fifth() {
    let w = world().await;
    let mut cx = w.cx(ANNA);
    let young = Session::new(ANNA, DeviceId(1), START - DAY * 2);
    cx.caller.session = Some(young.into());
    let search = || w.contacts.search(&cx, SearchRequest { username: "boris_p".to_owned() });
    for _ in 0..20 {
        search().await.unwrap();
    }
    assert_eq!(reason(search().await), "RATE_LIMITED");
}

#[tokio::test]
async fn a_ticket_is_its_finders_own() {
    let w = world().await;
    let ticket = w.search(ANNA, "boris_p").await.unwrap().ticket;
    let send = |who, ticket, days: u32| {
        let mut cx = w.cx(who);
        cx.now = cx.now + DAY * days;
        let contacts = w.contacts.clone();
        async move {
            let request = SendRequestRequest { ticket, text: String::new() };
            contacts.send_request(&cx, request).await
        }
    };
    let mut forged = ticket.to_vec();
    forged[40] ^= 1;
    let to_myself = w.ticket(ANNA, ANNA);
    let to_nobody = w.ticket(ANNA, AccountId(77));
    for (who, bad, days) in [
        (CLARA, ticket.clone(), 0),
        (BORIS, ticket.clone(), 0),
        (ANNA, ticket.clone(), 1),
        (ANNA, forged.into(), 0),
        (ANNA, bytes::Bytes::new(), 0),
        (ANNA, to_myself, 0),
        (ANNA, to_nobody, 0),
    ] {
        assert_eq!(reason(send(who, bad, days).await), "TICKET_INVALID");
    }
    assert!(w.requests(BORIS).await.is_empty());
    send(ANNA, ticket.clone(), 0).await.unwrap();
    send(ANNA, ticket, 0).await.unwrap();
    assert_eq!(w.requests(BORIS).await.len(), 1, "a ticket used twice is one request");
}

#[test]
fn settings_without_a_span_are_told() {
    assert!(ContactsConfig::default().problems().is_empty());
    let senseless = ContactsConfig { ticket_hours: 0, request_expires_days: 0, ..Default::default() };
    assert_eq!(senseless.problems().len(), 2);
}
