//! Settings of the room.

/// Longer than that no connection lives whose calls are all without a session.
const SIGN_IN_SECONDS_MAX: u32 = 300;

crate::settings! {
    /// Settings `[qr]`. "A day" is any 24 hours; newcomers have a fifth of what concerns strangers.
    pub struct QrConfig {
        /// Codes that one account may scan a day.
        scans_per_day: u32 = 200,
        /// Days for which the code of a group lives.
        group_code_days: u32 = 7,
        /// Pictures of codes that are drawn at the same time; 0 means half of the cores, so that no number of posters can
        /// delay chat. Each takes a processor for some milliseconds.
        pictures_at_once: u32 = 0,
        /// Pictures that may wait for that; a further one is refused.
        pictures_waiting: u32 = 64,
        /// Pictures of one network address (IPv4, IPv6 /64) at the same time: such as wait, are drawn, or were drawn and
        /// are on their way to a client that takes its time.
        pictures_per_address: u32 = 4,
        /// Seconds for which a code lives that signs a device in; at most 300.
        sign_in_seconds: u32 = 60,
        /// Devices that may wait at the same time to be signed in by a code, from one network address (IPv4, IPv6 /64).
        /// Does not count on loopback.
        sign_ins_per_address: u32 = 5,
    }
}

impl QrConfig {
    /// What is wrong with these settings, a sentence for each mistake; empty where the room can work with them.
    pub fn problems(&self) -> Vec<String> {
        let at_least_one =
            [("group_code_days", self.group_code_days), ("pictures_per_address", self.pictures_per_address)];
        let zeros = at_least_one.into_iter().filter(|(_, value)| *value == 0);
        let zeros = zeros.map(|(name, _)| format!("qr.{name} is 0; it must be at least 1"));
        let life = !(1..=SIGN_IN_SECONDS_MAX).contains(&self.sign_in_seconds);
        let life = life.then(|| format!("qr.sign_in_seconds is 1 to {SIGN_IN_SECONDS_MAX}"));
        zeros.chain(life).collect()
    }
}
