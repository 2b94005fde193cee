//! Dialling against a listener: whom it trusts, where it starts from, what it says when nobody answers.

use super::*;
use crate::Kind;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const SOON: Duration = Duration::from_secs(20);

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn acceptor(authority: &CertifiedIssuer<'static, KeyPair>) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn tls_is_spoken_with_whom_the_ca_file_vouches_for_alone() {
    let (ours, other) = (authority(), authority());
    let dir = tempfile::tempdir().unwrap();
    let (trusted, foreign) = (dir.path().join("ours.pem"), dir.path().join("other.pem"));
    std::fs::write(&trusted, ours.pem()).unwrap();
    std::fs::write(&foreign, other.pem()).unwrap();

    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let acceptor = acceptor(&ours);
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            if let Ok(mut tls) = acceptor.accept(tcp).await {
                let alpn = tls.get_ref().1.alpn_protocol().unwrap_or_default().to_vec();
                tls.write_all(&alpn).await.unwrap();
                tls.shutdown().await.unwrap();
            }
        }
    });

    let endpoint = Endpoint::parse(&url).unwrap();
    let dialer = Dialer::new(endpoint.clone(), Some(&trusted), SOON).unwrap();
    for (alpn, name) in [(Alpn::Http1, "http/1.1"), (Alpn::Http2, "h2")] {
        let mut stream = dialer.dial(alpn).await.unwrap();
        let mut agreed = String::new();
        stream.read_to_string(&mut agreed).await.unwrap();
        assert_eq!(agreed, name);
    }
    for ca_file in [Some(foreign.as_path()), None] {
        let dialer = Dialer::new(endpoint.clone(), ca_file, SOON).unwrap();
        let error = dialer.dial(Alpn::Http1).await.expect_err("nobody vouches");
        assert!(error.kind() == Kind::Unreachable && error.message().contains("certificate"), "{error}");
    }
}

#[tokio::test]
async fn connections_start_from_the_chosen_address() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = Endpoint::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let mut dialer = Dialer::new(endpoint, None, SOON).unwrap();
    dialer.local_address = Some("127.0.0.9".parse().unwrap());
    let (stream, accepted) = tokio::join!(dialer.dial(Alpn::Http1), listener.accept());
    assert_eq!(accepted.unwrap().1.ip().to_string(), "127.0.0.9");
    drop(stream.unwrap());
    dialer.local_address = Some("::1".parse().unwrap());
    assert_eq!(dialer.dial(Alpn::Http1).await.expect_err("the other family").kind(), Kind::Unreachable);
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = Endpoint::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let error = Dialer::new(endpoint, None, SOON).unwrap().dial(Alpn::Http1).await.expect_err("closed");
    assert_eq!((error.kind(), error.is_passing()), (Kind::Unreachable, true));
    let unknown = Endpoint::parse("http://nobody.invalid:1").unwrap();
    let error = Dialer::new(unknown, None, SOON).unwrap().dial(Alpn::Http1).await.expect_err("no such name");
    assert_eq!(error.kind(), Kind::Unreachable);
}

#[test]
fn a_ca_file_without_certificates_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ca.pem");
    std::fs::write(&path, "tea").unwrap();
    let endpoint = Endpoint::parse("https://127.0.0.1:1").unwrap();
    for path in [path.as_path(), dir.path()] {
        let error = Dialer::new(endpoint.clone(), Some(path), SOON).expect_err("no certificates");
        assert_eq!((error.kind(), error.reason()), (Kind::Misuse, "CA_FILE_INVALID"));
    }
}
