//! Simulated people who shake, for load tests. Only for stores that nobody else uses.

use super::tables::{SETTINGS, SettingsRow};
use crate::error::Result;
use crate::id::AccountId;
use crate::store::Tx;

/// Somebody switched the plug-in on.
pub fn seed(tx: &mut Tx<'_>, account: AccountId) -> Result<()> {
    tx.put(&SETTINGS, &account, &SettingsRow { enabled: true })
}
