//! GIF without metadata: keeps frames, their timing and the number of repeats. Drops comments, texts, the blocks of
//! other applications (XMP among them), and all that follows the picture. Does not decode.

use super::Refusal;
use super::bytes::{Cursor, le16};
use super::picture::{Cleaned, Rules};

/// The applications whose block says how often the animation repeats.
const LOOPS: [&[u8]; 2] = [b"NETSCAPE2.0", b"ANIMEXTS1.0"];

pub(super) fn clean(input: &[u8], rules: Rules) -> Result<Cleaned, Refusal> {
    let mut cursor = Cursor::new(input);
    let header = cursor.take(13)?;
    let (width, height) = (side(header, 6)?, side(header, 8)?);
    rules.check(width, height)?;
    let mut out = header.to_vec();
    out.extend_from_slice(cursor.take(colours(header[10]))?);
    let mut frames = 0;
    loop {
        match cursor.byte()? {
            0x21 => extension(&mut cursor, &mut out)?,
            0x2C => {
                frames += 1;
                frame(&mut cursor, &mut out, (width, height))?;
            }
            0x3B => break,
            _ => return Err(Refusal::Damaged),
        }
    }
    if frames == 0 {
        return Err(Refusal::Damaged);
    }
    out.push(0x3B);
    Ok(Cleaned { bytes: out, width, height, orientation: 1, animated: frames > 1, profile: None })
}

fn side(bytes: &[u8], at: usize) -> Result<u32, Refusal> {
    le16(bytes, at).map(u32::from).ok_or(Refusal::Damaged)
}

/// Bytes of the colour table that these flags tell of.
fn colours(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn extension(cursor: &mut Cursor, out: &mut Vec<u8>) -> Result<(), Refusal> {
    let label = cursor.byte()?;
    let blocks = blocks(cursor)?;
    match (label, blocks.as_slice()) {
        // Timing and transparency of the next frame.
        (0xF9, [control]) if control.len() == 4 => put(out, label, &[control]),
        (0xFF, [application, repeats]) if LOOPS.contains(application) && repeats.len() == 3 => {
            put(out, label, &[application, repeats]);
        }
        _ => {}
    }
    Ok(())
}

fn put(out: &mut Vec<u8>, label: u8, blocks: &[&[u8]]) {
    out.extend_from_slice(&[0x21, label]);
    for block in blocks {
        out.push(block.len() as u8);
        out.extend_from_slice(block);
    }
    out.push(0);
}

/// The blocks up to an empty one.
fn blocks<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<&'a [u8]>, Refusal> {
    let mut blocks = Vec::new();
    loop {
        match cursor.byte()? {
            0 => return Ok(blocks),
            length => blocks.push(cursor.take(usize::from(length))?),
        }
    }
}

fn frame(cursor: &mut Cursor, out: &mut Vec<u8>, (width, height): (u32, u32)) -> Result<(), Refusal> {
    let descriptor = cursor.take(9)?;
    // Frames lie within the canvas, whose pixels were counted.
    let right = side(descriptor, 0)? + side(descriptor, 4)?;
    let bottom = side(descriptor, 2)? + side(descriptor, 6)?;
    if right > width || bottom > height {
        return Err(Refusal::Damaged);
    }
    out.push(0x2C);
    out.extend_from_slice(descriptor);
    out.extend_from_slice(cursor.take(colours(descriptor[8]))?);
    out.push(cursor.byte()?);
    for block in blocks(cursor)? {
        out.push(block.len() as u8);
        out.extend_from_slice(block);
    }
    out.push(0);
    Ok(())
}
