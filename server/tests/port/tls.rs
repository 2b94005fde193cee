//! TLS: served, read again, and demanded where others can reach the server.

use crate::rig::*;
use rustls_pki_types::{CertificateDer, ServerName};
use std::path::Path;
use std::sync::Arc;
use teahouse_server::app::{App, Overrides, Running};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Writes a new certificate for localhost and gives it.
fn certificate(dir: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(dir.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(dir.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

/// The greeting over TLS, and the protocol that was agreed on, for a client that trusts this certificate alone.
async fn greeting(server: &Running, trusted: &CertificateDer<'static>) -> std::io::Result<(String, Vec<u8>)> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, connect(server).await).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    Ok((answer, stream.get_ref().1.alpn_protocol().unwrap_or_default().to_vec()))
}

#[tokio::test]
async fn serves_tls_and_reads_the_certificate_again() {
    let dir = tempfile::tempdir().unwrap();
    let first = certificate(dir.path());
    let file = |name: &str, key: &str| format!("{key}={}", dir.path().join(name).display());
    let server = start(&[&file("cert.pem", "tls.cert"), &file("key.pem", "tls.key")]).await;
    assert!(server.url().starts_with("https://127.0.0.1:"), "{}", server.url());
    let (answer, protocol) = greeting(&server, &first).await.unwrap();
    assert!(answer.contains("messaging server") && protocol == b"http/1.1", "{answer}");

    let second = certificate(dir.path());
    assert!(greeting(&server, &second).await.is_err(), "not read yet");
    server.reload_certificate().unwrap();
    assert!(greeting(&server, &second).await.is_ok());
    assert!(greeting(&server, &first).await.is_err());

    std::fs::write(dir.path().join("cert.pem"), "nothing").unwrap();
    assert!(server.reload_certificate().unwrap_err().contains("cert.pem"));
    assert!(greeting(&server, &second).await.is_ok(), "the old one stays in use");
}

#[tokio::test]
async fn a_client_without_tls_gets_nothing() {
    let dir = tempfile::tempdir().unwrap();
    certificate(dir.path());
    let file = |name: &str, key: &str| format!("{key}={}", dir.path().join(name).display());
    let server = start(&[&file("cert.pem", "tls.cert"), &file("key.pem", "tls.key")]).await;
    let answer = ask(&server, "GET /", &[], b"").await;
    assert!(!answer.contains("Teahouse"), "{answer}");
}

#[tokio::test]
async fn a_missing_certificate_is_told() {
    let error =
        App::start(config(&["tls.cert=/nowhere/c.pem", "tls.key=/nowhere/k.pem"]), Overrides::default());
    let error = error.await.err().expect("does not start").to_string();
    assert!(error.contains("/nowhere/c.pem"), "{error}");
}
