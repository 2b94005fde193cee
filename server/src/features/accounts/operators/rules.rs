//! What operators type to sanction somebody, or to lift that: words in, sanctions out. Pure.

use crate::features::accounts::sanctions::named;
use crate::restrictions::Area;
use crate::text;
use crate::time::{DAY, Time};
use teahouse_proto::safety::{self, Sanction, sanction::Kind};

/// Most graphemes of what an operator says to somebody.
const TEXT_MAX: usize = 200;
/// Most days of what has an end.
const DAYS_MAX: u32 = 3650;
/// How to type a sanction.
pub(super) const SANCTION_USAGE: &str = "\
USERNAME WHAT [DAYS] [TEXT…], where WHAT is one of
      warn TEXT…          a word that they see; nothing is closed
      mute                they say nothing in conversations any more
      close AREA          speaking, requests, groups, greetings, look-around, shake or profile
      plug-ins-off        greetings, look-around and shake
      suspend DAYS        signed out everywhere, and not let in before
      ban                 the same for good
      minor               the account of a minor: strangers and plug-ins are closed for good
    Without DAYS it has no end. They are told, with TEXT; nobody else is";
/// How to type what is to be lifted.
pub(super) const LIFT_USAGE: &str =
    "USERNAME mute|close AREA|plug-ins-off|suspend|ban|minor|warn|all: takes it back; they are told";

/// What a sanction is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Warn,
    Close(Vec<Area>),
    Suspend,
    Ban,
    Minor,
}

/// What is to be brought upon somebody: one or several sanctions. Errors: what is wrong with the words.
pub(super) fn sanctions(words: &[String], now: Time) -> Result<Vec<Sanction>, String> {
    let (what, rest) = what(words)?;
    let (days, rest) = match rest.split_first() {
        Some((first, after)) if has_end(&what) && first.chars().all(|c| c.is_ascii_digit()) => {
            (Some(days(first)?), after)
        }
        _ => (None, rest),
    };
    let joined = rest.join(" ");
    let text = text::line(&joined, TEXT_MAX)
        .ok_or_else(|| format!("TEXT is one line of at most {TEXT_MAX} characters that can be seen"))?;
    match (&what, days) {
        (What::Suspend, None) => return Err("suspend needs a number of DAYS; ban has no end".to_owned()),
        (What::Warn, _) if text.is_empty() => return Err("warn needs a TEXT that they see".to_owned()),
        _ => {}
    }
    let until_ms = days.map_or(0, |days| (now + DAY * days).as_ms());
    let made = |kind: Kind, area: safety::Area| Sanction {
        kind: kind.into(),
        area: area.into(),
        text: text.clone(),
        from_ms: now.as_ms(),
        until_ms,
        until_reviewed: false,
    };
    Ok(match what {
        What::Warn => vec![made(Kind::Warning, safety::Area::Unspecified)],
        What::Close(areas) => areas.into_iter().map(|area| made(Kind::Restriction, named(area))).collect(),
        What::Suspend => vec![made(Kind::Suspension, safety::Area::Unspecified)],
        What::Ban => vec![made(Kind::Ban, safety::Area::Unspecified)],
        What::Minor => vec![made(Kind::Minor, safety::Area::Unspecified)],
    })
}

/// What is to be lifted, as kinds and areas. Errors: what is wrong with the words.
pub(super) fn lifted(words: &[String]) -> Result<Vec<(Kind, safety::Area)>, String> {
    const ALL: [Kind; 5] = [Kind::Warning, Kind::Restriction, Kind::Suspension, Kind::Ban, Kind::Minor];
    let anywhere = |kind: Kind| (kind, safety::Area::Unspecified);
    if matches!(words, [all] if all == "all") {
        let areas = Area::ALL.into_iter().map(|area| (Kind::Restriction, named(area)));
        return Ok(ALL.into_iter().map(anywhere).chain(areas).collect());
    }
    let (what, rest) = what(words)?;
    if let Some(more) = rest.first() {
        return Err(format!("lift does not know what to do with {more:?}"));
    }
    Ok(match what {
        What::Warn => vec![anywhere(Kind::Warning)],
        What::Close(areas) => areas.into_iter().map(|area| (Kind::Restriction, named(area))).collect(),
        What::Suspend => vec![anywhere(Kind::Suspension)],
        What::Ban => vec![anywhere(Kind::Ban)],
        What::Minor => vec![anywhere(Kind::Minor)],
    })
}

fn what(words: &[String]) -> Result<(What, &[String]), String> {
    let (first, rest) =
        words.split_first().ok_or("say what: warn, mute, close, plug-ins-off, suspend, ban or minor")?;
    Ok(match first.as_str() {
        "warn" => (What::Warn, rest),
        "mute" => (What::Close(vec![Area::Speaking]), rest),
        "close" => {
            let list = Area::ALL.map(Area::word).join(", ");
            let (name, rest) = rest.split_first().ok_or_else(|| format!("close needs an AREA: {list}"))?;
            let area = Area::ALL.into_iter().find(|area| area.word() == name);
            let area = area.ok_or_else(|| format!("{name:?} is no AREA; there are {list}"))?;
            (What::Close(vec![area]), rest)
        }
        "plug-ins-off" => (What::Close(Area::AMONG_STRANGERS.to_vec()), rest),
        "suspend" => (What::Suspend, rest),
        "ban" => (What::Ban, rest),
        "minor" => (What::Minor, rest),
        other => {
            return Err(format!(
                "{other:?} is no sanction; there are warn, mute, close, plug-ins-off, suspend, ban and minor"
            ));
        }
    })
}

/// Whether a sanction can be for some days.
fn has_end(what: &What) -> bool {
    matches!(what, What::Close(_) | What::Suspend)
}

fn days(word: &str) -> Result<u32, String> {
    let days = word.parse().ok().filter(|days| (1..=DAYS_MAX).contains(days));
    days.ok_or_else(|| format!("DAYS is a number from 1 to {DAYS_MAX}, not {word}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_800_000_000_000);

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn what_operators_type_is_what_comes_of_it() {
        let day = |days: u32| (NOW + DAY * days).as_ms();
        for (line, kind, areas, until, text) in [
            ("warn no ads, please", Kind::Warning, &[safety::Area::Unspecified][..], 0, "no ads, please"),
            ("warn 3 times now", Kind::Warning, &[safety::Area::Unspecified], 0, "3 times now"),
            ("mute", Kind::Restriction, &[safety::Area::Speaking], 0, ""),
            ("mute 3 for spam", Kind::Restriction, &[safety::Area::Speaking], day(3), "for spam"),
            ("mute three days", Kind::Restriction, &[safety::Area::Speaking], 0, "three days"),
            ("close look-around 1", Kind::Restriction, &[safety::Area::LookAround], day(1), ""),
            (
                "plug-ins-off 7 x",
                Kind::Restriction,
                &[safety::Area::Greetings, safety::Area::LookAround, safety::Area::Shake],
                day(7),
                "x",
            ),
            ("suspend 30 fraud", Kind::Suspension, &[safety::Area::Unspecified], day(30), "fraud"),
            ("ban 7 accounts", Kind::Ban, &[safety::Area::Unspecified], 0, "7 accounts"),
            ("minor", Kind::Minor, &[safety::Area::Unspecified], 0, ""),
        ] {
            let made = sanctions(&words(line), NOW).unwrap_or_else(|e| panic!("{line}: {e}"));
            assert_eq!(made.iter().map(Sanction::area).collect::<Vec<_>>(), areas, "{line}");
            for s in made {
                assert_eq!((s.kind(), s.until_ms, s.text.as_str()), (kind, until, text), "{line}");
                assert_eq!((s.from_ms, s.until_reviewed), (NOW.as_ms(), false));
            }
        }
    }

    #[test]
    fn mistakes_are_told() {
        let long = format!("warn {}", "x".repeat(201));
        for (line, told) in [
            ("", "say what"),
            ("shoot", "no sanction"),
            ("warn", "TEXT"),
            ("close", "AREA"),
            ("close kitchen", "look-around"),
            ("suspend", "DAYS"),
            ("suspend soon", "DAYS"),
            ("suspend 0", "1 to 3650"),
            ("mute 99999999999999", "1 to 3650"),
            ("mute 3 a\u{202e}b", "one line"),
            (&long, "200"),
        ] {
            let refused = sanctions(&words(line), NOW).unwrap_err();
            assert!(refused.contains(told), "{line}: {refused}");
        }
        assert!(lifted(&words("mute 3")).unwrap_err().contains("\"3\""));
        assert!(lifted(&[]).is_err());
    }

    #[test]
    fn what_was_brought_can_be_lifted_in_the_same_words() {
        let all = lifted(&words("all")).unwrap();
        for line in ["warn x", "mute", "close profile", "plug-ins-off", "suspend 3", "ban", "minor"] {
            let made = sanctions(&words(line), NOW).unwrap();
            let same: Vec<(Kind, safety::Area)> = made.iter().map(|s| (s.kind(), s.area())).collect();
            let lifted = lifted(&words(line.trim_end_matches(" x").trim_end_matches(" 3"))).unwrap();
            assert_eq!(lifted, same, "{line}");
            assert!(same.iter().all(|s| all.contains(s)), "{line}");
        }
    }
}
