//! Taking a message back.

use super::super::Chat;
use super::super::mentions;
use super::super::tables::{Content, MENTION_ALL, PIN, REACTION, SEALED};
use super::{Target, mentioned, sealed};
use crate::error::Result;
use crate::features::chat::message_not_found;
use crate::features::media;
use crate::id::{AccountId, ConversationId};
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::Time;
use teahouse_proto::chat::changed::What;
use teahouse_proto::chat::{
    GetRecalledTextRequest, GetRecalledTextResponse, GroupRight, RecallMessageRequest, RecallMessageResponse,
    Recalled,
};

/// Rows of reactions that go with the message. More are out of reach without it, and harmless.
const FORGET_REACTIONS: usize = 1000;

impl Chat {
    /// `ChatService/RecallMessage`.
    pub(in super::super) async fn recall(
        &self,
        me: AccountId,
        request: RecallMessageRequest,
        now: Time,
    ) -> Result<RecallMessageResponse> {
        let (id, seq) = (ConversationId(request.conversation_id), request.seq);
        let (config, groups) = (self.config.clone(), self.groups.clone());
        let recall = self.foundation.store.transact(move |tx| {
            let mut target = Target::find(tx, &groups, me, id, seq)?;
            let by_right = target.check_may_recall()?;
            if !target.is_recalled() {
                if !by_right {
                    target.check_within(config.recall_within(target.entry.content.as_ref()), now)?;
                }
                sealed::recalled(tx, &target, now, config.keep_originals())?;
                target.take_back(tx)?;
                target.change(tx, What::Recalled, now)?;
            }
            Ok(RecallMessageResponse { entry: target.shown(tx)? })
        });
        recall.await
    }

    /// `ChatService/GetRecalledText`.
    pub(in super::super) async fn recalled_text(
        &self,
        me: AccountId,
        request: GetRecalledTextRequest,
        now: Time,
    ) -> Result<GetRecalledTextResponse> {
        let (id, seq) = (ConversationId(request.conversation_id), request.seq);
        let (_, member) = self.member(me, id).await?;
        let entry = self.entry(me, id, &member, seq).await?.ok_or_else(message_not_found)?;
        let by_me = matches!(&entry.content, Some(Content::Recalled(by)) if by.by_account_id == me.0);
        if !by_me || entry.author != me.0 {
            return Err(message_not_found());
        }
        let sealed = self.foundation.store.get(&SEALED, &(id, seq)).await?.ok_or_else(message_not_found)?;
        let in_time = now.since(Time(sealed.recalled_at_ms)) <= self.config.recalled_text_for();
        match sealed.into_recalled().and_then(|entry| entry.content) {
            Some(Content::Text(text)) if in_time => Ok(GetRecalledTextResponse { text: Some(text) }),
            _ => Err(message_not_found()),
        }
    }
}

impl Target {
    /// Whether the caller may recall what anybody said, at any time, or only their own, in time.
    fn check_may_recall(&self) -> Result<bool> {
        let Some(group) = &self.group else { return self.check_mine().map(|()| false) };
        group.check_in()?;
        let by_right = group.check(GroupRight::Recall).is_ok();
        if !by_right {
            self.check_mine()?;
        }
        Ok(by_right)
    }

    /// Removes the message and what hangs on it.
    fn take_back(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        if let Some(Content::Text(text)) = &self.entry.content {
            for account in mentioned(text) {
                mentions::withdraw(tx, account, self.id, self.seq)?;
            }
            tx.delete(&MENTION_ALL, &(self.id, self.seq))?;
        }
        for id in self.entry.content.iter().flat_map(Content::media_ids) {
            media::seal(tx, id)?;
        }
        tx.delete(&PIN, &(self.id, self.seq))?;
        let reactions = KeyRange::prefix(&(self.id, self.seq));
        for (key, _) in tx.scan(&REACTION, &reactions, FORGET_REACTIONS, Order::Rising)? {
            tx.delete(&REACTION, &key)?;
        }
        self.entry.content = Some(Content::Recalled(Recalled { by_account_id: self.me.0 }));
        self.entry.edited_at_ms = 0;
        self.entry.reactions.clear();
        Ok(())
    }
}
