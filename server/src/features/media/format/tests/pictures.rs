//! Pictures keep their pixels and lose the rest.

use super::super::png::{SIGNATURE, put_chunk};
use super::*;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat, RgbImage};
use std::io::Cursor;

/// A picture of which no two corners are alike.
fn drawn(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x * 255 / width) as u8, (y * 255 / height) as u8, ((x / 8 + y / 8) % 2 * 200) as u8])
    })
    .into()
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    image.write_to(&mut out, format).unwrap();
    out.into_inner()
}

fn pixels(bytes: &[u8]) -> DynamicImage {
    image::load_from_memory(bytes).unwrap()
}

fn jpeg(width: u32, height: u32) -> Vec<u8> {
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

fn with_chunk(png: &[u8], id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let after_header = SIGNATURE.len() + 25;
    let mut out = png[..after_header].to_vec();
    put_chunk(&mut out, id, body);
    out.extend_from_slice(&png[after_header..]);
    out
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
    assert_eq!((thumbnail.content_type, pixels(&thumbnail.bytes).width()), ("image/jpeg", 320));
    assert!((1..=32).contains(&examined.placeholder.len()));
}

#[test]
fn orientation_is_all_that_is_left_of_exif() {
    let plain = jpeg(64, 40);
    for orientation in 1..=8 {
        let body = [b"Exif\0\0", &exif(orientation)[..]].concat();
        let mut planted = plain[..2].to_vec();
        planted.extend_from_slice(&[0xFF, 0xE1]);
        planted.extend_from_slice(&(body.len() as u16 + 2).to_be_bytes());
        planted.extend_from_slice(&body);
        planted.extend_from_slice(&plain[2..]);
        let (examined, written) = run(Kind::Picture, &planted).unwrap();
        assert_eq!(pixels(&written), pixels(&plain));
        let shown = if orientation >= 5 { (40, 64) } else { (64, 40) };
        assert_eq!((examined.width, examined.height), shown);
        assert_eq!(contains(&written, b"Exif"), orientation != 1);
    }
}
