//! The devices of an account, within a transaction: signing one in, signing some out, listing them, and the addresses
//! they use. It does not know why.

use super::sanctions;
use super::tables::{DEVICE, DeviceRow, NETWORK, NetworkRow, SESSION, SecretHash, SessionRow};
use crate::bus;
use crate::call::unauthenticated;
use crate::delivery::log;
use crate::error::{Error, Result};
use crate::id::{AccountId, DeviceId};
use crate::store::key::KeyRange;
use crate::store::{Order, Store, Tx};
use crate::time::{DAY, Time};
use std::time::Duration;
use teahouse_proto::accounts::DeviceInfo;
use teahouse_proto::sync::DevicesChanged;
use teahouse_proto::sync::account_event::What;
use teahouse_proto::sync::devices_changed::Change;

/// Rows read of one account, more than any setting of the number of devices.
const ALL_DEVICES: usize = 10_000;
/// Addresses remembered per account.
const MAX_NETWORKS: usize = 50;
/// For how long an account is at home at an address that it used.
const AT_HOME_FOR: Duration = Duration::from_secs(30 * DAY.as_secs());
/// How old the note of an address may get before it is renewed.
const RENEW_NETWORK_AFTER: Duration = DAY;

/// A device that is signed in, as stored.
pub(super) struct Device {
    pub(super) id: DeviceId,
    pub(super) token_hash: SecretHash,
    pub(super) row: SessionRow,
}

impl Device {
    /// As it called itself.
    pub(super) fn name(&self) -> String {
        self.row.info.as_ref().map(|i| i.name.clone()).unwrap_or_default()
    }
}

/// A device that is to be signed in.
#[derive(Clone, Debug)]
pub(super) struct NewDevice {
    pub(super) id: DeviceId,
    pub(super) token_hash: SecretHash,
    pub(super) info: DeviceInfo,
    /// Keyed hash of the address it signs in from, where addresses count.
    pub(super) network: Option<u64>,
}

/// What bounds the devices of an account.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeviceLimits {
    pub(super) most: usize,
    pub(super) idle: Duration,
}

impl DeviceLimits {
    /// Whether a session that was last used then is over.
    pub(super) fn is_expired(&self, last_use: Time, now: Time) -> bool {
        now.since(last_use) >= self.idle
    }
}

/// Signs a device in. Where the account has too many, the longest unused ones are signed out. Errors: `SUSPENDED`; every
/// way to a session leads through here, so that none leads around it.
pub(super) fn sign_in(
    tx: &mut Tx<'_>,
    account: (AccountId, Time),
    new: &NewDevice,
    limits: DeviceLimits,
    now: Time,
) -> Result<()> {
    let (account, created_at) = account;
    sanctions::check_may_sign_in(tx, account, now)?;
    let mut devices = all(tx, account)?;
    devices.sort_unstable_by_key(|d| (d.row.last_used_at_ms, d.id));
    let too_many = (devices.len() + 1).saturating_sub(limits.most.max(1));
    let expired = devices.iter().filter(|d| limits.is_expired(Time(d.row.last_used_at_ms), now)).count();
    let over: Vec<Device> = devices.drain(..too_many.max(expired)).collect();
    end(tx, account, &over)?;
    for device in &over {
        tell(tx, account, Change::SignedOut, device.id, device.name(), now)?;
    }
    let row = SessionRow {
        account_id: account.0,
        device_id: new.id.0,
        account_created_at_ms: created_at.as_ms(),
        info: Some(new.info.clone()),
        signed_in_at_ms: now.as_ms(),
        last_used_at_ms: now.as_ms(),
        awaits_first_use: false,
    };
    tx.put(&SESSION, &new.token_hash, &row)?;
    tx.put(&DEVICE, &(account, new.id), &DeviceRow { token_hash: new.token_hash.to_vec() })?;
    if let Some(network) = new.network {
        note_network(tx, account, network, now)?;
    }
    Ok(())
}

/// Whether a session waits for the first use of its token. Errors: `UNAUTHENTICATED` where it is over.
pub(super) fn set_awaits_first_use(tx: &mut Tx<'_>, token_hash: &SecretHash, awaits: bool) -> Result<()> {
    let mut row = tx.get(&SESSION, token_hash)?.ok_or_else(unauthenticated)?;
    row.awaits_first_use = awaits;
    tx.put(&SESSION, token_hash, &row)
}

/// Signs devices out: their rows go, and with the commit every node hears of it.
pub(super) fn end(tx: &mut Tx<'_>, account: AccountId, devices: &[Device]) -> Result<()> {
    for device in devices {
        tx.delete(&SESSION, &device.token_hash)?;
        tx.delete(&DEVICE, &(account, device.id))?;
    }
    if !devices.is_empty() {
        let devices = devices.iter().map(|d| d.id).collect();
        tx.publish(bus::Event::SessionsEnded { account, devices });
    }
    Ok(())
}

/// Signs all devices out but one: gives how many.
pub(super) fn end_others(tx: &mut Tx<'_>, account: AccountId, but: Option<DeviceId>) -> Result<usize> {
    let mut others = all(tx, account)?;
    others.retain(|d| Some(d.id) != but);
    end(tx, account, &others)?;
    Ok(others.len())
}

/// Tells all devices of the account that one was signed in or out, or did something to the others.
pub(super) fn tell(
    tx: &mut Tx<'_>,
    account: AccountId,
    change: Change,
    device: DeviceId,
    device_name: String,
    now: Time,
) -> Result<()> {
    let what = DevicesChanged { change: change.into(), device_id: device.0, device_name };
    log::append(tx, account, now, &What::DevicesChanged(what)).map(drop)
}

/// One device of an account.
pub(super) fn find(tx: &mut Tx<'_>, account: AccountId, device: DeviceId) -> Result<Option<Device>> {
    match tx.get(&DEVICE, &(account, device))? {
        Some(row) => read(tx, device, &row),
        None => Ok(None),
    }
}

/// The devices of an account, expired ones too.
pub(super) fn all(tx: &mut Tx<'_>, account: AccountId) -> Result<Vec<Device>> {
    let rows = tx.scan(&DEVICE, &KeyRange::prefix(&(account,)), ALL_DEVICES, Order::Rising)?;
    let mut devices = Vec::with_capacity(rows.len());
    for ((_, id), row) in rows {
        devices.extend(read(tx, id, &row)?);
    }
    Ok(devices)
}

/// The same, outside of a transaction.
pub(super) async fn load_all(store: &Store, account: AccountId) -> Result<Vec<Device>> {
    let rows = store.scan(&DEVICE, &KeyRange::prefix(&(account,)), ALL_DEVICES, Order::Rising).await?;
    let mut devices = Vec::with_capacity(rows.len());
    for ((_, id), row) in rows {
        let token_hash = token_hash(&row)?;
        let session = store.get(&SESSION, &token_hash).await?;
        devices.extend(session.map(|row| Device { id, token_hash, row }));
    }
    Ok(devices)
}

fn read(tx: &mut Tx<'_>, id: DeviceId, row: &DeviceRow) -> Result<Option<Device>> {
    let token_hash = token_hash(row)?;
    Ok(tx.get(&SESSION, &token_hash)?.map(|row| Device { id, token_hash, row }))
}

fn token_hash(row: &DeviceRow) -> Result<SecretHash> {
    row.token_hash.as_slice().try_into().map_err(|_| Error::internal("stored token hash"))
}

/// Notes that an account was used from an address.
pub(super) fn note_network(tx: &mut Tx<'_>, account: AccountId, network: u64, now: Time) -> Result<()> {
    let known = tx.get(&NETWORK, &(account, network))?;
    if known.is_some_and(|n| now.since(Time(n.last_used_at_ms)) < RENEW_NETWORK_AFTER) {
        return Ok(());
    }
    tx.put(&NETWORK, &(account, network), &NetworkRow { last_used_at_ms: now.as_ms() })?;
    let mut rows = tx.scan(&NETWORK, &KeyRange::prefix(&(account,)), MAX_NETWORKS * 2, Order::Rising)?;
    rows.sort_unstable_by_key(|(_, n)| std::cmp::Reverse(n.last_used_at_ms));
    let fresh = rows.iter().filter(|(_, n)| now.since(Time(n.last_used_at_ms)) < AT_HOME_FOR).count();
    for (key, _) in rows.drain(fresh.min(MAX_NETWORKS)..) {
        tx.delete(&NETWORK, &key)?;
    }
    Ok(())
}

/// Whether an account was used from an address lately.
pub(super) async fn is_home(store: &Store, account: AccountId, network: u64, now: Time) -> Result<bool> {
    let known = store.get(&NETWORK, &(account, network)).await?;
    Ok(known.is_some_and(|n| now.since(Time(n.last_used_at_ms)) < AT_HOME_FOR))
}
