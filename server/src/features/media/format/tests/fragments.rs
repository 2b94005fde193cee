//! Movies in fragments keep their samples where they are, and lose the rest.

use super::movie::{Track, boxed, movie, mvhd, numbers};
use super::*;

/// How the fragments of a file are written.
#[derive(Clone, Copy)]
pub(super) struct Form {
    pub(super) plant: bool,
    /// Flags of the tracks' headers: what places of samples are counted from, and that there is a duration.
    pub(super) header: u32,
    /// Flags of runs: what stands there of each sample.
    pub(super) run: u32,
}

/// As browsers write it: places are counted from the fragment; each sample has a duration and a size.
pub(super) const LIVE: Form = Form { plant: false, header: 0x2_0000, run: 0x301 };
const PLANTED: Form = Form { plant: true, ..LIVE };
const BASE: u32 = 0x1;
const DURATION: u32 = 0x8;

/// The description, of tracks whose samples all are in fragments.
fn description(tracks: &[Track], form: Form) -> Vec<u8> {
    let empty: Vec<Track> = tracks.iter().map(|t| Track { samples: Vec::new(), ..t.clone() }).collect();
    let mut extension = boxed(b"mehd", &numbers(&[0, 0]));
    let mut moov = boxed(b"mvhd", &mvhd(&empty));
    for track in &empty {
        moov.extend(track.written(0, false));
        extension.extend(boxed(b"trex", &numbers(&[0, track.number, 1, track.delta, 0, 0])));
    }
    if form.plant {
        extension.extend([boxed(b"uuid", SECRET), boxed(b"trep", SECRET)].concat());
        moov.extend([boxed(b"udta", SECRET), boxed(b"meta", SECRET)].concat());
    }
    moov.extend(boxed(b"mvex", &extension));
    boxed(b"moov", &moov)
}

/// A track's part of a fragment at `start`, whose samples begin at `place` of the file and at a time.
fn part(track: &Track, samples: &[Vec<u8>], form: Form, start: u32, place: u32, time: u32) -> Vec<u8> {
    let mut header = vec![form.header, track.number];
    let is_from_start = form.header & BASE != 0;
    header.extend(if is_from_start { vec![0, 0] } else { vec![] });
    header.extend((form.header & DURATION != 0).then_some(track.delta));
    let base = if is_from_start { 0 } else { start };
    let mut run = vec![form.run, samples.len() as u32, place - base];
    for sample in samples {
        run.extend((form.run & 0x100 != 0).then_some(track.delta));
        run.extend((form.run & 0x200 != 0).then_some(sample.len() as u32));
    }
    let mut parts = [
        boxed(b"tfhd", &numbers(&header)),
        boxed(b"tfdt", &numbers(&[0x0100_0000, 0, time])),
        boxed(b"trun", &numbers(&run)),
    ];
    if form.plant {
        parts = parts.map(|part| boxed(part[4..8].first_chunk().unwrap(), &[&part[8..], SECRET].concat()));
    }
    let more = if form.plant { [boxed(b"uuid", SECRET), boxed(b"sgpd", SECRET)].concat() } else { vec![] };
    boxed(b"traf", &[parts.concat(), more].concat())
}

/// The number-th fragment of `each` samples of each track, as it lies at `start`, with its samples.
fn fragment(tracks: &[Track], form: Form, start: u32, number: usize, each: usize) -> Vec<u8> {
    let between = if form.plant { SECRET } else { b"" };
    let written = |head: u32| {
        let mut moof = boxed(b"mfhd", &numbers(&[0, number as u32 + 1]));
        let mut samples = Vec::new();
        for track in tracks {
            let own: Vec<_> = track.samples.iter().skip(number * each).take(each).cloned().collect();
            if own.is_empty() {
                continue;
            }
            samples.extend_from_slice(between);
            let time = track.delta * (number * each) as u32;
            let place = start + head + 8 + samples.len() as u32;
            moof.extend(part(track, &own, form, start, place, time));
            samples.extend(own.concat());
        }
        if form.plant {
            moof.extend([boxed(b"meta", SECRET), boxed(b"pssh", SECRET)].concat());
        }
        samples.extend_from_slice(between);
        (boxed(b"moof", &moof), boxed(b"mdat", &samples))
    };
    let (moof, mdat) = written(written(0).0.len() as u32);
    [moof, mdat].concat()
}

/// A movie of fragments of 25 samples, with indexes.
pub(super) fn fragmented(tracks: &[Track], form: Form) -> Vec<u8> {
    const EACH: usize = 25;
    let secret = if form.plant { SECRET } else { b"" };
    let mut out = [boxed(b"ftyp", b"iso5\0\0\x02\0iso5"), description(tracks, form)].concat();
    let rows = numbers(&[1, 0, 1000, 0, 0, 1, 0x0000_0100, 1000, 0]);
    out.extend(boxed(b"sidx", &[&numbers(&[0])[..], &rows[..32], secret].concat()));
    let most = tracks.iter().map(|track| track.samples.len()).max().unwrap_or(0);
    for number in 0..most.div_ceil(EACH) {
        if form.plant {
            // When it was made, by the clock on the wall; what happens meanwhile.
            let kinds = [b"styp", b"prft", b"emsg", b"uuid", b"meta", b"udta"];
            kinds.iter().for_each(|kind| out.extend(boxed(kind, SECRET)));
        }
        let start = out.len() as u32;
        out.extend(fragment(tracks, form, start, number, EACH));
    }
    let access = [&numbers(&[0, 1, 0, 1, 0, 99])[..], &[1, 1, 1], secret].concat();
    let size = [&numbers(&[0, 43])[..], secret].concat();
    let access = [boxed(b"tfra", &access), boxed(b"mfro", &size)];
    out.extend(boxed(b"mfra", &access.concat()));
    out
}

fn position(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

fn refused(kind: Kind, file: &[u8]) -> Refusal {
    run(kind, file).unwrap_err()
}

/// The file with numbers at this distance behind the first of a word changed.
fn with_numbers(file: &[u8], word: &[u8], behind: usize, changed: &[u32]) -> Vec<u8> {
    let at = position(file, word).unwrap() + behind;
    let mut out = file.to_vec();
    out[at..at + 4 * changed.len()].copy_from_slice(&numbers(changed));
    out
}

#[test]
fn samples_stay_where_they_are() {
    let tracks = [Track::video(50, 40), Track::places(), Track::audio(90, 23)];
    for form in [
        PLANTED,
        Form { header: BASE, ..PLANTED },
        Form { header: 0x2_0000 | DURATION, run: 0x201, ..PLANTED },
    ] {
        let planted = fragmented(&tracks, form);
        let (examined, written) = run(Kind::Video, &planted).unwrap();
        assert_eq!((examined.content_type, examined.width, examined.height), ("video/mp4", 640, 360));
        assert_eq!(examined.duration_ms, 2070, "the sound is longer than the pictures");
        assert_eq!(written.len(), planted.len());
        for track in [&tracks[0], &tracks[2]] {
            for samples in track.samples.chunks(25).map(<[_]>::concat) {
                assert!(position(&written, &samples) == position(&planted, &samples));
            }
        }
        for word in [&b"prft"[..], b"emsg", b"styp", b"uuid", b"udta", b"meta", b"trep", b"pssh", b"sgpd"] {
            let name = String::from_utf8_lossy(word);
            assert!(contains(&planted, word) && !contains(&written, word), "{name}");
        }
        for word in [&b"sidx"[..], b"mfra", b"tfra", b"mfro", b"moof", b"mehd", b"trex", b"tfdt"] {
            assert!(contains(&written, word), "indexes stay");
        }
        assert_eq!(run(Kind::Video, &written).unwrap().1, written, "what is clean stays so");
    }
}

#[test]
fn sound_in_fragments_is_a_voice_message_without_its_pictures() {
    let sound = Track::audio(90, 23);
    let (examined, _) = run(Kind::Voice, &fragmented(std::slice::from_ref(&sound), PLANTED)).unwrap();
    assert_eq!((examined.content_type, examined.duration_ms), ("audio/mp4", 2070));
    let cover = Track { samples: vec![SECRET.to_vec(); 30], ..Track::video(0, 40) };
    let (_, written) = run(Kind::Voice, &fragmented(&[cover.clone(), sound.clone()], LIVE)).unwrap();
    assert!(contains(&written, &sound.samples[..25].concat()) && !contains(&written, b"avc1"));
    // Places that are counted from the end of a track that goes, and of one that stays.
    let behind = |tracks: &[Track]| {
        let mut file = fragmented(tracks, LIVE);
        let second = position(&file, &numbers(&[0x2_0000, 2])).unwrap();
        file[second..second + 4].copy_from_slice(&[0; 4]);
        let run = second + position(&file[second..], b"trun").unwrap() + 12;
        file[run..run + 4].copy_from_slice(&[0; 4]);
        file
    };
    assert!(matches!(refused(Kind::Voice, &behind(&[cover, sound.clone()])), Refusal::Unsupported));
    let pictures = Track::video(25, 40);
    let (_, written) = run(Kind::Video, &behind(&[pictures, Track::audio(25, 23)])).unwrap();
    assert!(contains(&written, &sound.samples[..25].concat()));
}

#[test]
fn the_longest_of_all_claims_counts() {
    let file = fragmented(&[Track::video(50, 40)], LIVE);
    let length = |file: &[u8]| run(Kind::Video, file).map(|(examined, _)| examined.duration_ms);
    assert_eq!(length(&file).unwrap(), 2000);
    // Of a sample, of a description, of the time at which a fragment begins.
    for (word, behind, fits) in [(&b"trun"[..], 16, 298_040), (b"mehd", 8, 300_000), (b"tfdt", 12, 299_000)] {
        let claim = |n| with_numbers(&file, word, behind, &[n]);
        assert_eq!(length(&claim(fits)).unwrap(), 300_000, "{}", String::from_utf8_lossy(word));
        assert!(matches!(length(&claim(fits + 2000)), Err(Refusal::TooLong)));
        assert!(matches!(length(&claim(u32::MAX)), Err(Refusal::TooLong)));
    }
    let usual = fragmented(&[Track::video(50, 40)], Form { run: 0x201, ..LIVE });
    assert_eq!(length(&usual).unwrap(), 2000);
    assert!(matches!(length(&with_numbers(&usual, b"trex", 16, &[9000])), Err(Refusal::TooLong)));
    // Fragments that all say to begin at once.
    let mut at_once = fragmented(&[Track::video(250, 4000)], LIVE);
    while let Some(at) = position(&at_once, b"tfdt") {
        at_once[at..at + 4].copy_from_slice(b"free");
        at_once[at + 8..at + 16].fill(0);
    }
    assert!(matches!(length(&at_once), Err(Refusal::TooLong)));
    let sound = fragmented(&[Track::audio(200, 1)], LIVE);
    let told = run(Kind::Voice, &sound).unwrap().0.duration_ms;
    assert_eq!(told, 2177, "200 packets of 480 samples at least");
    // A claim, and nothing that is played.
    let claim = with_numbers(&fragmented(&[Track::video(0, 40)], LIVE), b"mehd", 8, &[5000]);
    assert!(matches!(length(&claim), Err(Refusal::Damaged)));
}

#[test]
fn what_is_not_understood_is_refused() {
    let file = fragmented(&[Track::video(50, 40), Track::audio(50, 23)], LIVE);
    let video = |file: &[u8]| refused(Kind::Video, file);
    // Samples outside of what holds them, before the file, behind it, as many as a number can say.
    for place in [8, 0x8000_0000, 0x7FFF_FFFF] {
        assert!(matches!(video(&with_numbers(&file, b"trun", 12, &[place])), Refusal::Damaged));
    }
    for (flags, count) in [(0x301, u32::MAX), (0x001, u32::MAX), (0x101, u32::MAX), (0x301, 51)] {
        let claim = with_numbers(&file, b"trun", 4, &[flags, count]);
        assert!(matches!(video(&claim), Refusal::Damaged | Refusal::TooLong));
    }
    let none =
        with_numbers(&fragmented(&[Track::video(50, 40)], Form { run: 0x201, ..LIVE }), b"trex", 8, &[7]);
    assert!(matches!(video(&none), Refusal::Damaged), "no duration anywhere");
    let twice = [Track::video(9, 40), Track { number: 1, ..Track::audio(9, 40) }];
    assert!(matches!(video(&fragmented(&twice, LIVE)), Refusal::Damaged));
    assert!(run(Kind::Video, &movie(b"isom", &twice, false, false)).is_ok(), "no fragment is of either");
    // A second time at which a fragment begins, as a claim for another player.
    let other = fragmented(&[Track::video(9, 40)], PLANTED);
    let at = position(&other, b"sgpd").unwrap();
    let other = [&other[..at], b"tfdt", &other[at + 4..]].concat();
    assert!(matches!(attempt(Kind::Video, &other), Err(Refusal::Damaged)));
    let headless = [&file[..], &boxed(b"moof", &boxed(b"traf", b""))].concat();
    assert!(matches!(video(&headless), Refusal::Damaged));
}

#[test]
fn sizes_that_lie_are_damage() {
    let file = fragmented(&[Track::video(50, 40)], LIVE);
    for word in [&b"moof"[..], b"traf", b"tfhd", b"tfdt", b"trun", b"mvex", b"trex", b"sidx", b"tfra"] {
        let at = position(&file, word).unwrap() - 4;
        for size in [2, 7, 9, u32::MAX] {
            let mut lying = file.clone();
            lying[at..at + 4].copy_from_slice(&size.to_be_bytes());
            assert!(run(Kind::Video, &lying).is_err(), "{} of {size}", String::from_utf8_lossy(word));
        }
    }
    for (word, behind, number) in [(b"sidx", 26, 0xFFFF_0000), (b"tfra", 16, u32::MAX), (b"tfhd", 4, 0x3F)] {
        assert!(run(Kind::Video, &with_numbers(&file, word, behind, &[number])).is_err());
    }
    let many = [&file[..], &boxed(b"moof", &boxed(b"mfhd", &[0; 8])).repeat(70_000)].concat();
    assert!(matches!(refused(Kind::Video, &many), Refusal::Damaged));
}

#[test]
fn wherever_it_is_cut_off_it_tells_nothing() {
    let whole = fragmented(&[Track::video(1, 40), Track::audio(1, 23)], PLANTED);
    for cut in 0..whole.len() {
        // `run` looks for the secret.
        assert!(!matches!(run(Kind::Video, &whole[..cut]), Err(Refusal::Io(_))));
    }
}
