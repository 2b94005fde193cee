//! The greetings room on a store in memory, with real contacts, conversations and groups.

mod answering;
mod cards;
mod chats;
mod races;
mod sending;
mod showing;
mod silence;

use super::*;
use crate::call::{Caller, Cx, Session};
use crate::delivery::log;
use crate::error::{Error, Kind};
use crate::features::accounts::fixture;
use crate::features::chat::{ChatConfig, Hooks};
use crate::features::contacts::{Contacts, ContactsConfig, set_friend};
use crate::features::groups::GroupsConfig;
use crate::features::testing::{foundation, media};
use crate::id::{AccountId, DeviceId};
use crate::time::{DAY, HOUR, Time};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use teahouse_proto::accounts::{Profile, Settings};
use teahouse_proto::chat::{Entry, ListEntriesRequest, entry};
use teahouse_proto::common::{Band, PageRequest, Way};
use teahouse_proto::contacts::{BlockedPerson, Friend, ListFriendsRequest, UnblockRequest};
use teahouse_proto::greetings::block_stranger_request::Who;
use teahouse_proto::greetings::*;
use teahouse_proto::sync::account_event::What;
use teahouse_proto::{ChatApi, ContactsApi, GreetingsApi};
use tempfile::TempDir;

/// Far enough from 1970 that everybody can be old.
const START: Time = Time(1_800_000_000_000);
const ANNA: AccountId = AccountId(1);
const BORIS: AccountId = AccountId(2);
const CLARA: AccountId = AccountId(3);

struct World {
    greetings: Arc<Greetings>,
    chat: Arc<Chat>,
    groups: Arc<Groups>,
    contacts: Contacts,
    foundation: Foundation,
    now: Time,
    made: AtomicU64,
    _dir: TempDir,
}

/// Anna is 1, Boris 2, Clara 3 …; each a hundred days old.
impl World {
    async fn new(people: u64) -> Self {
        Self::with(people, GreetingsConfig::default()).await
    }

    /// On a server that others can reach: there are newcomers, and advertising is held.
    async fn with(people: u64, config: GreetingsConfig) -> Self {
        let (mut foundation, _published) = foundation();
        foundation.on_loopback = false;
        let (media, dir) = media(&foundation);
        let hooks = Arc::new(Hooks::new(foundation.ids.clone()));
        let contacts = Contacts::new(foundation.clone(), ContactsConfig::default(), hooks);
        let tickets = contacts.tickets().clone();
        let chat = Chat::new(foundation.clone(), ChatConfig::default(), media.clone(), tickets.clone());
        let groups = Groups::new(foundation.clone(), GroupsConfig::default(), media, chat.clone(), tickets);
        let strangers = Strangers::new(&foundation, &config);
        foundation.store.observe(vec![chat.clone(), strangers.observer()]);
        let rooms = (chat.clone(), groups.clone());
        let greetings = Greetings::new(foundation.clone(), config, contacts.people(), rooms, strangers);
        let (now, made) = (START, AtomicU64::new(1));
        let world = Self { greetings, chat, groups, contacts, foundation, now, made, _dir: dir };
        for id in 1..=people {
            world.register(AccountId(id), START - DAY * 100).await;
        }
        world
    }

    /// The room anew on what is stored, as after a restart.
    fn restart(&mut self) {
        let config = self.greetings.room.config.clone();
        let strangers = Strangers::new(&self.foundation, &config);
        let rooms = (self.chat.clone(), self.groups.clone());
        let people = self.contacts.people();
        self.greetings = Greetings::new(self.foundation.clone(), config, people, rooms, strangers);
    }

    async fn register(&self, id: AccountId, created_at: Time) {
        let name = format!("person{id}");
        self.foundation.store.transact(move |tx| fixture::register(tx, id, &name, created_at)).await.unwrap();
    }

    async fn change(
        &self,
        id: AccountId,
        change: impl Fn(&mut Profile, &mut Settings) + Send + Sync + 'static,
    ) {
        let change = self.foundation.store.transact(move |tx| {
            tx.publish(crate::bus::Event::NewFace { account: id });
            fixture::change(tx, id, &change)
        });
        change.await.unwrap();
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    fn cx(&self, account: AccountId) -> Cx {
        self.cx_of(account, START - DAY * 100)
    }

    fn cx_of(&self, account: AccountId, created_at: Time) -> Cx {
        let session = Session::new(account, DeviceId(account.0), created_at);
        let caller = Caller::new(Some(session.into()), [127, 0, 0, 1].into());
        let mut cx = Cx::new(caller, &self.foundation.clock);
        cx.now = self.now;
        cx
    }

    fn client_id(&self) -> bytes::Bytes {
        u128::from(self.made.fetch_add(1, Ordering::Relaxed)).to_be_bytes().to_vec().into()
    }

    /// A handle as a room makes it in which one found the other.
    async fn handle(&self, me: AccountId, other: AccountId, way: Way) -> bytes::Bytes {
        let strangers = &self.greetings.room.strangers;
        let cards = strangers.cards(me, way, &[(other, Band::Within1Km)], self.now).await.unwrap();
        cards.into_iter().next().unwrap().handle
    }

    fn request(&self, handle: bytes::Bytes, text: &str) -> SendGreetingRequest {
        SendGreetingRequest { client_greeting_id: self.client_id(), handle, text: text.to_owned() }
    }

    async fn greet(&self, me: AccountId, other: AccountId, text: &str) -> Result<()> {
        let handle = self.handle(me, other, Way::LookAround).await;
        self.greet_by(&self.cx(me), handle, text).await
    }

    async fn greet_by(&self, cx: &Cx, handle: bytes::Bytes, text: &str) -> Result<()> {
        self.greetings.send_greeting(cx, self.request(handle, text)).await.map(drop)
    }

    async fn inbox(&self, me: AccountId) -> Vec<Greeting> {
        self.greetings.list_greetings(&self.cx(me), ListGreetingsRequest::default()).await.unwrap().greetings
    }

    /// The only greeting in somebody's box.
    async fn greeting(&self, me: AccountId) -> u64 {
        let greetings = self.inbox(me).await;
        assert_eq!(greetings.len(), 1, "{greetings:?}");
        greetings[0].greeting_id
    }

    async fn reply(&self, me: AccountId, greeting_id: u64, text: &str) -> Result<ReplyToGreetingResponse> {
        let client_message_id = self.client_id();
        let request = ReplyToGreetingRequest { greeting_id, client_message_id, text: text.to_owned() };
        self.greetings.reply_to_greeting(&self.cx(me), request).await
    }

    async fn accept(&self, me: AccountId, greeting_id: u64) -> Result<Friend> {
        let request = AcceptGreetingRequest { greeting_id };
        Ok(self.greetings.accept_greeting(&self.cx(me), request).await?.friend.unwrap())
    }

    async fn ignore(&self, me: AccountId, greeting_id: u64) -> Result<()> {
        let request = IgnoreGreetingRequest { greeting_id };
        self.greetings.ignore_greeting(&self.cx(me), request).await.map(drop)
    }

    async fn block(&self, me: AccountId, who: Who) -> Result<BlockedPerson> {
        let request = BlockStrangerRequest { who: Some(who) };
        Ok(self.greetings.block_stranger(&self.cx(me), request).await?.blocked.unwrap())
    }

    async fn unblock(&self, me: AccountId, block_id: u64) {
        self.contacts.unblock(&self.cx(me), UnblockRequest { block_id }).await.unwrap();
    }

    async fn chats(&self, me: AccountId) -> Vec<TemporaryChat> {
        let request = ListTemporaryChatsRequest::default();
        self.greetings.list_temporary_chats(&self.cx(me), request).await.unwrap().chats
    }

    async fn leave(&self, me: AccountId, conversation_id: u64) -> Result<()> {
        let request = LeaveTemporaryChatRequest { conversation_id };
        self.greetings.leave_temporary_chat(&self.cx(me), request).await.map(drop)
    }

    async fn friends(&self, me: AccountId) -> Vec<u64> {
        let request = ListFriendsRequest::default();
        let friends = self.contacts.list_friends(&self.cx(me), request).await.unwrap().friends;
        friends.into_iter().map(|friend| friend.account_id).collect()
    }

    async fn entries(&self, who: AccountId, conversation_id: u64) -> Vec<Entry> {
        let request = ListEntriesRequest { conversation_id, ..Default::default() };
        self.chat.list_entries(&self.cx(who), request).await.unwrap().entries
    }

    /// The texts that somebody sees in a conversation.
    async fn texts(&self, who: AccountId, conversation_id: u64) -> Vec<String> {
        let entries = self.entries(who, conversation_id).await.into_iter();
        let texts = entries.filter_map(|entry| match entry.content? {
            entry::Content::Text(text) => Some(text.text),
            _ => None,
        });
        texts.collect()
    }

    async fn sweep(&self) {
        self.greetings.sweep(self.now).await.unwrap();
    }

    /// What an account's devices were told.
    async fn events(&self, who: AccountId) -> Vec<What> {
        let events = log::after(&self.foundation.store, who, 0, 1000).await.unwrap();
        events.into_iter().filter_map(|event| event.what).collect()
    }

    /// Greetings that came to an account's devices, and numbers of those that left.
    async fn told(&self, who: AccountId) -> (Vec<Greeting>, Vec<u64>) {
        let (mut came, mut left) = (Vec::new(), Vec::new());
        for event in self.events(who).await {
            match event {
                What::Greeting(greeting) => came.push(greeting),
                What::GreetingClosed(closed) => left.push(closed.greeting_id),
                _ => {}
            }
        }
        (came, left)
    }
}

/// The reason of a refusal.
fn reason<T: std::fmt::Debug>(answer: Result<T>) -> &'static str {
    answer.unwrap_err().reason()
}

/// All that a caller can tell of an answer.
fn face<T: std::fmt::Debug>(answer: &Result<T>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(e) => {
            let all: (Kind, _, _, _) = (e.kind(), e.reason(), e.message(), e.retry_after_ms());
            format!("{all:?}")
        }
    }
}

/// Greetings without their handles, which are never the same.
fn bare(mut greetings: Vec<Greeting>) -> Vec<Greeting> {
    greetings.iter_mut().for_each(|greeting| greeting.card.as_mut().unwrap().handle.clear());
    greetings
}

fn is_error(answer: &Result<(), Error>, expected: &str) -> bool {
    answer.as_ref().is_err_and(|error| error.reason() == expected)
}
