//! What the place room stores of a person: published cells and times, never a position.

use super::rules::Looks;
use crate::geo;
use crate::id::AccountId;
use crate::store::Table;
use prost::Message;

/// Cells that were published for people in 30 days, how often they looked in the last hour, and whether they said to be old
/// enough.
pub(super) const STATE: Table<AccountId, StateRow> = Table::new("place.state");

/// What is remembered of a person.
#[derive(Clone, PartialEq, Message)]
pub(super) struct StateRow {
    /// Published cells and times. Absent where there are none.
    #[prost(message, optional, tag = "1")]
    pub(super) state: Option<geo::State>,
    /// They said to be old enough for the plug-ins.
    #[prost(bool, tag = "2")]
    pub(super) is_adult: bool,
    /// Looks of the last hour. Absent where there are none.
    #[prost(message, optional, tag = "3")]
    pub(super) looks: Option<Looks>,
}
