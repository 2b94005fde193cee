//! Messages that are no frames, of every sort.

use super::rig::*;
use futures::SinkExt;
use proptest::prelude::*;
use std::time::Duration;
use teahouse_proto::gateway::ClientFrame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test(start_paused = true)]
async fn a_frame_with_an_id_is_answered_and_the_socket_lives() {
    let mut rig = anna().await;
    rig.send(ClientFrame { id: 7, ..Default::default() }).await;
    assert_eq!(rig.failure().await, (7, "MALFORMED_FRAME".to_owned()));
    rig.send(ClientFrame { id: 8, method: "x".to_owned(), cancel: true, ..Default::default() }).await;
    assert_eq!(rig.failure().await, (8, "MALFORMED_FRAME".to_owned()));
    rig.say(r#"{"id":9,"methods":"x"}"#).await;
    let heard = rig.hear().await;
    assert!(heard.starts_with(r#"{"id":9,"failure""#) && heard.contains("methods"), "{heard}");
    rig.send(get_conversation(10)).await;
    assert_eq!(rig.answered(1).await, [10]);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_frame_at_all_closes_the_socket() {
    for message in [
        Message::binary(&b"\xff\xff\xff"[..]),
        Message::binary(&b""[..]),
        Message::binary(&[8, 0, 18, 1, b'x'][..]),
    ] {
        let mut rig = anna().await;
        rig.raw(message).await;
        assert_eq!(rig.failure().await, (0, "MALFORMED_FRAME".to_owned()));
        assert_eq!(rig.closed(SOON).await, 1007);
    }
    for text in ["", "tea", "{", "[1]", "null", r#"{"id":{}}"#] {
        let mut rig = anna().await;
        rig.say(text).await;
        let heard = rig.hear().await;
        assert!(heard.starts_with(r#"{"id":0,"failure""#) && heard.contains("MALFORMED_FRAME"), "{heard}");
        assert_eq!(rig.closed(SOON).await, 1007, "{text:?}");
    }
    let mut rig = anna().await;
    rig.say(&format!(r#"{{"id":1,"method":"x","body":{}"#, "[".repeat(500_000))).await;
    assert!(rig.hear().await.contains("MALFORMED_FRAME"));
    assert_eq!(rig.closed(SOON).await, 1007);
}

#[tokio::test(start_paused = true)]
async fn deep_nesting_in_a_body_is_refused() {
    let mut rig = anna().await;
    let deep = format!("{}1{}", r#"{"text":"#.repeat(50_000), "}".repeat(50_000));
    let send = "teahouse.chat.v1.ChatService/MarkRead";
    rig.say(&format!(r#"{{"id":1,"method":"{send}","body":{deep}}}"#)).await;
    assert!(rig.hear().await.contains(r#""reason":"MALFORMED""#));
    rig.send(get_conversation(2)).await;
    assert_eq!(rig.answered(1).await, [2]);
}

/// Sends raw bytes and gives the code of the close frame that comes.
async fn code_for(bytes: &[u8]) -> u16 {
    let (_, _, mut near, server) = serve();
    near.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(SOON, near.read_to_end(&mut answer)).await;
    read.expect("closes in time").unwrap();
    server.await.unwrap();
    assert_eq!(answer[0], 0x88, "a close frame: {answer:?}");
    u16::from_be_bytes([answer[2], answer[3]])
}

#[tokio::test(start_paused = true)]
async fn what_is_no_web_socket_gets_the_fitting_code() {
    assert_eq!(code_for(&[0x81, 0x02, b'a', b'b']).await, 1002, "not masked");
    assert_eq!(code_for(&[0xf1, 0x80, 0, 0, 0, 0]).await, 1002, "reserved bits");
    assert_eq!(code_for(&[0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]).await, 1007, "text that is not UTF-8");
    assert_eq!(code_for(&[0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]).await, 1009, "4 GiB");
    assert_eq!(code_for(&[0x88, 0x80, 0, 0, 0, 0]).await, 1000, "an ordinary end");
}

#[tokio::test(start_paused = true)]
async fn messages_are_at_most_a_mebibyte_and_shorter_before_sign_in() {
    let mut rig = stranger().await;
    let text = |len: usize| format!(r#"{{"id":1,"cancel":true,"method":"{}"}}"#, "x".repeat(len));
    rig.say(&text(60_000)).await;
    assert!(rig.hear().await.contains("MALFORMED_FRAME"));
    let _ = rig.client.send(Message::text(text(65_536))).await;
    assert_eq!(rig.closed(SOON).await, 1009);

    let mut rig = anna().await;
    rig.say(&text(1024 * 1024 - 100)).await;
    assert!(rig.hear().await.contains("MALFORMED_FRAME"));
    let _ = rig.client.send(Message::text(text(1024 * 1024))).await;
    assert_eq!(rig.closed(SOON).await, 1009);
}

#[tokio::test(start_paused = true)]
async fn an_answer_may_be_longer_than_the_pipe() {
    let mut rig = anna().await;
    let request = teahouse_proto::chat::ListEntriesRequest { limit: 900, ..Default::default() };
    rig.send(call(1, &teahouse_proto::CHAT_LIST_ENTRIES, &request)).await;
    assert_eq!(rig.answered(1).await, [1]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever comes, the task ends in order or goes on; it never panics.
    #[test]
    fn any_message_is_survived(
        messages in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..80)), 1..10),
        valid_head in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut rig = anna().await;
            for (is_text, bytes) in messages {
                let bytes = if valid_head { [&[8, 5, 26][..], &bytes].concat() } else { bytes };
                let message =
                    if is_text { Message::text(String::from_utf8_lossy(&bytes).into_owned()) } else { Message::binary(bytes) };
                if rig.client.send(message).await.is_err() {
                    break;
                }
            }
            drop(rig.client);
            tokio::time::timeout(Duration::from_secs(30), rig.server).await.expect("ends").expect("no panic");
        });
    }
}
