//! The life of codes.

use super::super::codes::{self, Fresh};
use super::super::tables::{CODE, MYSELF};
use super::*;
use crate::features::media::name_text;
use crate::id::ConversationId;
use crate::store::Order;
use crate::store::key::KeyRange;
use crate::time::HOUR;

#[tokio::test]
async fn a_code_stays_until_it_is_reset() {
    let w = world().await;
    let code = w.code(ANNA).await;
    assert!(code.starts_with("https://tea.example/q/") && code.len() == 22 + 22, "{code}");
    assert_ne!(w.code(BORIS).await, code);
    w.foundation.clock.advance(DAY * 5000);
    assert_eq!(w.code(ANNA).await, code);
    assert_eq!(w.person(BORIS, &code).await.card.unwrap().display_name, "anna_k");
    let new = w.reset(ANNA).await;
    assert_ne!(new, code);
    assert_eq!(w.code(ANNA).await, new);
    assert_eq!(reason(w.resolve(BORIS, &code).await), "CODE_NOT_FOUND");
    assert_eq!(reason(w.resolve(ANNA, &code).await), "CODE_NOT_FOUND", "its maker's as well");
    assert!(w.resolve(BORIS, &new).await.is_ok());
    let left = w.foundation.store.scan(&CODE, &KeyRange::all(), 10, Order::Rising).await.unwrap();
    assert_eq!(left.len(), 2, "dead codes leave nothing");
}

#[tokio::test]
async fn many_resets_at_once_leave_one_code() {
    let w = world().await;
    let codes = futures::future::join_all((0..8).map(|_| w.reset(ANNA))).await;
    let mut living = Vec::new();
    for code in &codes {
        if w.resolve(BORIS, code).await.is_ok() {
            living.push(code.clone());
        }
    }
    assert_eq!(living, [w.code(ANNA).await]);
}

#[tokio::test]
async fn a_code_with_an_end_is_made_anew_after_it() {
    let w = world().await;
    let start = w.foundation.clock.now();
    let make = |number, now: Time, what| {
        let until = Some(now + HOUR);
        let fresh = Fresh { token: [number; 16], now, until, since: Time(0) };
        w.tx(move |tx| codes::current(tx, ANNA, what, fresh).map(|(token, _)| token[0]))
    };
    assert_eq!(make(1, start, MYSELF).await, 1);
    assert_eq!(make(2, start + HOUR - Duration::from_millis(1), MYSELF).await, 1);
    assert_eq!(make(3, start, ConversationId(7)).await, 3, "one for each thing");
    let text = name_text([1; 16]);
    assert!(w.resolve(BORIS, &text).await.is_ok());
    w.foundation.clock.advance(HOUR * 2);
    assert_eq!(reason(w.resolve(BORIS, &text).await), "CODE_NOT_FOUND", "expired");
    assert_eq!(make(4, start + HOUR, MYSELF).await, 4);
}
