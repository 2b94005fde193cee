//! Staying current: live events, catching up, several devices, cursors.

use bytes::Bytes;
use std::time::Duration;
use teahouse_client::Kind;
use teahouse_proto::sync::account_event::What;
use teahouse_proto::sync::follow_response::Event;
use teahouse_tests::follow::moved;
use teahouse_tests::mirror::Mirror;
use teahouse_tests::verbs::{message, text};
use teahouse_tests::world::{Setup, over_all_transports, over_all_transports_with};

#[tokio::test]
async fn messages_arrive_live_on_all_devices() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let chat = anna.befriend(&boris).await;
        let phone = anna.sign_in("phone").await;
        let (mut at_boris, mut at_phone) = (boris.follow().await, phone.follow().await);
        for n in 2..5 {
            anna.chat().send_message(message(chat, [n; 16], text("tick"))).await.expect("sent");
            assert_eq!(at_boris.entry().await.seq, u64::from(n));
            let event = at_phone.step().await.expect("an event");
            assert_eq!(
                event.client_message_id,
                Bytes::from(vec![n; 16]),
                "my other device knows which it is"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn who_was_away_learns_what_moved_and_pulls_the_rest() {
    over_all_transports(async |world| {
        let [anna, boris, clara] =
            [world.person("anna").await, world.person("boris").await, world.person("clara").await];
        let with_boris = anna.befriend(&boris).await;
        let with_clara = anna.befriend(&clara).await;
        let mut follow = anna.follow().await;
        boris.say(with_boris, "one").await;
        follow.entry().await;
        let cursor = follow.cursor();
        drop(follow);
        anna.disconnect().await;
        boris.say(with_boris, "two").await;
        boris.say(with_boris, "three").await;
        clara.ask(&world.person("daniel").await, "not anna's business").await;

        let mut again = anna.follow_from(cursor.clone()).await;
        let events = again.caught_up().await;
        let moved = moved(&events);
        let told: Vec<_> = moved.iter().map(|c| (c.conversation_id, c.head_seq, c.unread)).collect();
        assert_eq!(told, [(with_boris, 4, 3)], "and nothing of {with_clara}");
        assert_ne!(again.cursor(), cursor);
        let nothing = anna.follow_from(again.cursor()).await.caught_up().await;
        assert!(nothing.is_empty(), "{nothing:?}");
    })
    .await;
}

#[tokio::test]
async fn a_new_device_is_told_of_everything() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let chat = anna.befriend(&boris).await;
        boris.say(chat, "hello").await;
        let mut follow = anna.sign_in("phone").await.follow_from(Bytes::new()).await;
        let told = moved(&follow.caught_up().await);
        let chat_told = told.iter().find(|c| c.conversation_id == chat).expect("the conversation");
        assert_eq!(
            (chat_told.head_seq, chat_told.unread, chat_told.peer_account_id),
            (2, 1, boris.account_id)
        );
    })
    .await;
}

#[tokio::test]
async fn reading_on_one_device_is_known_on_the_other() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let chat = anna.befriend(&boris).await;
        let phone = anna.sign_in("phone").await;
        let mut at_phone = phone.follow().await;
        for n in 2..5 {
            assert_eq!(boris.say(chat, "tick").await, n);
            at_phone.entry().await;
        }
        anna.read(chat, 3).await;
        let What::ReadMark(mark) = at_phone.account().await else { panic!("no read mark") };
        assert_eq!((mark.conversation_id, mark.read_seq, mark.read_ordinal), (chat, 3, 2));
        let cursor = at_phone.cursor();
        drop(at_phone);
        anna.read(chat, 4).await;
        let events = phone.follow_from(cursor).await.caught_up().await;
        let read = events.iter().find_map(|e| match e {
            Event::Account(event) => match &event.what {
                Some(What::ReadMark(mark)) => Some(mark.read_seq),
                _ => None,
            },
            _ => None,
        });
        assert_eq!(read, Some(4), "{events:?}");
    })
    .await;
}

#[tokio::test]
async fn a_second_stream_of_a_device_ends_the_first_and_no_other() {
    over_all_transports(async |world| {
        let anna = world.person("anna").await;
        let phone = anna.sign_in("phone").await;
        let mut first = anna.follow().await;
        let mut other = phone.follow().await;
        let mut second = anna.follow().await;
        let end = first.end().await;
        assert_eq!((end.kind(), end.reason()), (Kind::Conflict, "REPLACED"));
        anna.say(anna.self_conversation, "still here").await;
        assert_eq!(second.entry().await.seq, 1);
        assert_eq!(other.entry().await.seq, 1);
    })
    .await;
}

#[tokio::test]
async fn garbage_is_no_cursor() {
    over_all_transports(async |world| {
        let anna = world.person("anna").await;
        let cursor = anna.follow().await.cursor();
        let mut long = cursor.to_vec();
        long.push(0);
        for garbage in [vec![1], vec![0xff; 24 + 1], long, cursor[..cursor.len() - 1].to_vec()] {
            let end = anna.follow_from(garbage.clone().into()).await.end().await;
            assert_eq!((end.kind(), end.reason()), (Kind::Invalid, "CURSOR_INVALID"), "{garbage:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    over_all_transports_with(Setup::on_disk, async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let chat = anna.befriend(&boris).await;
        anna.say(chat, "before").await;
        let cursor = boris.follow().await.cursor();
        world.restart().await;
        assert_eq!(anna.history(chat).await, ["1 — friends", "2 anna: before"]);
        assert_eq!(boris.unread(chat).await, 1);
        let mut follow = boris.follow_from(cursor).await;
        let told = follow.caught_up().await;
        assert!(told.is_empty(), "{told:?}");
        anna.say(chat, "after").await;
        assert_eq!(follow.entry().await.seq, 3);
    })
    .await;
}

#[tokio::test]
async fn a_restored_store_asks_devices_to_start_anew() {
    over_all_transports_with(Setup::on_disk, async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let chat = anna.befriend(&boris).await;
        anna.say(chat, "kept").await;
        let before = boris.follow().await.cursor();
        let kept = world.copy_of_data().await;
        anna.say(chat, "lost").await;
        let after = boris.follow().await.cursor();
        world.put_back(&kept).await;

        let mut follow = boris.follow_from(after).await;
        let events = follow.caught_up().await;
        let Some(Event::Resync(resync)) = events.first() else { panic!("no resync: {events:?}") };
        assert_eq!(resync.reason, "EPOCH");
        let told = moved(&events);
        assert!(told.iter().any(|c| c.conversation_id == chat && c.head_seq == 2), "{told:?}");
        let known = boris.follow_from(before).await.caught_up().await;
        assert!(known.is_empty(), "a cursor that the old history reaches is good: {known:?}");
    })
    .await;
}

#[tokio::test]
async fn who_was_away_longer_than_the_account_log_reaches_starts_anew() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let chat = anna.befriend(&boris).await;
        for n in 2..20 {
            assert_eq!(boris.say(chat, "tick").await, n);
        }
        let phone = anna.sign_in("phone").await;
        let mut mirror = Mirror::new(anna.sign_in("tablet").await);
        anna.read(chat, 2).await;
        mirror.until(chat, 19).await.expect("caught up");
        let cursor = phone.follow().await.cursor();
        mirror.vanish().await;
        phone.disconnect().await;

        // Each is a line of the log; later ones push out those that are older than 30 days.
        for seq in 3..7 {
            anna.read(chat, seq).await;
        }
        let missed_a_few = phone.follow_from(cursor.clone()).await.caught_up().await;
        assert!(missed_a_few.iter().all(|e| matches!(e, Event::Account(_))), "{missed_a_few:?}");
        world.advance(Duration::from_secs(31 * 86_400));
        for seq in 7..10 {
            anna.read(chat, seq).await;
        }
        boris.say(chat, "welcome back").await;

        let events = phone.follow_from(cursor).await.caught_up().await;
        let Some(Event::Resync(resync)) = events.first() else { panic!("no resync: {events:?}") };
        assert_eq!(resync.reason, "ACCOUNT_LOG");
        assert_eq!(moved(&events).len(), anna.conversations().await.len(), "everything is told: {events:?}");
        assert!(!events.iter().any(|e| matches!(e, Event::Account(_))), "and no log with a hole: {events:?}");

        mirror.until(chat, 20).await.expect("caught up again");
        assert_eq!(mirror.violations(), Vec::<String>::new());
        let mut fresh = Mirror::new(anna.device.clone());
        fresh.until(chat, 20).await.expect("caught up");
        assert_eq!(mirror.conversations(), fresh.conversations());
    })
    .await;
}
