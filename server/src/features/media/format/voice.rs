//! Voice messages: which container, for how long it plays. The containers' own modules clean; none decodes sound.

use super::{Examined, MAX_VOICE_MS, Refusal, amr, mp3, mp4, ogg, wav, webm, within};
use std::path::Path;

/// A recording without its metadata.
pub(super) struct Recording {
    pub(super) bytes: Vec<u8>,
    pub(super) content_type: &'static str,
    pub(super) duration_ms: u64,
}

/// See [`super::examine`].
pub(super) fn examine(input: &Path, output: &Path) -> Result<Examined, Refusal> {
    let bytes = std::fs::read(input)?;
    if mp4::is_likely(&bytes) {
        return mp4::examine(mp4::Purpose::Voice, input, output);
    }
    if webm::is_likely(&bytes) {
        return webm::examine(mp4::Purpose::Voice, input, output);
    }
    let recording = match &bytes[..] {
        [b'O', b'g', b'g', b'S', ..] => ogg::clean(&bytes),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => wav::clean(&bytes),
        [b'#', b'!', b'A', b'M', b'R', ..] => amr::clean(&bytes),
        [b'I', b'D', b'3', ..] | [0xFF, 0xE0..=0xFF, ..] => mp3::clean(&bytes),
        _ => Err(Refusal::Unsupported),
    }?;
    if recording.duration_ms == 0 {
        return Err(Refusal::Damaged);
    }
    let duration_ms = within(recording.duration_ms, MAX_VOICE_MS)?;
    std::fs::write(output, &recording.bytes)?;
    Ok(Examined { duration_ms, ..Examined::of(recording.content_type, recording.bytes.len() as u64) })
}
