//! The settings of the media room.

crate::settings! {
    /// Settings `[media]`.
    pub struct MediaConfig {
        /// MiB that an account may upload in any 24 hours.
        upload_mib_per_day: u64 = 1024,
        /// MiB that the uploads of an account may hold in all.
        held_mib: u64 = 10 * 1024,
        /// Uploads that an account may have begun and not finished.
        unfinished_uploads: u32 = 20,
        /// Uploads that are examined and stored side by side.
        workers: u32 = 2,
        /// Uploads that may wait for that; further ones are told to come back.
        queue: u32 = 64,
        /// Uploads of one account that may be examined or wait for it, so that nobody waits for one who sends many.
        examined_at_once: u32 = 2,
        /// Downloads at the same time of one account, or of one network address without a session.
        downloads_at_once: u32 = 32,
    }
}

impl MediaConfig {
    /// What is wrong with these settings, a sentence for each mistake; empty where the room can work with them.
    pub fn problems(&self) -> Vec<String> {
        let at_least_one = [
            ("workers", self.workers),
            ("queue", self.queue),
            ("examined_at_once", self.examined_at_once),
            ("downloads_at_once", self.downloads_at_once),
        ];
        let zeros = at_least_one.into_iter().filter(|(_, value)| *value == 0);
        zeros.map(|(name, _)| format!("media.{name} is 0; it must be at least 1")).collect()
    }
}
