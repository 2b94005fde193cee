//! Rate limits by kind of operation, per account or, for methods without a session, per address. They protect the
//! server; the limits "a day" that protect people are kept durably by the ledger room.

use super::cx::Caller;
use crate::error::{Error, Result};
use crate::id::AccountId;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, InsufficientCapacity, Quota, RateLimiter};
use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;

crate::settings! {
    /// Settings `[limits]`: calls per second, and how many at once after a pause.
    pub struct LimitsConfig {
        /// Whether limits are on. Can be switched off only while listening on loopback.
        enabled: bool = true,
        /// Reading calls per account and second.
        reads_per_s: u32 = 50,
        /// Reading calls at once after a pause.
        reads_burst: u32 = 300,
        /// Writing calls per account and second.
        writes_per_s: u32 = 10,
        /// Writing calls at once after a pause.
        writes_burst: u32 = 60,
        /// Messages sent per account and second.
        sends_per_s: u32 = 10,
        /// Messages sent at once after a pause.
        sends_burst: u32 = 100,
        /// What is told in passing (typing) per account and second.
        passing_per_s: u32 = 2,
        /// What is told in passing at once after a pause.
        passing_burst: u32 = 20,
        /// Chunks of uploads per account and second.
        chunks_per_s: u32 = 50,
        /// Chunks of uploads at once after a pause.
        chunks_burst: u32 = 500,
        /// Calls without a session (register, login, recover) per address and second.
        open_per_s: u32 = 5,
        /// Calls without a session at once after a pause.
        open_burst: u32 = 50,
        /// Public pictures fetched without a session per address and second.
        public_per_s: u32 = 50,
        /// Public pictures fetched without a session at once after a pause.
        public_burst: u32 = 500,
    }
}

/// Which allowance a method draws on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Reads.
    Read,
    /// Writes.
    Write,
    /// Messages.
    Send,
    /// What is told in passing.
    Passing,
    /// Bytes of uploads.
    Chunk,
    /// Without a session.
    Open,
    /// What anybody may see; with a session as reads.
    Public,
}

/// The allowances in force.
pub struct Limits {
    enabled: bool,
    read: DefaultKeyedRateLimiter<AccountId>,
    write: DefaultKeyedRateLimiter<AccountId>,
    send: DefaultKeyedRateLimiter<AccountId>,
    passing: DefaultKeyedRateLimiter<AccountId>,
    chunk: DefaultKeyedRateLimiter<AccountId>,
    open: DefaultKeyedRateLimiter<IpAddr>,
    public: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
}

impl Limits {
    /// Full allowances.
    pub fn new(config: &LimitsConfig) -> Self {
        Self {
            enabled: config.enabled,
            read: RateLimiter::keyed(quota(config.reads_per_s, config.reads_burst)),
            write: RateLimiter::keyed(quota(config.writes_per_s, config.writes_burst)),
            send: RateLimiter::keyed(quota(config.sends_per_s, config.sends_burst)),
            passing: RateLimiter::keyed(quota(config.passing_per_s, config.passing_burst)),
            chunk: RateLimiter::keyed(quota(config.chunks_per_s, config.chunks_burst)),
            open: RateLimiter::keyed(quota(config.open_per_s, config.open_burst)),
            public: RateLimiter::keyed(quota(config.public_per_s, config.public_burst)),
            clock: DefaultClock::default(),
        }
    }

    /// Draws one call, or says how long to wait.
    pub fn check(&self, class: Class, caller: &Caller) -> Result<()> {
        if !self.enabled {
            return Ok(());
        }
        let drawn = match (class, &caller.session) {
            (Class::Public, None) => self.public.check_key(&caller.network()),
            (Class::Open, _) | (_, None) => self.open.check_key(&caller.network()),
            (Class::Read | Class::Public, Some(s)) => self.read.check_key(&s.account),
            (Class::Write, Some(s)) => self.write.check_key(&s.account),
            (Class::Send, Some(s)) => self.send.check_key(&s.account),
            (Class::Passing, Some(s)) => self.passing.check_key(&s.account),
            (Class::Chunk, Some(s)) => self.chunk.check_key(&s.account),
        };
        drawn.map_err(|not_until| Error::rate_limited(not_until.wait_time_from(self.clock.now())))
    }

    /// Draws several messages at once, all or none; more than one may send at once count as that many.
    pub fn check_sends(&self, caller: &Caller, count: u32) -> Result<()> {
        let (Some(session), Some(count), true) = (&caller.session, NonZeroU32::new(count), self.enabled)
        else {
            return Ok(());
        };
        let most = |InsufficientCapacity(most)| NonZeroU32::new(most).unwrap_or(NonZeroU32::MIN);
        let draw = |count| self.send.check_key_n(&session.account, count);
        match draw(count).or_else(|too_many| draw(most(too_many))) {
            Ok(Err(not_until)) => Err(Error::rate_limited(not_until.wait_time_from(self.clock.now()))),
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }

    /// Forgets keys whose allowance is full again. Called once a minute; without it the maps would only grow.
    pub fn retain_recent(&self) {
        for limiter in [&self.read, &self.write, &self.send, &self.chunk, &self.passing] {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        for limiter in [&self.open, &self.public] {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits").field("enabled", &self.enabled).finish_non_exhaustive()
    }
}

fn quota(per_s: u32, burst: u32) -> Quota {
    let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    Quota::per_second(at_least_one(per_s)).allow_burst(at_least_one(burst))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Session;
    use crate::id::DeviceId;
    use crate::time::Time;

    #[test]
    fn several_messages_are_drawn_as_several() {
        let limits = Limits::new(&LimitsConfig { sends_burst: 10, ..LimitsConfig::default() });
        let session = Session::new(AccountId(1), DeviceId(1), Time(0));
        let caller = Caller::new(Some(session.into()), [127, 0, 0, 1].into());
        assert!(limits.check_sends(&caller, 0).is_ok() && limits.check_sends(&caller, 6).is_ok());
        let refused = limits.check_sends(&caller, 6).unwrap_err();
        assert!(refused.reason() == "RATE_LIMITED" && refused.retry_after_ms() > 0);
        assert!(limits.check_sends(&caller, 4).is_ok(), "what is refused draws nothing");
        let other = Session::new(AccountId(2), DeviceId(2), Time(0));
        let other = Caller::new(Some(other.into()), caller.address);
        assert!(limits.check_sends(&other, 99).is_ok(), "more than the burst is the burst");
        assert!(limits.check(Class::Send, &other).is_err());
    }
}
