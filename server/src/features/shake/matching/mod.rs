//! Who meets whom. Pure: it is told who shakes, when, and what was drawn for them; it knows no store, no clock and no cards.
//! A match is one edge, made once and entered on both sides, so whom I see sees me.
//!
//! Two shakes match when they are at most a window apart, both have a place left, and neither person hides from the other. When
//! somebody comes, their places go to people within 10 km; when their window ends, what is left of them goes to all
//! whose window is open still, wherever they are. Nearer bands come first. Within a band the order is that of a ring: each shake
//! draws its place in it, and where its own searches begin, so nobody can bring about or foretell who comes first.
//!
//! Everybody has one shake at most: another one ends the one before, and does not find its partners again while the windows of
//! both who met last. Whoever leaves is not told of to those who were not told yet; the place stays taken.

mod free;
#[cfg(test)]
mod model;
mod shake;
#[cfg(test)]
mod tests;

use crate::geo::{Band, Cell, Size};
use crate::id::AccountId;
use free::{Free, REACHES, distance};
use shake::{Person, Shake};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

/// How many people one shake meets.
pub const PLACES: usize = 20;

/// Somebody who shakes.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Who.
    pub account: AccountId,
    /// What stands for this shake in events; not used before.
    pub shake_id: u64,
    /// The cell that stands for them; none: they are anywhere.
    pub cell: Option<Cell>,
    /// Whom they must not meet: whom they block, and who blocks them.
    pub hidden: HashSet<AccountId>,
    /// Two numbers drawn at random for this shake: its place in the rings, and where its searches begin.
    pub draw: [u64; 2],
}

/// Whom a shake met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partner {
    /// Who.
    pub account: AccountId,
    /// How far apart the cells of the two are, and how large the partner's; none where either has no position.
    pub apart: Option<(Band, Size)>,
}

/// What one person is to be told of their shake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Whom to tell.
    pub account: AccountId,
    /// Of which shake.
    pub shake_id: u64,
    /// Partners who were not told yet.
    pub partners: Vec<Partner>,
    /// Nobody follows: the window ended, or all places are taken.
    pub over: bool,
}

/// All who shake at the moment. Times are milliseconds of a clock that is never set back; one that were would stand still
/// here until it is where it was.
pub struct Matching {
    window_ms: u64,
    now_ms: u64,
    people: HashMap<AccountId, Person>,
    free: Free,
    /// When shakes began, whose, and which: in that order, also such as ended before their window.
    windows: VecDeque<(u64, AccountId, u64)>,
    /// Whom to tell what is new, and when.
    due: BTreeSet<(u64, AccountId)>,
    /// When all whom somebody met by a shake that is over may be met again.
    rests: VecDeque<(u64, AccountId)>,
    /// What is to be told at once.
    told: Vec<News>,
}

impl Matching {
    /// Nobody yet. Two shakes at most `window_ms` apart can match.
    pub fn new(window_ms: u64) -> Self {
        Self {
            window_ms,
            now_ms: 0,
            people: HashMap::new(),
            free: Free::default(),
            windows: VecDeque::new(),
            due: BTreeSet::new(),
            rests: VecDeque::new(),
            told: Vec::new(),
        }
    }

    /// Somebody shakes. The partners found at once, nearest first; [`Matching::news`] has the later ones.
    pub fn arrive(&mut self, now_ms: u64, arrival: Arrival) -> Vec<Partner> {
        self.advance(now_ms);
        let account = arrival.account;
        self.end(account, true);
        let mut me = self.people.remove(&account).unwrap_or_default();
        me.forget(self.now_ms);
        let mut shake = Shake::new(self.now_ms, arrival, me.partners().next().is_some());
        for other in self.near(&me, &shake) {
            self.join(&mut me, &mut shake, other);
        }
        let partners = std::mem::take(&mut shake.news);
        self.windows.push_back((self.now_ms, account, shake.id));
        if shake.places() == 0 {
            schedule(&mut self.due, &mut shake, self.now_ms, self.window_ms);
        } else {
            self.free.add(shake.found());
        }
        me.shake = Some(shake);
        self.people.insert(account, me);
        partners
    }

    /// Somebody is not to be met any more: their shake is over, and those who were not told of them will not be.
    pub fn leave(&mut self, account: AccountId) {
        self.end(account, false);
        let Some(person) = self.people.get(&account) else { return };
        let partners: Vec<AccountId> = person.partners().collect();
        for other in partners {
            self.untell(other, account);
        }
    }

    /// Two people are not to meet: one of them blocked the other.
    pub fn part(&mut self, one: AccountId, other: AccountId) {
        for (me, them) in [(one, other), (other, one)] {
            self.untell(me, them);
            if let Some(shake) = self.shake(me) {
                shake.hide(them);
            }
        }
    }

    /// What is to be told by now.
    pub fn news(&mut self, now_ms: u64) -> Vec<News> {
        self.advance(now_ms);
        while let Some((due_ms, account)) = self.due.first().copied()
            && due_ms <= self.now_ms
        {
            self.due.pop_first();
            self.tell(account);
        }
        std::mem::take(&mut self.told)
    }

    /// When to ask for news next; none while nobody shakes.
    pub fn next_due_ms(&self) -> Option<u64> {
        let at_once = (!self.told.is_empty()).then_some(self.now_ms);
        let told = self.due.first().map(|(due, _)| *due);
        let ends = self.windows.front().map(|(at, ..)| at + self.window_ms + 1);
        let rests = self.rests.front().map(|(due, _)| *due);
        [at_once, told, ends, rests].into_iter().flatten().min()
    }

    /// Ends the windows that are over, in their order, each as at the moment in which it ended.
    fn advance(&mut self, now_ms: u64) {
        let now_ms = now_ms.max(self.now_ms);
        while let Some((at_ms, account, id)) = self.windows.front().copied()
            && at_ms + self.window_ms < now_ms
        {
            self.windows.pop_front();
            self.now_ms = at_ms + self.window_ms;
            self.close(account, id);
        }
        self.now_ms = now_ms;
        while let Some((due_ms, account)) = self.rests.front().copied()
            && due_ms <= self.now_ms
        {
            self.rests.pop_front();
            let Some(person) = self.people.get_mut(&account) else { continue };
            person.forget(self.now_ms);
            if person.is_idle() {
                self.people.remove(&account);
            }
        }
    }

    /// The window of a shake ends: its free places go to whoever is there.
    fn close(&mut self, account: AccountId, id: u64) {
        let Some(mut me) = self.people.remove(&account) else { return };
        let closed = me.shake.take_if(|shake| shake.id == id);
        if let Some(mut shake) = closed {
            self.free.remove(shake.found());
            // Those near by were met when the later of two came, save who could not be met again then.
            let near = if shake.is_again { self.near(&me, &shake) } else { Vec::new() };
            for other in near {
                self.join(&mut me, &mut shake, other);
            }
            for reach in REACHES[1..].iter().copied().chain([Band::World]) {
                for other in self.far(&me, &shake, reach) {
                    self.join(&mut me, &mut shake, other);
                }
            }
            self.finish(shake, true);
        }
        self.people.insert(account, me);
    }

    /// Ends a shake before its window, if there is one.
    fn end(&mut self, account: AccountId, tells: bool) {
        let shake = self.people.get_mut(&account).and_then(|person| person.shake.take());
        if let Some(shake) = shake {
            self.free.remove(shake.found());
            self.finish(shake, tells);
        }
    }

    /// Tells what is left to tell of a shake that is over.
    fn finish(&mut self, shake: Shake, tells: bool) {
        let Shake { account, id: shake_id, news, due_ms, .. } = shake;
        if let Some(due_ms) = due_ms {
            self.due.remove(&(due_ms, account));
        }
        let partners = if tells { news } else { Vec::new() };
        self.told.push(News { account, shake_id, partners, over: true });
        // A partner came a window later at most, and is not met again for another.
        self.rests.push_back((self.now_ms + 2 * self.window_ms + 1, account));
    }

    /// It is time to tell somebody what is new.
    fn tell(&mut self, account: AccountId) {
        let now_ms = self.now_ms;
        let Some(shake) = self.shake(account) else { return };
        shake.due_ms = None;
        if shake.places() == 0 {
            self.end(account, true);
        } else if let Some(news) = shake.tell(now_ms) {
            self.told.push(news);
        }
    }

    fn untell(&mut self, account: AccountId, of: AccountId) {
        if let Some(shake) = self.shake(account) {
            shake.news.retain(|partner| partner.account != of);
        }
        for news in self.told.iter_mut().filter(|news| news.account == account) {
            news.partners.retain(|partner| partner.account != of);
        }
    }

    fn shake(&mut self, account: AccountId) -> Option<&mut Shake> {
        self.people.get_mut(&account)?.shake.as_mut()
    }

    /// Whom a shake meets within the first reach, nearest bands first. They are few, however many shake: two who are that near and
    /// both have free places have met already.
    fn near(&self, me: &Person, mine: &Shake) -> Vec<(AccountId, Option<Band>)> {
        let Some(spot) = &mine.spot else { return Vec::new() };
        let around = self.free.around(spot, REACHES[0], mine.start);
        let found = around.filter_map(|(place, other)| {
            let band = self.band(me, mine, other)?.filter(|band| *band <= REACHES[0])?;
            Some((band, distance(mine.start, place), other))
        });
        let mut found: Vec<_> = found.collect();
        found.sort_unstable();
        found.into_iter().take(mine.places()).map(|(band, _, other)| (other, Some(band))).collect()
    }

    /// Whom a shake whose window ends meets within `reach`, all nearer ones being met already.
    fn far(&self, me: &Person, mine: &Shake, reach: Band) -> Vec<(AccountId, Option<Band>)> {
        let walk = match (&mine.spot, reach) {
            _ if mine.places() == 0 => return Vec::new(),
            (_, Band::World) => self.free.everybody(mine.start),
            (None, _) => return Vec::new(),
            (Some(spot), _) => self.free.around(spot, reach, mine.start),
        };
        let meet = |(_, other)| self.band(me, mine, other).map(|band| (other, band));
        let within = |band: Option<Band>| band.unwrap_or(Band::World) <= reach;
        walk.filter_map(meet).filter(|(_, band)| within(*band)).take(mine.places()).collect()
    }

    /// How far somebody is who has free places; none where the two must not meet.
    fn band(&self, me: &Person, mine: &Shake, other: AccountId) -> Option<Option<Band>> {
        let theirs = self.people.get(&other)?.shake.as_ref()?;
        let hidden = mine.hides(other) || theirs.hides(mine.account) || me.has_met(other, self.now_ms);
        (!hidden).then(|| mine.spot.as_ref().zip(theirs.spot.as_ref()).map(|(a, b)| a.band(b)))
    }

    /// Makes one edge, on both sides.
    fn join(&mut self, me: &mut Person, mine: &mut Shake, (other, band): (AccountId, Option<Band>)) {
        let Some(them) = self.people.get_mut(&other) else { return };
        let Some(theirs) = them.shake.as_mut() else { return };
        let until_ms = mine.at_ms.max(theirs.at_ms) + self.window_ms;
        let seen = |shake: &Shake| Partner {
            account: shake.account,
            apart: band.zip(shake.spot.map(|spot| spot.size())),
        };
        let (of_mine, of_theirs) = (seen(mine), seen(theirs));
        mine.meet(of_theirs);
        theirs.meet(of_mine);
        if theirs.places() == 0 {
            self.free.remove(theirs.found());
        }
        schedule(&mut self.due, theirs, self.now_ms, self.window_ms);
        them.note(mine.account, until_ms);
        me.note(other, until_ms);
    }
}

/// Has a shake told of what is new, if nothing is to be told anyway.
fn schedule(due: &mut BTreeSet<(u64, AccountId)>, shake: &mut Shake, now_ms: u64, window_ms: u64) {
    if shake.due_ms.is_none() {
        shake.due_ms = shake.next_telling_ms(now_ms, window_ms);
        due.extend(shake.due_ms.map(|due_ms| (due_ms, shake.account)));
    }
}
