//! Look Around: whoever looks sees who is nearby, and is seen by those who look later, for some hours or until they leave.
//! Everything it tells is a function of published cells, the server's time and keyed hashes. It never sees a position, and
//! does not know what strangers do once they have seen each other.

mod api;
mod around;
mod config;
mod cursor;
mod hooks;
mod page;
mod rules;
mod seed;
mod seen;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;

pub use config::LookAroundConfig;
pub use hooks::Hooks;
pub use seed::seed;

use super::Foundation;
use super::greetings::Strangers;
use super::place::Gate;
use crate::bus::Subscriber;
use cursor::Cursors;
use seen::Seen;
use std::sync::Arc;

/// The room.
pub struct LookAround {
    foundation: Foundation,
    config: LookAroundConfig,
    gate: Gate,
    strangers: Strangers,
    cursors: Cursors,
    seen: Arc<Seen>,
    /// What orders people for each viewer and hour.
    order_secret: [u8; 32],
}

impl LookAround {
    /// The room. Its [`LookAround::observer`] must be named to [`crate::store::Store::observe`], its [`Hooks`] to the rooms
    /// that call them; nobody looks before [`LookAround::run`] runs.
    pub fn new(
        foundation: Foundation,
        config: LookAroundConfig,
        gate: Gate,
        strangers: Strangers,
    ) -> Arc<Self> {
        let seen = Arc::new(Seen::new(&foundation.store, foundation.clock.clone()));
        let cursors = Cursors { seal: foundation.seal.clone(), config: config.clone() };
        let order_secret = foundation.store.secret();
        Arc::new(Self { foundation, config, gate, strangers, cursors, seen, order_secret })
    }

    /// Who is to be told of commits.
    pub fn observer(&self) -> Arc<dyn Subscriber> {
        self.seen.clone()
    }
}
