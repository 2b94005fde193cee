//! What happens to messages in groups, who may make it happen, and what of it reaches whom.

use super::groups::{DANI, GROUP};
use super::*;
use crate::delivery::log;
use crate::features::accounts::fixture::{change, register};
use crate::features::contacts::set_block;
use crate::features::testing::foundation_with_bus;
use std::time::Duration;
use teahouse_proto::common::PageRequest;
use teahouse_proto::media::MediaKind;
use teahouse_proto::sync::account_event;

const TO: To = To::ConversationId(GROUP.0);

impl Room {
    async fn make_admin(&self, who: AccountId) {
        self.act(move |groups, tx, now| groups.set_role(tx, GROUP, who, true, ANNA, now)).await;
    }

    async fn block(&self, who: AccountId, other: AccountId) {
        self.foundation.store.transact(move |tx| set_block(tx, who, other)).await.unwrap();
    }

    /// How often somebody was told that they are mentioned.
    async fn mentioned(&self, who: AccountId) -> usize {
        let events = log::after(&self.foundation.store, who, 0, 1000).await.unwrap();
        events.iter().filter(|event| matches!(event.what, Some(account_event::What::Mentioned(_)))).count()
    }

    async fn readers(&self, who: AccountId, seq: u64) -> Result<Vec<u64>> {
        let (mut all, mut page) = (Vec::new(), PageRequest { limit: 1, ..PageRequest::default() });
        loop {
            let request = ListReadersRequest { conversation_id: GROUP.0, seq, page: Some(page) };
            let answer = self.chat.list_readers(&self.cx(who), request).await?;
            all.extend(answer.account_ids);
            if answer.next.is_empty() {
                return Ok(all);
            }
            page = PageRequest { limit: 1, cursor: answer.next };
        }
    }

    async fn counted(&self, who: AccountId, seq: u64) -> Result<(bool, u32, u32)> {
        let request = GetReceiptsRequest { conversation_id: GROUP.0, seq };
        let answer = self.chat.get_receipts(&self.cx(who), request).await?;
        Ok((answer.available, answer.readers, answer.members))
    }
}

fn everybody() -> Text {
    let mention = Mention { account_id: 0, offset: 0, length: 4, all: true };
    Text { text: "@all tea!".into(), mentions: vec![mention], quote_seq: 0 }
}

fn at(who: AccountId) -> Text {
    let mention = Mention { account_id: who.0, offset: 0, length: 1, all: false };
    Text { text: "@".into(), mentions: vec![mention], quote_seq: 0 }
}

#[tokio::test]
async fn those_in_charge_recall_what_anybody_said_at_any_time() {
    let mut room = Room::with_group().await;
    let (one, two) = (room.say(BORIS, GROUP, "one").await, room.say(BORIS, GROUP, "two").await);
    let third = room.say(BORIS, GROUP, "three").await;
    assert_eq!(refused(room.recall(CLARA, GROUP, one).await), "NOT_YOURS");
    room.foundation.clock.advance(Duration::from_secs(86_400));
    assert_eq!(refused(room.recall(BORIS, GROUP, one).await), "TOO_LATE");
    room.make_admin(CLARA).await;
    for (who, seq) in [(CLARA, one), (ANNA, two)] {
        let recalled = room.recall(who, GROUP, seq).await.unwrap();
        assert_eq!(recalled.content, Some(entry::Content::Recalled(Recalled { by_account_id: who.0 })));
        assert_eq!(recalled.author_account_id, BORIS.0);
        let text = GetRecalledTextRequest { conversation_id: GROUP.0, seq };
        let text = room.chat.get_recalled_text(&room.cx(BORIS), text).await;
        assert_eq!(refused(text), "MESSAGE_NOT_FOUND", "who did not recall it does not write it anew");
    }
    let muted = room.say(BORIS, GROUP, "mine").await;
    room.act(|groups, tx, now| groups.set_muted(tx, GROUP, BORIS, true, ANNA, now)).await;
    room.recall(BORIS, GROUP, muted).await.expect("one's own needs only the membership");
    room.remove(BORIS).await;
    assert_eq!(refused(room.recall(BORIS, GROUP, third).await), "NOT_A_MEMBER");
    room.act(|groups, tx, now| groups.dissolve(tx, GROUP, ANNA, now)).await;
    assert_eq!(refused(room.recall(ANNA, GROUP, third).await), "GROUP_DISSOLVED");
}

#[tokio::test]
async fn edits_and_emoji_need_what_speaking_needs_and_pins_a_right() {
    let mut room = Room::with_group().await;
    let seq = room.say(BORIS, GROUP, "one").await;
    assert_eq!(refused(room.pin(BORIS, GROUP, seq, true).await), "NOT_ALLOWED");
    room.pin(ANNA, GROUP, seq, true).await.unwrap();
    assert_eq!(refused(room.pin(BORIS, GROUP, seq, false).await), "NOT_ALLOWED");
    assert_eq!(room.pins(CLARA, GROUP).await[0].seq, seq);
    room.edit(BORIS, GROUP, seq, plain("two")).await.unwrap();
    room.react(CLARA, (GROUP, seq), "👍", true).await.unwrap();
    room.act(|groups, tx, now| groups.set_all_muted(tx, GROUP, true, ANNA, now)).await;
    assert_eq!(refused(room.edit(BORIS, GROUP, seq, plain("three")).await), "MUTED");
    assert_eq!(refused(room.react(CLARA, (GROUP, seq), "👍", false).await), "MUTED");
    room.remove(CLARA).await;
    assert_eq!(refused(room.react(CLARA, (GROUP, seq), "😀", true).await), "NOT_A_MEMBER");
    assert_eq!(room.pins(CLARA, GROUP).await.len(), 1);
    room.act(|groups, tx, now| groups.dissolve(tx, GROUP, ANNA, now)).await;
    assert_eq!(refused(room.react(ANNA, (GROUP, seq), "😀", true).await), "GROUP_DISSOLVED");
    assert_eq!(refused(room.pin(ANNA, GROUP, seq, false).await), "GROUP_DISSOLVED");
    assert_eq!(refused(room.react(DANI, (GROUP, seq), "😀", true).await), "CONVERSATION_NOT_FOUND");
}

#[tokio::test]
async fn a_change_tells_the_message_to_those_who_see_it() {
    let mut room = Room::with_group().await;
    let early = room.say(BORIS, GROUP, "early").await;
    room.remove(CLARA).await;
    let between = room.say(BORIS, GROUP, "between").await;
    room.join(CLARA).await;
    room.join(DANI).await;
    let late = room.say(BORIS, GROUP, "late").await;
    let targets = async |room: &Room, seq| {
        for who in PEOPLE {
            room.live(who);
        }
        let taken = room.observer.1.lock().unwrap().len();
        assert_eq!(taken, 0);
        room.react(ANNA, (GROUP, seq), "👍", true).await.unwrap();
        let events = room.observer.1.lock().unwrap().clone();
        PEOPLE.map(|who| {
            let told: Vec<bool> = events
                .iter()
                .filter_map(|event| match event {
                    Event::Deliver { to, message, .. } if to.accounts().contains(&who) => {
                        match &message.event {
                            Some(FollowEvent::Entry(Entry {
                                content: Some(entry::Content::Changed(c)),
                                ..
                            })) => Some(c.target.is_some()),
                            _ => None,
                        }
                    }
                    _ => None,
                })
                .collect();
            assert_eq!(told.len(), 1, "each hears of it once");
            told[0]
        })
    };
    assert_eq!(targets(&room, early).await, [true, true, true, false]);
    assert_eq!(targets(&room, between).await, [true, true, false, false]);
    assert_eq!(targets(&room, late).await, [true, true, true, true]);
    room.delete(CLARA, GROUP, &[late]).await.unwrap();
    room.clear(BORIS, GROUP, false).await.unwrap();
    let next = room.say(ANNA, GROUP, "next").await;
    assert_eq!(targets(&room, next).await, [true, true, true, true]);
    room.react(ANNA, (GROUP, late), "👍", false).await.unwrap();
    assert_eq!(targets(&room, late).await, [true, false, false, true]);
    let listed = room.all(CLARA, GROUP).await;
    let shown = listed.iter().filter_map(|entry| match &entry.content {
        Some(entry::Content::Changed(changed)) => Some((changed.target_seq, changed.target.is_some())),
        _ => None,
    });
    let gone = (late, false);
    let expected = [(early, true), (between, false), gone, (next, true), gone, gone];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
}

const PEOPLE: [AccountId; 4] = [ANNA, BORIS, CLARA, DANI];

#[tokio::test]
async fn everybody_is_mentioned_with_one_row_by_those_in_charge() {
    let mut room = Room::with_group().await;
    assert_eq!(refused(room.send(BORIS, TO, everybody()).await), "NOT_ALLOWED");
    let twice = Text {
        mentions: [everybody().mentions, vec![Mention { offset: 5, length: 1, all: true, account_id: 0 }]]
            .concat(),
        ..everybody()
    };
    assert_eq!(refused(room.send(ANNA, TO, twice).await), "MENTION_INVALID");
    let seq = room.send(ANNA, TO, everybody()).await.unwrap().seq;
    assert_eq!((room.rows(&tables::MENTION).await, room.rows(&tables::MENTION_ALL).await), (0, 1));
    for (who, count) in [(ANNA, 0), (BORIS, 1), (CLARA, 1)] {
        assert_eq!(room.view(who, GROUP).await.unread_mentions, count);
        assert_eq!(room.mentioned(who).await, 0);
    }
    room.send(ANNA, TO, at(BORIS)).await.unwrap();
    assert_eq!((room.view(BORIS, GROUP).await.unread_mentions, room.mentioned(BORIS).await), (2, 1));
    room.join(DANI).await;
    assert_eq!(room.view(DANI, GROUP).await.unread_mentions, 0, "it was said before");
    room.act(|groups, tx, now| groups.announce(tx, GROUP, "Tea at five", ANNA, now)).await;
    assert_eq!(
        [room.view(DANI, GROUP).await.unread_mentions, room.view(ANNA, GROUP).await.unread_mentions],
        [1, 0]
    );
    room.edit(ANNA, GROUP, seq, plain("never mind")).await.unwrap();
    assert_eq!(room.view(CLARA, GROUP).await.unread_mentions, 1);
    room.edit(ANNA, GROUP, seq, everybody()).await.unwrap();
    assert_eq!(room.view(CLARA, GROUP).await.unread_mentions, 2);
    room.recall(ANNA, GROUP, seq).await.unwrap();
    let head = room.view(CLARA, GROUP).await.head_seq;
    assert_eq!(room.view(CLARA, GROUP).await.unread_mentions, 1);
    room.read(CLARA, GROUP, head).await.unwrap();
    assert_eq!(room.view(CLARA, GROUP).await.unread_mentions, 0);
    let direct = To::AccountId(BORIS.0);
    assert_eq!(refused(room.send(ANNA, direct, everybody()).await), "MENTION_INVALID");
    assert_eq!(refused(room.send(ANNA, TO, at(AccountId(99))).await), "MENTION_INVALID");
}

#[tokio::test]
async fn somebody_who_is_blocked_is_read_and_does_not_ring() {
    let mut room = Room::with_group().await;
    room.make_admin(CLARA).await;
    room.block(BORIS, CLARA).await;
    let seq = room.send(CLARA, TO, at(BORIS)).await.unwrap().seq;
    room.send(CLARA, TO, everybody()).await.unwrap();
    room.act(|groups, tx, now| groups.announce(tx, GROUP, "Tea", CLARA, now)).await;
    assert_eq!((room.mentioned(BORIS).await, room.view(BORIS, GROUP).await.unread_mentions), (0, 0));
    assert_eq!(room.view(ANNA, GROUP).await.unread_mentions, 2);
    room.pin(ANNA, GROUP, seq, true).await.unwrap();
    room.react(BORIS, (GROUP, seq), "👍", true).await.unwrap();
    for (who, blocked) in [(BORIS, true), (ANNA, false), (CLARA, false)] {
        let entries = room.all(who, GROUP).await;
        let of = |seq: u64| entries.iter().find(|entry| entry.seq == seq).unwrap();
        assert_eq!(of(seq).author_blocked, blocked);
        assert_eq!(room.pins(who, GROUP).await[0].entry.as_ref().unwrap().author_blocked, blocked);
        assert_eq!(room.view(who, GROUP).await.preview.unwrap().author_blocked, blocked);
        let Some(entry::Content::Changed(changed)) = &entries.last().unwrap().content else { panic!() };
        assert_eq!(changed.target.as_ref().unwrap().author_blocked, blocked);
    }
    assert_eq!(texts(&room.all(CLARA, GROUP).await).len(), 7, "both read each other");
}

/// The group of people who have read receipts on.
async fn with_receipts() -> Room {
    let (foundation, _published, _passing) = foundation_with_bus();
    let room = Room::on(foundation).await.0;
    let accounts = room.foundation.store.transact(|tx| {
        for (who, name) in [(ANNA, "anna"), (BORIS, "boris"), (CLARA, "clara"), (DANI, "dani")] {
            register(tx, who, name, Time(0))?;
            change(tx, who, |_, settings| settings.read_receipts = true)?;
        }
        Ok(())
    });
    accounts.await.unwrap();
    room.act(|groups, tx, now| groups.create(tx, GROUP, "Tea", ANNA, &[BORIS, CLARA], now)).await;
    room
}

#[tokio::test]
async fn receipts_go_by_who_was_in_and_do_not_tell_who_cleared() {
    let mut room = with_receipts().await;
    let early = room.say(ANNA, GROUP, "early").await;
    room.read(CLARA, GROUP, early).await.unwrap();
    room.remove(CLARA).await;
    let between = room.say(ANNA, GROUP, "between").await;
    room.join(CLARA).await;
    let late = room.say(ANNA, GROUP, "late").await;
    room.read(CLARA, GROUP, late).await.unwrap();
    for clears in [None, Some(BORIS), Some(CLARA)] {
        if let Some(who) = clears {
            room.clear(who, GROUP, false).await.unwrap();
        }
        for (seq, readers, members) in [(early, 1, 2), (between, 0, 1), (late, 1, 2)] {
            assert_eq!(room.counted(ANNA, seq).await.unwrap(), (true, readers, members), "{clears:?} {seq}");
            let named = if readers == 1 { vec![CLARA.0] } else { Vec::new() };
            assert_eq!(room.readers(ANNA, seq).await.unwrap(), named);
        }
    }
    room.remove(CLARA).await;
    room.act(|groups, tx, now| groups.set_history_visible(tx, GROUP, true, now)).await;
    room.join(CLARA).await;
    assert_eq!(room.counted(ANNA, between).await.unwrap(), (true, 1, 2), "they can see it now");
}

#[tokio::test]
async fn who_writes_much_later_has_read() {
    let mut room = with_receipts().await;
    let seq = room.say(ANNA, GROUP, "one").await;
    for n in 0..120 {
        room.say(ANNA, GROUP, &n.to_string()).await;
    }
    room.say(CLARA, GROUP, "yes?").await;
    let room = room.restarted();
    assert_eq!(room.readers(ANNA, seq).await.unwrap(), [CLARA.0]);
}

#[tokio::test]
async fn the_author_learns_how_many_have_read_and_who() {
    let mut room = with_receipts().await;
    let seq = room.say(ANNA, GROUP, "one").await;
    room.join(DANI).await;
    assert_eq!(room.counted(ANNA, seq).await.unwrap(), (true, 0, 2), "Dani cannot see it");
    room.read(BORIS, GROUP, seq).await.unwrap();
    room.say(CLARA, GROUP, "who writes has read").await;
    assert_eq!(room.counted(ANNA, seq).await.unwrap(), (true, 2, 2));
    assert_eq!(room.readers(ANNA, seq).await.unwrap(), [BORIS.0, CLARA.0]);
    let room = room.restarted();
    assert_eq!(room.counted(ANNA, seq).await.unwrap(), (true, 2, 2), "also what no mark on disk says yet");
    for (who, seq) in [(BORIS, seq), (ANNA, seq + 1), (ANNA, 99), (ANNA, 0)] {
        assert_eq!(refused(room.counted(who, seq).await), "MESSAGE_NOT_FOUND");
        assert_eq!(refused(room.readers(who, seq).await), "MESSAGE_NOT_FOUND");
    }
    room.block(CLARA, ANNA).await;
    assert_eq!(
        (room.counted(ANNA, seq).await.unwrap(), room.readers(ANNA, seq).await.unwrap()),
        ((true, 1, 2), vec![BORIS.0])
    );
    let off = async |who| {
        let off = room
            .foundation
            .store
            .transact(move |tx| change(tx, who, |_, settings| settings.read_receipts = false));
        off.await.unwrap();
    };
    off(BORIS).await;
    assert_eq!(room.counted(ANNA, seq).await.unwrap(), (true, 0, 2));
    off(ANNA).await;
    assert_eq!(room.counted(ANNA, seq).await.unwrap(), (false, 0, 0));
    assert!(room.readers(ANNA, seq).await.unwrap().is_empty());
}

#[tokio::test]
async fn media_of_a_group_are_for_who_sees_the_message() {
    let mut room = Room::with_group().await;
    let mut said = Vec::new();
    for _ in 0..2 {
        let picture = room.upload(BORIS, MediaKind::Picture).await;
        let album = Say::Pictures(Pictures { pictures: vec![picture], caption: String::new() });
        said.push(room.tell(BORIS, GROUP, album).await);
        room.remove(CLARA).await;
    }
    let may = async |room: &Room, who| {
        [room.may_see(who, GROUP, said[0]).await, room.may_see(who, GROUP, said[1]).await]
    };
    assert_eq!(may(&room, ANNA).await, [true, true]);
    assert_eq!(may(&room, CLARA).await, [true, false], "removed: what they had");
    room.join(CLARA).await;
    assert_eq!(may(&room, CLARA).await, [true, false]);
    room.leave(CLARA).await;
    assert_eq!(may(&room, CLARA).await, [false, false]);
    assert_eq!(may(&room, DANI).await, [false, false]);
}

#[tokio::test]
async fn forwards_and_favourites_follow_the_group() {
    let mut rig = forwarding::Rig::new().await;
    rig.room.act(|groups, tx, now| groups.create(tx, GROUP, "Tea", ANNA, &[BORIS, CLARA], now)).await;
    let said = rig.room.say(BORIS, GROUP, "hello").await;
    let into = async |rig: &mut forwarding::Rig, who, from: ConversationId, to: ConversationId, seq| {
        rig.room.made += 1;
        let request = ForwardMessagesRequest {
            client_message_id: rig.room.made.to_be_bytes().to_vec().into(),
            from_conversation_id: from.0,
            seqs: vec![seq],
            to: Some(forward_messages_request::To::ConversationId(to.0)),
            ..Default::default()
        };
        rig.room.chat.forward_messages(&rig.room.cx(who), request).await
    };
    let clara = rig.clara;
    into(&mut rig, CLARA, GROUP, clara, said).await.expect("out of the group");
    let link = Say::Link(Link { url: "https://example.org/".into(), ..Link::default() });
    let link = rig.room.tell(ANNA, clara, link).await;
    into(&mut rig, CLARA, clara, GROUP, link).await.expect("into the group");
    rig.room.remove(CLARA).await;
    let after = rig.room.say(BORIS, GROUP, "after").await;
    into(&mut rig, CLARA, GROUP, clara, said).await.expect("what they had");
    assert_eq!(refused(into(&mut rig, CLARA, GROUP, clara, after).await), "MESSAGE_NOT_FOUND");
    assert_eq!(refused(into(&mut rig, CLARA, clara, GROUP, link).await), "NOT_A_MEMBER");
    assert_eq!(refused(into(&mut rig, DANI, GROUP, clara, said).await), "CONVERSATION_NOT_FOUND");
    let until = rig.room.foundation.clock.now() + Duration::from_secs(3600);
    rig.room
        .act(move |groups, tx, now| groups.join(tx, GROUP, &[CLARA], ANNA, JoinWay::Qr, Some(until), now))
        .await;
    assert_eq!(refused(into(&mut rig, CLARA, clara, GROUP, link).await), "PLAIN_TEXT_ONLY");
    let quote = |quote_seq| Text { quote_seq, ..plain("as you said") };
    rig.room.send(CLARA, TO, quote(said)).await.expect("of the first time");
    assert_eq!(refused(rig.room.send(CLARA, TO, quote(after)).await), "QUOTE_NOT_FOUND");
}

#[tokio::test]
async fn what_is_ones_own_of_a_group_stays_ones_own() {
    let mut room = Room::with_group().await;
    for n in 0..3 {
        room.say(ANNA, GROUP, &n.to_string()).await;
    }
    room.remove(CLARA).await;
    room.say(ANNA, GROUP, "unseen").await;
    room.join(CLARA).await;
    room.say(ANNA, GROUP, "last").await;
    assert_eq!(room.numbers(CLARA).await, [1, 2, 3, 4, 5, 7, 8]);
    room.delete(CLARA, GROUP, &[3, 6]).await.unwrap();
    let shown = texts(&room.all(CLARA, GROUP).await);
    assert_eq!(shown, ["notice", "0", "deleted", "2", "notice", "notice", "last"]);
    let set = UpdateConversationRequest {
        conversation_id: GROUP.0,
        muted: Some(true),
        pinned: Some(true),
        ..Default::default()
    };
    room.chat.update_conversation(&room.cx(CLARA), set).await.unwrap();
    let draft = SetDraftRequest { conversation_id: GROUP.0, text: "hm".into(), quote_seq: 0 };
    room.remove(CLARA).await;
    room.chat.set_draft(&room.cx(CLARA), draft.clone()).await.unwrap();
    let view = room.clear(CLARA, GROUP, true).await.unwrap();
    assert_eq!(
        (view.hidden, view.muted, view.pinned, view.first_seq_after, view.head_seq),
        (true, true, true, 9, 9)
    );
    assert_eq!(
        (room.numbers(CLARA).await, view.unseen.len(), view.draft.unwrap().text.as_str()),
        (vec![], 0, "hm")
    );
    room.act(|groups, tx, now| groups.set_history_visible(tx, GROUP, true, now)).await;
    room.say(ANNA, GROUP, "seen with the history").await;
    room.join(CLARA).await;
    let view = room.view(CLARA, GROUP).await;
    assert_eq!(
        (view.hidden, view.muted, view.first_seq_after),
        (false, true, 9),
        "what was cleared stays away"
    );
    assert_eq!(room.numbers(CLARA).await, [10, 11]);
    room.leave(CLARA).await;
    assert_eq!(refused(room.chat.set_draft(&room.cx(CLARA), draft).await), "CONVERSATION_NOT_FOUND");
    room.join(CLARA).await;
    let view = room.view(CLARA, GROUP).await;
    assert_eq!((view.muted, view.draft), (false, None), "a new one");
    assert_eq!(room.numbers(CLARA).await.len(), 12);
}
