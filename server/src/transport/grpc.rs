//! gRPC: one service over the whole method table, with messages as bytes. Beside it the standard health and
//! reflection services. It knows no method by name.

use super::activity::UnderWay;
use super::{Gate, MESSAGE_MAX, SIGN_IN_MESSAGE_MAX, bearer, draining, peer};
use crate::call::{self, Answer, Caller, Events};
use crate::error::{Error, Kind, Result};
use axum::Router;
use axum::body::Body;
use bytes::{Buf, BufMut, Bytes};
use futures::StreamExt;
use futures::stream::BoxStream;
use http::{HeaderMap, Request, Response, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use teahouse_proto::{DESCRIPTORS, Event};
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Code, Status};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// The head of a message: a flag and the length.
const MESSAGE_HEAD: usize = 5;
/// A request must be there this long after it began.
const REQUEST_WITHIN: Duration = Duration::from_secs(30);
/// First size of the buffer of each call, and how much of a stream is gathered before it is written.
const BUFFERS: (usize, usize) = (1024, 32 * 1024);
/// How long browsers may remember what an origin may do.
const CORS_MAX_AGE: Duration = Duration::from_secs(3600);

/// Routes of all services. The reporter says on the standard health service how the server is.
pub(super) async fn routes(gate: &Arc<Gate>) -> (Router, HealthReporter) {
    let (reporter, health) = tonic_health::server::health_reporter();
    report(&reporter, gate, ServingStatus::Serving).await;
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let v1 = reflection().build_v1().expect("generated descriptors are valid");
    let v1alpha = reflection().build_v1alpha().expect("generated descriptors are valid");
    let table = gate.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let gate = table.clone();
        async move { Ok::<_, std::convert::Infallible>(serve(gate, request).await) }
    });
    let router = Router::new()
        .route_service("/grpc.health.v1.Health/{method}", health)
        .route_service("/grpc.reflection.v1.ServerReflection/{method}", v1)
        .route_service("/grpc.reflection.v1alpha.ServerReflection/{method}", v1alpha)
        .route_service("/{service}/{method}", service)
        // Around routes only: it answers 400 to whatever else comes by HTTP/1.
        .route_layer(tonic_web::GrpcWebLayer::new())
        .route_layer(cors(gate));
    (router, reporter)
}

/// Tells the state of the server and of each service.
pub(super) async fn report(reporter: &HealthReporter, gate: &Gate, status: ServingStatus) {
    reporter.set_service_status("", status).await;
    for row in gate.methods.rows() {
        reporter.set_service_status(row.info.service(), status).await;
    }
}

/// What browsers need to know before gRPC-web calls from other origins.
fn cors(gate: &Arc<Gate>) -> CorsLayer {
    let peers = gate.clone();
    let names = |names: &[&'static str]| {
        names.iter().map(|&n| header::HeaderName::from_static(n)).collect::<Vec<_>>()
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| {
            origin.to_str().is_ok_and(|o| peers.peers.lets_in(o))
        }))
        .allow_methods([http::Method::POST])
        .allow_headers(names(&[
            "authorization",
            "content-type",
            "grpc-timeout",
            "x-grpc-web",
            "x-user-agent",
        ]))
        .expose_headers(names(&["grpc-status", "grpc-message", "teahouse-reason", "teahouse-retry-after-ms"]))
        .max_age(CORS_MAX_AGE)
}

/// The address of the socket that a request came by.
#[derive(Clone, Copy, Debug)]
pub(super) struct SocketAddress(pub(super) IpAddr);

async fn serve(gate: Arc<Gate>, request: Request<Body>) -> Response<tonic::body::Body> {
    let path = request.uri().path().trim_start_matches('/');
    let Ok(method) = gate.methods.find(path) else {
        return Status::unimplemented("").into_http();
    };
    let info = method.info;
    let socket = *request.extensions().get::<SocketAddress>().expect("set for each request");
    let (caller, timeout) = match open(&gate, request.headers(), socket).await {
        Ok(opened) => opened,
        Err(e) => return e.to_status().into_http(),
    };
    UnderWay::note_caller(request.extensions(), &caller);
    // Who is not signed in makes the server hold little, and nothing for calls that would be refused.
    if let Err(e) = call::admit(method, &caller) {
        return e.to_status().into_http();
    }
    let limit = if caller.session.is_some() { MESSAGE_MAX } else { SIGN_IN_MESSAGE_MAX };
    let request = match whole(request, limit).await {
        Ok(request) => request,
        Err(status) => return status.into_http(),
    };
    let mut grpc = tonic::server::Grpc::new(Raw).max_decoding_message_size(MESSAGE_MAX);
    let call = |gate: Arc<Gate>, caller: Caller, body: Bytes| async move {
        let row = gate.methods.find(info.path)?;
        gate.methods.call(row, caller, body, timeout).await
    };
    if info.streams {
        let service = tower::service_fn(move |request: tonic::Request<Bytes>| {
            let (gate, caller) = (gate.clone(), caller.clone());
            async move {
                let drain = gate.drain.clone();
                match call(gate, caller, request.into_inner()).await {
                    Ok(Answer::Stream(events)) => Ok(tonic::Response::new(outgoing(events, drain))),
                    Ok(Answer::Unary(_)) => Err(Status::internal("not a stream")),
                    Err(e) => Err(status(&e)),
                }
            }
        });
        grpc.server_streaming(service, request).await
    } else {
        let service = tower::service_fn(move |request: tonic::Request<Bytes>| {
            let (gate, caller) = (gate.clone(), caller.clone());
            async move {
                match call(gate, caller, request.into_inner()).await {
                    Ok(Answer::Unary(body)) => Ok(tonic::Response::new(Outgoing::Response(body))),
                    Ok(Answer::Stream(_)) => Err(Status::internal("a stream")),
                    Err(e) => Err(status(&e)),
                }
            }
        });
        grpc.unary(service, request).await
    }
}

/// Who calls, and how long it may take.
async fn open(gate: &Gate, headers: &HeaderMap, socket: SocketAddress) -> Result<(Caller, Option<Duration>)> {
    let address = gate.peers.client(socket.0, headers);
    gate.peers.check_origin(headers)?;
    let session = match bearer(headers) {
        None => None,
        Some(token) => match gate.sign_in(token, address).await {
            Ok(session) => Some(session),
            // A dead token must not keep anybody from signing in: the table knows what needs a session.
            Err(e) if e.kind() == Kind::Unauthenticated => None,
            Err(e) => return Err(e),
        },
    };
    let timeout = headers.get("grpc-timeout").and_then(|t| parse_timeout(t.to_str().ok()?));
    let program = if session.is_none() { peer::program(headers) } else { None };
    Ok((Caller { session, address, program }, timeout))
}

/// `"250m"` → 250 ms (the gRPC specification, "gRPC over HTTP2").
fn parse_timeout(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if number.len() > 8 || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = number.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// Reads the request to its end: all methods take one message.
async fn whole(request: Request<Body>, limit: usize) -> Result<Request<Full<Bytes>>, Status> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, limit + MESSAGE_HEAD).collect();
    match tokio::time::timeout(REQUEST_WITHIN, body).await {
        Ok(Ok(body)) => {
            let body = body.to_bytes();
            check_message(&body, parts.headers.contains_key("grpc-encoding"))?;
            Ok(Request::from_parts(parts, Full::new(body)))
        }
        Ok(Err(e)) if e.is::<LengthLimitError>() => {
            let error = Error::invalid(
                "MESSAGE_TOO_LONG",
                "A request is at most 1 MiB long, and 64 KiB without a session.",
            );
            Err(error.to_status())
        }
        Ok(Err(_)) => Err(Status::cancelled("the request broke off")),
        Err(_) => Err(Status::deadline_exceeded("the request did not come in time")),
    }
}

/// One message and nothing else. `may_be_compressed` where a header names how; whether that is understood is judged
/// by those who decode it.
fn check_message(body: &[u8], may_be_compressed: bool) -> Result<(), Status> {
    let is_whole = body.split_first_chunk::<MESSAGE_HEAD>().is_some_and(|([flag, length @ ..], message)| {
        *flag <= u8::from(may_be_compressed) && u32::from_be_bytes(*length) as usize == message.len()
    });
    is_whole.then_some(()).ok_or_else(|| {
        let message =
            "The request is not one gRPC message: a flag of 0, its length in four bytes, and so many bytes.";
        Error::invalid("MALFORMED", message).to_status()
    })
}

fn status(error: &Error) -> Status {
    let status = error.to_status();
    if error.reason() != "DEADLINE_EXCEEDED" {
        return status;
    }
    // gRPC has a code of its own for this.
    Status::with_metadata(Code::DeadlineExceeded, status.message(), status.metadata().clone())
}

fn outgoing(
    events: Events,
    drain: tokio_util::sync::CancellationToken,
) -> BoxStream<'static, Result<Outgoing, Status>> {
    let ended = drain.clone();
    events
        .map(|event| event.map(Outgoing::Event).map_err(|e| status(&e)))
        .take_until(drain.cancelled_owned())
        .chain(
            futures::stream::once(async move { ended.is_cancelled().then(|| Err(draining().to_status())) })
                .filter_map(std::future::ready),
        )
        .boxed()
}

/// Messages that are encoded already.
enum Outgoing {
    Response(Bytes),
    Event(Event<()>),
}

#[derive(Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Outgoing;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Outgoing;
    type Error = Status;

    fn encode(&mut self, item: Outgoing, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        match item {
            Outgoing::Response(body) => out.put(body),
            Outgoing::Event(event) => {
                out.put_slice(event.shared.bytes());
                out.put_slice(&event.own);
            }
        }
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(BUFFERS.0, BUFFERS.1)
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, input: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(input.copy_to_bytes(input.remaining())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_timeouts_as_the_specification_writes_them() {
        assert_eq!(parse_timeout("250m"), Some(Duration::from_millis(250)));
        assert_eq!(parse_timeout("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        assert_eq!(parse_timeout("1u"), Some(Duration::from_micros(1)));
        for bad in ["", "m", "-1S", "1", "123456789S", "1x", "é", "+1S"] {
            assert_eq!(parse_timeout(bad), None, "{bad:?}");
        }
    }
}
