//! Movies keep their samples where they are and lose the rest.

use super::movie::{Track, boxed, movie};
use super::*;

/// Where these bytes are.
fn position(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

/// The file with a number of 32 bits at this distance behind a word changed.
fn with_number(file: &[u8], word: &[u8], behind: usize, number: u32) -> Vec<u8> {
    let at = position(file, word).unwrap() + behind;
    let mut out = file.to_vec();
    out[at..at + 4].copy_from_slice(&number.to_be_bytes());
    out
}

fn refused(kind: Kind, file: &[u8]) -> Refusal {
    run(kind, file).unwrap_err()
}

#[test]
fn samples_stay_where_they_are() {
    for (brand, content_type) in [(b"isom", "video/mp4"), (b"qt  ", "video/quicktime")] {
        for is_long in [false, true] {
            let tracks = [Track::video(50, 40), Track::places(), Track::audio(90, 23)];
            let planted = movie(brand, &tracks, true, is_long);
            let (examined, written) = run(Kind::Video, &planted).unwrap();
            assert_eq!((examined.content_type, examined.width, examined.height), (content_type, 640, 360));
            assert_eq!(examined.duration_ms, 2070, "the sound is longer than the pictures");
            assert_eq!(written.len(), planted.len());
            for track in [&tracks[0], &tracks[2]] {
                let samples = track.samples.concat();
                assert_eq!(position(&written, &samples), position(&planted, &samples));
            }
            let left = [&b"mebx"[..], b"udta", b"\xA9xyz", b"loci", b"uuid", b"meta", b"mfgr", b"secr"];
            for word in left.into_iter().chain([&0x1234_5678_u32.to_be_bytes()[..]]) {
                assert!(
                    contains(&planted, word) && !contains(&written, word),
                    "{}",
                    String::from_utf8_lossy(word)
                );
            }
        }
    }
}

#[test]
fn what_is_clean_stays_so() {
    let (_, once) = run(Kind::Video, &movie(b"isom", &[Track::video(9, 40)], true, false)).unwrap();
    let (_, twice) = run(Kind::Video, &once).unwrap();
    assert!(once == twice);
}

#[test]
fn pictures_that_are_turned_are_measured_as_shown() {
    let track = Track { turned: true, ..Track::video(9, 40) };
    let (examined, _) = run(Kind::Video, &movie(b"isom", &[track], false, false)).unwrap();
    assert_eq!((examined.width, examined.height), (360, 640));
}

#[test]
fn the_longest_of_all_claims_counts() {
    let file = movie(b"isom", &[Track::video(50, 40)], false, false);
    for (word, behind) in [(&b"mvhd"[..], 20), (b"tkhd", 24), (b"mdhd", 20), (b"elst", 12), (b"stts", 16)] {
        let of_stts = if word == b"stts" { 50 } else { 1 };
        let fits = with_number(&file, word, behind, 300_000 / of_stts);
        assert_eq!(run(Kind::Video, &fits).unwrap().0.duration_ms, 300_000);
        let long = with_number(&file, word, behind, 310_000 / of_stts);
        assert!(matches!(refused(Kind::Video, &long), Refusal::TooLong));
    }
    // Samples for which no time is told play like the others.
    let few = with_number(&file, b"stts", 12, 1);
    assert_eq!(run(Kind::Video, &few).unwrap().0.duration_ms, 2000);
    let sound = movie(b"M4A ", &[Track::audio(200, 1)], false, false);
    assert_eq!(run(Kind::Voice, &sound).unwrap().0.duration_ms, 2177, "200 packets of 480 samples at least");
}

#[test]
fn sound_in_a_movie_is_a_voice_message_without_its_cover() {
    let cover = Track { samples: vec![SECRET.to_vec()], ..Track::video(1, 40) };
    let (examined, written) =
        run(Kind::Voice, &movie(b"M4A ", &[cover, Track::audio(90, 23)], true, false)).unwrap();
    assert_eq!((examined.content_type, examined.duration_ms, examined.width), ("audio/mp4", 2070, 0));
    assert!(contains(&written, &Track::audio(90, 23).samples.concat()) && !contains(&written, b"avc1"));
    assert!(matches!(
        refused(Kind::Voice, &movie(b"isom", &[Track::video(9, 40)], false, false)),
        Refusal::Unsupported
    ));
    assert!(matches!(
        refused(Kind::Video, &movie(b"isom", &[Track::audio(9, 40)], false, false)),
        Refusal::Unsupported
    ));
    let long = movie(b"M4A ", &[Track::audio(62, 1000)], false, false);
    assert!(matches!(refused(Kind::Voice, &long), Refusal::TooLong));
}

#[test]
fn recordings_of_old_telephones_are_voice_messages() {
    let entry =
        [&[0, 0, 0, 0, 0, 0, 0, 1][..], &[0; 20], &boxed(b"damr", b"secr\0\x81\xFF\0\x01secret")].concat();
    let track = Track::new(b"soun", boxed(b"samr", &entry), 50, 20);
    let (examined, written) = run(Kind::Voice, &movie(b"3gp4", &[track], true, false)).unwrap();
    assert_eq!((examined.content_type, examined.duration_ms), ("audio/3gpp", 1000));
    assert!(!contains(&written, b"secr"));
}

#[test]
fn sound_that_is_not_compressed_stays_whole() {
    // QuickTime counts its samples, each of 2 bytes here, as if they had 1.
    let entry =
        [&[0, 0, 0, 0, 0, 0, 0, 1][..], &[0; 8], &[0, 1, 0, 16, 0, 0, 0, 0, 0x1F, 0x40, 0, 0]].concat();
    let silent = Track::new(b"soun", boxed(b"sowt", &entry), 0, 5);
    let sound = Track { samples: vec![vec![0x55, 0x66]; 200], ..silent };
    let mut file = movie(b"qt  ", &[Track::video(25, 40), sound.clone()], false, false);
    let second = position(&file, b"sowt").unwrap();
    let sizes = second + position(&file[second..], b"stsz").unwrap();
    file[sizes + 8..sizes + 12].copy_from_slice(&1_u32.to_be_bytes());
    let (_, written) = run(Kind::Video, &file).unwrap();
    assert!(contains(&written, &sound.samples.concat()));
}

#[test]
fn a_second_sound_that_is_not_understood_goes_but_never_the_only_one() {
    let unknown = Track::new(b"soun", boxed(b"apac", &[&[0; 28], SECRET].concat()), 9, 40);
    let file = movie(b"qt  ", &[Track::video(9, 40), unknown.clone()], false, false);
    assert!(matches!(refused(Kind::Video, &file), Refusal::Unsupported));
    let file = movie(b"qt  ", &[Track::video(9, 40), Track::audio(9, 40), unknown], false, false);
    assert!(!contains(&run(Kind::Video, &file).unwrap().1, b"apac"));
}

#[test]
fn what_is_not_understood_is_refused() {
    let file = movie(b"isom", &[Track::video(9, 40)], false, false);
    assert!(matches!(
        refused(Kind::Video, &movie(b"heic", &[Track::video(9, 40)], false, false)),
        Refusal::Unsupported
    ));
    let twice = [&file[..], &file[position(&file, b"moov").unwrap() - 4..]].concat();
    assert!(matches!(refused(Kind::Video, &twice), Refusal::Damaged));
    // A second table of times within the same track, as a claim for another player.
    let mut hidden = file.clone();
    let at = position(&file, b"stsc").unwrap();
    hidden[at..at + 4].copy_from_slice(b"stts");
    assert!(matches!(refused(Kind::Video, &hidden), Refusal::Damaged));
    // Samples in another file, or outside of what holds samples.
    let elsewhere = with_number(&file, b"url ", 4, 0);
    assert!(matches!(refused(Kind::Video, &elsewhere), Refusal::Unsupported));
    let outside = with_number(&file, b"stco", 12, 4);
    assert!(matches!(refused(Kind::Video, &outside), Refusal::Damaged));
    assert!(matches!(refused(Kind::Video, b"<html><script>alert(1)</script>"), Refusal::Unsupported));
}

#[test]
fn sizes_that_lie_are_damage() {
    let file = movie(b"isom", &[Track::video(9, 40)], false, false);
    for word in [&b"moov"[..], b"trak", b"mdia", b"stbl", b"stsd", b"avc1", b"avcC", b"mdat"] {
        let at = position(&file, word).unwrap() - 4;
        for size in [2, 7, u32::MAX] {
            let mut lying = file.clone();
            lying[at..at + 4].copy_from_slice(&size.to_be_bytes());
            assert!(run(Kind::Video, &lying).is_err(), "{} of {size}", String::from_utf8_lossy(word));
        }
    }
    for word in [b"stts", b"stsc", b"stsz", b"stco"] {
        let behind = if word == b"stsz" { 12 } else { 8 };
        assert!(run(Kind::Video, &with_number(&file, word, behind, u32::MAX)).is_err());
    }
    // As deep as it can be: what is not known is freed without a look inside.
    let deep = (0..20_000).fold(Vec::new(), |inner, _| boxed(b"trak", &inner));
    assert!(
        run(Kind::Video, &[&boxed(b"ftyp", b"isom\0\0\0\0")[..], &boxed(b"moov", &deep)].concat()).is_err()
    );
}

#[test]
fn an_archive_behind_a_movie_is_cut_off() {
    let file = movie(b"isom", &[Track::video(9, 40)], false, false);
    let (_, clean) = run(Kind::Video, &file).unwrap();
    let (examined, written) = run(Kind::Video, &[&file[..], b"PK\x03\x04", SECRET].concat()).unwrap();
    assert_eq!(written, clean);
    assert_eq!(examined.size, file.len() as u64);
}
