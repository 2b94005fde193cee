//! What is a member's own of a conversation.

use super::*;
use crate::delivery::log;
use teahouse_proto::sync::ConversationChanged;

impl Room {
    async fn set(&self, who: AccountId, request: UpdateConversationRequest) -> Result<Conversation> {
        let answer = self.chat.update_conversation(&self.cx(who), request).await?;
        Ok(answer.conversation.unwrap())
    }

    async fn draft(&self, who: AccountId, id: ConversationId, text: &str) -> Result<Option<Draft>> {
        let request = SetDraftRequest { conversation_id: id.0, text: text.into(), quote_seq: 0 };
        Ok(self.chat.set_draft(&self.cx(who), request).await?.draft)
    }

    /// What the account's devices were told of its own part of conversations.
    async fn told(&self, who: AccountId) -> Vec<ConversationChanged> {
        let events = log::after(&self.foundation.store, who, 0, 1000).await.unwrap();
        let changed = events.into_iter().filter_map(|event| match event.what {
            Some(What::ConversationChanged(changed)) => Some(changed),
            _ => None,
        });
        changed.collect()
    }

    /// The ids on the list, read in pages of two.
    async fn listed(&self, who: AccountId, include_hidden: bool) -> Vec<ConversationId> {
        let (mut ids, mut cursor) = (Vec::new(), bytes::Bytes::new());
        loop {
            let page = Some(teahouse_proto::common::PageRequest { limit: 2, cursor });
            let request = ListConversationsRequest { page, include_hidden };
            let answer = self.chat.list_conversations(&self.cx(who), request).await.unwrap();
            ids.extend(answer.conversations.iter().map(|c| ConversationId(c.conversation_id)));
            cursor = answer.next;
            if cursor.is_empty() {
                return ids;
            }
        }
    }
}

fn options(id: ConversationId) -> UpdateConversationRequest {
    UpdateConversationRequest { conversation_id: id.0, ..Default::default() }
}

#[tokio::test]
async fn options_are_kept_told_to_own_devices_and_seen_by_nobody_else() {
    let (room, id) = Room::with_friends().await;
    let request = UpdateConversationRequest { muted: Some(true), pinned: Some(true), ..options(id) };
    let set = room.set(ANNA, request).await.unwrap();
    assert!(set.muted && set.pinned && !set.hidden && !set.marked_unread);
    assert_eq!(room.set(ANNA, request).await.unwrap(), set);
    let told = room.told(ANNA).await;
    assert_eq!(told.len(), 1, "without a difference nothing is told");
    assert!(told[0].muted && told[0].pinned && told[0].conversation_id == id.0);
    assert!(room.told(BORIS).await.is_empty());
    let his = room.view(BORIS, id).await;
    assert!(!his.muted && !his.pinned);
    let room = room.restarted();
    assert!(room.view(ANNA, id).await.muted);
    let off = room.set(ANNA, UpdateConversationRequest { muted: Some(false), ..options(id) }).await.unwrap();
    assert!(!off.muted && off.pinned, "what is absent stays");
}

#[tokio::test]
async fn others_conversations_have_no_options() {
    let (room, id) = Room::with_friends().await;
    for conversation in [id, ConversationId(999)] {
        let set = room.set(CLARA, UpdateConversationRequest { muted: Some(true), ..options(conversation) });
        assert_eq!(refused(set.await), "CONVERSATION_NOT_FOUND");
        assert_eq!(refused(room.draft(CLARA, conversation, "x").await), "CONVERSATION_NOT_FOUND");
    }
    assert!(room.told(CLARA).await.is_empty());
}

#[tokio::test]
async fn what_is_hidden_is_off_the_list_until_something_is_said() {
    let (mut room, id) = Room::with_friends().await;
    room.say(BORIS, id, "before").await;
    let hide = UpdateConversationRequest { hidden: Some(true), ..options(id) };
    assert!(room.set(ANNA, hide).await.unwrap().hidden);
    assert!(room.listed(ANNA, false).await.is_empty());
    assert_eq!(room.listed(ANNA, true).await, [id]);
    assert!(room.view(ANNA, id).await.hidden, "it is there by its number");
    assert_eq!(room.listed(BORIS, false).await, [id]);
    room.befriend(ANNA, BORIS).await;
    assert!(room.view(ANNA, id).await.hidden, "a notice is nothing that was said");
    room.say(BORIS, id, "anew").await;
    assert_eq!(room.listed(ANNA, false).await, [id]);
    room.set(ANNA, hide).await.unwrap();
    room.say(ANNA, id, "mine").await;
    assert!(!room.restarted().view(ANNA, id).await.hidden, "one's own word shows it, too");
}

#[tokio::test]
async fn reading_and_writing_take_the_mark_unread_away() {
    let (mut room, id) = Room::with_friends().await;
    let seq = room.say(BORIS, id, "hello").await;
    room.read(ANNA, id, seq).await.unwrap();
    let mark = UpdateConversationRequest { marked_unread: Some(true), ..options(id) };
    assert!(room.set(ANNA, mark).await.unwrap().marked_unread);
    assert_eq!(room.view(ANNA, id).await.unread, 0, "the mark is no message");
    room.read(ANNA, id, seq).await.unwrap();
    assert!(!room.view(ANNA, id).await.marked_unread);
    let marked: Vec<bool> = room.told(ANNA).await.iter().map(|told| told.marked_unread).collect();
    assert_eq!(marked, [true, false], "other devices hear of both");
    room.set(ANNA, mark).await.unwrap();
    room.say(BORIS, id, "more").await;
    assert!(room.view(ANNA, id).await.marked_unread, "others' words leave it");
    room.say(ANNA, id, "answer").await;
    assert!(!room.restarted().view(ANNA, id).await.marked_unread);
}

#[tokio::test]
async fn pinned_ones_come_first_on_every_page() {
    let (mut room, first) = Room::with_friends().await;
    let mut ids = vec![first];
    for peer in 10..16 {
        ids.push(room.befriend(ANNA, AccountId(peer)).await);
    }
    for pinned in [ids[4], ids[1]] {
        room.set(ANNA, UpdateConversationRequest { pinned: Some(true), ..options(pinned) }).await.unwrap();
    }
    room.say(ANNA, ids[1], "up").await;
    room.say(ANNA, ids[2], "up").await;
    let expected = [1, 4, 2, 6, 5, 3, 0].map(|i| ids[i]);
    assert_eq!(room.listed(ANNA, false).await, expected);
}

#[tokio::test]
async fn drafts_are_kept_told_and_go_with_the_conversation() {
    let (mut room, id) = Room::with_friends().await;
    assert_eq!(refused(room.draft(ANNA, id, &"你".repeat(4001)).await), "TEXT_TOO_LONG");
    assert_eq!(refused(room.draft(ANNA, id, "a\u{0}").await), "TEXT_INVALID");
    let draft = room.draft(ANNA, id, " half a sen").await.unwrap();
    assert_eq!(draft.as_ref().unwrap().text, " half a sen");
    assert_eq!(room.draft(ANNA, id, " half a sen").await.unwrap(), draft);
    assert_eq!(room.view(ANNA, id).await.draft, draft);
    assert_eq!(room.view(BORIS, id).await.draft, None);
    room.say(ANNA, id, "something else").await;
    assert_eq!(room.view(ANNA, id).await.draft, draft, "sending does not touch it");
    assert_eq!(room.draft(ANNA, id, "").await.unwrap(), None);
    assert_eq!(room.draft(ANNA, id, "").await.unwrap(), None);
    let told: Vec<_> = room.told(ANNA).await.into_iter().map(|told| told.draft).collect();
    assert_eq!(told, [draft, None]);

    room.draft(ANNA, id, "gone").await.unwrap();
    let hooks = Hooks::new(room.foundation.ids.clone());
    let now = room.foundation.clock.now();
    let delete = room.foundation.store.transact(move |tx| {
        set_friend(tx, ANNA, BORIS, None)?;
        hooks.on_deleted(tx, ANNA, BORIS, now)
    });
    delete.await.unwrap();
    room.befriend(ANNA, BORIS).await;
    assert_eq!(room.view(ANNA, id).await.draft, None);
}
