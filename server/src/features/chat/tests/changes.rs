//! What happens to messages after they were sent.

use super::media_kinds::media_of;
use super::*;
use crate::delivery;
use crate::features::media::Holder;
use crate::store::key::KeyRange;
use crate::store::{Order, Table};
use std::time::Duration;
use teahouse_proto::common::PageRequest;
use teahouse_proto::media::MediaKind;

const MINUTE: Duration = Duration::from_secs(60);

impl Room {
    pub(super) async fn recall(&self, who: AccountId, id: ConversationId, seq: u64) -> Result<Entry> {
        let request = RecallMessageRequest { conversation_id: id.0, seq };
        Ok(self.chat.recall_message(&self.cx(who), request).await?.entry.unwrap())
    }

    async fn recalled_text(&self, who: AccountId, id: ConversationId, seq: u64) -> Result<Text> {
        let request = GetRecalledTextRequest { conversation_id: id.0, seq };
        Ok(self.chat.get_recalled_text(&self.cx(who), request).await?.text.unwrap())
    }

    pub(super) async fn edit(&self, who: AccountId, id: ConversationId, seq: u64, to: Text) -> Result<Entry> {
        let request = EditMessageRequest { conversation_id: id.0, seq, text: Some(to) };
        Ok(self.chat.edit_message(&self.cx(who), request).await?.entry.unwrap())
    }

    pub(super) async fn react(
        &self,
        who: AccountId,
        (id, seq): (ConversationId, u64),
        emoji: &str,
        on: bool,
    ) -> Result<Entry> {
        let request = SetReactionRequest { conversation_id: id.0, seq, emoji: emoji.into(), on };
        Ok(self.chat.set_reaction(&self.cx(who), request).await?.entry.unwrap())
    }

    pub(super) async fn pin(&self, who: AccountId, id: ConversationId, seq: u64, pinned: bool) -> Result<()> {
        let request = SetPinRequest { conversation_id: id.0, seq, pinned };
        self.chat.set_pin(&self.cx(who), request).await.map(drop)
    }

    pub(super) async fn pins(&self, who: AccountId, id: ConversationId) -> Vec<Pin> {
        let request = ListPinsRequest { conversation_id: id.0 };
        self.chat.list_pins(&self.cx(who), request).await.unwrap().pins
    }

    pub(super) async fn rows<K: crate::store::key::Key, V: crate::store::table::Value>(
        &self,
        table: &Table<K, V>,
    ) -> usize {
        self.foundation.store.scan(table, &KeyRange::all(), 1000, Order::Rising).await.unwrap().len()
    }
}

pub(super) fn mention(who: AccountId, text: &str) -> Text {
    let mention = Mention { account_id: who.0, offset: 0, length: 1, all: false };
    Text { mentions: vec![mention], ..plain(text) }
}

fn target(entry: &Entry) -> Option<&Entry> {
    match &entry.content {
        Some(entry::Content::Changed(changed)) => changed.target.as_deref(),
        other => panic!("{other:?} is no change"),
    }
}

#[tokio::test]
async fn nothing_is_left_of_what_was_recalled() {
    let (mut room, id) = Room::with_friends().await;
    let seq = room.send(ANNA, To::ConversationId(id.0), mention(BORIS, "@ oh no")).await.unwrap().seq;
    room.react(BORIS, (id, seq), "👍", true).await.unwrap();
    room.pin(ANNA, id, seq, true).await.unwrap();
    assert_eq!(room.view(BORIS, id).await.unread_mentions, 1);
    room.live(BORIS);

    let answer = room.recall(ANNA, id, seq).await.unwrap();
    assert_eq!(answer.content, Some(entry::Content::Recalled(Recalled { by_account_id: ANNA.0 })));
    assert_eq!(answer.reactions, []);
    for who in [ANNA, BORIS] {
        assert_eq!(
            texts(&room.all(who, id).await),
            ["notice", "recalled", "changed 2", "notice", "changed 2"]
        );
        assert!(room.pins(who, id).await.is_empty());
        let preview = room.view(who, id).await.preview.unwrap();
        assert_eq!((preview.seq, texts(&[preview])), (seq, vec!["recalled".to_owned()]));
    }
    let view = room.view(BORIS, id).await;
    assert_eq!((view.unread, view.unread_mentions, view.head_seq), (1, 0, 5), "it still counts, as recalled");
    let live = room.live(BORIS);
    assert_eq!(texts(&[target(&live[0]).unwrap().clone()]), ["recalled"]);
    let quote = Text { quote_seq: seq, ..plain("you said?") };
    assert_eq!(refused(room.send(BORIS, To::ConversationId(id.0), quote).await), "QUOTE_NOT_FOUND");
    assert_eq!(room.rows(&tables::REACTION).await, 0);
    room.read(BORIS, id, 5).await.unwrap();
    assert_eq!(room.rows(&tables::MENTION).await, 0, "what is left of the mention goes when it is read");

    assert_eq!(room.recall(ANNA, id, seq).await.unwrap(), answer, "a repeat is harmless");
    assert_eq!(room.view(ANNA, id).await.head_seq, 5);
    for refusal in [
        room.edit(ANNA, id, seq, plain("x")).await.map(drop),
        room.react(ANNA, (id, seq), "👍", true).await.map(drop),
        room.pin(ANNA, id, seq, true).await,
    ] {
        assert_eq!(refused(refusal), "MESSAGE_NOT_FOUND");
    }
}

#[tokio::test]
async fn a_message_is_recalled_by_its_author_within_two_minutes() {
    let (mut room, id) = Room::with_friends().await;
    let (early, late) = (room.say(ANNA, id, "early").await, room.say(ANNA, id, "late").await);
    assert_eq!(refused(room.recall(BORIS, id, early).await), "NOT_YOURS");
    assert_eq!(refused(room.recall(CLARA, id, early).await), "CONVERSATION_NOT_FOUND");
    for nothing in [0, 1, 99, u64::MAX] {
        assert_eq!(refused(room.recall(ANNA, id, nothing).await), "MESSAGE_NOT_FOUND", "{nothing}");
    }
    room.foundation.clock.advance(2 * MINUTE - Duration::from_secs(1));
    room.recall(ANNA, id, early).await.unwrap();
    room.foundation.clock.advance(Duration::from_secs(2));
    assert_eq!(refused(room.recall(ANNA, id, late).await), "TOO_LATE");
    room.recall(ANNA, id, early).await.expect("a repeat is never too late");
    assert_eq!(refused(room.recall(ANNA, id, 4).await), "MESSAGE_NOT_FOUND", "a change is no message");
}

#[tokio::test]
async fn a_mention_that_comes_and_goes_is_told_once() {
    let (mut room, id) = Room::with_friends().await;
    let seq = room.send(ANNA, To::ConversationId(id.0), mention(BORIS, "@ hi")).await.unwrap().seq;
    let store = room.foundation.store.clone();
    let told = delivery::log::head(&store, BORIS).await.unwrap();
    for _ in 0..3 {
        room.edit(ANNA, id, seq, plain("no mention")).await.unwrap();
        assert_eq!(room.view(BORIS, id).await.unread_mentions, 0);
        room.edit(ANNA, id, seq, mention(BORIS, "@ again")).await.unwrap();
        assert_eq!(room.view(BORIS, id).await.unread_mentions, 1);
    }
    assert_eq!(delivery::log::head(&store, BORIS).await.unwrap(), told);
    let head = room.view(BORIS, id).await.head_seq;
    room.read(BORIS, id, head).await.unwrap();
    let told = delivery::log::head(&store, BORIS).await.unwrap();
    for text in [plain("no mention"), mention(BORIS, "@ once more")] {
        room.edit(ANNA, id, seq, text).await.unwrap();
    }
    assert_eq!(delivery::log::head(&store, BORIS).await.unwrap(), told, "what was read is not told again");
    assert_eq!(room.view(BORIS, id).await.unread_mentions, 0);
}

#[tokio::test]
async fn recalled_text_is_given_back_to_its_author_for_five_minutes() {
    let (mut room, id) = Room::with_friends().await;
    let seq = room.say(ANNA, id, "first").await;
    assert_eq!(refused(room.recalled_text(ANNA, id, seq).await), "MESSAGE_NOT_FOUND");
    room.edit(ANNA, id, seq, plain("second")).await.unwrap();
    assert_eq!(refused(room.recalled_text(ANNA, id, seq).await), "MESSAGE_NOT_FOUND");
    room.recall(ANNA, id, seq).await.unwrap();
    assert_eq!(room.recalled_text(ANNA, id, seq).await.unwrap().text, "second");
    assert_eq!(refused(room.recalled_text(BORIS, id, seq).await), "MESSAGE_NOT_FOUND");
    assert_eq!(refused(room.recalled_text(CLARA, id, seq).await), "CONVERSATION_NOT_FOUND");
    room.foundation.clock.advance(5 * MINUTE + Duration::from_secs(1));
    assert_eq!(refused(room.recalled_text(ANNA, id, seq).await), "MESSAGE_NOT_FOUND");
}

#[tokio::test]
async fn originals_are_kept_for_seven_days_and_no_longer() {
    let (mut room, id) = Room::with_friends().await;
    let (edited, recalled) = (room.say(ANNA, id, "1").await, room.say(ANNA, id, "2").await);
    for text in ["1a", "1b"] {
        room.edit(ANNA, id, edited, plain(text)).await.unwrap();
    }
    room.recall(ANNA, id, recalled).await.unwrap();
    assert_eq!((room.rows(&tables::SEALED).await, room.rows(&tables::SEALED_UNTIL).await), (2, 2));
    let now = room.foundation.clock.now();
    room.chat.sweep_originals(now + 7 * 24 * 60 * MINUTE - MINUTE).await.unwrap();
    assert_eq!(room.rows(&tables::SEALED).await, 2);
    room.chat.sweep_originals(now + 7 * 24 * 60 * MINUTE + MINUTE).await.unwrap();
    assert_eq!((room.rows(&tables::SEALED).await, room.rows(&tables::SEALED_UNTIL).await), (0, 0));
}

#[tokio::test]
async fn of_many_edits_the_first_and_the_last_versions_are_sealed() {
    let (mut room, id) = Room::with_friends().await;
    for (edits, kept) in [(1, vec![]), (3, vec![1, 2]), (12, (4..12).collect())] {
        let seq = room.say(ANNA, id, "0").await;
        let mut at = Vec::new();
        for n in 1..=edits {
            room.foundation.clock.advance(Duration::from_secs(1));
            at.push(room.edit(ANNA, id, seq, plain(&n.to_string())).await.unwrap().edited_at_ms);
        }
        room.recall(ANNA, id, seq).await.unwrap();
        let sealed = room.foundation.store.get(&tables::SEALED, &(id, seq)).await.unwrap().unwrap();
        let ends = [sealed.original, sealed.recalled].map(|entry| {
            entry.unwrap().to_entry(id, seq, None, crate::features::chat::temporary::Authors::default())
        });
        assert_eq!(texts(&ends), ["0".to_owned(), edits.to_string()]);
        let between = sealed.edits.into_iter().map(|edit| (edit.text.unwrap().text, edit.edited_at_ms));
        let expected = kept.into_iter().map(|n: usize| (n.to_string(), at[n - 1]));
        assert_eq!(between.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn media_of_recalled_messages_are_sealed_and_go_with_them() {
    let (mut room, id) = Room::with_friends().await;
    let picture = room.upload(ANNA, MediaKind::Picture).await;
    let album = Say::Pictures(Pictures { pictures: vec![picture], caption: String::new() });
    let seq = room.tell(ANNA, id, album).await;
    let sent = media_of(&room.entry(ANNA, id, seq).await).remove(0);
    assert_eq!(room.holder(&sent).await, Some(Holder::Message(id, seq)));
    room.recall(ANNA, id, seq).await.unwrap();
    assert_eq!(room.holder(&sent).await, Some(Holder::Evidence), "kept, for nobody to fetch");
    let now = room.foundation.clock.now();
    room.chat.sweep_originals(now + 7 * 24 * 60 * MINUTE + MINUTE).await.unwrap();
    assert_eq!(room.holder(&sent).await, None);
}

#[tokio::test]
async fn a_change_of_ones_own_reads_nothing() {
    let (mut room, id) = Room::with_friends().await;
    let seq = room.say(ANNA, id, "mine").await;
    room.say(BORIS, id, "not read by Anna").await;
    room.edit(ANNA, id, seq, plain("mine, edited")).await.unwrap();
    room.react(ANNA, (id, seq), "👍", true).await.unwrap();
    room.recall(ANNA, id, seq).await.unwrap();
    assert_eq!(room.view(ANNA, id).await.unread, 1);
    let room = room.restarted();
    let (anna, boris) = (room.view(ANNA, id).await, room.view(BORIS, id).await);
    assert_eq!((anna.unread, anna.read_seq), (1, seq));
    assert_eq!((boris.unread, boris.read_seq, boris.head_seq), (0, 3, 6), "changes are never unread");
}

#[tokio::test]
async fn an_edit_replaces_the_text_and_its_mentions() {
    let (mut room, id) = Room::with_friends().await;
    let quoted = room.say(BORIS, id, "quoted").await;
    let seq = room.send(ANNA, To::ConversationId(id.0), mention(BORIS, "@ hi")).await.unwrap().seq;
    let next = room.say(ANNA, id, "next").await;
    let edited = room.edit(ANNA, id, seq, plain("no mention")).await.unwrap();
    assert!(edited.edited_at_ms > 0 && texts(std::slice::from_ref(&edited)) == ["no mention"]);
    assert_eq!(room.view(BORIS, id).await.unread_mentions, 0);
    let quoting = Text { quote_seq: quoted, ..mention(BORIS, "@ again") };
    let edited = room.edit(ANNA, id, seq, quoting.clone()).await.unwrap();
    let view = room.view(BORIS, id).await;
    assert_eq!((view.unread, view.unread_mentions), (2, 1));
    room.foundation.clock.advance(16 * MINUTE);
    assert_eq!(room.edit(ANNA, id, seq, quoting.clone()).await.unwrap(), edited, "a repeat is harmless");
    assert_eq!(room.view(BORIS, id).await.head_seq, view.head_seq);
    assert_eq!(refused(room.edit(ANNA, id, seq, plain("x")).await), "TOO_LATE");

    let seq = room.say(ANNA, id, "another").await;
    for (who, seq, text, reason) in [
        (BORIS, seq, plain("x"), "NOT_YOURS"),
        (CLARA, seq, plain("x"), "CONVERSATION_NOT_FOUND"),
        (ANNA, 1, plain("x"), "MESSAGE_NOT_FOUND"),
        (ANNA, 99, plain("x"), "MESSAGE_NOT_FOUND"),
        (ANNA, seq, plain(" "), "TEXT_EMPTY"),
        (ANNA, seq, mention(CLARA, "@"), "MENTION_INVALID"),
        (ANNA, seq, Text { quote_seq: seq, ..plain("x") }, "QUOTE_NOT_FOUND"),
        (ANNA, seq, Text { quote_seq: 1, ..plain("x") }, "QUOTE_NOT_FOUND"),
    ] {
        assert_eq!(refused(room.edit(who, id, seq, text.clone()).await), reason, "{text:?}");
    }
    assert!(next < seq && room.edit(ANNA, id, seq, Text { quote_seq: next, ..plain("x") }).await.is_ok());
}

#[tokio::test]
async fn an_edit_may_keep_a_quote_of_what_was_recalled() {
    let (mut room, id) = Room::with_friends().await;
    let quoted = room.say(ANNA, id, "quoted").await;
    let quoting = Text { quote_seq: quoted, ..plain("as you say") };
    let seq = room.send(BORIS, To::ConversationId(id.0), quoting.clone()).await.unwrap().seq;
    room.recall(ANNA, id, quoted).await.unwrap();
    assert!(room.edit(BORIS, id, seq, Text { text: "as you said".into(), ..quoting }).await.is_ok());
}

#[tokio::test]
async fn reactions_are_one_of_each_per_member() {
    let (mut room, id) = Room::with_friends().await;
    let seq = room.say(ANNA, id, "look").await;
    for who in [BORIS, ANNA, BORIS] {
        room.react(who, (id, seq), "👍", true).await.unwrap();
    }
    let shown = room.react(BORIS, (id, seq), "❤️", true).await.unwrap().reactions;
    let reaction = |emoji: &str, accounts: &[AccountId], mine| Reaction {
        emoji: emoji.into(),
        count: accounts.len() as u32,
        mine,
        account_ids: accounts.iter().map(|account| account.0).collect(),
    };
    assert_eq!(shown, [reaction("👍", &[BORIS, ANNA], true), reaction("❤️", &[BORIS], true)]);
    let entries = room.all(ANNA, id).await;
    assert_eq!(texts(&entries), ["notice", "look", "changed 2", "changed 2", "changed 2"]);
    assert_eq!(entries[1].reactions, [reaction("👍", &[BORIS, ANNA], true), reaction("❤️", &[BORIS], false)]);
    assert_eq!(target(&entries[4]), Some(&entries[1]), "a change comes with its message as it is now");
    assert_eq!(room.view(ANNA, id).await.unread, 0, "a reaction is no message");

    let mut seen = Vec::new();
    let mut cursor = bytes::Bytes::new();
    loop {
        let page = Some(PageRequest { limit: 2, cursor });
        let request = ListReactionsRequest { conversation_id: id.0, seq, page };
        let answer = room.chat.list_reactions(&room.cx(ANNA), request).await.unwrap();
        seen.extend(answer.reactions.into_iter().map(|r| (r.emoji, r.account_id)));
        cursor = answer.next;
        if cursor.is_empty() {
            break;
        }
    }
    let expected = [("❤️", BORIS), ("👍", ANNA), ("👍", BORIS)];
    assert_eq!(seen, expected.map(|(emoji, account)| (emoji.to_owned(), account.0)));

    room.react(BORIS, (id, seq), "👍", false).await.unwrap();
    let left = room.react(BORIS, (id, seq), "❤️", false).await.unwrap().reactions;
    assert_eq!(left, [reaction("👍", &[ANNA], false)]);
    let head = room.view(ANNA, id).await.head_seq;
    room.react(BORIS, (id, seq), "❤️", false).await.expect("a repeat is harmless");
    assert_eq!(room.view(ANNA, id).await.head_seq, head);
}

#[tokio::test]
async fn what_is_no_reaction_is_refused() {
    let (mut room, id) = Room::with_friends().await;
    let seq = room.say(ANNA, id, "look").await;
    for bad in ["", "1", "ok", "👍👍", "👍 ", "❤"] {
        assert_eq!(refused(room.react(BORIS, (id, seq), bad, true).await), "EMOJI_INVALID", "{bad:?}");
    }
    assert_eq!(refused(room.react(CLARA, (id, seq), "👍", true).await), "CONVERSATION_NOT_FOUND");
    assert_eq!(refused(room.react(BORIS, (id, 1), "👍", true).await), "MESSAGE_NOT_FOUND");
    let emoji = |n: u32| char::from_u32(0x1f600 + n).unwrap().to_string();
    for n in 0..20 {
        room.react(BORIS, (id, seq), &emoji(n), true).await.unwrap();
    }
    assert_eq!(refused(room.react(BORIS, (id, seq), &emoji(20), true).await), "TOO_MANY_REACTIONS");
    room.react(ANNA, (id, seq), &emoji(19), true).await.expect("one that is there already");
    let page = Some(PageRequest { limit: 1, cursor: vec![1].into() });
    let request = ListReactionsRequest { conversation_id: id.0, seq, page };
    assert_eq!(refused(room.chat.list_reactions(&room.cx(ANNA), request).await), "CURSOR_INVALID");
}

#[tokio::test]
async fn changes_at_the_same_time_are_all_there() {
    let (mut room, id) = Room::with_friends().await;
    let seq = room.say(ANNA, id, "look").await;
    let emoji = ["👍", "🍵", "🎉", "😀"];
    let calls = (0..40_usize).map(|n| {
        let who = if n % 2 == 0 { ANNA } else { BORIS };
        room.react(who, (id, seq), emoji[n / 2 % 4], n % 3 != 0)
    });
    futures::future::join_all(calls).await.into_iter().for_each(|answer| drop(answer.unwrap()));
    let entry = room.all(ANNA, id).await.swap_remove(1);
    let counted: u32 = entry.reactions.iter().map(|reaction| reaction.count).sum();
    assert_eq!(counted as usize, room.rows(&tables::REACTION).await);
    let calls = (0..5).map(|_| room.recall(ANNA, id, seq));
    let answers = futures::future::join_all(calls).await;
    assert!(answers.iter().all(|answer| answer.is_ok()));
    let recalls = |entries: Vec<Entry>| {
        let is_recall = |entry: &&Entry| match &entry.content {
            Some(entry::Content::Changed(changed)) => changed.what() == changed::What::Recalled,
            _ => false,
        };
        entries.iter().filter(is_recall).count()
    };
    assert_eq!(recalls(room.all(BORIS, id).await), 1);
}

#[tokio::test]
async fn pins_are_five_and_noted() {
    let (mut room, id) = Room::with_friends().await;
    let mut seqs = Vec::new();
    for n in 0..6 {
        seqs.push(room.say(ANNA, id, &n.to_string()).await);
    }
    for seq in &seqs[..5] {
        room.pin(BORIS, id, *seq, true).await.unwrap();
    }
    room.pin(ANNA, id, seqs[0], true).await.expect("a repeat is harmless");
    assert_eq!(refused(room.pin(ANNA, id, seqs[5], true).await), "TOO_MANY_PINS");
    for refusal in [1, 99] {
        assert_eq!(refused(room.pin(ANNA, id, refusal, true).await), "MESSAGE_NOT_FOUND");
    }
    assert_eq!(refused(room.pin(ANNA, id, 99, false).await), "MESSAGE_NOT_FOUND");
    assert_eq!(refused(room.pin(CLARA, id, seqs[0], true).await), "CONVERSATION_NOT_FOUND");
    for _ in 0..2 {
        room.pin(ANNA, id, seqs[4], false).await.unwrap();
    }
    room.pin(ANNA, id, seqs[5], true).await.unwrap();
    let pins = room.pins(BORIS, id).await;
    let expected = [(5, ANNA), (3, BORIS), (2, BORIS), (1, BORIS), (0, BORIS)];
    assert_eq!(
        pins.iter().map(|pin| (pin.seq, pin.by_account_id)).collect::<Vec<_>>(),
        expected.map(|(n, by)| (seqs[n], by.0))
    );
    assert_eq!(texts(&[pins[0].entry.clone().unwrap()]), ["5"]);
    let noted = room.all(ANNA, id).await.into_iter().skip(7).map(|entry| match entry.content {
        Some(entry::Content::Notice(Notice { kind })) => (entry.author_account_id, kind.unwrap()),
        other => panic!("{other:?}"),
    });
    let noted: Vec<_> = noted.collect();
    assert_eq!(noted.len(), 7, "repeats are not noted");
    assert_eq!(noted[5].1, notice::Kind::Unpinned(Unpinned { account_id: ANNA.0, seq: seqs[4] }));
    assert_eq!(noted[6], (0, notice::Kind::Pinned(Pinned { account_id: ANNA.0, seq: seqs[5] })));
    let view = room.view(BORIS, id).await;
    assert_eq!(
        (view.unread, view.preview.unwrap().seq),
        (6, seqs[5]),
        "notices are never unread, nor previews"
    );
}

#[tokio::test]
async fn whoever_was_deleted_may_take_their_words_back_and_nothing_else() {
    let (mut room, id) = Room::with_friends().await;
    let seq = room.say(BORIS, id, "sorry").await;
    let kept = room.say(BORIS, id, "kept").await;
    room.react(BORIS, (id, kept), "👍", true).await.unwrap();
    room.part(ANNA, BORIS).await;
    room.live(ANNA);
    for refusal in [
        room.edit(BORIS, id, kept, plain("x")).await.map(drop),
        room.react(BORIS, (id, kept), "❤️", true).await.map(drop),
        room.react(BORIS, (id, kept), "👍", false).await.map(drop),
        room.pin(BORIS, id, kept, true).await,
    ] {
        assert_eq!(refused(refusal), "NOT_FRIENDS");
    }
    room.recall(BORIS, id, seq).await.unwrap();
    assert_eq!(texts(&room.all(BORIS, id).await)[1], "recalled");
    assert!(room.live(ANNA).is_empty(), "who deleted the other hears nothing more");
    assert_eq!(refused(room.recall(ANNA, id, seq).await), "CONVERSATION_NOT_FOUND");
}

#[tokio::test]
async fn who_came_later_learns_nothing_of_what_was_before() {
    let (mut room, id) = Room::with_friends().await;
    let seq = room.say(BORIS, id, "before").await;
    room.pin(BORIS, id, seq, true).await.unwrap();
    room.part(ANNA, BORIS).await;
    room.befriend(ANNA, BORIS).await;
    room.live(ANNA);
    for change in 0..3 {
        let changed = match change {
            0 => room.edit(BORIS, id, seq, plain("before, edited")).await,
            1 => room.react(BORIS, (id, seq), "👍", true).await,
            _ => room.recall(BORIS, id, seq).await,
        };
        changed.unwrap();
        let live = room.live(ANNA);
        assert_eq!(live.len(), 1, "their numbers have no gap either");
        assert_eq!(target(&live[0]), None);
    }
    let entries = room.all(ANNA, id).await;
    assert!(entries.iter().skip(1).all(|entry| target(entry).is_none()), "{entries:?}");
    assert!(room.all(BORIS, id).await.iter().skip(5).all(|entry| target(entry).is_some()));
    for refusal in [
        room.react(ANNA, (id, seq), "👍", true).await.map(drop),
        room.pin(ANNA, id, seq, false).await,
        room.recall(ANNA, id, seq).await.map(drop),
    ] {
        assert_eq!(refused(refusal), "MESSAGE_NOT_FOUND");
    }
}

#[tokio::test]
async fn pins_that_one_cannot_see_make_room() {
    let (mut room, id) = Room::with_friends().await;
    for n in 2..=6 {
        let seq = room.say(BORIS, id, "before").await;
        assert_eq!(seq, n);
    }
    for seq in 2..=6 {
        room.pin(BORIS, id, seq, true).await.unwrap();
    }
    room.part(ANNA, BORIS).await;
    room.befriend(ANNA, BORIS).await;
    assert!(room.pins(ANNA, id).await.is_empty());
    let seq = room.say(BORIS, id, "after").await;
    room.pin(ANNA, id, seq, true).await.unwrap();
    assert_eq!(room.pins(ANNA, id).await.len(), 1);
    let left: Vec<u64> = room.pins(BORIS, id).await.iter().map(|pin| pin.seq).collect();
    assert_eq!(left, [seq, 6, 5, 4, 3]);
}
