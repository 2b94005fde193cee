//! What may be uploaded, as far as it can be decided without looking at the bytes.

use super::format::Kind;
use crate::error::{Error, Result};
use crate::text;
use teahouse_proto::media::MediaKind;
use unicode_normalization::UnicodeNormalization;

/// Graphemes of a file's name.
const FILE_NAME_GRAPHEMES: usize = 128;

/// The kind that a request names. Errors: `MEDIA_KIND_INVALID`.
pub(super) fn kind(kind: i32) -> Result<MediaKind> {
    MediaKind::try_from(kind).ok().filter(|kind| *kind != MediaKind::Unspecified).ok_or_else(kind_invalid)
}

/// The one answer for a kind that is none, or not the one that is needed.
pub(super) fn kind_invalid() -> Error {
    Error::invalid(
        "MEDIA_KIND_INVALID",
        "This is not the kind of medium that is needed here. Name the kind when the upload begins.",
    )
}

/// A kind as the formats know it.
pub(super) fn format(kind: MediaKind) -> Result<Kind> {
    match kind {
        MediaKind::Unspecified => Err(kind_invalid()),
        MediaKind::Picture => Ok(Kind::Picture),
        MediaKind::Voice => Ok(Kind::Voice),
        MediaKind::Video => Ok(Kind::Video),
        MediaKind::File => Ok(Kind::File),
        MediaKind::Sticker => Ok(Kind::Sticker),
        MediaKind::Avatar => Ok(Kind::Avatar),
    }
}

/// Errors: `MEDIA_EMPTY`, `MEDIA_TOO_LARGE`.
pub(super) fn size(kind: MediaKind, size: u64) -> Result<u64> {
    let most = format(kind)?.max_bytes();
    match size {
        0 => Err(Error::invalid("MEDIA_EMPTY", "An upload has at least one byte. Say its exact size.")),
        size if size > most => Err(too_large(most)),
        size => Ok(size),
    }
}

/// More bytes than were announced, or than are allowed.
pub(super) fn too_large(most: u64) -> Error {
    Error::invalid("MEDIA_TOO_LARGE", format!("That is too much: at most {most} bytes here."))
}

/// The name of a file, as it is kept. Errors: `FILE_NAME_INVALID`.
pub(super) fn file_name(kind: MediaKind, name: &str) -> Result<String> {
    if kind != MediaKind::File {
        return Ok(String::new());
    }
    let name: String = name.nfc().collect();
    let is_name = !name.trim().is_empty() && name != "." && name != ".." && !name.contains(['/', '\\']);
    if is_name && text::within(&name, FILE_NAME_GRAPHEMES) && text::visible_line(&name) {
        return Ok(name);
    }
    Err(Error::invalid(
        "FILE_NAME_INVALID",
        "A file needs a name of 1 to 128 visible characters, without a path.",
    ))
}

/// A SHA-256, or nothing. Errors: `CHECKSUM_INVALID`.
pub(super) fn checksum(sha256: &[u8]) -> Result<Vec<u8>> {
    if sha256.is_empty() || sha256.len() == 32 {
        return Ok(sha256.to_vec());
    }
    Err(Error::invalid("CHECKSUM_INVALID", "A SHA-256 has 32 bytes; leave it out, or give it whole."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_ends() {
        const MIB: u64 = 1 << 20;
        let reason = |kind, n| size(kind, n).err().map(|e| e.reason());
        assert_eq!(reason(MediaKind::File, 0), Some("MEDIA_EMPTY"));
        assert_eq!(reason(MediaKind::File, 100 * MIB), None);
        assert_eq!(reason(MediaKind::File, 100 * MIB + 1), Some("MEDIA_TOO_LARGE"));
        assert_eq!(reason(MediaKind::Sticker, MIB + 1), Some("MEDIA_TOO_LARGE"));
        assert_eq!(reason(MediaKind::Avatar, u64::MAX), Some("MEDIA_TOO_LARGE"));
    }

    #[test]
    fn a_name_of_a_file_is_no_path() {
        for good in ["report.pdf", "年终总结.docx", ".bashrc", "a b", &"x".repeat(128)] {
            assert_eq!(file_name(MediaKind::File, good).unwrap(), good);
        }
        assert_eq!(file_name(MediaKind::File, "e\u{301}").unwrap(), "\u{e9}");
        for bad in ["", " ", ".", "..", "a/b", "a\\b", "a\nb", "gpj\u{202e}exe.", &"x".repeat(129)] {
            assert_eq!(file_name(MediaKind::File, bad).unwrap_err().reason(), "FILE_NAME_INVALID", "{bad}");
        }
        assert_eq!(file_name(MediaKind::Picture, "secret.jpg").unwrap(), "", "only files have names");
    }

    #[test]
    fn a_checksum_is_whole_or_missing() {
        assert!(checksum(&[]).is_ok() && checksum(&[1; 32]).is_ok());
        assert_eq!(checksum(&[1; 31]).unwrap_err().reason(), "CHECKSUM_INVALID");
        assert_eq!(kind(0).unwrap_err().reason(), "MEDIA_KIND_INVALID");
        assert_eq!(kind(99).unwrap_err().reason(), "MEDIA_KIND_INVALID");
    }
}
