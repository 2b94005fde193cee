//! One open shake, and the person who shakes.

use super::free::Found;
use super::{Arrival, News, PLACES, Partner};
use crate::geo::Spot;
use crate::id::AccountId;
use std::collections::HashSet;

/// Between two events of one shake, in milliseconds.
const TELL_EVERY_MS: u64 = 1_000;

/// A shake whose window is open, or closes just now.
pub(super) struct Shake {
    pub id: u64,
    pub account: AccountId,
    pub at_ms: u64,
    pub spot: Option<Spot>,
    /// The person met others a moment ago, whom this shake must not meet until a while has passed.
    pub is_again: bool,
    hidden: HashSet<AccountId>,
    place: u64,
    /// Where its searches begin in the rings.
    pub start: u64,
    taken: usize,
    /// Partners who were not told yet.
    pub news: Vec<Partner>,
    /// When something was told last: the answer counts.
    told_ms: u64,
    /// When something is told next; none: when the window ends.
    pub due_ms: Option<u64>,
}

impl Shake {
    pub(super) fn new(now_ms: u64, arrival: Arrival, is_again: bool) -> Self {
        let [place, start] = arrival.draw;
        Self {
            id: arrival.shake_id,
            account: arrival.account,
            at_ms: now_ms,
            spot: arrival.cell.map(Spot::new),
            is_again,
            hidden: arrival.hidden,
            place,
            start,
            taken: 0,
            news: Vec::new(),
            told_ms: now_ms,
            due_ms: None,
        }
    }

    /// Where those who look for people with free places find it.
    pub(super) fn found(&self) -> Found {
        Found { place: self.place, account: self.account, spot: self.spot }
    }

    /// Places that nobody took.
    pub(super) fn places(&self) -> usize {
        PLACES - self.taken
    }

    pub(super) fn hides(&self, other: AccountId) -> bool {
        self.hidden.contains(&other)
    }

    pub(super) fn hide(&mut self, other: AccountId) {
        self.hidden.insert(other);
    }

    pub(super) fn meet(&mut self, partner: Partner) {
        self.taken += 1;
        self.news.push(partner);
    }

    /// What is to be told of it now, if anything.
    pub(super) fn tell(&mut self, now_ms: u64) -> Option<News> {
        self.told_ms = now_ms;
        let partners = std::mem::take(&mut self.news);
        let news = News { account: self.account, shake_id: self.id, partners, over: false };
        (!news.partners.is_empty()).then_some(news)
    }

    /// When to tell of what is new: whole seconds after it began, save the last, after which the end is told.
    pub(super) fn next_telling_ms(&self, now_ms: u64, window_ms: u64) -> Option<u64> {
        let seconds = (now_ms - self.at_ms) / TELL_EVERY_MS + 1;
        let due_ms = (self.at_ms + seconds * TELL_EVERY_MS).max(self.told_ms + TELL_EVERY_MS);
        (due_ms + TELL_EVERY_MS <= self.at_ms + window_ms).then_some(due_ms)
    }
}

/// Somebody who shakes, or did a moment ago.
#[derive(Default)]
pub(super) struct Person {
    pub shake: Option<Shake>,
    /// Whom not to meet again, until when.
    met: Vec<(AccountId, u64)>,
}

impl Person {
    pub(super) fn note(&mut self, other: AccountId, until_ms: u64) {
        self.met.push((other, until_ms));
    }

    /// Drops those who may be met again.
    pub(super) fn forget(&mut self, now_ms: u64) {
        self.met.retain(|(_, until)| *until >= now_ms);
    }

    pub(super) fn has_met(&self, other: AccountId, now_ms: u64) -> bool {
        self.met.iter().any(|(met, until)| *met == other && *until >= now_ms)
    }

    pub(super) fn partners(&self) -> impl Iterator<Item = AccountId> {
        self.met.iter().map(|(other, _)| *other)
    }

    /// Whether nothing is left to remember.
    pub(super) fn is_idle(&self) -> bool {
        self.shake.is_none() && self.met.is_empty()
    }
}
