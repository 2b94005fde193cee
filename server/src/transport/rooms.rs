//! Plain HTTP that rooms answer themselves: before a request reaches its room it is known who calls, and their
//! allowance is drawn. The caller is in the request's extensions. It knows no room and no route.

use super::activity::UnderWay;
use super::grpc::SocketAddress;
use super::{Gate, bearer, draining};
use crate::call::{Caller, Class};
use crate::error::{Error, Kind, Result};
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::{HeaderMap, HeaderName, Method, header};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tower_http::cors::{AllowOrigin, CorsLayer, ExposeHeaders};

/// How long browsers may remember what an origin may do.
const CORS_MAX_AGE: Duration = Duration::from_secs(3600);
/// How far an upload is, and how long it will be.
const UPLOAD: [HeaderName; 2] =
    [HeaderName::from_static("upload-offset"), HeaderName::from_static("upload-length")];

/// The rooms' routes behind the door.
pub(super) fn behind_door(gate: &Arc<Gate>, rooms: Router) -> Router {
    if !rooms.has_routes() {
        return rooms;
    }
    rooms.route_layer(middleware::from_fn_with_state(gate.clone(), admit)).route_layer(cors(gate))
}

async fn admit(State(gate): State<Arc<Gate>>, mut request: Request, next: Next) -> Response {
    let socket = *request.extensions().get::<SocketAddress>().expect("set for each request");
    let caller = match caller(&gate, request.headers(), socket).await {
        Ok(caller) => caller,
        Err(error) => return error.into_response(),
    };
    UnderWay::note_caller(request.extensions(), &caller);
    let reads = request.method().is_safe();
    let class = match (reads, &caller.session) {
        (true, Some(_)) => Class::Read,
        (true, None) => Class::Public,
        (false, Some(_)) => Class::Chunk,
        (false, None) => Class::Open,
    };
    if let Err(error) = gate.methods.draw(class, &caller) {
        return error.into_response();
    }
    request.extensions_mut().insert(caller);
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    answer.unwrap_or_else(|_| {
        tracing::error!("panic in a room's answer to HTTP");
        Error::internal("panic in a room's answer to HTTP").into_response()
    })
}

/// Who calls. A dead token is as none: rooms know what needs a session.
async fn caller(gate: &Gate, headers: &HeaderMap, socket: SocketAddress) -> Result<Caller> {
    gate.peers.check_origin(headers)?;
    if gate.drain.is_cancelled() {
        return Err(draining());
    }
    let address = gate.peers.client(socket.0, headers);
    let session = match bearer(headers) {
        None => None,
        Some(token) => match gate.sign_in(token, address).await {
            Ok(session) => Some(session),
            Err(e) if e.kind() == Kind::Unauthenticated => None,
            Err(e) => return Err(e),
        },
    };
    let caller = Caller::new(session, address);
    if let Some(session) = &caller.session {
        session.came_from(caller.network());
    }
    Ok(caller)
}

/// What browsers need to know before pages of other origins send and fetch.
fn cors(gate: &Arc<Gate>) -> CorsLayer {
    let peers = gate.clone();
    let ask =
        [header::AUTHORIZATION, header::CONTENT_TYPE, header::RANGE, header::IF_RANGE, header::IF_NONE_MATCH];
    let told = [
        header::ACCEPT_RANGES,
        header::CONTENT_DISPOSITION,
        header::CONTENT_LENGTH,
        header::CONTENT_RANGE,
        header::ETAG,
        header::RETRY_AFTER,
    ];
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| {
            origin.to_str().is_ok_and(|o| peers.peers.lets_in(o))
        }))
        .allow_methods([Method::GET, Method::HEAD, Method::PUT])
        .allow_headers(ask.into_iter().chain(UPLOAD).collect::<Vec<_>>())
        .expose_headers(ExposeHeaders::list(told.into_iter().chain(UPLOAD)))
        .max_age(CORS_MAX_AGE)
}
