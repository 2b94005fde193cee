//! Texts that follow from a number alone, from one byte to the longest that the server takes, so that nobody has to
//! keep them in order to know them again.

use crate::dice::Dice;

/// The most bytes of a message's text.
pub const MAX_TEXT_BYTES: usize = 16 * 1024;

/// Plain letters in front; then signs of four and eight bytes, so that the longest text has fewer than 4000 graphemes.
const LETTERS: usize = 300;
const SIGNS: [&str; 2] = ["🍵", "👍🏽"];

/// The text of a seed. Mostly short as people write; one in a hundred is the longest.
pub fn text(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let bytes = match dice.below(100) {
        0..80 => 1 + dice.below(200),
        80..95 => 1 + dice.below(2 * 1024),
        95..99 => 1 + dice.below(MAX_TEXT_BYTES as u64),
        _ => MAX_TEXT_BYTES as u64,
    };
    of_length(&mut dice, bytes as usize)
}

fn of_length(dice: &mut Dice, bytes: usize) -> String {
    let mut out = String::with_capacity(bytes);
    let longest = SIGNS[1].len();
    while out.len() < bytes {
        if out.len() < LETTERS || bytes - out.len() < longest {
            out.push(char::from(b'a' + dice.below(26) as u8));
        } else {
            out.push_str(SIGNS[dice.below(2) as usize]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lengths_come_about() {
        let texts: Vec<String> = (0..2000).map(text).collect();
        assert!(texts.iter().any(|t| t.len() == 1) && texts.iter().any(|t| t.len() == MAX_TEXT_BYTES));
        // The colour of a hand is part of its grapheme.
        let graphemes = |t: &String| t.chars().filter(|c| *c != '🏽').count();
        assert!(texts.iter().all(|t| graphemes(t) <= 4000));
        assert_eq!(text(7), texts[7]);
    }
}
