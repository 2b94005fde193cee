//! Settings of the room.

crate::settings! {
    /// Settings `[qr]`. "A day" is any 24 hours; newcomers have a fifth of what concerns strangers.
    pub struct QrConfig {
        /// Codes that one account may scan a day.
        scans_per_day: u32 = 200,
        /// Pictures of codes that are drawn at the same time. Each takes a processor for some milliseconds.
        pictures_at_once: u32 = 2,
        /// Pictures that may wait for that; a further one is refused.
        pictures_waiting: u32 = 64,
    }
}

impl QrConfig {
    /// What is wrong with these settings, a sentence for each mistake; empty where the room can work with them.
    pub fn problems(&self) -> Vec<String> {
        let none = self.pictures_at_once == 0;
        none.then(|| "qr.pictures_at_once is 0; it must be at least 1".to_owned()).into_iter().collect()
    }
}
