//! Files that are kept as they are: names their type, and finds out whether they say where they were made. Looks for
//! the usual forms of a position (EXIF, XMP, QuickTime), in pictures inside of uncompressed archives too; one that is
//! compressed or encrypted is not found.

use super::bytes::{Cursor, array, be32, riff_chunk};
use super::{Examined, Refusal, exif, mp4, png};
use infer::MatcherType;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

const UNKNOWN: &str = "application/octet-stream";
/// Types that a browser with the plug-in, or the browser itself, would run or install.
const RUN: [&str; 2] = ["application/x-shockwave-flash", "application/x-google-chrome-extension"];
/// As much as is looked at to tell the type.
const HEAD_BYTES: u64 = 8192;
const BLOCK_BYTES: usize = 1024 * 1024;
/// EXIF lies in one JPEG segment. Blocks overlap by so much, so that each is seen whole.
const EXIF_BYTES: usize = 64 * 1024;
/// Words that stand before a position, in XMP and in QuickTime's list of keys.
const WORDS: [&[u8]; 3] =
    [b"exif:GPSLatitude", b"exif:GPSLongitude", b"com.apple.quicktime.location.ISO6709"];

/// See [`super::examine`].
pub(super) fn examine(input: &Path) -> Result<Examined, Refusal> {
    let mut file = File::open(input)?;
    let size = file.metadata()?.len();
    let mut head = Vec::new();
    file.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    let carries_position = match &head[..] {
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => {
            let mut whole = Vec::new();
            file.read_to_end(&mut whole)?;
            exif::has_position(&whole) || says_position(&whole)
        }
        _ if head.starts_with(png::SIGNATURE) || head.starts_with(b"RIFF") => {
            let mut whole = Vec::new();
            file.read_to_end(&mut whole)?;
            chunks_say_position(&whole) || says_position(&whole)
        }
        _ if mp4::is_likely(&head) => mp4::says_position(&mut file)? || scan(&mut file)?,
        _ => scan(&mut file)?,
    };
    Ok(Examined { carries_position, ..Examined::of(content_type(&head), size) })
}

fn content_type(head: &[u8]) -> &'static str {
    match infer::get(head) {
        Some(found) if !matches!(found.matcher_type(), MatcherType::App | MatcherType::Text) => {
            if RUN.contains(&found.mime_type()) { UNKNOWN } else { found.mime_type() }
        }
        _ => UNKNOWN,
    }
}

/// Looks through all of a file, a block at a time.
fn scan(file: &mut File) -> Result<bool, Refusal> {
    file.seek(SeekFrom::Start(0))?;
    let mut block = Vec::with_capacity(BLOCK_BYTES + EXIF_BYTES);
    loop {
        let read = file.take(BLOCK_BYTES as u64).read_to_end(&mut block)?;
        if says_position(&block) {
            return Ok(true);
        }
        if read == 0 {
            return Ok(false);
        }
        block.drain(..block.len().saturating_sub(EXIF_BYTES));
    }
}

fn says_position(bytes: &[u8]) -> bool {
    bytes.iter().enumerate().any(|(at, byte)| match byte {
        b'E' => bytes[at..].strip_prefix(b"Exif\0\0").is_some_and(exif::has_position),
        b'e' | b'c' => WORDS.iter().any(|word| bytes[at..].starts_with(word)),
        _ => false,
    })
}

/// PNG and WebP have EXIF in a chunk of its own, without the mark that is searched for elsewhere.
fn chunks_say_position(whole: &[u8]) -> bool {
    if whole.starts_with(png::SIGNATURE) {
        let mut at = png::SIGNATURE.len();
        while let (Some(length), Some(id)) = (be32(whole, at), array::<4>(whole, at + 4)) {
            if id == *b"eXIf" && exif::has_position(&whole[at + 8..]) {
                return true;
            }
            at += length as usize + 12;
        }
        return false;
    }
    let mut cursor = Cursor::new(whole.get(12..).unwrap_or_default());
    while let Ok(Some(chunk)) = riff_chunk(&mut cursor, true) {
        if chunk.id == *b"EXIF" && exif::has_position(chunk.body) {
            return true;
        }
    }
    false
}
