//! Descriptions of samples (`stsd`): which codecs are taken, and what their entries may hold. Knows no samples.

use super::super::Refusal;
use super::super::bytes::{array, be16, be32};
use super::boxes::places;
use super::sweep::Rule::{Inside, Leaf, Maybe};
use super::sweep::{self, Rule, only};

/// Codecs of pictures.
const VIDEO: &[&[u8; 4]] = &[
    b"avc1", b"avc3", b"hvc1", b"hev1", b"dvh1", b"dvhe", b"av01", b"vp08", b"vp09", b"mp4v", b"s263",
    b"h263", b"jpeg", b"mjpa", b"mjpb", b"apch", b"apcn", b"apcs", b"apco", b"ap4h",
];
/// Codecs of sound.
const AUDIO: &[&[u8; 4]] = &[b"mp4a", b"Opus", b"alac", b"samr", b"sawb", b"ac-3", b"ec-3", b"fLaC", b".mp3"];
/// Codecs of sound whose samples all have one size, which QuickTime counts in its own way.
const PLAIN_AUDIO: &[&[u8; 4]] =
    &[b"sowt", b"twos", b"lpcm", b"in24", b"in32", b"fl32", b"fl64", b"raw ", b"alaw", b"ulaw"];
/// Bytes before the boxes in an entry of pictures.
const VIDEO_HEAD: usize = 78;
/// Bytes before the boxes in an entry of sound.
const AUDIO_HEAD: usize = 28;
/// What a decoder is told at the start; longer ones tell more.
const MAX_SETUP_BYTES: usize = 16 * 1024;

/// What stands in an entry: how the decoder begins, and how pixels and channels are to be taken.
const PARTS: &[(&[u8; 4], Rule)] = &[
    (b"avcC", Maybe(is_setup)),
    (b"hvcC", Maybe(is_setup)),
    (b"lhvC", Maybe(is_setup)),
    (b"dvcC", Maybe(is_setup)),
    (b"dvvC", Maybe(is_setup)),
    (b"av1C", Maybe(is_setup)),
    (b"vpcC", Maybe(is_setup)),
    (b"esds", Maybe(is_setup)),
    (b"d263", Maybe(is_setup)),
    (b"dOps", Maybe(is_setup)),
    (b"dfLa", Maybe(is_setup)),
    (b"alac", Maybe(is_setup)),
    (b"dac3", Maybe(is_setup)),
    (b"dec3", Maybe(is_setup)),
    (b"damr", Maybe(adaptive)),
    (b"chan", Maybe(is_setup)),
    (b"wave", Inside(WAVE)),
    (b"colr", Maybe(colours)),
    (b"pasp", Maybe(|body| only(body, 8).is_ok())),
    (b"clap", Maybe(|body| only(body, 32).is_ok())),
    (b"fiel", Maybe(|body| only(body, 2).is_ok())),
    (b"gama", Maybe(|body| only(body, 4).is_ok())),
    (b"btrt", Maybe(|body| only(body, 12).is_ok())),
    (b"mdcv", Maybe(|body| only(body, 24).is_ok())),
    (b"clli", Maybe(|body| only(body, 4).is_ok())),
];

/// QuickTime's own box around the decoder's setup.
const WAVE: &[(&[u8; 4], Rule)] = &[
    (b"frma", Leaf(|body| only(body, 4))),
    (b"mp4a", Leaf(|body| only(body, 0))),
    (b"esds", Maybe(is_setup)),
    (b"alac", Maybe(is_setup)),
    (b"enda", Maybe(|body| only(body, 2).is_ok())),
    (b"\0\0\0\0", Leaf(|body| only(body, 0))),
];

fn is_setup(body: &mut [u8]) -> bool {
    body.len() <= MAX_SETUP_BYTES
}

/// AMR's setup begins with the maker of the encoder.
fn adaptive(body: &mut [u8]) -> bool {
    body.get_mut(..4).is_some_and(|vendor| {
        vendor.fill(0);
        true
    }) && only(body, 9).is_ok()
}

/// Colours by number; profiles are left out.
fn colours(body: &mut [u8]) -> bool {
    match array(body, 0) {
        Some([b'n', b'c', b'l', b'x']) => only(body, 11).is_ok(),
        Some([b'n', b'c', b'l', b'c']) => only(body, 10).is_ok(),
        _ => false,
    }
}

/// What a track holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Video,
    Audio,
}

/// What a track of this handler holds.
pub(super) fn content(handler: [u8; 4]) -> Option<Content> {
    match &handler {
        b"vide" => Some(Content::Video),
        b"soun" => Some(Content::Audio),
        _ => None,
    }
}

/// Whether all codecs of a track are taken.
pub(super) fn are_taken(content: Content, stsd: &[u8]) -> bool {
    let is_taken = |kind: &[u8; 4]| match content {
        Content::Video => VIDEO.contains(&kind),
        Content::Audio => AUDIO.contains(&kind) || PLAIN_AUDIO.contains(&kind),
    };
    let entries = places(stsd.get(8..).unwrap_or_default());
    entries.is_ok_and(|(entries, _)| !entries.is_empty() && entries.iter().all(|entry| is_taken(&entry.kind)))
}

/// Empties a whole `stsd`.
pub(super) fn sweep(body: &mut [u8]) -> Result<(), Refusal> {
    let is_new = body.first().is_some_and(|version| *version > 0);
    let entries = body.get_mut(8..).ok_or(Refusal::Damaged)?;
    let (places, tail) = places(entries)?;
    for place in places {
        let entry = &mut entries[place.body..place.end];
        let head = if VIDEO.contains(&&place.kind) {
            // Maker and qualities; the encoder's name.
            entry.get_mut(8..24).ok_or(Refusal::Damaged)?.fill(0);
            entry.get_mut(42..74).ok_or(Refusal::Damaged)?.fill(0);
            VIDEO_HEAD
        } else {
            entry.get_mut(12..16).ok_or(Refusal::Damaged)?.fill(0);
            AUDIO_HEAD + audio_extra(entry, is_new)?
        };
        sweep::sweep(entry.get_mut(head..).ok_or(Refusal::Damaged)?, PARTS)?;
    }
    entries[tail..].fill(0);
    Ok(())
}

/// By how much QuickTime's versions of an entry of sound are longer. In a newer `stsd` they are not.
fn audio_extra(entry: &[u8], is_new: bool) -> Result<usize, Refusal> {
    match be16(entry, 8).ok_or(Refusal::Damaged)? {
        0 => Ok(0),
        1 if is_new => Ok(0),
        1 => Ok(16),
        2 => Ok(36),
        _ => Err(Refusal::Damaged),
    }
}

/// Width and height of the first entry of pictures.
pub(super) fn size(stsd: &[u8]) -> Option<(u32, u32)> {
    // Behind the head of the table and of the box.
    let entry = stsd.get(16..)?;
    Some((u32::from(be16(entry, 24)?), u32::from(be16(entry, 26)?)))
}

/// Whether the first entry is sound in AAC or the like, and its samples a second.
pub(super) fn packed_audio_rate(stsd: &[u8]) -> Option<u64> {
    let is_packed = array(stsd, 12)? == *b"mp4a";
    // 16 bits before the point and 16 behind it.
    be32(stsd, 16 + 24).map(|rate| u64::from(rate >> 16)).filter(|rate| is_packed && *rate > 0)
}

/// Bytes of a sample, of sound that is not compressed: tables of QuickTime say 1.
pub(super) fn plain_audio_bytes(stsd: &[u8]) -> Option<u64> {
    if !PLAIN_AUDIO.contains(&&array(stsd, 12)?) {
        return None;
    }
    let entry = stsd.get(16..)?;
    let channels = u64::from(be16(entry, 16)?);
    let is_short = [*b"alaw", *b"ulaw"].contains(&array(stsd, 12)?);
    match be16(entry, 8)? {
        2 => Some(u64::from(be32(entry, 28 + 28)?)),
        1 => Some(u64::from(be32(entry, 28 + 8)?)),
        // Of these the number of bits is that of the samples before.
        _ if is_short => Some(channels),
        _ => Some(channels * u64::from(be16(entry, 18)?.div_ceil(8))),
    }
}
