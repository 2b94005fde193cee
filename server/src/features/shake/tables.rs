//! What the Shake room stores: the switch. Who met whom, and where they shook, is in memory only.

use crate::id::AccountId;
use crate::store::Table;
use prost::Message;

/// Who has the Shake plug-in on. No row: off.
pub(super) const SETTINGS: Table<AccountId, SettingsRow> = Table::new("shake.settings");

/// The switches of a person.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SettingsRow {
    /// The plug-in is on.
    #[prost(bool, tag = "1")]
    pub(super) enabled: bool,
}
