//! The operations of `ChatService`: validate, load, decide in a transaction.

use super::conversations::ListPlace;
use super::saying::Saying;
use super::send::{Destination, Sending};
use super::tables::{MARK, Mark, Member};
use super::temporary;
use super::{Chat, conversation_not_found, head_with, membership, mentions, options, ordinal_at, rules};
use crate::call::Cx;
use crate::delivery;
use crate::error::{Error, Result};
use crate::features::ledger::once::Creation;
use crate::id::{AccountId, ConversationId};
use crate::store::Tx;
use crate::store::key::Key;
use crate::time::Time;
use teahouse_proto::chat::{
    self, ClearHistoryRequest, ClearHistoryResponse, CollectStickerRequest, CollectStickerResponse,
    DeleteForMeRequest, DeleteForMeResponse, EditMessageRequest, EditMessageResponse, ForwardMessagesRequest,
    ForwardMessagesResponse, GetConversationRequest, GetConversationResponse, GetRecalledTextRequest,
    GetRecalledTextResponse, GetReceiptsRequest, GetReceiptsResponse, ListConversationsRequest,
    ListConversationsResponse, ListEntriesRequest, ListEntriesResponse, ListForwardedRequest,
    ListForwardedResponse, ListPinsRequest, ListPinsResponse, ListReactionsRequest, ListReactionsResponse,
    ListReadersRequest, ListReadersResponse, MarkReadRequest, MarkReadResponse, OpenContactCardRequest,
    OpenContactCardResponse, RecallMessageRequest, RecallMessageResponse, SendMessageRequest,
    SendMessageResponse, SendTypingRequest, SendTypingResponse, SetDraftRequest, SetDraftResponse,
    SetPinRequest, SetPinResponse, SetReactionRequest, SetReactionResponse, UpdateConversationRequest,
    UpdateConversationResponse,
};
use teahouse_proto::sync::ReadMark;
use teahouse_proto::sync::account_event::What;
use teahouse_proto::{CHAT_SEND_MESSAGE, ChatApi};

/// Conversations on one page, by default and at most.
const PAGE: usize = 50;
const MAX_PAGE: usize = 100;

impl ChatApi<Cx, Error> for Chat {
    async fn send_message(&self, cx: &Cx, request: SendMessageRequest) -> Result<SendMessageResponse> {
        let me = cx.account()?;
        let mut request = request;
        if let Some(chat::send_message_request::Content::Location(location)) = &mut request.content {
            // Before the request is hashed: what is stored of a request must not tell where in its cell a point was.
            *location = rules::kinds::location(location)?;
        }
        let creation = Creation::new(me, &request.client_message_id, CHAT_SEND_MESSAGE.path, &request)?;
        let (Some(to), Some(content)) = (request.to, request.content) else {
            return Err(Error::invalid(
                "FIELD_MISSING",
                "Say to whom (`conversation_id` or `account_id`) and what (one of the kinds of content).",
            ));
        };
        let saying = Saying::checked(content)?;
        let media = self.media.new_ids(saying.media_count());
        let client_id = request.client_message_id;
        let to = Destination { me, to, now: cx.now };
        let read = self.read_by_mentioned(to, &saying).await?;
        let sending = Sending {
            to,
            saying,
            media,
            read,
            client_id,
            creation,
            groups: self.groups.clone(),
            temporary: self.temporary.clone(),
            now: cx.now,
        };
        let sent = self.foundation.store.transact(move |tx| sending.send(tx)).await?;
        let sent = sent.ok_or_else(temporary::advertising)?;
        // Who writes has read.
        self.tell_read(me, ConversationId(sent.conversation_id), sent.seq).await;
        Ok(sent)
    }

    async fn list_entries(&self, cx: &Cx, request: ListEntriesRequest) -> Result<ListEntriesResponse> {
        self.entries(cx.account()?, request).await
    }

    async fn list_conversations(
        &self,
        cx: &Cx,
        request: ListConversationsRequest,
    ) -> Result<ListConversationsResponse> {
        let me = cx.account()?;
        let page = request.page.unwrap_or_default();
        let limit = page_size(page.limit, PAGE, MAX_PAGE);
        let before: Option<ListPlace> = self.read_cursor(LIST, me, &page.cursor)?;
        let places = self.listed(me, request.include_hidden).await?;
        let mut rest =
            places.into_iter().skip_while(|place| before.is_some_and(|before| *place >= before)).peekable();
        let mut conversations = Vec::new();
        let mut last = None;
        for place in rest.by_ref().take(limit) {
            last = Some(place);
            match self.view(me, place.2).await {
                Ok(conversation) => conversations.push(conversation),
                // Deleted between the two reads.
                Err(gone) if gone.reason() == conversation_not_found().reason() => {}
                Err(error) => return Err(error),
            }
        }
        let next = last
            .filter(|_| rest.peek().is_some())
            .map(|place| self.cursor(LIST, me, &place))
            .unwrap_or_default();
        Ok(ListConversationsResponse { conversations, next })
    }

    async fn get_conversation(
        &self,
        cx: &Cx,
        request: GetConversationRequest,
    ) -> Result<GetConversationResponse> {
        let conversation = self.view(cx.account()?, ConversationId(request.conversation_id)).await?;
        Ok(GetConversationResponse { conversation: Some(conversation) })
    }

    async fn mark_read(&self, cx: &Cx, request: MarkReadRequest) -> Result<MarkReadResponse> {
        let (me, now) = (cx.account()?, cx.now);
        let id = ConversationId(request.conversation_id);
        self.member(me, id).await?;
        let known = self.marks.load(&self.foundation.store, id, me).await?;
        let read = self.foundation.store.transact(move |tx| read_up_to(tx, id, me, known, request.seq, now));
        let Read { member, moved, mark, ordinal } = read.await?;
        self.marks.on_read(id, me, mark);
        if moved {
            self.tell_read(me, id, mark.seq).await;
        }
        // My own message of another device may have moved it meanwhile.
        let mark = member.at_least(self.marks.load(&self.foundation.store, id, me).await?);
        Ok(MarkReadResponse { read_seq: mark.seq, unread: ordinal.saturating_sub(mark.ordinal) })
    }

    async fn update_conversation(
        &self,
        cx: &Cx,
        request: UpdateConversationRequest,
    ) -> Result<UpdateConversationResponse> {
        let conversation = self.update_options(cx.account()?, request, cx.now).await?;
        Ok(UpdateConversationResponse { conversation: Some(conversation) })
    }

    async fn set_draft(&self, cx: &Cx, request: SetDraftRequest) -> Result<SetDraftResponse> {
        Ok(SetDraftResponse { draft: self.keep_draft(cx.account()?, request, cx.now).await? })
    }

    async fn open_contact_card(
        &self,
        cx: &Cx,
        request: OpenContactCardRequest,
    ) -> Result<OpenContactCardResponse> {
        self.open_card(cx.account()?, ConversationId(request.conversation_id), request.seq, cx.now).await
    }

    async fn forward_messages(
        &self,
        cx: &Cx,
        request: ForwardMessagesRequest,
    ) -> Result<ForwardMessagesResponse> {
        let sent = self.forward(cx, request).await?;
        if let Some(seq) = sent.seqs.last() {
            self.tell_read(cx.account()?, ConversationId(sent.conversation_id), *seq).await;
        }
        Ok(sent)
    }

    async fn list_forwarded(&self, cx: &Cx, request: ListForwardedRequest) -> Result<ListForwardedResponse> {
        self.list_merged(cx.account()?, request).await
    }

    async fn send_typing(&self, cx: &Cx, request: SendTypingRequest) -> Result<SendTypingResponse> {
        self.tell_typing(cx.account()?, request).await?;
        Ok(SendTypingResponse {})
    }

    async fn get_receipts(&self, cx: &Cx, request: GetReceiptsRequest) -> Result<GetReceiptsResponse> {
        self.receipts(cx.account()?, request).await
    }

    async fn list_readers(&self, cx: &Cx, request: ListReadersRequest) -> Result<ListReadersResponse> {
        self.readers(cx.account()?, request).await
    }

    async fn collect_sticker(
        &self,
        cx: &Cx,
        request: CollectStickerRequest,
    ) -> Result<CollectStickerResponse> {
        self.keep_sticker(cx.account()?, request, cx.now).await
    }

    async fn recall_message(&self, cx: &Cx, request: RecallMessageRequest) -> Result<RecallMessageResponse> {
        self.recall(cx.account()?, request, cx.now).await
    }

    async fn get_recalled_text(
        &self,
        cx: &Cx,
        request: GetRecalledTextRequest,
    ) -> Result<GetRecalledTextResponse> {
        self.recalled_text(cx.account()?, request, cx.now).await
    }

    async fn edit_message(&self, cx: &Cx, request: EditMessageRequest) -> Result<EditMessageResponse> {
        self.edit(cx.account()?, request, cx.now).await
    }

    async fn set_reaction(&self, cx: &Cx, request: SetReactionRequest) -> Result<SetReactionResponse> {
        self.react(cx.account()?, request, cx.now).await
    }

    async fn list_reactions(&self, cx: &Cx, request: ListReactionsRequest) -> Result<ListReactionsResponse> {
        self.reactions(cx.account()?, request).await
    }

    async fn set_pin(&self, cx: &Cx, request: SetPinRequest) -> Result<SetPinResponse> {
        self.pin(cx.account()?, request, cx.now).await
    }

    async fn list_pins(&self, cx: &Cx, request: ListPinsRequest) -> Result<ListPinsResponse> {
        self.pins(cx.account()?, request).await
    }

    async fn delete_for_me(&self, cx: &Cx, request: DeleteForMeRequest) -> Result<DeleteForMeResponse> {
        Chat::delete_for_me(self, cx.account()?, request, cx.now).await
    }

    async fn clear_history(&self, cx: &Cx, request: ClearHistoryRequest) -> Result<ClearHistoryResponse> {
        self.clear(cx.account()?, request, cx.now).await
    }
}

/// What came of reading.
struct Read {
    member: Member,
    /// Whether the mark moved.
    moved: bool,
    /// Where it is now.
    mark: Mark,
    /// The head's ordinal.
    ordinal: u64,
}

/// Moves the mark of `me` up to an entry, if it is not there yet, and tells their devices where less is unread by that.
/// `known` is where it was before the transaction.
fn read_up_to(
    tx: &mut Tx<'_>,
    id: ConversationId,
    me: AccountId,
    known: Mark,
    to: u64,
    now: Time,
) -> Result<Read> {
    let (_, member) = membership(tx, id, me)?.ok_or_else(conversation_not_found)?;
    let head = head_with(tx, id, &member, to)?;
    let mark = options::read_in(tx, me, id, known)?;
    let before = member.at_least(mark);
    // Nobody has read what they cannot see.
    let moved = to > mark.seq.max(member.visible_after);
    let mark = if moved { Mark { seq: to, ordinal: ordinal_at(tx, id, to)?, ..mark } } else { mark };
    let read = member.at_least(mark);
    options::take_unread_mark(tx, me, id, before, read, now)?;
    if moved {
        tx.put(&MARK, &(id, me), &mark)?;
    }
    // Otherwise they read what they had passed by deleting: to their own devices nothing is new.
    if before.seq < read.seq {
        mentions::forget(tx, me, id, read.seq)?;
        let read = ReadMark { conversation_id: id.0, read_seq: read.seq, read_ordinal: read.ordinal };
        delivery::log::append(tx, me, now, &What::ReadMark(read))?;
    }
    Ok(Read { member, moved, mark, ordinal: head.ordinal })
}

/// How many items a page has, of a list that gives so many by default and at most.
pub(super) fn page_size(asked: u32, default: usize, max: usize) -> usize {
    if asked == 0 { default } else { (asked as usize).min(max) }
}

/// The list of conversations, in its cursors. A place holds a stamp, and stamps would tell how much others write.
const LIST: &str = "chat.list";

impl Chat {
    /// The cursor behind a place in a list of the caller's.
    pub(super) fn cursor(&self, list: &'static str, me: AccountId, place: &impl Key) -> bytes::Bytes {
        self.foundation.seal.seal(list, &me.to_bytes(), &place.to_bytes()).into()
    }

    /// The place behind which a page begins; `CURSOR_INVALID` for a cursor of another list or account.
    pub(super) fn read_cursor<K: Key>(
        &self,
        list: &'static str,
        me: AccountId,
        cursor: &[u8],
    ) -> Result<Option<K>> {
        if cursor.is_empty() {
            return Ok(None);
        }
        let opened = self.foundation.seal.open(list, &me.to_bytes(), cursor);
        opened.and_then(|bytes| K::decode(&mut &bytes[..])).map(Some).ok_or_else(|| {
            Error::invalid(
                "CURSOR_INVALID",
                "The cursor is not one that this server gave. Start from the first page.",
            )
        })
    }
}
