//! Look Around on a store in memory: who sees whom, page by page, and until when.

mod crowds;
mod leaving;
mod pages;
mod secrets;
mod sees;

use super::tables::VISIBLE;
use super::*;
use crate::call::{Caller, Cx, Session};
use crate::error::Result;
use crate::features::accounts::audit::By;
use crate::features::accounts::fixture::{change, register};
use crate::features::accounts::sanctions;
use crate::features::contacts::{set_block, set_friend};
use crate::features::greetings::GreetingsConfig;
use crate::features::place::PlaceConfig;
use crate::features::testing::foundation;
use crate::id::{AccountId, ConversationId, DeviceId};
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::{HOUR, Time};
use std::time::Duration;
use teahouse_proto::LookAroundApi;
use teahouse_proto::common::{Band, Gender, Position, StrangerCard};
use teahouse_proto::look_around::{self, *};
use teahouse_proto::safety::sanction::Kind;
use teahouse_proto::safety::{Area, Sanction};

const ANNA: AccountId = AccountId(1);
const BORIS: AccountId = AccountId(2);
const CLARA: AccountId = AccountId(3);
/// In Hangzhou, where many people live.
const HERE: (f64, f64) = (30.2431, 120.1502);
/// Some cells on: within 2 km.
const NEAR: (f64, f64) = (30.2531, 120.1602);

struct World {
    foundation: Foundation,
    room: Arc<LookAround>,
    gate: Gate,
    _published: tokio::sync::mpsc::UnboundedReceiver<crate::bus::Published>,
}

impl World {
    /// With so many people, none of whom has switched it on.
    async fn new(people: u64) -> Self {
        let (foundation, published) = foundation();
        let strangers = Strangers::new(&foundation, &GreetingsConfig::default());
        let observer = strangers.observer();
        let (gate, room) = Self::room(&foundation, strangers);
        foundation.store.observe(vec![observer, room.observer()]);
        let world = Self { foundation, room, gate, _published: published };
        for begin in (1..=people).step_by(500) {
            world
                .tx(move |tx| {
                    (begin..(begin + 500).min(people + 1))
                        .try_for_each(|id| register(tx, AccountId(id), &format!("person_{id}"), Time(0)))
                })
                .await;
        }
        world.room.load(world.now()).await.unwrap();
        world
    }

    fn room(foundation: &Foundation, strangers: Strangers) -> (Gate, Arc<LookAround>) {
        let gate = Gate::new(foundation.clone(), PlaceConfig::default(), vec![Arc::new(Hooks)]);
        let config = LookAroundConfig::default();
        (gate.clone(), LookAround::new(foundation.clone(), config, gate, strangers))
    }

    /// With people who have switched it on and looked from one place.
    async fn of(people: u64, at: (f64, f64)) -> Self {
        let world = Self::new(people).await;
        for id in 1..=people {
            world.on(AccountId(id)).await;
            world.look(AccountId(id), at).await.unwrap();
        }
        world
    }

    /// The same store after the process ended and began anew. It hears of no commit from then on.
    async fn restart(&mut self) {
        let strangers = Strangers::new(&self.foundation, &GreetingsConfig::default());
        (self.gate, self.room) = Self::room(&self.foundation, strangers);
        self.room.load(self.now()).await.unwrap();
    }

    async fn tx<T: Send + 'static>(&self, f: impl Fn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static) -> T {
        self.foundation.store.transact(f).await.unwrap()
    }

    fn pass(&self, time: Duration) {
        self.foundation.clock.advance(time);
    }

    fn now(&self) -> Time {
        self.foundation.clock.now()
    }

    fn cx(&self, who: AccountId) -> Cx {
        let session = Session::new(who, DeviceId(who.0), Time(0));
        Cx::new(Caller::new(Some(session.into()), [127, 0, 0, 1].into()), &self.foundation.clock)
    }

    async fn update(
        &self,
        who: AccountId,
        request: UpdateLookAroundRequest,
    ) -> Result<UpdateLookAroundResponse> {
        self.room.update_look_around(&self.cx(who), request).await
    }

    async fn on(&self, who: AccountId) {
        let request = UpdateLookAroundRequest { enabled: Some(true), is_adult: true, ..Default::default() };
        self.update(who, request).await.unwrap();
    }

    async fn off(&self, who: AccountId) {
        let request = UpdateLookAroundRequest { enabled: Some(false), ..Default::default() };
        self.update(who, request).await.unwrap();
    }

    async fn hide(&self, who: AccountId, hide: bool) {
        let request = UpdateLookAroundRequest { hide_from_friends: Some(hide), ..Default::default() };
        self.update(who, request).await.unwrap();
    }

    async fn look_for(&self, who: AccountId, at: (f64, f64), request: LookRequest) -> Result<LookResponse> {
        let position = Some(Position { latitude: at.0, longitude: at.1, accuracy_m: 20 });
        self.room.look(&self.cx(who), LookRequest { position, ..request }).await
    }

    async fn look(&self, who: AccountId, at: (f64, f64)) -> Result<LookResponse> {
        self.look_for(who, at, LookRequest::default()).await
    }

    async fn look_on(&self, who: AccountId, cursor: &[u8], limit: u32) -> Result<LookOnResponse> {
        let cursor = cursor.to_vec().into();
        self.room.look_on(&self.cx(who), LookOnRequest { cursor, limit }).await
    }

    async fn clear(&self, who: AccountId) {
        self.room.clear_location(&self.cx(who), ClearLocationRequest {}).await.unwrap();
    }

    /// Whom somebody sees who looks from here, sorted.
    async fn sees(&self, who: AccountId) -> Vec<u64> {
        self.pages(who, LookRequest { limit: 50, ..Default::default() }).await.concat()
    }

    /// All pages of a look from here, each sorted.
    async fn pages(&self, who: AccountId, request: LookRequest) -> Vec<Vec<u64>> {
        let limit = request.limit;
        let first = self.look_for(who, HERE, request).await.unwrap();
        let (mut pages, mut next) = (vec![ids(&first.people)], first.next);
        while !next.is_empty() {
            let page = self.look_on(who, &next, limit).await.unwrap();
            pages.push(ids(&page.people));
            next = page.next;
        }
        pages
    }

    async fn befriend(&self, one: AccountId, other: AccountId) {
        self.tx(move |tx| set_friend(tx, one, other, Some(ConversationId(9)))).await;
    }

    async fn sanction(&self, who: AccountId, kind: Kind) {
        let mut new = Sanction { area: Area::LookAround.into(), ..Sanction::default() };
        new.set_kind(kind);
        let now = self.now();
        self.tx(move |tx| sanctions::sanction(tx, who, &new, By::Operator, now).map(drop)).await;
    }

    async fn rows(&self) -> Vec<(AccountId, tables::VisibleRow)> {
        self.foundation.store.scan(&VISIBLE, &KeyRange::all(), 100_000, Order::Rising).await.unwrap()
    }

    async fn seen(&self, who: AccountId) -> look_around::Seen {
        self.room.get_look_around(&self.cx(who), GetLookAroundRequest {}).await.unwrap().seen.unwrap()
    }
}

/// The people on cards, by the names that they were registered with, sorted.
fn ids(people: &[StrangerCard]) -> Vec<u64> {
    let id = |card: &StrangerCard| card.name.strip_prefix("person_").and_then(|id| id.parse().ok());
    let mut ids: Vec<u64> = people.iter().map(|card| id(card).expect("registered so")).collect();
    ids.sort_unstable();
    ids
}

fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}
