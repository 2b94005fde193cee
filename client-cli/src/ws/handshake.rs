//! The opening handshake (RFC 6455, section 4.1). tungstenite has one too, but a socket opened by it keeps the 4 KiB buffer
//! that its answer was read into as long as it lives, more than everything else that an idle socket needs.

use super::PATH;
use crate::PROGRAM;
use crate::dial::{Dialer, Stream};
use crate::error::{Error, Kind, Result};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};

/// Longest answer of a server, as a guard against something else that listens there.
const MAX_ANSWER_BYTES: usize = 8 << 10;
/// Headers in an answer.
const MAX_HEADERS: usize = 64;

/// Turns a connection into a WebSocket. Gives what the server sent after its answer, usually nothing.
pub(super) async fn shake_hands(dialer: &Dialer, stream: &mut Stream) -> Result<Vec<u8>> {
    let key = generate_key();
    let request = format!(
        "GET {PATH} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nUser-Agent: {PROGRAM}\r\n\r\n",
        dialer.endpoint.authority()
    );
    let broken =
        |e: io::Error| Error::unreachable(format!("The connection to {} broke: {e}.", dialer.endpoint));
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let mut answer = Vec::new();
    let mut chunk = [0; 512];
    loop {
        match stream.read(&mut chunk).await.map_err(broken)? {
            0 => return Err(broken(io::ErrorKind::UnexpectedEof.into())),
            n => answer.extend_from_slice(&chunk[..n]),
        }
        if let Some(head_len) = judge(dialer, &answer, &key)? {
            return Ok(answer[head_len..].to_vec());
        }
        if answer.len() > MAX_ANSWER_BYTES {
            return Err(no_websocket(dialer, "its answer is too long"));
        }
    }
}

/// The length of the answer's head, once it is there and accepts.
fn judge(dialer: &Dialer, answer: &[u8], key: &str) -> Result<Option<usize>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let parsed = head.parse(answer).map_err(|e| no_websocket(dialer, &e.to_string()))?;
    let httparse::Status::Complete(len) = parsed else { return Ok(None) };
    let header = |name: &str| {
        let found = head.headers.iter().find(|h| h.name.eq_ignore_ascii_case(name));
        found.and_then(|h| std::str::from_utf8(h.value).ok()).unwrap_or_default()
    };
    let status = head.code.unwrap_or_default();
    if status != 101 {
        let wait = header("retry-after").parse().ok().map(Duration::from_secs);
        return Err(refused(dialer, status, head.reason.unwrap_or_default()).retry_after_opt(wait));
    }
    let upgrades = header("connection").split(',').any(|word| word.trim().eq_ignore_ascii_case("upgrade"));
    if !upgrades || !header("upgrade").eq_ignore_ascii_case("websocket") {
        return Err(no_websocket(dialer, "it switches to another protocol"));
    }
    if header("sec-websocket-accept") != derive_accept_key(key.as_bytes()) {
        return Err(no_websocket(dialer, "its answer is for another question"));
    }
    Ok(Some(len))
}

fn no_websocket(dialer: &Dialer, why: &str) -> Error {
    Error::unreachable(format!("{} does not speak WebSocket: {why}.", dialer.endpoint))
}

fn refused(dialer: &Dialer, status: u16, phrase: &str) -> Error {
    let (kind, reason) = match status {
        401 => (Kind::Unauthenticated, "UNAUTHENTICATED"),
        403 => (Kind::Forbidden, "FORBIDDEN"),
        429 => (Kind::RateLimited, "RATE_LIMITED"),
        500.. => (Kind::Unavailable, "UNAVAILABLE"),
        _ => (Kind::Unreachable, "UNREACHABLE"),
    };
    Error::new(kind, reason, format!("{} refused the WebSocket: {status} {phrase}.", dialer.endpoint))
}
