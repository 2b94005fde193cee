//! Messages of every kind: what the other side gets, who may fetch what is in them, and what becomes of copies.

use std::path::Path;
use teahouse_client::Transport;
use teahouse_proto::chat::send_message_request::Content;
use teahouse_proto::chat::{
    ClearHistoryRequest, ContactCard, DeleteForMeRequest, File, Link, Location, OpenContactCardRequest,
    Pictures, RecallMessageRequest, Sticker, Video, Voice, entry, forwarded,
};
use teahouse_proto::contacts::SendRequestRequest;
use teahouse_proto::media::{Media, MediaKind};
use teahouse_tests::files::{SECRET, contains, jpeg, mp4, png, wav, webm};
use teahouse_tests::http::{Answer, request};
use teahouse_tests::person::Person;
use teahouse_tests::verbs::{reason, text_of};
use teahouse_tests::world::{Setup, World, over_all_transports};

/// Fetches a medium.
async fn fetch(world: &World, who: &Person, media_id: &str) -> Answer {
    let bearer = format!("Bearer {}", who.token());
    request(&world.url(), &format!("GET /v1/media/{media_id}"), &[("Authorization", &bearer)], b"").await
}

/// Whether somebody may fetch a medium. What they may not is not there, to the byte.
async fn may_fetch(world: &World, who: &Person, media_id: &str) -> bool {
    let got = fetch(world, who, media_id).await;
    if got.status == 200 {
        return true;
    }
    let never = fetch(world, who, "AAAAAAAAAAAAAAAAAAAAAA").await;
    assert_eq!(got.timeless(), never.timeless());
    false
}

fn media_of(content: &entry::Content) -> Vec<&Media> {
    match content {
        entry::Content::Voice(voice) => voice.media.iter().collect(),
        entry::Content::Pictures(pictures) => pictures.pictures.iter().collect(),
        entry::Content::Video(video) => video.media.iter().chain(&video.poster).collect(),
        entry::Content::File(file) => file.media.iter().collect(),
        entry::Content::Link(link) => link.picture.iter().collect(),
        entry::Content::Sticker(sticker) => sticker.media.iter().collect(),
        _ => Vec::new(),
    }
}

async fn content(who: &Person, chat: u64, seq: u64) -> entry::Content {
    let entries = who.try_entries(chat).await.expect("entries");
    let entry = entries.into_iter().find(|entry| entry.seq == seq).expect("an entry");
    entry.content.expect("a content")
}

/// One of each kind that refers to media, with what is in it.
async fn with_media(anna: &Person) -> Vec<Content> {
    let picture = anna.upload(MediaKind::Picture, "", &jpeg(64, 48, 1)).await;
    let second = anna.upload(MediaKind::Picture, "", &png(48, 64, 2)).await;
    let voice = anna.upload(MediaKind::Voice, "", &wav(3)).await;
    let film = anna.upload(MediaKind::Video, "", &mp4(4)).await;
    let file = anna.upload(MediaKind::File, "tea.txt", b"green tea").await;
    let sticker = anna.upload(MediaKind::Sticker, "", &png(32, 32, 3)).await;
    vec![
        Content::Voice(Voice { media: Some(voice), waveform: vec![0, 128, 255].into() }),
        Content::Pictures(Pictures { pictures: vec![picture.clone(), second], caption: "rain".to_owned() }),
        Content::Video(Video { media: Some(film), poster: Some(picture.clone()), caption: String::new() }),
        Content::File(File { media: Some(file) }),
        Content::Sticker(Sticker { media: Some(sticker), emoji: "😀".to_owned(), ..Sticker::default() }),
        Content::Link(Link {
            url: "https://茶.example/".to_owned(),
            title: "Tea".to_owned(),
            picture: Some(picture),
            ..Link::default()
        }),
    ]
}

#[tokio::test]
async fn each_kind_with_media_reaches_those_who_see_the_message() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let stranger = world.person("samuel").await;
        let chat = anna.befriend(&boris).await;
        let mut seen = Vec::new();
        for said in with_media(&anna).await {
            let seq = anna.say_any(chat, said).await;
            let told = content(&boris, chat, seq).await;
            for media in media_of(&told) {
                assert!(may_fetch(world, &boris, &media.media_id).await);
                assert!(may_fetch(world, &anna, &media.media_id).await);
                assert!(!may_fetch(world, &stranger, &media.media_id).await);
                seen.push((media.kind(), media.width, media.height, media.duration_ms / 1000));
            }
        }
        let (picture, still) = ((MediaKind::Picture, 64, 48, 0), (MediaKind::Picture, 48, 64, 0));
        let expected = [
            (MediaKind::Voice, 0, 0, 3),
            picture,
            still,
            (MediaKind::Video, 640, 360, 4),
            picture,
            (MediaKind::File, 0, 0, 0),
            (MediaKind::Sticker, 32, 32, 0),
            picture,
        ];
        assert_eq!(seen, expected);
        let entry::Content::Link(link) = content(&boris, chat, 7).await else { panic!("no link") };
        assert_eq!(
            (link.host.as_str(), link.url.as_str()),
            ("xn--cl1a.example", "https://xn--cl1a.example/")
        );
        let lines = boris.history(chat).await;
        assert_eq!(lines[2..5], ["3 anna — 2 pictures", "4 anna — video", "5 anna — file"]);
    })
    .await;
}

#[tokio::test]
async fn what_a_browser_records_is_sent_and_says_nothing_else() {
    let world = World::start(Setup::over(Transport::Grpc)).await;
    let [anna, boris] = [world.person("anna").await, world.person("boris").await];
    let chat = anna.befriend(&boris).await;
    let voice = anna.upload(MediaKind::Voice, "", &webm(3, false)).await;
    let film = anna.upload(MediaKind::Video, "", &webm(4, true)).await;
    let said = [
        Content::Voice(Voice { media: Some(voice), waveform: vec![0, 128, 255].into() }),
        Content::Video(Video { media: Some(film), poster: None, caption: String::new() }),
    ];
    for (said, expected) in said.into_iter().zip([("audio/webm", 0, 0, 3000), ("video/webm", 640, 360, 4000)])
    {
        let seq = anna.say_any(chat, said).await;
        let told = content(&boris, chat, seq).await;
        let media = media_of(&told)[0];
        let facts = (media.content_type.as_str(), media.width, media.height, media.duration_ms);
        assert_eq!(facts, expected);
        let got = fetch(&world, &boris, &media.media_id).await;
        assert!(got.status == 200 && !contains(&got.body, SECRET) && !contains(&got.body, b"Chrome"));
    }
}

#[tokio::test]
async fn a_block_changes_nothing_in_a_conversation_that_one_still_has() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let chat = anna.befriend(&boris).await;
        let upload = anna.upload(MediaKind::File, "tea.txt", b"green tea").await;
        let file = Content::File(File { media: Some(upload.clone()) });
        let seq = anna.say_any(chat, file.clone()).await;
        let told = content(&boris, chat, seq).await;
        let media_id = &media_of(&told)[0].media_id;
        assert_ne!(*media_id, upload.media_id);
        assert!(!may_fetch(world, &boris, &upload.media_id).await, "the upload is its sender's");
        assert_eq!(reason(boris.try_say_any(chat, file.clone()).await), "MEDIA_NOT_FOUND");
        anna.block(&boris).await;
        assert!(may_fetch(world, &boris, media_id).await);
        assert_eq!(reason(boris.try_say_any(chat, file).await), "NOT_FRIENDS");
        anna.unblock(&boris).await;
        boris.unfriend(&anna).await;
        assert!(!may_fetch(world, &boris, media_id).await, "his side is gone");
        assert!(may_fetch(world, &anna, media_id).await, "hers is not");
        anna.befriend(&boris).await;
        assert!(!may_fetch(world, &boris, media_id).await, "it is from before his time");
    })
    .await;
}

#[tokio::test]
async fn an_approximate_location_is_its_cell_for_everybody() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let chat = anna.befriend(&boris).await;
        let about = |latitude, longitude| {
            Content::Location(Location { latitude, longitude, approximate: true, label: "tea".to_owned() })
        };
        let (one, other) = (about(30.2431, 120.1502), about(30.2440, 120.1511));
        let seqs = [anna.say_any(chat, one).await, anna.say_any(chat, other).await];
        let cells = [content(&boris, chat, seqs[0]).await, content(&anna, chat, seqs[1]).await];
        assert_eq!(cells[0], cells[1]);
        let beyond = Location { latitude: 90.5, ..Location::default() };
        assert_eq!(reason(anna.try_say_any(chat, Content::Location(beyond)).await), "LOCATION_INVALID");
    })
    .await;
}

/// How many files below a directory hold these bytes.
fn files_with(dir: &Path, what: &[u8]) -> usize {
    let entries = std::fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").path());
    let found = entries.map(|path| match path.is_dir() {
        true => files_with(&path, what),
        false => {
            let bytes = std::fs::read(&path).expect("a file");
            usize::from(bytes.windows(what.len()).any(|window| window == what))
        }
    });
    found.sum()
}

#[tokio::test]
async fn no_file_of_the_server_holds_the_point_behind_an_approximate_location() {
    let mut world = World::start(Setup::over(Transport::Grpc).on_disk()).await;
    let anna = world.person("anna").await;
    let (hidden, shown) = ((30.243_111, 120.150_222), (31.243_111, 121.150_222));
    for ((latitude, longitude), approximate) in [(hidden, true), (shown, false)] {
        let place = Location { latitude, longitude, approximate, label: String::new() };
        anna.say_any(anna.self_conversation, Content::Location(place)).await;
    }
    let kept = world.copy_of_data().await;
    for degrees in [hidden.0, hidden.1] {
        for bytes in [degrees.to_le_bytes().to_vec(), degrees.to_string().into_bytes()] {
            assert_eq!(files_with(kept.path(), &bytes), 0, "{degrees}");
        }
    }
    assert!(files_with(kept.path(), &shown.0.to_le_bytes()) > 0, "what is kept is found");
}

#[tokio::test]
async fn a_contact_card_leads_to_its_person() {
    over_all_transports(async |world| {
        let [anna, boris, clara] =
            [world.person("anna").await, world.person("boris").await, world.person("clara").await];
        let chat = anna.befriend(&boris).await;
        anna.befriend(&clara).await;
        let card = Content::ContactCard(ContactCard { account_id: clara.account_id, card: None });
        assert_eq!(reason(boris.try_say_any(chat, card.clone()).await), "FRIEND_NOT_FOUND");
        let seq = anna.say_any(chat, card).await;
        let entry::Content::ContactCard(told) = content(&boris, chat, seq).await else { panic!("no card") };
        assert_eq!(told.account_id, 0);
        let open = OpenContactCardRequest { conversation_id: chat, seq };
        let opened = boris.chat().open_contact_card(open).await.expect("open");
        assert_eq!((opened.account_id, opened.card.as_ref()), (0, told.card.as_ref()));
        let ask = SendRequestRequest { ticket: opened.ticket, text: "Anna gave me your card".to_owned() };
        boris.contacts().send_request(ask).await.expect("sent");
        let asked = clara.request_of(&boris).await.expect("a request");
        assert_eq!(asked.way(), teahouse_proto::common::Way::ContactCard);
        clara.accept(&boris).await;
        assert_eq!(boris.chat().open_contact_card(open).await.expect("open").account_id, clara.account_id);
        let stranger = world.person("samuel").await;
        assert_eq!(reason(stranger.chat().open_contact_card(open).await), "CONVERSATION_NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn copies_are_the_forwarders_and_have_media_of_their_own() {
    over_all_transports(async |world| {
        let [anna, boris, clara] =
            [world.person("anna").await, world.person("boris").await, world.person("clara").await];
        let (from, to) = (anna.befriend(&boris).await, anna.befriend(&clara).await);
        let mut seqs = Vec::new();
        for said in with_media(&boris).await {
            seqs.push(boris.say_any(from, said).await);
        }
        seqs.push(boris.say(from, "and a word").await);
        let copies = anna.forward(from, &seqs, to, false).await;
        assert_eq!(copies, (2..=8).collect::<Vec<_>>());
        let mut original_ids = Vec::new();
        for (seq, copy) in seqs.iter().zip(&copies) {
            let (original, copy) = (content(&anna, from, *seq).await, content(&clara, to, *copy).await);
            for (original, copy) in media_of(&original).into_iter().zip(media_of(&copy)) {
                assert_ne!(original.media_id, copy.media_id);
                assert!(may_fetch(world, &clara, &copy.media_id).await);
                assert!(!may_fetch(world, &clara, &original.media_id).await);
                assert!(!may_fetch(world, &boris, &copy.media_id).await);
                original_ids.push(original.media_id.clone());
            }
        }
        assert!(clara.history(to).await.ends_with(&["8 anna: and a word".to_owned()]));

        let merged = anna.forward(from, &seqs, to, true).await[0];
        let told = clara.try_forwarded(to, merged).await.expect("told");
        assert_eq!(told.len(), 7);
        assert!(told.iter().all(|message| message.author_name == "boris"));
        let Some(forwarded::Content::Pictures(album)) = &told[1].content else { panic!("no pictures") };
        for picture in &album.pictures {
            assert!(may_fetch(world, &clara, &picture.media_id).await);
            assert!(!may_fetch(world, &boris, &picture.media_id).await);
            assert!(!original_ids.contains(&picture.media_id));
        }
        assert_eq!(reason(boris.try_forwarded(to, merged).await), "CONVERSATION_NOT_FOUND");
        assert_eq!(reason(boris.try_forward(to, &[2], from, false).await), "CONVERSATION_NOT_FOUND");
        assert_eq!(reason(boris.try_forward(from, &[seqs[0]], to, true).await), "CONVERSATION_NOT_FOUND");
        assert_eq!(reason(anna.try_forward(from, &[1], to, false).await), "NOT_FORWARDABLE");

        boris.unfriend(&anna).await;
        let again = anna.forward(from, &[seqs[6]], to, true).await[0];
        let told = clara.try_forwarded(to, again).await.expect("told");
        assert!(matches!(&told[0].content, Some(forwarded::Content::Text(t)) if t.text == "and a word"));
    })
    .await;
}

#[tokio::test]
async fn what_is_forwarded_arrives_live_and_counts() {
    over_all_transports(async |world| {
        let [anna, clara] = [world.person("anna").await, world.person("clara").await];
        let to = anna.befriend(&clara).await;
        let notes = anna.self_conversation;
        let seqs = [anna.say(notes, "one").await, anna.say(notes, "two").await];
        let mut follow = clara.follow().await;
        anna.forward(notes, &seqs, to, false).await;
        anna.forward(notes, &seqs, to, true).await;
        let mut came = Vec::new();
        for _ in 0..3 {
            came.push(follow.entry().await);
        }
        assert_eq!([text_of(&came[0]), text_of(&came[1])], ["one", "two"]);
        assert!(matches!(&came[2].content, Some(entry::Content::Merged(merged)) if merged.count == 2));
        assert_eq!(clara.unread(to).await, 3);
    })
    .await;
}

#[tokio::test]
async fn what_is_taken_back_or_removed_takes_its_media_along_and_leaves_copies() {
    over_all_transports(async |world| {
        let [anna, boris, clara] =
            [world.person("anna").await, world.person("boris").await, world.person("clara").await];
        let (chat, to) = (anna.befriend(&boris).await, boris.befriend(&clara).await);
        let upload = anna.upload(MediaKind::File, "tea.txt", b"green tea").await;
        let file = Content::File(File { media: Some(upload) });
        let mut ids = Vec::new();
        for seq in 2..=4 {
            assert_eq!(anna.say_any(chat, file.clone()).await, seq);
            ids.push(media_of(&content(&boris, chat, seq).await)[0].media_id.clone());
        }
        let copy = boris.forward(chat, &[2], to, false).await[0];
        let copy = media_of(&content(&clara, to, copy).await)[0].media_id.clone();
        let merged = boris.forward(chat, &[2, 3], to, true).await[0];

        let recall = RecallMessageRequest { conversation_id: chat, seq: 2 };
        anna.chat().recall_message(recall).await.expect("recalled");
        let delete = DeleteForMeRequest { conversation_id: chat, seqs: vec![3] };
        boris.chat().delete_for_me(delete).await.expect("deleted");
        for (who, seen) in [(&anna, [false, true, true]), (&boris, [false, false, true])] {
            for (id, seen) in ids.iter().zip(seen) {
                assert_eq!(may_fetch(world, who, id).await, seen);
            }
        }
        for (seqs, why) in [(&[2][..], "NOT_FORWARDABLE"), (&[3], "MESSAGE_NOT_FOUND")] {
            for merged in [false, true] {
                assert_eq!(reason(boris.try_forward(chat, seqs, to, merged).await), why);
            }
        }
        let clear = ClearHistoryRequest { conversation_id: chat, ..ClearHistoryRequest::default() };
        boris.chat().clear_history(clear).await.expect("cleared");
        assert!(!may_fetch(world, &boris, &ids[2]).await && may_fetch(world, &anna, &ids[2]).await);
        assert_eq!(reason(boris.try_forward(chat, &[4], to, false).await), "MESSAGE_NOT_FOUND");

        assert!(may_fetch(world, &clara, &copy).await, "a copy stays");
        let told = clara.try_forwarded(to, merged).await.expect("told");
        for message in &told {
            let Some(forwarded::Content::File(file)) = &message.content else { panic!("no file") };
            let media = file.media.as_ref().expect("a medium");
            assert!(may_fetch(world, &clara, &media.media_id).await, "a merged copy, too");
        }
        let recall = RecallMessageRequest { conversation_id: to, seq: merged };
        boris.chat().recall_message(recall).await.expect("recalled");
        assert_eq!(reason(clara.try_forwarded(to, merged).await), "MESSAGE_NOT_FOUND");
        for message in &told {
            let Some(forwarded::Content::File(file)) = &message.content else { panic!("no file") };
            assert!(!may_fetch(world, &clara, &file.media.as_ref().expect("a medium").media_id).await);
        }
    })
    .await;
}
