//! JPEG without metadata: keeps what a decoder needs (tables, frame, scans, colour) and the orientation. Drops every
//! other application segment, comments, and all that follows the picture, as motion photos, second pictures and
//! archives do. Does not decode.

use super::bytes::{Cursor, array, be16};
use super::picture::{Cleaned, Rules};
use super::{Refusal, exif, icc};

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
/// Each scan goes over the whole picture, however few bytes it has; encoders write ten or so.
const MAX_SCANS: usize = 32;
const ICC_MARK: &[u8] = b"ICC_PROFILE\0";
const EXIF_MARK: &[u8] = b"Exif\0\0";
/// What an ICC segment can hold after its mark and two numbers.
const ICC_PART_BYTES: usize = 65_533 - ICC_MARK.len() - 2;

/// The parts of a file, in the order in which they are written.
#[derive(Default)]
struct Parts {
    jfif: Option<[u8; 7]>,
    adobe: Option<[u8; 12]>,
    orientation: Option<u8>,
    icc: Vec<u8>,
    size: Option<(u32, u32)>,
    scans: usize,
    /// Tables, frame and scans.
    picture: Vec<u8>,
}

pub(super) fn clean(input: &[u8], rules: Rules) -> Result<Cleaned, Refusal> {
    let mut cursor = Cursor::new(input.get(2..).ok_or(Refusal::Damaged)?);
    let mut parts = Parts::default();
    loop {
        // Bytes between segments belong to nobody.
        while cursor.byte()? != 0xFF {}
        let mut marker = cursor.byte()?;
        while marker == 0xFF {
            marker = cursor.byte()?;
        }
        match marker {
            0x00 | SOI => {}
            // Restart markers and TEM, which have no body, belong into scans only.
            0x01 | 0xD0..=0xD7 => {}
            EOI => break,
            _ => segment(marker, &mut cursor, &mut parts, rules)?,
        }
    }
    let (width, height) = parts.size.filter(|_| parts.scans > 0).ok_or(Refusal::Damaged)?;
    let orientation = parts.orientation.unwrap_or(1);
    let profile = icc::checked(&parts.icc).map(<[u8]>::to_vec);
    Ok(Cleaned {
        bytes: written(&parts, orientation, profile.as_deref()),
        width,
        height,
        orientation,
        animated: false,
        profile,
    })
}

fn segment(marker: u8, cursor: &mut Cursor, parts: &mut Parts, rules: Rules) -> Result<(), Refusal> {
    let length = usize::from(be16(cursor.take(2)?, 0).ok_or(Refusal::Damaged)?);
    let body = cursor.take(length.checked_sub(2).ok_or(Refusal::Damaged)?)?;
    match marker {
        0xE0 if body.starts_with(b"JFIF\0") => parts.jfif = parts.jfif.or(array(body, 5)),
        0xE1 if body.starts_with(EXIF_MARK) && parts.orientation.is_none() => {
            parts.orientation = Some(exif::orientation(&body[EXIF_MARK.len()..]));
        }
        0xE2 if body.starts_with(ICC_MARK) => {
            parts.icc.extend_from_slice(body.get(ICC_MARK.len() + 2..).unwrap_or_default());
        }
        0xEE if body.starts_with(b"Adobe") => parts.adobe = parts.adobe.or(array(body, 0)),
        // Application data and comments.
        0xE0..=0xEF | 0xFE => {}
        0xC0..=0xC2 => {
            if parts.size.is_some() || !frame_is_sound(body) {
                return Err(Refusal::Damaged);
            }
            if body[0] != 8 {
                return Err(Refusal::Unsupported);
            }
            let side = |at| be16(body, at).map(u32::from).ok_or(Refusal::Damaged);
            parts.size = Some(rules.check(side(3)?, side(1)?)?);
            put_segment(&mut parts.picture, marker, body);
        }
        0xC4 | 0xDB | 0xDD => {
            if !tables_are_sound(marker, body) {
                return Err(Refusal::Damaged);
            }
            put_segment(&mut parts.picture, marker, body);
        }
        SOS => {
            parts.scans += 1;
            let components = usize::from(*body.first().ok_or(Refusal::Damaged)?);
            if parts.scans > MAX_SCANS || body.len() != 4 + 2 * components {
                return Err(Refusal::Damaged);
            }
            put_segment(&mut parts.picture, marker, body);
            let coded = coded_bytes(cursor.rest());
            parts.picture.extend_from_slice(cursor.take(coded)?);
        }
        // Lossless, hierarchical and arithmetic coding, and what is reserved.
        _ => return Err(Refusal::Unsupported),
    }
    Ok(())
}

fn frame_is_sound(body: &[u8]) -> bool {
    body.get(5).is_some_and(|components| body.len() == 6 + 3 * usize::from(*components))
}

/// Whether the tables of this segment fill it, so that nothing else is in it.
fn tables_are_sound(marker: u8, mut body: &[u8]) -> bool {
    if marker == 0xDD {
        return body.len() == 2;
    }
    while let Some(first) = body.first() {
        let bytes = match marker {
            0xDB if first >> 4 == 0 => 65,
            0xDB => 129,
            _ => 17 + body.iter().skip(1).take(16).map(|n| usize::from(*n)).sum::<usize>(),
        };
        match body.get(bytes..) {
            Some(rest) => body = rest,
            None => return false,
        }
    }
    true
}

/// How many bytes until a marker that ends the scan.
fn coded_bytes(rest: &[u8]) -> usize {
    let ends = |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0xD0..=0xD7);
    rest.windows(2).position(ends).unwrap_or(rest.len())
}

fn put_segment(out: &mut Vec<u8>, marker: u8, body: &[u8]) {
    out.extend_from_slice(&[0xFF, marker]);
    out.extend_from_slice(&(body.len() as u16 + 2).to_be_bytes());
    out.extend_from_slice(body);
}

fn written(parts: &Parts, orientation: u8, profile: Option<&[u8]>) -> Vec<u8> {
    let mut out = vec![0xFF, SOI];
    if let Some(jfif) = parts.jfif {
        // Its last two bytes are the size of a thumbnail: none.
        put_segment(&mut out, 0xE0, &[&b"JFIF\0"[..], &jfif, &[0, 0]].concat());
    }
    if orientation != 1 {
        put_segment(&mut out, 0xE1, &[EXIF_MARK, &exif::of_orientation(orientation)].concat());
    }
    let pieces: Vec<&[u8]> = profile.unwrap_or_default().chunks(ICC_PART_BYTES).collect();
    for (n, piece) in pieces.iter().enumerate() {
        put_segment(&mut out, 0xE2, &[ICC_MARK, &[n as u8 + 1, pieces.len() as u8], piece].concat());
    }
    if let Some(adobe) = parts.adobe {
        put_segment(&mut out, 0xEE, &adobe);
    }
    out.extend_from_slice(&parts.picture);
    out.extend_from_slice(&[0xFF, EOI]);
    out
}
