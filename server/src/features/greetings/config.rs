//! Settings of the greetings room. It knows names, defaults and what each means.

crate::settings! {
    /// Settings `[greetings]`. "A day" is any 24 hours; newcomers have a fifth of what concerns strangers.
    pub struct GreetingsConfig {
        /// Hours for which the handle of a stranger's card works.
        handle_hours: u32 = 48,
        /// People whose faces are kept in memory for the cards that plug-ins show; some 300 bytes each.
        faces_cached: u32 = 200_000,
    }
}

impl GreetingsConfig {
    /// What is wrong with these settings, a sentence for each mistake; empty where the room can work with them.
    pub fn problems(&self) -> Vec<String> {
        let spans = [("handle_hours", self.handle_hours), ("faces_cached", self.faces_cached)];
        let zeros = spans.into_iter().filter(|(_, value)| *value == 0);
        zeros.map(|(name, _)| format!("greetings.{name} is 0; it must be at least 1")).collect()
    }
}
