//! Forwarding: one by one and merged, and what becomes of copies.

use super::media_kinds::media_of;
use super::*;
use crate::features::accounts::fixture::register;
use crate::features::media::{self, Holder, fixture};
use teahouse_proto::chat::forward_messages_request::To as Onto;
use teahouse_proto::chat::forward_preview::What;
use teahouse_proto::common::PageRequest;
use teahouse_proto::media::{Media as Medium, MediaKind};

/// Anna has a conversation with Boris, and one with Clara.
pub(super) struct Rig {
    pub(super) room: Room,
    pub(super) boris: ConversationId,
    pub(super) clara: ConversationId,
}

impl Rig {
    pub(super) async fn new() -> Self {
        let (mut room, boris) = Room::with_friends().await;
        let clara = room.befriend(ANNA, CLARA).await;
        let now = room.foundation.clock.now();
        let registered = room.foundation.store.transact(move |tx| {
            for (account, name) in [(ANNA, "anna"), (BORIS, "boris"), (CLARA, "clara")] {
                register(tx, account, name, now)?;
            }
            Ok(())
        });
        registered.await.unwrap();
        Self { room, boris, clara }
    }

    fn request(&mut self, seqs: &[u64], merged: bool) -> ForwardMessagesRequest {
        self.room.made += 1;
        ForwardMessagesRequest {
            client_message_id: self.room.made.to_be_bytes().to_vec().into(),
            from_conversation_id: self.boris.0,
            seqs: seqs.to_vec(),
            to: Some(Onto::ConversationId(self.clara.0)),
            merged,
            title: if merged { "Tea with Boris".into() } else { String::new() },
        }
    }

    async fn call(&self, who: AccountId, request: ForwardMessagesRequest) -> Result<ForwardMessagesResponse> {
        self.room.chat.forward_messages(&self.room.cx(who), request).await
    }

    pub(super) async fn forward(&mut self, seqs: &[u64], merged: bool) -> Result<Vec<u64>> {
        let request = self.request(seqs, merged);
        self.call(ANNA, request).await.map(|answer| answer.seqs)
    }

    pub(super) async fn album(&mut self, who: AccountId) -> (u64, Medium) {
        let picture = self.room.upload(who, MediaKind::Picture).await;
        let album = Say::Pictures(Pictures { pictures: vec![picture], caption: "rain".into() });
        let seq = self.room.tell(who, self.boris, album).await;
        let media = media_of(&self.room.entry(who, self.boris, seq).await).remove(0);
        (seq, media)
    }

    async fn pages(&self, who: AccountId, seq: u64, path: &[u32], limit: u32) -> Result<Vec<Vec<Forwarded>>> {
        let mut page = PageRequest { limit, ..PageRequest::default() };
        let mut pages = Vec::new();
        loop {
            let (conversation_id, path) = (self.clara.0, path.to_vec());
            let request = ListForwardedRequest { conversation_id, seq, path, page: Some(page) };
            let answer = self.room.chat.list_forwarded(&self.room.cx(who), request).await?;
            pages.push(answer.messages);
            if answer.next.is_empty() {
                return Ok(pages);
            }
            page = PageRequest { limit, cursor: answer.next };
        }
    }

    pub(super) async fn holder(&self, media: &Medium) -> Option<Holder> {
        let id = media.media_id.clone();
        self.room.foundation.store.transact(move |tx| fixture::holder(tx, &id)).await.unwrap()
    }

    /// Boris takes a message back, as far as this room's tests need it.
    pub(super) async fn gone(&self, seq: u64) {
        let id = self.boris;
        let recall = self.room.foundation.store.transact(move |tx| {
            let mut entry = tx.entry(&tables::LOG, &id, seq)?.unwrap();
            let recalled = Recalled { by_account_id: entry.author };
            entry.content = Some(tables::Content::Recalled(recalled));
            tx.overwrite(&tables::LOG, &id, seq, &entry)
        });
        recall.await.unwrap();
    }
}

#[tokio::test]
async fn one_by_one_makes_messages_of_the_forwarder_in_order() {
    let mut rig = Rig::new().await;
    let mention = Mention { account_id: BORIS.0, offset: 0, length: 6, all: false };
    let first = rig.room.say(BORIS, rig.boris, "one").await;
    let said = Text { text: "@Boris two".into(), mentions: vec![mention], quote_seq: first };
    let second = rig.room.send(ANNA, To::ConversationId(rig.boris.0), said).await.unwrap().seq;
    let (third, original) = rig.album(BORIS).await;
    let seqs = rig.forward(&[first, second, third], false).await.unwrap();
    assert_eq!(seqs, [2, 3, 4]);
    let all = ListEntriesRequest { conversation_id: rig.clara.0, after_seq: 1, ..Default::default() };
    let entries = rig.room.list(CLARA, all).await.unwrap();
    assert!(entries.iter().all(|entry| entry.author_account_id == ANNA.0));
    assert_eq!(entries[0].content, Some(entry::Content::Text(plain("one"))));
    assert_eq!(entries[1].content, Some(entry::Content::Text(plain("@Boris two"))), "no ties");
    let copy = media_of(&entries[2]).remove(0);
    assert_ne!(copy.media_id, original.media_id);
    assert_eq!(rig.holder(&copy).await, Some(Holder::Message(rig.clara, 4)));
    assert!(rig.room.may_see(CLARA, rig.clara, 4).await && !rig.room.may_see(CLARA, rig.boris, third).await);
    assert_eq!(rig.room.view(CLARA, rig.clara).await.unread, 3);
    rig.gone(third).await;
    assert!(rig.room.may_see(CLARA, rig.clara, 4).await, "a copy outlives its original");
    assert!(!rig.room.may_see(ANNA, rig.boris, third).await);
}

#[tokio::test]
async fn a_repeat_forwards_nothing_again_even_when_the_original_is_gone() {
    let mut rig = Rig::new().await;
    let seq = rig.room.say(BORIS, rig.boris, "one").await;
    for merged in [false, true] {
        let request = rig.request(&[seq], merged);
        let first = rig.call(ANNA, request.clone()).await.unwrap();
        assert_eq!(rig.call(ANNA, request.clone()).await.unwrap(), first);
        if merged {
            rig.gone(seq).await;
            assert_eq!(rig.call(ANNA, request.clone()).await.unwrap(), first);
        }
        let other = ForwardMessagesRequest { merged: !merged, ..request };
        assert_eq!(refused(rig.call(ANNA, other).await), "CLIENT_ID_REUSED");
    }
    assert_eq!(rig.room.view(CLARA, rig.clara).await.head_seq, 3);
}

#[tokio::test]
async fn what_cannot_be_forwarded() {
    let mut rig = Rig::new().await;
    let seq = rig.room.say(BORIS, rig.boris, "one").await;
    let gone = rig.room.say(BORIS, rig.boris, "two").await;
    rig.gone(gone).await;
    let card = ContactCard { account_id: BORIS.0, card: None };
    let card = rig.room.tell(BORIS, rig.boris, Say::ContactCard(card)).await;
    for merged in [false, true] {
        for (seqs, reason) in [
            (&[][..], "FIELD_MISSING"),
            (&[1, seq], "NOT_FORWARDABLE"),
            (&[seq, gone], "NOT_FORWARDABLE"),
            (&[seq, 99], "MESSAGE_NOT_FOUND"),
            (&[seq, seq], "SEQ_INVALID"),
        ] {
            assert_eq!(refused(rig.forward(seqs, merged).await), reason, "{seqs:?}");
        }
        let nowhere = ForwardMessagesRequest { to: None, ..rig.request(&[seq], merged) };
        assert_eq!(refused(rig.call(ANNA, nowhere).await), "FIELD_MISSING");
        let foreign = rig.request(&[seq], merged);
        assert_eq!(refused(rig.call(CLARA, foreign).await), "CONVERSATION_NOT_FOUND", "not her conversation");
        let into = ForwardMessagesRequest { to: Some(Onto::AccountId(99)), ..rig.request(&[seq], merged) };
        assert_eq!(refused(rig.call(ANNA, into).await), "NOT_FRIENDS");
        let into = Some(Onto::ConversationId(rig.clara.0));
        let into = ForwardMessagesRequest { to: into, ..rig.request(&[seq], merged) };
        assert_eq!(refused(rig.call(BORIS, into).await), "CONVERSATION_NOT_FOUND");
    }
    assert_eq!(rig.room.view(CLARA, rig.clara).await.head_seq, 1, "all or nothing");
    assert!(rig.forward(&[card], false).await.is_ok(), "Boris is Anna's friend");
    let unfriend = rig.room.foundation.store.transact(|tx| set_friend(tx, ANNA, BORIS, None));
    unfriend.await.unwrap();
    assert_eq!(refused(rig.forward(&[card], false).await), "NOT_FORWARDABLE");
    assert!(rig.forward(&[card], true).await.is_ok(), "a picture of a card opens nothing");
}

#[tokio::test]
async fn a_merged_forward_is_a_copy_without_accounts() {
    let mut rig = Rig::new().await;
    let text = rig.room.say(BORIS, rig.boris, &"é".repeat(70)).await;
    let (album, original) = rig.album(ANNA).await;
    let card = ContactCard { account_id: ANNA.0, card: None };
    let card = rig.room.tell(BORIS, rig.boris, Say::ContactCard(card)).await;
    let seqs = rig.forward(&[text, album, card], true).await.unwrap();
    let [seq] = seqs[..] else { panic!("{seqs:?}") };
    let entry::Content::Merged(shown) = rig.room.entry(CLARA, rig.clara, seq).await.content.unwrap() else {
        panic!("not merged")
    };
    let lines: Vec<_> =
        shown.preview.iter().map(|line| (line.author_name.as_str(), line.what.clone().unwrap())).collect();
    assert_eq!((shown.title.as_str(), shown.count), ("Tea with Boris", 3));
    let kinds = [ContentKind::Pictures, ContentKind::ContactCard].map(|kind| What::Other(kind.into()));
    let [pictures, person] = kinds;
    assert_eq!(lines, [("boris", What::Text("é".repeat(60))), ("anna", pictures), ("boris", person)]);

    rig.gone(text).await;
    rig.gone(album).await;
    let sent_at_ms = rig.room.entry(ANNA, rig.boris, text).await.sent_at_ms;
    let pages = rig.pages(CLARA, seq, &[], 2).await.unwrap();
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    let messages = pages.concat();
    assert_eq!((messages[0].author_name.as_str(), messages[0].sent_at_ms), ("boris", sent_at_ms));
    assert_eq!(messages[0].content, Some(forwarded::Content::Text(plain(&"é".repeat(70)))));
    let Some(forwarded::Content::Pictures(pictures)) = &messages[1].content else { panic!("no pictures") };
    let copy = &pictures.pictures[0];
    assert!(copy.media_id != original.media_id && copy.size == 1000 && pictures.caption == "rain");
    assert_eq!(rig.holder(copy).await, Some(Holder::Message(rig.clara, seq)));
    assert!(matches!(&messages[2].content, Some(forwarded::Content::ContactCard(c)) if c.account_id == 0));

    for (who, seq, path, reason) in [
        (BORIS, seq, &[][..], "CONVERSATION_NOT_FOUND"),
        (CLARA, 1, &[], "MESSAGE_NOT_FOUND"),
        (CLARA, 99, &[], "MESSAGE_NOT_FOUND"),
        (CLARA, seq, &[0], "MESSAGE_NOT_FOUND"),
        (CLARA, seq, &[3], "MESSAGE_NOT_FOUND"),
        (CLARA, seq, &[u32::MAX, 0], "MESSAGE_NOT_FOUND"),
    ] {
        assert_eq!(refused(rig.pages(who, seq, path, 0).await), reason);
    }
}

#[tokio::test]
async fn merged_forwards_are_forwarded_and_merged_again_with_media_of_their_own() {
    let mut rig = Rig::new().await;
    let (album, _) = rig.album(BORIS).await;
    let text = rig.room.say(BORIS, rig.boris, "inside").await;
    let onto = Some(Onto::ConversationId(rig.boris.0));
    let request = ForwardMessagesRequest { to: onto, ..rig.request(&[album, text], true) };
    let merged = rig.call(ANNA, request).await.unwrap().seqs[0];
    let (last, _) = rig.album(ANNA).await;

    let again = rig.forward(&[merged, last], false).await.unwrap();
    let inside = rig.pages(CLARA, again[0], &[], 0).await.unwrap().concat();
    let nested = rig.forward(&[merged, last], true).await.unwrap()[0];
    let outer = rig.pages(CLARA, nested, &[], 0).await.unwrap().concat();
    let inner = rig.pages(CLARA, nested, &[0], 0).await.unwrap().concat();
    assert!(matches!(&outer[0].content, Some(forwarded::Content::Merged(m)) if m.count == 2));
    assert_eq!(outer.len(), 2);
    let mut names = std::collections::BTreeSet::new();
    for (messages, seq) in [(&inside, again[0]), (&inner, nested)] {
        assert_eq!(messages[1].content, Some(forwarded::Content::Text(plain("inside"))));
        let Some(forwarded::Content::Pictures(pictures)) = &messages[0].content else {
            panic!("no pictures")
        };
        assert_eq!(rig.holder(&pictures.pictures[0]).await, Some(Holder::Message(rig.clara, seq)));
        names.insert(pictures.pictures[0].media_id.clone());
    }
    let Some(forwarded::Content::Pictures(pictures)) = &outer[1].content else { panic!("no pictures") };
    names.insert(pictures.pictures[0].media_id.clone());
    assert_eq!(names.len(), 3, "each reference has its own name");
}

#[tokio::test]
async fn merged_forwards_are_five_deep_and_hold_five_hundred() {
    let mut rig = Rig::new().await;
    let mut seq = rig.room.say(BORIS, rig.boris, "the bottom").await;
    let onto = Some(Onto::ConversationId(rig.boris.0));
    for depth in 1..=6 {
        let request = ForwardMessagesRequest { to: onto, ..rig.request(&[seq], true) };
        let answer = rig.call(ANNA, request).await;
        if depth == 6 {
            assert_eq!(refused(answer), "NOT_FORWARDABLE");
            break;
        }
        seq = answer.unwrap().seqs[0];
    }
    let mut seqs = Vec::new();
    for n in 0..100 {
        seqs.push(rig.room.say(BORIS, rig.boris, &n.to_string()).await);
    }
    let mut merged = Vec::new();
    for _ in 0..5 {
        let request = ForwardMessagesRequest { to: onto, ..rig.request(&seqs, true) };
        merged.push(rig.call(ANNA, request).await.unwrap().seqs[0]);
    }
    assert!(rig.forward(&merged[..4], true).await.is_ok());
    assert_eq!(refused(rig.forward(&merged, true).await), "TOO_MANY_MESSAGES");
    assert!(rig.forward(&merged, false).await.is_ok(), "each by itself is not too much");
}

#[tokio::test]
async fn a_merged_forward_of_a_thousand_media_is_forwarded_again() {
    let mut rig = Rig::new().await;
    let (album, _) = rig.album(BORIS).await;
    let (id, onto) = (rig.boris, Some(Onto::ConversationId(rig.boris.0)));
    let request = ForwardMessagesRequest { to: onto, ..rig.request(&[album], true) };
    let seq = rig.call(ANNA, request).await.unwrap().seqs[0];
    for (media, outcome) in [(1000, None), (1001, Some("TOO_MANY_MESSAGES"))] {
        let full = rig.room.foundation.store.transact(move |tx| {
            let mut entry = tx.entry(&tables::LOG, &id, seq)?.unwrap();
            if let Some(tables::Content::Merged(merged)) = &mut entry.content {
                merged.media = vec![merged.media[0].clone(); media];
            }
            tx.overwrite(&tables::LOG, &id, seq, &entry)
        });
        full.await.unwrap();
        let answer = rig.forward(&[seq], false).await;
        assert_eq!(answer.err().map(|error| error.reason()), outcome, "{media}");
    }
}

#[tokio::test]
async fn a_page_of_long_forwarded_messages_is_shorter_and_never_empty() {
    let mut rig = Rig::new().await;
    let mut seqs = Vec::new();
    for _ in 0..40 {
        seqs.push(rig.room.say(ANNA, rig.boris, &"a 👍🏽".repeat(1300)).await);
    }
    let seq = rig.forward(&seqs, true).await.unwrap()[0];
    let pages = rig.pages(CLARA, seq, &[], 100).await.unwrap();
    assert!(pages.len() > 1 && pages.iter().all(|page| page.len() > 10), "{}", pages.len());
    assert_eq!(pages.concat().len(), 40);
}

#[tokio::test]
async fn what_is_made_and_not_sent_leaves_nothing_behind() {
    let mut rig = Rig::new().await;
    let (seq, medium) = rig.album(BORIS).await;
    let files = |dir: &std::path::Path| {
        let mut dirs = vec![dir.join("media/blobs")];
        let mut files = 0;
        while let Some(dir) = dirs.pop() {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { dirs.push(path) } else { files += 1 }
            }
        }
        files
    };
    let into = ForwardMessagesRequest { to: Some(Onto::AccountId(99)), ..rig.request(&[seq], true) };
    assert_eq!(refused(rig.call(ANNA, into).await), "NOT_FRIENDS");
    assert_eq!(files(rig.room.dir.path()), 0, "nothing is made for nobody");
    let release = rig.room.foundation.store.transact(move |tx| media::release(tx, &medium.media_id));
    release.await.unwrap();
    assert_eq!(refused(rig.forward(&[seq], true).await), "MESSAGE_NOT_FOUND");
    assert_eq!(files(rig.room.dir.path()), 1, "made in vain");
    rig.room.chat.media.collect(rig.room.foundation.clock.now()).await.unwrap();
    assert_eq!(files(rig.room.dir.path()), 0, "and taken back");
}
