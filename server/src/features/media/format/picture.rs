//! Pictures, stickers and avatars: which format, how large, how they are shown. The formats' own modules clean; this one
//! decodes what they kept, which shows that it is whole, and makes thumbnails. Knows no metadata.

use super::{
    Examined, Kind, MAX_AVATAR_SIDE, MAX_PIXELS, MAX_STICKER_SIDE, MAX_THUMBNAIL_SIDE, Refusal, exif, gif,
    icc, jpeg, png, shrink, webp,
};
use image::error::ImageError;
use image::metadata::Orientation;
use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use std::io::Cursor;
use std::path::Path;

/// Bytes of a decoded picture: [`MAX_PIXELS`] of four bytes each, with room. Such with 16 bits a colour reach it sooner.
const MAX_DECODED_BYTES: u64 = 256 * 1024 * 1024;
/// A still picture that is as small as a thumbnail, in pixels and in bytes, is its own.
const SMALL_BYTES: usize = 64 * 1024;

/// How large a picture may be.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    max_side: u32,
}

impl Rules {
    /// The size, if it is allowed. Each format asks as soon as it knows.
    pub(super) fn check(self, width: u32, height: u32) -> Result<(u32, u32), Refusal> {
        if width == 0 || height == 0 {
            return Err(Refusal::Damaged);
        }
        if u64::from(width) * u64::from(height) > MAX_PIXELS || width.max(height) > self.max_side {
            return Err(Refusal::TooLarge);
        }
        Ok((width, height))
    }
}

/// A picture without its metadata.
pub(super) struct Cleaned {
    pub(super) bytes: Vec<u8>,
    /// As stored, before rotation.
    pub(super) width: u32,
    pub(super) height: u32,
    /// As in EXIF: 1 is upright.
    pub(super) orientation: u8,
    pub(super) animated: bool,
    /// The colour profile.
    pub(super) profile: Option<Vec<u8>>,
}

/// See [`super::examine`].
pub(super) fn examine(kind: Kind, input: &Path, output: &Path) -> Result<Examined, Refusal> {
    let bytes = std::fs::read(input)?;
    let format = format(&bytes).filter(|f| takes(kind, *f)).ok_or(Refusal::Unsupported)?;
    let rules = Rules { max_side: if kind == Kind::Sticker { MAX_STICKER_SIDE } else { u32::MAX } };
    let cleaned = match format {
        ImageFormat::Jpeg => jpeg::clean(&bytes, rules),
        ImageFormat::Png => png::clean(&bytes, rules),
        ImageFormat::Gif => gif::clean(&bytes, rules),
        _ => webp::clean(&bytes, rules),
    }?;
    drop(bytes);
    let decoded = decode(format, &cleaned)?;
    if kind == Kind::Avatar {
        avatar(&cleaned, decoded, output)
    } else {
        picture(format, &cleaned, decoded, output)
    }
}

/// The format by its first bytes.
fn format(bytes: &[u8]) -> Option<ImageFormat> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some(ImageFormat::Jpeg),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(ImageFormat::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(ImageFormat::WebP),
        _ if bytes.starts_with(png::SIGNATURE) => Some(ImageFormat::Png),
        _ => None,
    }
}

fn takes(kind: Kind, format: ImageFormat) -> bool {
    match format {
        ImageFormat::Jpeg => kind != Kind::Sticker,
        ImageFormat::Gif => kind != Kind::Avatar,
        _ => true,
    }
}

/// The pixels, of a moving picture those of its first frame.
fn decode(format: ImageFormat, cleaned: &Cleaned) -> Result<DynamicImage, Refusal> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    limits.max_image_width = Some(cleaned.width);
    limits.max_image_height = Some(cleaned.height);
    let mut reader = ImageReader::with_format(Cursor::new(&cleaned.bytes), format);
    reader.limits(limits);
    let image = reader.decode().map_err(|error| match error {
        ImageError::Limits(_) => Refusal::TooLarge,
        ImageError::Unsupported(_) => Refusal::Unsupported,
        _ => Refusal::Damaged,
    })?;
    let is_whole = (image.width(), image.height()) == (cleaned.width, cleaned.height);
    if is_whole { Ok(image) } else { Err(Refusal::Damaged) }
}

fn picture(
    format: ImageFormat,
    cleaned: &Cleaned,
    decoded: DynamicImage,
    output: &Path,
) -> Result<Examined, Refusal> {
    let small = shrink::to_fit(&decoded, MAX_THUMBNAIL_SIDE)?;
    drop(decoded);
    let small = upright(small, cleaned.orientation);
    let (width, height) = exif::upright(cleaned.width, cleaned.height, cleaned.orientation);
    let is_small = width.max(height) <= MAX_THUMBNAIL_SIDE && cleaned.bytes.len() <= SMALL_BYTES;
    let profile = cleaned.profile.as_deref().filter(|p| icc::fits_thumbnail(p));
    let thumbnail =
        if is_small && !cleaned.animated { None } else { Some(shrink::encode_thumbnail(&small, profile)?) };
    std::fs::write(output, &cleaned.bytes)?;
    Ok(Examined {
        width,
        height,
        placeholder: shrink::placeholder(&small)?,
        thumbnail,
        animated: cleaned.animated,
        ..Examined::of(format.to_mime_type(), cleaned.bytes.len() as u64)
    })
}

fn avatar(cleaned: &Cleaned, decoded: DynamicImage, output: &Path) -> Result<Examined, Refusal> {
    let square = shrink::to_square(&decoded, MAX_AVATAR_SIDE)?;
    drop(decoded);
    let square = upright(square, cleaned.orientation);
    let profile = cleaned.profile.as_deref().filter(|p| icc::fits_thumbnail(p));
    let whole = shrink::encode_avatar(&square, profile)?;
    let small = shrink::to_fit(&square, MAX_THUMBNAIL_SIDE)?;
    let is_small = square.width() <= MAX_THUMBNAIL_SIDE && whole.bytes.len() <= SMALL_BYTES;
    let thumbnail = if is_small { None } else { Some(shrink::encode_thumbnail(&small, profile)?) };
    std::fs::write(output, &whole.bytes)?;
    Ok(Examined {
        width: square.width(),
        height: square.height(),
        placeholder: shrink::placeholder(&small)?,
        thumbnail,
        ..Examined::of(whole.content_type, whole.bytes.len() as u64)
    })
}

fn upright(mut image: DynamicImage, orientation: u8) -> DynamicImage {
    image.apply_orientation(Orientation::from_exif(orientation).unwrap_or(Orientation::NoTransforms));
    image
}
