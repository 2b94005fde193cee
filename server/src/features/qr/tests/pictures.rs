//! Pictures of codes, read back by a reader that knows nothing of how they were drawn.

use super::super::picture::{Form, Logo, MAX_SIDE, MIN_SIDE, Order, draw};
use image::{GrayImage, RgbImage};

const TOKEN: &str = "-_v7-_v7-_v7-_v7-_v7-w";

/// What codes of servers with short and long names say.
fn texts() -> [String; 3] {
    let long = format!("https://{}.example", "tea-house-by-the-lake.".repeat(6).trim_end_matches('.'));
    let urls = ["http://t.io", "http://127.0.0.1:7600", &long[..128]];
    urls.map(|url| format!("{url}/q/{TOKEN}"))
}

fn order(text: &str, side: u32, logo: Option<Logo>) -> Order {
    Order { text: text.to_owned(), side, logo, form: Form::Png }
}

fn png(text: &str, side: u32, logo: Option<Logo>) -> GrayImage {
    let png = draw(order(text, side, logo)).unwrap();
    image::load_from_memory_with_format(&png, image::ImageFormat::Png).unwrap().into_luma8()
}

fn read(image: &GrayImage) -> Result<String, String> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let pixel = |x, y| image.as_raw()[y * width + x];
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, pixel);
    match &prepared.detect_grids()[..] {
        [code] => code.decode().map(|(_, text)| text).map_err(|e| e.to_string()),
        codes => Err(format!("{} codes", codes.len())),
    }
}

/// A picture that is anything but white.
fn portrait() -> Logo {
    let noise = RgbImage::from_fn(320, 320, |x, y| image::Rgb([(x * 7) as u8, (y * 5) as u8, (x ^ y) as u8]));
    let mut png = std::io::Cursor::new(Vec::new());
    noise.write_to(&mut png, image::ImageFormat::Png).unwrap();
    Logo::Picture(png.into_inner().into())
}

/// Sizes with the longest text; those at which modules grow by a pixel among them.
const SMALL: &[u32] = &[
    MIN_SIDE, 129, 130, 131, 146, 147, 148, 182, 183, 184, 199, 200, 244, 245, 255, 256, 257, 305, 333, 400,
];
/// Sizes with a text of the usual length: large ones take long to read.
const LARGE: &[u32] = &[511, 512, 513, 777, 1024, MAX_SIDE - 1, MAX_SIDE];

#[test]
fn pictures_of_all_sizes_can_be_read() {
    let [short, usual, long] = texts();
    let small =
        [&short, &usual, &long].into_iter().flat_map(|text| SMALL.iter().map(move |side| (text, *side)));
    for (text, side) in small.chain(LARGE.iter().map(|side| (&usual, *side))) {
        for logo in [None, Some(Logo::Mark), Some(portrait())] {
            let has_logo = logo.is_some();
            let image = png(text, side, logo);
            assert_eq!((image.width(), image.height()), (side, side));
            assert_eq!(read(&image).as_ref(), Ok(text), "{side} pixels, logo {has_logo}");
        }
    }
}

#[test]
fn a_code_has_its_quiet_zone_and_whole_modules() {
    let [_, text, _] = texts();
    for side in [MIN_SIDE, 257, 512] {
        let image = png(&text, side, None);
        assert!(image.pixels().all(|p| [0, 255].contains(&p.0[0])), "black or white");
        let dark = |n: &u32| (0..side).any(|m| image.get_pixel(*n, m).0 == [0]);
        let (first, last) = ((0..side).find(dark).unwrap(), (0..side).rev().find(dark).unwrap());
        // The finder pattern in the corner is seven modules long.
        let finder = (first..side).take_while(|x| image.get_pixel(*x, first).0 == [0]).count() as u32;
        let module = finder / 7;
        assert_eq!((finder % 7, (last + 1 - first) % module), (0, 0));
        assert!(first >= 4 * module && side - 1 - last >= 4 * module, "four modules of white");
        assert!(first.abs_diff(side - 1 - last) <= 1, "in the middle");
    }
}

#[test]
fn a_logo_is_there_where_it_does_no_harm() {
    let [_, text, long] = texts();
    let tea = |side, text: &str| {
        let png = draw(order(text, side, Some(Logo::Mark))).unwrap();
        let image = image::load_from_memory(&png).unwrap().into_rgb8();
        image.pixels().filter(|p| p.0[0] != p.0[2]).count()
    };
    assert!(tea(256, &text) > 300);
    assert_eq!(tea(MIN_SIDE, &long), 0, "modules of one pixel");
    let [plain, with] = [None, Some(Logo::Mark)].map(|logo| draw(order(&long, MIN_SIDE, logo)).unwrap());
    assert_eq!(plain, with, "left out, it is as if nobody had asked");
    let broken = Logo::Picture(bytes::Bytes::from_static(b"\x89PNG no picture"));
    let [mark, broken] = [Logo::Mark, broken].map(|logo| draw(order(&text, 300, Some(logo))).unwrap());
    assert_eq!(mark, broken, "what cannot be read is replaced by the mark");
}

/// The dark runs of a drawing as a picture, four pixels a module.
fn painted(svg: &str) -> GrayImage {
    let attribute = |name: &str| {
        let (_, rest) = svg.split_once(&format!(" {name}=\"")).unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    let whole: u32 = attribute("viewBox").rsplit_once(' ').unwrap().1.parse().unwrap();
    let (_, path) = svg.split_once("<path d=\"").unwrap();
    let mut image = GrayImage::from_pixel(whole * 4, whole * 4, image::Luma([255]));
    for run in path.split_once('"').unwrap().0.split('M').skip(1) {
        let (at, rest) = run.split_once('h').unwrap();
        let (x, y) = at.split_once(' ').unwrap();
        let [x, y, length] = [x, y, rest.split_once('v').unwrap().0].map(|n| n.parse::<u32>().unwrap() * 4);
        for (x, y) in (x..x + length).flat_map(|x| (y..y + 4).map(move |y| (x, y))) {
            image.put_pixel(x, y, image::Luma([0]));
        }
    }
    image
}

#[test]
fn drawings_can_be_read_and_hold_all_that_is_in_them() {
    for text in texts() {
        for logo in [None, Some(Logo::Mark), Some(portrait())] {
            let has_logo = logo.is_some();
            let svg = draw(Order { form: Form::Svg, ..order(&text, 300, logo) }).unwrap();
            let svg = String::from_utf8(svg).unwrap();
            assert!(svg.contains(" width=\"300\" height=\"300\" "));
            assert_eq!(read(&painted(&svg)).as_ref(), Ok(&text));
            assert_eq!(svg.contains("<image "), has_logo);
            let foreign = svg.replace("http://www.w3.org/2000/svg", "").contains("http");
            assert!(!foreign && !svg.contains("script"));
        }
    }
}

#[test]
fn the_same_order_gives_the_same_picture() {
    let [_, text, _] = texts();
    for form in [Form::Png, Form::Svg] {
        let draw = || draw(Order { form, ..order(&text, 333, Some(portrait())) }).unwrap();
        assert!(draw() == draw());
    }
}
