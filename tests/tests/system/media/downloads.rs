//! Downloads: ranges, headers, and who may.

use super::*;
use teahouse_client::Transport;
use teahouse_tests::world::Setup;

#[tokio::test]
async fn a_part_is_what_the_headers_ask_for() {
    let mut world = World::start(Setup::over(Transport::Grpc)).await;
    let anna = world.person("anna").await;
    let content = content(1000, 4);
    let media = upload(&anna, file(content.len(), 1), &content).await;
    let get = format!("GET /v1/media/{}", media.media_id);
    for (range, status, told, bytes) in [
        ("bytes=0-99", 206, "bytes 0-99/1000", &content[..100]),
        ("bytes=500-600", 206, "bytes 500-600/1000", &content[500..=600]),
        ("bytes=990-", 206, "bytes 990-999/1000", &content[990..]),
        ("bytes=-10", 206, "bytes 990-999/1000", &content[990..]),
        ("bytes=999-5000", 206, "bytes 999-999/1000", &content[999..]),
        ("bytes=1000-", 416, "bytes */1000", &[]),
        ("bytes=-0", 416, "bytes */1000", &[]),
        ("bytes=0-1,5-6", 200, "", &content[..]),
        ("nonsense", 200, "", &content[..]),
    ] {
        let got = http(&world, &anna, &get, &[("Range", range)], b"").await;
        assert_eq!((got.status, got.header("content-range")), (status, told), "{range}");
        assert!(got.body == bytes, "{range}");
        assert_eq!(got.header("content-length"), bytes.len().to_string(), "{range}");
    }
    let whole = http(&world, &anna, &get, &[], b"").await;
    let etag = whole.header("etag");
    let range = ("Range", "bytes=0-9");
    assert_eq!(http(&world, &anna, &get, &[range, ("If-Range", etag)], b"").await.status, 206);
    assert_eq!(http(&world, &anna, &get, &[range, ("If-Range", "\"other\"")], b"").await.status, 200);
    let known = http(&world, &anna, &get, &[("If-None-Match", etag)], b"").await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    let head = http(&world, &anna, &get.replace("GET", "HEAD"), &[], b"").await;
    assert_eq!((head.status, head.body.len(), head.header("content-length")), (200, 0, "1000"));
    world.go_down().await;
}

#[tokio::test]
async fn downloads_cannot_harm_whoever_opens_them() {
    let mut world = World::start(Setup::over(Transport::Grpc)).await;
    let anna = world.person("anna").await;
    let page = b"<html><script>alert(1)</script></html>";
    let media = upload(&anna, file(page.len(), 1), page).await;
    let got = http(&world, &anna, &format!("GET /v1/media/{}", media.media_id), &[], b"").await;
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        ("content-disposition", "attachment; filename=\"tea time.txt\"; filename*=UTF-8''tea%20time.txt"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("cache-control", "private, max-age=86400"),
        ("accept-ranges", "bytes"),
    ] {
        assert_eq!(got.header(name), value, "{name}");
    }
    world.go_down().await;
}

#[tokio::test]
async fn whoever_is_not_entitled_gets_the_answer_for_what_never_was() {
    let mut world = World::start(Setup::over(Transport::Grpc)).await;
    let (anna, boris) = (world.person("anna").await, world.person("boris").await);
    boris.befriend(&anna).await;
    let media = upload(&anna, file(4, 1), b"leaf").await;
    let never = "AAAAAAAAAAAAAAAAAAAAAA";
    let begun = begin(&anna, file(9, 2)).await;
    for (path, absent) in [
        (format!("/v1/media/{}", media.media_id), format!("/v1/media/{never}")),
        (format!("/v1/media/{}/thumbnail", media.media_id), format!("/v1/media/{never}/thumbnail")),
        (format!("/v1/public/{}", media.media_id), format!("/v1/public/{never}")),
    ] {
        for method in ["GET", "HEAD"] {
            for headers in [&[][..], &[("Range", "bytes=9999-")], &[("If-None-Match", "*")]] {
                let hers = http(&world, &boris, &format!("{method} {path}"), headers, b"").await;
                let absent = http(&world, &boris, &format!("{method} {absent}"), headers, b"").await;
                assert_eq!(hers.status, 404, "{method} {path}");
                assert_eq!(hers.timeless(), absent.timeless(), "{method} {path}");
            }
        }
    }
    for line in ["PUT", "HEAD"] {
        let hers = http(&world, &boris, &format!("{line} /v1/uploads/{begun}"), &[], b"tea").await;
        let absent = http(&world, &boris, &format!("{line} /v1/uploads/{never}"), &[], b"tea").await;
        assert_eq!(hers.status, 404, "{line}");
        assert_eq!(hers.timeless(), absent.timeless(), "{line}");
    }
    assert_eq!(how_far(&anna, &begun).await.offset, 0);

    // Without a session, or with one in the address, there is nothing.
    let line = format!("GET /v1/media/{}", media.media_id);
    for (line, token) in [
        (line.clone(), "Bearer nonsense"),
        (line.clone(), "Basic YTpi"),
        (format!("{line}?token={}", anna.token()), ""),
        (format!("PUT /v1/uploads/{begun}"), "Bearer nonsense"),
    ] {
        let got = request(&world.url(), &line, &[("Authorization", token)], b"").await;
        assert_eq!((got.status, got.reason()), (401, "UNAUTHENTICATED".to_owned()), "{line}");
    }
    let evil = http(&world, &anna, &line, &[("Origin", "https://evil.example")], b"").await;
    assert_eq!((evil.status, evil.reason()), (403, "ORIGIN_FORBIDDEN".to_owned()));
    world.go_down().await;
}

#[tokio::test]
async fn pages_of_known_origins_may_send_and_fetch() {
    let setup = Setup::over(Transport::Grpc).set("allowed_origins", "https://chat.example");
    let mut world = World::start(setup).await;
    let anna = world.person("anna").await;
    let media = upload(&anna, file(4, 1), b"leaf").await;
    let line = format!("GET /v1/media/{}", media.media_id);
    let origin = ("Origin", "https://chat.example");
    let got = http(&world, &anna, &line, &[origin], b"").await;
    assert_eq!((got.status, got.header("access-control-allow-origin")), (200, "https://chat.example"));
    assert!(got.header("access-control-expose-headers").contains("content-range"));
    let asks = [
        origin,
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "authorization,upload-offset"),
    ];
    let preflight = request(&world.url(), "OPTIONS /v1/uploads/AAAAAAAAAAAAAAAAAAAAAA", &asks, b"").await;
    assert_eq!(preflight.status, 200);
    assert!(preflight.header("access-control-allow-methods").contains("PUT"));
    assert!(preflight.header("access-control-allow-headers").contains("upload-offset"));
    world.go_down().await;
}

#[tokio::test]
async fn nothing_tells_that_content_was_known() {
    let mut world = World::start(Setup::over(Transport::WsJson)).await;
    let (anna, boris) = (world.person("anna").await, world.person("boris").await);
    let hers = upload(&anna, file(9, 1), b"green tea").await;
    let his = upload(&boris, file(9, 1), b"green tea").await;
    assert_ne!(hers.media_id, his.media_id);
    assert_eq!(
        Media { media_id: String::new(), ..hers.clone() },
        Media { media_id: String::new(), ..his.clone() }
    );
    assert_eq!(quota(&anna).await, quota(&boris).await);
    let get = async |who, media: &Media| {
        let got = http(&world, who, &format!("GET /v1/media/{}", media.media_id), &[], b"").await.timeless();
        let own = |value: String| value.replace(&media.media_id, "its own");
        (got.headers.into_iter().map(|(n, v)| (n, own(v))).collect::<Vec<_>>(), got.body)
    };
    assert_eq!(get(&anna, &hers).await, get(&boris, &his).await);
    let hers = http(&world, &boris, &format!("GET /v1/media/{}", hers.media_id), &[], b"").await;
    assert_eq!(hers.status, 404, "having the same does not help");
    world.go_down().await;
}

#[tokio::test]
async fn an_ended_session_fetches_nothing_more() {
    let mut world = World::start(Setup::over(Transport::Grpc)).await;
    let anna = world.person("anna").await;
    let phone = anna.sign_in("phone").await;
    let media = upload(&anna, file(4, 1), b"leaf").await;
    let line = format!("GET /v1/media/{}", media.media_id);
    let token = format!("Bearer {}", phone.token());
    let headers = [("Authorization", &*token)];
    assert_eq!(request(&world.url(), &line, &headers, b"").await.status, 200);
    phone.accounts().logout(teahouse_proto::accounts::LogoutRequest {}).await.unwrap();
    assert_eq!(request(&world.url(), &line, &headers, b"").await.status, 401);
    world.go_down().await;
}
