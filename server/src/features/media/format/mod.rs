//! The content of media files: tells what a file really is, takes everything out of it that its maker did not mean to
//! show (where, when and with what it was made), and measures it. It knows files and bytes, nothing of the store, of
//! sockets or of accounts, and it blocks: run it on a bounded pool of threads.
//!
//! What is kept is listed, never what is dropped, so metadata of a new sort is dropped too. Pixels and samples stay as
//! they are, bit for bit; only avatars are made anew. Out of reach is what lies inside of the compressed data itself:
//! a watermark, the settings that an encoder notes in its stream, bytes that a decoder skips at the end of a scan.

mod amr;
mod bytes;
mod exif;
mod file;
mod gif;
mod icc;
mod jpeg;
mod mosaic;
mod mp3;
mod mp4;
mod ogg;
mod picture;
mod png;
mod shrink;
mod voice;
mod wav;
mod webm;
mod webp;
#[cfg(test)]
mod tests;

pub use mosaic::{MAX_TILES, Tile, mosaic};

use std::fs::File;
use std::io::{self, Read};
use std::panic::AssertUnwindSafe;
use std::path::Path;

/// Pixels of a picture (width times height, of the whole canvas), from its header before anything is decoded.
pub const MAX_PIXELS: u64 = 50_000_000;
/// Pixels along either side of a sticker.
pub const MAX_STICKER_SIDE: u32 = 1024;
/// Pixels along the side of an avatar, which is square; larger ones are made smaller.
pub const MAX_AVATAR_SIDE: u32 = 640;
/// Pixels along the longer side of a thumbnail.
pub const MAX_THUMBNAIL_SIDE: u32 = 320;
/// Milliseconds of a voice message: 60 s and a second for encoders that fill their last frames.
pub const MAX_VOICE_MS: u64 = 61_000;
/// Milliseconds of a video: 5 min and a second.
pub const MAX_VIDEO_MS: u64 = 301_000;

/// What a file is to be used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// JPEG, PNG, GIF or WebP, still or moving.
    Picture,
    /// PNG, GIF or WebP, small.
    Sticker,
    /// JPEG, PNG or WebP; made square and small, as JPEG, or PNG where it is transparent.
    Avatar,
    /// Ogg or WebM (Opus, Vorbis), MP4 (AAC), MP3, AMR or WAV.
    Voice,
    /// MP4, QuickTime, WebM or Matroska.
    Video,
    /// Anything, as it is.
    File,
}

impl Kind {
    /// The most bytes that [`examine`] takes.
    #[must_use]
    pub const fn max_bytes(self) -> u64 {
        const MIB: u64 = 1024 * 1024;
        match self {
            Kind::Picture | Kind::Avatar => 20 * MIB,
            Kind::Sticker => MIB,
            // 60 s of uncompressed stereo.
            Kind::Voice => 16 * MIB,
            Kind::Video | Kind::File => 100 * MIB,
        }
    }
}

/// What was found, of the cleaned content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// By content; of files only types that a browser does not run. "application/octet-stream" where unknown.
    pub content_type: &'static str,
    /// Bytes of the cleaned content (of the input, for a file).
    pub size: u64,
    /// Pixels as shown, after rotation; 0 of voice and files.
    pub width: u32,
    /// See `width`.
    pub height: u32,
    /// Of voice and video: the longest that any of its parts claims or has; otherwise 0.
    pub duration_ms: u32,
    /// ThumbHash of pictures, at most 32 bytes; otherwise empty.
    pub placeholder: Vec<u8>,
    /// Of pictures that are larger than one, or that move. Videos have none: the server decodes no video.
    pub thumbnail: Option<Thumbnail>,
    /// More than one frame.
    pub animated: bool,
    /// Of files only, which are kept byte for byte: it says where it was made.
    pub carries_position: bool,
}

impl Examined {
    fn of(content_type: &'static str, size: u64) -> Examined {
        Examined {
            content_type,
            size,
            width: 0,
            height: 0,
            duration_ms: 0,
            placeholder: Vec::new(),
            thumbnail: None,
            animated: false,
            carries_position: false,
        }
    }
}

/// A small still picture, upright.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thumbnail {
    /// The encoded picture.
    pub bytes: Vec<u8>,
    /// "image/jpeg", or "image/png" where it is transparent.
    pub content_type: &'static str,
}

/// Why a file is not taken.
#[derive(Debug)]
pub enum Refusal {
    /// Of no type, or of none that this kind takes.
    Unsupported,
    /// It begins like one of its type, but cannot be read to the end.
    Damaged,
    /// Too many bytes, or too many pixels.
    TooLarge,
    /// It plays for too long.
    TooLong,
    /// It may hold metadata in a way that is not understood, hence not removed.
    Metadata,
    /// The file could not be read or written: no fault of the content.
    Io(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Refusal::Io(error)
    }
}

/// Looks at the content of `input` and writes what may be kept of it to `output`, which is made or overwritten. Of
/// [`Kind::File`] nothing is written: its content is the input. Neither file is synced.
///
/// # Errors
/// Why the content is not taken; then there is no `output`.
pub fn examine(kind: Kind, input: &Path, output: &Path) -> Result<Examined, Refusal> {
    if input.metadata()?.len() > kind.max_bytes() {
        return Err(Refusal::TooLarge);
    }
    // A decoder that loses its way in a made-up file has found it damaged; the server goes on.
    let examined = std::panic::catch_unwind(AssertUnwindSafe(|| match kind {
        Kind::Picture | Kind::Sticker | Kind::Avatar => picture::examine(kind, input, output),
        Kind::Voice => voice::examine(input, output),
        Kind::Video => video(input, output),
        Kind::File => file::examine(input),
    }));
    let examined = examined.unwrap_or(Err(Refusal::Damaged));
    if kind != Kind::File && examined.is_err() && output.exists() {
        std::fs::remove_file(output)?;
    }
    examined
}

fn video(input: &Path, output: &Path) -> Result<Examined, Refusal> {
    let mut head = Vec::new();
    File::open(input)?.take(mp4::HEAD_BYTES).read_to_end(&mut head)?;
    if mp4::is_likely(&head) {
        mp4::examine(mp4::Purpose::Video, input, output)
    } else if webm::is_likely(&head) {
        webm::examine(mp4::Purpose::Video, input, output)
    } else {
        Err(Refusal::Unsupported)
    }
}

/// Milliseconds that `count` units of 1 / `per_second` s take, rounded up; too many for a number are the most it holds.
fn milliseconds(count: u64, per_second: u64) -> u64 {
    let exact = (u128::from(count) * 1000).div_ceil(u128::from(per_second.max(1)));
    u64::try_from(exact).unwrap_or(u64::MAX)
}

/// The duration as it is told, if it is within the limit.
fn within(duration_ms: u64, max_ms: u64) -> Result<u32, Refusal> {
    let told = u32::try_from(duration_ms).map_err(|_| Refusal::TooLong)?;
    if duration_ms > max_ms { Err(Refusal::TooLong) } else { Ok(told) }
}
