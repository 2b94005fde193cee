//! Files that are kept as they are: names their type, and finds out whether they say where they were made. Looks for
//! the usual forms of a position (EXIF, XMP, QuickTime), in pictures inside of uncompressed archives too; one that is
//! compressed or encrypted is not found.

use super::bytes::{array, be32, le32};
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
/// Directories that are looked at in a block; what has more is no file of pictures.
const MAX_DIRECTORIES: usize = 4096;
/// Chunks that are passed over to find the one with EXIF.
const MAX_CHUNKS: usize = 100_000;
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
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => exif::file_has_position(&mut file)?,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => {
            chunk_has_position(&mut file, &WEBP)?
        }
        _ if head.starts_with(png::SIGNATURE) => chunk_has_position(&mut file, &PNG)?,
        _ if mp4::is_likely(&head) => mp4::says_position(&mut file)?,
        _ => false,
    };
    let carries_position = carries_position || scan(&mut file)?;
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
    let mut directories = 0;
    bytes.iter().enumerate().any(|(at, byte)| match byte {
        b'E' if directories < MAX_DIRECTORIES => bytes[at..].strip_prefix(b"Exif\0\0").is_some_and(|tiff| {
            directories += 1;
            exif::has_position(tiff)
        }),
        b'e' | b'c' => WORDS.iter().any(|word| bytes[at..].starts_with(word)),
        _ => false,
    })
}

/// How a format lays out its chunks, one of which holds EXIF without the mark that is searched for elsewhere.
struct Chunks {
    /// Where the first begins.
    start: u64,
    /// Where in a chunk's header of 8 bytes its length is; its name is in the other half.
    length: usize,
    is_big_endian: bool,
    name: [u8; 4],
    /// Bytes behind its body, for a body of this length.
    tail: fn(u64) -> u64,
}

const PNG: Chunks = Chunks { start: 8, length: 0, is_big_endian: true, name: *b"eXIf", tail: |_| 4 };
const WEBP: Chunks =
    Chunks { start: 12, length: 4, is_big_endian: false, name: *b"EXIF", tail: |length| length % 2 };

/// Whether the first chunk of EXIF says a position.
fn chunk_has_position(file: &mut File, chunks: &Chunks) -> Result<bool, Refusal> {
    file.seek(SeekFrom::Start(chunks.start))?;
    for _ in 0..MAX_CHUNKS {
        let mut head = Vec::new();
        file.take(8).read_to_end(&mut head)?;
        let length =
            if chunks.is_big_endian { be32(&head, chunks.length) } else { le32(&head, chunks.length) };
        let (Some(length), Some(name)) = (length, array::<4>(&head, 4 - chunks.length)) else { break };
        if name == chunks.name {
            let mut body = Vec::new();
            file.take(u64::from(length).min(EXIF_BYTES as u64)).read_to_end(&mut body)?;
            return Ok(exif::has_position(body.strip_prefix(b"Exif\0\0").unwrap_or(&body)));
        }
        let behind = u64::from(length) + (chunks.tail)(u64::from(length));
        file.seek(SeekFrom::Current(i64::try_from(behind).map_err(|_| Refusal::Damaged)?))?;
    }
    Ok(false)
}
