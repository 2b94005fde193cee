//! A position as a device reports it. It exists from the decoding of a request to [`super::publish`], which consumes it: it can
//! be neither copied, printed, compared nor stored, and gives nothing away but to this part of the server.

use super::publish::Refused;
use super::{Cell, point};
use crate::time::Time;

/// Positions that are known worse than to these metres are refused: they would make cells up.
pub const MAX_ACCURACY_M: f64 = 2000.0;

/// A point on the globe, how well it is known, and when the server was told. Made by [`fix`].
pub struct Fix {
    latitude: f64,
    longitude: f64,
    at: Time,
}

/// A position in degrees with its accuracy in metres (0 where the device does not know), told at `now` of the server: devices'
/// clocks are not believed.
///
/// # Errors
/// [`Refused::NoPosition`] for what is no point on the globe or no accuracy, [`Refused::Inaccurate`] above
/// [`MAX_ACCURACY_M`].
pub fn fix(latitude: f64, longitude: f64, accuracy_m: f64, now: Time) -> Result<Fix, Refused> {
    let (latitude, longitude) = point(latitude, longitude).ok_or(Refused::NoPosition)?;
    if accuracy_m.is_nan() || accuracy_m < 0.0 {
        return Err(Refused::NoPosition);
    }
    if accuracy_m > MAX_ACCURACY_M {
        return Err(Refused::Inaccurate);
    }
    Ok(Fix { latitude, longitude, at: now })
}

impl Fix {
    /// When the server was told.
    pub(super) fn at(&self) -> Time {
        self.at
    }

    /// The cell that it is in: all that is left of it.
    pub(super) fn into_cell(self) -> Cell {
        Cell::at(self.latitude, self.longitude).expect("it was found to be a point when it was made")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_position_is_refused() {
        for (north, east, accuracy, expected) in [
            (30.0, 120.0, 0.0, None),
            (30.0, 120.0, 2000.0, None),
            (30.0, 120.0, 2000.1, Some(Refused::Inaccurate)),
            (30.0, 120.0, f64::INFINITY, Some(Refused::Inaccurate)),
            (30.0, 120.0, -1.0, Some(Refused::NoPosition)),
            (30.0, 120.0, f64::NAN, Some(Refused::NoPosition)),
            (90.1, 120.0, 5.0, Some(Refused::NoPosition)),
            (f64::NAN, 120.0, 5.0, Some(Refused::NoPosition)),
        ] {
            assert_eq!(fix(north, east, accuracy, Time(1)).err(), expected, "{north} {east} {accuracy}");
        }
        let made = fix(30.2431, 120.1502, 10.0, Time(7)).expect("a position");
        assert_eq!((made.at(), Some(made.into_cell())), (Time(7), Cell::at(30.2431, 120.1502)));
    }
}
