//! A WebSocket over any byte stream: messages in, bytes out, both without blocking. It holds a buffer only while one
//! is needed, so an idle socket costs none. It knows nothing of calls.

use super::frame::{Decoder, Incoming, Opcode, Violation, write_head};
use bytes::{Bytes, BytesMut};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::io::poll_read_buf;

/// How much is read at once.
const READ_STEP: usize = 4 * 1024;

/// Why no more messages come.
#[derive(Debug)]
pub(super) enum Broken {
    /// The client does not keep to the protocol.
    Violation(Violation),
    /// The connection is gone.
    Gone,
}

/// A WebSocket after its handshake.
pub(super) struct Socket<S> {
    io: S,
    input: BytesMut,
    decoder: Decoder,
    out: Vec<u8>,
    /// How much of `out` is written.
    written: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// `early` is what the client sent right behind its handshake; messages are at most `limit` bytes long.
    pub(super) fn new(io: S, early: &Bytes, limit: usize) -> Self {
        Self {
            io,
            input: BytesMut::from(&early[..]),
            decoder: Decoder::new(limit),
            out: Vec::new(),
            written: 0,
        }
    }

    /// Changes how long messages may be.
    pub(super) fn set_limit(&mut self, limit: usize) {
        self.decoder.limit = limit;
    }

    /// The next message.
    pub(super) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, Broken>> {
        loop {
            match self.decoder.next(&mut self.input) {
                Ok(Some(message)) => return Poll::Ready(Ok(message)),
                Ok(None) => {}
                Err(violation) => return Poll::Ready(Err(Broken::Violation(violation))),
            }
            match self.poll_fill(cx) {
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(_) => return Poll::Ready(Err(Broken::Gone)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Reads and forgets until the client closes. Without it the system would reset the connection, and the client
    /// would lose what was written last.
    pub(super) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match ready!(self.poll_message(cx)) {
                Err(Broken::Gone) | Ok(Incoming::Close(_)) => return Poll::Ready(()),
                Err(Broken::Violation(_)) => self.input.clear(),
                Ok(_) => {}
            }
        }
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.input.is_empty() {
            // A fresh buffer: the old one is shared with the last message, and as big as the biggest one was.
            self.input = BytesMut::with_capacity(READ_STEP);
        } else if self.input.capacity() - self.input.len() < READ_STEP / 4 {
            self.input.reserve(READ_STEP);
        }
        let read = poll_read_buf(Pin::new(&mut self.io), cx, &mut self.input);
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
        read
    }

    /// Bytes that wait to be written.
    pub(super) fn unwritten(&self) -> usize {
        self.out.len() - self.written
    }

    /// Puts a frame behind what waits to be written. Its payload is `len` bytes, which `fill` appends.
    pub(super) fn push(&mut self, opcode: Opcode, len: usize, fill: impl FnOnce(&mut Vec<u8>)) {
        if self.written * 2 >= self.out.len() {
            self.out.drain(..self.written);
            self.written = 0;
        }
        self.out.reserve(len + 10);
        write_head(&mut self.out, opcode, len);
        let begin = self.out.len();
        fill(&mut self.out);
        debug_assert_eq!(self.out.len() - begin, len, "the head tells the length");
    }

    /// Writes what waits; gives how many bytes went out. `Pending` while some are left.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, went: &mut usize) -> Poll<io::Result<()>> {
        while self.written < self.out.len() {
            let n = ready!(Pin::new(&mut self.io).poll_write(cx, &self.out[self.written..]))?;
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += n;
            *went += n;
        }
        self.out = Vec::new();
        self.written = 0;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    /// Tells the client that nothing more comes.
    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
