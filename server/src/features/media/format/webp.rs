//! WebP without metadata: keeps frames, transparency, colour profile and orientation. Drops EXIF, XMP, unknown chunks,
//! inside of frames too, and all that follows the picture. Does not decode.

use super::bytes::{Chunk, Cursor, array, le16, le24, le32, put_riff_chunk, riff, riff_chunk};
use super::picture::{Cleaned, Rules};
use super::{Refusal, exif, icc};

const ICC_FLAG: u8 = 0x20;
const EXIF_FLAG: u8 = 0x08;
const XMP_FLAG: u8 = 0x04;

pub(super) fn clean(input: &[u8], rules: Rules) -> Result<Cleaned, Refusal> {
    let size = le32(input, 4).ok_or(Refusal::Damaged)? as usize;
    let within = input.get(12..size.checked_add(8).ok_or(Refusal::Damaged)?).ok_or(Refusal::Damaged)?;
    let mut cursor = Cursor::new(within);
    let first = riff_chunk(&mut cursor, false)?.ok_or(Refusal::Damaged)?;
    if first.id != *b"VP8X" {
        let (width, height) = bitstream_size(&first)?;
        rules.check(width, height)?;
        let mut out = Vec::new();
        put_riff_chunk(&mut out, &first.id, first.body);
        let bytes = riff(b"WEBP", &out);
        return Ok(Cleaned { bytes, width, height, orientation: 1, animated: false, profile: None });
    }
    extended(first.body, &mut cursor, rules)
}

/// A file that begins with a header of features.
fn extended(header: &[u8], cursor: &mut Cursor, rules: Rules) -> Result<Cleaned, Refusal> {
    let canvas = |at| le24(header, at).map(|n| n + 1).ok_or(Refusal::Damaged);
    let (width, height) = rules.check(canvas(4)?, canvas(7)?)?;
    let (mut profile, mut orientation, mut frames) = (None, 1, 0);
    let mut chunks = Vec::new();
    while let Some(chunk) = riff_chunk(cursor, false)? {
        match &chunk.id {
            b"VP8 " | b"VP8L" => {
                if bitstream_size(&chunk)? != (width, height) {
                    return Err(Refusal::Damaged);
                }
                put_riff_chunk(&mut chunks, &chunk.id, chunk.body);
            }
            b"ALPH" => put_riff_chunk(&mut chunks, &chunk.id, chunk.body),
            b"ANIM" if chunk.body.len() == 6 => put_riff_chunk(&mut chunks, &chunk.id, chunk.body),
            b"ANMF" => {
                frames += 1;
                put_riff_chunk(&mut chunks, &chunk.id, &frame(chunk.body, (width, height))?);
            }
            b"ICCP" if profile.is_none() => {
                profile = icc::checked(chunk.body).map(<[u8]>::to_vec);
                if let Some(profile) = &profile {
                    put_riff_chunk(&mut chunks, &chunk.id, profile);
                }
            }
            b"EXIF" => {
                orientation = exif::orientation(chunk.body.strip_prefix(b"Exif\0\0").unwrap_or(chunk.body));
            }
            _ => {}
        }
    }
    let mut flags = header[0] & !(ICC_FLAG | EXIF_FLAG | XMP_FLAG);
    if profile.is_some() {
        flags |= ICC_FLAG;
    }
    if orientation != 1 {
        flags |= EXIF_FLAG;
        put_riff_chunk(&mut chunks, b"EXIF", &exif::of_orientation(orientation));
    }
    let size = header.get(4..10).ok_or(Refusal::Damaged)?;
    let mut out = Vec::new();
    put_riff_chunk(&mut out, b"VP8X", &[&[flags, 0, 0, 0], size].concat());
    out.append(&mut chunks);
    Ok(Cleaned { bytes: riff(b"WEBP", &out), width, height, orientation, animated: frames > 1, profile })
}

/// A frame of an animation, with what it needs.
fn frame(body: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>, Refusal> {
    let mut cursor = Cursor::new(body);
    let head = cursor.take(16)?;
    let number = |at| le24(head, at).ok_or(Refusal::Damaged);
    let (frame_width, frame_height) = (number(6)? + 1, number(9)? + 1);
    // Frames lie within the canvas, whose pixels were counted.
    if 2 * number(0)? + frame_width > width || 2 * number(3)? + frame_height > height {
        return Err(Refusal::Damaged);
    }
    let mut out = head.to_vec();
    while let Some(chunk) = riff_chunk(&mut cursor, false)? {
        let is_pixels = [*b"VP8 ", *b"VP8L"].contains(&chunk.id);
        if is_pixels && bitstream_size(&chunk)? != (frame_width, frame_height) {
            return Err(Refusal::Damaged);
        }
        if is_pixels || chunk.id == *b"ALPH" {
            put_riff_chunk(&mut out, &chunk.id, chunk.body);
        }
    }
    Ok(out)
}

/// Width and height that the compressed pixels themselves tell.
fn bitstream_size(chunk: &Chunk) -> Result<(u32, u32), Refusal> {
    let body = chunk.body;
    let read = || match &chunk.id {
        b"VP8 " if array(body, 3)? == [0x9D, 0x01, 0x2A] => {
            Some((u32::from(le16(body, 6)? & 0x3FFF), u32::from(le16(body, 8)? & 0x3FFF)))
        }
        b"VP8L" if body.first() == Some(&0x2F) => {
            let bits = le32(body, 1)?;
            Some(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
        }
        _ => None,
    };
    read().ok_or(Refusal::Damaged)
}
