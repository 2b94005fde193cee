//! Where a look goes on. A cursor is sealed: it works for its viewer alone, says from which cell, at whom and by which hour's
//! order they looked, and ends soon. All are of one length.

use super::LookAroundConfig;
use crate::error::{Error, Result};
use crate::geo::{self, Band, Cell, HourKey, Mark};
use crate::id::AccountId;
use crate::seal::Seal;
use crate::store::key::Key;
use crate::time::Time;
use bytes::Bytes;
use teahouse_proto::common::Gender;

const KIND: &str = "look_around.cursor";

/// What somebody looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quest {
    /// Who looks.
    pub(super) viewer: AccountId,
    /// From where.
    pub(super) from: Cell,
    /// At whom; unspecified for everybody.
    pub(super) gender: Gender,
    /// How far.
    pub(super) within: Band,
    /// When they began to.
    pub(super) began: Time,
    /// How many they were shown.
    pub(super) given: u32,
    /// Who of them was the last.
    pub(super) after: Option<Mark>,
}

impl Quest {
    /// As the index takes it.
    pub(super) fn look(&self) -> geo::Look {
        geo::Look {
            from: self.from,
            viewer: self.viewer,
            gender: self.gender,
            within: self.within,
            after: self.after,
        }
    }

    /// What orders the people found.
    pub(super) fn order(&self, secret: &[u8; 32]) -> HourKey {
        HourKey::new(secret, self.began)
    }
}

type Plain = ((u64, u8, u8), (u64, u32), (u64, AccountId));

/// Makes and reads cursors.
pub(super) struct Cursors {
    pub(super) seal: Seal,
    pub(super) config: LookAroundConfig,
}

impl Cursors {
    /// Where this one goes on, whose last person is known.
    pub(super) fn make(&self, quest: &Quest, last: Mark) -> Bytes {
        let gender = u8::try_from(quest.gender as i32).unwrap_or_default();
        let within = Band::ALL.iter().position(|band| *band == quest.within).unwrap_or_default();
        let plain: Plain = (
            (quest.from.number(), gender, u8::try_from(within).unwrap_or_default()),
            (quest.began.as_ms().cast_unsigned(), quest.given),
            (last.cell.number(), last.person),
        );
        self.seal.seal(KIND, &quest.viewer.to_bytes(), &plain.to_bytes()).into()
    }

    /// Reads a cursor that a viewer brings. `CURSOR_INVALID` for anything but a living one of their own.
    pub(super) fn read(&self, viewer: AccountId, cursor: &[u8], now: Time) -> Result<Quest> {
        self.open(viewer, cursor, now).ok_or_else(invalid)
    }

    fn open(&self, viewer: AccountId, cursor: &[u8], now: Time) -> Option<Quest> {
        let plain = self.seal.open(KIND, &viewer.to_bytes(), cursor)?;
        let ((from, gender, within), (began, given), (cell, person)) = Plain::decode(&mut &plain[..])?;
        let began = Time(began.cast_signed());
        let after = Some(Mark { cell: Cell::from_number(cell)?, person });
        let quest = Quest {
            viewer,
            from: Cell::from_number(from)?,
            gender: Gender::try_from(i32::from(gender)).ok()?,
            within: *Band::ALL.get(usize::from(within))?,
            began,
            given,
            after,
        };
        (now < began + self.config.cursor_lives()).then_some(quest)
    }
}

/// `CURSOR_INVALID`.
pub(super) fn invalid() -> Error {
    Error::invalid("CURSOR_INVALID", "This look is over, or was not yours. Look again.")
}
