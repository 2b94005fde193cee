//! The few plain pages beside gRPC and WebSocket: a greeting, health, readiness, and metrics for the operator. It
//! knows no features.

use super::grpc::SocketAddress;
use super::rooms::behind_door;
use super::{Gate, bearer, websocket};
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use http::{StatusCode, header};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// One line for whoever opens the server in a browser.
const GREETING: &str = concat!(
    "Teahouse ",
    env!("CARGO_PKG_VERSION"),
    ", a messaging server: gRPC and gRPC-web here, WebSocket at /v1/ws, health at /healthz and /readyz.\n"
);
/// The format of Prometheus' text exposition.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All routes of the port. `rooms` are those that rooms bring.
pub(super) fn router(gate: &Arc<Gate>, grpc: Router, rooms: Router) -> Router {
    Router::new()
        .route("/", get(|| async { GREETING }))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/v1/ws", any(websocket::upgrade))
        .with_state(gate.clone())
        .merge(behind_door(gate, rooms))
        .merge(grpc)
        .fallback(unknown)
}

async fn ready(State(gate): State<Arc<Gate>>) -> Response {
    if gate.drain.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    "ready\n".into_response()
}

/// Who may not read them gets the answer for a page that does not exist.
async fn metrics(State(gate): State<Arc<Gate>>, request: Request) -> Response {
    if !may_read_metrics(&gate, &request) {
        return unknown(request).await;
    }
    ([(header::CONTENT_TYPE, PROMETHEUS)], (gate.metrics.1)()).into_response()
}

fn may_read_metrics(gate: &Gate, request: &Request) -> bool {
    let wanted = gate.metrics.0.token.as_deref();
    if let (Some(token), Some(wanted)) = (bearer(request.headers()), wanted) {
        return token.as_bytes().ct_eq(wanted.as_bytes()).into();
    }
    let Some(SocketAddress(socket)) = request.extensions().get() else { return false };
    // Behind a proxy on this machine everybody seems to come from loopback, so a forwarded request is believed only
    // where the proxy is.
    let is_forwarded =
        ["forwarded", "x-forwarded-for", "x-real-ip"].iter().any(|h| request.headers().contains_key(*h));
    if is_forwarded && !gate.peers.is_proxy(*socket) {
        return false;
    }
    gate.peers.client(*socket, request.headers()).to_canonical().is_loopback()
}

async fn unknown(request: Request) -> Response {
    let kind = request.headers().get(header::CONTENT_TYPE);
    if kind.is_some_and(|k| k.as_bytes().starts_with(b"application/grpc")) {
        return tonic::Status::unimplemented("").into_http::<axum::body::Body>();
    }
    (StatusCode::NOT_FOUND, "There is nothing here.\n").into_response()
}
