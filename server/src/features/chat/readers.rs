//! How many in a group have read a message, and who. Asked for by its author alone and never pushed: of 500 members each
//! reading would be told 500 times. Whoever has receipts off neither counts nor asks, and where one of two blocks the
//! other it is as if they had them off.

use super::api::page_size;
use super::groups::Roster;
use super::tables::{LOG, MARK, MEMBER};
use super::{Chat, message_not_found};
use crate::error::Result;
use crate::features::{accounts, contacts};
use crate::id::{AccountId, ConversationId};
use crate::store::Order;
use std::collections::BTreeSet;
use std::sync::Arc;
use teahouse_proto::chat::{GetReceiptsResponse, ListReadersRequest, ListReadersResponse};

/// Readers on one page, by default and at most.
const PAGE: usize = 50;
const MAX_PAGE: usize = 100;
/// Entries after a message that are looked through for who wrote on: their marks may not be on disk yet. Those of who
/// wrote longer ago are.
const WRITTEN_ON: usize = 500;
/// So many of them at once: only their authors stay in memory.
const AT_ONCE: usize = 50;
/// The list, in its cursors.
const LIST: &str = "chat.readers";

/// A message of somebody's own in a group that they are in, and what they may know of who read it.
struct Asked<'a> {
    chat: &'a Chat,
    me: AccountId,
    id: ConversationId,
    seq: u64,
    roster: Arc<Roster>,
    /// Who wrote after it.
    wrote_on: BTreeSet<AccountId>,
    blocked: Vec<AccountId>,
}

impl Chat {
    /// How many have read a message of `me` in a group.
    pub(super) async fn group_receipts(
        &self,
        me: AccountId,
        id: ConversationId,
        seq: u64,
    ) -> Result<GetReceiptsResponse> {
        let Some(asked) = self.asked(me, id, seq).await? else { return Ok(GetReceiptsResponse::default()) };
        let (mut readers, mut members) = (0, 0);
        for account in asked.others().await? {
            members += 1;
            readers += u32::from(asked.has_read(account).await?);
        }
        Ok(GetReceiptsResponse { available: true, readers, members, ..GetReceiptsResponse::default() })
    }

    /// `ChatService/ListReaders`.
    pub(super) async fn readers(
        &self,
        me: AccountId,
        request: ListReadersRequest,
    ) -> Result<ListReadersResponse> {
        let (id, page) = (ConversationId(request.conversation_id), request.page.unwrap_or_default());
        let after = self.read_cursor::<AccountId>(LIST, me, &page.cursor)?;
        let Some(asked) = self.asked(me, id, request.seq).await? else {
            return Ok(ListReadersResponse::default());
        };
        let limit = page_size(page.limit, PAGE, MAX_PAGE);
        let mut others = asked.others().await?;
        others.retain(|other| Some(*other) > after);
        others.sort_unstable();
        let mut account_ids = Vec::new();
        for account in others {
            if !asked.has_read(account).await? {
                continue;
            }
            if account_ids.len() == limit {
                let last = account_ids.last().copied().map_or(AccountId(0), AccountId);
                return Ok(ListReadersResponse { account_ids, next: self.cursor(LIST, me, &last) });
            }
            account_ids.push(account.0);
        }
        Ok(ListReadersResponse { account_ids, next: bytes::Bytes::new() })
    }

    /// `None` where there are no receipts: the caller has them off, was removed, or it is no group.
    async fn asked(&self, me: AccountId, id: ConversationId, seq: u64) -> Result<Option<Asked<'_>>> {
        let store = &self.foundation.store;
        let entry = self.visible(me, id, seq).await?;
        if entry.author != me.0 || !entry.is_said() {
            return Err(message_not_found());
        }
        let on = accounts::load(store, me).await?.is_some_and(|person| person.read_receipts);
        let Some(roster) = self.group_roster(id).await?.filter(|roster| on && roster.has(me)) else {
            return Ok(None);
        };
        let wrote_on = self.wrote_on(id, seq).await?;
        let blocked = contacts::blocked(store, me).await?;
        Ok(Some(Asked { chat: self, me, id, seq, roster, wrote_on, blocked }))
    }

    /// Who wrote after an entry, not long after.
    async fn wrote_on(&self, id: ConversationId, mut seq: u64) -> Result<BTreeSet<AccountId>> {
        let mut authors = BTreeSet::new();
        for _ in 0..WRITTEN_ON / AT_ONCE {
            let store = &self.foundation.store;
            let later = store.entries(&LOG, &id, seq + 1, u64::MAX, AT_ONCE, Order::Rising).await?;
            let wrote = later.iter().filter(|(_, entry)| entry.is_message());
            authors.extend(wrote.map(|(_, entry)| AccountId(entry.author)));
            match later.last() {
                Some((last, _)) => seq = *last,
                None => break,
            }
        }
        Ok(authors)
    }
}

impl Asked<'_> {
    /// Members besides the author to whom the message was shown. Who cleared it since is one of them, as before: nobody
    /// learns that they did.
    async fn others(&self) -> Result<Vec<AccountId>> {
        let mut others = Vec::new();
        for listed in self.roster.all().iter().filter(|listed| listed.account != self.me.0) {
            let account = AccountId(listed.account);
            let mut shown = listed.came_after < self.seq;
            if !shown && listed.returned {
                let member = self.chat.foundation.store.get(&MEMBER, &(self.id, account)).await?;
                shown = member.is_some_and(|member| member.was_shown(self.seq));
            }
            if shown {
                others.push(account);
            }
        }
        Ok(others)
    }

    async fn has_read(&self, account: AccountId) -> Result<bool> {
        let store = &self.chat.foundation.store;
        let mut read = self.wrote_on.contains(&account)
            || self.chat.marks.known(self.id, account).is_some_and(|mark| mark.seq >= self.seq);
        if !read {
            let mark = store.get(&MARK, &(self.id, account)).await?;
            read = mark.is_some_and(|mark| mark.seq >= self.seq);
        }
        Ok(read
            && self.blocked.binary_search(&account).is_err()
            && accounts::load(store, account).await?.is_some_and(|person| person.read_receipts)
            && !contacts::is_blocked_by(store, self.me, account).await?)
    }
}
