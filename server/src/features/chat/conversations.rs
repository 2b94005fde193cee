//! Conversations as one account sees them now: the list, single ones, and those that moved.

use super::mentions::MAX_UNREAD;
use super::tables::{
    self, CONVERSATION, Content, DRAFT, LOG, MEMBER, MENTION, MENTION_ALL, MINE, Member, StoredEntry,
};
use super::temporary::Authors;
use super::{Chat, contents, conversation_not_found, message_not_found};
use crate::error::{Error, Kind, Result};
use crate::features::contacts;
use crate::id::{AccountId, ConversationId};
use crate::store::Order;
use crate::store::key::KeyRange;
use crate::time::Time;
use std::collections::BTreeSet;
use teahouse_proto::chat::{self, Conversation};

/// The most conversations on one list. Beyond it the oldest ids are left out of lists (never out of reach by id).
const MAX_LISTED: usize = 20_000;
/// Entries looked through at once for a message that the member did not delete.
const LOOK_BACK: u64 = 50;
/// How often they are.
const LOOKS_BACK: usize = 20;

/// How often something is read for a member who becomes another one meanwhile.
const READ_ANEW: usize = 5;

/// A conversation's place among those that moved: the stamp with which it last did, and its id.
pub type Place = (u64, ConversationId);
/// A conversation's place in the list: 1 where it is pinned to the top and else 0, then as [`Place`].
pub(super) type ListPlace = (u32, u64, ConversationId);

impl Chat {
    /// The places of an account's conversations that moved after a stamp, the latest moved first.
    pub async fn moved_after(&self, account: AccountId, stamp: u64) -> Result<Vec<Place>> {
        Ok(self.moved_and_muted(account, stamp).await?.0)
    }

    /// As [`Chat::moved_after`], and with it all that the account has muted, in order of id.
    pub async fn moved_and_muted(
        &self,
        account: AccountId,
        stamp: u64,
    ) -> Result<(Vec<Place>, Vec<ConversationId>)> {
        let store = &self.foundation.store;
        let mine = store.scan(&MINE, &KeyRange::prefix(&(account,)), MAX_LISTED, Order::Falling).await?;
        let (mut places, mut muted) = (Vec::new(), Vec::new());
        for ((_, id), mine) in mine {
            let head = self.heads.known_to(store, id, mine.ended.as_ref()).await?;
            if head.stamp > stamp || stamp == 0 {
                places.push((head.stamp, id));
            }
            if mine.muted {
                muted.push(id);
            }
        }
        places.sort_unstable_by(|a, b| b.cmp(a));
        muted.reverse();
        Ok((places, muted))
    }

    /// The places of an account's list, in its order; those that are hidden only where they are asked for.
    pub(super) async fn listed(&self, account: AccountId, with_hidden: bool) -> Result<Vec<ListPlace>> {
        let store = &self.foundation.store;
        let mine = store.scan(&MINE, &KeyRange::prefix(&(account,)), MAX_LISTED, Order::Falling).await?;
        let mut places = Vec::new();
        for ((_, id), mine) in mine {
            let head = self.heads.known_to(store, id, mine.ended.as_ref()).await?;
            if with_hidden || !mine.is_hidden(head.ordinal) {
                places.push((u32::from(mine.pinned), head.stamp, id));
            }
        }
        places.sort_unstable_by(|a, b| b.cmp(a));
        Ok(places)
    }

    /// One conversation as a member sees it now; `CONVERSATION_NOT_FOUND` for others.
    pub async fn view(&self, account: AccountId, id: ConversationId) -> Result<Conversation> {
        self.as_member(account, id, |what, member| self.view_as(account, id, what, member)).await
    }

    async fn view_as(
        &self,
        account: AccountId,
        id: ConversationId,
        what: tables::Conversation,
        member: Member,
    ) -> Result<Conversation> {
        let store = &self.foundation.store;
        let head = match &member.ended {
            Some(ended) => ended.into(),
            None => self.heads.load_since(store, id, member.came_after).await?,
        };
        let mark = member.at_least(self.marks.load(store, id, account).await?);
        let mine = store.get(&MINE, &(account, id)).await?.unwrap_or_default();
        let draft = store.get(&DRAFT, &(account, id)).await?;
        let last = self.last_said(account, id, &member, head.seq).await?;
        let authors = Authors::of(&what);
        let mut preview = last.map(|(seq, entry)| preview(entry.to_entry(id, seq, Some(account), authors)));
        if let Some(preview) = preview.as_mut().filter(|_| what.is_group()) {
            let author = AccountId(preview.author_account_id);
            preview.author_blocked = contacts::is_blocked_by(store, author, account).await?;
        }
        let unread = head.ordinal.saturating_sub(mark.ordinal);
        let mentions = if mark.seq < head.seq && (unread > 0 || what.is_group()) {
            self.unread_mentions(account, id, &what, &member, mark.seq).await?
        } else {
            0
        };
        let (own_author_id, peer_author_id) = what.author_ids(account);
        let ends_at = self.ends_at(id, &what).await?;
        Ok(Conversation {
            conversation_id: id.0,
            kind: what.kind,
            peer_account_id: what.peer(account).map_or(0, |peer| peer.0),
            head_seq: head.seq,
            read_seq: mark.seq,
            unread,
            unread_mentions: mentions,
            preview,
            moved_at_ms: head.at_ms.max(what.created_at_ms),
            first_seq_after: member.first_after(),
            group: self.groups.summary(store, id, &what, account, &member).await?,
            unseen: member.unseen(),
            muted: mine.muted,
            pinned: mine.pinned,
            hidden: mine.is_hidden(head.ordinal),
            marked_unread: mine.is_marked_unread(mark.seq),
            draft,
            peer_read_seq: self.peer_read_seq(account, id, &what).await?.unwrap_or(0),
            own_author_id,
            peer_author_id,
            ends_at_ms: ends_at.map_or(0, Time::as_ms),
            ended: ends_at.is_some_and(|at| at <= self.foundation.clock.now()),
        })
    }

    /// What a conversation is and what a member may see of it; `CONVERSATION_NOT_FOUND` for others.
    pub(super) async fn member(
        &self,
        account: AccountId,
        id: ConversationId,
    ) -> Result<(tables::Conversation, Member)> {
        let what = self.foundation.store.get(&CONVERSATION, &id).await?.ok_or_else(conversation_not_found)?;
        Ok((what, self.member_row(account, id).await?))
    }

    async fn member_row(&self, account: AccountId, id: ConversationId) -> Result<Member> {
        match self.foundation.store.get(&MEMBER, &(id, account)).await? {
            Some(member) => Ok(member),
            None if crate::faults::on(crate::faults::Fault::SkipMembership) => Ok(Member::default()),
            None => Err(conversation_not_found()),
        }
    }

    /// What `read` makes of a conversation for a member; `CONVERSATION_NOT_FOUND` for others. Where they became another
    /// member while it read, it reads anew: so nobody who is removed meanwhile sees what was said without them.
    ///
    /// # Errors
    /// `CHANGED_MEANWHILE` when this happens again and again.
    pub(super) async fn as_member<T, F: Future<Output = Result<T>>>(
        &self,
        account: AccountId,
        id: ConversationId,
        read: impl Fn(tables::Conversation, Member) -> F,
    ) -> Result<T> {
        for _ in 0..READ_ANEW {
            let (what, member) = self.member(account, id).await?;
            let made = read(what, member.clone()).await?;
            if self.member_row(account, id).await? == member {
                return Ok(made);
            }
        }
        Err(changed_meanwhile())
    }

    /// The last message that a member can see; where nothing was said yet, the notice at the end. Behind more than
    /// [`LOOKS_BACK`] times [`LOOK_BACK`] messages that the member deleted: none.
    async fn last_said(
        &self,
        account: AccountId,
        id: ConversationId,
        member: &Member,
        head: u64,
    ) -> Result<Option<(u64, StoredEntry)>> {
        let Some(newest) = self.stored(id, member, head).await? else { return Ok(None) };
        let last = newest.last_message(head);
        if member.sees(last) && last <= member.deleted_to {
            return self.last_not_deleted(account, id, member, last).await;
        }
        if last == head {
            return Ok(Some((head, newest)));
        }
        let said = self.stored(id, member, last).await?.map(|entry| (last, entry));
        Ok(said.or_else(|| matches!(newest.content, Some(Content::Notice(_))).then_some((head, newest))))
    }

    /// The last message up to `last` that a member can see and did not delete.
    async fn last_not_deleted(
        &self,
        account: AccountId,
        id: ConversationId,
        member: &Member,
        mut last: u64,
    ) -> Result<Option<(u64, StoredEntry)>> {
        let store = &self.foundation.store;
        for _ in 0..LOOKS_BACK {
            if last <= member.first_after() {
                break;
            }
            let from = last.saturating_sub(LOOK_BACK).max(member.first_after()) + 1;
            let entries = store.entries(&LOG, &id, from, last, LOOK_BACK as usize, Order::Falling).await?;
            let deleted = self.deleted(account, id, member, (from, last)).await?;
            // However many changes lie before them: straight to the message before those.
            let before = entries.last().map_or(0, |(seq, oldest)| match oldest.last_message(*seq) {
                message if message == *seq => seq - 1,
                message => message,
            });
            let found = entries
                .into_iter()
                .find(|(seq, entry)| member.sees(*seq) && entry.is_message() && !deleted.contains(seq));
            if let Some((seq, entry)) = found {
                return Ok(Some((seq, self.as_it_was(id, member, seq, entry).await?)));
            }
            last = before;
        }
        Ok(None)
    }

    /// An entry that a member may see; `MESSAGE_NOT_FOUND` for others.
    pub(super) async fn visible(
        &self,
        account: AccountId,
        id: ConversationId,
        seq: u64,
    ) -> Result<StoredEntry> {
        let read = |_, member| async move { self.entry(account, id, &member, seq).await };
        self.as_member(account, id, read).await?.ok_or_else(message_not_found)
    }

    /// How many entries after a number mention somebody, or everybody, but those by themselves and by whom they block.
    async fn unread_mentions(
        &self,
        account: AccountId,
        id: ConversationId,
        what: &tables::Conversation,
        member: &Member,
        read_seq: u64,
    ) -> Result<u32> {
        let store = &self.foundation.store;
        let range = KeyRange::prefix(&(account, id)).after(&(account, id, read_seq));
        let rows = store.scan(&MENTION, &range, MAX_UNREAD, Order::Rising).await?;
        let named: BTreeSet<u64> =
            rows.iter().filter(|(_, mention)| !mention.withdrawn).map(|((.., seq), _)| *seq).collect();
        let mut count = named.len();
        if what.is_group() && count < MAX_UNREAD {
            let range = KeyRange::prefix(&(id,)).after(&(id, read_seq));
            let mut all = store.scan(&MENTION_ALL, &range, MAX_UNREAD, Order::Rising).await?;
            all.retain(|((_, seq), all)| all.by != account.0 && member.sees(*seq) && !named.contains(seq));
            let blocked = if all.is_empty() { Vec::new() } else { contacts::blocked(store, account).await? };
            all.retain(|(_, all)| blocked.binary_search(&AccountId(all.by)).is_err());
            count = (count + all.len()).min(MAX_UNREAD);
        }
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }
}

fn preview(mut entry: chat::Entry) -> chat::Entry {
    if let Some(content) = &mut entry.content {
        entry.cut = contents::shorten(content);
    }
    entry
}

fn changed_meanwhile() -> Error {
    let message =
        "You came into this conversation or out of it again and again while it was read. Try again.";
    Error::new(Kind::Conflict, "CHANGED_MEANWHILE", message)
}
