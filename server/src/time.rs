//! The clock. Time enters a request at the door as `cx.now`; background tasks hold a [`Clock`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// A moment on the server's clock: milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

/// 24 hours, the "day" of limits.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// One hour.
pub const HOUR: Duration = Duration::from_secs(60 * 60);

impl Time {
    /// Milliseconds since 1970-01-01 UTC.
    pub fn as_ms(self) -> i64 {
        self.0
    }

    /// Whole UTC days since 1970-01-01.
    pub fn day(self) -> u32 {
        u32::try_from(self.0.max(0) / 86_400_000).unwrap_or(u32::MAX)
    }

    /// Cut to the hour.
    #[must_use]
    pub fn to_hour(self) -> Self {
        Self(self.0 - self.0.rem_euclid(3_600_000))
    }

    /// To the minute, as people read it: "2026-11-29 12:00 UTC".
    pub fn to_utc(self) -> String {
        jiff::Timestamp::from_millisecond(self.0)
            .map_or_else(|_| "never".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
    }

    /// How long ago `earlier` was; zero where it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }
}

impl std::ops::Add<Duration> for Time {
    type Output = Self;
    fn add(self, d: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl std::ops::Sub<Duration> for Time {
    type Output = Self;
    fn sub(self, d: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// Tells the time. Clones share one clock.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    shift_ms: Arc<AtomicI64>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// Now.
    #[allow(clippy::disallowed_methods)] // the one door through which the wall clock comes in
    pub fn now(&self) -> Time {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX) + self.shift_ms.load(Ordering::Relaxed))
    }

    /// Moves this clock and its clones forward, for tests of expiry.
    pub fn advance(&self, by: Duration) {
        self.shift_ms.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}
