//! Strangers: what plug-ins show of people who do not know each other, and the greetings through which they may come to.
//! It knows neither places nor how somebody was found; rooms that find people ask it for their cards ([`Strangers`]).

mod answering;
mod api;
mod config;
mod evidence;
mod faces;
mod handles;
mod room;
mod rows;
mod rules;
mod sending;
mod showing;
mod strangers;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;

pub use config::GreetingsConfig;
pub use evidence::{WitnessedGreeting, witnessed_greeting};
pub use faces::Face;
pub use handles::{Stranger, stranger_not_found};
pub use strangers::{Strangers, band};

use super::Foundation;
use super::chat::Chat;
use super::contacts::People;
use super::groups::Groups;
use super::pages::Pages;
use crate::error::Result;
use crate::store::Tx;
use room::Room;
use std::sync::Arc;

/// The greetings room.
pub struct Greetings {
    foundation: Foundation,
    room: Arc<Room>,
    chat: Arc<Chat>,
    groups: Arc<Groups>,
    pages: Pages,
}

impl Greetings {
    /// The room.
    pub fn new(
        foundation: Foundation,
        config: GreetingsConfig,
        people: People,
        (chat, groups): (Arc<Chat>, Arc<Groups>),
        strangers: Strangers,
    ) -> Arc<Self> {
        let pages = Pages::new(foundation.seal.clone(), "greetings.page");
        let temporary = chat.temporary().clone();
        let room = Room { config, on_loopback: foundation.on_loopback, people, temporary, strangers };
        Arc::new(Self { foundation, room: Arc::new(room), chat, groups, pages })
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
