//! Making groups, inviting people, and answering invitations.

use super::asks::{self, Ask};
use super::invitations::{self, Invitation};
use super::requests;
use super::room::{Entry, Room, switches};
use super::rules::{self, Door, MAX_NAMED};
use super::tables::{Answer, GROUP, GroupRow};
use crate::error::Result;
use crate::features::accounts;
use crate::features::contacts::{self, Me};
use crate::id::{AccountId, ConversationId, InvitationId};
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::chat::{GroupRight, JoinWay};
use teahouse_proto::groups::{InviteOutcome, Invited, JoinOutcome};

/// Somebody who is to come into a group.
#[derive(Clone, Copy, Debug)]
struct Named {
    account: AccountId,
    outcome: InviteOutcome,
    /// They are in it already.
    was_in: bool,
    /// They are on the caller's own list of friends. What is counted and refused goes by that alone: an answer that nobody
    /// else sees must not depend on whether they have the caller, too.
    listed: bool,
    /// The caller named them before, and was told the same.
    repeated: bool,
    /// They shall not be asked either, and it must not show.
    refuses: bool,
}

impl Named {
    /// Whether it takes a place in the group, for all that its inviter knows.
    fn takes_place(&self) -> bool {
        self.listed && !self.was_in
    }

    /// Whether it takes of the inviter's day.
    fn counts(&self) -> bool {
        self.takes_place() && !self.repeated
    }

    /// Whether they come in, or are asked.
    fn is_invited(&self) -> bool {
        !self.was_in && self.outcome != InviteOutcome::NotFriends
    }
}

/// Whom a call names, each once.
pub(super) fn named(account_ids: &[u64]) -> Result<Vec<AccountId>> {
    if account_ids.len() > MAX_NAMED {
        return Err(rules::too_many_members());
    }
    let mut named: Vec<AccountId> = Vec::new();
    for id in account_ids {
        if !named.contains(&AccountId(*id)) {
            named.push(AccountId(*id));
        }
    }
    Ok(named)
}

impl Room {
    /// Makes a group, and gives what came of those who were to be in it.
    pub(super) fn create(
        &self,
        tx: &mut Tx<'_>,
        me: Me,
        name: &str,
        friends: &[AccountId],
        now: Time,
    ) -> Result<(ConversationId, Vec<Invited>)> {
        let friends: Vec<AccountId> =
            friends.iter().copied().filter(|friend| *friend != me.account).collect();
        let id = self.chat.new_id(tx)?;
        let named = self.sort(tx, me.account, id, &friends, self.open_door(), now)?;
        if named.iter().filter(|named| named.counts()).count() < 2 {
            return Err(rules::too_few_members());
        }
        self.draw(tx, ("groups.create", self.config.groups_per_day), 1, me, now)?;
        self.draw_invitations(tx, me, &named, now)?;
        if named.iter().filter(|named| named.is_invited()).count() < 2 {
            return Err(rules::too_few_members());
        }
        let at_once = at_once(&named);
        self.chat.create(tx, id, name, me.account, &at_once, now)?;
        tx.put(&GROUP, &id, &GroupRow::default())?;
        self.repaint(tx, id, now)?;
        self.ask(tx, me.account, id, &named, true, now)?;
        Ok((id, told(&named)))
    }

    /// Invites people, or puts them in.
    pub(super) fn invite(
        &self,
        tx: &mut Tx<'_>,
        me: Me,
        id: ConversationId,
        accounts: &[AccountId],
        now: Time,
    ) -> Result<Vec<Invited>> {
        let (group, _) = self.chat.check(tx, id, me.account, GroupRight::Invite)?;
        let approved = self.holds(tx, id, me.account, GroupRight::Approve)?;
        let door = self.door(&group, &switches(tx, id)?, approved);
        let named = self.sort(tx, me.account, id, accounts, door, now)?;
        if self.is_full(&group) && named.iter().any(Named::takes_place) {
            return Err(rules::too_many_members());
        }
        self.draw_invitations(tx, me, &named, now)?;
        let at_once = at_once(&named);
        if !at_once.is_empty() {
            let entry = Entry { by: me.account, way: JoinWay::Invitation };
            self.let_in(tx, id, &at_once, entry, now)?;
        }
        self.ask(tx, me.account, id, &named, approved, now)?;
        Ok(told(&named))
    }

    /// Decides for each how they come in; the door goes with those who are in at once.
    fn sort(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: ConversationId,
        accounts: &[AccountId],
        mut door: Door,
        now: Time,
    ) -> Result<Vec<Named>> {
        let mut all = Vec::with_capacity(accounts.len());
        for account in accounts.iter().copied() {
            let was_in = self.is_in(tx, id, account)?;
            let outcome = if was_in { InviteOutcome::Joined } else { InviteOutcome::NotFriends };
            let listed = contacts::lists(tx, me, account)?;
            let mut named = Named { account, outcome, was_in, listed, repeated: false, refuses: false };
            if let (true, Some(person)) = (named.takes_place(), accounts::person(tx, account)?) {
                named.refuses = invitations::refuses(tx, id, account)?;
                let wanted = door.invited(person.ask_before_group || named.refuses);
                let ask = Ask { group: id, invited: account, inviter: me };
                named.repeated = asks::told(tx, ask, now)? == Some(wanted);
                // A request reaches owner and admins alone, so it is filed either way; whether the two are friends is asked
                // when it is approved. All others learn of what is told here.
                let unseen = named.repeated || wanted == InviteOutcome::Requested;
                if unseen || contacts::may_chat(tx, me, account)? {
                    named.outcome = wanted;
                }
                door.members += u32::from(named.outcome == InviteOutcome::Joined);
            }
            all.push(named);
        }
        Ok(all)
    }

    fn draw_invitations(&self, tx: &mut Tx<'_>, me: Me, named: &[Named], now: Time) -> Result<()> {
        let times = named.iter().filter(|named| named.counts()).count();
        self.draw(tx, ("groups.invite", self.config.invitations_per_day), times, me, now)
    }

    /// Asks those who are to be asked, and, for the rest, owner and admins.
    fn ask(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: ConversationId,
        named: &[Named],
        approved: bool,
        now: Time,
    ) -> Result<()> {
        for named in named.iter().filter(|named| named.is_invited() && !named.repeated) {
            if named.outcome != InviteOutcome::Joined {
                let ask = Ask { group: id, invited: named.account, inviter: me };
                asks::remember(self, tx, ask, named.outcome, now)?;
            }
            match named.outcome {
                _ if named.refuses => {}
                InviteOutcome::Asked => {
                    let invitation = Invitation { conversation: id, inviter: me, approved };
                    invitations::file(self, tx, named.account, invitation, now)?;
                }
                InviteOutcome::Requested => {
                    let entry = Entry { by: me, way: JoinWay::Invitation };
                    requests::file(self, tx, id, named.account, entry, false, now)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Accepts an invitation. May be repeated as long as it would not have expired. Gives the group, too.
    pub(super) fn accept(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        invitation: InvitationId,
        now: Time,
    ) -> Result<(JoinOutcome, ConversationId)> {
        let row = invitations::by_id(tx, me, invitation, now)?;
        let id = row.conversation();
        match row.answer() {
            Answer::Declined => return Err(rules::invitation_not_found()),
            Answer::Accepted if self.is_in(tx, id, me)? => return Ok((JoinOutcome::Joined, id)),
            Answer::Accepted => {
                let waits = requests::of(tx, id, me, now)?.is_some();
                return waits.then_some((JoinOutcome::Requested, id)).ok_or_else(rules::invitation_not_found);
            }
            Answer::None => {}
        }
        let group = invitations::group_of(self, tx, me, &row)?.ok_or_else(rules::invitation_not_found)?;
        if self.is_full(&group) {
            return Err(rules::too_many_members());
        }
        let entry = Entry { by: row.inviter(), way: JoinWay::Invitation };
        let approved = row.approved || self.holds(tx, id, row.inviter(), GroupRight::Approve)?;
        if self.door(&group, &switches(tx, id)?, approved).opens() {
            self.let_in(tx, id, &[me], entry, now)?;
            return Ok((JoinOutcome::Joined, id));
        }
        requests::file(self, tx, id, me, entry, true, now)?;
        invitations::answer(tx, me, invitation, row, Answer::Accepted, now)?;
        Ok((JoinOutcome::Requested, id))
    }

    /// Puts an invitation away. May be repeated.
    pub(super) fn decline(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        invitation: InvitationId,
        now: Time,
    ) -> Result<()> {
        let row = invitations::by_id(tx, me, invitation, now)?;
        match row.answer() {
            Answer::Declined => Ok(()),
            Answer::Accepted => Err(rules::invitation_not_found()),
            Answer::None => invitations::answer(tx, me, invitation, row, Answer::Declined, now),
        }
    }
}

fn at_once(named: &[Named]) -> Vec<AccountId> {
    let joined = named.iter().filter(|named| !named.was_in && named.outcome == InviteOutcome::Joined);
    joined.map(|named| named.account).collect()
}

fn told(named: &[Named]) -> Vec<Invited> {
    let told =
        named.iter().map(|named| Invited { account_id: named.account.0, outcome: named.outcome.into() });
    told.collect()
}
