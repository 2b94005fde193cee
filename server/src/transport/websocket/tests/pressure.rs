//! Clients that do not read, or read slowly.

use super::rig::*;
use bytes::Bytes;
use futures::{FutureExt, SinkExt, StreamExt};
use prost::Message as _;
use std::time::Duration;
use teahouse_proto::gateway::{ServerFrame, server_frame};
use teahouse_proto::sync::FollowResponse;
use teahouse_proto::{CHAT_LIST_ENTRIES, Event, chat::ListEntriesRequest};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;

/// An event of 1 KiB.
fn kibibyte() -> Event<FollowResponse> {
    Event::new(&FollowResponse { cursor: Bytes::from(vec![1; 1024]), ..Default::default() })
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_taken_only_as_fast_as_the_client_reads() {
    let mut rig = anna().await;
    let events = rig.script.feed(1);
    rig.send(follow(1)).await;
    let mut taken = 0;
    while timeout(Duration::from_secs(1), events.send(Ok(kibibyte()))).await.is_ok() {
        taken += 1;
        assert!(taken < 1000, "the socket takes without end");
    }
    // The pipe, 64 KiB of our own, one in the channel, and the client library's own buffer.
    assert!((64..=64 + 16 + 8).contains(&taken), "{taken} KiB");
    for _ in 0..50 {
        rig.next().await;
    }
    let more = timeout(Duration::from_secs(1), events.send(Ok(kibibyte()))).await;
    assert!(more.is_ok(), "reading makes room");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_closed_with_resync() {
    let mut rig = anna().await;
    let events = rig.script.feed(1);
    rig.send(follow(1)).await;
    let begin = Instant::now();
    while let Ok(Ok(())) = timeout(Duration::from_secs(100), events.send(Ok(kibibyte()))).await {}
    assert!(events.is_closed(), "the stream is dropped with the socket");
    let after = begin.elapsed();
    assert!((60..=62).contains(&after.as_secs()), "{after:?}");
    timeout(SOON, &mut rig.server).await.expect("gone").unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_wakes_up_within_the_last_second_reads_why() {
    let mut rig = anna().await;
    let _events = rig.script.feed(1);
    rig.send(follow(1)).await;
    for _ in 0..90 {
        let _ = timeout(Duration::from_millis(1), _events.send(Ok(kibibyte()))).await;
    }
    tokio::time::sleep(Duration::from_millis(60_100)).await;
    let mut reason = String::new();
    while let Some(Ok(message)) = rig.client.next().await {
        if let Message::Binary(bytes) = message
            && let Some(server_frame::Kind::GoAway(away)) = ServerFrame::decode(bytes).unwrap().kind
        {
            reason = away.reason;
        }
    }
    assert_eq!(reason, "RESYNC");
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_lives_and_loses_nothing() {
    let mut rig = anna().await;
    let events = rig.script.feed(1);
    rig.send(follow(1)).await;
    let feeding = tokio::spawn(async move {
        for _ in 0..200 {
            events.send(Ok(kibibyte())).await.unwrap();
        }
    });
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_secs(3)).await;
        let frame = rig.next().await;
        assert!(matches!(frame.kind, Some(server_frame::Kind::Body(b)) if b.len() > 1024));
    }
    feeding.await.unwrap();
    assert!(matches!(rig.next().await.kind, Some(server_frame::Kind::End(_))));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_is_not_read() {
    let mut rig = anna().await;
    let request = ListEntriesRequest { limit: 100, ..Default::default() };
    let mut asked = 0;
    for id in 1..=1000 {
        let frame = call(id, &CHAT_LIST_ENTRIES, &request).encode_to_vec();
        let sent = rig.client.send(Message::binary(frame));
        if timeout(Duration::from_secs(1), sent).await.is_err() {
            break;
        }
        asked = id;
    }
    // What fills the pipe from the client; each question is some 60 bytes long.
    assert!((100..=400).contains(&asked), "{asked} questions were taken");
    rig.send(get_conversation(5000)).now_or_never();
    let mut answers = 0;
    while let Ok(Some(Ok(_))) = timeout(Duration::from_secs(1), rig.client.next()).await {
        answers += 1;
    }
    assert!(answers >= asked, "all of them are answered in the end: {answers}");
}

/// What an idle socket costs besides its task, timer and file. Larger only with a reason: there are thousands.
#[test]
fn the_state_of_a_socket_is_small() {
    let size = size_of::<super::super::connection::Connection<tokio::net::TcpStream>>();
    assert!(size <= 600, "{size} bytes");
}
