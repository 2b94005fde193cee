//! The settings of the place room.

use crate::geo::Rules;
use std::time::Duration;

crate::settings! {
    /// Settings `[place]`: what holds for a position, whichever plug-in it is for.
    pub struct PlaceConfig {
        /// The age that people say they have before they use a plug-in.
        min_age: u32 = 18,
        /// Seconds for which no other position of the same person is read; also for how long none is taken of who left by
        /// "clear location". 0 reads each, for demonstrations.
        read_every_seconds: u32 = 600,
        /// Seconds after which another cell near by is published for a person. 0 publishes each, for demonstrations.
        change_every_seconds: u32 = 1_800,
        /// Looks of one person in any hour; newcomers have a fifth.
        looks_per_hour: u32 = 30,
        /// Cells in any 24 hours that a person was not in during the month before, over all plug-ins; newcomers have a fifth.
        new_cells_per_day: u32 = 20,
    }
}

/// The most looks an hour: each is remembered for an hour.
const MOST_LOOKS: u32 = 3_600;
/// The longest wait between two positions that are read: a clock that is set back is told from it.
const LONGEST_WAIT_SECONDS: u32 = 3_600;

impl PlaceConfig {
    /// What is wrong with these settings, a sentence for each mistake; empty where the room can work with them.
    pub fn problems(&self) -> Vec<String> {
        let at_most = [
            ("read_every_seconds", self.read_every_seconds, LONGEST_WAIT_SECONDS),
            ("looks_per_hour", self.looks_per_hour, MOST_LOOKS),
        ];
        let above = at_most.into_iter().filter(|(_, value, most)| value > most);
        above
            .map(|(name, value, most)| format!("place.{name} is {value}; it can be at most {most}"))
            .collect()
    }

    pub(super) fn rules(&self) -> Rules {
        let seconds = |n: u32| Duration::from_secs(u64::from(n));
        Rules {
            read_every: seconds(self.read_every_seconds),
            change_every: seconds(self.change_every_seconds),
        }
    }
}
