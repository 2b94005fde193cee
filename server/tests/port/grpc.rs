//! gRPC as a stock client meets it, and gRPC-web as a browser does.

use crate::rig::*;
use prost::Message;
use std::time::Duration;
use teahouse_proto::accounts::{GetAccountRequest, GetAccountResponse, LoginRequest, LoginResponse};
use teahouse_proto::accounts::{RegisterRequest, RegisterResponse};
use teahouse_server::app::Running;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;

const REGISTER: &str = "/teahouse.accounts.v1.AccountsService/Register";
const LOGIN: &str = "/teahouse.accounts.v1.AccountsService/Login";
const GET_ACCOUNT: &str = "/teahouse.accounts.v1.AccountsService/GetAccount";

pub(crate) async fn channel(server: &Running) -> Channel {
    Channel::from_shared(format!("http://{}", server.address())).unwrap().connect().await.expect("connects")
}

async fn unary<Q: Message + 'static, A: Message + Default + 'static>(
    channel: &Channel,
    path: &'static str,
    request: Request<Q>,
) -> Result<Response<A>, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.expect("ready");
    grpc.unary(request, path.parse().unwrap(), ProstCodec::<Q, A>::default()).await
}

pub(crate) async fn register(channel: &Channel, name: &str) -> RegisterResponse {
    let request = RegisterRequest {
        username: name.to_owned(),
        password: "correct horse 1".to_owned(),
        display_name: name.to_owned(),
        ..Default::default()
    };
    unary(channel, REGISTER, Request::new(request)).await.expect("registers").into_inner()
}

pub(crate) fn with_token<Q>(request: Q, token: &str) -> Request<Q> {
    let mut request = Request::new(request);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

fn reason(status: &Status) -> &str {
    status.metadata().get("teahouse-reason").map_or("", |r| r.to_str().unwrap())
}

#[tokio::test]
async fn calls_carry_their_token_and_failures_their_reason() {
    let server = start(&[]).await;
    let channel = channel(&server).await;
    let anna = register(&channel, "anna_grpc").await;
    let me: Response<GetAccountResponse> =
        unary(&channel, GET_ACCOUNT, with_token(GetAccountRequest {}, &anna.token)).await.unwrap();
    assert_eq!(me.into_inner().account, anna.account);
    for request in [Request::new(GetAccountRequest {}), with_token(GetAccountRequest {}, "nothing")] {
        let refused = unary::<_, GetAccountResponse>(&channel, GET_ACCOUNT, request).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused)), (Code::Unauthenticated, "UNAUTHENTICATED"));
    }
    let login =
        || LoginRequest { username: "anna_grpc".to_owned(), password: "wrong".to_owned(), device: None };
    // A dead token does not hinder what needs none.
    let refused =
        unary::<_, LoginResponse>(&channel, LOGIN, with_token(login(), "nothing")).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::Unauthenticated, "LOGIN_FAILED"));
}

#[tokio::test]
async fn unknown_methods_are_unimplemented() {
    let server = start(&[]).await;
    let channel = channel(&server).await;
    for path in ["/teahouse.accounts.v1.AccountsService/Nothing", "/no.Such/Method", "/one", "/a/b/c", "/"] {
        let answer = unary::<_, GetAccountResponse>(&channel, path, Request::new(GetAccountRequest {})).await;
        let code = answer.unwrap_err().code();
        assert!(code == Code::Unimplemented || path == "/", "{path}: {code}");
    }
}

#[tokio::test]
async fn long_and_malformed_requests_are_refused_and_the_connection_lives() {
    let server = start(&[]).await;
    let channel = channel(&server).await;
    let anna = register(&channel, "anna_long").await;
    let long = LoginRequest { username: "x".repeat(1024 * 1024 + 1), ..Default::default() };
    let refused = unary::<_, LoginResponse>(&channel, LOGIN, Request::new(long)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::InvalidArgument, "MESSAGE_TOO_LONG"));
    // A message of another type, whose field 1 is not text.
    let other = teahouse_proto::chat::MarkReadRequest { conversation_id: 7, seq: 7 };
    let refused = unary::<_, LoginResponse>(&channel, LOGIN, Request::new(other)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::InvalidArgument, "MALFORMED"));
    let request = with_token(GetAccountRequest {}, &anna.token);
    assert!(unary::<_, GetAccountResponse>(&channel, GET_ACCOUNT, request).await.is_ok());
}

/// A call whose body is made by hand: what its status says.
async fn with_body(channel: &Channel, encoding: Option<&str>, body: &[u8]) -> Status {
    use tower::{Service, ServiceExt};
    let mut request = http::Request::post(format!("http://teahouse{LOGIN}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if let Some(encoding) = encoding {
        request = request.header("grpc-encoding", encoding);
    }
    let body = http_body_util::Full::new(bytes::Bytes::copy_from_slice(body));
    let request = request.body(tonic::body::Body::new(body)).unwrap();
    let mut channel = channel.clone();
    let answer = channel.ready().await.unwrap().call(request).await.expect("the connection lives");
    Status::from_header_map(answer.headers()).expect("refused before anything else is said")
}

#[tokio::test]
async fn bodies_that_are_no_message_are_refused_and_the_connection_lives() {
    let server = start(&[]).await;
    let channel = channel(&server).await;
    let login = LoginRequest { username: "nobody".to_owned(), password: "12345678".to_owned(), device: None };
    let message = login.encode_to_vec();
    let framed =
        |flag: u8, len: usize| [&[flag][..], &u32::try_from(len).unwrap().to_be_bytes(), &message].concat();
    let whole = framed(0, message.len());
    for (what, body) in [
        ("nothing", Vec::new()),
        ("half a head", vec![0, 0, 0]),
        ("less than it says", framed(0, message.len() + 1)),
        ("far less than it says", framed(0, u32::MAX as usize)),
        ("more than it says", framed(0, message.len() - 1)),
        ("two messages", [whole.clone(), whole.clone()].concat()),
        ("compressed, but how?", framed(1, message.len())),
        ("a flag that is none", framed(0x80, message.len())),
    ] {
        let refused = with_body(&channel, None, &body).await;
        assert_eq!((refused.code(), reason(&refused)), (Code::InvalidArgument, "MALFORMED"), "{what}");
    }
    // The gRPC specification, "Compression": the client is told what is understood.
    for encoding in ["gzip", "tea"] {
        let refused = with_body(&channel, Some(encoding), &framed(1, message.len())).await;
        assert_eq!(refused.code(), Code::Unimplemented, "{encoding}");
    }
    let refused = with_body(&channel, None, &whole).await;
    assert_eq!(reason(&refused), "LOGIN_FAILED");
}

/// One call of gRPC-web over HTTP/1: the whole answer as text.
async fn web(server: &Running, path: &str, headers: &[&str], request: &impl Message) -> String {
    let encoded = request.encode_to_vec();
    let mut framed = vec![0];
    framed.extend(u32::try_from(encoded.len()).unwrap().to_be_bytes());
    framed.extend(encoded);
    let headers = [headers, &["Content-Type: application/grpc-web+proto"]].concat();
    ask(server, &format!("POST {path}"), &headers, &framed).await
}

#[tokio::test]
async fn a_deadline_that_is_over_has_its_own_code() {
    // Hashing takes longer than the finest tick of the timer.
    let server = start(&["accounts.password_memory_kib=19456"]).await;
    let login = LoginRequest { username: "nobody_here".to_owned(), password: "x".repeat(9), device: None };
    // By hand, since a client library would give up by itself.
    let answer = web(&server, LOGIN, &["grpc-timeout: 1n"], &login).await;
    assert!(
        answer.contains("grpc-status: 4") && answer.contains("teahouse-reason: DEADLINE_EXCEEDED"),
        "{answer}"
    );
}

#[tokio::test]
async fn health_is_told_for_the_server_and_each_service() {
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_client::HealthClient;
    let server = start(&[]).await;
    let mut health = HealthClient::new(channel(&server).await);
    for service in ["", "teahouse.chat.v1.ChatService", "teahouse.sync.v1.SyncService"] {
        let answer = health.check(HealthCheckRequest { service: service.to_owned() }).await.unwrap();
        assert_eq!(answer.into_inner().status, 1, "{service}");
    }
    let unknown = health.check(HealthCheckRequest { service: "tea".to_owned() }).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn browsers_speak_grpc_web() {
    let server = start(&["allowed_origins=https://chat.example"]).await;
    let request =
        LoginRequest { username: "nobody".to_owned(), password: "12345678".to_owned(), device: None };
    let from = "Origin: https://chat.example";
    let answer = web(&server, LOGIN, &[from], &request).await;
    assert_eq!(status(&answer), 200);
    assert!(answer.contains("teahouse-reason: LOGIN_FAILED"), "{answer}");
    assert!(answer.contains("access-control-allow-origin: https://chat.example"), "{answer}");
    let wish = ["Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization"];
    let preflight = ask(&server, &format!("OPTIONS {LOGIN}"), &[from, wish[0], wish[1]], b"").await;
    assert!(preflight.contains("access-control-allow-headers: authorization"), "{preflight}");
    let evil = "Origin: https://evil.example";
    let answer = web(&server, LOGIN, &[evil], &request).await;
    assert!(answer.contains("teahouse-reason: ORIGIN_FORBIDDEN"), "{answer}");
    assert!(!answer.contains("access-control-allow-origin"), "{answer}");
    let kind = "Content-Type: application/grpc-web";
    assert_eq!(status(&ask(&server, &format!("GET {LOGIN}"), &[kind], b"").await), 405);
}

#[tokio::test]
async fn a_client_that_breaks_off_leaves_nothing_behind() {
    let server = start(&[]).await;
    let channel = channel(&server).await;
    let anna = register(&channel, "anna_gone").await;
    let follow = async {
        let mut grpc = tonic::client::Grpc::new(channel.clone());
        grpc.ready().await.unwrap();
        let request = with_token(teahouse_proto::sync::FollowRequest::default(), &anna.token);
        let codec = ProstCodec::<_, teahouse_proto::sync::FollowResponse>::default();
        grpc.server_streaming(request, "/teahouse.sync.v1.SyncService/Follow".parse().unwrap(), codec).await
    };
    let stream = follow.await.expect("follows");
    let online = || server.foundation().delivery.connected();
    let until = async |count: usize| {
        let waited = async {
            while online() != count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(SOON, waited).await.unwrap_or_else(|_| panic!("{} are online", online()));
    };
    until(1).await;
    drop(stream);
    until(0).await;
}
