//! Who may fetch the media of messages: whoever sees the message, and whoever keeps a copy. Who blocked whom does not
//! matter in a conversation that one still has.

use super::Chat;
use crate::error::{Kind, Result};
use crate::features::media::{Holder, MediaHolders};
use crate::id::AccountId;
use futures::FutureExt;
use futures::future::BoxFuture;

impl MediaHolders for Chat {
    fn may_see<'a>(&'a self, viewer: AccountId, holder: Holder) -> BoxFuture<'a, Result<bool>> {
        async move {
            let (id, seq) = match holder {
                Holder::Message(id, seq) => (id, seq),
                Holder::Favourite(account, _) => return Ok(account == viewer),
                _ => return Ok(false),
            };
            match self.visible(viewer, id, seq).await {
                Ok(entry) => Ok(entry.content.is_some_and(|content| content.is_said())),
                Err(error) if error.kind() == Kind::NotFound => Ok(false),
                Err(error) => Err(error),
            }
        }
        .boxed()
    }
}
