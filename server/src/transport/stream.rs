//! A connection, plain or encrypted, that guards itself against clients who never speak and never read. It knows no
//! protocol beyond its first bytes.

use super::tls::Tls;
use bytes::{Bytes, BytesMut};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;
use tokio_rustls::server::TlsStream;

/// How an HTTP/2 client begins (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Handshake and first bytes must be there within this: hyper waits for them for ever (hyper #3756).
const FIRST_BYTES_WITHIN: Duration = Duration::from_secs(10);
/// A connection that takes no byte this long is given up. Longer than the WebSocket's own patience, which ends with a
/// word to the client.
const STALLED: Duration = Duration::from_secs(75);

/// A connection after its first bytes, and what it holds as long as it lives.
pub(super) struct Stream<P> {
    io: Io,
    /// First bytes, read to see which protocol is spoken; not yet given out.
    early: Bytes,
    stalled: Option<Pin<Box<Sleep>>>,
    _place: P,
}

enum Io {
    Plain(TcpStream),
    Encrypted(Box<TlsStream<TcpStream>>),
}

/// Passes a call on to whichever it is.
macro_rules! with {
    ($io:expr, $each:ident => $call:expr) => {
        match $io {
            Io::Plain($each) => {
                let $each = Pin::new($each);
                $call
            }
            Io::Encrypted($each) => {
                let $each = Pin::new(&mut **$each);
                $call
            }
        }
    };
}

impl<P> Stream<P> {
    /// Waits for the handshake and for as many bytes as tell HTTP/1 from HTTP/2.
    pub(super) async fn open(tcp: TcpStream, tls: Option<&Tls>, place: P) -> io::Result<Self> {
        let open = async {
            let mut io = match tls {
                None => Io::Plain(tcp),
                Some(tls) => Io::Encrypted(Box::new(tls.accept(tcp).await?)),
            };
            let mut early = BytesMut::with_capacity(PREFACE.len());
            while early.len() < PREFACE.len() && PREFACE.starts_with(&early) {
                let read = match &mut io {
                    Io::Plain(io) => io.read_buf(&mut early).await?,
                    Io::Encrypted(io) => io.read_buf(&mut early).await?,
                };
                if read == 0 {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
                }
            }
            Ok((io, early.freeze()))
        };
        let (io, early) = tokio::time::timeout(FIRST_BYTES_WITHIN, open).await??;
        Ok(Self { io, early, stalled: None, _place: place })
    }

    /// An error where nothing could be written for too long.
    fn guard<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let sleep = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(STALLED)));
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<P: Unpin> AsyncRead for Stream<P> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.early.is_empty() {
            return with!(&mut self.io, io => io.poll_read(cx, out));
        }
        let n = self.early.len().min(out.remaining());
        out.put_slice(&self.early.split_to(n));
        if self.early.is_empty() {
            self.early = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<P: Unpin> AsyncWrite for Stream<P> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = with!(&mut self.io, io => io.poll_write(cx, bytes));
        self.guard(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = with!(&mut self.io, io => io.poll_write_vectored(cx, slices));
        self.guard(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Plain(io) => io.is_write_vectored(),
            Io::Encrypted(io) => io.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = with!(&mut self.io, io => io.poll_flush(cx));
        self.guard(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = with!(&mut self.io, io => io.poll_shutdown(cx));
        self.guard(cx, shut)
    }
}
