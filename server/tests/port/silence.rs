//! Clients that connect and do not go on. Time is paused, so nobody waits for it; and no test has a deadline of its
//! own, which would be over as soon as everybody waits for the network.

use crate::rig::*;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

/// Says `words` and waits until the server hangs up; gives how long that took.
async fn hung_up_after(words: &[u8]) -> Duration {
    let server = start(&[]).await;
    let mut stream = connect(&server).await;
    stream.write_all(words).await.unwrap();
    let begin = Instant::now();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    begin.elapsed()
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_hung_up_on() {
    assert!((9..=12).contains(&hung_up_after(b"").await.as_secs()));
}

#[tokio::test(start_paused = true)]
async fn who_says_half_of_a_preface_is_hung_up_on() {
    assert!((9..=12).contains(&hung_up_after(b"PRI * HT").await.as_secs()));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_end_the_headers_is_hung_up_on() {
    let words = b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ";
    assert!((9..=12).contains(&hung_up_after(words).await.as_secs()));
}

#[tokio::test(start_paused = true)]
async fn an_http_2_client_that_does_not_answer_pings_is_hung_up_on() {
    // The preface and an empty SETTINGS frame.
    let words = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let after = hung_up_after(words).await.as_secs();
    assert!((85..=95).contains(&after), "{after} s");
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_does_not_sign_in_is_closed() {
    let server = start(&[]).await;
    let mut stream = connect(&server).await;
    let request = "GET /v1/ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let begin = Instant::now();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!((9..=12).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
    let close = [0x88, 2 + "not signed in".len() as u8, 0x03, 0xf0];
    assert!(answer.windows(4).any(|w| w == close), "closed with 1008");
}
