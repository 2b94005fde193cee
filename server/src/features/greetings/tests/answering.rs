//! Replies, acceptance, dismissal and blocks.

use super::*;

#[tokio::test]
async fn a_reply_opens_a_temporary_chat_that_begins_with_the_greeting() {
    let w = World::new(2).await;
    w.greet(ANNA, BORIS, "hello").await.unwrap();
    w.greet(ANNA, BORIS, "there?").await.unwrap();
    let id = w.greeting(BORIS).await;
    let replied = w.reply(BORIS, id, "who is it?").await.unwrap();
    let chat = replied.chat.unwrap();
    assert_eq!((replied.seq, chat.greeting_id, chat.ended), (3, id, false));
    assert_eq!(chat.card.as_ref().unwrap().name, "person1");
    for who in [ANNA, BORIS] {
        assert_eq!(w.texts(who, chat.conversation_id).await, ["hello", "there?", "who is it?"]);
        for entry in w.entries(who, chat.conversation_id).await {
            assert!(![1, 2].contains(&entry.author_account_id), "nobody is named");
        }
    }
    let opened = |events: Vec<What>| {
        events
            .into_iter()
            .find_map(|what| if let What::TemporaryChat(chat) = what { Some(chat) } else { None })
    };
    let hers = opened(w.events(ANNA).await).unwrap();
    assert_eq!((hers.conversation_id, hers.greeting_id), (chat.conversation_id, 0));
    assert_eq!(hers.card.unwrap().name, "person2");
    assert_eq!(opened(w.events(BORIS).await).unwrap().conversation_id, chat.conversation_id);
    assert_eq!(w.inbox(BORIS).await[0].conversation_id, chat.conversation_id);
    let more = w.reply(BORIS, id, "hm?").await.unwrap();
    assert_eq!((more.chat.unwrap().conversation_id, more.seq), (chat.conversation_id, 4), "spoken on");
}

#[tokio::test]
async fn a_reply_is_said_once() {
    let w = World::new(2).await;
    w.greet(ANNA, BORIS, "hello").await.unwrap();
    let id = w.greeting(BORIS).await;
    let client_message_id = w.client_id();
    let request = ReplyToGreetingRequest { greeting_id: id, client_message_id, text: "hi".into() };
    let first = w.greetings.reply_to_greeting(&w.cx(BORIS), request.clone()).await.unwrap();
    let again = w.greetings.reply_to_greeting(&w.cx(BORIS), request.clone()).await.unwrap();
    assert_eq!(first, again);
    let other = ReplyToGreetingRequest { text: "ho".into(), ..request };
    assert_eq!(reason(w.greetings.reply_to_greeting(&w.cx(BORIS), other).await), "CLIENT_ID_REUSED");
    assert_eq!(w.texts(ANNA, first.chat.unwrap().conversation_id).await, ["hello", "hi"]);
    assert_eq!(reason(w.reply(BORIS, id, " ").await), "TEXT_EMPTY");
}

#[tokio::test]
async fn accepting_makes_friends_and_the_chat_their_direct_one() {
    for replied in [false, true] {
        let w = World::new(2).await;
        w.greet(ANNA, BORIS, "hello").await.unwrap();
        let id = w.greeting(BORIS).await;
        let chat = match replied {
            true => w.reply(BORIS, id, "hi").await.unwrap().chat.unwrap().conversation_id,
            false => 0,
        };
        let friend = w.accept(BORIS, id).await.unwrap();
        assert_eq!((friend.account_id, friend.way()), (ANNA.0, Way::LookAround));
        assert_eq!((w.friends(ANNA).await, w.friends(BORIS).await), (vec![2], vec![1]));
        if replied {
            assert_eq!(friend.conversation_id, chat);
            assert_eq!(w.texts(ANNA, chat).await, ["hello", "hi"]);
        }
        assert!(w.inbox(BORIS).await.is_empty() && w.chats(BORIS).await.is_empty());
        assert_eq!(w.told(BORIS).await.1, [id]);
        assert_eq!(w.accept(BORIS, id).await.unwrap(), friend, "twice is once");
        for refused in [w.ignore(BORIS, id).await, w.reply(BORIS, id, "x").await.map(drop)] {
            assert_eq!(reason(refused), "GREETING_NOT_FOUND");
        }
    }
}

#[tokio::test]
async fn accepting_is_possible_while_the_chat_lives() {
    let mut w = World::new(2).await;
    w.greet(ANNA, BORIS, "hello").await.unwrap();
    let id = w.greeting(BORIS).await;
    w.reply(BORIS, id, "hi").await.unwrap();
    for _ in 0..3 {
        w.pass(DAY * 6);
        w.sweep().await;
        w.reply(BORIS, id, "still here").await.unwrap();
    }
    assert!(w.inbox(BORIS).await.is_empty(), "out of the box");
    assert_eq!(w.chats(BORIS).await[0].greeting_id, id);
    w.accept(BORIS, id).await.unwrap();
    assert_eq!(w.friends(ANNA).await, [2]);
}

#[tokio::test]
async fn a_chat_that_is_over_ends_its_greeting() {
    let mut w = World::new(2).await;
    w.greet(ANNA, BORIS, "hello").await.unwrap();
    let id = w.greeting(BORIS).await;
    w.reply(BORIS, id, "hi").await.unwrap();
    w.pass(DAY * 7);
    w.sweep().await;
    for refused in [w.accept(BORIS, id).await.map(drop), w.reply(BORIS, id, "x").await.map(drop)] {
        assert_eq!(reason(refused), "GREETING_NOT_FOUND");
    }
    w.greet(ANNA, BORIS, "it is me again").await.unwrap();
    let fresh = w.greeting(BORIS).await;
    let chat = w.reply(BORIS, fresh, "you").await.unwrap().chat.unwrap();
    assert_eq!(w.texts(BORIS, chat.conversation_id).await, ["it is me again", "you"]);
}

#[tokio::test]
async fn nobody_else_can_answer() {
    let w = World::new(3).await;
    w.greet(ANNA, BORIS, "hello").await.unwrap();
    let id = w.greeting(BORIS).await;
    for who in [ANNA, CLARA] {
        for number in [id, id + 1, 0] {
            let refused = [
                face(&w.reply(who, number, "x").await.map(drop)),
                face(&w.accept(who, number).await.map(drop)),
                face(&w.ignore(who, number).await),
                face(&w.block(who, Who::GreetingId(number)).await.map(drop)),
            ];
            assert!(refused.iter().all(|answer| *answer == refused[0]), "{refused:?}");
            assert!(refused[0].contains("GREETING_NOT_FOUND"));
        }
    }
    assert_eq!(w.inbox(BORIS).await.len(), 1);
}

#[tokio::test]
async fn a_block_hides_a_greeting_for_as_long() {
    let w = World::new(2).await;
    w.greet(ANNA, BORIS, "hello").await.unwrap();
    let id = w.greeting(BORIS).await;
    let block = w.block(BORIS, Who::GreetingId(id)).await.unwrap();
    assert_eq!((block.card.as_ref().unwrap().display_name.as_str(), block.account_id), ("person1", 0));
    assert!(w.inbox(BORIS).await.is_empty());
    assert_eq!(w.told(BORIS).await.1, [id]);
    assert_eq!(reason(w.accept(BORIS, id).await), "GREETING_NOT_FOUND");
    assert_eq!(w.block(BORIS, Who::GreetingId(id)).await.unwrap(), block, "twice is once");
    w.unblock(BORIS, block.block_id).await;
    assert_eq!(w.greeting(BORIS).await, id);
}

#[tokio::test]
async fn whoever_blocks_since_is_gone_when_they_are_answered() {
    for reply_first in [true, false] {
        let w = World::new(2).await;
        w.greet(ANNA, BORIS, "hello").await.unwrap();
        let id = w.greeting(BORIS).await;
        let handle = w.handle(ANNA, BORIS, Way::Shake).await;
        w.block(ANNA, Who::Handle(handle)).await.unwrap();
        let heard = w.events(ANNA).await.len();
        assert_eq!(w.greeting(BORIS).await, id, "its absence would tell");
        let answers = match reply_first {
            true => {
                [face(&w.reply(BORIS, id, "hi").await.map(drop)), face(&w.accept(BORIS, id).await.map(drop))]
            }
            false => {
                [face(&w.accept(BORIS, id).await.map(drop)), face(&w.reply(BORIS, id, "hi").await.map(drop))]
            }
        };
        assert_eq!(answers[0], answers[1]);
        assert!(answers[0].contains("GREETING_NOT_FOUND"));
        assert_eq!((w.told(BORIS).await.1, w.events(ANNA).await.len()), (vec![id], heard));
        assert!(w.chats(ANNA).await.is_empty() && w.friends(BORIS).await.is_empty());
    }
}

#[tokio::test]
async fn what_was_shown_can_be_witnessed_by_whom_it_was_shown_to() {
    let w = World::with(3, GreetingsConfig { shown_per_day: 1, ..Default::default() }).await;
    w.greet(ANNA, BORIS, "one").await.unwrap();
    w.greet(ANNA, BORIS, "two").await.unwrap();
    w.greet(CLARA, BORIS, "waits").await.unwrap();
    let id = crate::id::GreetingId(w.greeting(BORIS).await);
    let witness = async |who| w.foundation.store.transact(move |tx| witnessed_greeting(tx, who, id)).await;
    let seen = witness(BORIS).await.unwrap();
    assert_eq!((seen.sender.person, seen.texts[1].clone()), (ANNA, ("two".to_owned(), START)));
    assert_eq!(reason(witness(ANNA).await), "GREETING_NOT_FOUND");
    w.ignore(BORIS, id.0).await.unwrap();
    assert_eq!(witness(BORIS).await.unwrap().texts.len(), 2);
    let waiting = w.foundation.store.rows();
    assert_eq!(waiting.keys().filter(|key| key.starts_with(b"greetings.waiting")).count(), 1);
}
