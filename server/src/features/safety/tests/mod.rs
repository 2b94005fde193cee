//! The safety room on a store in memory, with real contacts, conversations and groups.

mod attacks;
mod closing;
mod evidence;
mod handling;

use super::*;
use crate::call::{Caller, Cx, Session};
use crate::delivery::log;
use crate::error::Error;
use crate::features::accounts::{fixture, sanctions};
use crate::features::chat::{ChatConfig, Hooks};
use crate::features::contacts::{Contacts, ContactsConfig, Found, FriendHooks};
use crate::features::greetings::{GreetingsConfig, Stranger};
use crate::features::groups::GroupsConfig;
use crate::features::testing;
use crate::id::{ConversationId, DeviceId};
use crate::restrictions::Area;
use crate::store::key::{Key, KeyRange};
use crate::store::table::Value;
use crate::store::{Order, Table};
use crate::time::{DAY, HOUR, Time};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use teahouse_proto::chat::send_message_request::{Content, To};
use teahouse_proto::chat::{SendMessageRequest, Text};
use teahouse_proto::common::{Band, Way};
use teahouse_proto::contacts::block_request::Who;
use teahouse_proto::contacts::{BlockRequest, ListRequestsRequest, SendRequestRequest, UnblockRequest};
use teahouse_proto::safety::report_request::Object;
use teahouse_proto::safety::{
    ListReportsRequest, ListSanctionsRequest, MessageRef, OwnReport, Reason, ReportRequest,
};
use teahouse_proto::sync::account_event::What;
use teahouse_proto::{ChatApi, ContactsApi, SafetyApi};
use tempfile::TempDir;

/// Far enough from 1970 that everybody can be old.
const START: Time = Time(1_800_000_000_000);
/// Whom the others report.
const BAD: AccountId = AccountId(1);
const ANNA: AccountId = AccountId(2);
const BORIS: AccountId = AccountId(3);
const CLARA: AccountId = AccountId(4);
/// Of the group of them all; somebody who is in nothing.
const PEOPLE: u64 = 12;
const NOBODY: AccountId = AccountId(PEOPLE + 1);
const GROUP: ConversationId = ConversationId(7_000);

struct World {
    safety: Arc<Safety>,
    chat: Arc<Chat>,
    contacts: Contacts,
    strangers: Strangers,
    foundation: Foundation,
    now: Time,
    made: AtomicU64,
    _dir: TempDir,
}

/// BAD is 1, Anna 2, Boris 3 …; each a hundred days old, from a network of their own, and all in one group of BAD's.
impl World {
    async fn new() -> Self {
        let (mut foundation, _published) = testing::foundation();
        foundation.on_loopback = false;
        let (media, dir) = testing::media(&foundation);
        let hooks = Arc::new(Hooks::new(foundation.ids.clone()));
        let contacts = Contacts::new(foundation.clone(), ContactsConfig::default(), hooks);
        let tickets = contacts.tickets().clone();
        let chat = Chat::new(foundation.clone(), ChatConfig::default(), media.clone(), tickets.clone());
        foundation.store.observe(vec![chat.clone()]);
        let groups =
            Groups::new(foundation.clone(), GroupsConfig::default(), media.clone(), chat.clone(), tickets);
        let strangers = Strangers::new(&foundation, &GreetingsConfig::default());
        let safety = Safety::new(
            foundation.clone(),
            SafetyConfig::default(),
            media.clone(),
            &chat,
            &groups,
            strangers.clone(),
        );
        let (now, made) = (START, AtomicU64::new(1));
        let world = Self { safety, chat, contacts, strangers, foundation, now, made, _dir: dir };
        for id in 1..=PEOPLE + 1 {
            world.register(AccountId(id), START - DAY * 100, id).await;
        }
        let rooms = world.chat.groups().clone();
        let others: Vec<AccountId> = (2..=PEOPLE).map(AccountId).collect();
        world.tx(move |tx| rooms.create(tx, GROUP, "Tea", BAD, &others, START)).await;
        world
    }

    async fn register(&self, id: AccountId, created_at: Time, network: u64) {
        let name = format!("person{id}");
        self.tx(move |tx| {
            fixture::register(tx, id, &name, created_at)?;
            fixture::registered_from(tx, id, network)
        })
        .await;
    }

    async fn tx<T: Send + 'static>(&self, f: impl Fn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static) -> T {
        self.foundation.store.transact(f).await.unwrap()
    }

    fn cx(&self, who: AccountId) -> Cx {
        let session = Session::new(who, DeviceId(who.0), START - DAY * 100);
        self.cx_of(session)
    }

    fn cx_of(&self, session: Session) -> Cx {
        let caller = Caller::new(Some(session.into()), [127, 0, 0, 1].into());
        let mut cx = Cx::new(caller, &self.foundation.clock);
        cx.now = self.now;
        cx
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    fn client_id(&self) -> bytes::Bytes {
        u128::from(self.made.fetch_add(1, Ordering::Relaxed)).to_be_bytes().to_vec().into()
    }

    async fn befriend(&self, a: AccountId, b: AccountId) -> ConversationId {
        let hooks = Hooks::new(self.foundation.ids.clone());
        testing::befriend(&self.foundation, a, b, move |tx, now| hooks.on_friends(tx, a, b, now)).await
    }

    async fn say(&self, who: AccountId, id: ConversationId, text: &str) -> u64 {
        let request = SendMessageRequest {
            client_message_id: self.client_id(),
            to: Some(To::ConversationId(id.0)),
            content: Some(Content::Text(Text { text: text.to_owned(), ..Text::default() })),
        };
        self.chat.send_message(&self.cx(who), request).await.unwrap().seq
    }

    /// A message of BAD's that everybody sees.
    async fn message(&self) -> Object {
        message(GROUP, self.say(BAD, GROUP, "buy tea").await)
    }

    /// Somebody asks somebody to be friends; gives the request as they see it.
    async fn ask(&self, who: AccountId, other: AccountId, text: &str) -> u64 {
        let found = Found { person: other, way: Way::Username };
        let ticket = self.contacts.tickets().make(who, found, self.now).into();
        let request = SendRequestRequest { ticket, text: text.to_owned() };
        self.contacts.send_request(&self.cx(who), request).await.unwrap();
        let list = self.contacts.list_requests(&self.cx(other), ListRequestsRequest::default()).await;
        list.unwrap().requests[0].request_id
    }

    /// Somebody blocks a friend.
    async fn block(&self, who: AccountId, other: AccountId) -> u64 {
        let request = BlockRequest { who: Some(Who::AccountId(other.0)) };
        self.contacts.block(&self.cx(who), request).await.unwrap().blocked.unwrap().block_id
    }

    async fn unblock(&self, who: AccountId, block_id: u64) {
        self.contacts.unblock(&self.cx(who), UnblockRequest { block_id }).await.unwrap();
    }

    /// The card of somebody, found by one way.
    async fn stranger(&self, viewer: AccountId, person: AccountId, way: Way) -> Object {
        let stranger = Stranger { person, way, band: Band::Within1Km };
        let card = self.strangers.card(viewer, stranger, self.now).await.unwrap().unwrap();
        Object::StrangerHandle(card.handle)
    }

    fn request(&self, object: Object) -> ReportRequest {
        ReportRequest {
            client_report_id: self.client_id(),
            reason: Reason::Spam.into(),
            text: "always the same".to_owned(),
            object: Some(object),
        }
    }

    async fn report(&self, who: AccountId, object: &Object) -> Result<u64> {
        self.report_with(who, self.request(object.clone())).await
    }

    async fn report_with(&self, who: AccountId, request: ReportRequest) -> Result<u64> {
        Ok(self.safety.report(&self.cx(who), request).await?.report_id)
    }

    async fn reports(&self, who: AccountId) -> Vec<OwnReport> {
        let list = self.safety.list_reports(&self.cx(who), ListReportsRequest::default()).await;
        list.unwrap().reports
    }

    /// All that happens by itself within a day.
    async fn day_passes(&mut self) {
        self.pass(DAY);
        self.sweep().await;
    }

    async fn sweep(&self) {
        self.safety.sweep(self.now).await.unwrap();
    }

    /// The areas that are closed to somebody.
    async fn closed(&self, who: AccountId) -> Vec<Area> {
        let now = self.now;
        let closed = self.tx(move |tx| sanctions::restrictions(tx, who)).await;
        Area::ALL.into_iter().filter(|area| closed.closed_until(*area, now).is_some()).collect()
    }

    /// How many rows a table has.
    async fn rows<K: Key, V: Value>(&self, table: &Table<K, V>) -> usize {
        self.foundation.store.scan(table, &KeyRange::all(), 1000, Order::Rising).await.unwrap().len()
    }

    async fn is_cautioned(&self, who: AccountId) -> bool {
        self.foundation.store.get(&tables::CAUTIONED, &who).await.unwrap().is_some()
    }

    /// What an account's devices were told.
    async fn events(&self, who: AccountId) -> Vec<What> {
        let events = log::after(&self.foundation.store, who, 0, 1000).await.unwrap();
        events.into_iter().filter_map(|event| event.what).collect()
    }
}

fn message(id: ConversationId, seq: u64) -> Object {
    Object::Message(MessageRef { conversation_id: id.0, seq })
}

fn reason<T: std::fmt::Debug>(answer: Result<T>) -> &'static str {
    answer.unwrap_err().reason()
}

/// All that a caller can tell of a failure.
fn face(error: &Error) -> (&'static str, String, u64) {
    (error.reason(), error.message().to_owned(), error.retry_after_ms())
}
