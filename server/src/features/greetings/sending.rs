//! Sending a greeting. What the sender is told follows from what they did themself and from answers that they got; whether
//! it reached anybody is decided after all of that, and told to nobody.

use super::handles::Stranger;
use super::room::Room;
use super::tables::{GreetingRow, PAIR, PairRow, Place, TextRow};
use super::{rows, rules, showing};
use crate::error::Result;
use crate::features::accounts;
use crate::features::contacts::Me;
use crate::features::ledger::adverts;
use crate::features::ledger::once::Creation;
use crate::id::GreetingId;
use crate::restrictions::Area;
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::greetings::SendGreetingResponse;

/// Texts of one greeting that are kept.
const TEXTS: usize = 3;

/// Somebody greets somebody.
pub(super) struct Greet {
    pub(super) me: Me,
    pub(super) to: Stranger,
    pub(super) text: String,
    pub(super) creation: Creation,
    /// The id, where it is a new greeting.
    pub(super) fresh: GreetingId,
    pub(super) now: Time,
}

impl Room {
    /// Sends a greeting, or gives the answer of the first time.
    pub(super) fn send(&self, tx: &mut Tx<'_>, greet: &Greet) -> Result<SendGreetingResponse> {
        if let Some(answer) = greet.creation.earlier(tx)? {
            return Ok(answer);
        }
        let Greet { me, to, now, .. } = *greet;
        if self.people.blocks_stranger(tx, me.account, to.person)? {
            return Err(rules::you_block_them());
        }
        let mut pair = rows::pair(tx, me.account, to.person, self.config.counts_for(), now)?;
        let newcomer = me.is_newcomer(tx, now, self.on_loopback)?;
        if pair.unanswered_ms.len() >= rules::unanswered(self.config.unanswered, newcomer) {
            return Err(rules::too_many_greetings());
        }
        me.draw(tx, ("greetings.sent", self.config.sent_per_day), 1, now, self.on_loopback)?;
        let held = adverts::note(tx, me.account, &greet.text, to.person, now, self.on_loopback)?;
        let reaches = self.reaches(tx, greet)? && !held;
        pair.unanswered_ms.push(now.as_ms());
        (pair.way, pair.band) = (to.way.into(), to.band.into());
        self.arrive(tx, greet, pair, if reaches { Place::Waiting } else { Place::Lost })?;
        let answer = SendGreetingResponse {};
        greet.creation.remember(tx, &answer)?;
        Ok(answer)
    }

    /// Whether a greeting reaches its receiver, advertising aside. All is looked up whatever the first answers are.
    fn reaches(&self, tx: &mut Tx<'_>, greet: &Greet) -> Result<bool> {
        let Greet { me, to, now, .. } = *greet;
        let apart = self.are_apart(tx, me.account, to, now)?;
        let closed =
            accounts::sanctions::restrictions(tx, to.person)?.closed_until(Area::Greetings, now).is_some();
        let lets = accounts::person(tx, to.person)?.is_some_and(|person| person.can_be_added_by(to.way));
        Ok(lets && !apart && !closed)
    }

    /// Stores a greeting on the receiver's side, beside what they have of the sender, and shows it where it is its turn.
    fn arrive(&self, tx: &mut Tx<'_>, greet: &Greet, mut pair: PairRow, place: Place) -> Result<()> {
        let (sender, receiver, now) = (greet.me.account, greet.to.person, greet.now);
        let earlier = match pair.greeting() {
            Some(id) => rows::take(tx, receiver, id)?.map(|row| (id, row)),
            None => None,
        };
        let rank = self.people.rank(tx, greet.me, now)?;
        let (id, mut row) = match earlier {
            Some((id, row)) if self.goes_on(tx, greet, &row, place)? => (id, row),
            Some((id, row)) => {
                if row.place() == Place::Shown {
                    rows::closed(tx, receiver, id, now)?;
                }
                (greet.fresh, fresh(place))
            }
            None => (greet.fresh, fresh(place)),
        };
        // What reaches nobody leaves what did as it was.
        let arrives = place == Place::Waiting || row.place() == Place::Lost;
        if arrives {
            (row.sender, row.way, row.band) = (sender.0, greet.to.way.into(), greet.to.band.into());
            row.texts.push(TextRow { text: greet.text.clone(), at_ms: now.as_ms() });
            row.texts.drain(..row.texts.len().saturating_sub(TEXTS));
            row.rank = rank;
            if row.place() != Place::Ignored {
                row.expires_at_ms = self.config.expires(now).as_ms();
            }
        }
        rows::put(tx, receiver, id, &row)?;
        pair.greeting = id.0;
        tx.put(&PAIR, &(sender, receiver), &pair)?;
        rows::look_at(tx, sender, receiver, self.config.expires(now))?;
        match row.place() {
            Place::Shown if arrives => showing::announce(self, tx, receiver, id, row, now),
            Place::Waiting => self.show_waiting(tx, receiver, now).map(drop),
            _ => Ok(()),
        }
    }

    /// Whether a new text joins what the receiver has of the sender, rather than being a greeting of its own.
    fn goes_on(&self, tx: &mut Tx<'_>, greet: &Greet, row: &GreetingRow, place: Place) -> Result<bool> {
        match row.place() {
            Place::Accepted => Ok(false),
            // What was said to nobody stays unsaid.
            Place::Lost if place != Place::Lost => Ok(false),
            _ if row.chat().is_some() => self.is_open(tx, greet.to.person, row, greet.now),
            _ => Ok(row.is_fresh(greet.now)),
        }
    }
}

fn fresh(place: Place) -> GreetingRow {
    GreetingRow { place: place.into(), ..GreetingRow::default() }
}
