//! Small pictures put together to one: nine faces of a group as its picture. Knows pixels only.

use super::{MAX_AVATAR_SIDE, Refusal, Thumbnail, shrink};
use bytes::Bytes;
use image::{DynamicImage, ImageReader, Limits, Rgb, RgbImage, imageops};
use std::io::Cursor;

/// Pixels along the side of what is put together.
const SIDE: u32 = 360;
/// Pixels between the tiles, and around them.
const GAP: u32 = 6;
/// What lies beneath.
const GROUND: Rgb<u8> = Rgb([0xdd, 0xde, 0xe1]);
/// Bytes of a decoded tile, whose sides are bounded, too.
const MAX_DECODED_BYTES: u64 = 16 << 20;
/// The most tiles that are shown.
pub const MAX_TILES: usize = 9;

/// One of the pictures.
#[derive(Clone, Debug)]
pub enum Tile {
    /// An avatar, as it is stored.
    Avatar(Bytes),
    /// Nothing but a colour.
    Colour([u8; 3]),
}

/// Up to nine tiles in rows of equal length, the first row shorter where they do not fill it. A tile that is no picture is
/// left empty.
///
/// # Errors
/// What the encoder refuses.
pub fn mosaic(tiles: &[Tile]) -> Result<Thumbnail, Refusal> {
    let tiles = &tiles[..tiles.len().min(MAX_TILES)];
    let mut canvas = RgbImage::from_pixel(SIDE, SIDE, GROUND);
    for (tile, (x, y, side)) in tiles.iter().zip(places(tiles.len())) {
        let picture = match tile {
            Tile::Avatar(bytes) => decode(bytes, side),
            Tile::Colour(colour) => Some(RgbImage::from_pixel(side, side, Rgb(*colour))),
        };
        if let Some(picture) = picture {
            imageops::replace(&mut canvas, &picture, i64::from(x), i64::from(y));
        }
    }
    shrink::encode_avatar(&DynamicImage::ImageRgb8(canvas), None)
}

/// Left, top and side of each tile.
fn places(tiles: usize) -> Vec<(u32, u32, u32)> {
    let columns = match tiles {
        0 | 1 => 1,
        2..=4 => 2,
        _ => 3,
    };
    let rows = tiles.div_ceil(columns);
    let side = (SIDE - GAP * (columns as u32 + 1)) / columns as u32;
    let step = side + GAP;
    let top = (SIDE - step * rows as u32 + GAP) / 2;
    let in_first = tiles - columns * rows.saturating_sub(1);
    let mut places = Vec::with_capacity(tiles);
    for row in 0..rows {
        let in_row = if row == 0 { in_first } else { columns };
        let left = (SIDE - step * in_row as u32 + GAP) / 2;
        places.extend((0..in_row).map(|column| (left + step * column as u32, top + step * row as u32, side)));
    }
    places
}

/// An avatar on the ground, as large as a tile.
fn decode(bytes: &Bytes, side: u32) -> Option<RgbImage> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    limits.max_image_width = Some(MAX_AVATAR_SIDE);
    limits.max_image_height = Some(MAX_AVATAR_SIDE);
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    reader.limits(limits);
    let square = shrink::to_square(&reader.decode().ok()?, side).ok()?.into_rgba8();
    let square = imageops::resize(&square, side, side, imageops::FilterType::Triangle);
    let mut tile =
        image::RgbaImage::from_pixel(side, side, image::Rgba([GROUND.0[0], GROUND.0[1], GROUND.0[2], 255]));
    imageops::overlay(&mut tile, &square, 0, 0);
    Some(DynamicImage::ImageRgba8(tile).into_rgb8())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(tiles: &[Tile]) -> RgbImage {
        let made = mosaic(tiles).unwrap();
        assert_eq!(made.content_type, "image/jpeg");
        image::load_from_memory(&made.bytes).unwrap().into_rgb8()
    }

    fn is_near(pixel: &Rgb<u8>, colour: [u8; 3]) -> bool {
        pixel.0.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 12)
    }

    #[test]
    fn tiles_have_places_of_their_own() {
        for tiles in 1..=MAX_TILES {
            let places = places(tiles);
            assert_eq!(places.len(), tiles);
            for (i, (x, y, side)) in places.iter().enumerate() {
                assert!(x + side <= SIDE && y + side <= SIDE, "{tiles}: {places:?}");
                let apart = |(a, b, _): &(u32, u32, u32)| {
                    a.abs_diff(*x) >= side + GAP || b.abs_diff(*y) >= side + GAP
                };
                assert!(places[..i].iter().all(apart), "{tiles}: {places:?}");
            }
        }
    }

    #[test]
    fn three_stand_as_one_above_two() {
        let colours = [[200, 30, 30], [30, 200, 30], [30, 30, 200]];
        let image = seen(&colours.map(Tile::Colour));
        assert_eq!((image.width(), image.height()), (SIDE, SIDE));
        let [middle, quarter] = [SIDE / 2, SIDE / 4];
        assert!(is_near(image.get_pixel(middle, quarter), colours[0]));
        assert!(is_near(image.get_pixel(quarter, SIDE - quarter), colours[1]));
        assert!(is_near(image.get_pixel(SIDE - quarter, SIDE - quarter), colours[2]));
        assert!(is_near(image.get_pixel(2, 2), GROUND.0));
    }

    #[test]
    fn an_avatar_is_shown_and_what_is_none_is_not() {
        let colour = [120, 60, 180];
        let avatar = DynamicImage::ImageRgb8(RgbImage::from_pixel(64, 64, Rgb(colour)));
        let avatar = Bytes::from(shrink::encode_avatar(&avatar, None).unwrap().bytes);
        let image = seen(&[Tile::Avatar(avatar), Tile::Avatar(Bytes::from_static(b"no picture"))]);
        assert!(is_near(image.get_pixel(SIDE / 4, SIDE / 2), colour));
        assert!(is_near(image.get_pixel(SIDE * 3 / 4, SIDE / 2), GROUND.0));
        assert_eq!(seen(&vec![Tile::Colour(colour); 20]).width(), SIDE);
    }
}
