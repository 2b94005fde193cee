//! Who must meet whom, said as simply as can be: all pairs are looked at, each time. For the tests.

use super::{Arrival, PLACES};
use crate::geo::{Band, band};
use crate::id::AccountId;

struct Shake {
    arrival: Arrival,
    at_ms: u64,
    taken: usize,
    open: bool,
}

/// One edge: the shakes that met, the one that found the other first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    pub finder: u64,
    pub found: u64,
    pub people: (AccountId, AccountId),
    pub band: Option<Band>,
    until_ms: u64,
}

pub(super) struct Model {
    window_ms: u64,
    now_ms: u64,
    shakes: Vec<Shake>,
    pub edges: Vec<Edge>,
}

impl Model {
    pub(super) fn new(window_ms: u64) -> Self {
        Self { window_ms, now_ms: 0, shakes: Vec::new(), edges: Vec::new() }
    }

    pub(super) fn arrive(&mut self, now_ms: u64, arrival: Arrival) {
        self.advance(now_ms);
        self.leave(arrival.account);
        self.shakes.push(Shake { arrival, at_ms: self.now_ms, taken: 0, open: true });
        self.fill(self.shakes.len() - 1, |band| band.is_some_and(|band| band <= Band::Km10));
    }

    pub(super) fn leave(&mut self, account: AccountId) {
        for shake in self.shakes.iter_mut().filter(|shake| shake.arrival.account == account) {
            shake.open = false;
        }
    }

    pub(super) fn part(&mut self, one: AccountId, other: AccountId) {
        for (me, them) in [(one, other), (other, one)] {
            for shake in self.shakes.iter_mut().filter(|shake| shake.arrival.account == me) {
                shake.arrival.hidden.insert(them);
            }
        }
    }

    /// Windows end in the order in which the shakes came.
    pub(super) fn advance(&mut self, now_ms: u64) {
        let now_ms = now_ms.max(self.now_ms);
        for index in 0..self.shakes.len() {
            let shake = &self.shakes[index];
            let ends_ms = shake.at_ms + self.window_ms;
            if shake.open && ends_ms < now_ms {
                self.now_ms = ends_ms;
                self.fill(index, |_| true);
                self.shakes[index].open = false;
            }
        }
        self.now_ms = now_ms;
    }

    /// Gives the free places of one shake to others that are open.
    fn fill(&mut self, index: usize, fits: impl Fn(Option<Band>) -> bool) {
        let me = &self.shakes[index];
        let mut found = Vec::new();
        for (other, them) in self.shakes.iter().enumerate() {
            let apart = me.arrival.cell.zip(them.arrival.cell).map(|(a, b)| band(a, b));
            let in_time = me.at_ms.abs_diff(them.at_ms) <= self.window_ms;
            if other != index && them.open && in_time && fits(apart) && self.may_meet(me, them) {
                let behind = them.arrival.draw[0].wrapping_sub(me.arrival.draw[1]);
                found.push((apart.unwrap_or(Band::World), behind, other, apart));
            }
        }
        found.sort_unstable();
        for (_, _, other, band) in found {
            if self.shakes[index].taken < PLACES && self.shakes[other].taken < PLACES {
                self.join(index, other, band);
            }
        }
    }

    fn may_meet(&self, me: &Shake, them: &Shake) -> bool {
        let (mine, theirs) = (me.arrival.account, them.arrival.account);
        let met = self.edges.iter().any(|edge| {
            [(mine, theirs), (theirs, mine)].contains(&edge.people) && edge.until_ms >= self.now_ms
        });
        !met && mine != theirs && !me.arrival.hidden.contains(&theirs) && !them.arrival.hidden.contains(&mine)
    }

    fn join(&mut self, index: usize, other: usize, band: Option<Band>) {
        self.shakes[index].taken += 1;
        self.shakes[other].taken += 1;
        let (me, them) = (&self.shakes[index], &self.shakes[other]);
        self.edges.push(Edge {
            finder: me.arrival.shake_id,
            found: them.arrival.shake_id,
            people: (me.arrival.account, them.arrival.account),
            band,
            until_ms: me.at_ms.max(them.at_ms) + self.window_ms,
        });
    }
}
