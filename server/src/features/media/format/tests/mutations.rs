//! Whatever is done to a file, it is examined or refused; and wherever it is cut off, it gives no secret away.

use super::fragments::{self, fragmented};
use super::movie::{Track, movie};
use super::pictures::{animated_webp, apng, gif, jpeg_with_all, png_with};
use super::recording::{self, Take, recording};
use super::voices::{amr, mp3, opus, vorbis, wav};
use super::*;
use proptest::prelude::*;

/// Where a part of 65 536 of the file is.
fn place(file: &[u8], part: u16) -> usize {
    file.len() * usize::from(part) / (usize::from(u16::MAX) + 1)
}

/// Bytes that mean something in one of the formats, or any.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![Just(0), Just(1), Just(0xFF), Just(0xD8), Just(0x7F), Just(0x80), any::<u8>()]
}

fn samples() -> Vec<(Kind, Vec<u8>)> {
    let tracks = [Track::video(9, 40), Track::places(), Track::audio(9, 23)];
    let takes = [Take { in_groups: true, ..Take::vp8(9) }, Take::opus(20)];
    vec![
        (Kind::Picture, jpeg_with_all(6)),
        (Kind::Avatar, jpeg_with_all(3)),
        (Kind::Picture, png_with(b"tEXt", SECRET)),
        (Kind::Avatar, png_with(b"eXIf", SECRET)),
        (Kind::Picture, apng()),
        (Kind::Sticker, gif(true)),
        (Kind::Picture, animated_webp(true)),
        (Kind::Voice, wav(1, true)),
        (Kind::Voice, [&amr(20)[..], b"\xFF", SECRET].concat()),
        (Kind::Voice, [SECRET, &mp3(5), SECRET, &mp3(5), SECRET].concat()[SECRET.len()..].to_vec()),
        (Kind::Voice, opus(60, SECRET)),
        (Kind::Voice, vorbis(60, SECRET)),
        (Kind::Video, movie(b"isom", &tracks, true, false)),
        (Kind::Video, movie(b"qt  ", &tracks, true, true)),
        (Kind::Voice, movie(b"M4A ", &tracks, true, false)),
        (Kind::Video, fragmented(&tracks, fragments::Form { plant: true, ..fragments::LIVE })),
        (Kind::Voice, fragmented(&tracks[2..], fragments::LIVE)),
        (Kind::Video, recording(recording::Form { plant: true, ..recording::LIVE }, &takes)),
        (Kind::Voice, recording(recording::Form { doc: b"matroska", plant: true, open: false }, &takes[1..])),
        (Kind::File, movie(b"M4A ", &tracks, true, false)),
        (Kind::File, png_with(b"eXIf", &super::pictures::exif(1))),
    ]
}

#[test]
fn samples_are_sound() {
    for (n, (kind, file)) in samples().into_iter().enumerate() {
        assert!(run(kind, &file).is_ok(), "sample {n}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    // A size that was changed may make samples of what was a comment, so the secret may well be in these.
    #[test]
    fn damage_is_refused_or_harmless(
        changes in prop::collection::vec((any::<u16>(), byte()), 1..12),
        cut in prop::option::of(any::<u16>()),
    ) {
        for (kind, mut file) in samples() {
            for (part, byte) in &changes {
                let at = place(&file, *part);
                file[at] = *byte;
            }
            file.truncate(cut.map_or(file.len(), |cut| place(&file, cut)));
            prop_assert!(!matches!(attempt(kind, &file), Err(Refusal::Io(_))));
        }
    }

    #[test]
    fn what_is_cut_off_tells_nothing(cut in any::<u16>()) {
        for (kind, file) in samples() {
            // `run` looks for the secret.
            prop_assert!(!matches!(run(kind, &file[..place(&file, cut)]), Err(Refusal::Io(_))));
        }
    }
}
