//! What a list of sanctions comes to: what is closed and until when, what takes the place of what, and how it is put into
//! words. Pure.

use crate::error::{Error, Kind};
use crate::restrictions::{Area, Restrictions};
use crate::time::{DAY, Time};
use std::time::Duration;
use teahouse_proto::safety::{self, Sanction, sanction};

/// How long a warning stands in the list.
const WARNINGS_FOR: Duration = Duration::from_secs(180 * DAY.as_secs());
/// Warnings that stand in the list; one more drops the oldest.
const WARNINGS_MAX: usize = 20;

/// The area that a sanction names.
pub fn area(sanction: &Sanction) -> Option<Area> {
    match sanction.area() {
        safety::Area::Unspecified => None,
        safety::Area::Speaking => Some(Area::Speaking),
        safety::Area::Requests => Some(Area::Requests),
        safety::Area::Groups => Some(Area::Groups),
        safety::Area::Greetings => Some(Area::Greetings),
        safety::Area::LookAround => Some(Area::LookAround),
        safety::Area::Shake => Some(Area::Shake),
        safety::Area::Profile => Some(Area::Profile),
    }
}

/// An area as sanctions name it.
pub fn named(area: Area) -> safety::Area {
    match area {
        Area::Speaking => safety::Area::Speaking,
        Area::Requests => safety::Area::Requests,
        Area::Groups => safety::Area::Groups,
        Area::Greetings => safety::Area::Greetings,
        Area::LookAround => safety::Area::LookAround,
        Area::Shake => safety::Area::Shake,
        Area::Profile => safety::Area::Profile,
    }
}

/// Puts a sanction into a list, whose newest is first. It takes the place of one of its kind, area and origin, so that
/// an operator can shorten what another one did, and reports lengthen nothing that an operator decided.
pub(super) fn add(list: &mut Vec<Sanction>, new: Sanction, now: Time) {
    let origin = |s: &Sanction| (s.kind, s.area, s.until_reviewed);
    list.retain(|old| new.kind() == sanction::Kind::Warning || origin(old) != origin(&new));
    list.insert(0, new);
    prune(list, now);
}

/// Drops what is over.
pub(super) fn prune(list: &mut Vec<Sanction>, now: Time) {
    let mut warnings = 0;
    list.retain(|s| match s.kind() {
        sanction::Kind::Warning => {
            warnings += 1;
            warnings <= WARNINGS_MAX && now.since(Time(s.from_ms)) < WARNINGS_FOR
        }
        _ => now < until(s),
    });
}

/// Until when a sanction holds.
pub(super) fn until(sanction: &Sanction) -> Time {
    if sanction.until_ms == 0 { Restrictions::FOR_GOOD } else { Time(sanction.until_ms) }
}

/// All that a list closes.
pub(super) fn restrictions(list: &[Sanction]) -> Restrictions {
    let mut all = Restrictions::default();
    for s in list {
        match s.kind() {
            sanction::Kind::Unspecified | sanction::Kind::Warning => {}
            sanction::Kind::Restriction => {
                area(s).into_iter().for_each(|area| all.close(area, until(s)));
            }
            sanction::Kind::Suspension | sanction::Kind::Ban => all.shut_out(until(s)),
            sanction::Kind::Minor => all.mark_minor(),
        }
    }
    all
}

/// A sanction in a few words, as "speaking is closed until 2026-11-29 12:00 UTC".
pub fn words(sanction: &Sanction) -> String {
    let area = area(sanction).map_or("nothing", Area::word);
    let end = match sanction.until_ms {
        0 if sanction.until_reviewed => " until an operator has looked at the reports".to_owned(),
        0 => String::new(),
        at => format!(" until {}", Time(at).to_utc()),
    };
    match sanction.kind() {
        sanction::Kind::Unspecified => "nothing".to_owned(),
        sanction::Kind::Warning => "warned".to_owned(),
        sanction::Kind::Restriction => format!("{area} is closed{end}"),
        sanction::Kind::Suspension => format!("suspended{end}"),
        sanction::Kind::Ban => "banned".to_owned(),
        sanction::Kind::Minor => "a minor: greetings and plug-ins among strangers are closed".to_owned(),
    }
}

/// What shuts the account out the longest, where something does.
fn shut_out(list: &[Sanction], now: Time) -> Option<&Sanction> {
    let out = |s: &&Sanction| matches!(s.kind(), sanction::Kind::Suspension | sanction::Kind::Ban);
    list.iter().filter(out).filter(|s| now < until(s)).max_by_key(|s| until(s))
}

/// The sentence for somebody who is shut out: since when it ends, and why.
pub fn shut_out_words(list: &[Sanction], now: Time) -> Option<String> {
    let s = shut_out(list, now)?;
    let why = if s.text.is_empty() { String::new() } else { format!(" The operator says: {}", s.text) };
    Some(match s.until_ms {
        0 => format!(
            "This account is closed.{why} If you think that is a mistake, ask the operator of this server."
        ),
        at => format!("This account is suspended until {}. Sign in again then.{why}", Time(at).to_utc()),
    })
}

/// The answer to whoever proved that the account is theirs, where it is shut out.
pub(super) fn suspended(list: &[Sanction], now: Time) -> Option<Error> {
    let words = shut_out_words(list, now)?;
    let error = Error::new(Kind::Forbidden, "SUSPENDED", words);
    let end = shut_out(list, now).map(until).filter(|end| *end != Restrictions::FOR_GOOD);
    Some(match end {
        Some(end) => error.retry_after(end.since(now)),
        None => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanction::Kind;

    const NOW: Time = Time(1_800_000_000_000);

    fn made(kind: Kind, area: safety::Area, days: u32) -> Sanction {
        let until_ms = if days == 0 { 0 } else { (NOW + DAY * days).as_ms() };
        Sanction {
            kind: kind.into(),
            area: area.into(),
            from_ms: NOW.as_ms(),
            until_ms,
            ..Sanction::default()
        }
    }

    #[test]
    fn the_latest_of_a_kind_area_and_origin_counts() {
        let mut list = Vec::new();
        add(&mut list, made(Kind::Restriction, safety::Area::Speaking, 7), NOW);
        add(&mut list, made(Kind::Restriction, safety::Area::Groups, 7), NOW);
        add(&mut list, made(Kind::Restriction, safety::Area::Speaking, 3), NOW);
        let closed = |list: &[Sanction], area| restrictions(list).closed_until(area, NOW);
        assert_eq!(list.len(), 2);
        assert_eq!(closed(&list, Area::Speaking), Some(NOW + DAY * 3), "an operator may shorten it");
        let reported =
            Sanction { until_reviewed: true, ..made(Kind::Restriction, safety::Area::Speaking, 0) };
        add(&mut list, reported, NOW);
        assert_eq!(closed(&list, Area::Speaking), Some(Restrictions::FOR_GOOD));
        list.retain(|s| !s.until_reviewed);
        assert_eq!(
            closed(&list, Area::Speaking),
            Some(NOW + DAY * 3),
            "and stands when the reports are dismissed"
        );
        assert_eq!(closed(&list, Area::Shake), None);
    }

    #[test]
    fn what_is_over_goes_and_warnings_after_half_a_year() {
        let mut list = Vec::new();
        add(&mut list, made(Kind::Suspension, safety::Area::Unspecified, 1), NOW);
        for _ in 0..WARNINGS_MAX + 3 {
            add(&mut list, made(Kind::Warning, safety::Area::Unspecified, 0), NOW);
        }
        assert_eq!(list.len(), WARNINGS_MAX + 1, "warnings stand side by side, the oldest go");
        prune(&mut list, NOW + DAY);
        assert_eq!(list.len(), WARNINGS_MAX);
        prune(&mut list, NOW + DAY * 179);
        assert_eq!(list.len(), WARNINGS_MAX);
        prune(&mut list, NOW + DAY * 180);
        assert_eq!(list, []);
    }

    #[test]
    fn who_is_shut_out_reads_until_when_and_why() {
        let suspended = |list: &[Sanction], now| super::suspended(list, now);
        assert!(suspended(&[made(Kind::Minor, safety::Area::Unspecified, 0)], NOW).is_none());
        let short = made(Kind::Suspension, safety::Area::Unspecified, 1);
        let long =
            Sanction { text: "sells tea".to_owned(), ..made(Kind::Suspension, safety::Area::Unspecified, 2) };
        let told = suspended(&[short.clone(), long], NOW).unwrap();
        assert_eq!((told.reason(), told.retry_after_ms()), ("SUSPENDED", 2 * 86_400_000));
        assert!(told.message().contains("2027-01-17 08:00 UTC") && told.message().contains("sells tea"));
        assert!(suspended(std::slice::from_ref(&short), NOW + DAY).is_none(), "it ends by itself");
        let banned = suspended(&[short, made(Kind::Ban, safety::Area::Unspecified, 0)], NOW).unwrap();
        assert!(banned.retry_after_ms() == 0 && banned.message().contains("closed"), "{banned}");
    }

    #[test]
    fn every_area_has_its_name() {
        for own in Area::ALL {
            let sanction = Sanction { area: named(own).into(), ..Sanction::default() };
            assert_eq!(area(&sanction), Some(own));
        }
        assert_eq!(area(&Sanction::default()), None);
    }
}
