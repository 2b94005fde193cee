//! Plain pages, and the handshake of WebSocket.

use crate::rig::*;
use teahouse_server::app::Running;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

#[tokio::test]
async fn plain_pages() {
    let server = start(&[]).await;
    let get = |path: &str| {
        let line = format!("GET {path}");
        let server = &server;
        async move { ask(server, &line, &[], b"").await }
    };
    let greeting = get("/").await;
    assert!(greeting.contains("messaging server") && status(&greeting) == 200, "{greeting}");
    assert!(get("/healthz").await.ends_with("ok\n"));
    assert!(get("/readyz").await.ends_with("ready\n"));
    assert_eq!(status(&get("/nothing").await), 404);
    assert_eq!(status(&get("/nothing/here").await), 400, "looks like gRPC, and is none");
    assert_eq!(status(&ask(&server, "DELETE /healthz", &[], b"").await), 405);
}

#[tokio::test]
async fn metrics_are_for_this_machine_and_the_operator() {
    const TOKEN: &str = "Authorization: Bearer 0123456789abcdef";
    const FAR: &str = "X-Forwarded-For: 9.9.9.9";
    let plain = start(&[]).await;
    let read = async |server, headers: &[&str]| ask(server, "GET /metrics", headers, b"").await;
    let page = read(&plain, &[]).await;
    assert!(status(&page) == 200 && page.contains("teahouse_connections "), "{page}");
    assert!(page.contains("teahouse_resident_bytes "), "{page}");
    // A proxy on this machine of which the settings know nothing.
    for header in [FAR, "X-Forwarded-For: 127.0.0.1", "Forwarded: for=9.9.9.9", "X-Real-IP: 9.9.9.9"] {
        assert_eq!(status(&read(&plain, &[header]).await), 404, "{header}");
    }
    assert_eq!(status(&read(&plain, &[FAR, TOKEN]).await), 404, "no token is set");

    let guarded = start(&["trusted_proxies=127.0.0.0/8", "metrics.token=0123456789abcdef"]).await;
    assert_eq!(status(&read(&guarded, &[FAR]).await), 404);
    assert_eq!(status(&read(&guarded, &[FAR, TOKEN]).await), 200);
    assert_eq!(status(&read(&guarded, &[FAR, "Authorization: Bearer 0123456789abcdeX"]).await), 404);
    assert_eq!(
        status(&read(&guarded, &["X-Forwarded-For: 127.0.0.1"]).await),
        200,
        "the proxy's own machine"
    );
    let hidden = read(&guarded, &[FAR]).await;
    let absent = ask(&guarded, "GET /metricz", &[], b"").await;
    let body = |answer: &str| answer.split("\r\n\r\n").nth(1).map(str::to_owned);
    assert_eq!(body(&hidden), body(&absent), "as if it were not there");
}

#[tokio::test]
async fn the_credential_in_the_data_directory_reads_metrics_unless_the_settings_name_another() {
    async fn read(server: &Running, token: &str) -> u16 {
        let token = format!("Authorization: Bearer {token}");
        status(&ask(server, "GET /metrics", &["X-Forwarded-For: 9.9.9.9", &token], b"").await)
    }
    for (setting, credential_counts) in [("log.level=info", true), ("metrics.token=0123456789abcdef", false)]
    {
        let dir = tempfile::tempdir().unwrap();
        let data = format!("data={}", dir.path().display());
        let server = start(&["store.engine=sled", &data, "trusted_proxies=127.0.0.0/8", setting]).await;
        let credential = std::fs::read_to_string(dir.path().join("operator.token")).unwrap();
        let expected = if credential_counts { 200 } else { 404 };
        assert_eq!(read(&server, credential.trim()).await, expected, "{setting}");
        assert_eq!(read(&server, "0123456789abcdef").await, 604 - expected, "{setting}");
        assert_eq!(read(&server, "").await, 404);
        server.shutdown().await;
    }
}

#[tokio::test]
async fn the_handshake_is_that_of_rfc_6455() {
    let server = start(&[]).await;
    let (_stream, head) = handshake(&server, &[]).await;
    assert_eq!(status(&head), 101);
    // The example of section 1.3.
    assert!(head.to_lowercase().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    let plain = ask(&server, "GET /v1/ws", &[], b"").await;
    assert!(status(&plain) == 426 && plain.to_lowercase().contains("sec-websocket-version: 13"), "{plain}");
    let old =
        ["Upgrade: websocket", "Sec-WebSocket-Version: 8", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];
    assert_eq!(status(&ask(&server, "GET /v1/ws", &old, b"").await), 426);
}

#[tokio::test]
async fn web_pages_of_other_sites_are_refused() {
    let server = start(&["allowed_origins=https://chat.example", "public_url=https://tea.example"]).await;
    for (origin, expected) in [
        ("https://chat.example", 101),
        ("https://tea.example", 101),
        ("http://localhost:1", 101),
        ("https://evil.example", 403),
        ("https://chat.example.evil.example", 403),
        ("null", 403),
    ] {
        let (_stream, head) = handshake(&server, &[&format!("Origin: {origin}")]).await;
        assert_eq!(status(&head), expected, "{origin}");
    }
}

#[tokio::test]
async fn a_dead_token_is_refused_with_the_handshake() {
    let server = start(&[]).await;
    let (stream, head) = handshake(&server, &["Authorization: Bearer nothing"]).await;
    assert_eq!(status(&head), 401);
    let mut body = Vec::new();
    BufReader::new(stream).read_until(b'}', &mut body).await.unwrap();
    assert!(String::from_utf8_lossy(&body).contains(r#""reason":"UNAUTHENTICATED""#), "{body:?}");
}

#[tokio::test]
async fn connections_have_a_cap() {
    let server = start(&["network.max_connections=2"]).await;
    let (mut first, head) = handshake(&server, &[]).await;
    assert_eq!(status(&head), 101);
    let (_second, head) = handshake(&server, &[]).await;
    assert_eq!(status(&head), 101);
    assert_eq!(rest(&mut connect(&server).await).await, "", "closed without a word");
    // A masked close frame.
    first.write_all(&[0x88, 0x80, 0, 0, 0, 0]).await.unwrap();
    rest(&mut first).await;
    let begin = tokio::time::Instant::now();
    drop(first);
    while !ask_quietly(&server).await {
        assert!(begin.elapsed() < SOON, "the place is free again");
    }
}

/// Whether the server answers at all.
async fn ask_quietly(server: &teahouse_server::app::Running) -> bool {
    let mut stream = connect(server).await;
    let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    rest(&mut stream).await.contains("ok")
}
