//! Entries as a member reads them: what they deleted is not told, and a change comes with its entry as it is now.

use super::Chat;
use super::tables::{Conversation, LOG, Member, REACTION, StoredEntry};
use super::temporary::Authors;
use crate::error::Result;
use crate::features::contacts;
use crate::id::{AccountId, ConversationId};
use crate::store::Order;
use prost::Message;
use std::collections::btree_map::{BTreeMap, Entry as Looked};
use teahouse_proto::chat::{self, Entry, ListEntriesRequest, ListEntriesResponse};

/// Entries in one answer, at most and by default.
const MAX_ENTRIES: usize = 100;
/// Bytes of entries in one answer: a page may hold fewer entries than asked for.
const MAX_ENTRIES_BYTES: usize = 256 * 1024;

/// Somebody who reads a conversation.
pub(super) struct Viewer {
    me: AccountId,
    /// Whom they block, in order of id. Of groups only: elsewhere nobody hears whom they block.
    blocked: Vec<AccountId>,
    authors: Authors,
}

impl Chat {
    /// `ChatService/ListEntries`.
    pub(super) async fn entries(
        &self,
        me: AccountId,
        request: ListEntriesRequest,
    ) -> Result<ListEntriesResponse> {
        let id = ConversationId(request.conversation_id);
        self.as_member(me, id, |what, member| self.entries_as(me, what, member, request)).await
    }

    async fn entries_as(
        &self,
        me: AccountId,
        what: Conversation,
        member: Member,
        request: ListEntriesRequest,
    ) -> Result<ListEntriesResponse> {
        let id = ConversationId(request.conversation_id);
        let limit = if request.limit == 0 { MAX_ENTRIES } else { MAX_ENTRIES.min(request.limit as usize) };
        let backwards = request.latest || request.before_seq > 0;
        let from = request.after_seq.saturating_add(1);
        let to = if request.before_seq > 0 { request.before_seq - 1 } else { u64::MAX };
        let order = if backwards { Order::Falling } else { Order::Rising };
        let stored = self.seen(id, &member, (from, to), limit, order).await?;
        let mut entries = self.shown(me, id, &what, &member, stored).await?;
        entries.truncate(fitting(&entries));
        if backwards {
            entries.reverse();
        }
        let head_seq = match &member.ended {
            Some(ended) => ended.seq,
            None => self.foundation.store.head(&LOG, &id).await?,
        };
        Ok(ListEntriesResponse { entries, head_seq })
    }

    /// Entries `from..=to` of the times in which a member was in the conversation.
    async fn seen(
        &self,
        id: ConversationId,
        member: &Member,
        (from, to): (u64, u64),
        limit: usize,
        order: Order,
    ) -> Result<Vec<(u64, StoredEntry)>> {
        let mut ranges = member.visible(from, to);
        if order == Order::Falling {
            ranges.reverse();
        }
        let mut stored = Vec::new();
        for (from, to) in ranges {
            let left = limit - stored.len();
            if left == 0 {
                break;
            }
            let found = self.foundation.store.entries(&LOG, &id, from, to, left, order).await?;
            if member.ended.is_none() {
                stored.extend(found);
                continue;
            }
            for (seq, entry) in found {
                stored.push((seq, self.as_it_was(id, member, seq, entry).await?));
            }
        }
        Ok(stored)
    }

    /// Entries of one page, none of them before what the member can see, as the member sees them.
    async fn shown(
        &self,
        me: AccountId,
        id: ConversationId,
        what: &Conversation,
        member: &Member,
        stored: Vec<(u64, StoredEntry)>,
    ) -> Result<Vec<Entry>> {
        let viewer = self.viewer(me, what).await?;
        let first = stored.iter().map(|(seq, _)| *seq).min().unwrap_or(1);
        let last = stored.iter().map(|(seq, _)| *seq).max().unwrap_or(0);
        let deleted = self.deleted(me, id, member, (first, last)).await?;
        let mut targets = BTreeMap::new();
        let mut entries = Vec::with_capacity(stored.len());
        for (seq, entry) in stored {
            if deleted.contains(&seq) {
                entries.push(entry.to_deleted(id, seq, viewer.authors));
                continue;
            }
            let mut shown = self.told(&viewer, id, seq, &entry).await?;
            if let Some(chat::entry::Content::Changed(changed)) = &mut shown.content {
                let target = match targets.entry(changed.target_seq) {
                    Looked::Occupied(known) => known.into_mut(),
                    Looked::Vacant(new) => {
                        let found = match self.entry(me, id, member, *new.key()).await? {
                            Some(entry) => Some(self.told(&viewer, id, *new.key(), &entry).await?),
                            None => None,
                        };
                        new.insert(found)
                    }
                };
                changed.target = target.clone().map(Box::new);
            }
            entries.push(shown);
        }
        Ok(entries)
    }

    /// Somebody who reads a conversation.
    pub(super) async fn viewer(&self, me: AccountId, what: &Conversation) -> Result<Viewer> {
        let store = &self.foundation.store;
        let blocked = if what.is_group() { contacts::blocked(store, me).await? } else { Vec::new() };
        Ok(Viewer { me, blocked, authors: Authors::of(what) })
    }

    /// An entry, with the viewer's own reactions also where the summary does not name them.
    pub(super) async fn told(
        &self,
        viewer: &Viewer,
        id: ConversationId,
        seq: u64,
        entry: &StoredEntry,
    ) -> Result<Entry> {
        let me = viewer.me;
        let mut told = entry.to_entry(id, seq, Some(me), viewer.authors);
        told.author_blocked = viewer.blocked.binary_search(&AccountId(entry.author)).is_ok();
        for reaction in &mut told.reactions {
            if !reaction.mine && reaction.account_ids.len() < reaction.count as usize {
                let key = (id, seq, reaction.emoji.clone(), me);
                reaction.mine = self.foundation.store.get(&REACTION, &key).await?.is_some();
            }
        }
        Ok(told)
    }
}

/// How many of the entries fit into one answer: at least one.
fn fitting(entries: &[Entry]) -> usize {
    let mut bytes = 0;
    let over = entries.iter().position(|entry| {
        bytes += entry.encoded_len();
        bytes > MAX_ENTRIES_BYTES
    });
    over.map_or(entries.len(), |n| n.max(1))
}
