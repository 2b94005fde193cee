//! The follower against a scripted server: gaps, repetitions, lost connections, restarts.

use super::*;
use crate::fake::{Fake, Peer, body, failure};
use crate::{Connector, Random};
use prost::Message;
use teahouse_proto::chat::{Entry, ListEntriesResponse};
use teahouse_proto::gateway::FailureKind;
use teahouse_proto::sync::{CaughtUp, ConversationLeft, FriendDeleted, Resync};

const FOLLOW: &str = "teahouse.sync.v1.SyncService/Follow";
const LIST: &str = "teahouse.chat.v1.ChatService/ListEntries";
const CHAT: u64 = 70;

fn follower(fake: &Fake, store: &MemoryStore, history: History) -> Follower<MemoryStore> {
    let connector = Connector::new(&fake.url()).unwrap();
    let session = Session::with_random(connector, Random::seeded_for_short_waits());
    Follower::new(session, store.clone(), history).unwrap()
}

/// Answers the Follow that a connecting device opens; gives the cursor it came with.
async fn followed(fake: &Fake) -> (Peer, u64, Bytes) {
    let mut peer = fake.accept().await;
    let follow = peer.next().await;
    assert_eq!(follow.method, FOLLOW);
    (peer, follow.id, FollowRequest::decode(follow.body).unwrap().cursor)
}

fn event(event: Event, cursor: &'static str) -> teahouse_proto::gateway::server_frame::Kind {
    let cursor = Bytes::from_static(cursor.as_bytes());
    body(FollowResponse { event: Some(event), cursor, ..Default::default() }.encode_to_vec().into())
}

fn moved(head_seq: u64) -> Event {
    Event::Moved(Conversation { conversation_id: CHAT, head_seq, ..Default::default() })
}

fn entry(seq: u64) -> Entry {
    Entry { conversation_id: CHAT, seq, ..Default::default() }
}

fn caught_up() -> Event {
    Event::CaughtUp(CaughtUp { server_time_ms: 1 })
}

fn account(number: u64) -> Event {
    Event::Account(teahouse_proto::sync::AccountEvent { number, ..Default::default() })
}

/// Answers one ListEntries, which must ask for what comes after `after`.
async fn pulled(peer: &mut Peer, after: u64, seqs: impl IntoIterator<Item = u64>) {
    let call = peer.next().await;
    assert_eq!(call.method, LIST);
    let request = ListEntriesRequest::decode(call.body).unwrap();
    assert_eq!((request.conversation_id, request.after_seq), (CHAT, after));
    let page = ListEntriesResponse { entries: seqs.into_iter().map(entry).collect(), head_seq: 0 };
    peer.send(call.id, body(page.encode_to_vec().into())).await;
}

/// The next updates in short, until and with the one that reads `last`.
async fn until<S: CursorStore>(follower: &mut Follower<S>, last: &str) -> Vec<String> {
    let mut all = Vec::new();
    while all.last().is_none_or(|word| word != last) {
        let next = tokio::time::timeout(Duration::from_secs(20), follower.next()).await;
        all.push(match next.unwrap_or_else(|_| panic!("{last} did not come after {all:?}")).unwrap() {
            Update::Online => "online".to_owned(),
            Update::Offline { error, .. } => format!("offline {:?}", error.kind()),
            Update::Conversation(c) => format!("head {}", c.head_seq),
            Update::Entry(new) if new.live => format!("live {}", new.entry.seq),
            Update::Entry(new) => format!("{}", new.entry.seq),
            Update::Account { event, .. } => format!("account {}", event.number),
            Update::Typing(typing) => format!("{:?}", typing.kind()),
            Update::Presence(presence) => format!("online {}", presence.online),
            Update::Shaken(shaken) => format!("met {}", shaken.partners.len()),
            Update::Receipt(receipt) => format!("read {}", receipt.read_seq),
            Update::CaughtUp { .. } => "caught up".to_owned(),
            Update::Resync { reason } => reason,
        });
    }
    all
}

#[tokio::test]
async fn gaps_are_pulled_and_repetitions_dropped() {
    let fake = Fake::start().await;
    let mut follower = follower(&fake, &MemoryStore::default(), History::New);
    let serve = async {
        let (mut peer, id, cursor) = followed(&fake).await;
        assert!(cursor.is_empty());
        peer.send(id, event(moved(5), "")).await;
        peer.send(id, event(caught_up(), "a")).await;
        peer.send(id, event(Event::Entry(entry(6)), "b")).await;
        peer.send(id, event(Event::Entry(entry(6)), "b")).await;
        peer.send(id, event(Event::Entry(entry(9)), "c")).await;
        pulled(&mut peer, 6, [7, 8]).await;
        // A queue that overflowed at the server: it catches up once more.
        peer.send(id, event(moved(209), "")).await;
        pulled(&mut peer, 9, 10..=109).await;
        pulled(&mut peer, 109, 110..=209).await;
        peer.send(id, event(Event::Entry(entry(208)), "d")).await;
        peer.send(id, event(account(1), "e")).await;
        peer.send(id, event(account(1), "e")).await;
        peer.send(id, event(caught_up(), "f")).await;
        peer
    };
    let ((), _peer) = tokio::join!(
        async {
            assert_eq!(until(&mut follower, "caught up").await, ["online", "head 5", "caught up"]);
            assert_eq!(until(&mut follower, "live 9").await, ["live 6", "7", "8", "live 9"]);
            let rest = until(&mut follower, "caught up").await;
            let mut expected = vec!["head 209".to_owned()];
            expected.extend((10..=209).map(|n: u32| n.to_string()));
            expected.extend(["account 1".to_owned(), "caught up".to_owned()]);
            assert_eq!(rest, expected);
        },
        serve
    );
}

#[tokio::test]
async fn all_history_begins_where_the_conversation_becomes_visible() {
    let fake = Fake::start().await;
    let mut follower = follower(&fake, &MemoryStore::default(), History::All);
    let serve = async {
        let (mut peer, id, _) = followed(&fake).await;
        peer.send(id, event(moved(5), "")).await;
        peer.send(id, event(caught_up(), "a")).await;
        // The first two are from before this member's time.
        pulled(&mut peer, 0, 3..=5).await;
        peer
    };
    let (all, _peer) = tokio::join!(until(&mut follower, "caught up"), serve);
    assert_eq!(all, ["online", "head 5", "3", "4", "5", "caught up"]);
}

#[tokio::test]
async fn a_lost_connection_is_followed_on_from_the_cursor() {
    let fake = Fake::start().await;
    let mut follower = follower(&fake, &MemoryStore::default(), History::New);
    let serve = async {
        let (mut peer, id, _) = followed(&fake).await;
        peer.send(id, event(moved(5), "")).await;
        peer.send(id, event(caught_up(), "a")).await;
        peer.send(id, event(Event::Entry(entry(6)), "b")).await;
        peer.send(id, event(Event::Entry(entry(8)), "c")).await;
        assert_eq!(peer.next().await.method, LIST);
        drop(peer);
        // The pull is repeated on a new connection, then that is followed.
        let mut peer = fake.accept().await;
        pulled(&mut peer, 6, [7]).await;
        let follow = peer.next().await;
        assert_eq!(FollowRequest::decode(follow.body).unwrap().cursor, "c");
        peer.send(follow.id, event(moved(9), "")).await;
        pulled(&mut peer, 8, [9]).await;
        peer.send(follow.id, event(caught_up(), "d")).await;
        peer
    };
    let ((), _peer) = tokio::join!(
        async {
            assert_eq!(until(&mut follower, "live 6").await, ["online", "head 5", "caught up", "live 6"]);
            let all = until(&mut follower, "caught up").await;
            assert_eq!(all, ["7", "live 8", "offline Lost", "online", "head 9", "9", "caught up"]);
        },
        serve
    );
}

#[tokio::test]
async fn after_a_restart_what_was_handled_is_not_told_and_what_was_not_is() {
    let fake = Fake::start().await;
    let store = MemoryStore::default();
    let mut first = follower(&fake, &store, History::New);
    let serve = async {
        let (mut peer, id, _) = followed(&fake).await;
        peer.send(id, event(caught_up(), "a")).await;
        peer.send(id, event(Event::Entry(entry(1)), "b")).await;
        peer.send(id, event(Event::Entry(entry(2)), "c")).await;
        peer
    };
    let (_, peer) = tokio::join!(until(&mut first, "live 2"), serve);
    // It was given number 2 and never came back for more.
    drop((first, peer));

    let mut second = follower(&fake, &store, History::New);
    let serve = async {
        let (mut peer, id, cursor) = followed(&fake).await;
        assert!(cursor == "a" || cursor == "b", "{cursor:?}");
        peer.send(id, event(moved(2), "")).await;
        let call = peer.next().await;
        let after = ListEntriesRequest::decode(call.body).unwrap().after_seq;
        let page = ListEntriesResponse { entries: (after + 1..=2).map(entry).collect(), head_seq: 2 };
        peer.send(call.id, body(page.encode_to_vec().into())).await;
        peer.send(id, event(caught_up(), "d")).await;
        peer
    };
    let (all, _peer) = tokio::join!(until(&mut second, "caught up"), serve);
    assert!(all.ends_with(&["2".to_owned(), "caught up".to_owned()]), "{all:?}");
    second.save().unwrap();
    let position = store.clone().load().unwrap();
    assert_eq!((position.cursor, position.seen[&CHAT]), (Bytes::from_static(b"d"), 2));
}

#[tokio::test]
async fn another_history_is_told_anew_and_a_gone_conversation_is_forgotten() {
    let fake = Fake::start().await;
    let store = MemoryStore::default();
    let old = Position { cursor: "old".into(), account_log: 9, seen: [(CHAT, 50), (71, 3)].into() };
    store.clone().save(&old).unwrap();
    let mut follower = follower(&fake, &store, History::All);
    let serve = async {
        let (mut peer, id, cursor) = followed(&fake).await;
        assert_eq!(cursor, "old");
        peer.send(id, event(Event::Resync(Resync { reason: "EPOCH".to_owned() }), "")).await;
        peer.send(id, event(moved(2), "")).await;
        pulled(&mut peer, 0, [1, 2]).await;
        let deleted = FriendDeleted { account_id: 1, conversation_id: CHAT };
        let gone = account_event::What::FriendDeleted(deleted);
        let gone = teahouse_proto::sync::AccountEvent { number: 1, what: Some(gone), ..Default::default() };
        peer.send(id, event(Event::Account(gone), "b")).await;
        peer.send(id, event(caught_up(), "c")).await;
        peer
    };
    let (all, _peer) = tokio::join!(until(&mut follower, "caught up"), serve);
    assert_eq!(all, ["online", "EPOCH", "head 2", "1", "2", "account 1", "caught up"]);
    assert!(follower.position().seen.is_empty(), "{:?}", follower.position());
}

#[tokio::test]
async fn a_group_that_was_left_and_joined_again_is_told_from_where_it_can_be_seen() {
    let fake = Fake::start().await;
    let mut follower = follower(&fake, &MemoryStore::default(), History::All);
    let serve = async {
        let (mut peer, id, _) = followed(&fake).await;
        peer.send(id, event(moved(2), "")).await;
        pulled(&mut peer, 0, [1, 2]).await;
        let left = account_event::What::ConversationLeft(ConversationLeft { conversation_id: CHAT });
        let left = teahouse_proto::sync::AccountEvent { number: 1, what: Some(left), ..Default::default() };
        peer.send(id, event(Event::Account(left), "a")).await;
        // Back in it. What was said meanwhile is not for this account.
        peer.send(id, event(Event::Entry(entry(9)), "b")).await;
        pulled(&mut peer, 0, [9]).await;
        peer.send(id, event(Event::Entry(entry(10)), "c")).await;
        peer.send(id, event(caught_up(), "d")).await;
        peer
    };
    let (all, _peer) = tokio::join!(until(&mut follower, "caught up"), serve);
    let expected = ["online", "head 2", "1", "2", "account 1", "live 9", "live 10", "caught up"];
    assert_eq!(all, expected);
}

#[tokio::test]
async fn an_entry_says_that_its_author_is_blocked() {
    let fake = Fake::start().await;
    let mut follower = follower(&fake, &MemoryStore::default(), History::All);
    let serve = async {
        let (mut peer, id, _) = followed(&fake).await;
        let blocked = FollowResponse {
            event: Some(Event::Entry(entry(1))),
            author_blocked: true,
            ..Default::default()
        };
        peer.send(id, body(blocked.encode_to_vec().into())).await;
        peer.send(id, event(Event::Entry(entry(2)), "a")).await;
        peer
    };
    let told = async {
        let mut blocked = Vec::new();
        while blocked.len() < 2 {
            if let Update::Entry(new) = follower.next().await.unwrap() {
                blocked.push(new.entry.author_blocked);
            }
        }
        blocked
    };
    let told = tokio::time::timeout(Duration::from_secs(20), told);
    let (told, _peer) = tokio::join!(told, serve);
    assert_eq!(told.expect("both come"), [true, false]);
}

#[tokio::test]
async fn what_cannot_pass_ends_the_follower_and_stays_its_answer() {
    for (kind, reason) in
        [(FailureKind::Conflict, "REPLACED"), (FailureKind::Unauthenticated, "UNAUTHENTICATED")]
    {
        let fake = Fake::start().await;
        let mut follower = follower(&fake, &MemoryStore::default(), History::New);
        let serve = async {
            let (mut peer, id, _) = followed(&fake).await;
            peer.send(id, failure(kind, reason, "m", 0)).await;
            peer
        };
        let (_, _peer) = tokio::join!(until(&mut follower, "online"), serve);
        assert_eq!(follower.next().await.expect_err("over").reason(), reason);
        assert_eq!(follower.next().await.expect_err("still over").reason(), reason);
    }
}

#[tokio::test]
async fn a_cursor_that_is_refused_is_dropped_once() {
    let fake = Fake::start().await;
    let store = MemoryStore::default();
    store
        .clone()
        .save(&Position { cursor: "bad".into(), seen: [(CHAT, 5)].into(), ..Default::default() })
        .unwrap();
    let mut follower = follower(&fake, &store, History::New);
    let serve = async {
        let (mut peer, id, _) = followed(&fake).await;
        peer.send(id, failure(FailureKind::Invalid, "CURSOR_INVALID", "m", 0)).await;
        let follow = peer.next().await;
        assert!(FollowRequest::decode(follow.body).unwrap().cursor.is_empty());
        peer.send(follow.id, event(moved(6), "")).await;
        pulled(&mut peer, 5, [6]).await;
        peer.send(follow.id, event(caught_up(), "a")).await;
        peer
    };
    let (all, _peer) = tokio::join!(until(&mut follower, "caught up"), serve);
    assert_eq!(all, ["online", "CURSOR_INVALID", "online", "head 6", "6", "caught up"]);
}
