//! A device's place in the server's history, and in its account's log. The place is sealed, not only opaque: stamps rise
//! with everybody's commits, and two of them side by side would tell how much others write. It is the same for all whom
//! an event reaches, so it is sealed once for them; the number in the log is told to the account anyway.

use crate::error::{Error, Result};
use crate::seal::{self, Seal};
use crate::store::key::Key;
use bytes::Bytes;

/// Everything of this epoch up to `stamp`, and the account log up to `number`, has been sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    pub epoch: u64,
    pub stamp: u64,
    pub number: u64,
}

/// What cursors are sealed as.
const KIND: &str = "sync.cursor";

/// Length of a sealed place: epoch and stamp.
const PLACE_LEN: usize = 2 * size_of::<u64>() + seal::OVERHEAD;

impl Cursor {
    /// The part that is the same for all who are at this place.
    pub(super) fn place(self, seal: &Seal) -> Bytes {
        seal.seal(KIND, &[], &(self.epoch, self.stamp).to_bytes()).into()
    }

    /// The cursor, where its place is sealed already.
    pub(super) fn at(self, place: &[u8]) -> Bytes {
        [place, &self.number.to_bytes()].concat().into()
    }

    pub(super) fn seal(self, seal: &Seal) -> Bytes {
        self.at(&self.place(seal))
    }

    /// `None` for the empty cursor of a new device.
    pub(super) fn open(seal: &Seal, bytes: &[u8]) -> Result<Option<Self>> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let parts = bytes.split_at_checked(PLACE_LEN);
        let number = parts.and_then(|(_, number)| <[u8; 8]>::try_from(number).ok()).map(u64::from_be_bytes);
        let (Some((place, _)), Some(number)) = (parts, number) else {
            return Err(Error::invalid(
                "CURSOR_INVALID",
                "The cursor is not one that this server gave. Follow with an empty cursor.",
            ));
        };
        let opened = seal.open(KIND, &[], place).and_then(|plain| Key::decode(&mut &plain[..]));
        // Sealed by a server with another store: of no epoch that there is, since those are not 0.
        Ok(Some(opened.map_or_else(Self::default, |(epoch, stamp)| Self { epoch, stamp, number })))
    }
}
