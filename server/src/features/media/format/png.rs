//! PNG and APNG without metadata: keeps the chunks that pixels and colours depend on, and the orientation. Drops texts,
//! times, unknown chunks, and all that follows the picture. Does not decode.

use super::bytes::{Cursor, array, be32};
use super::picture::{Cleaned, Rules};
use super::{Refusal, exif, icc};

pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What is kept besides IHDR and IEND, and the bytes that each may have; longer ones hold more than they should.
const KEPT: &[(&[u8; 4], usize)] = &[
    (b"PLTE", 768),
    (b"IDAT", usize::MAX),
    (b"tRNS", 256),
    (b"gAMA", 4),
    (b"cHRM", 32),
    (b"sRGB", 1),
    (b"sBIT", 4),
    (b"pHYs", 9),
    (b"bKGD", 6),
    (b"cICP", 4),
    (b"acTL", 8),
    (b"fcTL", 26),
    (b"fdAT", usize::MAX),
];

/// Appends a chunk with its checksum.
pub(super) fn put_chunk(out: &mut Vec<u8>, id: &[u8; 4], body: &[u8]) {
    out.extend_from_slice(&(body.len() as u32).to_be_bytes());
    let start = out.len();
    out.extend_from_slice(id);
    out.extend_from_slice(body);
    let checksum = crc32fast::hash(&out[start..]);
    out.extend_from_slice(&checksum.to_be_bytes());
}

pub(super) fn clean(input: &[u8], rules: Rules) -> Result<Cleaned, Refusal> {
    let mut cursor = Cursor::new(input.get(SIGNATURE.len()..).ok_or(Refusal::Damaged)?);
    let (id, header) = chunk(&mut cursor)?;
    let side = |at| be32(header, at).ok_or(Refusal::Damaged);
    if id != *b"IHDR" || header.len() != 13 {
        return Err(Refusal::Damaged);
    }
    let (width, height) = rules.check(side(0)?, side(4)?)?;
    let mut out = SIGNATURE.to_vec();
    put_chunk(&mut out, b"IHDR", header);
    let (mut profile, mut orientation, mut frames) = (None, 1, 0);
    let mut turned_at = out.len();
    loop {
        let (id, body) = chunk(&mut cursor)?;
        match &id {
            b"IEND" => break,
            b"IHDR" => return Err(Refusal::Damaged),
            b"iCCP" if profile.is_none() => {
                profile = icc::inflated(body);
                if profile.is_some() {
                    put_chunk(&mut out, b"iCCP", &unnamed(body));
                    turned_at = out.len();
                }
            }
            b"eXIf" => orientation = exif::orientation(body),
            _ => {
                frames += usize::from(id == *b"fcTL");
                keep(&mut out, &id, body, (width, height))?;
            }
        }
    }
    put_chunk(&mut out, b"IEND", &[]);
    if orientation != 1 {
        let mut turned = Vec::new();
        put_chunk(&mut turned, b"eXIf", &exif::of_orientation(orientation));
        // Behind the profile, or the header, is before the pixels wherever it was found.
        out.splice(turned_at..turned_at, turned);
    }
    Ok(Cleaned { bytes: out, width, height, orientation, animated: frames > 1, profile })
}

/// The next chunk. One whose checksum is wrong is damage if it would be kept.
fn chunk<'a>(cursor: &mut Cursor<'a>) -> Result<([u8; 4], &'a [u8]), Refusal> {
    let length = be32(cursor.take(4)?, 0).ok_or(Refusal::Damaged)? as usize;
    let checked = cursor.take(length.checked_add(4).ok_or(Refusal::Damaged)?)?;
    let checksum = be32(cursor.take(4)?, 0).ok_or(Refusal::Damaged)?;
    let id = array(checked, 0).ok_or(Refusal::Damaged)?;
    let is_kept = KEPT.iter().any(|(kept, _)| **kept == id) || [*b"IHDR", *b"IEND", *b"iCCP"].contains(&id);
    if is_kept && crc32fast::hash(checked) != checksum {
        return Err(Refusal::Damaged);
    }
    Ok((id, &checked[4..]))
}

fn keep(out: &mut Vec<u8>, id: &[u8; 4], body: &[u8], (width, height): (u32, u32)) -> Result<(), Refusal> {
    let Some((_, max)) = KEPT.iter().find(|(kept, _)| *kept == id) else { return Ok(()) };
    if body.len() > *max {
        return Err(Refusal::Damaged);
    }
    if id == b"fcTL" {
        let number = |at| be32(body, at).map(u64::from).ok_or(Refusal::Damaged);
        // Frames lie within the canvas, whose pixels were counted.
        if number(4)? + number(12)? > u64::from(width) || number(8)? + number(16)? > u64::from(height) {
            return Err(Refusal::Damaged);
        }
    }
    put_chunk(out, id, body);
    Ok(())
}

/// The profile under a name that tells nothing.
fn unnamed(iccp: &[u8]) -> Vec<u8> {
    let end = iccp.iter().position(|b| *b == 0).unwrap_or(0);
    [b"ICC", &iccp[end..]].concat()
}
