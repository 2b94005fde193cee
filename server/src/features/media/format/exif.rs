//! The two facts of EXIF that matter here: which way up a picture is, which is kept, and whether it says where it was
//! taken, which is never kept. Knows TIFF directories and nothing of the formats that embed them.

use super::bytes::array;

const ORIENTATION: u16 = 0x0112;
const GPS_DIRECTORY: u16 = 0x8825;
/// More entries than cameras write; what claims more is no directory.
const MAX_ENTRIES: u16 = 1024;

/// How `tiff` writes numbers.
struct Tiff<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl<'a> Tiff<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let big_endian = match bytes.get(..4)? {
            b"MM\0*" => true,
            b"II*\0" => false,
            _ => return None,
        };
        Some(Tiff { bytes, big_endian })
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let raw = array(self.bytes, at)?;
        Some(if self.big_endian { u16::from_be_bytes(raw) } else { u16::from_le_bytes(raw) })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let raw = array(self.bytes, at)?;
        Some(if self.big_endian { u32::from_be_bytes(raw) } else { u32::from_le_bytes(raw) })
    }

    /// Where the entry with this tag is in the first directory.
    fn find(&self, tag: u16) -> Option<usize> {
        let directory = self.u32(4)? as usize;
        let entries = self.u16(directory)?.min(MAX_ENTRIES);
        let mut places = (0..usize::from(entries)).filter_map(|n| directory.checked_add(2 + 12 * n));
        places.find(|at| self.u16(*at) == Some(tag))
    }
}

/// The orientation, 1 to 8, that a TIFF header tells; 1 is upright.
pub(super) fn orientation(tiff: &[u8]) -> u8 {
    let read = || {
        let tiff = Tiff::new(tiff)?;
        let value = tiff.u16(tiff.find(ORIENTATION)? + 8)?;
        u8::try_from(value).ok().filter(|o| (1..=8).contains(o))
    };
    read().unwrap_or(1)
}

/// Whether a TIFF header leads to a directory of positions that is not empty.
pub(super) fn has_position(tiff: &[u8]) -> bool {
    let read = || {
        let tiff = Tiff::new(tiff)?;
        let directory = tiff.u32(tiff.find(GPS_DIRECTORY)? + 8)? as usize;
        tiff.u16(directory)
    };
    read().is_some_and(|entries| entries > 0)
}

/// A TIFF header that tells this orientation and nothing else.
pub(super) fn of_orientation(orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08\0\x01".to_vec();
    tiff.extend_from_slice(&ORIENTATION.to_be_bytes());
    // One SHORT, left-justified in its four bytes; then no further directory.
    tiff.extend_from_slice(&[0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]);
    tiff
}

/// Width and height as shown, of pixels stored with this orientation.
pub(super) fn upright(width: u32, height: u32, orientation: u8) -> (u32, u32) {
    if orientation >= 5 { (height, width) } else { (width, height) }
}
