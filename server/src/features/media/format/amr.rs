//! AMR recordings, narrow and wide band (RFC 4867): keeps frames, each of 20 ms, and nothing behind the last.

use super::Refusal;
use super::bytes::Cursor;
use super::milliseconds;
use super::voice::Recording;

const NARROW: &[u8] = b"#!AMR\n";
const WIDE: &[u8] = b"#!AMR-WB\n";
const FRAMES_PER_SECOND: u64 = 50;
/// Bytes of a frame by its type, without its first; 255: there is no such type.
const NARROW_BYTES: [u8; 16] = [12, 13, 15, 17, 19, 20, 26, 31, 5, 255, 255, 255, 255, 255, 255, 0];
const WIDE_BYTES: [u8; 16] = [17, 23, 32, 36, 40, 46, 50, 58, 60, 5, 255, 255, 255, 255, 0, 0];

pub(super) fn clean(input: &[u8]) -> Result<Recording, Refusal> {
    let (mark, sizes) = if input.starts_with(WIDE) {
        (WIDE, &WIDE_BYTES)
    } else if input.starts_with(NARROW) {
        (NARROW, &NARROW_BYTES)
    } else {
        return Err(Refusal::Unsupported);
    };
    let mut cursor = Cursor::new(&input[mark.len()..]);
    let mut bytes = mark.to_vec();
    let mut frames = 0;
    while let Some(frame) = frame(&mut cursor, sizes) {
        bytes.extend_from_slice(frame);
        frames += 1;
    }
    let content_type = if mark == WIDE { "audio/amr-wb" } else { "audio/amr" };
    Ok(Recording { bytes, content_type, duration_ms: milliseconds(frames, FRAMES_PER_SECOND) })
}

/// The next whole frame.
fn frame<'a>(cursor: &mut Cursor<'a>, sizes: &[u8; 16]) -> Option<&'a [u8]> {
    let head = *cursor.rest().first()?;
    // A bit each at both ends is always 0, and the two padding bits are.
    let size = sizes[usize::from(head >> 3 & 0x0F)];
    if head & 0x83 != 0 || size == 255 { None } else { cursor.take(usize::from(size) + 1).ok() }
}
