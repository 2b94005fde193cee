//! The publishing rule: which cell stands for a person, given the ones before. It compares cells and times only, so two people
//! with the same cells at the same times are one to everybody else. It does not know who looks, nor who is visible.

use super::{Cell, Fix};
use crate::time::{DAY, HOUR, Time};
use std::time::Duration;

/// Cells that are remembered for a person.
const MAX_ANCHORS: usize = 8;
/// How long a cell is remembered after it was published last.
const ANCHOR_KEPT: Duration = Duration::from_secs(30 * DAY.as_secs());
/// How long the plug-ins stay off for who had everything forgotten.
const OFF_AFTER_FORGET: Duration = HOUR;
/// A new cell is published without waiting this far from the published one.
const FAR_M: u32 = 2_000;
/// Cells tell where one is to some kilometres, so that many are no sign of speed.
const SPEED_SLACK_M: u64 = 5_000;
/// A time that lies farther ahead was written before the clock was set back, and tells nothing. Calls that overtake
/// each other differ by less.
const CLOCK_SLACK: Duration = Duration::from_secs(600);

/// The two times of the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// For so long after one position was read, no other is. 10 minutes.
    pub read_every: Duration,
    /// For so long after the published cell changed, it does not change to a new one near by. 30 minutes.
    pub change_every: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self { read_every: Duration::from_secs(10 * 60), change_every: Duration::from_secs(30 * 60) }
    }
}

/// What is remembered of where a person was, over all plug-ins and devices; also its stored form. Published cells and times
/// only.
#[derive(Clone, PartialEq, prost::Message)]
pub struct State {
    /// Cells that were published, the latest used first: that is the published one.
    #[prost(message, repeated, tag = "1")]
    anchors: Vec<Anchor>,
    /// When the published cell became another (Unix milliseconds).
    #[prost(int64, tag = "2")]
    changed_at_ms: i64,
    /// Until when no position is taken (Unix milliseconds).
    #[prost(int64, tag = "3")]
    closed_until_ms: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Anchor {
    /// [`Cell::number`].
    #[prost(fixed64, tag = "1")]
    cell: u64,
    /// When a position was read for which it was published (Unix milliseconds).
    #[prost(int64, tag = "2")]
    used_at_ms: i64,
}

/// What came of a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// The cell that stands for the person from now on, for seeing and for being seen.
    pub cell: Cell,
    /// Whether it is published for the first time (in 30 days): draws on the allowance of new cells a day.
    pub is_new: bool,
    /// Positions before this time will not be read. For the person alone.
    pub next_read_at: Time,
}

/// Why a position was not taken. The state stays as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No point on the globe, or no accuracy.
    NoPosition,
    /// Known worse than to 2 km.
    Inaccurate,
    /// Faster than 1000 km/h from the cell before.
    TooFast,
    /// The person left or had everything forgotten; good from `until` on.
    Closed {
        /// When positions are taken again.
        until: Time,
    },
}

/// Takes a position: the one gate. Per person, whatever the device:
///
/// 1. within `read_every` of the last position that was read, the published cell stays and this position is not used;
/// 2. else the latest used anchor that its cell is or touches is published;
/// 3. else, within `change_every` of the last change and less than 2 km from it, the published cell stays;
/// 4. else its cell is published, and becomes an anchor.
///
/// # Errors
/// [`Refused::Closed`], and [`Refused::TooFast`] for a position that would be read.
pub fn publish(state: &State, fix: Fix, rules: &Rules) -> Result<(State, Published), Refused> {
    let now = fix.at();
    let state = state.swept(now);
    if let Some(until) = state.closed_until(now) {
        return Err(Refused::Closed { until });
    }
    if let Some(last) = state.anchors.first()
        && ago(now, last.used_at_ms) < rules.read_every
        && let Some(cell) = Cell::from_number(last.cell)
    {
        let next_read_at = Time(last.used_at_ms) + rules.read_every;
        return Ok((state, Published { cell, is_new: false, next_read_at }));
    }
    state.read(now, fix.into_cell(), rules)
}

impl State {
    /// The published cell, visible or not.
    pub fn published(&self) -> Option<Cell> {
        self.anchors.first().and_then(|anchor| Cell::from_number(anchor.cell))
    }

    /// Until when positions are refused; `None` where they are taken.
    pub fn closed_until(&self, now: Time) -> Option<Time> {
        let until = Time(self.closed_until_ms);
        // Farther ahead than anything is closed for: the clock was set back since.
        (until > now && until <= now + OFF_AFTER_FORGET + CLOCK_SLACK).then_some(until)
    }

    /// Before when no other position will be read; `None` where the next one is.
    pub fn next_read_at(&self, now: Time, rules: &Rules) -> Option<Time> {
        let last = self.published().and(self.anchors.first())?.used_at_ms;
        (ago(now, last) < rules.read_every).then(|| Time(last) + rules.read_every)
    }

    /// After "clear location and exit": no position is taken for `read_every`, so that nobody peeks unseen. Anchors and times
    /// stay, so that leaving and coming back publishes nothing sooner.
    #[must_use]
    pub fn clear(&self, now: Time, rules: &Rules) -> Self {
        let closed_until_ms = (now + rules.read_every).as_ms().max(self.closed_until_ms);
        Self { closed_until_ms, ..self.swept(now) }
    }

    /// With nothing left of where the person was. For an hour no position is taken: who could forget and look again at once
    /// would draw cells until one fits.
    #[must_use]
    pub fn forget(now: Time) -> Self {
        Self { closed_until_ms: (now + OFF_AFTER_FORGET).as_ms(), ..Self::default() }
    }

    /// Without what has expired: anchors after 30 days, and cells that the grid no longer has.
    #[must_use]
    pub fn swept(&self, now: Time) -> Self {
        let mut kept = self.clone();
        kept.anchors.retain(|anchor| {
            let fresh = Time(anchor.used_at_ms) + ANCHOR_KEPT > now;
            fresh && Cell::from_number(anchor.cell).is_some()
        });
        kept
    }

    /// When the first of what it holds expires: [`State::swept`] is to be stored then.
    pub fn expires_at(&self) -> Option<Time> {
        self.anchors.iter().map(|anchor| Time(anchor.used_at_ms) + ANCHOR_KEPT).min()
    }

    /// Rules 2 to 4.
    fn read(mut self, now: Time, raw: Cell, rules: &Rules) -> Result<(Self, Published), Refused> {
        let published = self.published();
        if published.is_some_and(|cell| self.is_too_fast(now, cell.metres_to(raw))) {
            return Err(Refused::TooFast);
        }
        let waits = ago(now, self.changed_at_ms) < rules.change_every;
        let near = self
            .anchors
            .iter()
            .position(|anchor| Cell::from_number(anchor.cell).is_some_and(|cell| cell.touches(raw)));
        let stays = published.filter(|cell| waits && cell.metres_to(raw) < FAR_M).map(|_| 0);
        let known = near.or(stays);
        let mut anchor = match known {
            Some(place) => self.anchors.remove(place),
            None => Anchor { cell: raw.number(), used_at_ms: 0 },
        };
        let cell = Cell::from_number(anchor.cell).unwrap_or(raw);
        if published != Some(cell) {
            self.changed_at_ms = now.as_ms();
        }
        for older in &mut self.anchors {
            older.used_at_ms = older.used_at_ms.min(now.as_ms());
        }
        anchor.used_at_ms = now.as_ms();
        self.anchors.insert(0, anchor);
        self.anchors.truncate(MAX_ANCHORS);
        Ok((self, Published { cell, is_new: known.is_none(), next_read_at: now + rules.read_every }))
    }

    /// Whether nothing brings a person so far since the last position that was read: 1000 km/h.
    fn is_too_fast(&self, now: Time, metres: u32) -> bool {
        let since = self.anchors.first().map_or(Duration::MAX, |last| ago(now, last.used_at_ms));
        let ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        u64::from(metres) > SPEED_SLACK_M + ms / 36 * 10
    }
}

/// How long ago that was. Nothing is known, and it counts as long ago, where it lies far ahead.
fn ago(now: Time, then_ms: i64) -> Duration {
    let then = Time(then_ms);
    if then > now + CLOCK_SLACK { Duration::MAX } else { now.since(then) }
}
