//! What can be said and done in a temporary chat: pure.

use super::super::tables::{Content, Conversation};
use crate::error::{Error, Result};
use teahouse_proto::chat::Text;

/// Whether somebody may say something of this content: texts, stickers and voice, and pictures once `both_wrote`.
pub(super) fn check_kind(content: &Content, both_wrote: bool) -> Result<()> {
    match content {
        Content::Text(_) | Content::Sticker(_) | Content::Voice(_) => Ok(()),
        Content::Pictures(_) if both_wrote => Ok(()),
        _ => Err(kind_not_allowed()),
    }
}

/// Nobody is mentioned: that would name an account.
pub(in super::super) fn check_mentions(text: &Text) -> Result<()> {
    if text.mentions.is_empty() { Ok(()) } else { Err(kind_not_allowed()) }
}

/// Whether messages of a conversation may be edited, pinned and given emoji.
pub(in super::super) fn check_changes(what: &Conversation) -> Result<()> {
    if what.is_temporary() { Err(kind_not_allowed()) } else { Ok(()) }
}

/// Whether messages may be copied out of a conversation, or into it. A copy tells what its author is called.
pub(in super::super) fn check_copies(what: &Conversation) -> Result<()> {
    check_changes(what)
}

/// What temporary chats have not.
fn kind_not_allowed() -> Error {
    Error::precondition(
        "KIND_NOT_ALLOWED",
        "Nothing was sent or changed: a temporary chat takes texts without mentions, stickers and voice, and pictures once \
         both have written. They can be quoted, recalled and deleted.",
    )
}

/// One text for many strangers.
pub(in super::super) fn advertising() -> Error {
    Error::precondition(
        "ADVERTISING",
        "You wrote this text to more than 5 strangers within a day, so it was not sent. Write something of your own.",
    )
}

/// It is over.
pub(super) fn chat_ended() -> Error {
    Error::precondition(
        "CHAT_ENDED",
        "This chat is over, so nothing was sent. It can still be read for a while.",
    )
}
