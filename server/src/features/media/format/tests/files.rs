//! Files stay as they are: their type is told, and whether they say where they were made.

use super::movie::{Track, boxed, movie};
use super::pictures::{exif, jpeg, png_with};
use super::*;

fn file(bytes: &[u8]) -> Examined {
    run(Kind::File, bytes).unwrap().0
}

#[test]
fn types_that_a_browser_runs_are_not_named() {
    let texts = [
        "<!DOCTYPE html><script>1</script>",
        "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "<?xml version='1.0'?>",
    ];
    let run = ["#!/bin/sh\n", "FWS\x09", "Cr24", "", "hello", "MZ\u{1}\u{2}", "\x7fELF", "\0asm\x01\0\0\0"];
    for text in texts.into_iter().chain(run) {
        let padded = [text.as_bytes(), &[0; 600]].concat();
        assert_eq!(file(&padded).content_type, "application/octet-stream", "{text:?}");
    }
    assert_eq!(file(b"%PDF-1.7\n").content_type, "application/pdf");
    assert_eq!(file(b"PK\x03\x04\x0a\0\0\0").content_type, "application/zip");
    assert_eq!(file(&jpeg(8, 8)).content_type, "image/jpeg");
    assert_eq!(file(b"hello").size, 5);
}

#[test]
fn positions_are_found_wherever_they_are() {
    let bare = exif(1);
    let with_mark = [b"Exif\0\0", &bare[..]].concat();
    let mut without = with_mark.clone();
    // The directory of positions is another one now.
    without[6 + 34] = 0x26;
    let xmp = b"<x:xmpmeta><rdf:Description exif:GPSLatitude='31,13N'/></x:xmpmeta>".to_vec();
    let far = [vec![0xAA; 3 * 1024 * 1024 - 7], with_mark.clone()].concat();
    let video = |plant| movie(b"isom", &[Track::video(9, 40)], plant, false);
    let heic = [boxed(b"ftyp", b"heic\0\0\0\0mif1"), boxed(b"mdat", &with_mark)].concat();
    let mut camera = video(false);
    let at = camera.windows(4).position(|w| w == b"avc1").unwrap();
    camera[at..at + 4].copy_from_slice(b"camm");
    let samples = [
        (bare, true),
        ([&jpeg(8, 8)[..], &with_mark].concat(), true),
        ([&jpeg(8, 8)[..], &without].concat(), false),
        (jpeg(8, 8), false),
        ([&b"PK\x03\x04stored"[..], &xmp].concat(), true),
        (far, true),
        (png_with(b"eXIf", &exif(1)), true),
        (png_with(b"eXIf", &without[6..]), false),
        ([&b"RIFF\x72\0\0\0WEBPEXIF\x5e\0\0\0"[..], &exif(1)].concat(), true),
        (heic, true),
        (video(true), true),
        (video(false), false),
        (camera, true),
        (b"nothing".to_vec(), false),
    ];
    for (n, (bytes, expected)) in samples.iter().enumerate() {
        assert_eq!(file(bytes).carries_position, *expected, "sample {n}");
    }
}
