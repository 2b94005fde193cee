//! Sign-in, order, limits, cancellation and streams.

use super::rig::*;
use bytes::Bytes;
use teahouse_proto::accounts::{LoginRequest, UpdateSettingsRequest};
use teahouse_proto::chat::{Entry, GetConversationRequest, GetConversationResponse};
use teahouse_proto::gateway::{ClientFrame, End, ServerFrame, server_frame};
use teahouse_proto::sync::{FollowResponse, follow_response};
use teahouse_proto::*;

fn token(id: u64, token: &str) -> ClientFrame {
    ClientFrame { id, token: token.to_owned(), ..Default::default() }
}

#[tokio::test(start_paused = true)]
async fn a_token_signs_a_socket_in_for_one_device() {
    let mut rig = stranger().await;
    rig.send(get_conversation(1)).await;
    assert_eq!(rig.failure().await, (1, "UNAUTHENTICATED".to_owned()));
    rig.send(token(2, "nobody")).await;
    assert_eq!(rig.failure().await, (2, "UNAUTHENTICATED".to_owned()));
    // Without waiting for the answer: what is sent after a token is called by its device.
    rig.say(r#"{"id":3,"token":"anna"}"#).await;
    let call = r#""method":"teahouse.chat.v1.ChatService/GetConversation","body":{"conversationId":"8"}"#;
    rig.say(&format!(r#"{{"id":4,{call}}}"#)).await;
    assert_eq!(rig.hear().await, r#"{"id":3,"body":{}}"#);
    let body = r#"{"conversation":{"conversationId":"8","peerAccountId":"1"}}"#;
    assert_eq!(rig.hear().await, format!(r#"{{"id":4,"body":{body}}}"#));
    rig.send(token(5, "boris")).await;
    assert_eq!(rig.failure().await, (5, "ALREADY_SIGNED_IN".to_owned()));
    rig.send(token(6, "anna")).await;
    assert_eq!(rig.answered(1).await, [6]);
}

#[tokio::test(start_paused = true)]
async fn answers_come_in_the_form_of_the_question() {
    let mut rig = anna().await;
    rig.send(get_conversation(7)).await;
    let Some(server_frame::Kind::Body(body)) = rig.next().await.kind else { panic!("no body") };
    let answer: GetConversationResponse = prost::Message::decode(body).unwrap();
    assert_eq!(answer.conversation.map(|c| (c.conversation_id, c.peer_account_id)), Some((7, 1)));
    rig.say(r#"{"id":"18446744073709551615","method":"no.Such/Method"}"#).await;
    let heard = rig.hear().await;
    let begin = r#"{"id":"18446744073709551615","failure":{"kind":"FAILURE_KIND_NOT_FOUND","#;
    assert!(heard.starts_with(begin) && heard.contains(r#""reason":"UNKNOWN_METHOD""#), "{heard}");
    rig.say(r#"{"id":1,"method":"teahouse.accounts.v1.AccountsService/Login","body":{"password":""}}"#).await;
    assert!(rig.hear().await.contains("PASSWORD_INVALID"));
    rig.send(call(3, &ACCOUNTS_LOGIN, &LoginRequest { password: "panic".to_owned(), ..Default::default() }))
        .await;
    assert_eq!(rig.failure().await, (3, "INTERNAL".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn both_forms_judge_in_the_same_order() {
    let mut rig = stranger().await;
    let wrong = r#"{"id":1,"method":"teahouse.chat.v1.ChatService/GetConversation","body":{"nothing":1}}"#;
    rig.say(wrong).await;
    assert!(rig.hear().await.contains("UNAUTHENTICATED"));
    let mut rig = anna().await;
    rig.say(wrong).await;
    let heard = rig.hear().await;
    assert!(heard.contains(r#""reason":"MALFORMED""#) && heard.contains("nothing"), "{heard}");
    rig.send(ClientFrame { body: Bytes::from_static(b"\xff"), ..get_conversation(2) }).await;
    assert_eq!(rig.failure().await, (2, "MALFORMED".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn chat_writes_run_in_order_and_nothing_slow_stands_before_them() {
    let mut rig = anna().await;
    for slow in ["UpdateSettings", "GetConversation 20", "MarkRead 2"] {
        rig.script.hold(slow);
    }
    rig.send(call(10, &ACCOUNTS_UPDATE_SETTINGS, &UpdateSettingsRequest::default())).await;
    rig.send(get_conversation(20)).await;
    for id in 1..=4 {
        rig.send(mark_read(id)).await;
    }
    assert_eq!(rig.answered(1).await, [1]);
    assert!(rig.is_quiet().await);
    assert_eq!(rig.script.began(), ["UpdateSettings", "GetConversation 20", "MarkRead 1", "MarkRead 2"]);
    rig.script.release("MarkRead 2");
    for id in 2..=4 {
        assert_eq!(rig.answered(1).await, [id]);
    }
    rig.script.release("UpdateSettings");
    rig.script.release("GetConversation 20");
    assert_eq!(rig.answered(2).await, [10, 20]);
}

#[tokio::test(start_paused = true)]
async fn beyond_the_limits_calls_wait_unread() {
    for (limit, hold, frame) in [
        (32, "GetConversation 9", (|id| ClientFrame { id, ..get_conversation(9) }) as fn(u64) -> ClientFrame),
        (8, "UpdateSettings", |id| call(id, &ACCOUNTS_UPDATE_SETTINGS, &UpdateSettingsRequest::default())),
    ] {
        let mut rig = anna().await;
        rig.script.hold(hold);
        let all = limit as u64 + 5;
        for id in 1..=all {
            rig.send(frame(id)).await;
        }
        rig.send(mark_read(1000)).await;
        rig.script.until_began(limit).await;
        assert!(rig.is_quiet().await);
        assert_eq!(rig.script.began().len(), limit, "{hold}");
        for _ in 0..all {
            rig.script.release(hold);
        }
        let mut expected: Vec<u64> = (1..=all).collect();
        expected.push(1000);
        assert_eq!(rig.answered(expected.len()).await, expected, "{hold}");
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_chat_writes_are_bounded() {
    let mut rig = anna().await;
    rig.script.hold("MarkRead 1");
    // One runs, 32 wait, one is held; a read behind them is not read.
    for id in 1..=34 {
        rig.send(mark_read(id)).await;
    }
    rig.send(get_conversation(99)).await;
    assert!(rig.is_quiet().await);
    assert_eq!(rig.script.began(), ["MarkRead 1"]);
    rig.script.release("MarkRead 1");
    let expected: Vec<u64> = (1..=34).chain([99]).collect();
    assert_eq!(rig.answered(35).await, expected);
    let mut marks = rig.script.began();
    marks.retain(|c| c.starts_with("MarkRead"));
    assert_eq!(marks, (1..=34).map(|id| format!("MarkRead {id}")).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn what_is_cancelled_fails_and_makes_room() {
    let mut rig = anna().await;
    rig.script.hold("MarkRead 1");
    let events = rig.script.feed(1);
    for frame in [mark_read(1), mark_read(2), mark_read(3), follow(4)] {
        rig.send(frame).await;
    }
    rig.script.until_began(1).await;
    for id in [2, 4, 1] {
        rig.send(cancel(id)).await;
        assert_eq!(rig.failure().await, (id, "CANCELLED".to_owned()));
    }
    assert_eq!(rig.answered(1).await, [3]);
    assert_eq!(rig.script.began(), ["MarkRead 1", "MarkRead 3"]);
    assert!(events.is_closed(), "the stream is dropped");
    rig.send(cancel(77)).await;
    assert!(rig.is_quiet().await, "what is over, or never was, is not answered");
}

#[tokio::test(start_paused = true)]
async fn an_id_is_used_once_at_a_time() {
    let mut rig = anna().await;
    rig.script.hold("MarkRead 1");
    rig.send(mark_read(1)).await;
    rig.send(ClientFrame { id: 1, ..get_conversation(5) }).await;
    assert_eq!(rig.failure().await, (1, "ID_IN_USE".to_owned()));
    rig.script.release("MarkRead 1");
    assert_eq!(rig.answered(1).await, [1]);
    rig.send(ClientFrame { id: 1, ..get_conversation(5) }).await;
    assert_eq!(rig.answered(1).await, [1]);
}

fn event(seq: u64) -> Event<FollowResponse> {
    let entry = Entry { seq, ..Default::default() };
    Event::new(&FollowResponse { event: Some(follow_response::Event::Entry(entry)), ..Default::default() })
}

#[tokio::test(start_paused = true)]
async fn streams_yield_shared_and_own_parts_in_both_forms() {
    let mut rig = anna().await;
    let own = FollowResponse { cursor: Bytes::from_static(b"c"), ..Default::default() };
    let events = rig.script.feed(8);
    rig.send(follow(5)).await;
    events.send(Ok(event(3).with_own(&own))).await.unwrap();
    let Some(server_frame::Kind::Body(body)) = rig.next().await.kind else { panic!("no body") };
    let whole: FollowResponse = prost::Message::decode(body).unwrap();
    assert_eq!(whole.cursor, own.cursor);
    assert!(matches!(whole.event, Some(follow_response::Event::Entry(e)) if e.seq == 3));
    drop(events);
    assert_eq!(rig.next().await, ServerFrame { id: 5, kind: Some(server_frame::Kind::End(End {})) });

    let events = rig.script.feed(8);
    rig.say(r#"{"id":6,"method":"teahouse.sync.v1.SyncService/Follow"}"#).await;
    events.send(Ok(event(4).with_own(&own))).await.unwrap();
    events.send(Ok(event(5))).await.unwrap();
    events.send(Err(crate::error::Error::internal("lost"))).await.unwrap();
    assert_eq!(rig.hear().await, r#"{"id":6,"body":{"entry":{"seq":"4"},"cursor":"Yw=="}}"#);
    assert_eq!(rig.hear().await, r#"{"id":6,"body":{"entry":{"seq":"5"}}}"#);
    assert!(rig.hear().await.contains(r#"{"id":6,"failure":{"kind":"FAILURE_KIND_INTERNAL""#));
    assert!(rig.is_quiet().await);
}

#[tokio::test(start_paused = true)]
async fn streams_of_one_socket_are_few_and_take_turns() {
    let mut rig = anna().await;
    let mut feeds = Vec::new();
    for id in 1..=8 {
        feeds.push(rig.script.feed(100));
        rig.send(follow(id)).await;
        // The next feed must not replace this one before it is taken.
        rig.send(get_conversation(100 + id)).await;
        assert_eq!(rig.answered(1).await, [100 + id]);
    }
    rig.send(follow(9)).await;
    assert_eq!(rig.failure().await, (9, "TOO_MANY_STREAMS".to_owned()));
    for seq in 0..3 {
        feeds.iter().for_each(|f| f.try_send(Ok(event(seq))).unwrap());
    }
    let mut first = [0; 9];
    for _ in 0..24 {
        first[rig.next().await.id as usize] += 1;
    }
    assert_eq!(first, [0, 3, 3, 3, 3, 3, 3, 3, 3]);
    let read = GetConversationRequest { conversation_id: 1 };
    rig.send(call(50, &CHAT_GET_CONVERSATION, &read)).await;
    assert_eq!(rig.answered(1).await, [50]);
}
