//! The elements of WebM and Matroska (RFC 9559) that a file may keep outside of its clusters, and how each is emptied
//! of what it need not say: who wrote it, when, from where, in which language. All that is not listed becomes void.

use super::super::Refusal;
use super::ebml::{Element, MAX_NUMBER_BYTES, blank, elements};

pub(super) const EBML: u32 = 0x1A45_DFA3;
pub(super) const DOC_TYPE: u32 = 0x4282;
pub(super) const MAX_ID_LENGTH: u32 = 0x42F2;
pub(super) const MAX_SIZE_LENGTH: u32 = 0x42F3;
pub(super) const SEGMENT: u32 = 0x1853_8067;
pub(super) const SEEK_HEAD: u32 = 0x114D_9B74;
pub(super) const INFO: u32 = 0x1549_A966;
pub(super) const TIMESTAMP_SCALE: u32 = 0x2A_D7B1;
pub(super) const DURATION: u32 = 0x4489;
pub(super) const TRACKS: u32 = 0x1654_AE6B;
pub(super) const TRACK_ENTRY: u32 = 0xAE;
pub(super) const TRACK_NUMBER: u32 = 0xD7;
pub(super) const TRACK_UID: u32 = 0x73C5;
pub(super) const TRACK_TYPE: u32 = 0x83;
pub(super) const DEFAULT_DURATION: u32 = 0x23_E383;
pub(super) const CODEC_ID: u32 = 0x86;
pub(super) const CODEC_PRIVATE: u32 = 0x63A2;
pub(super) const VIDEO: u32 = 0xE0;
pub(super) const PIXEL_WIDTH: u32 = 0xB0;
pub(super) const PIXEL_HEIGHT: u32 = 0xBA;
pub(super) const CROP_BOTTOM: u32 = 0x54AA;
pub(super) const CROP_TOP: u32 = 0x54BB;
pub(super) const CROP_LEFT: u32 = 0x54CC;
pub(super) const CROP_RIGHT: u32 = 0x54DD;
pub(super) const DISPLAY_WIDTH: u32 = 0x54B0;
pub(super) const DISPLAY_HEIGHT: u32 = 0x54BA;
pub(super) const DISPLAY_UNIT: u32 = 0x54B2;
pub(super) const PROJECTION: u32 = 0x7670;
pub(super) const POSE_ROLL: u32 = 0x7675;
pub(super) const AUDIO: u32 = 0xE1;
pub(super) const SAMPLING_FREQUENCY: u32 = 0xB5;
pub(super) const CHANNELS: u32 = 0x9F;
pub(super) const BIT_DEPTH: u32 = 0x6264;
pub(super) const CUES: u32 = 0x1C53_BB6B;
pub(super) const CLUSTER: u32 = 0x1F43_B675;
/// Those that stand beside clusters, hence end one whose size was left open.
pub(super) const BESIDE_CLUSTERS: [u32; 10] = [
    EBML,
    SEGMENT,
    SEEK_HEAD,
    INFO,
    TRACKS,
    CUES,
    CLUSTER,
    // Chapters, attachments, tags.
    0x1043_A770,
    0x1941_A469,
    0x1254_C367,
];

/// What a decoder is told at the start; longer ones tell more.
const MAX_SETUP_BYTES: usize = 16 * 1024;

/// What is done with an element that is kept.
pub(super) enum Rule {
    /// It holds these, and is there at most once.
    Master(&'static [(u32, Rule)]),
    /// As `Master`, and may be there many times.
    Many(&'static [(u32, Rule)]),
    /// A number, a short name: stays as it is, if it is no longer than a number can be.
    Number,
    /// Must be there, and need not say anything.
    Emptied,
    /// A language: none.
    Language,
    /// Of a codec, which looks at it further.
    Setup,
    /// Hides what is in blocks.
    Refused,
}

use Rule::{Emptied, Language, Many, Master, Number, Refused, Setup};

pub(super) const HEADER_RULES: &[(u32, Rule)] = &[
    // Versions of EBML.
    (0x4286, Number),
    (0x42F7, Number),
    (MAX_ID_LENGTH, Number),
    (MAX_SIZE_LENGTH, Number),
    // "matroska" has as many bytes as a number.
    (DOC_TYPE, Number),
    // Versions of that type.
    (0x4287, Number),
    (0x4285, Number),
];

/// Of seeks, each an id with its place.
pub(super) const SEEK_HEAD_RULES: &[(u32, Rule)] = &[(0x4DBB, Many(&[(0x53AB, Number), (0x53AC, Number)]))];

pub(super) const INFO_RULES: &[(u32, Rule)] = &[
    (TIMESTAMP_SCALE, Number),
    (DURATION, Number),
    // By which programs it was made: must be there.
    (0x4D80, Emptied),
    (0x5741, Emptied),
];

pub(super) const TRACKS_RULES: &[(u32, Rule)] = &[(TRACK_ENTRY, Many(TRACK_RULES))];

const TRACK_RULES: &[(u32, Rule)] = &[
    (TRACK_NUMBER, Number),
    (TRACK_UID, Number),
    (TRACK_TYPE, Number),
    // Whether it is enabled, the default one, forced, laced.
    (0xB9, Number),
    (0x88, Number),
    (0x55AA, Number),
    (0x9C, Number),
    // Pictures to hold for a decoder.
    (0x6DE7, Number),
    (0x6DF8, Number),
    (DEFAULT_DURATION, Number),
    (0x22_B59C, Language),
    (CODEC_ID, Setup),
    (CODEC_PRIVATE, Setup),
    // Delay of the codec, what it is to decode before a seek, whether it may decode what is damaged.
    (0x56AA, Number),
    (0x56BB, Number),
    (0xAA, Number),
    (VIDEO, Master(VIDEO_RULES)),
    (AUDIO, Master(AUDIO_RULES)),
    // Compression and encryption of blocks.
    (0x6D80, Refused),
];

const VIDEO_RULES: &[(u32, Rule)] = &[
    // Interlacing, field order, two eyes.
    (0x9A, Number),
    (0x9D, Number),
    (0x53B8, Number),
    (PIXEL_WIDTH, Number),
    (PIXEL_HEIGHT, Number),
    (CROP_BOTTOM, Number),
    (CROP_TOP, Number),
    (CROP_LEFT, Number),
    (CROP_RIGHT, Number),
    (DISPLAY_WIDTH, Number),
    (DISPLAY_HEIGHT, Number),
    (DISPLAY_UNIT, Number),
    // Pictures a second.
    (0x23_83E3, Number),
    (0x55B0, Master(COLOUR_RULES)),
    // How it is turned: the kind, and three angles.
    (PROJECTION, Master(&[(0x7671, Number), (0x7673, Number), (0x7674, Number), (POSE_ROLL, Number)])),
];

/// Colours by number, in the order of the RFC; and of the screen that they were made on.
const COLOUR_RULES: &[(u32, Rule)] = &[
    (0x55B1, Number),
    (0x55B2, Number),
    (0x55B3, Number),
    (0x55B4, Number),
    (0x55B5, Number),
    (0x55B6, Number),
    (0x55B7, Number),
    (0x55B8, Number),
    (0x55B9, Number),
    (0x55BA, Number),
    (0x55BB, Number),
    (0x55BC, Number),
    (0x55BD, Number),
    (0x55D0, Master(SCREEN_RULES)),
];

const SCREEN_RULES: &[(u32, Rule)] = &[
    (0x55D1, Number),
    (0x55D2, Number),
    (0x55D3, Number),
    (0x55D4, Number),
    (0x55D5, Number),
    (0x55D6, Number),
    (0x55D7, Number),
    (0x55D8, Number),
    (0x55D9, Number),
    (0x55DA, Number),
];

const AUDIO_RULES: &[(u32, Rule)] =
    &[(SAMPLING_FREQUENCY, Number), (0x78B5, Number), (CHANNELS, Number), (BIT_DEPTH, Number)];

/// Of points, each a time with the place of a block for each track.
pub(super) const CUES_RULES: &[(u32, Rule)] = &[(
    0xBB,
    Many(&[
        (0xB3, Number),
        (0xB7, Many(&[(0xF7, Number), (0xF1, Number), (0xF0, Number), (0xB2, Number), (0x5378, Number)])),
    ]),
)];

/// Empties the elements in `bytes` by these rules and makes the others void.
///
/// # Errors
/// Damaged where sizes do not fit or an element is there twice: players would differ in which one they believe.
pub(super) fn sweep(bytes: &mut [u8], rules: &[(u32, Rule)]) -> Result<(), Refusal> {
    let mut seen: Vec<u32> = Vec::new();
    for element in elements(bytes)? {
        let rule = rules.iter().find(|(id, _)| *id == element.id).map(|(_, rule)| rule);
        let is_single = !matches!(rule, Some(Many(_)) | None);
        if is_single && seen.contains(&element.id) {
            return Err(Refusal::Damaged);
        }
        seen.extend(is_single.then_some(element.id));
        apply(bytes, element, rule)?;
    }
    Ok(())
}

fn apply(bytes: &mut [u8], element: Element, rule: Option<&Rule>) -> Result<(), Refusal> {
    let body = &mut bytes[element.body..element.end];
    match rule {
        Some(Master(rules) | Many(rules)) => sweep(body, rules)?,
        Some(Number) if body.len() <= MAX_NUMBER_BYTES => {}
        Some(Setup) if body.len() <= MAX_SETUP_BYTES => {}
        Some(Number | Setup) => return Err(Refusal::Damaged),
        Some(Emptied) => body.fill(0),
        Some(Language) if body.len() >= 3 => {
            body.fill(0);
            body[..3].copy_from_slice(b"und");
        }
        Some(Refused) => return Err(Refusal::Metadata),
        Some(Language) | None => blank(bytes, element),
    }
    Ok(())
}
