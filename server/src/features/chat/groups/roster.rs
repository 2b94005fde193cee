//! Who is in a group: one row, and in memory by its version. A version is used once, so what is known of one stays true
//! whatever becomes of the transaction that made it.

use super::super::tables::{Conversation, ROSTER};
use crate::error::Result;
use crate::id::{AccountId, ConversationId};
use crate::store::{Store, Tx};
use prost::Message;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use teahouse_proto::chat::MemberRole;

/// Members of all rosters in memory, about 60 bytes each; beyond it all are forgotten and read anew.
const MAX_CACHED: usize = 1_000_000;

/// The members of a group, in the order in which they joined.
#[derive(Clone, PartialEq, Message)]
pub(in super::super) struct StoredRoster {
    /// As in the conversation that it belongs to.
    #[prost(uint64, tag = "1")]
    pub version: u64,
    #[prost(message, repeated, tag = "2")]
    pub members: Vec<InRoster>,
}

/// One of them. What a member sees is here once more, so that whoever changes a message need not read 500 rows.
#[derive(Clone, Copy, PartialEq, Message)]
pub(in super::super) struct InRoster {
    #[prost(uint64, tag = "1")]
    pub account: u64,
    #[prost(enumeration = "MemberRole", tag = "2")]
    pub role: i32,
    #[prost(int64, tag = "3")]
    pub joined_at_ms: i64,
    /// As in the member's row; so are the next.
    #[prost(uint64, tag = "4")]
    pub visible_after: u64,
    #[prost(uint64, tag = "5")]
    pub deleted_to: u64,
    /// They were in the group before, too.
    #[prost(bool, tag = "6")]
    pub returned: bool,
    /// As in the member's row.
    #[prost(uint64, tag = "7")]
    pub came_after: u64,
}

/// Where a member stands in the roster, for lists that are read page by page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// What they are in the group.
    pub role: MemberRole,
    /// When they joined, in UTC milliseconds.
    pub joined_at_ms: i64,
    /// Who it is.
    pub account: AccountId,
}

impl Seat {
    fn order(self) -> (Reverse<i32>, i64, AccountId) {
        (Reverse(self.role.into()), self.joined_at_ms, self.account)
    }
}

fn seat(member: &InRoster) -> Seat {
    Seat { role: member.role(), joined_at_ms: member.joined_at_ms, account: AccountId(member.account) }
}

/// Who is in a group now.
#[derive(Debug)]
pub struct Roster {
    version: u64,
    /// Owner, admins, then the others in the order in which they joined.
    accounts: Arc<[AccountId]>,
    /// As `accounts`.
    members: Box<[InRoster]>,
    /// Places of the members in order of their ids.
    by_id: Box<[u32]>,
}

impl Roster {
    fn new(stored: StoredRoster) -> Self {
        let mut members = stored.members;
        members.sort_by_key(|member| seat(member).order());
        let mut by_id: Vec<u32> = (0_u32..).take(members.len()).collect();
        by_id.sort_unstable_by_key(|place| members[*place as usize].account);
        Self {
            version: stored.version,
            accounts: members.iter().map(|member| AccountId(member.account)).collect(),
            members: members.into(),
            by_id: by_id.into(),
        }
    }

    /// The members: owner, admins, then the others in the order in which they joined.
    pub fn accounts(&self) -> &Arc<[AccountId]> {
        &self.accounts
    }

    /// The members with their roles, in the same order.
    pub fn members(&self) -> impl Iterator<Item = (AccountId, MemberRole)> {
        self.members.iter().map(|member| (AccountId(member.account), member.role()))
    }

    /// The members behind a seat, which need not be taken any more; without one all, in the same order.
    pub fn seats_after(&self, last: Option<Seat>) -> impl ExactSizeIterator<Item = Seat> {
        let is_before = |member: &InRoster| last.is_some_and(|last| seat(member).order() <= last.order());
        self.members[self.members.partition_point(is_before)..].iter().map(seat)
    }

    /// What somebody is in the group; `None`: not in it.
    pub fn role(&self, account: AccountId) -> Option<MemberRole> {
        self.find(account).map(InRoster::role)
    }

    /// Whether somebody is in the group.
    pub fn has(&self, account: AccountId) -> bool {
        self.find(account).is_some()
    }

    /// The owner; 0 where everybody has left.
    pub fn owner(&self) -> AccountId {
        let owner = self.members().find(|(_, role)| *role == MemberRole::Owner);
        owner.map_or(AccountId(0), |(account, _)| account)
    }

    /// How many admins there are, without the owner.
    pub fn admins(&self) -> usize {
        self.members().filter(|(_, role)| *role == MemberRole::Admin).count()
    }

    pub(in super::super) fn find(&self, account: AccountId) -> Option<&InRoster> {
        let place =
            self.by_id.binary_search_by_key(&account.0, |place| self.members[*place as usize].account);
        place.ok().map(|place| &self.members[self.by_id[place] as usize])
    }

    pub(in super::super) fn all(&self) -> &[InRoster] {
        &self.members
    }
}

/// Rosters in memory, the newest that was asked for of each group.
#[derive(Default)]
pub(super) struct Rosters(Mutex<Known>);

#[derive(Default)]
struct Known {
    rosters: HashMap<ConversationId, Arc<Roster>>,
    members: usize,
}

impl Rosters {
    fn get(&self, id: ConversationId, version: u64) -> Option<Arc<Roster>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.rosters.get(&id).filter(|roster| roster.version == version).cloned()
    }

    fn keep(&self, id: ConversationId, stored: StoredRoster) -> Arc<Roster> {
        let roster = Arc::new(Roster::new(stored));
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.members += roster.members.len() + 1;
        if known.members > MAX_CACHED {
            known.rosters.clear();
            known.members = roster.members.len() + 1;
        }
        if let Some(before) = known.rosters.insert(id, roster.clone()) {
            known.members -= before.members.len() + 1;
        }
        roster
    }

    /// Who is in a group, as a transaction sees it.
    pub(super) fn within(
        &self,
        tx: &mut Tx<'_>,
        id: ConversationId,
        what: &Conversation,
    ) -> Result<Arc<Roster>> {
        match self.get(id, what.roster_version) {
            Some(roster) => Ok(roster),
            None => Ok(self.keep(id, tx.get(&ROSTER, &id)?.unwrap_or_default())),
        }
    }

    /// Who is in a group. `what` may be older than what this gives.
    pub(super) async fn load(
        &self,
        store: &Store,
        id: ConversationId,
        what: &Conversation,
    ) -> Result<Arc<Roster>> {
        match self.get(id, what.roster_version) {
            Some(roster) => Ok(roster),
            None => Ok(self.keep(id, store.get(&ROSTER, &id).await?.unwrap_or_default())),
        }
    }
}
