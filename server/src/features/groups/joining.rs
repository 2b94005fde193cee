//! Joining by a code that a member shared.

use super::Groups;
use super::requests;
use super::resets::Resets;
use super::room::{Entry, Room, switches};
use super::rules;
use super::tables::GROUP;
use super::tickets::Shared;
use crate::error::Result;
use crate::features::chat;
use crate::features::contacts::Me;
use crate::id::AccountId;
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::chat::JoinWay;
use teahouse_proto::groups::JoinOutcome;

/// What the code of a group opens to somebody who looks at it.
#[derive(Clone, Debug)]
pub struct Entrance {
    /// For `JoinGroup`; `None` where the group has too many members to be joined by a code.
    pub ticket: Option<Vec<u8>>,
    /// Joining files a request.
    pub approval: bool,
}

impl Groups {
    /// What a code opens to `viewer`. Whether it is a good one, and the group has so many members, is for the caller to
    /// know.
    pub async fn entrance(
        &self,
        viewer: AccountId,
        shared: Shared,
        members: u32,
        now: Time,
    ) -> Result<Entrance> {
        let switches = self.foundation.store.get(&GROUP, &shared.group).await?.unwrap_or_default();
        let is_open = self.room.is_open_by_code(members);
        let ticket = is_open.then(|| self.tickets.make(viewer, shared, now));
        Ok(Entrance { ticket, approval: switches.approval })
    }
}

impl Room {
    fn is_open_by_code(&self, members: u32) -> bool {
        members < self.config.code_up_to.min(self.config.max_members)
    }

    /// Joins, or files a request. May be repeated. `scanned_at`: when the code was looked at.
    pub(super) fn join(
        &self,
        tx: &mut Tx<'_>,
        me: Me,
        shared: Shared,
        scanned_at: Time,
        now: Time,
    ) -> Result<JoinOutcome> {
        let Shared { group: id, sharer, resets } = shared;
        let group = self.chat.view(tx, id)?.ok_or_else(rules::ticket_invalid)?;
        if group.dissolved {
            return Err(chat::group_dissolved());
        }
        let known = self.chat.member(tx, id, me.account)?;
        if known.as_ref().is_some_and(|known| known.in_group) {
            return Ok(JoinOutcome::Joined);
        }
        // Who was removed has to look at a code again, which may have been reset for that reason.
        let was_removed_since =
            known.and_then(|known| known.removed_at).is_some_and(|removed_at| scanned_at <= removed_at);
        if was_removed_since || !self.is_in(tx, id, sharer)? || resets != Resets::get(tx, id, sharer)? {
            return Err(rules::ticket_invalid());
        }
        if !self.is_open_by_code(group.member_count) {
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
