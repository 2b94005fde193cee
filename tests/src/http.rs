//! A client of plain HTTP/1.1 that may misbehave: one connection for each request, the head as the test writes it. It
//! knows no paths.

use crate::world::PATIENCE;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case, and values, as they came.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of this name; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// Everything but what differs with the moment.
    #[must_use]
    pub fn timeless(mut self) -> Self {
        self.headers.retain(|(name, _)| name != "date");
        self
    }

    /// The reason in a failure.
    ///
    /// # Panics
    /// Where it is none.
    pub fn reason(&self) -> String {
        let failure: serde_json::Value = serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)));
        failure["reason"].as_str().unwrap_or_default().to_owned()
    }
}

/// A request under way.
pub struct Request(TcpStream);

impl Request {
    /// Sends a head: `line` is "GET /v1/x", `headers` more lines.
    ///
    /// # Errors
    /// As the system's.
    pub async fn begin(url: &str, line: &str, headers: &[(&str, &str)]) -> io::Result<Self> {
        let host = url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).await?;
        let mut head = format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).await?;
        Ok(Self(stream))
    }

    /// Sends a piece of the body.
    ///
    /// # Errors
    /// As the system's.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await
    }

    /// Reads the answer.
    ///
    /// # Errors
    /// As the system's; `UnexpectedEof` where there is no whole answer, `TimedOut` where it does not come.
    pub async fn answer(mut self) -> io::Result<Answer> {
        let mut all = Vec::new();
        let read = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut all)).await?;
        // A server that answers early may close while there is something it has not read.
        if all.is_empty() {
            read?;
        }
        parse(&all).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// A whole request.
///
/// # Panics
/// Where there is no answer.
pub async fn request(url: &str, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let length = body.len().to_string();
    let mut all = headers.to_vec();
    if !body.is_empty() {
        all.push(("Content-Length", &length));
    }
    let mut request = Request::begin(url, line, &all).await.unwrap_or_else(|e| panic!("{line}: {e}"));
    // A server that refuses need not read.
    let _ = request.send(body).await;
    request.answer().await.unwrap_or_else(|e| panic!("{line}: {e}"))
}

fn parse(all: &[u8]) -> Option<Answer> {
    let end = all.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&all[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
    Some(Answer { status, headers, body: all[end + 4..].to_vec() })
}
