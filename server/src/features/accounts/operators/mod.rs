//! What operators say to the accounts room: who is there, sanction and lift, what was done, and codes that they hand out.
//! Nothing here tells where somebody is, what they wrote, or whom they know.

mod rules;

use super::audit::{self, AuditEntry, By};
use super::sanctions::{self, words};
use super::tables::{ACCOUNT, USERNAME};
use super::{Accounts, Person, devices, load, person_by_username};
use crate::admin::Commands;
use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::Time;
use std::fmt::Write;
use std::sync::Arc;
use teahouse_proto::safety::{Sanction, sanction::Kind};

/// Accounts in one list.
const USERS_LISTED: usize = 50;
/// Entries of the audit log in one list.
const AUDIT_LISTED: usize = 50;

/// Enters the room's commands.
pub fn enter(commands: &mut Commands, accounts: &Arc<Accounts>) {
    let mut command = |name, usage, act: fn(Arc<Accounts>, Vec<String>) -> Answer| {
        let accounts = accounts.clone();
        commands.enter(name, usage, move |words| act(accounts.clone(), words));
    };
    command(
        "users",
        "[NAME]: the newest accounts, those whose username begins with NAME, or all about one",
        |room, words| Box::pin(async move { room.users(&words).await }),
    );
    command("sanction", rules::SANCTION_USAGE, |room, words| {
        Box::pin(async move { room.sanction(&words).await })
    });
    command("lift", rules::LIFT_USAGE, |room, words| Box::pin(async move { room.lift(&words).await }));
    command(
        "audit",
        "[BEFORE]: what operators did in the last 180 days, the newest first; BEFORE a number, what was earlier",
        |room, words| Box::pin(async move { room.audit(&words).await }),
    );
    command("recovery-code", "USERNAME: a one-time code that sets a new password", |room, words| {
        Box::pin(async move {
            let [username] = &words[..] else { return Err("recovery-code needs a username".to_owned()) };
            room.issue_recovery_code(username).await.map_err(|e| told(&e))
        })
    });
    command("invite", "[USES]: an invitation code, good for one account or for so many", |room, words| {
        Box::pin(async move {
            let uses = match &words[..] {
                [] => 1,
                [uses] => uses.parse().map_err(|_| "USES is a number".to_owned())?,
                _ => return Err("invite takes one number".to_owned()),
            };
            room.create_invitation(uses).await.map_err(|e| told(&e))
        })
    });
}

type Answer = futures::future::BoxFuture<'static, Result<String, String>>;

fn told(error: &Error) -> String {
    error.message().to_owned()
}

impl Accounts {
    async fn sanction(&self, typed: &[String]) -> Result<String, String> {
        let Some((username, typed)) = typed.split_first() else {
            return Err(format!("sanction {}", rules::SANCTION_USAGE));
        };
        let now = self.foundation.clock.now();
        let (username, new) = (username.clone(), rules::sanctions(typed, now)?);
        let decide = move |tx: &mut Tx<'_>| {
            let person = known(tx, &username)?;
            let mut signed_out = 0;
            for sanction in &new {
                signed_out += sanctions::sanction(tx, person.id, sanction, By::Operator, now)?;
            }
            let mut out = String::new();
            for sanction in &new {
                let _ = writeln!(out, "{}: {}", called(&person), words(sanction));
            }
            if signed_out > 0 {
                let _ = writeln!(out, "signed out on {signed_out} devices");
            }
            Ok(out)
        };
        self.foundation.store.transact(decide).await.map_err(|e| told(&e))
    }

    async fn lift(&self, typed: &[String]) -> Result<String, String> {
        let Some((username, typed)) = typed.split_first() else {
            return Err(format!("lift {}", rules::LIFT_USAGE));
        };
        let now = self.foundation.clock.now();
        let (username, which) = (username.clone(), rules::lifted(typed)?);
        let decide = move |tx: &mut Tx<'_>| {
            let person = known(tx, &username)?;
            let named = |s: &Sanction| which.contains(&(s.kind(), s.area()));
            let lifted = sanctions::lift(tx, person.id, named, By::Operator, now)?;
            Ok((called(&person), lifted))
        };
        let (whose, lifted) = self.foundation.store.transact(decide).await.map_err(|e| told(&e))?;
        if lifted.is_empty() {
            return Err(format!("nothing of that holds against {whose}"));
        }
        Ok(lifted.iter().map(|sanction| format!("{whose}: lifted: {}\n", words(sanction))).collect())
    }

    async fn users(&self, typed: &[String]) -> Result<String, String> {
        let listed = match typed {
            [] => self.newest().await,
            [name] => self.named(name).await,
            _ => return Err("users takes one NAME".to_owned()),
        };
        listed.map_err(|e| told(&e))
    }

    async fn newest(&self) -> Result<String> {
        let store = &self.foundation.store;
        let rows = store.scan(&ACCOUNT, &KeyRange::all(), USERS_LISTED, Order::Falling).await?;
        let people = rows.into_iter().map(|(id, row)| Person::from_row(id, row)).collect();
        self.lines(people, "no accounts yet").await
    }

    async fn named(&self, name: &str) -> Result<String> {
        let store = &self.foundation.store;
        let name = name.to_ascii_lowercase();
        if let Some(row) = store.get(&USERNAME, &name).await?
            && let Some(person) = load(store, AccountId(row.account_id)).await?
        {
            return self.all_about(&person).await;
        }
        let range = KeyRange::all().from(&name);
        let rows = store.scan(&USERNAME, &range, USERS_LISTED, Order::Rising).await?;
        let mut people = Vec::new();
        for (_, row) in rows.into_iter().take_while(|(username, _)| username.starts_with(&name)) {
            people.extend(load(store, AccountId(row.account_id)).await?);
        }
        self.lines(people, "no username begins so").await
    }

    async fn lines(&self, people: Vec<Person>, nobody: &str) -> Result<String> {
        if people.is_empty() {
            return Ok(nobody.to_owned());
        }
        let now = self.foundation.clock.now();
        let mut out = String::new();
        let cut = people.len() == USERS_LISTED;
        for person in people {
            let held = sanctions::load_sanctions(&self.foundation.store, person.id, now).await?;
            let held: Vec<String> = held.iter().filter(|s| s.kind() != Kind::Warning).map(words).collect();
            let _ = writeln!(
                out,
                "{:<20}  since {}  {}{}",
                person.username,
                person.created_at.to_utc(),
                person.display_name,
                if held.is_empty() { String::new() } else { format!("  [{}]", held.join("; ")) }
            );
        }
        if cut {
            let _ = writeln!(out, "(the first {USERS_LISTED}; users NAME lists those that begin with NAME)");
        }
        Ok(out)
    }

    async fn all_about(&self, person: &Person) -> Result<String> {
        let store = &self.foundation.store;
        let now = self.foundation.clock.now();
        let devices = devices::load_all(store, person.id).await?;
        let held = sanctions::load_sanctions(store, person.id, now).await?;
        let mut out = String::new();
        let _ = writeln!(out, "{}", called(person));
        let _ = writeln!(out, "account {}, since {}", person.id.0, person.created_at.to_utc());
        let last = self.last_seen(person.id).await?;
        let _ = match devices.len() {
            0 => writeln!(out, "signed in nowhere"),
            n => writeln!(out, "signed in on {n} devices, last used {}", last.to_hour().to_utc()),
        };
        if held.is_empty() {
            let _ = writeln!(out, "nothing holds against it");
        }
        for s in &held {
            let text = if s.text.is_empty() { String::new() } else { format!(" — {}", s.text) };
            let _ = writeln!(out, "since {}: {}{text}", Time(s.from_ms).to_utc(), words(s));
        }
        Ok(out)
    }

    async fn audit(&self, typed: &[String]) -> Result<String, String> {
        let before = match typed {
            [] => u64::MAX,
            [number] => number.parse().map_err(|_| format!("{number:?} is no number of an entry"))?,
            _ => return Err("audit takes one number".to_owned()),
        };
        self.audited(before).await.map_err(|e| told(&e))
    }

    async fn audited(&self, before: u64) -> Result<String> {
        let entries = audit::list(&self.foundation.store, before, AUDIT_LISTED).await?;
        if entries.is_empty() {
            return Ok("nothing was done".to_owned());
        }
        let mut out = String::new();
        for AuditEntry { number, at, by, account, what, text } in entries {
            let by = match by {
                By::Operator => "operator",
                By::Reports => "reports",
            };
            let whom = match account {
                Some(account) => match load(&self.foundation.store, account).await? {
                    Some(person) => format!(" {}", person.username),
                    None => format!(" account {}", account.0),
                },
                None => String::new(),
            };
            let text = if text.is_empty() { String::new() } else { format!(" — {text}") };
            let _ = writeln!(out, "{number:>5}  {}  {by}:{whom} {what}{text}", at.to_utc());
        }
        Ok(out)
    }
}

/// The account of a username. Errors: `PERSON_NOT_FOUND`.
fn known(tx: &mut Tx<'_>, username: &str) -> Result<Person> {
    let found = person_by_username(tx, username)?;
    found.ok_or_else(|| Error::not_found("PERSON_NOT_FOUND", "There is no account of this name."))
}

/// "anna_01 (Anna)".
fn called(person: &Person) -> String {
    format!("{} ({})", person.username, person.display_name)
}
