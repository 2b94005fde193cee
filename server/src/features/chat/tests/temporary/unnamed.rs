//! Nothing that leaves the room tells one of two strangers who the other is.

use super::*;
use crate::bus::Passing;
use crate::features::accounts::fixture::change;
use crate::features::testing::foundation_with_bus;
use prost::Message;
use std::fmt::Debug;
use teahouse_proto::sync::FollowResponse;
use tokio::sync::mpsc::Receiver;

/// All that the two were answered and told, by whom it reached.
#[derive(Default)]
struct Heard(Vec<(AccountId, Vec<u8>, String)>);

impl Heard {
    fn message(&mut self, who: AccountId, message: &(impl Message + Debug)) {
        self.0.push((who, message.encode_to_vec(), format!("{message:?}")));
    }

    fn answer<T: Message + Debug>(&mut self, who: AccountId, answer: Result<T>) {
        match answer {
            Ok(answer) => self.message(who, &answer),
            Err(error) => self.0.push((who, error.to_string().into_bytes(), format!("{error} {error:?}"))),
        }
    }

    /// What tells somebody who the other is.
    fn leaks(&self) -> Vec<&str> {
        let named = |(who, bytes, text): &&(AccountId, Vec<u8>, String)| {
            let (other, name) = if *who == GRETA { (REMO, "remo") } else { (GRETA, "greta") };
            let mut varint = Vec::new();
            prost::encoding::encode_varint(other.0, &mut varint);
            let ids = [other.0.to_be_bytes().to_vec(), other.0.to_le_bytes().to_vec(), varint];
            let in_bytes = ids.iter().any(|id| bytes.windows(id.len()).any(|part| part == id));
            in_bytes || text.contains(&other.0.to_string()) || text.contains(name)
        };
        self.0.iter().filter(named).map(|(_, _, text)| text.as_str()).collect()
    }
}

/// Everything that was published for the two, and told in passing.
fn events(s: &Strangers, passing: &mut Receiver<Passing>, heard: &mut Heard) {
    let events = std::mem::take(&mut *s.room.observer.1.lock().unwrap());
    for event in events {
        let Event::Deliver { to, message, own } = event else { continue };
        for who in [GRETA, REMO].into_iter().filter(|who| to.accounts().contains(who)) {
            heard.message(who, &*message);
            if let Some((_, own)) = own.as_ref().filter(|(account, _)| *account == who) {
                heard.message(who, &**own);
            }
        }
    }
    while let Ok(Passing { to, message, .. }) = passing.try_recv() {
        for who in [GRETA, REMO].into_iter().filter(|who| to.accounts().contains(who)) {
            heard.message(who, &*message);
        }
    }
}

/// All that somebody can ask about the chat.
async fn ask_all(s: &Strangers, who: AccountId, other: AccountId, heard: &mut Heard) {
    let (chat, cx, conversation_id) = (&s.room.chat, s.room.cx(who), s.id.0);
    let head = chat.view(who, s.id).await.map_or(1, |view| view.head_seq);
    heard.answer(who, chat.get_conversation(&cx, GetConversationRequest { conversation_id }).await);
    let list = ListConversationsRequest { include_hidden: true, ..Default::default() };
    heard.answer(who, chat.list_conversations(&cx, list).await);
    for latest in [false, true] {
        let list = ListEntriesRequest { conversation_id, latest, ..Default::default() };
        heard.answer(who, chat.list_entries(&cx, list).await);
    }
    heard.answer(who, chat.list_pins(&cx, ListPinsRequest { conversation_id }).await);
    for seq in 1..=head {
        let receipts = GetReceiptsRequest { conversation_id, seq };
        heard.answer(who, chat.get_receipts(&cx, receipts).await);
        let readers = ListReadersRequest { conversation_id, seq, ..Default::default() };
        heard.answer(who, chat.list_readers(&cx, readers).await);
        let reactions = ListReactionsRequest { conversation_id, seq, ..Default::default() };
        heard.answer(who, chat.list_reactions(&cx, reactions).await);
        let text = GetRecalledTextRequest { conversation_id, seq };
        heard.answer(who, chat.get_recalled_text(&cx, text).await);
        let card = OpenContactCardRequest { conversation_id, seq };
        heard.answer(who, chat.open_contact_card(&cx, card).await);
        let forwarded = ListForwardedRequest { conversation_id, seq, ..Default::default() };
        heard.answer(who, ChatApi::list_forwarded(&**chat, &cx, forwarded).await);
        let edit = EditMessageRequest { conversation_id, seq, text: Some(plain("other words")) };
        heard.answer(who, chat.edit_message(&cx, edit).await);
        let react = SetReactionRequest { conversation_id, seq, emoji: "😀".into(), on: true };
        heard.answer(who, chat.set_reaction(&cx, react).await);
        for pinned in [true, false] {
            heard.answer(who, chat.set_pin(&cx, SetPinRequest { conversation_id, seq, pinned }).await);
        }
        let forward = ForwardMessagesRequest {
            client_message_id: vec![u8::try_from(seq).unwrap(); 16].into(),
            from_conversation_id: conversation_id,
            seqs: vec![seq],
            to: Some(Onto::ConversationId(conversation_id)),
            merged: true,
            title: "all".into(),
        };
        heard.answer(who, chat.forward_messages(&cx, forward).await);
        let keep = AddFavouritesRequest {
            client_message_id: vec![u8::try_from(seq).unwrap() + 100; 16].into(),
            conversation_id,
            seqs: vec![seq],
        };
        heard.answer(who, chat.add_favourites(&cx, keep).await);
    }
    // Whoever guesses who it is.
    for guess in [other, CLARA] {
        let text = Say::Text(changes::mention(guess, "@"));
        let request = SendMessageRequest {
            client_message_id: vec![9; 16].into(),
            to: Some(To::ConversationId(conversation_id)),
            content: Some(text),
        };
        heard.answer(who, chat.send_message(&cx, request).await);
    }
}

/// The two talk, and do all that there is to do.
async fn talk(s: &mut Strangers, heard: &mut Heard) {
    let (id, conversation_id) = (s.id, s.id.0);
    for who in [REMO, GRETA] {
        let to = To::ConversationId(conversation_id);
        let first = s.room.send(who, to, plain("good evening")).await.unwrap();
        heard.message(who, &first);
        let quote = Text { quote_seq: first.seq, ..plain("as I said") };
        heard.answer(who, s.room.send(who, to, quote).await);
        let media = Some(s.room.upload(who, MediaKind::Voice).await);
        s.room.tell(who, id, Say::Voice(Voice { media, ..Voice::default() })).await;
        let media = Some(s.room.upload(who, MediaKind::Sticker).await);
        let sticker = s.room.tell(who, id, Say::Sticker(Sticker { media, ..Sticker::default() })).await;
        let collect =
            CollectStickerRequest { client_message_id: vec![77; 16].into(), conversation_id, seq: sticker };
        let keeper = if who == REMO { GRETA } else { REMO };
        heard.answer(keeper, s.room.chat.collect_sticker(&s.room.cx(keeper), collect).await);
        let cx = s.room.cx(who);
        let typing = SendTypingRequest { conversation_id, kind: TypingKind::Typing.into() };
        heard.answer(who, s.room.chat.send_typing(&cx, typing).await);
        let draft = SetDraftRequest { conversation_id, text: "and".into(), quote_seq: first.seq };
        heard.answer(who, s.room.chat.set_draft(&cx, draft).await);
        let options = UpdateConversationRequest {
            conversation_id,
            muted: Some(true),
            pinned: Some(true),
            hidden: Some(true),
            marked_unread: Some(true),
        };
        heard.answer(who, s.room.chat.update_conversation(&cx, options).await);
        heard
            .answer(who, s.room.chat.mark_read(&cx, MarkReadRequest { conversation_id, seq: sticker }).await);
        let delete = DeleteForMeRequest { conversation_id, seqs: vec![1, first.seq] };
        heard.answer(who, ChatApi::delete_for_me(&*s.room.chat, &cx, delete).await);
        let recalled = s.say(who, "forget this").await.unwrap();
        let recall = RecallMessageRequest { conversation_id, seq: recalled };
        heard.answer(who, s.room.chat.recall_message(&cx, recall).await);
    }
    let picture = s.room.upload(GRETA, MediaKind::Picture).await;
    let album = Say::Pictures(Pictures { pictures: vec![picture], caption: "the lake".into() });
    s.room.tell(GRETA, id, album).await;
}

#[tokio::test]
async fn in_a_long_story_nobody_hears_who_the_other_is() {
    let (foundation, _published, mut passing) = foundation_with_bus();
    let mut s = Strangers::on(foundation.clone()).await;
    let receipts = foundation.store.transact(|tx| {
        [GRETA, REMO].iter().try_for_each(|who| change(tx, *who, |_, settings| settings.read_receipts = true))
    });
    receipts.await.unwrap();
    let _devices = [GRETA, REMO].map(|who| foundation.delivery.connect(who, DeviceId(who.0)));
    let mut heard = Heard::default();
    talk(&mut s, &mut heard).await;
    for (who, other) in [(GRETA, REMO), (REMO, GRETA)] {
        ask_all(&s, who, other, &mut heard).await;
    }
    events(&s, &mut passing, &mut heard);
    s.room = s.room.restarted();
    let clear = ClearHistoryRequest { conversation_id: s.id.0, and_hide: false };
    heard.answer(REMO, s.room.chat.clear_history(&s.room.cx(REMO), clear).await);
    s.leave(GRETA).await.unwrap();
    for (who, other) in [(GRETA, REMO), (REMO, GRETA)] {
        ask_all(&s, who, other, &mut heard).await;
        for event in crate::delivery::log::after(&foundation.store, who, 0, 100).await.unwrap() {
            heard.message(who, &event);
        }
    }
    events(&s, &mut passing, &mut heard);
    assert!(heard.0.len() > 400, "{}", heard.0.len());
    assert_eq!(heard.leaks(), [""; 0]);
}

#[tokio::test]
async fn a_friend_hears_of_it_so_that_the_search_is_seen_to_find() {
    let mut s = Strangers::meet().await;
    s.become_direct().await;
    s.room.befriend(GRETA, REMO).await;
    let mut heard = Heard::default();
    ask_all(&s, GRETA, REMO, &mut heard).await;
    assert!(heard.leaks().len() >= 2, "{}", heard.leaks().len());
    let mut told = Heard::default();
    let message =
        FollowResponse { client_message_id: REMO.0.to_le_bytes().to_vec().into(), ..Default::default() };
    told.message(GRETA, &message);
    told.message(REMO, &message);
    assert_eq!(told.leaks().len(), 1);
}
