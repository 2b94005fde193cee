//! Replacing the text of a message.

use super::super::Chat;
use super::super::mentions::{self, ReadBefore};
use super::super::rules::{check_mentioned_singly, check_text};
use super::super::send::{check_quote, quote_not_found};
use super::super::tables::{Content, MEMBER, MENTION_ALL, MentionAll};
use super::{Target, mentioned, sealed, sees};
use crate::error::{Error, Result};
use crate::features::chat::message_not_found;
use crate::features::contacts;
use crate::id::{AccountId, ConversationId};
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::chat::changed::What;
use teahouse_proto::chat::{EditMessageRequest, EditMessageResponse, Text};

impl Chat {
    /// `ChatService/EditMessage`.
    pub(in super::super) async fn edit(
        &self,
        me: AccountId,
        request: EditMessageRequest,
        now: Time,
    ) -> Result<EditMessageResponse> {
        let (id, seq) = (ConversationId(request.conversation_id), request.seq);
        let text = request
            .text
            .ok_or_else(|| Error::invalid("FIELD_MISSING", "Say what the message shall be (`text`)."))?;
        check_text(&text)?;
        let read = self.read_by_members(me, id, &text).await?;
        let (window, keep) = (self.config.edit_within(), self.config.keep_originals());
        let groups = self.groups.clone();
        let edit = self.foundation.store.transact(move |tx| {
            let mut target = Target::find_said(tx, &groups, me, id, seq)?;
            let Some(Content::Text(before)) = target.entry.content.clone() else {
                return Err(message_not_found());
            };
            target.check_mine()?;
            if before != text {
                target.check_may_speak(tx)?;
                target.check_within(window, now)?;
                target.check_text(&before, &text, now)?;
                target.check_new_quote(tx, &before, &text)?;
                sealed::edited(tx, &target, now, keep)?;
                target.renew_mentions(tx, &before, &text, &read, now)?;
                target.entry.content = Some(Content::Text(text.clone()));
                target.entry.edited_at_ms = now.as_ms();
                target.change(tx, What::Edited, now)?;
            }
            Ok(EditMessageResponse { entry: target.shown(tx)? })
        });
        edit.await
    }
}

impl Target {
    /// Whether the text may be what it becomes. Who was mentioned before may have gone since, and still stands there.
    fn check_text(&self, before: &Text, text: &Text, now: Time) -> Result<()> {
        match &self.group {
            Some(group) => {
                group.check_content(&Content::Text(text.clone()), now)?;
                group.check_mentioned(before, text)
            }
            None => check_mentioned_singly(text, &self.conversation.accounts()),
        }
    }

    /// A quote that stays may name what was recalled meanwhile; a new one must name a message before this one.
    fn check_new_quote(&self, tx: &mut Tx<'_>, before: &Text, text: &Text) -> Result<()> {
        match text.quote_seq {
            same if same == before.quote_seq => Ok(()),
            later if later >= self.seq => Err(quote_not_found()),
            quoted => check_quote(tx, self.id, self.me, quoted),
        }
    }

    fn renew_mentions(
        &self,
        tx: &mut Tx<'_>,
        before: &Text,
        text: &Text,
        read: &ReadBefore,
        now: Time,
    ) -> Result<()> {
        let all = |text: &Text| text.mentions.iter().any(|mention| mention.all);
        match (all(before), all(text)) {
            (false, true) => tx.put(&MENTION_ALL, &(self.id, self.seq), &MentionAll { by: self.me.0 })?,
            (true, false) => tx.delete(&MENTION_ALL, &(self.id, self.seq))?,
            _ => {}
        }
        let (before, after) = (mentioned(before), mentioned(text));
        for account in before.difference(&after) {
            mentions::withdraw(tx, *account, self.id, self.seq)?;
        }
        for account in after.difference(&before).filter(|account| **account != self.me) {
            let Some(member) = tx.get(&MEMBER, &(self.id, *account))? else { continue };
            let silent = contacts::blocks(tx, *account, self.me)?;
            if !silent && sees(tx, self.id, *account, &member, self.seq)? {
                mentions::note(tx, *account, self.id, self.seq, read, now)?;
            }
        }
        Ok(())
    }
}
