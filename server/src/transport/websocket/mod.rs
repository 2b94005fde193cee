//! WebSocket `/v1/ws`: the handshake (RFC 6455, section 4), then one task per socket. The codec is our own, because an
//! idle socket must cost next to nothing and a frozen one no more than a fixed amount.

mod calls;
mod connection;
mod envelope;
mod frame;
mod patience;
mod socket;
#[cfg(test)]
mod tests;

use super::accept;
use super::grpc::SocketAddress;
use super::{Gate, bearer, draining, peer};
use crate::call::Caller;
use crate::error::{Error, Kind, Result};
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use connection::Connection;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use std::pin::Pin;
use std::sync::Arc;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Answers the handshake and lets the socket live on in a task of its own.
pub(super) async fn upgrade(State(gate): State<Arc<Gate>>, mut request: Request) -> Response {
    let key = match handshake_key(&request) {
        Ok(key) => key,
        Err(answer) => return *answer,
    };
    let socket = *request.extensions().get::<SocketAddress>().expect("set for each request");
    let caller = match caller(&gate, request.headers(), socket).await {
        Ok(caller) => caller,
        Err(error) => return refuse(&error),
    };
    let on_upgrade = hyper::upgrade::on(&mut request);
    let task = gate.tasks.clone();
    task.spawn(live(gate, on_upgrade, caller));
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, key);
    answer
}

async fn live(gate: Arc<Gate>, on_upgrade: OnUpgrade, caller: Caller) {
    let Ok(upgraded) = on_upgrade.await else { return };
    if let Some(connection) = connection(gate, upgraded, caller) {
        metrics::gauge!("teahouse_websockets").increment(1);
        connection.await;
        metrics::gauge!("teahouse_websockets").decrement(1);
    }
}

/// A function of its own, so that nothing of HTTP outlives it: an empty `read_buf` still holds hyper's buffer.
fn connection(
    gate: Arc<Gate>,
    upgraded: Upgraded,
    caller: Caller,
) -> Option<Pin<Box<Connection<accept::Connection>>>> {
    let parts = downcast::<TokioIo<accept::Connection>>(upgraded).ok()?;
    Some(Box::pin(Connection::new(gate, parts.io.into_inner(), &parts.read_buf, caller)))
}

/// The answer to the client's key, or to a request that is no handshake.
fn handshake_key(request: &Request) -> Result<HeaderValue, Box<Response>> {
    let headers = request.headers();
    let is_handshake = request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && names(headers, &header::CONNECTION, "upgrade")
        && names(headers, &header::UPGRADE, "websocket");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| is_handshake);
    let known = headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|v| v == "13");
    let Some(key) = key.filter(|_| known) else {
        let needed = [(header::SEC_WEBSOCKET_VERSION, "13"), (header::UPGRADE, "websocket")];
        let answer = (StatusCode::UPGRADE_REQUIRED, needed, "This is a WebSocket: see docs/PROTOCOL.md.\n");
        return Err(Box::new(answer.into_response()));
    };
    let accept = derive_accept_key(key.as_bytes());
    Ok(HeaderValue::try_from(accept).expect("base64 is a header value"))
}

/// Whether a header, a list of tokens, names this one.
fn names(headers: &HeaderMap, header: &header::HeaderName, token: &str) -> bool {
    let values = headers.get_all(header).iter().filter_map(|v| v.to_str().ok());
    values.flat_map(|v| v.split(',')).any(|t| t.trim().eq_ignore_ascii_case(token))
}

async fn caller(gate: &Gate, headers: &HeaderMap, socket: SocketAddress) -> Result<Caller> {
    gate.peers.check_origin(headers)?;
    if gate.drain.is_cancelled() {
        return Err(draining());
    }
    let address = gate.peers.client(socket.0, headers);
    let session = match bearer(headers) {
        Some(token) => Some(gate.sign_in(token, address).await?),
        None => None,
    };
    let program = if session.is_none() { peer::program(headers) } else { None };
    Ok(Caller { session, address, program })
}

/// A handshake that is refused has no frames yet: the failure comes as JSON with a status of HTTP.
fn refuse(error: &Error) -> Response {
    let status = match error.kind() {
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::FORBIDDEN,
    };
    let body = serde_json::json!({ "reason": error.reason(), "message": error.message() });
    (status, Json(body)).into_response()
}
