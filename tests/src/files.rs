//! Small files as people send them: pictures, voice and video, with a secret planted in the metadata of each. They are
//! made here, so that nobody has to trust a binary in the repository.

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use std::io::Cursor;

/// Planted in metadata: no download may hold it.
pub const SECRET: &[u8] = b"taken by Anna at the pier";

/// Whether some bytes hold others.
pub fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

fn drawn(width: u32, height: u32, shade: u8) -> DynamicImage {
    let draw = |x: u32, y: u32| Rgb([(x * 5 % 256) as u8, (y * 3 % 256) as u8, shade]);
    RgbImage::from_fn(width, height, draw).into()
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, format).expect("a picture is encoded in memory");
    out.into_inner()
}

/// A picture without metadata. Another shade is another file.
pub fn png(width: u32, height: u32, shade: u8) -> Vec<u8> {
    encoded(&drawn(width, height, shade), ImageFormat::Png)
}

/// A photograph whose comment holds the secret.
pub fn jpeg(width: u32, height: u32, shade: u8) -> Vec<u8> {
    let plain = encoded(&drawn(width, height, shade), ImageFormat::Jpeg);
    let length = u16::try_from(SECRET.len() + 2).expect("a short text").to_be_bytes();
    let comment = [&[0xFF, 0xFE][..], &length, SECRET].concat();
    [&plain[..2], &comment, &plain[2..]].concat()
}

/// Silence, nearly: one channel at 8 kHz and 16 bits, with the secret among its facts.
pub fn wav(seconds: u32) -> Vec<u8> {
    let chunk = |name: &[u8; 4], body: &[u8]| {
        let length = u32::try_from(body.len()).expect("a short file").to_le_bytes();
        let pad: &[u8] = if body.len() % 2 == 1 { &[0] } else { &[] };
        [&name[..], &length, body, pad].concat()
    };
    let samples: Vec<u8> = (0..seconds * 16_000).map(|n| (n % 3) as u8).collect();
    let body = [
        b"WAVE".to_vec(),
        chunk(b"fmt ", &[1, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x80, 0x3E, 0, 0, 2, 0, 16, 0]),
        chunk(b"LIST", &[&b"INFOIART\x19\0\0\0"[..], SECRET, b"\0"].concat()),
        chunk(b"data", &samples),
    ];
    chunk(b"RIFF", &body.concat())
}

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 8).expect("a short file").to_be_bytes();
    [&length[..], kind, body].concat()
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
}

/// A film of 640 × 360, a sample a second, that says in three places where it was made.
pub fn mp4(seconds: u32) -> Vec<u8> {
    let samples = vec![0x5A_u8; 20 * seconds as usize];
    let head = [boxed(b"ftyp", b"isom\0\0\x02\0isom"), boxed(b"free", SECRET)].concat();
    let offset = u32::try_from(head.len() + 8).expect("a short file");
    let mut entry = vec![0; 78];
    entry[7] = 1;
    entry[24..28].copy_from_slice(&[2, 128, 1, 104]);
    entry.extend(boxed(b"avcC", b"\x01\x42\xC0\x1E\xFF\xE0\0"));
    let table = [
        boxed(b"stsd", &[numbers(&[0, 1]), boxed(b"avc1", &entry)].concat()),
        boxed(b"stts", &numbers(&[0, 1, seconds, 1000])),
        boxed(b"stsc", &numbers(&[0, 1, 1, seconds, 1])),
        boxed(b"stsz", &numbers(&[0, 20, seconds])),
        boxed(b"stco", &numbers(&[0, 1, offset])),
    ];
    let url = boxed(b"url ", &numbers(&[1]));
    let information = [
        boxed(b"vmhd", &numbers(&[1, 0, 0])),
        boxed(b"dinf", &boxed(b"dref", &[numbers(&[0, 1]), url].concat())),
        boxed(b"stbl", &table.concat()),
    ];
    let length = seconds * 1000;
    let media = [
        boxed(b"mdhd", &numbers(&[0, 0x1234_5678, 0x1234_5678, 1000, length, 0x55C4_0000])),
        boxed(b"hdlr", &[numbers(&[0, 0]), b"vide".to_vec(), vec![0; 13]].concat()),
        boxed(b"minf", &information.concat()),
    ];
    let matrix = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000];
    let mut track = vec![7, 0x1234_5678, 0x1234_5678, 1, 0, length, 0, 0, 0, 0];
    track.extend(matrix);
    track.extend([640 << 16, 360 << 16]);
    let track = [boxed(b"tkhd", &numbers(&track)), boxed(b"mdia", &media.concat())];
    let mut movie = vec![0, 0x1234_5678, 0x1234_5678, 1000, length, 0x10000, 0x0100_0000, 0, 0];
    movie.extend(matrix);
    movie.extend([0, 0, 0, 0, 0, 0, 2]);
    let movie = [
        boxed(b"mvhd", &numbers(&movie)),
        boxed(b"trak", &track.concat()),
        boxed(b"udta", &[boxed(b"\xA9xyz", SECRET), boxed(b"loci", SECRET)].concat()),
    ];
    [head, boxed(b"mdat", &samples), boxed(b"moov", &movie.concat())].concat()
}

/// An element of WebM, whose size takes 8 bytes; it is left open where there is no body.
fn element(id: u32, body: Option<&[u8]>) -> Vec<u8> {
    let id: Vec<u8> = id.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    let size = body.map_or((1 << 57) - 1, |body| 1 << 56 | body.len() as u64);
    [&id, &size.to_be_bytes()[..], body.unwrap_or_default()].concat()
}

/// As a browser records it: sound in Opus, with pictures of 640 × 360 in VP8 if there are any; no sizes of its parts, no
/// duration. The secret is its title and a tag.
pub fn webm(seconds: u8, with_pictures: bool) -> Vec<u8> {
    let part = |id, body: &[u8]| element(id, Some(body));
    let track = |number: u8, codec: &[u8], more: &[u8]| {
        let entry =
            [part(0xD7, &[number]), part(0x73C5, &[number]), part(0x83, &[number]), part(0x86, codec)];
        part(0xAE, &[&entry.concat()[..], more].concat())
    };
    let block = |track: u8, ms: u16, frame: &[u8]| {
        let [high, low] = ms.to_be_bytes();
        part(0xA3, &[&[0x80 | track, high, low, 0x80][..], frame].concat())
    };
    let mut tracks = track(2, b"A_OPUS", &part(0x63A2, b"OpusHead\x01\x01\x38\x01\x80\xBB\0\0\0\0\0"));
    if with_pictures {
        let size = [part(0xB0, &640_u16.to_be_bytes()), part(0xBA, &360_u16.to_be_bytes())].concat();
        tracks.extend(track(1, b"V_VP8", &part(0xE0, &size)));
    }
    let about = [part(0x4D80, b"Chrome"), part(0x5741, b"Chrome"), part(0x7BA9, SECRET)].concat();
    let mut out = [part(0x1A45_DFA3, &part(0x4282, b"webm")), element(0x1853_8067, None)].concat();
    out.extend([part(0x1549_A966, &about), part(0x1654_AE6B, &tracks)].concat());
    for second in 0..seconds {
        let time = (u16::from(second) * 1000).to_be_bytes();
        out.extend([element(0x1F43_B675, None), part(0xE7, &time)].concat());
        if with_pictures {
            out.extend(block(1, 0, &[second; 40]));
        }
        // A packet of 20 ms.
        (0..50).for_each(|n| out.extend(block(2, n * 20, &[0xF8, n as u8, second])));
    }
    out.extend(part(0x1254_C367, SECRET));
    out
}
