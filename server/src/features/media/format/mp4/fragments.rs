//! Movies in fragments, as browsers record them and as they are streamed: each `moof` says which bytes of the file are
//! the next samples of some tracks and for how long they play. Also the indexes of such files. Reads no samples.

use super::super::bytes::{be16, be32, be64};
use super::super::{Refusal, milliseconds};
use super::boxes::{Head, blank, find, places};
use super::samples::{self, Counted, LEAST_PACKED_SAMPLES, Piece};
use super::sweep::Rule::{Each, Inside, Leaf, Many};
use super::sweep::{self, Rule, longer, only};

/// Outermost boxes of a file in fragments that are kept, beside its description.
pub(super) const OUTERMOST: &[(&[u8; 4], Rule)] = &[
    (b"moof", Inside(&[(b"mfhd", Leaf(|body| only(body, 8))), (b"traf", Many(TRACK))])),
    (b"sidx", Leaf(index)),
    (b"mfra", Inside(&[(b"tfra", Each(access)), (b"mfro", Leaf(|body| only(body, 8)))])),
];

/// What the description says of fragments.
pub(super) const EXTENSION: &[(&[u8; 4], Rule)] =
    &[(b"mehd", Leaf(|body| long(body, 8))), (b"trex", Each(|body| only(body, 24)))];

const TRACK: &[(&[u8; 4], Rule)] =
    &[(b"tfhd", Leaf(header)), (b"tfdt", Leaf(|body| long(body, 8))), (b"trun", Each(run))];

/// Tracks that are kept of a movie in fragments, each of which looks for its own.
const MAX_TRACKS: usize = 16;

// What a track's header in a fragment holds.
const BASE: u32 = 0x1;
const DESCRIPTION: u32 = 0x2;
const DURATION: u32 = 0x8;
const SIZE: u32 = 0x10;
const FLAGS: u32 = 0x20;
const BASE_IS_MOOF: u32 = 0x2_0000;

// What a run of samples holds, and of each sample.
const OFFSET: u32 = 0x1;
const FIRST_FLAGS: u32 = 0x4;
const OWN_DURATION: u32 = 0x100;
const OWN_SIZE: u32 = 0x200;
const OWN: u32 = 0xF00;

/// Nothing is kept behind the first `length` bytes, or 4 more where a time is long.
fn long(body: &mut [u8], length: usize) -> Result<(), Refusal> {
    let more = if longer(body)? == 0 { 0 } else { 4 };
    only(body, length + more)
}

/// Where fragments are.
fn index(body: &mut [u8]) -> Result<(), Refusal> {
    let head = if longer(body)? == 0 { 24 } else { 32 };
    let count = be16(body, head - 2).ok_or(Refusal::Damaged)?;
    only(body, head + usize::from(count) * 12)
}

/// Where samples are that need none before them.
fn access(body: &mut [u8]) -> Result<(), Refusal> {
    let times = if longer(body)? == 0 { 8 } else { 16 };
    let lengths = be32(body, 8).ok_or(Refusal::Damaged)?;
    let numbers: u32 = [0, 2, 4].iter().map(|shift| (lengths >> shift & 3) + 1).sum();
    let count = be32(body, 12).ok_or(Refusal::Damaged)? as usize;
    let rows = count.checked_mul(times + numbers as usize).ok_or(Refusal::Damaged)?;
    only(body, rows.checked_add(16).ok_or(Refusal::Damaged)?)
}

fn header(body: &mut [u8]) -> Result<(), Refusal> {
    let length = Header::read(body)?.length;
    only(body, length)
}

fn run(body: &mut [u8]) -> Result<(), Refusal> {
    let run = Run::read(body)?;
    let rows = (run.count as usize).checked_mul(run.row).ok_or(Refusal::Damaged)?;
    only(body, rows.checked_add(run.head).ok_or(Refusal::Damaged)?)
}

/// A track's header in a fragment.
struct Header {
    flags: u32,
    track: u32,
    base: Option<u64>,
    duration: Option<u32>,
    size: Option<u32>,
    /// Bytes of all of it.
    length: usize,
}

impl Header {
    fn read(body: &[u8]) -> Result<Header, Refusal> {
        let flags = be32(body, 0).ok_or(Refusal::Damaged)?;
        let track = be32(body, 4).ok_or(Refusal::Damaged)?;
        let mut at = 8;
        let mut next = |flag: u32, bytes: usize| {
            let here = at;
            let is_there = flags & flag != 0;
            at += if is_there { bytes } else { 0 };
            is_there.then_some(here)
        };
        let base = next(BASE, 8);
        next(DESCRIPTION, 4);
        let [duration, size] = [DURATION, SIZE].map(|flag| next(flag, 4));
        next(FLAGS, 4);
        Ok(Header {
            flags,
            track,
            base: base.map(|at| be64(body, at).ok_or(Refusal::Damaged)).transpose()?,
            duration: duration.map(|at| be32(body, at).ok_or(Refusal::Damaged)).transpose()?,
            size: size.map(|at| be32(body, at).ok_or(Refusal::Damaged)).transpose()?,
            length: at,
        })
    }

    /// From where its samples' places are counted, in the fragment at `moof`; `behind`: where the samples of the track
    /// before end, if that is kept.
    fn base(&self, moof: u64, behind: Option<u64>) -> Result<u64, Refusal> {
        match self.base {
            Some(base) => Ok(base),
            None if self.flags & BASE_IS_MOOF != 0 => Ok(moof),
            None => behind.ok_or(Refusal::Unsupported),
        }
    }
}

/// A run of samples that lie one behind the other.
struct Run {
    flags: u32,
    count: u32,
    /// Bytes before the rows.
    head: usize,
    /// Bytes of a row, of which each sample has one.
    row: usize,
}

impl Run {
    fn read(body: &[u8]) -> Result<Run, Refusal> {
        let flags = be32(body, 0).ok_or(Refusal::Damaged)?;
        let count = be32(body, 4).ok_or(Refusal::Damaged)?;
        let head = 8 + 4 * (flags & (OFFSET | FIRST_FLAGS)).count_ones() as usize;
        Ok(Run { flags, count, head, row: 4 * (flags & OWN).count_ones() as usize })
    }

    /// Where the first sample is, from the base; none if it is behind the run before.
    fn offset(&self, body: &[u8]) -> Option<i32> {
        (self.flags & OFFSET != 0).then(|| be32(body, 8).map(u32::cast_signed))?
    }

    /// What its samples have together of what stands in their rows, or what each of them has, if nothing stands there.
    fn sum(&self, body: &[u8], own: u32, usual: Option<u32>) -> Result<u64, Refusal> {
        if self.flags & own == 0 {
            let each = usual.ok_or(Refusal::Damaged)?;
            return Ok(u64::from(self.count) * u64::from(each));
        }
        let at = 4 * (self.flags & OWN & (own - 1)).count_ones() as usize;
        let rows = body.get(self.head..).unwrap_or_default().chunks_exact(self.row);
        Ok(rows.take(self.count as usize).filter_map(|row| be32(row, at)).map(u64::from).sum())
    }
}

/// A track that is kept, with all that fragments add to it.
pub(super) struct Track {
    counted: Counted,
    /// The duration and the size of samples that tell none.
    usual: Option<(u32, u32)>,
    /// When the last fragment ends that says when it begins.
    end: u64,
}

impl Track {
    /// The track of the description `movie` that its own tables say so much of.
    pub(super) fn new(movie: &[u8], counted: Counted) -> Track {
        let extension = find(movie, &[b"mvex"]).unwrap_or_default();
        let places = places(extension).map(|(places, _)| places).unwrap_or_default();
        let own: Vec<_> = places
            .iter()
            .filter(|place| place.kind == *b"trex")
            .map(|place| &extension[place.body..place.end])
            .filter(|trex| be32(trex, 4) == Some(counted.track))
            .collect();
        // Of two, players would differ in which one they believe.
        let own = if let [only] = own[..] { Some(only) } else { None };
        let usual = own.and_then(|trex| Some((be32(trex, 12)?, be32(trex, 16)?)));
        Track { end: counted.units, counted, usual }
    }

    /// Milliseconds that it plays for, by all that was added.
    pub(super) fn duration_ms(&self) -> u64 {
        let Counted { units, scale, samples, packed_rate, .. } = self.counted;
        let packed =
            packed_rate.map_or(0, |rate| milliseconds(samples.saturating_mul(LEAST_PACKED_SAMPLES), rate));
        milliseconds(units.max(self.end), scale).max(packed)
    }

    /// Adds the runs of a fragment whose places are counted from `base`. Where the last one ends.
    fn add(
        &mut self,
        fragment: &[u8],
        header: &Header,
        base: u64,
        pieces: &mut Vec<Piece>,
    ) -> Result<u64, Refusal> {
        let mut time = match find(fragment, &[b"tfdt"]) {
            Some(tfdt) if longer(tfdt)? == 0 => u64::from(be32(tfdt, 4).ok_or(Refusal::Damaged)?),
            Some(tfdt) => be64(tfdt, 4).ok_or(Refusal::Damaged)?,
            None => self.end,
        };
        let duration = header.duration.or(self.usual.map(|(duration, _)| duration));
        let size = header.size.or(self.usual.map(|(_, size)| size));
        let mut at = base;
        for place in places(fragment)?.0.iter().filter(|place| place.kind == *b"trun") {
            let body = &fragment[place.body..place.end];
            let run = Run::read(body)?;
            if let Some(offset) = run.offset(body) {
                at = base.checked_add_signed(offset.into()).ok_or(Refusal::Damaged)?;
            }
            let (bytes, units) = (run.sum(body, OWN_SIZE, size)?, run.sum(body, OWN_DURATION, duration)?);
            samples::add_piece(pieces, at, bytes)?;
            at = at.saturating_add(bytes);
            time = time.saturating_add(units);
            self.counted.units = self.counted.units.saturating_add(units);
            self.counted.samples = self.counted.samples.saturating_add(run.count.into());
        }
        self.end = self.end.max(time);
        Ok(at)
    }
}

/// Sweeps the fragment that begins in the file at `start`, adds its samples to the tracks that are kept, and frees what
/// it says of others.
pub(super) fn add(
    start: u64,
    moof: &mut [u8],
    tracks: &mut [Track],
    pieces: &mut Vec<Piece>,
) -> Result<(), Refusal> {
    sweep::sweep(moof, OUTERMOST)?;
    let head = Head::read(moof, moof.len() as u64, false).ok_or(Refusal::Damaged)?.head as usize;
    let body = &mut moof[head..];
    let (boxes, _) = places(body)?;
    let mut behind = Some(start);
    for place in boxes.into_iter().filter(|place| place.kind == *b"traf") {
        let fragment = &body[place.body..place.end];
        let header = Header::read(find(fragment, &[b"tfhd"]).ok_or(Refusal::Damaged)?)?;
        let base = header.base(start, behind)?;
        behind = match tracks.iter_mut().find(|track| track.counted.track == header.track) {
            Some(track) => Some(track.add(fragment, &header, base, pieces)?),
            None => {
                blank(body, place);
                None
            }
        };
    }
    Ok(())
}

/// Milliseconds that the description says all fragments play for, of a movie of `scale` units a second.
pub(super) fn claimed_ms(movie: &[u8], scale: u64) -> Result<u64, Refusal> {
    let Some(mehd) = find(movie, &[b"mvex", b"mehd"]) else { return Ok(0) };
    let units = if longer(mehd)? == 0 { be32(mehd, 4).map(u64::from) } else { be64(mehd, 4) };
    Ok(milliseconds(units.ok_or(Refusal::Damaged)?, scale))
}

/// Checks that it is clear which track a fragment is of.
pub(super) fn check(tracks: &[Track]) -> Result<(), Refusal> {
    let numbers: Vec<_> = tracks.iter().take(MAX_TRACKS + 1).map(|track| track.counted.track).collect();
    let is_clear = numbers.iter().enumerate().all(|(n, number)| !numbers[..n].contains(number));
    if is_clear && numbers.len() <= MAX_TRACKS { Ok(()) } else { Err(Refusal::Damaged) }
}
