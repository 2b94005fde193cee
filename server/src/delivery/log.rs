//! The account log: what concerns one account alone, numbered, for its devices to catch up on.

use crate::bus::{Audience, Event};
use crate::error::Result;
use crate::id::AccountId;
use crate::store::{Log, Order, Store, Tx};
use crate::time::{DAY, Time};
use std::sync::Arc;
use std::time::Duration;
use teahouse_proto::sync::account_event::What;
use teahouse_proto::sync::follow_response::Event as FollowEvent;
use teahouse_proto::sync::{AccountEvent, FollowResponse};

const LOG: Log<AccountId, AccountEvent> = Log::new("account.log");

/// Entries kept per account.
pub const KEEP_ENTRIES: u64 = 10_000;
/// Time for which entries are kept.
pub const KEEP_FOR: Duration = Duration::from_secs(30 * DAY.as_secs());
/// Old entries removed with one append: more than one, so that a log shrinks while it grows.
const TRIM_STEP: usize = 4;

/// Notes something for all devices of an account, durably with the transaction, and pushes it to those connected.
pub fn append(tx: &mut Tx<'_>, account: AccountId, now: Time, what: &What) -> Result<u64> {
    let make = |number| AccountEvent { number, at_ms: now.as_ms(), what: Some(what.clone()) };
    let number = tx.append(&LOG, &account, make)?;
    trim(tx, account, number, now)?;
    let message = FollowResponse { event: Some(FollowEvent::Account(make(number))), ..Default::default() };
    tx.publish(Event::Deliver { to: Audience::Account(account), message: Arc::new(message), own: None });
    Ok(number)
}

fn trim(tx: &mut Tx<'_>, account: AccountId, head: u64, now: Time) -> Result<()> {
    let oldest = tx.entries(&LOG, &account, 1, u64::MAX, TRIM_STEP, Order::Rising)?;
    let expired =
        oldest.iter().filter(|(_, e)| now.since(Time(e.at_ms)) > KEEP_FOR).map(|(n, _)| n + 1).max();
    let before = expired.unwrap_or(0).max((head + 1).saturating_sub(KEEP_ENTRIES));
    if oldest.first().is_some_and(|(n, _)| *n < before) {
        tx.trim(&LOG, &account, before, TRIM_STEP)?;
    }
    Ok(())
}

/// Number of the last entry.
pub async fn head(store: &Store, account: AccountId) -> Result<u64> {
    store.head(&LOG, &account).await
}

/// Entries after a number, oldest first, at most `limit`.
pub async fn after(store: &Store, account: AccountId, after: u64, limit: usize) -> Result<Vec<AccountEvent>> {
    let rows = store.entries(&LOG, &account, after + 1, u64::MAX, limit, Order::Rising).await?;
    Ok(rows.into_iter().map(|(_, event)| event).collect())
}
