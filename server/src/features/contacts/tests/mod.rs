//! The contacts room on a store in memory, with a chat room that only takes notes.

mod apart;
mod attacks;
mod blocks;
mod finding;
mod friends;
mod races;
mod requests;
mod showing;
mod unseen;

use super::tables::*;
use super::*;
use crate::call::{Caller, Cx, Session};
use crate::delivery::log;
use crate::error::Error;
use crate::features::accounts::fixture;
use crate::features::testing::foundation;
use crate::id::DeviceId;
use crate::store::Order;
use crate::store::key::KeyRange;
use crate::time::DAY;
use std::sync::Mutex;
use std::time::Duration;
use teahouse_proto::ContactsApi;
use teahouse_proto::accounts::{Profile, Settings};
use teahouse_proto::common::{PageRequest, Way};
use teahouse_proto::contacts::send_request_response::Outcome;
use teahouse_proto::contacts::*;
use teahouse_proto::sync::account_event::What;

/// Far enough from 1970 that everybody can be old.
const START: Time = Time(1_800_000_000_000);

/// The room, the time, and what the hooks were told.
struct World {
    contacts: Arc<Contacts>,
    foundation: Foundation,
    told: Arc<Told>,
    now: Time,
}

/// A chat room that numbers the conversations of pairs and takes notes.
#[derive(Default)]
struct Told(Mutex<Vec<(&'static str, AccountId, AccountId)>>);

impl Told {
    fn note(&self, what: &'static str, a: AccountId, b: AccountId) -> ConversationId {
        self.0.lock().unwrap().push((what, a, b));
        ConversationId(a.0.min(b.0) * 1_000_000 + a.0.max(b.0))
    }

    fn take(&self) -> Vec<(&'static str, AccountId, AccountId)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl FriendHooks for Told {
    fn on_friends(&self, _: &mut Tx<'_>, a: AccountId, b: AccountId, _: Time) -> Result<ConversationId> {
        Ok(self.note("friends", a, b))
    }
    fn on_friend_again(&self, _: &mut Tx<'_>, a: AccountId, b: AccountId, _: Time) -> Result<ConversationId> {
        Ok(self.note("again", a, b))
    }
    fn on_friends_unseen(
        &self,
        _: &mut Tx<'_>,
        a: AccountId,
        b: AccountId,
        _: Time,
    ) -> Result<ConversationId> {
        Ok(self.note("unseen", a, b))
    }
    fn on_deleted(&self, _: &mut Tx<'_>, a: AccountId, b: AccountId, _: Time) -> Result<()> {
        self.note("deleted", a, b);
        Ok(())
    }
    fn on_blocked(&self, _: &mut Tx<'_>, _: AccountId, _: AccountId, _: Time) -> Result<()> {
        Ok(())
    }
}

/// Anna is 1, Boris 2, Clara 3 …; each a hundred days old.
async fn world_of(names: &[&str], config: ContactsConfig) -> World {
    let (mut foundation, published) = foundation();
    // Nobody reads them here; the account log holds the same.
    drop(published);
    foundation.on_loopback = false;
    let told = Arc::new(Told::default());
    let contacts = Arc::new(Contacts::new(foundation.clone(), config, told.clone()));
    let world = World { contacts, foundation, told, now: START };
    for (i, name) in names.iter().enumerate() {
        world.register(AccountId(i as u64 + 1), name, START - DAY * 100).await;
    }
    world
}

const ANNA: AccountId = AccountId(1);
const BORIS: AccountId = AccountId(2);
const CLARA: AccountId = AccountId(3);

async fn world() -> World {
    world_of(&["anna_k", "boris_p", "clara_m"], ContactsConfig::default()).await
}

impl World {
    async fn register(&self, id: AccountId, name: &str, created_at: Time) {
        let name = name.to_owned();
        self.tx(move |tx| fixture::register(tx, id, &name, created_at)).await;
    }

    async fn tx<T: Send + 'static>(&self, f: impl Fn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static) -> T {
        self.foundation.store.transact(f).await.unwrap()
    }

    async fn change(&self, who: AccountId, f: impl Fn(&mut Profile, &mut Settings) + Send + Sync + 'static) {
        self.tx(move |tx| fixture::change(tx, who, &f)).await;
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    fn cx(&self, who: AccountId) -> Cx {
        let session = Session::new(who, DeviceId(who.0), START - DAY * 100);
        let caller = Caller::new(Some(session.into()), [127, 0, 0, 1].into());
        let mut cx = Cx::new(caller, &self.foundation.clock);
        cx.now = self.now;
        cx
    }

    async fn search(&self, me: AccountId, username: &str) -> Result<SearchResponse> {
        self.contacts.search(&self.cx(me), SearchRequest { username: username.to_owned() }).await
    }

    /// A ticket as any room could have made it.
    fn ticket(&self, me: AccountId, person: AccountId) -> bytes::Bytes {
        let found = Found { person, way: Way::Username };
        self.contacts.tickets().make(me, found, self.now).into()
    }

    async fn send(&self, me: AccountId, other: AccountId, text: &str) -> Result<SendRequestResponse> {
        let request = SendRequestRequest { ticket: self.ticket(me, other), text: text.to_owned() };
        self.contacts.send_request(&self.cx(me), request).await
    }

    /// Sends a request and says what came of it.
    async fn ask(&self, me: AccountId, other: AccountId) -> Outcome {
        self.send(me, other, "hello").await.unwrap().outcome()
    }

    async fn requests(&self, me: AccountId) -> Vec<FriendRequest> {
        self.contacts.list_requests(&self.cx(me), ListRequestsRequest::default()).await.unwrap().requests
    }

    async fn sent(&self, me: AccountId) -> Vec<FriendRequest> {
        let request = ListSentRequestsRequest::default();
        self.contacts.list_sent_requests(&self.cx(me), request).await.unwrap().requests
    }

    /// The only request that waits for somebody.
    async fn request(&self, me: AccountId) -> u64 {
        let requests = self.requests(me).await;
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].request_id
    }

    async fn accept(&self, me: AccountId, request_id: u64) -> Result<Friend> {
        let accepted = self.contacts.accept_request(&self.cx(me), AcceptRequestRequest { request_id }).await;
        accepted.map(|a| a.friend.unwrap())
    }

    async fn ignore(&self, me: AccountId, request_id: u64) -> Result<()> {
        self.contacts.ignore_request(&self.cx(me), IgnoreRequestRequest { request_id }).await.map(drop)
    }

    async fn reply(&self, me: AccountId, request_id: u64, text: &str) -> Result<FriendRequest> {
        let request = ReplyToRequestRequest { request_id, text: text.to_owned() };
        self.contacts.reply_to_request(&self.cx(me), request).await.map(|r| r.request.unwrap())
    }

    /// Makes friends the long way.
    async fn befriend(&self, a: AccountId, b: AccountId) -> Friend {
        assert_eq!(self.ask(a, b).await, Outcome::Sent);
        let id = self.request(b).await;
        self.accept(b, id).await.unwrap()
    }

    async fn friends(&self, me: AccountId) -> Vec<Friend> {
        self.contacts.list_friends(&self.cx(me), ListFriendsRequest::default()).await.unwrap().friends
    }

    async fn friend(&self, me: AccountId, other: AccountId) -> Result<Friend> {
        let friend = self.contacts.get_friend(&self.cx(me), GetFriendRequest { account_id: other.0 }).await;
        friend.map(|f| f.friend.unwrap())
    }

    async fn update(&self, me: AccountId, request: UpdateFriendRequest) -> Result<Friend> {
        self.contacts.update_friend(&self.cx(me), request).await.map(|f| f.friend.unwrap())
    }

    async fn delete(&self, me: AccountId, other: AccountId) -> Result<()> {
        let request = DeleteFriendRequest { account_id: other.0 };
        self.contacts.delete_friend(&self.cx(me), request).await.map(drop)
    }

    async fn block(&self, me: AccountId, other: AccountId) -> u64 {
        let who = block_request::Who::Ticket(self.ticket(me, other));
        self.block_by(me, who).await.unwrap().block_id
    }

    async fn block_by(&self, me: AccountId, who: block_request::Who) -> Result<BlockedPerson> {
        let blocked = self.contacts.block(&self.cx(me), BlockRequest { who: Some(who) }).await;
        blocked.map(|b| b.blocked.unwrap())
    }

    /// Blocks somebody as a stranger, as rooms do in which they met.
    async fn block_stranger(&self, me: AccountId, other: AccountId) -> BlockedPerson {
        let (people, now, fresh) = (self.contacts.people(), self.now, self.foundation.ids.next());
        self.tx(move |tx| people.block_stranger(tx, me, other, fresh, now)).await
    }

    async fn unblock(&self, me: AccountId, block_id: u64) -> Result<()> {
        self.contacts.unblock(&self.cx(me), UnblockRequest { block_id }).await.map(drop)
    }

    async fn blocked(&self, me: AccountId) -> Vec<BlockedPerson> {
        self.contacts.list_blocked(&self.cx(me), ListBlockedRequest::default()).await.unwrap().blocked
    }

    async fn may_chat(&self, from: AccountId, to: AccountId) -> bool {
        self.tx(move |tx| may_chat(tx, from, to)).await
    }

    async fn relation(&self, me: AccountId, other: AccountId) -> Relation {
        self.tx(move |tx| relation(tx, me, other)).await
    }

    async fn sweep(&self) {
        self.contacts.sweep(self.now).await.unwrap();
    }

    /// What an account's devices were told after its `seen` first events.
    async fn events(&self, who: AccountId, seen: usize) -> Vec<What> {
        let events = log::after(&self.foundation.store, who, seen as u64, 1000).await.unwrap();
        events.into_iter().filter_map(|event| event.what).collect()
    }

    /// How many events an account's devices were told of.
    async fn seen(&self, who: AccountId) -> usize {
        self.events(who, 0).await.len()
    }

    /// What must hold whatever happened.
    async fn check(&self) {
        let store = &self.foundation.store;
        let friends = store.scan(&FRIEND, &KeyRange::all(), 10_000, Order::Rising).await.unwrap();
        let blocks = store.scan(&BLOCK, &KeyRange::all(), 10_000, Order::Rising).await.unwrap();
        let counts = store.scan(&COUNTS, &KeyRange::all(), 10_000, Order::Rising).await.unwrap();
        let order = store.scan(&BLOCK_ORDER, &KeyRange::all(), 10_000, Order::Rising).await.unwrap();
        let blocked = |key| blocks.iter().any(|(k, _)| *k == key);
        for (key, row) in &friends {
            assert_eq!(row.blocked, blocked(*key), "the copy of the block in the friend row");
        }
        for (me, row) in counts {
            assert_eq!(row.friends as usize, friends.iter().filter(|((m, _), _)| *m == me).count());
            assert_eq!(row.blocks as usize, order.iter().filter(|((m, _), _)| *m == me).count());
        }
        for ((me, id), row) in &order {
            let block =
                blocks.iter().find(|(key, _)| *key == (*me, AccountId(row.other))).map(|(_, block)| block);
            let named = block.map(|b| if row.as_stranger { b.stranger_block_id } else { b.block_id });
            assert_eq!(named, Some(id.0));
        }
        let kinds = |b: &BlockRow| usize::from(b.block_id != 0) + usize::from(b.stranger_block_id != 0);
        assert_eq!(order.len(), blocks.iter().map(|(_, block)| kinds(block)).sum::<usize>());
        for ((me, other), _) in &blocks {
            assert!(apart(store, *me, self.now).await.unwrap().contains(other));
            assert!(apart(store, *other, self.now).await.unwrap().contains(me));
        }
        let aside = store.scan(&ASIDE, &KeyRange::all(), 10_000, Order::Rising).await.unwrap();
        let listed = store.scan(&RECEIVED, &KeyRange::all(), 10_000, Order::Rising).await.unwrap();
        let waiting = store.scan(&WAITING, &KeyRange::all(), 10_000, Order::Rising).await.unwrap();
        assert_eq!(waiting.len(), aside.iter().filter(|(_, row)| row.is_waiting()).count());
        let askers: Vec<_> = listed.iter().filter(|(_, row)| row.is_live(self.now)).collect();
        let askers: Vec<_> = askers.into_iter().map(|((receiver, _), row)| (*receiver, row.other)).collect();
        for (at, asker) in askers.iter().enumerate() {
            assert!(!askers[..at].contains(asker), "one request of one asker");
        }
        for ((receiver, _), row) in listed {
            assert!(row.is_listed() && !blocked((receiver, row.other())));
            let mutual = |a, b| friends.iter().any(|(key, _)| *key == (a, b));
            let both = mutual(receiver, row.other()) && mutual(row.other(), receiver);
            assert!(!both || blocked((row.other(), receiver)), "friends do not ask");
        }
    }
}

/// The reason of a refusal.
fn reason<T: std::fmt::Debug>(answer: Result<T>) -> &'static str {
    answer.unwrap_err().reason()
}

/// All that a caller can tell of a failure.
fn face(error: &Error) -> (crate::error::Kind, &'static str, String, u64) {
    (error.kind(), error.reason(), error.message().to_owned(), error.retry_after_ms())
}
