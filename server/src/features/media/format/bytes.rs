//! Numbers out of bytes that may end too early. Knows no format.

use super::Refusal;

/// The `N` bytes at `at`, if there are so many.
pub(super) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

pub(super) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

pub(super) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

pub(super) fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_be_bytes)
}

pub(super) fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

pub(super) fn le24(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(|[a, b, c]| u32::from_le_bytes([a, b, c, 0]))
}

pub(super) fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

/// Reads a slice from its front.
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Cursor { rest: bytes }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `n` bytes.
    pub(super) fn take(&mut self, n: usize) -> Result<&'a [u8], Refusal> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or(Refusal::Damaged)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Result<u8, Refusal> {
        Ok(self.take(1)?[0])
    }
}

/// A chunk of RIFF, the container of WebP and WAV.
pub(super) struct Chunk<'a> {
    pub(super) id: [u8; 4],
    pub(super) body: &'a [u8],
}

/// The next chunk, with its padding passed over; None at the end. Its size may go past the end only if `lenient`, as
/// recorders leave it that were broken off.
pub(super) fn riff_chunk<'a>(cursor: &mut Cursor<'a>, lenient: bool) -> Result<Option<Chunk<'a>>, Refusal> {
    // A single byte is the padding of the last chunk.
    if cursor.rest().len() < 2 {
        return Ok(None);
    }
    let head = cursor.take(8)?;
    let id = array(head, 0).ok_or(Refusal::Damaged)?;
    let size = le32(head, 4).ok_or(Refusal::Damaged)? as usize;
    let size = if lenient { size.min(cursor.rest().len()) } else { size };
    let body = cursor.take(size)?;
    if size % 2 == 1 && !cursor.rest().is_empty() {
        cursor.byte()?;
    }
    Ok(Some(Chunk { id, body }))
}

/// Appends a chunk of RIFF.
pub(super) fn put_riff_chunk(out: &mut Vec<u8>, id: &[u8; 4], body: &[u8]) {
    out.extend_from_slice(id);
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(body);
    if body.len() % 2 == 1 {
        out.push(0);
    }
}

/// A RIFF file of these chunks.
pub(super) fn riff(form: &[u8; 4], chunks: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(chunks.len() + 12);
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&(chunks.len() as u32 + 4).to_le_bytes());
    out.extend_from_slice(form);
    out.extend_from_slice(chunks);
    out
}
