//! Commands about favourites: messages that one keeps for oneself.

use super::App;
use super::kinds::retold;
use super::people::{People, first_page, next_page};
use super::place::place;
use super::text::line;
use clap::{Args as ClapArgs, Subcommand};
use teahouse_client::Result;
use teahouse_proto::chat::Forwarded;
use teahouse_proto::favourites::send_favourite_request::To;
use teahouse_proto::favourites::{
    AddFavouritesRequest, DeleteFavouritesRequest, Favourite, ListFavouritesRequest, ListFavouritesResponse,
    SendFavouriteRequest,
};
use teahouse_proto::{
    FAVOURITES_ADD_FAVOURITES, FAVOURITES_DELETE_FAVOURITES, FAVOURITES_LIST_FAVOURITES,
    FAVOURITES_SEND_FAVOURITE, FavouritesClient,
};

#[derive(Debug, ClapArgs)]
pub(crate) struct Favourites {
    #[command(subcommand)]
    pub(crate) action: Option<Action>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List what you keep, the latest first.
    List {
        /// How many.
        #[arg(long, short = 'n', default_value_t = 20)]
        limit: usize,
    },
    /// Keep messages of a conversation.
    Add {
        who: String,
        /// Their numbers.
        #[arg(required = true)]
        seqs: Vec<u64>,
    },
    /// Send what you keep.
    Send { favourite: u64, who: String },
    /// Let favourites go.
    Delete {
        #[arg(required = true)]
        favourites: Vec<u64>,
    },
}

pub(super) async fn run(app: &App, args: Favourites) -> Result<()> {
    let (session, me) = app.session().await?;
    let favourites = FavouritesClient(session.clone());
    match args.action.unwrap_or(Action::List { limit: 20 }) {
        Action::List { limit } => {
            let mut answer = ListFavouritesResponse::default();
            let mut page = Some(first_page());
            while page.is_some() && answer.favourites.len() < limit {
                let part = favourites.list_favourites(ListFavouritesRequest { page }).await?;
                answer.favourites.extend(part.favourites);
                page = next_page(part.next);
            }
            answer.favourites.truncate(limit);
            app.out.answer(&FAVOURITES_LIST_FAVOURITES, &answer, || match &answer.favourites[..] {
                [] => "You keep nothing. `teahouse favourite add WHO SEQ` does.".to_owned(),
                all => all.iter().map(|one| shown(app, one)).collect::<Vec<_>>().join("\n"),
            })
        }
        Action::Add { who, mut seqs } => {
            let mut people = People::load(&session, me).await?;
            let conversation_id = place(&session, &mut people, &who).await?.conversation_id;
            seqs.sort_unstable();
            seqs.dedup();
            let client_message_id = session.random().client_id();
            let request = AddFavouritesRequest { client_message_id, conversation_id, seqs };
            let answer = favourites.add_favourites(request).await?;
            app.out.answer(&FAVOURITES_ADD_FAVOURITES, &answer, || {
                let ids: Vec<_> = answer.favourite_ids.iter().map(u64::to_string).collect();
                format!("Kept as {}.", ids.join(", "))
            })
        }
        Action::Send { favourite, who } => {
            let mut people = People::load(&session, me).await?;
            let place = place(&session, &mut people, &who).await?;
            let request = SendFavouriteRequest {
                client_message_id: session.random().client_id(),
                favourite_id: favourite,
                to: Some(To::ConversationId(place.conversation_id)),
            };
            let answer = favourites.send_favourite(request).await?;
            app.out.answer(&FAVOURITES_SEND_FAVOURITE, &answer, || {
                format!("Sent to {}, number {}.", place.title, answer.seq)
            })
        }
        Action::Delete { favourites: ids } => {
            let request = DeleteFavouritesRequest { favourite_ids: ids };
            let answer = favourites.delete_favourites(request).await?;
            app.out.answer(&FAVOURITES_DELETE_FAVOURITES, &answer, || "Let go.".to_owned())
        }
    }
}

fn shown(app: &App, favourite: &Favourite) -> String {
    let none = Forwarded::default();
    let message = favourite.message.as_ref().unwrap_or(&none);
    let head = format!("{:>20}  {}  ", favourite.favourite_id, app.out.times.minute(message.sent_at_ms));
    let said = message.content.as_ref().map_or_else(String::new, |said| retold(said, head.len()));
    format!("{}{}{said}", app.out.dim(&head), app.out.bold(&format!("{}: ", line(&message.author_name))))
}
