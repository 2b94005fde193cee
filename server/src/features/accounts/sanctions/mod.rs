//! Sanctions: what operators, or reports by several people, brought upon an account. Each is a row of that account; what
//! it closes goes to its sessions with the commit, before anybody is answered. Nobody else is shown anything. It does not
//! know who asked for a sanction, nor what a closed area is made of.

mod rules;

pub use rules::{area, named, shut_out_words, words};

use super::audit::{self, By};
use super::devices;
use crate::bus::Event;
use crate::delivery::log;
use crate::error::Result;
use crate::id::AccountId;
use crate::restrictions::{Area, Restrictions};
use crate::store::key::KeyRange;
use crate::store::{Order, Store, Table, Tx};
use crate::time::Time;
use prost::Message;
use teahouse_proto::safety::Sanction;
use teahouse_proto::sync::SanctionsChanged;
use teahouse_proto::sync::account_event::What;

/// Rows read at once.
const BATCH: usize = 500;

/// What holds against an account; no row where nothing does.
const SANCTION: Table<AccountId, SanctionsRow> = Table::new("accounts.sanction");

/// What holds against an account.
#[derive(Clone, PartialEq, Message)]
struct SanctionsRow {
    /// The newest first; some may be over.
    #[prost(message, repeated, tag = "1")]
    sanctions: Vec<Sanction>,
}

/// Brings a sanction upon an account, in the transaction that decides it, and tells its devices. It takes the place of an
/// earlier one of the same kind and area. Suspension and ban sign all devices out: gives how many those were.
pub fn sanction(tx: &mut Tx<'_>, account: AccountId, new: &Sanction, by: By, now: Time) -> Result<usize> {
    let mut list = tx.get(&SANCTION, &account)?.unwrap_or_default().sanctions;
    rules::add(&mut list, new.clone(), now);
    let is_out = rules::restrictions(&list).shut_out_until(now).is_some();
    let what = rules::words(new);
    change(tx, account, list, now)?;
    audit::note(tx, by, Some(account), what, new.text.clone(), now)?;
    if is_out { devices::end_others(tx, account, None) } else { Ok(0) }
}

/// Takes back what holds against an account and `which` names; gives what that was.
pub fn lift(
    tx: &mut Tx<'_>,
    account: AccountId,
    which: impl Fn(&Sanction) -> bool,
    by: By,
    now: Time,
) -> Result<Vec<Sanction>> {
    let list = sanctions_of(tx, account, now)?;
    let (lifted, left): (Vec<_>, Vec<_>) = list.into_iter().partition(which);
    if lifted.is_empty() {
        return Ok(lifted);
    }
    change(tx, account, left, now)?;
    for sanction in &lifted {
        let what = format!("lifted: {}", rules::words(sanction));
        audit::note(tx, by, Some(account), what, String::new(), now)?;
    }
    Ok(lifted)
}

/// Keeps a list, and tells of it: sessions first, then devices.
fn change(tx: &mut Tx<'_>, account: AccountId, sanctions: Vec<Sanction>, now: Time) -> Result<()> {
    let restrictions = rules::restrictions(&sanctions);
    if sanctions.is_empty() {
        tx.delete(&SANCTION, &account)?;
    } else {
        tx.put(&SANCTION, &account, &SanctionsRow { sanctions: sanctions.clone() })?;
    }
    tx.publish(Event::Sanctioned { account, restrictions });
    log::append(tx, account, now, &What::SanctionsChanged(SanctionsChanged { sanctions })).map(drop)
}

/// What holds against an account, the newest first.
pub fn sanctions_of(tx: &mut Tx<'_>, account: AccountId, now: Time) -> Result<Vec<Sanction>> {
    Ok(held(tx.get(&SANCTION, &account)?, now))
}

/// The same, outside of a transaction.
pub async fn load_sanctions(store: &Store, account: AccountId, now: Time) -> Result<Vec<Sanction>> {
    Ok(held(store.get(&SANCTION, &account).await?, now))
}

/// What is closed to an account, within a transaction.
pub fn restrictions(tx: &mut Tx<'_>, account: AccountId) -> Result<Restrictions> {
    Ok(closed(tx.get(&SANCTION, &account)?))
}

/// The same, outside of a transaction.
pub async fn load_restrictions(store: &Store, account: AccountId) -> Result<Restrictions> {
    Ok(closed(store.get(&SANCTION, &account).await?))
}

/// To whom an area is closed at this time.
pub async fn closed_to(store: &Store, area: Area, now: Time) -> Result<Vec<AccountId>> {
    let (mut found, mut range) = (Vec::new(), KeyRange::all());
    loop {
        let rows = store.scan(&SANCTION, &range, BATCH, Order::Rising).await?;
        let Some((last, _)) = rows.last() else { return Ok(found) };
        range = KeyRange::all().after(last);
        let closed =
            rows.into_iter().filter(|(_, row)| closed(Some(row.clone())).closed_until(area, now).is_some());
        found.extend(closed.map(|(account, _)| account));
    }
}

/// Nobody signs in to an account that is shut out, in whatever way. Errors: `SUSPENDED`. Only for who has proved that the
/// account is theirs.
pub(super) fn check_may_sign_in(tx: &mut Tx<'_>, account: AccountId, now: Time) -> Result<()> {
    let list = tx.get(&SANCTION, &account)?.unwrap_or_default().sanctions;
    rules::suspended(&list, now).map_or(Ok(()), Err)
}

fn held(row: Option<SanctionsRow>, now: Time) -> Vec<Sanction> {
    let mut list = row.unwrap_or_default().sanctions;
    rules::prune(&mut list, now);
    list
}

fn closed(row: Option<SanctionsRow>) -> Restrictions {
    rules::restrictions(&row.unwrap_or_default().sanctions)
}
