//! The operator's commands about reports.

use super::handling::{Verdict, report_not_found};
use super::tables::{EVIDENCE, OPEN, REPORT, ReportRow};
use super::{Safety, showing};
use crate::admin::Commands;
use crate::error::Result;
use crate::features::accounts;
use crate::id::AccountId;
use crate::store::Order;
use crate::store::key::KeyRange;
use std::sync::Arc;

/// Lines of one list.
const LISTED: usize = 50;

/// Enters the commands.
pub fn enter(commands: &mut Commands, safety: &Arc<Safety>) {
    let room = safety.clone();
    commands.enter(
        "reports",
        "[open|all] [BEFORE]: reports that wait, or all of 180 days, the newest first; BEFORE a number, the earlier ones",
        move |words| {
            let room = room.clone();
            async move { room.list(&words).await }
        },
    );
    let room = safety.clone();
    commands.enter("report", "NUMBER: a report, with what it rests on", move |words| {
        let room = room.clone();
        async move {
            let [id] = &words[..] else { return Err("report needs a number".to_owned()) };
            room.show(number(id)?).await.map_err(|e| e.message().to_owned())
        }
    });
    let room = safety.clone();
    commands.enter(
        "handle",
        "NUMBER uphold|dismiss [NOTE…]: says what you found; what reports had closed opens where you dismiss one",
        move |words| {
            let room = room.clone();
            async move {
                let [id, verdict, note @ ..] = &words[..] else {
                    return Err("handle needs a number, and uphold or dismiss".to_owned());
                };
                let verdict = match verdict.as_str() {
                    "uphold" => Verdict::Uphold,
                    "dismiss" => Verdict::Dismiss,
                    other => return Err(format!("{other:?} is neither uphold nor dismiss")),
                };
                let (id, now) = (number(id)?, room.foundation.clock.now());
                room.handle(id, verdict, &note.join(" "), now).await.map_err(|e| e.message().to_owned())
            }
        },
    );
}

fn number(word: &str) -> Result<u64, String> {
    word.parse().map_err(|_| format!("{word:?} is no number of a report"))
}

impl Safety {
    async fn list(&self, words: &[String]) -> Result<String, String> {
        let (which, before) = match words {
            [] => ("open", None),
            [which] => (which.as_str(), None),
            [which, before] => (which.as_str(), Some(number(before)?)),
            _ => return Err("reports takes open or all, and a number".to_owned()),
        };
        let listed = match which {
            "open" => self.lines(true, before).await,
            "all" => self.lines(false, before).await,
            other => return Err(format!("{other:?} is neither open nor all")),
        };
        let lines = listed.map_err(|e| e.message().to_owned())?;
        Ok(if lines.is_empty() { "no reports".to_owned() } else { lines.join("\n") })
    }

    pub(super) async fn lines(&self, open: bool, before: Option<u64>) -> Result<Vec<String>> {
        let store = &self.foundation.store;
        let range = before.map_or_else(KeyRange::all, |before| KeyRange::all().before(&before));
        let mut rows: Vec<(u64, ReportRow)> = Vec::new();
        if open {
            for (id, ()) in store.scan(&OPEN, &range, LISTED, Order::Falling).await? {
                rows.extend(store.get(&REPORT, &id).await?.map(|row| (id, row)));
            }
        } else {
            rows = store.scan(&REPORT, &range, LISTED, Order::Falling).await?;
        }
        let mut lines = Vec::with_capacity(rows.len());
        for (id, row) in rows {
            lines.push(showing::line(id, &row, &self.called(row.reported).await?));
        }
        Ok(lines)
    }

    pub(super) async fn show(&self, id: u64) -> Result<String> {
        let store = &self.foundation.store;
        let row = store.get(&REPORT, &id).await?.ok_or_else(report_not_found)?;
        let evidence = store.get(&EVIDENCE, &id).await?.unwrap_or_default();
        let names = (self.called(row.reporter).await?, self.called(row.reported).await?);
        Ok(showing::whole(id, &row, &evidence, (&names.0, &names.1)))
    }

    /// What an account is called now.
    async fn called(&self, account: u64) -> Result<String> {
        if account == 0 {
            return Ok("the server".to_owned());
        }
        let person = accounts::load(&self.foundation.store, AccountId(account)).await?;
        Ok(person.map_or_else(|| account.to_string(), |person| person.username))
    }
}
