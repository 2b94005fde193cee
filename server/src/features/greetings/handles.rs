//! Handles: who was shown a stranger's card may come back to them with it, and nobody else. A handle is sealed, works for
//! the viewer it was made for alone, and says who, by which way, how far away then, and until when; all are of one
//! length. Opening one computes nothing anew.

use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::seal::Seal;
use crate::time::{HOUR, Time};
use bytes::Bytes;
use teahouse_proto::common::{Band, Way};

const KIND: &str = "greetings.stranger";
/// Account, way, band, and the hour in which it ends.
const PLAIN: usize = 8 + 1 + 1 + 4;

/// Whom a handle stands for, as they were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// The person.
    pub person: AccountId,
    /// How they were found.
    pub way: Way,
    /// How far they were then.
    pub band: Band,
}

/// Makes and reads handles.
#[derive(Clone)]
pub(super) struct Handles {
    pub(super) seal: Seal,
    pub(super) hours: u32,
}

impl Handles {
    /// Handles for a viewer, in the order of the strangers. They live at least as long as the setting says, and at most
    /// an hour longer: they tell no minute.
    pub(super) fn make(&self, viewer: AccountId, strangers: &[Stranger], now: Time) -> Vec<Bytes> {
        let ends = hour_after(now + HOUR * self.hours).to_be_bytes();
        let plain = |stranger: &Stranger| {
            let mut plain = [0; PLAIN];
            plain[..8].copy_from_slice(&stranger.person.0.to_be_bytes());
            plain[8] = u8::try_from(stranger.way as i32).unwrap_or_default();
            plain[9] = u8::try_from(stranger.band as i32).unwrap_or_default();
            plain[10..].copy_from_slice(&ends);
            plain
        };
        let plain: Vec<[u8; PLAIN]> = strangers.iter().map(plain).collect();
        self.seal.seal_page(KIND, &viewer.0.to_be_bytes(), &plain)
    }

    /// Reads a handle that a viewer brings. `STRANGER_NOT_FOUND` for anything but a living one of their own.
    pub(super) fn read(&self, viewer: AccountId, handle: &[u8], now: Time) -> Result<Stranger> {
        self.open(viewer, handle, now).ok_or_else(stranger_not_found)
    }

    fn open(&self, viewer: AccountId, handle: &[u8], now: Time) -> Option<Stranger> {
        let plain = self.seal.open_one::<PLAIN>(KIND, &viewer.0.to_be_bytes(), handle)?;
        let (person, rest) = plain.split_first_chunk::<8>()?;
        let (how, ends) = rest.split_first_chunk::<2>()?;
        let ends = u32::from_be_bytes(ends.try_into().ok()?);
        let stranger = Stranger {
            person: AccountId(u64::from_be_bytes(*person)),
            way: Way::try_from(i32::from(how[0])).ok()?,
            band: Band::try_from(i32::from(how[1])).ok()?,
        };
        (now.as_ms() < i64::from(ends) * 3_600_000 && stranger.person != viewer).then_some(stranger)
    }
}

/// The number of the hour after a moment, since 1970.
fn hour_after(time: Time) -> u32 {
    u32::try_from(time.to_hour().as_ms() / 3_600_000 + 1).unwrap_or(u32::MAX)
}

/// No living handle of the caller's; or the person is gone.
pub fn stranger_not_found() -> Error {
    Error::not_found("STRANGER_NOT_FOUND", "This handle is not yours, or too old. Find the person again.")
}
