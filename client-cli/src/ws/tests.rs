//! The socket against a scripted server: order, streams, cancels, bounded queues, and every way to end.

use super::*;
use crate::fake::{Fake, Peer, body, end, failure, go_away};
use crate::{Endpoint, Kind};
use futures::StreamExt;
use std::time::Duration;
use teahouse_proto::gateway::FailureKind;

const FORMS: [Form; 2] = [Form::Protobuf, Form::Json];
/// Longer than anything here takes; a test that hangs fails.
const SOON: Duration = Duration::from_secs(20);

async fn open(fake: &Fake, form: Form) -> (Socket, Peer) {
    let dialer = Dialer::new(Endpoint::parse(&fake.url()).unwrap(), None, SOON).unwrap();
    let (socket, peer) = tokio::join!(Socket::open(&dialer, form, 4), fake.accept());
    (socket.unwrap(), peer)
}

fn request(form: Form, number: u8) -> Bytes {
    match form {
        Form::Protobuf => vec![number].into(),
        Form::Json => format!(r#"{{"n":{number}}}"#).into(),
    }
}

#[tokio::test]
async fn answers_find_their_calls_in_any_order() {
    for form in FORMS {
        let fake = Fake::start().await;
        let (socket, mut peer) = open(&fake, form).await;
        let serve = async {
            let mut calls = Vec::new();
            for _ in 0..3 {
                calls.push(peer.next().await);
            }
            for call in calls.iter().rev() {
                assert_eq!(call.method, "a.B/C");
                assert_eq!(call.timeout_ms, 20_000);
                peer.send(call.id, body(call.body.clone())).await;
            }
        };
        let ask = |n| socket.unary("a.B/C", request(form, n), SOON);
        let (a, b, c, ()) = tokio::join!(ask(1), ask(2), ask(3), serve);
        assert_eq!([a.unwrap(), b.unwrap(), c.unwrap()], [1, 2, 3].map(|n| request(form, n)), "{form:?}");
    }
}

#[tokio::test]
async fn failures_carry_kind_reason_message_and_wait() {
    for form in FORMS {
        let fake = Fake::start().await;
        let (socket, mut peer) = open(&fake, form).await;
        let serve = async {
            let call = peer.next().await;
            peer.send(call.id, failure(FailureKind::RateLimited, "RATE_LIMITED", "Too often.", 1500)).await;
        };
        let (answer, ()) = tokio::join!(socket.unary("a.B/C", request(form, 1), SOON), serve);
        let error = answer.expect_err("refused");
        assert_eq!(
            (error.kind(), error.reason(), error.message()),
            (Kind::RateLimited, "RATE_LIMITED", "Too often.")
        );
        assert_eq!(error.retry_after(), Some(Duration::from_millis(1500)));
        assert!(error.is_answer());
    }
}

#[tokio::test]
async fn tokens_sign_the_socket_in() {
    for form in FORMS {
        let fake = Fake::start().await;
        let (socket, mut peer) = open(&fake, form).await;
        let serve = async {
            let frame = peer.next().await;
            assert_eq!((frame.token.as_str(), frame.method.as_str()), ("secret", ""));
            peer.send(frame.id, body(peer.empty())).await;
        };
        let (answer, ()) = tokio::join!(socket.sign_in("secret", SOON), serve);
        answer.unwrap();
    }
}

#[tokio::test]
async fn streams_give_events_then_their_end() {
    for form in FORMS {
        let fake = Fake::start().await;
        let (socket, mut peer) = open(&fake, form).await;
        let mut good = socket.stream("a.B/Follow", request(form, 1)).unwrap();
        let mut bad = socket.stream("a.B/Follow", request(form, 2)).unwrap();
        let (first, second) = (peer.next().await, peer.next().await);
        assert_eq!((first.timeout_ms, second.timeout_ms), (0, 0), "streams have no deadline");
        peer.send(first.id, body(request(form, 7))).await;
        peer.send(first.id, end()).await;
        peer.send(second.id, failure(FailureKind::Invalid, "CURSOR_INVALID", "m", 0)).await;
        assert_eq!(good.next().await.unwrap().unwrap(), request(form, 7));
        assert!(good.next().await.is_none());
        assert!(good.next().await.is_none());
        assert_eq!(bad.next().await.unwrap().expect_err("refused").reason(), "CURSOR_INVALID");
        assert!(bad.next().await.is_none());
    }
}

#[tokio::test]
async fn what_is_dropped_is_cancelled_and_what_is_answered_is_not() {
    for form in FORMS {
        let fake = Fake::start().await;
        let (socket, mut peer) = open(&fake, form).await;
        let stream = socket.stream("a.B/Follow", request(form, 1)).unwrap();
        let followed = peer.next().await;
        drop(stream);
        let cancel = peer.next().await;
        assert!(cancel.cancel && cancel.id == followed.id);

        let impatient =
            tokio::time::timeout(Duration::from_millis(1), socket.unary("a.B/C", request(form, 1), SOON));
        assert!(impatient.await.is_err());
        let called = peer.next().await;
        let cancel = peer.next().await;
        assert!(cancel.cancel && cancel.id == called.id);

        let serve = async {
            let call = peer.next().await;
            peer.send(call.id, body(peer.empty())).await;
            peer.next().await
        };
        let ask = async {
            socket.unary("a.B/C", request(form, 1), SOON).await.unwrap();
            drop(socket.unary("a.B/Marker", request(form, 2), SOON).await);
        };
        tokio::select! {
            next = serve => assert_eq!(next.method, "a.B/Marker", "no cancel between"),
            () = ask => panic!("the marker is never answered"),
        }
    }
}

#[tokio::test]
async fn a_call_without_answer_times_out() {
    let fake = Fake::start().await;
    let (socket, mut peer) = open(&fake, Form::Protobuf).await;
    tokio::time::pause();
    let wait = Duration::from_secs(5);
    let error = socket.unary("a.B/C", request(Form::Protobuf, 1), wait).await.expect_err("silence");
    assert_eq!((error.kind(), error.is_answer(), error.is_passing()), (Kind::TimedOut, false, true));
    tokio::time::resume();
    let call = peer.next().await;
    assert_eq!(call.timeout_ms, 5000);
    assert!(peer.next().await.cancel);
}

#[tokio::test]
async fn a_broken_connection_fails_what_is_under_way_and_what_comes_after() {
    let fake = Fake::start().await;
    let (socket, mut peer) = open(&fake, Form::Protobuf).await;
    let mut stream = socket.stream("a.B/Follow", Bytes::new()).unwrap();
    let serve = async {
        let follow = peer.next().await;
        peer.next().await;
        peer.send(follow.id, body(Bytes::from_static(b"e"))).await;
        drop(peer);
    };
    let (answer, ()) = tokio::join!(socket.unary("a.B/C", Bytes::new(), SOON), serve);
    assert_eq!(answer.expect_err("lost").kind(), Kind::Lost);
    assert_eq!(stream.next().await.unwrap().unwrap(), "e", "what came before is not lost");
    assert_eq!(stream.next().await.unwrap().expect_err("lost").kind(), Kind::Lost);
    assert_eq!(socket.ended().await.kind(), Kind::Lost);
    assert_eq!(socket.unary("a.B/C", Bytes::new(), SOON).await.expect_err("over").kind(), Kind::Lost);
}

#[tokio::test]
async fn go_away_lets_calls_finish_and_refuses_new_ones_with_the_wait() {
    for form in FORMS {
        let fake = Fake::start().await;
        let (socket, mut peer) = open(&fake, form).await;
        let serve = async {
            let call = peer.next().await;
            peer.send(0, go_away("DRAINING", 250)).await;
            peer.send(call.id, body(peer.empty())).await;
            peer
        };
        let (answer, mut peer) = tokio::join!(socket.unary("a.B/C", request(form, 1), SOON), serve);
        answer.unwrap();
        assert_eq!(socket.go_away().unwrap().reason, "DRAINING");
        let error = socket.unary("a.B/C", request(form, 1), SOON).await.expect_err("no more calls");
        assert_eq!((error.kind(), error.reason()), (Kind::Unreachable, "DRAINING"));
        assert_eq!(error.retry_after(), Some(Duration::from_millis(250)));
        peer.close().await;
        let end = socket.ended().await;
        assert_eq!((end.kind(), end.reason()), (Kind::Lost, "DRAINING"));
    }
}

#[tokio::test]
async fn being_signed_out_is_no_loss_of_the_connection() {
    let fake = Fake::start().await;
    let (socket, mut peer) = open(&fake, Form::Protobuf).await;
    peer.send(0, go_away("SIGNED_OUT", 0)).await;
    peer.close().await;
    assert_eq!(socket.ended().await.kind(), Kind::Unauthenticated);
}

#[tokio::test]
async fn a_slow_stream_holds_the_socket_up_but_not_a_call_beside_it() {
    let fake = Fake::start().await;
    let (socket, mut peer) = open(&fake, Form::Protobuf).await;
    let stream = socket.stream("a.B/Follow", Bytes::new()).unwrap();
    let follow = peer.next().await;
    let count = 2000_u16;
    let serve = async {
        for n in 0..count {
            peer.send(follow.id, body(n.to_be_bytes().to_vec().into())).await;
        }
        // The answer is behind all events, which nobody takes meanwhile.
        let call = peer.next().await;
        peer.send(call.id, body(Bytes::from_static(b"through"))).await;
        peer.send(follow.id, end()).await;
    };
    let (answer, ()) = tokio::join!(socket.unary("a.B/C", Bytes::new(), SOON), serve);
    assert_eq!(answer.unwrap(), "through");
    let events: Vec<_> = stream.map(|e| e.unwrap()).collect().await;
    let expected: Vec<_> = (0..count).map(|n| Bytes::from(n.to_be_bytes().to_vec())).collect();
    assert_eq!(events, expected);
}

#[tokio::test]
async fn a_stream_that_nobody_reads_is_cut_off_before_memory_grows() {
    let fake = Fake::start().await;
    let (socket, mut peer) = open(&fake, Form::Protobuf).await;
    let stream = socket.stream("a.B/Follow", Bytes::new()).unwrap();
    let follow = peer.next().await;
    let serve = async {
        let event = Bytes::from(vec![0; 64 << 10]);
        for _ in 0..400 {
            peer.send(follow.id, body(event.clone())).await;
        }
        loop {
            let frame = peer.next().await;
            if frame.cancel {
                assert_eq!(frame.id, follow.id);
                break;
            }
        }
    };
    tokio::select! {
        _ = socket.unary("a.B/C", Bytes::new(), SOON) => panic!("never answered"),
        () = serve => {}
    }
    let items: Vec<_> = stream.collect().await;
    let bytes: usize = items.iter().flatten().map(Bytes::len).sum();
    assert!((16 << 20..18 << 20).contains(&bytes), "{bytes}");
    assert_eq!(items.last().unwrap().as_ref().expect_err("cut off").kind(), Kind::Lost);
}

#[tokio::test]
async fn pings_are_answered_while_nothing_else_happens() {
    let fake = Fake::start().await;
    let (socket, mut peer) = open(&fake, Form::Protobuf).await;
    peer.ping().await;
    tokio::time::timeout(SOON, peer.pong()).await.unwrap();
    drop(socket);
}

#[tokio::test]
async fn a_server_that_fell_silent_is_asked_and_then_given_up() {
    let fake = Fake::start().await;
    let (socket, peer) = open(&fake, Form::Protobuf).await;
    tokio::time::pause();
    let started = tokio::time::Instant::now();
    let end = socket.ended().await;
    assert_eq!(end.kind(), Kind::Lost);
    assert!((100..=110).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    drop(peer);
}

#[tokio::test]
async fn dropping_the_last_handle_closes_the_socket_after_what_is_queued() {
    let fake = Fake::start().await;
    let (socket, mut peer) = open(&fake, Form::Protobuf).await;
    let events = socket.stream("a.B/Follow", Bytes::new()).unwrap();
    drop(socket);
    assert_eq!(peer.next().await.method, "a.B/Follow");
    drop(events);
    assert!(peer.next().await.cancel);
    tokio::time::timeout(SOON, peer.closed()).await.unwrap();
}

#[tokio::test]
async fn a_request_that_would_cost_the_socket_is_refused_here() {
    let fake = Fake::start().await;
    let (socket, _peer) = open(&fake, Form::Protobuf).await;
    let error = socket.unary("a.B/C", vec![0; 2 << 20].into(), SOON).await.expect_err("too large");
    assert_eq!((error.kind(), error.reason()), (Kind::Misuse, "REQUEST_TOO_LARGE"));
    assert!(socket.end().is_none());
}

#[tokio::test]
async fn refusals_at_the_door_tell_kind_and_wait() {
    let wait = Some(Duration::from_secs(7));
    for (answer, kind, wait) in [
        ("HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\n\r\n", Kind::RateLimited, wait),
        ("HTTP/1.1 503 Service Unavailable\r\nretry-after: 7\r\n\r\n", Kind::Unavailable, wait),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", Kind::Unreachable, None),
        ("HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: tea\r\n\r\n", Kind::Unreachable, None),
        (
            "HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: x\r\n\r\n",
            Kind::Unreachable,
            None,
        ),
        ("SSH-2.0-OpenSSH_9.6\r\n", Kind::Unreachable, None),
        ("HTTP/1.1 101 x\r\nconnection: upg", Kind::Unreachable, None),
    ] {
        let fake = Fake::start().await;
        let dialer = Dialer::new(Endpoint::parse(&fake.url()).unwrap(), None, SOON).unwrap();
        let (opened, ()) = tokio::join!(Socket::open(&dialer, Form::Protobuf, 4), fake.refuse(answer));
        let error = opened.expect_err("refused");
        assert_eq!((error.kind(), error.retry_after()), (kind, wait), "{answer}");
    }
}

#[tokio::test]
async fn what_the_server_says_along_with_its_answer_is_heard() {
    let fake = Fake::start().await;
    let dialer = Dialer::new(Endpoint::parse(&fake.url()).unwrap(), None, SOON).unwrap();
    let (opened, _tcp) =
        tokio::join!(Socket::open(&dialer, Form::Protobuf, 4), fake.accept_and_say(go_away("DRAINING", 9)));
    let socket = opened.unwrap();
    let heard = async {
        while socket.go_away().is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, heard).await.expect("the tail of the handshake is read");
    assert_eq!(socket.go_away().unwrap().reconnect_after_ms, 9);
}
