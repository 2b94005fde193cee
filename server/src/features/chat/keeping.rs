//! Keeping what one was shown in a conversation, beyond it.

use super::forward::still_said;
use super::tables::Content;
use super::{Chat, message_not_found};
use crate::error::Result;
use crate::features::ledger::once::Creation;
use crate::features::stickers;
use crate::id::{AccountId, ConversationId};
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::CHAT_COLLECT_STICKER;
use teahouse_proto::chat::{CollectStickerRequest, CollectStickerResponse};

impl Chat {
    /// Keeps the sticker of an entry that `me` may see as a single one of theirs.
    pub(super) async fn keep_sticker(
        &self,
        me: AccountId,
        request: CollectStickerRequest,
        now: Time,
    ) -> Result<CollectStickerResponse> {
        let creation = Creation::new(me, &request.client_message_id, CHAT_COLLECT_STICKER.path, &request)?;
        let store = &self.foundation.store;
        if let Some(answer) = store.transact(move |tx| creation.earlier(tx)).await? {
            return Ok(answer);
        }
        let (from, seq) = (ConversationId(request.conversation_id), request.seq);
        let entry = self.visible(me, from, seq).await?;
        let Some(Content::Sticker(shown)) = entry.content.clone() else { return Err(message_not_found()) };
        let source = [(seq, entry)];
        let (new, id) = (self.media.new_id(), shown.media.unwrap_or_default().media_id);
        let collect = move |tx: &mut Tx<'_>| {
            if let Some(answer) = creation.earlier(tx)? {
                return Ok(answer);
            }
            // It was looked at before, and may have been recalled or be out of sight since.
            if !still_said(tx, me, from, &source)? {
                return Err(message_not_found());
            }
            let kept = stickers::collect(tx, me, &id, &shown.emoji, new, now)?;
            let answer = CollectStickerResponse { sticker: Some(kept.ok_or_else(message_not_found)?) };
            creation.remember(tx, &answer)?;
            Ok(answer)
        };
        store.transact(collect).await
    }
}
