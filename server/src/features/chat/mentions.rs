//! Who is mentioned where, until they have read it. Bounded for each conversation: whoever mentions somebody without end
//! fills neither the disk nor their account's log, of which devices that are away have only so much.

use super::Chat;
use super::changes::mentioned;
use super::hooks::pair;
use super::options::read_in;
use super::saying::Saying;
use super::send::Destination;
use super::tables::{CONVERSATION, MEMBER, MENTION, Mark, Mention, PAIR};
use crate::delivery::log;
use crate::error::Result;
use crate::id::{AccountId, ConversationId};
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::Time;
use std::collections::HashMap;
use teahouse_proto::chat::Text;
use teahouse_proto::chat::send_message_request::To;
use teahouse_proto::sync::Mentioned;
use teahouse_proto::sync::account_event::What;

/// Unread mentions of one account in one conversation that are kept, told and counted.
pub(super) const MAX_UNREAD: usize = 100;
/// Mentions forgotten when one is noted: more than one, so that they become fewer.
const FORGET_STEP: usize = 2;

/// Mentions forgotten at once. More are there only where many were read and not one is noted since; the rest goes with the
/// next read mark.
const FORGET: usize = 200;

/// How far members had read before a transaction that mentions them. What is stored of that is behind by their own
/// latest messages.
pub(super) type ReadBefore = HashMap<AccountId, Mark>;

impl Chat {
    /// As [`Chat::read_by_members`], of whom a message mentions.
    pub(super) async fn read_by_mentioned(&self, to: Destination, saying: &Saying) -> Result<ReadBefore> {
        let text = match saying {
            Saying::Text(text) if !text.mentions.is_empty() => text,
            _ => return Ok(ReadBefore::new()),
        };
        let id = match to.to {
            To::ConversationId(id) => id,
            To::AccountId(account) => {
                let pair = self.foundation.store.get(&PAIR, &pair(to.me, AccountId(account))).await?;
                pair.map_or(0, |pair| pair.conversation)
            }
        };
        self.read_by_members(to.me, ConversationId(id), text).await
    }

    /// How far those have read whom a text of `me` mentions. Looks up nothing of others than members, nor for others.
    pub(super) async fn read_by_members(
        &self,
        me: AccountId,
        id: ConversationId,
        text: &Text,
    ) -> Result<ReadBefore> {
        let store = &self.foundation.store;
        let mut read = ReadBefore::new();
        if text.mentions.is_empty() || store.get(&MEMBER, &(id, me)).await?.is_none() {
            return Ok(read);
        }
        // There nobody is mentioned, and how long it takes must not say whether somebody named is in it.
        if store.get(&CONVERSATION, &id).await?.is_some_and(|what| what.is_temporary()) {
            return Ok(read);
        }
        for account in mentioned(text) {
            if store.get(&MEMBER, &(id, account)).await?.is_some() {
                read.insert(account, self.marks.load(store, id, account).await?);
            }
        }
        Ok(read)
    }
}

/// An account has read so far, or lost the conversation.
pub(super) fn forget(tx: &mut Tx<'_>, account: AccountId, id: ConversationId, up_to: u64) -> Result<()> {
    let range = KeyRange::prefix(&(account, id)).before(&(account, id, up_to.saturating_add(1)));
    for (key, _) in tx.scan(&MENTION, &range, FORGET, Order::Rising)? {
        tx.delete(&MENTION, &key)?;
    }
    Ok(())
}

/// An edit took a mention out, or its message was recalled. It still counts against [`MAX_UNREAD`]: the account was told.
pub(super) fn withdraw(tx: &mut Tx<'_>, account: AccountId, id: ConversationId, seq: u64) -> Result<()> {
    match tx.get(&MENTION, &(account, id, seq))? {
        Some(_) => tx.put(&MENTION, &(account, id, seq), &Mention { withdrawn: true }),
        None => Ok(()),
    }
}

/// Notes that an account is mentioned in an entry, and tells its devices. Beyond [`MAX_UNREAD`] nothing is noted until
/// it has read: it knows by then that it is wanted. What it has read, or was told of, is not told again.
pub(super) fn note(
    tx: &mut Tx<'_>,
    account: AccountId,
    id: ConversationId,
    seq: u64,
    before: &ReadBefore,
    now: Time,
) -> Result<()> {
    let Some(member) = tx.get(&MEMBER, &(id, account))? else { return Ok(()) };
    let known = before.get(&account).copied().unwrap_or_default();
    let read = member.at_least(read_in(tx, account, id, known)?).seq;
    if seq <= read {
        return Ok(());
    }
    if tx.get(&MENTION, &(account, id, seq))?.is_some() {
        return tx.put(&MENTION, &(account, id, seq), &Mention::default());
    }
    let all = KeyRange::prefix(&(account, id));
    let stale = all.clone().before(&(account, id, read.saturating_add(1)));
    for (key, _) in tx.scan(&MENTION, &stale, FORGET_STEP, Order::Rising)? {
        tx.delete(&MENTION, &key)?;
    }
    let unread = all.after(&(account, id, read));
    if tx.scan(&MENTION, &unread, MAX_UNREAD, Order::Rising)?.len() == MAX_UNREAD {
        return Ok(());
    }
    tx.put(&MENTION, &(account, id, seq), &Mention::default())?;
    log::append(tx, account, now, &What::Mentioned(Mentioned { conversation_id: id.0, seq })).map(drop)
}
