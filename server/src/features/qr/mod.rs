//! QR codes: the handle of people and groups, to show, print and scan. A code is a URL of this server with a random token; the room
//! knows what a token stands for, tells it to whoever scans it, and serves its picture and its page. It knows nothing of
//! friends and requests: what comes of a scan is a ticket for other
//! rooms.

mod address;
mod api;
mod codes;
mod config;
mod found;
mod http;
mod picture;
mod sign_in;
mod tables;
#[cfg(test)]
mod tests;

pub use address::Address;
pub use config::QrConfig;
pub use sign_in::QrSignIn;

use super::Foundation;
use super::chat::Chat;
use super::contacts::Tickets;
use super::groups::Groups;
use super::media::Media;
use crate::error::Error;
use http::Pages;
use picture::Studio;
use std::sync::Arc;

/// The room.
pub struct Qr {
    foundation: Foundation,
    config: QrConfig,
    address: Address,
    tickets: Tickets,
    chat: Arc<Chat>,
    groups: Arc<Groups>,
    media: Arc<Media>,
    sign_ins: Arc<QrSignIn>,
    studio: Studio,
    pages: Pages,
}

impl Qr {
    /// The room. `address` is where the codes lead.
    pub fn new(
        foundation: Foundation,
        config: QrConfig,
        address: Address,
        tickets: Tickets,
        (chat, groups): (Arc<Chat>, Arc<Groups>),
        media: Arc<Media>,
        sign_ins: Arc<QrSignIn>,
    ) -> Arc<Self> {
        let (studio, pages) = (Studio::new(&config), Pages::new());
        Arc::new(Self { foundation, config, address, tickets, chat, groups, media, sign_ins, studio, pages })
    }
}

impl Qr {
    /// Takes away codes that have expired, for as long as the server runs.
    pub async fn run(self: Arc<Self>) {
        loop {
            if let Err(error) = codes::sweep(&self.foundation.store, self.foundation.clock.now()).await {
                tracing::warn!(%error, "expired codes could not be taken away; trying again later");
            }
            tokio::time::sleep(codes::SWEEP_EVERY).await;
        }
    }
}

/// The one answer for codes that are unknown, reset, expired, switched off or not of this server.
fn code_not_found() -> Error {
    Error::not_found("CODE_NOT_FOUND", "This code stands for nothing here (any more). Ask for a new one.")
}
