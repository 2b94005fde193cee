//! Whom people met by shaking, for two days, in memory. Bounded for each person and for all together: the oldest go first.
//! It does not know what a card is.

use crate::id::AccountId;
use crate::time::Time;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use teahouse_proto::common::Band;

/// People that one person remembers.
const MOST_OF_ONE: usize = 100;
/// All that all people remember: some 60 bytes each.
const MOST_OF_ALL: usize = 1_000_000;

/// One whom somebody met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Met {
    pub account: AccountId,
    /// How far they were then.
    pub band: Band,
    /// Grows with each that is entered, for anybody.
    pub number: u64,
}

/// What all remember.
pub(super) struct History {
    kept: Duration,
    most: usize,
    number: u64,
    /// The latest first.
    people: HashMap<AccountId, VecDeque<Met>>,
    /// What was entered, and when, the oldest first; also what has gone since.
    entered: VecDeque<(Time, AccountId, u64)>,
    /// Who is not to be remembered by anybody, as far as they were met before this number; and when that was said.
    vanished: HashMap<AccountId, (u64, Time)>,
}

impl History {
    /// Nothing, each for so long.
    pub(super) fn new(kept: Duration) -> Self {
        Self::bounded(kept, MOST_OF_ALL)
    }

    fn bounded(kept: Duration, most: usize) -> Self {
        let (people, entered, vanished) = (HashMap::new(), VecDeque::new(), HashMap::new());
        Self { kept, most, number: 0, people, entered, vanished }
    }

    /// Somebody met another. Whom they met before is remembered as met now.
    pub(super) fn enter(&mut self, me: AccountId, account: AccountId, band: Band, now: Time) {
        self.drop_old(now);
        self.number += 1;
        let met = Met { account, band, number: self.number };
        let mine = self.people.entry(me).or_default();
        mine.retain(|earlier| earlier.account != account);
        mine.push_front(met);
        mine.truncate(MOST_OF_ONE);
        self.entered.push_back((now, me, met.number));
    }

    /// Whom somebody met before number `before`, the latest first.
    pub(super) fn list(&self, me: AccountId, before: Option<u64>) -> impl Iterator<Item = Met> {
        let mine = self.people.get(&me).into_iter().flatten().copied();
        let vanished = |met: &Met| self.vanished.get(&met.account).is_some_and(|(at, _)| met.number <= *at);
        mine.filter(move |met| before.is_none_or(|before| met.number < before) && !vanished(met))
    }

    /// Somebody forgets whom they met.
    pub(super) fn clear(&mut self, me: AccountId) {
        self.people.remove(&me);
    }

    /// Nobody remembers somebody any more, nor they anybody.
    pub(super) fn vanish(&mut self, account: AccountId, now: Time) {
        self.clear(account);
        self.vanished.insert(account, (self.number, now));
    }

    /// Two people do not remember each other.
    pub(super) fn part(&mut self, one: AccountId, other: AccountId) {
        for (me, them) in [(one, other), (other, one)] {
            if let Some(mine) = self.people.get_mut(&me) {
                mine.retain(|met| met.account != them);
            }
        }
    }

    /// Drops what is too old, or too much.
    pub(super) fn drop_old(&mut self, now: Time) {
        while let Some((at, me, number)) = self.entered.front().copied()
            && (self.entered.len() >= self.most || now.since(at) >= self.kept)
        {
            self.entered.pop_front();
            let Some(mine) = self.people.get_mut(&me) else { continue };
            mine.pop_back_if(|met| met.number <= number);
            if mine.is_empty() {
                self.people.remove(&me);
            }
        }
        if self.entered.is_empty() {
            // What they could be remembered by is gone.
            self.vanished.clear();
        }
    }

    /// Drops what is said of those who vanished so long ago that nobody can remember them. For once in a while.
    pub(super) fn tidy(&mut self, now: Time) {
        self.drop_old(now);
        let kept = self.kept;
        self.vanished.retain(|_, (_, at)| now.since(*at) < kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR;

    const NOW: Time = Time(1_800_000_000_000);
    const ANNA: AccountId = AccountId(1);

    fn who(history: &History, me: AccountId) -> Vec<u64> {
        history.list(me, None).map(|met| met.account.0).collect()
    }

    fn meet(history: &mut History, one: u64, other: u64, now: Time) {
        history.enter(AccountId(one), AccountId(other), Band::World, now);
        history.enter(AccountId(other), AccountId(one), Band::World, now);
    }

    #[test]
    fn the_latest_come_first_once_each_and_go_after_two_days() {
        let mut history = History::new(HOUR * 48);
        meet(&mut history, 1, 2, NOW);
        meet(&mut history, 1, 3, NOW + HOUR);
        meet(&mut history, 1, 2, NOW + HOUR * 2);
        assert_eq!(who(&history, ANNA), [2, 3]);
        let first = history.list(ANNA, None).next().unwrap();
        let rest: Vec<u64> = history.list(ANNA, Some(first.number)).map(|met| met.account.0).collect();
        assert_eq!(rest, [3]);
        history.tidy(NOW + HOUR * 49);
        assert_eq!(who(&history, ANNA), [2]);
        history.tidy(NOW + HOUR * 50);
        assert_eq!(who(&history, ANNA), [0; 0]);
        assert!(history.people.is_empty() && history.entered.is_empty());
    }

    #[test]
    fn nobody_remembers_too_many() {
        let mut history = History::new(HOUR * 48);
        for other in 2..=150 {
            meet(&mut history, 1, other, NOW);
        }
        assert_eq!(who(&history, ANNA), (51..=150).rev().collect::<Vec<_>>());
        let mut history = History::bounded(HOUR * 48, 10);
        for other in 2..=99 {
            meet(&mut history, 1, other, NOW);
        }
        assert_eq!(who(&history, ANNA), [99, 98, 97, 96, 95]);
        assert_eq!((history.people.len(), history.entered.len()), (6, 10));
    }

    #[test]
    fn whoever_vanishes_is_remembered_by_nobody_until_they_are_met_again() {
        let mut history = History::new(HOUR * 48);
        for other in [2, 3, 4] {
            meet(&mut history, 1, other, NOW);
        }
        history.clear(AccountId(2));
        history.vanish(AccountId(2), NOW);
        history.part(ANNA, AccountId(3));
        assert_eq!(who(&history, ANNA), [4]);
        assert_eq!(who(&history, AccountId(3)), [0; 0]);
        history.clear(ANNA);
        assert_eq!((who(&history, ANNA), who(&history, AccountId(4))), (vec![], vec![1]));
        meet(&mut history, 1, 2, NOW);
        assert_eq!(who(&history, ANNA), [2]);
        history.tidy(NOW + HOUR * 48);
        assert!(history.vanished.is_empty());
    }
}
