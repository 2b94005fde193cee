//! What is answered to whom a plug-in refuses, and the words for bands on the wire. Nothing of it depends on where the
//! position was, but that it is too far from the last.

use crate::error::{Error, Kind};
use crate::geo::{self, Refused, Size};
use crate::time::Time;
use teahouse_proto::common::Band;

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

/// A band as the wire names it; `size` is that of the cells, which counts where they are one.
pub fn band_word(band: geo::Band, size: Size) -> Band {
    match (band, size) {
        (geo::Band::SameCell, Size::Metres500) => Band::Cell500M,
        (geo::Band::SameCell, Size::Metres2000) => Band::Cell2Km,
        (geo::Band::Km1, _) => Band::Within1Km,
        (geo::Band::Km2, _) => Band::Within2Km,
        (geo::Band::Km5, _) => Band::Within5Km,
        (geo::Band::Km10, _) => Band::Within10Km,
        (geo::Band::Km50, _) => Band::Within50Km,
        (geo::Band::Km200, _) => Band::Within200Km,
        (geo::Band::Km1000, _) => Band::Within1000Km,
        (geo::Band::World, _) => Band::World,
    }
}

/// The band that a word of the wire stands for, of whatever size the cells are. `None`: unspecified.
pub fn band_of(word: Band) -> Option<geo::Band> {
    Some(match word {
        Band::Unspecified => return None,
        Band::Cell500M | Band::Cell2Km => geo::Band::SameCell,
        Band::Within1Km => geo::Band::Km1,
        Band::Within2Km => geo::Band::Km2,
        Band::Within5Km => geo::Band::Km5,
        Band::Within10Km => geo::Band::Km10,
        Band::Within50Km => geo::Band::Km50,
        Band::Within200Km => geo::Band::Km200,
        Band::Within1000Km => geo::Band::Km1000,
        Band::World => geo::Band::World,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_bands_and_back() {
        for band in geo::Band::ALL {
            for size in [Size::Metres500, Size::Metres2000] {
                assert_eq!(band_of(band_word(band, size)), Some(band));
            }
        }
        assert_eq!(band_word(geo::Band::SameCell, Size::Metres500), Band::Cell500M);
        assert_eq!(band_word(geo::Band::SameCell, Size::Metres2000), Band::Cell2Km);
        assert_eq!(band_of(Band::Unspecified), None);
    }
}
