//! Who is mentioned where, until they have read it. Bounded for each conversation: whoever mentions somebody without end
//! fills neither the disk nor their account's log, of which devices that are away have only so much.

use super::tables::{MARK, MENTION, Mention};
use crate::delivery::log;
use crate::error::Result;
use crate::id::{AccountId, ConversationId};
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::Time;
use teahouse_proto::sync::Mentioned;
use teahouse_proto::sync::account_event::What;

/// Unread mentions of one account in one conversation that are kept, told and counted.
pub(super) const MAX_UNREAD: usize = 100;
/// Mentions forgotten when one is noted: more than one, so that they become fewer.
const FORGET_STEP: usize = 2;

/// An edit took a mention out.
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
    now: Time,
) -> Result<()> {
    // Behind by the account's own latest messages, and never ahead.
    let read = tx.get(&MARK, &(id, account))?.unwrap_or_default().seq;
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
