//! Voice messages keep their sound and lose the rest.

use super::super::bytes::{put_riff_chunk, riff};
use super::*;
use ::ogg::{PacketReader, PacketWriteEndInfo, PacketWriter};

/// Sound that is not compressed, 8000 samples a second of one channel.
pub(super) fn wav(seconds: u32, plant: bool) -> Vec<u8> {
    let mut chunks = Vec::new();
    put_riff_chunk(&mut chunks, b"fmt ", &[1, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x80, 0x3E, 0, 0, 2, 0, 16, 0]);
    if plant {
        put_riff_chunk(&mut chunks, b"bext", SECRET);
        put_riff_chunk(&mut chunks, b"LIST", &[b"INFOIART\x19\0\0\0", SECRET].concat());
    }
    let samples: Vec<u8> = (0..seconds * 16_000).map(|n| (n % 251) as u8).collect();
    put_riff_chunk(&mut chunks, b"data", &samples);
    if plant {
        put_riff_chunk(&mut chunks, b"id3 ", SECRET);
    }
    riff(b"WAVE", &chunks)
}

/// AMR at 12.2 kbit/s.
pub(super) fn amr(frames: usize) -> Vec<u8> {
    [b"#!AMR\n", &[&[0x3C][..], &[0x5A; 31]].concat().repeat(frames)[..]].concat()
}

/// MP3 at 128 kbit/s and 44 100 Hz: frames of 417 bytes and 1152 samples.
pub(super) fn mp3(frames: usize) -> Vec<u8> {
    [&[0xFF, 0xFB, 0x90, 0][..], &[0x11; 413]].concat().repeat(frames)
}

/// Packets as an Ogg stream; each is given with its position.
fn ogg(headers: &[Vec<u8>], packets: &[(Vec<u8>, u64)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = PacketWriter::new(&mut out);
    for header in headers {
        writer.write_packet(header.clone(), 77, PacketWriteEndInfo::EndPage, 0).unwrap();
    }
    for (n, (packet, position)) in packets.iter().enumerate() {
        let end = match n + 1 {
            last if last == packets.len() => PacketWriteEndInfo::EndStream,
            full if full % 50 == 0 => PacketWriteEndInfo::EndPage,
            _ => PacketWriteEndInfo::NormalPacket,
        };
        writer.write_packet(packet.clone(), 77, end, *position).unwrap();
    }
    drop(writer);
    out
}

/// Opus in packets of 20 ms.
pub(super) fn opus(packets: u64, secret: &[u8]) -> Vec<u8> {
    let head = b"OpusHead\x01\x01\x38\x01\x80\xBB\0\0\0\0\0".to_vec();
    let length = [secret.len() as u8, 0, 0, 0];
    let tags = [b"OpusTags", &length[..], secret, &[1, 0, 0, 0], &length, secret].concat();
    let packets: Vec<_> = (1..=packets).map(|n| (vec![0xF8, n as u8, 3, 4], 312 + n * 960)).collect();
    ogg(&[head, tags], &packets)
}

/// Bits in the order of Vorbis: the lowest first.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn put(&mut self, value: u32, bits: u32) {
        self.0.extend((0..bits).map(|n| value >> n & 1 == 1));
    }

    fn bytes(&self) -> Vec<u8> {
        let byte = |bits: &[bool]| bits.iter().enumerate().map(|(n, bit)| u8::from(*bit) << n).sum();
        self.0.chunks(8).map(byte).collect()
    }
}

/// Vorbis at 8000 Hz in packets of 128 samples, with the least that a setup can have.
pub(super) fn vorbis(packets: u64, secret: &[u8]) -> Vec<u8> {
    let head = [b"\x01vorbis\0\0\0\0\x01\x40\x1F", &[0; 14][..], &[0x88, 1]].concat();
    let length = [secret.len() as u8, 0, 0, 0];
    let comment = [b"\x03vorbis", &length[..], secret, &[1, 0, 0, 0], &length, secret, &[1]].concat();
    let mut setup = Bits::default();
    // One codebook of two words; times; floor 1 without partitions; an empty residue; a mapping; a mode of short blocks.
    let fields = [
        &[(0, 8), (0x56_4342, 24), (1, 16), (2, 24), (0, 2), (0, 5), (0, 5), (0, 4)][..],
        &[(0, 6), (0, 16)],
        &[(0, 6), (1, 16), (0, 5), (0, 2), (4, 4)],
        &[(0, 6), (0, 16), (0, 24), (0, 24), (0, 24), (0, 6), (0, 8), (0, 4)],
        &[(0, 6), (0, 16), (0, 1), (0, 1), (0, 2), (0, 24)],
        &[(0, 6), (0, 1), (0, 16), (0, 16), (0, 8), (1, 1)],
    ];
    fields.concat().into_iter().for_each(|(value, bits)| setup.put(value, bits));
    let setup = [b"\x05vorbis", &setup.bytes()[..]].concat();
    let packets: Vec<_> = (0..packets).map(|n| (vec![0, n as u8], n * 128)).collect();
    ogg(&[head, comment, setup], &packets)
}

/// The packets of a stream, each with its position.
fn packets(file: &[u8]) -> Vec<(Vec<u8>, u64)> {
    let mut reader = PacketReader::new(std::io::Cursor::new(file));
    std::iter::from_fn(|| reader.read_packet().unwrap().map(|p| (p.data.clone(), p.absgp_page()))).collect()
}

fn duration(file: &[u8]) -> u32 {
    run(Kind::Voice, file).unwrap().0.duration_ms
}

#[test]
fn wav_keeps_samples_and_loses_lists() {
    let (examined, written) = run(Kind::Voice, &wav(2, true)).unwrap();
    assert_eq!(written, wav(2, false));
    assert_eq!((examined.content_type, examined.duration_ms), ("audio/wav", 2000));
    assert!(matches!(run(Kind::Voice, &wav(62, false)), Err(Refusal::TooLong)));
    // Ten times the bytes a second, as a claim to be short.
    let mut lying = wav(62, false);
    lying[28..32].copy_from_slice(&160_000_u32.to_le_bytes());
    assert!(matches!(run(Kind::Voice, &lying), Err(Refusal::TooLong)));
    // A recorder that was broken off has not written the size.
    let mut open = wav(2, false);
    open[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(run(Kind::Voice, &open).unwrap().1, wav(2, false));
}

#[test]
fn amr_keeps_frames_and_nothing_behind_them() {
    let (examined, written) = run(Kind::Voice, &[&amr(100)[..], b"\xFF", SECRET].concat()).unwrap();
    assert_eq!(written, amr(100));
    assert_eq!((examined.content_type, examined.duration_ms), ("audio/amr", 2000));
    assert!(matches!(run(Kind::Voice, &amr(3100)), Err(Refusal::TooLong)));
    let wide = [b"#!AMR-WB\n", &[&[0x44][..], &[0x5A; 60]].concat().repeat(50)[..]].concat();
    let (examined, written) = run(Kind::Voice, &wide).unwrap();
    assert_eq!((examined.content_type, examined.duration_ms), ("audio/amr-wb", 1000));
    assert_eq!(written, wide);
    assert!(matches!(run(Kind::Voice, b"#!AMR\n"), Err(Refusal::Damaged)));
}

/// A tag of ID3, version 2.4, with a picture in it that looks like sound.
fn id3() -> Vec<u8> {
    let body = [SECRET, &mp3(2)].concat();
    let size = [0, 0, (body.len() >> 7) as u8, body.len() as u8 & 0x7F];
    [b"ID3\x04\0\0", &size[..], &body].concat()
}

#[test]
fn mp3_keeps_frames_and_loses_tags() {
    let ape = [b"APETAGEX\xD0\x07\0\0", SECRET].concat();
    let old = [b"TAG", SECRET, &[0; 100]].concat();
    let lyrics = [b"LYRICSBEGIN", SECRET, b"LYRICS200"].concat();
    let footer = [SECRET, b"3DI\x04\0\0\0\0\0\0"].concat();
    let planted = [id3(), id3(), mp3(40), ape.clone(), mp3(37), lyrics, ape, footer, old].concat();
    let (examined, written) = run(Kind::Voice, &planted).unwrap();
    assert!(written == mp3(77));
    assert_eq!((examined.content_type, examined.duration_ms), ("audio/mpeg", 2012));
    assert!(matches!(run(Kind::Voice, &mp3(2400)), Err(Refusal::TooLong)));
}

#[test]
fn facts_of_an_mp3_stay_but_not_what_is_behind_them() {
    let mut file = mp3(77);
    file[36..40].copy_from_slice(b"Info");
    let mut planted = file.clone();
    planted[300..300 + SECRET.len()].copy_from_slice(SECRET);
    let (_, written) = run(Kind::Voice, &planted).unwrap();
    assert_eq!(written[..36 + 156], file[..36 + 156]);
    assert_eq!(written[417..], file[417..]);
}

#[test]
fn opus_keeps_packets_and_loses_comments() {
    let (examined, written) = run(Kind::Voice, &opus(120, SECRET)).unwrap();
    assert_eq!((examined.content_type, examined.duration_ms), ("audio/ogg", 2400));
    assert_eq!(packets(&written)[2..], packets(&opus(120, SECRET))[2..]);
    assert_eq!(packets(&written)[1].0, b"OpusTags\0\0\0\0\0\0\0\0");
    assert!(matches!(run(Kind::Voice, &opus(3100, b"")), Err(Refusal::TooLong)));
    let with_more = [&opus(120, b"")[..], SECRET].concat();
    assert_eq!(run(Kind::Voice, &with_more).unwrap().1, written);
    let chained = [opus(120, b""), opus(120, SECRET)].concat();
    assert!(matches!(run(Kind::Voice, &chained), Err(Refusal::Unsupported | Refusal::Damaged)));
}

#[test]
fn vorbis_keeps_packets_and_loses_comments() {
    let (examined, written) = run(Kind::Voice, &vorbis(126, SECRET)).unwrap();
    assert_eq!(examined.content_type, "audio/ogg");
    assert!((1990..=2020).contains(&examined.duration_ms), "{}", examined.duration_ms);
    assert_eq!(duration(&written), examined.duration_ms);
    assert_eq!(packets(&written)[2..], packets(&vorbis(126, SECRET))[2..]);
    assert!(matches!(run(Kind::Voice, &vorbis(4000, b"")), Err(Refusal::TooLong)));
}

#[test]
fn positions_on_pages_that_lie_make_nothing_shorter() {
    let packets: Vec<_> = (1..3100_u64).map(|n| (vec![0xF8, 1, 2], n)).collect();
    let head = b"OpusHead\x01\x01\0\0\x80\xBB\0\0\0\0\0".to_vec();
    let long = ogg(&[head, b"OpusTags\0\0\0\0\0\0\0\0".to_vec()], &packets);
    assert!(matches!(run(Kind::Voice, &long), Err(Refusal::TooLong)));
}
