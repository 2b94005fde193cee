//! Groups: making them, coming into them and going out, and what those in them may do to them. It knows nothing of what
//! is said in a group: who is in it, and the notices of what happens to it, are the chat room's ([`super::chat::Groups`]).

mod api;
mod asks;
mod config;
mod evidence;
mod governing;
mod invitations;
mod inviting;
mod joining;
mod lists;
mod pictures;
mod requests;
mod resets;
mod room;
mod rules;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;
mod tickets;
mod views;

pub use config::GroupsConfig;
pub use evidence::Witness;
pub use joining::Entrance;
pub use resets::{Resets, reset_codes};
pub use tickets::{Shared, Tickets};

use super::Foundation;
use super::chat::Chat;
use super::contacts;
use super::media::{Avatars, Media};
use super::pages::Pages;
use crate::error::Result;
use crate::store::Tx;
use room::Room;
use std::sync::Arc;

/// The groups room.
pub struct Groups {
    foundation: Foundation,
    room: Arc<Room>,
    chat: Arc<Chat>,
    /// For asking fellow members to be friends.
    people: contacts::Tickets,
    tickets: Tickets,
    pages: Pages,
    media: Arc<Media>,
}

impl Groups {
    /// The room. `people` stand for fellow members who are asked to be friends.
    pub fn new(
        foundation: Foundation,
        config: GroupsConfig,
        media: Arc<Media>,
        chat: Arc<Chat>,
        people: contacts::Tickets,
    ) -> Arc<Self> {
        let tickets = Tickets::new(foundation.seal.clone(), config.ticket_minutes);
        let pages = Pages::new(foundation.seal.clone(), "groups.page");
        let room = Arc::new(Room {
            config,
            chat: chat.groups().clone(),
            ids: foundation.ids.clone(),
            avatars: Avatars::new(foundation.random.clone()),
            secret: foundation.store.secret(),
            on_loopback: foundation.on_loopback,
        });
        Arc::new(Self { foundation, room, chat, people, tickets, pages, media })
    }

    /// Tickets, for the room that shows the codes of groups.
    pub fn tickets(&self) -> &Tickets {
        &self.tickets
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
