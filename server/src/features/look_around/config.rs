//! The settings of the Look Around room.

use std::time::Duration;

crate::settings! {
    /// Settings `[look_around]`.
    pub struct LookAroundConfig {
        /// People that one look finds, over all its pages.
        people_per_look: u32 = 200,
        /// Minutes for which a look can be gone on with.
        cursor_minutes: u32 = 10,
    }
}

/// The most people a look can be set to find: a crowd is to be met, not listed.
const MOST_PEOPLE: u32 = 1_000;

impl LookAroundConfig {
    /// What is wrong with these settings, a sentence for each mistake; empty where the room can work with them.
    pub fn problems(&self) -> Vec<String> {
        let most = self.people_per_look;
        let above = (most > MOST_PEOPLE)
            .then(|| format!("look_around.people_per_look is {most}; it can be at most {MOST_PEOPLE}"));
        above.into_iter().collect()
    }

    pub(super) fn cursor_lives(&self) -> Duration {
        Duration::from_secs(u64::from(self.cursor_minutes) * 60)
    }
}
