//! Reports, and what holds against an account. Anybody may report what they see; operators judge it by what is kept of it.
//! Sanctions themselves are the accounts room's, since sessions carry them. The one reported never learns by whom: what
//! several reports close is closed at a time that chance chooses, and words of care change once a day.

mod api;
mod caution;
mod closing;
mod commands;
mod gathering;
mod handling;
mod reporting;
mod rules;
mod showing;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;

pub use commands::enter;
pub use handling::Verdict;

use super::Foundation;
use super::accounts;
use super::chat::Chat;
use super::greetings::Strangers;
use super::groups::Groups;
use super::media::Media;
use super::pages::Pages;
use crate::error::Result;
use crate::id::AccountId;
use crate::store::Tx;
use gathering::Sources;
use std::sync::Arc;

crate::settings! {
    /// Settings `[safety]`.
    pub struct SafetyConfig {
        /// Reports that one account makes a day (any 24 hours).
        reports_per_day: u32 = 30,
        /// Days for which reports are kept with what they rest on.
        keep_days: u32 = 180,
        /// Reports that count in full, within 24 hours, that close the one area that they are about until an operator has
        /// looked.
        reports_to_close: u32 = 3,
        /// In how many minutes after the last of them it is closed, at a time that chance chooses: so that nobody can tell
        /// by whom. 0: at once.
        close_within_minutes: u32 = 20,
        /// Days for which an area that reports had closed stays closed once one of them is upheld.
        closed_days: u32 = 7,
        /// Reports that count in full, within 30 days, by which somebody gets a word of care on their card. Blocks count by
        /// half.
        reports_for_caution: u32 = 5,
    }
}

impl SafetyConfig {
    /// What is wrong with these settings, a sentence for each mistake; empty where the room can work with them.
    pub fn problems(&self) -> Vec<String> {
        let least = [
            ("keep_days", self.keep_days),
            ("reports_to_close", self.reports_to_close),
            ("closed_days", self.closed_days),
            ("reports_for_caution", self.reports_for_caution),
        ];
        let zeros = least.into_iter().filter(|(_, value)| *value == 0);
        zeros.map(|(name, _)| format!("safety.{name} is 0; it must be at least 1")).collect()
    }
}

/// The safety room.
pub struct Safety {
    foundation: Foundation,
    room: Arc<Room>,
    media: Arc<Media>,
    pages: Pages,
}

/// What every part of the room decides with: its settings, and the rooms that it asks. Holds no data.
struct Room {
    config: SafetyConfig,
    on_loopback: bool,
    sources: Sources,
}

impl Safety {
    /// The room. It asks the others for what is reported.
    pub fn new(
        foundation: Foundation,
        config: SafetyConfig,
        media: Arc<Media>,
        chat: &Chat,
        groups: &Groups,
        strangers: Strangers,
    ) -> Arc<Self> {
        let sources = Sources { groups: groups.witness(), strangers, temporary: chat.temporary().clone() };
        let room = Arc::new(Room { config, on_loopback: foundation.on_loopback, sources });
        let pages = Pages::new(foundation.seal.clone(), "safety.page");
        Arc::new(Self { foundation, room, media, pages })
    }

    async fn transact<T, F>(&self, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Room, &mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
    {
        let room: Arc<Room> = self.room.clone();
        self.foundation.store.transact(move |tx| f(&room, tx)).await
    }
}

impl Room {
    /// From where an account was registered; 0: not known, or it does not count.
    fn network(&self, tx: &mut Tx<'_>, account: AccountId) -> Result<u64> {
        if self.on_loopback {
            return Ok(0);
        }
        Ok(accounts::registration_network(tx, account)?.unwrap_or_default())
    }
}
