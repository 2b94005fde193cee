//! Pictures: measured, made small, refused.

use super::*;
use crate::outside::Server;
use teahouse_client::Transport;
use teahouse_tests::picture::{bomb, png};
use teahouse_tests::verbs::reason;
use teahouse_tests::world::{Setup, over_all_transports};

/// What a hostile upload may cost.
const MEMORY_MIB: u64 = 64;

fn picture(size: usize, number: u8) -> CreateUploadRequest {
    CreateUploadRequest { kind: MediaKind::Picture.into(), ..file(size, number) }
}

#[tokio::test]
async fn a_picture_is_measured_and_has_a_thumbnail() {
    over_all_transports(async |world| {
        let anna = world.person("anna").await;
        let png = png(800, 600, 90);
        let media = upload(&anna, picture(png.len(), 1), &png).await;
        assert_eq!((media.width, media.height, &*media.content_type), (800, 600, "image/png"));
        assert!(media.has_thumbnail && !media.placeholder.is_empty() && media.file_name.is_empty());
        let path = format!("GET /v1/media/{}", media.media_id);
        let whole = http(world, &anna, &path, &[], b"").await;
        assert_eq!(
            (whole.header("content-type"), whole.header("content-disposition")),
            ("image/png", "inline")
        );
        let small = http(world, &anna, &format!("{path}/thumbnail"), &[], b"").await;
        assert_eq!(small.status, 200);
        assert!(small.header("content-type").starts_with("image/"));
        assert!(!small.body.is_empty() && small.body.len() < whole.body.len());
    })
    .await;
}

#[tokio::test]
async fn what_is_refused_takes_of_the_day_alone() {
    over_all_transports(async |world| {
        let anna = world.person("anna").await;
        let whole = png(20, 20, 1);
        let broken = &whole[..whole.len() - 20];
        let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>";
        let bomb = bomb();
        let looked_at = bomb.len() + broken.len() + svg.len();
        for (number, (content, why)) in
            [(&bomb[..], "MEDIA_TOO_LARGE"), (broken, "MEDIA_DAMAGED"), (svg, "MEDIA_UNSUPPORTED")]
                .into_iter()
                .enumerate()
        {
            let id = begin(&anna, picture(content.len(), number as u8)).await;
            put_chunk(&anna, &id, 0, content).await.unwrap();
            assert_eq!(reason(finish(&anna, &id).await), why);
            assert_eq!(reason(finish(&anna, &id).await), "UPLOAD_NOT_FOUND");
        }
        let told = quota(&anna).await;
        assert_eq!((told.day_used, told.total_used), (looked_at as u64, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bombs_cost_little_memory() {
    let setup = Setup::over(Transport::Grpc).on_disk();
    let server = Server::start(&[], &setup).await;
    let world = World::at(server.url(), Transport::Grpc);
    let anna = world.person("anna").await;
    upload(&anna, file(4, 0), b"warm").await;
    let before = server.resident_mib();
    for number in 1..15 {
        let bomb = bomb();
        let id = begin(&anna, picture(bomb.len(), number)).await;
        put_chunk(&anna, &id, 0, &bomb).await.unwrap();
        assert_eq!(reason(finish(&anna, &id).await), "MEDIA_TOO_LARGE");
    }
    let after = server.resident_mib();
    assert!(after <= before + MEMORY_MIB, "{before} MiB before, {after} MiB after");
    server.stop().await;
}
