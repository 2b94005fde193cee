//! `teahouse greet` and `teahouse greetings`: greetings to strangers and from them, and the temporary chats that come of them.

use super::super::App;
use super::super::group;
use super::super::output::Output;
use super::super::people::{People, ambiguous, first_page, in_full, next_page};
use super::super::place;
use super::super::requests::way_name;
use super::super::secret;
use super::super::text::{cut, line, same_name, table};
use super::{chats, found, words};
use clap::{Args as ClapArgs, Subcommand};
use teahouse_client::{Error, Kind, Result, Session};
use teahouse_proto::greetings::block_stranger_request::Who;
use teahouse_proto::greetings::{
    AcceptGreetingRequest, BlockStrangerRequest, Greeting, IgnoreGreetingRequest, LeaveTemporaryChatRequest,
    ListGreetingsRequest, ListGreetingsResponse, ListTemporaryChatsResponse, MeetMemberRequest,
    ReplyToGreetingRequest, SendGreetingRequest, TemporaryChat,
};
use teahouse_proto::{
    GREETINGS_ACCEPT_GREETING, GREETINGS_BLOCK_STRANGER, GREETINGS_IGNORE_GREETING,
    GREETINGS_LEAVE_TEMPORARY_CHAT, GREETINGS_LIST_GREETINGS, GREETINGS_LIST_TEMPORARY_CHATS,
    GREETINGS_REPLY_TO_GREETING, GREETINGS_SEND_GREETING, GreetingsClient,
};

/// Columns of what a greeting says.
const TEXT_WIDTH: usize = 50;

/// What WHO stands for.
const NAMES: &str = "Wherever WHO is wanted, the number of the greeting or of the chat will do, or a name that only one of them has.";

#[derive(Debug, ClapArgs)]
#[command(after_help = NAMES)]
pub(crate) struct Greetings {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Answer a greeting: opens a chat between the two of you, which ends 7 days after its last message.
    Reply { who: String, text: String },
    /// Make friends with whoever greeted you.
    Accept { who: String },
    /// Put a greeting away without a word.
    Ignore { who: String },
    /// Block whoever greeted you, or chats with you. They are not told.
    Block { who: String },
    /// List your chats with strangers.
    Chats,
    /// End a chat with a stranger, for both. You lose what was said.
    Leave {
        who: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

pub(super) async fn run(app: &App, args: Greetings) -> Result<()> {
    match args.action {
        None => list(app).await,
        Some(Action::Reply { who, text }) => reply(app, &who, text).await,
        Some(Action::Accept { who }) => accept(app, &who).await,
        Some(Action::Ignore { who }) => ignore(app, &who).await,
        Some(Action::Block { who }) => block(app, &who).await,
        Some(Action::Chats) => chats(app).await,
        Some(Action::Leave { who, yes }) => leave(app, &who, yes).await,
    }
}

pub(super) async fn greet(app: &App, who: &str, text: String, group: Option<&str>) -> Result<()> {
    let text = secret::or_stdin(text)?;
    let (session, me) = app.session().await?;
    let client = GreetingsClient(session.clone());
    let (name, handle) = match group {
        None => {
            let stranger = found::meant(app, &me, who)?;
            (line(&stranger.name).into_owned(), stranger.handle()?)
        }
        Some(group) => {
            let mut people = People::load(&session, me).await?;
            let place = place::group(&session, &mut people, group).await?;
            place.meet(&session, &mut people).await?;
            let conversation_id = place.conversation_id;
            let account_id = people.member(conversation_id, who)?.account_id;
            let card = client.meet_member(MeetMemberRequest { conversation_id, account_id }).await?.card;
            (words::name(card.as_ref()), card.unwrap_or_default().handle)
        }
    };
    let client_greeting_id = session.random().client_id();
    let answer = client.send_greeting(SendGreetingRequest { client_greeting_id, handle, text }).await?;
    app.out.answer(&GREETINGS_SEND_GREETING, &answer, || {
        format!("Sent to {name}. If they answer, a chat begins: `teahouse greetings chats`.")
    })
}

async fn list(app: &App) -> Result<()> {
    let (session, _) = app.session().await?;
    let answer = ListGreetingsResponse { greetings: all(&session).await?, next: Default::default() };
    app.out.answer(&GREETINGS_LIST_GREETINGS, &answer, || {
        if answer.greetings.is_empty() {
            return "Nobody greeted you.".to_owned();
        }
        let rows: Vec<_> = answer.greetings.iter().map(|g| row(&app.out, g)).collect();
        table(["GREETING", "FROM", "FOUND BY", "SENT", "TEXT"], &rows)
    })
}

fn row(out: &Output, greeting: &Greeting) -> [String; 5] {
    let card = greeting.card.clone().unwrap_or_default();
    let found = [way_name(card.way()), words::distance(card.band())];
    let found: Vec<_> = found.into_iter().filter(|part| !part.is_empty()).collect();
    let name = words::with_care(words::name(Some(&card)), card.caution());
    let answered = if greeting.conversation_id == 0 { "" } else { " (answered)" };
    let more =
        if greeting.texts.len() > 1 { format!(" (of {})", greeting.texts.len()) } else { String::new() };
    let last = greeting.texts.last().map_or("", String::as_str);
    [
        greeting.greeting_id.to_string(),
        name,
        found.join(", "),
        out.times.minute(greeting.sent_at_ms),
        format!("{}{more}{answered}", cut(&line(last), TEXT_WIDTH)),
    ]
}

/// The whole box.
async fn all(session: &Session) -> Result<Vec<Greeting>> {
    let (mut all, mut page) = (Vec::new(), Some(first_page()));
    while page.is_some() {
        let answer = GreetingsClient(session.clone()).list_greetings(ListGreetingsRequest { page }).await?;
        all.extend(answer.greetings);
        page = next_page(answer.next);
    }
    Ok(all)
}

fn from(greeting: &Greeting) -> String {
    words::name(greeting.card.as_ref())
}

/// The greeting of this number or of the only one of this name.
///
/// # Errors
/// `GREETING_NOT_FOUND`, `NAME_AMBIGUOUS`.
pub(crate) async fn greeting(session: &Session, who: &str) -> Result<Greeting> {
    among(&all(session).await?, who)?.cloned().ok_or_else(|| {
        let message = format!("“{}” has not greeted you. `teahouse greetings` lists who has.", line(who));
        Error::new(Kind::NotFound, "GREETING_NOT_FOUND", message)
    })
}

fn among<'a>(greetings: &'a [Greeting], who: &str) -> Result<Option<&'a Greeting>> {
    if let Some(greeting) = greetings.iter().find(|g| who.parse() == Ok(g.greeting_id)) {
        return Ok(Some(greeting));
    }
    match greetings.iter().filter(|g| same_name(&from(g), who)).collect::<Vec<_>>().as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        many => Err(ambiguous(who, many.iter().map(|g| format!("{} (greeting {})", from(g), g.greeting_id)))),
    }
}

/// The temporary chat of this number or with the only one of this name.
async fn chat(session: &Session, who: &str) -> Result<TemporaryChat> {
    let all = chats::all(session).await?;
    if let Some(chat) = all.iter().find(|c| who.parse() == Ok(c.conversation_id)) {
        return Ok(chat.clone());
    }
    let name = |c: &TemporaryChat| words::name(c.card.as_ref());
    match all.iter().filter(|c| same_name(&name(c), who)).collect::<Vec<_>>().as_slice() {
        [] => {
            let message = format!(
                "You have no chat with a stranger “{}”. `teahouse greetings chats` lists them.",
                line(who)
            );
            Err(Error::new(Kind::NotFound, "CONVERSATION_NOT_FOUND", message))
        }
        [one] => Ok((*one).clone()),
        many => Err(ambiguous(who, many.iter().map(|c| format!("{} (chat {})", name(c), c.conversation_id)))),
    }
}

async fn reply(app: &App, who: &str, text: String) -> Result<()> {
    let text = secret::or_stdin(text)?;
    let (session, _) = app.session().await?;
    let greeting = greeting(&session, who).await?;
    let client_message_id = session.random().client_id();
    let request = ReplyToGreetingRequest { greeting_id: greeting.greeting_id, client_message_id, text };
    let answer = GreetingsClient(session).reply_to_greeting(request).await?;
    app.out.answer(&GREETINGS_REPLY_TO_GREETING, &answer, || {
        let chat = answer.chat.clone().unwrap_or_default();
        let until = app.out.times.day(chat.ends_at_ms);
        let name = from(&greeting);
        format!("Answered {name}, number {}. `teahouse send` goes on with them, until {until}.", answer.seq)
    })
}

async fn accept(app: &App, who: &str) -> Result<()> {
    let (session, _) = app.session().await?;
    let greeting_id = match greeting(&session, who).await {
        Ok(greeting) => greeting.greeting_id,
        Err(error) if error.reason() == "GREETING_NOT_FOUND" => {
            match chat(&session, who).await.map(|chat| chat.greeting_id) {
                Ok(id) if id != 0 => id,
                _ => return Err(error),
            }
        }
        Err(error) => return Err(error),
    };
    let answer = GreetingsClient(session).accept_greeting(AcceptGreetingRequest { greeting_id }).await?;
    app.out.answer(&GREETINGS_ACCEPT_GREETING, &answer, || {
        format!("You and {} are friends now.", in_full(&answer.friend.clone().unwrap_or_default()))
    })
}

async fn ignore(app: &App, who: &str) -> Result<()> {
    let (session, _) = app.session().await?;
    let greeting_id = greeting(&session, who).await?.greeting_id;
    let answer = GreetingsClient(session).ignore_greeting(IgnoreGreetingRequest { greeting_id }).await?;
    app.out.answer(&GREETINGS_IGNORE_GREETING, &answer, || "Put away. They are not told.".to_owned())
}

async fn block(app: &App, who: &str) -> Result<()> {
    let (session, _) = app.session().await?;
    let (name, who) = match greeting(&session, who).await {
        Ok(greeting) => (from(&greeting), Who::GreetingId(greeting.greeting_id)),
        Err(error) if error.reason() == "GREETING_NOT_FOUND" => {
            let chat = chat(&session, who).await?;
            (words::name(chat.card.as_ref()), Who::ConversationId(chat.conversation_id))
        }
        Err(error) => return Err(error),
    };
    let answer = GreetingsClient(session).block_stranger(BlockStrangerRequest { who: Some(who) }).await?;
    app.out.answer(&GREETINGS_BLOCK_STRANGER, &answer, || found::blocked(&name))
}

async fn chats(app: &App) -> Result<()> {
    let (session, _) = app.session().await?;
    let answer = ListTemporaryChatsResponse { chats: chats::all(&session).await?, next: Default::default() };
    app.out.answer(&GREETINGS_LIST_TEMPORARY_CHATS, &answer, || {
        if answer.chats.is_empty() {
            return "You have no chat with a stranger.".to_owned();
        }
        let row = |c: &TemporaryChat| {
            let until = if c.ended { "over".to_owned() } else { app.out.times.minute(c.ends_at_ms) };
            let about = c.card.as_ref().map(words::about).unwrap_or_default();
            [c.conversation_id.to_string(), words::name(c.card.as_ref()), until, about]
        };
        let rows: Vec<_> = answer.chats.iter().map(row).collect();
        table(["CHAT", "WITH", "UNTIL", "ABOUT"], &rows)
    })
}

async fn leave(app: &App, who: &str, yes: bool) -> Result<()> {
    let (session, _) = app.session().await?;
    let chat = chat(&session, who).await?;
    let name = words::name(chat.card.as_ref());
    group::sure(&format!("End the chat with {name}, and lose what was said?"), yes)?;
    let request = LeaveTemporaryChatRequest { conversation_id: chat.conversation_id };
    let answer = GreetingsClient(session).leave_temporary_chat(request).await?;
    app.out.answer(&GREETINGS_LEAVE_TEMPORARY_CHAT, &answer, || format!("The chat with {name} is over."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use teahouse_proto::common::{Band, Caution, StrangerCard, Way};

    fn greeting(greeting_id: u64, name: &str, texts: &[&str]) -> Greeting {
        let card = StrangerCard {
            name: name.to_owned(),
            way: Way::LookAround.into(),
            band: Band::Within1Km.into(),
            ..Default::default()
        };
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        Greeting { greeting_id, card: Some(card), texts, sent_at_ms: 1_798_761_600_000, ..Default::default() }
    }

    #[test]
    fn greetings_show_who_came_how_and_what_was_said_last() {
        let mut careful = greeting(8, "Bob\u{1b}", &["hi", "hi again"]);
        careful.conversation_id = 70;
        careful.card = careful.card.map(|card| StrangerCard { caution: Caution::New.into(), ..card });
        let found = "Look Around, within 1 km";
        assert_eq!(
            row(&Output::plain(), &careful),
            ["8", r"Bob\u{1b} (! new here)", found, "2027-01-01 00:00", "hi again (of 2) (answered)"]
        );
    }

    #[test]
    fn a_greeting_is_meant_by_its_number_or_by_a_name_that_only_one_has() {
        let all = [greeting(8, "Bobby", &[]), greeting(9, "Zoe", &[]), greeting(10, "zoe", &[])];
        let meant = |who| among(&all, who).map(|g| g.map(|g| g.greeting_id));
        assert_eq!(
            (meant("9").unwrap(), meant("bobby").unwrap(), meant("Yan").unwrap()),
            (Some(9), Some(8), None)
        );
        assert_eq!(meant("Zoe").expect_err("two").reason(), "NAME_AMBIGUOUS");
    }
}
