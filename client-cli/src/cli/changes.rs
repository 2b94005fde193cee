//! Commands about messages that were sent: taking back, editing, emoji, pins, deleting.

use super::App;
use super::people::People;
use super::place::{Place, place};
use super::secret;
use super::talk::{mentioned, said};
use super::text::{line, table};
use clap::Subcommand;
use teahouse_client::{Error, Kind, Result, Session};
use teahouse_proto::chat::{
    ClearHistoryRequest, DeleteForMeRequest, EditMessageRequest, ListPinsRequest, Pin, RecallMessageRequest,
    SetPinRequest, SetReactionRequest, Text,
};
use teahouse_proto::{
    CHAT_CLEAR_HISTORY, CHAT_DELETE_FOR_ME, CHAT_EDIT_MESSAGE, CHAT_LIST_PINS, CHAT_RECALL_MESSAGE,
    CHAT_SET_PIN, CHAT_SET_REACTION, ChatClient,
};

/// What can be done to messages.
#[derive(Debug, Subcommand)]
pub(crate) enum Change {
    /// Take back a message of yours, by its number in `history`, within two minutes; as owner or admin of a group,
    /// anybody's at any time.
    Recall { who: String, seq: u64 },
    /// Replace the text of a message of yours. Within a quarter of an hour.
    Edit {
        who: String,
        seq: u64,
        /// The new text; `-` reads it from standard input.
        #[arg(required = true)]
        text: Vec<String>,
    },
    /// Give a message an emoji.
    React {
        who: String,
        seq: u64,
        emoji: String,
        /// Take it back.
        #[arg(long)]
        off: bool,
    },
    /// Pin a message for everybody in the conversation.
    Pin { who: String, seq: u64 },
    /// Unpin a message for everybody in the conversation.
    Unpin { who: String, seq: u64 },
    /// List the pinned messages of a conversation.
    Pins { who: String },
    /// Delete messages on all your devices. Others keep them.
    Delete {
        who: String,
        #[arg(required = true)]
        seqs: Vec<u64>,
    },
    /// Delete all messages of a conversation on all your devices. Others keep them.
    Clear {
        who: String,
        /// Take it off your list, too, until something is said in it.
        #[arg(long)]
        hide: bool,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

pub(super) async fn run(app: &App, change: Change) -> Result<()> {
    match change {
        Change::Recall { who, seq } => recall(app, &who, seq).await,
        Change::Edit { who, seq, text } => edit(app, &who, seq, text).await,
        Change::React { who, seq, emoji, off } => react(app, &who, seq, emoji, !off).await,
        Change::Pin { who, seq } => pin(app, &who, seq, true).await,
        Change::Unpin { who, seq } => pin(app, &who, seq, false).await,
        Change::Pins { who } => pins(app, &who).await,
        Change::Delete { who, seqs } => delete(app, &who, seqs).await,
        Change::Clear { who, hide, yes } => clear(app, &who, hide, yes).await,
    }
}

/// The conversation that the user means, and what it takes to speak of it.
async fn at(app: &App, who: &str) -> Result<(Session, People, Place)> {
    let (session, me) = app.session().await?;
    let mut people = People::load(&session, me).await?;
    let place = place(&session, &mut people, who).await?;
    Ok((session, people, place))
}

async fn recall(app: &App, who: &str, seq: u64) -> Result<()> {
    let (session, _, place) = at(app, who).await?;
    let request = RecallMessageRequest { conversation_id: place.conversation_id, seq };
    let answer = ChatClient(session).recall_message(request).await?;
    app.out.answer(&CHAT_RECALL_MESSAGE, &answer, || format!("{}: recalled {seq}.", place.title))
}

async fn edit(app: &App, who: &str, seq: u64, text: Vec<String>) -> Result<()> {
    let text = match <[String; 1]>::try_from(text) {
        Ok([one]) => secret::or_stdin(one)?,
        Err(words) => words.join(" "),
    };
    let (session, mut people, place) = at(app, who).await?;
    let mentions = mentioned(&session, &mut people, &place, &text).await?;
    let text = Some(Text { text, mentions, ..Text::default() });
    let request = EditMessageRequest { conversation_id: place.conversation_id, seq, text };
    let answer = ChatClient(session).edit_message(request).await?;
    app.out.answer(&CHAT_EDIT_MESSAGE, &answer, || format!("{}: edited {seq}.", place.title))
}

async fn react(app: &App, who: &str, seq: u64, emoji: String, on: bool) -> Result<()> {
    let (session, _, place) = at(app, who).await?;
    let shown = line(&emoji).into_owned();
    let request = SetReactionRequest { conversation_id: place.conversation_id, seq, emoji, on };
    let answer = ChatClient(session).set_reaction(request).await?;
    app.out.answer(&CHAT_SET_REACTION, &answer, || {
        let what = if on { "gave" } else { "took back" };
        format!("{}: {what} {shown} on {seq}.", place.title)
    })
}

async fn pin(app: &App, who: &str, seq: u64, pinned: bool) -> Result<()> {
    let (session, _, place) = at(app, who).await?;
    let request = SetPinRequest { conversation_id: place.conversation_id, seq, pinned };
    let answer = ChatClient(session).set_pin(request).await?;
    app.out.answer(&CHAT_SET_PIN, &answer, || {
        format!("{}: {} {seq}.", place.title, if pinned { "pinned" } else { "unpinned" })
    })
}

async fn pins(app: &App, who: &str) -> Result<()> {
    let (session, mut people, place) = at(app, who).await?;
    let request = ListPinsRequest { conversation_id: place.conversation_id };
    let answer = ChatClient(session.clone()).list_pins(request).await?;
    place.meet(&session, &mut people).await?;
    app.out.answer(&CHAT_LIST_PINS, &answer, || {
        if answer.pins.is_empty() {
            return format!("Nothing is pinned with {}.", place.title);
        }
        let rows: Vec<_> = answer.pins.iter().map(|pin| pin_row(app, &people, &place, pin)).collect();
        let when = format!("PINNED ({})", app.out.times.zone());
        table(["NUMBER", &when, "BY", "MESSAGE"], &rows)
    })
}

fn pin_row(app: &App, people: &People, place: &Place, pin: &Pin) -> [String; 4] {
    let message = match &pin.entry {
        Some(entry) => line(&said(people, entry, 0)).into_owned(),
        None => "— you deleted this message —".to_owned(),
    };
    let by = people.name_in(place.conversation_id, pin.by_account_id);
    [pin.seq.to_string(), app.out.times.minute(pin.pinned_at_ms), by, message]
}

async fn delete(app: &App, who: &str, seqs: Vec<u64>) -> Result<()> {
    let (session, _, place) = at(app, who).await?;
    let count = seqs.len();
    let request = DeleteForMeRequest { conversation_id: place.conversation_id, seqs };
    let answer = ChatClient(session).delete_for_me(request).await?;
    app.out.answer(&CHAT_DELETE_FOR_ME, &answer, || match count {
        1 => format!("{}: deleted it on all your devices.", place.title),
        _ => format!("{}: deleted {count} messages on all your devices.", place.title),
    })
}

async fn clear(app: &App, who: &str, and_hide: bool, yes: bool) -> Result<()> {
    let (session, _, place) = at(app, who).await?;
    let question = format!("Delete all messages with {} on all your devices?", place.title);
    if !yes && secret::is_interactive() && !secret::confirm(&question)? {
        return Err(Error::new(Kind::Misuse, "NOT_CONFIRMED", "Nothing was deleted."));
    }
    let request = ClearHistoryRequest { conversation_id: place.conversation_id, and_hide };
    let answer = ChatClient(session).clear_history(request).await?;
    app.out.answer(&CHAT_CLEAR_HISTORY, &answer, || format!("{}: cleared.", place.title))
}
