//! A device's place in the server's history. Sealed, not only opaque: stamps rise with everybody's commits, and two of
//! them side by side would tell how much others write.

use crate::error::{Error, Result};
use crate::id::AccountId;
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

/// Length of a sealed cursor.
const SEALED_LEN: usize = 3 * size_of::<u64>() + seal::OVERHEAD;

impl Cursor {
    pub(super) fn seal(self, seal: &Seal, account: AccountId) -> Bytes {
        seal.seal(KIND, &account.to_bytes(), &(self.epoch, self.stamp, self.number).to_bytes()).into()
    }

    /// `None` for the empty cursor of a new device.
    pub(super) fn open(seal: &Seal, account: AccountId, bytes: &[u8]) -> Result<Option<Self>> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let opened = seal.open(KIND, &account.to_bytes(), bytes);
        match opened.and_then(|plain| Key::decode(&mut &plain[..])) {
            Some((epoch, stamp, number)) => Ok(Some(Self { epoch, stamp, number })),
            // Sealed by a server with another store: of no epoch that there is, since those are not 0.
            None if bytes.len() == SEALED_LEN => Ok(Some(Self::default())),
            None => Err(Error::invalid(
                "CURSOR_INVALID",
                "The cursor is not one that this server gave to this account. Follow with an empty cursor.",
            )),
        }
    }
}
