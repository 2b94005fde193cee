//! What a pack may be: pure rules, without store or clock.

use crate::emoji::is_emoji;
use crate::error::{Error, Result};
use crate::features::media;
use crate::text;
use unicode_normalization::UnicodeNormalization;

/// Graphemes of a pack's name.
const NAME_GRAPHEMES: usize = 32;
/// Stickers of a pack.
pub(super) const MAX_STICKERS: usize = 100;

/// The name of a pack as it is kept. Errors: `PACK_NAME_INVALID`.
pub(super) fn pack_name(name: &str) -> Result<String> {
    let name: String = name.trim().nfc().collect();
    if !name.is_empty() && text::within(&name, NAME_GRAPHEMES) && text::visible_line(&name) {
        return Ok(name);
    }
    Err(Error::invalid(
        "PACK_NAME_INVALID",
        "The name of a pack has 1 to 32 characters, without control or invisible ones.",
    ))
}

/// How many stickers come to those that are there. Errors: `PACK_SIZE_INVALID`.
pub(super) fn pack_size(have: usize, more: usize) -> Result<()> {
    if more > 0 && have + more <= MAX_STICKERS {
        return Ok(());
    }
    Err(Error::invalid("PACK_SIZE_INVALID", "A pack has 1 to 100 stickers. Make another pack for more."))
}

/// What a sticker says. Errors: `EMOJI_INVALID`.
pub(super) fn emoji(emoji: &str) -> Result<()> {
    if emoji.is_empty() || is_emoji(emoji) {
        return Ok(());
    }
    Err(Error::invalid("EMOJI_INVALID", "Name what it says by one emoji, or leave it empty."))
}

/// A pack's name as text.
pub(super) fn pack_text(id: [u8; 16]) -> String {
    media::name_text(id)
}

/// A pack's name from text. Errors: `PACK_NOT_FOUND`.
pub(super) fn pack_id(text: &str) -> Result<[u8; 16]> {
    media::parse_name(text).ok_or_else(pack_not_found)
}

/// The one answer for packs that do not exist, and for changes to those of others.
pub(super) fn pack_not_found() -> Error {
    Error::not_found("PACK_NOT_FOUND", "There is no such pack, or it is not yours to change.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sizes_and_emoji() {
        assert_eq!(pack_name(" Tea cats ").unwrap(), "Tea cats");
        for bad in ["", "  ", "a\nb", "a\u{202e}b", &"x".repeat(33)] {
            assert_eq!(pack_name(bad).unwrap_err().reason(), "PACK_NAME_INVALID", "{bad:?}");
        }
        assert!(pack_size(0, 1).is_ok() && pack_size(0, 100).is_ok() && pack_size(99, 1).is_ok());
        assert!(pack_size(0, 0).is_err() && pack_size(0, 101).is_err() && pack_size(99, 2).is_err());
        assert!(emoji("").is_ok() && emoji("😀").is_ok() && emoji("👨‍👩‍👧‍👦").is_ok() && emoji("🇨🇳").is_ok());
        assert!(emoji("a").is_err() && emoji("😀😀").is_err() && emoji("7").is_err());
    }

    #[test]
    fn pack_ids_have_one_text() {
        let id = [7; 16];
        assert_eq!(pack_id(&pack_text(id)).unwrap(), id);
        for bad in ["", "x", "../../etc/passwd", "AAAAAAAAAAAAAAAAAAAAAB"] {
            assert_eq!(pack_id(bad).unwrap_err().reason(), "PACK_NOT_FOUND", "{bad}");
        }
    }
}
