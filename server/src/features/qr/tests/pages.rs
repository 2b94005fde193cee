//! Pages and pictures by HTTP: what they show, what they say of themselves, and that what stands for nothing is one
//! answer.

use super::*;

/// What must be on every answer.
fn check_common(answer: &Answer) {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-robots-tag", "noindex"),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    assert!(!answer.headers.contains_key("set-cookie"));
}

fn check_page(answer: &Answer) {
    check_common(answer);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let policy = answer.header("content-security-policy");
    for part in ["default-src 'none';", "img-src 'self';", "style-src 'sha256-", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    let html = answer.text();
    assert!(html.contains("name=\"viewport\"") && html.contains("name=\"robots\" content=\"noindex\""));
    assert!(!html.contains("<script") && !html.contains("<link") && !html.contains("<a "), "{html}");
    assert!(!html.contains(" style=") && !html.contains("url("), "{html}");
    for source in html.split("src=\"").skip(1) {
        let source = source.split_once('"').unwrap().0;
        assert!(!source.contains(':') && !source.starts_with("//"), "{source} is of elsewhere");
    }
}

#[tokio::test]
async fn a_page_shows_name_and_picture_and_nothing_else() {
    let w = world().await;
    w.change(ANNA, |profile, _| {
        profile.display_name = "<b>Anna & \"Co\"</b>".to_owned();
        profile.signature = "tea first".to_owned();
        profile.avatar = "/v1/public/AAAAAAAAAAAAAAAAAAAAAA".to_owned();
    })
    .await;
    let code = w.code(ANNA).await;
    let page = w.get(path(&code)).await;
    assert_eq!(page.status, StatusCode::OK);
    check_page(&page);
    let html = page.text();
    assert!(html.contains("<h1><bdi>&lt;b&gt;Anna &amp; &quot;Co&quot;&lt;/b&gt;</bdi></h1>"), "{html}");
    assert!(html.contains("src=\"../v1/public/AAAAAAAAAAAAAAAAAAAAAA\""), "{html}");
    let token = code.rsplit_once('/').unwrap().1;
    assert!(
        html.contains(&format!("src=\"{token}.svg\"")) && html.contains(&format!("teahouse scan {code}"))
    );
    assert!(!html.contains("<b>") && !html.contains("anna_k") && !html.contains("tea first"), "{html}");
    let head = w.http("HEAD", path(&code)).await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    assert_eq!(head.header("content-security-policy"), page.header("content-security-policy"));
}

#[tokio::test]
async fn what_stands_for_nothing_is_one_answer() {
    let w = world().await;
    let unknown = w.get("/q/AAAAAAAAAAAAAAAAAAAAAA").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    check_page(&unknown);
    let reset = w.code(ANNA).await;
    w.reset(ANNA).await;
    let switched_off = w.code(BORIS).await;
    w.switch(BORIS, false).await;
    for page in
        [path(&reset), path(&switched_off), "/q/x", "/q/.png", "/q/%41", "/q/AAAAAAAAAAAAAAAAAAAAAA.gif"]
    {
        for form in ["", ".png", ".svg", ".png?size=700&logo=true", "?a=b"] {
            assert_eq!(w.get(&format!("{page}{form}")).await, unknown, "{page}{form}");
        }
        let head = w.http("HEAD", page).await;
        assert_eq!((head.status, head.body.len()), (StatusCode::NOT_FOUND, 0));
    }
    assert_eq!(w.http("POST", path(&reset)).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn pictures_are_as_large_as_asked_for() {
    let w = world().await;
    let code = w.code(ANNA).await;
    for (query, side) in
        [("", 512), ("?size=128", 128), ("?size=333&logo=true", 333), ("?logo=false&x=1", 512)]
    {
        let png = w.get(&format!("{}.png{query}", path(&code))).await;
        assert_eq!((png.status, png.header("content-type")), (StatusCode::OK, "image/png"));
        check_common(&png);
        let image = image::load_from_memory(&png.body).unwrap();
        assert_eq!((image.width(), image.height()), (side, side));
        assert_eq!(image.color().has_color(), query.contains("logo=true"));
        let svg = w.get(&format!("{}.svg{query}", path(&code))).await;
        assert_eq!((svg.status, svg.header("content-type")), (StatusCode::OK, "image/svg+xml"));
        check_common(&svg);
        assert!(svg.header("content-security-policy").starts_with("default-src 'none';"));
        assert!(svg.text().contains(&format!("width=\"{side}\"")));
    }
}

#[tokio::test]
async fn who_takes_no_picture_gets_no_further_ones() {
    let w = world().await;
    let code = w.code(ANNA).await;
    let picture = format!("{}.png?size=256", path(&code));
    let (slow, other) = ([203, 0, 113, 9], [203, 0, 113, 10]);
    let mut untaken = Vec::new();
    for _ in 0..4 {
        let body = w.ask("GET", &picture, slow).await.into_body();
        // As a transport does: it has all of the body, and the client has closed its window.
        untaken.push(axum::body::to_bytes(body, usize::MAX).await.unwrap());
    }
    let refused = w.ask("GET", &picture, slow).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(w.ask("GET", &picture, other).await.status(), StatusCode::OK);
    assert_eq!(w.ask("GET", path(&code), slow).await.status(), StatusCode::OK, "its page");
    assert_eq!(w.ask("GET", "/q/x.png", slow).await.status(), StatusCode::NOT_FOUND);
    untaken.pop();
    for _ in 0..9 {
        // Nobody needs the body of a HEAD.
        assert_eq!(w.ask("HEAD", &picture, slow).await.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn other_sizes_are_refused_before_the_code_is_looked_at() {
    let w = world().await;
    let code = w.code(ANNA).await;
    let bad =
        ["size=127", "size=2049", "size=0", "size=-5", "size=512px", "size=", "size=99999999999999999999"];
    for query in bad.into_iter().chain(["logo=yes", "logo="]) {
        for page in [path(&code), "/q/AAAAAAAAAAAAAAAAAAAAAA"] {
            for form in ["png", "svg"] {
                let answer = w.get(&format!("{page}.{form}?{query}")).await;
                let expected = if query.starts_with("logo") { "MALFORMED" } else { "SIZE_INVALID" };
                assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
                assert!(answer.text().contains(expected), "{}", answer.text());
                check_common(&answer);
            }
        }
    }
}

#[test]
fn settings_without_sense_are_told() {
    assert!(QrConfig::default().problems().is_empty());
    let senseless = QrConfig { pictures_per_address: 0, group_code_days: 0, ..QrConfig::default() };
    assert_eq!(senseless.problems().len(), 2);
}
