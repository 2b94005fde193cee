//! Temporary chats in their list, leaving them, and fellow members of groups.

use super::*;
use teahouse_proto::GroupsApi;
use teahouse_proto::groups::{CreateGroupRequest, GroupSettings, UpdateGroupRequest};

impl World {
    /// `me` greets, the other replies; gives the chat.
    async fn talk(&self, me: AccountId, other: AccountId) -> u64 {
        self.greet(me, other, "hello").await.unwrap();
        let greetings = self.inbox(other).await;
        let theirs = greetings.iter().find(|g| g.card.as_ref().unwrap().name == format!("person{me}"));
        let replied = self.reply(other, theirs.unwrap().greeting_id, "hi").await.unwrap();
        replied.chat.unwrap().conversation_id
    }
}

#[tokio::test]
async fn chats_are_listed_with_cards_the_latest_first() {
    let w = World::new(6).await;
    let mut made = Vec::new();
    for other in 2..=6 {
        made.push(w.talk(ANNA, AccountId(other)).await);
    }
    let (mut cursor, mut listed) = (bytes::Bytes::new(), Vec::new());
    loop {
        let request = ListTemporaryChatsRequest { page: Some(PageRequest { limit: 2, cursor }) };
        let answer = w.greetings.list_temporary_chats(&w.cx(ANNA), request).await.unwrap();
        listed.extend(answer.chats);
        cursor = answer.next;
        if cursor.is_empty() {
            break;
        }
    }
    made.reverse();
    assert_eq!(listed.iter().map(|chat| chat.conversation_id).collect::<Vec<_>>(), made);
    let card = listed[0].card.as_ref().unwrap();
    assert_eq!((card.name.as_str(), card.way(), card.band()), ("person6", Way::LookAround, Band::Within1Km));
    assert_eq!(listed[0].ends_at_ms, (w.now + DAY * 7).as_ms());
    let handle = card.handle.clone();
    assert_eq!(w.greetings.room.strangers.read(ANNA, &handle, w.now).unwrap().person, AccountId(6));
    let theirs = w.chats(AccountId(6)).await;
    assert_eq!(theirs[0].card.as_ref().unwrap().name, "person1");
}

#[tokio::test]
async fn leaving_ends_it_for_both_with_its_greeting() {
    for greeter_leaves in [true, false] {
        let w = World::new(3).await;
        let chat = w.talk(ANNA, BORIS).await;
        let id = w.greeting(BORIS).await;
        assert_eq!(reason(w.leave(CLARA, chat).await), "CONVERSATION_NOT_FOUND");
        let (who, other) = if greeter_leaves { (ANNA, BORIS) } else { (BORIS, ANNA) };
        w.leave(who, chat).await.unwrap();
        assert!(w.chats(who).await.is_empty());
        let left = w.chats(other).await.remove(0);
        assert_eq!((left.conversation_id, left.ended, left.greeting_id), (chat, true, 0));
        assert_eq!(w.texts(other, chat).await, ["hello", "hi"]);
        assert_eq!(w.told(BORIS).await.1, [id]);
        for refused in [w.accept(BORIS, id).await.map(drop), w.reply(BORIS, id, "x").await.map(drop)] {
            assert_eq!(reason(refused), "GREETING_NOT_FOUND");
        }
        assert_eq!(reason(w.leave(who, chat).await), "CONVERSATION_NOT_FOUND");
        w.leave(other, chat).await.unwrap();
        assert!(w.chats(other).await.is_empty());
    }
}

#[tokio::test]
async fn a_block_ends_a_chat_as_leaving_does() {
    let w = World::new(2).await;
    let chat = w.talk(ANNA, BORIS).await;
    w.block(ANNA, Who::ConversationId(chat)).await.unwrap();
    assert!(w.chats(ANNA).await.is_empty());
    assert!(w.chats(BORIS).await[0].ended);
    assert_eq!(reason(w.block(ANNA, Who::ConversationId(chat)).await), "CONVERSATION_NOT_FOUND");
    assert_eq!(reason(w.block(BORIS, Who::ConversationId(7)).await), "CONVERSATION_NOT_FOUND");
    w.block(BORIS, Who::ConversationId(chat)).await.unwrap();
}

#[tokio::test]
async fn a_fellow_member_is_met_where_they_and_the_group_allow_it() {
    let w = World::new(5).await;
    for other in [BORIS, CLARA] {
        let befriend = move |tx: &mut Tx<'_>| {
            for (me, other) in [(ANNA, other), (other, ANNA)] {
                set_friend(tx, me, other, Some(crate::id::ConversationId(100 + me.0 + other.0)))?;
            }
            Ok(())
        };
        w.foundation.store.transact(befriend).await.unwrap();
    }
    let with = vec![BORIS.0, CLARA.0];
    let request =
        CreateGroupRequest { client_group_id: w.client_id(), name: "Tea".into(), account_ids: with };
    let group = w.groups.create_group(&w.cx(ANNA), request).await.unwrap().group.unwrap().conversation_id;
    w.change(CLARA, |profile, _| profile.stranger_name = "Cat".into()).await;
    let meet = async |who: AccountId, conversation_id, account_id| {
        let request = MeetMemberRequest { conversation_id, account_id };
        w.greetings.meet_member(&w.cx(who), request).await.map(|met| met.card.unwrap())
    };
    let card = meet(BORIS, group, CLARA.0).await.unwrap();
    assert_eq!((card.name.as_str(), card.way(), card.band()), ("Cat", Way::Group, Band::Unspecified));
    w.greet_by(&w.cx(BORIS), card.handle, "hi from the group").await.unwrap();
    assert_eq!(w.inbox(CLARA).await[0].card.as_ref().unwrap().way(), Way::Group);
    for (who, id, account) in
        [(AccountId(4), group, CLARA.0), (AccountId(4), 77, CLARA.0), (BORIS, 77, CLARA.0)]
    {
        assert_eq!(reason(meet(who, id, account).await), "CONVERSATION_NOT_FOUND");
    }
    for account in [BORIS.0, 4, 99] {
        assert_eq!(reason(meet(BORIS, group, account).await), "STRANGER_NOT_FOUND");
    }
    w.change(CLARA, |_, settings| settings.add_ways.as_mut().unwrap().by_group = false).await;
    assert_eq!(reason(meet(BORIS, group, CLARA.0).await), "STRANGER_NOT_FOUND");
    w.change(CLARA, |_, settings| settings.add_ways.as_mut().unwrap().by_group = true).await;
    let private = GroupSettings { members_private: true, ..Default::default() };
    let request =
        UpdateGroupRequest { conversation_id: group, settings: Some(private), ..Default::default() };
    w.groups.update_group(&w.cx(ANNA), request).await.unwrap();
    assert_eq!(reason(meet(BORIS, group, CLARA.0).await), "STRANGER_NOT_FOUND");
}
