//! Clients who send what they should not, to a server in a process of its own: each gets a documented failure or is shown
//! the door, the server goes on serving everybody else, and its memory does not grow.

use crate::outside::Server;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use prost::Message;
use serde_json::{Value, json};
use std::time::Duration;
use teahouse_client::Transport;
use teahouse_proto::accounts::GetAccountRequest;
use teahouse_proto::gateway::{ClientFrame, ServerFrame, server_frame};
use teahouse_proto::{ACCOUNTS_GET_ACCOUNT, METHODS, MethodInfo};
use teahouse_server::random::Random;
use teahouse_tests::chance;
use teahouse_tests::documented::is_documented;
use teahouse_tests::garbage;
use teahouse_tests::person::Person;
use teahouse_tests::raw::{self, BINARY, CLOSE, FINAL, Raw, Said, TEXT};
use teahouse_tests::world::{Setup, World};

/// How much the server's memory may grow by all of this.
const GROWTH_MIB: u64 = 64;
/// Ends the devices of whoever calls them.
const FATAL: [&str; 3] = ["Logout", "ChangePassword", "SignOutOtherDevices"];
/// The id of the call that ends a conversation with a victim.
const LAST: u64 = 424_242;

/// A server, somebody on it who misbehaves, and somebody who must not notice.
struct Stage {
    server: Server,
    url: String,
    hostile: Person,
    friendly: Person,
}

impl Stage {
    async fn set() -> Self {
        let server = Server::start(&[], &Setup::over(Transport::Ws)).await;
        let url = server.url().to_owned();
        let world = World::at(&url, Transport::Ws);
        let [hostile, friendly] = [world.person("hostile").await, world.person("friendly").await];
        hostile.befriend(&friendly).await;
        Self { server, url, hostile, friendly }
    }

    /// A signed-in socket of the hostile person.
    async fn socket(&self) -> Raw {
        Raw::websocket(&self.url, Some(self.hostile.token()), None).await
    }

    /// The other person is still served.
    async fn serves(&self) {
        let account = self.friendly.accounts().get_account(GetAccountRequest {}).await;
        account.expect("the server still serves others");
    }
}

/// Why this is no answer that a client can rely on.
fn complaint(message: &[u8]) -> Option<String> {
    let (kind, reason) = match ServerFrame::decode(message) {
        Ok(ServerFrame { kind: Some(server_frame::Kind::Failure(failure)), .. }) => {
            ("Protobuf", failure.reason)
        }
        Ok(ServerFrame { kind: Some(_), .. }) => return None,
        _ => match serde_json::from_slice::<Value>(message) {
            Ok(frame) if frame.get("failure").is_none() => return None,
            Ok(frame) => ("JSON", frame["failure"]["reason"].as_str().unwrap_or_default().to_owned()),
            Err(_) => return Some(format!("not a frame: {:?}", String::from_utf8_lossy(message))),
        },
    };
    let internal = reason == "INTERNAL";
    (internal || !is_documented(&reason)).then(|| format!("a failure in {kind} with the reason “{reason}”"))
}

fn last_call() -> Vec<u8> {
    ClientFrame { id: LAST, method: ACCOUNTS_GET_ACCOUNT.path.to_owned(), ..Default::default() }
        .encode_to_vec()
}

fn is_last(message: &[u8]) -> bool {
    ServerFrame::decode(message).is_ok_and(|frame| frame.id == LAST)
}

/// Sends bytes on a fresh socket, then an ordinary call. Everything that comes must be a good answer, until the call
/// is answered or the server has closed.
async fn provoke(socket: &mut Raw, bytes: &[u8]) -> Result<(), String> {
    // The server may close while we still write: then what it said is what counts.
    let _ = socket.send(bytes).await;
    let _ = socket.send_message(BINARY, &last_call()).await;
    loop {
        match socket.next().await.map_err(|e| format!("no answer: {e}"))? {
            Said::Message(message) if is_last(&message) => return Ok(()),
            Said::Message(message) => complaint(&message).map_or(Ok(()), Err)?,
            Said::Close(_) | Said::Gone => return Ok(()),
        }
    }
}

/// Messages of any bytes.
async fn any_bytes(stage: &Stage, bytes: &[u8], opcode: u8) -> Result<(), String> {
    provoke(&mut stage.socket().await, &raw::frame(FINAL | opcode, bytes)).await
}

/// A request whose fields have any values.
async fn any_request(stage: &Stage, seed: u64, method: &MethodInfo, in_json: bool) -> Result<(), String> {
    let body = garbage::message(&Random::seeded(seed), method.request);
    let frame = if in_json {
        let body = serde_json::to_value(&body).map_err(|e| e.to_string())?;
        let frame = json!({"id": 7, "method": method.path, "body": body, "timeoutMs": 5000});
        raw::frame(FINAL | TEXT, frame.to_string().as_bytes())
    } else {
        let (path, body) = (method.path.to_owned(), body.encode_to_vec().into());
        let frame = ClientFrame { id: 7, method: path, body, timeout_ms: 5000, ..Default::default() };
        raw::frame(FINAL | BINARY, &frame.encode_to_vec())
    };
    provoke(&mut stage.socket().await, &frame).await
}

/// A frame of JSON of any shape.
async fn any_json(stage: &Stage, seed: u64, method: &MethodInfo) -> Result<(), String> {
    let random = Random::seeded(seed);
    let frame = match random.below(4) {
        0 => garbage::json(&random, 4),
        1 => json!({"id": garbage::json(&random, 1), "method": method.path, "body": {}}),
        2 => json!({"id": 7, "method": garbage::json(&random, 1), "body": {}}),
        _ => json!({"id": 7, "method": method.path, "body": garbage::json(&random, 4)}),
    };
    let mut text = frame.to_string().into_bytes();
    if random.below(3) == 0 {
        // One byte wrong somewhere: often no JSON, sometimes no UTF-8.
        let at = usize::try_from(random.below(text.len() as u64)).unwrap_or_default();
        text[at] = random.bytes::<1>()[0];
    }
    provoke(&mut stage.socket().await, &raw::frame(FINAL | TEXT, &text)).await
}

fn try_many<S: Strategy>(name: &str, cases: u32, of: &S, check: impl Fn(S::Value) -> Result<(), String>)
where
    S::Value: std::fmt::Debug,
{
    let tried = TestRunner::new(chance::config(name, cases))
        .run(of, |value| check(value).map_err(TestCaseError::fail));
    if let Err(failure) = tried {
        panic!("{name}: {failure}");
    }
}

fn random_input(runtime: &tokio::runtime::Runtime, stage: &Stage) {
    let bytes = (prop::collection::vec(any::<u8>(), 0..600), prop::sample::select(vec![TEXT, BINARY]));
    try_many("bytes", 150, &bytes, |(bytes, opcode)| runtime.block_on(any_bytes(stage, &bytes, opcode)));
    let methods: Vec<&MethodInfo> = METHODS.iter().copied().filter(|m| !FATAL.contains(&m.name())).collect();
    let requests = (any::<u64>(), prop::sample::select(methods.clone()), any::<bool>());
    try_many("requests", 400, &requests, |(seed, method, in_json)| {
        runtime.block_on(any_request(stage, seed, method, in_json))
    });
    let jsons = (any::<u64>(), prop::sample::select(methods));
    try_many("json", 200, &jsons, |(seed, method)| runtime.block_on(any_json(stage, seed, method)));
    runtime.block_on(stage.serves());
}

/// Frames that break RFC 6455, and with which code the server closes.
async fn broken_frames(stage: &Stage) {
    let whole = |first: u8, payload: &[u8]| raw::frame(first, payload);
    let mut unmasked = whole(FINAL | TEXT, b"{}");
    unmasked[1] &= 0x7f;
    let huge = |len: u64| [&[FINAL | BINARY, 0x80 | 127][..], &len.to_be_bytes(), &[0; 4]].concat();
    let mebibyte = vec![0x20; 1 << 20];
    let fragments = [whole(BINARY, &mebibyte), whole(FINAL, b"x")].concat();
    for (what, bytes, code) in [
        ("reserved bits", whole(FINAL | 0x40 | TEXT, b"{}"), 1002),
        ("an unknown opcode", whole(FINAL | 3, b"{}"), 1002),
        ("an unmasked frame", unmasked, 1002),
        ("a ping in pieces", whole(9, b""), 1002),
        ("a long ping", whole(FINAL | 9, &[0; 126]), 1002),
        ("a continuation of nothing", whole(FINAL, b"x"), 1002),
        ("two beginnings", [whole(TEXT, b"{"), whole(FINAL | TEXT, b"}")].concat(), 1002),
        ("text that is no UTF-8", whole(FINAL | TEXT, &[b'"', 0xc3, b'"']), 1007),
        ("a close code that is none", whole(FINAL | CLOSE, &[0, 5]), 1002),
        ("a close reason that is no UTF-8", whole(FINAL | CLOSE, &[0x03, 0xe8, 0xff]), 1007),
        ("a frame of 2⁶³ bytes", huge(1 << 63), 1009),
        ("a frame of a mebibyte and one", huge((1 << 20) + 1), 1009),
        ("a message too long in pieces", fragments, 1009),
    ] {
        let mut socket = stage.socket().await;
        let _ = socket.send(&bytes).await;
        assert_eq!(socket.next().await.expect("an answer"), Said::Close(code), "{what}");
        stage.serves().await;
    }
}

/// Requests at the edges: as long as allowed, nested as deep as fits, with ids and tickets that are nearly right.
async fn edges(stage: &Stage) {
    let deep = |open: &str, close: &str, times: usize| {
        let body = format!("{}1{}", open.repeat(times), close.repeat(times));
        format!(r#"{{"id":7,"method":"teahouse.chat.v1.ChatService/SendMessage","body":{body}}}"#)
    };
    let long = format!(r#"{{"id":7,"method":"{}","body":{{}}}}"#, "x".repeat(900_000));
    let text = format!(
        r#"{{"id":7,"method":"teahouse.chat.v1.ChatService/SendMessage","body":{{"text":{{"text":"{}"}}}}}}"#,
        "x".repeat(1_000_000)
    );
    for frame in [deep(r#"{"text":"#, "}", 100_000), deep("[", "]", 500_000), long, text] {
        let outcome = any_bytes(stage, frame.as_bytes(), TEXT).await;
        assert_eq!(outcome, Ok(()), "{}…", &frame[..80]);
    }
    for at in 0..60 {
        let mut ticket = stage.hostile.find(&stage.friendly).await.ticket.to_vec();
        let Some(byte) = ticket.get_mut(at) else { break };
        *byte ^= 0x10;
        let request =
            teahouse_proto::contacts::SendRequestRequest { ticket: ticket.into(), text: String::new() };
        let refused = stage.hostile.contacts().send_request(request).await.expect_err("forged");
        assert_eq!(refused.reason(), "TICKET_INVALID");
    }
    let good = stage.friendly.follow().await.cursor();
    for at in 0..good.len() {
        let mut cursor = good.to_vec();
        cursor[at] ^= 0x80;
        // Another history, or no cursor at all; never an error of the server.
        if let Err(error) = stage.friendly.follow_from(cursor.into()).await.step().await {
            assert_eq!(error.reason(), "CURSOR_INVALID");
        }
    }
    stage.serves().await;
}

/// What is no HTTP, or nearly.
async fn not_http(stage: &Stage) {
    let many_headers = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(20_000));
    let long_header = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(1 << 20));
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let h2_garbage = [preface.clone(), vec![0xff; 4096]].concat();
    let h2_headers = [preface, vec![0, 0, 4, 1, 4, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff]].concat();
    let random = Random::seeded(3);
    let noise: Vec<u8> = (0..256).flat_map(|_| random.bytes::<16>()).collect();
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"GET /v1/ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n".to_vec(),
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n".to_vec(),
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(),
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n".to_vec(),
        b"\0\0\0\0\r\n\r\n".to_vec(),
        many_headers.into_bytes(),
        long_header.into_bytes(),
        h2_garbage,
        h2_headers,
        noise,
    ] {
        let mut raw = Raw::connect(&stage.url, None).await.expect("a connection");
        let _ = raw.send(&bytes).await;
        let _ = raw.finish().await;
        raw.read_to_end().await.expect("the server ends the connection");
    }
    stage.serves().await;
}

/// Messages that never end, from many sockets that nobody is signed in on.
async fn never_ending(stage: &Stage) {
    let mut sockets = Vec::new();
    for n in 0..300 {
        let mut socket = Raw::websocket(&stage.url, None, None).await;
        let len: u64 = if n % 2 == 0 { 1 << 20 } else { 60_000 };
        let head = [&[FINAL | BINARY, 0x80 | 127][..], &len.to_be_bytes(), &[0; 4]].concat();
        let _ = socket.send(&head).await;
        let _ = socket.send(&vec![0; 50_000]).await;
        sockets.push(socket);
    }
    stage.serves().await;
}

/// Who connects and says nothing is let go, whatever they connected for.
async fn silent(stage: &Stage) {
    let mut nothing = Raw::connect(&stage.url, None).await.expect("a connection");
    let mut half = Raw::connect(&stage.url, None).await.expect("a connection");
    half.send(b"GET / HTT").await.expect("sent");
    let mut no_token = Raw::websocket(&stage.url, None, None).await;
    let all = async {
        nothing.read_to_end().await.expect("a silent connection ends");
        half.read_to_end().await.expect("half a request ends");
        no_token.read_to_end().await.expect("a socket without a session ends");
    };
    tokio::time::timeout(Duration::from_secs(15), all).await.expect("within ten seconds and some");
}

#[test]
fn whatever_is_sent_the_server_goes_on() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let stage = runtime.block_on(Stage::set());
    // What the first of everything costs is no growth.
    runtime.block_on(async {
        broken_frames(&stage).await;
        edges(&stage).await;
    });
    let before = stage.server.resident_mib();
    random_input(&runtime, &stage);
    runtime.block_on(async {
        edges(&stage).await;
        not_http(&stage).await;
        never_ending(&stage).await;
    });
    let after = stage.server.resident_mib();
    assert!(after <= before + GROWTH_MIB, "memory grew from {before} to {after} MiB");
    runtime.block_on(async {
        silent(&stage).await;
        stage.serves().await;
        stage.server.stop().await;
    });
}
