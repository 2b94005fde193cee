//! What is a member's own of a conversation: muted, pinned to the top, hidden, marked as unread, and the draft. Nobody
//! else learns of it. It knows nothing of what was said.

use super::tables::{DRAFT, MARK, MINE, Mark};
use super::{Chat, conversation_not_found, head_of, membership, rules};
use crate::delivery::log;
use crate::error::Result;
use crate::id::{AccountId, ConversationId};
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::chat::{Conversation, Draft, SetDraftRequest, UpdateConversationRequest};
use teahouse_proto::sync::ConversationChanged;
use teahouse_proto::sync::account_event::What;

impl Chat {
    /// Changes the options that are present. Without a difference nothing is written or told.
    pub(super) async fn update_options(
        &self,
        me: AccountId,
        request: UpdateConversationRequest,
        now: Time,
    ) -> Result<Conversation> {
        let id = ConversationId(request.conversation_id);
        let known = self.read_by(me, id).await?;
        let change = move |tx: &mut Tx<'_>| {
            let (_, member) = membership(tx, id, me)?.ok_or_else(conversation_not_found)?;
            let mine = tx.get(&MINE, &(me, id))?.ok_or_else(conversation_not_found)?;
            let read = read_in(tx, me, id, known)?;
            let mut new = mine.clone();
            new.muted = request.muted.unwrap_or(mine.muted);
            new.pinned = request.pinned.unwrap_or(mine.pinned);
            if let Some(hidden) = request.hidden {
                new.hidden_at_ordinal = if hidden { Some(head_of(tx, id, &member)?.ordinal) } else { None };
            }
            if let Some(marked) = request.marked_unread {
                new.marked_unread_at_seq = marked.then_some(read.seq);
            }
            if new == mine {
                return Ok(());
            }
            tx.put(&MINE, &(me, id), &new)?;
            tell(tx, me, id, read, now)
        };
        self.foundation.store.transact(change).await?;
        self.view(me, id).await
    }

    /// Keeps a draft, or removes it where it is empty. Gives what is kept.
    pub(super) async fn keep_draft(
        &self,
        me: AccountId,
        request: SetDraftRequest,
        now: Time,
    ) -> Result<Option<Draft>> {
        rules::check_length(&request.text)?;
        let id = ConversationId(request.conversation_id);
        let known = self.read_by(me, id).await?;
        let keep = move |tx: &mut Tx<'_>| {
            if tx.get(&MINE, &(me, id))?.is_none() {
                return Err(conversation_not_found());
            }
            let before = tx.get(&DRAFT, &(me, id))?;
            let (text, quote_seq) = (request.text.clone(), request.quote_seq);
            let empty = text.is_empty() && quote_seq == 0;
            let draft = Draft { text, quote_seq, at_ms: now.as_ms() };
            match &before {
                None if empty => return Ok(None),
                Some(same) if same.text == draft.text && same.quote_seq == quote_seq => return Ok(before),
                _ if empty => tx.delete(&DRAFT, &(me, id))?,
                _ => tx.put(&DRAFT, &(me, id), &draft)?,
            }
            let read = read_in(tx, me, id, known)?;
            tell(tx, me, id, read, now)?;
            Ok((!empty).then_some(draft))
        };
        self.foundation.store.transact(keep).await
    }

    /// How far a member has read; `CONVERSATION_NOT_FOUND` for others.
    async fn read_by(&self, me: AccountId, id: ConversationId) -> Result<Mark> {
        let (_, member) = self.member(me, id).await?;
        Ok(member.at_least(self.marks.load(&self.foundation.store, id, me).await?))
    }
}

/// Somebody reads on from `before` to `read`: what they marked as unread is read now.
pub(super) fn take_unread_mark(
    tx: &mut Tx<'_>,
    me: AccountId,
    id: ConversationId,
    before: Mark,
    read: Mark,
    now: Time,
) -> Result<()> {
    let Some(mut mine) = tx.get(&MINE, &(me, id))?.filter(|mine| mine.is_marked_unread(before.seq)) else {
        return Ok(());
    };
    mine.marked_unread_at_seq = None;
    tx.put(&MINE, &(me, id), &mine)?;
    tell(tx, me, id, read, now)
}

/// Tells the devices of `me` how their own part of a conversation is now.
pub(super) fn tell(tx: &mut Tx<'_>, me: AccountId, id: ConversationId, read: Mark, now: Time) -> Result<()> {
    let (_, member) = membership(tx, id, me)?.ok_or_else(conversation_not_found)?;
    let mine = tx.get(&MINE, &(me, id))?.unwrap_or_default();
    let changed = ConversationChanged {
        conversation_id: id.0,
        muted: mine.muted,
        pinned: mine.pinned,
        hidden: mine.is_hidden(head_of(tx, id, &member)?.ordinal),
        marked_unread: mine.is_marked_unread(read.seq),
        draft: tx.get(&DRAFT, &(me, id))?,
        first_seq_after: member.first_after(),
        read_seq: read.seq,
        read_ordinal: read.ordinal,
    };
    log::append(tx, me, now, &What::ConversationChanged(changed)).map(drop)
}

/// How far a member has read: what was known before the transaction, or what was stored since.
pub(super) fn read_in(tx: &mut Tx<'_>, me: AccountId, id: ConversationId, known: Mark) -> Result<Mark> {
    let stored = tx.get(&MARK, &(id, me))?.unwrap_or_default();
    Ok(stored.further(known))
}
