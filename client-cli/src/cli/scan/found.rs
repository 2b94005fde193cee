//! What a code of the server stands for, in words, and what can be done with it.

use super::super::App;
use super::super::people::{display_name, in_full};
use super::super::profile::SignIn;
use super::super::requests::card;
use super::super::text::line;
use serde_json::Value;
use teahouse_client::{Error, Kind, Result, Session, schema};
use teahouse_proto::contacts::{SendRequestRequest, send_request_response::Outcome};
use teahouse_proto::qr::resolve_code_response::What;
use teahouse_proto::qr::{FoundPerson, ResolveCodeResponse};
use teahouse_proto::{CONTACTS_SEND_REQUEST, ContactsClient, QR_RESOLVE_CODE};

/// What a code stands for.
pub(super) type Found = ResolveCodeResponse;

/// What can be done with a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Ask the person to become friends, with these words.
    Add(String),
}

impl Act {
    /// Whether it can be done with what was found.
    pub(super) fn fits(&self, found: &Found) -> bool {
        matches!((self, &found.what), (Self::Add(_), Some(What::Person(_))))
    }

    /// Of what a code has to be for it.
    pub(super) fn of(&self) -> &'static str {
        match self {
            Self::Add(_) => "of a person",
        }
    }
}

/// What was found, for people.
pub(super) fn in_words(found: &Found, me: u64) -> String {
    match &found.what {
        Some(What::Person(person)) => person_in_words(person, me),
        None => "It is a code of this server that this version does not know.".to_owned(),
    }
}

fn person_in_words(person: &FoundPerson, me: u64) -> String {
    let card = card(person.card.as_ref());
    match person.account_id {
        0 => card,
        id if id == me => format!("{card}\nThis is your own code."),
        id => format!("{card}\nYou know them already: account {id}."),
    }
}

/// What was found, for programs.
pub(super) fn document(found: &Found) -> Result<Value> {
    let json = schema::message_to_json(QR_RESOLVE_CODE.response, found)?;
    serde_json::from_str(&json).map_err(|e| Error::new(Kind::Protocol, "JSON", e.to_string()))
}

/// What to ask the user, what a yes does, and what a no does; nothing where nothing can be done.
pub(super) fn question(found: &Found) -> Option<(&'static str, Act, Option<Act>)> {
    match found.what.as_ref()? {
        What::Person(person) if person.account_id == 0 => {
            Some(("Ask them to become friends?", Act::Add(String::new()), None))
        }
        What::Person(_) => None,
    }
}

/// How to say beforehand what to do.
pub(super) fn hint(found: &Found) -> &'static str {
    match found.what {
        Some(What::Person(_)) => "The same with --add TEXT asks them to become friends.",
        None => "",
    }
}

/// Does something with a code that it fits.
pub(super) async fn act(app: &App, session: &Session, me: &SignIn, found: Found, act: Act) -> Result<()> {
    match (act, found.what) {
        (Act::Add(text), Some(What::Person(person))) => add(app, session, me, person, text).await,
        (act, _) => {
            let message = format!("That is no code {}.", act.of());
            Err(Error::new(Kind::Misuse, "CODE_OF_OTHER_KIND", message))
        }
    }
}

async fn add(app: &App, session: &Session, me: &SignIn, person: FoundPerson, text: String) -> Result<()> {
    let name = line(display_name(person.card.as_ref())).into_owned();
    if person.account_id != 0 {
        let message = if person.account_id == me.account_id {
            "This is your own code.".to_owned()
        } else {
            format!("{name} is your friend already.")
        };
        return Err(Error::new(Kind::AlreadyExists, "ALREADY_FRIENDS", message));
    }
    let request = SendRequestRequest { ticket: person.ticket, text };
    let answer = ContactsClient(session.clone()).send_request(request).await?;
    app.out.answer(&CONTACTS_SEND_REQUEST, &answer, || match (answer.outcome(), &answer.friend) {
        (Outcome::Friends, Some(friend)) => format!("You and {} are friends now.", in_full(friend)),
        _ => format!("Sent. {name} can accept within 7 days."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use teahouse_proto::common::PersonCard;

    fn person(account_id: u64) -> FoundPerson {
        let card = PersonCard { display_name: "An\u{1b}na".to_owned(), ..Default::default() };
        FoundPerson { card: Some(card), account_id, ..Default::default() }
    }

    fn words(what: What) -> String {
        in_words(&Found { what: Some(what) }, 1)
    }

    #[test]
    fn people_are_shown_as_far_as_they_are_known() {
        assert_eq!(words(What::Person(person(0))), r"An\u{1b}na");
        assert_eq!(words(What::Person(person(7))), "An\\u{1b}na\nYou know them already: account 7.");
        assert_eq!(words(What::Person(person(1))), "An\\u{1b}na\nThis is your own code.");
    }
}
