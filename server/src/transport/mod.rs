//! How bytes arrive: one port for gRPC, gRPC-web, WebSocket and the operator's pages. It knows the method table,
//! never features.

mod accept;
mod activity;
mod grpc;
mod http;
mod json;
mod peer;
mod rooms;
mod stream;
pub mod tls;
mod websocket;

pub use accept::{NetworkConfig, Port, Server};
pub use peer::Peers;

use crate::call::{Caller, Methods, Session};
use crate::error::{Error, Kind, Result};
use crate::random::Random;
use crate::settings;
use json::Json;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The longest frame and the longest gRPC message, in bytes.
const MESSAGE_MAX: usize = 1024 * 1024;
/// The longest message of a client that is not signed in.
const SIGN_IN_MESSAGE_MAX: usize = 64 * 1024;
/// Calls under way may take this long when the server stops.
const DRAIN_GRACE: Duration = Duration::from_secs(20);

settings! {
    /// Settings `[metrics]`.
    pub struct MetricsConfig {
        /// Whoever sends this as `Authorization: Bearer …` may read /metrics from another machine; at least 16
        /// characters. Without it, whoever sends the content of operator.token in the data directory.
        token: Option<String> = None,
    }
}

/// Text of the operator's metrics page.
pub type RenderMetrics = Box<dyn Fn() -> String + Send + Sync>;

/// What all connections share.
pub struct Gate {
    methods: Methods,
    json: Json,
    peers: Peers,
    random: Random,
    metrics: (MetricsConfig, RenderMetrics),
    /// Cancelled when the server begins to stop.
    drain: CancellationToken,
    /// The tasks of all connections.
    tasks: TaskTracker,
}

impl Gate {
    /// The way in to `methods`.
    pub fn new(
        methods: Methods,
        peers: Peers,
        random: Random,
        metrics: (MetricsConfig, RenderMetrics),
    ) -> Arc<Self> {
        Arc::new(Self {
            methods,
            json: Json::new(),
            peers,
            random,
            metrics,
            drain: CancellationToken::new(),
            tasks: TaskTracker::new(),
        })
    }

    /// The method table.
    pub fn methods(&self) -> &Methods {
        &self.methods
    }

    /// The session of a token. Wrong tokens draw on the allowance of the address; right ones cost nothing, so that
    /// an office full of devices may come back at once.
    async fn sign_in(&self, token: &str, address: IpAddr) -> Result<Arc<Session>> {
        let session = self.methods.authenticate(token).await;
        if session.is_err() {
            self.methods.draw_open(&Caller::new(None, address))?;
        }
        session
    }
}

/// What streams and new calls get when the server stops.
fn draining() -> Error {
    let message = "The server is stopping. Connect again in a few seconds.";
    Error::new(Kind::Unavailable, "SHUTTING_DOWN", message)
}

/// The token of an `Authorization: Bearer …` header.
fn bearer(headers: &::http::HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(::http::header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
