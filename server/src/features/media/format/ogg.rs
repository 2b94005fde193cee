//! Ogg recordings (Opus, RFC 7845; Vorbis): one stream, its packets as they are in new pages, without comments. Drops
//! what lies between and behind the pages. Decodes nothing but the times.

use super::bytes::{array, le32};
use super::voice::Recording;
use super::{Refusal, milliseconds};
use ::ogg::{OggReadError, Packet, PacketReader, PacketWriteEndInfo, PacketWriter};
use std::io::Cursor;
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::default::formats::OggReader;

/// Opus counts in this, whatever it was recorded with.
const OPUS_RATE: u64 = 48_000;
/// Nobody's name, no comments.
const OPUS_TAGS: &[u8] = b"OpusTags\0\0\0\0\0\0\0\0";
const VORBIS_COMMENT: &[u8] = b"\x03vorbis\0\0\0\0\0\0\0\0\x01";

enum Codec {
    Opus,
    Vorbis,
}

pub(super) fn clean(input: &[u8]) -> Result<Recording, Refusal> {
    let mut packets = packets(input)?;
    let head = packets.first().ok_or(Refusal::Damaged)?;
    let codec = if head.data.starts_with(b"OpusHead") {
        Codec::Opus
    } else if head.data.starts_with(b"\x01vorbis") {
        Codec::Vorbis
    } else {
        return Err(Refusal::Unsupported);
    };
    let headers = match codec {
        Codec::Opus => 2,
        Codec::Vorbis => 3,
    };
    if packets.len() <= headers {
        return Err(Refusal::Damaged);
    }
    let (claimed, rate) = match codec {
        Codec::Opus => {
            check_head(&head.data, is_opus_head)?;
            check_head(&packets[1].data, |comment| comment.starts_with(b"OpusTags"))?;
            packets[1].data = OPUS_TAGS.to_vec();
            (claimed(&packets).saturating_sub(pre_skip(&packets[0].data)), OPUS_RATE)
        }
        Codec::Vorbis => {
            check_head(&head.data, |head| head.len() == 30)?;
            check_head(&packets[1].data, |comment| comment.starts_with(b"\x03vorbis"))?;
            check_head(&packets[2].data, |setup| setup.starts_with(b"\x05vorbis"))?;
            packets[1].data = VORBIS_COMMENT.to_vec();
            (claimed(&packets), u64::from(le32(&packets[0].data, 12).unwrap_or(0)))
        }
    };
    let bytes = written(&packets, headers, &codec)?;
    let played = match codec {
        Codec::Opus => packets[headers..].iter().map(|p| opus_samples(&p.data)).sum(),
        Codec::Vorbis => vorbis_samples(&bytes)?,
    };
    if rate == 0 {
        return Err(Refusal::Damaged);
    }
    Ok(Recording { bytes, content_type: "audio/ogg", duration_ms: milliseconds(claimed.max(played), rate) })
}

/// All packets of the one stream.
fn packets(input: &[u8]) -> Result<Vec<Packet>, Refusal> {
    let mut reader = PacketReader::new(Cursor::new(input));
    let mut packets: Vec<Packet> = Vec::new();
    let mut has_ended = false;
    loop {
        let packet = match reader.read_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => return Ok(packets),
            // What follows the last page is none.
            Err(OggReadError::NoCapturePatternFound) if has_ended => return Ok(packets),
            Err(_) => return Err(Refusal::Damaged),
        };
        let is_other = packets.first().is_some_and(|first| first.stream_serial() != packet.stream_serial());
        // A second stream, beside the first or behind it.
        if is_other || has_ended {
            return Err(Refusal::Unsupported);
        }
        has_ended = packet.last_in_stream();
        packets.push(packet);
    }
}

fn check_head(packet: &[u8], is_sound: impl Fn(&[u8]) -> bool) -> Result<(), Refusal> {
    if is_sound(packet) { Ok(()) } else { Err(Refusal::Damaged) }
}

/// Whether these are Opus's facts, and nothing else.
pub(super) fn is_opus_head(head: &[u8]) -> bool {
    let channels = usize::from(head.get(9).copied().unwrap_or(0));
    match head.get(18) {
        Some(0) => head.len() == 19,
        Some(_) => head.len() == 21 + channels,
        None => false,
    }
}

/// Samples that are there for the decoder to settle, and not played.
fn pre_skip(head: &[u8]) -> u64 {
    array(head, 10).map_or(0, |raw| u64::from(u16::from_le_bytes(raw)))
}

/// The position that the pages tell; all bits set: none ends on the page.
fn claimed(packets: &[Packet]) -> u64 {
    packets.iter().map(Packet::absgp_page).filter(|position| *position != u64::MAX).max().unwrap_or(0)
}

/// Samples of a packet by its first bytes (RFC 6716, 3.1).
pub(super) fn opus_samples(packet: &[u8]) -> u64 {
    let Some(first) = packet.first() else { return 0 };
    let config = first >> 3;
    let frame = match config {
        0..=11 => [480, 960, 1920, 2880][usize::from(config % 4)],
        12..=15 => [480, 960][usize::from(config % 2)],
        _ => [120, 240, 480, 960][usize::from(config % 4)],
    };
    let frames = match first & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(packet.get(1).unwrap_or(&0) & 0x3F),
    };
    frame * frames
}

/// Samples of all packets, whose sizes stand in the setup header.
fn vorbis_samples(bytes: &[u8]) -> Result<u64, Refusal> {
    let source = MediaSourceStream::new(Box::new(Cursor::new(bytes)), MediaSourceStreamOptions::default());
    let mut reader = OggReader::try_new(source, FormatOptions::default()).map_err(|_| Refusal::Damaged)?;
    let mut samples = 0_u64;
    while let Some(packet) = reader.next_packet().map_err(|_| Refusal::Damaged)? {
        let all = [packet.dur, packet.trim_start, packet.trim_end].map(|part| part.get());
        samples = all.iter().fold(samples, |sum, part| sum.saturating_add(*part));
    }
    Ok(samples)
}

fn written(packets: &[Packet], headers: usize, codec: &Codec) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::new();
    let mut writer = PacketWriter::new(&mut out);
    for (n, packet) in packets.iter().enumerate() {
        // The first header has a page of its own; sound begins on a new one.
        let ends_page = match codec {
            Codec::Opus => n < headers,
            Codec::Vorbis => n == 0 || n == 2,
        };
        let end = if n + 1 == packets.len() {
            PacketWriteEndInfo::EndStream
        } else if ends_page || (n >= headers && packet.last_in_page()) {
            PacketWriteEndInfo::EndPage
        } else {
            PacketWriteEndInfo::NormalPacket
        };
        let position = if n < headers { 0 } else { packet.absgp_page() };
        writer.write_packet(&packet.data[..], packet.stream_serial(), end, position)?;
    }
    drop(writer);
    Ok(out)
}
