//! Whatever is done to a file, it is examined or refused, and never gives the secret away.

use super::movie::{Track, movie};
use super::pictures::{animated_webp, apng, gif, jpeg_with_all, png_with};
use super::voices::{amr, mp3, opus, vorbis, wav};
use super::*;
use proptest::prelude::*;

/// What is done to a file: bytes set at places (as parts of the length), and where it is cut off.
type Damage = (Vec<(u16, u8)>, u16);

fn damaged(file: &[u8], (set, cut): &Damage) -> Vec<u8> {
    let place = |part: u16| file.len() * usize::from(part) / (usize::from(u16::MAX) + 1);
    let mut out = file.to_vec();
    for (part, byte) in set {
        out[place(*part)] = *byte;
    }
    // Half of the files are cut.
    if cut % 2 == 1 {
        out.truncate(place(*cut));
    }
    out
}

/// Bytes that mean something in one of the formats, or any.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![Just(0), Just(1), Just(0xFF), Just(0xD8), Just(0x7F), Just(0x80), any::<u8>()]
}

fn samples() -> Vec<(Kind, Vec<u8>)> {
    let tracks = [Track::video(9, 40), Track::places(), Track::audio(9, 23)];
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
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn damage_is_refused_or_harmless(
        damage in (prop::collection::vec((any::<u16>(), byte()), 0..12), any::<u16>()),
    ) {
        for (kind, file) in samples() {
            // `run` looks for the secret.
            let answer = run(kind, &damaged(&file, &damage));
            prop_assert!(!matches!(answer, Err(Refusal::Io(_))));
        }
    }
}
