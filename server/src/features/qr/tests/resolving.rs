//! What scanning tells, and to whom.

use super::*;
use crate::error::Error;
use crate::features::contacts::{Found, set_friend};
use crate::id::ConversationId;
use proptest::prelude::*;
use teahouse_proto::common::Way;

fn face(error: &Error) -> (String, u64) {
    (format!("{:?} {} {}", error.kind(), error.reason(), error.message()), error.retry_after_ms())
}

#[tokio::test]
async fn a_stranger_gets_a_card_and_a_ticket() {
    let w = world().await;
    let code = w.code(ANNA).await;
    let token = code.rsplit_once('/').unwrap().1;
    for text in [&*code, token, &format!("http://127.0.0.1:7600/q/{token}")] {
        let person = w.person(BORIS, text).await;
        assert_eq!((person.card.unwrap().display_name, person.account_id), ("anna_k".to_owned(), 0));
        let found = w.qr.tickets.read(BORIS, &person.ticket, w.foundation.clock.now()).unwrap();
        assert_eq!(found, Found { person: ANNA, way: Way::Qr });
    }
    let mine = w.person(ANNA, &code).await;
    assert_eq!((mine.account_id, mine.ticket.is_empty()), (ANNA.0, true));
    w.tx(|tx| set_friend(tx, BORIS, ANNA, Some(ConversationId(9)))).await;
    assert_eq!(w.person(BORIS, &code).await.account_id, ANNA.0);
}

#[tokio::test]
async fn a_switched_off_code_is_an_unknown_one() {
    let w = world().await;
    let code = w.code(ANNA).await;
    w.tx(|tx| set_friend(tx, BORIS, ANNA, Some(ConversationId(9)))).await;
    let unknown = face(&w.resolve(BORIS, "AAAAAAAAAAAAAAAAAAAAAA").await.unwrap_err());
    w.switch(ANNA, false).await;
    assert_eq!(face(&w.resolve(BORIS, &code).await.unwrap_err()), unknown, "to friends, too");
    assert_eq!(w.person(ANNA, &code).await.account_id, ANNA.0, "oneself is always there");
    w.switch(ANNA, true).await;
    assert!(w.resolve(BORIS, &code).await.is_ok(), "the poster is good again");
}

#[tokio::test]
async fn whatever_is_scanned_is_a_scan() {
    let w = world().await;
    let code = w.code(ANNA).await;
    w.switch(ANNA, false).await;
    let long = format!("{code}?{}", "x".repeat(2000));
    let texts =
        [&*code, "", "AAAAAAAAAAAAAAAAAAAAAA", "https://evil.example/q/AAAAAAAAAAAAAAAAAAAAAA", &long];
    for text in texts.iter().cycle().take(200) {
        assert_eq!(reason(w.resolve(BORIS, text).await), "CODE_NOT_FOUND");
    }
    let refused = w.resolve(BORIS, &code).await.unwrap_err();
    assert_eq!(refused.reason(), "RATE_LIMITED");
    assert!(refused.retry_after_ms() > 86_000_000, "{}", refused.retry_after_ms());
    assert!(w.resolve(ANNA, &code).await.is_ok(), "each has their own");
    w.foundation.clock.advance(DAY);
    assert_eq!(reason(w.resolve(BORIS, &code).await), "CODE_NOT_FOUND");
}

#[tokio::test]
async fn a_newcomer_has_a_fifth() {
    let w = world_with(QrConfig { scans_per_day: 10, ..QrConfig::default() }, false).await;
    let request = || ResolveCodeRequest { text: String::new() };
    let young = w.cx_of_age(BORIS, 2);
    for _ in 0..2 {
        assert_eq!(reason(w.qr.resolve_code(&young, request()).await), "CODE_NOT_FOUND");
    }
    assert_eq!(reason(w.qr.resolve_code(&young, request()).await), "RATE_LIMITED");
    let w = world_with(QrConfig { scans_per_day: 10, ..QrConfig::default() }, true).await;
    for _ in 0..10 {
        let young = w.cx_of_age(BORIS, 2);
        assert_eq!(reason(w.qr.resolve_code(&young, request()).await), "CODE_NOT_FOUND", "on loopback");
    }
}

#[tokio::test]
async fn a_forged_code_is_none() {
    let w = world().await;
    let code = w.code(ANNA).await;
    let (head, token) = code.rsplit_once('/').unwrap();
    for i in 0..token.len() {
        let other = if &token[i..=i] == "A" { "Q" } else { "A" };
        let forged = format!("{head}/{}{other}{}", &token[..i], &token[i + 1..]);
        assert_eq!(reason(w.resolve(BORIS, &forged).await), "CODE_NOT_FOUND", "{forged}");
    }
    assert_eq!(reason(w.resolve(BORIS, &token.to_lowercase()).await), "CODE_NOT_FOUND");
    assert!(w.resolve(BORIS, &code).await.is_ok());
}

#[tokio::test]
async fn nobody_signed_out_scans() {
    let w = world().await;
    let mut cx = w.cx(ANNA);
    cx.caller.session = None;
    let request = ResolveCodeRequest { text: w.code(ANNA).await };
    assert_eq!(reason(w.qr.resolve_code(&cx, request).await), "UNAUTHENTICATED");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_finds_what_it_does_not_name(text in prop_oneof![
        ".{0,1100}",
        "https://tea\\.example/q/[A-Za-z0-9_-]{22}",
        "(https?|ftp)://(tea\\.example|127\\.0\\.0\\.1:7600|evil\\.example)(:[0-9]{1,6})?/q/.{0,30}",
        "[A-Za-z0-9_-]{20,24}",
    ]) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answer = runtime.block_on(async {
            let w = world().await;
            w.code(ANNA).await;
            w.resolve(BORIS, &text).await
        });
        prop_assert_eq!(reason(answer), "CODE_NOT_FOUND");
    }
}
