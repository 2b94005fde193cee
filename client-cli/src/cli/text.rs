//! Text on a terminal: other people's words made harmless, columns that line up, times in the user's zone. Pure.

use std::borrow::Cow;
use std::fmt::Write as _;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Whether a character could steer the terminal, or show a text in another order than it has.
fn is_harmful(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// Somebody's text as one harmless line: line feeds and tabs become spaces, what could harm is shown by its number.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => out.push(' '),
            c if is_harmful(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Somebody's text with its lines kept; all but the first begin with `indent` spaces.
pub(crate) fn block(text: &str, indent: usize) -> String {
    let lines: Vec<_> = text.trim_end_matches('\n').split('\n').map(|l| line(l).into_owned()).collect();
    lines.join(&format!("\n{:indent$}", ""))
}

/// Whether two names read the same, whatever their case. No name is the same as none.
pub(crate) fn same_name(name: &str, said: &str) -> bool {
    !name.is_empty() && name.to_lowercase() == said.to_lowercase()
}

/// Several names as people say them: `Anna, Bobby and Carol`, and no more than `most` of them.
pub(crate) fn together(names: &[String], most: usize) -> String {
    let (shown, more) = names.split_at(names.len().min(most));
    let more = (!more.is_empty()).then(|| format!("{} more", more.len()));
    let mut all: Vec<&str> = shown.iter().map(String::as_str).chain(more.as_deref()).collect();
    match all.pop() {
        Some(last) if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        last => last.unwrap_or_default().to_owned(),
    }
}

/// `1 member`, `2 members`.
pub(crate) fn members(count: u32) -> String {
    format!("{count} {}", if count == 1 { "member" } else { "members" })
}

/// The same JSON with everything escaped that a terminal could take for a command. JSON itself escapes only the first
/// 32 characters; the others can stand in strings alone, where an escape means the same.
pub(crate) fn json(json: &str) -> Cow<'_, str> {
    if !json.chars().any(is_harmful) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if is_harmful(c) {
            // All of them are below 0x10000, so one unit of UTF-16 each.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// A text cut to a width, with an ellipsis where something is missing.
pub(crate) fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    for grapheme in text.graphemes(true) {
        if out.width() + grapheme.width() + 1 > width {
            break;
        }
        out.push_str(grapheme);
    }
    out.push('…');
    Cow::Owned(out)
}

/// What a stranger may say of themselves beside what the server says: one harmless line of so many columns at most, in
/// which no run of white space draws a line of its own.
pub(crate) fn short(text: &str, width: usize) -> String {
    let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&line(&squeezed), width).into_owned()
}

/// Rows under headings, columns two spaces apart, the last one free.
pub(crate) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let widths: [usize; N] = std::array::from_fn(|i| {
        rows.iter().map(|row| row[i].width()).chain([headings[i].width()]).max().unwrap_or(0)
    });
    let mut out = String::new();
    for row in std::iter::once(&headings.map(str::to_owned)).chain(rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width - cell.width() + 2));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.pop();
    out
}

/// Times as the user reads them.
#[derive(Clone, Debug)]
pub(crate) struct Times(jiff::tz::TimeZone);

impl Times {
    /// In the zone of this machine, or UTC where it has none.
    pub(crate) fn local() -> Self {
        Self(jiff::tz::TimeZone::try_system().unwrap_or(jiff::tz::TimeZone::UTC))
    }

    #[cfg(test)]
    pub(crate) fn utc() -> Self {
        Self(jiff::tz::TimeZone::UTC)
    }

    /// UTC milliseconds as `2026-01-31 18:05`; nothing for 0.
    pub(crate) fn minute(&self, ms: i64) -> String {
        self.format(ms, "%Y-%m-%d %H:%M")
    }

    /// UTC milliseconds as `18:05:09`.
    pub(crate) fn clock(&self, ms: i64) -> String {
        self.format(ms, "%H:%M:%S")
    }

    /// UTC milliseconds as `2026-01-31`.
    pub(crate) fn day(&self, ms: i64) -> String {
        self.format(ms, "%Y-%m-%d")
    }

    fn format(&self, ms: i64, format: &str) -> String {
        match jiff::Timestamp::from_millisecond(ms) {
            Ok(time) if ms != 0 => time.to_zoned(self.0.clone()).strftime(format).to_string(),
            _ => String::new(),
        }
    }

    /// What to say of the zone: its name, or UTC.
    pub(crate) fn zone(&self) -> &str {
        match self.0.iana_name() {
            Some("Etc/UTC" | "Etc/Universal" | "Etc/Zulu") => "UTC",
            Some("Etc/Unknown") | None => "local time",
            Some(name) => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_gets_through() {
        let attack = "a\u{1b}[2Jb\u{9b}31mc\u{7f}d\re\u{202e}f\u{2028}g";
        let shown = line(attack);
        assert_eq!(shown, r"a\u{1b}[2Jb\u{9b}31mc\u{7f}d\u{d}e\u{202e}f\u{2028}g");
        assert_eq!(line("hello 你好 👩‍👩‍👧 שלום"), "hello 你好 👩‍👩‍👧 שלום");
        assert_eq!(line("two\nlines\tand"), "two lines and");
        assert_eq!(block("two\nli\u{1b}nes\n", 4), "two\n    li\\u{1b}nes");
    }

    #[test]
    fn json_stays_the_same_document() {
        let document = serde_json::json!({"text": "\u{9b}31m \u{7f} \u{202e} 你好 \u{2067}\n"});
        let written = document.to_string();
        let shown = json(&written);
        assert!(!shown.chars().any(is_harmful), "{shown}");
        assert!(shown.contains("你好"));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), document);
    }

    #[test]
    fn names_are_told_together() {
        let names = ["Anna", "Bobby", "Carol"].map(str::to_owned);
        assert_eq!(together(&names[..0], 5), "");
        assert_eq!(together(&names[..1], 5), "Anna");
        assert_eq!(together(&names, 5), "Anna, Bobby and Carol");
        assert_eq!(together(&names, 2), "Anna, Bobby and 1 more");
        assert_eq!((members(1), members(2)), ("1 member".to_owned(), "2 members".to_owned()));
        assert!(same_name("Tea Round", "tea round") && !same_name("", ""));
    }

    #[test]
    fn columns_line_up_also_with_wide_characters() {
        let rows = [["你好".to_owned(), "x".to_owned()], ["abc".to_owned(), "yy".to_owned()]];
        assert_eq!(table(["NAME", "ID"], &rows), "NAME  ID\n你好  x\nabc   yy");
        assert_eq!(table(["NAME", "ID"], &[]), "NAME  ID");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer", 5), "long…");
        assert_eq!(cut("你好吗", 5), "你好…");
        assert_eq!(cut("👩‍👩‍👧👩‍👩‍👧", 3), "👩‍👩‍👧…");
        assert_eq!(short(" a \u{a0}\n\t b\u{1b}[2J", 40), r"a b\u{1b}[2J");
        assert_eq!(short(&format!("tea{}pot", " ".repeat(200)), 6), "tea p…");
    }

    #[test]
    fn times_are_in_the_users_zone() {
        let times = Times(jiff::tz::TimeZone::fixed(jiff::tz::offset(2)));
        assert_eq!(times.minute(1_798_761_600_000), "2027-01-01 02:00");
        assert_eq!(times.clock(1_798_761_609_000), "02:00:09");
        assert_eq!(times.day(1_798_761_600_000), "2027-01-01");
        assert_eq!(times.minute(0), "");
        assert_eq!(Times::utc().zone(), "UTC");
    }
}
