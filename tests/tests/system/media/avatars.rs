//! Pictures of people.

use super::*;
use teahouse_proto::accounts::{UpdateProfileRequest, UpdateProfileResponse};
use teahouse_tests::picture::png;
use teahouse_tests::verbs::reason;
use teahouse_tests::world::over_all_transports;

async fn picture(who: &Person, kind: MediaKind, number: u8) -> Media {
    let png = png(40, 30, number);
    upload(who, CreateUploadRequest { kind: kind.into(), ..file(png.len(), number) }, &png).await
}

async fn set(who: &Person, media_id: &str) -> Result<UpdateProfileResponse, teahouse_client::Error> {
    let avatar_media_id = Some(media_id.to_owned());
    who.accounts().update_profile(UpdateProfileRequest { avatar_media_id, ..Default::default() }).await
}

#[tokio::test]
async fn a_picture_is_seen_by_whoever_sees_the_person() {
    over_all_transports(async |world| {
        let (anna, boris) = (world.person("anna").await, world.person("boris").await);
        boris.befriend(&anna).await;
        let media = picture(&anna, MediaKind::Avatar, 1).await;
        assert_eq!(reason(set(&boris, &media.media_id).await), "MEDIA_NOT_FOUND");
        let file = picture(&anna, MediaKind::Picture, 2).await;
        assert_eq!(reason(set(&anna, &file.media_id).await), "MEDIA_KIND_INVALID");
        let path = set(&anna, &media.media_id).await.unwrap().profile.unwrap().avatar;
        assert!(path.starts_with("/v1/public/") && !path.contains(&media.media_id), "{path}");
        assert_eq!(boris.find(&anna).await.card.unwrap().avatar, path);
        assert_eq!(boris.friend(&anna).await.card.unwrap().avatar, path);

        let got = request(&world.url(), &format!("GET {path}"), &[], b"").await;
        assert_eq!((got.status, got.header("content-disposition")), (200, "inline"));
        assert!(got.header("content-type").starts_with("image/"));
        assert_eq!(got.header("cache-control"), "public, max-age=3600");

        let other = picture(&anna, MediaKind::Avatar, 3).await;
        let new = set(&anna, &other.media_id).await.unwrap().profile.unwrap().avatar;
        assert_ne!(new, path);
        assert_eq!(request(&world.url(), &format!("GET {path}"), &[], b"").await.status, 404, "dead at once");
        assert_eq!(request(&world.url(), &format!("GET {new}"), &[], b"").await.status, 200);
        assert_eq!(set(&anna, "").await.unwrap().profile.unwrap().avatar, "");
        assert_eq!(request(&world.url(), &format!("GET {new}"), &[], b"").await.status, 404);
        assert_eq!(boris.friend(&anna).await.card.unwrap().avatar, "");
    })
    .await;
}
