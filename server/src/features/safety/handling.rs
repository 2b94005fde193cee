//! What operators do with a report: find it right or wrong. The reporter learns that it was handled and no more; of the
//! reported one's side nothing is told that the reporter could read.

use super::tables::{ABOUT, OPEN, OWN, REPORT, ReportRow, State, WRONG};
use super::{Room, Safety, closing};
use crate::delivery::log;
use crate::error::{Error, Result};
use crate::features::accounts::audit::{self, By};
use crate::features::accounts::sanctions;
use crate::id::AccountId;
use crate::store::Tx;
use crate::time::{DAY, Time};
use teahouse_proto::sync::ReportHandled;
use teahouse_proto::sync::account_event::What;

/// What an operator finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is right.
    Uphold,
    /// It is wrong.
    Dismiss,
}

impl Safety {
    /// Handles a report. What reports alone closed opens again where one of them is dismissed; where one is upheld it stays
    /// closed for some days, which the operator may change. Gives what was done, in words.
    ///
    /// # Errors
    /// Where there is no such report, or it was handled before.
    pub async fn handle(&self, id: u64, verdict: Verdict, note: &str, now: Time) -> Result<String> {
        let note = note.to_owned();
        self.transact(move |room, tx| room.handle(tx, id, verdict, &note, now)).await
    }
}

impl Room {
    fn handle(&self, tx: &mut Tx<'_>, id: u64, verdict: Verdict, note: &str, now: Time) -> Result<String> {
        let mut row = tx.get(&REPORT, &id)?.ok_or_else(report_not_found)?;
        if row.state() != State::Open {
            return Err(Error::precondition("REPORT_HANDLED", "This report was handled before."));
        }
        let (reported, word) = (AccountId(row.reported), verdict.word());
        row.set_state(verdict.state());
        row.handled_at_ms = now.as_ms();
        note.clone_into(&mut row.note);
        tx.put(&REPORT, &id, &row)?;
        tx.delete(&OPEN, &id)?;
        review(tx, id, &row, verdict)?;
        tell(tx, id, &row, now)?;
        audit::note(tx, By::Operator, Some(reported), format!("report {id} {word}"), note.to_owned(), now)?;
        let area = row.area;
        let lifted = sanctions::lift(tx, reported, |s| closing::by_reports(s, area), By::Operator, now)?;
        if lifted.is_empty() {
            return Ok(format!("{word}; nothing else changes: `sanction` and `lift` do"));
        }
        if verdict == Verdict::Dismiss {
            return Ok(format!("{word}; what reports had closed is open again"));
        }
        let until = now + DAY * self.config.closed_days;
        let closed = closing::closed(row.area(), Some(until), now);
        sanctions::sanction(tx, reported, &closed, By::Operator, now)?;
        Ok(format!("{word}; {}", sanctions::words(&closed)))
    }
}

/// The report closes nothing any more; a wrong one speaks against its reporter, and no longer against the reported.
fn review(tx: &mut Tx<'_>, id: u64, row: &ReportRow, verdict: Verdict) -> Result<()> {
    let key = (AccountId(row.reported), id);
    if let Some(mut about) = tx.get(&ABOUT, &key)? {
        about.reviewed = true;
        if verdict == Verdict::Dismiss {
            about.weight = 0;
        }
        tx.put(&ABOUT, &key, &about)?;
    }
    match verdict {
        Verdict::Dismiss if row.reporter != 0 => tx.put(&WRONG, &(AccountId(row.reporter), id), &()),
        _ => Ok(()),
    }
}

/// Tells the reporter: the same whatever was found.
fn tell(tx: &mut Tx<'_>, id: u64, row: &ReportRow, now: Time) -> Result<()> {
    let key = (AccountId(row.reporter), id);
    let Some(mut own) = tx.get(&OWN, &key)? else { return Ok(()) };
    own.handled = true;
    tx.put(&OWN, &key, &own)?;
    log::append(tx, key.0, now, &What::ReportHandled(ReportHandled { report_id: id }))?;
    Ok(())
}

impl Verdict {
    fn state(self) -> State {
        match self {
            Self::Uphold => State::Upheld,
            Self::Dismiss => State::Dismissed,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Uphold => "upheld",
            Self::Dismiss => "dismissed",
        }
    }
}

/// For operators.
pub(super) fn report_not_found() -> Error {
    Error::not_found("REPORT_NOT_FOUND", "There is no such report, or no longer.")
}
