//! Forwarding: copies of messages, each as one of its own or all as one. What lies beside the store is read and made
//! before the transaction, which takes it only if the messages are still what they were then.

use super::contents;
use super::groups::Groups;
use super::merged::Parcel;
use super::rules::forwards as rules;
use super::saying::may_recommend;
use super::send::{Destination, next_holder};
use super::tables::{Content, LOG, StoredEntry, StoredMerged};
use super::temporary;
use super::visibility::sees;
use super::{Chat, conversation_not_found, membership, message_not_found};
use crate::call::Cx;
use crate::error::{Error, Result};
use crate::features::ledger::once::Creation;
use crate::features::media::{self, Holder, Media, MediaId, StoredContent};
use crate::id::{AccountId, ConversationId};
use crate::store::{Store, Tx};
use crate::time::Time;
use std::sync::Arc;
use teahouse_proto::CHAT_FORWARD_MESSAGES;
use teahouse_proto::chat::forward_messages_request::To as Target;
use teahouse_proto::chat::send_message_request::To;
use teahouse_proto::chat::{ForwardMessagesRequest, ForwardMessagesResponse};

/// How often it begins anew where messages change meanwhile.
const ATTEMPTS: usize = 3;
/// What a merged forward is stored as.
const CONTENT_TYPE: &str = "application/vnd.teahouse.forwarded";

/// Messages that are copied as they were read: where one changes meanwhile, all begins anew. What was drawn on the
/// allowance of sends for them is not drawn again.
pub(super) struct Copying<'a> {
    cx: &'a Cx,
    from: ConversationId,
    seqs: &'a [u64],
    drawn: u32,
    left: usize,
}

impl<'a> Copying<'a> {
    /// Nothing was read yet, and so many sends were drawn.
    pub(super) fn new(cx: &'a Cx, from: ConversationId, seqs: &'a [u64], drawn: u32) -> Self {
        Self { cx, from, seqs, drawn, left: ATTEMPTS }
    }

    /// The messages as they are now, where the caller may see and forward all of them; `CHANGED_MEANWHILE` when this was
    /// asked too often.
    pub(super) async fn read(&mut self, chat: &Chat) -> Result<Vec<(u64, StoredEntry)>> {
        self.left = self.left.checked_sub(1).ok_or_else(rules::changed_meanwhile)?;
        chat.sources(self.cx.account()?, self.from, self.seqs).await
    }

    /// The copies draw so many sends in all.
    pub(super) fn draw(&mut self, total: u32) -> Result<()> {
        self.cx.draw_sends(total.saturating_sub(self.drawn))?;
        self.drawn = self.drawn.max(total);
        Ok(())
    }
}

/// Messages on their way to another conversation.
struct Forwarding {
    to: Destination,
    from: ConversationId,
    /// As they were read before.
    sources: Vec<(u64, StoredEntry)>,
    merged: Option<Merged>,
    /// Names for the media of the copies.
    media: Vec<MediaId>,
    client_id: bytes::Bytes,
    creation: Creation,
    groups: Groups,
    now: Time,
}

/// What came of it.
enum Outcome {
    Forwarded(ForwardMessagesResponse),
    /// They were forwarded the first time.
    Known(ForwardMessagesResponse),
    /// The messages are not what they were.
    Changed,
}

/// One message that holds them all.
struct Merged {
    /// Without the names of its media.
    content: StoredMerged,
    object: StoredContent,
    /// The media of the sources, in the order in which they stand in the object.
    sources: Vec<String>,
}

impl Chat {
    /// Forwards messages, or gives the answer of the first time.
    pub(super) async fn forward(
        &self,
        cx: &Cx,
        request: ForwardMessagesRequest,
    ) -> Result<ForwardMessagesResponse> {
        let me = cx.account()?;
        let creation = Creation::new(me, &request.client_message_id, CHAT_FORWARD_MESSAGES.path, &request)?;
        let to = match request.to.ok_or_else(rules::no_destination)? {
            Target::ConversationId(id) => To::ConversationId(id),
            Target::AccountId(account) => To::AccountId(account),
        };
        let to = Destination { me, to, now: cx.now };
        rules::title(&request.title)?;
        let drawn = rules::numbers(&request.seqs)?;
        let store = &self.foundation.store;
        let groups = self.groups.clone();
        let known = store.transact(move |tx| match creation.earlier(tx)? {
            Some(answer) => Ok(Some(answer)),
            // What cannot arrive is not made.
            None => to.open_for_copies(tx, &groups).map(|_| None),
        });
        if let Some(answer) = known.await? {
            return Ok(answer);
        }
        cx.draw_sends(drawn - 1)?;
        let from = ConversationId(request.from_conversation_id);
        let mut copying = Copying::new(cx, from, &request.seqs, drawn);
        loop {
            let sources = copying.read(self).await?;
            let parcel =
                if request.merged { Some(self.parcel(&sources, &request.title).await?) } else { None };
            let media = match &parcel {
                Some(parcel) => parcel.media.len() + 1,
                None => media_count(&sources)?,
            };
            // What lies within other merged forwards is kept once more, so it counts.
            let total = parcel.as_ref().map_or_else(|| price(&sources), |parcel| parcel.content.total);
            copying.draw(total)?;
            let (media, client_id) = (self.media.new_ids(media), request.client_message_id.clone());
            let forwarding = Forwarding {
                to,
                from,
                sources,
                merged: None,
                media,
                client_id,
                creation,
                groups: self.groups.clone(),
                now: cx.now,
            };
            // It goes on where the call is cancelled: see `carry`.
            let carried = tokio::spawn(carry(self.media.clone(), store.clone(), parcel, forwarding));
            if let Some(answer) = carried.await.map_err(Error::internal)?? {
                return Ok(answer);
            }
        }
    }

    /// The messages, where `me` may see and forward all of them.
    async fn sources(
        &self,
        me: AccountId,
        from: ConversationId,
        seqs: &[u64],
    ) -> Result<Vec<(u64, StoredEntry)>> {
        let mut sources = Vec::with_capacity(seqs.len());
        for seq in seqs {
            let read = |what, member| async move {
                temporary::check_copies(&what)?;
                self.entry(me, from, &member, *seq).await
            };
            let entry = self.as_member(me, from, read).await?.ok_or_else(message_not_found)?;
            if !entry.content.as_ref().is_some_and(Content::is_said) {
                return Err(rules::not_forwardable());
            }
            sources.push((*seq, entry));
        }
        Ok(sources)
    }
}

/// Stores what messages were put into, forwards it, and takes it back where it was not needed. What is stored without
/// being referred to would lie on the disk until the server starts again, so this must not end half way.
async fn carry(
    media: Arc<Media>,
    store: Store,
    parcel: Option<Parcel>,
    mut forwarding: Forwarding,
) -> Result<Option<ForwardMessagesResponse>> {
    let mut stored = None;
    if let Some(Parcel { content, bytes, media: sources }) = parcel {
        let object = media.store(bytes, CONTENT_TYPE).await?;
        stored = Some(object.clone());
        forwarding.merged = Some(Merged { content, object, sources });
    }
    let outcome = store.transact(move |tx| forwarding.forward(tx)).await;
    if !matches!(outcome, Ok(Outcome::Forwarded(_)))
        && let Some(object) = stored
    {
        media.discard(object).await?;
    }
    Ok(match outcome? {
        Outcome::Forwarded(answer) | Outcome::Known(answer) => Some(answer),
        Outcome::Changed => None,
    })
}

/// How many names copies of messages need for their media; `TOO_MANY_MESSAGES` where there are too many. The object of a
/// merged forward needs a name, too, and counts for nothing else.
pub(super) fn media_count(sources: &[(u64, StoredEntry)]) -> Result<usize> {
    let contents = || sources.iter().filter_map(|(_, entry)| entry.content.as_ref());
    let names: usize = contents().map(|content| content.media_ids().len()).sum();
    let objects = contents().filter(|content| matches!(content, Content::Merged(_))).count();
    rules::check_media(names - objects)?;
    Ok(names)
}

/// What copies of messages draw on the allowance of sends: each counts with all that is within it.
pub(super) fn price(sources: &[(u64, StoredEntry)]) -> u32 {
    let each = sources.iter().filter_map(|(_, entry)| entry.content.as_ref()).map(price_of);
    each.fold(0, u32::saturating_add)
}

/// As [`price`], of one.
pub(super) fn price_of(content: &Content) -> u32 {
    match content {
        Content::Merged(merged) => merged.total.max(1),
        _ => 1,
    }
}

impl Forwarding {
    fn forward(&self, tx: &mut Tx<'_>) -> Result<Outcome> {
        if let Some(answer) = self.creation.earlier(tx)? {
            return Ok(Outcome::Known(answer));
        }
        let opened = self.to.open_for_copies(tx, &self.groups)?;
        let id = opened.id;
        if !self.unchanged(tx)? {
            return Ok(Outcome::Changed);
        }
        let mut new = self.media.iter();
        let mut seqs = Vec::new();
        let mut say = |tx: &mut Tx<'_>, content: &Content| {
            seqs.push(opened.say(tx, self.to.me, self.now, self.client_id.clone(), content)?);
            Ok::<_, Error>(())
        };
        if let Some(merged) = &self.merged {
            let holder = next_holder(tx, id)?;
            let content = merged.settle(tx, self.to.me, holder, &mut new)?;
            say(tx, &content)?;
        } else {
            for content in self.sources.iter().filter_map(|(_, entry)| entry.content.as_ref()) {
                let holder = next_holder(tx, id)?;
                let copy = content.copied(tx, self.to.me, holder, &mut new)?.ok_or_else(message_not_found)?;
                say(tx, &copy)?;
            }
        }
        let answer = ForwardMessagesResponse { conversation_id: id.0, seqs, sent_at_ms: self.now.as_ms() };
        self.creation.remember(tx, &answer)?;
        Ok(Outcome::Forwarded(answer))
    }

    /// Whether the messages are what they were, and may be said again.
    fn unchanged(&self, tx: &mut Tx<'_>) -> Result<bool> {
        if !still_said(tx, self.to.me, self.from, &self.sources)? {
            return Ok(false);
        }
        for (_, entry) in &self.sources {
            if let (Some(Content::ContactCard(card)), None) = (&entry.content, &self.merged)
                && !may_recommend(tx, self.to.me, AccountId(card.account))?
            {
                return Err(rules::not_forwardable());
            }
        }
        Ok(true)
    }
}

/// Whether `me` still sees the messages, and they say what they said when they were read.
pub(super) fn still_said(
    tx: &mut Tx<'_>,
    me: AccountId,
    from: ConversationId,
    sources: &[(u64, StoredEntry)],
) -> Result<bool> {
    let (_, member) = membership(tx, from, me)?.ok_or_else(conversation_not_found)?;
    for (seq, before) in sources {
        let seen = sees(tx, from, me, &member, *seq)?;
        let now = if seen { tx.entry(&LOG, &from, *seq)? } else { None };
        if now.ok_or_else(message_not_found)?.content != before.content {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Merged {
    fn settle(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        holder: Holder,
        new: &mut std::slice::Iter<'_, MediaId>,
    ) -> Result<Content> {
        let mut content = self.content.clone();
        for source in &self.sources {
            let media = contents::again(tx, me, source, holder, new)?.ok_or_else(message_not_found)?;
            content.media.push(media.media_id);
        }
        let name = new.next().ok_or_else(|| Error::internal("a merged forward without a name"))?;
        content.object = media::refer_stored(tx, &self.object, *name, holder)?.media_id;
        Ok(Content::Merged(content))
    }
}
