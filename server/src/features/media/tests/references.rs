//! References: who may make them, how long content and charges live by them.

use super::*;
use crate::features::media::{
    Holder, MediaHolders, fixture, keep, refer_again, refer_stored, refer_upload, release, seal,
};
use crate::id::ConversationId;
use crate::time::{DAY, HOUR};
use futures::FutureExt;
use futures::future::BoxFuture;

const MESSAGE: Holder = Holder::Message(ConversationId(7), 3);

impl Rig {
    async fn refer(&self, who: AccountId, from: &proto::Media, allowed: MediaKind) -> Result<proto::Media> {
        let (from, new, now) = (from.media_id.clone(), self.room.new_ids(1)[0], self.foundation.clock.now());
        let refer =
            move |tx: &mut crate::store::Tx<'_>| refer_upload(tx, who, &from, &[allowed], new, MESSAGE, now);
        self.foundation.store.transact(refer).await
    }

    /// A copy that Boris keeps.
    async fn again(&self, from: &proto::Media) -> Option<proto::Media> {
        self.again_by(BORIS, from).await
    }

    async fn again_by(&self, who: AccountId, from: &proto::Media) -> Option<proto::Media> {
        let (from, new) = (from.media_id.clone(), self.room.new_ids(1)[0]);
        let holder = Holder::Favourite(who, 1);
        self.foundation.store.transact(move |tx| refer_again(tx, who, &from, new, holder)).await.unwrap()
    }

    async fn release(&self, media: &proto::Media) {
        let id = media.media_id.clone();
        self.foundation.store.transact(move |tx| release(tx, &id)).await.unwrap();
    }

    async fn seal(&self, media: &proto::Media) {
        let id = media.media_id.clone();
        self.foundation.store.transact(move |tx| seal(tx, &id)).await.unwrap();
    }

    async fn days_pass(&self) {
        self.foundation.clock.advance(DAY + HOUR * 2);
        self.room.collect(self.foundation.clock.now()).await.unwrap();
    }
}

#[tokio::test]
async fn only_whose_upload_it_is_may_refer_to_it() {
    let rig = Rig::new();
    let upload = rig.uploaded(ANNA, b"tea").await;
    assert_eq!(reason(rig.refer(BORIS, &upload, MediaKind::File).await), "MEDIA_NOT_FOUND");
    assert_eq!(reason(rig.refer(ANNA, &upload, MediaKind::Picture).await), "MEDIA_KIND_INVALID");
    let sent = rig.refer(ANNA, &upload, MediaKind::File).await.unwrap();
    assert_ne!(sent.media_id, upload.media_id);
    assert_eq!((sent.size, &*sent.file_name), (3, "tea.txt"));
    assert_eq!(reason(rig.refer(ANNA, &sent, MediaKind::File).await), "MEDIA_NOT_FOUND", "it is no upload");
    let holder = rig.foundation.store.transact(move |tx| fixture::holder(tx, &sent.media_id)).await.unwrap();
    assert_eq!(holder, Some(MESSAGE));
}

#[tokio::test]
async fn what_later_rooms_are_tested_with_behaves_like_an_upload() {
    let rig = Rig::new();
    let id =
        rig.foundation.store.transact(|tx| fixture::uploaded(tx, ANNA, MediaKind::Voice, 9)).await.unwrap();
    let upload = proto::Media { media_id: id.to_string(), ..proto::Media::default() };
    let sent = rig.refer(ANNA, &upload, MediaKind::Voice).await.unwrap();
    assert_eq!((sent.kind(), sent.duration_ms), (MediaKind::Voice, 5000));
}

#[tokio::test]
async fn content_lives_as_long_as_anything_refers_to_it() {
    let rig = Rig::new();
    let upload = rig.uploaded(ANNA, b"tea").await;
    let sent = rig.refer(ANNA, &upload, MediaKind::File).await.unwrap();
    let kept = rig.again(&sent).await.unwrap();
    rig.days_pass().await;
    assert_eq!(rig.room.read(&upload.media_id).await.unwrap(), None, "the upload is over");
    assert_eq!(rig.quota(ANNA).await, (0, 3), "what was sent is still hers");
    rig.release(&sent).await;
    rig.release(&sent).await;
    assert_eq!(rig.quota(ANNA).await, (0, 0), "what others keep is not");
    assert!(rig.again(&sent).await.is_none());
    rig.room.collect(rig.foundation.clock.now()).await.unwrap();
    assert_eq!(rig.room.read(&kept.media_id).await.unwrap().unwrap(), "tea");
    rig.release(&kept).await;
    rig.room.collect(rig.foundation.clock.now()).await.unwrap();
    assert_eq!((rig.rows().await, rig.files()), ([0; 8], (0, 0)));
}

#[tokio::test]
async fn a_copy_by_the_same_account_stays_charged_as_long_as_it_is_held() {
    let rig = Rig::new();
    let upload = rig.uploaded(ANNA, b"tea").await;
    let sent = rig.refer(ANNA, &upload, MediaKind::File).await.unwrap();
    let kept = rig.again_by(ANNA, &sent).await.unwrap();
    let forwarded = rig.again_by(ANNA, &kept).await.unwrap();
    let his = rig.again_by(BORIS, &kept).await.unwrap();
    rig.seal(&sent).await;
    rig.release(&kept).await;
    rig.days_pass().await;
    assert_eq!(rig.quota(ANNA).await.1, 3, "she holds it still");
    rig.release(&forwarded).await;
    assert_eq!((rig.quota(ANNA).await.1, rig.quota(BORIS).await.1), (0, 0), "what others copied is nobody's");
    for rest in [sent, his] {
        rig.release(&rest).await;
    }
    rig.days_pass().await;
    assert_eq!((rig.rows().await, rig.files()), ([0; 8], (0, 0)));
}

#[tokio::test]
async fn content_that_comes_again_while_it_goes_is_there() {
    let rig = Rig::new();
    let first = rig.uploaded(ANNA, b"tea").await;
    rig.release(&first).await;
    // Its file is still there, under a place that is given up.
    let second = rig.uploaded(BORIS, b"tea").await;
    rig.room.collect(rig.foundation.clock.now()).await.unwrap();
    assert_eq!(rig.room.read(&second.media_id).await.unwrap().unwrap(), "tea");
    assert_eq!(rig.files(), (0, 1));
}

#[tokio::test]
async fn what_is_sealed_is_kept_but_for_nobody() {
    let rig = Rig::new();
    let upload = rig.uploaded(ANNA, b"tea").await;
    let sent = rig.refer(ANNA, &upload, MediaKind::File).await.unwrap();
    rig.seal(&sent).await;
    assert!(rig.again(&sent).await.is_none());
    rig.days_pass().await;
    assert_eq!(rig.quota(ANNA).await, (0, 0));
    assert!(rig.room.read(&sent.media_id).await.unwrap().is_some(), "the server itself can");
    rig.release(&sent).await;
    rig.days_pass().await;
    assert_eq!((rig.rows().await, rig.files()), ([0; 8], (0, 0)));
}

/// A room in which Boris alone sees the message.
struct BorisSees;

impl MediaHolders for BorisSees {
    fn may_see(&self, viewer: AccountId, holder: Holder) -> BoxFuture<'_, Result<bool>> {
        async move { Ok(holder == MESSAGE && viewer == BORIS) }.boxed()
    }
}

#[tokio::test]
async fn the_room_of_the_holder_says_who_may_fetch() {
    let rig = Rig::new();
    let room: Arc<dyn MediaHolders> = Arc::new(BorisSees);
    rig.room.ask(std::slice::from_ref(&room));
    let upload = rig.uploaded(ANNA, b"tea").await;
    let sent = rig.refer(ANNA, &upload, MediaKind::File).await.unwrap();
    let kept = rig.again(&sent).await.unwrap();
    let sees =
        async |who, media: &proto::Media| rig.room.visible(who, &media.media_id).await.unwrap().is_some();
    assert!(sees(ANNA, &upload).await && !sees(BORIS, &upload).await, "an upload is its account's");
    assert!(sees(BORIS, &sent).await && !sees(ANNA, &sent).await);
    assert!(!sees(BORIS, &kept).await && !sees(ANNA, &kept).await, "nobody answers for a favourite");
    rig.seal(&sent).await;
    assert!(!sees(BORIS, &sent).await);
    let other = rig.refer(ANNA, &upload, MediaKind::File).await.unwrap();
    drop(room);
    assert!(!sees(BORIS, &other).await, "a room that is gone shows nothing");
}

#[tokio::test]
async fn a_cancelled_upload_leaves_what_was_sent() {
    let rig = Rig::new();
    let request = rig.request(3);
    let id = rig.create(ANNA, request).await.unwrap().upload_id;
    rig.put(ANNA, &id, 0, b"tea").await.unwrap();
    let upload = rig.finish(ANNA, &id).await.unwrap();
    let sent = rig.refer(ANNA, &upload, MediaKind::File).await.unwrap();
    rig.cancel(ANNA, &id).await.unwrap();
    assert_eq!(rig.quota(ANNA).await, (3, 3));
    rig.room.collect(rig.foundation.clock.now()).await.unwrap();
    assert_eq!(rig.room.read(&sent.media_id).await.unwrap().unwrap(), "tea");
    rig.release(&sent).await;
    assert_eq!(rig.quota(ANNA).await, (3, 0), "a day's bytes were uploaded all the same");
}

#[tokio::test]
async fn the_server_stores_what_it_makes_itself() {
    let rig = Rig::new();
    let stored = rig.room.store(Bytes::from_static(b"made here"), "application/x-made").await.unwrap();
    let new = rig.room.new_ids(2);
    let ids = new.clone();
    let made = rig.foundation.store.transact(move |tx| {
        refer_stored(tx, &stored, ids[0], MESSAGE)?;
        refer_stored(tx, &stored, ids[1], MESSAGE)
    });
    let made = made.await.unwrap();
    assert_eq!((&*made.media_id, made.size), (&*new[1].to_string(), 9));
    for id in new {
        assert_eq!(rig.room.read(&id.to_string()).await.unwrap().unwrap(), "made here");
        rig.release(&proto::Media { media_id: id.to_string(), ..made.clone() }).await;
    }
    rig.room.collect(rig.foundation.clock.now()).await.unwrap();
    assert_eq!((rig.rows().await, rig.files()), ([0; 8], (0, 0)));
}

#[tokio::test]
async fn evidence_keeps_the_bytes_also_of_what_is_sealed_and_nobody_fetches_it() {
    let rig = Rig::new();
    let upload = rig.uploaded(ANNA, b"tea").await;
    let sent = rig.refer(ANNA, &upload, MediaKind::File).await.unwrap();
    rig.seal(&sent).await;
    let keep = async |max_bytes| {
        let (from, new) = (sent.media_id.clone(), rig.room.new_ids(1)[0]);
        rig.foundation.store.transact(move |tx| keep(tx, &from, new, max_bytes)).await.unwrap()
    };
    let too_long = keep(2).await.unwrap();
    assert_eq!((too_long.media.size, &*too_long.media.media_id, &*too_long.file), (3, "", ""));
    let kept = keep(3).await.unwrap();
    rig.release(&sent).await;
    rig.days_pass().await;
    assert_eq!(std::fs::read(rig.dir.path().join(&kept.file)).unwrap(), b"tea");
    assert!(rig.again(&kept.media).await.is_none());
    rig.release(&kept.media).await;
    rig.days_pass().await;
    assert!(!rig.dir.path().join(&kept.file).exists());
}
