//! What is closed to an account, and until when: a few times that sessions carry along and the bus tells of. It does not
//! know who closed anything, nor why.

use crate::time::Time;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};

/// A part of the product that can be closed to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Area {
    /// Saying something in conversations that one is in.
    Speaking,
    /// Asking others to become friends.
    Requests,
    /// Making groups, entering them, and bringing others into them.
    Groups,
    /// Greetings between strangers.
    Greetings,
    /// The Look Around plug-in.
    LookAround,
    /// The Shake plug-in.
    Shake,
    /// What others see of a person: name, picture, signature.
    Profile,
}

impl Area {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Speaking,
        Self::Requests,
        Self::Groups,
        Self::Greetings,
        Self::LookAround,
        Self::Shake,
        Self::Profile,
    ];

    /// Those in which strangers meet: closed to minors.
    pub const AMONG_STRANGERS: [Self; 3] = [Self::Greetings, Self::LookAround, Self::Shake];

    /// The word by which operators name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Speaking => "speaking",
            Self::Requests => "requests",
            Self::Groups => "groups",
            Self::Greetings => "greetings",
            Self::LookAround => "look-around",
            Self::Shake => "shake",
            Self::Profile => "profile",
        }
    }
}

/// What is closed to an account at any time from now on. Nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restrictions {
    /// Closed before this time; the beginning of time: open.
    until: [Time; Area::ALL.len()],
    /// The account may not be signed in on any device before this time.
    out_until: Time,
    minor: bool,
}

impl Restrictions {
    /// The time of what has no end.
    pub const FOR_GOOD: Time = Time(i64::MAX);

    /// Closes an area until a time. What was closed for longer stays so.
    pub fn close(&mut self, area: Area, until: Time) {
        let closed = &mut self.until[area as usize];
        *closed = until.max(*closed);
    }

    /// Shuts the account out until a time, which closes everything.
    pub fn shut_out(&mut self, until: Time) {
        self.out_until = until.max(self.out_until);
        Area::ALL.into_iter().for_each(|area| self.close(area, until));
    }

    /// Marks the account as a minor's, to whom strangers are closed for good.
    pub fn mark_minor(&mut self) {
        self.minor = true;
        Area::AMONG_STRANGERS.into_iter().for_each(|area| self.close(area, Self::FOR_GOOD));
    }

    /// Until when an area is closed, where it is; [`Restrictions::FOR_GOOD`] where that has no end.
    pub fn closed_until(&self, area: Area, now: Time) -> Option<Time> {
        Some(self.until[area as usize]).filter(|until| now < *until)
    }

    /// Until when the account is shut out, where it is: suspended, or for good.
    pub fn shut_out_until(&self, now: Time) -> Option<Time> {
        Some(self.out_until).filter(|until| now < *until)
    }

    /// Whether an operator marked the account as a minor's.
    pub fn is_minor(&self) -> bool {
        self.minor
    }
}

/// Restrictions that change while they are looked at. Nearly nobody has any, so they take room only from the first on.
#[derive(Debug, Default)]
pub struct LiveRestrictions(OnceLock<Box<Times>>);

#[derive(Debug, Default)]
struct Times {
    until_ms: [AtomicI64; Area::ALL.len()],
    out_until_ms: AtomicI64,
}

impl LiveRestrictions {
    /// From now on these hold.
    pub fn set(&self, restrictions: &Restrictions) {
        if self.0.get().is_none() && *restrictions == Restrictions::default() {
            return;
        }
        let times = self.0.get_or_init(Box::default);
        for (live, until) in times.until_ms.iter().zip(restrictions.until) {
            live.store(until.as_ms(), Ordering::Release);
        }
        times.out_until_ms.store(restrictions.out_until.as_ms(), Ordering::Release);
    }

    /// As [`Restrictions::closed_until`].
    pub fn closed_until(&self, area: Area, now: Time) -> Option<Time> {
        still(&self.0.get()?.until_ms[area as usize], now)
    }

    /// As [`Restrictions::shut_out_until`].
    pub fn shut_out_until(&self, now: Time) -> Option<Time> {
        still(&self.0.get()?.out_until_ms, now)
    }
}

fn still(until_ms: &AtomicI64, now: Time) -> Option<Time> {
    Some(Time(until_ms.load(Ordering::Acquire))).filter(|until| now < *until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_closes_longest_counts_and_ends_in_its_time() {
        let mut restrictions = Restrictions::default();
        assert!(Area::ALL.iter().all(|area| restrictions.closed_until(*area, Time(0)).is_none()));
        restrictions.close(Area::Groups, Time(9));
        restrictions.close(Area::Groups, Time(5));
        assert_eq!(restrictions.closed_until(Area::Groups, Time(8)), Some(Time(9)));
        assert_eq!(restrictions.closed_until(Area::Groups, Time(9)), None);
        assert_eq!(restrictions.closed_until(Area::Speaking, Time(8)), None);
        assert_eq!(restrictions.shut_out_until(Time(8)), None);
    }

    #[test]
    fn who_is_shut_out_finds_everything_closed_and_minors_what_is_among_strangers() {
        let mut out = Restrictions::default();
        out.shut_out(Time(9));
        assert_eq!(out.shut_out_until(Time(8)), Some(Time(9)));
        assert!(Area::ALL.iter().all(|area| out.closed_until(*area, Time(8)) == Some(Time(9))));
        let mut minor = Restrictions::default();
        minor.mark_minor();
        let closed = |area: &Area| minor.closed_until(*area, Time(0)) == Some(Restrictions::FOR_GOOD);
        assert_eq!(Area::ALL.into_iter().filter(closed).collect::<Vec<_>>(), Area::AMONG_STRANGERS);
        assert!(minor.is_minor() && minor.shut_out_until(Time(0)).is_none() && !out.is_minor());
    }

    #[test]
    fn live_ones_say_what_was_set_last() {
        let live = LiveRestrictions::default();
        let mut closed = Restrictions::default();
        live.set(&closed);
        assert!(live.0.get().is_none(), "who has none needs no room for them");
        closed.close(Area::Shake, Time(9));
        live.set(&closed);
        assert_eq!(live.closed_until(Area::Shake, Time(8)), Some(Time(9)));
        assert_eq!((live.closed_until(Area::Shake, Time(9)), live.shut_out_until(Time(8))), (None, None));
        closed.shut_out(Time(7));
        live.set(&closed);
        assert_eq!(live.shut_out_until(Time(6)), Some(Time(7)));
        assert_eq!(live.closed_until(Area::Profile, Time(6)), Some(Time(7)));
        live.set(&Restrictions::default());
        assert!(Area::ALL.iter().all(|area| live.closed_until(*area, Time(0)).is_none()));
    }

    #[test]
    fn areas_are_numbered_as_they_are_listed() {
        for (n, area) in Area::ALL.into_iter().enumerate() {
            assert_eq!(area as usize, n);
        }
    }
}
