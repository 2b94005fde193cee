//! What is one emoji: the fully qualified forms of Unicode Technical Standard 51, in which each emoji is written in one
//! way only. Whether a sequence is in use anywhere is left to fonts.

use unicode_properties::{EmojiStatus, UnicodeEmoji};
use unicode_segmentation::UnicodeSegmentation;

/// The longest emoji, in bytes of UTF-8.
const MAX_BYTES: usize = 32;

/// Asks for the coloured form of a character that also is text.
const VARIATION: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';
const JOINER: char = '\u{200d}';
const BLACK_FLAG: char = '\u{1f3f4}';
const END_OF_TAGS: char = '\u{e007f}';

/// Whether a text is one emoji.
pub fn is_emoji(text: &str) -> bool {
    text.len() <= MAX_BYTES
        && text.graphemes(true).take(2).count() == 1
        && is_sequence(&text.chars().collect::<Vec<_>>())
}

fn is_sequence(chars: &[char]) -> bool {
    match chars {
        ['0'..='9' | '#' | '*', VARIATION, KEYCAP] => true,
        [BLACK_FLAG, tags @ .., END_OF_TAGS] => {
            !tags.is_empty() && tags.iter().all(|tag| ('\u{e0020}'..='\u{e007e}').contains(tag))
        }
        [one, other] if is_regional(*one) => is_regional(*other),
        _ => chars.split(|c| *c == JOINER).all(is_element),
    }
}

fn is_element(chars: &[char]) -> bool {
    use EmojiStatus::{EmojiModifierBase, EmojiOther, EmojiPresentation, EmojiPresentationAndModifierBase};
    match chars {
        [base] => {
            matches!(base.emoji_status(), EmojiPresentation | EmojiPresentationAndModifierBase)
        }
        [base, VARIATION] => matches!(base.emoji_status(), EmojiOther | EmojiModifierBase),
        [base, '\u{1f3fb}'..='\u{1f3ff}'] => {
            matches!(base.emoji_status(), EmojiModifierBase | EmojiPresentationAndModifierBase)
        }
        _ => false,
    }
}

fn is_regional(c: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::is_emoji;
    use proptest::prelude::*;

    #[test]
    fn one_emoji_each() {
        let england = "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}";
        for good in ["👍", "👍🏽", "❤️", "☝🏿", "☺️", "1️⃣", "#️⃣", "🇨🇳", "👨‍👩‍👧‍👦", "🕵️‍♂️", "🏳️‍🌈", "👩‍❤️‍💋‍👨", "©️", england]
        {
            assert!(is_emoji(good), "{good} {good:?}");
        }
    }

    #[test]
    fn nothing_else() {
        let long = "👩🏽‍❤️‍💋‍👨🏿";
        assert!(long.len() > 32);
        for bad in [
            "",
            "1",
            "a",
            "你",
            "👍👍",
            "👍 ",
            " 👍",
            "❤",
            "👍\u{fe0f}",
            "❤\u{fe0f}\u{fe0f}",
            "©",
            "🇨",
            "🏽",
            "\u{200d}",
            "👍\u{200d}",
            "\u{200d}👍",
            "👩\u{200d}\u{200d}👩",
            "1\u{fe0f}",
            "1\u{20e3}",
            "a\u{fe0f}\u{20e3}",
            "🌈🏽",
            "🏴\u{e007f}",
            "👍\u{e0067}\u{e007f}",
            "👍\u{301}",
            "👍\u{202e}",
            long,
            "\u{fe0f}",
            "🏴\u{e0067}",
        ] {
            assert!(!is_emoji(bad), "{bad} {bad:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text: String) {
            let _ = is_emoji(&text);
        }
    }
}
