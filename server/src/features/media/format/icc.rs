//! Colour profiles, which are kept, since without them pictures change their colours. Knows their header only; what a
//! profile says inside of its tags is taken to be about colours.

use super::bytes::{array, be32};
use super::png;
use image::codecs::png::PngDecoder;
use image::{ImageDecoder, Limits};
use std::io::Cursor;

const HEADER_BYTES: usize = 128;
/// Larger than profiles of cameras and screens (a few KiB) and of most printers.
const MAX_PROFILE_BYTES: usize = 1024 * 1024;
/// A thumbnail carries the profile of its picture only if that does not make it much larger.
const MAX_SMALL_BYTES: usize = 4096;

/// The profile without what follows it; None if it is none, or too large.
pub(super) fn checked(profile: &[u8]) -> Option<&[u8]> {
    let size = be32(profile, 0)? as usize;
    let marked = array(profile, 36)? == *b"acsp";
    if marked && (HEADER_BYTES..=MAX_PROFILE_BYTES).contains(&size) { profile.get(..size) } else { None }
}

/// Whether it describes pixels of red, green and blue and is small: then a thumbnail can carry it.
pub(super) fn fits_thumbnail(profile: &[u8]) -> bool {
    profile.len() <= MAX_SMALL_BYTES && array(profile, 16) == Some(*b"RGB ")
}

/// The profile in the body of an iCCP chunk; None if it is none or grows too large when it is inflated.
pub(super) fn inflated(iccp: &[u8]) -> Option<Vec<u8>> {
    // The decoder inflates profiles within its limits, so it is given one around the smallest picture.
    let mut around = png::SIGNATURE.to_vec();
    png::put_chunk(&mut around, b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
    png::put_chunk(&mut around, b"iCCP", iccp);
    png::put_chunk(&mut around, b"IDAT", &[0x78, 0x01, 0x63, 0x60, 0x00, 0x00, 0x00, 0x02, 0x00, 0x01]);
    png::put_chunk(&mut around, b"IEND", &[]);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(4 * MAX_PROFILE_BYTES as u64);
    let mut decoder = PngDecoder::with_limits(Cursor::new(around), limits).ok()?;
    let profile = decoder.icc_profile().ok()??;
    checked(&profile).map(<[u8]>::to_vec)
}
