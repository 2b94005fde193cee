//! The channel against a scripted gRPC server: the same answers and errors as over WebSocket.

use super::*;
use crate::{Connection, Connector, Kind, Transport};
use futures::stream::BoxStream;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic::server::{Grpc as Server, ServerStreamingService, UnaryService};
use tonic::{Request, Response, Status};

/// Answers by what is asked: `echo` echoes, `token` tells who asks and until when, the rest fails.
#[derive(Clone)]
struct Answers;

impl UnaryService<Bytes> for Answers {
    type Response = Bytes;
    type Future = futures::future::BoxFuture<'static, Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        Box::pin(async move {
            let header =
                |name| request.metadata().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
            match &request.get_ref()[..] {
                b"token" => Ok(Response::new(
                    format!("{} {}", header("authorization"), header("grpc-timeout")).into(),
                )),
                b"silence" => std::future::pending().await,
                b"fail" => Err(failure()),
                _ => Ok(Response::new(request.into_inner())),
            }
        })
    }
}

impl ServerStreamingService<Bytes> for Answers {
    type Response = Bytes;
    type ResponseStream = BoxStream<'static, Result<Bytes, Status>>;
    type Future = futures::future::BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        Box::pin(async move {
            let events: Vec<Result<Bytes, Status>> = match &request.get_ref()[..] {
                b"refuse" => return Err(failure()),
                b"break" => vec![Ok(Bytes::from_static(b"1")), Err(failure())],
                b"endless" => {
                    let first = futures::stream::iter([Ok(Bytes::from_static(b"1"))]);
                    return Ok(Response::new(first.chain(futures::stream::pending()).boxed()));
                }
                _ => vec![Ok(Bytes::from_static(b"1")), Ok(Bytes::from_static(b"2"))],
            };
            Ok(Response::new(futures::stream::iter(events).boxed()))
        })
    }
}

fn failure() -> Status {
    let mut metadata = tonic::metadata::MetadataMap::new();
    metadata.insert("teahouse-reason", "RATE_LIMITED".parse().unwrap());
    metadata.insert("teahouse-retry-after-ms", 1500.into());
    Status::with_metadata(tonic::Code::ResourceExhausted, "Too often.", metadata)
}

async fn serve(listener: TcpListener, stop: oneshot::Receiver<()>) {
    let router = axum::Router::new().fallback(|request: axum::extract::Request| async move {
        let mut server = Server::new(BytesCodec);
        match request.uri().path() {
            "/a.B/Follow" => server.server_streaming(Answers, request).await,
            "/a.B/C" => server.unary(Answers, request).await,
            _ => Status::unimplemented("no such method").into_http(),
        }
    });
    tokio::select! {
        _ = async { axum::serve(listener, router).await } => {}
        _ = stop => {}
    }
}

async fn open() -> (Connection, oneshot::Sender<()>, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    // A runtime of its own: what axum spawned ends with it, as in a server that is killed.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listener = listener.into_std().unwrap();
        runtime.block_on(async { serve(TcpListener::from_std(listener).unwrap(), stopped).await });
    });
    let connection = Connection::open(&format!("http://{address}"), Transport::Grpc).await.unwrap();
    (connection, stop, address)
}

async fn ask(connection: &Connection, what: &'static str) -> Result<Bytes, crate::Error> {
    connection.call_bytes("a.B/C", what.into()).await
}

#[tokio::test]
async fn calls_are_answered_and_carry_token_and_deadline() {
    let (connection, _stop, _) = open().await;
    assert_eq!(ask(&connection, "echo").await.unwrap(), "echo");
    assert_eq!(ask(&connection, "").await.unwrap(), "");
    connection.sign_in("secret").await.unwrap();
    let connection = connection.with_timeout(Duration::from_millis(5000));
    assert_eq!(ask(&connection, "token").await.unwrap(), "Bearer secret 5000000u");
}

#[tokio::test]
async fn failures_carry_kind_reason_message_and_wait() {
    let (connection, _stop, _) = open().await;
    let error = ask(&connection, "fail").await.expect_err("refused");
    assert_eq!(
        (error.kind(), error.reason(), error.message()),
        (Kind::RateLimited, "RATE_LIMITED", "Too often.")
    );
    assert_eq!(error.retry_after(), Some(Duration::from_millis(1500)));
    let error = connection.call_bytes("a.B/Unknown", Bytes::new()).await.expect_err("unknown");
    assert_eq!((error.kind(), error.reason()), (Kind::NotFound, "UNKNOWN_METHOD"));
}

#[tokio::test]
async fn streams_give_events_then_their_end_or_failure() {
    let (connection, _stop, _) = open().await;
    for (what, expected) in
        [("both", vec!["1", "2"]), ("break", vec!["1", "RATE_LIMITED"]), ("refuse", vec!["RATE_LIMITED"])]
    {
        let events = connection.stream_bytes("a.B/Follow", what.into()).await.unwrap();
        let got: Vec<_> = events
            .map(|e| e.map_or_else(|e| e.reason().to_owned(), |b| String::from_utf8(b.to_vec()).unwrap()))
            .collect()
            .await;
        assert_eq!(got, expected, "{what}");
    }
}

#[tokio::test]
async fn a_call_without_answer_times_out() {
    let (connection, _stop, _) = open().await;
    let error =
        ask(&connection.with_timeout(Duration::from_millis(50)), "silence").await.expect_err("silence");
    assert_eq!((error.kind(), error.is_answer()), (Kind::TimedOut, false));
}

#[tokio::test]
async fn a_lost_server_is_lost_and_then_unreachable() {
    let (connection, stop, address) = open().await;
    let mut events = connection.stream_bytes("a.B/Follow", "endless".into()).await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap(), "1");
    stop.send(()).unwrap();
    let error = events.next().await.unwrap().expect_err("lost");
    assert_eq!((error.kind(), error.is_passing()), (Kind::Lost, true), "{error}");
    let error = ask(&connection, "echo").await.expect_err("nobody there");
    assert_eq!(error.kind(), Kind::Unreachable, "{error}");
    let connector = Connector::new(&format!("http://{address}")).unwrap().transport(Transport::Grpc);
    assert_eq!(connector.connect().await.expect_err("nobody there").kind(), Kind::Unreachable);
}
