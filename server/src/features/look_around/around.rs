//! Who can be found, in memory: the index of places, with until when each person is in it and whether friends may not see
//! them. It does not know who looks.

use crate::bus::Nearby;
use crate::geo::{Cell, Index};
use crate::id::AccountId;
use crate::time::{HOUR, Time};
use std::collections::{BTreeSet, HashMap, HashSet};

/// How somebody is in the index, besides where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// Until when.
    pub(super) until: Time,
    /// For how many hours since they looked.
    pub(super) hours: u8,
}

impl Shown {
    fn new(nearby: &Nearby) -> Self {
        let hours = u8::try_from(nearby.hours).unwrap_or(u8::MAX);
        let until = nearby.looked_at + HOUR * nearby.hours;
        Self { until, hours }
    }

    /// When they looked, as far as it was written down.
    pub(super) fn looked_at(self) -> Time {
        self.until - HOUR * u32::from(self.hours)
    }
}

/// Who can be found.
pub(super) struct Around {
    index: Index,
    shown: HashMap<AccountId, Shown>,
    /// The same people by when their time is over.
    ends: BTreeSet<(Time, AccountId)>,
    /// Those of them whom friends do not see.
    hiders: HashSet<AccountId>,
}

impl Around {
    /// Nobody.
    pub(super) fn new(secret: &[u8; 32]) -> Self {
        Self::load(secret, &HashMap::new())
    }

    /// These people. Quicker than one by one. A cell that the grid no longer has is none.
    pub(super) fn load(secret: &[u8; 32], people: &HashMap<AccountId, Nearby>) -> Self {
        let placed = |(account, nearby): (&AccountId, &Nearby)| {
            Some((*account, (Cell::from_number(nearby.cell)?, nearby.gender)))
        };
        let index = Index::load(secret, people.iter().filter_map(placed).collect());
        let known = || people.iter().filter(|(account, _)| index.cell_of(**account).is_some());
        let shown: HashMap<_, _> = known().map(|(account, nearby)| (*account, Shown::new(nearby))).collect();
        let ends = shown.iter().map(|(account, shown)| (shown.until, *account)).collect();
        let hiders = known().filter(|(_, nearby)| nearby.hides_from_friends).map(|(account, _)| *account);
        let hiders = hiders.collect();
        Self { index, shown, ends, hiders }
    }

    /// From now on somebody is found like this, or not at all.
    pub(super) fn set(&mut self, account: AccountId, nearby: Option<&Nearby>) {
        if let Some(before) = self.shown.remove(&account) {
            self.ends.remove(&(before.until, account));
            self.hiders.remove(&account);
        }
        let placed = nearby.and_then(|nearby| Some((nearby, Cell::from_number(nearby.cell)?)));
        let Some((nearby, cell)) = placed else {
            self.index.remove(account);
            return;
        };
        let shown = Shown::new(nearby);
        self.index.put(account, cell, nearby.gender);
        self.shown.insert(account, shown);
        self.ends.insert((shown.until, account));
        if nearby.hides_from_friends {
            self.hiders.insert(account);
        }
    }

    /// Whether somebody's time is over.
    pub(super) fn is_due(&self, now: Time) -> bool {
        self.ends.first().is_some_and(|(until, _)| *until <= now)
    }

    /// Takes out those whose time is over, and gives them.
    pub(super) fn expire(&mut self, now: Time) -> Vec<AccountId> {
        let mut over = Vec::new();
        while let Some((_, account)) = self.ends.first().copied().filter(|(until, _)| *until <= now) {
            self.set(account, None);
            over.push(account);
        }
        over
    }

    /// Where somebody is, and until when, if anybody can find them.
    pub(super) fn find(&self, account: AccountId, now: Time) -> Option<(Cell, Shown)> {
        let shown = self.shown.get(&account).filter(|shown| shown.until > now)?;
        Some((self.index.cell_of(account)?, *shown))
    }

    /// Whether friends do not see somebody.
    pub(super) fn hides(&self, account: AccountId) -> bool {
        !self.hiders.is_empty() && self.hiders.contains(&account)
    }

    /// To be walked over, once [`Around::expire`] was called where somebody [is due](Around::is_due).
    pub(super) fn index(&self) -> &Index {
        &self.index
    }
}
