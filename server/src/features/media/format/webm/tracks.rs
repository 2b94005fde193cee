//! The tracks of a WebM or Matroska file: which are taken, what their decoders are told at the start, how large pictures
//! are shown, and for how long a track plays by what its blocks hold. Knows no blocks' places.

use super::super::bytes::le32;
use super::super::mp4::{MAX_VIDEO_SIDE, Purpose};
use super::super::ogg::{is_opus_head, opus_samples};
use super::super::{Refusal, milliseconds};
use super::ebml::{blank, body, elements, find, float, unsigned};
use super::elements::{
    AUDIO, BIT_DEPTH, CHANNELS, CODEC_ID, CODEC_PRIVATE, CROP_BOTTOM, CROP_LEFT, CROP_RIGHT, CROP_TOP,
    DEFAULT_DURATION, DISPLAY_HEIGHT, DISPLAY_UNIT, DISPLAY_WIDTH, PIXEL_HEIGHT, PIXEL_WIDTH, POSE_ROLL,
    PROJECTION, SAMPLING_FREQUENCY, TRACK_ENTRY, TRACK_NUMBER, TRACK_TYPE, TRACK_UID, TRACKS_RULES, VIDEO,
    sweep,
};

/// Tracks of pictures and of sound.
const MAX_TRACKS: usize = 8;
/// The greatest that a block names in one byte.
const MAX_NUMBER: u64 = 126;
const TYPE_VIDEO: u64 = 1;
const TYPE_AUDIO: u64 = 2;
const OPUS_RATE: u64 = 48_000;
/// The three headers of Vorbis, less one.
const VORBIS_HEADERS: u8 = 2;
/// A packet of AAC has no fewer samples (low delay).
const LEAST_AAC_SAMPLES: u64 = 480;
/// What AAC tells: a handful of numbers.
const MAX_AAC_BYTES: usize = 16;
const NANOSECONDS: u64 = 1_000_000_000;

/// A track that is kept.
pub(super) struct Track {
    pub(super) number: u64,
    pub(super) is_video: bool,
    /// As shown; 0 of sound.
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) has_blocks: bool,
    sound: Sound,
    /// Of each block that tells none, in nanoseconds; 0 if it is not known.
    each_ns: u64,
    end_ns: u64,
    /// All that its packets hold, whenever they are said to be played.
    samples: u64,
}

/// How many samples a packet has.
enum Sound {
    /// It is not told before it is decoded.
    Unknown,
    /// As each packet says.
    Opus,
    /// So many at least, and so many a second.
    Packed { least: u64, rate: u64 },
    /// One in so many bytes, and so many a second.
    Plain { bytes: u64, rate: u64 },
}

impl Track {
    /// Milliseconds until the last of its blocks ends, or that all of them take together. What a decoder leaves out of
    /// the beginning is in it.
    pub(super) fn duration_ms(&self) -> u64 {
        let rate = match self.sound {
            Sound::Unknown => return milliseconds(self.end_ns, NANOSECONDS),
            Sound::Opus => OPUS_RATE,
            Sound::Packed { rate, .. } | Sound::Plain { rate, .. } => rate,
        };
        milliseconds(self.end_ns, NANOSECONDS).max(milliseconds(self.samples, rate))
    }

    /// Notes a block of one frame: when it begins, for how long it is said to be shown (0 if it is not said), the first
    /// bytes of the frame and how many it has.
    pub(super) fn play(&mut self, start_ns: u64, said_ns: u64, frame: [u8; 2], length: u64) {
        let known = frame.get(..usize::try_from(length).unwrap_or(frame.len())).unwrap_or(&frame);
        let (samples, rate) = match self.sound {
            Sound::Unknown => (0, 1),
            Sound::Opus => (opus_samples(known), OPUS_RATE),
            Sound::Packed { least, rate } => (least, rate),
            Sound::Plain { bytes, rate } => (length / bytes, rate),
        };
        self.samples = self.samples.saturating_add(samples);
        let held_ns = samples.saturating_mul(NANOSECONDS) / rate;
        let length_ns = held_ns.max(said_ns).max(self.each_ns);
        self.end_ns = self.end_ns.max(start_ns.saturating_add(length_ns));
        self.has_blocks = true;
    }
}

/// Sweeps what is in the list of tracks; those that are kept.
pub(super) fn tracks(purpose: Purpose, bytes: &mut [u8]) -> Result<Vec<Track>, Refusal> {
    for element in elements(bytes)?.into_iter().filter(|element| element.id == TRACK_ENTRY) {
        // Of texts, menus, metadata.
        if ![TYPE_VIDEO, TYPE_AUDIO].contains(&number(&bytes[element.body..element.end], &[TRACK_TYPE], 0)?) {
            blank(bytes, element);
        }
    }
    sweep(bytes, TRACKS_RULES)?;
    let mut tracks: Vec<Track> = Vec::new();
    for element in elements(bytes)?.into_iter().filter(|element| element.id == TRACK_ENTRY) {
        let track = track(&mut bytes[element.body..element.end])?;
        if tracks.len() == MAX_TRACKS || tracks.iter().any(|other| other.number == track.number) {
            return Err(Refusal::Damaged);
        }
        tracks.push(track);
    }
    let is_fit = match purpose {
        Purpose::Voice => matches!(&tracks[..], [only] if !only.is_video),
        Purpose::Video => tracks.iter().any(|track| track.is_video),
    };
    if is_fit { Ok(tracks) } else { Err(Refusal::Unsupported) }
}

fn number(bytes: &[u8], path: &[u32], missing: u64) -> Result<u64, Refusal> {
    body(bytes, path).map_or(Ok(missing), unsigned)
}

fn track(entry: &mut [u8]) -> Result<Track, Refusal> {
    let own = number(entry, &[TRACK_NUMBER], 0)?;
    if !(1..=MAX_NUMBER).contains(&own) {
        return Err(Refusal::Damaged);
    }
    // It is random, and may be the same in all that a program makes.
    if let Some(uid) = find(entry, &[TRACK_UID]) {
        let uid = &mut entry[uid.body..uid.end];
        uid.fill(0);
        if let Some(last) = uid.last_mut() {
            *last = own as u8;
        }
    }
    let is_video = number(entry, &[TRACK_TYPE], 0)? == TYPE_VIDEO;
    let sound = codec(entry, is_video)?;
    let (width, height) =
        if is_video { shown(body(entry, &[VIDEO]).ok_or(Refusal::Damaged)?)? } else { (0, 0) };
    let each_ns = number(entry, &[DEFAULT_DURATION], 0)?;
    Ok(Track {
        number: own,
        is_video,
        width,
        height,
        has_blocks: false,
        sound,
        each_ns,
        end_ns: 0,
        samples: 0,
    })
}

/// Checks what the decoder is told; how it counts sound.
fn codec(entry: &mut [u8], is_video: bool) -> Result<Sound, Refusal> {
    let id = body(entry, &[CODEC_ID]).ok_or(Refusal::Damaged)?;
    let name = id.split(|byte| *byte == 0).next().unwrap_or_default();
    // Behind the end of the name.
    if id[name.len()..].iter().any(|byte| *byte != 0) {
        return Err(Refusal::Damaged);
    }
    let name = name.to_vec();
    let setup = find(entry, &[CODEC_PRIVATE]);
    let told = setup.map_or(&mut [][..], |setup| &mut entry[setup.body..setup.end]);
    let (is_kept, sound) = match (&name[..], is_video) {
        (b"V_VP8", true) => (false, Sound::Unknown),
        (b"V_VP9", true) => (are_features(told), Sound::Unknown),
        (b"V_AV1", true) => (told.first() == Some(&0x81), Sound::Unknown),
        (b"V_MPEG4/ISO/AVC" | b"V_MPEGH/ISO/HEVC", true) => (told.first() == Some(&1), Sound::Unknown),
        (b"A_OPUS", false) if is_opus_head(told) => (true, Sound::Opus),
        (b"A_VORBIS", false) => (true, vorbis(told)?),
        (b"A_PCM/FLOAT/IEEE" | b"A_PCM/INT/LIT", false) => (false, plain(entry)?),
        (b"A_AAC", false) => {
            (told.len() <= MAX_AAC_BYTES, Sound::Packed { least: LEAST_AAC_SAMPLES, rate: rate(entry)? })
        }
        (b"A_OPUS", false) => return Err(Refusal::Damaged),
        _ => return Err(Refusal::Unsupported),
    };
    if let (Some(setup), false) = (setup, is_kept) {
        blank(entry, setup);
    }
    Ok(sound)
}

/// What VP9 tells: features, each a number with one byte.
fn are_features(told: &[u8]) -> bool {
    told.chunks(3).all(|feature| matches!(feature, [_, 1, _])) && told.len() <= 3 * usize::from(u8::MAX)
}

/// Takes the comments out of the headers of Vorbis.
fn vorbis(told: &mut [u8]) -> Result<Sound, Refusal> {
    let mut lengths = [0, 0];
    let (count, mut rest) = told.split_first().map(|(count, rest)| (*count, rest)).ok_or(Refusal::Damaged)?;
    for length in &mut lengths {
        // Each is a sum that ends with the first byte that is not the greatest.
        let mut byte = u8::MAX;
        while byte == u8::MAX {
            (byte, rest) = rest.split_first().map(|(byte, rest)| (*byte, rest)).ok_or(Refusal::Damaged)?;
            *length += usize::from(byte);
        }
    }
    let [head, comment] = lengths;
    let start = told.len() - rest.len();
    let headers = &mut told[start..];
    if count != VORBIS_HEADERS || head != 30 || headers.len() <= head + comment {
        return Err(Refusal::Damaged);
    }
    let (head, rest) = headers.split_at_mut(head);
    let (comment, setup) = rest.split_at_mut(comment);
    let starts = [(&*head, b"\x01vorbis"), (&*comment, b"\x03vorbis"), (&*setup, b"\x05vorbis")];
    if !starts.iter().all(|(header, start)| header.starts_with(*start)) {
        return Err(Refusal::Damaged);
    }
    empty(comment)?;
    let rate = le32(head, 12).map(u64::from).filter(|rate| *rate > 0).ok_or(Refusal::Damaged)?;
    // The shorter of the two lengths of blocks; of one, half is played with each packet.
    Ok(Sound::Packed { least: (1 << (head[28] & 0x0F)) / 2, rate })
}

/// Makes comments blank: a maker of as many spaces, none of the rest.
fn empty(comment: &mut [u8]) -> Result<(), Refusal> {
    const AROUND: usize = 7 + 4 + 4 + 1;
    let spaces = comment.len().checked_sub(AROUND).ok_or(Refusal::Damaged)?;
    let length = u32::try_from(spaces).map_err(|_| Refusal::Damaged)?;
    comment[7..11].copy_from_slice(&length.to_le_bytes());
    comment[11..11 + spaces].fill(b' ');
    comment[11 + spaces..].copy_from_slice(&[0, 0, 0, 0, 1]);
    Ok(())
}

/// Sound that is not compressed.
fn plain(entry: &[u8]) -> Result<Sound, Refusal> {
    let bits = number(entry, &[AUDIO, BIT_DEPTH], 0)?;
    let bytes = bits.div_ceil(8).saturating_mul(number(entry, &[AUDIO, CHANNELS], 1)?);
    if bytes == 0 { Err(Refusal::Damaged) } else { Ok(Sound::Plain { bytes, rate: rate(entry)? }) }
}

/// Samples a second.
fn rate(entry: &[u8]) -> Result<u64, Refusal> {
    const USUAL: f64 = 8000.0;
    let rate = body(entry, &[AUDIO, SAMPLING_FREQUENCY]).map_or(Ok(USUAL), float)? as u64;
    if rate == 0 { Err(Refusal::Damaged) } else { Ok(rate) }
}

/// Width and height after cropping, stretching and rotation.
fn shown(video: &[u8]) -> Result<(u32, u32), Refusal> {
    let number = |id| number(video, &[id], 0);
    let pixels = (number(PIXEL_WIDTH)?, number(PIXEL_HEIGHT)?);
    let crop = [CROP_LEFT, CROP_RIGHT, CROP_TOP, CROP_BOTTOM].map(number);
    let [left, right, top, bottom] = crop;
    let cut = (
        pixels.0.saturating_sub(left?).saturating_sub(right?),
        pixels.1.saturating_sub(top?).saturating_sub(bottom?),
    );
    let display = (number(DISPLAY_WIDTH)?, number(DISPLAY_HEIGHT)?);
    let is_in_pixels = number(DISPLAY_UNIT)? == 0 && display.0 > 0 && display.1 > 0;
    let (width, height) = if is_in_pixels { display } else { cut };
    let sides = [pixels.0, pixels.1, width, height];
    if sides.contains(&0) {
        return Err(Refusal::Damaged);
    }
    if sides.iter().any(|side| *side > MAX_VIDEO_SIDE.into()) {
        return Err(Refusal::TooLarge);
    }
    let roll = body(video, &[PROJECTION, POSE_ROLL]).map_or(Ok(0.0), float)?;
    let is_turned = (roll.abs() % 180.0 - 90.0).abs() < 45.0;
    let (width, height) = (width as u32, height as u32);
    Ok(if is_turned { (height, width) } else { (width, height) })
}
