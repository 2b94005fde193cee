//! Codes as SVG: the dark modules as one path, a module being 1 long. Nothing in it refers to anything outside.

use super::{Logo, Modules, QUIET};
use crate::error::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::ImageFormat;
use std::fmt::Write;
use std::io::Cursor;

/// Pixels along the side of a logo.
const LOGO_SIDE: u32 = 192;

/// The drawing.
pub(super) fn svg(modules: &Modules, side: u32, logo: Option<&Logo>) -> Result<Vec<u8>> {
    let whole = modules.side + 2 * QUIET;
    let (start, length) = logo.map_or((0, 0), |_| modules.middle());
    let hole = start..start + length;
    let mut path = String::new();
    for y in 0..modules.side {
        let is_dark = |x| modules.is_dark(x, y) && !(hole.contains(&x) && hole.contains(&y));
        let mut x = 0;
        while x < modules.side {
            let run = (x..modules.side).take_while(|x| is_dark(*x)).count() as u32;
            if run > 0 {
                write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET).map_err(Error::internal)?;
            }
            x += run.max(1);
        }
    }
    let logo = logo.map_or(Ok(String::new()), |logo| image(logo, start + QUIET, length))?;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{side}\" height=\"{side}\" viewBox=\"0 0 {whole} {whole}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{whole}v{whole}H0z\"/><path d=\"{path}\"/>{logo}\
         </svg>\n"
    )
    .into_bytes())
}

fn image(logo: &Logo, start: u32, length: u32) -> Result<String> {
    let mut png = Cursor::new(Vec::new());
    logo.pixels(LOGO_SIDE).write_to(&mut png, ImageFormat::Png).map_err(Error::internal)?;
    let data = STANDARD.encode(png.into_inner());
    let (at, side) = (f64::from(start) + 0.5, length - 1);
    Ok(format!(
        "<image x=\"{at}\" y=\"{at}\" width=\"{side}\" height=\"{side}\" href=\"data:image/png;base64,{data}\"/>"
    ))
}
