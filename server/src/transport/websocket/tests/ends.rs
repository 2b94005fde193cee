//! How sockets end: no sign-in, silence, sign-out, the server's stop.

use super::rig::*;
use futures::{SinkExt, StreamExt};
use prost::Message as _;
use std::time::Duration;
use teahouse_proto::accounts::{LoginRequest, LogoutRequest};
use teahouse_proto::gateway::{ClientFrame, End, GoAway, ServerFrame, server_frame};
use teahouse_proto::{ACCOUNTS_LOGIN, ACCOUNTS_LOGOUT};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;

async fn go_away(rig: &mut Rig) -> GoAway {
    match rig.next().await {
        ServerFrame { id: 0, kind: Some(server_frame::Kind::GoAway(away)) } => away,
        frame => panic!("no goAway: {frame:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_does_not_sign_in_dies_after_ten_seconds() {
    let begin = Instant::now();
    assert_eq!(stranger().await.closed(Duration::from_secs(20)).await, 1008);
    assert_eq!(begin.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn who_is_about_to_sign_in_has_time_but_not_for_ever() {
    let mut rig = stranger().await;
    let begin = Instant::now();
    for id in 1.. {
        tokio::time::sleep(Duration::from_secs(7)).await;
        let login = LoginRequest { password: "x".to_owned(), ..Default::default() };
        let frame = call(id, &ACCOUNTS_LOGIN, &login).encode_to_vec();
        if rig.client.send(Message::binary(frame)).await.is_err() {
            break;
        }
    }
    assert!((57..=64).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
    timeout(SOON, rig.server).await.expect("gone").unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_may_lets_a_socket_live_and_sign_in_late() {
    let mut rig = stranger().await;
    let feed = rig.script.feed_waiting();
    let begin = Instant::now();
    rig.send(wait(1)).await;
    let quiet = timeout(Duration::from_secs(55), rig.client.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    drop(feed);
    assert_eq!(rig.next().await, ServerFrame { id: 1, kind: Some(server_frame::Kind::End(End {})) });
    tokio::time::sleep(Duration::from_secs(9)).await;
    rig.send(ClientFrame { id: 2, token: "anna".to_owned(), ..Default::default() }).await;
    assert_eq!(rig.answered(1).await, [2]);
    rig.send(get_conversation(3)).await;
    assert_eq!(rig.answered(1).await, [3]);
    assert_eq!(begin.elapsed().as_secs(), 64);
}

#[tokio::test(start_paused = true)]
async fn a_stream_lets_a_socket_live_once_and_not_for_ever() {
    let mut rig = stranger().await;
    let _feed = rig.script.feed_waiting();
    let begin = Instant::now();
    rig.send(wait(1)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    rig.send(cancel(1)).await;
    assert_eq!(rig.failure().await, (1, "CANCELLED".to_owned()));
    let _another = rig.script.feed_waiting();
    rig.send(wait(2)).await;
    assert_eq!(rig.closed(Duration::from_secs(20)).await, 1008);
    assert_eq!(begin.elapsed().as_secs(), 11, "the second does not hold it");

    let mut rig = stranger().await;
    let _feed = rig.script.feed_waiting();
    let begin = Instant::now();
    rig.send(wait(1)).await;
    // Pings are answered by whoever reads.
    assert_eq!(rig.closed(Duration::from_secs(90)).await, 1008);
    assert_eq!(begin.elapsed().as_secs(), 65);
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_pinged_and_one_that_does_not_answer_is_closed() {
    let (_, _, mut near, server) = serve();
    // A masked token frame: {"id":1,"token":"anna"}.
    let token = br#"{"id":1,"token":"anna"}"#;
    near.write_all(&[&[0x81, 0x80 | token.len() as u8, 0, 0, 0, 0][..], token].concat()).await.unwrap();
    let mut answer = [0; 20];
    near.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer[2..], br#"{"id":1,"body":{}}"#);
    let begin = Instant::now();
    let mut ping = [0; 2];
    near.read_exact(&mut ping).await.unwrap();
    assert_eq!((ping, begin.elapsed().as_secs()), ([0x89, 0], 60));
    let mut close = [0; 4];
    near.read_exact(&mut close).await.unwrap();
    assert_eq!((close[0], begin.elapsed().as_secs()), (0x88, 90));
    drop(near);
    timeout(SOON, server).await.expect("gone").unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_pings_stays() {
    let mut rig = anna().await;
    let end = Instant::now() + Duration::from_secs(3600);
    let mut pings = 0;
    // The client library answers pings while it is read.
    while let Ok(message) = tokio::time::timeout_at(end, rig.client.next()).await {
        assert!(matches!(message, Some(Ok(Message::Ping(_)))), "{message:?}");
        pings += 1;
    }
    assert_eq!(pings, 59, "one a minute");
    rig.send(get_conversation(1)).await;
    assert_eq!(rig.answered(1).await, [1]);
}

#[tokio::test(start_paused = true)]
async fn sign_out_is_answered_and_ends_the_socket() {
    let mut rig = anna().await;
    let _events = rig.script.feed(1);
    rig.send(follow(1)).await;
    let begin = Instant::now();
    rig.send(call(2, &ACCOUNTS_LOGOUT, &LogoutRequest::default())).await;
    assert_eq!(rig.answered(1).await, [2]);
    assert_eq!(rig.failure().await, (1, "UNAUTHENTICATED".to_owned()));
    assert_eq!(go_away(&mut rig).await.reason, "SIGNED_OUT");
    assert_eq!(rig.closed(SOON).await, 1008);
    assert!(begin.elapsed() < Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_elsewhere_ends_the_socket_though_a_call_hangs() {
    let mut rig = anna().await;
    rig.script.hold("MarkRead 1");
    rig.send(mark_read(1)).await;
    rig.script.until_began(1).await;
    let begin = Instant::now();
    rig.script.session.lock().unwrap().take().unwrap().end();
    assert_eq!(go_away(&mut rig).await.reason, "SIGNED_OUT");
    assert_eq!(rig.closed(SOON).await, 1008);
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn when_the_server_stops_calls_finish_and_clients_are_told() {
    let mut rig = anna().await;
    let _events = rig.script.feed(1);
    rig.script.hold("MarkRead 1");
    for frame in [follow(7), mark_read(1), mark_read(2)] {
        rig.send(frame).await;
    }
    rig.script.until_began(1).await;
    rig.gate.drain.cancel();
    let away = go_away(&mut rig).await;
    assert!(away.reason == "DRAINING" && away.reconnect_after_ms < 10_000, "{away:?}");
    assert_eq!(rig.failure().await, (7, "SHUTTING_DOWN".to_owned()));
    rig.send(get_conversation(3)).await;
    assert!(rig.is_quiet().await, "nothing new is begun");
    rig.script.release("MarkRead 1");
    assert_eq!(rig.answered(2).await, [1, 2]);
    assert_eq!(rig.closed(SOON).await, 1012);
}

#[tokio::test(start_paused = true)]
async fn when_the_server_stops_a_call_that_hangs_is_given_up() {
    let mut rig = anna().await;
    rig.script.hold("MarkRead 1");
    rig.send(mark_read(1)).await;
    rig.script.until_began(1).await;
    let begin = Instant::now();
    rig.gate.drain.cancel();
    assert_eq!(go_away(&mut rig).await.reason, "DRAINING");
    assert_eq!(rig.closed(Duration::from_secs(30)).await, 1012);
    assert_eq!(begin.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn when_the_client_goes_the_task_goes() {
    let rig = anna().await;
    drop(rig.client);
    timeout(SOON, rig.server).await.expect("gone").unwrap();
}
