//! The gate: a position goes in, a cell comes out, and nothing else of the position is left. All plug-ins share it, and what
//! it remembers of a person. It does not know what a plug-in does with the cell, nor who sees it.

use super::rules::Reserved;
use super::tables::{STATE, StateRow};
use super::{PlaceConfig, PlaceHooks, Use, answers, check_open, is_adult};
use crate::bus::Event;
use crate::call::Cx;
use crate::error::{Error, Result};
use crate::faults::{self, Fault};
use crate::features::Foundation;
use crate::features::contacts::Me;
use crate::features::ledger::quota::Quota;
use crate::geo::{self, Published, Rules};
use crate::id::AccountId;
use crate::restrictions::Area;
use crate::store::Tx;
use crate::time::{HOUR, Time};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use teahouse_proto::common::Position;
use tokio::sync::Mutex as Turn;

/// Looks of one person that write take turns, or they would not know what each had reserved. So many turns are taken side
/// by side.
const TURNS: usize = 1024;
/// The name of the allowance for new cells.
const NEW_CELLS: &str = "place.cell";
/// The name of the allowance for looks.
const LOOKS: &str = "place.look";

/// What the gate will do with positions of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// They said to be old enough for the plug-ins.
    pub is_adult: bool,
    /// Positions before this time will not be read. `None`: the next one is.
    pub next_read_at: Option<Time>,
    /// Positions before this time are refused. `None`: the next one is taken.
    pub closed_until: Option<Time>,
}

/// The one way in for positions. Clones share what is in memory.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    foundation: Foundation,
    config: PlaceConfig,
    hooks: Vec<Arc<dyn PlaceHooks>>,
    rules: Rules,
    reserved: Mutex<HashMap<AccountId, Reserved>>,
    turns: Vec<Turn<()>>,
}

/// A position as it came, until it is a cell: held for a transaction that may run again.
#[derive(Clone, Copy)]
struct Told {
    latitude: f64,
    longitude: f64,
    accuracy_m: u32,
    at: Time,
}

impl Told {
    /// `POSITION_INVALID` where there is none.
    fn new(position: Option<&Position>, at: Time) -> Result<Self> {
        let Position { latitude, longitude, accuracy_m } =
            *position.filter(|told| told.accuracy_m > 0).ok_or_else(answers::no_position)?;
        Ok(Self { latitude, longitude, accuracy_m, at })
    }

    /// What comes of it for somebody of whom `row` is remembered.
    fn publish(self, row: &StateRow, rules: &Rules) -> Result<(geo::State, Published)> {
        let fix = geo::fix(self.latitude, self.longitude, f64::from(self.accuracy_m), self.at);
        let state = row.state.clone().unwrap_or_default();
        let published = fix.and_then(|fix| geo::publish(&state, fix, rules));
        published.map_err(|refused| answers::refused(refused, self.at))
    }
}

impl Gate {
    /// The gate. `hooks` are called in their order.
    pub fn new(foundation: Foundation, config: PlaceConfig, hooks: Vec<Arc<dyn PlaceHooks>>) -> Self {
        let (rules, turns) = (config.rules(), (0..TURNS).map(|_| Turn::default()).collect());
        Self(Arc::new(Inner { foundation, config, hooks, rules, reserved: Mutex::default(), turns }))
    }

    /// Whether somebody may switch a plug-in on.
    ///
    /// # Errors
    /// Those of [`check_open`]; `AGE_NOT_CONFIRMED` before [`confirm_adult`].
    pub fn check_may_switch_on(
        &self,
        tx: &mut Tx<'_>,
        account: AccountId,
        area: Area,
        now: Time,
    ) -> Result<()> {
        check_open(tx, account, area, now)?;
        match is_adult(tx, account)? {
            true => Ok(()),
            false => Err(answers::age_not_confirmed(self.0.config.min_age)),
        }
    }

    /// Takes a position of the caller. Answers when the cell that stands for them is on disk.
    ///
    /// # Errors
    /// `POSITION_INVALID`, `POSITION_INACCURATE`, `POSITION_TOO_FAST`, `POSITION_CLOSED`; `RATE_LIMITED` for new cells, and
    /// for looks. Nothing is stored or counted then.
    pub async fn read(&self, cx: &Cx, position: Option<&Position>, use_: Use) -> Result<Published> {
        self.read_then(cx, position, use_, |_| true, |_, _| Ok(())).await
    }

    /// As [`Gate::read`]. Where something is to be written, `then` is called in the same transaction, and its error is the
    /// answer. Nothing is, where the position is not read and `is_told` says of the cell that `then` has nothing to do.
    pub async fn read_then<I, F>(
        &self,
        cx: &Cx,
        position: Option<&Position>,
        use_: Use,
        is_told: I,
        then: F,
    ) -> Result<Published>
    where
        I: Fn(&Published) -> bool + Send,
        F: Fn(&mut Tx<'_>, &Published) -> Result<()> + Send + Sync + 'static,
    {
        let (me, told) = (Me::of(cx)?, Told::new(position, cx.now)?);
        if let Some(published) = self.known(me.account, told, use_, &is_told).await? {
            return Ok(self.spoilt(me, told, published));
        }
        let _turn = self.turn(me.account).lock().await;
        // Whoever had the turn before may have made it unnecessary.
        if let Some(published) = self.known(me.account, told, use_, &is_told).await? {
            return Ok(self.spoilt(me, told, published));
        }
        // Taken out, so that nobody draws on it meanwhile.
        let was = self.reserved().remove(&me.account);
        let (gate, before) = (self.clone(), was.clone());
        let read = self.0.foundation.store.transact(move |tx| {
            let (published, reserved) = gate.publish(tx, me, told, use_, before.as_ref())?;
            then(tx, &published)?;
            Ok((published, reserved))
        });
        let read = read.await;
        let (published, reserved) = match read {
            Ok((published, reserved)) => (Ok(published), reserved),
            Err(error) => (Err(error), was),
        };
        if let Some(reserved) = reserved {
            self.reserved().insert(me.account, reserved);
        }
        published.map(|published| self.spoilt(me, told, published))
    }

    /// What is published, unless a fault is switched on.
    fn spoilt(&self, me: Me, told: Told, published: Published) -> Published {
        faults::note_place(me.account, told.latitude, told.longitude);
        let raw = faults::on(Fault::SnapOneSide)
            .then(|| told.publish(&StateRow::default(), &self.0.rules).ok())
            .flatten();
        raw.map_or(published, |(_, raw)| Published { cell: raw.cell, ..published })
    }

    /// What is published already, where nothing needs to be written for this use.
    async fn known(
        &self,
        me: AccountId,
        told: Told,
        use_: Use,
        is_told: &(impl Fn(&Published) -> bool + Send),
    ) -> Result<Option<Published>> {
        let Some(row) = self.0.foundation.store.get(&STATE, &me).await? else { return Ok(None) };
        let (state, published) = told.publish(&row, &self.0.rules)?;
        let same = row.state.as_ref() == Some(&state);
        let known =
            same && is_told(&published) && (use_ == Use::Shake || self.draw_reserved(me, &row, told.at));
        Ok(known.then_some(published))
    }

    fn draw_reserved(&self, me: AccountId, row: &StateRow, now: Time) -> bool {
        let (looks, mut reserved) = (row.looks.as_ref(), self.reserved());
        looks.zip(reserved.get_mut(&me)).is_some_and(|(looks, reserved)| reserved.draw(looks, now))
    }

    /// The transaction's part: the cell, and what is reserved from now on.
    fn publish(
        &self,
        tx: &mut Tx<'_>,
        me: Me,
        told: Told,
        use_: Use,
        was: Option<&Reserved>,
    ) -> Result<(Published, Option<Reserved>)> {
        let (config, on_loopback) = (&self.0.config, self.0.foundation.on_loopback);
        let mut row = tx.get(&STATE, &me.account)?.unwrap_or_default();
        let (state, published) = told.publish(&row, &self.0.rules)?;
        if published.is_new {
            me.draw(tx, (NEW_CELLS, config.new_cells_per_day), 1, told.at, on_loopback)?;
        }
        row.state = Some(state);
        let mut reserved = was.cloned();
        if use_ == Use::Look {
            let limit = Quota { kind: LOOKS, limit: config.looks_per_hour, per: HOUR };
            let newcomer = me.is_newcomer(tx, told.at, on_loopback)?;
            let limit = if newcomer { limit.for_newcomer() } else { limit }.limit;
            let looks = row.looks.unwrap_or_default().draw(was, limit, told.at, tx.stamp());
            let (looks, fresh) = looks.map_err(Error::rate_limited)?;
            (row.looks, reserved) = (Some(looks), Some(fresh));
        }
        tx.put(&STATE, &me.account, &row)?;
        Ok((published, reserved))
    }

    /// What the gate will do with positions of somebody, for themself.
    pub async fn outlook(&self, account: AccountId, now: Time) -> Result<Outlook> {
        let row = self.0.foundation.store.get(&STATE, &account).await?.unwrap_or_default();
        let state = row.state.unwrap_or_default();
        Ok(Outlook {
            is_adult: row.is_adult,
            next_read_at: state.next_read_at(now, &self.0.rules),
            closed_until: state.closed_until(now),
        })
    }

    /// Whether positions of somebody are taken, for plug-ins that do not ask for one each time. Errors: `POSITION_CLOSED`.
    pub async fn check_not_closed(&self, account: AccountId, now: Time) -> Result<()> {
        let closed = self.outlook(account, now).await?.closed_until;
        closed.map_or(Ok(()), |until| Err(answers::closed(until, now)))
    }

    /// "Clear location and exit": until the time it gives, no position of this person is taken. What was published, and
    /// what was drawn, stays. In the transaction in which the plug-in stops showing them.
    pub fn clear(&self, tx: &mut Tx<'_>, account: AccountId, now: Time) -> Result<Time> {
        let mut row = tx.get(&STATE, &account)?.unwrap_or_default();
        let state = row.state.unwrap_or_default().clear(now, &self.0.rules);
        let closed_until = state.closed_until(now).unwrap_or(now);
        row.state = Some(state);
        tx.put(&STATE, &account, &row)?;
        Ok(closed_until)
    }

    /// Forgets where somebody was, for all plug-ins: those hear [`Event::PlaceForgotten`] before this transaction is
    /// answered. Until the time it gives, no position is taken.
    pub fn forget(&self, tx: &mut Tx<'_>, account: AccountId, now: Time) -> Result<Time> {
        let mut row = tx.get(&STATE, &account)?.unwrap_or_default();
        let state = geo::State::forget(now);
        let closed_until = state.closed_until(now).unwrap_or(now);
        row.state = Some(state);
        tx.put(&STATE, &account, &row)?;
        tx.publish(Event::PlaceForgotten { account });
        self.0.hooks.iter().try_for_each(|hook| hook.on_forgotten(tx, account))?;
        Ok(closed_until)
    }

    fn turn(&self, account: AccountId) -> &Turn<()> {
        // The low bits of ids count within a millisecond and are mostly 0.
        let spread = account.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        &self.0.turns[spread as usize % TURNS]
    }

    fn reserved(&self) -> MutexGuard<'_, HashMap<AccountId, Reserved>> {
        self.0.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn foundation(&self) -> &Foundation {
        &self.0.foundation
    }

    /// Drops reservations that count no more.
    pub(super) fn tidy(&self, now: Time) {
        let mut reserved = self.reserved();
        reserved.retain(|_, reserved| reserved.counts(now));
        if reserved.len() * 4 < reserved.capacity() {
            reserved.shrink_to_fit();
        }
    }
}
