//! What browsers record as WebM keeps its blocks where they are, and loses the rest.

use super::recording::{
    Form, LIVE, Take, clusters, element, file, header, info, number, recording, sized, tracks,
};
use super::*;

const PLANTED: Form = Form { doc: b"webm", plant: true, open: true };
const TIMESTAMP: u32 = 0xE7;
const CLUSTER: u32 = 0x1F43_B675;

fn position(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

fn refused(kind: Kind, file: &[u8]) -> Refusal {
    run(kind, file).unwrap_err()
}

/// A recording of one track with other clusters than it has by itself.
fn with_clusters(take: &Take, clusters: &[Vec<u8>]) -> Vec<u8> {
    let take = [take.clone()];
    file(LIVE, &[vec![info(&[], false), tracks(&take, false)], clusters.to_vec()].concat())
}

/// A cluster that begins at a time and holds this block of track 2.
fn cluster(time: u64, flags: u8, frame: &[u8]) -> Vec<u8> {
    let block = [&[0x82, 0, 0, flags][..], frame].concat();
    element(CLUSTER, &[number(TIMESTAMP, time), element(0xA3, &block)].concat())
}

#[test]
fn blocks_stay_where_they_are() {
    for doc in [&b"webm"[..], b"matroska"] {
        for (open, in_groups) in [(true, false), (false, false), (true, true), (false, true)] {
            let takes = [Take { in_groups, ..Take::vp8(50) }, Take { in_groups, ..Take::opus(120) }];
            let planted = recording(Form { doc, plant: true, open }, &takes);
            let (examined, written) = run(Kind::Video, &planted).unwrap();
            let expected = if doc == b"webm" { "video/webm" } else { "video/x-matroska" };
            assert_eq!((examined.content_type, examined.width, examined.height), (expected, 640, 360));
            assert_eq!(examined.duration_ms, 2400, "the sound is longer than the pictures");
            assert_eq!(written.len(), planted.len());
            for frame in takes.iter().flat_map(|take| &take.frames) {
                assert!(position(&written, frame) == position(&planted, frame));
            }
            for word in [&b"\x12\x34\x56\x78"[..], b"secret", b"S_TEXT"] {
                assert!(contains(&planted, word) && !contains(&written, word), "{word:?}");
            }
            assert_eq!(attempt(Kind::Video, &written).unwrap().1, written, "what is clean stays so");
        }
    }
}

#[test]
fn a_recording_of_sound_is_a_voice_message() {
    for open in [true, false] {
        let (examined, written) =
            run(Kind::Voice, &recording(Form { open, ..PLANTED }, &[Take::opus(120)])).unwrap();
        let told = (examined.content_type, examined.width, examined.height, examined.duration_ms);
        assert_eq!(told, ("audio/webm", 0, 0, 2400));
        assert!(contains(&written, b"OpusHead") && !contains(&written, b"Chrome"));
    }
    let both = [Take::vp8(9), Take::opus(9)];
    assert!(matches!(refused(Kind::Voice, &recording(LIVE, &both)), Refusal::Unsupported));
    assert!(matches!(refused(Kind::Voice, &recording(LIVE, &both[..1])), Refusal::Unsupported));
    assert!(matches!(refused(Kind::Video, &recording(LIVE, &both[1..])), Refusal::Unsupported));
    let two = [Take::opus(9), Take { number: 3, ..Take::opus(9) }];
    assert!(matches!(refused(Kind::Voice, &recording(LIVE, &two)), Refusal::Unsupported));
    let silent = run(Kind::Video, &recording(LIVE, &[Take::vp8(50)])).unwrap().0;
    assert_eq!(silent.duration_ms, 1960, "until the last picture is shown");
}

#[test]
fn the_longest_of_all_claims_counts() {
    assert!(matches!(refused(Kind::Voice, &recording(LIVE, &[Take::opus(3100)])), Refusal::TooLong));
    // Packets that all say to be played at once.
    let at_once = Take { every_ms: 0, ..Take::opus(3100) };
    assert!(matches!(refused(Kind::Voice, &recording(LIVE, &[at_once])), Refusal::TooLong));
    let take = Take::opus(9);
    let with_info = |more: &[u8]| {
        let parts = [
            info(more, false),
            tracks(std::slice::from_ref(&take), false),
            clusters(std::slice::from_ref(&take), LIVE),
        ];
        run(Kind::Voice, &file(LIVE, &parts))
    };
    let claims = |ms: f64| element(0x4489, &ms.to_be_bytes());
    assert_eq!(with_info(&claims(60_000.0)).unwrap().0.duration_ms, 60_000);
    assert!(matches!(with_info(&claims(62_000.0)), Err(Refusal::TooLong)));
    assert!(matches!(with_info(&claims(f64::MAX)), Err(Refusal::TooLong)));
    assert!(matches!(with_info(&claims(f64::NAN)), Err(Refusal::Damaged)));
    assert_eq!(with_info(&claims(-1.0)).unwrap().0.duration_ms, 180);
    let later = [cluster(0, 0, b"\xF8 "), cluster(60_000, 0, b"\xF8 ")];
    assert_eq!(run(Kind::Voice, &with_clusters(&take, &later)).unwrap().0.duration_ms, 60_020);
    for time in [62_000, u64::MAX] {
        let far = with_clusters(&take, &[cluster(time, 0, b"\xF8 ")]);
        assert!(matches!(refused(Kind::Voice, &far), Refusal::TooLong));
    }
    let group = [element(0xA1, b"\x82\0\0\0\xF8 "), number(0x9B, 62_000)].concat();
    let group = element(CLUSTER, &[number(TIMESTAMP, 0), element(0xA0, &group)].concat());
    assert!(matches!(refused(Kind::Voice, &with_clusters(&take, &[group])), Refusal::TooLong));
    // A claim, and nothing that is played.
    let parts = [info(&claims(5000.0), false), tracks(&[take], false)];
    assert!(matches!(refused(Kind::Voice, &file(LIVE, &parts)), Refusal::Damaged));
    let none = [&parts[..], &[element(CLUSTER, &number(TIMESTAMP, 0))]].concat();
    assert!(matches!(refused(Kind::Voice, &file(LIVE, &none)), Refusal::Damaged));
}

#[test]
fn comments_of_vorbis_go_from_what_its_decoder_is_told() {
    let ident = [b"\x01vorbis\0\0\0\0\x01\x40\x1F", &[0; 14][..], &[0x88, 1]].concat();
    let length = [SECRET.len() as u8, 0, 0, 0];
    let comment = [b"\x03vorbis", &length[..], SECRET, &[1, 0, 0, 0], &length, SECRET, &[1]].concat();
    let told =
        [&[2, ident.len() as u8, comment.len() as u8][..], &ident, &comment, b"\x05vorbis setup"].concat();
    let take = Take::new(2, b"A_VORBIS", &told, Vec::new());
    let (examined, written) =
        run(Kind::Voice, &recording(LIVE, &[take.clone().with_frames(100, 16)])).unwrap();
    assert_eq!((examined.content_type, examined.duration_ms), ("audio/webm", 1600));
    let blank = [b"\x03vorbis", &[comment.len() as u8 - 16, 0, 0, 0][..]].concat();
    assert!(
        contains(&written, &ident) && contains(&written, &blank) && contains(&written, b"\x05vorbis setup")
    );
    // At least 128 of 8000 samples a second are in each.
    let at_once = recording(LIVE, &[take.with_frames(4000, 0)]);
    assert!(matches!(refused(Kind::Voice, &at_once), Refusal::TooLong));
    for lying in [&told[..30], b"", b"\x02\xFF\xFF", &[2, 30, 255, 255, 0], &[1, 30, 17]] {
        let take = Take::new(2, b"A_VORBIS", lying, Vec::new()).with_frames(9, 16);
        assert!(matches!(refused(Kind::Voice, &recording(LIVE, &[take])), Refusal::Damaged));
    }
}

#[test]
fn sound_that_is_not_compressed_is_counted_by_its_bytes() {
    let audio =
        |bits| [element(0xB5, &8000_f32.to_be_bytes()), number(0x9F, 1), number(0x6264, bits)].concat();
    let take = Take::new(2, b"A_PCM/FLOAT/IEEE", SECRET, element(0xE1, &audio(32)));
    let second = Take { frames: vec![vec![7; 8000]; 4], ..take.clone() };
    assert_eq!(run(Kind::Voice, &recording(LIVE, &[second])).unwrap().0.duration_ms, 1000);
    let long = Take { frames: vec![vec![7; 16_000]; 124], every_ms: 0, ..take };
    assert!(matches!(refused(Kind::Voice, &recording(LIVE, &[long])), Refusal::TooLong));
    let none = Take::new(2, b"A_PCM/FLOAT/IEEE", b"", element(0xE1, &audio(0))).with_frames(9, 20);
    assert!(matches!(refused(Kind::Voice, &recording(LIVE, &[none])), Refusal::Damaged));
}

#[test]
fn pictures_are_measured_as_shown() {
    let size = [number(0xB0, 640), number(0xBA, 360)].concat();
    let shown = |more: &[Vec<u8>]| {
        let take = Take::picture(&[&size[..], &more.concat()].concat()).with_frames(9, 40);
        run(Kind::Video, &recording(LIVE, &[take])).map(|(examined, _)| (examined.width, examined.height))
    };
    let turned = |degrees: f32| element(0x7670, &element(0x7675, &degrees.to_be_bytes()));
    assert_eq!(shown(&[]).unwrap(), (640, 360));
    assert_eq!(shown(&[number(0x54CC, 30), number(0x54AA, 60)]).unwrap(), (610, 300));
    assert_eq!(shown(&[number(0x54B0, 480), number(0x54BA, 360)]).unwrap(), (480, 360));
    // In shares, not in pixels.
    assert_eq!(shown(&[number(0x54B0, 16), number(0x54BA, 9), number(0x54B2, 3)]).unwrap(), (640, 360));
    for (degrees, expected) in [(90.0, (360, 640)), (-90.0, (360, 640)), (180.0, (640, 360))] {
        assert_eq!(shown(&[turned(degrees)]).unwrap(), expected);
    }
    assert!(matches!(shown(&[number(0x54CC, 700)]), Err(Refusal::Damaged)));
    assert!(matches!(shown(&[number(0x54B0, 1 << 40), number(0x54BA, 9)]), Err(Refusal::TooLarge)));
    // The second of two numbers, as a claim for another player.
    assert!(matches!(shown(&[number(0xB0, 9)]), Err(Refusal::Damaged)));
}

#[test]
fn what_is_not_understood_is_refused() {
    let take = Take::opus(9);
    let one = |block: Vec<u8>| refused(Kind::Voice, &with_clusters(&take, &[block]));
    for flags in [2, 4, 6] {
        assert!(matches!(one(cluster(0, flags, b"\xF8 ")), Refusal::Unsupported), "many frames in a block");
    }
    let hidden = element(CLUSTER, &[number(TIMESTAMP, 0), element(0xAF, SECRET)].concat());
    assert!(matches!(one(hidden), Refusal::Metadata));
    let late = element(CLUSTER, &element(0xA3, b"\x82\0\0\0\xF8 "));
    assert!(matches!(one(late), Refusal::Damaged));
    let twice = element(CLUSTER, &[number(TIMESTAMP, 0), number(TIMESTAMP, 9)].concat());
    assert!(matches!(one(twice), Refusal::Damaged));
    for block in [&b""[..], b"\x82", b"\x82\0\0", b"\xFF\0\0\0\xF8", b"\0\0\0\0\0\0\0\0\0\0\0\0"] {
        let short = element(CLUSTER, &[number(TIMESTAMP, 0), element(0xA3, block)].concat());
        assert!(matches!(one(short), Refusal::Damaged));
        let group = element(0xA0, &element(0xA1, block));
        assert!(matches!(one(element(CLUSTER, &[number(TIMESTAMP, 0), group].concat())), Refusal::Damaged));
    }
    let mut encrypted = take.clone();
    encrypted.entry.extend(element(0x6D80, &element(0x6240, SECRET)));
    assert!(matches!(refused(Kind::Voice, &recording(LIVE, &[encrypted])), Refusal::Metadata));
    for codec in [&b"A_DTS"[..], b"V_VP8", b"", b"A_OPUS2"] {
        let other = Take::new(2, codec, b"", Vec::new()).with_frames(9, 20);
        assert!(matches!(refused(Kind::Voice, &recording(LIVE, &[other])), Refusal::Unsupported));
    }
    let long = Take::new(
        2,
        b"A_OPUS",
        &[&b"OpusHead\x01\x01\x38\x01\x80\xBB\0\0\0\0\0"[..], SECRET].concat(),
        vec![],
    );
    assert!(matches!(refused(Kind::Voice, &recording(LIVE, &[long.with_frames(9, 20)])), Refusal::Damaged));
    let whole = recording(LIVE, std::slice::from_ref(&take));
    assert!(matches!(refused(Kind::Voice, &whole.repeat(2)), Refusal::Unsupported));
    for doc in [&b"avi"[..], b"webm\0", b"WEBM"] {
        let other = [header(doc, false), whole[header(b"webm", false).len()..].to_vec()].concat();
        assert!(matches!(refused(Kind::Voice, &other), Refusal::Unsupported));
    }
    let parts = [info(&[], false), tracks(std::slice::from_ref(&take), false), clusters(&[take], LIVE)];
    let [info, tracks, clusters] = parts;
    for order in [
        vec![&info, &clusters],
        vec![&tracks, &clusters],
        vec![&info, &tracks, &tracks, &clusters],
        vec![&info, &info, &tracks, &clusters],
        vec![&info, &tracks, &clusters, &info],
        vec![&info, &tracks, &clusters, &tracks],
        vec![&info, &tracks],
    ] {
        let parts: Vec<_> = order.into_iter().cloned().collect();
        assert!(matches!(refused(Kind::Voice, &file(LIVE, &parts)), Refusal::Damaged));
    }
}

#[test]
fn two_tracks_of_one_number_are_damage() {
    let takes = [Take::vp8(9), Take { number: 1, ..Take::opus(9) }];
    assert!(matches!(refused(Kind::Video, &recording(LIVE, &takes)), Refusal::Damaged));
    for number in [0, 127] {
        let take = Take { number, ..Take::opus(9) };
        assert!(matches!(refused(Kind::Voice, &recording(LIVE, &[take])), Refusal::Damaged));
    }
}

#[test]
fn wherever_it_is_cut_off_it_tells_nothing() {
    let takes = [Take { in_groups: true, ..Take::vp8(1) }, Take::opus(1)];
    for (open, step) in [(true, 1), (false, 7)] {
        let whole = recording(Form { open, ..PLANTED }, &takes);
        for cut in (0..whole.len()).step_by(step) {
            // `run` looks for the secret.
            let cut = run(Kind::Video, &whole[..cut]);
            assert!(!matches!(cut, Err(Refusal::Io(_))) && (open || cut.is_err()));
        }
        let followed = run(Kind::Video, &[&whole[..], b"PK\x03\x04", SECRET].concat());
        assert!(open == followed.is_err(), "what follows a segment that ends is cut off");
    }
}

#[test]
fn sizes_that_lie_are_damage() {
    let take = Take::opus(9);
    let closed = recording(Form { open: false, ..LIVE }, std::slice::from_ref(&take));
    for id in [&b"\x1A\x45\xDF\xA3"[..], b"\x18\x53\x80\x67", b"\x15\x49\xA9\x66", b"\x16\x54\xAE\x6B"] {
        // The first may be a seek to it.
        let at = closed.windows(4).rposition(|window| window == id).unwrap() + id.len();
        for size in [[0x40, 3], [0x41, 0], [0x7F, 0xFE]] {
            let mut lying = closed.clone();
            lying[at..at + 2].copy_from_slice(&size);
            assert!(run(Kind::Voice, &lying).is_err(), "{id:?} of {size:?}");
        }
    }
    // A size may take more bytes than it needs, but a segment's parts may not leave theirs open.
    let wide = |number, body: &[u8]| sized(number, 8, body);
    let long = wide(CLUSTER, &[wide(TIMESTAMP, &[0; 8]), wide(0xA3, b"\x82\0\0\0\xF8 ")].concat());
    assert_eq!(run(Kind::Voice, &with_clusters(&take, &[long])).unwrap().0.duration_ms, 20);
    let time = element(CLUSTER, &[element(TIMESTAMP, &[0; 9]), element(0xA3, b"\x82\0\0\0\xF8 ")].concat());
    assert!(matches!(refused(Kind::Voice, &with_clusters(&take, &[time])), Refusal::Damaged));
    let open = [&b"\x12\x54\xC3\x67\x01"[..], &[0xFF; 7], SECRET].concat();
    let with_open = [with_clusters(&take, &[cluster(0, 0, b"\xF8 ")]), open].concat();
    assert!(matches!(refused(Kind::Voice, &with_open), Refusal::Damaged));
}

#[test]
fn bombs_are_refused_soon() {
    let take = Take::opus(9);
    let start = |rest: Vec<u8>| with_clusters(&take, &[cluster(0, 0, b"\xF8 "), rest]);
    // More than a recording has.
    let many = b"\xEC\x80".repeat(1_100_000);
    assert!(matches!(refused(Kind::Voice, &start(sized(CLUSTER, 8, &many))), Refusal::Damaged));
    // As deep as it can be: what is not known becomes void without a look inside.
    for id in [0xAE, 0xA0, 0x114D_9B74, 0x1654_AE6B] {
        let deep = (0..9_000).fold(Vec::new(), |inner, _| sized(id, 4, &inner));
        assert!(run(Kind::Voice, &file(LIVE, &[info(&[], false), deep])).is_err());
    }
    // As much as is not held in memory.
    let large = sized(0x1C53_BB6B, 8, &vec![0; 2 * 1024 * 1024]);
    assert!(matches!(refused(Kind::Voice, &start(large)), Refusal::Damaged));
    let attached = sized(0x1941_A469, 8, &SECRET.repeat(100_000));
    assert!(run(Kind::Voice, &start(attached)).is_ok());
}
