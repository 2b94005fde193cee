//! Follow: the one way by which anything reaches a device. First what changed since the device's cursor, read from
//! disk at the pace of its socket, then everything as it happens. It knows what moved from the chat room and what
//! waits from delivery, and keeps nothing of its own.

mod cursor;
mod follow;
mod silence;
#[cfg(test)]
mod tests;

use super::Foundation;
use super::chat::Chat;
use crate::call::Cx;
use crate::error::{Error, Result};
use cursor::Cursor;
use follow::Follow;
use std::sync::Arc;
use teahouse_proto::sync::{FollowRequest, FollowResponse};
use teahouse_proto::{EventStream, SyncApi};

/// The sync room.
pub struct Sync {
    rooms: Arc<Rooms>,
}

/// What streams read from. One for all: there is a stream for each device.
struct Rooms {
    foundation: Foundation,
    chat: Arc<Chat>,
}

impl Sync {
    /// The room.
    pub fn new(foundation: Foundation, chat: Arc<Chat>) -> Arc<Self> {
        Arc::new(Self { rooms: Arc::new(Rooms { foundation, chat }) })
    }
}

impl SyncApi<Cx, Error> for Sync {
    async fn follow(&self, cx: &Cx, request: FollowRequest) -> Result<EventStream<FollowResponse, Error>> {
        let session = cx.session()?;
        let cursor = Cursor::open(&self.rooms.foundation.seal, &request.cursor)?;
        // Registered before anything is read, so that nothing falls between the reading and the live events.
        let connection = self.rooms.foundation.delivery.connect(session.account, session.device);
        Ok(Follow::new(self.rooms.clone(), session.account, connection, cursor).events())
    }
}
