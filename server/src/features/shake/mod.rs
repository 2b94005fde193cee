//! Shake: people who shake their devices at the same time come upon each other. Who shakes and who met whom is in memory
//! alone; a cell is forgotten with its window. The room never sees a position, and does not know what strangers do once
//! they have met.

mod api;
mod config;
mod history;
pub mod matching;
mod now;
mod rules;
mod seed;
mod tables;
#[cfg(test)]
mod tests;

pub use config::ShakeConfig;
pub use seed::seed;

use super::Foundation;
use super::greetings::Strangers;
use super::pages::{List, Pages};
use super::place::Gate;
use crate::bus::{Audience, Event, Subscriber};
use crate::error::Result;
use crate::id::AccountId;
use crate::restrictions::Area;
use crate::time::Time;
use matching::{News, Partner};
use now::{Now, TICK_MS, band};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use teahouse_proto::common::{StrangerCard, Way};
use teahouse_proto::shake::Shaken;
use teahouse_proto::sync::FollowResponse;
use teahouse_proto::sync::follow_response::Event as FollowEvent;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Between two tidyings of what is in memory, in milliseconds.
const TIDY_EVERY_MS: u64 = 60_000;
/// People whom somebody met by shaking.
const SHAKEN: List = List { name: "shaken", of: 0, default: 50, max: 50 };

/// The Shake room.
pub struct Shake {
    foundation: Foundation,
    config: ShakeConfig,
    gate: Gate,
    strangers: Strangers,
    pages: Pages,
    /// What windows are measured from. The clock on the wall may be set; this one may not.
    began: Instant,
    now: Mutex<Now>,
    /// News are due sooner than it was planned.
    sooner: Notify,
}

impl Shake {
    /// The room. It must be named to [`crate::store::Store::observe`], and [`Shake::run`] must run.
    pub fn new(foundation: Foundation, config: ShakeConfig, gate: Gate, strangers: Strangers) -> Arc<Self> {
        let now = Mutex::new(Now::new(config.window(), config.remembered()));
        let pages = Pages::new(foundation.seal.clone(), "shake.page");
        let (began, sooner) = (Instant::now(), Notify::new());
        Arc::new(Self { foundation, config, gate, strangers, pages, began, now, sooner })
    }

    /// Work in the background, for as long as the server runs: tells of partners, and ends windows.
    pub async fn run(self: Arc<Self>) {
        let (mut told_ms, mut tidied_ms) = (0, 0);
        loop {
            let planned_ms = self.lock().plan(told_ms + TICK_MS, tidied_ms + TIDY_EVERY_MS);
            tokio::select! {
                () = self.sooner.notified() => continue,
                () = tokio::time::sleep_until(self.began + Duration::from_millis(planned_ms)) => {}
            }
            told_ms = self.now_ms();
            self.tell().await;
            if told_ms >= tidied_ms + TIDY_EVERY_MS {
                tidied_ms = told_ms;
                self.lock().tidy(told_ms, self.foundation.clock.now(), self.every_ms());
            }
        }
    }

    /// Tells all that is due.
    async fn tell(&self) {
        let now = self.foundation.clock.now();
        let news = self.lock().news(self.now_ms(), now);
        for one in news {
            // Who is not here finds them in the list.
            if !self.foundation.delivery.is_online(one.account) {
                continue;
            }
            if let Err(error) = self.tell_one(one, now).await {
                tracing::warn!(%error, "partners of a shake could not be told; they are in the list");
            }
        }
        self.lock().told();
    }

    async fn tell_one(&self, mut news: News, now: Time) -> Result<()> {
        loop {
            let partners = self.cards(news.account, &news.partners, now).await?;
            let Some(room) = self.foundation.bus.room().await else { return Ok(()) };
            // Who was blocked while the cards were made is not told of once that is answered.
            let memory = self.lock();
            if memory.strike(&mut news) {
                continue;
            }
            let shaken = Shaken { shake_id: news.shake_id, partners, over: news.over };
            let event = Some(FollowEvent::Shaken(shaken));
            room.tell(Audience::Account(news.account), FollowResponse { event, ..FollowResponse::default() });
            return Ok(());
        }
    }

    async fn cards(&self, me: AccountId, partners: &[Partner], now: Time) -> Result<Vec<StrangerCard>> {
        let found: Vec<_> = partners.iter().map(|partner| (partner.account, band(partner))).collect();
        self.strangers.cards(me, Way::Shake, &found, now).await
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn every_ms(&self) -> u64 {
        u64::try_from(self.config.every().as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber for Shake {
    fn on_commit(&self, _: u64, events: &[Event]) {
        for event in events {
            match event {
                Event::PlaceForgotten { account } => {
                    self.lock().vanish(*account, self.foundation.clock.now());
                }
                Event::Sanctioned { account, restrictions } => {
                    let now = self.foundation.clock.now();
                    if restrictions.closed_until(Area::Shake, now).is_some() {
                        self.lock().vanish(*account, now);
                    }
                }
                Event::Parted { one, other } => self.lock().part(*one, *other),
                _ => {}
            }
        }
    }

    /// Nobody knows who may meet whom any more: all begin anew.
    fn on_lost(&self) {
        *self.lock() = Now::new(self.config.window(), self.config.remembered());
    }
}
