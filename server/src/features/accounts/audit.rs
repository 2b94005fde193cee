//! The audit log: what operators did to accounts, and what the server did by itself because of reports. Kept for 180 days,
//! for operators alone. Entries are numbered without gaps, so that none can be missing unseen.

use crate::error::Result;
use crate::id::AccountId;
use crate::store::key::KeyRange;
use crate::store::{Order, Store, Table, Tx};
use crate::time::{DAY, Time};
use prost::Message;
use std::time::Duration;

/// What was done, by number. No log of the store's: of those the last entry always stays.
const AUDIT: Table<u64, AuditRow> = Table::new("accounts.audit");

/// How long entries are kept.
const KEEP_FOR: Duration = Duration::from_secs(180 * DAY.as_secs());
/// Old entries removed at once.
const DROP_STEP: usize = 200;

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub enum By {
    /// An operator.
    Operator = 0,
    /// The server, because of reports by several people.
    Reports = 1,
}

/// Something that was done.
#[derive(Clone, PartialEq, Message)]
struct AuditRow {
    #[prost(int64, tag = "1")]
    at_ms: i64,
    #[prost(enumeration = "By", tag = "2")]
    by: i32,
    /// To whom; 0 for nobody in particular.
    #[prost(fixed64, tag = "3")]
    account_id: u64,
    #[prost(string, tag = "4")]
    what: String,
    /// What the operator wrote about it.
    #[prost(string, tag = "5")]
    text: String,
}

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Counted from the first.
    pub number: u64,
    /// When.
    pub at: Time,
    /// Who did it.
    pub by: By,
    /// To whom, where it was to somebody.
    pub account: Option<AccountId>,
    /// What, in a few words.
    pub what: String,
    /// What the operator wrote about it; often empty.
    pub text: String,
}

/// Notes something, in the transaction that does it.
pub fn note(
    tx: &mut Tx<'_>,
    by: By,
    account: Option<AccountId>,
    what: String,
    text: String,
    now: Time,
) -> Result<()> {
    let account_id = account.map_or(0, |account| account.0);
    let row = AuditRow { at_ms: now.as_ms(), by: by.into(), account_id, what, text };
    let last = tx.scan(&AUDIT, &KeyRange::all(), 1, Order::Falling)?;
    let number = last.first().map_or(0, |(number, _)| *number) + 1;
    tx.put(&AUDIT, &number, &row)
}

/// Entries before a number, the newest first.
///
/// # Errors
/// Those of reading.
pub async fn list(store: &Store, before: u64, limit: usize) -> Result<Vec<AuditEntry>> {
    let rows = store.scan(&AUDIT, &KeyRange::all().before(&before), limit, Order::Falling).await?;
    let entry = |(number, row): (u64, AuditRow)| AuditEntry {
        number,
        at: Time(row.at_ms),
        by: row.by(),
        account: Some(AccountId(row.account_id)).filter(|account| account.0 != 0),
        what: row.what,
        text: row.text,
    };
    Ok(rows.into_iter().map(entry).collect())
}

/// Removes what is older than 180 days; called now and then.
pub(super) async fn drop_old(store: &Store, now: Time) -> Result<()> {
    loop {
        let oldest = store.scan(&AUDIT, &KeyRange::all(), DROP_STEP, Order::Rising).await?;
        let old = oldest.into_iter().take_while(|(_, row)| now.since(Time(row.at_ms)) > KEEP_FOR);
        let old: Vec<u64> = old.map(|(number, _)| number).collect();
        if old.is_empty() {
            return Ok(());
        }
        store.make_room(move |tx| old.iter().try_for_each(|number| tx.delete(&AUDIT, number))).await?;
    }
}
