//! Opens the TCP connection, encrypted where the address says so, from a chosen local address where one is wanted.
//! It knows nothing of what travels on it.

#[cfg(test)]
mod tests;

use crate::endpoint::Endpoint;
use crate::error::{Error, Result};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::client::TlsStream;

/// What the application speaks, named in the TLS handshake.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Alpn {
    Http1,
    Http2,
}

/// How to reach a server. Clones share the TLS settings.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    pub(crate) endpoint: Endpoint,
    /// Where connections start from; chosen by the system if absent.
    pub(crate) local_address: Option<IpAddr>,
    /// For the TCP and TLS handshakes together.
    pub(crate) timeout: Duration,
    tls: Option<Tls>,
}

#[derive(Clone, Debug)]
struct Tls {
    http1: Arc<rustls::ClientConfig>,
    http2: Arc<rustls::ClientConfig>,
}

impl Dialer {
    /// Trusts the authorities of `ca_file` (PEM), or those of the system without one.
    pub(crate) fn new(endpoint: Endpoint, ca_file: Option<&Path>, timeout: Duration) -> Result<Self> {
        let tls = if endpoint.is_secure() { Some(Tls::new(ca_file)?) } else { None };
        Ok(Self { endpoint, local_address: None, timeout, tls })
    }

    pub(crate) async fn dial(&self, alpn: Alpn) -> Result<Stream> {
        let opened = tokio::time::timeout(self.timeout, self.open(alpn)).await;
        opened
            .unwrap_or_else(|_| Err(self.unreachable(&format!("no answer in {} s", self.timeout.as_secs()))))
    }

    async fn open(&self, alpn: Alpn) -> Result<Stream> {
        let tcp = self.open_tcp().await?;
        let Some(tls) = &self.tls else { return Ok(Stream::Plain(tcp)) };
        let config = match alpn {
            Alpn::Http1 => tls.http1.clone(),
            Alpn::Http2 => tls.http2.clone(),
        };
        let name = ServerName::try_from(self.endpoint.host().to_owned())
            .map_err(|e| Error::misuse("SERVER_URL_INVALID", format!("The host has no valid name: {e}.")))?;
        let stream = tokio_rustls::TlsConnector::from(config).connect(name, tcp).await;
        stream.map(|s| Stream::Tls(Box::new(s))).map_err(|e| {
            Error::unreachable(format!(
                "{} is no server to trust: {e}. Where its authority is your own, give its certificate as CA file.",
                self.endpoint
            ))
        })
    }

    async fn open_tcp(&self) -> Result<TcpStream> {
        let found = tokio::net::lookup_host((self.endpoint.host(), self.endpoint.port())).await;
        let addresses = found.map_err(|e| self.unreachable(&format!("the name was not found ({e})")))?;
        let mut failure = "the name has no usable address".to_owned();
        for address in addresses {
            match self.open_to(address).await {
                Ok(Some(stream)) => {
                    // Frames are small and each waits for an answer; Nagle's algorithm would add its delay to every one.
                    stream.set_nodelay(true).map_err(|e| self.unreachable(&e.to_string()))?;
                    return Ok(stream);
                }
                Ok(None) => {}
                Err(e) => failure = e.to_string(),
            }
        }
        Err(self.unreachable(&failure))
    }

    /// `None` where the chosen local address is of the other family.
    async fn open_to(&self, address: SocketAddr) -> io::Result<Option<TcpStream>> {
        let Some(local) = self.local_address else { return TcpStream::connect(address).await.map(Some) };
        if local.is_ipv4() != address.is_ipv4() {
            return Ok(None);
        }
        let socket = if local.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.bind(SocketAddr::new(local, 0))?;
        socket.connect(address).await.map(Some)
    }

    fn unreachable(&self, why: &str) -> Error {
        Error::unreachable(format!(
            "Cannot reach {}: {why}. Check the address, and that the server runs.",
            self.endpoint
        ))
    }
}

impl Tls {
    fn new(ca_file: Option<&Path>) -> Result<Self> {
        let roots = match ca_file {
            Some(path) => roots_of(path)?,
            None => system_roots(),
        };
        let config = |alpn: &[u8]| -> Result<_> {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let mut config = rustls::ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .map_err(|e| Error::misuse("TLS_UNUSABLE", format!("TLS cannot be set up: {e}.")))?
                .with_root_certificates(roots.clone())
                .with_no_client_auth();
            config.alpn_protocols = vec![alpn.to_vec()];
            Ok(Arc::new(config))
        };
        Ok(Self { http1: config(b"http/1.1")?, http2: config(b"h2")? })
    }
}

fn roots_of(path: &Path) -> Result<rustls::RootCertStore> {
    let wrong = |why: String| {
        Error::misuse("CA_FILE_INVALID", format!("{} is no file of certificates: {why}.", path.display()))
    };
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| wrong(e.to_string()))? {
        let certificate = certificate.map_err(|e| wrong(e.to_string()))?;
        roots.add(certificate).map_err(|e| wrong(e.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("it holds none in PEM form".to_owned()));
    }
    Ok(roots)
}

/// Some systems carry certificates that rustls does not understand; the others still serve.
fn system_roots() -> rustls::RootCertStore {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// A connection to a server.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_read(cx, buffer),
            Self::Tls(s) => Pin::new(s).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_write(cx, bytes),
            Self::Tls(s) => Pin::new(s).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_flush(cx),
            Self::Tls(s) => Pin::new(s).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_shutdown(cx),
            Self::Tls(s) => Pin::new(s).poll_shutdown(cx),
        }
    }
}
