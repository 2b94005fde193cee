//! The settings of the room.

use std::time::Duration;

crate::settings! {
    /// Settings `[presence]`.
    pub struct PresenceConfig {
        /// Seconds for which somebody without a device is still shown as online: a phone changes networks. Also for how
        /// long somebody who stopped being shown is not shown again, so that switching to and fro rings with nobody.
        gone_after_seconds: u32 = 30,
    }
}

impl PresenceConfig {
    /// What is wrong with these settings, a sentence for each mistake; empty where the room can work with them.
    pub fn problems(&self) -> Vec<String> {
        match self.gone_after_seconds {
            0 => vec!["presence.gone_after_seconds is 0; it must be at least 1".to_owned()],
            _ => Vec::new(),
        }
    }

    pub(super) fn gone_after(&self) -> Duration {
        Duration::from_secs(u64::from(self.gone_after_seconds))
    }
}
