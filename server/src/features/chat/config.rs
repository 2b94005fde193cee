//! The settings of the room.

use super::tables::Content;
use crate::time::DAY;
use std::time::Duration;

crate::settings! {
    /// Settings `[chat]`.
    pub struct ChatConfig {
        /// Minutes within which a message can be recalled.
        recall_minutes: u32 = 2,
        /// Minutes within which a file can be recalled.
        recall_file_minutes: u32 = 180,
        /// Minutes for which the text of a recalled message is given back to its author.
        recalled_text_minutes: u32 = 5,
        /// Minutes within which a text can be edited.
        edit_minutes: u32 = 15,
        /// Days for which recalled and edited messages are kept as they were, sealed, in case somebody reports them.
        originals_days: u32 = 7,
        /// Members up to which everybody in a group may change its name and picture.
        rename_up_to: u32 = 100,
        /// Days after its last message when a temporary chat ends.
        temporary_days: u32 = 7,
        /// Days for which a temporary chat that ended is kept at least.
        temporary_kept_days: u32 = 30,
    }
}

impl ChatConfig {
    /// For how long a message of this content can be recalled.
    pub(super) fn recall_within(&self, content: Option<&Content>) -> Duration {
        minutes(if matches!(content, Some(Content::File(_))) {
            self.recall_file_minutes
        } else {
            self.recall_minutes
        })
    }

    pub(super) fn recalled_text_for(&self) -> Duration {
        minutes(self.recalled_text_minutes)
    }

    pub(super) fn edit_within(&self) -> Duration {
        minutes(self.edit_minutes)
    }

    /// For how long a temporary chat lives after its last message: a day at least.
    pub(super) fn temporary_for(&self) -> Duration {
        DAY * self.temporary_days.max(1)
    }

    /// For how long it is kept after its end.
    pub(super) fn keep_temporary(&self) -> Duration {
        DAY * self.temporary_kept_days
    }

    pub(super) fn keep_originals(&self) -> Duration {
        DAY * self.originals_days
    }
}

fn minutes(minutes: u32) -> Duration {
    Duration::from_secs(u64::from(minutes) * 60)
}
