//! What a handler learns about a call besides its request.

use super::limits::Limits;
use super::session::{Session, unauthenticated};
use crate::error::Result;
use crate::id::{AccountId, DeviceId};
use crate::time::{Clock, Time};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// Who is at the other end, as the transport knows it.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The device, where it is signed in.
    pub session: Option<Arc<Session>>,
    /// The network address: of the socket, or of the last untrusted hop.
    pub address: IpAddr,
    /// What the program said it is (`User-Agent`), fit to be shown, at most 256 characters; kept only of callers without
    /// a session.
    pub program: Option<Arc<str>>,
}

impl Caller {
    /// A caller of whose program nothing is known.
    pub fn new(session: Option<Arc<Session>>, address: IpAddr) -> Self {
        Self { session, address, program: None }
    }

    /// The address as limits count it: IPv4 whole, IPv6 by /64.
    pub fn network(&self) -> IpAddr {
        match self.address.to_canonical() {
            v4 @ IpAddr::V4(_) => v4,
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        }
    }
}

/// The context of one call.
#[derive(Clone, Debug)]
pub struct Cx {
    /// When the call arrived. Handlers use no other clock.
    pub now: Time,
    /// Who calls.
    pub caller: Caller,
    clock: Clock,
    limits: Option<Arc<Limits>>,
}

impl Cx {
    /// The context of a call that arrives now, without limits.
    pub fn new(caller: Caller, clock: &Clock) -> Self {
        Self { now: clock.now(), caller, clock: clock.clone(), limits: None }
    }

    /// The same under these limits.
    #[must_use]
    pub fn limited_by(self, limits: Arc<Limits>) -> Self {
        Self { limits: Some(limits), ..self }
    }

    /// Draws so many messages more than the one that the call itself is.
    ///
    /// # Errors
    /// `RATE_LIMITED`; nothing is drawn then.
    pub fn draw_sends(&self, more: u32) -> Result<()> {
        self.limits.as_ref().map_or(Ok(()), |limits| limits.check_sends(&self.caller, more))
    }

    /// The session of the caller. Only methods that were named as open are ever called without one.
    pub fn session(&self) -> Result<&Arc<Session>> {
        self.caller.session.as_ref().ok_or_else(unauthenticated)
    }

    /// The account of the caller.
    pub fn account(&self) -> Result<AccountId> {
        Ok(self.session()?.account)
    }

    /// The device of the caller.
    pub fn device(&self) -> Result<DeviceId> {
        Ok(self.session()?.device)
    }

    /// The clock, for streams that outlive `now`.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }
}
