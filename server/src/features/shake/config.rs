//! The settings of the Shake room.

use crate::time::HOUR;
use std::time::Duration;

crate::settings! {
    /// Settings `[shake]`.
    pub struct ShakeConfig {
        /// Two shakes match when they are at most so many seconds apart.
        window_seconds: u32 = 5,
        /// Seconds between two shakes of one person.
        every_seconds: u32 = 2,
        /// Shakes of one person in any 24 hours; newcomers have a fifth.
        shakes_per_day: u32 = 200,
        /// Hours for which people remember whom they met by shaking. In memory only.
        remembered_hours: u32 = 48,
    }
}

/// The longest window: people are met who shake at the same time, and all of them wait for its end.
const LONGEST_WINDOW_SECONDS: u32 = 60;
/// The longest memory: as long as the handle of a card works by default.
const LONGEST_MEMORY_HOURS: u32 = 48;

impl ShakeConfig {
    /// What is wrong with these settings, a sentence for each mistake; empty where the room can work with them.
    pub fn problems(&self) -> Vec<String> {
        let spans = [
            ("window_seconds", self.window_seconds, LONGEST_WINDOW_SECONDS),
            ("remembered_hours", self.remembered_hours, LONGEST_MEMORY_HOURS),
        ];
        let wrong = spans.into_iter().filter(|(_, value, most)| *value == 0 || value > most);
        wrong
            .map(|(name, value, most)| format!("shake.{name} is {value}; it must be from 1 to {most}"))
            .collect()
    }

    pub(super) fn window(&self) -> Duration {
        Duration::from_secs(u64::from(self.window_seconds))
    }

    pub(super) fn every(&self) -> Duration {
        Duration::from_secs(u64::from(self.every_seconds))
    }

    pub(super) fn remembered(&self) -> Duration {
        HOUR * self.remembered_hours
    }
}
