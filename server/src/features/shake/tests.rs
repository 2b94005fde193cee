//! The Shake room on a store in memory: who is let in, who is told of whom, and who vanishes.

use super::*;
use crate::bus::Passing;
use crate::call::{Caller, Cx, Session};
use crate::delivery::Connection;
use crate::error::Error;
use crate::features::accounts::audit::By;
use crate::features::accounts::fixture::register;
use crate::features::accounts::sanctions;
use crate::features::contacts::set_block;
use crate::features::greetings::GreetingsConfig;
use crate::features::place::{self, PlaceConfig};
use crate::features::testing::foundation_with_bus;
use crate::id::DeviceId;
use crate::store::Tx;
use crate::time::HOUR;
use std::collections::{HashMap, HashSet};
use teahouse_proto::ShakeApi;
use teahouse_proto::common::{Band, PageRequest, Position};
use teahouse_proto::safety::Sanction;
use teahouse_proto::safety::sanction::Kind;
use teahouse_proto::shake::*;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver};

const ANNA: AccountId = AccountId(1);
const BORIS: AccountId = AccountId(2);
const CLARA: AccountId = AccountId(3);
/// In Hangzhou, where many people live; in Berlin; nowhere.
const HERE: Option<(f64, f64)> = Some((30.2431, 120.1502));
const BERLIN: Option<(f64, f64)> = Some((52.52, 13.405));
const NOWHERE: Option<(f64, f64)> = None;

struct World {
    foundation: Foundation,
    room: Arc<Shake>,
    passing: Receiver<Passing>,
    _published: UnboundedReceiver<crate::bus::Published>,
    _devices: Vec<Connection>,
}

impl World {
    /// With so many people, all of whom have switched it on and listen. Time stands still.
    async fn new(people: u64) -> Self {
        let (foundation, published, passing) = foundation_with_bus();
        let room = Self::observed(&foundation);
        let registered = foundation.store.transact(move |tx| {
            (1..=people).try_for_each(|id| register(tx, AccountId(id), &format!("person_{id}"), Time(0)))
        });
        registered.await.unwrap();
        let devices =
            (1..=people).map(|id| foundation.delivery.connect(AccountId(id), DeviceId(id))).collect();
        let world = Self { foundation, room, passing, _published: published, _devices: devices };
        for id in 1..=people {
            world.switch(AccountId(id), true).await.unwrap();
        }
        tokio::time::pause();
        world
    }

    /// A room that hears of no commit.
    fn room(foundation: &Foundation) -> Arc<Shake> {
        let strangers = Strangers::new(foundation, &GreetingsConfig::default());
        let gate = Gate::new(foundation.clone(), PlaceConfig::default(), Vec::new());
        Shake::new(foundation.clone(), ShakeConfig::default(), gate, strangers)
    }

    fn observed(foundation: &Foundation) -> Arc<Shake> {
        let room = Self::room(foundation);
        foundation.store.observe(vec![room.strangers.observer(), room.clone()]);
        room
    }

    /// Time passes, on all clocks.
    async fn pass(&self, time: Duration) {
        self.foundation.clock.advance(time);
        tokio::time::advance(time).await;
    }

    fn cx(&self, who: AccountId) -> Cx {
        let session = Session::new(who, DeviceId(who.0), Time(0));
        Cx::new(Caller::new(Some(session.into()), [127, 0, 0, 1].into()), &self.foundation.clock)
    }

    async fn switch(&self, who: AccountId, on: bool) -> Result<UpdateShakeResponse> {
        let request = UpdateShakeRequest { enabled: Some(on), is_adult: true };
        self.room.update_shake(&self.cx(who), request).await
    }

    async fn try_shake(&self, who: AccountId, at: Option<(f64, f64)>) -> Result<ShakeResponse> {
        let position = at.map(|at| Position { latitude: at.0, longitude: at.1, accuracy_m: 20 });
        self.room.shake(&self.cx(who), ShakeRequest { position }).await
    }

    /// Partners in the answer.
    async fn shake(&self, who: AccountId, at: Option<(f64, f64)>) -> Vec<u64> {
        ids(&self.try_shake(who, at).await.unwrap().partners)
    }

    /// What is told by now: to whom, of whom, and whether nobody follows; sorted.
    async fn told(&mut self) -> Vec<(u64, Vec<u64>, bool)> {
        self.room.tell().await;
        let mut told = Vec::new();
        while let Ok(passing) = self.passing.try_recv() {
            let Some(FollowEvent::Shaken(shaken)) = &passing.message.event else { panic!("something else") };
            let to = passing.to.accounts().iter().map(|to| (to.0, ids(&shaken.partners), shaken.over));
            told.extend(to);
        }
        told.sort_unstable();
        told
    }

    /// What is told until all windows are over.
    async fn told_at_last(&mut self) -> Vec<(u64, Vec<u64>, bool)> {
        self.pass(Duration::from_millis(5_001)).await;
        self.told().await
    }

    async fn list(&self, who: AccountId) -> Vec<u64> {
        let answer = self.room.list_shaken(&self.cx(who), ListShakenRequest::default()).await.unwrap();
        assert!(answer.next.is_empty());
        let id = |card: &StrangerCard| ids(std::slice::from_ref(card))[0];
        answer.people.iter().map(id).collect()
    }

    async fn forget(&self, who: AccountId) {
        self.room.forget(&self.cx(who), ForgetRequest {}).await.unwrap();
    }

    async fn tx<T: Send + 'static>(&self, f: impl Fn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static) -> T {
        self.foundation.store.transact(f).await.unwrap()
    }

    async fn block(&self, who: AccountId, whom: AccountId) {
        self.tx(move |tx| set_block(tx, who, whom)).await;
    }

    async fn sanction(&self, who: AccountId, kind: Kind) {
        let mut new = Sanction::default();
        new.set_area(teahouse_proto::safety::Area::Shake);
        new.set_kind(kind);
        let now = self.foundation.clock.now();
        self.tx(move |tx| sanctions::sanction(tx, who, &new, By::Operator, now).map(drop)).await;
    }
}

/// The people on cards, by the names that they were registered with, sorted.
fn ids(people: &[StrangerCard]) -> Vec<u64> {
    let id = |card: &StrangerCard| card.name.strip_prefix("person_").and_then(|id| id.parse().ok());
    let mut ids: Vec<u64> = people.iter().map(|card| id(card).expect("registered so")).collect();
    ids.sort_unstable();
    ids
}

fn reason<T: std::fmt::Debug>(refused: Result<T>) -> &'static str {
    refused.map_err(|error: Error| error.reason()).expect_err("refused")
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[tokio::test]
async fn two_who_shake_at_the_same_time_see_each_other() {
    let mut world = World::new(3).await;
    let first = world.try_shake(ANNA, HERE).await.unwrap();
    assert_eq!(first.partners, []);
    world.pass(seconds(3)).await;
    let second = world.try_shake(BORIS, HERE).await.unwrap();
    let card = &second.partners[0];
    assert_eq!((card.name.as_str(), card.way(), card.band()), ("person_1", Way::Shake, Band::Cell500M));
    assert_ne!((first.shake_id, second.shake_id), (0, 0));
    assert!((3_000..9_000).contains(&(second.window_ends_at_ms - first.window_ends_at_ms)));
    let stranger = world.room.strangers.read(BORIS, &card.handle, world.foundation.clock.now()).unwrap();
    assert_eq!((stranger.person, stranger.way, stranger.band), (ANNA, Way::Shake, Band::Cell500M));
    assert_eq!(world.told().await, [], "once a second");
    world.pass(seconds(1)).await;
    assert_eq!(world.told().await, [(1, vec![2], false)]);
    assert_eq!(world.shake(CLARA, BERLIN).await, [0; 0]);
    // The world comes when the first window ends.
    world.pass(Duration::from_millis(1_001)).await;
    assert_eq!(world.told().await, [(1, vec![3], true)]);
    assert_eq!(world.told_at_last().await, [(2, vec![3], true), (3, vec![1, 2], true)]);
    assert_eq!((world.list(ANNA).await, world.list(BORIS).await), (vec![3, 2], vec![3, 1]));
}

#[tokio::test]
async fn who_has_no_position_meets_the_world_and_nobody_is_told_how_far() {
    let mut world = World::new(3).await;
    for who in [ANNA, BORIS, CLARA] {
        assert_eq!(world.shake(who, if who == CLARA { HERE } else { NOWHERE }).await, [0; 0]);
    }
    let all = [(1, vec![2, 3], true), (2, vec![1, 3], true), (3, vec![1, 2], true)];
    assert_eq!(world.told_at_last().await, all);
    let list = world.room.list_shaken(&world.cx(CLARA), ListShakenRequest::default()).await.unwrap();
    assert!(list.people.iter().all(|card| card.band() == Band::Unspecified));
}

#[tokio::test]
async fn nobody_shakes_before_it_is_on_and_only_adults_switch_it_on() {
    let world = World::new(1).await;
    let cx = world.cx(ANNA);
    world.switch(ANNA, false).await.unwrap();
    assert_eq!(reason(world.try_shake(ANNA, HERE).await), "PLUG_IN_OFF");
    assert_eq!(world.tx(|tx| place::published(tx, ANNA)).await, None, "nothing is read");
    world.switch(ANNA, true).await.unwrap();
    assert_eq!(world.shake(ANNA, HERE).await, [0; 0], "a refusal is no shake");
    let seen = world.room.get_shake(&cx, GetShakeRequest {}).await.unwrap();
    assert_eq!(seen.settings, Some(Settings { enabled: true, is_adult: true }));
    let card = seen.seen.unwrap();
    assert_eq!((card.name.as_str(), card.way(), card.handle.len()), ("person_1", Way::Shake, 0));

    let young = AccountId(7);
    world.tx(move |tx| register(tx, young, "person_7", Time(0))).await;
    let on = UpdateShakeRequest { enabled: Some(true), is_adult: false };
    assert_eq!(reason(world.room.update_shake(&world.cx(young), on).await), "AGE_NOT_CONFIRMED");
    assert_eq!(reason(world.try_shake(young, NOWHERE).await), "PLUG_IN_OFF");
    world.sanction(young, Kind::Minor).await;
    assert_eq!(reason(world.switch(young, true).await), "PLUG_IN_CLOSED");
}

#[tokio::test]
async fn one_shake_in_two_seconds_and_two_hundred_a_day() {
    let mut world = World::new(1).await;
    world.shake(ANNA, NOWHERE).await;
    world.pass(Duration::from_millis(1_500)).await;
    let refused = world.try_shake(ANNA, NOWHERE).await.unwrap_err();
    assert_eq!((refused.reason(), refused.retry_after_ms()), ("RATE_LIMITED", 500));
    world.pass(Duration::from_millis(500)).await;
    for n in 1..199 {
        world.shake(ANNA, NOWHERE).await;
        // What was drawn and not used in time is not lost.
        world.pass(if n % 7 == 0 { seconds(601) } else { seconds(2) }).await;
        world.told().await;
    }
    world.shake(ANNA, NOWHERE).await;
    world.pass(seconds(2)).await;
    assert_eq!(reason(world.try_shake(ANNA, NOWHERE).await), "RATE_LIMITED");
    world.pass(HOUR * 23).await;
    world.try_shake(ANNA, NOWHERE).await.unwrap();
}

#[tokio::test]
async fn a_restart_gives_nobody_more_shakes() {
    let mut world = World::new(1).await;
    let mut shakes = 0;
    loop {
        world.room = World::room(&world.foundation);
        if world.try_shake(ANNA, NOWHERE).await.is_err() {
            break;
        }
        shakes += 1;
    }
    assert_eq!(shakes, 20, "what was drawn counts");
}

#[tokio::test]
async fn who_blocks_or_is_blocked_is_not_met_and_not_remembered() {
    let mut world = World::new(3).await;
    world.block(ANNA, BORIS).await;
    for who in [ANNA, BORIS, CLARA] {
        world.shake(who, HERE).await;
    }
    let told = world.told_at_last().await;
    assert_eq!(told, [(1, vec![3], true), (2, vec![3], true), (3, vec![], true)]);
    // Clara meets him again, blocks him before he is told, and he never is.
    world.shake(BORIS, HERE).await;
    assert_eq!(world.shake(CLARA, HERE).await, [2]);
    world.block(CLARA, BORIS).await;
    assert_eq!(world.told_at_last().await, [(2, vec![], true), (3, vec![], true)]);
    assert_eq!((world.list(BORIS).await, world.list(CLARA).await), (vec![], vec![1]));
    assert_eq!(world.shake(BORIS, HERE).await, [0; 0]);
    assert_eq!(world.shake(CLARA, HERE).await, [0; 0]);
}

#[tokio::test]
async fn who_forgets_vanishes_from_windows_and_memories_and_cannot_shake() {
    let mut world = World::new(3).await;
    for who in [ANNA, BORIS] {
        world.shake(who, HERE).await;
    }
    world.told_at_last().await;
    assert_eq!((world.list(ANNA).await, world.list(BORIS).await), (vec![2], vec![1]));
    world.pass(seconds(10)).await;
    assert_eq!(world.shake(CLARA, HERE).await, [0; 0]);
    assert_eq!(world.shake(BORIS, HERE).await, [3]);
    world.forget(BORIS).await;
    assert_eq!(world.told_at_last().await, [(2, vec![], true), (3, vec![], true)]);
    assert_eq!(
        (world.list(ANNA).await, world.list(BORIS).await, world.list(CLARA).await),
        (vec![], vec![], vec![])
    );
    for at in [HERE, NOWHERE] {
        assert_eq!(reason(world.try_shake(BORIS, at).await), "POSITION_CLOSED");
        world.pass(seconds(2)).await;
    }
    world.pass(HOUR).await;
    world.shake(BORIS, HERE).await;
    assert_eq!(world.shake(ANNA, HERE).await, [2]);
}

#[tokio::test]
async fn who_switches_it_off_or_finds_it_closed_is_met_by_nobody() {
    let mut world = World::new(3).await;
    for who in [ANNA, BORIS] {
        world.shake(who, NOWHERE).await;
    }
    world.switch(ANNA, false).await.unwrap();
    world.sanction(BORIS, Kind::Restriction).await;
    assert_eq!(world.shake(CLARA, NOWHERE).await, [0; 0]);
    assert_eq!(world.told_at_last().await, [(1, vec![], true), (2, vec![], true), (3, vec![], true)]);
    assert_eq!(reason(world.try_shake(ANNA, NOWHERE).await), "PLUG_IN_OFF");
    assert_eq!(reason(world.try_shake(BORIS, NOWHERE).await), "RESTRICTED");
    assert_eq!(reason(world.switch(BORIS, true).await), "RESTRICTED");
    world.switch(BORIS, false).await.unwrap();
}

#[tokio::test]
async fn news_under_way_do_not_tell_of_who_was_blocked_meanwhile() {
    let mut world = World::new(3).await;
    for who in [ANNA, BORIS, CLARA] {
        world.shake(who, HERE).await;
    }
    world.pass(seconds(1)).await;
    let news = world.room.lock().news(world.room.now_ms(), world.foundation.clock.now());
    world.block(ANNA, BORIS).await;
    world.forget(CLARA).await;
    for one in news {
        world.room.tell_one(one, world.foundation.clock.now()).await.unwrap();
    }
    world.room.lock().told();
    let told = world.told().await;
    assert!(told.iter().all(|(_, partners, _)| partners.is_empty()), "{told:?}");
}

#[tokio::test]
async fn the_clock_on_the_wall_does_not_move_windows() {
    let mut world = World::new(2).await;
    world.shake(ANNA, HERE).await;
    world.foundation.clock.advance(HOUR * 3);
    assert_eq!(world.shake(BORIS, HERE).await, [1]);
    world.pass(seconds(6)).await;
    world.told().await;
    world.shake(ANNA, NOWHERE).await;
    tokio::time::advance(Duration::from_millis(5_001)).await;
    world.shake(BORIS, NOWHERE).await;
    assert_eq!(world.told_at_last().await, [(1, vec![], true), (2, vec![], true)]);
}

#[tokio::test]
async fn the_list_has_pages_and_can_be_cleared() {
    let mut world = World::new(61).await;
    for other in 2..=61 {
        world.shake(AccountId(other), HERE).await;
        if other % 10 == 1 {
            world.shake(ANNA, HERE).await;
            world.pass(seconds(11)).await;
            world.told().await;
        }
    }
    let page = async |cursor| {
        let page = Some(PageRequest { limit: 25, cursor });
        world.room.list_shaken(&world.cx(ANNA), ListShakenRequest { page }).await
    };
    let (mut met, mut sizes, mut cursor) = (HashSet::new(), Vec::new(), bytes::Bytes::new());
    loop {
        let answer = page(cursor).await.unwrap();
        sizes.push(answer.people.len());
        met.extend(ids(&answer.people));
        cursor = answer.next;
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!((sizes, met.len()), (vec![25, 25, 10], 60));
    assert_eq!(reason(page(vec![1; 40].into()).await), "CURSOR_INVALID");
    world.room.clear_shaken(&world.cx(ANNA), ClearShakenRequest {}).await.unwrap();
    assert_eq!((world.list(ANNA).await, world.list(BORIS).await.contains(&1)), (vec![], true));
}

/// From several threads at once: nobody sees somebody who does not see them, and nobody sees more than there are places.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_see_each_other() {
    const PEOPLE: u64 = 400;
    let (foundation, _published, mut passing) = foundation_with_bus();
    let room = World::observed(&foundation);
    let registered = foundation.store.transact(|tx| {
        (1..=PEOPLE).try_for_each(|id| {
            register(tx, AccountId(id), &format!("person_{id}"), Time(0))?;
            tx.put(&tables::SETTINGS, &AccountId(id), &tables::SettingsRow { enabled: true })
        })
    });
    registered.await.unwrap();
    let devices: Vec<_> =
        (1..=PEOPLE).map(|id| foundation.delivery.connect(AccountId(id), DeviceId(id))).collect();
    let shakes = (1..=PEOPLE).map(|id| {
        let (room, clock) = (room.clone(), foundation.clock.clone());
        tokio::spawn(async move {
            let session = Session::new(AccountId(id), DeviceId(id), Time(0));
            let cx = Cx::new(Caller::new(Some(session.into()), [127, 0, 0, 1].into()), &clock);
            let position = HERE.filter(|_| id % 3 > 0);
            let position =
                position.map(|(latitude, longitude)| Position { latitude, longitude, accuracy_m: 20 });
            (id, ids(&room.shake(&cx, ShakeRequest { position }).await.unwrap().partners))
        })
    });
    let mut met: HashMap<u64, Vec<u64>> = HashMap::new();
    for shake in futures::future::join_all(shakes).await {
        let (id, partners) = shake.unwrap();
        met.insert(id, partners);
    }
    let running = tokio::spawn(room.clone().run());
    let mut open = PEOPLE;
    while open > 0 {
        let told = tokio::time::timeout(seconds(60), passing.recv()).await.expect("told in time").unwrap();
        let Some(FollowEvent::Shaken(shaken)) = &told.message.event else { panic!("something else") };
        let id = told.to.accounts()[0].0;
        met.get_mut(&id).unwrap().extend(ids(&shaken.partners));
        open -= u64::from(shaken.over);
    }
    running.abort();
    drop(devices);
    for (id, partners) in &met {
        let others: HashSet<_> = partners.iter().collect();
        assert!(others.len() == partners.len() && partners.len() <= matching::PLACES && !others.contains(id));
        assert!(partners.iter().all(|other| met[other].contains(id)), "if I see you, you see me");
    }
    let full = met.values().filter(|partners| partners.len() == matching::PLACES).count();
    assert!(full as u64 >= PEOPLE - 2 * matching::PLACES as u64, "{full}");
}
