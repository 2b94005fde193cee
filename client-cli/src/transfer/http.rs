//! Plain HTTP/1.1 beside the transports, for files: one connection a request. It knows heads and bodies, no method.

use crate::connection::Connector;
use crate::dial::Alpn;
use crate::error::{Error, Kind, Result};
use crate::schema;
use bytes::Bytes;
use http::{HeaderName, Method, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use prost::Message as _;
use std::io;
use teahouse_proto::gateway::Failure;

/// What is sent.
pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// The longest failure that is read.
const MAX_FAILURE_BYTES: usize = 64 * 1024;

/// Sends a request and waits for the head of the answer. What the server refused is an error.
pub(super) async fn ask(
    connector: &Connector,
    method: Method,
    path: &str,
    headers: &[(HeaderName, String)],
    body: Body,
) -> Result<Response<Incoming>> {
    let stream = connector.dialer().dial(Alpn::Http1).await?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|e| lost(&e))?;
    // Ends with the answer's body, or with the sender where none came.
    tokio::spawn(connection);
    let mut request = http::Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, connector.endpoint().authority());
    if let Some(token) = connector.token_text() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(body).map_err(|e| {
        Error::misuse("REQUEST_INVALID", format!("This makes no request: {e}. Check the id of the file."))
    })?;
    let answer = sender.send_request(request).await.map_err(|e| lost(&e))?;
    if answer.status().is_success() { Ok(answer) } else { Err(failure(answer).await) }
}

/// A connection that broke.
pub(super) fn lost(error: &dyn std::error::Error) -> Error {
    Error::lost(format!("The connection broke during the transfer: {error}."))
}

/// What the server said instead of doing it.
async fn failure(answer: Response<Incoming>) -> Error {
    let status = answer.status();
    let body = Limited::new(answer.into_body(), MAX_FAILURE_BYTES).collect().await;
    let said = body.ok().and_then(|body| {
        let text = String::from_utf8(body.to_bytes().to_vec()).ok()?;
        let bytes = schema::answer_from_json("teahouse.gateway.v1.Failure", &text).ok()?;
        Failure::decode(bytes).ok().filter(|failure| !failure.reason.is_empty())
    });
    match said {
        Some(failure) => Error::from_failure(failure),
        None => unspoken(status),
    }
}

/// An answer of something between here and the server.
fn unspoken(status: StatusCode) -> Error {
    let message = format!("The server answered {status}. Try again; check the address if it stays so.");
    match status {
        StatusCode::RANGE_NOT_SATISFIABLE => {
            Error::new(Kind::Conflict, "RANGE_NOT_SATISFIABLE", "The file changed. Fetch it from its start.")
        }
        StatusCode::NOT_FOUND => Error::new(Kind::NotFound, "MEDIA_NOT_FOUND", "You have no such file."),
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            Error::new(Kind::Unavailable, "HTTP", message)
        }
        _ => Error::protocol(message),
    }
}

/// No body.
pub(super) fn empty() -> Body {
    http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync()
}
