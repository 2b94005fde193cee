//! WAV recordings: keeps the format and the samples. Drops lists of texts, broadcast notes, cue points and all else.

use super::bytes::{Cursor, array, le16, le32, put_riff_chunk, riff, riff_chunk};
use super::voice::Recording;
use super::{Refusal, milliseconds};

const PCM: u16 = 1;
const FLOAT: u16 = 3;
const A_LAW: u16 = 6;
const U_LAW: u16 = 7;
const EXTENSIBLE: u16 = 0xFFFE;
/// What follows the format's number in an extensible header.
const EXTENSIBLE_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

pub(super) fn clean(input: &[u8]) -> Result<Recording, Refusal> {
    let mut cursor = Cursor::new(input.get(12..).ok_or(Refusal::Damaged)?);
    let (mut format, mut fact, mut data) = (None, None, None);
    // What cannot be read behind the samples is dropped with the rest.
    while data.is_none() {
        let Some(chunk) = riff_chunk(&mut cursor, true)? else { break };
        match &chunk.id {
            b"fmt " if format.is_none() => format = Some(chunk.body),
            b"fact" if chunk.body.len() >= 4 => fact = Some(&chunk.body[..4]),
            b"data" => data = Some(chunk.body),
            _ => {}
        }
    }
    let (Some(format), Some(data)) = (format, data) else { return Err(Refusal::Damaged) };
    let (format, block, per_second) = plain(format)?;
    let blocks = data.len() / block;
    let mut chunks = Vec::with_capacity(data.len() + 64);
    put_riff_chunk(&mut chunks, b"fmt ", &format);
    if let Some(fact) = fact {
        put_riff_chunk(&mut chunks, b"fact", fact);
    }
    put_riff_chunk(&mut chunks, b"data", &data[..blocks * block]);
    Ok(Recording {
        bytes: riff(b"WAVE", &chunks),
        content_type: "audio/wav",
        duration_ms: milliseconds(blocks as u64, per_second),
    })
}

/// The format without what follows it, the bytes of one sample of all channels, and how many of them a second has.
fn plain(format: &[u8]) -> Result<(Vec<u8>, usize, u64), Refusal> {
    let number = |at| le16(format, at).ok_or(Refusal::Damaged);
    let (tag, channels, bits) = (number(0)?, number(2)?, number(14)?);
    let rate = le32(format, 4).ok_or(Refusal::Damaged)?;
    let coding = if tag == EXTENSIBLE { number(24)? } else { tag };
    if ![PCM, FLOAT, A_LAW, U_LAW].contains(&coding) {
        return Err(Refusal::Unsupported);
    }
    let block = usize::from(channels) * usize::from(bits.div_ceil(8));
    // The number of bytes a second is not asked: it could say anything.
    if block == 0 || block != usize::from(number(12)?) || rate == 0 || bits > 64 {
        return Err(Refusal::Damaged);
    }
    let kept = if tag == EXTENSIBLE {
        let is_known = array(format, 26) == Some(EXTENSIBLE_TAIL);
        format.get(..40).filter(|_| is_known).ok_or(Refusal::Unsupported)?.to_vec()
    } else {
        format.get(..16).ok_or(Refusal::Damaged)?.to_vec()
    };
    Ok((kept, block, u64::from(rate)))
}
