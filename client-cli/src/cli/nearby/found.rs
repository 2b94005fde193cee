//! Whom the last look or shake found: kept beside the sign-in, so that a short number stands for the handle of a stranger. The
//! handles are dead after two days, and work for this account alone.

use super::super::App;
use super::super::profile::SignIn;
use super::super::text::{line, table};
use super::words;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use std::io;
use teahouse_client::{Error, Kind, Result, write_private};
use teahouse_proto::common::StrangerCard;

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

fn save(app: &App, kept: &Kept) -> Result<()> {
    let text = serde_json::to_vec(kept).map_err(|e| unusable("written", &e))?;
    write_private(&app.profile.strangers_file(), &text).map_err(|e| unusable("written", &e))
}

fn unusable(what: &str, error: &dyn std::fmt::Display) -> Error {
    let message = format!("The list of strangers cannot be {what}: {error}. Look around anew.");
    Error::new(Kind::Local, "PROFILE_FILE", message)
}

pub(super) fn list(app: &App) -> Result<()> {
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
