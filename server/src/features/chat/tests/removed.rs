//! What somebody who was removed from a group sees of what happens to its messages since.

use super::groups::GROUP;
use super::*;
use crate::time::Time;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

impl Room {
    fn later(&self) -> Time {
        self.foundation.clock.advance(SECOND);
        self.foundation.clock.now()
    }

    async fn reactions_to(&self, who: AccountId, seq: u64) -> Vec<(String, u64)> {
        let request = ListReactionsRequest { conversation_id: GROUP.0, seq, page: None };
        let answer = self.chat.list_reactions(&self.cx(who), request).await.unwrap();
        answer.reactions.into_iter().map(|given| (given.emoji, given.account_id)).collect()
    }

    async fn shown(&self, who: AccountId, seq: u64) -> Entry {
        self.all(who, GROUP).await.into_iter().find(|entry| entry.seq == seq).unwrap()
    }
}

#[tokio::test]
async fn who_was_removed_sees_messages_as_they_were_then_and_what_was_recalled() {
    let mut room = Room::with_group().await;
    let seq = room.say(BORIS, GROUP, "one").await;
    let edited = room.later();
    room.edit(BORIS, GROUP, seq, plain("two")).await.unwrap();
    room.react(CLARA, (GROUP, seq), "👍", true).await.unwrap();
    room.remove(CLARA).await;
    let before = (room.all(CLARA, GROUP).await, room.view(CLARA, GROUP).await);
    room.later();
    for (who, emoji) in [(ANNA, "😀"), (ANNA, "👍"), (BORIS, "👍")] {
        room.react(who, (GROUP, seq), emoji, true).await.unwrap();
    }
    room.edit(BORIS, GROUP, seq, plain("three")).await.unwrap();
    room.pin(ANNA, GROUP, seq, true).await.unwrap();

    let after = (room.all(CLARA, GROUP).await, room.view(CLARA, GROUP).await);
    assert_eq!(after, before);
    let shown = room.shown(CLARA, seq).await;
    assert_eq!(
        (texts(std::slice::from_ref(&shown)), shown.edited_at_ms),
        (vec!["two".into()], edited.as_ms())
    );
    let mine = Reaction { emoji: "👍".into(), count: 1, mine: true, account_ids: vec![CLARA.0] };
    assert_eq!(shown.reactions, [mine]);
    assert_eq!(room.reactions_to(CLARA, seq).await, [("👍".to_owned(), CLARA.0)]);
    assert_eq!((room.pins(CLARA, GROUP).await.len(), room.pins(ANNA, GROUP).await.len()), (0, 1));
    assert_eq!(room.reactions_to(ANNA, seq).await.len(), 4);
    for nothing in [
        room.react(CLARA, (GROUP, seq), "🎉", false).await.map(drop),
        room.pin(CLARA, GROUP, seq, true).await,
        room.pin(CLARA, GROUP, 1, false).await,
    ] {
        assert_eq!(refused(nothing), "NOT_A_MEMBER", "also what would change nothing");
    }
    room.recall(BORIS, GROUP, seq).await.unwrap();
    assert_eq!(texts(&[room.shown(CLARA, seq).await]), ["recalled"]);
}

#[tokio::test]
async fn a_version_that_is_kept_no_longer_is_not_replaced_by_another() {
    let mut room = Room::with_group().await;
    let (often, swept) = (room.say(BORIS, GROUP, "often").await, room.say(BORIS, GROUP, "swept").await);
    room.remove(CLARA).await;
    for n in 0..=tables::Sealed::MAX_EDITS {
        room.later();
        assert_eq!(texts(&[room.shown(CLARA, often).await]), ["often"]);
        room.edit(BORIS, GROUP, often, plain(&n.to_string())).await.unwrap();
    }
    room.edit(BORIS, GROUP, swept, plain("later")).await.unwrap();
    assert_eq!(texts(&[room.shown(CLARA, swept).await]), ["swept"]);
    let late = room.foundation.clock.now() + Duration::from_secs(8 * 86_400);
    room.chat.sweep_originals(late).await.unwrap();
    for seq in [often, swept] {
        let shown = room.shown(CLARA, seq).await;
        assert_eq!((shown.content, shown.edited_at_ms, shown.author_account_id), (None, 0, BORIS.0));
    }
    assert!(room.view(CLARA, GROUP).await.unread > 0, "it still counts");
}

#[tokio::test]
async fn of_too_many_emoji_who_was_removed_is_shown_none_and_lists_those_given_in_time() {
    let mut room = Room::with_group().await;
    let seq = room.say(BORIS, GROUP, "look").await;
    room.react(CLARA, (GROUP, seq), "👍", true).await.unwrap();
    let many: Vec<AccountId> = (1_000..1_101).map(AccountId).collect();
    let joining = many.clone();
    room.act(|groups, tx, now| groups.set_history_visible(tx, GROUP, true, now)).await;
    room.act(move |groups, tx, now| groups.join(tx, GROUP, &joining, ANNA, JoinWay::Qr, None, now)).await;
    room.remove(CLARA).await;
    room.later();
    for who in many {
        room.react(who, (GROUP, seq), "👍", true).await.unwrap();
    }
    assert!(room.shown(CLARA, seq).await.reactions.is_empty());
    assert_eq!(room.shown(ANNA, seq).await.reactions[0].count, 102);
    assert_eq!(room.reactions_to(CLARA, seq).await, [("👍".to_owned(), CLARA.0)]);
}
