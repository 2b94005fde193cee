//! All that the room keeps in memory: who shakes, who met whom, and who was let in lately. Under one lock, so that what commits
//! change is true for all of it at once, before they are answered. It knows no store and no cards.

use super::history::{History, Met};
use super::matching::{Arrival, Matching, News, Partner};
use crate::features::greetings;
use crate::id::AccountId;
use crate::time::Time;
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use teahouse_proto::common::Band;

/// News may be late by so much, so that those that are due together are told together.
pub(super) const TICK_MS: u64 = 50;

/// Somebody who shook lately.
#[derive(Default)]
struct Regular {
    /// When they shook last, on the room's own clock.
    last_ms: Option<u64>,
    /// Shakes that are drawn and not used, and until when they can be.
    left: u32,
    until: Time,
    /// Whom they must not meet. None: it is to be looked up whether they may shake, and whom they may meet.
    hidden: Option<HashSet<AccountId>>,
}

/// What must not be told any more of news that are under way.
enum Gone {
    Person(AccountId),
    Pair(AccountId, AccountId),
}

/// What is in memory.
pub(super) struct Now {
    matching: Matching,
    history: History,
    regulars: HashMap<AccountId, Regular>,
    /// Grows with whatever may keep somebody from meeting somebody.
    changes: u64,
    /// What changed since the news were taken that are under way.
    gone: Option<Vec<Gone>>,
    /// When the news are looked for next.
    planned_ms: u64,
}

impl Now {
    pub(super) fn new(window: Duration, remembered: Duration) -> Self {
        let window_ms = u64::try_from(window.as_millis()).unwrap_or(u64::MAX / 4);
        Self {
            matching: Matching::new(window_ms),
            history: History::new(remembered),
            regulars: HashMap::new(),
            changes: 0,
            gone: None,
            planned_ms: 0,
        }
    }

    /// Somebody wants to shake. How long they must wait, where they just did.
    pub(super) fn pace(&mut self, me: AccountId, now_ms: u64, every_ms: u64) -> Result<(), u64> {
        let regular = self.regulars.entry(me).or_default();
        let wait = regular.last_ms.map_or(0, |last| (last + every_ms).saturating_sub(now_ms));
        if wait > 0 {
            return Err(wait);
        }
        regular.last_ms = Some(now_ms);
        Ok(())
    }

    /// Somebody may not shake, and nothing is to be remembered of the attempt.
    pub(super) fn dismiss(&mut self, me: AccountId) {
        self.regulars.remove(&me);
    }

    /// Whether somebody may shake, as far as is known here.
    pub(super) fn is_admitted(&self, me: AccountId, now: Time) -> bool {
        self.regulars
            .get(&me)
            .is_some_and(|regular| regular.hidden.is_some() && regular.left > 0 && now < regular.until)
    }

    /// Tells apart what was looked up before something changed.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    /// Takes out the shakes that somebody has left: how many, and whether they can still be used.
    pub(super) fn take_left(&mut self, me: AccountId, now: Time) -> (u32, bool) {
        let regular = self.regulars.entry(me).or_default();
        (std::mem::take(&mut regular.left), now < regular.until)
    }

    /// Gives somebody shakes, to be used until then.
    pub(super) fn give(&mut self, me: AccountId, left: u32, until: Option<Time>) {
        let regular = self.regulars.entry(me).or_default();
        regular.left += left;
        regular.until = until.unwrap_or(regular.until);
    }

    /// Somebody may shake, and not meet these. Nothing comes of it where anything changed since `changes` was read.
    pub(super) fn admit(&mut self, me: AccountId, hidden: HashSet<AccountId>, changes: u64) {
        if self.changes == changes {
            self.regulars.entry(me).or_default().hidden = Some(hidden);
        }
    }

    /// Somebody shakes; `arrival` is without whom they must not meet. None: they are not let in at the moment. Whether news
    /// are due before they are looked for.
    pub(super) fn arrive(
        &mut self,
        now_ms: u64,
        now: Time,
        mut arrival: Arrival,
    ) -> Option<(Vec<Partner>, bool)> {
        let me = arrival.account;
        if !self.is_admitted(me, now) {
            return None;
        }
        let regular = self.regulars.get_mut(&me)?;
        regular.left -= 1;
        arrival.hidden.clone_from(regular.hidden.as_ref()?);
        let partners = self.matching.arrive(now_ms, arrival);
        self.remember(me, &partners, now);
        let due_ms = self.matching.next_due_ms().unwrap_or(u64::MAX);
        Some((partners, due_ms.saturating_add(TICK_MS) < self.planned_ms))
    }

    /// What is to be told by now. Until [`Now::told`], [`Now::strike`] knows what changes.
    pub(super) fn news(&mut self, now_ms: u64, now: Time) -> Vec<News> {
        self.gone = Some(Vec::new());
        let news = self.matching.news(now_ms);
        for one in &news {
            self.remember(one.account, &one.partners, now);
        }
        news
    }

    /// All news that were taken are told.
    pub(super) fn told(&mut self) {
        self.gone = None;
    }

    /// Takes out of news who must not be told of any more. Whether anybody was.
    pub(super) fn strike(&self, news: &mut News) -> bool {
        let (me, before) = (news.account, news.partners.len());
        for gone in self.gone.iter().flatten() {
            news.partners.retain(|Partner { account: other, .. }| match gone {
                Gone::Person(person) => person != other && *person != me,
                Gone::Pair(a, b) => (a, b) != (&me, other) && (b, a) != (&me, other),
            });
        }
        news.partners.len() < before
    }

    /// When to look for news: as soon as any is due, but not before `earliest_ms`, and at `latest_ms` at the latest.
    pub(super) fn plan(&mut self, earliest_ms: u64, latest_ms: u64) -> u64 {
        let due_ms = self.matching.next_due_ms().unwrap_or(latest_ms);
        self.planned_ms = due_ms.clamp(earliest_ms, latest_ms);
        self.planned_ms
    }

    /// Nobody meets somebody any more until it was looked up again whether they may shake.
    pub(super) fn leave(&mut self, account: AccountId) {
        self.changed(Gone::Person(account));
        self.matching.leave(account);
        if let Some(regular) = self.regulars.get_mut(&account) {
            regular.hidden = None;
        }
    }

    /// The same, and nobody remembers them.
    pub(super) fn vanish(&mut self, account: AccountId, now: Time) {
        self.leave(account);
        self.history.vanish(account, now);
    }

    /// Two people are kept apart from now on.
    pub(super) fn part(&mut self, one: AccountId, other: AccountId) {
        self.changed(Gone::Pair(one, other));
        self.matching.part(one, other);
        self.history.part(one, other);
        for (me, them) in [(one, other), (other, one)] {
            if let Some(hidden) = self.regulars.get_mut(&me).and_then(|regular| regular.hidden.as_mut()) {
                hidden.insert(them);
            }
        }
    }

    /// Whom somebody met before number `before`, the latest first.
    pub(super) fn shaken(&self, me: AccountId, before: Option<u64>, most: usize) -> Vec<Met> {
        self.history.list(me, before).take(most).collect()
    }

    /// Somebody forgets whom they met.
    pub(super) fn clear(&mut self, me: AccountId) {
        self.history.clear(me);
    }

    /// Drops what is of no use any more. For once in a while.
    pub(super) fn tidy(&mut self, now_ms: u64, now: Time, every_ms: u64) {
        self.history.tidy(now);
        self.regulars.retain(|_, regular| {
            now < regular.until
                || regular.left > 0
                || regular.last_ms.is_some_and(|last| now_ms < last + every_ms)
        });
        if self.regulars.len() * 4 < self.regulars.capacity() {
            self.regulars.shrink_to_fit();
        }
    }

    fn changed(&mut self, gone: Gone) {
        self.changes += 1;
        if let Some(so_far) = &mut self.gone {
            so_far.push(gone);
        }
    }

    /// The farthest are entered first: of those who come at once, the nearest are listed first.
    fn remember(&mut self, me: AccountId, partners: &[Partner], now: Time) {
        for partner in partners.iter().rev() {
            self.history.enter(me, partner.account, band(partner), now);
        }
    }
}

/// How far a partner is, as the wire says it.
pub(super) fn band(partner: &Partner) -> Band {
    partner.apart.map_or(Band::Unspecified, |(band, size)| greetings::band(band, size))
}
