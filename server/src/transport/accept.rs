//! The port: accepts connections within their caps, hands them to HTTP, and stops in order. It knows no request.

use super::activity::{Activity, End, Watched};
use super::grpc::SocketAddress;
use super::stream::Stream;
use super::tls::Tls;
use super::{DRAIN_GRACE, Gate, MESSAGE_MAX, grpc, http};
use crate::call::Caller;
use axum::Router;
use axum::body::Body;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::Service;

/// Connections that the system may keep for us to accept.
const BACKLOG: u32 = 4096;
/// Pause after an error of `accept`, which is almost always a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The head of an HTTP/1 request must be complete within this.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// The longest head of a request in bytes.
const HEADERS_MAX: u32 = 16 * 1024;
/// HTTP/2: silence before a ping, and time for its answer.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(30));
/// HTTP/2: requests of one connection at the same time.
const STREAMS: u32 = 256;
/// HTTP/2: bytes of a response that wait for the client.
const SEND_BUFFER: usize = 64 * 1024;
/// Unsent bytes that the system keeps for a client before writing has to wait.
const UNSENT_MAX: u32 = 128 * 1024;
/// What remains of the 30 s in which the server must have stopped.
const LAST_GRACE: Duration = Duration::from_secs(5);

crate::settings! {
    /// Settings `[network]`.
    pub struct NetworkConfig {
        /// Connections at the same time.
        max_connections: usize = 100_000,
        /// Connections at the same time from one address (IPv4, or IPv6 /64). Loopback and trusted proxies may have
        /// more.
        max_connections_per_address: u32 = 200,
    }
}

/// The connections that are open.
struct Places {
    max: usize,
    max_per_address: u32,
    taken: Mutex<(usize, HashMap<IpAddr, u32>)>,
}

/// The place of one connection, free again when it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    address: Option<IpAddr>,
}

impl Places {
    /// `address` where it is counted.
    fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.0 >= self.max {
            return None;
        }
        if let Some(address) = address {
            let count = taken.1.entry(address).or_default();
            if *count >= self.max_per_address {
                return None;
            }
            *count += 1;
        }
        taken.0 += 1;
        metrics::gauge!("teahouse_connections").increment(1);
        Some(Place { places: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.0 -= 1;
        metrics::gauge!("teahouse_connections").decrement(1);
        if let Some(address) = self.address
            && let Some(count) = taken.1.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                taken.1.remove(&address);
            }
        }
    }
}

/// A port that is open, and whose callers wait to be accepted.
pub struct Port {
    listener: TcpListener,
    address: SocketAddr,
}

impl Port {
    /// Opens it.
    ///
    /// # Errors
    /// As the system's.
    pub fn open(listen: SocketAddr) -> io::Result<Self> {
        let socket = if listen.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(listen)?;
        let listener = socket.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Which it is, also where any free one was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// The server on its port.
pub struct Server {
    gate: Arc<Gate>,
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    places: Arc<Places>,
    router: Router,
    health: HealthReporter,
}

impl Server {
    /// On an open [`Port`]. Nothing is accepted before [`Server::run`]. `rooms` are routes that rooms answer themselves.
    pub async fn new(
        gate: Arc<Gate>,
        port: Port,
        network: &NetworkConfig,
        tls: Option<Arc<Tls>>,
        rooms: Router,
    ) -> Self {
        let Port { listener, .. } = port;
        let (grpc, health) = grpc::routes(&gate).await;
        let router = http::router(&gate, grpc, rooms);
        let places = Arc::new(Places {
            max: network.max_connections,
            max_per_address: network.max_connections_per_address,
            taken: Mutex::default(),
        });
        Self { gate, listener, tls, places, router, health }
    }

    /// Accepts until the gate is [stopped](Gate::stop).
    pub async fn run(self) {
        let drain = self.gate.drain.clone();
        while let Some(accepted) = drain.run_until_cancelled(self.listener.accept()).await {
            match accepted {
                Ok((tcp, from)) => self.welcome(tcp, from.ip()),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept connections");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        grpc::report(&self.health, &self.gate, ServingStatus::NotServing).await;
    }

    fn welcome(&self, tcp: TcpStream, from: IpAddr) {
        let caller = Caller::new(None, from);
        let is_counted = !from.to_canonical().is_loopback() && !self.gate.peers.is_proxy(from);
        let Some(place) = self.places.take(is_counted.then(|| caller.network())) else {
            metrics::counter!("teahouse_connections_refused_total").increment(1);
            return;
        };
        let socket = socket2::SockRef::from(&tcp);
        // Both make things faster or smaller; a system without them still works.
        let _ = (socket.set_tcp_nodelay(true), socket.set_tcp_notsent_lowat(UNSENT_MAX));
        let (gate, tls, router) = (self.gate.clone(), self.tls.clone(), self.router.clone());
        let connection = async move {
            // Who has not said a word when the server stops has nothing under way.
            let opened = gate.drain.run_until_cancelled(Stream::open(tcp, tls.as_deref(), place)).await;
            if let Some(Ok(stream)) = opened {
                serve(&gate, stream, router, SocketAddress(from)).await;
            }
        };
        self.gate.tasks.spawn(connection);
    }
}

/// What is under HTTP, and under a WebSocket after its handshake.
pub(super) type Connection = Stream<Place>;

async fn serve(gate: &Gate, stream: Connection, router: Router, from: SocketAddress) {
    let activity = Activity::new();
    let watch = activity.clone();
    let service = hyper::service::service_fn(move |mut request: ::http::Request<hyper::body::Incoming>| {
        let under_way = activity.begin();
        request.extensions_mut().insert(from);
        request.extensions_mut().insert(under_way.clone());
        let answer = router.clone().call(request.map(Body::new));
        async move { Ok::<_, Infallible>(answer.await?.map(|body| Watched::new(body, under_way))) }
    });
    let http = http_builder();
    let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let mut connection = Box::pin(connection);
    tokio::select! {
        result = &mut connection => {
            if let Err(error) = result {
                tracing::debug!(%error, "connection broke");
            }
            return;
        }
        end = watch.end() => if end == End::Stuck {
            tracing::debug!("a client does not take its answer");
            return;
        },
        () = gate.drain.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(DRAIN_GRACE, connection).await;
}

fn http_builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_buf_size(HEADERS_MAX as usize * 2);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEPALIVE.0)
        .keep_alive_timeout(KEEPALIVE.1)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADERS_MAX)
        .max_send_buf_size(SEND_BUFFER)
        .initial_stream_window_size(MESSAGE_MAX as u32 / 4)
        .initial_connection_window_size(MESSAGE_MAX as u32);
    builder
}

impl Gate {
    /// Stops in order: readiness goes down, the port closes, clients are told to come back, calls under way finish.
    /// Returns when all connections are closed, at the latest after 25 s.
    pub async fn stop(&self) {
        self.drain.cancel();
        self.tasks.close();
        if tokio::time::timeout(DRAIN_GRACE + LAST_GRACE, self.tasks.wait()).await.is_err() {
            tracing::warn!(connections = self.tasks.len(), "connections did not end in time");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_all_and_by_address() {
        let places = Arc::new(Places { max: 4, max_per_address: 2, taken: Mutex::default() });
        let address = |last: u8| Some(IpAddr::from([9, 9, 9, last]));
        let first = places.take(address(1)).unwrap();
        let _second = places.take(address(1)).unwrap();
        assert!(places.take(address(1)).is_none(), "two are all for one");
        let third = places.take(address(2)).unwrap();
        let _fourth = places.take(None).unwrap();
        assert!(places.take(None).is_none(), "four are all");
        drop((first, third));
        assert!(places.take(address(1)).is_some());
        assert_eq!(places.taken.lock().unwrap().0, 2);
        assert_eq!(places.taken.lock().unwrap().1.len(), 1, "addresses without connections are forgotten");
    }
}
