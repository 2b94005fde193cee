//! Settings of the greetings room. It knows names, defaults and what each means.

use crate::time::{DAY, Time};
use std::time::Duration;

crate::settings! {
    /// Settings `[greetings]`. "A day" is any 24 hours; newcomers have a fifth of what concerns strangers.
    pub struct GreetingsConfig {
        /// Greetings sent a day.
        sent_per_day: u32 = 20,
        /// Greetings to one person without an answer.
        unanswered: u32 = 3,
        /// Days for which a greeting counts as one without an answer.
        unanswered_days: u32 = 30,
        /// New greetings that somebody is shown a day. The rest waits, the oldest and best connected accounts come
        /// first.
        shown_per_day: u32 = 30,
        /// Days after which a greeting leaves the box, and for which further ones of somebody are ignored.
        expires_days: u32 = 7,
        /// Hours for which the handle of a stranger's card works.
        handle_hours: u32 = 48,
        /// People whose faces are kept in memory for the cards that plug-ins show; some 300 bytes each.
        faces_cached: u32 = 200_000,
    }
}

impl GreetingsConfig {
    /// What is wrong with these settings, a sentence for each mistake; empty where the room can work with them.
    pub fn problems(&self) -> Vec<String> {
        let least = [
            ("unanswered", self.unanswered),
            ("unanswered_days", self.unanswered_days),
            ("expires_days", self.expires_days),
            ("handle_hours", self.handle_hours),
            ("faces_cached", self.faces_cached),
        ];
        let zeros = least.into_iter().filter(|(_, value)| *value == 0);
        zeros.map(|(name, _)| format!("greetings.{name} is 0; it must be at least 1")).collect()
    }

    /// When a greeting sent now leaves the box.
    pub(super) fn expires(&self, now: Time) -> Time {
        now + DAY * self.expires_days
    }

    /// For how long a greeting counts as one without an answer.
    pub(super) fn counts_for(&self) -> Duration {
        DAY * self.unanswered_days
    }
}
