//! Texts that people write: length in graphemes and bytes, and characters that have no business in them.

mod details;

pub use details::{has_contact_details, has_link};

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_segmentation::UnicodeSegmentation;

/// Bytes of UTF-8 allowed per grapheme of a limit, unless a rule says otherwise.
pub const BYTES_PER_GRAPHEME: usize = 16;

/// Whether a text is within a limit of graphemes, which is also one of 16 times as many bytes.
pub fn within(text: &str, graphemes: usize) -> bool {
    text.len() <= graphemes * BYTES_PER_GRAPHEME
        && text.graphemes(true).take(graphemes + 1).count() <= graphemes
}

/// The first graphemes of a text, and whether anything was cut.
pub fn cut(text: &str, graphemes: usize) -> (&str, bool) {
    let end = text.grapheme_indices(true).map(|(i, _)| i).nth(graphemes);
    let end = end.unwrap_or(text.len());
    let mut end = end.min(graphemes * BYTES_PER_GRAPHEME);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (&text[..end], end < text.len())
}

/// Whether a text is free of control characters other than line feed and tab.
pub fn no_controls(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t')
}

/// Whether a one-line text is free of control, bidi-override and invisible characters.
/// Joiners are allowed between visible characters: emoji families and several scripts need them.
pub fn visible_line(text: &str) -> bool {
    let mut previous_visible = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let joiner = matches!(c, '\u{200c}' | '\u{200d}');
        if joiner && previous_visible && chars.peek().is_some_and(|n| !invisible(*n)) {
            previous_visible = false;
            continue;
        }
        if invisible(c) {
            return false;
        }
        previous_visible = true;
    }
    true
}

/// A text of one line as it is kept: without spaces around it, in NFC. `None` where it is longer than so many graphemes,
/// or holds what cannot be seen. May be empty.
pub fn line(given: &str, graphemes: usize) -> Option<String> {
    // Measured first, so that nobody has a megabyte normalised.
    if !within(given.trim(), graphemes) {
        return None;
    }
    let line: String = given.trim().nfc().collect();
    (within(&line, graphemes) && visible_line(&line)).then_some(line)
}

/// A text with each run of white space as one space, and none around it.
pub fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Controls, format characters (bidi marks and overrides, zero-width), separators other than the space, fillers,
/// private and unassigned characters. Variation selectors and tags of flags count as visible parts of emoji.
fn invisible(c: char) -> bool {
    if c == ' ' || ('\u{e0020}'..='\u{e007f}').contains(&c) {
        return false;
    }
    matches!(
        c,
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{2800}' | '\u{034f}' | '\u{17b4}' | '\u{17b5}'
    ) || matches!(
        c.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::SpaceSeparator
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_a_person_counts() {
        assert!(within("👨‍👩‍👧‍👦", 1) == ("👨‍👩‍👧‍👦".len() <= 16));
        assert!(within("你好", 2) && !within("你好吗", 2));
        assert!(!within(&"e\u{301}".repeat(3), 2));
        assert_eq!(cut("héllo", 2), ("hé", true));
        assert_eq!(cut("hé", 2), ("hé", false));
    }

    #[test]
    fn lines_are_kept_in_one_form() {
        assert_eq!(line(" e\u{301} ", 1).as_deref(), Some("é"));
        assert_eq!(line("  ", 1).as_deref(), Some(""));
        assert_eq!((line("ab", 1), line("a\nb", 9)), (None, None));
        assert_eq!(squeezed("  a \t\u{a0} b\n"), "a b");
    }

    #[test]
    fn refuses_what_cannot_be_seen() {
        for good in ["Anna", "王小明", "a👩‍🚀b", "می\u{200c}خواهم", "O'Neil 3"] {
            assert!(visible_line(good), "{good:?}");
        }
        for bad in
            ["a\u{202e}b", "\u{200b}", "a\u{200d}", "\u{200d}a", "a\nb", "a\u{a0}b", "\u{3164}", "a\u{0}"]
        {
            assert!(!visible_line(bad), "{bad:?}");
        }
    }
}
