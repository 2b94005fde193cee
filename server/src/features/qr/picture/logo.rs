//! What is in the middle of a code: the picture of its owner, or the mark of the house, which is drawn here.

use bytes::Bytes;
use image::imageops::{self, FilterType};
use image::{ImageReader, Limits, Rgb, RgbImage, RgbaImage};
use std::io::Cursor;

/// A cup of tea.
const MARK: [&str; 16] = [
    "................",
    ".....##...##....",
    "......##...##...",
    ".....##...##....",
    "................",
    ".###########....",
    ".##############.",
    ".###########.##.",
    ".###########.##.",
    ".##############.",
    ".############...",
    "..#########.....",
    "...#######......",
    "................",
    "..##########....",
    "................",
];
/// Its colour.
const TEA: [u8; 3] = [0x1d, 0x6f, 0x5c];
/// Pixels along either side of a picture that is taken; ours are smaller.
const MAX_SOURCE_SIDE: u32 = 4096;
/// Memory for its decoding.
const MAX_DECODED: u64 = 64 << 20;

/// What is in the middle.
#[derive(Clone, Debug)]
pub(in super::super) enum Logo {
    /// The cup.
    Mark,
    /// An encoded picture; the cup where it cannot be read.
    Picture(Bytes),
}

impl Logo {
    /// Pixels: a square of this side.
    pub(super) fn pixels(&self, side: u32) -> RgbImage {
        match self {
            Self::Mark => mark(side),
            Self::Picture(bytes) => decode(bytes).map_or_else(|| mark(side), |image| fit(&image, side)),
        }
    }
}

fn mark(side: u32) -> RgbImage {
    let cells = MARK.len() as u32;
    RgbImage::from_fn(side, side, |x, y| {
        let at = |n: u32| (n * cells / side) as usize;
        if MARK[at(y)].as_bytes()[at(x)] == b'#' { Rgb(TEA) } else { Rgb([255; 3]) }
    })
}

fn decode(bytes: &Bytes) -> Option<RgbaImage> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SOURCE_SIDE);
    limits.max_image_height = Some(MAX_SOURCE_SIDE);
    limits.max_alloc = Some(MAX_DECODED);
    reader.limits(limits);
    Some(reader.decode().ok()?.into_rgba8())
}

/// The middle of it as a square, on white.
fn fit(image: &RgbaImage, side: u32) -> RgbImage {
    let shorter = image.width().min(image.height()).max(1);
    let (left, top) = ((image.width() - shorter) / 2, (image.height() - shorter) / 2);
    let square = imageops::crop_imm(image, left, top, shorter, shorter);
    let small = imageops::resize(&*square, side, side, FilterType::Triangle);
    RgbImage::from_fn(side, side, |x, y| {
        let [red, green, blue, alpha] = small.get_pixel(x, y).0;
        Rgb([red, green, blue].map(|colour| over_white(colour, alpha)))
    })
}

fn over_white(colour: u8, alpha: u8) -> u8 {
    let (colour, alpha) = (u32::from(colour), u32::from(alpha));
    u8::try_from((colour * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
}
