//! Messages, history, read marks and the list of conversations.

use std::time::Duration;
use teahouse_proto::chat::{ListConversationsRequest, ListEntriesRequest, MarkReadRequest, Mention, Text};
use teahouse_proto::common::PageRequest;
use teahouse_tests::verbs::{message, reason, text, text_of};
use teahouse_tests::world::over_all_transports;

#[tokio::test]
async fn two_friends_talk() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let chat = anna.befriend(&boris).await;
        assert_eq!(anna.say(chat, "hello 你好").await, 2);
        assert_eq!(boris.try_say_to(&anna, "hi").await.expect("sent").seq, 3);
        assert_eq!(anna.say(chat, "tea?").await, 4);
        let expected = ["1 — friends", "2 anna: hello 你好", "3 boris: hi", "4 anna: tea?"];
        assert_eq!(anna.history(chat).await, expected);
        assert_eq!(boris.history(chat).await, expected);
    })
    .await;
}

#[tokio::test]
async fn history_is_read_from_any_place() {
    over_all_transports(async |world| {
        let anna = world.person("anna").await;
        let notes = anna.self_conversation;
        for n in 1..=7 {
            assert_eq!(anna.say(notes, &format!("note {n}")).await, n);
        }
        for (after, before, limit, latest, expected) in [
            (0, 0, 3, false, 1..=3),
            (3, 0, 3, false, 4..=6),
            (6, 0, 3, false, 7..=7),
            (0, 0, 3, true, 5..=7),
            (0, 5, 3, false, 2..=4),
            (0, 2, 3, false, 1..=1),
            (0, 0, 0, false, 1..=7),
            (0, 0, 5000, false, 1..=7),
        ] {
            let request = ListEntriesRequest {
                conversation_id: notes,
                after_seq: after,
                before_seq: before,
                limit,
                latest,
            };
            let answer = anna.chat().list_entries(request).await.expect("entries");
            let seqs: Vec<u64> = answer.entries.iter().map(|e| e.seq).collect();
            assert_eq!((seqs, answer.head_seq), (expected.collect(), 7), "{request:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_repeated_message_is_one_message() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let chat = anna.befriend(&boris).await;
        let request = message(chat, [7; 16], text("once"));
        let first = anna.chat().send_message(request.clone()).await.expect("sent");
        boris.say(chat, "between").await;
        let phone = anna.sign_in("phone").await;
        for device in [&anna.device, &phone] {
            assert_eq!(device.chat().send_message(request.clone()).await.expect("the same answer"), first);
        }
        let other = message(chat, [7; 16], text("twice"));
        assert_eq!(reason(anna.chat().send_message(other).await), "CLIENT_ID_REUSED");
        boris
            .chat()
            .send_message(message(chat, [7; 16], text("mine")))
            .await
            .expect("ids are each one's own");
        let expected = ["1 — friends", "2 anna: once", "3 boris: between", "4 boris: mine"];
        assert_eq!(boris.history(chat).await, expected);
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_is_set_ahead_makes_no_second_message_of_a_repeat() {
    over_all_transports(async |world| {
        let anna = world.person("anna").await;
        let request = message(anna.self_conversation, [7; 16], text("once"));
        let first = anna.chat().send_message(request.clone()).await.expect("sent");
        world.advance(Duration::from_secs(5 * 86_400));
        assert_eq!(anna.chat().send_message(request).await.expect("the same answer"), first);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_said() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let chat = anna.befriend(&boris).await;
        let mention = |account_id, offset, length| Text {
            text: "hi @boris".to_owned(),
            mentions: vec![Mention { account_id, offset, length, all: false }],
            quote_seq: 0,
        };
        let quote = |quote_seq| Text { quote_seq, ..text("that one") };
        for (said, expected) in [
            (text(""), "TEXT_EMPTY"),
            (text(" \n\t "), "TEXT_EMPTY"),
            (text(&"x".repeat(4001)), "TEXT_TOO_LONG"),
            (text(&"茶".repeat(3999)), ""),
            (text(&"👩‍👩‍👧‍👦".repeat(700)), "TEXT_TOO_LONG"),
            (text("bell\u{7}"), "TEXT_INVALID"),
            (mention(boris.account_id, 3, 6), ""),
            (mention(world.person("clara").await.account_id, 3, 6), "MENTION_INVALID"),
            (mention(boris.account_id, 3, 7), "MENTION_INVALID"),
            (mention(boris.account_id, 9, 1), "MENTION_INVALID"),
            (mention(boris.account_id, 3, 0), "MENTION_INVALID"),
            (quote(1), "QUOTE_NOT_FOUND"),
            (quote(2), ""),
            (quote(99), "QUOTE_NOT_FOUND"),
        ] {
            let shown = said.text.chars().take(20).collect::<String>();
            match anna.try_send(chat, said).await {
                Ok(_) => assert_eq!(expected, "", "{shown}"),
                Err(error) => assert_eq!(error.reason(), expected, "{shown}"),
            }
        }
        for id in [vec![], vec![1; 15], vec![0; 16], vec![1; 17]] {
            let request = teahouse_proto::chat::SendMessageRequest {
                client_message_id: id.into(),
                ..message(chat, [1; 16], text("hello"))
            };
            assert_eq!(reason(anna.chat().send_message(request).await), "CLIENT_ID_INVALID");
        }
        assert_eq!(boris.conversation(chat).await.head_seq, 4, "refused is not stored");
    })
    .await;
}

#[tokio::test]
async fn mentions_and_unread_are_counted_exactly() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let chat = anna.befriend(&boris).await;
        assert_eq!(boris.unread(chat).await, 0, "a notice is no message");
        for n in 0..3 {
            anna.say(chat, &format!("message {n}")).await;
        }
        let mentions = vec![Mention { account_id: boris.account_id, offset: 0, length: 6, all: false }];
        anna.try_send(chat, Text { text: "@boris look".to_owned(), mentions, quote_seq: 2 })
            .await
            .expect("sent");
        let seen = boris.conversation(chat).await;
        assert_eq!((seen.unread, seen.unread_mentions, seen.head_seq), (4, 1, 5));
        assert_eq!(text_of(&seen.preview.expect("a preview")), "@boris look");
        assert_eq!(boris.read(chat, 3).await.unread, 2);
        assert_eq!(boris.read(chat, 2).await.read_seq, 3, "never backwards");
        let seen = boris.conversation(chat).await;
        assert_eq!((seen.unread, seen.unread_mentions), (2, 1));
        assert_eq!(boris.read(chat, 5).await.unread, 0);
        assert_eq!(boris.conversation(chat).await.unread_mentions, 0);
        let beyond = MarkReadRequest { conversation_id: chat, seq: 6 };
        assert_eq!(reason(boris.chat().mark_read(beyond).await), "SEQ_INVALID");
        assert_eq!(anna.unread(chat).await, 0, "what I wrote I have read");
        boris.say(chat, "seen").await;
        assert_eq!((anna.unread(chat).await, boris.unread(chat).await), (1, 0));
    })
    .await;
}

#[tokio::test]
async fn conversations_are_listed_the_latest_moved_first() {
    over_all_transports(async |world| {
        let anna = world.person("anna").await;
        let mut chats = Vec::new();
        for name in ["boris", "clara", "daniel", "emil"] {
            chats.push(anna.befriend(&world.person(name).await).await);
        }
        anna.say(chats[1], "to clara").await;
        anna.say(chats[0], "to boris").await;
        let mut expected = vec![chats[0], chats[1], chats[3], chats[2]];
        let listed: Vec<u64> = anna.conversations().await.iter().map(|c| c.conversation_id).collect();
        let with_notes: Vec<u64> =
            listed.iter().copied().filter(|id| *id != anna.self_conversation).collect();
        assert_eq!(with_notes, expected);

        expected = listed;
        let mut page = PageRequest { limit: 2, cursor: bytes::Bytes::new() };
        let mut paged = Vec::new();
        loop {
            let request = ListConversationsRequest { page: Some(page), include_hidden: false };
            let answer = anna.chat().list_conversations(request).await.expect("a page");
            assert!(answer.conversations.len() <= 2);
            paged.extend(answer.conversations.iter().map(|c| c.conversation_id));
            if answer.next.is_empty() {
                break;
            }
            page = PageRequest { limit: 2, cursor: answer.next };
        }
        assert_eq!(paged, expected);
        let garbage = PageRequest { limit: 2, cursor: vec![0xff; 3].into() };
        let request = ListConversationsRequest { page: Some(garbage), include_hidden: false };
        assert_eq!(reason(anna.chat().list_conversations(request).await), "CURSOR_INVALID");
    })
    .await;
}

#[tokio::test]
async fn notes_to_self_are_for_nobody_else() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        assert_eq!(anna.say(anna.self_conversation, "buy tea").await, 1);
        assert_eq!(anna.unread(anna.self_conversation).await, 0);
        assert_eq!(reason(boris.try_entries(anna.self_conversation).await), "CONVERSATION_NOT_FOUND");
        let into = boris.try_send(anna.self_conversation, text("hello")).await;
        assert_eq!(reason(into), "CONVERSATION_NOT_FOUND");
        assert_eq!(anna.history(anna.self_conversation).await, ["1 anna: buy tea"]);
    })
    .await;
}
