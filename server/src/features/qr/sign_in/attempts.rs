//! Attempts to sign in by code, as rows. There is one from when the code is shown until the device that shows it is gone
//! without an answer; and where somebody decided, for some time after, so that deciding can be repeated and a device that
//! never uses its token is signed out again. It knows no streams.

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

/// Attempts of devices that wait for somebody to let them in, and what was decided lately.
pub(super) const ATTEMPT: Table<AttemptId, AttemptRow> = Table::new("qr.sign_in");

/// An attempt that has expired for so long is nobody's any more.
const LEFT_OVER_AFTER: Duration = Duration::from_secs(60);
/// So long after it was let in a device has used its token, or is signed out.
pub(super) const USED_WITHIN: Duration = Duration::from_secs(120);
/// Attempts looked at in one round of the sweep.
const SWEEP_BATCH: usize = 500;

/// An attempt.
#[derive(Clone, PartialEq, Message)]
pub(super) struct AttemptRow {
    /// Absent once it was decided.
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
    /// Who did not let the device in; 0: nobody.
    #[prost(fixed64, tag = "8")]
    refused_by: u64,
    #[prost(int64, tag = "9")]
    decided_at_ms: i64,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The device is this account's, and which.
    LetIn(AccountId, DeviceId),
    Refused,
    /// Nobody decided.
    Expired,
}

impl AttemptRow {
    /// Of a device that begins to ask.
    pub(super) fn new(device: AskingDevice, program: String, began: Time, expires: Time) -> Self {
        let (began_at_ms, expires_at_ms) = (began.as_ms(), expires.as_ms());
        Self { device: Some(device), program, began_at_ms, expires_at_ms, ..Self::default() }
    }

    /// Whose the device is, and which, where somebody let it in.
    fn let_in(&self) -> Option<(AccountId, DeviceId)> {
        (self.account_id != 0).then_some((AccountId(self.account_id), DeviceId(self.device_id)))
    }

    fn is_decided(&self) -> bool {
        self.account_id != 0 || self.refused_by != 0
    }

    /// Whether somebody decided just so.
    pub(super) fn was_decided(&self, by: AccountId, approve: bool) -> bool {
        by.0 == if approve { self.account_id } else { self.refused_by }
    }

    /// Whether nobody asks for it any more. `since`: whoever asked before waits no more.
    fn is_over(&self, since: Time, now: Time) -> bool {
        let has_expired = Time(self.expires_at_ms) + LEFT_OVER_AFTER < now;
        match (self.let_in(), self.is_decided()) {
            (Some(_), _) => Time(self.decided_at_ms) + USED_WITHIN <= now,
            (None, true) => has_expired,
            (None, false) => has_expired || Time(self.began_at_ms) < since,
        }
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
    Ok(row.filter(|row| !row.is_decided() && now < Time(row.expires_at_ms)))
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

/// Whether somebody decided just so before.
pub(super) fn was_decided(tx: &mut Tx<'_>, id: &AttemptId, by: AccountId, approve: bool) -> Result<bool> {
    Ok(tx.get(&ATTEMPT, id)?.is_some_and(|row| row.was_decided(by, approve)))
}

/// The device was let in as this one; `None`: it was not. The attempt stays for some time.
pub(super) fn decide(
    tx: &mut Tx<'_>,
    id: &AttemptId,
    row: AttemptRow,
    by: AccountId,
    let_in: Option<DeviceId>,
    now: Time,
) -> Result<()> {
    let row = AttemptRow { device: None, decided_at_ms: now.as_ms(), ..row };
    let (row, step) = match let_in {
        Some(DeviceId(device_id)) => (AttemptRow { account_id: by.0, device_id, ..row }, SignInStep::LetIn),
        None => (AttemptRow { refused_by: by.0, ..row }, SignInStep::Refused),
    };
    tx.put(&ATTEMPT, id, &row)?;
    publish(tx, id, step);
    Ok(())
}

/// What became of an attempt; from here on it cannot be decided.
pub(super) fn conclude(tx: &mut Tx<'_>, id: &AttemptId) -> Result<Outcome> {
    let Some(row) = tx.get(&ATTEMPT, id)? else { return Ok(Outcome::Expired) };
    match (row.let_in(), row.is_decided()) {
        (Some((account, device)), _) => Ok(Outcome::LetIn(account, device)),
        (None, true) => Ok(Outcome::Refused),
        (None, false) => tx.delete(&ATTEMPT, id).map(|()| Outcome::Expired),
    }
}

/// Ends an attempt of which nobody is there any more to be told. A device that was let in and has not used its token is
/// signed out.
pub(super) fn abandon(tx: &mut Tx<'_>, id: &AttemptId, now: Time) -> Result<()> {
    let Some(row) = tx.get(&ATTEMPT, id)? else { return Ok(()) };
    tx.delete(&ATTEMPT, id)?;
    match row.let_in() {
        Some((account, device)) => Accounts::put_out_unused(tx, account, device, now),
        None => Ok(()),
    }
}

/// Attempts that nobody asks for any more. `since`: whoever asked before waits no more.
pub(super) async fn left_over(store: &Store, since: Time, now: Time) -> Result<Vec<AttemptId>> {
    let (mut range, mut left) = (KeyRange::all(), Vec::new());
    loop {
        let rows = store.scan(&ATTEMPT, &range, SWEEP_BATCH, Order::Rising).await?;
        let Some((last, _)) = rows.last() else { return Ok(left) };
        range = KeyRange::all().after(last);
        left.extend(rows.into_iter().filter(|(_, row)| row.is_over(since, now)).map(|(id, _)| id));
    }
}

fn publish(tx: &mut Tx<'_>, id: &AttemptId, step: SignInStep) {
    tx.publish(Event::SignIn { attempt: *id, step });
}
