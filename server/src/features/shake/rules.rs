//! What is answered to whom the room refuses. Nothing of it depends on anybody but the caller.

use crate::error::Error;

/// `PLUG_IN_OFF`.
pub(super) fn plug_in_off() -> Error {
    Error::precondition("PLUG_IN_OFF", "Shake is off. Switch it on first: others can meet you then, too.")
}
