//! Follow on a store in memory.

use super::*;
use crate::bus::{Audience, Passing, Published, Subscriber};
use crate::call::{Caller, Session};
use crate::delivery;
use crate::features::chat::ChatConfig;
use crate::features::chat::Hooks;
use crate::features::contacts::{FriendHooks, Tickets};
use crate::features::testing::{befriend, foundation, media};
use crate::id::{AccountId, ConversationId, DeviceId};
use crate::time::Time;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use prost::Message;
use teahouse_proto::ChatApi;
use teahouse_proto::chat::send_message_request::{Content, To};
use teahouse_proto::chat::{SendMessageRequest, Text, UpdateConversationRequest};
use teahouse_proto::sync::account_event::What;
use teahouse_proto::sync::follow_response::Event as Kinds;
use teahouse_proto::sync::{RequestClosed, Typing};
use tokio::sync::mpsc::UnboundedReceiver;

const ANNA: AccountId = AccountId(1);
const BORIS: AccountId = AccountId(2);

struct Room {
    chat: Arc<Chat>,
    sync: Arc<Sync>,
    foundation: Foundation,
    published: UnboundedReceiver<Published>,
    id: ConversationId,
    made: u128,
}

type Stream = BoxStream<'static, Result<teahouse_proto::Event<FollowResponse>>>;

impl Room {
    async fn new() -> Self {
        let (foundation, published) = foundation();
        let (media, _dir) = media(&foundation);
        let chat = Chat::new(
            foundation.clone(),
            ChatConfig::default(),
            media,
            Tickets::new(foundation.seal.clone(), 24),
        );
        foundation.store.observe(vec![chat.clone()]);
        let sync = Sync::new(foundation.clone(), chat.clone());
        let hooks = Hooks::new(foundation.ids.clone());
        let id =
            befriend(&foundation, ANNA, BORIS, move |tx, now| hooks.on_friends(tx, ANNA, BORIS, now)).await;
        let mut room = Self { chat, sync, foundation, published, id, made: 0 };
        room.pump();
        room
    }

    fn pump(&mut self) {
        while let Ok((stamp, events)) = self.published.try_recv() {
            self.foundation.delivery.on_commit(stamp, &events);
        }
    }

    fn cx(&self, account: AccountId) -> Cx {
        let session = Session::new(account, DeviceId(account.0), Time(0));
        let caller = Caller::new(Some(session.into()), [127, 0, 0, 1].into());
        Cx::new(caller, &self.foundation.clock)
    }

    /// Commits without publishing: `pump` does that.
    async fn say(&mut self, from: AccountId, text: &str) {
        self.made += 1;
        let request = SendMessageRequest {
            client_message_id: self.made.to_be_bytes().to_vec().into(),
            to: Some(To::ConversationId(self.id.0)),
            content: Some(Content::Text(Text { text: text.into(), ..Text::default() })),
        };
        self.chat.send_message(&self.cx(from), request).await.unwrap();
    }

    async fn note(&mut self, account: AccountId, n: u64, now: Time) {
        let what = What::RequestClosed(RequestClosed { request_id: n });
        let append = self.foundation.store.transact(move |tx| delivery::log::append(tx, account, now, &what));
        append.await.unwrap();
    }

    async fn follow(&self, account: AccountId, cursor: &Bytes) -> Stream {
        self.sync.follow(&self.cx(account), FollowRequest { cursor: cursor.clone() }).await.unwrap()
    }
}

async fn next(stream: &mut Stream) -> FollowResponse {
    let event = stream.next().await.unwrap().unwrap();
    let mut bytes = bytes::BytesMut::new();
    event.encode(&mut bytes);
    FollowResponse::decode(bytes).unwrap()
}

/// What a stream tells until it is caught up, and the cursor it has then.
async fn catch_up(stream: &mut Stream) -> (Vec<String>, Bytes) {
    let mut told = Vec::new();
    loop {
        let response = next(stream).await;
        told.push(match response.event.unwrap() {
            Kinds::Moved(conversation) => format!("moved to {}", conversation.head_seq),
            Kinds::Account(event) => format!("account {}", event.number),
            Kinds::Resync(resync) => format!("resync {}", resync.reason),
            Kinds::CaughtUp(_) => return (told, response.cursor),
            Kinds::Entry(entry) => panic!("entry {} while catching up", entry.seq),
            Kinds::Typing(_) | Kinds::Receipt(_) | Kinds::Presence(_) | Kinds::Shaken(_) => {
                panic!("told in passing while catching up")
            }
        });
        assert!(response.cursor.is_empty(), "no cursor before everything was told");
    }
}

#[tokio::test]
async fn a_returning_device_hears_only_what_moved() {
    let mut room = Room::new().await;
    let mut stream = room.follow(ANNA, &Bytes::new()).await;
    let (told, cursor) = catch_up(&mut stream).await;
    assert_eq!(told, ["moved to 1"]);
    drop(stream);
    assert_eq!(catch_up(&mut room.follow(ANNA, &cursor).await).await.0, [""; 0]);

    room.say(BORIS, "hi").await;
    room.note(ANNA, 5, Time(0)).await;
    room.pump();
    let (told, newer) = catch_up(&mut room.follow(ANNA, &cursor).await).await;
    assert_eq!(told, ["moved to 2", "account 1"]);
    assert_eq!(catch_up(&mut room.follow(ANNA, &newer).await).await.0, [""; 0]);
    let (told, _) = catch_up(&mut room.follow(ANNA, &cursor).await).await;
    assert_eq!(told, ["moved to 2", "account 1"], "an old cursor tells it again");
}

#[tokio::test]
async fn nothing_falls_between_catch_up_and_live() {
    let mut room = Room::new().await;
    let mut stream = room.follow(ANNA, &Bytes::new()).await;
    // Committed and published after the device registered, but before the stream read anything.
    room.say(BORIS, "early").await;
    room.pump();
    // Committed before the stream reads, published after.
    room.say(BORIS, "between").await;
    let (told, _) = catch_up(&mut stream).await;
    assert_eq!(told, ["moved to 3"]);
    room.pump();
    room.say(BORIS, "live").await;
    room.pump();
    for seq in [3, 4] {
        let response = next(&mut stream).await;
        assert!(matches!(response.event, Some(Kinds::Entry(entry)) if entry.seq == seq), "{seq}");
        assert!(!response.cursor.is_empty());
    }
}

#[tokio::test]
async fn each_live_event_brings_a_cursor_that_repeats_nothing() {
    let mut room = Room::new().await;
    let mut stream = room.follow(ANNA, &Bytes::new()).await;
    catch_up(&mut stream).await;
    room.say(ANNA, "mine").await;
    room.pump();
    let live = next(&mut stream).await;
    assert_eq!(live.client_message_id.as_ref(), 1u128.to_be_bytes());
    let mut others = room.follow(BORIS, &Bytes::new()).await;
    catch_up(&mut others).await;
    assert_eq!(catch_up(&mut room.follow(ANNA, &live.cursor).await).await.0, [""; 0]);
}

#[tokio::test]
async fn a_reader_that_is_too_slow_catches_up_without_loss() {
    let mut room = Room::new().await;
    let mut stream = room.follow(ANNA, &Bytes::new()).await;
    catch_up(&mut stream).await;
    for n in 0..600 {
        room.say(BORIS, &n.to_string()).await;
    }
    room.note(ANNA, 1, Time(0)).await;
    room.pump();
    let (told, cursor) = catch_up(&mut stream).await;
    assert_eq!(told, ["moved to 601", "account 1"]);
    room.say(BORIS, "on").await;
    room.pump();
    let live = next(&mut stream).await;
    assert!(matches!(live.event, Some(Kinds::Entry(entry)) if entry.seq == 602));
    assert_ne!(live.cursor, cursor);
}

#[tokio::test]
async fn a_cursor_of_another_history_starts_over() {
    let room = Room::new().await;
    let (_, cursor) = catch_up(&mut room.follow(ANNA, &Bytes::new()).await).await;
    let known = Cursor::open(&room.foundation.seal, &cursor).unwrap().unwrap();
    for foreign in [
        Cursor { epoch: known.epoch + 1, ..known },
        Cursor { stamp: known.stamp + 9, ..known },
        Cursor { number: 99, ..known },
    ] {
        let (told, _) = catch_up(&mut room.follow(ANNA, &foreign.seal(&room.foundation.seal)).await).await;
        assert_eq!(told, ["resync EPOCH", "moved to 1"]);
    }
    let bad = room.sync.follow(&room.cx(ANNA), FollowRequest { cursor: vec![1].into() }).await;
    assert_eq!(bad.err().unwrap().reason(), "CURSOR_INVALID");
}

#[tokio::test]
async fn whoever_was_away_longer_than_the_log_reaches_starts_over() {
    let mut room = Room::new().await;
    let (_, cursor) = catch_up(&mut room.follow(ANNA, &Bytes::new()).await).await;
    let now = room.foundation.clock.now();
    room.note(ANNA, 1, now).await;
    room.note(ANNA, 2, now + delivery::log::KEEP_FOR * 2).await;
    room.pump();
    let (told, _) = catch_up(&mut room.follow(ANNA, &cursor).await).await;
    assert_eq!(told, ["resync ACCOUNT_LOG", "moved to 1"]);
}

#[tokio::test]
async fn a_second_stream_of_a_device_ends_the_first() {
    let room = Room::new().await;
    let mut first = room.follow(ANNA, &Bytes::new()).await;
    catch_up(&mut first).await;
    let mut second = room.follow(ANNA, &Bytes::new()).await;
    assert_eq!(first.next().await.unwrap().unwrap_err().reason(), "REPLACED");
    assert!(first.next().await.is_none());
    catch_up(&mut second).await;
}

#[tokio::test]
async fn what_is_told_in_passing_has_no_cursor_and_comes_only_live() {
    let mut room = Room::new().await;
    let typing = Typing { conversation_id: room.id.0, account_id: BORIS.0, kind: 1 };
    let message = Arc::new(FollowResponse { event: Some(Kinds::Typing(typing)), ..Default::default() });
    let told = Passing { to: Audience::Account(ANNA), message: message.clone(), lasts: false };
    room.foundation.delivery.on_passing(&told);
    let mut stream = room.follow(ANNA, &Bytes::new()).await;
    room.foundation.delivery.on_passing(&told);
    room.say(BORIS, "hi").await;
    room.pump();
    let (caught_up, cursor) = catch_up(&mut stream).await;
    assert_eq!(caught_up, ["moved to 2"]);
    assert_eq!(next(&mut stream).await, *message, "without cursor; the one before anybody listened is lost");
    room.foundation.delivery.on_passing(&told);
    assert_eq!(next(&mut stream).await, *message);
    drop(stream);
    assert_eq!(catch_up(&mut room.follow(ANNA, &cursor).await).await.0, [""; 0], "never told again");
}

#[tokio::test]
async fn a_muted_conversation_is_silent_from_the_start_and_when_it_is_muted_meanwhile() {
    let mut room = Room::new().await;
    let mute = async |room: &mut Room, muted| {
        let request = UpdateConversationRequest {
            conversation_id: room.id.0,
            muted: Some(muted),
            ..Default::default()
        };
        room.chat.update_conversation(&room.cx(ANNA), request).await.unwrap();
    };
    let heard = async |room: &mut Room, stream: &mut Stream| {
        room.say(BORIS, "hi").await;
        room.pump();
        loop {
            let response = next(stream).await;
            if let Some(Kinds::Entry(_)) = response.event {
                return !response.silent;
            }
        }
    };
    let mut stream = room.follow(ANNA, &Bytes::new()).await;
    catch_up(&mut stream).await;
    assert!(heard(&mut room, &mut stream).await);
    mute(&mut room, true).await;
    assert!(!heard(&mut room, &mut stream).await);
    let mut stream = room.follow(ANNA, &Bytes::new()).await;
    catch_up(&mut stream).await;
    assert!(!heard(&mut room, &mut stream).await);
    mute(&mut room, false).await;
    assert!(heard(&mut room, &mut stream).await);
}

#[tokio::test]
async fn what_my_other_device_says_to_a_stranger_does_not_ring_though_it_does_not_name_me() {
    let mut room = Room::new().await;
    let (temporary, now) = (room.chat.temporary().clone(), room.foundation.clock.now());
    let open = room.foundation.store.transact(move |tx| temporary.open(tx, ANNA, BORIS, &[], now));
    room.id = open.await.unwrap();
    room.pump();
    let mut streams = [room.follow(ANNA, &Bytes::new()).await, room.follow(BORIS, &Bytes::new()).await];
    for stream in &mut streams {
        catch_up(stream).await;
    }
    room.say(ANNA, "anybody there?").await;
    room.pump();
    let mut rings = Vec::new();
    for stream in &mut streams {
        let response = next(stream).await;
        let Some(Kinds::Entry(entry)) = response.event else { panic!("{response:?}") };
        assert!(entry.author_account_id != ANNA.0 && !response.author_blocked);
        rings.push((!response.silent, !response.client_message_id.is_empty()));
    }
    assert_eq!(rings, [(false, true), (true, false)]);
}
