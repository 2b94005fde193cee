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
use futures::StreamExt;
use std::sync::Arc;
use teahouse_proto::sync::{FollowRequest, FollowResponse};
use teahouse_proto::{EventStream, SyncApi};

/// The sync room.
pub struct Sync {
    foundation: Foundation,
    chat: Arc<Chat>,
}

impl Sync {
    /// The room.
    pub fn new(foundation: Foundation, chat: Arc<Chat>) -> Arc<Self> {
        Arc::new(Self { foundation, chat })
    }
}

impl SyncApi<Cx, Error> for Sync {
    async fn follow(&self, cx: &Cx, request: FollowRequest) -> Result<EventStream<FollowResponse, Error>> {
        let session = cx.session()?;
        let cursor = Cursor::open(&self.foundation.seal, session.account, &request.cursor)?;
        // Registered before anything is read, so that nothing falls between the reading and the live events.
        let connection = self.foundation.delivery.connect(session.account, session.device);
        let follow =
            Follow::new(self.foundation.clone(), self.chat.clone(), session.account, connection, cursor);
        Ok(futures::stream::unfold(follow, Follow::step).boxed())
    }
}
