//! How much a report weighs, when several close something, and who gets a word of care. Pure.

use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::restrictions::Area;
use crate::text;
use std::collections::HashSet;
use teahouse_proto::common::Way;
use teahouse_proto::safety::Reason;

/// What a report of somebody weighs whose word counts in full.
pub(super) const FULL: u32 = 2;
/// The half of it; also what a block weighs.
pub(super) const HALF: u32 = FULL / 2;
/// From so many wrong reports on one counts by half, and by nothing.
const WRONG_HALF: usize = 2;
const WRONG_NOTHING: usize = 4;
/// Graphemes of what a reporter writes.
const TEXT: usize = 200;

/// What matters of a reporter.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reporter {
    /// Their account is new.
    pub(super) newcomer: bool,
    /// They report themselves.
    pub(super) themselves: bool,
    /// So many reports of theirs in 180 days were found to be wrong.
    pub(super) wrong: usize,
}

/// What a report weighs. That they met what they report was checked before.
pub(super) fn weight(reporter: Reporter) -> u32 {
    match reporter {
        Reporter { newcomer: true, .. } | Reporter { themselves: true, .. } => 0,
        Reporter { wrong: 0..WRONG_HALF, .. } => FULL,
        Reporter { wrong: WRONG_HALF..WRONG_NOTHING, .. } => HALF,
        Reporter { .. } => 0,
    }
}

/// Somebody who speaks against somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Voice {
    /// Who.
    pub(super) account: AccountId,
    /// From where their account was registered; 0: not known, or it does not count.
    pub(super) network: u64,
    /// What they weigh.
    pub(super) weight: u32,
}

/// What several weigh together: every account once, every network once, with the most that it says.
pub(super) fn together(mut voices: Vec<Voice>) -> u32 {
    voices.sort_by_key(|voice| std::cmp::Reverse(voice.weight));
    let (mut accounts, mut networks) = (HashSet::new(), HashSet::new());
    let mut sum = 0_u32;
    for voice in voices {
        let new_network = voice.network == 0 || !networks.contains(&voice.network);
        if new_network && accounts.insert(voice.account) {
            networks.insert(voice.network);
            sum = sum.saturating_add(voice.weight);
        }
    }
    sum
}

/// Whether so much is as much as this number of full reports.
pub(super) fn reaches(sum: u32, full_reports: u32) -> bool {
    sum >= full_reports.saturating_mul(FULL)
}

/// The area in which somebody was met by a way.
pub(super) fn area_of(way: Way) -> Area {
    match way {
        Way::LookAround => Area::LookAround,
        Way::Shake => Area::Shake,
        _ => Area::Greetings,
    }
}

/// The reason that a reporter names. Errors: `FIELD_MISSING`.
pub(super) fn reason(given: i32) -> Result<Reason> {
    let reason = Reason::try_from(given).ok().filter(|reason| *reason != Reason::Unspecified);
    reason.ok_or_else(|| Error::invalid("FIELD_MISSING", "Say why you report it (`reason`)."))
}

/// What a reporter writes; may be empty. Errors: `TEXT_TOO_LONG`, `TEXT_INVALID`.
pub(super) fn text(given: &str) -> Result<String> {
    if !text::within(given, TEXT) {
        return Err(Error::invalid("TEXT_TOO_LONG", "The text of a report has at most 200 characters."));
    }
    if !text::no_controls(given) {
        return Err(Error::invalid("TEXT_INVALID", "The text must not contain control characters."));
    }
    Ok(given.to_owned())
}

/// The request names nothing.
pub(super) fn object_missing() -> Error {
    Error::invalid("FIELD_MISSING", "Say what you report (`object`).")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_weighs_by_who_makes_it() {
        let good = Reporter::default();
        for (reporter, expected) in [
            (good, FULL),
            (Reporter { newcomer: true, ..good }, 0),
            (Reporter { themselves: true, ..good }, 0),
            (Reporter { wrong: 1, ..good }, FULL),
            (Reporter { wrong: 2, ..good }, HALF),
            (Reporter { wrong: 3, ..good }, HALF),
            (Reporter { wrong: 4, ..good }, 0),
            (Reporter { wrong: 99, ..good }, 0),
            (Reporter { wrong: 1, newcomer: true, ..good }, 0),
        ] {
            assert_eq!(weight(reporter), expected, "{reporter:?}");
        }
    }

    #[test]
    fn everybody_counts_once_and_so_does_every_network() {
        let voice = |account, network, weight| Voice { account: AccountId(account), network, weight };
        for (what, voices, closes) in [
            ("nobody", vec![], false),
            ("two", vec![voice(1, 7, 2), voice(2, 8, 2)], false),
            ("three", vec![voice(1, 7, 2), voice(2, 8, 2), voice(3, 9, 2)], true),
            ("one, three times", vec![voice(1, 7, 2), voice(1, 7, 2), voice(1, 7, 2)], false),
            ("one network", vec![voice(1, 7, 2), voice(2, 7, 2), voice(3, 7, 2)], false),
            ("two networks", vec![voice(1, 7, 2), voice(2, 7, 2), voice(3, 8, 2)], false),
            ("networks that are not known", vec![voice(1, 0, 2), voice(2, 0, 2), voice(3, 0, 2)], true),
            ("newcomers", (1..99).map(|n| voice(n, n, 0)).collect(), false),
            ("halves", vec![voice(1, 7, 1), voice(2, 8, 2), voice(3, 9, 2)], false),
            ("more halves", vec![voice(1, 6, 1), voice(4, 7, 1), voice(2, 8, 2), voice(3, 9, 2)], true),
            (
                "a newcomer does not use up a network",
                vec![voice(4, 7, 0), voice(1, 7, 2), voice(2, 8, 2), voice(3, 9, 2)],
                true,
            ),
            (
                "an account of two networks does not use up the second",
                vec![voice(1, 7, 2), voice(1, 8, 2), voice(2, 8, 2), voice(3, 9, 2)],
                true,
            ),
        ] {
            assert_eq!(reaches(together(voices), 3), closes, "{what}");
        }
    }

    #[test]
    fn a_way_leads_to_its_own_area() {
        assert_eq!(area_of(Way::LookAround), Area::LookAround);
        assert_eq!(area_of(Way::Shake), Area::Shake);
        assert_eq!(area_of(Way::Group), Area::Greetings);
    }

    #[test]
    fn what_a_reporter_says_is_checked() {
        assert_eq!(reason(1).unwrap(), Reason::Spam);
        for bad in [0, 99, -1] {
            assert_eq!(reason(bad).unwrap_err().reason(), "FIELD_MISSING");
        }
        assert_eq!(text("").unwrap(), "");
        assert!(text(&"é".repeat(200)).is_ok());
        assert_eq!(text(&"é".repeat(201)).unwrap_err().reason(), "TEXT_TOO_LONG");
        assert_eq!(text("\u{7}").unwrap_err().reason(), "TEXT_INVALID");
    }
}
