//! Attempts that nobody decides, and devices that go before they are told.

use super::*;
use futures::FutureExt;

#[tokio::test]
async fn a_code_that_has_expired_is_none() {
    let w = world();
    let anna = w.person("anna").await;
    let asking = w.ask().await;
    let ticket = w.ticket(&anna, &asking).await;
    w.clock().advance(Duration::from_secs(59));
    assert!(w.scan(&anna, asking.token).await.is_some());
    w.clock().advance(Duration::from_secs(1));
    assert_eq!(w.scan(&anna, asking.token).await, None);
    assert_eq!(reason(w.decide(&anna, &ticket, true).await), "CODE_NOT_FOUND");
    assert_eq!(w.devices(&anna).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_device_waits_for_a_minute() {
    let w = world();
    let begin = tokio::time::Instant::now();
    let mut asking = w.ask().await;
    assert_eq!(reason(asking.in_its_time().await.unwrap()), "CODE_EXPIRED");
    assert_eq!(begin.elapsed().as_secs(), 60);
    assert!(asking.in_its_time().await.is_none());
    assert!(w.rows().await.is_empty());
}

#[tokio::test]
async fn a_code_dies_with_its_stream() {
    let w = world();
    let anna = w.person("anna").await;
    let asking = w.ask().await;
    let (ticket, token) = (w.ticket(&anna, &asking).await, asking.token);
    drop(asking);
    w.until(async || w.rows().await.is_empty()).await;
    assert_eq!(reason(w.decide(&anna, &ticket, true).await), "CODE_NOT_FOUND");
    assert_eq!((w.scan(&anna, token).await, w.devices(&anna).await), (None, 1));
}

#[tokio::test]
async fn who_goes_before_it_is_told_is_signed_out_again() {
    let w = world();
    let anna = w.person("anna").await;
    let asking = w.ask().await;
    w.let_in(&anna, &asking).await;
    assert_eq!(w.devices(&anna).await, 2);
    drop(asking);
    w.until(async || w.devices(&anna).await == 1 && w.rows().await.is_empty()).await;
    assert_eq!(w.told(&anna).await, [Change::SignedIn, Change::SignedOut]);
}

#[tokio::test]
async fn who_does_not_take_the_answer_is_signed_out_again() {
    let w = world();
    let anna = w.person("anna").await;
    let mut asking = w.ask().await;
    w.let_in(&anna, &asking).await;
    asking.scanned().await;
    let token = asking.signed_in().await.token;
    // Transports ask for more before anything has gone over the network.
    asking.ended().await;
    w.clock().advance(Duration::from_secs(90));
    w.sign_ins.sweep().await.unwrap();
    assert_eq!(w.devices(&anna).await, 2, "it has some time");
    w.clock().advance(Duration::from_secs(30));
    w.sign_ins.sweep().await.unwrap();
    assert_eq!((w.devices(&anna).await, w.rows().await.len()), (1, 0));
    assert_eq!(w.told(&anna).await, [Change::SignedIn, Change::SignedOut]);
    assert_eq!(reason(w.accounts.authenticate(&token).await.map(drop)), "UNAUTHENTICATED");
}

#[tokio::test]
async fn who_uses_the_token_stays_signed_in() {
    let w = world();
    let anna = w.person("anna").await;
    let mut asking = w.ask().await;
    w.let_in(&anna, &asking).await;
    asking.scanned().await;
    let token = asking.signed_in().await.token;
    w.accounts.authenticate(&token).await.unwrap();
    // It may go on over another connection.
    drop(asking);
    w.clock().advance(Duration::from_secs(600));
    w.sign_ins.sweep().await.unwrap();
    assert_eq!((w.devices(&anna).await, w.rows().await.len()), (2, 0));
    assert!(w.accounts.authenticate(&token).await.is_ok());
}

#[tokio::test]
async fn who_goes_while_the_answer_is_fetched_is_signed_out_again() {
    let w = world();
    let anna = w.person("anna").await;
    for polls in 0..4 {
        let mut asking = w.ask().await;
        w.let_in(&anna, &asking).await;
        asking.scanned().await;
        let mut told = false;
        for _ in 0..polls {
            // Whatever it waits for at this moment.
            if let Some(Some(Ok(_))) = asking.events.next().now_or_never() {
                told = true;
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(asking);
        if told {
            w.clock().advance(Duration::from_secs(120));
            w.sign_ins.sweep().await.unwrap();
        }
        w.until(async || w.devices(&anna).await == 1 && w.rows().await.is_empty()).await;
    }
}

/// What a server leaves that is killed.
async fn killed(w: &World, asking: Asking) {
    // Its streams do not even end.
    std::mem::forget(asking.events);
    w.clock().advance(Duration::from_millis(10));
}

#[tokio::test]
async fn what_a_killed_server_left_is_swept() {
    let w = world();
    let anna = w.person("anna").await;
    let waiting = w.ask().await;
    let ticket = w.ticket(&anna, &waiting).await;
    killed(&w, waiting).await;
    let let_in = w.ask().await;
    w.let_in(&anna, &let_in).await;
    killed(&w, let_in).await;
    let mut told = w.ask().await;
    w.let_in(&anna, &told).await;
    told.scanned().await;
    let token = told.signed_in().await.token;
    w.accounts.authenticate(&token).await.unwrap();
    killed(&w, told).await;
    w.sign_ins.sweep().await.unwrap();
    assert_eq!((w.rows().await.len(), w.devices(&anna).await), (3, 3), "as far as it knows, they wait");

    let next = World {
        sign_ins: room(&w.foundation, &w.accounts, &QrConfig::default()),
        accounts: w.accounts.clone(),
        foundation: w.foundation.clone(),
    };
    let fresh = next.ask().await;
    next.sign_ins.sweep().await.unwrap();
    assert_eq!(
        (next.rows().await.len(), next.devices(&anna).await),
        (3, 3),
        "who was let in may have the token"
    );
    assert_eq!(reason(next.decide(&anna, &ticket, true).await), "CODE_NOT_FOUND");
    assert!(next.scan(&anna, fresh.token).await.is_some(), "who waits is let wait");
    next.clock().advance(Duration::from_secs(130));
    next.sign_ins.sweep().await.unwrap();
    assert!(next.rows().await.is_empty(), "nobody waits for so long");
    assert_eq!(next.devices(&anna).await, 2, "who used the token before stays");
    assert!(next.accounts.authenticate(&token).await.is_ok());
}

#[tokio::test]
async fn a_server_that_cannot_write_makes_no_code() {
    let w = world();
    w.store().close().await;
    assert_eq!(reason(w.try_ask(AFAR).await.map(drop)), "SHUTTING_DOWN");
    assert!(w.sign_ins.waiting.is_empty());
}
