//! Who calls: a device that is signed in. The accounts room makes sessions; everything else only reads them.

use super::Method;
use crate::error::{Error, Kind, Result};
use crate::id::{AccountId, DeviceId};
use crate::permit::Permit;
use crate::restrictions::{Area, LiveRestrictions, Restrictions};
use crate::time::Time;
use futures::future::BoxFuture;
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use tokio_util::sync::CancellationToken;

/// A device session, shared by all its sockets and calls on this node.
#[derive(Debug)]
pub struct Session {
    /// Whose.
    pub account: AccountId,
    /// Which device.
    pub device: DeviceId,
    /// When the account was made; decides who is a newcomer.
    pub account_created_at: Time,
    ended: CancellationToken,
    last_word: OnceLock<Cow<'static, str>>,
    restrictions: LiveRestrictions,
    last_use_ms: AtomicI64,
    network: AtomicU64,
}

impl Session {
    /// A live session.
    pub fn new(account: AccountId, device: DeviceId, account_created_at: Time) -> Self {
        Self {
            account,
            device,
            account_created_at,
            ended: CancellationToken::new(),
            last_word: OnceLock::new(),
            restrictions: LiveRestrictions::default(),
            last_use_ms: AtomicI64::new(0),
            network: AtomicU64::new(NO_NETWORK),
        }
    }

    /// Notes that the device was there at this time.
    pub fn used(&self, now: Time) {
        self.last_use_ms.fetch_max(now.as_ms(), Ordering::Relaxed);
    }

    /// Notes from where it called, as [`super::Caller::network`] gives it.
    pub fn came_from(&self, network: IpAddr) {
        let packed = pack(network);
        // Read first: calls side by side should not take the cache line from each other for nothing.
        if self.network.load(Ordering::Relaxed) != packed {
            self.network.store(packed, Ordering::Relaxed);
        }
    }

    /// When the device was last there, as far as noted.
    pub fn last_use(&self) -> Time {
        Time(self.last_use_ms.load(Ordering::Relaxed))
    }

    /// From where it last called.
    pub fn network(&self) -> Option<IpAddr> {
        unpack(self.network.load(Ordering::Relaxed))
    }

    /// Ends it: later calls are refused, streams end, sockets close.
    pub fn end(&self) {
        self.ended.cancel();
    }

    /// The same; `last_word` tells the person at the device why, and what to do.
    pub fn end_because(&self, last_word: impl Into<Cow<'static, str>>) {
        // The first reason is the one that ended it.
        let _ = self.last_word.set(last_word.into());
        self.end();
    }

    /// What the device is told once its session was ended: [`unauthenticated`], with the reason in words.
    pub fn farewell(&self) -> Error {
        self.last_word.get().map_or_else(unauthenticated, |word| {
            Error::new(Kind::Unauthenticated, UNAUTHENTICATED, word.clone())
        })
    }

    /// From now on this is closed to the account.
    pub fn restrict(&self, restrictions: &Restrictions) {
        self.restrictions.set(restrictions);
    }

    /// Whether all of these areas are open to the account. Errors: `RESTRICTED`; [`Session::farewell`] where it is shut
    /// out altogether.
    pub fn check_open(&self, areas: &[Area], now: Time) -> Result<()> {
        if self.restrictions.shut_out_until(now).is_some() {
            return Err(self.farewell());
        }
        let closed =
            areas.iter().filter_map(|area| Some((*area, self.restrictions.closed_until(*area, now)?)));
        // Of several, the one that stays closed the longest: it says when to come back.
        closed
            .max_by_key(|(_, until)| *until)
            .map_or(Ok(()), |(area, until)| Err(restricted(area, until, now)))
    }

    /// Whether it was ended.
    pub fn is_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Returns when it is ended.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }
}

/// Before the first call; also what the network of the IPv6 loopback packs to, which nobody comes from over a wire.
const NO_NETWORK: u64 = 0;
/// Where IPv4 addresses are put among the IPv6 networks of 64 bits: 0:1::/32 is assigned to nobody.
const IPV4: u64 = 1 << 32;

fn pack(network: IpAddr) -> u64 {
    match network {
        IpAddr::V4(ip) => IPV4 | u64::from(ip.to_bits()),
        IpAddr::V6(ip) => (ip.to_bits() >> 64) as u64,
    }
}

fn unpack(packed: u64) -> Option<IpAddr> {
    match packed {
        NO_NETWORK => None,
        ip if ip >> 32 == 1 => Some(Ipv4Addr::from_bits(ip as u32).into()),
        ip => Some(Ipv6Addr::from_bits(u128::from(ip) << 64).into()),
    }
}

/// Turns a token into a session. The accounts room is the one that can.
pub trait Authenticator: Send + Sync + 'static {
    /// The live session of this token, else [`unauthenticated`].
    fn authenticate<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Arc<Session>>>;
}

const UNAUTHENTICATED: &str = "UNAUTHENTICATED";

/// The one answer for a missing, unknown, expired or ended session.
pub fn unauthenticated() -> Error {
    Error::new(
        Kind::Unauthenticated,
        UNAUTHENTICATED,
        "Sign in first: this call needs the token of a device that is signed in.",
    )
}

/// The permit of a call that writes: the areas of its method are still open to the caller.
struct Standing {
    session: Arc<Session>,
    areas: &'static [Area],
    now: Time,
}

impl Permit for Standing {
    fn check(&self) -> Result<()> {
        self.session.check_open(self.areas, self.now)
    }
}

/// What the transactions of a call must be allowed when they run. Reads need nothing.
pub(super) fn permit(session: &Arc<Session>, method: &Method, now: Time) -> Option<Arc<dyn Permit>> {
    if method.info.reads {
        return None;
    }
    Some(Arc::new(Standing { session: session.clone(), areas: method.areas, now }))
}

/// The answer of a method in an area that is closed to the caller.
pub(crate) fn restricted(area: Area, until: Time, now: Time) -> Error {
    let refused = |end: &str| {
        let message = format!(
            "The operator of this server closed this to you{end} ({}). SafetyService/ListSanctions says why; if you think \
             that is a mistake, ask the operator.",
            area.word()
        );
        Error::new(Kind::Forbidden, "RESTRICTED", message)
    };
    if until == Restrictions::FOR_GOOD {
        return refused("");
    }
    refused(&format!(" until {}", until.to_utc())).retry_after(until.since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_closed_and_says_when_it_opens() {
        let session = Session::new(AccountId(1), DeviceId(2), Time(3));
        let open = |areas: &[Area]| session.check_open(areas, Time(60_000));
        assert!(open(&Area::ALL).is_ok());
        let mut closed = Restrictions::default();
        closed.close(Area::Speaking, Time(120_000));
        closed.close(Area::Greetings, Time(180_000));
        session.restrict(&closed);
        assert!(open(&[]).is_ok() && open(&[Area::Shake]).is_ok());
        let refused = open(&[Area::Speaking]).unwrap_err();
        assert_eq!((refused.reason(), refused.retry_after_ms()), ("RESTRICTED", 60_000));
        assert!(refused.message().contains("until 1970-01-01 00:02 UTC (speaking)"), "{refused}");
        assert_eq!(open(&[Area::Greetings, Area::Speaking]).unwrap_err().retry_after_ms(), 120_000);
        closed.close(Area::Speaking, Restrictions::FOR_GOOD);
        session.restrict(&closed);
        assert_eq!(open(&[Area::Speaking]).unwrap_err().retry_after_ms(), 0);
        closed.shut_out(Time(70_000));
        session.restrict(&closed);
        assert_eq!(open(&[]).unwrap_err().reason(), "UNAUTHENTICATED");
    }

    #[test]
    fn says_farewell_with_the_first_reason() {
        let session = Session::new(AccountId(1), DeviceId(2), Time(3));
        assert_eq!(session.farewell().message(), unauthenticated().message());
        session.end_because("You were signed out.");
        session.end_because("Later.");
        assert!(session.is_ended());
        let farewell = session.farewell();
        assert_eq!((farewell.reason(), farewell.message()), ("UNAUTHENTICATED", "You were signed out."));
    }

    #[test]
    fn remembers_the_last_use_and_the_network() {
        let session = Session::new(AccountId(1), DeviceId(2), Time(3));
        assert_eq!((session.last_use(), session.network()), (Time(0), None));
        session.used(Time(9));
        session.used(Time(8));
        assert_eq!(session.last_use(), Time(9));
        for network in ["192.0.2.7", "2001:db8:1:2::", "fe80::"].map(|a| a.parse().unwrap()) {
            session.came_from(network);
            assert_eq!(session.network(), Some(network));
        }
    }
}
