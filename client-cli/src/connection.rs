//! A connection to a server by any of the three transports, with the same calls, streams and errors on each. It opens
//! one connection and never another: who wants to survive its loss uses a [`crate::Session`].

use crate::dial::Dialer;
use crate::endpoint::Endpoint;
use crate::error::{Error, Result};
use crate::grpc::Grpc;
use crate::schema;
use crate::ws::{Form, Socket};
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use prost::Message;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use teahouse_proto::gateway::GoAway;
use teahouse_proto::{Caller, MethodInfo};

/// How long the handshakes of a new connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a call may take, as the server's own default.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Unary calls under way on one WebSocket; as many as a server lets wait in one line.
const MAX_CALLS: usize = 32;

/// What carries the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// gRPC over HTTP/2.
    Grpc,
    /// WebSocket with Protobuf frames.
    Ws,
    /// WebSocket with JSON frames.
    WsJson,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Grpc, Self::Ws, Self::WsJson];

    /// As on the command line: `grpc`, `ws`, `ws-json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Ws => "ws",
            Self::WsJson => "ws-json",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Transport {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|t| t.name() == name);
        found.ok_or_else(|| {
            Error::misuse("TRANSPORT_UNKNOWN", format!("“{name}” is none of grpc, ws, ws-json."))
        })
    }
}

/// Opens connections to one server. Cheap to clone: clones share the TLS settings.
#[derive(Clone)]
pub struct Connector {
    dialer: Dialer,
    transport: Transport,
    token: Option<Arc<str>>,
    call_timeout: Duration,
    max_calls: usize,
}

/// Shows everything but the token.
impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signed_in = self.token.is_some();
        let (server, transport) = (&self.dialer.endpoint, self.transport);
        write!(f, "Connector({server}, {transport}, token: {signed_in})")
    }
}

impl Connector {
    /// To the server of this URL, over WebSocket with Protobuf frames, trusting the system's authorities.
    ///
    /// # Errors
    /// `SERVER_URL_INVALID`, `TLS_UNUSABLE`.
    pub fn new(server: &str) -> Result<Self> {
        let dialer = Dialer::new(Endpoint::parse(server)?, None, CONNECT_TIMEOUT)?;
        Ok(Self {
            dialer,
            transport: Transport::Ws,
            token: None,
            call_timeout: CALL_TIMEOUT,
            max_calls: MAX_CALLS,
        })
    }

    /// Uses another transport.
    #[must_use]
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// Signs connections in with a device's token.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Leaves connections signed out.
    #[must_use]
    pub fn signed_out(mut self) -> Self {
        self.token = None;
        self
    }

    /// Trusts the authorities of this PEM file instead of the system's. Without effect on plain-text addresses.
    ///
    /// # Errors
    /// `CA_FILE_INVALID`.
    pub fn ca_file(mut self, path: &Path) -> Result<Self> {
        let local_address = self.dialer.local_address;
        self.dialer = Dialer::new(self.dialer.endpoint, Some(path), self.dialer.timeout)?;
        self.dialer.local_address = local_address;
        Ok(self)
    }

    /// Starts connections from this address of this machine.
    #[must_use]
    pub fn local_address(mut self, address: IpAddr) -> Self {
        self.dialer.local_address = Some(address);
        self
    }

    /// How long the handshakes of a new connection may take. Default: 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.dialer.timeout = timeout;
        self
    }

    /// How long a call may take. Default: 30 s. Streams have no limit.
    #[must_use]
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = timeout;
        self
    }

    /// How many unary calls may be under way on one WebSocket; more wait here for their turn. Default: 32.
    #[must_use]
    pub fn max_calls(mut self, calls: usize) -> Self {
        self.max_calls = calls;
        self
    }

    /// The server.
    pub fn endpoint(&self) -> &Endpoint {
        &self.dialer.endpoint
    }

    pub(crate) fn dialer(&self) -> &Dialer {
        &self.dialer
    }

    pub(crate) fn token_text(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Opens a connection, signed in where there is a token.
    ///
    /// # Errors
    /// Of kind `Unreachable` where none came about; what the server answered to the token (over gRPC only the first
    /// call tells).
    pub async fn connect(&self) -> Result<Connection> {
        let road = match self.transport {
            Transport::Grpc => Road::Grpc(Box::pin(Grpc::open(&self.dialer)).await?),
            Transport::Ws => {
                Road::Ws(Box::pin(Socket::open(&self.dialer, Form::Protobuf, self.max_calls)).await?)
            }
            Transport::WsJson => {
                Road::Ws(Box::pin(Socket::open(&self.dialer, Form::Json, self.max_calls)).await?)
            }
        };
        let connection = Connection { road, timeout: self.call_timeout };
        if let Some(token) = &self.token {
            connection.sign_in(token).await?;
        }
        Ok(connection)
    }
}

/// An open connection. Clones share it; the last one closes it when dropped. Typed calls: `ChatClient(connection)`.
#[derive(Clone, Debug)]
pub struct Connection {
    road: Road,
    timeout: Duration,
}

#[derive(Clone, Debug)]
enum Road {
    Grpc(Grpc),
    Ws(Socket),
}

impl Connection {
    /// Opens a connection that is not signed in. [`Connector`] knows more ways.
    ///
    /// # Errors
    /// As [`Connector::new`] and [`Connector::connect`].
    pub async fn open(server: &str, transport: Transport) -> Result<Self> {
        Connector::new(server)?.transport(transport).connect().await
    }

    /// What carries the calls.
    pub fn transport(&self) -> Transport {
        match &self.road {
            Road::Grpc(_) => Transport::Grpc,
            Road::Ws(socket) => match socket.form() {
                Form::Protobuf => Transport::Ws,
                Form::Json => Transport::WsJson,
            },
        }
    }

    /// Makes this connection's later calls as the device of a token. Over gRPC the token is not tried here; the first
    /// call tells.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`.
    pub async fn sign_in(&self, token: &str) -> Result<()> {
        match &self.road {
            Road::Grpc(grpc) => grpc.sign_in(token),
            Road::Ws(socket) => socket.sign_in(token, self.timeout).await,
        }
    }

    /// The same connection with another limit for how long its calls may take.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { road: self.road.clone(), timeout }
    }

    /// What the server said about closing this connection, once it did. gRPC streams carry it in their error instead.
    pub fn go_away(&self) -> Option<GoAway> {
        match &self.road {
            Road::Grpc(_) => None,
            Road::Ws(socket) => socket.go_away(),
        }
    }

    /// Whether new calls on this connection are bound to fail. A gRPC channel reconnects by itself and never says so.
    pub fn is_over(&self) -> bool {
        match &self.road {
            Road::Grpc(_) => false,
            Road::Ws(socket) => socket.end().is_some() || socket.go_away().is_some(),
        }
    }

    /// Waits until the connection is over, and says why. Never over gRPC, whose channel reconnects by itself.
    pub async fn ended(&self) -> Error {
        match &self.road {
            Road::Grpc(_) => std::future::pending().await,
            Road::Ws(socket) => socket.ended().await,
        }
    }

    /// Closes the connection for all its clones. Calls under way fail. Over gRPC it closes when the last clone and
    /// stream are dropped.
    pub fn close(&self) {
        match &self.road {
            Road::Grpc(_) => {}
            Road::Ws(socket) => socket.close(),
        }
    }

    /// Calls the method of this path with a Protobuf body, whatever the transport.
    ///
    /// # Errors
    /// The server's, and those of the way. `METHOD_UNKNOWN` over JSON where this client does not know the method.
    pub async fn call_bytes(&self, path: &str, body: Bytes) -> Result<Bytes> {
        match &self.road {
            Road::Grpc(grpc) => grpc.unary(path, body, self.timeout).await,
            Road::Ws(socket) if socket.form() == Form::Protobuf => {
                socket.unary(path, body, self.timeout).await
            }
            Road::Ws(socket) => {
                let method = known(path)?;
                let body = schema::to_json(method.request, &body)?;
                let answer = socket.unary(path, body.into(), self.timeout).await?;
                from_json(method, &answer)
            }
        }
    }

    /// Opens the stream of this path with a Protobuf body, whatever the transport. What the server refuses comes as the
    /// only item.
    ///
    /// # Errors
    /// Those of the way.
    pub async fn stream_bytes(&self, path: &str, body: Bytes) -> Result<BoxStream<'static, Result<Bytes>>> {
        match &self.road {
            Road::Grpc(grpc) => Ok(grpc.stream(path, body).await?.boxed()),
            Road::Ws(socket) if socket.form() == Form::Protobuf => Ok(socket.stream(path, body)?.boxed()),
            Road::Ws(socket) => {
                let method = known(path)?;
                let body = schema::to_json(method.request, &body)?;
                let events = socket.stream(path, body.into())?;
                Ok(events.map(move |event| event.and_then(|e| from_json(method, &e))).boxed())
            }
        }
    }

    /// Calls a method with a JSON body; answers JSON. Over JSON frames both pass through untouched.
    ///
    /// # Errors
    /// `JSON_INVALID`, and as [`Connection::call_bytes`].
    pub async fn call_json(&self, path: &str, body: &str) -> Result<String> {
        match &self.road {
            Road::Ws(socket) if socket.form() == Form::Json => {
                let answer =
                    socket.unary(path, Bytes::copy_from_slice(body.as_bytes()), self.timeout).await?;
                text(&answer)
            }
            _ => {
                let method = known(path)?;
                let answer = self.call_bytes(path, schema::request_from_json(method.request, body)?).await?;
                schema::to_json(method.response, &answer)
            }
        }
    }

    /// Opens a stream with a JSON body; its events are JSON.
    ///
    /// # Errors
    /// As [`Connection::call_json`].
    pub async fn stream_json(&self, path: &str, body: &str) -> Result<BoxStream<'static, Result<String>>> {
        match &self.road {
            Road::Ws(socket) if socket.form() == Form::Json => {
                let events = socket.stream(path, Bytes::copy_from_slice(body.as_bytes()))?;
                Ok(events.map(|event| event.and_then(|e| text(&e))).boxed())
            }
            _ => {
                let method = known(path)?;
                let body = schema::request_from_json(method.request, body)?;
                let events = self.stream_bytes(path, body).await?;
                Ok(events.map(|event| event.and_then(|e| schema::to_json(method.response, &e))).boxed())
            }
        }
    }
}

fn known(path: &str) -> Result<&'static MethodInfo> {
    schema::method(path)
        .ok_or_else(|| Error::misuse("METHOD_UNKNOWN", format!("This client knows no method “{path}”.")))
}

fn text(json: &Bytes) -> Result<String> {
    let text = String::from_utf8(json.to_vec());
    text.map_err(|_| Error::protocol("The server's JSON is not UTF-8."))
}

fn from_json(method: &MethodInfo, json: &Bytes) -> Result<Bytes> {
    schema::answer_from_json(method.response, &text(json)?)
}

fn decode<A: Message + Default>(method: &MethodInfo, body: Bytes) -> Result<A> {
    A::decode(body)
        .map_err(|e| Error::protocol(format!("The server's answer is not a {}: {e}.", method.response)))
}

impl Caller for Connection {
    type Error = Error;

    async fn unary<Q: Message + 'static, A: Message + Default + 'static>(
        &self,
        method: &'static MethodInfo,
        request: Q,
    ) -> Result<A> {
        let body = request.encode_to_vec().into();
        drop(request);
        decode(method, self.call_bytes(method.path, body).await?)
    }

    async fn stream<Q: Message + 'static, A: Message + Default + 'static>(
        &self,
        method: &'static MethodInfo,
        request: Q,
    ) -> Result<BoxStream<'static, Result<A>>> {
        let body = request.encode_to_vec().into();
        drop(request);
        let events = self.stream_bytes(method.path, body).await?;
        Ok(events.and_then(move |event| std::future::ready(decode(method, event))).boxed())
    }
}
