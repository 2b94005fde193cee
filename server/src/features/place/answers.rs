//! What is answered to whom a plug-in refuses. Nothing of it depends on where the position was, but that it is too far
//! from the last.

use crate::error::{Error, Kind};
use crate::geo::Refused;
use crate::time::Time;

const POSITION_INVALID: &str = "POSITION_INVALID";

/// `POSITION_INVALID`.
pub(super) fn no_position() -> Error {
    Error::invalid(
        POSITION_INVALID,
        "Send a position: latitude from -90 to 90, longitude from -180 to 180, and its accuracy in metres, from 1 on.",
    )
}

/// `POSITION_CLOSED`.
pub(super) fn closed(until: Time, now: Time) -> Error {
    refused(Refused::Closed { until }, now)
}

/// The error for a position that is not taken.
pub(super) fn refused(refused: Refused, now: Time) -> Error {
    match refused {
        Refused::NoPosition => no_position(),
        Refused::Inaccurate => Error::invalid(
            "POSITION_INACCURATE",
            "This position is known worse than to 2 km. Try again under the open sky, or let the device measure longer.",
        ),
        Refused::TooFast => Error::precondition(
            "POSITION_TOO_FAST",
            "Nobody comes so far in so short a time. Wait a while, or see whether the device measures well.",
        ),
        Refused::Closed { until } => {
            let wait = until.since(now);
            let minutes = wait.as_secs().div_ceil(60).max(1);
            let message = format!("You cleared or forgot your location. Try again in {minutes} min.");
            Error::new(Kind::RateLimited, "POSITION_CLOSED", message).retry_after(wait)
        }
    }
}

/// `AGE_NOT_CONFIRMED`.
pub(super) fn age_not_confirmed(min_age: u32) -> Error {
    let message =
        format!("This is for people of {min_age} and older. Say `is_adult` if you are; it is asked once.");
    Error::precondition("AGE_NOT_CONFIRMED", message)
}

/// `PLUG_IN_CLOSED`.
pub(super) fn closed_to_minors() -> Error {
    let message = "The plug-ins in which strangers meet are closed to you: an operator marked this account as a minor's.";
    Error::new(Kind::Forbidden, "PLUG_IN_CLOSED", message)
}
