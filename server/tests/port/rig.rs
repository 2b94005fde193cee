//! A server in this process on a free port, and plain clients of it.

use std::time::Duration;
use teahouse_server::app::{App, Overrides, Running};
use teahouse_server::config::{Config, Sources};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a test waits for what must happen.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Settings of a server in memory on a free port, with more from `KEY=VALUE`.
pub(crate) fn config(settings: &[&str]) -> Config {
    let standard = ["listen=127.0.0.1:0", "store.engine=memory", "accounts.password_memory_kib=64"];
    let pairs = standard.iter().chain(settings).map(|pair| pair.split_once('=').expect("KEY=VALUE"));
    let flags = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    Config::load(&Sources { flags, ..Sources::default() }).expect("the test's settings").0
}

pub(crate) async fn start(settings: &[&str]) -> Running {
    App::start(config(settings), Overrides::default()).await.expect("starts")
}

/// A connection to a server.
pub(crate) async fn connect(server: &Running) -> TcpStream {
    TcpStream::connect(server.address()).await.expect("the port is open")
}

/// Reads to the end of the connection.
pub(crate) async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset is an end too.
    let _ = timeout(SOON, stream.read_to_end(&mut answer)).await.expect("ends in time");
    String::from_utf8_lossy(&answer).into_owned()
}

/// One request of HTTP/1.1 and its whole answer.
pub(crate) async fn ask(server: &Running, line: &str, headers: &[&str], body: &[u8]) -> String {
    let mut stream = connect(server).await;
    let headers: String = headers.iter().map(|h| format!("{h}\r\n")).collect();
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    rest(&mut stream).await
}

/// The status of an answer.
pub(crate) fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or_else(|| panic!("no status: {answer:?}"))
}

/// The headers of a handshake, with more; gives the connection and the head of the answer.
pub(crate) async fn handshake(server: &Running, headers: &[&str]) -> (TcpStream, String) {
    let mut stream = connect(server).await;
    let more: String = headers.iter().map(|h| format!("{h}\r\n")).collect();
    let request = format!(
        "GET /v1/ws HTTP/1.1\r\nHost: localhost:1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let byte = timeout(SOON, stream.read_u8()).await.expect("answers in time");
        match byte {
            Ok(byte) => head.push(byte.into()),
            Err(_) => break,
        }
    }
    (stream, head)
}
