//! The stickers room on a store in memory.

use super::*;
use crate::call::{Caller, Cx, Session};
use crate::features::media::fixture::{holder, uploaded};
use crate::features::testing::{foundation, media};
use crate::id::DeviceId;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU8, Ordering};
use teahouse_proto::StickersApi;
use teahouse_proto::media::MediaKind;
use teahouse_proto::stickers::*;
use tempfile::TempDir;

const ANNA: AccountId = AccountId(1);
const BORIS: AccountId = AccountId(2);

struct Rig {
    room: Arc<Stickers>,
    made: AtomicU8,
    _dir: TempDir,
}

impl Rig {
    fn new() -> Self {
        let (foundation, _published) = foundation();
        let (media, dir) = media(&foundation);
        Self { room: Stickers::new(foundation, media), made: AtomicU8::new(1), _dir: dir }
    }

    fn cx(&self, account: AccountId) -> Cx {
        let session = Session::new(account, DeviceId(account.0), Time(0));
        let caller = Caller::new(Some(Arc::new(session)), Ipv4Addr::LOCALHOST.into());
        Cx::new(caller, &self.room.foundation.clock)
    }

    fn next(&self) -> u8 {
        self.made.fetch_add(1, Ordering::Relaxed)
    }

    fn client_id(&self) -> bytes::Bytes {
        vec![self.next(); 16].into()
    }

    /// A finished upload.
    async fn upload(&self, account: AccountId, kind: MediaKind) -> String {
        let number = self.next();
        let made = self.room.foundation.store.transact(move |tx| uploaded(tx, account, kind, number)).await;
        made.unwrap().to_string()
    }

    async fn new_sticker(&self, account: AccountId, emoji: &str) -> NewSticker {
        NewSticker { media_id: self.upload(account, MediaKind::Sticker).await, emoji: emoji.to_owned() }
    }

    /// A pack of Anna's with two stickers.
    async fn pack(&self) -> Pack {
        let stickers = vec![self.new_sticker(ANNA, "😀").await, self.new_sticker(ANNA, "").await];
        let request =
            CreatePackRequest { client_message_id: self.client_id(), name: "Tea cats".into(), stickers };
        self.room.create_pack(&self.cx(ANNA), request).await.unwrap().pack.unwrap()
    }

    async fn holder(&self, media_id: &str) -> Option<Holder> {
        let id = media_id.to_owned();
        self.room.foundation.store.transact(move |tx| holder(tx, &id)).await.unwrap()
    }

    async fn found(&self, me: AccountId, pack_id: &str, media_id: &str) -> Option<String> {
        let (pack_id, media_id) = (pack_id.to_owned(), media_id.to_owned());
        let found = self.room.foundation.store.transact(move |tx| find(tx, me, &pack_id, &media_id)).await;
        found.unwrap().map(|sticker| sticker.emoji)
    }
}

fn media_id(sticker: &Sticker) -> &str {
    &sticker.media.as_ref().unwrap().media_id
}

fn reason<T: std::fmt::Debug>(outcome: Result<T>) -> &'static str {
    outcome.unwrap_err().reason()
}

#[tokio::test]
async fn a_pack_is_made_collected_and_sent_from() {
    let rig = Rig::new();
    let pack = rig.pack().await;
    assert_eq!(
        (pack.name.as_str(), pack.stickers.len(), pack.mine, pack.collected),
        ("Tea cats", 2, true, true)
    );
    let first = media_id(&pack.stickers[0]).to_owned();

    let get = GetPackRequest { pack_id: pack.pack_id.clone() };
    let seen = rig.room.get_pack(&rig.cx(BORIS), get.clone()).await.unwrap().pack.unwrap();
    assert_eq!((seen.mine, seen.collected, &seen.stickers), (false, false, &pack.stickers));
    assert_eq!(
        rig.found(BORIS, &pack.pack_id, &first).await.as_deref(),
        Some("😀"),
        "who knows the pack may send"
    );
    assert_eq!(rig.found(BORIS, &pack.pack_id, "AAAAAAAAAAAAAAAAAAAAAA").await, None);
    assert_eq!(rig.found(BORIS, "", &first).await, None, "not collected as a single one");

    let collect = CollectPackRequest { pack_id: pack.pack_id.clone(), off: false };
    for _ in 0..2 {
        rig.room.collect_pack(&rig.cx(BORIS), collect.clone()).await.unwrap();
    }
    let list = rig.room.list_packs(&rig.cx(BORIS), ListPacksRequest {}).await.unwrap().packs;
    assert_eq!(list.len(), 1);
    assert_eq!((list[0].count, list[0].mine, &list[0].pack_id), (2, false, &pack.pack_id));
    let off = CollectPackRequest { off: true, ..collect };
    rig.room.collect_pack(&rig.cx(BORIS), off.clone()).await.unwrap();
    assert!(rig.room.list_packs(&rig.cx(BORIS), ListPacksRequest {}).await.unwrap().packs.is_empty());
    rig.room.collect_pack(&rig.cx(ANNA), off).await.unwrap();
    let list = rig.room.list_packs(&rig.cx(ANNA), ListPacksRequest {}).await.unwrap().packs;
    assert!(list[0].mine, "one's own pack stays on the list");
}

#[tokio::test]
async fn only_the_maker_changes_a_pack() {
    let rig = Rig::new();
    let pack = rig.pack().await;
    let first = media_id(&pack.stickers[0]).to_owned();
    let remove = RemoveStickerRequest { pack_id: pack.pack_id.clone(), media_id: first.clone() };
    assert_eq!(reason(rig.room.remove_sticker(&rig.cx(BORIS), remove.clone()).await), "PACK_NOT_FOUND");
    let add = AddStickersRequest {
        client_message_id: rig.client_id(),
        pack_id: pack.pack_id.clone(),
        stickers: vec![rig.new_sticker(BORIS, "").await],
    };
    assert_eq!(reason(rig.room.add_stickers(&rig.cx(BORIS), add).await), "PACK_NOT_FOUND");
    let delete = DeletePackRequest { pack_id: pack.pack_id.clone() };
    assert_eq!(reason(rig.room.delete_pack(&rig.cx(BORIS), delete.clone()).await), "PACK_NOT_FOUND");

    for _ in 0..2 {
        let left = rig.room.remove_sticker(&rig.cx(ANNA), remove.clone()).await.unwrap().pack.unwrap();
        assert_eq!(left.stickers, pack.stickers[1..]);
    }
    assert_eq!(rig.holder(&first).await, None, "its picture is let go");
    rig.room
        .collect_pack(&rig.cx(BORIS), CollectPackRequest { pack_id: pack.pack_id.clone(), off: false })
        .await
        .unwrap();
    rig.room.delete_pack(&rig.cx(ANNA), delete.clone()).await.unwrap();
    assert_eq!(reason(rig.room.delete_pack(&rig.cx(ANNA), delete).await), "PACK_NOT_FOUND");
    assert_eq!(rig.holder(media_id(&pack.stickers[1])).await, None);
    let get = GetPackRequest { pack_id: pack.pack_id.clone() };
    assert_eq!(reason(rig.room.get_pack(&rig.cx(BORIS), get).await), "PACK_NOT_FOUND");
    assert!(rig.room.list_packs(&rig.cx(BORIS), ListPacksRequest {}).await.unwrap().packs.is_empty());
}

#[tokio::test]
async fn a_repeat_makes_no_second_pack() {
    let rig = Rig::new();
    let stickers = vec![rig.new_sticker(ANNA, "😀").await];
    let request = CreatePackRequest { client_message_id: rig.client_id(), name: "Once".into(), stickers };
    let first = rig.room.create_pack(&rig.cx(ANNA), request.clone()).await.unwrap();
    assert_eq!(rig.room.create_pack(&rig.cx(ANNA), request.clone()).await.unwrap(), first);
    let other = CreatePackRequest { name: "Twice".into(), ..request };
    assert_eq!(reason(rig.room.create_pack(&rig.cx(ANNA), other).await), "CLIENT_ID_REUSED");
    let pack_id = first.pack.unwrap().pack_id;
    let stickers = vec![rig.new_sticker(ANNA, "").await];
    let add = AddStickersRequest { client_message_id: rig.client_id(), pack_id, stickers };
    let added = rig.room.add_stickers(&rig.cx(ANNA), add.clone()).await.unwrap();
    assert_eq!(rig.room.add_stickers(&rig.cx(ANNA), add).await.unwrap(), added);
    assert_eq!(added.pack.unwrap().stickers.len(), 2);
}

#[tokio::test]
async fn a_repeat_tells_the_pack_as_it_is_by_then() {
    let rig = Rig::new();
    let cx = rig.cx(ANNA);
    let stickers = vec![rig.new_sticker(ANNA, "").await];
    let create = CreatePackRequest { client_message_id: rig.client_id(), name: "Tea cats".into(), stickers };
    let pack_id = rig.room.create_pack(&cx, create.clone()).await.unwrap().pack.unwrap().pack_id;
    let stickers = vec![rig.new_sticker(ANNA, "😀").await];
    let add = AddStickersRequest { client_message_id: rig.client_id(), pack_id: pack_id.clone(), stickers };
    let added = rig.room.add_stickers(&cx, add.clone()).await.unwrap().pack;
    assert_eq!(rig.room.create_pack(&cx, create.clone()).await.unwrap().pack, added);
    assert_eq!(rig.room.add_stickers(&cx, add.clone()).await.unwrap().pack, added, "nothing is added twice");
    rig.room.delete_pack(&cx, DeletePackRequest { pack_id }).await.unwrap();
    assert_eq!(reason(rig.room.create_pack(&cx, create).await), "PACK_NOT_FOUND", "nor made again");
    assert_eq!(reason(rig.room.add_stickers(&cx, add).await), "PACK_NOT_FOUND");
}

#[tokio::test]
async fn what_makes_no_sticker_is_refused() {
    let rig = Rig::new();
    let of = |media_id: String| vec![NewSticker { media_id, emoji: String::new() }];
    let picture = rig.upload(ANNA, MediaKind::Picture).await;
    let theirs = rig.upload(BORIS, MediaKind::Sticker).await;
    for (stickers, expected) in [
        (of(picture), "MEDIA_KIND_INVALID"),
        (of(theirs), "MEDIA_NOT_FOUND"),
        (of("AAAAAAAAAAAAAAAAAAAAAA".into()), "MEDIA_NOT_FOUND"),
        (Vec::new(), "PACK_SIZE_INVALID"),
        (vec![NewSticker::default(); 101], "PACK_SIZE_INVALID"),
        (vec![NewSticker { emoji: "no".into(), ..rig.new_sticker(ANNA, "").await }], "EMOJI_INVALID"),
    ] {
        let request = CreatePackRequest { client_message_id: rig.client_id(), name: "x".into(), stickers };
        assert_eq!(reason(rig.room.create_pack(&rig.cx(ANNA), request).await), expected);
    }
    assert!(rig.room.list_packs(&rig.cx(ANNA), ListPacksRequest {}).await.unwrap().packs.is_empty());
    for pack_id in ["", "nonsense", "AAAAAAAAAAAAAAAAAAAAAA"] {
        let get = GetPackRequest { pack_id: pack_id.into() };
        assert_eq!(reason(rig.room.get_pack(&rig.cx(ANNA), get).await), "PACK_NOT_FOUND", "{pack_id}");
    }
}

#[tokio::test]
async fn packs_have_a_bound_and_those_that_are_gone_make_room() {
    let rig = Rig::new();
    let pack = rig.pack().await;
    let store = &rig.room.foundation.store;
    let fill = store.transact(|tx| {
        for n in 0..=255u8 {
            let row = tables::MineRow { made: n < 50, since_ms: 0 };
            if n < 250 {
                tx.put(&tables::MINE, &(BORIS, [n; 16]), &row)?;
                let row = tables::PackRow { name: "x".into(), ..tables::PackRow::default() };
                tx.put(&PACK, &[n; 16], &row)?;
            }
        }
        Ok(())
    });
    fill.await.unwrap();
    let collect = CollectPackRequest { pack_id: pack.pack_id.clone(), off: false };
    assert_eq!(reason(rig.room.collect_pack(&rig.cx(BORIS), collect.clone()).await), "TOO_MANY_PACKS");
    let stickers = vec![rig.new_sticker(BORIS, "").await];
    let create = CreatePackRequest { client_message_id: rig.client_id(), name: "x".into(), stickers };
    assert_eq!(reason(rig.room.create_pack(&rig.cx(BORIS), create).await), "TOO_MANY_PACKS");
    store.transact(|tx| tx.delete(&PACK, &[249; 16])).await.unwrap();
    rig.room.collect_pack(&rig.cx(BORIS), collect).await.unwrap();
}

#[tokio::test]
async fn single_stickers_are_kept_and_let_go() {
    let rig = Rig::new();
    let upload = rig.upload(ANNA, MediaKind::Sticker).await;
    let keep = CollectUploadRequest {
        client_message_id: rig.client_id(),
        media_id: upload.clone(),
        emoji: "🍵".into(),
    };
    let kept = rig.room.collect_upload(&rig.cx(ANNA), keep.clone()).await.unwrap();
    assert_eq!(rig.room.collect_upload(&rig.cx(ANNA), keep).await.unwrap(), kept);
    let kept = kept.sticker.unwrap();
    let id = media_id(&kept).to_owned();
    assert_ne!(id, upload, "each reference has a name of its own");
    assert_eq!(rig.holder(&id).await, Some(Holder::Collected(ANNA)));
    assert_eq!(rig.found(ANNA, "", &id).await.as_deref(), Some("🍵"));
    assert_eq!(rig.found(BORIS, "", &id).await, None);
    assert!(rig.room.may_see(ANNA, Holder::Collected(ANNA)).await.unwrap());
    assert!(!rig.room.may_see(BORIS, Holder::Collected(ANNA)).await.unwrap());

    let (shown, new) = (id.clone(), rig.room.media.new_id());
    let now = rig.room.foundation.clock.now();
    let copy = rig.room.foundation.store.transact(move |tx| collect(tx, BORIS, &shown, "🍵", new, now));
    let copy = copy.await.unwrap().unwrap();
    let list = async |who| rig.room.list_collected(&rig.cx(who), ListCollectedRequest {}).await;
    rig.room.remove_collected(&rig.cx(BORIS), RemoveCollectedRequest { media_id: id.clone() }).await.unwrap();
    assert_eq!(list(ANNA).await.unwrap().stickers, [kept], "nobody lets another's go");
    for _ in 0..2 {
        let remove = RemoveCollectedRequest { media_id: id.clone() };
        rig.room.remove_collected(&rig.cx(ANNA), remove).await.unwrap();
    }
    assert!(list(ANNA).await.unwrap().stickers.is_empty());
    assert_eq!(rig.holder(&id).await, None);
    assert_eq!(list(BORIS).await.unwrap().stickers, [copy], "a copy outlives what it was made of");
}

#[tokio::test]
async fn pictures_of_a_pack_are_for_who_knows_it() {
    let rig = Rig::new();
    let pack = rig.pack().await;
    let Some(Holder::Pack(id)) = rig.holder(media_id(&pack.stickers[0])).await else {
        panic!("not of a pack")
    };
    assert!(rig.room.may_see(BORIS, Holder::Pack(id)).await.unwrap());
    assert!(!rig.room.may_see(BORIS, Holder::Pack([9; 16])).await.unwrap());
    assert!(!rig.room.may_see(BORIS, Holder::Upload(BORIS)).await.unwrap(), "of another room");
}
