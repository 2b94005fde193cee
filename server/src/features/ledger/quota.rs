//! Allowances over a sliding time, kept durably: "100 searches a day" means any 24 hours of the server's clock.

use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::store::key::{Key, KeyRange};
use crate::store::{Order, Store, Table, Tx};
use crate::time::{HOUR, Time};
use prost::Message;
use std::net::IpAddr;
use std::time::Duration;

/// Draws by who and what.
const DRAWS: Table<(Who, String), Draws> = Table::new("ledger.quota");

/// The longest that any allowance looks back; older draws are swept.
const LONGEST: Duration = Duration::from_secs(31 * 24 * 3600);
/// Rows looked at in one step of the sweep.
const SWEEP_BATCH: usize = 500;

/// When the allowance was drawn on, oldest first.
#[derive(Clone, PartialEq, Message)]
struct Draws {
    #[prost(int64, repeated, tag = "1")]
    at_ms: Vec<i64>,
}

/// Whose allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// An account's.
    Account(AccountId),
    /// A network address's, as [`crate::call::Caller::network`] gives it.
    Network(IpAddr),
}

impl Key for Who {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Account(id) => (0u8, *id).encode(out),
            Self::Network(IpAddr::V4(ip)) => (1u8, ip.octets()).encode(out),
            Self::Network(IpAddr::V6(ip)) => (2u8, ip.octets()).encode(out),
        }
    }

    fn decode(input: &mut &[u8]) -> Option<Self> {
        match u8::decode(input)? {
            0 => AccountId::decode(input).map(Self::Account),
            1 => <[u8; 4]>::decode(input).map(|ip| Self::Network(ip.into())),
            2 => <[u8; 16]>::decode(input).map(|ip| Self::Network(ip.into())),
            _ => None,
        }
    }
}

/// An allowance: so many draws of a kind in any span of this length.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// Stable name, "search".
    pub kind: &'static str,
    /// How many.
    pub limit: u32,
    /// In how long; at most 31 days.
    pub per: Duration,
}

impl Quota {
    /// One fifth, at least 1: what a newcomer has of the limits that concern strangers, groups and codes.
    #[must_use]
    pub fn for_newcomer(self) -> Self {
        Self { limit: (self.limit / 5).max(1), ..self }
    }

    /// Draws once, or answers `RATE_LIMITED` with the wait and draws nothing.
    pub fn draw(&self, tx: &mut Tx<'_>, who: Who, now: Time) -> Result<()> {
        self.draw_times(tx, who, 1, now)
    }

    /// Draws so many times, or answers `RATE_LIMITED` with the wait and draws nothing.
    pub fn draw_times(&self, tx: &mut Tx<'_>, who: Who, times: usize, now: Time) -> Result<()> {
        if times == 0 {
            return Ok(());
        }
        let key = (who, self.kind.to_owned());
        let mut draws = self.recent(tx, &key, now)?;
        let wanted = draws.at_ms.len() + times;
        if let Some(above) = wanted.checked_sub(self.limit as usize + 1) {
            // Nothing frees more than the limit.
            let frees = draws.at_ms.get(above).map_or(now, |at| Time(*at)) + self.per;
            return Err(Error::rate_limited(frees.since(now)));
        }
        draws.at_ms.resize(wanted, now.as_ms());
        tx.put(&DRAWS, &key, &draws)
    }

    /// How many draws are left.
    pub fn left(&self, tx: &mut Tx<'_>, who: Who, now: Time) -> Result<u32> {
        let used = self.recent(tx, &(who, self.kind.to_owned()), now)?.at_ms.len();
        Ok(self.limit.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX)))
    }

    /// Gives back the latest draw, where what it was for did not come about.
    pub fn give_back(&self, tx: &mut Tx<'_>, who: Who, now: Time) -> Result<()> {
        let key = (who, self.kind.to_owned());
        let mut draws = self.recent(tx, &key, now)?;
        draws.at_ms.pop();
        tx.put(&DRAWS, &key, &draws)
    }

    fn recent(&self, tx: &mut Tx<'_>, key: &(Who, String), now: Time) -> Result<Draws> {
        let mut draws = tx.get(&DRAWS, key)?.unwrap_or_default();
        let edge = (now - self.per).as_ms();
        draws.at_ms.retain(|at| *at > edge);
        Ok(draws)
    }
}

/// Drops what no allowance looks back on any more. Called in the background.
pub async fn drop_old(store: &Store, now: Time) -> Result<()> {
    let edge = (now - LONGEST - HOUR).as_ms();
    let mut range = KeyRange::all();
    loop {
        let rows = store.scan(&DRAWS, &range, SWEEP_BATCH, Order::Rising).await?;
        let Some((last, _)) = rows.last() else {
            return Ok(());
        };
        range = KeyRange::all().after(last);
        let dead = rows.into_iter().filter(|(_, d)| d.at_ms.last().is_none_or(|at| *at < edge));
        let dead: Vec<_> = dead.map(|(key, _)| key).collect();
        if dead.is_empty() {
            continue;
        }
        store
            .transact(move |tx| {
                for key in &dead {
                    let draws = tx.get(&DRAWS, key)?.unwrap_or_default();
                    if draws.at_ms.last().is_none_or(|at| *at < edge) {
                        tx.delete(&DRAWS, key)?;
                    }
                }
                Ok(())
            })
            .await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::DAY;

    const NOW: Time = Time(1_800_000_000_000);
    const QUOTA: Quota = Quota { kind: "test", limit: 3, per: DAY };

    async fn draw(store: &Store, who: Who, now: Time) -> Result<()> {
        store.transact(move |tx| QUOTA.draw(tx, who, now)).await
    }

    #[tokio::test]
    async fn any_24_hours_hold_no_more_than_the_limit() {
        let (store, _published) = Store::memory();
        let anna = Who::Account(AccountId(1));
        for hours in 0..3 {
            draw(&store, anna, NOW + HOUR * hours).await.unwrap();
        }
        let refused = draw(&store, anna, NOW + HOUR * 4).await.unwrap_err();
        assert_eq!((refused.reason(), refused.retry_after_ms()), ("RATE_LIMITED", 20 * 3_600_000));
        assert!(draw(&store, anna, NOW + HOUR * 24).await.is_ok(), "the first draw is a day old");
        assert!(draw(&store, anna, NOW + HOUR * 24).await.is_err());
        draw(&store, Who::Account(AccountId(2)), NOW).await.unwrap();
        draw(&store, Who::Network("10.0.0.1".parse().unwrap()), NOW).await.unwrap();
    }

    #[tokio::test]
    async fn several_are_drawn_together_or_none() {
        let (store, _published) = Store::memory();
        let anna = Who::Account(AccountId(1));
        let draw = async |times, now| store.transact(move |tx| QUOTA.draw_times(tx, anna, times, now)).await;
        draw(2, NOW).await.unwrap();
        let refused = draw(2, NOW + HOUR).await.unwrap_err();
        assert_eq!(refused.retry_after_ms(), 23 * 3_600_000);
        draw(1, NOW + HOUR).await.unwrap();
        assert_eq!(draw(2, NOW + HOUR * 2).await.unwrap_err().retry_after_ms(), 22 * 3_600_000);
        assert_eq!(draw(3, NOW + HOUR * 2).await.unwrap_err().retry_after_ms(), 23 * 3_600_000);
        assert!(draw(4, NOW + HOUR * 48).await.is_err(), "more than the limit");
        draw(3, NOW + HOUR * 48).await.unwrap();
    }

    #[tokio::test]
    async fn a_limit_of_nothing_is_always_used_up() {
        let (store, _published) = Store::memory();
        let none = Quota { limit: 0, ..QUOTA };
        let refused = store.transact(move |tx| none.draw(tx, Who::Account(AccountId(1)), NOW)).await;
        assert_eq!(refused.unwrap_err().reason(), "RATE_LIMITED");
    }

    #[tokio::test]
    async fn the_sweep_leaves_what_still_counts() {
        let (store, _published) = Store::memory();
        draw(&store, Who::Account(AccountId(1)), NOW).await.unwrap();
        draw(&store, Who::Account(AccountId(2)), NOW + LONGEST).await.unwrap();
        drop_old(&store, NOW + LONGEST + HOUR * 2).await.unwrap();
        let left = store.scan(&DRAWS, &KeyRange::all(), 10, Order::Rising).await.unwrap();
        assert_eq!(left.iter().map(|(k, _)| k.0).collect::<Vec<_>>(), [Who::Account(AccountId(2))]);
    }

    #[test]
    fn newcomers_have_a_fifth() {
        assert_eq!(Quota { limit: 100, ..QUOTA }.for_newcomer().limit, 20);
        assert_eq!(QUOTA.for_newcomer().limit, 1);
    }
}
