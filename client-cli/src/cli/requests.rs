//! Commands about becoming friends: finding, asking, answering.

use super::App;
use super::account::gender_name;
use super::nearby::with_care;
use super::output::Output;
use super::people::{ambiguous, display_name, first_page, in_full, next_page};
use super::text::{cut, line, table};
use teahouse_client::{Error, Kind, Result, Session};
use teahouse_proto::common::{PersonCard, Way};
use teahouse_proto::contacts::{
    AcceptRequestRequest, AcceptRequestResponse, FriendRequest, IgnoreRequestRequest, ListRequestsRequest,
    ListRequestsResponse, ListSentRequestsRequest, ListSentRequestsResponse, ReplyToRequestRequest,
    SearchRequest, SearchResponse, SendRequestRequest, send_request_response::Outcome,
};
use teahouse_proto::{
    CONTACTS_ACCEPT_REQUEST, CONTACTS_IGNORE_REQUEST, CONTACTS_LIST_REQUESTS, CONTACTS_LIST_SENT_REQUESTS,
    CONTACTS_REPLY_TO_REQUEST, CONTACTS_SEARCH, CONTACTS_SEND_REQUEST, ContactsClient,
};

/// Columns for what was last said in a request.
const TEXT_WIDTH: usize = 40;

pub(super) async fn search(app: &App, username: String) -> Result<()> {
    let (session, _) = app.session().await?;
    let answer = ContactsClient(session).search(SearchRequest { username: username.clone() }).await?;
    app.out.answer(&CONTACTS_SEARCH, &answer, || {
        let known = if answer.account_id == 0 {
            format!("`teahouse add {}` asks them.", line(&username))
        } else {
            format!("You know them already: account {}.", answer.account_id)
        };
        format!("{}\n{known}", card(answer.card.as_ref()))
    })
}

/// What a card says, in a line.
pub(super) fn card(card: Option<&PersonCard>) -> String {
    let card = card.cloned().unwrap_or_default();
    let said = [gender_name(card.gender()), &card.region, &card.signature];
    let said = said.iter().filter(|s| !s.is_empty()).map(|s| line(s).into_owned());
    std::iter::once(line(&card.display_name).into_owned()).chain(said).collect::<Vec<_>>().join(" · ")
}

pub(super) async fn add(app: &App, username: String, text: String) -> Result<()> {
    let (session, _) = app.session().await?;
    let contacts = ContactsClient(session);
    let found = contacts.search(SearchRequest { username: username.clone() }).await?;
    let answer = contacts.send_request(SendRequestRequest { ticket: found.ticket, text }).await?;
    app.out.answer(&CONTACTS_SEND_REQUEST, &answer, || match (answer.outcome(), &answer.friend) {
        (Outcome::Friends, Some(friend)) => format!("You and {} are friends now.", in_full(friend)),
        _ => {
            let name = line(display_name(found.card.as_ref())).into_owned();
            format!("Sent. {name} ({}) can accept within 7 days.", line(&username))
        }
    })
}

pub(super) async fn list(app: &App, sent: bool) -> Result<()> {
    let (session, _) = app.session().await?;
    if sent {
        let requests = sent_requests(&session).await?;
        let answer = ListSentRequestsResponse { requests, next: Default::default() };
        return app.out.answer(&CONTACTS_LIST_SENT_REQUESTS, &answer, || {
            rows(&app.out, &answer.requests, "You have asked nobody who has not answered.")
        });
    }
    let answer = ListRequestsResponse { requests: waiting(&session).await?, next: Default::default() };
    app.out.answer(&CONTACTS_LIST_REQUESTS, &answer, || rows(&app.out, &answer.requests, "Nobody asks."))
}

fn rows(out: &Output, requests: &[FriendRequest], nobody: &str) -> String {
    if requests.is_empty() {
        return nobody.to_owned();
    }
    let rows: Vec<_> = requests.iter().map(|r| row(out, r)).collect();
    table(["REQUEST", "NAME", "FOUND BY", "SINCE", "UNTIL", "TEXT"], &rows)
}

fn row(out: &Output, request: &FriendRequest) -> [String; 6] {
    let name = line(display_name(request.card.as_ref()));
    let name = if request.username.is_empty() {
        name.into_owned()
    } else {
        format!("{name} ({})", line(&request.username))
    };
    let name = with_care(name, request.caution());
    let texts: Vec<_> = request.texts.iter().filter(|t| !t.text.is_empty()).collect();
    let text = texts.last().map_or_else(String::new, |t| {
        let who = if t.mine { "you: " } else { "" };
        let more = if texts.len() > 1 { format!(" (of {})", texts.len()) } else { String::new() };
        format!("{who}{}{more}", cut(&line(&t.text), TEXT_WIDTH))
    });
    [
        request.request_id.to_string(),
        name,
        way_name(request.way()).to_owned(),
        out.times.day(request.sent_at_ms),
        out.times.day(request.expires_at_ms),
        text,
    ]
}

/// How somebody came upon a person, in words.
pub(super) fn way_name(way: Way) -> &'static str {
    match way {
        Way::Unspecified => "",
        Way::Username => "username",
        Way::Qr => "QR code",
        Way::Group => "group",
        Way::ContactCard => "contact card",
        Way::LookAround => "Look Around",
        Way::Shake => "Shake",
        Way::Bottle => "bottle",
    }
}

/// All requests that wait for the user.
async fn waiting(session: &Session) -> Result<Vec<FriendRequest>> {
    let (mut all, mut page) = (Vec::new(), Some(first_page()));
    while page.is_some() {
        let answer = ContactsClient(session.clone()).list_requests(ListRequestsRequest { page }).await?;
        all.extend(answer.requests);
        page = next_page(answer.next);
    }
    Ok(all)
}

async fn sent_requests(session: &Session) -> Result<Vec<FriendRequest>> {
    let (mut all, mut page) = (Vec::new(), Some(first_page()));
    while page.is_some() {
        let answer =
            ContactsClient(session.clone()).list_sent_requests(ListSentRequestsRequest { page }).await?;
        all.extend(answer.requests);
        page = next_page(answer.next);
    }
    Ok(all)
}

/// Which request a word means.
#[derive(Debug)]
enum Meant<'a> {
    /// This one: its number, or a username that the server vouches for.
    Sure(&'a FriendRequest),
    /// None by number or known username; these are shown under the name, which their askers chose themselves.
    ByName(Vec<&'a FriendRequest>),
}

fn meant<'a>(requests: &'a [FriendRequest], who: &str) -> Meant<'a> {
    let sure = requests.iter().find(|r| {
        who.parse() == Ok(r.request_id) || (!r.username.is_empty() && r.username.eq_ignore_ascii_case(who))
    });
    match sure {
        Some(request) => Meant::Sure(request),
        None => Meant::ByName(requests.iter().filter(|r| display_name(r.card.as_ref()) == who).collect()),
    }
}

/// The person with this username, if there is one who can be found so.
async fn person(session: &Session, username: &str) -> Result<Option<SearchResponse>> {
    if !could_be_username(username) {
        return Ok(None);
    }
    match ContactsClient(session.clone()).search(SearchRequest { username: username.to_owned() }).await {
        Ok(found) => Ok(Some(found)),
        Err(e) if e.kind() == Kind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Searches are counted, so what cannot be a username is not searched for.
fn could_be_username(text: &str) -> bool {
    (6..=20).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Accepts a request named by its number, the asker's username or their display name.
///
/// A request does not tell its asker's username, which is shown to friends and to whoever typed it. The user who types it
/// here has it searched, and that finds the person, not the request. So the person is asked back: two people who ask each
/// other are friends at once, and it is the server that knows whether the request was theirs. Somebody who calls
/// themselves "alice01" cannot be accepted in her place, which going by names or cards would allow. Nobody is asked who has
/// no request with their name here.
pub(super) async fn accept(app: &App, who: &str) -> Result<()> {
    let (session, _) = app.session().await?;
    let requests = waiting(&session).await?;
    let request = match meant(&requests, who) {
        Meant::Sure(request) => request,
        Meant::ByName(named) => match person(&session, who).await? {
            Some(found) => return accept_person(app, &session, who, &requests, found).await,
            None => only(who, &named)?,
        },
    };
    let request = AcceptRequestRequest { request_id: request.request_id };
    let answer = ContactsClient(session).accept_request(request).await?;
    accepted(app, &answer)
}

async fn accept_person(
    app: &App,
    session: &Session,
    who: &str,
    requests: &[FriendRequest],
    found: SearchResponse,
) -> Result<()> {
    if found.account_id != 0 {
        let message = format!("{} is your friend already.", line(who));
        return Err(Error::new(Kind::AlreadyExists, "ALREADY_FRIENDS", message));
    }
    let name = display_name(found.card.as_ref());
    if !requests.iter().any(|r| display_name(r.card.as_ref()) == name) {
        return Err(not_asked(who));
    }
    let request = SendRequestRequest { ticket: found.ticket, text: String::new() };
    let answer = ContactsClient(session.clone()).send_request(request).await?;
    match answer.friend {
        Some(friend) => accepted(app, &AcceptRequestResponse { friend: Some(friend) }),
        None => {
            let message = format!(
                "The request shown as “{}” is not from {who}, so it was left alone, and {who} was asked instead. `teahouse requests` shows its number, if you want to accept it all the same.",
                line(name),
                who = line(who)
            );
            Err(Error::new(Kind::Precondition, "OTHER_PERSON", message))
        }
    }
}

fn accepted(app: &App, answer: &AcceptRequestResponse) -> Result<()> {
    app.out.answer(&CONTACTS_ACCEPT_REQUEST, answer, || {
        let friend = answer.friend.clone().unwrap_or_default();
        format!("You and {} are friends now.", in_full(&friend))
    })
}

fn not_asked(who: &str) -> Error {
    let message = format!("“{}” has not asked you. `teahouse requests` lists who has.", line(who));
    Error::new(Kind::NotFound, "REQUEST_NOT_FOUND", message)
}

/// The only request of several, if it is.
fn only<'a>(who: &str, named: &[&'a FriendRequest]) -> Result<&'a FriendRequest> {
    match named {
        [] => Err(not_asked(who)),
        [one] => Ok(one),
        many => Err(ambiguous(
            who,
            many.iter()
                .map(|r| format!("{} (request {})", line(display_name(r.card.as_ref())), r.request_id)),
        )),
    }
}

/// The request that a word means, where a mistake makes no friends: a username also stands for the only request that
/// shows the name of its person.
pub(super) async fn request_of(session: &Session, who: &str) -> Result<u64> {
    let requests = waiting(session).await?;
    let request = match meant(&requests, who) {
        Meant::Sure(request) => request,
        Meant::ByName(named) => match person(session, who).await? {
            Some(found) => {
                let name = display_name(found.card.as_ref());
                let same: Vec<_> =
                    requests.iter().filter(|r| display_name(r.card.as_ref()) == name).collect();
                only(who, &same)?
            }
            None => only(who, &named)?,
        },
    };
    Ok(request.request_id)
}

pub(super) async fn ignore(app: &App, who: &str) -> Result<()> {
    let (session, _) = app.session().await?;
    let request_id = request_of(&session, who).await?;
    let answer = ContactsClient(session).ignore_request(IgnoreRequestRequest { request_id }).await?;
    app.out.answer(&CONTACTS_IGNORE_REQUEST, &answer, || "Put away. They are not told.".to_owned())
}

pub(super) async fn reply(app: &App, who: &str, text: String) -> Result<()> {
    let (session, _) = app.session().await?;
    let request_id = request_of(&session, who).await?;
    let request = ReplyToRequestRequest { request_id, text };
    let answer = ContactsClient(session).reply_to_request(request).await?;
    app.out.answer(&CONTACTS_REPLY_TO_REQUEST, &answer, || {
        "Answered. The request still waits for you.".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use teahouse_proto::contacts::RequestText;

    fn request(request_id: u64, name: &str, username: &str) -> FriendRequest {
        let card = PersonCard { display_name: name.to_owned(), ..Default::default() };
        FriendRequest { request_id, card: Some(card), username: username.to_owned(), ..Default::default() }
    }

    #[test]
    fn numbers_and_vouched_usernames_are_sure_and_chosen_names_are_not() {
        let requests = [request(5, "alice01", ""), request(6, "Alice", "alice02"), request(7, "alice01", "")];
        assert!(matches!(meant(&requests, "6"), Meant::Sure(r) if r.request_id == 6));
        assert!(matches!(meant(&requests, "ALICE02"), Meant::Sure(r) if r.request_id == 6));
        let Meant::ByName(named) = meant(&requests, "alice01") else { panic!("nobody vouches for a name") };
        assert_eq!(only("alice01", &named).expect_err("two").reason(), "NAME_AMBIGUOUS");
        let Meant::ByName(named) = meant(&requests, "Alice") else { panic!("nobody vouches for a name") };
        assert_eq!(only("Alice", &named).unwrap().request_id, 6);
        assert_eq!(only("Zoe", &[]).expect_err("none").reason(), "REQUEST_NOT_FOUND");
    }

    #[test]
    fn only_what_could_be_a_username_is_searched_for() {
        for (text, could) in [
            ("alice01", true),
            ("al-i_ce", true),
            ("alice", false),
            ("1alice", false),
            ("älice01", false),
            ("", false),
        ] {
            assert_eq!(could_be_username(text), could, "{text}");
        }
    }

    #[test]
    fn requests_show_what_was_last_said_and_by_whom() {
        let text = |mine, text: &str| RequestText { mine, text: text.to_owned(), sent_at_ms: 0 };
        let mut first = request(5, "Alice\u{1b}[2J", "");
        first.way = Way::Username.into();
        first.sent_at_ms = 1_798_761_600_000;
        first.texts = vec![text(false, "hi"), text(true, "who are you?")];
        let rows = rows(&Output::plain(), &[first, request(6, "Bob", "bobby01")], "Nobody asks.");
        let expected = r"REQUEST  NAME            FOUND BY  SINCE       UNTIL  TEXT
5        Alice\u{1b}[2J  username  2027-01-01         you: who are you? (of 2)
6        Bob (bobby01)";
        assert_eq!(rows, expected);
    }
}
