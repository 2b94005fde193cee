//! How often somebody may look: 30 times in any hour, without a row written for each. A look that is written down reserves a
//! few more, which are then counted in memory alone. If that memory is lost, they count as used. It knows no clock.

use crate::time::{HOUR, Time};
use std::time::Duration;

/// Of the looks of an hour, one part in so many is reserved at once: so many writes an hour are enough.
const PARTS: usize = 3;
/// For how long they can be used.
const RESERVED_FOR: Duration = Duration::from_secs(10 * 60);

/// Looks of the last hour; also their stored form.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Looks {
    /// When they were (Unix milliseconds), the latest last.
    #[prost(int64, repeated, tag = "1")]
    at_ms: Vec<i64>,
    /// How many more are reserved.
    #[prost(uint32, tag = "2")]
    reserved: u32,
    /// When they were reserved (Unix milliseconds).
    #[prost(int64, tag = "3")]
    reserved_at_ms: i64,
    /// Which reservation it is: the stamp of its transaction.
    #[prost(uint64, tag = "4")]
    reservation: u64,
}

/// What is used of a reservation: in memory only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reserved {
    reservation: u64,
    left: u32,
    until: Time,
    used_at_ms: Vec<i64>,
}

impl Reserved {
    /// Uses one. `false` where it is not the reservation that is stored, or nothing is left of it.
    pub(super) fn draw(&mut self, looks: &Looks, now: Time) -> bool {
        if self.reservation != looks.reservation || now >= self.until || self.left == 0 {
            return false;
        }
        self.left -= 1;
        self.used_at_ms.push(now.as_ms());
        true
    }

    /// Whether it can still be of use to count what was used of it. After an hour, used and unused are one.
    pub(super) fn counts(&self, now: Time) -> bool {
        now < self.until + HOUR
    }
}

impl Looks {
    /// One more look, and a new reservation where there is room. `was` is what is known of the one before.
    ///
    /// # Errors
    /// The time to wait, where there were `limit` in the last hour.
    pub(super) fn draw(
        &self,
        was: Option<&Reserved>,
        limit: u32,
        now: Time,
        stamp: u64,
    ) -> Result<(Self, Reserved), Duration> {
        let limit = limit as usize;
        let mut at_ms = self.settled(was, now);
        if at_ms.len() >= limit {
            let frees = at_ms.get(at_ms.len() - limit).map_or(now, |at| Time(*at)) + HOUR;
            return Err(frees.since(now));
        }
        at_ms.push(now.as_ms());
        let reserved = u32::try_from(limit.div_ceil(PARTS).min(limit - at_ms.len())).unwrap_or(0);
        let looks = Self { at_ms, reserved, reserved_at_ms: now.as_ms(), reservation: stamp };
        let until = now + RESERVED_FOR;
        Ok((looks, Reserved { reservation: stamp, left: reserved, until, used_at_ms: Vec::new() }))
    }

    /// The looks of the last hour. Of a reservation of which nothing is known all count, as late as can be.
    fn settled(&self, was: Option<&Reserved>, now: Time) -> Vec<i64> {
        let mut at_ms = self.at_ms.clone();
        match was.filter(|was| was.reservation == self.reservation) {
            Some(was) => at_ms.extend(&was.used_at_ms),
            None => {
                let latest = (Time(self.reserved_at_ms) + RESERVED_FOR).min(now);
                at_ms.extend(std::iter::repeat_n(latest.as_ms(), self.reserved as usize));
            }
        }
        let edge = (now - HOUR).as_ms();
        at_ms.retain(|at| *at > edge);
        at_ms
    }

    /// Whether nothing of it counts any more.
    pub(super) fn is_over(&self, now: Time) -> bool {
        let last = self.at_ms.last().copied().unwrap_or_default();
        now > Time(last.max(self.reserved_at_ms)) + RESERVED_FOR + HOUR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_800_000_000_000);

    fn at(minutes: u64) -> Time {
        NOW + Duration::from_secs(minutes * 60)
    }

    /// A person who looks; the stored part outlives what is in memory.
    #[derive(Default)]
    struct Person {
        stored: Looks,
        memory: Option<Reserved>,
        writes: u64,
    }

    impl Person {
        fn look(&mut self, now: Time) -> Result<(), Duration> {
            if self.memory.as_mut().is_some_and(|memory| memory.draw(&self.stored, now)) {
                return Ok(());
            }
            let (stored, memory) = self.stored.draw(self.memory.as_ref(), 30, now, self.writes + 1)?;
            self.writes += 1;
            (self.stored, self.memory) = (stored, Some(memory));
            Ok(())
        }
    }

    #[test]
    fn thirty_in_any_hour_for_three_writes() {
        let mut person = Person::default();
        for n in 0..30 {
            person.look(at(n / 3)).unwrap();
        }
        assert_eq!(person.writes, 3);
        assert_eq!(person.look(at(11)), Err(Duration::from_secs(49 * 60)), "the first was at minute 0");
        assert_eq!(person.look(at(59)), Err(Duration::from_secs(60)));
        for _ in 0..3 {
            person.look(at(60)).unwrap();
        }
        assert_eq!(person.look(at(60)), Err(Duration::from_secs(60)));
    }

    #[test]
    fn a_restart_refills_nothing() {
        let mut person = Person::default();
        for _ in 0..2 {
            person.look(at(0)).unwrap();
            person.memory = None;
        }
        person.look(at(1)).unwrap();
        // 3 looks, and 20 that nobody can know to be unused.
        assert_eq!((person.stored.at_ms.len(), person.stored.reserved), (23, 7));
        person.memory = None;
        assert_eq!(person.look(at(2)), Err(Duration::from_secs(58 * 60)));
        // Unused ones count as late as they could have been used.
        person.look(at(60)).unwrap();
        let used = person.stored.at_ms.iter().filter(|used| **used > at(0).as_ms()).count();
        assert_eq!(used, person.stored.at_ms.len());
        person.memory = None;
        assert!(person.look(at(60 + 10 + 60)).is_ok());
        assert_eq!(person.stored.at_ms.len(), 1);
    }

    #[test]
    fn no_hour_has_more_whatever_the_rhythm() {
        for step_seconds in [1, 7, 61, 119, 121, 700] {
            let (mut person, mut taken) = (Person::default(), Vec::new());
            for n in 0..4_000 / step_seconds * 10 {
                let now = NOW + Duration::from_secs(n * step_seconds);
                if n % 17 == 16 {
                    person.memory = None;
                }
                if person.look(now).is_ok() {
                    taken.push(now);
                }
            }
            let most =
                taken.iter().map(|from| taken.iter().filter(|t| **t >= *from && **t < *from + HOUR).count());
            assert!(most.max().unwrap() <= 30, "{step_seconds}");
        }
    }

    #[test]
    fn a_limit_of_nothing_lets_nobody_look() {
        assert_eq!(Looks::default().draw(None, 0, NOW, 1).unwrap_err(), HOUR);
    }
}
