//! Boxes of MP4 and QuickTime (ISO/IEC 14496-12, 4.2): where one begins and ends. Knows no kinds.

use super::super::Refusal;
use super::super::bytes::{array, be32};

/// More boxes than any container within a movie has.
const MAX_BOXES: usize = 4096;
/// The shortest header: a size and a kind.
const HEAD_BYTES: usize = 8;
/// The longest header: with a size of 64 bits.
pub(super) const LONG_HEAD_BYTES: u64 = 16;

/// The header of a box.
pub(super) struct Head {
    pub(super) kind: [u8; 4],
    /// Bytes of the header.
    pub(super) head: u64,
    /// Bytes of all of it, at most what remains.
    pub(super) size: u64,
}

impl Head {
    /// The header at the front of `bytes`, where `remaining` bytes are left for the box. `is_outermost`: it may leave
    /// its size open, to reach to the end.
    pub(super) fn read(bytes: &[u8], remaining: u64, is_outermost: bool) -> Option<Head> {
        let (size, kind) = (be32(bytes, 0)?, array(bytes, 4)?);
        let (head, size) = match size {
            0 if is_outermost => (8, remaining),
            1 => (16, u64::from_be_bytes(array(bytes, 8)?)),
            _ => (8, u64::from(size)),
        };
        if size < head || size > remaining { None } else { Some(Head { kind, head, size }) }
    }
}

/// Where a box is among its siblings.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) kind: [u8; 4],
    pub(super) start: usize,
    /// Where the header ends.
    pub(super) body: usize,
    pub(super) end: usize,
}

/// The boxes that fill `bytes`, and where the last one ends: what is left is too short for another.
pub(super) fn places(bytes: &[u8]) -> Result<(Vec<Place>, usize), Refusal> {
    let mut places = Vec::new();
    let mut start = 0;
    while bytes.len() - start >= HEAD_BYTES {
        let rest = &bytes[start..];
        let head = Head::read(rest, rest.len() as u64, false).ok_or(Refusal::Damaged)?;
        if places.len() == MAX_BOXES {
            return Err(Refusal::Damaged);
        }
        // Both are at most the length of the slice.
        let end = start + head.size as usize;
        places.push(Place { kind: head.kind, start, body: start + head.head as usize, end });
        start = end;
    }
    Ok((places, start))
}

/// The body of the first box that is reached by these kinds, one within the other.
pub(super) fn find<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    let (kind, deeper) = path.split_first()?;
    let (places, _) = places(bytes).ok()?;
    let place = places.iter().find(|place| place.kind == **kind)?;
    let body = &bytes[place.body..place.end];
    if deeper.is_empty() { Some(body) } else { find(body, deeper) }
}

/// Makes a box one that nobody reads: free space, of the same length so that nothing else moves.
pub(super) fn blank(bytes: &mut [u8], place: Place) {
    bytes[place.start + 4..place.start + 8].copy_from_slice(b"free");
    bytes[place.body..place.end].fill(0);
}
