//! Whom the last look or shake found: kept beside the sign-in, so that a short number stands for the handle of a stranger. The
//! handles are dead after two days, and work for this account alone.

use super::super::App;
use super::super::people::ambiguous;
use super::super::profile::SignIn;
use super::super::text::{line, same_name, table};
use super::words;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use clap::{Args as ClapArgs, Subcommand};
use serde::{Deserialize, Serialize};
use std::io;
use teahouse_client::{Error, Kind, Result, write_private};
use teahouse_proto::common::StrangerCard;
use teahouse_proto::greetings::block_stranger_request::Who;
use teahouse_proto::greetings::{BlockStrangerRequest, GetStrangerRequest};
use teahouse_proto::{GREETINGS_BLOCK_STRANGER, GREETINGS_GET_STRANGER, GreetingsClient};

#[derive(Debug, ClapArgs)]
pub(crate) struct Strangers {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the card of a stranger, as it is now.
    Show {
        /// Number or name.
        who: String,
    },
    /// Block a stranger: neither reaches nor sees the other, and they are not told.
    Block {
        /// Number or name.
        who: String,
    },
}

/// A stranger who was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) name: String,
    /// In base64.
    handle: String,
    about: String,
}

impl Found {
    fn new(card: &StrangerCard) -> Self {
        let handle = BASE64_STANDARD.encode(&card.handle);
        let about = [words::distance(card.band()).to_owned(), words::about(card)];
        let about: Vec<_> = about.into_iter().filter(|said| !said.is_empty()).collect();
        Self { name: card.name.clone(), handle, about: about.join(" · ") }
    }

    /// What the server knows the stranger by.
    pub(crate) fn handle(&self) -> Result<Bytes> {
        let handle = BASE64_STANDARD.decode(&self.handle).map(Bytes::from);
        handle.map_err(|_| unusable("understood", &"a handle is damaged"))
    }
}

/// What is kept.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// For which sign-in.
    device: String,
    strangers: Vec<Found>,
}

fn kept(app: &App, me: &SignIn) -> Result<Kept> {
    let none = || Kept { device: me.device(), strangers: Vec::new() };
    match std::fs::read_to_string(app.profile.strangers_file()) {
        Ok(text) => {
            let kept: Kept = serde_json::from_str(&text).map_err(|e| unusable("understood", &e))?;
            Ok(if kept.device == me.device() { kept } else { none() })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(none()),
        Err(error) => Err(unusable("read", &error)),
    }
}

/// Keeps whom a look or shake found, in place of those of the last one.
pub(super) fn keep(app: &App, me: &SignIn, cards: &[StrangerCard]) -> Result<()> {
    save(app, &Kept { device: me.device(), strangers: cards.iter().map(Found::new).collect() })
}

/// Keeps further ones; gives the number of the first.
pub(super) fn keep_more(app: &App, me: &SignIn, cards: &[StrangerCard]) -> Result<usize> {
    let mut kept = kept(app, me)?;
    let first = kept.strangers.len() + 1;
    kept.strangers.extend(cards.iter().map(Found::new));
    save(app, &kept)?;
    Ok(first)
}

fn save(app: &App, kept: &Kept) -> Result<()> {
    let text = serde_json::to_vec(kept).map_err(|e| unusable("written", &e))?;
    write_private(&app.profile.strangers_file(), &text).map_err(|e| unusable("written", &e))
}

fn unusable(what: &str, error: &dyn std::fmt::Display) -> Error {
    let message = format!("The list of strangers cannot be {what}: {error}. Look around anew.");
    Error::new(Kind::Local, "PROFILE_FILE", message)
}

/// The stranger of this number or name among those found last.
///
/// # Errors
/// `STRANGER_NOT_FOUND`, `NAME_AMBIGUOUS`, `PROFILE_FILE`.
pub(crate) fn meant(app: &App, me: &SignIn, who: &str) -> Result<Found> {
    among(&kept(app, me)?.strangers, who).cloned()
}

fn among<'a>(found: &'a [Found], who: &str) -> Result<&'a Found> {
    let number = who.parse().ok().and_then(|number: usize| number.checked_sub(1));
    if let Some(stranger) = number.and_then(|place| found.get(place)) {
        return Ok(stranger);
    }
    let named: Vec<_> = found.iter().enumerate().filter(|(_, f)| same_name(&f.name, who)).collect();
    match named.as_slice() {
        [] => {
            let message =
                format!("You found no stranger “{}”. `teahouse strangers` lists the last ones.", line(who));
            Err(Error::new(Kind::NotFound, "STRANGER_NOT_FOUND", message))
        }
        [(_, one)] => Ok(one),
        many => Err(ambiguous(
            who,
            many.iter().map(|(place, f)| format!("{} (stranger {})", line(&f.name), place + 1)),
        )),
    }
}

pub(super) async fn run(app: &App, args: Strangers) -> Result<()> {
    match args.action {
        None => list(app),
        Some(Action::Show { who }) => show(app, &who).await,
        Some(Action::Block { who }) => block(app, &who).await,
    }
}

fn list(app: &App) -> Result<()> {
    let found = kept(app, &app.sign_in()?)?.strangers;
    if app.out.is_json() {
        let all = serde_json::json!({ "strangers": found });
        return app.out.document(&all.to_string());
    }
    if found.is_empty() {
        return app.out.say("Nobody. `teahouse around --at LAT,LON` looks who is nearby.");
    }
    let row = |(place, f): (usize, &Found)| {
        [(place + 1).to_string(), line(&f.name).into_owned(), line(&f.about).into_owned()]
    };
    let rows: Vec<_> = found.iter().enumerate().map(row).collect();
    app.out.say(table(["STRANGER", "NAME", "ABOUT"], &rows))
}

async fn show(app: &App, who: &str) -> Result<()> {
    let (session, me) = app.session().await?;
    let handle = meant(app, &me, who)?.handle()?;
    let answer = GreetingsClient(session).get_stranger(GetStrangerRequest { handle }).await?;
    app.out
        .answer(&GREETINGS_GET_STRANGER, &answer, || words::in_full(&answer.card.clone().unwrap_or_default()))
}

async fn block(app: &App, who: &str) -> Result<()> {
    let (session, me) = app.session().await?;
    let stranger = meant(app, &me, who)?;
    let request = BlockStrangerRequest { who: Some(Who::Handle(stranger.handle()?)) };
    let answer = GreetingsClient(session).block_stranger(request).await?;
    app.out.answer(&GREETINGS_BLOCK_STRANGER, &answer, || blocked(&stranger.name))
}

/// What is said of whoever was blocked.
pub(super) fn blocked(name: &str) -> String {
    format!("{} is blocked. They are not told. `teahouse unblock` ends it.", line(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_meant_by_number_or_by_a_name_that_one_has() {
        let card = |name: &str, handle: &'static [u8]| {
            Found::new(&StrangerCard {
                name: name.to_owned(),
                handle: Bytes::from_static(handle),
                ..Default::default()
            })
        };
        let found =
            [card("Bobby", b"one"), card("Carol", b"two"), card("carol", b"three"), card("2", b"four")];
        let handle = |who| among(&found, who).and_then(Found::handle).map_err(|e| e.reason().to_owned());
        assert_eq!(handle("1"), Ok(Bytes::from_static(b"one")));
        assert_eq!(handle("bobby"), Ok(Bytes::from_static(b"one")));
        // Nobody passes for another number by what they call themselves.
        assert_eq!(handle("2"), Ok(Bytes::from_static(b"two")));
        assert_eq!(handle("carol"), Err("NAME_AMBIGUOUS".to_owned()));
        for none in ["0", "5", "", "Zoe"] {
            assert_eq!(handle(none), Err("STRANGER_NOT_FOUND".to_owned()), "{none}");
        }
    }
}
