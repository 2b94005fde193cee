//! Favourites: copies of messages that a person keeps for themselves, with media of their own. Whatever becomes of the
//! messages does not reach them.

use super::api::page_size;
use super::forward::{Copying, media_count, price, price_of, still_said};
use super::rules::forwards;
use super::saying::may_recommend;
use super::send::{Destination, next_holder};
use super::tables::{Content, FAVOURITE, FAVOURITES, FavouriteCount, StoredEntry, StoredFavourite};
use super::{Chat, message_not_found};
use crate::call::Cx;
use crate::delivery;
use crate::error::{Error, Kind, Result};
use crate::features::accounts;
use crate::features::ledger::once::Creation;
use crate::features::media::{self, Holder, MediaId};
use crate::id::{AccountId, ConversationId};
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::Time;
use prost::Message;
use teahouse_proto::chat::Forwarded;
use teahouse_proto::chat::send_message_request::To;
use teahouse_proto::favourites::send_favourite_request::To as Target;
use teahouse_proto::favourites::*;
use teahouse_proto::sync::FavouritesChanged;
use teahouse_proto::sync::account_event::What;
use teahouse_proto::{FAVOURITES_ADD_FAVOURITES, FAVOURITES_SEND_FAVOURITE, FavouritesApi};

/// Favourites of one person.
const MAX_FAVOURITES: u64 = 10_000;
/// Favourites let go at once.
const MAX_DELETED: usize = 100;
/// Favourites on one page, by default and at most.
const PAGE: usize = 20;
const MAX_PAGE: usize = 50;
/// Bytes of favourites on one page: it may hold fewer than asked for.
const MAX_PAGE_BYTES: usize = 256 * 1024;
/// The list of favourites, in its cursors.
pub(super) const LIST: &str = "chat.favourites";

/// Messages on their way into the favourites.
struct Keeping {
    me: AccountId,
    from: ConversationId,
    /// As they were read before.
    sources: Vec<(u64, StoredEntry)>,
    /// What their authors are called.
    names: Vec<String>,
    /// Names for the favourites, and for their media.
    ids: Vec<u64>,
    media: Vec<MediaId>,
    creation: Creation,
    now: Time,
}

impl Keeping {
    /// `None`: the messages are not what they were.
    fn keep(&self, tx: &mut Tx<'_>) -> Result<Option<AddFavouritesResponse>> {
        if let Some(answer) = self.creation.earlier(tx)? {
            return Ok(Some(answer));
        }
        if !still_said(tx, self.me, self.from, &self.sources)? {
            return Ok(None);
        }
        count(tx, self.me, |have| have + self.sources.len() as u64)?;
        let mut new = self.media.iter();
        for (((_, entry), id), name) in self.sources.iter().zip(&self.ids).zip(&self.names) {
            let Some(content) = &entry.content else { return Err(message_not_found()) };
            let copy = content.copied(tx, self.me, Holder::Favourite(self.me, *id), &mut new)?;
            let favourite = StoredFavourite {
                author_name: name.clone(),
                sent_at_ms: entry.at_ms,
                kept_at_ms: self.now.as_ms(),
                content: Some(copy.ok_or_else(message_not_found)?),
            };
            tx.put(&FAVOURITE, &(self.me, *id), &favourite)?;
        }
        tell(tx, self.me, self.now, FavouritesChanged { added: self.ids.clone(), removed: Vec::new() })?;
        let answer = AddFavouritesResponse { favourite_ids: self.ids.clone() };
        self.creation.remember(tx, &answer)?;
        Ok(Some(answer))
    }
}

impl FavouritesApi<Cx, Error> for Chat {
    async fn add_favourites(&self, cx: &Cx, request: AddFavouritesRequest) -> Result<AddFavouritesResponse> {
        let me = cx.account()?;
        let path = FAVOURITES_ADD_FAVOURITES.path;
        let creation = Creation::new(me, &request.client_message_id, path, &request)?;
        let count = forwards::numbers(&request.seqs)?;
        let store = &self.foundation.store;
        if let Some(answer) = store.transact(move |tx| creation.earlier(tx)).await? {
            return Ok(answer);
        }
        let from = ConversationId(request.conversation_id);
        let mut copying = Copying::new(cx, from, &request.seqs, 0);
        loop {
            let sources = copying.read(self).await?;
            copying.draw(price(&sources))?;
            let media = media_count(&sources)?;
            let mut names = Vec::with_capacity(sources.len());
            for (_, entry) in &sources {
                let author = accounts::load(store, AccountId(entry.author)).await?;
                names.push(author.map(|author| author.display_name).unwrap_or_default());
            }
            let ids = (0..count).map(|_| self.foundation.ids.next()).collect();
            let media = self.media.new_ids(media);
            let keeping = Keeping { me, from, sources, names, ids, media, creation, now: cx.now };
            if let Some(answer) = store.transact(move |tx| keeping.keep(tx)).await? {
                return Ok(answer);
            }
        }
    }

    async fn list_favourites(
        &self,
        cx: &Cx,
        request: ListFavouritesRequest,
    ) -> Result<ListFavouritesResponse> {
        let me = cx.account()?;
        let page = request.page.unwrap_or_default();
        let limit = page_size(page.limit, PAGE, MAX_PAGE);
        let all = KeyRange::prefix(&(me,));
        let range = match self.read_cursor(LIST, me, &page.cursor)? {
            Some(before) => all.before(&(me, before)),
            None => all,
        };
        let rows = self.foundation.store.scan(&FAVOURITE, &range, limit + 1, Order::Falling).await?;
        let (mut favourites, mut bytes) = (Vec::new(), 0);
        let mut more = rows.len() > limit;
        for ((_, id), row) in rows.into_iter().take(limit) {
            bytes += row.encoded_len();
            if bytes > MAX_PAGE_BYTES && !favourites.is_empty() {
                more = true;
                break;
            }
            favourites.push(told(id, row));
        }
        let last = favourites.last().filter(|_| more);
        let next = last.map(|last| self.cursor(LIST, me, &last.favourite_id)).unwrap_or_default();
        Ok(ListFavouritesResponse { favourites, next })
    }

    async fn list_forwarded(&self, cx: &Cx, request: ListForwardedRequest) -> Result<ListForwardedResponse> {
        let key = (cx.account()?, request.favourite_id);
        let favourite = self.foundation.store.get(&FAVOURITE, &key).await?;
        let Some(Content::Merged(merged)) = favourite.and_then(|favourite| favourite.content) else {
            return Err(favourite_not_found());
        };
        let (path, page) = (request.path, request.page.unwrap_or_default());
        let (messages, next) = self.page_of_merged(merged, path, page, favourite_not_found).await?;
        Ok(ListForwardedResponse { messages, next })
    }

    async fn send_favourite(&self, cx: &Cx, request: SendFavouriteRequest) -> Result<SendFavouriteResponse> {
        let (me, now) = (cx.account()?, cx.now);
        let path = FAVOURITES_SEND_FAVOURITE.path;
        let creation = Creation::new(me, &request.client_message_id, path, &request)?;
        let to = match request.to.ok_or_else(forwards::no_destination)? {
            Target::ConversationId(id) => To::ConversationId(id),
            Target::AccountId(account) => To::AccountId(account),
        };
        let key = (me, request.favourite_id);
        let kept = self.foundation.store.get(&FAVOURITE, &key).await?.and_then(|row| row.content);
        let count = kept.as_ref().map_or(0, |content| content.media_ids().len());
        cx.draw_sends(kept.as_ref().map_or(1, price_of).saturating_sub(1))?;
        let (to, media) = (Destination { me, to, now }, self.media.new_ids(count));
        let (client_id, groups) = (request.client_message_id, self.groups.clone());
        let send = move |tx: &mut Tx<'_>| {
            if let Some(answer) = creation.earlier(tx)? {
                return Ok(answer);
            }
            let opened = to.open_for_copies(tx, &groups)?;
            let id = opened.id;
            let content = tx.get(&FAVOURITE, &key)?.and_then(|row| row.content);
            let content = content.ok_or_else(favourite_not_found)?;
            if let Content::ContactCard(card) = &content
                && !may_recommend(tx, me, AccountId(card.account))?
            {
                return Err(forwards::not_forwardable());
            }
            let holder = next_holder(tx, id)?;
            let copy = content.copied(tx, me, holder, &mut media.iter())?.ok_or_else(favourite_not_found)?;
            let seq = opened.say(tx, me, now, client_id.clone(), &copy)?;
            let answer = SendFavouriteResponse { conversation_id: id.0, seq, sent_at_ms: now.as_ms() };
            creation.remember(tx, &answer)?;
            Ok(answer)
        };
        self.foundation.store.transact(send).await
    }

    async fn delete_favourites(
        &self,
        cx: &Cx,
        request: DeleteFavouritesRequest,
    ) -> Result<DeleteFavouritesResponse> {
        let (me, now) = (cx.account()?, cx.now);
        if request.favourite_ids.len() > MAX_DELETED {
            return Err(forwards::too_many());
        }
        for id in request.favourite_ids {
            // Each by itself: one alone can hold a thousand media.
            let delete = move |tx: &mut Tx<'_>| {
                let Some(row) = tx.get(&FAVOURITE, &(me, id))? else { return Ok(()) };
                for medium in row.content.iter().flat_map(Content::media_ids) {
                    media::release(tx, medium)?;
                }
                tx.delete(&FAVOURITE, &(me, id))?;
                count(tx, me, |have| have.saturating_sub(1))?;
                tell(tx, me, now, FavouritesChanged { added: Vec::new(), removed: vec![id] })
            };
            self.foundation.store.transact(delete).await?;
        }
        Ok(DeleteFavouritesResponse {})
    }
}

/// Changes how many favourites there are. Errors: `TOO_MANY_FAVOURITES`.
fn count(tx: &mut Tx<'_>, me: AccountId, change: impl Fn(u64) -> u64) -> Result<()> {
    let have = tx.get(&FAVOURITES, &me)?.unwrap_or_default().count;
    let now = change(have);
    if now > have && now > MAX_FAVOURITES {
        return Err(Error::new(
            Kind::Precondition,
            "TOO_MANY_FAVOURITES",
            "You keep 10 000 favourites. Let some go first.",
        ));
    }
    tx.put(&FAVOURITES, &me, &FavouriteCount { count: now })
}

fn told(id: u64, row: StoredFavourite) -> Favourite {
    let message = Forwarded {
        author_name: row.author_name,
        sent_at_ms: row.sent_at_ms,
        content: row.content.and_then(Content::retold),
    };
    Favourite { favourite_id: id, kept_at_ms: row.kept_at_ms, message: Some(message) }
}

fn tell(tx: &mut Tx<'_>, me: AccountId, now: Time, changed: FavouritesChanged) -> Result<()> {
    delivery::log::append(tx, me, now, &What::FavouritesChanged(changed)).map(|_| ())
}

fn favourite_not_found() -> Error {
    Error::not_found(
        "FAVOURITE_NOT_FOUND",
        "You keep no such favourite. ListFavourites tells those you have.",
    )
}
