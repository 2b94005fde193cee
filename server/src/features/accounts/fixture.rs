//! People for the tests of later rooms, who need them registered but not signed in.

use super::tables::{ACCOUNT, AccountRow, USERNAME, UsernameRow};
use crate::error::Result;
use crate::id::AccountId;
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::accounts::{AddWays, Profile, Settings};

/// A person as just registered: all ways on, friends must request, the username as display name.
pub(crate) fn register(tx: &mut Tx<'_>, id: AccountId, username: &str, created_at: Time) -> Result<()> {
    let all = AddWays {
        by_username: true,
        by_qr: true,
        by_group: true,
        by_contact_card: true,
        by_look_around: true,
        by_shake: true,
        by_bottle: true,
    };
    let row = AccountRow {
        username: username.to_owned(),
        profile: Some(Profile { display_name: username.to_owned(), ..Default::default() }),
        settings: Some(Settings { add_ways: Some(all), friends_must_request: true, ask_before_group: false }),
        created_at_ms: created_at.as_ms(),
        ..Default::default()
    };
    tx.put(&ACCOUNT, &id, &row)?;
    tx.put(&USERNAME, &username.to_ascii_lowercase(), &UsernameRow { account_id: id.0 })
}
