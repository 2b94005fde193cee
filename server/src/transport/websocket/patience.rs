//! How long a socket may live without a session. It knows moments, neither sockets nor methods.

use std::time::Duration;
use tokio::time::Instant;

/// A socket must be signed in this long after it opened, or after its last call without a session was answered.
const SIGN_IN_WITHIN: Duration = Duration::from_secs(10);
/// However many calls without a session it makes.
const SIGN_IN_AT_LAST: Duration = Duration::from_secs(60);

/// The patience with one socket.
pub(super) struct Patience {
    opened: Instant,
    /// When it must be signed in, while nothing is under way.
    by: Instant,
    hold: Option<Hold>,
}

/// The first call that lets the socket live on. There is no second, so that none lives for ever.
struct Hold {
    /// Its id; `None` when it is over.
    call: Option<u64>,
    /// Until when it may hold, or when it was over.
    until: Instant,
}

impl Patience {
    /// With a socket that is opened now.
    pub(super) fn new(now: Instant) -> Self {
        Self { opened: now, by: now + SIGN_IN_WITHIN, hold: None }
    }

    /// A call without a session was answered.
    pub(super) fn answered(&mut self, now: Instant) {
        self.by = now + SIGN_IN_WITHIN;
    }

    /// A call that may let the socket live on for so long begins.
    pub(super) fn hold(&mut self, call: u64, now: Instant, time: Duration) {
        self.hold.get_or_insert(Hold { call: Some(call), until: now + time });
    }

    /// A call or stream is over.
    pub(super) fn over(&mut self, call: u64, now: Instant) {
        if let Some(hold) = self.hold.as_mut().filter(|hold| hold.call == Some(call)) {
            hold.call = None;
            // A call that was refused at once lets the socket live no longer.
            hold.until = hold.until.min(now);
            self.answered(now);
        }
    }

    /// When it must be signed in. `idle`: no call is under way.
    pub(super) fn deadline(&self, idle: bool) -> Instant {
        let at_last = self.opened + SIGN_IN_AT_LAST;
        let at_last = match self.hold {
            Some(Hold { call: Some(_), until }) => return at_last.max(until),
            Some(Hold { call: None, until }) => at_last.max(until + SIGN_IN_WITHIN),
            None => at_last,
        };
        if idle { self.by.min(at_last) } else { at_last }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_may_hold_a_socket_and_only_once() {
        let begin = Instant::now();
        let at = |s: u64| begin + Duration::from_secs(s);
        let mut patience = Patience::new(begin);
        assert_eq!((patience.deadline(true), patience.deadline(false)), (at(10), at(60)));
        patience.answered(at(9));
        patience.hold(7, at(9), Duration::from_secs(65));
        assert_eq!((patience.deadline(true), patience.deadline(false)), (at(74), at(74)));
        patience.over(8, at(20));
        assert_eq!(patience.deadline(true), at(74), "another call");
        patience.over(7, at(69));
        assert_eq!((patience.deadline(true), patience.deadline(false)), (at(79), at(79)));
        patience.hold(9, at(70), Duration::from_secs(65));
        patience.answered(at(78));
        assert_eq!((patience.deadline(true), patience.deadline(false)), (at(79), at(79)));
    }

    #[test]
    fn a_call_that_is_refused_holds_nothing() {
        let begin = Instant::now();
        let at = |s: u64| begin + Duration::from_secs(s);
        let mut patience = Patience::new(begin);
        patience.hold(1, at(9), Duration::from_secs(65));
        patience.over(1, at(9));
        assert_eq!((patience.deadline(true), patience.deadline(false)), (at(19), at(60)));
        patience.hold(2, at(9), Duration::from_secs(65));
        patience.answered(at(58));
        assert_eq!((patience.deadline(true), patience.deadline(false)), (at(60), at(60)));
    }
}
