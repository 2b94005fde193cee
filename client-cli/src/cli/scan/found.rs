//! What a code of the server stands for, in words, and what can be done with it.

use super::super::App;
use super::super::account::platform_name;
use super::super::group;
use super::super::output::Output;
use super::super::people::{display_name, in_full};
use super::super::profile::SignIn;
use super::super::requests::card;
use super::super::secret;
use super::super::text::{line, members, short};
use serde_json::Value;
use std::net::IpAddr;
use teahouse_client::{Error, Kind, Result, Session, schema};
use teahouse_proto::accounts::DeviceInfo;
use teahouse_proto::contacts::{SendRequestRequest, send_request_response::Outcome};
use teahouse_proto::qr::resolve_code_response::What;
use teahouse_proto::qr::{DecideSignInRequest, FoundGroup, FoundPerson, FoundSignIn, ResolveCodeResponse};
use teahouse_proto::{CONTACTS_SEND_REQUEST, ContactsClient, QR_RESOLVE_CODE, QrSignInClient};

/// Columns of what a device that asks says of itself.
const ASKER_WIDTH: usize = 48;

/// What is asked of whoever scanned the code of a device.
const SIGN_IN_QUESTION: &str = "Let it sign in?";

/// What a code stands for.
pub(super) type Found = ResolveCodeResponse;

/// What can be done with a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Ask the person to become friends, with these words.
    Add(String),
    /// Join the group.
    Join,
    /// Let the device sign in, or not.
    Decide(bool),
    /// Let the device sign in that asks from this address, or that the user says yes to when shown.
    Approve(Option<String>),
}

impl Act {
    /// Whether it can be done with what was found.
    pub(super) fn fits(&self, found: &Found) -> bool {
        matches!(
            (self, &found.what),
            (Self::Add(_), Some(What::Person(_)))
                | (Self::Join, Some(What::Group(_)))
                | (Self::Decide(_) | Self::Approve(_), Some(What::SignIn(_)))
        )
    }

    /// Of what a code has to be for it.
    pub(super) fn of(&self) -> &'static str {
        match self {
            Self::Add(_) => "of a person",
            Self::Join => "of a group",
            Self::Decide(_) | Self::Approve(_) => "for signing in",
        }
    }
}

/// What was found, for people.
pub(super) fn in_words(out: &Output, found: &Found, me: u64) -> String {
    match &found.what {
        Some(What::Person(person)) => person_in_words(person, me),
        Some(What::Group(group)) => group_in_words(group),
        Some(What::SignIn(asker)) => sign_in_in_words(out, asker),
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

fn group_in_words(group: &FoundGroup) -> String {
    let name = if group.name.is_empty() { "A group without a name".into() } else { line(&group.name) };
    let mut said = format!("{name}, {}, shared by {}", members(group.member_count), line(&group.shared_by));
    if group.conversation_id != 0 {
        said += &format!("\nYou are in it: group {}.", group.conversation_id);
    } else if group.ticket.is_empty() {
        said += "\nIt has too many members to be joined by a code. Somebody in it can invite you.";
    } else if group.approval {
        said += "\nOwner or an admin lets in who joins.";
    }
    said
}

fn sign_in_in_words(out: &Output, asker: &FoundSignIn) -> String {
    let none = DeviceInfo::default();
    let device = asker.device.as_ref().unwrap_or(&none);
    let platform = platform_name(device.platform());
    // The address first: the server alone knows it, the rest is what the device says.
    format!(
        "A device wants to sign in as you, until {}:\n  address  {}\n  device   {} ({platform})\n  program  {}\nIf it is not yours, refuse it.",
        out.times.clock(asker.expires_at_ms),
        line(&asker.address),
        short(&device.name, ASKER_WIDTH),
        short(&asker.program, ASKER_WIDTH)
    )
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
        What::Group(group) if !group.ticket.is_empty() => Some(("Join it?", Act::Join, None)),
        What::SignIn(_) => Some((SIGN_IN_QUESTION, Act::Decide(true), Some(Act::Decide(false)))),
        What::Person(_) | What::Group(_) => None,
    }
}

/// How to say beforehand what to do.
pub(super) fn hint(found: &Found) -> &'static str {
    match found.what {
        Some(What::Person(_)) => "The same with --add TEXT asks them to become friends.",
        Some(What::Group(_)) => "The same with --join joins it.",
        Some(What::SignIn(_)) => {
            "The same with --approve=ADDRESS lets it sign in, with --refuse it does not."
        }
        None => "",
    }
}

/// Does something with a code that it fits.
pub(super) async fn act(app: &App, session: &Session, me: &SignIn, found: Found, act: Act) -> Result<()> {
    match (act, found.what) {
        (Act::Add(text), Some(What::Person(person))) => add(app, session, me, person, text).await,
        (Act::Join, Some(What::Group(group))) => join(app, session, me, group).await,
        (Act::Decide(approve), Some(What::SignIn(asker))) => decide(app, session, asker, approve).await,
        (Act::Approve(address), Some(What::SignIn(asker))) => {
            let approve = is_wanted(app, &asker, address.as_deref())?;
            decide(app, session, asker, approve).await
        }
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

async fn join(app: &App, session: &Session, me: &SignIn, found: FoundGroup) -> Result<()> {
    if found.conversation_id != 0 || found.ticket.is_empty() {
        let message = group_in_words(&found);
        let reason = if found.conversation_id != 0 { "ALREADY_A_MEMBER" } else { "CODE_CLOSED" };
        return Err(Error::new(Kind::Precondition, reason, message));
    }
    group::join(app, session, me.clone(), found.ticket).await
}

/// Whether the user wants the device in. Nobody is let in unseen: on a terminal the user sees it and says yes, without
/// one they have said which address they expect.
fn is_wanted(app: &App, asker: &FoundSignIn, address: Option<&str>) -> Result<bool> {
    let shown = sign_in_in_words(&app.out, asker);
    if app.out.is_json() {
        app.out.remark(shown);
    } else {
        app.out.say(shown)?;
    }
    let asks = secret::is_interactive();
    check_address(asker, address, asks)?;
    if asks { secret::confirm(SIGN_IN_QUESTION) } else { Ok(true) }
}

fn check_address(asker: &FoundSignIn, expected: Option<&str>, asks: bool) -> Result<()> {
    let Some(expected) = expected else {
        let message =
            "There is no terminal to ask on. --approve=ADDRESS lets the device in that asks from there.";
        let needed = Error::new(Kind::Misuse, "ADDRESS_NEEDED", message);
        return if asks { Ok(()) } else { Err(needed) };
    };
    let address = |text: &str| text.parse::<IpAddr>().map(|address| address.to_canonical()).ok();
    if address(expected).is_some_and(|expected| address(&asker.address) == Some(expected)) {
        return Ok(());
    }
    let message = format!(
        "The device asks from {}, not from {}. Nothing was decided.",
        line(&asker.address),
        line(expected)
    );
    Err(Error::new(Kind::Precondition, "ADDRESS_DIFFERS", message))
}

async fn decide(app: &App, session: &Session, mut asker: FoundSignIn, approve: bool) -> Result<()> {
    let ticket = std::mem::take(&mut asker.ticket);
    QrSignInClient(session.clone()).decide_sign_in(DecideSignInRequest { ticket, approve }).await?;
    if app.out.is_json() {
        let mut decided = document(&Found { what: Some(What::SignIn(asker)) })?;
        decided["approved"] = approve.into();
        return app.out.document(&decided.to_string());
    }
    app.out.say(if approve {
        "It is signed in. `teahouse devices` lists your devices and signs them out."
    } else {
        "It is not let in."
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use teahouse_proto::common::{PersonCard, Platform};

    fn person(account_id: u64) -> FoundPerson {
        let card = PersonCard { display_name: "An\u{1b}na".to_owned(), ..Default::default() };
        FoundPerson { card: Some(card), account_id, ..Default::default() }
    }

    fn words(what: What) -> String {
        in_words(&Output::plain(), &Found { what: Some(what) }, 1)
    }

    #[test]
    fn who_wants_to_sign_in_is_shown_without_harm() {
        let asker = FoundSignIn {
            device: Some(DeviceInfo { name: "lib\u{1b}rary".to_owned(), platform: Platform::Web.into() }),
            program: "Mozilla/5.0".to_owned(),
            address: "203.0.113.9".to_owned(),
            expires_at_ms: 1_798_761_609_000,
            ..Default::default()
        };
        let shown = words(What::SignIn(asker.clone()));
        assert!(shown.contains("00:00:09") && shown.contains("203.0.113.9"), "{shown}");
        assert!(shown.contains(r"lib\u{1b}rary (web)") && shown.contains("Mozilla/5.0"), "{shown}");
        let found = Found { what: Some(What::SignIn(asker)) };
        assert!(Act::Decide(true).fits(&found) && !Act::Add(String::new()).fits(&found));
    }

    #[test]
    fn who_wants_to_sign_in_cannot_draw_another_address() {
        let forged = |word: &str| format!("{word}{}address  127.0.0.1", " ".repeat(90));
        let shown = words(What::SignIn(FoundSignIn {
            device: Some(DeviceInfo { name: forged("phone"), platform: Platform::Web.into() }),
            program: forged("teahouse\n\t") + &"!".repeat(200),
            address: "203.0.113.9".to_owned(),
            ..Default::default()
        }));
        let lines: Vec<_> = shown.lines().skip(1).collect();
        assert_eq!(lines[0], "  address  203.0.113.9");
        assert_eq!(lines[1], "  device   phone address 127.0.0.1 (web)");
        assert!(lines[2].starts_with("  program  teahouse address 127.0.0.1!!!"), "{shown}");
        assert_eq!((lines[2].chars().count(), lines.len()), (11 + ASKER_WIDTH, 4), "{shown}");
    }

    #[test]
    fn without_a_terminal_a_device_is_let_in_from_the_expected_address_alone() {
        let asker = FoundSignIn { address: "203.0.113.9".to_owned(), ..Default::default() };
        let reason = |asker: &FoundSignIn, expected, asks| {
            check_address(asker, expected, asks).err().map(|error| error.reason().to_owned())
        };
        assert_eq!(reason(&asker, None, true), None);
        assert_eq!(reason(&asker, None, false).as_deref(), Some("ADDRESS_NEEDED"));
        for asks in [true, false] {
            assert_eq!(reason(&asker, Some("203.0.113.9"), asks), None);
            assert_eq!(reason(&asker, Some("::ffff:203.0.113.9"), asks), None, "the same address");
            for other in ["203.0.113.90", "", "tea"] {
                assert_eq!(reason(&asker, Some(other), asks).as_deref(), Some("ADDRESS_DIFFERS"), "{other}");
            }
            let unknown = FoundSignIn::default();
            assert_eq!(reason(&unknown, Some(""), asks).as_deref(), Some("ADDRESS_DIFFERS"));
        }
    }

    #[test]
    fn people_are_shown_as_far_as_they_are_known() {
        assert_eq!(words(What::Person(person(0))), r"An\u{1b}na");
        assert_eq!(words(What::Person(person(7))), "An\\u{1b}na\nYou know them already: account 7.");
        assert_eq!(words(What::Person(person(1))), "An\\u{1b}na\nThis is your own code.");
    }

    #[test]
    fn groups_say_whether_they_can_be_joined() {
        let group = FoundGroup {
            name: "Tea".to_owned(),
            member_count: 12,
            shared_by: "Anna".to_owned(),
            ticket: "t".into(),
            ..Default::default()
        };
        let head = "Tea, 12 members, shared by Anna";
        assert_eq!(words(What::Group(group.clone())), head);
        let small = FoundGroup { member_count: 1, ..group.clone() };
        assert_eq!(words(What::Group(small)), "Tea, 1 member, shared by Anna");
        let approval = FoundGroup { approval: true, ..group.clone() };
        assert_eq!(words(What::Group(approval)), format!("{head}\nOwner or an admin lets in who joins."));
        let mine = FoundGroup { conversation_id: 50, ticket: Default::default(), ..group.clone() };
        assert_eq!(words(What::Group(mine.clone())), format!("{head}\nYou are in it: group 50."));
        let full = FoundGroup { ticket: Default::default(), ..group.clone() };
        assert!(words(What::Group(full.clone())).contains("too many members"));
        let asked = |group: FoundGroup| question(&Found { what: Some(What::Group(group)) });
        assert_eq!(asked(group), Some(("Join it?", Act::Join, None)));
        assert_eq!((asked(mine), asked(full)), (None, None));
    }
}
