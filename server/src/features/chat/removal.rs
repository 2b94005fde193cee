//! What members remove from their own devices: single messages, or all so far. Others keep them and learn nothing.

use super::api::read_up_to;
use super::tables::{DELETED, LOG, MEMBER, MINE, Member};
use super::{Chat, conversation_not_found, membership, options};
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
        let (_, member) = self.member(me, id).await?;
        let seqs: BTreeSet<u64> = request.seqs.iter().copied().collect();
        if request.seqs.len() > MAX_SEQS || seqs.contains(&0) {
            return Err(Error::invalid("SEQ_INVALID", "Name up to 100 entries by their numbers, from 1 on."));
        }
        let Some(last) = seqs.last().copied() else { return Ok(DeleteForMeResponse {}) };
        let known = member.at_least(self.marks.load(&self.foundation.store, id, me).await?);
        let delete = self.foundation.store.transact(move |tx| {
            let read = read_up_to(tx, id, me, known, last, now)?;
            let (_, member) = membership(tx, id, me)?.ok_or_else(conversation_not_found)?;
            delete(tx, id, me, member, &seqs, now)?;
            Ok(read)
        });
        self.was_read(me, id, delete.await?).await;
        Ok(DeleteForMeResponse {})
    }

    /// `ChatService/ClearHistory`.
    pub(super) async fn clear(
        &self,
        me: AccountId,
        request: ClearHistoryRequest,
        now: Time,
    ) -> Result<ClearHistoryResponse> {
        let id = ConversationId(request.conversation_id);
        let (_, member) = self.member(me, id).await?;
        let known = member.at_least(self.marks.load(&self.foundation.store, id, me).await?);
        let clear = self.foundation.store.transact(move |tx| {
            let head = tx.head(&LOG, &id)?;
            let read = read_up_to(tx, id, me, known, head, now)?;
            let (_, member) = membership(tx, id, me)?.ok_or_else(conversation_not_found)?;
            let ordinal = tx.entry(&LOG, &id, head)?.map_or(0, |entry| entry.ordinal);
            let cleared = member.visible_after < head;
            if cleared {
                let after = Member { visible_after: head, ordinal_after: ordinal, ..member };
                tx.put(&MEMBER, &(id, me), &after)?;
            }
            let mut mine = tx.get(&MINE, &(me, id))?.unwrap_or_default();
            let hide = request.and_hide && !mine.is_hidden(ordinal);
            if hide {
                mine.hidden_at_ordinal = Some(ordinal);
                tx.put(&MINE, &(me, id), &mine)?;
            }
            if cleared || hide {
                options::tell(tx, me, id, read.mark.seq, now)?;
            }
            Ok(read)
        });
        self.was_read(me, id, clear.await?).await;
        Ok(ClearHistoryResponse { conversation: Some(self.view(me, id).await?) })
    }
}

/// Deletes messages, and tells the account's devices which were not deleted before. Changes and notices stay: a device
/// that was away learns from them what happened to others.
fn delete(
    tx: &mut Tx<'_>,
    id: ConversationId,
    me: AccountId,
    mut member: Member,
    seqs: &BTreeSet<u64>,
    now: Time,
) -> Result<()> {
    let mut deleted = Vec::new();
    for seq in seqs.iter().copied().filter(|seq| *seq > member.visible_after) {
        let key = (me, id, seq);
        let is_message = tx.entry(&LOG, &id, seq)?.is_some_and(|entry| entry.is_message());
        if is_message && tx.get(&DELETED, &key)?.is_none() {
            tx.put(&DELETED, &key, &())?;
            deleted.push(seq);
        }
    }
    let Some(last) = deleted.last() else { return Ok(()) };
    member.deleted_to = member.deleted_to.max(*last);
    tx.put(&MEMBER, &(id, me), &member)?;
    let what = What::EntriesDeleted(EntriesDeleted { conversation_id: id.0, seqs: deleted });
    delivery::log::append(tx, me, now, &what).map(drop)
}
