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
