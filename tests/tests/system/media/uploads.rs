//! Uploads: by chunks, by PUT, both; broken off, gone on with, refused.

use super::*;
use teahouse_client::Transport;
use teahouse_proto::media::CancelUploadRequest;
use teahouse_tests::http::Request;
use teahouse_tests::verbs::reason;
use teahouse_tests::world::{PATIENCE, Setup, over_all_transports, over_all_transports_with};

#[tokio::test]
async fn a_file_goes_up_in_chunks_and_comes_down_whole() {
    over_all_transports(async |world| {
        let anna = world.person("anna").await;
        let content = content(CHUNK * 2 + 77, 1);
        let id = begin(&anna, file(content.len(), 1)).await;
        assert_eq!(put_chunk(&anna, &id, 0, &content[..CHUNK]).await.unwrap(), CHUNK as u64);
        assert_eq!(reason(put_chunk(&anna, &id, CHUNK + 1, &content[..9]).await), "UPLOAD_OFFSET");
        assert_eq!(reason(put_chunk(&anna, &id, CHUNK, &content[..=CHUNK]).await), "CHUNK_TOO_LARGE");
        assert_eq!(reason(finish(&anna, &id).await), "UPLOAD_INCOMPLETE");
        // A chunk whose answer was lost comes again.
        put_chunk(&anna, &id, 0, &content[..CHUNK]).await.unwrap();
        put_chunk(&anna, &id, CHUNK - 100, &content[CHUNK - 100..CHUNK * 2 - 100]).await.unwrap();
        assert_eq!(how_far(&anna, &id).await.offset, (CHUNK * 2 - 100) as u64);
        put_chunk(&anna, &id, CHUNK * 2 - 100, &content[CHUNK * 2 - 100..]).await.unwrap();
        let media = finish(&anna, &id).await.unwrap();
        assert_eq!((media.size, &*media.file_name), (content.len() as u64, "tea time.txt"));
        assert_eq!(finish(&anna, &id).await.unwrap(), media);
        let got = http(world, &anna, &format!("GET /v1/media/{}", media.media_id), &[], b"").await;
        assert_eq!((got.status, got.body == content), (200, true));
        let told = quota(&anna).await;
        assert_eq!((told.day_used, told.total_used), (media.size, media.size));
    })
    .await;
}

#[tokio::test]
async fn chunks_and_put_fill_the_same_upload() {
    over_all_transports(async |world| {
        let anna = world.person("anna").await;
        let content = content(200_000, 2);
        let id = begin(&anna, file(content.len(), 1)).await;
        let path = format!("/v1/uploads/{id}");
        put_chunk(&anna, &id, 0, &content[..50_000]).await.unwrap();
        let far = http(world, &anna, &format!("HEAD {path}"), &[], b"").await;
        assert_eq!(
            (far.status, far.header("upload-offset"), far.header("upload-length")),
            (204, "50000", "200000")
        );
        let put = format!("PUT {path}");
        let beyond = http(world, &anna, &put, &[("Upload-Offset", "50001")], &content[50_001..60_000]).await;
        assert_eq!((beyond.status, beyond.reason()), (409, "UPLOAD_OFFSET".to_owned()));
        let part = http(world, &anna, &put, &[("Upload-Offset", "40000")], &content[40_000..150_000]).await;
        assert_eq!((part.status, part.header("upload-offset")), (204, "150000"));
        let much = http(world, &anna, &put, &[("Upload-Offset", "150000")], &content[..60_000]).await;
        assert_eq!((much.status, much.reason()), (400, "MEDIA_TOO_LARGE".to_owned()));
        put_chunk(&anna, &id, 150_000, &content[150_000..]).await.unwrap();
        // All of it once more, from the beginning, is harmless.
        assert_eq!(http(world, &anna, &put, &[], &content).await.header("upload-offset"), "200000");
        let media = finish(&anna, &id).await.unwrap();
        let got = http(world, &anna, &format!("GET /v1/media/{}", media.media_id), &[], b"").await;
        assert!(got.body == content);
    })
    .await;
}

#[tokio::test]
async fn what_came_before_a_client_went_away_is_kept() {
    let mut world = World::start(Setup::over(Transport::Grpc)).await;
    let anna = world.person("anna").await;
    let content = content(100_000, 3);
    let id = begin(&anna, file(content.len(), 1)).await;
    let token = format!("Bearer {}", anna.token());
    let line = format!("PUT /v1/uploads/{id}");
    let headers = [("Authorization", &*token), ("Content-Length", "100000")];
    let mut put = Request::begin(&world.url(), &line, &headers).await.unwrap();
    put.send(&content[..70_000]).await.unwrap();
    // While it is open nobody else writes.
    let busy = tokio::time::timeout(PATIENCE, async {
        loop {
            match put_chunk(&anna, &id, 0, b"").await {
                Err(busy) => return busy,
                Ok(_) => tokio::task::yield_now().await,
            }
        }
    });
    assert_eq!(busy.await.expect("it begins").reason(), "UPLOAD_BUSY");
    drop(put);
    let kept = tokio::time::timeout(PATIENCE, async {
        while put_chunk(&anna, &id, 0, b"").await.is_err() || how_far(&anna, &id).await.offset < 70_000 {
            tokio::task::yield_now().await;
        }
    });
    kept.await.expect("what came is kept");
    let rest = http(&world, &anna, &line, &[("Upload-Offset", "70000")], &content[70_000..]).await;
    assert_eq!(rest.header("upload-offset"), "100000");
    let media = finish(&anna, &id).await.unwrap();
    let got = http(&world, &anna, &format!("GET /v1/media/{}", media.media_id), &[], b"").await;
    assert!(got.body == content);
    world.go_down().await;
}

#[tokio::test]
async fn limits_of_uploads_are_told_by_their_reasons() {
    let small = |setup: Setup| {
        setup
            .set("media.upload_mib_per_day", "1")
            .set("media.held_mib", "2")
            .set("media.unfinished_uploads", "3")
    };
    over_all_transports_with(small, async |world| {
        let anna = world.person("anna").await;
        let create = async |request| reason(anna.media().create_upload(request).await);
        let named = |name: &str| CreateUploadRequest { file_name: name.to_owned(), ..file(5, 1) };
        assert_eq!(create(named("../tea")).await, "FILE_NAME_INVALID");
        assert_eq!(create(named("")).await, "FILE_NAME_INVALID");
        assert_eq!(create(file(0, 1)).await, "MEDIA_EMPTY");
        assert_eq!(create(file(101 << 20, 1)).await, "MEDIA_TOO_LARGE");
        assert_eq!(create(CreateUploadRequest { kind: 0, ..file(5, 1) }).await, "MEDIA_KIND_INVALID");
        assert_eq!(
            create(CreateUploadRequest { sha256: vec![1].into(), ..file(5, 1) }).await,
            "CHECKSUM_INVALID"
        );
        assert_eq!(create(file((1 << 20) + 1, 1)).await, "QUOTA_EXCEEDED");
        let first = begin(&anna, file(1 << 19, 1)).await;
        assert_eq!(begin(&anna, file(1 << 19, 1)).await, first, "a repeat");
        begin(&anna, file(1 << 19, 2)).await;
        assert_eq!(create(file(1, 3)).await, "QUOTA_EXCEEDED");
        anna.media().cancel_upload(CancelUploadRequest { upload_id: first.clone() }).await.unwrap();
        assert_eq!(quota(&anna).await.day_used, 1 << 19);
        for number in 4..6 {
            begin(&anna, file(1, number)).await;
        }
        assert_eq!(create(file(1, 6)).await, "TOO_MANY_UPLOADS");
        assert_eq!(reason(put_chunk(&anna, &first, 0, b"x").await), "UPLOAD_NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn what_nobody_refers_to_is_collected_after_a_day() {
    let mut world = World::start(Setup::over(Transport::Ws).on_disk()).await;
    let anna = world.person("anna").await;
    let media = upload(&anna, file(4, 1), b"leaf").await;
    let idle = begin(&anna, file(9, 2)).await;
    put_chunk(&anna, &idle, 0, b"some").await.unwrap();
    let line = format!("GET /v1/media/{}", media.media_id);
    world.restart().await;
    assert_eq!(http(&world, &anna, &line, &[], b"").await.body, b"leaf");
    assert_eq!(how_far(&anna, &idle).await.offset, 4);
    world.advance(teahouse_server::time::DAY + teahouse_server::time::HOUR * 2);
    // It looks when it starts.
    world.restart().await;
    let collected = tokio::time::timeout(PATIENCE, async {
        while quota(&anna).await.total_used > 0 {
            tokio::task::yield_now().await;
        }
    });
    collected.await.expect("collected in time");
    assert_eq!(http(&world, &anna, &line, &[], b"").await.reason(), "MEDIA_NOT_FOUND");
    assert_eq!(reason(put_chunk(&anna, &idle, 4, b"x").await), "UPLOAD_NOT_FOUND");
    world.go_down().await;
}
