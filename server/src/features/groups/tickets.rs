//! Tickets: who looked at the code of a group may join it for some minutes, and nobody else. A ticket is sealed, names
//! the group, the member who shared the code and which of their codes it was, and works for the account it was made for
//! alone. It is no better than its code: whether that was reset since, and whether the sharer is still a member, is asked
//! when it is used.

use super::resets::Resets;
use super::rules::ticket_invalid;
use crate::error::Result;
use crate::id::{AccountId, ConversationId};
use crate::seal::Seal;
use crate::store::key::Key;
use crate::time::Time;
use std::time::Duration;

const KIND: &str = "groups.ticket";

/// Makes and reads tickets.
#[derive(Clone)]
pub struct Tickets {
    seal: Seal,
    live_for: Duration,
}

/// What a ticket stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shared {
    /// The group.
    pub group: ConversationId,
    /// The member whose code it was.
    pub sharer: AccountId,
    /// After which resets the code was made.
    pub resets: Resets,
}

type Plain = ((ConversationId, AccountId), (u64, u64), u64);

impl Tickets {
    pub(super) fn new(seal: Seal, minutes: u32) -> Self {
        Self { seal, live_for: Duration::from_secs(60) * minutes }
    }

    /// A ticket for `viewer`, who looked at a code. All are of the same length.
    pub fn make(&self, viewer: AccountId, shared: Shared, now: Time) -> Vec<u8> {
        let Shared { group, sharer, resets } = shared;
        let plain: Plain = ((group, sharer), (resets.everybodys, resets.own), now.as_ms().cast_unsigned());
        self.seal.seal(KIND, &viewer.to_bytes(), &plain.to_bytes())
    }

    /// Reads a ticket that `viewer` brings, and when it was made. `TICKET_INVALID` for anything but a living one of their
    /// own.
    pub(super) fn read(&self, viewer: AccountId, ticket: &[u8], now: Time) -> Result<(Shared, Time)> {
        let plain = self.seal.open(KIND, &viewer.to_bytes(), ticket).ok_or_else(ticket_invalid)?;
        let ((group, sharer), (everybodys, own), made) =
            Plain::decode(&mut &plain[..]).ok_or_else(ticket_invalid)?;
        let made = Time(made.cast_signed());
        if now >= made + self.live_for {
            return Err(ticket_invalid());
        }
        Ok((Shared { group, sharer, resets: Resets { everybodys, own } }, made))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn works_for_its_viewer_for_some_minutes() {
        let tickets = Tickets::new(Seal::new(&[1; 32], Random::seeded(1)), 10);
        let (now, anna, minute) = (Time(1_800_000_000_000), AccountId(1), Duration::from_secs(60));
        let resets = Resets { everybodys: 3, own: 4 };
        let shared = Shared { group: ConversationId(5), sharer: AccountId(2), resets };
        let ticket = tickets.make(anna, shared, now);
        assert_eq!(tickets.read(anna, &ticket, now + minute * 9).unwrap(), (shared, now));
        let refused = |viewer, ticket: &[u8], now| tickets.read(viewer, ticket, now).unwrap_err().reason();
        assert_eq!(refused(anna, &ticket, now + minute * 10), "TICKET_INVALID", "expired");
        assert_eq!(refused(AccountId(2), &ticket, now), "TICKET_INVALID", "somebody else's");
        assert_eq!(refused(anna, b"", now), "TICKET_INVALID");
        for i in 0..ticket.len() {
            let mut forged = ticket.clone();
            forged[i] ^= 0x40;
            assert_eq!(refused(anna, &forged, now), "TICKET_INVALID");
        }
    }
}
