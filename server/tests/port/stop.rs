//! The stop in order, seen by clients of each kind.

use crate::grpc::{channel, register, with_token};
use crate::rig::*;
use futures::StreamExt;
use std::time::Duration;
use teahouse_proto::sync::{FollowRequest, FollowResponse};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;
use tonic::Code;
use tonic_prost::ProstCodec;

#[tokio::test]
async fn everybody_is_told_and_nobody_waits() {
    let server = start(&[]).await;
    let address = server.address();
    let channel = channel(&server).await;
    let anna = register(&channel, "anna_stop").await;
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let request = with_token(FollowRequest::default(), &anna.token);
    let codec = ProstCodec::<_, FollowResponse>::default();
    let path = "/teahouse.sync.v1.SyncService/Follow".parse().unwrap();
    let mut events = grpc.server_streaming(request, path, codec).await.unwrap().into_inner();
    assert!(timeout(SOON, events.message()).await.unwrap().unwrap().is_some(), "catching up");

    let token = format!("Authorization: Bearer {}", anna.token);
    let (stream, head) = handshake(&server, &[&token]).await;
    assert_eq!(status(&head), 101);
    let mut socket = tokio_tungstenite::WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
    // A call, so that the socket speaks JSON, and is known to live.
    let call = r#"{"id":1,"method":"teahouse.accounts.v1.AccountsService/GetAccount"}"#;
    futures::SinkExt::send(&mut socket, Message::text(call)).await.unwrap();
    let answer = timeout(SOON, socket.next()).await.unwrap().unwrap().unwrap();
    assert!(answer.to_text().unwrap().starts_with(r#"{"id":1,"body""#), "{answer}");
    let idle = connect(&server).await;

    let begin = Instant::now();
    let stopped = tokio::spawn(server.shutdown());
    let away = timeout(SOON, socket.next()).await.unwrap().unwrap().unwrap();
    let away: serde_json::Value = serde_json::from_str(away.to_text().unwrap()).unwrap();
    assert_eq!(away["goAway"]["reason"], "DRAINING");
    assert!(away["goAway"]["reconnectAfterMs"].as_u64().unwrap() < 10_000);
    let Message::Close(Some(close)) = timeout(SOON, socket.next()).await.unwrap().unwrap().unwrap() else {
        panic!("not closed")
    };
    assert_eq!(u16::from(close.code), 1012);
    drop(socket);
    let end = loop {
        match timeout(SOON, events.message()).await.expect("ends") {
            Ok(Some(_)) => {}
            end => break end,
        }
    };
    assert_eq!(end.unwrap_err().code(), Code::Unavailable);
    drop((events, channel, grpc, idle));
    timeout(SOON, stopped).await.expect("stops in time").unwrap();
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert!(TcpStream::connect(address).await.is_err(), "the port is closed");
}
