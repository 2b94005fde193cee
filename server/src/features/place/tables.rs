//! What the place room stores of a person: published cells and times, never a position.

use super::rules::Looks;
use crate::geo;
use crate::id::AccountId;
use crate::store::Table;
use prost::Message;

/// What is remembered of where people were, and of what they may do there.
pub(super) const STATE: Table<AccountId, StateRow> = Table::new("place.state").doc(
    "cells that were published for a person in 30 days, looks of the last hour, whether they are old enough",
);

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
