//! The gate on a store in memory: what is read, refused, counted and forgotten.

use super::*;
use crate::bus::Event;
use crate::call::{Caller, Cx, Session};
use crate::error::{Error, Kind};
use crate::features::Foundation;
use crate::features::testing::foundation;
use crate::geo::Published;
use crate::id::DeviceId;
use crate::store::Order;
use crate::store::key::KeyRange;
use crate::time::{DAY, HOUR, Time};
use std::time::Duration;
use teahouse_proto::common::Position;

const ANNA: AccountId = AccountId(1);
/// In Hangzhou, where many people live.
const HOME: (f64, f64) = (30.2431, 120.1502);
/// As far from there as one can drive in half an hour.
const OFFICE: (f64, f64) = (30.2431, 120.4502);

struct Room {
    foundation: Foundation,
    gate: Gate,
    published: tokio::sync::mpsc::UnboundedReceiver<crate::bus::Published>,
}

impl Room {
    fn new() -> Self {
        Self::on(|_| {})
    }

    fn on(change: impl FnOnce(&mut Foundation)) -> Self {
        let (mut foundation, published) = foundation();
        change(&mut foundation);
        let gate = Gate::new(foundation.clone(), PlaceConfig::default(), Vec::new());
        Self { foundation, gate, published }
    }

    /// The same store after the process ended and began anew.
    fn restart(&mut self) {
        self.gate = Gate::new(self.foundation.clone(), PlaceConfig::default(), Vec::new());
    }

    fn pass(&self, time: Duration) {
        self.foundation.clock.advance(time);
    }

    fn now(&self) -> Time {
        self.foundation.clock.now()
    }

    fn cx(&self, device: u64) -> Cx {
        let made = Time(self.now().as_ms() - 5 * 86_400_000);
        let session = Session::new(ANNA, DeviceId(device), made);
        Cx::new(Caller::new(Some(session.into()), [127, 0, 0, 1].into()), &self.foundation.clock)
    }

    async fn read(&self, at: (f64, f64), use_: Use) -> Result<Published> {
        let position = Position { latitude: at.0, longitude: at.1, accuracy_m: 20 };
        self.gate.read(&self.cx(1), Some(&position), use_).await
    }

    async fn look(&self) -> Result<Published> {
        self.read(HOME, Use::Look).await
    }

    async fn forget(&self) -> Time {
        let (gate, now) = (self.gate.clone(), self.now());
        self.foundation.store.transact(move |tx| gate.forget(tx, ANNA, now)).await.unwrap()
    }

    async fn clear(&self) -> Time {
        let (gate, now) = (self.gate.clone(), self.now());
        self.foundation.store.transact(move |tx| gate.clear(tx, ANNA, now)).await.unwrap()
    }

    async fn row(&self) -> Option<tables::StateRow> {
        self.foundation.store.get(&STATE, &ANNA).await.unwrap()
    }
}

fn reason(error: &Error) -> (Kind, &'static str) {
    (error.kind(), error.reason())
}

#[tokio::test]
async fn one_position_is_read_in_ten_minutes_by_all_plug_ins() {
    let room = Room::new();
    let home = room.look().await.unwrap();
    assert!(home.is_new);
    assert!((599_000..=600_000).contains(&home.next_read_at.since(room.now()).as_millis()));
    room.pass(Duration::from_secs(590));
    let stamp = room.foundation.store.stamp();
    for use_ in [Use::Shake, Use::Look] {
        assert_eq!(room.read(OFFICE, use_).await.unwrap().cell, home.cell, "not read");
    }
    assert_eq!(room.foundation.store.stamp(), stamp, "and nothing is written");
    room.pass(Duration::from_secs(3_600));
    let office = room.read(OFFICE, Use::Shake).await.unwrap();
    assert_ne!(office.cell, home.cell);
    assert_eq!(room.look().await.unwrap().cell, office.cell);
    let seen = room.foundation.store.transact(|tx| published(tx, ANNA)).await.unwrap();
    assert_eq!(seen, Some(office.cell));
}

#[tokio::test]
async fn what_is_no_position_is_refused_and_leaves_nothing() {
    let room = Room::new();
    let cx = room.cx(1);
    let position = |latitude, longitude, accuracy_m| Some(Position { latitude, longitude, accuracy_m });
    for (position, expected) in [
        (None, "POSITION_INVALID"),
        (position(30.0, 120.0, 0), "POSITION_INVALID"),
        (position(90.1, 120.0, 5), "POSITION_INVALID"),
        (position(f64::NAN, 120.0, 5), "POSITION_INVALID"),
        (position(30.0, f64::INFINITY, 5), "POSITION_INVALID"),
        (position(30.0, 120.0, 2001), "POSITION_INACCURATE"),
        (position(30.0, 120.0, u32::MAX), "POSITION_INACCURATE"),
    ] {
        let refused = room.gate.read(&cx, position.as_ref(), Use::Look).await.unwrap_err();
        assert_eq!(reason(&refused), (Kind::Invalid, expected));
        assert!(!refused.message().contains("30") && refused.cause().is_none());
    }
    assert_eq!(room.row().await, None);
    room.look().await.unwrap();
    let before = room.row().await;
    room.pass(Duration::from_secs(600));
    let refused = room.read((48.85, 2.35), Use::Look).await.unwrap_err();
    assert_eq!(reason(&refused), (Kind::Precondition, "POSITION_TOO_FAST"));
    assert_eq!(room.row().await, before);
}

#[tokio::test]
async fn an_hour_has_thirty_looks_on_all_devices_and_over_restarts() {
    let mut room = Room::new();
    for _ in 0..30 {
        room.look().await.unwrap();
    }
    let refused = room.look().await.unwrap_err();
    assert_eq!(reason(&refused), (Kind::RateLimited, "RATE_LIMITED"));
    assert!(refused.retry_after_ms() > 3_590_000, "{}", refused.retry_after_ms());
    let position = Position { latitude: HOME.0, longitude: HOME.1, accuracy_m: 20 };
    assert!(room.gate.read(&room.cx(2), Some(&position), Use::Look).await.is_err(), "another device");
    room.restart();
    room.clear().await;
    room.pass(Duration::from_secs(601));
    assert!(room.look().await.is_err(), "neither a restart nor clearing refills it");
    room.forget().await;
    room.pass(Duration::from_secs(3_000));
    let refused = room.look().await.unwrap_err();
    assert_eq!(refused.reason(), "POSITION_CLOSED");
    room.pass(Duration::from_secs(600));
    room.look().await.unwrap();
}

#[tokio::test]
async fn a_restart_counts_what_was_reserved() {
    let mut room = Room::new();
    let stamps = room.foundation.store.stamp();
    for _ in 0..11 {
        room.look().await.unwrap();
    }
    assert_eq!(room.foundation.store.stamp() - stamps, 1, "one write for eleven looks");
    room.restart();
    for _ in 0..19 {
        room.look().await.unwrap();
    }
    assert!(room.look().await.is_err());
}

#[tokio::test]
async fn looks_side_by_side_are_counted_one_by_one() {
    let room = Room::new();
    let looks = (0..40).map(|_| room.look());
    let answers = futures::future::join_all(looks).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 30);
}

#[tokio::test]
async fn a_refused_look_leaves_what_was_reserved() {
    let room = Room::new();
    room.look().await.unwrap();
    room.pass(Duration::from_secs(600));
    for _ in 0..20 {
        let position = Position { latitude: HOME.0, longitude: HOME.1, accuracy_m: 20 };
        let cx = room.cx(1);
        let failed = room.gate.read_then(
            &cx,
            Some(&position),
            Use::Look,
            |_| false,
            |_, _| Err(Error::precondition("NOT_FRIENDS", "No.")),
        );
        assert_eq!(failed.await.unwrap_err().reason(), "NOT_FRIENDS");
    }
    for _ in 0..29 {
        room.look().await.unwrap();
    }
    assert!(room.look().await.is_err());
}

#[tokio::test]
async fn a_newcomer_has_a_fifth() {
    let room = Room::on(|foundation| foundation.on_loopback = false);
    for _ in 0..6 {
        room.look().await.unwrap();
    }
    assert_eq!(room.look().await.unwrap_err().reason(), "RATE_LIMITED");
    room.pass(HOUR);
    for n in 1..4 {
        room.pass(HOUR);
        room.read((HOME.0, HOME.1 + f64::from(n)), Use::Look).await.unwrap();
    }
    room.pass(HOUR);
    let refused = room.read((HOME.0, HOME.1 + 9.0), Use::Look).await.unwrap_err();
    assert_eq!(refused.reason(), "RATE_LIMITED", "the fifth new cell");
}

#[tokio::test]
async fn a_day_has_twenty_new_cells_over_all_plug_ins() {
    let room = Room::new();
    let uses = [Use::Look, Use::Shake];
    for n in 0..20 {
        room.pass(HOUR);
        room.read((HOME.0, HOME.1 + f64::from(n)), uses[n as usize % 2]).await.unwrap();
    }
    room.pass(HOUR);
    let before = room.row().await;
    for use_ in uses {
        let refused = room.read((HOME.0, HOME.1 + 20.0), use_).await.unwrap_err();
        assert_eq!(reason(&refused), (Kind::RateLimited, "RATE_LIMITED"));
    }
    assert_eq!(room.row().await, before);
    room.read((HOME.0, HOME.1 + 19.0), Use::Look).await.expect("no new one");
    room.pass(HOUR * 5);
    room.read((HOME.0, HOME.1 + 20.0), Use::Look).await.expect("the first is a day old");
}

#[tokio::test]
async fn who_clears_waits_and_keeps_the_cells_who_forgets_keeps_none() {
    let mut room = Room::new();
    let home = room.look().await.unwrap();
    let until = room.clear().await;
    assert_eq!(until.since(room.now()).as_secs().div_ceil(60), 10);
    let refused = room.look().await.unwrap_err();
    assert_eq!(reason(&refused), (Kind::RateLimited, "POSITION_CLOSED"));
    assert!((590_000..=600_000).contains(&refused.retry_after_ms()));
    assert_eq!(room.read(HOME, Use::Shake).await.unwrap_err().reason(), "POSITION_CLOSED");
    room.pass(Duration::from_secs(601));
    let near = room.read((HOME.0 + 0.004, HOME.1), Use::Look).await.unwrap();
    assert_eq!(near.cell, home.cell, "the same cell as before, although another one is nearer");

    let until = room.forget().await;
    assert_eq!(until.since(room.now()).as_secs().div_ceil(60), 60);
    assert!(room.foundation.store.transact(|tx| published(tx, ANNA)).await.unwrap().is_none());
    assert_eq!(room.gate.outlook(ANNA, room.now()).await.unwrap().closed_until, Some(until));
    room.clear().await;
    assert_eq!(room.gate.outlook(ANNA, room.now()).await.unwrap().closed_until, Some(until), "no sooner");
    room.published.close();
    let mut told = Vec::new();
    while let Some((_, events)) = room.published.recv().await {
        told.extend(events);
    }
    let forgotten = |event: &Event| matches!(event, Event::PlaceForgotten { account } if *account == ANNA);
    assert_eq!(told.iter().filter(|event| forgotten(event)).count(), 1);
    room.pass(HOUR);
    assert!(room.read((HOME.0 + 0.004, HOME.1), Use::Look).await.unwrap().is_new);
}

#[tokio::test]
async fn being_old_enough_is_said_once_and_outlives_all() {
    let room = Room::new();
    let is_said = || room.foundation.store.transact(|tx| is_adult(tx, ANNA));
    assert!(!is_said().await.unwrap());
    room.foundation.store.transact(|tx| confirm_adult(tx, ANNA)).await.unwrap();
    room.look().await.unwrap();
    room.forget().await;
    room.pass(DAY * 60);
    room.gate.sweep(room.now(), Duration::ZERO).await.unwrap();
    assert!(is_said().await.unwrap());
    assert_eq!(room.row().await, Some(tables::StateRow { is_adult: true, ..Default::default() }));
}

#[tokio::test]
async fn what_expires_is_deleted() {
    let room = Room::new();
    room.look().await.unwrap();
    room.pass(DAY * 29);
    let (gate, now) = (room.gate.clone(), room.now());
    gate.sweep(now, Duration::ZERO).await.unwrap();
    let kept = room.row().await.unwrap();
    assert!(kept.looks.is_none() && kept.state.unwrap().published().is_some());
    room.pass(DAY);
    gate.sweep(room.now(), Duration::ZERO).await.unwrap();
    let left = room.foundation.store.scan(&STATE, &KeyRange::all(), 9, Order::Rising).await.unwrap();
    assert_eq!(left, []);
}

#[tokio::test]
async fn nothing_that_is_stored_holds_a_position() {
    let room = Room::new();
    room.look().await.unwrap();
    let rows = room.foundation.store.rows();
    let holds = |degrees: f64| {
        let mut forms = vec![degrees.to_le_bytes().to_vec(), degrees.to_be_bytes().to_vec()];
        forms.push(degrees.to_string().into_bytes());
        forms.push((degrees as f32).to_le_bytes().to_vec());
        rows.values().any(|row| forms.iter().any(|form| row.windows(form.len()).any(|part| part == form)))
    };
    assert!(!holds(HOME.0) && !holds(HOME.1));
}
