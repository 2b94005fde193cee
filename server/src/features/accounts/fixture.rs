//! People for the tests of later rooms, who need them registered but not signed in.

use super::rules;
use super::tables::{ACCOUNT, AccountRow, USERNAME, UsernameRow};
use crate::error::Result;
use crate::id::AccountId;
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::accounts::{Profile, Settings};

/// A person as just registered: all ways on, friends must request, the username as display name.
pub(crate) fn register(tx: &mut Tx<'_>, id: AccountId, username: &str, created_at: Time) -> Result<()> {
    let row = AccountRow {
        username: username.to_owned(),
        profile: Some(rules::new_profile(username.to_owned())),
        settings: Some(rules::new_settings()),
        created_at_ms: created_at.as_ms(),
        ..Default::default()
    };
    tx.put(&ACCOUNT, &id, &row)?;
    tx.put(&USERNAME, &username.to_ascii_lowercase(), &UsernameRow { account_id: id.0 })
}

/// Notes from where somebody registered.
pub(crate) fn registered_from(tx: &mut Tx<'_>, id: AccountId, network: u64) -> Result<()> {
    let row = tx.get(&ACCOUNT, &id)?.expect("registered before");
    tx.put(&ACCOUNT, &id, &AccountRow { registration_network: network, ..row })
}

/// Changes what a registered person shows and allows.
pub(crate) fn change(
    tx: &mut Tx<'_>,
    id: AccountId,
    change: impl FnOnce(&mut Profile, &mut Settings),
) -> Result<()> {
    let mut row = tx.get(&ACCOUNT, &id)?.expect("registered before");
    change(row.profile.get_or_insert_default(), row.settings.get_or_insert_default());
    tx.put(&ACCOUNT, &id, &row)
}
