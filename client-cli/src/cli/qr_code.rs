//! QR codes on a terminal, and out of pictures. It knows texts and pixels, not what they stand for.

use image::{DynamicImage, GrayImage, ImageReader, Limits, imageops};
use qrcode::{Color, EcLevel, QrCode};
use std::fs::File;
use std::io::{Cursor, Read as _};
use std::path::Path;
use teahouse_client::{Error, Kind, Result};

/// Light modules around a code, as the standard wants them (ISO/IEC 18004).
const QUIET: usize = 4;
/// Black on white in every theme: the fixed colours of the 256, not those that a theme gives names to.
const INK: &str = "\u{1b}[38;5;16;48;5;231m";
const END: &str = "\u{1b}[0m";
/// The longest file that is read for a picture.
const MAX_FILE: u64 = 20 << 20;
/// The longest side of a picture, in pixels.
const MAX_SIDE: u32 = 10_000;
/// The most memory that decoding a picture takes.
const MAX_ALLOC: u64 = 512 << 20;
/// Pixels along the side at which codes are looked for first: enough for any code that fills a tenth of a photo.
const USUAL_SIDE: u32 = 2_000;
/// Different codes of one picture.
const MAX_CODES: usize = 20;

/// A text as a code of half blocks. Without colour the light parts are drawn, as fits a dark terminal; on a light one it
/// is inverted, which most scanners take.
///
/// # Errors
/// `CODE_TOO_LONG`.
pub(super) fn drawn(text: &str, colour: bool) -> Result<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L)
        .map_err(|_| Error::new(Kind::Misuse, "CODE_TOO_LONG", "The address is too long for a QR code."))?;
    let (width, modules) = (code.width(), code.to_colors());
    let side = width + 2 * QUIET;
    let is_dark = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < width);
        matches!((inside(x), inside(y)), (Some(x), Some(y)) if modules[y * width + x] == Color::Dark)
    };
    let row = |y: usize| {
        let half_blocks: String = (0..side)
            .map(|x| match (is_dark(x, y) == colour, is_dark(x, y + 1) == colour) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            })
            .collect();
        if colour { format!("{INK}{half_blocks}{END}") } else { half_blocks }
    };
    Ok((0..side).step_by(2).map(row).collect::<Vec<_>>().join("\n"))
}

/// The texts of all codes in a picture, each once, light on dark too.
///
/// # Errors
/// `FILE_UNREADABLE`, `PICTURE_INVALID`, `NO_CODE`.
pub(super) fn read(path: &Path) -> Result<Vec<String>> {
    let picture = picture(path)?.into_luma8();
    let (width, height) = picture.dimensions();
    let longest = width.max(height);
    let mut texts = Vec::new();
    if longest > USUAL_SIDE {
        let scaled = |side: u32| (u64::from(side) * u64::from(USUAL_SIDE) / u64::from(longest)).max(1);
        let fit = |side| u32::try_from(scaled(side)).unwrap_or(USUAL_SIDE);
        texts = codes(&imageops::thumbnail(&picture, fit(width), fit(height)));
    }
    if texts.is_empty() {
        texts = codes(&picture);
    }
    if texts.is_empty() {
        let message = format!(
            "{} shows no QR code that can be read. Take one that is sharp, straight and with a light margin.",
            path.display()
        );
        return Err(Error::new(Kind::Misuse, "NO_CODE", message));
    }
    Ok(texts)
}

fn picture(path: &Path) -> Result<DynamicImage> {
    let unreadable = |e: &std::io::Error| {
        let message = format!("{} cannot be read: {e}.", path.display());
        Error::new(Kind::Misuse, "FILE_UNREADABLE", message)
    };
    let invalid = |why: &dyn std::fmt::Display| {
        let message = format!("{} is no picture that can be read: {why}.", path.display());
        Error::new(Kind::Misuse, "PICTURE_INVALID", message)
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| unreadable(&e))?;
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|e| unreadable(&e))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(invalid(&format!("it has more than {} MiB", MAX_FILE >> 20)));
    }
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| invalid(&e))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    reader.limits(limits);
    reader.decode().map_err(|e| invalid(&e))
}

/// The codes in a picture; where there are none, those of its negative.
fn codes(picture: &GrayImage) -> Vec<String> {
    let found = dark_on_light(picture);
    if !found.is_empty() {
        return found;
    }
    let mut negative = picture.clone();
    imageops::invert(&mut negative);
    dark_on_light(&negative)
}

fn dark_on_light(picture: &GrayImage) -> Vec<String> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let pixels = picture.as_raw();
    let mut prepared =
        rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| pixels[y * width + x]);
    let mut texts: Vec<String> = Vec::new();
    for grid in prepared.detect_grids() {
        if let Ok((_, text)) = grid.decode()
            && !texts.contains(&text)
            && texts.len() < MAX_CODES
        {
            texts.push(text);
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    const TEXT: &str = "https://tea.example/q/abcdefghijklmnopqrstuv";
    /// Pixels of a module.
    const SCALE: u32 = 6;

    /// What a drawing looks like on a terminal, where `ink` is the colour of a block.
    fn seen(drawing: &str, ink: u8) -> GrayImage {
        let plain = drawing.replace(INK, "").replace(END, "");
        let rows: Vec<Vec<char>> = plain.lines().map(|l| l.chars().collect()).collect();
        let (width, height) = (rows[0].len() as u32 * SCALE, rows.len() as u32 * 2 * SCALE);
        GrayImage::from_fn(width, height, |x, y| {
            let (column, row) = ((x / SCALE) as usize, (y / SCALE) as usize);
            let is_upper = row % 2 == 0;
            let has_ink = match rows[row / 2][column] {
                '█' => true,
                '▀' => is_upper,
                '▄' => !is_upper,
                _ => false,
            };
            Luma([if has_ink { ink } else { 255 - ink }])
        })
    }

    fn saved(picture: &GrayImage) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("code.png");
        picture.save(&path).unwrap();
        (dir, path)
    }

    #[test]
    fn a_drawing_can_be_scanned_off_any_terminal() {
        let (_dir, path) = saved(&seen(&drawn(TEXT, true).unwrap(), 0));
        assert_eq!(read(&path).unwrap(), [TEXT], "in colour it is black on white everywhere");
        let plain = drawn(TEXT, false).unwrap();
        assert!(plain.lines().all(|l| l.chars().count() == plain.lines().next().unwrap().chars().count()));
        for ink in [255, 0] {
            let (_dir, path) = saved(&seen(&plain, ink));
            assert_eq!(read(&path).unwrap(), [TEXT], "ink {ink}");
        }
        assert_eq!(drawn(&"x".repeat(5000), true).expect_err("too long").reason(), "CODE_TOO_LONG");
    }

    #[test]
    fn all_codes_of_a_large_picture_are_read_once() {
        let mut poster = GrayImage::from_pixel(2600, 1000, Luma([255]));
        for (n, text) in [TEXT, "tea", TEXT].into_iter().enumerate() {
            let code = seen(&drawn(text, true).unwrap(), 0);
            imageops::overlay(&mut poster, &code, 50 + 800 * n as i64, 100);
        }
        let (_dir, path) = saved(&poster);
        let mut texts = read(&path).unwrap();
        texts.sort_unstable();
        assert_eq!(texts, [TEXT, "tea"]);
    }

    #[test]
    fn what_is_no_code_says_why() {
        let (dir, path) = saved(&GrayImage::from_pixel(40, 40, Luma([200])));
        assert_eq!(read(&path).expect_err("empty").reason(), "NO_CODE");
        let text = dir.path().join("text.png");
        std::fs::write(&text, "tea").unwrap();
        assert_eq!(read(&text).expect_err("no picture").reason(), "PICTURE_INVALID");
        assert_eq!(read(&dir.path().join("none")).expect_err("no file").reason(), "FILE_UNREADABLE");
        let wide = dir.path().join("wide.png");
        GrayImage::new(MAX_SIDE + 1, 1).save(&wide).unwrap();
        assert_eq!(read(&wide).expect_err("too wide").reason(), "PICTURE_INVALID");
    }
}
