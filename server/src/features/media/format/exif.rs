//! The two facts of EXIF that matter here: which way up a picture is, which is kept, and whether it says where it was
//! taken, which is never kept. Knows TIFF directories and nothing of the formats that embed them.

use super::bytes::array;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

const ORIENTATION: u16 = 0x0112;
const GPS_DIRECTORY: u16 = 0x8825;
/// More entries than cameras write; what claims more is no directory.
const MAX_ENTRIES: u16 = 256;

/// How a TIFF header writes numbers.
#[derive(Clone, Copy)]
struct Order {
    is_big_endian: bool,
}

impl Order {
    fn read(tiff: &[u8]) -> Option<Order> {
        match tiff.get(..4)? {
            b"MM\0*" => Some(Order { is_big_endian: true }),
            b"II*\0" => Some(Order { is_big_endian: false }),
            _ => None,
        }
    }

    fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let raw = array(bytes, at)?;
        Some(if self.is_big_endian { u16::from_be_bytes(raw) } else { u16::from_le_bytes(raw) })
    }

    fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let raw = array(bytes, at)?;
        Some(if self.is_big_endian { u32::from_be_bytes(raw) } else { u32::from_le_bytes(raw) })
    }

    /// The value, its first four bytes, of the entry with this tag.
    fn find(self, directory: &[u8], tag: u16) -> Option<&[u8]> {
        let entries = usize::from(self.u16(directory, 0)?.min(MAX_ENTRIES));
        let mut entries = directory.get(2..)?.chunks_exact(12).take(entries);
        entries.find(|entry| self.u16(entry, 0) == Some(tag)).map(|entry| &entry[8..])
    }
}

/// The orientation, 1 to 8, that a TIFF header tells; 1 is upright.
pub(super) fn orientation(tiff: &[u8]) -> u8 {
    let read = || {
        let order = Order::read(tiff)?;
        let directory = tiff.get(order.u32(tiff, 4)? as usize..)?;
        let value = order.u16(order.find(directory, ORIENTATION)?, 0)?;
        u8::try_from(value).ok().filter(|o| (1..=8).contains(o))
    };
    read().unwrap_or(1)
}

/// Whether a TIFF header leads to a directory of positions that is not empty.
pub(super) fn has_position(tiff: &[u8]) -> bool {
    file_has_position(&mut Cursor::new(tiff)).unwrap_or(false)
}

/// As [`has_position`], of a file that is not read as a whole.
pub(super) fn file_has_position(tiff: &mut (impl Read + Seek)) -> io::Result<bool> {
    let mut piece = |at: u32, bytes: u64| {
        let mut piece = Vec::new();
        tiff.seek(SeekFrom::Start(u64::from(at)))?;
        tiff.take(bytes).read_to_end(&mut piece)?;
        io::Result::Ok(piece)
    };
    let head = piece(0, 8)?;
    let Some((order, at)) = Order::read(&head).and_then(|order| Some((order, order.u32(&head, 4)?))) else {
        return Ok(false);
    };
    let directory = piece(at, 2 + 12 * u64::from(MAX_ENTRIES))?;
    let Some(at) = order.find(&directory, GPS_DIRECTORY).and_then(|value| order.u32(value, 0)) else {
        return Ok(false);
    };
    Ok(order.u16(&piece(at, 2)?, 0).is_some_and(|entries| entries > 0))
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
