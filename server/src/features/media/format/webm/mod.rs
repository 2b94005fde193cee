//! WebM and Matroska without metadata, in place on a copy: elements that are not listed become void of the same length,
//! tracks that are neither pictures nor sound go with their blocks. Takes what browsers record: sizes left open, no
//! duration. Only descriptions are held in memory. Decodes nothing; what encoders write into frames stays. Transparency,
//! which stands beside the frames, does not.

mod clusters;
mod ebml;
mod editing;
mod elements;
mod tracks;

use super::mp4::Purpose;
use super::{Examined, MAX_VIDEO_MS, MAX_VOICE_MS, Refusal, milliseconds, within};
use clusters::Timeline;
use ebml::{body, float, unsigned};
use editing::Editing;
use elements::{
    CLUSTER, CUES, CUES_RULES, DOC_TYPE, DURATION, EBML, HEADER_RULES, INFO, INFO_RULES, MAX_ID_LENGTH,
    MAX_SIZE_LENGTH, SEEK_HEAD, SEEK_HEAD_RULES, SEGMENT, TIMESTAMP_SCALE, TRACKS, sweep,
};
use std::path::Path;
use tracks::Track;

/// Nanoseconds of a unit of time, where nothing else is said.
const USUAL_SCALE_NS: u64 = 1_000_000;
const NANOSECONDS: u64 = 1_000_000_000;

/// Whether a file that begins so may be a WebM or Matroska file.
pub(super) fn is_likely(head: &[u8]) -> bool {
    head.starts_with(&EBML.to_be_bytes())
}

/// What is told before the first cluster.
#[derive(Default)]
struct Described {
    info: Option<Info>,
    tracks: Option<Vec<Track>>,
}

/// What a file says of itself.
struct Info {
    scale_ns: u64,
    /// That it says it plays for; 0 if it does not say.
    claimed_ms: u64,
}

/// See [`super::examine`].
pub(super) fn examine(purpose: Purpose, input: &Path, output: &Path) -> Result<Examined, Refusal> {
    let mut file = Editing::begin(input, output)?;
    let header = file.part(0, file.size)?;
    let is_webm = file.change(&header, is_webm)?;
    let segment = file.part(header.end()?, file.size)?;
    if segment.id != SEGMENT {
        return Err(Refusal::Damaged);
    }
    let end = segment.open_end.unwrap_or(file.size);
    let (claimed_ms, tracks) = segment_content(&mut file, purpose, segment.body, end)?;
    file.cut(end)?;
    let picture = tracks.iter().find(|track| track.is_video);
    let main = picture.or(tracks.first()).ok_or(Refusal::Damaged)?;
    let played_ms = tracks.iter().map(Track::duration_ms).max().unwrap_or(0);
    // Whatever it claims.
    if !main.has_blocks || played_ms == 0 {
        return Err(Refusal::Damaged);
    }
    let (content_type, max_ms) = match (purpose, is_webm) {
        (Purpose::Voice, true) => ("audio/webm", MAX_VOICE_MS),
        (Purpose::Voice, false) => ("audio/x-matroska", MAX_VOICE_MS),
        (Purpose::Video, true) => ("video/webm", MAX_VIDEO_MS),
        (Purpose::Video, false) => ("video/x-matroska", MAX_VIDEO_MS),
    };
    Ok(Examined {
        width: main.width,
        height: main.height,
        duration_ms: within(claimed_ms.max(played_ms), max_ms)?,
        ..Examined::of(content_type, end)
    })
}

/// Sweeps the header of the file. Whether it is WebM, else Matroska.
fn is_webm(header: &mut [u8]) -> Result<bool, Refusal> {
    sweep(header, HEADER_RULES)?;
    for (id, usual) in [(MAX_ID_LENGTH, 4), (MAX_SIZE_LENGTH, 8)] {
        if body(header, &[id]).map_or(Ok(usual), unsigned)? > usual {
            return Err(Refusal::Unsupported);
        }
    }
    match body(header, &[DOC_TYPE]) {
        Some(b"webm") => Ok(true),
        Some(b"matroska") => Ok(false),
        _ => Err(Refusal::Unsupported),
    }
}

/// Goes over all that is in the segment: the milliseconds that it claims, and the tracks with what they played.
fn segment_content(
    file: &mut Editing,
    purpose: Purpose,
    mut at: u64,
    end: u64,
) -> Result<(u64, Vec<Track>), Refusal> {
    let (mut described, mut claimed_ms, mut timeline, mut has_cues) = (Described::default(), 0, None, false);
    while at < end {
        let part = file.part(at, end)?;
        if part.id == CLUSTER {
            if timeline.is_none() {
                let info = described.info.take().ok_or(Refusal::Damaged)?;
                let tracks = described.tracks.take().ok_or(Refusal::Damaged)?;
                claimed_ms = info.claimed_ms;
                timeline = Some(Timeline { scale_ns: info.scale_ns, tracks });
            }
            let timeline = timeline.as_mut().ok_or(Refusal::Damaged)?;
            at = timeline.cluster(file, &part, end)?;
            continue;
        }
        at = part.end()?;
        match part.id {
            INFO if described.info.is_none() && timeline.is_none() => {
                described.info = Some(file.change(&part, info)?);
            }
            TRACKS if described.tracks.is_none() && timeline.is_none() => {
                described.tracks = Some(file.change(&part, |bytes| tracks::tracks(purpose, bytes))?);
            }
            CUES if !has_cues => {
                has_cues = true;
                file.change(&part, |bytes| sweep(bytes, CUES_RULES))?;
            }
            SEEK_HEAD => file.change(&part, |bytes| sweep(bytes, SEEK_HEAD_RULES))?,
            // Twice, or behind what it is about: players would differ in which one they believe.
            INFO | TRACKS | CUES => return Err(Refusal::Damaged),
            // A second recording behind the first.
            EBML | SEGMENT => return Err(Refusal::Unsupported),
            _ => file.blank(&part)?,
        }
    }
    Ok((claimed_ms, timeline.ok_or(Refusal::Damaged)?.tracks))
}

fn info(bytes: &mut [u8]) -> Result<Info, Refusal> {
    sweep(bytes, INFO_RULES)?;
    let scale_ns = body(bytes, &[TIMESTAMP_SCALE]).map_or(Ok(USUAL_SCALE_NS), unsigned)?;
    let claimed = body(bytes, &[DURATION]).map_or(Ok(0.0), float)?;
    if scale_ns == 0 {
        return Err(Refusal::Damaged);
    }
    // What is less than nothing is nothing, what is more than a number holds the most that it holds.
    Ok(Info { scale_ns, claimed_ms: milliseconds((claimed * scale_ns as f64) as u64, NANOSECONDS) })
}
