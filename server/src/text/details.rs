//! What a text tells besides what it says: links, and ways to reach somebody elsewhere. Rules of thumb, made to be wrong
//! rather once too often; who means to get round them will. Pure.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// So many digits in a row are a number to call or to write to.
const NUMBER_DIGITS: usize = 7;
/// So many letters after an @ are somebody's name.
const HANDLE_LETTERS: usize = 3;
/// The shortest name that somebody has elsewhere.
const NAME_LETTERS: usize = 4;

/// Words for places where people have numbers and names.
const ELSEWHERE: &[&str] = &[
    "wechat",
    "weixin",
    "微信",
    "薇信",
    "vx",
    "wx",
    "qq",
    "扣扣",
    "telegram",
    "tg",
    "whatsapp",
    "instagram",
    "insta",
    "snapchat",
    "kakaotalk",
    "line",
    "zalo",
    "viber",
    "skype",
    "discord",
    "电话",
    "手机",
    "微博",
];

/// Whether a text holds what a client would make a link of: a scheme, or a name of a host. Rather once too often.
pub fn has_link(text: &str) -> bool {
    if text.contains("://") {
        return true;
    }
    let mut words = text.split(|c: char| !(c.is_alphanumeric() || c == '.' || c == '-'));
    words.any(|word| {
        let labels: Vec<&str> = word.split('.').collect();
        labels.windows(2).any(|pair| {
            let host = pair[0].ends_with(char::is_alphanumeric);
            let top = pair[1].starts_with(char::is_alphabetic) && pair[1].chars().nth(1).is_some();
            host && top
        })
    })
}

/// Whether a text holds an address of mail, a number of 7 and more digits, also in pieces or in words of digits, an @name, or
/// the name or number that somebody has in another service. Links are another question, see [`has_link`].
pub fn has_contact_details(text: &str) -> bool {
    let plain = plain(text);
    has_number(&plain) || has_handle(&plain) || has_name_elsewhere(&plain)
}

/// Compatible forms, lower case, digits as ASCII, without what cannot be seen.
fn plain(text: &str) -> Vec<char> {
    let seen = |c: &char| c.general_category() != GeneralCategory::Format;
    text.nfkc().filter(seen).flat_map(char::to_lowercase).map(|c| digit(c).unwrap_or(c)).collect()
}

/// A digit of any script, and the words of Chinese for one, as ASCII.
fn digit(c: char) -> Option<char> {
    const WORDS: &[(char, &str)] = &[
        ('0', "零〇"),
        ('1', "一壹幺"),
        ('2', "二贰"),
        ('3', "三叁"),
        ('4', "四肆"),
        ('5', "五伍"),
        ('6', "六陆"),
        ('7', "七柒"),
        ('8', "八捌"),
        ('9', "九玖"),
    ];
    if let Some((digit, _)) = WORDS.iter().find(|(_, words)| words.contains(c)) {
        return Some(*digit);
    }
    // Which digit it is does not matter.
    (!c.is_ascii() && c.general_category() == GeneralCategory::DecimalNumber).then_some('0')
}

fn has_number(text: &[char]) -> bool {
    let mut digits = 0;
    for c in text {
        match c {
            '0'..='9' => digits += 1,
            ' ' | '-' | '.' | '(' | ')' | '+' | '/' | '_' | '·' | '*' | '‐' | '–' | '—' => {}
            _ => digits = 0,
        }
        if digits == NUMBER_DIGITS {
            return true;
        }
    }
    false
}

fn has_handle(text: &[char]) -> bool {
    let at = text.iter().enumerate().filter(|(_, c)| **c == '@').map(|(i, _)| i);
    let mut named = at.map(|i| text[i + 1..].iter().take_while(|c| is_of_name(**c)).count());
    named.any(|letters| letters >= HANDLE_LETTERS)
}

fn has_name_elsewhere(text: &[char]) -> bool {
    ELSEWHERE.iter().any(|word| {
        let word: Vec<char> = word.chars().collect();
        let found = text.windows(word.len()).enumerate().filter(|(_, window)| **window == word[..]);
        let mut ends = found.map(|(i, _)| (i, i + word.len()));
        ends.any(|(from, to)| {
            // "online" is no "line".
            let stands_alone = !word[0].is_ascii()
                || (from == 0 || !text[from - 1].is_ascii_alphanumeric())
                    && text.get(to).is_none_or(|c| !c.is_ascii_alphabetic());
            stands_alone && begins_with_name(&text[to..])
        })
    })
}

/// Whether what follows a service is a name there: one with a digit or a line in it, or any that is said to be one.
fn begins_with_name(text: &[char]) -> bool {
    let is_said = |c: &char| matches!(c, ':' | '=' | '号' | '是' | '加');
    let lead = text.iter().take_while(|c| is_said(c) || matches!(c, ' ' | '-' | '#' | '"' | '\'')).count();
    let said = text[..lead].iter().any(is_said);
    let rest = &text[lead..];
    let (said, rest) = match rest {
        ['i', 'd', after @ ..] if after.first().is_some_and(|c| !c.is_ascii_alphanumeric()) => {
            let skipped = after.iter().take_while(|c| is_said(c) || **c == ' ').count();
            (true, &after[skipped..])
        }
        rest => (said, rest),
    };
    let name: Vec<char> = rest.iter().copied().take_while(|c| is_of_name(*c)).collect();
    let odd = name.iter().any(|c| c.is_ascii_digit() || *c == '_');
    name.len() >= NAME_LETTERS && (said || odd)
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn links() {
        for link in [
            "https://x",
            "see evil.example/x",
            "WWW.Evil.Example",
            "例子.中国",
            "mail me@evil.example",
            "a.b.co",
            "xn--fiqs8s.example:80",
            "(evil.example)",
        ] {
            assert!(has_link(link), "{link}");
        }
        for plain in
            ["hello. World", "12.30", "e.g. this", "…", "3.5 km", "Well...", "你好。世界", "a: b/c", ".."]
        {
            assert!(!has_link(plain), "{plain}");
        }
    }

    #[test]
    fn contact_details() {
        for detail in [
            "anna@evil.example",
            "write to @anna_k",
            "call 13912345678",
            "139 1234 5678",
            "139-1234-5678",
            "(0571) 8888.1234",
            "１３９１２３４５６７８",
            "一三九一二三四五六七八",
            "幺三九 壹贰叁肆",
            "1\u{200b}3\u{200b}9\u{200b}1\u{200b}2\u{200b}3\u{200b}4",
            "١٣٩١٢٣٤",
            "①③⑨①②③④",
            "wechat anna88",
            "WeChat: annak",
            "Ｗｅｃｈａｔ：annak",
            "微信anna_k",
            "加我微信号annak",
            "vx anna88",
            "my qq: 12345",
            "QQ12345",
            "telegram id annak",
            "tg:annak",
            "line = annak",
            "day 2026-11-22",
        ] {
            assert!(has_contact_details(detail), "{detail}");
        }
        for plain in [
            "hello",
            "你好",
            "see you @ 8",
            "meet at 12.30",
            "I am 25, 175 cm",
            "1,000,000 stars",
            "三十二万五千",
            "一一得一",
            "I like wechat",
            "wechat is fun",
            "online shop",
            "a line from a song",
            "wxyz",
            "123456",
            "in 1999 or 2001",
            "",
            "@",
            "微信好用",
        ] {
            assert!(!has_contact_details(plain), "{plain}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text: String) {
            let _ = (has_link(&text), has_contact_details(&text));
        }
    }
}
