//! A WebSocket client that may misbehave: bytes on a TCP connection, frames as the test makes them, reading as slowly as
//! it likes. It knows RFC 6455 and nothing of what frames carry.

use crate::world::PATIENCE;
use std::io::{self, Cursor};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// The mask of all frames; any will do.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
/// The first bits of a frame's first byte.
pub const FINAL: u8 = 0x80;
/// Opcodes.
pub const TEXT: u8 = 1;
/// A message of bytes.
pub const BINARY: u8 = 2;
/// The end of a socket.
pub const CLOSE: u8 = 8;

/// What a server sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A whole message.
    Message(Vec<u8>),
    /// That it closes, with its code.
    Close(u16),
    /// The connection is gone.
    Gone,
}

/// A connection.
pub struct Raw {
    stream: TcpStream,
    /// What was read singly and belongs to no frame yet.
    early: Cursor<Vec<u8>>,
    input: Vec<u8>,
}

impl Raw {
    /// Connects, with at most so many bytes that the system takes in for it where that is given.
    ///
    /// # Errors
    /// As the system's.
    pub async fn connect(url: &str, receive_buffer: Option<u32>) -> io::Result<Self> {
        let address = url.trim_start_matches("http://").parse().map_err(io::Error::other)?;
        let socket = TcpSocket::new_v4()?;
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        let stream = tokio::time::timeout(PATIENCE, socket.connect(address)).await??;
        stream.set_nodelay(true)?;
        Ok(Self { stream, early: Cursor::default(), input: Vec::new() })
    }

    /// Connects and shakes hands.
    ///
    /// # Panics
    /// Where the server does not.
    pub async fn websocket(url: &str, token: Option<&str>, receive_buffer: Option<u32>) -> Self {
        let mut raw = Self::connect(url, receive_buffer).await.expect("a connection");
        let host = url.trim_start_matches("http://");
        let sign_in = token.map(|t| format!("Authorization: Bearer {t}\r\n")).unwrap_or_default();
        let request = format!(
            "GET /v1/ws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n{sign_in}\r\n"
        );
        raw.send(request.as_bytes()).await.expect("the server reads");
        let answer = tokio::time::timeout(PATIENCE, raw.head()).await.expect("an answer in time");
        let answer = answer.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
        raw
    }

    async fn head(&mut self) -> io::Result<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await?);
        }
        Ok(String::from_utf8_lossy(&head).into_owned())
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// Where the connection is gone, or the server takes nothing in time.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        tokio::time::timeout(PATIENCE, self.stream.write_all(bytes)).await?
    }

    /// Writes a whole message.
    ///
    /// # Errors
    /// As [`Raw::send`].
    pub async fn send_message(&mut self, opcode: u8, payload: &[u8]) -> io::Result<()> {
        self.send(&frame(FINAL | opcode, payload)).await
    }

    /// Says that no more comes; the other direction stays open.
    ///
    /// # Errors
    /// Where the connection is gone.
    pub async fn finish(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    /// Takes in one byte of what [`Raw::next`] gives later. Whether one came in time.
    pub async fn read_byte(&mut self, within: Duration) -> bool {
        match tokio::time::timeout(within, self.stream.read_u8()).await {
            Ok(Ok(byte)) => {
                self.early.get_mut().push(byte);
                true
            }
            _ => false,
        }
    }

    /// Everything up to the end of the connection.
    ///
    /// # Errors
    /// Where it does not end in time.
    pub async fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        let read = tokio::time::timeout(PATIENCE, self.stream.read_to_end(&mut all)).await?;
        // Reset is an end too.
        let _ = read;
        Ok(all)
    }

    /// What the server says next. Pings are passed over.
    ///
    /// # Errors
    /// Where it says nothing in time, or something that is no frame of a server.
    pub async fn next(&mut self) -> io::Result<Said> {
        tokio::time::timeout(PATIENCE, self.next_said()).await?
    }

    async fn next_said(&mut self) -> io::Result<Said> {
        loop {
            let (opcode, payload) = match self.read_frame().await {
                Ok(frame) => frame,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(error),
                Err(_) => return Ok(Said::Gone),
            };
            match opcode {
                TEXT | BINARY => return Ok(Said::Message(payload)),
                CLOSE => {
                    let code = payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                    return Ok(Said::Close(code));
                }
                _ => {}
            }
        }
    }

    async fn read_frame(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut from = (&mut self.early).chain(&mut self.stream);
        let (first, second) = (from.read_u8().await?, from.read_u8().await?);
        if first & 0x70 != 0 || first & FINAL == 0 || second & 0x80 != 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{first:#x} {second:#x}")));
        }
        let len = match second {
            126 => u64::from(from.read_u16().await?),
            127 => from.read_u64().await?,
            short => u64::from(short),
        };
        self.input.resize(usize::try_from(len).map_err(io::Error::other)?, 0);
        from.read_exact(&mut self.input).await?;
        Ok((first & 0x0f, std::mem::take(&mut self.input)))
    }
}

/// A frame of a client. `first`: its first byte.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u16::try_from(payload.len()) {
        Ok(len) if len < 126 => frame.push(0x80 | payload.len().to_le_bytes()[0]),
        Ok(len) => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&len.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_masked_and_of_three_lengths() {
        assert_eq!(frame(0x81, b"Hello"), [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
        assert_eq!(frame(0x82, &[0; 300])[..4], [0x82, 0xfe, 1, 44]);
        assert_eq!(frame(0x82, &[0; 70_000])[..10], [0x82, 0xff, 0, 0, 0, 0, 0, 1, 0x11, 0x70]);
    }
}
