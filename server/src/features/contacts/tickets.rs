//! Tickets: who found a person may ask them, and nobody else. A ticket is sealed, names the person and the way by
//! which they were found, works for the account it was made for alone, and dies after a day. Rooms that offer
//! another way of finding people make theirs here too. Whether the way is still open is asked when it is used.

use super::rules::ticket_invalid;
use crate::error::Result;
use crate::features::accounts::Person;
use crate::id::AccountId;
use crate::seal::Seal;
use crate::store::key::Key;
use crate::time::{HOUR, Time};
use bytes::Bytes;
use teahouse_proto::common::{PersonCard, Way};

const KIND: &str = "contacts.ticket";

/// Makes and reads tickets.
#[derive(Clone)]
pub struct Tickets {
    seal: Seal,
    hours: u32,
}

/// Whom a ticket stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The person.
    pub person: AccountId,
    /// How they were found.
    pub way: Way,
}

/// What somebody is told of a person they found.
#[derive(Clone, Debug, PartialEq)]
pub struct Met {
    /// What anybody who found them may see.
    pub card: PersonCard,
    /// To ask them with; empty where they found themself.
    pub ticket: Bytes,
    /// Whom they know the id of: a friend, or themself; else 0.
    pub account_id: u64,
}

impl Tickets {
    /// Tickets that live for so many hours.
    pub fn new(seal: Seal, hours: u32) -> Self {
        Self { seal, hours }
    }

    /// A ticket for `asker`. All are of the same length.
    pub fn make(&self, asker: AccountId, found: Found, now: Time) -> Vec<u8> {
        self.make_until(asker, found, now + HOUR * self.hours)
    }

    /// As [`Tickets::make`], for ways that can close in the meantime without this room's knowing.
    pub fn make_until(&self, asker: AccountId, found: Found, expires: Time) -> Vec<u8> {
        let plain = (found.person, found.way as u32, expires.as_ms().cast_unsigned());
        self.seal.seal(KIND, &asker.to_bytes(), &plain.to_bytes())
    }

    /// What `me` is told of somebody they found: a stranger has no id, and nobody needs a ticket for themself.
    pub fn meet(&self, me: AccountId, person: &Person, way: Way, is_friend: bool, now: Time) -> Met {
        let myself = person.id == me;
        let found = Found { person: person.id, way };
        let ticket = if myself { Vec::new() } else { self.make(me, found, now) };
        let account_id = if myself || is_friend { person.id.0 } else { 0 };
        Met { card: person.card(), ticket: ticket.into(), account_id }
    }

    /// Reads a ticket that `asker` brings. `TICKET_INVALID` for anything but a living one of their own.
    pub fn read(&self, asker: AccountId, ticket: &[u8], now: Time) -> Result<Found> {
        self.open(asker, ticket, now).ok_or_else(ticket_invalid)
    }

    fn open(&self, asker: AccountId, ticket: &[u8], now: Time) -> Option<Found> {
        let plain = self.seal.open(KIND, &asker.to_bytes(), ticket)?;
        let (person, way, expires) = <(AccountId, u32, u64)>::decode(&mut &plain[..])?;
        let way = i32::try_from(way).ok().and_then(|way| Way::try_from(way).ok())?;
        (now < Time(expires.cast_signed()) && person != asker).then_some(Found { person, way })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn works_for_its_asker_for_a_day() {
        let tickets = Tickets::new(Seal::new(&[1; 32], Random::seeded(1)), 24);
        let (now, anna, boris) = (Time(1_800_000_000_000), AccountId(1), AccountId(2));
        let found = Found { person: boris, way: Way::Username };
        let ticket = tickets.make(anna, found, now);
        assert_eq!(tickets.read(anna, &ticket, now + HOUR * 23).unwrap(), found);
        assert!(tickets.read(anna, &ticket, now + HOUR * 24).is_err(), "expired");
        assert!(tickets.read(AccountId(3), &ticket, now).is_err(), "somebody else's");
        assert!(tickets.read(boris, &tickets.make(boris, found, now), now).is_err(), "for oneself");
        assert!(tickets.read(anna, b"", now).is_err());
        for i in 0..ticket.len() {
            let mut forged = ticket.clone();
            forged[i] ^= 0x40;
            assert_eq!(tickets.read(anna, &forged, now).unwrap_err().reason(), "TICKET_INVALID");
        }
    }
}
