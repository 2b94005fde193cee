//! What a report may tell of a conversation.

use super::groups::GROUP;
use super::*;
use std::time::Duration;

impl Room {
    async fn witnessed(&self, who: AccountId, id: ConversationId, seq: u64) -> Result<Witnessed> {
        self.foundation.store.transact(move |tx| witnessed(tx, who, id, seq)).await
    }

    async fn witnessed_last(&self, who: AccountId, id: ConversationId) -> Result<Witnessed> {
        self.foundation.store.transact(move |tx| witnessed_last(tx, who, id)).await
    }
}

fn seqs(witnessed: &Witnessed) -> Vec<u64> {
    witnessed.messages.iter().map(|message| message.seq).collect()
}

fn text(content: &entry::Content) -> String {
    match content {
        entry::Content::Text(text) => text.text.clone(),
        entry::Content::Recalled(_) => "recalled".to_owned(),
        other => format!("{other:?}"),
    }
}

/// What a message says, and what it said before.
fn said(witnessed: &Witnessed, seq: u64) -> (Option<String>, Vec<String>) {
    let message = witnessed.messages.iter().find(|message| message.seq == seq).unwrap();
    let before = message.before.iter().map(|version| text(&version.content)).collect();
    (message.content.as_ref().map(text), before)
}

#[tokio::test]
async fn a_message_comes_with_ten_around_it() {
    let (mut room, id) = Room::with_friends().await;
    for n in 2..=30 {
        room.say(if n % 2 == 0 { ANNA } else { BORIS }, id, &n.to_string()).await;
    }
    for (seq, expected) in [(16, 11..=21), (2, 2..=12), (4, 2..=12), (30, 20..=30), (28, 20..=30)] {
        let around = room.witnessed(BORIS, id, seq).await.unwrap();
        assert_eq!(seqs(&around), expected.collect::<Vec<_>>(), "{seq}");
        assert_eq!(around.kind, ConversationKind::Direct);
        assert!(around.messages.iter().all(|m| m.author == if m.seq % 2 == 0 { ANNA } else { BORIS }));
    }
    assert_eq!(seqs(&room.witnessed_last(ANNA, id).await.unwrap()), (20..=30).collect::<Vec<_>>());
}

#[tokio::test]
async fn only_what_the_reporter_sees_is_told() {
    let (mut room, id) = Room::with_friends().await;
    for n in 2..=6 {
        room.say(ANNA, id, &n.to_string()).await;
    }
    let delete = DeleteForMeRequest { conversation_id: id.0, seqs: vec![3] };
    room.chat.delete_for_me(BORIS, delete, room.foundation.clock.now()).await.unwrap();
    assert_eq!(seqs(&room.witnessed(BORIS, id, 5).await.unwrap()), [2, 4, 5, 6]);
    assert_eq!(refused(room.witnessed(BORIS, id, 3).await), "MESSAGE_NOT_FOUND");
    for nothing in [0, 1, 7, u64::MAX] {
        assert_eq!(refused(room.witnessed(BORIS, id, nothing).await), "MESSAGE_NOT_FOUND", "{nothing}");
    }
    for nowhere in [id, ConversationId(999)] {
        assert_eq!(refused(room.witnessed(CLARA, nowhere, 5).await), "CONVERSATION_NOT_FOUND");
        assert_eq!(refused(room.witnessed_last(CLARA, nowhere).await), "CONVERSATION_NOT_FOUND");
    }
    let clear = ClearHistoryRequest { conversation_id: id.0, and_hide: false };
    room.chat.clear_history(&room.cx(BORIS), clear).await.unwrap();
    let new = room.say(ANNA, id, "new").await;
    assert_eq!(seqs(&room.witnessed_last(BORIS, id).await.unwrap()), [new]);
    assert_eq!(refused(room.witnessed(BORIS, id, 5).await), "MESSAGE_NOT_FOUND");
    assert_eq!(seqs(&room.witnessed(ANNA, id, 5).await.unwrap()), [2, 3, 4, 5, 6, new]);
}

#[tokio::test]
async fn what_was_edited_or_recalled_comes_with_what_it_said() {
    let (mut room, id) = Room::with_friends().await;
    let (edited, recalled) = (room.say(ANNA, id, "one").await, room.say(ANNA, id, "oh no").await);
    for to in ["two", "three"] {
        room.foundation.clock.advance(Duration::from_secs(1));
        room.edit(ANNA, id, edited, plain(to)).await.unwrap();
    }
    room.recall(ANNA, id, recalled).await.unwrap();
    let told = room.witnessed(BORIS, id, recalled).await.unwrap();
    assert_eq!(said(&told, edited), (Some("three".into()), vec!["one".into(), "two".into()]));
    assert_eq!(said(&told, recalled), (Some("recalled".into()), vec!["oh no".into()]));
}

#[tokio::test]
async fn who_was_removed_tells_nothing_of_what_came_later() {
    let mut room = Room::with_group().await;
    let seq = room.say(BORIS, GROUP, "one").await;
    room.foundation.clock.advance(Duration::from_secs(1));
    room.edit(BORIS, GROUP, seq, plain("two")).await.unwrap();
    room.remove(CLARA).await;
    room.foundation.clock.advance(Duration::from_secs(1));
    let later = room.say(ANNA, GROUP, "later").await;
    room.edit(BORIS, GROUP, seq, plain("three")).await.unwrap();
    let told = room.witnessed(CLARA, GROUP, seq).await.unwrap();
    assert_eq!(said(&told, seq), (None, vec!["one".into(), "two".into()]));
    assert!(!seqs(&told).contains(&later));
    assert_eq!(refused(room.witnessed(CLARA, GROUP, later).await), "MESSAGE_NOT_FOUND");
}
