//! What a movie's description (`moov`) may hold, box by box, and how each is emptied of what it need not say: times,
//! names, languages, makers, and the bytes behind its end. All that is not listed becomes free space.

use super::super::Refusal;
use super::super::bytes::{be16, be32};
use super::boxes::{Place, blank, places};
use super::{entries, fragments};

/// What is done with a box that is kept.
pub(super) enum Rule {
    /// It holds these, each at most once, and nothing else.
    Inside(&'static [(&'static [u8; 4], Rule)]),
    /// As `Inside`, and may be there many times.
    Many(&'static [(&'static [u8; 4], Rule)]),
    /// Its body is emptied by this.
    Leaf(fn(&mut [u8]) -> Result<(), Refusal>),
    /// As `Leaf`, and may be there many times.
    Each(fn(&mut [u8]) -> Result<(), Refusal>),
    /// As `Leaf`; freed if it does not say that it may stay.
    Maybe(fn(&mut [u8]) -> bool),
}

use Rule::{Each, Inside, Leaf, Many, Maybe};

pub(super) const MOVIE: &[(&[u8; 4], Rule)] =
    &[(b"mvhd", Leaf(movie_header)), (b"trak", Many(TRACK)), (b"mvex", Inside(fragments::EXTENSION))];

const TRACK: &[(&[u8; 4], Rule)] =
    &[(b"tkhd", Leaf(track_header)), (b"edts", Inside(&[(b"elst", Leaf(edits))])), (b"mdia", Inside(MEDIA))];

const MEDIA: &[(&[u8; 4], Rule)] =
    &[(b"mdhd", Leaf(media_header)), (b"hdlr", Leaf(handler)), (b"minf", Inside(INFORMATION))];

const INFORMATION: &[(&[u8; 4], Rule)] = &[
    (b"vmhd", Leaf(|body| only(body, 12))),
    (b"smhd", Leaf(|body| only(body, 8))),
    // QuickTime's handler of data.
    (b"hdlr", Leaf(handler)),
    (b"dinf", Inside(&[(b"dref", Leaf(references))])),
    (b"stbl", Inside(SAMPLES)),
];

const SAMPLES: &[(&[u8; 4], Rule)] = &[
    (b"stsd", Leaf(entries::sweep)),
    (b"stts", Leaf(|body| table(body, 8, 8))),
    (b"ctts", Leaf(|body| table(body, 8, 8))),
    (b"cslg", Maybe(|body| only(body, if body.first() == Some(&0) { 24 } else { 44 }).is_ok())),
    (b"stss", Leaf(|body| table(body, 8, 4))),
    (b"stps", Leaf(|body| table(body, 8, 4))),
    (b"stsc", Leaf(|body| table(body, 8, 12))),
    (b"stsz", Leaf(|body| table(body, 12, if be32(body, 4) == Some(0) { 4 } else { 0 }))),
    (b"stco", Leaf(|body| table(body, 8, 4))),
    (b"co64", Leaf(|body| table(body, 8, 8))),
];

/// Empties the boxes in `bytes` by these rules and frees the others.
///
/// # Errors
/// Damaged where sizes do not fit or a box is there twice: players would differ in which one they believe.
pub(super) fn sweep(bytes: &mut [u8], rules: &[(&[u8; 4], Rule)]) -> Result<(), Refusal> {
    let (places, tail) = places(bytes)?;
    let mut seen: Vec<[u8; 4]> = Vec::new();
    for place in places {
        let rule = rules.iter().find(|(kind, _)| **kind == place.kind).map(|(_, rule)| rule);
        let is_single = !matches!(rule, Some(Many(_) | Each(_)) | None);
        if is_single && seen.contains(&place.kind) {
            return Err(Refusal::Damaged);
        }
        seen.extend(is_single.then_some(place.kind));
        apply(bytes, place, rule)?;
    }
    bytes[tail..].fill(0);
    Ok(())
}

fn apply(bytes: &mut [u8], place: Place, rule: Option<&Rule>) -> Result<(), Refusal> {
    let body = &mut bytes[place.body..place.end];
    match rule {
        Some(Inside(rules) | Many(rules)) => sweep(body, rules)?,
        Some(Leaf(empty) | Each(empty)) => empty(body)?,
        Some(Maybe(empty)) if empty(body) => {}
        Some(Maybe(_)) | None => blank(bytes, place),
    }
    Ok(())
}

/// Nothing is kept behind the first `length` bytes.
pub(super) fn only(body: &mut [u8], length: usize) -> Result<(), Refusal> {
    body.get_mut(length..).ok_or(Refusal::Damaged)?.fill(0);
    Ok(())
}

/// A table of entries behind a head that ends with their number.
fn table(body: &mut [u8], head: usize, entry: usize) -> Result<(), Refusal> {
    let count = be32(body, head - 4).ok_or(Refusal::Damaged)? as usize;
    only(body, count.checked_mul(entry).and_then(|n| n.checked_add(head)).ok_or(Refusal::Damaged)?)
}

/// Bytes by which the second version of a header, with longer times, is longer up to the end of its duration.
pub(super) fn longer(body: &[u8]) -> Result<usize, Refusal> {
    match body.first() {
        Some(0) => Ok(0),
        Some(1) => Ok(12),
        _ => Err(Refusal::Damaged),
    }
}

/// When it was made and changed, which all headers begin with.
fn empty_times(body: &mut [u8], longer: usize) -> Result<(), Refusal> {
    body.get_mut(4..if longer == 0 { 12 } else { 20 }).ok_or(Refusal::Damaged)?.fill(0);
    Ok(())
}

fn movie_header(body: &mut [u8]) -> Result<(), Refusal> {
    let longer = longer(body)?;
    only(body, 100 + longer)?;
    empty_times(body, longer)?;
    // Where the maker's player stood: preview, poster, selection.
    body[72 + longer..96 + longer].fill(0);
    Ok(())
}

fn track_header(body: &mut [u8]) -> Result<(), Refusal> {
    let longer = longer(body)?;
    only(body, 84 + longer)?;
    empty_times(body, longer)
}

fn media_header(body: &mut [u8]) -> Result<(), Refusal> {
    const UNDETERMINED: [u8; 2] = [0x55, 0xC4];
    let longer = longer(body)?;
    only(body, 24 + longer)?;
    empty_times(body, longer)?;
    body[20 + longer..22 + longer].copy_from_slice(&UNDETERMINED);
    Ok(())
}

/// Its maker and its name go; an empty one is well-formed in MP4 and in QuickTime.
fn handler(body: &mut [u8]) -> Result<(), Refusal> {
    only(body, 12)
}

fn edits(body: &mut [u8]) -> Result<(), Refusal> {
    let entry = if longer(body)? == 0 { 12 } else { 20 };
    table(body, 8, entry)
}

/// Where samples are: in this file, which needs no name.
fn references(body: &mut [u8]) -> Result<(), Refusal> {
    let entries = body.get_mut(8..).ok_or(Refusal::Damaged)?;
    let (places, tail) = places(entries)?;
    for place in places {
        let entry = &mut entries[place.body..place.end];
        let is_here = be16(entry, 2).is_some_and(|flags| flags & 1 == 1);
        if !is_here || ![*b"url ", *b"alis"].contains(&place.kind) {
            return Err(Refusal::Unsupported);
        }
        only(entry, 4)?;
    }
    entries[tail..].fill(0);
    Ok(())
}
