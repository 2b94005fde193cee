//! What a follower tells its user. Plain data.

use crate::error::Error;
use bytes::Bytes;
use std::time::Duration;
use teahouse_proto::chat::{Conversation, Entry};
use teahouse_proto::presence::Presence;
use teahouse_proto::shake::Shaken;
use teahouse_proto::sync::{AccountEvent, Receipt, Typing};

/// One thing that a device learns.
#[derive(Clone, Debug)]
pub enum Update {
    /// The connection is there; catching up begins.
    Online,
    /// The connection is not there. It is tried again by itself.
    Offline {
        /// What went wrong.
        error: Error,
        /// When the next try is made.
        retry_in: Duration,
    },
    /// A conversation moved while the device was away, as it is now. Its missing entries follow.
    Conversation(Box<Conversation>),
    /// An entry, the next one of its conversation.
    Entry(Box<NewEntry>),
    /// Something that concerns the account alone.
    Account {
        /// What happened.
        event: Box<AccountEvent>,
        /// It should not ring.
        silent: bool,
    },
    /// A friend is doing something. It holds for 10 s or until a message of theirs; nothing of it is told again.
    Typing(Typing),
    /// A friend has read up to a number. What is missed is in [`Conversation::peer_read_seq`].
    Receipt(Receipt),
    /// A friend came or went. What was before is asked for with `PresenceService/GetPresence`.
    Presence(Presence),
    /// Further partners of a shake of this or another device of the account. What is missed is in
    /// `ShakeService/ListShaken`.
    Shaken(Shaken),
    /// Everything up to now was told; what follows happens now.
    CaughtUp {
        /// The server's clock, UTC milliseconds.
        server_time_ms: i64,
    },
    /// Drop what came from the server and take what follows as a full account of it; pull friends and requests anew.
    Resync {
        /// `EPOCH`, `ACCOUNT_LOG` or `CURSOR_INVALID`.
        reason: String,
    },
}

/// An entry of a conversation, given out once.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// The entry.
    pub entry: Entry,
    /// The sending device's own id for it, where the account sent it. Empty otherwise.
    pub client_message_id: Bytes,
    /// It should not ring.
    pub silent: bool,
    /// It happened just now, and was not pulled from the past.
    pub live: bool,
}
