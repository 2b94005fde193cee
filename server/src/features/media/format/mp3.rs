//! MP3 recordings: keeps frames of sound and nothing between, before or behind them, so ID3, APE and Lyrics3 tags go
//! without being understood.

use super::bytes::be32;
use super::voice::Recording;
use super::{Refusal, milliseconds};

/// Kilobits a second of layer III, by version (1; 2 and 2.5) and index; 0: not taken.
const KILOBITS: [[u32; 16]; 2] = [
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0],
];
/// Samples a second of version 1; of 2 the half, of 2.5 a quarter.
const RATES: [u32; 3] = [44_100, 48_000, 32_000];
/// What an encoder tells of a whole file in place of the first frame's sound: frames, bytes, a table for seeking,
/// quality, and LAME's delay and padding.
const INFO_BYTES: usize = 120 + 36;

/// What the header of a frame tells.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Frame {
    bytes: usize,
    /// The same in all frames of a recording.
    rate: u32,
    samples: u32,
    /// Where the sound begins in it.
    body: usize,
}

impl Frame {
    fn read(bytes: &[u8], at: usize) -> Option<Frame> {
        let head = be32(bytes, at)?;
        let (version, layer) = (head >> 19 & 3, head >> 17 & 3);
        // All of the sync bits; layer III; no reserved version.
        if head >> 21 != 0x7FF || layer != 1 || version == 1 {
            return None;
        }
        let halvings = match version {
            3 => 0,
            2 => 1,
            _ => 2,
        };
        let rate = RATES.get((head >> 10 & 3) as usize)? >> halvings;
        let row = usize::from(halvings > 0);
        let bits = KILOBITS[row][(head >> 12 & 0xF) as usize] * 1000;
        if bits == 0 {
            return None;
        }
        let samples = if row == 0 { 1152 } else { 576 };
        let size = samples / 8 * bits / rate + (head >> 9 & 1);
        let is_mono = head >> 6 & 3 == 3;
        let side = match (row, is_mono) {
            (0, false) => 32,
            (0, true) | (1, false) => 17,
            _ => 9,
        };
        Some(Frame { bytes: size as usize, rate, samples, body: 4 + side })
    }
}

pub(super) fn clean(input: &[u8]) -> Result<Recording, Refusal> {
    let mut at = after_tags(input);
    let (mut out, mut frames): (Vec<u8>, u64) = (Vec::with_capacity(input.len()), 0);
    let mut first: Option<Frame> = None;
    while at + 4 <= input.len() {
        let found = Frame::read(input, at).filter(|f| first.is_none_or(|first| goes_with(first, *f)));
        let whole = found.and_then(|f| Some((f, input.get(at..at + f.bytes)?)));
        let Some((frame, bytes)) = whole.filter(|(f, _)| frames > 0 || is_followed(input, at, *f)) else {
            at += 1;
            continue;
        };
        let start = out.len();
        out.extend_from_slice(bytes);
        if first.is_none() {
            empty_info(&mut out[start..], frame);
        }
        first = first.or(Some(frame));
        frames += 1;
        at += frame.bytes;
        at += gap(input, at, frame);
    }
    let first = first.ok_or(Refusal::Unsupported)?;
    let duration_ms = milliseconds(frames * u64::from(first.samples), u64::from(first.rate));
    Ok(Recording { bytes: out, content_type: "audio/mpeg", duration_ms })
}

fn goes_with(first: Frame, other: Frame) -> bool {
    (first.rate, first.samples) == (other.rate, other.samples)
}

/// Whether another frame of the same recording, or the end, comes right behind.
fn is_followed(input: &[u8], at: usize, frame: Frame) -> bool {
    let next = at + frame.bytes;
    next == input.len() || Frame::read(input, next).is_some_and(|f| goes_with(frame, f))
}

/// Bytes to pass over until a frame that is followed by another: sound that begins anew behind something else.
fn gap(input: &[u8], at: usize, frame: Frame) -> usize {
    let goes_on = |at: usize| Frame::read(input, at).is_some_and(|f| goes_with(frame, f));
    if goes_on(at) {
        return 0;
    }
    let mut places = at..input.len();
    let next = places.find(|at| {
        let found = Frame::read(input, *at).filter(|f| goes_with(frame, *f));
        found.is_some_and(|f| is_followed(input, *at, f))
    });
    next.unwrap_or(input.len()).saturating_sub(at)
}

/// Where the tags at the start end. What looks like sound inside of a tag's picture must not be taken for it.
fn after_tags(input: &[u8]) -> usize {
    let mut at = 0;
    while let Some(tag) = input.get(at..at + 10).filter(|t| t.starts_with(b"ID3")) {
        let size = tag[6..10].iter().fold(0, |size, byte| size << 7 | usize::from(byte & 0x7F));
        let footer = if tag[5] & 0x10 == 0 { 0 } else { 10 };
        at += 10 + size + footer;
    }
    at
}

/// Zeroes what follows the facts in a first frame that has facts instead of sound.
fn empty_info(bytes: &mut [u8], frame: Frame) {
    let Some(body) = bytes.get_mut(frame.body..) else { return };
    if body.starts_with(b"Xing") || body.starts_with(b"Info") {
        body.iter_mut().skip(INFO_BYTES).for_each(|byte| *byte = 0);
    }
}
