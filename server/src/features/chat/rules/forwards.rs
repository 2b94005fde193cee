//! What may be forwarded, and how much at once.

use super::kinds::one_line;
use crate::error::{Error, Kind, Result};
use crate::text;
use bytes::Bytes;
use teahouse_proto::chat::forward_preview::What;
use teahouse_proto::chat::{ContentKind, ForwardPreview, Forwarded, forwarded};

/// The most messages in one call.
const MAX_MESSAGES: usize = 100;
/// The most messages in a merged forward, with those in merged forwards within it.
const MAX_TOTAL: u32 = 500;
/// The most media in what is forwarded at once.
const MAX_MEDIA: usize = 1000;
/// The most bytes of a merged forward, without its media.
const MAX_BYTES: usize = 2 * 1024 * 1024;
/// How deep merged forwards may be in one another.
const MAX_DEPTH: u32 = 5;
/// The longest title, in graphemes.
const MAX_TITLE: usize = 60;
/// Messages of a merged forward that are shown with it.
pub(in super::super) const PREVIEW_LINES: usize = 4;
/// Length of a text there, in graphemes.
const PREVIEW_GRAPHEMES: usize = 60;

/// Checks the title of a merged forward.
pub(in super::super) fn title(given: &str) -> Result<()> {
    one_line(given, MAX_TITLE, "The title of a merged forward is one line of at most 60 characters.")
}

/// Checks which messages are to be forwarded; gives how many, at least 1.
pub(in super::super) fn numbers(seqs: &[u64]) -> Result<u32> {
    if seqs.is_empty() {
        return Err(Error::invalid(
            "FIELD_MISSING",
            "Name the messages to forward by their numbers (`seqs`).",
        ));
    }
    if seqs.len() > MAX_MESSAGES {
        return Err(too_many());
    }
    if !seqs.is_sorted_by(|a, b| a < b) {
        return Err(Error::invalid("SEQ_INVALID", "The numbers must rise, each named once."));
    }
    Ok(u32::try_from(seqs.len()).unwrap_or(u32::MAX))
}

/// Checks how many media messages have that are copied one by one.
pub(in super::super) fn check_media(count: usize) -> Result<()> {
    if count > MAX_MEDIA { Err(too_many()) } else { Ok(()) }
}

/// Checks what a merged forward comes to.
pub(in super::super) fn check_size(total: u32, media: usize, bytes: usize, depth: u32) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(not_forwardable());
    }
    if total > MAX_TOTAL || media > MAX_MEDIA || bytes > MAX_BYTES { Err(too_many()) } else { Ok(()) }
}

/// A message in a line.
pub(in super::super) fn preview(
    told: &Forwarded,
    kind: impl Fn(&forwarded::Content) -> ContentKind,
) -> Option<ForwardPreview> {
    let what = match told.content.as_ref()? {
        forwarded::Content::Text(said) => What::Text(text::cut(&said.text, PREVIEW_GRAPHEMES).0.to_owned()),
        other => What::Other(kind(other).into()),
    };
    Some(ForwardPreview { author_name: told.author_name.clone(), what: Some(what) })
}

/// A place among the messages of a merged forward, which never change, as a cursor.
pub(in super::super) fn place(at: usize) -> Bytes {
    u32::try_from(at).unwrap_or(u32::MAX).to_be_bytes().to_vec().into()
}

/// The place of a cursor; the first where there is none.
pub(in super::super) fn read_place(cursor: &[u8]) -> Result<usize> {
    match <[u8; 4]>::try_from(cursor) {
        Ok(bytes) => Ok(u32::from_be_bytes(bytes) as usize),
        Err(_) if cursor.is_empty() => Ok(0),
        Err(_) => Err(Error::invalid(
            "CURSOR_INVALID",
            "The cursor is not one that this server gave. Start from the first page.",
        )),
    }
}

/// Nobody to forward to.
pub(in super::super) fn no_destination() -> Error {
    Error::invalid("FIELD_MISSING", "Say where to forward to (`conversation_id` or `account_id`).")
}

/// What is no message that could be said again.
pub(in super::super) fn not_forwardable() -> Error {
    Error::precondition(
        "NOT_FORWARDABLE",
        "Notices, recalled messages, cards of people who are no friends of yours and merged forwards more than 5 \
         deep cannot be forwarded. Leave them out.",
    )
}

/// Somebody changed a message between the reading and the writing, several times in a row.
pub(in super::super) fn changed_meanwhile() -> Error {
    Error::new(Kind::Conflict, "CHANGED_MEANWHILE", "A message changed while it was being copied. Try again.")
}

/// More at once than can be.
pub(in super::super) fn too_many() -> Error {
    Error::invalid(
        "TOO_MANY_MESSAGES",
        "At once 100 messages can be forwarded; merged, with all that is in them, 500 messages and 2 MiB; 1000 media. \
         Forward them in parts.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use teahouse_proto::chat::Text;

    #[test]
    fn numbers_rise() {
        let many: Vec<u64> = (1..=101).collect();
        for (seqs, outcome) in [
            (&[][..], Err("FIELD_MISSING")),
            (&[5], Ok(1)),
            (&[5, 6, 9], Ok(3)),
            (&[5, 5], Err("SEQ_INVALID")),
            (&[6, 5], Err("SEQ_INVALID")),
            (&many[1..], Ok(100)),
            (&many, Err("TOO_MANY_MESSAGES")),
        ] {
            assert_eq!(numbers(seqs).map_err(|e| e.reason()), outcome, "{seqs:?}");
        }
    }

    #[test]
    fn what_is_merged_has_bounds() {
        for (total, media, bytes, depth, reason) in [
            (500, 1000, 2 << 20, 5, None),
            (501, 0, 0, 1, Some("TOO_MANY_MESSAGES")),
            (1, 1001, 0, 1, Some("TOO_MANY_MESSAGES")),
            (1, 0, (2 << 20) + 1, 1, Some("TOO_MANY_MESSAGES")),
            (1, 0, 0, 6, Some("NOT_FORWARDABLE")),
        ] {
            assert_eq!(check_size(total, media, bytes, depth).err().map(|e| e.reason()), reason);
        }
        assert!(check_media(1000).is_ok() && check_media(1001).is_err());
        assert!(title(&"é".repeat(60)).is_ok() && title("").is_ok());
        assert_eq!(title(&"é".repeat(61)).unwrap_err().reason(), "TEXT_TOO_LONG");
        assert_eq!(title("a\nb").unwrap_err().reason(), "TEXT_INVALID");
    }

    #[test]
    fn a_preview_is_a_line_or_a_kind() {
        let told = |content| Forwarded { author_name: "Anna".into(), sent_at_ms: 1, content: Some(content) };
        let text = forwarded::Content::Text(Text { text: "é".repeat(70), ..Text::default() });
        let line = preview(&told(text), |_| ContentKind::Unspecified).unwrap();
        assert_eq!((line.author_name.as_str(), line.what), ("Anna", Some(What::Text("é".repeat(60)))));
        let link = forwarded::Content::Link(Default::default());
        let line = preview(&told(link), |_| ContentKind::Link).unwrap();
        assert_eq!(line.what, Some(What::Other(ContentKind::Link.into())));
    }

    #[test]
    fn cursors_are_places() {
        assert_eq!((read_place(b"").unwrap(), read_place(&place(70)).unwrap()), (0, 70));
        for bad in [&b"1"[..], b"12345"] {
            assert_eq!(read_place(bad).unwrap_err().reason(), "CURSOR_INVALID");
        }
    }
}
