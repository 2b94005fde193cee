//! What the greetings room allows and how it refuses. Knows lengths and words; neither people nor rows.

use crate::error::{Error, Result};
use crate::text;

/// Graphemes of a greeting.
const TEXT: usize = 50;

/// The text of a greeting.
pub(super) fn greeting_text(given: &str) -> Result<String> {
    if given.trim().is_empty() {
        return Err(Error::invalid("TEXT_EMPTY", "A greeting needs a text."));
    }
    if !text::within(given, TEXT) {
        return Err(Error::invalid("TEXT_TOO_LONG", "A greeting has at most 50 characters."));
    }
    if !text::no_controls(given) {
        return Err(Error::invalid("TEXT_INVALID", "The text must not contain control characters."));
    }
    if text::has_link(given) || text::has_contact_details(given) {
        return Err(Error::invalid(
            "LINKS_NOT_ALLOWED",
            "A greeting has no links, numbers, addresses or names of other services. Say them once you talk.",
        ));
    }
    Ok(given.to_owned())
}

/// How many greetings to one person may be without an answer: newcomers have a fifth.
pub(super) fn unanswered(limit: u32, newcomer: bool) -> usize {
    if newcomer { (limit / 5).max(1) as usize } else { limit as usize }
}

/// Not in the caller's box, or no longer.
pub(super) fn greeting_not_found() -> Error {
    Error::not_found(
        "GREETING_NOT_FOUND",
        "There is no such greeting any more. It expired or was settled, or its sender is gone; list them again.",
    )
}

/// Enough was said to one person who does not answer.
pub(super) fn too_many_greetings() -> Error {
    Error::precondition(
        "TOO_MANY_GREETINGS",
        "This person has not answered what you wrote. Wait until they do, or for 30 days.",
    )
}

/// The caller blocks whom they greet.
pub(super) fn you_block_them() -> Error {
    Error::precondition("YOU_BLOCK_THEM", "You block this person. Unblock them first.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_are_short_and_tell_no_way_elsewhere() {
        assert_eq!(greeting_text("hi\n你好").unwrap(), "hi\n你好");
        assert!(greeting_text(&"é".repeat(50)).is_ok());
        let reason = |text: &str| greeting_text(text).unwrap_err().reason();
        assert_eq!(reason(&"é".repeat(51)), "TEXT_TOO_LONG");
        assert_eq!(reason(&"x".repeat(100_000)), "TEXT_TOO_LONG");
        assert_eq!((reason(""), reason(" \n")), ("TEXT_EMPTY", "TEXT_EMPTY"));
        assert_eq!(reason("a\u{7}"), "TEXT_INVALID");
        for told in ["see tea.example", "139 1234 5678", "微信: anna_k", "mail a@b.example"] {
            assert_eq!(reason(told), "LINKS_NOT_ALLOWED");
        }
    }

    #[test]
    fn newcomers_wait_for_an_answer_sooner() {
        assert_eq!((unanswered(3, false), unanswered(3, true), unanswered(10, true)), (3, 1, 2));
    }
}
