//! What may be said: pure rules, without store or clock. Texts here, the other kinds in `kinds`.

pub(super) mod forwards;
pub(super) mod kinds;
pub(super) mod rights;

use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::text;
use teahouse_proto::chat::{Mention, Text};

/// The longest text, in graphemes.
pub(super) const MAX_TEXT_GRAPHEMES: usize = 4000;
/// The longest text, in bytes of UTF-8.
pub(super) const MAX_TEXT_BYTES: usize = 16 * 1024;
/// The most mentions in a text.
pub(super) const MAX_MENTIONS: usize = 50;
/// Length of a preview, in graphemes.
pub(super) const PREVIEW_GRAPHEMES: usize = 100;

/// Checks that only members are mentioned. Whether all may be is another question.
pub(super) fn check_mentioned(text: &Text, is_member: impl Fn(AccountId) -> bool) -> Result<()> {
    let fine = text.mentions.iter().all(|mention| match mention.all {
        true => mention.account_id == 0,
        false => is_member(AccountId(mention.account_id)),
    });
    if fine { Ok(()) } else { Err(mention_invalid()) }
}

/// As [`check_mentioned`], where nobody may mention all.
pub(super) fn check_mentioned_singly(text: &Text, members: &[AccountId]) -> Result<()> {
    if text.mentions.iter().any(|mention| mention.all) {
        return Err(mention_invalid());
    }
    check_mentioned(text, |account| members.contains(&account))
}

/// Checks all of a text message but who is mentioned.
pub(super) fn check_text(text: &Text) -> Result<()> {
    if text.text.trim().is_empty() {
        return Err(Error::invalid("TEXT_EMPTY", "The message is empty. Write something."));
    }
    check_length(&text.text)?;
    check_mentions(&text.text, &text.mentions)
}

/// Checks that a text is no longer than a message, and holds nothing that no message may.
pub(super) fn check_length(text: &str) -> Result<()> {
    // The bytes first: counting graphemes costs time for each byte.
    if text.len() > MAX_TEXT_BYTES || !text::within(text, MAX_TEXT_GRAPHEMES) {
        return Err(Error::invalid(
            "TEXT_TOO_LONG",
            "A message holds at most 4000 characters and 16 KiB. Send it in parts or as a file.",
        ));
    }
    if !text::no_controls(text) {
        return Err(Error::invalid(
            "TEXT_INVALID",
            "The message holds control characters. Only line feed and tab may be used.",
        ));
    }
    Ok(())
}

fn check_mentions(text: &str, mentions: &[Mention]) -> Result<()> {
    let mut free_from = 0;
    for mention in mentions {
        let (start, len) = (mention.offset as usize, mention.length as usize);
        let fits = len > 0 && start >= free_from && text.get(start..start.saturating_add(len)).is_some();
        if !fits {
            return Err(mention_invalid());
        }
        free_from = start + len;
    }
    if mentions.len() > MAX_MENTIONS { Err(mention_invalid()) } else { Ok(()) }
}

pub(super) fn mention_invalid() -> Error {
    Error::invalid(
        "MENTION_INVALID",
        "A mention must name a member of the conversation and a part of the text (UTF-8 offset and length, in order, \
         not overlapping); at most 50.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ANNA: AccountId = AccountId(1);

    fn check(text: &str, mentions: &[(u64, u32, u32)]) -> Option<&'static str> {
        let mentions = mentions
            .iter()
            .map(|&(account_id, offset, length)| Mention { account_id, offset, length, all: false })
            .collect();
        let text = Text { text: text.into(), mentions, quote_seq: 0 };
        check_text(&text).and_then(|()| check_mentioned_singly(&text, &[ANNA])).err().map(|e| e.reason())
    }

    #[test]
    fn texts() {
        assert_eq!(check("hello 你好\n\tx", &[]), None);
        assert_eq!(check(" \n", &[]), Some("TEXT_EMPTY"));
        assert_eq!(check(&"你".repeat(4000), &[]), None);
        assert_eq!(check(&"你".repeat(4001), &[]), Some("TEXT_TOO_LONG"));
        assert_eq!(check(&"👨‍👩‍👧‍👦".repeat(700), &[]), Some("TEXT_TOO_LONG"));
        assert_eq!(check("a\u{0}", &[]), Some("TEXT_INVALID"));
    }

    #[test]
    fn mentions() {
        assert_eq!(check("@你 x @b", &[(1, 0, 4), (1, 7, 2)]), None);
        for bad in [
            &[(2, 0, 1)][..],
            &[(1, 0, 0)],
            &[(1, 0, 99)],
            &[(1, 2, 1)],
            &[(1, 0, 4), (1, 3, 2)],
            &[(1, u32::MAX, u32::MAX)],
        ] {
            assert_eq!(check("@你 x @b", bad), Some("MENTION_INVALID"), "{bad:?}");
        }
    }

    #[test]
    fn everybody_is_mentioned_without_an_account() {
        let all = |account_id| Text {
            text: "@all".into(),
            mentions: vec![Mention { account_id, offset: 0, length: 4, all: true }],
            quote_seq: 0,
        };
        assert!(check_mentioned(&all(0), |_| false).is_ok());
        assert!(check_mentioned(&all(1), |_| true).is_err());
        assert!(check_mentioned_singly(&all(0), &[ANNA]).is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text: String, mentions: Vec<(u64, u32, u32)>) {
            let _ = check(&text, &mentions);
        }
    }
}
