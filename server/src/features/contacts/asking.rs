//! Asking and answering: what a friend request, its repetition, acceptance, dismissal and the texts in between do.
//!
//! What the asker gets depends on what they know: their own rows, and answers that the other gave. A way that was
//! switched off since the ticket was made, a block, a full list of friends, advertising: each is "sent", files the asker's copy,
//! and ends there. The one thing a request tells is what a message would tell too: that somebody who was a friend
//! has deleted or blocked the asker, who is a stranger then like any other.

use super::Me;
use super::relations::{Relation, relation};
use super::room::{Room, Silence};
use super::tables::{Place, RequestRow, TextRow};
use super::tickets::Found;
use super::views::Side;
use super::{copies, rules, views};
use crate::delivery::log;
use crate::error::Result;
use crate::features::accounts::{self, Person};
use crate::features::ledger::adverts;
use crate::id::{AccountId, RequestId};
use crate::store::Tx;
use crate::time::{DAY, Time};
use teahouse_proto::contacts::send_request_response::Outcome;
use teahouse_proto::contacts::{Friend, FriendRequest, SendRequestResponse};
use teahouse_proto::sync::account_event::What;

/// Somebody asks somebody.
pub(super) struct Ask {
    pub(super) me: Me,
    pub(super) found: Found,
    pub(super) text: String,
    /// The id, where it is a new request.
    pub(super) fresh: RequestId,
    pub(super) now: Time,
}

impl Room {
    /// Sends a request.
    pub(super) fn send_request(&self, tx: &mut Tx<'_>, ask: &Ask) -> Result<SendRequestResponse> {
        let (me, other, now) = (ask.me.account, ask.found.person, ask.now);
        let person = accounts::person(tx, other)?.ok_or_else(rules::ticket_invalid)?;
        let between = relation(tx, me, other)?;
        if between.i_block {
            return Err(rules::you_block_them());
        }
        if between.are_friends() {
            return Err(rules::already_friends());
        }
        let earlier = copies::sent(tx, me, other, now)?.map(|(id, _)| id);
        if !between.i_have && earlier.is_none() && !self.has_room(tx, me)? {
            return Err(rules::friends_full());
        }
        let (kind, limit) = match earlier {
            Some(_) => ("contacts.repeat", self.config.repeats_per_day),
            None => ("contacts.request", self.config.requests_per_day),
        };
        self.draw(tx, kind, limit, ask.me, now)?;
        if let Some(friend) = self.friends_at_once(tx, ask, &person, between)? {
            return Ok(SendRequestResponse { outcome: Outcome::Friends.into(), friend: Some(friend) });
        }
        self.file(tx, ask, earlier, &person, between)?;
        Ok(SendRequestResponse { outcome: Outcome::Sent.into(), friend: None })
    }

    /// Whether asking makes friends: the other asked too, or has me still, or lets anybody in.
    fn friends_at_once(
        &self,
        tx: &mut Tx<'_>,
        ask: &Ask,
        person: &Person,
        between: Relation,
    ) -> Result<Option<Friend>> {
        let (me, other, now) = (ask.me.account, ask.found.person, ask.now);
        let heard = copies::received(tx, me, other, now)?;
        if between.they_block {
            // A request of theirs that I was shown is still in my list, and asking back accepts it.
            return match heard {
                Some((_, row)) => {
                    self.befriend_silently(tx, (me, other), row.way(), Silence::Unseen, now).map(Some)
                }
                None => Ok(None),
            };
        }
        // Theirs may not have reached me, because my way was closed or I blocked them. They did ask.
        let asked = copies::sent(tx, other, me, now)?.or(heard);
        if let Some((_, row)) = asked {
            return self.befriend(tx, me, other, row.way(), now).map(Some);
        }
        let way = ask.found.way;
        if between.they_have {
            return self.befriend_silently(tx, (me, other), way, Silence::Again, now).map(Some);
        }
        if person.friends_must_request || !person.can_be_added_by(way) || !self.has_room(tx, other)? {
            return Ok(None);
        }
        self.befriend(tx, me, other, way, now).map(Some)
    }

    /// Files the asker's copy, and the receiver's where the request may reach them.
    fn file(
        &self,
        tx: &mut Tx<'_>,
        ask: &Ask,
        earlier: Option<RequestId>,
        person: &Person,
        between: Relation,
    ) -> Result<()> {
        let (me, other, now) = (ask.me.account, ask.found.person, ask.now);
        let id = earlier.unwrap_or(ask.fresh);
        let copy = |owner_wrote: bool| RequestRow {
            other: if owner_wrote { other.0 } else { me.0 },
            way: ask.found.way.into(),
            texts: vec![TextRow { mine: owner_wrote, text: ask.text.clone(), sent_at_ms: now.as_ms() }],
            sent_at_ms: now.as_ms(),
            expires_at_ms: (now + DAY * self.config.request_expires_days).as_ms(),
            ..Default::default()
        };
        copies::put_sent(tx, me, id, &copy(true))?;
        let held = self.holds(tx, me, &ask.text, other, now)?;
        if held || between.they_block || !person.can_be_added_by(ask.found.way) {
            return Ok(());
        }
        let newcomer = ask.me.is_newcomer(tx, now, self.on_loopback)?;
        let friends = self.friends(tx, me)?;
        let rank = rules::rank(newcomer, now.since(ask.me.created_at), friends);
        self.arrive(tx, other, id, RequestRow { rank, ..copy(false) }, now)
    }

    /// Accepts a request. May be repeated while the two are friends and the request would not have expired.
    pub(super) fn accept(&self, tx: &mut Tx<'_>, me: Me, id: RequestId, now: Time) -> Result<Friend> {
        let row = copies::received_by_id(tx, me.account, id, now)?.ok_or_else(rules::request_not_found)?;
        let (me, other) = (me.account, row.other());
        if row.place() == Place::Accepted {
            return views::friend_of(tx, me, other, now)?.ok_or_else(rules::request_not_found);
        }
        if !row.is_listed() {
            return Err(rules::request_not_found());
        }
        let between = relation(tx, me, other)?;
        if !between.i_have && !self.has_room(tx, me)? {
            return Err(rules::friends_full());
        }
        if between.they_block {
            return self.befriend_silently(tx, (me, other), row.way(), Silence::Unseen, now);
        }
        self.befriend(tx, me, other, row.way(), now)
    }

    /// Puts a request away. May be repeated.
    pub(super) fn ignore(&self, tx: &mut Tx<'_>, me: AccountId, id: RequestId, now: Time) -> Result<()> {
        let mut row = copies::received_by_id(tx, me, id, now)?.ok_or_else(rules::request_not_found)?;
        if row.place() == Place::Ignored && !row.held {
            return Ok(());
        }
        if !row.is_listed() {
            return Err(rules::request_not_found());
        }
        copies::take_received(tx, me, id)?;
        row.set_place(Place::Ignored);
        row.ignored_until_ms = (now + DAY * self.config.request_expires_days).as_ms();
        copies::put_received(tx, me, id, &row)?;
        copies::closed(tx, me, id, now)
    }

    /// Adds a text to a request, on either side of it.
    pub(super) fn reply(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: RequestId,
        text: &str,
        now: Time,
    ) -> Result<FriendRequest> {
        if let Some(row) = copies::received_by_id(tx, me, id, now)?.filter(RequestRow::is_listed) {
            return self.reply_as_receiver(tx, me, id, row, text, now);
        }
        match copies::sent_by_id(tx, me, id, now)? {
            Some(row) => self.reply_as_asker(tx, me, id, row, text, now),
            None => Err(rules::request_not_found()),
        }
    }

    fn reply_as_receiver(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: RequestId,
        mut row: RequestRow,
        text: &str,
        now: Time,
    ) -> Result<FriendRequest> {
        let asker = row.other();
        self.add_own(&mut row, 0, text, now)?;
        copies::take_received(tx, me, id)?;
        copies::put_received(tx, me, id, &row)?;
        let held = self.holds(tx, me, text, asker, now)?;
        if !held
            && !relation(tx, me, asker)?.they_block
            && let Some(mut theirs) = copies::sent_by_id(tx, asker, id, now)?
        {
            theirs.texts.push(TextRow { mine: false, text: text.to_owned(), sent_at_ms: now.as_ms() });
            copies::put_sent(tx, asker, id, &theirs)?;
            let seen = views::request(id, theirs, &views::known(tx, me)?, Side::Asker);
            log::append(tx, asker, now, &What::FriendRequest(seen))?;
        }
        let asker = views::known(tx, asker)?;
        let caution = asker.caution(now, self.on_loopback);
        Ok(views::request(id, row, &asker, Side::Asked(caution)))
    }

    fn reply_as_asker(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: RequestId,
        mut row: RequestRow,
        text: &str,
        now: Time,
    ) -> Result<FriendRequest> {
        let receiver = row.other();
        if relation(tx, me, receiver)?.i_block {
            return Err(rules::you_block_them());
        }
        if row.texts.iter().all(|t| t.mine) {
            return Err(rules::too_many_replies());
        }
        self.add_own(&mut row, 1, text, now)?;
        copies::put_sent(tx, me, id, &row)?;
        let held = self.holds(tx, me, text, receiver, now)?;
        let theirs = copies::received_by_id(tx, receiver, id, now)?;
        let open = |theirs: &RequestRow| !held && !theirs.held && theirs.place() != Place::Accepted;
        if let Some(mut theirs) = theirs.filter(open) {
            copies::take_received(tx, receiver, id)?;
            theirs.texts.push(TextRow { mine: false, text: text.to_owned(), sent_at_ms: now.as_ms() });
            copies::put_received(tx, receiver, id, &theirs)?;
            if theirs.is_listed() {
                self.announce(tx, receiver, id, theirs, now)?;
            }
        }
        Ok(views::request(id, row, &views::known(tx, receiver)?, Side::Asker))
    }

    /// Whether a text is held as advertising: it is in the writer's copy and nowhere else.
    fn holds(&self, tx: &mut Tx<'_>, me: AccountId, text: &str, to: AccountId, now: Time) -> Result<bool> {
        adverts::note(tx, me, text, to, now, self.on_loopback)
    }

    /// Adds a text of the copy's owner, who may reply so often besides what they `opened` with.
    fn add_own(&self, row: &mut RequestRow, opened: usize, text: &str, now: Time) -> Result<()> {
        let mine = row.texts.iter().filter(|t| t.mine).count();
        if mine >= opened + self.config.request_replies as usize {
            return Err(rules::too_many_replies());
        }
        row.texts.push(TextRow { mine: true, text: text.to_owned(), sent_at_ms: now.as_ms() });
        Ok(())
    }
}

/// Who sent a request that the caller was shown.
pub(super) fn asker_of(tx: &mut Tx<'_>, me: AccountId, id: RequestId, now: Time) -> Result<AccountId> {
    let row = copies::received_by_id(tx, me, id, now)?.filter(|row| row.place() != Place::Waiting);
    row.map(|row| row.other()).ok_or_else(rules::person_not_found)
}
