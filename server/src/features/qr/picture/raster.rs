//! Codes as PNG: exactly as many pixels as asked for, all modules of the same whole number of them.

use super::{Logo, Modules};
use crate::error::{Error, Result};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, GrayImage, ImageEncoder, Luma, Rgb, RgbImage, imageops};

const WHITE: u8 = 255;

/// The picture.
pub(super) fn png(modules: &Modules, side: u32, logo: Option<&Logo>) -> Result<Vec<u8>> {
    let grey = grey(modules, side, logo.is_some());
    match logo {
        None => encode(grey.as_raw(), side, ExtendedColorType::L8),
        Some(logo) => {
            let (module, first) = modules.in_pixels(side);
            let mut image = RgbImage::from_fn(side, side, |x, y| Rgb([grey.get_pixel(x, y).0[0]; 3]));
            let (start, length) = modules.middle();
            let frame = module.div_ceil(2);
            let at = i64::from(first + start * module + frame);
            imageops::replace(&mut image, &logo.pixels(length * module - 2 * frame), at, at);
            encode(image.as_raw(), side, ExtendedColorType::Rgb8)
        }
    }
}

fn grey(modules: &Modules, side: u32, has_hole: bool) -> GrayImage {
    let (module, first) = modules.in_pixels(side);
    let (start, length) = if has_hole { modules.middle() } else { (0, 0) };
    let hole = start..start + length;
    let mut image = GrayImage::from_pixel(side, side, Luma([WHITE]));
    for (i, _) in modules.dark.iter().enumerate().filter(|(_, dark)| **dark) {
        let (x, y) = (i as u32 % modules.side, i as u32 / modules.side);
        if hole.contains(&x) && hole.contains(&y) {
            continue;
        }
        let (left, top) = (first + x * module, first + y * module);
        for row in top..top + module {
            let begin = (row * side + left) as usize;
            image.as_mut()[begin..begin + module as usize].fill(0);
        }
    }
    image
}

/// Most rows are as the one above, so that filter makes them nothing.
fn encode(pixels: &[u8], side: u32, colours: ExtendedColorType) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut out, CompressionType::Fast, FilterType::Up);
    encoder.write_image(pixels, side, side, colours).map_err(Error::internal)?;
    Ok(out)
}
