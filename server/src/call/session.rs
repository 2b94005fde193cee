//! Who calls: a device that is signed in. The accounts room makes sessions; everything else only reads them.

use crate::error::{Error, Kind, Result};
use crate::id::{AccountId, DeviceId};
use crate::time::Time;
use futures::future::BoxFuture;
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
    last_word: OnceLock<&'static str>,
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
    pub fn end_because(&self, last_word: &'static str) {
        // The first reason is the one that ended it.
        let _ = self.last_word.set(last_word);
        self.end();
    }

    /// What the device is told once its session was ended: [`unauthenticated`], with the reason in words.
    pub fn farewell(&self) -> Error {
        self.last_word
            .get()
            .map_or_else(unauthenticated, |word| Error::new(Kind::Unauthenticated, UNAUTHENTICATED, *word))
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

#[cfg(test)]
mod tests {
    use super::*;

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
