//! A scripted server for tests: takes WebSockets and says what the test wants, in the form it was asked in.

use crate::schema;
use crate::ws::Form;
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use prost::Message as _;
use serde_json::{Value, json};
use teahouse_proto::gateway::server_frame::Kind;
use teahouse_proto::gateway::{ClientFrame, End, Failure, FailureKind, GoAway, ServerFrame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

pub(crate) struct Fake(TcpListener);

impl Fake {
    pub(crate) async fn start() -> Self {
        Self(TcpListener::bind(("127.0.0.1", 0)).await.unwrap())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    /// The next WebSocket.
    pub(crate) async fn accept(&self) -> Peer {
        let (stream, _) = self.0.accept().await.unwrap();
        Peer {
            socket: tokio_tungstenite::accept_async(stream).await.unwrap(),
            form: Form::Protobuf,
            ponged: false,
        }
    }

    /// Takes the next WebSocket and says something in the same packet.
    pub(crate) async fn accept_and_say(&self, kind: Kind) -> TcpStream {
        let (mut stream, _) = self.0.accept().await.unwrap();
        let asked = head(&mut stream).await;
        let key = asked.lines().find_map(|l| l.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
        let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
        let mut answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: {accept}\r\n\r\n"
        )
        .into_bytes();
        let frame = ServerFrame { id: 0, kind: Some(kind) }.encode_to_vec();
        // FIN and binary; unmasked, shorter than 126.
        answer.extend([0x82, frame.len().try_into().unwrap()]);
        answer.extend(frame);
        stream.write_all(&answer).await.unwrap();
        stream
    }

    /// Answers the next handshake with raw HTTP.
    pub(crate) async fn refuse(&self, answer: &str) {
        let (mut stream, _) = self.0.accept().await.unwrap();
        head(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    }
}

/// The head of an HTTP request.
async fn head(stream: &mut TcpStream) -> String {
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        asked.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(asked).unwrap()
}

/// The server's end of one socket.
pub(crate) struct Peer {
    socket: WebSocketStream<TcpStream>,
    /// Of the last question.
    form: Form,
    ponged: bool,
}

impl Peer {
    /// The next question.
    pub(crate) async fn next(&mut self) -> ClientFrame {
        loop {
            match self.socket.next().await.expect("the client closed").expect("the client broke") {
                Message::Binary(frame) => {
                    self.form = Form::Protobuf;
                    return ClientFrame::decode(frame).unwrap();
                }
                Message::Text(text) => {
                    self.form = Form::Json;
                    return from_text(&text);
                }
                Message::Pong(_) => self.ponged = true,
                _ => {}
            }
        }
    }

    pub(crate) async fn send(&mut self, id: u64, kind: Kind) {
        let message = match self.form {
            Form::Protobuf => Message::binary(ServerFrame { id, kind: Some(kind) }.encode_to_vec()),
            Form::Json => Message::text(to_text(id, &kind)),
        };
        self.socket.send(message).await.unwrap();
    }

    /// An empty answer in the form of the last question.
    pub(crate) fn empty(&self) -> Bytes {
        match self.form {
            Form::Protobuf => Bytes::new(),
            Form::Json => Bytes::from_static(b"{}"),
        }
    }

    pub(crate) async fn ping(&mut self) {
        self.socket.send(Message::Ping(Bytes::from_static(b"?"))).await.unwrap();
    }

    pub(crate) async fn pong(&mut self) {
        while !matches!(self.socket.next().await.unwrap().unwrap(), Message::Pong(p) if p == "?") {}
    }

    pub(crate) async fn close(&mut self) {
        self.socket.close(None).await.unwrap();
        self.closed().await;
    }

    /// Waits until the client is gone.
    pub(crate) async fn closed(&mut self) {
        while let Some(Ok(_)) = self.socket.next().await {}
    }
}

pub(crate) fn body(body: Bytes) -> Kind {
    Kind::Body(body)
}

pub(crate) fn end() -> Kind {
    Kind::End(End {})
}

pub(crate) fn failure(kind: FailureKind, reason: &str, message: &str, retry_after_ms: u64) -> Kind {
    Kind::Failure(Failure {
        kind: kind.into(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        retry_after_ms,
    })
}

pub(crate) fn go_away(reason: &str, reconnect_after_ms: u32) -> Kind {
    Kind::GoAway(GoAway { reason: reason.to_owned(), reconnect_after_ms })
}

fn from_text(text: &str) -> ClientFrame {
    let frame: Value = serde_json::from_str(text).unwrap();
    ClientFrame {
        id: frame["id"].as_u64().unwrap(),
        method: frame["method"].as_str().unwrap_or_default().to_owned(),
        body: frame.get("body").map(|b| b.to_string().into()).unwrap_or_default(),
        timeout_ms: frame["timeoutMs"].as_u64().unwrap_or_default().try_into().unwrap(),
        token: frame["token"].as_str().unwrap_or_default().to_owned(),
        cancel: frame["cancel"].as_bool().unwrap_or_default(),
    }
}

fn to_text(id: u64, kind: &Kind) -> String {
    let part = |name, bytes: Vec<u8>| -> Value {
        serde_json::from_str(&schema::to_json(name, &bytes).unwrap()).unwrap()
    };
    let frame = match kind {
        Kind::Body(body) => json!({"id": id, "body": serde_json::from_slice::<Value>(body).unwrap()}),
        Kind::Failure(f) => {
            json!({"id": id, "failure": part("teahouse.gateway.v1.Failure", f.encode_to_vec())})
        }
        Kind::End(_) => json!({"id": id, "end": {}}),
        Kind::GoAway(g) => json!({"id": id, "goAway": part("teahouse.gateway.v1.GoAway", g.encode_to_vec())}),
    };
    frame.to_string()
}
