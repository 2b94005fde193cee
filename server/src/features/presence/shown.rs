//! Who is shown as online at the moment, and to whom. Pure: it is told what is so and what time it is. Two people who see
//! each other are in each other's lists, and nobody else is in any.

use crate::id::AccountId;
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// What is to be done about somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// They are to be shown from now on.
    Show,
    /// They are not shown any more.
    Hide,
    /// It stays as it is.
    Nothing,
}

#[derive(Default)]
struct One {
    /// Who is shown, too, and sees them.
    to: HashSet<AccountId>,
    /// When their last device went.
    gone_since: Option<Instant>,
}

/// Everybody who is shown.
pub(super) struct Shown {
    /// For how long somebody without a device is still shown, and somebody hidden not shown again.
    gone_after: Duration,
    people: HashMap<AccountId, One>,
    /// Who was hidden a moment ago, and when.
    rests: HashMap<AccountId, Instant>,
    /// Whom to look at again, and when: in order, since all wait equally long.
    due: VecDeque<(Instant, AccountId)>,
}

impl Shown {
    /// Nobody yet.
    pub(super) fn new(gone_after: Duration) -> Self {
        Self { gone_after, people: HashMap::new(), rests: HashMap::new(), due: VecDeque::new() }
    }

    /// Whether somebody is shown.
    pub(super) fn contains(&self, account: AccountId) -> bool {
        self.people.contains_key(&account)
    }

    /// What to do about somebody, who has a device here or not, and lets it be seen or not.
    pub(super) fn next(&mut self, account: AccountId, online: bool, shows: bool, now: Instant) -> Next {
        let rests = self.rests.contains_key(&account);
        let Some(one) = self.people.get_mut(&account) else {
            return if online && shows && !rests { Next::Show } else { Next::Nothing };
        };
        if !shows {
            return Next::Hide;
        }
        if online {
            one.gone_since = None;
            return Next::Nothing;
        }
        match one.gone_since {
            Some(since) if now >= since + self.gone_after => Next::Hide,
            Some(_) => Next::Nothing,
            None => {
                one.gone_since = Some(now);
                self.due.push_back((now + self.gone_after, account));
                Next::Nothing
            }
        }
    }

    /// Adds those of `people` who are shown to `found`.
    pub(super) fn collect_shown(&self, people: &[AccountId], found: &mut Vec<AccountId>) {
        found.extend(people.iter().filter(|account| self.contains(**account)));
    }

    /// Shows somebody, who sees these from now on, and they them.
    pub(super) fn show(&mut self, account: AccountId, to: &[AccountId]) {
        self.people.entry(account).or_default();
        for other in to {
            self.join(account, *other);
        }
    }

    /// Hides somebody. Who saw them?
    pub(super) fn hide(&mut self, account: AccountId, now: Instant) -> Vec<AccountId> {
        let Some(one) = self.people.remove(&account) else { return Vec::new() };
        for other in &one.to {
            if let Some(other) = self.people.get_mut(other) {
                other.to.remove(&account);
            }
        }
        self.rests.insert(account, now);
        self.due.push_back((now + self.gone_after, account));
        one.to.into_iter().collect()
    }

    /// Two people see each other from now on. Whether they did not before.
    pub(super) fn join(&mut self, one: AccountId, other: AccountId) -> bool {
        if !self.contains(one) || !self.contains(other) {
            return false;
        }
        let mut new = false;
        for (me, them) in [(one, other), (other, one)] {
            new |= self.people.entry(me).or_default().to.insert(them);
        }
        new
    }

    /// Two people do not see each other any more. Whether they did before.
    pub(super) fn part(&mut self, one: AccountId, other: AccountId) -> bool {
        let mut old = false;
        for (me, them) in [(one, other), (other, one)] {
            old |= self.people.get_mut(&me).is_some_and(|me| me.to.remove(&them));
        }
        old
    }

    /// When somebody is to be looked at again.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.front().map(|(at, _)| *at)
    }

    /// Whom to look at again now.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<AccountId> {
        let mut due = Vec::new();
        while let Some((_, account)) = self.due.pop_front_if(|(at, _)| *at <= now) {
            if self.rests.get(&account).is_some_and(|since| now >= *since + self.gone_after) {
                self.rests.remove(&account);
            }
            due.push(account);
        }
        due
    }
}
