//! Spans of the day in which somebody does not want to be disturbed, in their own time zone. Pure; it knows the rules of
//! all zones, and asks no clock.

use crate::error::{Error, Result};
use crate::time::Time;
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use teahouse_proto::accounts::{DoNotDisturb, Notifications};

/// Minutes of a day.
const DAY_MINUTES: u32 = 24 * 60;
/// Longer than the name of any time zone.
const MAX_ZONE_NAME: usize = 64;

/// A span of every day.
#[derive(Clone, Debug)]
pub struct Quiet {
    /// Minutes after midnight.
    from: u16,
    to: u16,
    zone: TimeZone,
}

impl Quiet {
    /// The span that is switched on, if one is.
    pub fn of(notifications: &Notifications) -> Option<Self> {
        let span = notifications.do_not_disturb.as_ref().filter(|span| span.enabled)?;
        let minute = |minute| u16::try_from(minute).ok();
        Some(Self {
            from: minute(span.from_minute)?,
            to: minute(span.to_minute)?,
            // A zone that a later version of the rules does not have any more: rather too loud than too quiet.
            zone: zone(&span.time_zone)?,
        })
    }

    /// Whether nothing should ring now. The end is no part of it.
    pub fn covers(&self, now: Time) -> bool {
        let Ok(now) = Timestamp::from_millisecond(now.as_ms()) else { return false };
        let local = self.zone.to_datetime(now);
        let minute = local.hour().unsigned_abs() as u16 * 60 + local.minute().unsigned_abs() as u16;
        if self.from < self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

/// Checks a span, and writes the name of its zone as it is usual. One that is switched off may be without zone and length.
/// Errors: `DO_NOT_DISTURB_INVALID`, `TIME_ZONE_INVALID`.
pub(super) fn check(span: &mut DoNotDisturb) -> Result<()> {
    let within = span.from_minute < DAY_MINUTES && span.to_minute < DAY_MINUTES;
    if !within || (span.enabled && span.from_minute == span.to_minute) {
        return Err(Error::invalid(
            "DO_NOT_DISTURB_INVALID",
            "Say when it begins and ends: two different minutes of the day, 0 to 1439.",
        ));
    }
    if span.time_zone.is_empty() && !span.enabled {
        return Ok(());
    }
    let known = zone(&span.time_zone).and_then(|zone| zone.iana_name().map(str::to_owned));
    span.time_zone = known.ok_or_else(|| {
        Error::invalid("TIME_ZONE_INVALID", "There is no such time zone. Names look like Asia/Shanghai.")
    })?;
    Ok(())
}

/// From the rules that are part of the program: all servers know the same.
fn zone(name: &str) -> Option<TimeZone> {
    let short = name.len() <= MAX_ZONE_NAME;
    let found = short.then(|| TimeZoneDatabase::bundled().get(name).ok()).flatten();
    found.filter(|zone| !zone.is_unknown())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(from: &str, to: &str, time_zone: &str) -> Quiet {
        let minute = |time: &str| {
            let (hour, minute) = time.split_once(':').unwrap();
            hour.parse::<u32>().unwrap() * 60 + minute.parse::<u32>().unwrap()
        };
        let mut span = DoNotDisturb {
            enabled: true,
            from_minute: minute(from),
            to_minute: minute(to),
            time_zone: time_zone.into(),
        };
        check(&mut span).unwrap();
        Quiet::of(&Notifications { do_not_disturb: Some(span), ..Default::default() }).unwrap()
    }

    /// Whether a span covers moments in UTC.
    fn covers(quiet: &Quiet, utc: &[&str]) -> Vec<bool> {
        let at = |utc: &&str| Time(utc.parse::<Timestamp>().unwrap().as_millisecond());
        utc.iter().map(|utc| quiet.covers(at(utc))).collect()
    }

    #[test]
    fn a_span_goes_from_its_first_minute_to_before_its_last_also_over_midnight() {
        let day = quiet("09:30", "17:00", "Asia/Shanghai");
        let moments =
            ["2026-01-05T01:29:59Z", "2026-01-05T01:30:00Z", "2026-01-05T08:59:59Z", "2026-01-05T09:00:00Z"];
        assert_eq!(covers(&day, &moments), [false, true, true, false]);
        let night = quiet("22:00", "07:00", "Asia/Shanghai");
        let moments =
            ["2026-01-05T13:59:59Z", "2026-01-05T14:00:00Z", "2026-01-05T16:00:00Z", "2026-01-05T23:00:00Z"];
        assert_eq!(covers(&night, &moments), [false, true, true, false]);
        let to_midnight = quiet("22:00", "00:00", "UTC");
        let moments = ["2026-01-05T21:59:00Z", "2026-01-05T23:59:00Z", "2026-01-06T00:00:00Z"];
        assert_eq!(covers(&to_midnight, &moments), [false, true, false]);
    }

    #[test]
    fn a_span_keeps_to_the_clock_on_the_wall_in_summer_and_winter() {
        let night = quiet("22:00", "07:00", "Europe/Berlin");
        let moments =
            ["2026-01-10T20:30:00Z", "2026-01-10T21:30:00Z", "2026-01-11T05:30:00Z", "2026-01-11T06:30:00Z"];
        assert_eq!(covers(&night, &moments), [false, true, true, false], "UTC+1");
        let moments =
            ["2026-07-10T19:30:00Z", "2026-07-10T20:30:00Z", "2026-07-11T04:30:00Z", "2026-07-11T05:30:00Z"];
        assert_eq!(covers(&night, &moments), [false, true, true, false], "UTC+2");
        // On 29 March 2026 the clock goes from 02:00 to 03:00: the span within that hour does not come that night. On
        // 25 October it goes from 03:00 back to 02:00: the span comes twice.
        let hour = quiet("02:15", "02:45", "Europe/Berlin");
        let moments = ["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"];
        assert_eq!(covers(&hour, &moments), [false, false]);
        let moments = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"];
        assert_eq!(covers(&hour, &moments), [true, true, false]);
        let half_hours = quiet("12:00", "13:00", "Asia/Kathmandu");
        assert_eq!(covers(&half_hours, &["2026-01-05T06:14:00Z", "2026-01-05T06:15:00Z"]), [false, true]);
    }

    #[test]
    fn what_is_no_span_is_refused() {
        let span = |enabled, from_minute, to_minute, zone: &str| {
            let mut span = DoNotDisturb { enabled, from_minute, to_minute, time_zone: zone.into() };
            check(&mut span).map(|()| span.time_zone).map_err(|e| e.reason())
        };
        assert_eq!(span(true, 0, 1439, "asia/shanghai"), Ok("Asia/Shanghai".to_owned()));
        assert_eq!(span(false, 0, 0, ""), Ok(String::new()));
        for (from, to) in [(0, 1440), (1440, 0), (u32::MAX, 5), (5, 5)] {
            assert_eq!(span(true, from, to, "UTC"), Err("DO_NOT_DISTURB_INVALID"), "{from} {to}");
        }
        assert_eq!(span(false, 0, 1440, ""), Err("DO_NOT_DISTURB_INVALID"));
        for zone in ["", "Mars/Olympus", "../../etc/passwd", "Etc/Unknown", "+02:00", &"x".repeat(9000)] {
            assert_eq!(span(true, 0, 1, zone), Err("TIME_ZONE_INVALID"), "{zone}");
        }
        assert_eq!(span(false, 0, 1, "Mars/Olympus"), Err("TIME_ZONE_INVALID"));
    }
}
