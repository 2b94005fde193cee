//! How temporary chats end: somebody leaves, somebody blocks somebody, or they become friends elsewhere; and how they are
//! removed some weeks later.

use super::super::send::append;
use super::super::tables::{
    CONVERSATION, Content, Conversation, DELETED, DRAFT, LOG, MARK, MEMBER, MINE, TEMPORARY, TEMPORARY_UNTIL,
};
use super::super::{Chat, conversation_not_found, members};
use super::{chat, ends_at, living};
use crate::bus::Audience;
use crate::delivery::log;
use crate::error::Result;
use crate::features::media;
use crate::id::{AccountId, ConversationId};
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::Time;
use bytes::Bytes;
use std::time::Duration;
use teahouse_proto::chat::{Notice, TemporaryChatEnded, notice};
use teahouse_proto::sync::ConversationLeft;
use teahouse_proto::sync::account_event::What;

/// How often to look for chats that are over for long enough.
const EVERY: Duration = Duration::from_secs(10 * 60);
/// Entries removed in one transaction.
const BATCH: usize = 50;

/// `me` has the chat no longer, and it is over.
pub(super) fn leave(tx: &mut Tx<'_>, me: AccountId, id: ConversationId, now: Time) -> Result<()> {
    let what = chat(tx, id)?.ok_or_else(conversation_not_found)?;
    if tx.get(&MEMBER, &(id, me))?.is_none() {
        return Err(conversation_not_found());
    }
    let lives = ends_at(tx, id, &what)? > now;
    take_off(tx, me, id, &what, now)?;
    if lives { end(tx, id, what, now) } else { Ok(()) }
}

/// As [`leave`], of the living chat of two; nothing where there is none.
pub(in super::super) fn end_between(
    tx: &mut Tx<'_>,
    who: AccountId,
    other: AccountId,
    now: Time,
) -> Result<()> {
    match living(tx, who, other, now)? {
        Some(id) => leave(tx, who, id, now),
        None => Ok(()),
    }
}

/// A living chat is over for whoever still has it, and they are told.
pub(super) fn end(tx: &mut Tx<'_>, id: ConversationId, mut what: Conversation, now: Time) -> Result<()> {
    let mut stored = what.temporary.take().unwrap_or_default();
    stored.ended_at_ms = now.as_ms();
    what.temporary = Some(stored);
    tx.put(&CONVERSATION, &id, &what)?;
    let to = members(tx, id, &what)?.into_iter().map(|(account, _)| account).collect();
    let notice = Notice { kind: Some(notice::Kind::TemporaryChatEnded(TemporaryChatEnded {})) };
    let notice = Content::Notice(notice);
    append(tx, id, Audience::Accounts(to), AccountId(0), now, Bytes::new(), &notice).map(drop)
}

/// Takes a chat off somebody's list, with all that is theirs of it.
fn take_off(
    tx: &mut Tx<'_>,
    me: AccountId,
    id: ConversationId,
    what: &Conversation,
    now: Time,
) -> Result<()> {
    tx.delete(&MEMBER, &(id, me))?;
    tx.delete(&MINE, &(me, id))?;
    tx.delete(&DRAFT, &(me, id))?;
    if let Some(other) = what.other(me) {
        tx.delete(&TEMPORARY, &(me, other, id))?;
    }
    let left = What::ConversationLeft(ConversationLeft { conversation_id: id.0 });
    log::append(tx, me, now, &left).map(drop)
}

/// Has the chat looked at, at some time, whether it is to be removed.
pub(super) fn look_at(tx: &mut Tx<'_>, id: ConversationId, at: Time) -> Result<()> {
    tx.put(&TEMPORARY_UNTIL, &(at.as_ms().max(0).cast_unsigned(), id), &())
}

/// Removes a part of one chat that was over for long enough; `false` where there is none.
fn sweep_one(tx: &mut Tx<'_>, kept: Duration, now: Time) -> Result<bool> {
    let end = (now.as_ms().max(0).cast_unsigned().saturating_add(1), ConversationId(0));
    let due = tx.scan(&TEMPORARY_UNTIL, &KeyRange::all().before(&end), 1, Order::Rising)?;
    let Some((key, ())) = due.into_iter().next() else { return Ok(false) };
    let id = key.1;
    // What became a direct conversation is nothing of ours any more.
    let Some(what) = chat(tx, id)? else {
        tx.delete(&TEMPORARY_UNTIL, &key)?;
        return Ok(true);
    };
    let until = ends_at(tx, id, &what)? + kept;
    if until > now {
        tx.delete(&TEMPORARY_UNTIL, &key)?;
        look_at(tx, id, until)?;
        return Ok(true);
    }
    for (account, _) in members(tx, id, &what)? {
        take_off(tx, account, id, &what, now)?;
    }
    let oldest = tx.entries(&LOG, &id, 1, u64::MAX, BATCH, Order::Rising)?;
    for (seq, entry) in oldest {
        for medium in entry.content.iter().flat_map(Content::media_ids) {
            media::release(tx, medium)?;
        }
        for account in what.accounts() {
            tx.delete(&DELETED, &(account, id, seq))?;
        }
    }
    if tx.drop_log(&LOG, &id, BATCH)? == BATCH {
        return Ok(true);
    }
    for account in what.accounts() {
        tx.delete(&MARK, &(id, account))?;
    }
    tx.delete(&TEMPORARY_UNTIL, &key)?;
    tx.delete(&CONVERSATION, &id)?;
    Ok(true)
}

impl Chat {
    /// Removes chats that are over for long enough, for as long as the server runs.
    pub(in super::super) async fn sweep_temporary_when_due(&self) {
        loop {
            tokio::time::sleep(EVERY).await;
            if let Err(error) = self.sweep_temporary(self.foundation.clock.now()).await {
                tracing::warn!(%error, "temporary chats could not be removed; trying again later");
            }
        }
    }

    pub(in super::super) async fn sweep_temporary(&self, now: Time) -> Result<()> {
        let kept = self.config.keep_temporary();
        while self.foundation.store.make_room(move |tx| sweep_one(tx, kept, now)).await? {}
        Ok(())
    }
}
