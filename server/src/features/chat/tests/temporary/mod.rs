//! Temporary chats: how they begin, what can be said in them, how they end and what may become of them.

mod lives;
mod unnamed;

use super::media_kinds::media_of;
use super::*;
use crate::features::accounts::fixture::register;
use crate::features::contacts::set_block;
use crate::features::ledger::adverts;
use crate::time::DAY;
use teahouse_proto::FavouritesApi;
use teahouse_proto::chat::forward_messages_request::To as Onto;
use teahouse_proto::favourites::{AddFavouritesRequest, SendFavouriteRequest, send_favourite_request};
use teahouse_proto::media::MediaKind;
use teahouse_proto::sync::account_event::What;

/// Ids as they are: large, so that they are found nowhere by chance.
const GRETA: AccountId = AccountId(0x0a3b_9c7d_1e5f_2a01);
const REMO: AccountId = AccountId(0x0a3b_9c7d_6b42_1f02);

/// Greta greeted Remo, who has not said anything yet.
struct Strangers {
    room: Room,
    id: ConversationId,
}

impl Strangers {
    async fn meet() -> Self {
        Self::on(foundation().0).await
    }

    async fn on(foundation: Foundation) -> Self {
        let people = foundation.store.transact(|tx| {
            register(tx, GRETA, "greta_secret", Time(0))?;
            register(tx, REMO, "remo_secret", Time(0))
        });
        people.await.unwrap();
        let (room, _) = Room::on(foundation).await;
        let mut strangers = Self { room, id: ConversationId(0) };
        strangers.id = strangers.open(GRETA, REMO).await;
        strangers
    }

    async fn act<T: Send + 'static>(
        &self,
        act: impl Fn(&Temporary, &mut Tx<'_>, Time) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        let (temporary, now) = (self.room.chat.temporary().clone(), self.room.foundation.clock.now());
        self.room.foundation.store.transact(move |tx| act(&temporary, tx, now)).await
    }

    async fn open(&self, greeter: AccountId, replier: AccountId) -> ConversationId {
        let open = self.act(move |temporary, tx, now| {
            let greeting = [("hello".to_owned(), now - DAY), ("anybody there?".to_owned(), now)];
            temporary.open(tx, greeter, replier, &greeting, now)
        });
        open.await.unwrap()
    }

    async fn leave(&self, who: AccountId) -> Result<()> {
        let id = self.id;
        self.act(move |temporary, tx, now| temporary.leave(tx, who, id, now)).await
    }

    async fn become_direct(&self) {
        let id = self.id;
        self.act(move |temporary, tx, now| temporary.become_direct(tx, id, now)).await.unwrap();
    }

    async fn say(&mut self, who: AccountId, text: &str) -> Result<u64> {
        Ok(self.room.send(who, To::ConversationId(self.id.0), plain(text)).await?.seq)
    }

    async fn view(&self, who: AccountId) -> Conversation {
        self.room.view(who, self.id).await
    }

    async fn texts(&self, who: AccountId) -> Vec<String> {
        texts(&self.room.all(who, self.id).await)
    }

    fn pass(&self, time: std::time::Duration) {
        self.room.foundation.clock.advance(time);
    }

    async fn has(&self, who: AccountId) -> bool {
        let mine = self.room.chat.moved_after(who, 0).await.unwrap();
        let listed = mine.iter().any(|(_, id)| *id == self.id);
        assert_eq!(self.room.chat.view(who, self.id).await.is_ok(), listed);
        listed
    }
}

/// Who said what, by what the entries name.
fn authors(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.author_account_id).collect()
}

#[tokio::test]
async fn a_chat_begins_with_the_greeting_and_names_neither() {
    let mut s = Strangers::meet().await;
    assert_eq!(s.view(REMO).await.unread, 2, "who has not answered yet has read nothing of it");
    s.say(REMO, "yes").await.unwrap();
    let (hers, his) = (s.view(GRETA).await, s.view(REMO).await);
    for view in [&hers, &his] {
        assert_eq!((view.kind(), view.peer_account_id, view.head_seq), (ConversationKind::Temporary, 0, 3));
        assert!(!view.ended && view.own_author_id != view.peer_author_id);
        for id in [view.own_author_id, view.peer_author_id] {
            assert!(id > u64::MAX / 2, "{id} could be an account");
        }
    }
    assert_eq!((hers.own_author_id, hers.peer_author_id), (his.peer_author_id, his.own_author_id));
    assert_eq!((hers.unread, his.unread), (1, 0));
    let expected = [hers.own_author_id, hers.own_author_id, his.own_author_id];
    for who in [GRETA, REMO] {
        let entries = s.room.all(who, s.id).await;
        assert_eq!(
            (texts(&entries).as_slice(), authors(&entries).as_slice()),
            (&["hello".to_owned(), "anybody there?".to_owned(), "yes".to_owned()][..], &expected[..])
        );
    }
    assert_eq!(authors(&s.room.live(GRETA)), expected, "as it happened");
    assert_eq!(s.open(GRETA, REMO).await, s.id, "it is the one that they have");
    assert_eq!(s.open(REMO, GRETA).await, s.id);
}

#[tokio::test]
async fn unread_is_exact_also_after_a_restart() {
    let mut s = Strangers::meet().await;
    s.say(REMO, "yes").await.unwrap();
    s.say(GRETA, "tea?").await.unwrap();
    s.say(GRETA, "or coffee?").await.unwrap();
    for _ in 0..2 {
        assert_eq!((s.view(GRETA).await.unread, s.view(REMO).await.unread), (0, 2));
        s.room = s.room.restarted();
    }
    let read = s.room.read(REMO, s.id, 4).await.unwrap();
    assert_eq!((read.read_seq, read.unread), (4, 1));
    s.say(REMO, "tea").await.unwrap();
    assert_eq!((s.view(GRETA).await.unread, s.view(REMO).await.unread), (1, 0));
}

#[tokio::test]
async fn a_message_is_two_rows() {
    let mut s = Strangers::meet().await;
    for who in [REMO, GRETA, REMO] {
        s.say(who, "hm").await.unwrap();
    }
    for who in [GRETA, REMO] {
        let before = s.room.foundation.store.rows();
        s.say(who, "rain again").await.unwrap();
        let after = s.room.foundation.store.rows();
        let written = after.iter().filter(|(key, row)| before.get(*key) != Some(row)).count();
        assert_eq!((written, after.len() - before.len()), (2, 2));
    }
}

#[tokio::test]
async fn texts_stickers_and_voice_and_pictures_once_both_have_written() {
    let mut s = Strangers::meet().await;
    let id = s.id;
    let picture = s.room.upload(REMO, MediaKind::Picture).await;
    let album = Say::Pictures(Pictures { pictures: vec![picture], caption: String::new() });
    let to = To::ConversationId(id.0);
    s.say(REMO, "yes").await.unwrap();
    let early = s.room.send_any(REMO, to, album.clone()).await;
    assert_eq!(refused(early), "KIND_NOT_ALLOWED", "a greeting is nothing that she wrote here");
    let media = Some(s.room.upload(GRETA, MediaKind::Voice).await);
    s.room.tell(GRETA, id, Say::Voice(Voice { media, ..Voice::default() })).await;
    let seq = s.room.tell(REMO, id, album).await;
    assert!(s.room.may_see(GRETA, id, seq).await && !s.room.may_see(ANNA, id, seq).await);
    let media = Some(s.room.upload(REMO, MediaKind::Sticker).await);
    s.room.tell(REMO, id, Say::Sticker(Sticker { media, ..Sticker::default() })).await;
    let quote = Text { quote_seq: seq, ..plain("nice") };
    s.room.send(GRETA, to, quote).await.unwrap();

    let file = Some(s.room.upload(GRETA, MediaKind::File).await);
    let video = Some(s.room.upload(GRETA, MediaKind::Video).await);
    for bad in [
        Say::File(File { media: file }),
        Say::Video(Video { media: video, ..Video::default() }),
        Say::Location(Location { latitude: 30.2, longitude: 120.1, ..Location::default() }),
        Say::ContactCard(ContactCard { account_id: GRETA.0, ..ContactCard::default() }),
        Say::Link(Link { url: "https://example.org/".into(), ..Link::default() }),
        Say::Text(changes::mention(REMO, "@")),
        Say::Text(changes::mention(GRETA, "@")),
        Say::Text(changes::mention(CLARA, "@")),
    ] {
        assert_eq!(refused(s.room.send_any(GRETA, to, bad.clone()).await), "KIND_NOT_ALLOWED", "{bad:?}");
    }
}

#[tokio::test]
async fn nothing_is_changed_but_by_taking_it_back_and_nothing_is_copied() {
    let mut s = Strangers::meet().await;
    let seq = s.say(REMO, "yes").await.unwrap();
    let at = (s.id, seq);
    assert_eq!(refused(s.room.edit(REMO, s.id, seq, plain("no")).await), "KIND_NOT_ALLOWED");
    assert_eq!(refused(s.room.react(GRETA, at, "😀", true).await), "KIND_NOT_ALLOWED");
    for pinned in [true, false] {
        assert_eq!(refused(s.room.pin(GRETA, s.id, seq, pinned).await), "KIND_NOT_ALLOWED");
    }
    assert!(s.room.pins(GRETA, s.id).await.is_empty());
    let friends = s.room.befriend(GRETA, CLARA).await;
    let said = s.room.say(GRETA, friends, "to a friend").await;
    let client_id = |n: u8| bytes::Bytes::from(vec![n; 16]);
    for (n, from, seq, to, merged) in
        [(1, s.id, seq, friends, false), (2, s.id, seq, friends, true), (3, friends, said, s.id, false)]
    {
        let request = ForwardMessagesRequest {
            client_message_id: client_id(n),
            from_conversation_id: from.0,
            seqs: vec![seq],
            to: Some(Onto::ConversationId(to.0)),
            merged,
            ..Default::default()
        };
        let forwarded = s.room.chat.forward_messages(&s.room.cx(GRETA), request).await;
        assert_eq!(refused(forwarded), "KIND_NOT_ALLOWED", "{n}");
    }
    let keep = |n, from: ConversationId, seq| AddFavouritesRequest {
        client_message_id: client_id(n),
        conversation_id: from.0,
        seqs: vec![seq],
    };
    let cx = s.room.cx(GRETA);
    assert_eq!(refused(s.room.chat.add_favourites(&cx, keep(4, s.id, seq)).await), "KIND_NOT_ALLOWED");
    let kept = s.room.chat.add_favourites(&cx, keep(5, friends, said)).await.unwrap();
    let send = SendFavouriteRequest {
        client_message_id: client_id(6),
        favourite_id: kept.favourite_ids[0],
        to: Some(send_favourite_request::To::ConversationId(s.id.0)),
    };
    assert_eq!(refused(s.room.chat.send_favourite(&cx, send).await), "KIND_NOT_ALLOWED");
    assert_eq!(s.view(GRETA).await.head_seq, seq);

    let (hers, his) = (s.view(GRETA).await, s.view(REMO).await);
    s.room.live(GRETA);
    let recalled = s.room.recall(REMO, s.id, seq).await.unwrap();
    let by = |entry: &Entry| match &entry.content {
        Some(entry::Content::Recalled(recalled)) => recalled.by_account_id,
        other => panic!("{other:?}"),
    };
    assert_eq!((recalled.author_account_id, by(&recalled)), (his.own_author_id, his.own_author_id));
    let live = s.room.live(GRETA).pop().unwrap();
    assert_eq!(live.author_account_id, hers.peer_author_id);
    let Some(entry::Content::Changed(changed)) = live.content else { panic!("{live:?}") };
    assert_eq!(by(&changed.target.unwrap()), hers.peer_author_id);
    assert_eq!(s.view(GRETA).await.unread, hers.unread);
}

#[tokio::test]
async fn it_ends_seven_days_after_the_last_message() {
    let mut s = Strangers::meet().await;
    s.say(REMO, "yes").await.unwrap();
    s.pass(DAY * 6);
    let seq = s.say(GRETA, "still there?").await.unwrap();
    let at = s.room.entry(GRETA, s.id, seq).await.sent_at_ms;
    assert_eq!(s.view(REMO).await.ends_at_ms, (Time(at) + DAY * 7).as_ms());
    s.room.recall(GRETA, s.id, seq).await.unwrap();
    assert_eq!(s.view(REMO).await.ends_at_ms, (Time(at) + DAY * 7).as_ms(), "a change is no message");
    s.pass(DAY * 7 - std::time::Duration::from_secs(60));
    assert!(!s.view(GRETA).await.ended);
    s.pass(std::time::Duration::from_secs(61));
    for who in [GRETA, REMO] {
        assert!(s.view(who).await.ended);
        assert_eq!(refused(s.say(who, "hello?").await), "CHAT_ENDED");
    }
    let id = s.id;
    let late =
        s.act(move |temporary, tx, now| temporary.say(tx, id, REMO, bytes::Bytes::new(), "hello?", now));
    assert_eq!(refused(late.await), "CHAT_ENDED");
    s.become_direct().await;
    assert_eq!(s.view(GRETA).await.kind(), ConversationKind::Temporary, "what is over stays over");
    assert_ne!(s.open(GRETA, REMO).await, s.id, "a new one");
    assert_eq!(s.texts(GRETA).await.len(), 5, "the old one can be read");
}

#[tokio::test]
async fn whoever_leaves_loses_it_and_the_other_reads_that_it_is_over() {
    let mut s = Strangers::meet().await;
    s.say(REMO, "yes").await.unwrap();
    let draft = SetDraftRequest { conversation_id: s.id.0, text: "we".into(), quote_seq: 0 };
    s.room.chat.set_draft(&s.room.cx(GRETA), draft).await.unwrap();
    s.leave(GRETA).await.unwrap();
    assert!(!s.has(GRETA).await && s.has(REMO).await);
    assert_eq!(refused(s.leave(GRETA).await), "CONVERSATION_NOT_FOUND");
    assert_eq!(refused(s.say(GRETA, "wait").await), "CONVERSATION_NOT_FOUND");
    assert_eq!(refused(s.say(REMO, "hello?").await), "CHAT_ENDED");
    assert_eq!(s.texts(REMO).await, ["hello", "anybody there?", "yes", "notice"]);
    let view = s.view(REMO).await;
    assert!(view.ended && view.unread == 0);
    assert!(s.room.live(GRETA).iter().all(|entry| entry.seq < 4), "who left hears nothing more");
    let told = crate::delivery::log::after(&s.room.foundation.store, GRETA, 0, 10).await.unwrap();
    let last = told.last().and_then(|event| event.what.clone());
    assert!(matches!(last, Some(What::ConversationLeft(left)) if left.conversation_id == s.id.0), "{last:?}");
    assert_eq!(s.room.rows(&tables::DRAFT).await, 0);
    s.leave(REMO).await.unwrap();
    assert!(!s.has(REMO).await);
    assert_ne!(s.open(REMO, GRETA).await, s.id);
}

#[tokio::test]
async fn a_block_ends_it_as_leaving_does() {
    let mut s = Strangers::meet().await;
    s.say(REMO, "yes").await.unwrap();
    let hooks = Hooks::new(s.room.foundation.ids.clone());
    let now = s.room.foundation.clock.now();
    let block = s.room.foundation.store.transact(move |tx| {
        set_block(tx, REMO, GRETA)?;
        hooks.on_blocked(tx, REMO, GRETA, now)?;
        hooks.on_blocked(tx, REMO, CLARA, now)
    });
    block.await.unwrap();
    assert!(!s.has(REMO).await && s.has(GRETA).await);
    assert_eq!(refused(s.say(GRETA, "hello?").await), "CHAT_ENDED");
    assert_eq!(s.texts(GRETA).await.last().map(String::as_str), Some("notice"));
}

#[tokio::test]
async fn with_the_greeting_accepted_it_is_their_direct_conversation() {
    let mut s = Strangers::meet().await;
    let mine = s.say(REMO, "yes").await.unwrap();
    let before = s.view(GRETA).await;
    s.become_direct().await;
    assert_eq!(s.room.befriend(GRETA, REMO).await, s.id);
    let after = s.view(GRETA).await;
    assert_eq!((after.kind(), after.peer_account_id), (ConversationKind::Direct, REMO.0));
    assert_eq!(
        (after.own_author_id, after.peer_author_id),
        (before.own_author_id, before.peer_author_id),
        "for what a client got before"
    );
    assert_eq!((after.ends_at_ms, after.ended, after.head_seq), (0, false, 4));
    let entries = s.room.all(GRETA, s.id).await;
    assert_eq!(texts(&entries), ["hello", "anybody there?", "yes", "notice"]);
    assert_eq!(authors(&entries), [GRETA.0, GRETA.0, REMO.0, 0]);
    s.pass(DAY * 60);
    s.room.chat.sweep_temporary(s.room.foundation.clock.now()).await.unwrap();
    s.room = s.room.restarted();
    assert_eq!(s.room.send(GRETA, To::AccountId(REMO.0), plain("friends!")).await.unwrap().seq, 5);
    assert!(s.room.react(GRETA, (s.id, mine), "😀", true).await.is_ok());
    assert_eq!(s.view(REMO).await.unread, 1, "one's own words are one's own, as they were");
    assert_eq!(s.room.rows(&tables::TEMPORARY).await + s.room.rows(&tables::TEMPORARY_UNTIL).await, 0);
    assert_eq!(refused(s.leave(GRETA).await), "CONVERSATION_NOT_FOUND", "it is no temporary chat");
}

#[tokio::test]
async fn where_they_have_a_direct_conversation_it_ends_for_both() {
    let mut s = Strangers::meet().await;
    s.say(REMO, "yes").await.unwrap();
    let direct = s.room.befriend(GRETA, REMO).await;
    assert!(direct != s.id && !s.view(GRETA).await.ended, "becoming friends elsewhere does not touch it");
    s.say(GRETA, "who are you?").await.unwrap();
    s.become_direct().await;
    for who in [GRETA, REMO] {
        assert!(s.view(who).await.ended);
        assert_eq!(s.texts(who).await.last().map(String::as_str), Some("notice"));
    }
    assert_eq!(s.room.befriend(GRETA, REMO).await, direct);
}

#[tokio::test]
async fn a_chat_that_is_over_is_removed_after_thirty_days_with_all_that_was_in_it() {
    let mut s = Strangers::meet().await;
    let before = s.room.foundation.store.rows().len();
    let kept = s.id;
    s.id = s.open(ANNA, CLARA).await;
    for n in 0..120 {
        s.room
            .send(if n % 2 == 0 { ANNA } else { CLARA }, To::ConversationId(s.id.0), plain("hm"))
            .await
            .unwrap();
    }
    let picture = s.room.upload(ANNA, MediaKind::Picture).await;
    let album = Say::Pictures(Pictures { pictures: vec![picture], caption: String::new() });
    let seq = s.room.tell(ANNA, s.id, album).await;
    let medium = media_of(&s.room.entry(CLARA, s.id, seq).await).remove(0);
    s.room.delete(CLARA, s.id, &[3, 70]).await.unwrap();
    s.room.read(CLARA, s.id, seq).await.unwrap();
    s.leave(ANNA).await.unwrap();
    let sweep = async |s: &Strangers| {
        let now = s.room.foundation.clock.now();
        s.room.chat.sweep_temporary(now).await.unwrap();
    };
    for days in [7, 22] {
        s.pass(DAY * days);
        sweep(&s).await;
        assert!(s.has(CLARA).await && s.room.holder(&medium).await.is_some());
    }
    s.pass(DAY * 2);
    sweep(&s).await;
    assert!(!s.has(CLARA).await && s.room.holder(&medium).await.is_none());
    let told = crate::delivery::log::after(&s.room.foundation.store, CLARA, 0, 10).await.unwrap();
    assert!(matches!(told.last().unwrap().what, Some(What::ConversationLeft(_))));
    for table in [s.room.rows(&tables::DELETED).await, s.room.rows(&tables::MARK).await] {
        assert_eq!(table, 0);
    }
    let left = s.room.foundation.store.rows();
    let of_chat = left.keys().filter(|key| key.windows(8).any(|part| part == s.id.0.to_be_bytes())).count();
    assert!(of_chat == 0 && left.len() > before, "{of_chat} rows name it");
    s.id = kept;
    assert!(s.has(GRETA).await, "a week without a word, and thirty days are not over yet");
    s.pass(DAY * 7);
    sweep(&s).await;
    assert!(!s.has(GRETA).await && !s.has(REMO).await);
}

#[tokio::test]
async fn others_find_nothing() {
    let mut s = Strangers::meet().await;
    let id = s.id;
    assert_eq!(refused(s.say(CLARA, "hi").await), "CONVERSATION_NOT_FOUND");
    assert_eq!(refused(s.leave(CLARA).await), "CONVERSATION_NOT_FOUND");
    let seen = s.act(move |temporary, tx, now| {
        assert_eq!(temporary.partner(tx, GRETA, id)?, Some(REMO));
        assert_eq!(temporary.living(tx, REMO, GRETA, now)?, Some(id));
        assert!(temporary.view(tx, GRETA, id, now)?.is_some_and(|view| view.partner == REMO && !view.ended));
        Ok(temporary.partner(tx, CLARA, id)?.or(temporary.view(tx, CLARA, id, now)?.map(|view| view.partner)))
    });
    assert_eq!(seen.await.unwrap(), None);
    let direct = s.room.befriend(GRETA, CLARA).await;
    let seen = s.act(move |temporary, tx, now| {
        temporary.become_direct(tx, direct, now)?;
        temporary.partner(tx, GRETA, direct)
    });
    assert_eq!(seen.await.unwrap(), None, "a direct conversation is none");
}

#[tokio::test]
async fn the_list_has_them_from_the_latest_moved() {
    let mut s = Strangers::meet().await;
    let first = s.id;
    let others = [AccountId(70), AccountId(60), AccountId(80)];
    let mut ids = vec![first];
    for other in others {
        ids.push(s.open(other, REMO).await);
    }
    s.room.befriend(REMO, CLARA).await;
    s.say(REMO, "yes").await.unwrap();
    s.id = ids[2];
    s.leave(others[1]).await.unwrap();
    let now = s.room.foundation.clock.now();
    let list = async |after, limit| s.room.chat.temporary_chats(REMO, after, limit, now).await.unwrap();
    let all = list(None, 10).await;
    let listed: Vec<_> = all.iter().map(|(_, view)| (view.id, view.partner, view.ended)).collect();
    let expected = [
        (ids[2], others[1], true),
        (first, GRETA, false),
        (ids[3], others[2], false),
        (ids[1], others[0], false),
    ];
    assert_eq!(listed, expected);
    let page = list(None, 3).await;
    assert_eq!((page.as_slice(), list(Some(page[2].0), 3).await.as_slice()), (&all[..3], &all[3..]));
}

#[tokio::test]
async fn one_text_is_not_for_many_strangers() {
    let mut foundation = foundation().0;
    foundation.on_loopback = false;
    let mut s = Strangers::on(foundation).await;
    let advert = "buy the best tea of the town";
    for n in 0..7 {
        s.id = s.open(AccountId(100 + n), GRETA).await;
        let said = s.say(GRETA, advert).await;
        assert_eq!(said.map_err(|e| e.reason()).err(), (n >= 5).then_some("ADVERTISING"), "{n}");
    }
    assert!(s.say(GRETA, "something of my own this time").await.is_ok());
    let held = s.act(|_, tx, _| adverts::take_held(tx, 10)).await.unwrap();
    assert_eq!(held.iter().map(|held| held.sender).collect::<Vec<_>>(), [GRETA], "operators hear of it");
    let id = s.id;
    let reply = s.act(move |temporary, tx, now| {
        temporary.say(tx, id, GRETA, bytes::Bytes::new(), "buy the best tea of the town!!", now)
    });
    assert_eq!(refused(reply.await), "ADVERTISING");
    // Who got it by another way is refused it as anybody is: or a text would find out who the stranger is.
    s.id = s.open(REMO, CLARA).await;
    let known = s.act(|_, tx, now| {
        for receiver in [REMO, ANNA, BORIS, GRETA, AccountId(100)] {
            adverts::note(tx, CLARA, "the best tea of the other town", receiver, now, false)?;
        }
        Ok(())
    });
    known.await.unwrap();
    assert_eq!(refused(s.say(CLARA, "the best tea of the other town").await), "ADVERTISING");
}
