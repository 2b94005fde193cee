//! Attempts to sign in by code, as rows. There is one from when the code is shown until the device that shows it has got
//! its answer, or is gone. It knows no streams.

use super::Token;
use crate::bus::{Event, SignInStep};
use crate::error::Result;
use crate::features::accounts::{Accounts, AskingDevice};
use crate::id::{AccountId, DeviceId};
use crate::store::key::KeyRange;
use crate::store::{Order, Store, Table, Tx};
use crate::time::Time;
use prost::Message;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Names an attempt: a hash of its code's token, so that nobody who reads the rows can answer a code.
pub(super) type AttemptId = [u8; 32];

/// Attempts of devices that wait for somebody to let them in.
pub(super) const ATTEMPT: Table<AttemptId, AttemptRow> = Table::new("qr.sign_in");

/// An attempt that has expired for so long is nobody's any more.
const LEFT_OVER_AFTER: Duration = Duration::from_secs(60);
/// Attempts looked at in one round of the sweep.
const SWEEP_BATCH: usize = 500;

/// An attempt.
#[derive(Clone, PartialEq, Message)]
pub(super) struct AttemptRow {
    /// Absent once it was let in.
    #[prost(message, optional, tag = "1")]
    pub(super) device: Option<AskingDevice>,
    /// What its program says it is.
    #[prost(string, tag = "2")]
    pub(super) program: String,
    #[prost(int64, tag = "3")]
    pub(super) began_at_ms: i64,
    #[prost(int64, tag = "4")]
    pub(super) expires_at_ms: i64,
    /// Whether somebody scanned the code.
    #[prost(bool, tag = "5")]
    pub(super) scanned: bool,
    /// Who let the device in; 0: nobody yet.
    #[prost(fixed64, tag = "6")]
    account_id: u64,
    /// What it is then.
    #[prost(fixed64, tag = "7")]
    device_id: u64,
}

impl AttemptRow {
    /// Of a device that begins to ask.
    pub(super) fn new(device: AskingDevice, program: String, began: Time, expires: Time) -> Self {
        let (began_at_ms, expires_at_ms) = (began.as_ms(), expires.as_ms());
        Self { device: Some(device), program, began_at_ms, expires_at_ms, ..Self::default() }
    }

    /// Whose the device is, and which, where somebody let it in.
    pub(super) fn let_in(&self) -> Option<(AccountId, DeviceId)> {
        (self.account_id != 0).then_some((AccountId(self.account_id), DeviceId(self.device_id)))
    }
}

/// The attempt of a code.
pub(super) fn id(token: Token) -> AttemptId {
    let mut hash = Sha256::new();
    hash.update(b"qr.sign_in\0");
    hash.update(token);
    hash.finalize().into()
}

/// An attempt that can be decided.
pub(super) fn open(tx: &mut Tx<'_>, id: &AttemptId, now: Time) -> Result<Option<AttemptRow>> {
    let row = tx.get(&ATTEMPT, id)?;
    Ok(row.filter(|row| row.let_in().is_none() && now < Time(row.expires_at_ms)))
}

/// The same for somebody who scanned the code. The first who does is told to the device.
pub(super) fn scan(tx: &mut Tx<'_>, id: &AttemptId, now: Time) -> Result<Option<AttemptRow>> {
    let Some(mut row) = open(tx, id, now)? else { return Ok(None) };
    if !row.scanned {
        row.scanned = true;
        tx.put(&ATTEMPT, id, &row)?;
        publish(tx, id, SignInStep::Scanned);
    }
    Ok(Some(row))
}

/// The device was let in. The attempt stays until the device has been told.
pub(super) fn approve(
    tx: &mut Tx<'_>,
    id: &AttemptId,
    row: AttemptRow,
    account: AccountId,
    device: DeviceId,
) -> Result<()> {
    let row = AttemptRow { device: None, account_id: account.0, device_id: device.0, ..row };
    tx.put(&ATTEMPT, id, &row)?;
    publish(tx, id, SignInStep::LetIn);
    Ok(())
}

/// The device was not let in.
pub(super) fn refuse(tx: &mut Tx<'_>, id: &AttemptId) -> Result<()> {
    tx.delete(&ATTEMPT, id)?;
    publish(tx, id, SignInStep::Refused);
    Ok(())
}

/// Ends an attempt, whatever has become of it, and gives it.
pub(super) fn take(tx: &mut Tx<'_>, id: &AttemptId) -> Result<Option<AttemptRow>> {
    let row = tx.get(&ATTEMPT, id)?;
    if row.is_some() {
        tx.delete(&ATTEMPT, id)?;
    }
    Ok(row)
}

/// Ends an attempt of which nobody is there any more to be told.
pub(super) fn abandon(tx: &mut Tx<'_>, id: &AttemptId, now: Time) -> Result<()> {
    match take(tx, id)?.and_then(|row| row.let_in()) {
        Some((account, device)) => Accounts::put_out(tx, account, device, now),
        None => Ok(()),
    }
}

/// Attempts that nobody waits for: such as began before `since`, and such as should have been over for long.
pub(super) async fn left_over(store: &Store, since: Time, now: Time) -> Result<Vec<AttemptId>> {
    let (mut range, mut left) = (KeyRange::all(), Vec::new());
    loop {
        let rows = store.scan(&ATTEMPT, &range, SWEEP_BATCH, Order::Rising).await?;
        let Some((last, _)) = rows.last() else { return Ok(left) };
        range = KeyRange::all().after(last);
        let over = |row: &AttemptRow| {
            Time(row.began_at_ms) < since || Time(row.expires_at_ms) + LEFT_OVER_AFTER < now
        };
        left.extend(rows.into_iter().filter(|(_, row)| over(row)).map(|(id, _)| id));
    }
}

fn publish(tx: &mut Tx<'_>, id: &AttemptId, step: SignInStep) {
    tx.publish(Event::SignIn { attempt: *id, step });
}
