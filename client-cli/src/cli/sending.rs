//! Commands that send what is no text, and that forward.

use super::App;
use super::kinds;
use super::people::{PAGE, People, display_name, next_page};
use super::place::{Place, place};
use super::text::line;
use clap::Subcommand;
use teahouse_client::{Result, Session};
use teahouse_proto::chat::forward_messages_request::To;
use teahouse_proto::chat::send_message_request::{self, Content};
use teahouse_proto::chat::{
    ContactCard, ForwardMessagesRequest, Forwarded, Link, ListForwardedRequest, ListForwardedResponse,
    Location, OpenContactCardRequest, SendMessageRequest,
};
use teahouse_proto::common::PageRequest;
use teahouse_proto::{
    CHAT_FORWARD_MESSAGES, CHAT_LIST_FORWARDED, CHAT_OPEN_CONTACT_CARD, CHAT_SEND_MESSAGE, ChatClient,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Send a place, in degrees.
    SendLocation {
        who: String,
        /// North of the equator; south is negative.
        #[arg(allow_negative_numbers = true)]
        latitude: f64,
        /// East of Greenwich; west is negative.
        #[arg(allow_negative_numbers = true)]
        longitude: f64,
        /// What is there.
        #[arg(long, default_value = "")]
        label: String,
        /// "About here": send the middle of an area of 2 km instead.
        #[arg(long)]
        approximate: bool,
    },
    /// Send a friend's contact card, or your own as `me`.
    SendCard { who: String, person: String },
    /// Send a link.
    SendLink {
        who: String,
        url: String,
        #[arg(long, default_value = "")]
        title: String,
        #[arg(long, default_value = "")]
        description: String,
    },
    /// Show whom a contact card stands for now.
    OpenCard {
        who: String,
        /// The number of the card.
        seq: u64,
    },
    /// Forward messages of one conversation to another, each by itself or all as one.
    Forward {
        /// Where they are.
        who: String,
        /// Their numbers.
        #[arg(required = true)]
        seqs: Vec<u64>,
        /// Where they go.
        #[arg(long, value_name = "WHO")]
        to: String,
        /// As one message.
        #[arg(long)]
        merged: bool,
        /// What it is called.
        #[arg(long, requires = "merged", default_value = "")]
        title: String,
    },
    /// Show what several messages that were forwarded as one say.
    Forwarded {
        who: String,
        /// The number of the message.
        seq: u64,
        /// For one that is among them: its place, counted from 0; and so on.
        path: Vec<u32>,
    },
}

pub(super) async fn run(app: &App, command: Command) -> Result<()> {
    let (session, me) = app.session().await?;
    let mut people = People::load(&session, me).await?;
    match command {
        Command::SendLocation { who, latitude, longitude, label, approximate } => {
            let location = Location { latitude, longitude, approximate, label };
            send(app, &session, place(&session, &mut people, &who).await?, Content::Location(location)).await
        }
        Command::SendCard { who, person } => {
            let account_id = match people.is_me(&person) {
                true => people.me.account_id,
                false => people.friend(&person)?.account_id,
            };
            let card = ContactCard { account_id, card: None };
            send(app, &session, place(&session, &mut people, &who).await?, Content::ContactCard(card)).await
        }
        Command::SendLink { who, url, title, description } => {
            let link = Link { url, title, description, ..Link::default() };
            send(app, &session, place(&session, &mut people, &who).await?, Content::Link(link)).await
        }
        Command::OpenCard { who, seq } => {
            let from = place(&session, &mut people, &who).await?;
            open_card(app, &session, from.conversation_id, seq).await
        }
        Command::Forward { who, mut seqs, to, merged, title } => {
            seqs.sort_unstable();
            seqs.dedup();
            let from = place(&session, &mut people, &who).await?;
            let to = place(&session, &mut people, &to).await?;
            let request = ForwardMessagesRequest {
                from_conversation_id: from.conversation_id,
                seqs,
                to: Some(To::ConversationId(to.conversation_id)),
                merged,
                title,
                ..Default::default()
            };
            let answer = session.forward(request).await?;
            let numbers: Vec<_> = answer.seqs.iter().map(u64::to_string).collect();
            app.out.answer(&CHAT_FORWARD_MESSAGES, &answer, || {
                format!("Forwarded to {}, number {}.", to.title, numbers.join(", "))
            })
        }
        Command::Forwarded { who, seq, path } => {
            let from = place(&session, &mut people, &who).await?;
            forwarded(app, &session, from.conversation_id, seq, path).await
        }
    }
}

async fn send(app: &App, session: &Session, to: Place, content: Content) -> Result<()> {
    let request = SendMessageRequest {
        to: Some(send_message_request::To::ConversationId(to.conversation_id)),
        content: Some(content),
        ..Default::default()
    };
    let answer = session.send(request).await?;
    app.out.answer(&CHAT_SEND_MESSAGE, &answer, || format!("Sent to {}, number {}.", to.title, answer.seq))
}

async fn open_card(app: &App, session: &Session, conversation_id: u64, seq: u64) -> Result<()> {
    let request = OpenContactCardRequest { conversation_id, seq };
    let answer = ChatClient(session.clone()).open_contact_card(request).await?;
    app.out.answer(&CHAT_OPEN_CONTACT_CARD, &answer, || {
        let name = line(display_name(answer.card.as_ref()));
        let known = if answer.account_id == 0 { "" } else { ", whom you know" };
        let signature = answer.card.as_ref().map_or("", |card| &card.signature);
        let signature = if signature.is_empty() { String::new() } else { format!("\n{}", line(signature)) };
        format!("{name}{known}{signature}")
    })
}

async fn forwarded(
    app: &App,
    session: &Session,
    conversation_id: u64,
    seq: u64,
    path: Vec<u32>,
) -> Result<()> {
    let mut all = ListForwardedResponse::default();
    let mut page = Some(PageRequest { limit: PAGE, ..PageRequest::default() });
    while page.is_some() {
        let request = ListForwardedRequest { conversation_id, seq, path: path.clone(), page };
        let answer = ChatClient(session.clone()).list_forwarded(request).await?;
        all.messages.extend(answer.messages);
        page = next_page(answer.next);
    }
    app.out.answer(&CHAT_LIST_FORWARDED, &all, || {
        let lines: Vec<_> = all.messages.iter().enumerate().map(|(n, m)| told(app, n, m)).collect();
        lines.join("\n")
    })
}

fn told(app: &App, place: usize, message: &Forwarded) -> String {
    let head = format!("{place:>5}  {}  ", app.out.times.minute(message.sent_at_ms));
    let author = format!("{}: ", line(&message.author_name));
    let said = message.content.as_ref().map_or_else(String::new, |said| kinds::retold(said, head.len()));
    format!("{}{}{said}", app.out.dim(&head), app.out.bold(&author))
}
