//! What may be asked for, and how a cell is drawn for who stands in it. Knows no people.

use crate::error::{Error, Result};
use crate::geo::{self, Cell};
use teahouse_proto::common::{Band, Gender};
use teahouse_proto::look_around::Area;

/// Hours for which a look can make visible.
const HOURS: [u32; 3] = [1, 6, 24];
/// A millionth of a degree: a map needs no more, and the text of more is long.
const DRAWN: f64 = 1e6;
/// The farthest that anybody looks.
const FARTHEST: geo::Band = geo::Band::Km10;

/// `VISIBLE_FOR_INVALID` for hours that cannot be chosen.
pub(super) fn check_hours(hours: u32) -> Result<()> {
    let refused = || Error::invalid("VISIBLE_FOR_INVALID", "A look makes visible for 1, 6 or 24 hours.");
    HOURS.contains(&hours).then_some(()).ok_or_else(refused)
}

/// At whom to look. `GENDER_INVALID` for a number that means nothing.
pub(super) fn gender(gender: i32) -> Result<Gender> {
    let refused =
        |_| Error::invalid("GENDER_INVALID", "Choose one of the genders that are listed, or none for all.");
    Gender::try_from(gender).map_err(refused)
}

/// How far to look. `BAND_INVALID` for more than 10 km, or a number that means nothing.
pub(super) fn within(band: i32) -> Result<geo::Band> {
    let band = Band::try_from(band).ok().map(|band| band_of(band).unwrap_or(FARTHEST));
    let refused =
        || Error::invalid("BAND_INVALID", "Choose one of the bands up to 10 km, or none for all of them.");
    band.filter(|band| *band <= FARTHEST).ok_or_else(refused)
}

/// The band that a word of the wire stands for, of whatever size the cells are. `None`: unspecified.
fn band_of(word: Band) -> Option<geo::Band> {
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

/// `PLUG_IN_OFF`.
pub(super) fn plug_in_off() -> Error {
    Error::precondition(
        "PLUG_IN_OFF",
        "Look Around is off. Switch it on first; then others can see you, too.",
    )
}

/// A cell on a map.
pub(super) fn area(cell: Cell) -> Area {
    let (south, west, north, east) = cell.bounds();
    let plain = |degrees: f64| (degrees * DRAWN).round() / DRAWN + 0.0;
    let (south, west, north, east) = (plain(south), plain(west), plain(north), plain(east));
    Area { south, west, north, east, size_m: cell.size().metres() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_bands_are_read_as_they_are_told() {
        for band in geo::Band::ALL {
            for size in [geo::Size::Metres500, geo::Size::Metres2000] {
                assert_eq!(band_of(crate::features::greetings::band(band, size)), Some(band));
            }
        }
        assert_eq!(band_of(Band::Unspecified), None);
    }

    #[test]
    fn bands_up_to_ten_kilometres_and_hours_as_listed() {
        assert_eq!(within(0).unwrap(), geo::Band::Km10);
        assert_eq!(within(Band::Cell2Km.into()).unwrap(), geo::Band::SameCell);
        assert_eq!(within(Band::Within10Km.into()).unwrap(), geo::Band::Km10);
        for wrong in [Band::Within50Km.into(), Band::World.into(), 11, -1, i32::MAX] {
            assert_eq!(within(wrong).unwrap_err().reason(), "BAND_INVALID");
        }
        assert!([1, 6, 24].into_iter().all(|hours| check_hours(hours).is_ok()));
        assert!([0, 2, 25, u32::MAX].into_iter().all(|hours| check_hours(hours).is_err()));
        assert!(gender(4).is_err() && gender(0).is_ok());
    }
}
