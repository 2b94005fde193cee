//! Strangers who have a group in common: they greet, answer or not, talk, and part or become friends.

use teahouse_proto::accounts::{UpdateNotificationsRequest, UpdateProfileRequest};
use teahouse_proto::greetings::block_stranger_request::Who;
use teahouse_proto::greetings::{
    AcceptGreetingRequest, BlockStrangerRequest, IgnoreGreetingRequest, LeaveTemporaryChatRequest,
};
use teahouse_proto::sync::account_event::What;
use teahouse_proto::sync::follow_response::Event;
use teahouse_proto::sync::{AccountEvent, FollowResponse};
use teahouse_tests::follow::Follow;
use teahouse_tests::person::Person;
use teahouse_tests::verbs::{reason, text};
use teahouse_tests::world::{World, over_all_transports};

/// Anna's group, in which Boris and Clara are strangers to each other.
async fn strangers(world: &World) -> ([Person; 3], u64) {
    let people = [world.person("anna").await, world.person("boris").await, world.person("clara").await];
    for other in &people[1..] {
        people[0].befriend(other).await;
    }
    let (group, _) = people[0].gather("tea", &[&people[1], &people[2]]).await;
    (people, group)
}

/// The next event of the account's log, and whether it rings.
async fn told(follow: &mut Follow) -> (What, bool) {
    loop {
        let event = follow.step().await.expect("the stream goes on");
        if let FollowResponse {
            event: Some(Event::Account(AccountEvent { what: Some(what), .. })),
            silent,
            ..
        } = event
        {
            return (what, !silent);
        }
    }
}

#[tokio::test]
async fn strangers_greet_talk_and_become_friends() {
    over_all_transports(async |world| {
        let ([_anna, boris, clara], group) = strangers(world).await;
        let owl = UpdateProfileRequest { stranger_name: Some("Owl".into()), ..Default::default() };
        boris.accounts().update_profile(owl).await.expect("changed");
        let mut at_clara = clara.follow().await;
        let tablet = clara.sign_in("tablet").await;
        let mut at_tablet = tablet.follow().await;
        boris.greet(group, &clara, "do you drink oolong?").await;
        for follow in [&mut at_clara, &mut at_tablet] {
            let (greeting, rings) = loop {
                if let (What::Greeting(greeting), rings) = told(follow).await {
                    break (greeting, rings);
                }
            };
            assert_eq!((greeting.texts.as_slice(), rings), (&["do you drink oolong?".to_owned()][..], true));
            assert_eq!(greeting.card.expect("a card").name, "Owl");
        }
        let greeting = clara.greeted().await.remove(0);
        let chat = clara.reply_to_greeting(greeting.greeting_id, "every day").await;
        boris.try_send(chat.conversation_id, text("where?")).await.expect("said");
        let lines: Vec<String> = clara.history(chat.conversation_id).await;
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[0].ends_with("do you drink oolong?") && lines[2].ends_with("where?"), "{lines:?}");
        assert_eq!(boris.temporary_chats().await.len(), 1);
        let accept = AcceptGreetingRequest { greeting_id: greeting.greeting_id };
        let friend = tablet.greetings().accept_greeting(accept).await.expect("friends").friend;
        assert_eq!(friend.expect("a friend").conversation_id, chat.conversation_id, "it goes on");
        assert_eq!(clara.friend(&boris).await.conversation_id, chat.conversation_id);
        boris.say(chat.conversation_id, "at my place").await;
        assert!(clara.temporary_chats().await.is_empty() && clara.greeted().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn who_greets_reads_sent_whatever_comes_of_it() {
    over_all_transports(async |world| {
        let ([_anna, boris, clara], group) = strangers(world).await;
        let handle = boris.meet(group, &clara).await.handle;
        boris.try_greet(handle.clone(), "hello").await.expect("sent");
        let greeting_id = clara.greeted().await[0].greeting_id;
        clara.greetings().ignore_greeting(IgnoreGreetingRequest { greeting_id }).await.expect("ignored");
        boris.try_greet(handle.clone(), "hello?").await.expect("sent");
        assert!(clara.greeted().await.is_empty());
        let back = clara.meet(group, &boris).await.handle;
        let block = BlockStrangerRequest { who: Some(Who::Handle(back.clone())) };
        clara.greetings().block_stranger(block).await.expect("blocked");
        boris.try_greet(handle.clone(), "hello!").await.expect("sent");
        assert_eq!(reason(boris.try_greet(handle, "hello!!").await), "TOO_MANY_GREETINGS");
        assert_eq!(reason(clara.try_greet(back, "leave me alone").await), "YOU_BLOCK_THEM");
        assert!(clara.greeted().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_chat_ends_for_both_when_one_leaves() {
    over_all_transports(async |world| {
        let ([_anna, boris, clara], group) = strangers(world).await;
        let quiet = UpdateNotificationsRequest { greetings: Some(false), ..Default::default() };
        clara.accounts().update_notifications(quiet).await.expect("changed");
        let mut at_clara = clara.follow().await;
        boris.greet(group, &clara, "hello").await;
        let rings = loop {
            if let (What::Greeting(_), rings) = told(&mut at_clara).await {
                break rings;
            }
        };
        assert!(!rings, "she does not want to hear of greetings");
        let greeting_id = clara.greeted().await[0].greeting_id;
        let chat = clara.reply_to_greeting(greeting_id, "go away").await;
        let leave = LeaveTemporaryChatRequest { conversation_id: chat.conversation_id };
        clara.greetings().leave_temporary_chat(leave).await.expect("left");
        assert!(clara.temporary_chats().await.is_empty());
        assert!(boris.temporary_chats().await[0].ended);
        assert_eq!(reason(boris.try_send(chat.conversation_id, text("but")).await), "CHAT_ENDED");
        assert_eq!(boris.history(chat.conversation_id).await.len(), 3, "both texts and the end");
        let accept = AcceptGreetingRequest { greeting_id };
        assert_eq!(reason(clara.greetings().accept_greeting(accept).await), "GREETING_NOT_FOUND");
    })
    .await;
}
