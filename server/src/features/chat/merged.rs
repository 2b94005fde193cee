//! Merged forwards: how several messages become one object, and how it is read page by page. The object holds what was
//! said, by whom and when, and neither accounts nor names of media: those stand in the message, so that each copy of it
//! has its own.

use super::api::page_size;
use super::contents::{kind_of, media_in};
use super::rules::forwards as rules;
use super::tables::{Content, StoredEntry, StoredMerged};
use super::{Chat, message_not_found};
use crate::error::{Error, Result};
use crate::features::accounts;
use crate::id::{AccountId, ConversationId};
use bytes::Bytes;
use prost::Message;
use std::collections::HashMap;
use teahouse_proto::chat::{Forwarded, ListForwardedRequest, ListForwardedResponse, forwarded};
use teahouse_proto::common::PageRequest;

/// Objects held in memory at once, over all callers.
pub(super) const READ_AT_ONCE: usize = 4;
/// Messages on one page, by default and at most.
const PAGE: usize = 50;
const MAX_PAGE: usize = 100;
/// Bytes of messages on one page: it may hold fewer than asked for.
const MAX_PAGE_BYTES: usize = 256 * 1024;

/// What an object holds.
#[derive(Clone, PartialEq, Message)]
struct Bundle {
    #[prost(message, repeated, tag = "1")]
    messages: Vec<Bundled>,
}

/// One message in it.
#[derive(Clone, PartialEq, Message)]
struct Bundled {
    /// As readers see it, but for the names of its media.
    #[prost(message, optional, tag = "1")]
    told: Option<Forwarded>,
    /// What it holds, where it is a merged forward itself.
    #[prost(message, repeated, tag = "2")]
    within: Vec<Bundled>,
}

/// A merged forward that is not sent yet.
pub(super) struct Parcel {
    /// Without the names of its media.
    pub content: StoredMerged,
    /// What becomes its object.
    pub bytes: Bytes,
    /// The media of the messages, in the order in which they stand in it.
    pub media: Vec<String>,
}

impl Chat {
    /// Puts messages together. They are said, so that each has a content to tell.
    pub(super) async fn parcel(&self, sources: &[(u64, StoredEntry)], title: &str) -> Result<Parcel> {
        let mut content = StoredMerged { title: title.to_owned(), depth: 1, ..StoredMerged::default() };
        let mut bundle = Bundle::default();
        let (mut media, mut names) = (Vec::new(), HashMap::new());
        let mut bytes = 0;
        let _turn = self.turn().await?;
        for (_, entry) in sources {
            let mut bundled = Bundled::default();
            content.count += 1;
            content.total += 1;
            if let Some(Content::Merged(inner)) = &entry.content {
                content.total += inner.total;
                content.depth = content.depth.max(inner.depth + 1);
                rules::check_size(content.total, media.len() + inner.media.len(), bytes, content.depth)?;
                bundled.within = self.bundle(inner).await?.messages;
                media.extend(inner.media.iter().cloned());
            } else if let Some(said) = &entry.content {
                media.extend(said.media_ids().into_iter().map(str::to_owned));
            }
            let told = forwarded(entry, &self.name_of(&mut names, AccountId(entry.author)).await?);
            if content.preview.len() < rules::PREVIEW_LINES {
                content.preview.extend(rules::preview(&told, kind_of));
            }
            bundled.told = Some(told);
            bytes += bundled.encoded_len();
            rules::check_size(content.total, media.len(), bytes, content.depth)?;
            bundle.messages.push(bundled);
        }
        Ok(Parcel { content, bytes: bundle.encode_to_vec().into(), media })
    }

    /// A page of what a merged forward in a conversation holds.
    pub(super) async fn list_merged(
        &self,
        me: AccountId,
        request: ListForwardedRequest,
    ) -> Result<ListForwardedResponse> {
        let entry = self.visible(me, ConversationId(request.conversation_id), request.seq).await?;
        let Some(Content::Merged(merged)) = entry.content else { return Err(message_not_found()) };
        let (path, page) = (request.path, request.page.unwrap_or_default());
        let (messages, next) = self.page_of_merged(merged, path, page, message_not_found).await?;
        Ok(ListForwardedResponse { messages, next })
    }

    /// A page of what a merged forward holds, and where the next begins. `not_there`: the answer for a path that leads
    /// to none.
    pub(super) async fn page_of_merged(
        &self,
        merged: StoredMerged,
        path: Vec<u32>,
        page: PageRequest,
        not_there: fn() -> Error,
    ) -> Result<(Vec<Forwarded>, Bytes)> {
        let from = rules::read_place(&page.cursor)?;
        let _turn = self.turn().await?;
        let mut messages = self.bundle(&merged).await?.messages;
        name_media(&mut messages, &mut merged.media.into_iter());
        for place in path {
            let at = usize::try_from(place).ok().filter(|at| *at < messages.len());
            let within = messages.swap_remove(at.ok_or_else(not_there)?);
            if !within.told.is_some_and(|told| matches!(told.content, Some(forwarded::Content::Merged(_)))) {
                return Err(not_there());
            }
            messages = within.within;
        }
        let limit = page_size(page.limit, PAGE, MAX_PAGE);
        let total = messages.len();
        let mut bytes = 0;
        let fits = |told: &Forwarded| {
            let first = bytes == 0;
            bytes += told.encoded_len();
            first || bytes <= MAX_PAGE_BYTES
        };
        let told = messages.into_iter().skip(from).take(limit).filter_map(|bundled| bundled.told);
        let messages: Vec<_> = told.take_while(fits).collect();
        let next = from.saturating_add(messages.len());
        let next = if next < total && !messages.is_empty() { rules::place(next) } else { Bytes::new() };
        Ok((messages, next))
    }

    /// What the object of a merged forward holds, without names of media.
    async fn bundle(&self, merged: &StoredMerged) -> Result<Bundle> {
        let bytes = self.media.read(&merged.object).await?;
        let bytes = bytes.ok_or_else(|| Error::internal("a merged forward without its object"))?;
        Bundle::decode(bytes).map_err(Error::internal)
    }

    /// What an author is called, asked once for each.
    async fn name_of(&self, known: &mut HashMap<AccountId, String>, author: AccountId) -> Result<String> {
        if let Some(name) = known.get(&author) {
            return Ok(name.clone());
        }
        let person = accounts::load(&self.foundation.store, author).await?;
        let name = person.map(|person| person.display_name).unwrap_or_default();
        known.insert(author, name.clone());
        Ok(name)
    }

    /// A turn at holding objects in memory.
    async fn turn(&self) -> Result<tokio::sync::SemaphorePermit<'_>> {
        self.merged_turns.acquire().await.map_err(Error::internal)
    }
}

/// A message as a bundle keeps it.
fn forwarded(entry: &StoredEntry, author_name: &str) -> Forwarded {
    let mut content = entry.content.clone().and_then(Content::retold);
    for media in content.iter_mut().flat_map(media_in) {
        media.media_id.clear();
    }
    Forwarded { author_name: author_name.to_owned(), sent_at_ms: entry.at_ms, content }
}

/// Gives each medium its name, in order: of a message, of what is within it, of the next.
fn name_media(messages: &mut [Bundled], names: &mut impl Iterator<Item = String>) {
    for bundled in messages {
        let told = bundled.told.iter_mut().filter_map(|told| told.content.as_mut());
        for media in told.flat_map(media_in) {
            media.media_id = names.next().unwrap_or_default();
        }
        name_media(&mut bundled.within, names);
    }
}
