//! A device's place in the server's history. Opaque to clients.

use crate::error::{Error, Result};
use crate::store::key::Key;
use bytes::Bytes;

/// Everything of this epoch up to `stamp`, and the account log up to `number`, has been sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    pub epoch: u64,
    pub stamp: u64,
    pub number: u64,
}

impl Cursor {
    pub(super) fn encode(self) -> Bytes {
        (self.epoch, self.stamp, self.number).to_bytes().into()
    }

    /// `None` for the empty cursor of a new device.
    pub(super) fn decode(bytes: &[u8]) -> Result<Option<Self>> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let mut input = bytes;
        match Key::decode(&mut input) {
            Some((epoch, stamp, number)) if input.is_empty() => Ok(Some(Self { epoch, stamp, number })),
            _ => Err(Error::invalid(
                "CURSOR_INVALID",
                "The cursor is not one that this server gave. Follow with an empty cursor.",
            )),
        }
    }
}
