//! Pictures of codes (ISO/IEC 18004): the modules of a text, where they lie in a picture, and the few processors that
//! may draw at a time. It knows texts and pixels, not what a code stands for.

mod logo;
mod raster;
mod studio;
mod vector;

pub(super) use logo::Logo;
pub(super) use studio::Studio;

use crate::error::{Error, Result};
use qrcode::{EcLevel, QrCode};

/// Pixels along the side of the smallest picture.
pub(super) const MIN_SIDE: u32 = 128;
/// Pixels along the side of the largest.
pub(super) const MAX_SIDE: u32 = 2048;
/// White modules around a code: what the standard asks for.
const QUIET: u32 = 4;
/// Pixels of a module below which a logo is left out: what is so small is read badly enough without one.
const LOGO_FROM: u32 = 2;
/// The side of a logo in hundredths of the code's: a tenth of the area, where level H can do without three.
const LOGO_PERCENT: u32 = 31;

/// What a picture is to be.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// What the code says.
    pub(super) text: String,
    /// Pixels along the side; of a drawing, the size it has where nobody says another.
    pub(super) side: u32,
    /// What is in the middle.
    pub(super) logo: Option<Logo>,
    pub(super) form: Form,
}

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Pixels.
    Png,
    /// A drawing.
    Svg,
}

impl Form {
    /// As HTTP names it.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Svg => "image/svg+xml",
        }
    }
}

/// Draws a picture. The same order gives the same bytes. Takes a processor for some milliseconds.
///
/// # Errors
/// A text that no code can hold.
pub(super) fn draw(order: Order) -> Result<Vec<u8>> {
    let Order { text, side, logo, form } = order;
    let with_logo = match logo {
        None => None,
        Some(logo) => {
            let modules = Modules::new(&text, EcLevel::H)?;
            let is_large = form == Form::Svg || modules.in_pixels(side).0 >= LOGO_FROM;
            is_large.then_some((modules, Some(logo)))
        }
    };
    let (modules, logo) = match with_logo {
        Some(both) => both,
        None => (Modules::new(&text, EcLevel::M)?, None),
    };
    match form {
        Form::Png => raster::png(&modules, side, logo.as_ref()),
        Form::Svg => vector::svg(&modules, side, logo.as_ref()),
    }
}

/// The modules of a code, without the quiet zone.
struct Modules {
    side: u32,
    dark: Vec<bool>,
}

impl Modules {
    fn new(text: &str, level: EcLevel) -> Result<Self> {
        let code = QrCode::with_error_correction_level(text, level);
        let code = code.map_err(|e| Error::internal(format!("a text for a QR code: {e}")))?;
        let side = u32::try_from(code.width()).map_err(Error::internal)?;
        Ok(Self { side, dark: code.into_colors().into_iter().map(|c| c == qrcode::Color::Dark).collect() })
    }

    /// Whether a module is dark; what lies outside is not.
    fn is_dark(&self, x: u32, y: u32) -> bool {
        x < self.side && y < self.side && self.dark[(y * self.side + x) as usize]
    }

    /// Pixels of a module in a picture of this side, and where the first module begins: the code is in the middle of
    /// white, and no module is larger than another.
    fn in_pixels(&self, side: u32) -> (u32, u32) {
        let module = side / (self.side + 2 * QUIET);
        (module, (side - module * self.side) / 2)
    }

    /// The square in the middle that a logo takes: its first module, and modules along its side.
    fn middle(&self) -> (u32, u32) {
        // Both are odd, so that it lies in the middle.
        let side = (self.side * LOGO_PERCENT / 100 - 1) | 1;
        ((self.side - side) / 2, side)
    }
}
