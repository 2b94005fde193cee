//! Kinds of messages that refer to uploads, and who may fetch those.

use super::*;
use crate::features::media::{Holder, MediaHolders, fixture};
use crate::store::Store;
use futures::poll;
use std::pin::pin;
use teahouse_proto::media::{Media as Medium, MediaKind};

impl Room {
    /// Somebody's finished upload.
    pub(super) async fn upload(&mut self, who: AccountId, kind: MediaKind) -> Medium {
        self.uploads += 1;
        let number = self.uploads;
        let made = self.foundation.store.transact(move |tx| fixture::uploaded(tx, who, kind, number)).await;
        Medium { media_id: made.unwrap().to_string(), ..Medium::default() }
    }

    pub(super) async fn tell(&mut self, from: AccountId, id: ConversationId, content: Say) -> u64 {
        self.send_any(from, To::ConversationId(id.0), content).await.unwrap().seq
    }

    async fn try_tell(&mut self, from: AccountId, id: ConversationId, content: Say) -> &'static str {
        refused(self.send_any(from, To::ConversationId(id.0), content).await)
    }

    pub(super) async fn holder(&self, media: &Medium) -> Option<Holder> {
        let id = media.media_id.clone();
        self.foundation.store.transact(move |tx| fixture::holder(tx, &id)).await.unwrap()
    }

    pub(super) async fn may_see(&self, who: AccountId, id: ConversationId, seq: u64) -> bool {
        self.chat.may_see(who, Holder::Message(id, seq)).await.unwrap()
    }
}

/// The media of an entry.
pub(super) fn media_of(entry: &Entry) -> Vec<Medium> {
    match entry.content.clone().unwrap() {
        entry::Content::Voice(voice) => voice.media.into_iter().collect(),
        entry::Content::Pictures(pictures) => pictures.pictures,
        entry::Content::Video(video) => video.media.into_iter().chain(video.poster).collect(),
        entry::Content::File(file) => file.media.into_iter().collect(),
        entry::Content::Link(link) => link.picture.into_iter().collect(),
        entry::Content::Sticker(sticker) => sticker.media.into_iter().collect(),
        _ => Vec::new(),
    }
}

fn album(pictures: Vec<Medium>) -> Say {
    Say::Pictures(Pictures { pictures, caption: "é".repeat(120) })
}

#[tokio::test]
async fn a_message_refers_to_uploads_under_names_of_its_own() {
    let (mut room, id) = Room::with_friends().await;
    let mut contents = Vec::new();
    let media = Some(room.upload(ANNA, MediaKind::Voice).await);
    contents.push(Say::Voice(Voice { media, waveform: vec![1, 2, 3].into() }));
    let pictures =
        vec![room.upload(ANNA, MediaKind::Picture).await, room.upload(ANNA, MediaKind::Picture).await];
    contents.push(album(pictures.clone()));
    let (media, poster) =
        (Some(room.upload(ANNA, MediaKind::Video).await), Some(room.upload(ANNA, MediaKind::Picture).await));
    contents.push(Say::Video(Video { media, poster, caption: "rain".into() }));
    let media = Some(room.upload(ANNA, MediaKind::File).await);
    contents.push(Say::File(File { media }));
    let media = Some(room.upload(ANNA, MediaKind::Sticker).await);
    contents.push(Say::Sticker(Sticker { media, pack_id: String::new(), emoji: "😀".into() }));
    let picture = Some(room.upload(ANNA, MediaKind::Picture).await);
    contents.push(Say::Link(Link { url: "https://example.org/".into(), picture, ..Link::default() }));
    for (content, count) in contents.into_iter().zip([1, 2, 2, 1, 1, 1]) {
        let seq = room.tell(ANNA, id, content).await;
        let shown = room.entry(BORIS, id, seq).await;
        let media = media_of(&shown);
        assert_eq!(media.len(), count);
        for medium in media {
            assert_eq!(room.holder(&medium).await, Some(Holder::Message(id, seq)));
            assert!(medium.size == 1000 && pictures.iter().all(|p| p.media_id != medium.media_id));
        }
        assert_eq!(room.entry(ANNA, id, seq).await.content, shown.content);
    }
    assert_eq!(room.holder(&pictures[0]).await, Some(Holder::Upload(ANNA)), "it can be sent again");
}

#[tokio::test]
async fn only_ones_own_uploads_of_the_right_kind_can_be_sent() {
    let (mut room, id) = Room::with_friends().await;
    let mine = room.upload(ANNA, MediaKind::Picture).await;
    let theirs = room.upload(BORIS, MediaKind::Picture).await;
    let voice =
        |media: &Medium| Say::Voice(Voice { media: Some(media.clone()), waveform: Vec::new().into() });
    assert_eq!(room.try_tell(ANNA, id, voice(&mine)).await, "MEDIA_KIND_INVALID");
    for nobodys in [theirs.clone(), Medium::default()] {
        assert_eq!(room.try_tell(ANNA, id, album(vec![mine.clone(), nobodys])).await, "MEDIA_NOT_FOUND");
    }
    let seq = room.tell(BORIS, id, album(vec![theirs])).await;
    let received = media_of(&room.entry(ANNA, id, seq).await);
    assert_eq!(
        room.try_tell(ANNA, id, album(received)).await,
        "MEDIA_NOT_FOUND",
        "forwarding is another way"
    );
    let packed = Sticker { media: Some(mine), pack_id: "a".repeat(22), emoji: String::new() };
    assert_eq!(room.try_tell(ANNA, id, Say::Sticker(packed)).await, "MEDIA_NOT_FOUND");
    assert_eq!(room.view(ANNA, id).await.head_seq, seq);
}

#[tokio::test]
async fn a_repeat_refers_once() {
    let (mut room, id) = Room::with_friends().await;
    let picture = room.upload(ANNA, MediaKind::Picture).await;
    let first = room.tell(ANNA, id, album(vec![picture.clone()])).await;
    room.made -= 1;
    assert_eq!(room.tell(ANNA, id, album(vec![picture])).await, first);
    assert_eq!(room.view(BORIS, id).await.head_seq, first);
}

#[tokio::test]
async fn whoever_sees_the_message_may_fetch_what_is_in_it() {
    let (mut room, id) = Room::with_friends().await;
    let picture = room.upload(ANNA, MediaKind::Picture).await;
    let seq = room.tell(ANNA, id, album(vec![picture])).await;
    assert!(room.may_see(ANNA, id, seq).await && room.may_see(BORIS, id, seq).await);
    for (who, id, seq) in [(CLARA, id, seq), (BORIS, id, 1), (BORIS, id, 99), (BORIS, ConversationId(9), seq)]
    {
        assert!(!room.may_see(who, id, seq).await);
    }
    assert!(!room.chat.may_see(ANNA, Holder::Upload(ANNA)).await.unwrap());
    assert!(!room.chat.may_see(ANNA, Holder::Evidence).await.unwrap());

    let hooks = Hooks::new(room.foundation.ids.clone());
    let now = room.foundation.clock.now();
    let delete = room.foundation.store.transact(move |tx| {
        set_friend(tx, BORIS, ANNA, None)?;
        hooks.on_deleted(tx, BORIS, ANNA, now)
    });
    delete.await.unwrap();
    assert!(!room.may_see(BORIS, id, seq).await, "his side of the conversation is gone");
    assert!(room.may_see(ANNA, id, seq).await, "hers is not");
    room.befriend(ANNA, BORIS).await;
    assert!(!room.may_see(BORIS, id, seq).await, "before his time");
}

#[tokio::test]
async fn a_preview_is_short() {
    let (mut room, id) = Room::with_friends().await;
    let media = room.upload(ANNA, MediaKind::Voice).await;
    room.tell(ANNA, id, Say::Voice(Voice { media: Some(media), waveform: vec![7; 128].into() })).await;
    let preview = room.view(BORIS, id).await.preview.unwrap();
    assert!(
        matches!(&preview.content, Some(entry::Content::Voice(v)) if v.waveform.is_empty()) && !preview.cut
    );
    let picture = room.upload(ANNA, MediaKind::Picture).await;
    room.tell(ANNA, id, album(vec![picture])).await;
    let preview = room.view(BORIS, id).await.preview.unwrap();
    let Some(entry::Content::Pictures(pictures)) = preview.content else { panic!("no pictures") };
    assert_eq!((pictures.caption, preview.cut), ("é".repeat(100), true));
}

#[tokio::test]
async fn a_sticker_is_not_kept_by_somebody_who_is_gone_meanwhile() {
    let (mut room, id) = Room::with_friends().await;
    let media = Some(room.upload(BORIS, MediaKind::Sticker).await);
    let sticker = Sticker { media, pack_id: String::new(), emoji: "😀".into() };
    let seq = room.tell(BORIS, id, Say::Sticker(sticker)).await;
    let store = room.foundation.store.clone();
    let request = CollectStickerRequest { client_message_id: vec![9; 16].into(), conversation_id: id.0, seq };
    let cx = room.cx(ANNA);
    let mut collect = pin!(room.chat.collect_sticker(&cx, request));
    // It asks whether this is a repeat, and is answered without being told.
    let (open, held) = hold(&store);
    let mut held = pin!(held);
    assert!(poll!(&mut held).is_pending() && poll!(&mut collect).is_pending());
    drop(open);
    held.await.unwrap();
    store.transact(|_| Ok(())).await.unwrap();
    let (open, held) = hold(&store);
    let (mut held, mut part) = (pin!(held), pin!(room.part(ANNA, BORIS)));
    assert!(poll!(&mut held).is_pending() && poll!(&mut part).is_pending());
    // It sees the sticker still, and waits for its turn to keep it.
    assert!(poll!(&mut collect).is_pending());
    drop(open);
    part.await;
    assert_eq!(refused(collect.await), "CONVERSATION_NOT_FOUND");
}

/// A transaction before which nothing is answered that comes after it, until what is given with it is dropped.
fn hold(store: &Store) -> (std::sync::mpsc::Sender<()>, impl Future<Output = Result<()>> + use<>) {
    let (open, gate) = std::sync::mpsc::channel();
    let (store, gate) = (store.clone(), std::sync::Mutex::new(gate));
    let held = async move {
        let wait = move |_: &mut Tx<'_>| {
            let _ = gate.lock().unwrap().recv();
            Ok(())
        };
        store.transact(wait).await
    };
    (open, held)
}
