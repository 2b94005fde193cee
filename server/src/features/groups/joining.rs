//! Joining by a code that a member shared.

use super::requests;
use super::room::{Entry, Me, Room, switches};
use super::rules;
use super::tickets::Shared;
use crate::error::Result;
use crate::features::chat;
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::chat::JoinWay;
use teahouse_proto::groups::JoinOutcome;

impl Room {
    /// Joins, or files a request. May be repeated.
    pub(super) fn join(&self, tx: &mut Tx<'_>, me: Me, shared: Shared, now: Time) -> Result<JoinOutcome> {
        let Shared { group: id, sharer } = shared;
        let group = self.chat.view(tx, id)?.ok_or_else(rules::ticket_invalid)?;
        if group.dissolved {
            return Err(chat::group_dissolved());
        }
        if self.is_in(tx, id, me.account)? {
            return Ok(JoinOutcome::Joined);
        }
        if !self.is_in(tx, id, sharer)? {
            return Err(rules::ticket_invalid());
        }
        if group.member_count >= self.config.code_up_to.min(self.config.max_members) {
            return Err(rules::code_closed());
        }
        let entry = Entry { by: sharer, way: JoinWay::Qr };
        if switches(tx, id)?.approval {
            requests::file(self, tx, id, me.account, entry, true, now)?;
            return Ok(JoinOutcome::Requested);
        }
        // Coming is told to everybody and leaving to nobody: who does both in turn must come to an end.
        self.draw(tx, ("groups.join", self.config.code_joins_per_day), 1, me, now)?;
        self.let_in(tx, id, &[me.account], entry, now)?;
        Ok(JoinOutcome::Joined)
    }
}
