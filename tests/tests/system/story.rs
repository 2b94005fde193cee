//! An afternoon of Anna and Boris: a voice message, an album and a video between two people with three devices, one of
//! which is away; one of them is taken back. Everything is right everywhere, over each transport.

use teahouse_proto::chat::send_message_request::Content as Given;
use teahouse_proto::chat::{Entry, Pictures, RecallMessageRequest, SendMessageResponse, Video, Voice, entry};
use teahouse_proto::media::{Media, MediaKind};
use teahouse_tests::device::Device;
use teahouse_tests::files::{SECRET, contains, jpeg, mp4, png, wav};
use teahouse_tests::http::{Answer, request};
use teahouse_tests::mirror::Mirror;
use teahouse_tests::world::{World, over_all_transports};

/// Fetches a medium, or its thumbnail, as a device.
async fn fetch(world: &World, device: &Device, path: &str) -> Answer {
    let bearer = format!("Bearer {}", device.token());
    let headers = [("Authorization", &*bearer)];
    request(&world.url(), &format!("GET /v1/media/{path}"), &headers, b"").await
}

/// The media of an entry.
fn media(entry: &Entry) -> Vec<Media> {
    match entry.content.clone() {
        Some(entry::Content::Voice(voice)) => voice.media.into_iter().collect(),
        Some(entry::Content::Pictures(pictures)) => pictures.pictures,
        Some(entry::Content::Video(video)) => video.media.into_iter().chain(video.poster).collect(),
        other => panic!("no media: {other:?}"),
    }
}

async fn send(device: &Device, chat: u64, content: Given) -> SendMessageResponse {
    device.try_say_any(chat, content).await.expect("sent")
}

async fn entry(device: &Device, chat: u64, seq: u64) -> Entry {
    let entries = device.try_entries(chat).await.expect("entries");
    entries.into_iter().find(|entry| entry.seq == seq).expect("an entry")
}

/// All that one of them sent can be fetched, is what it says it is, and does not tell where it was made.
async fn check_all(world: &World, device: &Device, entry: &Entry) {
    for medium in media(entry) {
        let whole = fetch(world, device, &medium.media_id).await;
        assert_eq!((whole.status, whole.header("content-type")), (200, &*medium.content_type));
        assert_eq!(whole.body.len() as u64, medium.size);
        assert!(!contains(&whole.body, SECRET), "{} tells a secret", medium.content_type);
        let small = fetch(world, device, &format!("{}/thumbnail", medium.media_id)).await;
        assert_eq!(small.status, if medium.has_thumbnail { 200 } else { 404 });
    }
}

/// None of an entry's media is there for a device, just as if it never was.
async fn check_none(world: &World, device: &Device, entry: &Entry) {
    let never = fetch(world, device, "AAAAAAAAAAAAAAAAAAAAAA").await.timeless();
    assert_eq!(never.status, 404);
    for medium in media(entry) {
        assert_eq!(fetch(world, device, &medium.media_id).await.timeless(), never);
        let small = fetch(world, device, &format!("{}/thumbnail", medium.media_id)).await;
        assert_eq!(small.timeless(), never);
    }
}

/// Anna speaks and shows an album, and Boris answers with a video: their numbers.
async fn talk(anna: &Device, boris: &Device, chat: u64) -> [u64; 3] {
    let voice = anna.upload(MediaKind::Voice, "", &wav(3)).await;
    assert_eq!((voice.duration_ms, voice.content_type.as_str()), (3000, "audio/wav"));
    let waveform = vec![0, 128, 255].into();
    let voice = send(anna, chat, Given::Voice(Voice { media: Some(voice), waveform })).await.seq;

    let mut pictures = Vec::new();
    for bytes in [jpeg(640, 480, 10), png(300, 200, 20), jpeg(200, 400, 30)] {
        let picture = anna.upload(MediaKind::Picture, "", &bytes).await;
        let is_small = picture.width.max(picture.height) <= 320;
        assert_eq!((picture.has_thumbnail, picture.placeholder.is_empty()), (!is_small, false));
        pictures.push(picture);
    }
    let album = Pictures { pictures: pictures.clone(), caption: "the pier".to_owned() };
    let album = send(anna, chat, Given::Pictures(album)).await.seq;
    let sent = media(&entry(anna, chat, album).await);
    let is_upload = |sent: &Media| pictures.iter().any(|upload| upload.media_id == sent.media_id);
    assert!(!sent.iter().any(is_upload), "names are those of the message, not of the uploads");

    let film = boris.upload(MediaKind::Video, "", &mp4(7)).await;
    assert_eq!((film.duration_ms, film.width, film.height), (7000, 640, 360));
    let poster = boris.upload(MediaKind::Picture, "", &png(640, 360, 40)).await;
    let film = Video { media: Some(film), poster: Some(poster), caption: String::new() };
    [voice, album, send(boris, chat, Given::Video(film)).await.seq]
}

#[tokio::test]
async fn an_afternoon_by_the_pier() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let carol = world.person("carol").await;
        let chat = anna.befriend(&boris).await;
        let mut desk = Mirror::new(boris.device.clone());
        let mut away = Mirror::new(boris.sign_in("tablet").await);
        desk.until(chat, 1).await.expect("caught up");
        away.until(chat, 1).await.expect("caught up");
        away.vanish().await;

        let [voice, album, film] = talk(&anna, &boris, chat).await;
        let mut entries = Vec::new();
        for seq in [voice, album, film] {
            let one = entry(&anna, chat, seq).await;
            assert_eq!(entry(&boris, chat, seq).await.content, one.content);
            check_all(world, &anna, &one).await;
            check_all(world, &boris, &one).await;
            check_none(world, &carol, &one).await;
            entries.push(one);
        }
        assert_eq!(boris.unread(chat).await, 0, "his own video moved his mark");

        // Anna takes the album back. Whoever had it in hand finds nothing any more.
        let recall = RecallMessageRequest { conversation_id: chat, seq: album };
        anna.chat().recall_message(recall).await.expect("recalled");
        check_none(world, &anna, &entries[1]).await;
        check_none(world, &boris, &entries[1]).await;
        check_all(world, &boris, &entries[0]).await;
        check_all(world, &anna, &entries[2]).await;

        // The tablet comes back: it, the desk and a new device have the same history, with nothing of the album.
        let changed = film + 1;
        let mut fresh = Mirror::new(boris.sign_in("phone").await);
        for mirror in [&mut desk, &mut away, &mut fresh] {
            mirror.until(chat, changed).await.expect("caught up");
            let history = [
                "1 — friends".to_owned(),
                format!("{voice} anna — voice"),
                format!("{album} anna — recalled"),
                format!("{film} boris — video"),
                format!("{changed} — anna changed {album}"),
            ];
            assert_eq!(mirror.copy(chat).expect("the conversation").lines, history);
            assert!(mirror.violations().is_empty(), "{:?}", mirror.violations());
        }
        let list = boris.conversations().await;
        let here = list.iter().find(|c| c.conversation_id == chat).expect("on the list");
        let preview = here.preview.as_ref().map(|preview| preview.seq);
        assert_eq!((here.head_seq, here.unread, preview), (changed, 0, Some(film)));
    })
    .await;
}
