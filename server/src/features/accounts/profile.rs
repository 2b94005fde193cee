//! Profile and switches of an account, and the account as its own devices see it.

use super::person::{Person, load, person};
use super::tables::{ACCOUNT, AccountRow, RECOVERY};
use super::{AvatarHooks, account_gone, quiet, regions, rules};
use crate::bus;
use crate::delivery::log;
use crate::error::Result;
use crate::features::ledger::quota::{Quota, Who};
use crate::id::AccountId;
use crate::store::key::KeyRange;
use crate::store::{Order, Store, Tx};
use crate::time::{DAY, Time};
use std::time::Duration;
use teahouse_proto::accounts::{
    Account, UpdateNotificationsRequest, UpdateProfileRequest, UpdateSettingsRequest,
};
use teahouse_proto::common::Gender;
use teahouse_proto::sync::account_event::What;

/// The time over which changes of the display name are counted.
const NAME_CHANGES_PER: Duration = Duration::from_secs(30 * DAY.as_secs());
/// Recovery codes counted at most: eight, and what operators issued.
const MAX_CODES_COUNTED: usize = 1000;

/// Fields of a profile that are to change, each as it is kept.
#[derive(Clone)]
pub(super) struct ProfileChange {
    display_name: Option<String>,
    gender: Option<Gender>,
    signature: Option<String>,
    stranger_name: Option<String>,
    region_id: Option<u32>,
    /// Uploads that are to be pictures; empty for none.
    avatar: Option<String>,
    stranger_avatar: Option<String>,
}

impl ProfileChange {
    /// Errors: `DISPLAY_NAME_INVALID`, `SIGNATURE_INVALID`, `GENDER_INVALID`, `REGION_NOT_FOUND`.
    pub(super) fn new(request: &UpdateProfileRequest) -> Result<Self> {
        Ok(Self {
            display_name: request.display_name.as_deref().map(rules::display_name).transpose()?,
            gender: request.gender.map(rules::gender).transpose()?,
            signature: request.signature.as_deref().map(rules::signature).transpose()?,
            stranger_name: request.stranger_name.as_deref().map(rules::stranger_name).transpose()?,
            region_id: request.region_id.map(regions::to_say).transpose()?,
            avatar: request.avatar_media_id.clone(),
            stranger_avatar: request.stranger_avatar_media_id.clone(),
        })
    }
}

/// What bounds the changes of a display name.
#[derive(Clone, Copy)]
pub(super) struct NameLimits {
    pub(super) changes: u32,
    pub(super) former_for: Duration,
}

/// Changes a profile and tells the account's devices. Errors: `RATE_LIMITED` for the display name; those of
/// [`AvatarHooks::replace`].
pub(super) fn update_profile(
    tx: &mut Tx<'_>,
    id: AccountId,
    change: &ProfileChange,
    limits: NameLimits,
    avatars: &dyn AvatarHooks,
    now: Time,
) -> Result<Person> {
    let mut row = tx.get(&ACCOUNT, &id)?.ok_or_else(account_gone)?;
    let before = row.clone();
    if let Some(name) = &change.display_name {
        rename(tx, id, &mut row, name, limits, now)?;
    }
    let profile = row.profile.get_or_insert_default();
    if let Some(gender) = change.gender {
        profile.set_gender(gender);
    }
    if let Some(signature) = &change.signature {
        profile.signature.clone_from(signature);
    }
    if let Some(name) = &change.stranger_name {
        profile.stranger_name.clone_from(name);
    }
    if let Some(region) = change.region_id {
        profile.region_id = region;
    }
    if let Some(media) = &change.avatar {
        profile.avatar = avatars.replace(tx, id, &profile.avatar, media, now)?;
    }
    if let Some(media) = &change.stranger_avatar {
        profile.stranger_avatar = avatars.replace(tx, id, &profile.stranger_avatar, media, now)?;
    }
    show(tx, id, row, &before, now)
}

fn rename(
    tx: &mut Tx<'_>,
    id: AccountId,
    row: &mut AccountRow,
    name: &str,
    limits: NameLimits,
    now: Time,
) -> Result<()> {
    let profile = row.profile.get_or_insert_default();
    if profile.display_name == name {
        return Ok(());
    }
    let quota = Quota { kind: "display_name", limit: limits.changes, per: NAME_CHANGES_PER };
    quota.draw(tx, Who::Account(id), now)?;
    let current = std::mem::replace(&mut profile.display_name, name.to_owned());
    // Two changes in a row must not hide the name by which friends know the person.
    let known_as = if now < Time(row.former_until_ms) { &row.former_display_name } else { "" };
    if known_as.is_empty() || known_as == name {
        row.former_display_name = current;
    }
    row.former_until_ms = (now + limits.former_for).as_ms();
    Ok(())
}

/// Changes the switches that are present, and tells the account's devices.
pub(super) fn update_settings(
    tx: &mut Tx<'_>,
    id: AccountId,
    change: &UpdateSettingsRequest,
    now: Time,
) -> Result<Person> {
    let mut row = tx.get(&ACCOUNT, &id)?.ok_or_else(account_gone)?;
    let before = row.clone();
    let settings = row.settings.get_or_insert_default();
    if let Some(ways) = change.add_ways {
        settings.add_ways = Some(ways);
    }
    if let Some(must) = change.friends_must_request {
        settings.friends_must_request = must;
    }
    if let Some(ask) = change.ask_before_group {
        settings.ask_before_group = ask;
    }
    if let Some(receipts) = change.read_receipts {
        settings.read_receipts = receipts;
    }
    if change.presence.is_some() {
        settings.set_presence(change.presence());
    }
    show(tx, id, row, &before, now)
}

/// Notifications that are to change, each as it is kept.
#[derive(Clone)]
pub(super) struct NotificationsChange(UpdateNotificationsRequest);

impl NotificationsChange {
    /// Errors: `TIME_ZONE_INVALID`, `DO_NOT_DISTURB_INVALID`.
    pub(super) fn new(mut request: UpdateNotificationsRequest) -> Result<Self> {
        if let Some(span) = &mut request.do_not_disturb {
            quiet::check(span)?;
        }
        Ok(Self(request))
    }
}

/// Changes the notifications that are present, and tells the account's devices.
pub(super) fn update_notifications(
    tx: &mut Tx<'_>,
    id: AccountId,
    NotificationsChange(change): &NotificationsChange,
    now: Time,
) -> Result<Person> {
    let mut row = tx.get(&ACCOUNT, &id)?.ok_or_else(account_gone)?;
    let before = row.clone();
    let kept = row.notifications.get_or_insert_with(rules::new_notifications);
    if change.do_not_disturb.is_some() {
        kept.do_not_disturb.clone_from(&change.do_not_disturb);
    }
    kept.previews = change.previews.unwrap_or(kept.previews);
    kept.greetings = change.greetings.unwrap_or(kept.greetings);
    kept.bottles = change.bottles.unwrap_or(kept.bottles);
    kept.moments = change.moments.unwrap_or(kept.moments);
    kept.subscriptions = change.subscriptions.unwrap_or(kept.subscriptions);
    keep(tx, id, row, &before, now)
}

/// Keeps what others may see.
fn show(tx: &mut Tx<'_>, id: AccountId, row: AccountRow, before: &AccountRow, now: Time) -> Result<Person> {
    if row != *before {
        // Before what is delivered, which moves cursors past the commit.
        tx.publish(bus::Event::NewFace { account: id });
    }
    keep(tx, id, row, before, now)
}

fn keep(tx: &mut Tx<'_>, id: AccountId, row: AccountRow, before: &AccountRow, now: Time) -> Result<Person> {
    if row != *before {
        tx.put(&ACCOUNT, &id, &row)?;
        tell_changed(tx, id, now)?;
    }
    Ok(Person::from_row(id, row))
}

/// Tells the account's devices how the account is now.
pub(super) fn tell_changed(tx: &mut Tx<'_>, id: AccountId, now: Time) -> Result<()> {
    let account = account(tx, id)?;
    log::append(tx, id, now, &What::AccountChanged(account)).map(drop)
}

/// An account as its own devices see it, within a transaction.
pub(super) fn account(tx: &mut Tx<'_>, id: AccountId) -> Result<Account> {
    let person = person(tx, id)?.ok_or_else(account_gone)?;
    let codes = tx.scan(&RECOVERY, &KeyRange::prefix(&(id,)), MAX_CODES_COUNTED, Order::Rising)?;
    Ok(as_account(person, codes.len()))
}

/// An account as its own devices see it.
pub(super) async fn load_account(store: &Store, id: AccountId) -> Result<Account> {
    let person = load(store, id).await?.ok_or_else(account_gone)?;
    let codes = store.scan(&RECOVERY, &KeyRange::prefix(&(id,)), MAX_CODES_COUNTED, Order::Rising).await?;
    Ok(as_account(person, codes.len()))
}

fn as_account(person: Person, codes_left: usize) -> Account {
    Account {
        account_id: person.id.0,
        profile: Some(person.profile()),
        settings: Some(person.settings()),
        self_conversation_id: person.self_conversation.0,
        created_at_ms: person.created_at.as_ms(),
        recovery_codes_left: u32::try_from(codes_left).unwrap_or(u32::MAX),
        username: person.username,
        notifications: Some(person.notifications),
    }
}
