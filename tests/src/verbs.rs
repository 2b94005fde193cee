//! What people do, as verbs of their devices. A verb is for what a story takes for granted: where it is refused the
//! test fails. What may be refused is asked through the typed clients. It knows operations, not how they are carried.

use crate::device::Device;
use crate::person::Person;
use bytes::Bytes;
use teahouse_client::{Error, Kind};
use teahouse_proto::chat::{
    Conversation, Entry, ForwardMessagesRequest, Forwarded, GetConversationRequest, ListConversationsRequest,
    ListEntriesRequest, ListForwardedRequest, MarkReadRequest, MarkReadResponse, SendMessageRequest,
    SendMessageResponse, Text, entry, forward_messages_request, send_message_request,
};
use teahouse_proto::common::PageRequest;
use teahouse_proto::contacts::send_request_response::Outcome;
use teahouse_proto::contacts::{
    AcceptRequestRequest, BlockRequest, BlockedPerson, DeleteFriendRequest, Friend, FriendRequest,
    GetFriendRequest, IgnoreRequestRequest, ListBlockedRequest, ListFriendsRequest, ListRequestsRequest,
    SearchRequest, SearchResponse, SendRequestRequest, UnblockRequest, block_request,
};
use teahouse_proto::media::{CreateUploadRequest, FinishUploadRequest, Media, MediaKind, PutChunkRequest};
use teahouse_proto::qr::GetCodeRequest;
use teahouse_proto::{
    AccountsClient, ChatClient, ContactsClient, FavouritesClient, GroupsClient, MediaClient, QrClient,
    SafetyClient, StickersClient,
};

/// Bytes of an upload that travel at once.
const CHUNK: usize = 256 * 1024;

/// The reason of a refusal.
///
/// # Panics
/// Where it is none: it succeeded, or failed on the way.
pub fn reason<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    match outcome {
        Err(error) if error.is_answer() => error.reason().to_owned(),
        other => panic!("not refused: {other:?}"),
    }
}

/// The kind of a refusal, and its reason.
///
/// # Panics
/// As [`reason`].
pub fn refused<T: std::fmt::Debug>(outcome: Result<T, Error>) -> (Kind, String) {
    match outcome {
        Err(error) if error.is_answer() => (error.kind(), error.reason().to_owned()),
        other => panic!("not refused: {other:?}"),
    }
}

/// A text without mentions and quote.
pub fn text(text: &str) -> Text {
    Text { text: text.to_owned(), ..Text::default() }
}

/// A message to a conversation.
pub fn message(conversation_id: u64, client_id: [u8; 16], text: Text) -> SendMessageRequest {
    SendMessageRequest {
        to: Some(send_message_request::To::ConversationId(conversation_id)),
        client_message_id: client_id.to_vec().into(),
        content: Some(send_message_request::Content::Text(text)),
    }
}

/// The text of an entry; empty for what is none.
pub fn text_of(entry: &Entry) -> &str {
    match &entry.content {
        Some(entry::Content::Text(text)) => &text.text,
        _ => "",
    }
}

pub(crate) fn granted<T>(what: &str, outcome: Result<T, Error>) -> T {
    outcome.unwrap_or_else(|e| panic!("cannot {what}: {e:?}"))
}

impl Device {
    /// Calls of `AccountsService`.
    pub fn accounts(&self) -> AccountsClient<Self> {
        AccountsClient(self.clone())
    }

    /// Calls of `MediaService`.
    pub fn media(&self) -> MediaClient<Self> {
        MediaClient(self.clone())
    }

    /// Calls of `QrService`.
    pub fn qr(&self) -> QrClient<Self> {
        QrClient(self.clone())
    }

    /// Calls of `ContactsService`.
    pub fn contacts(&self) -> ContactsClient<Self> {
        ContactsClient(self.clone())
    }

    /// Calls of `ChatService`.
    pub fn chat(&self) -> ChatClient<Self> {
        ChatClient(self.clone())
    }

    /// Calls of `GroupsService`.
    pub fn groups(&self) -> GroupsClient<Self> {
        GroupsClient(self.clone())
    }

    /// Calls of `FavouritesService`.
    pub fn favourites(&self) -> FavouritesClient<Self> {
        FavouritesClient(self.clone())
    }

    /// Calls of `SafetyService`.
    pub fn safety(&self) -> SafetyClient<Self> {
        SafetyClient(self.clone())
    }

    /// Calls of `StickersService`.
    pub fn stickers(&self) -> StickersClient<Self> {
        StickersClient(self.clone())
    }

    /// Uploads something by chunks and finishes it. `name` is for files alone.
    pub async fn try_upload(&self, kind: MediaKind, name: &str, bytes: &[u8]) -> Result<Media, Error> {
        let request = CreateUploadRequest {
            client_message_id: self.shared().random.bytes::<16>().to_vec().into(),
            kind: kind.into(),
            size: bytes.len() as u64,
            file_name: name.to_owned(),
            ..CreateUploadRequest::default()
        };
        let upload_id = self.media().create_upload(request).await?.upload.unwrap_or_default().upload_id;
        for (n, data) in bytes.chunks(CHUNK).enumerate() {
            let (upload_id, data) = (upload_id.clone(), Bytes::copy_from_slice(data));
            self.media().put_chunk(PutChunkRequest { upload_id, offset: (n * CHUNK) as u64, data }).await?;
        }
        Ok(self.media().finish_upload(FinishUploadRequest { upload_id }).await?.media.unwrap_or_default())
    }

    /// As [`Device::try_upload`].
    pub async fn upload(&self, kind: MediaKind, name: &str, bytes: &[u8]) -> Media {
        granted("upload", self.try_upload(kind, name, bytes).await)
    }

    /// Their QR code.
    pub async fn code(&self) -> String {
        granted("get a code", self.qr().get_code(GetCodeRequest::default()).await).code.expect("a code").url
    }

    /// Finds somebody by username.
    pub async fn find(&self, who: &Person) -> SearchResponse {
        let request = SearchRequest { username: who.username.clone() };
        granted("search", self.contacts().search(request).await)
    }

    /// Finds somebody and asks them to become friends.
    pub async fn try_ask(&self, who: &Person, text: &str) -> Result<Outcome, Error> {
        let ticket = self.find(who).await.ticket;
        let request = SendRequestRequest { ticket, text: text.to_owned() };
        self.contacts().send_request(request).await.map(|answer| answer.outcome())
    }

    /// As [`Device::try_ask`].
    pub async fn ask(&self, who: &Person, text: &str) -> Outcome {
        granted("ask", self.try_ask(who, text).await)
    }

    /// The requests that wait for an answer.
    pub async fn requests(&self) -> Vec<FriendRequest> {
        granted("list requests", self.contacts().list_requests(ListRequestsRequest::default()).await).requests
    }

    /// The request of somebody, if it is there.
    pub async fn request_of(&self, who: &Person) -> Option<FriendRequest> {
        let requests = self.requests().await.into_iter();
        requests.into_iter().find(|r| r.card.as_ref().is_some_and(|card| card.display_name == who.name))
    }

    /// Accepts somebody's request.
    pub async fn accept(&self, who: &Person) -> Friend {
        let request = self.request_of(who).await.unwrap_or_else(|| panic!("{} has not asked", who.name));
        let request = AcceptRequestRequest { request_id: request.request_id };
        granted("accept", self.contacts().accept_request(request).await).friend.expect("a new friend")
    }

    /// Puts somebody's request away.
    pub async fn ignore(&self, who: &Person) {
        let request = self.request_of(who).await.unwrap_or_else(|| panic!("{} has not asked", who.name));
        let request = IgnoreRequestRequest { request_id: request.request_id };
        granted("ignore", self.contacts().ignore_request(request).await);
    }

    /// Asks, and is accepted: the number of their conversation.
    pub async fn befriend(&self, who: &Person) -> u64 {
        match self.ask(who, "").await {
            Outcome::Friends => self.friend(who).await.conversation_id,
            _ => {
                let request = who.requests().await.into_iter().next().expect("a request");
                let request = AcceptRequestRequest { request_id: request.request_id };
                let answer = granted("accept", who.contacts().accept_request(request).await);
                answer.friend.expect("a new friend").conversation_id
            }
        }
    }

    /// All friends.
    pub async fn friends(&self) -> Vec<Friend> {
        let mut friends = Vec::new();
        let mut page = PageRequest::default();
        loop {
            let request = ListFriendsRequest { page: Some(page), tag: String::new() };
            let answer = granted("list friends", self.contacts().list_friends(request).await);
            friends.extend(answer.friends);
            if answer.next.is_empty() {
                return friends;
            }
            page = PageRequest { cursor: answer.next, limit: 0 };
        }
    }

    /// One friend.
    pub async fn friend(&self, who: &Person) -> Friend {
        let request = GetFriendRequest { account_id: who.account_id };
        granted("get a friend", self.contacts().get_friend(request).await).friend.expect("a friend")
    }

    /// Deletes a friend.
    pub async fn unfriend(&self, who: &Person) {
        let request = DeleteFriendRequest { account_id: who.account_id };
        granted("delete a friend", self.contacts().delete_friend(request).await);
    }

    /// Blocks a friend.
    pub async fn block(&self, who: &Person) -> BlockedPerson {
        let who = Some(block_request::Who::AccountId(who.account_id));
        granted("block", self.contacts().block(BlockRequest { who }).await).blocked.expect("a block")
    }

    /// Finds somebody and blocks them.
    pub async fn block_stranger(&self, who: &Person) -> BlockedPerson {
        let who = Some(block_request::Who::Ticket(self.find(who).await.ticket));
        granted("block", self.contacts().block(BlockRequest { who }).await).blocked.expect("a block")
    }

    /// Ends the block of somebody.
    pub async fn unblock(&self, who: &Person) {
        let blocked =
            granted("list blocks", self.contacts().list_blocked(ListBlockedRequest::default()).await);
        let of_them = |b: &&BlockedPerson| b.card.as_ref().is_some_and(|card| card.display_name == who.name);
        let block = blocked.blocked.iter().find(of_them).expect("a block of them");
        let request = UnblockRequest { block_id: block.block_id };
        granted("unblock", self.contacts().unblock(request).await);
    }

    /// Sends a message with a new client id.
    pub async fn try_send(&self, conversation_id: u64, text: Text) -> Result<SendMessageResponse, Error> {
        let request = message(conversation_id, self.shared().random.bytes(), text);
        self.chat().send_message(request).await
    }

    /// Sends a message of any kind with a new client id.
    pub async fn try_say_any(
        &self,
        conversation_id: u64,
        content: send_message_request::Content,
    ) -> Result<SendMessageResponse, Error> {
        let request = SendMessageRequest {
            to: Some(send_message_request::To::ConversationId(conversation_id)),
            client_message_id: self.shared().random.bytes::<16>().to_vec().into(),
            content: Some(content),
        };
        self.chat().send_message(request).await
    }

    /// As [`Device::try_say_any`]: its number.
    pub async fn say_any(&self, conversation_id: u64, content: send_message_request::Content) -> u64 {
        granted("send", self.try_say_any(conversation_id, content).await).seq
    }

    /// Forwards messages to another conversation with a new client id.
    pub async fn try_forward(
        &self,
        from_conversation_id: u64,
        seqs: &[u64],
        to: u64,
        merged: bool,
    ) -> Result<Vec<u64>, Error> {
        let request = ForwardMessagesRequest {
            client_message_id: self.shared().random.bytes::<16>().to_vec().into(),
            from_conversation_id,
            seqs: seqs.to_vec(),
            to: Some(forward_messages_request::To::ConversationId(to)),
            merged,
            title: String::new(),
        };
        self.chat().forward_messages(request).await.map(|answer| answer.seqs)
    }

    /// As [`Device::try_forward`]: the numbers of the new messages.
    pub async fn forward(&self, from: u64, seqs: &[u64], to: u64, merged: bool) -> Vec<u64> {
        granted("forward", self.try_forward(from, seqs, to, merged).await)
    }

    /// What a merged forward holds.
    pub async fn try_forwarded(&self, conversation_id: u64, seq: u64) -> Result<Vec<Forwarded>, Error> {
        let request = ListForwardedRequest { conversation_id, seq, ..ListForwardedRequest::default() };
        self.chat().list_forwarded(request).await.map(|answer| answer.messages)
    }

    /// Says something: its number.
    pub async fn say(&self, conversation_id: u64, says: &str) -> u64 {
        granted("send", self.try_send(conversation_id, text(says)).await).seq
    }

    /// Says something to somebody by their account.
    pub async fn try_say_to(&self, who: &Person, says: &str) -> Result<SendMessageResponse, Error> {
        let request = SendMessageRequest {
            to: Some(send_message_request::To::AccountId(who.account_id)),
            client_message_id: self.shared().random.bytes::<16>().to_vec().into(),
            content: Some(send_message_request::Content::Text(text(says))),
        };
        self.chat().send_message(request).await
    }

    /// All that can be seen of a conversation, or why nothing.
    pub async fn try_entries(&self, conversation_id: u64) -> Result<Vec<Entry>, Error> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let after_seq = entries.last().map_or(0, |last| last.seq);
            let request = ListEntriesRequest { conversation_id, after_seq, ..Default::default() };
            let page = self.chat().list_entries(request).await?;
            let end = page.entries.last().is_none_or(|last| last.seq == page.head_seq);
            entries.extend(page.entries);
            if end {
                return Ok(entries);
            }
        }
    }

    /// All that can be seen of a conversation, one line each: `2 anna: hello`, `1 — friends`.
    pub async fn history(&self, conversation_id: u64) -> Vec<String> {
        let entries = granted("read", self.try_entries(conversation_id).await);
        entries.iter().map(|entry| self.line(entry)).collect()
    }

    /// An entry in one line.
    pub fn line(&self, entry: &Entry) -> String {
        let author = self.shared().name(entry.author_account_id);
        let said = match &entry.content {
            Some(entry::Content::Text(text)) => format!("{} {author}: {}", entry.seq, text.text),
            Some(entry::Content::Notice(notice)) => match &notice.kind {
                Some(teahouse_proto::chat::notice::Kind::Pinned(p)) => {
                    format!("{} — pinned {}", entry.seq, p.seq)
                }
                Some(teahouse_proto::chat::notice::Kind::Unpinned(p)) => {
                    format!("{} — unpinned {}", entry.seq, p.seq)
                }
                _ => format!("{} — friends", entry.seq),
            },
            Some(entry::Content::Recalled(_)) => format!("{} {author} — recalled", entry.seq),
            Some(entry::Content::Changed(c)) => format!("{} — {author} changed {}", entry.seq, c.target_seq),
            Some(entry::Content::Deleted(_)) => format!("{} — deleted", entry.seq),
            Some(entry::Content::Voice(_)) => format!("{} {author} — voice", entry.seq),
            Some(entry::Content::Pictures(p)) => {
                format!("{} {author} — {} pictures", entry.seq, p.pictures.len())
            }
            Some(entry::Content::Video(_)) => format!("{} {author} — video", entry.seq),
            Some(entry::Content::File(_)) => format!("{} {author} — file", entry.seq),
            Some(entry::Content::Sticker(s)) => format!("{} {author} — sticker {}", entry.seq, s.emoji),
            Some(entry::Content::Merged(m)) => format!("{} {author} — {} messages", entry.seq, m.count),
            Some(entry::Content::Location(_)) => format!("{} {author} — location", entry.seq),
            Some(entry::Content::ContactCard(_)) => format!("{} {author} — card", entry.seq),
            Some(entry::Content::Link(_)) => format!("{} {author} — link", entry.seq),
            None => format!("{} of an unknown kind", entry.seq),
        };
        let edited = if entry.edited_at_ms > 0 { " (edited)" } else { "" };
        let reactions = entry.reactions.iter().map(|r| {
            let names: Vec<_> = r.account_ids.iter().map(|account| self.shared().name(*account)).collect();
            format!(" {}{}", r.emoji, names.join(","))
        });
        format!("{said}{edited}{}", reactions.collect::<String>())
    }

    /// Marks a conversation as read up to a number.
    pub async fn read(&self, conversation_id: u64, seq: u64) -> MarkReadResponse {
        granted("mark", self.chat().mark_read(MarkReadRequest { conversation_id, seq }).await)
    }

    /// A conversation as it is now.
    pub async fn conversation(&self, conversation_id: u64) -> Conversation {
        let request = GetConversationRequest { conversation_id };
        let answer = granted("get a conversation", self.chat().get_conversation(request).await);
        answer.conversation.expect("a conversation")
    }

    /// How many messages of a conversation are unread.
    pub async fn unread(&self, conversation_id: u64) -> u64 {
        self.conversation(conversation_id).await.unread
    }

    /// All conversations, the latest moved first.
    pub async fn conversations(&self) -> Vec<Conversation> {
        let mut conversations = Vec::new();
        let mut page = PageRequest::default();
        loop {
            let request = ListConversationsRequest { page: Some(page), include_hidden: false };
            let answer = granted("list conversations", self.chat().list_conversations(request).await);
            conversations.extend(answer.conversations);
            if answer.next.is_empty() {
                return conversations;
            }
            page = PageRequest { cursor: answer.next, limit: 0 };
        }
    }
}
