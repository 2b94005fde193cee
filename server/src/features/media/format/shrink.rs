//! Small pictures out of large ones: thumbnails, avatars, blurred placeholders. Knows pixels only, no files.

use super::{Refusal, Thumbnail};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ColorType, DynamicImage, ImageBuffer, ImageEncoder};

const THUMBNAIL_QUALITY: u8 = 80;
const AVATAR_QUALITY: u8 = 88;
/// ThumbHash takes no more pixels a side.
const PLACEHOLDER_SIDE: u32 = 100;
/// Transparent pictures that are this many times too large lose every so many pixels first: blending them takes a
/// second copy of the whole.
const COARSE: u32 = 4;

/// A part of a picture: left, top, width and height.
type Area = (u32, u32, u32, u32);

/// As large as fits into a square of this side, never larger than it is. 8 bits a colour.
pub(super) fn to_fit(image: &DynamicImage, side: u32) -> Result<DynamicImage, Refusal> {
    let (width, height) = (image.width(), image.height());
    let longer = width.max(height).max(1);
    let scaled = |n: u32| {
        let exact = (u64::from(n) * u64::from(side) + u64::from(longer) / 2) / u64::from(longer);
        u32::try_from(exact).unwrap_or(side).max(1)
    };
    let size = if longer <= side { (width, height) } else { (scaled(width), scaled(height)) };
    resize(image, (0, 0, width, height), size)
}

/// The middle of it as a square of at most this side. 8 bits a colour.
pub(super) fn to_square(image: &DynamicImage, side: u32) -> Result<DynamicImage, Refusal> {
    let shorter = image.width().min(image.height());
    let area = ((image.width() - shorter) / 2, (image.height() - shorter) / 2, shorter, shorter);
    resize(image, area, (shorter.min(side), shorter.min(side)))
}

fn resize(image: &DynamicImage, area: Area, size: (u32, u32)) -> Result<DynamicImage, Refusal> {
    let pixel_type = match image.color() {
        ColorType::L8 => PixelType::U8,
        ColorType::La8 => PixelType::U8x2,
        ColorType::Rgb8 => PixelType::U8x3,
        ColorType::Rgba8 => PixelType::U8x4,
        ColorType::L16 => PixelType::U16,
        ColorType::La16 => PixelType::U16x2,
        ColorType::Rgb16 => PixelType::U16x3,
        ColorType::Rgba16 => PixelType::U16x4,
        _ => return Err(Refusal::Unsupported),
    };
    let source = ImageRef::new(image.width(), image.height(), image.as_bytes(), pixel_type);
    let source = source.map_err(|_| Refusal::Damaged)?;
    let mut target = Image::new(size.0, size.1, pixel_type);
    let coarse = (size.0 * COARSE, size.1 * COARSE);
    if image.color().has_alpha() && (area.2 > coarse.0 || area.3 > coarse.1) {
        let coarse = (coarse.0.min(area.2), coarse.1.min(area.3));
        let mut between = Image::new(coarse.0, coarse.1, pixel_type);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Nearest).use_alpha(false);
        run(&source, area, &mut between, &options)?;
        let all = (0, 0, coarse.0, coarse.1);
        let between = ImageRef::new(coarse.0, coarse.1, between.buffer(), pixel_type);
        run(&between.map_err(|_| Refusal::Damaged)?, all, &mut target, &smooth())?;
    } else {
        run(&source, area, &mut target, &smooth())?;
    }
    of_eight_bits(target, size).ok_or(Refusal::Damaged)
}

fn smooth() -> ResizeOptions {
    ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
}

fn run(source: &ImageRef, area: Area, target: &mut Image, options: &ResizeOptions) -> Result<(), Refusal> {
    let options = options.crop(f64::from(area.0), f64::from(area.1), f64::from(area.2), f64::from(area.3));
    Resizer::new().resize(source, target, &options).map_err(|_| Refusal::Damaged)
}

fn of_eight_bits(image: Image, (width, height): (u32, u32)) -> Option<DynamicImage> {
    let pixel_type = image.pixel_type();
    let mut bytes = image.into_vec();
    let high = |pair: &[u8]| u16::from_ne_bytes([pair[0], pair[1]]).to_be_bytes()[0];
    if [PixelType::U16, PixelType::U16x2, PixelType::U16x3, PixelType::U16x4].contains(&pixel_type) {
        bytes = bytes.chunks_exact(2).map(high).collect();
    }
    Some(match pixel_type {
        PixelType::U8 | PixelType::U16 => {
            DynamicImage::ImageLuma8(ImageBuffer::from_raw(width, height, bytes)?)
        }
        PixelType::U8x2 | PixelType::U16x2 => {
            DynamicImage::ImageLumaA8(ImageBuffer::from_raw(width, height, bytes)?)
        }
        PixelType::U8x3 | PixelType::U16x3 => {
            DynamicImage::ImageRgb8(ImageBuffer::from_raw(width, height, bytes)?)
        }
        _ => DynamicImage::ImageRgba8(ImageBuffer::from_raw(width, height, bytes)?),
    })
}

/// The ThumbHash.
pub(super) fn placeholder(image: &DynamicImage) -> Result<Vec<u8>, Refusal> {
    let small = to_fit(image, PLACEHOLDER_SIDE)?.into_rgba8();
    Ok(thumbhash::rgba_to_thumb_hash(small.width() as usize, small.height() as usize, small.as_raw()))
}

/// Encoded small. `profile`: the colours of its pixels.
pub(super) fn encode_thumbnail(image: &DynamicImage, profile: Option<&[u8]>) -> Result<Thumbnail, Refusal> {
    encode(image, profile, THUMBNAIL_QUALITY)
}

/// Encoded well. `profile`: the colours of its pixels.
pub(super) fn encode_avatar(image: &DynamicImage, profile: Option<&[u8]>) -> Result<Thumbnail, Refusal> {
    encode(image, profile, AVATAR_QUALITY)
}

fn encode(image: &DynamicImage, profile: Option<&[u8]>, quality: u8) -> Result<Thumbnail, Refusal> {
    let is_coloured = matches!(image, DynamicImage::ImageRgb8(_) | DynamicImage::ImageRgba8(_));
    let profile = profile.filter(|_| is_coloured).map(<[u8]>::to_vec);
    let mut bytes = Vec::new();
    let content_type = if is_transparent(image) {
        let mut encoder = PngEncoder::new(&mut bytes);
        put_profile(&mut encoder, profile);
        image.write_with_encoder(encoder).map_err(|_| Refusal::Damaged)?;
        "image/png"
    } else {
        let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
        put_profile(&mut encoder, profile);
        let opaque = match image {
            DynamicImage::ImageLuma8(_) | DynamicImage::ImageRgb8(_) => image.write_with_encoder(encoder),
            DynamicImage::ImageLumaA8(_) => DynamicImage::from(image.to_luma8()).write_with_encoder(encoder),
            _ => DynamicImage::from(image.to_rgb8()).write_with_encoder(encoder),
        };
        opaque.map_err(|_| Refusal::Damaged)?;
        "image/jpeg"
    };
    Ok(Thumbnail { bytes, content_type })
}

/// An encoder that has no place for a profile goes without.
fn put_profile(encoder: &mut impl ImageEncoder, profile: Option<Vec<u8>>) {
    if let Some(profile) = profile {
        drop(encoder.set_icc_profile(profile));
    }
}

fn is_transparent(image: &DynamicImage) -> bool {
    match image {
        DynamicImage::ImageLumaA8(image) => image.pixels().any(|p| p.0[1] != u8::MAX),
        DynamicImage::ImageRgba8(image) => image.pixels().any(|p| p.0[3] != u8::MAX),
        _ => false,
    }
}
