//! What members remove from their own devices.

use super::changes::mention;
use super::*;
use crate::delivery::log;
use teahouse_proto::sync::account_event;

impl Room {
    pub(super) async fn delete(&self, who: AccountId, id: ConversationId, seqs: &[u64]) -> Result<()> {
        let request = DeleteForMeRequest { conversation_id: id.0, seqs: seqs.to_vec() };
        ChatApi::delete_for_me(&*self.chat, &self.cx(who), request).await.map(drop)
    }

    pub(super) async fn clear(
        &self,
        who: AccountId,
        id: ConversationId,
        and_hide: bool,
    ) -> Result<Conversation> {
        let request = ClearHistoryRequest { conversation_id: id.0, and_hide };
        Ok(self.chat.clear_history(&self.cx(who), request).await?.conversation.unwrap())
    }

    async fn told_all(&self, who: AccountId) -> Vec<account_event::What> {
        let events = log::after(&self.foundation.store, who, 0, 1000).await.unwrap();
        events.into_iter().map(|event| event.what.unwrap()).collect()
    }
}

#[tokio::test]
async fn what_one_deletes_the_other_keeps() {
    let (mut room, id) = Room::with_friends().await;
    for n in 2..=5 {
        assert_eq!(room.say(ANNA, id, &n.to_string()).await, n);
    }
    room.delete(BORIS, id, &[3, 5, 3]).await.unwrap();
    assert_eq!(texts(&room.all(BORIS, id).await), ["notice", "2", "deleted", "4", "deleted"]);
    assert_eq!(texts(&room.all(ANNA, id).await), ["notice", "2", "3", "4", "5"]);
    let latest = ListEntriesRequest { conversation_id: id.0, latest: true, limit: 2, ..Default::default() };
    let page = room.list(BORIS, latest).await.unwrap();
    assert_eq!(texts(&page), ["4", "deleted"]);
    assert_eq!((page[1].seq, page[1].ordinal, page[1].author_account_id), (5, 4, ANNA.0));
    let view = room.view(BORIS, id).await;
    assert_eq!((view.unread, view.read_seq, view.preview.unwrap().seq), (0, 5, 4));
    assert_eq!(room.view(ANNA, id).await.preview.unwrap().seq, 5);
    let told = room.told_all(BORIS).await;
    let deleted = teahouse_proto::sync::EntriesDeleted { conversation_id: id.0, seqs: vec![3, 5] };
    assert_eq!(told.last(), Some(&account_event::What::EntriesDeleted(deleted)));
    room.delete(BORIS, id, &[3]).await.expect("a repeat is harmless");
    assert_eq!(room.told_all(BORIS).await.len(), told.len());
    assert!(
        room.told_all(ANNA).await.iter().all(|what| !matches!(what, account_event::What::EntriesDeleted(_)))
    );
}

#[tokio::test]
async fn what_is_deleted_is_out_of_reach() {
    let (mut room, id) = Room::with_friends().await;
    let (deleted, other) = (room.say(ANNA, id, "deleted").await, room.say(ANNA, id, "other").await);
    room.pin(ANNA, id, deleted, true).await.unwrap();
    room.delete(ANNA, id, &[deleted]).await.unwrap();
    let quote = Text { quote_seq: deleted, ..plain("x") };
    for (refusal, reason) in [
        (room.recall(ANNA, id, deleted).await.map(drop), "MESSAGE_NOT_FOUND"),
        (room.edit(ANNA, id, deleted, plain("x")).await.map(drop), "MESSAGE_NOT_FOUND"),
        (room.react(ANNA, (id, deleted), "👍", true).await.map(drop), "MESSAGE_NOT_FOUND"),
        (room.pin(ANNA, id, deleted, true).await, "MESSAGE_NOT_FOUND"),
        (room.edit(ANNA, id, other, quote.clone()).await.map(drop), "QUOTE_NOT_FOUND"),
        (room.send(ANNA, To::ConversationId(id.0), quote).await.map(drop), "QUOTE_NOT_FOUND"),
    ] {
        assert_eq!(refused(refusal), reason);
    }
    room.live(ANNA);
    room.react(BORIS, (id, deleted), "👍", true).await.unwrap();
    let live = room.live(ANNA);
    let change = room.all(ANNA, id).await.pop().unwrap();
    for entry in [&live[0], &change] {
        let Some(entry::Content::Changed(changed)) = &entry.content else { panic!("{entry:?}") };
        assert_eq!((changed.target_seq, &changed.target), (deleted, &None));
    }
    let pins = room.pins(ANNA, id).await;
    assert_eq!((pins.len(), &pins[0].entry), (1, &None), "it is pinned still, and can be unpinned");
    room.pin(ANNA, id, deleted, false).await.unwrap();
    assert!(room.pins(BORIS, id).await.is_empty());
}

#[tokio::test]
async fn only_messages_that_are_there_are_deleted() {
    let (mut room, id) = Room::with_friends().await;
    let seq = room.say(ANNA, id, "one").await;
    room.react(ANNA, (id, seq), "👍", true).await.unwrap();
    for bad in [&[0][..], &[seq, 4], &[u64::MAX], &vec![seq; 101]] {
        assert_eq!(refused(room.delete(ANNA, id, bad).await), "SEQ_INVALID");
    }
    assert_eq!(refused(room.delete(CLARA, id, &[seq]).await), "CONVERSATION_NOT_FOUND");
    room.delete(ANNA, id, &[1, 3]).await.unwrap();
    assert_eq!(
        texts(&room.all(ANNA, id).await),
        ["notice", "one", "changed 2"],
        "changes must reach devices"
    );
    room.delete(ANNA, id, &[]).await.unwrap();
}

#[tokio::test]
async fn deleting_what_was_read_leaves_the_mark_unread() {
    let (mut room, id) = Room::with_friends().await;
    let (first, second) = (room.say(BORIS, id, "one").await, room.say(BORIS, id, "two").await);
    room.read(ANNA, id, first).await.unwrap();
    let mark = UpdateConversationRequest {
        conversation_id: id.0,
        marked_unread: Some(true),
        ..UpdateConversationRequest::default()
    };
    room.chat.update_conversation(&room.cx(ANNA), mark).await.unwrap();
    room.delete(ANNA, id, &[first]).await.unwrap();
    let view = room.view(ANNA, id).await;
    assert!(view.marked_unread && view.unread == 1, "{view:?}");
    room.delete(ANNA, id, &[second]).await.unwrap();
    let view = room.view(ANNA, id).await;
    assert!(!view.marked_unread && view.unread == 0, "{view:?}");
    room.chat.update_conversation(&room.cx(ANNA), mark).await.unwrap();
    assert!(!room.clear(ANNA, id, false).await.unwrap().marked_unread);
}

#[tokio::test]
async fn own_devices_learn_what_is_unread_after_a_deletion() {
    let (mut room, id) = Room::with_friends().await;
    let seqs = [room.say(ANNA, id, "one").await, room.say(ANNA, id, "two").await];
    room.send(ANNA, To::ConversationId(id.0), mention(BORIS, "@ three")).await.unwrap();
    let marks = |told: Vec<account_event::What>| -> Vec<(u64, u64)> {
        let marks = told.into_iter().filter_map(|what| match what {
            account_event::What::ConversationChanged(now) => Some((now.read_seq, now.read_ordinal)),
            account_event::What::ReadMark(_) => panic!("nobody read anything"),
            _ => None,
        });
        marks.collect()
    };
    room.delete(BORIS, id, &seqs[1..]).await.unwrap();
    room.delete(BORIS, id, &seqs).await.unwrap();
    assert_eq!(marks(room.told_all(BORIS).await), [(3, 2)]);
    let view = room.view(BORIS, id).await;
    assert_eq!((view.unread, view.unread_mentions, view.read_seq), (1, 1, 3));
    room.clear(BORIS, id, false).await.unwrap();
    assert_eq!(marks(room.told_all(BORIS).await), [(3, 2), (4, 3)]);
    assert_eq!(room.rows(&tables::MENTION).await, 0);
}

#[tokio::test]
async fn a_preview_is_the_last_message_that_was_not_deleted() {
    let (mut room, id) = Room::with_friends().await;
    let first = room.say(ANNA, id, "first").await;
    let second = room.say(ANNA, id, "second").await;
    room.react(BORIS, (id, second), "👍", true).await.unwrap();
    let preview = async |room: &Room| room.view(BORIS, id).await.preview.map(|entry| entry.seq);
    assert_eq!(preview(&room).await, Some(second));
    room.delete(BORIS, id, &[second]).await.unwrap();
    assert_eq!(preview(&room).await, Some(first));
    room.delete(BORIS, id, &[first]).await.unwrap();
    assert_eq!(preview(&room).await, None);
    let third = room.say(BORIS, id, "third").await;
    assert_eq!(preview(&room).await, Some(third));
}

#[tokio::test]
async fn a_preview_is_found_behind_many_changes_and_many_deleted_messages() {
    let (mut room, id) = Room::with_friends().await;
    let first = room.say(ANNA, id, "first").await;
    for n in 0..60 {
        room.react(BORIS, (id, first), "👍", n % 2 == 0).await.unwrap();
    }
    let preview = async |room: &Room| room.view(BORIS, id).await.preview.map(|entry| entry.seq);
    for messages in [1, 120] {
        let mut seqs = Vec::new();
        for _ in 0..messages {
            seqs.push(room.say(ANNA, id, "deleted").await);
        }
        for some in seqs.chunks(100) {
            room.delete(BORIS, id, some).await.unwrap();
        }
        assert_eq!(preview(&room).await, Some(first), "{messages}");
    }
    room.delete(BORIS, id, &[first]).await.unwrap();
    assert_eq!(preview(&room).await, None);
}

#[tokio::test]
async fn a_cleared_history_is_gone_for_one_and_there_for_the_other() {
    let (mut room, id) = Room::with_friends().await;
    let seq = room.say(ANNA, id, "before").await;
    room.pin(ANNA, id, seq, true).await.unwrap();
    assert_eq!(refused(room.clear(CLARA, id, false).await), "CONVERSATION_NOT_FOUND");
    let view = room.clear(BORIS, id, false).await.unwrap();
    assert_eq!((view.first_seq_after, view.read_seq, view.unread, &view.preview), (3, 3, 0, &None));
    assert!(!view.hidden && room.all(BORIS, id).await.is_empty() && room.pins(BORIS, id).await.is_empty());
    assert_eq!(room.all(ANNA, id).await.len(), 3);
    let told = room.told_all(BORIS).await;
    let Some(account_event::What::ConversationChanged(changed)) = told.last() else { panic!("{told:?}") };
    assert_eq!((changed.first_seq_after, changed.read_seq), (3, 3));
    assert_eq!(room.clear(BORIS, id, false).await.unwrap(), view);
    assert_eq!(room.told_all(BORIS).await.len(), told.len(), "a repeat is harmless");

    room.live(BORIS);
    room.edit(ANNA, id, seq, plain("before, edited")).await.unwrap();
    let live = room.live(BORIS);
    assert!(matches!(&live[0].content, Some(entry::Content::Changed(changed)) if changed.target.is_none()));
    room.say(ANNA, id, "after").await;
    let room = room.restarted();
    assert_eq!(texts(&room.all(BORIS, id).await), ["changed 2", "after"]);
    assert_eq!(room.view(BORIS, id).await.unread, 1);
}

#[tokio::test]
async fn a_cleared_conversation_can_leave_the_list_until_something_is_said() {
    let (mut room, id) = Room::with_friends().await;
    let seq = room.say(ANNA, id, "before").await;
    assert!(room.clear(BORIS, id, true).await.unwrap().hidden);
    room.react(ANNA, (id, seq), "👍", true).await.unwrap();
    assert!(room.view(BORIS, id).await.hidden, "a reaction says nothing");
    room.say(ANNA, id, "after").await;
    assert!(!room.view(BORIS, id).await.hidden);
}

#[tokio::test]
async fn what_somebody_deleted_stays_deleted_when_they_leave_and_come_again() {
    let mut room = Room::with_group().await;
    room.act(|groups, tx, now| groups.set_history_visible(tx, groups::GROUP, true, now)).await;
    let seq = room.say(ANNA, groups::GROUP, "one").await;
    room.say(ANNA, groups::GROUP, "two").await;
    room.delete(CLARA, groups::GROUP, &[seq]).await.unwrap();
    room.leave(CLARA).await;
    room.join(CLARA).await;
    assert_eq!(texts(&room.all(CLARA, groups::GROUP).await), ["notice", "deleted", "two", "notice"]);
    assert!(room.chat.visible(CLARA, groups::GROUP, seq).await.is_err());
}
