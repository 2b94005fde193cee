//! What can be published.

use crate::id::{AccountId, ConversationId, DeviceId};
use std::sync::Arc;
use teahouse_proto::sync::FollowResponse;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A message for the Follow streams of an audience. Without `cursor`: delivery adds it.
    Deliver {
        /// For whom.
        to: Audience,
        /// What they get.
        message: Arc<FollowResponse>,
    },
    /// Sessions that are over: their sockets close.
    SessionsEnded {
        /// Whose.
        account: AccountId,
        /// Which of their devices.
        devices: Vec<DeviceId>,
    },
    /// What is cached of a conversation (members, rights) is no longer true.
    ConversationChanged(ConversationId),
}

/// For whom an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// All devices of one account.
    Account(AccountId),
    /// All devices of all members of a conversation.
    Conversation(ConversationId),
}
