//! Pictures keep their pixels and lose the rest.

use super::super::bytes::{put_riff_chunk, riff};
use super::super::png::{SIGNATURE, put_chunk};
use super::*;
use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::{AnimationDecoder, DynamicImage, Frame, ImageFormat, RgbImage};
use std::io::Cursor;

/// A picture of which no two corners are alike.
pub(super) fn drawn(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x * 255 / width) as u8, (y * 255 / height) as u8, ((x / 8 + y / 8) % 2 * 200) as u8])
    })
    .into()
}

pub(super) fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    image.write_to(&mut out, format).unwrap();
    out.into_inner()
}

pub(super) fn pixels(bytes: &[u8]) -> DynamicImage {
    image::load_from_memory(bytes).unwrap()
}

pub(super) fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut out = Vec::new();
    drawn(width, height).write_with_encoder(JpegEncoder::new_with_quality(&mut out, 90)).unwrap();
    out
}

/// A TIFF header with an orientation, a description that is the secret, and a directory of positions.
pub(super) fn exif(orientation: u8) -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0\x03\0".to_vec();
    out.extend_from_slice(&[0x0E, 1, 2, 0, SECRET.len() as u8, 0, 0, 0, 68, 0, 0, 0]);
    out.extend_from_slice(&[0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    out.extend_from_slice(&[0x25, 0x88, 4, 0, 1, 0, 0, 0, 50, 0, 0, 0, 0, 0, 0, 0]);
    out.extend_from_slice(&[1, 0, 1, 0, 2, 0, 2, 0, 0, 0, b'N', 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(out.len(), 68);
    out.extend_from_slice(SECRET);
    out
}

/// A profile of this kind of colours that is all header.
fn profile(colours: &[u8; 4]) -> Vec<u8> {
    let mut out = vec![0; 132];
    out[3] = 132;
    out[16..20].copy_from_slice(colours);
    out[36..40].copy_from_slice(b"acsp");
    out
}

fn with_chunk(png: &[u8], id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let after_header = SIGNATURE.len() + 25;
    let mut out = png[..after_header].to_vec();
    put_chunk(&mut out, id, body);
    out.extend_from_slice(&png[after_header..]);
    out
}

pub(super) fn png_with(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    with_chunk(&encoded(&drawn(24, 16), ImageFormat::Png), id, body)
}

/// The bodies of a picture's IDAT chunks: what zlib made of its rows.
fn compressed(png: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), SIGNATURE.len());
    while at < png.len() {
        let length = u32::from_be_bytes(png[at..at + 4].try_into().unwrap()) as usize;
        if &png[at + 4..at + 8] == b"IDAT" {
            out.extend_from_slice(&png[at + 8..at + 8 + length]);
        }
        at += length + 12;
    }
    out
}

/// Two frames, and a text.
pub(super) fn apng() -> Vec<u8> {
    let plain = encoded(&drawn(24, 16), ImageFormat::Png);
    let rows = compressed(&plain);
    let control =
        |n: u8| [&[0, 0, 0, n, 0, 0, 0, 24, 0, 0, 0, 16][..], &[0; 8], &[0, 1, 0, 10, 0, 0]].concat();
    let mut out = plain[..SIGNATURE.len() + 25].to_vec();
    put_chunk(&mut out, b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]);
    put_chunk(&mut out, b"tEXt", SECRET);
    put_chunk(&mut out, b"fcTL", &control(0));
    put_chunk(&mut out, b"IDAT", &rows);
    put_chunk(&mut out, b"fcTL", &control(1));
    put_chunk(&mut out, b"fdAT", &[&[0, 0, 0, 2], &rows[..]].concat());
    put_chunk(&mut out, b"IEND", &[]);
    out
}

/// Two frames, shown again and again. `plant`: with a comment, XMP, and more behind the end.
pub(super) fn gif(plant: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = GifEncoder::new(&mut out);
    encoder.set_repeat(image::codecs::gif::Repeat::Infinite).unwrap();
    let frames = [drawn(24, 16), drawn(24, 16).rotate180()].map(|image| Frame::new(image.into_rgba8()));
    encoder.encode_frames(frames).unwrap();
    drop(encoder);
    if plant {
        let block = [&[SECRET.len() as u8][..], SECRET, &[0]].concat();
        let more = [b"\x21\xFE", &block[..], b"\x21\xFF\x0BXMP DataXMP", &block].concat();
        let at = out.len() - 1;
        out.splice(at..at, more);
        out.extend_from_slice(SECRET);
    }
    out
}

/// Two frames. `plant`: with EXIF, XMP, and a chunk inside of a frame.
pub(super) fn animated_webp(plant: bool) -> Vec<u8> {
    let simple = encoded(&drawn(24, 16), ImageFormat::WebP);
    let flags = if plant { 0x02 | 0x0C } else { 0x02 };
    let mut chunks = Vec::new();
    put_riff_chunk(&mut chunks, b"VP8X", &[flags, 0, 0, 0, 23, 0, 0, 15, 0, 0]);
    put_riff_chunk(&mut chunks, b"ANIM", &[0; 6]);
    for _ in 0..2 {
        let mut frame = vec![0, 0, 0, 0, 0, 0, 23, 0, 0, 15, 0, 0, 100, 0, 0, 0];
        frame.extend_from_slice(&simple[12..]);
        if plant {
            put_riff_chunk(&mut frame, b"NOTE", SECRET);
        }
        put_riff_chunk(&mut chunks, b"ANMF", &frame);
    }
    if plant {
        put_riff_chunk(&mut chunks, b"EXIF", &exif(1));
        put_riff_chunk(&mut chunks, b"XMP ", SECRET);
        put_riff_chunk(&mut chunks, b"NOTE", SECRET);
    }
    riff(b"WEBP", &chunks)
}

fn segment(marker: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&[0xFF, marker], &(body.len() as u16 + 2).to_be_bytes()[..], &body].concat()
}

/// 64 by 40 pixels with every segment that cameras and editors add, and more behind the end.
pub(super) fn jpeg_with_all(orientation: u8) -> Vec<u8> {
    let plain = jpeg(64, 40);
    let thumbnail = [SECRET, &jpeg(8, 8)].concat();
    let segments = [
        segment(0xE0, &[b"JFIF\0\x01\x02\0\0\x01\0\x01\x08\x01", SECRET]),
        segment(0xE0, &[b"JFXX\0\x10", &thumbnail]),
        segment(0xE1, &[b"Exif\0\0", &exif(orientation), &thumbnail]),
        segment(0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", SECRET]),
        segment(0xE2, &[b"ICC_PROFILE\0\x01\x01", &profile(b"RGB "), SECRET]),
        segment(0xE2, &[b"MPF\0", SECRET]),
        segment(0xED, &[b"Photoshop 3.0\x008BIM\x04\x04", SECRET]),
        segment(0xEB, &[b"JP\0\0jumb", SECRET]),
        segment(0xFE, &[SECRET]),
    ];
    [&plain[..2], &segments.concat(), &plain[2..], &thumbnail, b"PK\x03\x04"].concat()
}

#[test]
fn png_keeps_pixels_and_loses_texts() {
    let plain = encoded(&drawn(400, 300), ImageFormat::Png);
    let mut planted = plain.clone();
    let text = [b"Comment\0", SECRET].concat();
    for id in [b"tEXt", b"zTXt", b"iTXt", b"tIME", b"prVt", b"caBX"] {
        planted = with_chunk(&planted, id, &text);
    }
    planted.extend_from_slice(SECRET);
    let (examined, written) = run(Kind::Picture, &planted).unwrap();
    assert_eq!(written, plain);
    assert_eq!((examined.content_type, examined.width, examined.height), ("image/png", 400, 300));
    let thumbnail = examined.thumbnail.unwrap();
    let small = pixels(&thumbnail.bytes);
    assert_eq!((thumbnail.content_type, small.width(), small.height()), ("image/jpeg", 320, 240));
    assert!((1..=32).contains(&examined.placeholder.len()));
}

#[test]
fn orientation_is_all_that_is_left_of_exif() {
    let plain = jpeg(64, 40);
    for orientation in 1..=8 {
        let (examined, written) = run(Kind::Picture, &jpeg_with_all(orientation)).unwrap();
        assert_eq!(pixels(&written), pixels(&plain));
        let shown = if orientation >= 5 { (40, 64) } else { (64, 40) };
        assert_eq!((examined.width, examined.height), shown);
        assert_eq!(contains(&written, b"Exif"), orientation != 1);
        // The decoder reads it where it was written, in all formats.
        let webp = {
            let mut chunks = Vec::new();
            put_riff_chunk(&mut chunks, b"VP8X", &[0x08, 0, 0, 0, 63, 0, 0, 39, 0, 0]);
            chunks.extend_from_slice(&encoded(&drawn(64, 40), ImageFormat::WebP)[12..]);
            put_riff_chunk(&mut chunks, b"EXIF", &exif(orientation));
            riff(b"WEBP", &chunks)
        };
        let png = with_chunk(&encoded(&drawn(64, 40), ImageFormat::Png), b"eXIf", &exif(orientation));
        for file in [webp, png, jpeg_with_all(orientation)] {
            let (examined, written) = run(Kind::Picture, &file).unwrap();
            assert_eq!((examined.width, examined.height), shown);
            let reader = image::ImageReader::new(Cursor::new(&written)).with_guessed_format().unwrap();
            let told = image::ImageDecoder::orientation(&mut reader.into_decoder().unwrap()).unwrap();
            assert_eq!(told.to_exif(), orientation);
        }
        // An avatar has it in its pixels: the corner that is dark was the first.
        let (_, avatar) = run(Kind::Avatar, &jpeg_with_all(orientation)).unwrap();
        let mut expected = pixels(&plain).crop_imm(12, 0, 40, 40);
        expected.apply_orientation(image::metadata::Orientation::from_exif(orientation).unwrap());
        let (is, should) = (pixels(&avatar).into_rgb8(), expected.into_rgb8());
        let apart = is.iter().zip(should.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>();
        assert!(apart / (is.len() as u64) < 8, "orientation {orientation}: {apart}");
    }
}

#[test]
fn profiles_stay_and_their_tails_go() {
    let (_, written) = run(Kind::Picture, &jpeg_with_all(1)).unwrap();
    assert!(contains(&written, &profile(b"RGB ")));
    let no_profile =
        [&jpeg(8, 8)[..2], &segment(0xE2, &[b"ICC_PROFILE\0\x01\x01", SECRET]), &jpeg(8, 8)[2..]].concat();
    run(Kind::Picture, &no_profile).unwrap();
}

#[test]
fn gif_keeps_frames_and_loses_comments() {
    let (examined, written) = run(Kind::Picture, &gif(true)).unwrap();
    assert_eq!(written, gif(false));
    assert!(examined.animated && examined.thumbnail.is_some());
    let frames = |file: &[u8]| {
        let decoder = image::codecs::gif::GifDecoder::new(Cursor::new(file.to_vec())).unwrap();
        decoder.into_frames().map(|f| f.unwrap().into_buffer()).collect::<Vec<_>>()
    };
    assert_eq!(frames(&written), frames(&gif(true)));
    assert_eq!(frames(&written).len(), 2);
}

#[test]
fn webp_keeps_frames_and_loses_notes() {
    let (examined, written) = run(Kind::Picture, &animated_webp(true)).unwrap();
    assert_eq!(written, animated_webp(false));
    assert!(examined.animated);
    let plain = encoded(&drawn(24, 16), ImageFormat::WebP);
    let mut noted = plain.clone();
    put_riff_chunk(&mut noted, b"EXIF", &exif(3));
    let size = (noted.len() as u32 - 8).to_le_bytes();
    noted[4..8].copy_from_slice(&size);
    let (examined, written) = run(Kind::Sticker, &noted).unwrap();
    assert_eq!((written, examined.animated, examined.content_type), (plain, false, "image/webp"));
}

#[test]
fn apng_moves_and_loses_texts() {
    let (examined, written) = run(Kind::Sticker, &apng()).unwrap();
    assert!(examined.animated);
    let decoder = image::codecs::png::PngDecoder::new(Cursor::new(written)).unwrap();
    assert_eq!(decoder.apng().unwrap().into_frames().filter(|f| f.is_ok()).count(), 2);
}

#[test]
fn avatars_are_square_and_small() {
    let (examined, written) = run(Kind::Avatar, &jpeg(900, 700)).unwrap();
    assert_eq!((examined.content_type, examined.width, examined.height), ("image/jpeg", 640, 640));
    assert_eq!(pixels(&written).width(), 640);
    let mut clear = drawn(30, 50).into_rgba8();
    clear.put_pixel(15, 25, image::Rgba([0; 4]));
    let (examined, written) = run(Kind::Avatar, &encoded(&clear.into(), ImageFormat::Png)).unwrap();
    assert_eq!((examined.content_type, pixels(&written).width()), ("image/png", 30));
    assert!(matches!(run(Kind::Avatar, &gif(false)), Err(Refusal::Unsupported)));
}

#[test]
fn large_pictures_of_all_colours_have_thumbnails() {
    let clear = DynamicImage::from(drawn(1600, 900).into_rgba8());
    let deep = DynamicImage::from(drawn(700, 500).into_rgb16());
    let grey = DynamicImage::from(drawn(700, 500).into_luma_alpha16());
    for image in [clear, deep, grey, drawn(700, 500).grayscale()] {
        let (examined, _) = run(Kind::Picture, &encoded(&image, ImageFormat::Png)).unwrap();
        let small = pixels(&examined.thumbnail.unwrap().bytes).into_rgb8();
        let corner = image.to_rgb8().get_pixel(image.width() - 1, 0).0;
        let told = small.get_pixel(small.width() - 1, 0).0;
        assert!(corner.iter().zip(told).all(|(a, b)| a.abs_diff(b) < 24), "{corner:?} {told:?}");
    }
}

#[test]
fn bombs_are_seen_before_they_go_off() {
    let mut header = [60_000_u32.to_be_bytes(), 60_000_u32.to_be_bytes()].concat();
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    let mut png = SIGNATURE.to_vec();
    put_chunk(&mut png, b"IHDR", &header);
    assert!(matches!(run(Kind::Picture, &png), Err(Refusal::TooLarge)));
    let mut large = gif(false);
    large[6..10].fill(0xFF);
    assert!(matches!(run(Kind::Picture, &large), Err(Refusal::TooLarge)));
    let mut large = jpeg(64, 40);
    let frame = large.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    large[frame + 5..frame + 9].fill(0xFF);
    assert!(matches!(run(Kind::Picture, &large), Err(Refusal::TooLarge)));
    assert!(matches!(
        run(Kind::Sticker, &encoded(&drawn(1025, 8), ImageFormat::Png)),
        Err(Refusal::TooLarge)
    ));
    // A frame beyond its canvas, whose pixels nobody counted.
    let mut beyond = gif(false);
    let frame = beyond.windows(6).position(|w| w == [0x2C, 0, 0, 0, 0, 24]).unwrap();
    beyond[frame + 5..frame + 9].fill(0xFF);
    assert!(matches!(run(Kind::Picture, &beyond), Err(Refusal::Damaged)));
    // A scan costs the time of the whole picture.
    let scans = jpeg(64, 40);
    let scan = scans.windows(2).position(|w| w == [0xFF, 0xDA]).unwrap();
    let many =
        [&scans[..scan], &scans[scan..scans.len() - 2].repeat(100), &scans[scans.len() - 2..]].concat();
    assert!(matches!(run(Kind::Picture, &many), Err(Refusal::Damaged)));
}

#[test]
fn profiles_that_swell_are_dropped() {
    let zeros = compressed(&encoded(&image::GrayImage::new(4000, 4000).into(), ImageFormat::Png));
    assert!(zeros.len() < 200_000, "{}", zeros.len());
    let body = [b"name\0\0", &zeros[..]].concat();
    let (_, written) = run(Kind::Picture, &png_with(b"iCCP", &body)).unwrap();
    assert_eq!(written, encoded(&drawn(24, 16), ImageFormat::Png));
    let (_, written) = run(Kind::Picture, &png_with(b"zTXt", &body)).unwrap();
    assert_eq!(written, encoded(&drawn(24, 16), ImageFormat::Png));
}

#[test]
fn files_of_two_minds_are_of_one() {
    let plain = gif(false);
    let script = [&plain[..], b"<script>alert(1)</script>", SECRET].concat();
    assert_eq!(run(Kind::Picture, &script).unwrap().1, plain);
    let document = segment(0xFE, &[b"%PDF-1.4", SECRET]);
    let (_, written) = run(Kind::Picture, &[&jpeg(8, 8)[..2], &document, &jpeg(8, 8)[2..]].concat()).unwrap();
    assert!(!contains(&written, b"%PDF"));
    for bytes in [
        &b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"[..],
        b"<!DOCTYPE html><img src=x>",
        b"MZ\x90\0\x03\0\0\0",
        b"%PDF-1.7",
        b"",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"BM\x46\0\0\0\0\0\0\0",
    ] {
        for kind in [Kind::Picture, Kind::Sticker, Kind::Avatar, Kind::Voice, Kind::Video] {
            assert!(matches!(run(kind, bytes), Err(Refusal::Unsupported | Refusal::Damaged)));
        }
        assert!(matches!(run(Kind::Picture, bytes), Err(Refusal::Unsupported)));
    }
    assert!(matches!(run(Kind::Sticker, &jpeg(8, 8)), Err(Refusal::Unsupported)));
}

#[test]
fn what_is_cut_off_is_damaged() {
    for file in [jpeg(64, 40), encoded(&drawn(24, 16), ImageFormat::Png), gif(false), animated_webp(false)] {
        assert!(matches!(run(Kind::Picture, &file[..file.len() - 9]), Err(Refusal::Damaged)));
        assert!(matches!(run(Kind::Picture, &file[..file.len() / 2]), Err(Refusal::Damaged)));
    }
}
