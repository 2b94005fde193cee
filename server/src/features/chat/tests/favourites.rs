//! Favourites: what is kept, and what becomes of it when its source does not stay.

use super::forwarding::Rig;
use super::media_kinds::media_of;
use super::*;
use crate::features::media::{Holder, MediaHolders};
use teahouse_proto::FavouritesApi;
use teahouse_proto::common::PageRequest;
use teahouse_proto::favourites::send_favourite_request::To as Onto;
use teahouse_proto::favourites::{
    AddFavouritesRequest, DeleteFavouritesRequest, Favourite, ListFavouritesRequest,
    ListForwardedRequest as ListKept, SendFavouriteRequest,
};
use teahouse_proto::media::Media as Medium;

impl Rig {
    fn keep_request(&mut self, seqs: &[u64]) -> AddFavouritesRequest {
        self.room.made += 1;
        AddFavouritesRequest {
            client_message_id: self.room.made.to_be_bytes().to_vec().into(),
            conversation_id: self.boris.0,
            seqs: seqs.to_vec(),
        }
    }

    async fn keep(&mut self, who: AccountId, seqs: &[u64]) -> Result<Vec<u64>> {
        let request = self.keep_request(seqs);
        let kept = self.room.chat.add_favourites(&self.room.cx(who), request).await;
        kept.map(|answer| answer.favourite_ids)
    }

    async fn kept(&self, who: AccountId, limit: u32) -> Vec<Vec<Favourite>> {
        let (mut pages, mut page) = (Vec::new(), PageRequest { limit, ..PageRequest::default() });
        loop {
            let request = ListFavouritesRequest { page: Some(page) };
            let answer = self.room.chat.list_favourites(&self.room.cx(who), request).await.unwrap();
            pages.push(answer.favourites);
            if answer.next.is_empty() {
                return pages;
            }
            page = PageRequest { limit, cursor: answer.next };
        }
    }

    async fn send_kept(&mut self, who: AccountId, favourite_id: u64) -> Result<u64> {
        self.room.made += 1;
        let request = SendFavouriteRequest {
            client_message_id: self.room.made.to_be_bytes().to_vec().into(),
            favourite_id,
            to: Some(Onto::ConversationId(self.clara.0)),
        };
        let first = self.room.chat.send_favourite(&self.room.cx(who), request.clone()).await?;
        let again = self.room.chat.send_favourite(&self.room.cx(who), request).await?;
        assert_eq!(first, again, "a repeat is the same message");
        Ok(first.seq)
    }

    async fn let_go(&self, who: AccountId, ids: &[u64]) {
        let request = DeleteFavouritesRequest { favourite_ids: ids.to_vec() };
        self.room.chat.delete_favourites(&self.room.cx(who), request).await.unwrap();
    }
}

/// The picture of a favourite.
fn picture(favourite: &Favourite) -> Medium {
    match favourite.message.as_ref().and_then(|message| message.content.clone()) {
        Some(forwarded::Content::Pictures(pictures)) => pictures.pictures.into_iter().next().unwrap(),
        other => panic!("no picture: {other:?}"),
    }
}

fn reason<T: std::fmt::Debug>(outcome: Result<T>) -> &'static str {
    outcome.unwrap_err().reason()
}

#[tokio::test]
async fn what_is_kept_outlives_its_message() {
    let mut rig = Rig::new().await;
    let words = rig.room.say(BORIS, rig.boris, "green tea").await;
    let (album, original) = rig.album(BORIS).await;
    let ids = rig.keep(ANNA, &[words, album]).await.unwrap();
    assert!(ids[0] < ids[1], "numbers rise");
    rig.gone(album).await;
    let kept = rig.kept(ANNA, 0).await.remove(0);
    assert_eq!(
        kept.iter().map(|one| one.favourite_id).collect::<Vec<_>>(),
        [ids[1], ids[0]],
        "the latest first"
    );
    let said = kept[1].message.as_ref().unwrap();
    assert_eq!(
        (said.author_name.as_str(), said.content.clone()),
        ("boris", Some(forwarded::Content::Text(plain("green tea"))))
    );
    let copy = picture(&kept[0]);
    assert_ne!(copy.media_id, original.media_id);
    let holder = rig.holder(&copy).await.unwrap();
    assert_eq!(holder, Holder::Favourite(ANNA, ids[1]));
    assert!(rig.room.chat.may_see(ANNA, holder).await.unwrap());
    assert!(!rig.room.chat.may_see(BORIS, holder).await.unwrap(), "not even whoever sent it");
    assert!(rig.kept(BORIS, 0).await[0].is_empty());

    let seq = rig.send_kept(ANNA, ids[1]).await.unwrap();
    let sent = media_of(&rig.room.entry(CLARA, rig.clara, seq).await).remove(0);
    assert!(sent.media_id != copy.media_id && rig.room.may_see(CLARA, rig.clara, seq).await);
    rig.let_go(BORIS, &ids).await;
    assert_eq!(rig.kept(ANNA, 0).await[0].len(), 2, "nobody lets another's go");
    for _ in 0..2 {
        rig.let_go(ANNA, &ids).await;
    }
    assert!(rig.kept(ANNA, 0).await[0].is_empty());
    assert_eq!(rig.holder(&copy).await, None);
    assert!(rig.room.may_see(CLARA, rig.clara, seq).await, "what was sent stays");
    assert_eq!(reason(rig.send_kept(ANNA, ids[1]).await), "FAVOURITE_NOT_FOUND");
}

#[tokio::test]
async fn only_what_one_sees_and_what_was_said_is_kept() {
    let mut rig = Rig::new().await;
    let words = rig.room.say(BORIS, rig.boris, "green tea").await;
    assert_eq!(reason(rig.keep(CLARA, &[words]).await), "CONVERSATION_NOT_FOUND");
    assert_eq!(reason(rig.keep(ANNA, &[1]).await), "NOT_FORWARDABLE", "a notice");
    assert_eq!(reason(rig.keep(ANNA, &[words + 7]).await), "MESSAGE_NOT_FOUND");
    assert_eq!(reason(rig.keep(ANNA, &[]).await), "FIELD_MISSING");
    assert_eq!(reason(rig.keep(ANNA, &[words, words]).await), "SEQ_INVALID");
    let mine = rig.keep(ANNA, &[words]).await.unwrap();
    assert_eq!(reason(rig.send_kept(CLARA, mine[0]).await), "FAVOURITE_NOT_FOUND");
    rig.gone(words).await;
    assert_eq!(reason(rig.keep(ANNA, &[words]).await), "NOT_FORWARDABLE", "recalled");
}

#[tokio::test]
async fn a_repeat_keeps_nothing_twice() {
    let mut rig = Rig::new().await;
    let words = rig.room.say(BORIS, rig.boris, "green tea").await;
    let request = rig.keep_request(&[words]);
    let first = rig.room.chat.add_favourites(&rig.room.cx(ANNA), request.clone()).await.unwrap();
    rig.gone(words).await;
    let again = rig.room.chat.add_favourites(&rig.room.cx(ANNA), request.clone()).await.unwrap();
    assert_eq!(first, again, "also when the message is gone by now");
    assert_eq!(rig.kept(ANNA, 0).await[0].len(), 1);
    let other = AddFavouritesRequest { seqs: vec![words, words + 1], ..request };
    assert_eq!(reason(rig.room.chat.add_favourites(&rig.room.cx(ANNA), other).await), "CLIENT_ID_REUSED");
}

#[tokio::test]
async fn pages_are_without_repeats_and_holes() {
    let mut rig = Rig::new().await;
    let mut ids = Vec::new();
    for n in 0..7 {
        let seq = rig.room.say(BORIS, rig.boris, &format!("cup {n}")).await;
        ids.extend(rig.keep(ANNA, &[seq]).await.unwrap());
    }
    ids.reverse();
    let pages = rig.kept(ANNA, 3).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
    let listed: Vec<u64> = pages.concat().iter().map(|one| one.favourite_id).collect();
    assert_eq!(listed, ids);
    let foreign = ListFavouritesRequest {
        page: Some(PageRequest {
            limit: 0,
            cursor: rig.room.chat.cursor(crate::features::chat::favourites::LIST, ANNA, &ids[0]),
        }),
    };
    assert_eq!(reason(rig.room.chat.list_favourites(&rig.room.cx(BORIS), foreign).await), "CURSOR_INVALID");
}

#[tokio::test]
async fn there_is_a_bound() {
    let mut rig = Rig::new().await;
    let words = rig.room.say(BORIS, rig.boris, "green tea").await;
    let store = rig.room.foundation.store.clone();
    let full =
        store.transact(|tx| tx.put(&tables::FAVOURITES, &ANNA, &tables::FavouriteCount { count: 9_999 }));
    full.await.unwrap();
    let last = rig.keep(ANNA, &[words]).await.unwrap();
    assert_eq!(reason(rig.keep(ANNA, &[words]).await), "TOO_MANY_FAVOURITES");
    rig.let_go(ANNA, &last).await;
    rig.keep(ANNA, &[words]).await.unwrap();
}

#[tokio::test]
async fn a_merged_forward_is_kept_with_all_that_is_in_it() {
    let mut rig = Rig::new().await;
    let words = rig.room.say(BORIS, rig.boris, "green tea").await;
    let (album, _) = rig.album(BORIS).await;
    let merged = rig.forward(&[words, album], true).await.unwrap()[0];
    std::mem::swap(&mut rig.boris, &mut rig.clara);
    let id = rig.keep(ANNA, &[merged]).await.unwrap()[0];
    let list = ListKept { favourite_id: id, ..ListKept::default() };
    let held =
        FavouritesApi::list_forwarded(&*rig.room.chat, &rig.room.cx(ANNA), list.clone()).await.unwrap();
    assert_eq!(held.messages.len(), 2);
    let Some(forwarded::Content::Pictures(pictures)) = &held.messages[1].content else { panic!("no album") };
    assert_eq!(rig.holder(&pictures.pictures[0]).await, Some(Holder::Favourite(ANNA, id)));
    let foreign = FavouritesApi::list_forwarded(&*rig.room.chat, &rig.room.cx(BORIS), list).await;
    assert_eq!(reason(foreign), "FAVOURITE_NOT_FOUND");
}
