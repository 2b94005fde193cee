//! What members remove from their own devices: single messages, or all so far. Others keep them and learn nothing: what
//! is removed is unread no more, but receipts do not say that it was read.

use super::groups::Groups;
use super::tables::{DELETED, LOG, MEMBER, MINE, Mark, Mine};
use super::{Chat, conversation_not_found, head_of, head_with, membership, mentions, options, ordinal_at};
use crate::delivery;
use crate::error::{Error, Result};
use crate::id::{AccountId, ConversationId};
use crate::store::Tx;
use crate::time::Time;
use std::collections::BTreeSet;
use teahouse_proto::chat::{
    ClearHistoryRequest, ClearHistoryResponse, DeleteForMeRequest, DeleteForMeResponse,
};
use teahouse_proto::sync::EntriesDeleted;
use teahouse_proto::sync::account_event::What;

/// Messages deleted with one call.
const MAX_SEQS: usize = 100;

impl Chat {
    /// `ChatService/DeleteForMe`.
    pub(super) async fn delete_for_me(
        &self,
        me: AccountId,
        request: DeleteForMeRequest,
        now: Time,
    ) -> Result<DeleteForMeResponse> {
        let id = ConversationId(request.conversation_id);
        self.member(me, id).await?;
        let seqs: BTreeSet<u64> = request.seqs.iter().copied().collect();
        if request.seqs.len() > MAX_SEQS || seqs.contains(&0) {
            return Err(Error::invalid("SEQ_INVALID", "Name up to 100 entries by their numbers, from 1 on."));
        }
        let known = self.marks.load(&self.foundation.store, id, me).await?;
        let groups = self.groups.clone();
        let delete = self.foundation.store.transact(move |tx| delete(tx, &groups, id, me, known, &seqs, now));
        delete.await.map(|()| DeleteForMeResponse {})
    }

    /// `ChatService/ClearHistory`.
    pub(super) async fn clear(
        &self,
        me: AccountId,
        request: ClearHistoryRequest,
        now: Time,
    ) -> Result<ClearHistoryResponse> {
        let id = ConversationId(request.conversation_id);
        self.member(me, id).await?;
        let known = self.marks.load(&self.foundation.store, id, me).await?;
        let groups = self.groups.clone();
        let clear = self.foundation.store.transact(move |tx| {
            let (_, mut member) = membership(tx, id, me)?.ok_or_else(conversation_not_found)?;
            let head = head_of(tx, id, &member)?;
            let cleared = member.visible_after < head.seq;
            if cleared {
                member.clear(head);
                tx.put(&MEMBER, &(id, me), &member)?;
                groups.saw(tx, id, me, &member)?;
                mentions::forget(tx, me, id, head.seq)?;
            }
            let before = tx.get(&MINE, &(me, id))?.unwrap_or_default();
            let mut mine = Mine { marked_unread_at_seq: None, ..before.clone() };
            if request.and_hide && !mine.is_hidden(head.ordinal) {
                mine.hidden_at_ordinal = Some(head.ordinal);
            }
            if mine != before {
                tx.put(&MINE, &(me, id), &mine)?;
            }
            if cleared || mine != before {
                let read = options::read_in(tx, me, id, known)?;
                options::tell(tx, me, id, member.at_least(read), now)?;
            }
            Ok(())
        });
        clear.await?;
        Ok(ClearHistoryResponse { conversation: Some(self.view(me, id).await?) })
    }
}

/// Deletes messages, and tells the account's devices which were not deleted before, and how far it has come by that.
/// Changes and notices stay: a device that was away learns from them what happened to others.
fn delete(
    tx: &mut Tx<'_>,
    groups: &Groups,
    id: ConversationId,
    me: AccountId,
    known: Mark,
    seqs: &BTreeSet<u64>,
    now: Time,
) -> Result<()> {
    let (_, before) = membership(tx, id, me)?.ok_or_else(conversation_not_found)?;
    let Some(last) = seqs.last().copied() else { return Ok(()) };
    head_with(tx, id, &before, last)?;
    let mut deleted = Vec::new();
    for seq in seqs.iter().copied().filter(|seq| before.sees(*seq)) {
        let key = (me, id, seq);
        let is_message = tx.entry(&LOG, &id, seq)?.is_some_and(|entry| entry.is_message());
        if is_message && tx.get(&DELETED, &key)?.is_none() {
            tx.put(&DELETED, &key, &())?;
            deleted.push(seq);
        }
    }
    let mut member = before.clone();
    member.deleted_to = deleted.last().copied().unwrap_or(0).max(member.deleted_to);
    let passed = last > member.at_least(options::read_in(tx, me, id, known)?).seq;
    if passed {
        member.passed = Some(Mark::at(last, ordinal_at(tx, id, last)?));
        mentions::forget(tx, me, id, last)?;
    }
    if member != before {
        tx.put(&MEMBER, &(id, me), &member)?;
        groups.saw(tx, id, me, &member)?;
    }
    if passed {
        options::tell(tx, me, id, member.passed.unwrap_or_default(), now)?;
    }
    if deleted.is_empty() {
        return Ok(());
    }
    let what = What::EntriesDeleted(EntriesDeleted { conversation_id: id.0, seqs: deleted });
    delivery::log::append(tx, me, now, &what).map(drop)
}
