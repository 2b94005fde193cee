//! MP4 and QuickTime without metadata, in place on a copy: boxes that are not listed become free space of the same
//! length, tracks that are neither video nor sound go, and of the bytes that samples are stored in only those stay that
//! belong to samples of a kept track. Only the movie's description and one fragment are held in memory. Decodes
//! nothing; what encoders write into samples stays.

mod boxes;
mod entries;
mod fragments;
mod samples;
mod sweep;

use super::bytes::array;
use super::{Examined, MAX_VIDEO_MS, MAX_VOICE_MS, Refusal, within};
use boxes::{Head, LONG_HEAD_BYTES, blank, find, places};
use entries::Content;
use samples::Piece;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// The header of a box.
pub(super) const HEAD_BYTES: u64 = 8;
/// Bytes of a movie's description.
const MAX_MOOV_BYTES: u64 = 16 * 1024 * 1024;
/// Boxes of a file outside of any other; several for each tenth of a second of a recording in fragments.
const MAX_OUTERMOST: usize = 65_536;
/// Bytes of the box that names the brands.
const MAX_FTYP_BYTES: u64 = 512;
/// Pixels along a side; more than cameras record.
pub(super) const MAX_VIDEO_SIDE: u32 = 16_384;
/// Brands of pictures, still and moving, that are built like movies.
const PICTURES: &[&[u8; 4]] = &[
    b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1",
    b"miaf", b"avif", b"avis", b"avio", b"jpeg", b"jpgs", b"crx ",
];
/// Kinds of boxes that a file may begin with.
const FIRST: &[&[u8; 4]] = &[b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"];
/// Kinds that say, within a movie's description, where it was made: a place, a track of places.
const PLACES: &[&[u8; 4]] = &[b"\xA9xyz", b"loci", b"camm", b"gpmd"];

/// What the file is to be used as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Sound only: pictures, such as a cover, are metadata.
    Voice,
    /// There is a track of pictures.
    Video,
}

/// Whether a file that begins so may be an MP4 or QuickTime file.
pub(super) fn is_likely(head: &[u8]) -> bool {
    array(head, 4).is_some_and(|kind| FIRST.contains(&&kind))
}

/// The boxes of a file that matter.
struct Outline {
    /// The major brand; none in old QuickTime files.
    brand: Option<[u8; 4]>,
    /// Where the description begins, and its bytes with the header.
    moov: (u64, u64),
    /// Fragments, whole; in each are samples of some tracks.
    moofs: Vec<Piece>,
    /// Indexes of fragments, whole.
    indexes: Vec<Piece>,
    /// Where samples may be.
    mdats: Vec<Piece>,
    /// Boxes to free, each with where its body begins.
    others: Vec<(u64, Piece)>,
    /// Where the last box ends.
    end: u64,
}

/// See [`super::examine`].
pub(super) fn examine(purpose: Purpose, input: &Path, output: &Path) -> Result<Examined, Refusal> {
    let outline = outline(&mut File::open(input)?)?;
    if outline.brand.is_some_and(|brand| PICTURES.contains(&&brand)) {
        return Err(Refusal::Unsupported);
    }
    std::fs::copy(input, output)?;
    let mut file = OpenOptions::new().read(true).write(true).open(output)?;
    let (start, size) = outline.moov;
    let mut movie = change(&mut file, (start, start + size), |moov| describe(purpose, moov))?;
    if !outline.moofs.is_empty() {
        fragments::check(&movie.tracks)?;
    }
    for piece in &outline.moofs {
        change(&mut file, *piece, |moof| {
            fragments::add(piece.0, moof, &mut movie.tracks, &mut movie.pieces)
        })?;
    }
    for piece in &outline.indexes {
        change(&mut file, *piece, |index| sweep::sweep(index, fragments::OUTERMOST))?;
    }
    // Whatever it claims.
    if movie.pieces.is_empty() {
        return Err(Refusal::Damaged);
    }
    empty_rest(&mut file, &outline, movie.pieces)?;
    file.set_len(outline.end)?;
    let played_ms = movie.tracks.iter().map(fragments::Track::duration_ms).max().unwrap_or(0);
    let duration_ms = movie.claimed_ms.max(played_ms);
    if duration_ms == 0 {
        return Err(Refusal::Damaged);
    }
    let (content_type, max_ms) = match (purpose, outline.brand) {
        (Purpose::Voice, _) if movie.is_narrow => ("audio/3gpp", MAX_VOICE_MS),
        (Purpose::Voice, _) => ("audio/mp4", MAX_VOICE_MS),
        (Purpose::Video, Some(brand)) if brand != *b"qt  " => ("video/mp4", MAX_VIDEO_MS),
        (Purpose::Video, _) => ("video/quicktime", MAX_VIDEO_MS),
    };
    Ok(Examined {
        width: movie.width,
        height: movie.height,
        duration_ms: within(duration_ms, max_ms)?,
        ..Examined::of(content_type, outline.end)
    })
}

/// Changes a part of the file that is held in memory meanwhile. The answer is the change's.
fn change<T>(
    file: &mut File,
    (from, to): Piece,
    change: impl FnOnce(&mut [u8]) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let mut bytes = vec![0; usize::try_from(to - from).map_err(|_| Refusal::Damaged)?];
    file.seek(SeekFrom::Start(from))?;
    file.read_exact(&mut bytes)?;
    let answer = change(&mut bytes)?;
    file.seek(SeekFrom::Start(from))?;
    file.write_all(&bytes)?;
    Ok(answer)
}

/// Goes over the outermost boxes of a file.
fn outline(file: &mut File) -> Result<Outline, Refusal> {
    let size = file.metadata()?.len();
    let (mut brand, mut moov, mut at) = (None, None, 0);
    let (mut moofs, mut indexes, mut mdats, mut others) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    while size - at >= HEAD_BYTES {
        file.seek(SeekFrom::Start(at))?;
        let mut bytes = Vec::with_capacity(LONG_HEAD_BYTES as usize);
        file.take(LONG_HEAD_BYTES).read_to_end(&mut bytes)?;
        let Some(head) = Head::read(&bytes, size - at, true) else {
            // What follows a whole movie and is no box is cut off.
            if moov.is_some() && !mdats.is_empty() {
                break;
            }
            return Err(Refusal::Damaged);
        };
        let body = (at + head.head, at + head.size);
        match &head.kind {
            b"ftyp" if brand.is_none() && head.size <= MAX_FTYP_BYTES && head.head == HEAD_BYTES => {
                brand = Some(array(&bytes, 8).ok_or(Refusal::Damaged)?);
            }
            b"moov" if moov.is_none() && head.size <= MAX_MOOV_BYTES => moov = Some((at, head.size)),
            b"moof" if head.size <= MAX_MOOV_BYTES => moofs.push((at, body.1)),
            b"sidx" | b"mfra" if head.size <= MAX_MOOV_BYTES => indexes.push((at, body.1)),
            b"ftyp" | b"moov" | b"moof" | b"sidx" | b"mfra" => return Err(Refusal::Damaged),
            b"mdat" => mdats.push(body),
            _ => others.push((at, body)),
        }
        if moofs.len() + indexes.len() + mdats.len() + others.len() > MAX_OUTERMOST {
            return Err(Refusal::Damaged);
        }
        at = body.1;
    }
    Ok(Outline { brand, moov: moov.ok_or(Refusal::Damaged)?, moofs, indexes, mdats, others, end: at })
}

/// What the description says.
struct Movie {
    /// The longest that any of its parts says.
    claimed_ms: u64,
    /// Of its pictures, as shown.
    width: u32,
    height: u32,
    /// Whether the sound is AMR.
    is_narrow: bool,
    /// Those that are kept, to which fragments add.
    tracks: Vec<fragments::Track>,
    /// Of the file, that hold samples.
    pieces: Vec<Piece>,
}

/// Sweeps the description.
fn describe(purpose: Purpose, moov: &mut [u8]) -> Result<Movie, Refusal> {
    let head = Head::read(moov, moov.len() as u64, true).ok_or(Refusal::Damaged)?.head as usize;
    let movie = &mut moov[head..];
    let (boxes, _) = places(movie)?;
    let wanted: &[Content] =
        if purpose == Purpose::Video { &[Content::Video, Content::Audio] } else { &[Content::Audio] };
    let (mut found, mut kept, mut is_narrow) = (Vec::new(), Vec::new(), false);
    for place in boxes.iter().filter(|place| place.kind == *b"trak") {
        let track = &movie[place.body..place.end];
        let content = content(track).filter(|content| wanted.contains(content));
        found.extend(content);
        let stsd = descriptions(track).unwrap_or_default();
        if content.is_some_and(|content| entries::are_taken(content, stsd)) {
            kept.extend(content);
            is_narrow =
                is_narrow || array(stsd, 12).is_some_and(|codec| [*b"samr", *b"sawb"].contains(&codec));
        } else {
            blank(movie, *place);
        }
    }
    // A movie may lose a second track of sound that is not understood, never its only one.
    if !kept.contains(&wanted[0]) || found.iter().any(|content| !kept.contains(content)) {
        return Err(Refusal::Unsupported);
    }
    sweep::sweep(movie, sweep::MOVIE)?;
    let (claimed, scale) = samples::movie(find(movie, &[b"mvhd"]).ok_or(Refusal::Damaged)?)?;
    let mut all = Movie {
        claimed_ms: claimed.max(fragments::claimed_ms(movie, scale)?),
        width: 0,
        height: 0,
        is_narrow,
        tracks: Vec::new(),
        pieces: Vec::new(),
    };
    let (boxes, _) = places(movie)?;
    for place in boxes.iter().filter(|place| place.kind == *b"trak") {
        let track = &movie[place.body..place.end];
        let measured = samples::measure(track, scale, &mut all.pieces)?;
        all.claimed_ms = all.claimed_ms.max(measured.duration_ms);
        all.tracks.push(fragments::Track::new(movie, measured.counted));
        if content(track) == Some(Content::Video) && all.width == 0 {
            (all.width, all.height) = (measured.width, measured.height);
        }
    }
    if all.width.max(all.height) > MAX_VIDEO_SIDE {
        return Err(Refusal::TooLarge);
    }
    if purpose == Purpose::Video && all.width.min(all.height) == 0 {
        return Err(Refusal::Damaged);
    }
    Ok(all)
}

fn descriptions(track: &[u8]) -> Option<&[u8]> {
    find(track, &[b"mdia", b"minf", b"stbl", b"stsd"])
}

fn content(track: &[u8]) -> Option<Content> {
    entries::content(array(find(track, &[b"mdia", b"hdlr"])?, 8)?)
}

/// Zeroes all that is neither a header, nor the description, nor a sample.
fn empty_rest(file: &mut File, outline: &Outline, mut pieces: Vec<Piece>) -> Result<(), Refusal> {
    for (start, body) in &outline.others {
        file.seek(SeekFrom::Start(start + 4))?;
        file.write_all(b"free")?;
        zero(file, *body)?;
    }
    pieces.sort_unstable();
    let mut pieces = pieces.into_iter().peekable();
    // In order of the file, as they were found.
    for (from, to) in &outline.mdats {
        let mut at = *from;
        while let Some((start, end)) = pieces.next_if(|(start, _)| start < to) {
            if start < *from || end > *to {
                return Err(Refusal::Damaged);
            }
            if start > at {
                zero(file, (at, start))?;
            }
            at = at.max(end);
        }
        zero(file, (at, *to))?;
    }
    if pieces.peek().is_some() { Err(Refusal::Damaged) } else { Ok(()) }
}

fn zero(file: &mut File, (from, to): Piece) -> Result<(), Refusal> {
    file.seek(SeekFrom::Start(from))?;
    std::io::copy(&mut std::io::repeat(0).take(to - from), file)?;
    Ok(())
}

/// Whether a movie that is kept as it is says where it was made, anywhere but in its samples.
pub(super) fn says_position(file: &mut File) -> Result<bool, Refusal> {
    let (size, mut at) = (file.metadata()?.len(), 0);
    for _ in 0..MAX_OUTERMOST {
        file.seek(SeekFrom::Start(at))?;
        let mut bytes = Vec::new();
        file.take(LONG_HEAD_BYTES).read_to_end(&mut bytes)?;
        let Some(head) = Head::read(&bytes, size - at, true) else { break };
        if head.kind != *b"mdat" {
            file.take(head.size.min(MAX_MOOV_BYTES)).read_to_end(&mut bytes)?;
            if bytes.windows(4).any(|word| PLACES.iter().any(|place| *place == word)) {
                return Ok(true);
            }
        }
        at += head.size;
    }
    Ok(false)
}
