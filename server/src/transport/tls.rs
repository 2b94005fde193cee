//! TLS: certificate and key from files, read again on demand without a restart. It knows no protocol above.

use arc_swap::ArcSwap;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

crate::settings! {
    /// Settings `[tls]`.
    pub struct TlsConfig {
        /// File with the certificate chain, PEM. Read again on SIGHUP.
        cert: Option<std::path::PathBuf> = None,
        /// File with the certificate's private key, PEM.
        key: Option<std::path::PathBuf> = None,
    }
}

/// A certificate in use.
pub struct Tls {
    cert: PathBuf,
    key: PathBuf,
    current: ArcSwap<ServerConfig>,
}

impl Tls {
    /// Reads the files; `None` where no certificate is set. The error says which file is wrong and why.
    pub fn load(config: &TlsConfig) -> Result<Option<Arc<Self>>, String> {
        match (&config.cert, &config.key) {
            (None, None) => Ok(None),
            (Some(cert), Some(key)) => {
                let current = ArcSwap::from_pointee(read(cert, key)?);
                Ok(Some(Arc::new(Self { cert: cert.clone(), key: key.clone(), current })))
            }
            _ => Err("tls.cert and tls.key belong together: set both or none".to_owned()),
        }
    }

    /// Reads the files again. New connections get the new certificate; after an error the old one stays in use.
    pub fn reload(&self) -> Result<(), String> {
        self.current.store(Arc::new(read(&self.cert, &self.key)?));
        Ok(())
    }

    pub(super) async fn accept(&self, tcp: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        TlsAcceptor::from(self.current.load_full()).accept(tcp).await
    }
}

fn read(cert: &Path, key: &Path) -> Result<ServerConfig, String> {
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| format!("tls.cert: {}: {e}", cert.display()))?;
    if chain.is_empty() {
        return Err(format!("tls.cert: {}: there is no certificate in it", cert.display()));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|e| format!("tls.key: {}: {e}", key.display()))?;
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|e| format!("tls: {} and {}: {e}", cert.display(), key.display()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
