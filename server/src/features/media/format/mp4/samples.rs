//! What the tables of a track say of its samples: which bytes of the file they are, and for how long they play. Reads
//! no samples.

use super::super::bytes::{be32, be64};
use super::super::{Refusal, milliseconds};
use super::boxes::find;
use super::entries;
use super::sweep::longer;

/// Pieces of all tracks in which the samples lie; one for each frame of 5 min at 240 a second, several times over.
const MAX_PIECES: usize = 500_000;
/// A packet of AAC has no fewer samples (low delay), whatever the table of times says.
pub(super) const LEAST_PACKED_SAMPLES: u64 = 480;

/// Bytes of the file, from and up to.
pub(super) type Piece = (u64, u64);

/// What a track's tables say.
pub(super) struct Measured {
    /// The longest that any table says.
    pub(super) duration_ms: u64,
    /// As shown; 0 of sound.
    pub(super) width: u32,
    pub(super) height: u32,
    /// Of its samples, to which fragments may add.
    pub(super) counted: Counted,
}

/// How much of a track there is.
pub(super) struct Counted {
    /// The track's number.
    pub(super) track: u32,
    /// Units a second.
    pub(super) scale: u64,
    pub(super) samples: u64,
    /// For which the samples play.
    pub(super) units: u64,
    /// See [`entries::packed_audio_rate`].
    pub(super) packed_rate: Option<u64>,
}

/// Milliseconds that the movie's header says, and its units a second.
pub(super) fn movie(mvhd: &[u8]) -> Result<(u64, u64), Refusal> {
    let scale = u64::from(be32(mvhd, 12 + times(mvhd)?).ok_or(Refusal::Damaged)?);
    Ok((milliseconds(duration(mvhd, 16)?, scale), scale))
}

/// Where the two times at the start of a header make what follows lie farther behind.
fn times(header: &[u8]) -> Result<usize, Refusal> {
    Ok(if longer(header)? == 0 { 0 } else { 8 })
}

/// The duration at `at` (in a header with short times); 0 where it is said to be unknown.
fn duration(header: &[u8], at: usize) -> Result<u64, Refusal> {
    let at = at + times(header)?;
    let value = if longer(header)? == 0 {
        be32(header, at).map(|n| if n == u32::MAX { 0 } else { u64::from(n) })
    } else {
        be64(header, at).map(|n| if n == u64::MAX { 0 } else { n })
    };
    value.ok_or(Refusal::Damaged)
}

/// Reads the tables of a track that was swept, and adds the pieces of its samples.
pub(super) fn measure(track: &[u8], movie_scale: u64, pieces: &mut Vec<Piece>) -> Result<Measured, Refusal> {
    let part = |path: &[&[u8; 4]]| find(track, path).ok_or(Refusal::Damaged);
    let (tkhd, mdhd) = (part(&[b"tkhd"])?, part(&[b"mdia", b"mdhd"])?);
    let table = part(&[b"mdia", b"minf", b"stbl"])?;
    let scale = u64::from(be32(mdhd, 12 + times(mdhd)?).ok_or(Refusal::Damaged)?);
    if scale == 0 || movie_scale == 0 {
        return Err(Refusal::Damaged);
    }
    let sizes = Sizes::new(table)?;
    let edited = find(track, &[b"edts", b"elst"]).map_or(0, edited);
    let stsd = find(table, &[b"stsd"]).ok_or(Refusal::Damaged)?;
    let packed_rate = entries::packed_audio_rate(stsd);
    let packed =
        packed_rate.map_or(0, |rate| milliseconds(sizes.count.saturating_mul(LEAST_PACKED_SAMPLES), rate));
    let units = played(table, sizes.count)?;
    let claims = [
        milliseconds(duration(tkhd, 20)?, movie_scale),
        milliseconds(duration(mdhd, 16)?, scale),
        milliseconds(edited, movie_scale),
        milliseconds(units, scale),
        packed,
    ];
    add_pieces(table, &sizes, pieces)?;
    let (width, height) = shown(tkhd, stsd)?;
    let number = be32(tkhd, 12 + times(tkhd)?).ok_or(Refusal::Damaged)?;
    let counted = Counted { track: number, scale, samples: sizes.count, units, packed_rate };
    Ok(Measured { duration_ms: claims.into_iter().max().unwrap_or(0), width, height, counted })
}

/// Width and height after rotation, which is a matrix.
fn shown(tkhd: &[u8], stsd: &[u8]) -> Result<(u32, u32), Refusal> {
    let extra = longer(tkhd)?;
    let number = |at: usize| be32(tkhd, at + extra).ok_or(Refusal::Damaged);
    let (mut width, mut height) = (number(76)? >> 16, number(80)? >> 16);
    if width == 0 || height == 0 {
        (width, height) = entries::size(stsd).unwrap_or((0, 0));
    }
    let is_turned = number(40)? == 0 && number(56)? == 0 && number(44)? != 0;
    Ok(if is_turned { (height, width) } else { (width, height) })
}

/// Units of the movie that the edits take together.
fn edited(elst: &[u8]) -> u64 {
    let is_long = elst.first() == Some(&1);
    let bytes = if is_long { 20 } else { 12 };
    let count = be32(elst, 4).unwrap_or(0) as usize;
    let entries = elst.get(8..).unwrap_or_default().chunks_exact(bytes).take(count);
    let lengths = entries.filter_map(|e| if is_long { be64(e, 0) } else { be32(e, 0).map(u64::from) });
    lengths.fold(0, u64::saturating_add)
}

/// Units of the track for which `samples` play. Those that the table leaves out play like the longest.
fn played(table: &[u8], samples: u64) -> Result<u64, Refusal> {
    let stts = find(table, &[b"stts"]).ok_or(Refusal::Damaged)?;
    let (mut sum, mut counted, mut longest) = (0_u64, 0_u64, 0_u64);
    for entry in rows(stts, 8) {
        let (count, delta) = (u64::from(entry[0]), u64::from(entry[1]));
        sum = sum.saturating_add(count * delta);
        counted += count;
        longest = longest.max(delta);
    }
    Ok(sum.saturating_add(samples.saturating_sub(counted).saturating_mul(longest)))
}

/// The rows of a table behind a head of 8 bytes, of up to three numbers.
fn rows(table: &[u8], bytes: usize) -> impl Iterator<Item = [u32; 3]> {
    let count = be32(table, 4).unwrap_or(0) as usize;
    let rows = table.get(8..).unwrap_or_default().chunks_exact(bytes).take(count);
    rows.map(|row| [0, 4, 8].map(|at| be32(row, at).unwrap_or(0)))
}

/// Bytes of each sample.
struct Sizes<'a> {
    count: u64,
    /// Of all of them; 0: each has its own.
    each: u64,
    own: &'a [u8],
}

impl<'a> Sizes<'a> {
    fn new(table: &'a [u8]) -> Result<Self, Refusal> {
        let stsz = find(table, &[b"stsz"]).ok_or(Refusal::Unsupported)?;
        let number = |at| be32(stsz, at).map(u64::from).ok_or(Refusal::Damaged);
        let (mut each, count) = (number(4)?, number(8)?);
        let stsd = find(table, &[b"stsd"]).ok_or(Refusal::Damaged)?;
        if each == 1 {
            each = entries::plain_audio_bytes(stsd).unwrap_or(1);
        }
        Ok(Sizes { count, each, own: stsz.get(12..).unwrap_or_default() })
    }

    /// Bytes of `count` samples from the one with number `first`.
    fn sum(&self, first: u64, count: u64) -> Result<u64, Refusal> {
        let count = count.min(self.count.saturating_sub(first));
        if self.each > 0 {
            return self.each.checked_mul(count).ok_or(Refusal::Damaged);
        }
        // The table was seen to be there for each of them.
        let from = first as usize * 4;
        let sizes = self.own.get(from..from + count as usize * 4).ok_or(Refusal::Damaged)?;
        Ok(sizes.chunks_exact(4).filter_map(|size| be32(size, 0)).map(u64::from).sum())
    }
}

fn add_pieces(table: &[u8], sizes: &Sizes, pieces: &mut Vec<Piece>) -> Result<(), Refusal> {
    let mut runs = rows(find(table, &[b"stsc"]).ok_or(Refusal::Damaged)?, 12).peekable();
    let offsets: Box<dyn Iterator<Item = u64>> = match (find(table, &[b"stco"]), find(table, &[b"co64"])) {
        (Some(stco), None) => Box::new(rows(stco, 4).map(|row| u64::from(row[0]))),
        (None, Some(co64)) => Box::new(rows(co64, 8).map(|row| u64::from(row[0]) << 32 | u64::from(row[1]))),
        _ => return Err(Refusal::Damaged),
    };
    let (mut sample, mut in_piece) = (0_u64, 0_u64);
    for (number, offset) in (1..).zip(offsets) {
        while let Some(run) = runs.next_if(|run| run[0] <= number) {
            in_piece = u64::from(run[1]);
        }
        let bytes = sizes.sum(sample, in_piece)?;
        sample = sample.saturating_add(in_piece);
        add_piece(pieces, offset, bytes)?;
    }
    // Samples that lie nowhere.
    if sample < sizes.count { Err(Refusal::Damaged) } else { Ok(()) }
}

/// Adds so many bytes of the file.
pub(super) fn add_piece(pieces: &mut Vec<Piece>, offset: u64, bytes: u64) -> Result<(), Refusal> {
    if bytes > 0 {
        if pieces.len() == MAX_PIECES {
            return Err(Refusal::Damaged);
        }
        pieces.push((offset, offset.checked_add(bytes).ok_or(Refusal::Damaged)?));
    }
    Ok(())
}
