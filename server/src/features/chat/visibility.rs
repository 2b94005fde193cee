//! Which entries a member sees: those of the time in which they were in the conversation, less those that they deleted
//! for themselves.

use super::Chat;
use super::tables::{DELETED, LOG, Member, StoredEntry};
use crate::error::Result;
use crate::id::{AccountId, ConversationId};
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use std::collections::BTreeSet;

/// Whether a member sees an entry, if it is there.
pub(super) fn sees(
    tx: &mut Tx<'_>,
    id: ConversationId,
    account: AccountId,
    member: &Member,
    seq: u64,
) -> Result<bool> {
    let deleted = seq <= member.deleted_to && tx.get(&DELETED, &(account, id, seq))?.is_some();
    Ok(member.sees(seq) && !deleted)
}

impl Chat {
    /// An entry, where a member sees it: as it is stored, or as it was when they were removed.
    pub(super) async fn entry(
        &self,
        account: AccountId,
        id: ConversationId,
        member: &Member,
        seq: u64,
    ) -> Result<Option<StoredEntry>> {
        let key = (account, id, seq);
        if seq <= member.deleted_to && self.foundation.store.get(&DELETED, &key).await?.is_some() {
            return Ok(None);
        }
        self.stored(id, member, seq).await
    }

    /// As [`Chat::entry`], also where the member deleted it.
    pub(super) async fn stored(
        &self,
        id: ConversationId,
        member: &Member,
        seq: u64,
    ) -> Result<Option<StoredEntry>> {
        if !member.sees(seq) {
            return Ok(None);
        }
        let found = self.foundation.store.entries(&LOG, &id, seq, seq, 1, Order::Rising).await?;
        match found.into_iter().next() {
            Some((_, entry)) => self.as_it_was(id, member, seq, entry).await.map(Some),
            None => Ok(None),
        }
    }

    /// Which of the entries `from..=to` a member deleted; they must be few.
    pub(super) async fn deleted(
        &self,
        account: AccountId,
        id: ConversationId,
        member: &Member,
        (from, to): (u64, u64),
    ) -> Result<BTreeSet<u64>> {
        if from > member.deleted_to || from > to {
            return Ok(BTreeSet::new());
        }
        let range = KeyRange::prefix(&(account, id)).from(&(account, id, from));
        let limit = usize::try_from(to - from).map_or(usize::MAX, |n| n.saturating_add(1));
        let rows = self.foundation.store.scan(&DELETED, &range, limit, Order::Rising).await?;
        Ok(rows.into_iter().map(|((_, _, seq), ())| seq).collect())
    }
}
