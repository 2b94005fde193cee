//! Words of care about people: that an account is new, or that it was much reported, which a later room works out. It does
//! not know who is shown them.

use super::Person;
use super::tables::{ACCOUNT, AccountRow};
use crate::bus::Event;
use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::store::Tx;
use crate::time::Time;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::net::IpAddr;
use teahouse_proto::common::Caution;

/// An account is new for so many UTC days: whole ones, so that nobody can tell the hour from when it ends.
const NEW_DAYS: u32 = 14;

impl Person {
    /// What strangers should know of them. Changes with the day. On loopback nobody is new.
    pub fn caution(&self, now: Time, on_loopback: bool) -> Caution {
        if self.reported {
            return Caution::Reported;
        }
        let is_new = now.day().saturating_sub(self.created_at.day()) < NEW_DAYS;
        if is_new && !on_loopback { Caution::New } else { Caution::Unspecified }
    }
}

/// Notes whether somebody was much reported, and tells of their new face.
pub fn set_caution(tx: &mut Tx<'_>, account: AccountId, reported: bool) -> Result<()> {
    let Some(row) = tx.get(&ACCOUNT, &account)? else { return Ok(()) };
    if row.reported == reported {
        return Ok(());
    }
    tx.put(&ACCOUNT, &account, &AccountRow { reported, ..row })?;
    tx.publish(Event::NewFace { account });
    Ok(())
}

/// From where an account was registered: a keyed hash, the same for the same address. `None` where that is not known, as on
/// loopback.
///
/// # Errors
/// Where there is no such account.
pub fn registration_network(tx: &mut Tx<'_>, account: AccountId) -> Result<Option<u64>> {
    let row = tx.get(&ACCOUNT, &account)?.ok_or_else(|| Error::internal("an account that is not there"))?;
    Ok((row.registration_network != 0).then_some(row.registration_network))
}

/// The same, of an address. Never 0.
pub(super) fn network_hash(secret: &[u8; 32], network: IpAddr) -> u64 {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(b"accounts.registration_network");
    match network {
        IpAddr::V4(ip) => mac.update(&ip.octets()),
        IpAddr::V6(ip) => mac.update(&ip.octets()),
    }
    let hash = mac.finalize().into_bytes();
    u64::from_be_bytes(hash[..8].try_into().expect("a hash has 32 bytes")).max(1)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{register, registered_from};
    use super::super::person;
    use super::*;
    use crate::store::Store;
    use crate::time::DAY;

    #[tokio::test]
    async fn an_account_is_new_for_some_days_and_reported_until_it_is_not() {
        const MADE: Time = Time(1_800_000_000_000);
        const ANNA: AccountId = AccountId(1);
        let (store, mut published) = Store::memory();
        store.transact(|tx| register(tx, ANNA, "anna", MADE)).await.unwrap();
        let seen = async |now, on_loopback| {
            let found = store.transact(|tx| person(tx, ANNA)).await.unwrap().unwrap();
            found.caution(now, on_loopback)
        };
        assert_eq!((seen(MADE, false).await, seen(MADE, true).await), (Caution::New, Caution::Unspecified));
        assert_eq!(seen(MADE + DAY * 13, false).await, Caution::New);
        assert_eq!(
            seen(Time(i64::from(MADE.day() + 14) * 86_400_000), false).await,
            Caution::Unspecified,
            "by the day"
        );
        store.transact(|tx| set_caution(tx, ANNA, true)).await.unwrap();
        assert_eq!(
            (seen(MADE, true).await, seen(MADE + DAY * 99, false).await),
            (Caution::Reported, Caution::Reported)
        );
        store.transact(|tx| set_caution(tx, ANNA, false)).await.unwrap();
        assert_eq!(seen(MADE, true).await, Caution::Unspecified);
        let network = || store.transact(|tx| registration_network(tx, ANNA));
        assert_eq!(network().await.unwrap(), None);
        store.transact(|tx| registered_from(tx, ANNA, 7)).await.unwrap();
        assert_eq!(network().await.unwrap(), Some(7));
        let mut faces = 0;
        while let Ok((_, events)) = published.try_recv() {
            faces += events.iter().filter(|event| matches!(event, Event::NewFace { .. })).count();
        }
        assert_eq!(faces, 2);
    }

    #[test]
    fn one_address_is_one_network() {
        let hash = |key: u8, address: &str| network_hash(&[key; 32], address.parse().unwrap());
        assert_eq!(hash(1, "192.0.2.7"), hash(1, "192.0.2.7"));
        assert_ne!(hash(1, "192.0.2.7"), hash(1, "192.0.2.8"));
        assert_ne!(hash(1, "192.0.2.7"), hash(2, "192.0.2.7"), "without the key it says nothing");
    }
}
