//! The chat room on a store in memory.

mod changes;
mod evidence;
mod favourites;
mod forwarding;
mod group_changes;
mod groups;
mod kinds;
mod media_kinds;
mod options;
mod passing;
mod removal;
mod removed;
mod stays;
mod temporary;

use super::hooks::Hooks;
use super::*;
use crate::call::{Caller, Cx, Session};
use crate::features::contacts::{FriendHooks, set_friend};
use crate::features::testing::{befriend, foundation, media};
use crate::id::DeviceId;
use crate::time::Time;
use teahouse_proto::ChatApi;
use teahouse_proto::chat::send_message_request::{Content as Say, To};
use teahouse_proto::chat::*;

const ANNA: AccountId = AccountId(1);
const BORIS: AccountId = AccountId(2);
const CLARA: AccountId = AccountId(3);

struct Room {
    chat: Arc<Chat>,
    observer: Arc<Observer>,
    foundation: Foundation,
    made: u128,
    uploads: u8,
    dir: tempfile::TempDir,
}

/// Hands commits to the chat room of the moment, and keeps what was published.
struct Observer(std::sync::Mutex<Arc<Chat>>, std::sync::Mutex<Vec<Event>>);

impl Subscriber for Observer {
    fn on_commit(&self, stamp: u64, events: &[Event]) {
        self.0.lock().unwrap().on_commit(stamp, events);
        self.1.lock().unwrap().extend_from_slice(events);
    }
}

impl Room {
    async fn with_friends() -> (Self, ConversationId) {
        Self::on(foundation().0).await
    }

    async fn on(foundation: Foundation) -> (Self, ConversationId) {
        let (media, dir) = media(&foundation);
        let chat = Chat::new(foundation.clone(), ChatConfig::default(), media, tickets(&foundation));
        let observer = Arc::new(Observer(chat.clone().into(), Vec::new().into()));
        foundation.store.observe(vec![observer.clone()]);
        let mut room = Self { chat, observer, foundation, made: 0, uploads: 0, dir };
        let id = room.befriend(ANNA, BORIS).await;
        (room, id)
    }

    async fn befriend(&mut self, a: AccountId, b: AccountId) -> ConversationId {
        let hooks = Hooks::new(self.foundation.ids.clone());
        befriend(&self.foundation, a, b, move |tx, now| hooks.on_friends(tx, a, b, now)).await
    }

    fn cx(&self, account: AccountId) -> Cx {
        let session = Session::new(account, DeviceId(account.0), Time(0));
        let caller = Caller::new(Some(session.into()), [127, 0, 0, 1].into());
        Cx::new(caller, &self.foundation.clock)
    }

    async fn send(&mut self, from: AccountId, to: To, text: Text) -> Result<SendMessageResponse> {
        self.send_any(from, to, Say::Text(text)).await
    }

    async fn send_any(&mut self, from: AccountId, to: To, content: Say) -> Result<SendMessageResponse> {
        self.made += 1;
        let request = SendMessageRequest {
            client_message_id: self.made.to_be_bytes().to_vec().into(),
            to: Some(to),
            content: Some(content),
        };
        self.chat.send_message(&self.cx(from), request).await
    }

    async fn say(&mut self, from: AccountId, id: ConversationId, text: &str) -> u64 {
        self.send(from, To::ConversationId(id.0), plain(text)).await.unwrap().seq
    }

    async fn read(&mut self, who: AccountId, id: ConversationId, seq: u64) -> Result<MarkReadResponse> {
        let request = MarkReadRequest { conversation_id: id.0, seq };
        self.chat.mark_read(&self.cx(who), request).await
    }

    async fn view(&self, who: AccountId, id: ConversationId) -> Conversation {
        self.chat.view(who, id).await.unwrap()
    }

    async fn list(&self, who: AccountId, request: ListEntriesRequest) -> Result<Vec<Entry>> {
        Ok(self.chat.list_entries(&self.cx(who), request).await?.entries)
    }

    /// All that somebody can see of a conversation.
    async fn all(&self, who: AccountId, id: ConversationId) -> Vec<Entry> {
        let all = ListEntriesRequest { conversation_id: id.0, ..Default::default() };
        self.list(who, all).await.unwrap()
    }

    /// Entries that were published for somebody since this was last asked.
    fn live(&self, who: AccountId) -> Vec<Entry> {
        let mut events = self.observer.1.lock().unwrap();
        let entries = events.iter().filter_map(|event| match event {
            Event::Deliver { to, message, .. } if to.accounts().contains(&who) => match &message.event {
                Some(FollowEvent::Entry(entry)) => Some(entry.clone()),
                _ => None,
            },
            _ => None,
        });
        let entries = entries.collect();
        events.clear();
        entries
    }

    /// `who` deletes `other`.
    async fn part(&self, who: AccountId, other: AccountId) {
        let hooks = Hooks::new(self.foundation.ids.clone());
        let now = self.foundation.clock.now();
        let delete = self.foundation.store.transact(move |tx| {
            set_friend(tx, who, other, None)?;
            hooks.on_deleted(tx, who, other, now)
        });
        delete.await.unwrap();
    }

    /// The room after a restart: everything in memory is gone.
    fn restarted(self) -> Self {
        let chat = Chat::new(
            self.foundation.clone(),
            ChatConfig::default(),
            self.chat.media.clone(),
            tickets(&self.foundation),
        );
        *self.observer.0.lock().unwrap() = chat.clone();
        Self { chat, ..self }
    }
}

fn tickets(foundation: &Foundation) -> Tickets {
    Tickets::new(foundation.seal.clone(), 24)
}

fn plain(text: &str) -> Text {
    Text { text: text.into(), ..Text::default() }
}

fn refused<T: std::fmt::Debug>(answer: Result<T>) -> &'static str {
    answer.unwrap_err().reason()
}

fn texts(entries: &[Entry]) -> Vec<String> {
    let text = |entry: &Entry| match &entry.content {
        Some(entry::Content::Text(text)) => text.text.clone(),
        Some(entry::Content::Notice(_)) => "notice".into(),
        Some(entry::Content::Recalled(_)) => "recalled".into(),
        Some(entry::Content::Changed(changed)) => format!("changed {}", changed.target_seq),
        Some(entry::Content::Deleted(_)) => "deleted".into(),
        other => format!("{other:?}"),
    };
    entries.iter().map(text).collect()
}

#[tokio::test]
async fn entries_are_numbered_without_gaps_and_seen_by_both() {
    let (mut room, id) = Room::with_friends().await;
    assert_eq!(room.say(ANNA, id, "one").await, 2);
    assert_eq!(room.send(BORIS, To::AccountId(ANNA.0), plain("two")).await.unwrap().seq, 3);
    for who in [ANNA, BORIS] {
        let all = ListEntriesRequest { conversation_id: id.0, ..Default::default() };
        let entries = room.list(who, all).await.unwrap();
        assert_eq!(texts(&entries), ["notice", "one", "two"]);
        assert_eq!(entries.iter().map(|e| (e.seq, e.ordinal)).collect::<Vec<_>>(), [(1, 0), (2, 1), (3, 2)]);
        let with_id: Vec<u64> =
            entries.iter().filter(|e| !e.client_message_id.is_empty()).map(|e| e.seq).collect();
        assert_eq!(with_id, [if who == ANNA { 2 } else { 3 }]);
    }
}

#[tokio::test]
async fn pages_go_both_ways() {
    let (mut room, id) = Room::with_friends().await;
    for n in 2..=250 {
        assert_eq!(room.say(ANNA, id, &n.to_string()).await, n);
    }
    let page = async |after_seq, before_seq, latest, limit| {
        let request = ListEntriesRequest { conversation_id: id.0, after_seq, before_seq, latest, limit };
        let seqs: Vec<u64> = room.list(BORIS, request).await.unwrap().iter().map(|e| e.seq).collect();
        seqs
    };
    assert_eq!(page(0, 0, false, 0).await, (1..=100).collect::<Vec<_>>());
    assert_eq!(page(240, 0, false, 500).await, (241..=250).collect::<Vec<_>>());
    assert_eq!(page(0, 0, true, 3).await, [248, 249, 250]);
    assert_eq!(page(0, 4, false, 2).await, [2, 3]);
    assert_eq!(page(2, 4, false, 9).await, [3]);
    assert!(page(u64::MAX, 0, false, 9).await.is_empty());
}

#[tokio::test]
async fn strangers_find_nothing_and_cannot_speak() {
    let (mut room, id) = Room::with_friends().await;
    let nowhere = ConversationId(999);
    for conversation in [id, nowhere] {
        let entries = ListEntriesRequest { conversation_id: conversation.0, ..Default::default() };
        assert_eq!(refused(room.list(CLARA, entries).await), "CONVERSATION_NOT_FOUND");
        assert_eq!(refused(room.read(CLARA, conversation, 1).await), "CONVERSATION_NOT_FOUND");
        let to = To::ConversationId(conversation.0);
        assert_eq!(refused(room.send(CLARA, to, plain("x")).await), "CONVERSATION_NOT_FOUND");
        let get = GetConversationRequest { conversation_id: conversation.0 };
        assert_eq!(refused(room.chat.get_conversation(&room.cx(CLARA), get).await), "CONVERSATION_NOT_FOUND");
    }
    for account in [ANNA, AccountId(999), CLARA] {
        assert_eq!(refused(room.send(CLARA, To::AccountId(account.0), plain("x")).await), "NOT_FRIENDS");
    }
}

#[tokio::test]
async fn a_repeat_makes_no_second_message() {
    let (mut room, id) = Room::with_friends().await;
    let first = room.say(ANNA, id, "once").await;
    room.made -= 1;
    assert_eq!(room.say(ANNA, id, "once").await, first);
    room.made -= 1;
    let other = room.send(ANNA, To::ConversationId(id.0), plain("other")).await;
    assert_eq!(refused(other), "CLIENT_ID_REUSED");
    assert_eq!(room.view(BORIS, id).await.head_seq, first);
}

#[tokio::test]
async fn unread_is_exact_also_after_a_restart() {
    let (mut room, id) = Room::with_friends().await;
    for n in 0..5 {
        room.say(ANNA, id, &n.to_string()).await;
    }
    assert_eq!(room.view(BORIS, id).await.unread, 5);
    assert_eq!(room.view(ANNA, id).await.unread, 0, "one's own messages are read");
    let read = room.read(BORIS, id, 4).await.unwrap();
    assert_eq!((read.read_seq, read.unread), (4, 2));
    assert_eq!(room.read(BORIS, id, 2).await.unwrap().read_seq, 4, "never backwards");
    assert_eq!(refused(room.read(BORIS, id, 7).await), "SEQ_INVALID");

    let mut room = room.restarted();
    assert_eq!((room.view(ANNA, id).await.unread, room.view(BORIS, id).await.unread), (0, 2));
    room.say(BORIS, id, "read it all").await;
    assert_eq!((room.view(ANNA, id).await.unread, room.view(BORIS, id).await.unread), (1, 0));
}

#[tokio::test]
async fn a_long_monologue_leaves_the_others_mark_exact_after_a_restart() {
    let (mut room, id) = Room::with_friends().await;
    let saver = tokio::spawn(room.chat.clone().run());
    room.say(BORIS, id, "hello").await;
    for n in 0..marks::LOOK_BACK + 60 {
        room.say(ANNA, id, &n.to_string()).await;
        if n % 50 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let room = room.restarted();
    saver.abort();
    assert_eq!(room.view(BORIS, id).await.unread, marks::LOOK_BACK + 60);
}

#[tokio::test]
async fn a_mark_moved_by_writing_is_found_after_a_restart_however_much_followed() {
    let (mut room, id) = Room::with_friends().await;
    room.say(BORIS, id, "my last word").await;
    let mut room = room.restarted();
    for n in 0..marks::LOOK_BACK * 2 + 7 {
        room.say(ANNA, id, &n.to_string()).await;
    }
    let room = room.restarted();
    assert_eq!(room.view(BORIS, id).await.unread, marks::LOOK_BACK * 2 + 7);
}

#[tokio::test]
async fn a_far_look_back_that_found_nothing_is_not_repeated() {
    let (mut room, id) = Room::with_friends().await;
    let said = marks::LOOK_BACK * 3;
    for n in 0..said {
        room.say(ANNA, id, &n.to_string()).await;
    }
    let mut reads = Vec::new();
    for _ in 0..2 {
        room = room.restarted();
        let saver = tokio::spawn(room.chat.clone().run());
        let before = room.foundation.store.reads();
        assert_eq!(room.view(BORIS, id).await.unread, said);
        reads.push(room.foundation.store.reads() - before);
        let saved = async {
            while room.foundation.store.get(&tables::MARK, &(id, BORIS)).await.unwrap().is_none() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), saved).await.expect("saved");
        saver.abort();
    }
    assert!(reads[1] + 3 <= reads[0], "{reads:?}");
    room.say(BORIS, id, "I am here").await;
    room.say(ANNA, id, "one more").await;
    assert_eq!(room.restarted().view(BORIS, id).await.unread, 1);
}

#[tokio::test]
async fn whoever_comes_back_has_nothing_unread_of_what_they_lost() {
    let (mut room, id) = Room::with_friends().await;
    room.read(ANNA, id, 1).await.unwrap();
    for _ in 0..3 {
        room.say(BORIS, id, "not read").await;
    }
    let hooks = Hooks::new(room.foundation.ids.clone());
    let now = room.foundation.clock.now();
    let delete = room.foundation.store.transact(move |tx| {
        set_friend(tx, ANNA, BORIS, None)?;
        hooks.on_deleted(tx, ANNA, BORIS, now)
    });
    delete.await.unwrap();
    room.befriend(ANNA, BORIS).await;
    let view = room.view(ANNA, id).await;
    assert_eq!((view.first_seq_after, view.read_seq, view.unread), (4, 4, 0));
    assert_eq!(room.read(ANNA, id, 5).await.unwrap().unread, 0);
}

#[tokio::test]
async fn a_page_of_long_messages_is_shorter_and_never_empty() {
    let (mut room, id) = Room::with_friends().await;
    for _ in 0..40 {
        room.say(ANNA, id, &"a 👍🏽".repeat(1300)).await;
    }
    let all = ListEntriesRequest { conversation_id: id.0, ..Default::default() };
    let entries = room.list(BORIS, all).await.unwrap();
    assert!(entries.len() < 41 && entries.len() > 10 && entries[0].seq == 1, "{}", entries.len());
    let latest = ListEntriesRequest { latest: true, ..all };
    let entries = room.list(BORIS, latest).await.unwrap();
    assert!(entries.len() < 41 && entries.last().is_some_and(|e| e.seq == 41), "{}", entries.len());
}

#[tokio::test]
async fn mentions_are_counted_until_read() {
    let (mut room, id) = Room::with_friends().await;
    let mention = Mention { account_id: BORIS.0, offset: 0, length: 6, all: false };
    let text = Text { text: "@Boris hi".into(), mentions: vec![mention], quote_seq: 0 };
    for _ in 0..2 {
        room.send(ANNA, To::ConversationId(id.0), text.clone()).await.unwrap();
    }
    assert_eq!(room.view(BORIS, id).await.unread_mentions, 2);
    room.read(BORIS, id, 2).await.unwrap();
    assert_eq!(room.view(BORIS, id).await.unread_mentions, 1);
    room.read(BORIS, id, 3).await.unwrap();
    assert_eq!(room.view(BORIS, id).await.unread_mentions, 0);
    let stranger = Text { mentions: vec![Mention { account_id: CLARA.0, ..mention }], ..text };
    assert_eq!(refused(room.send(ANNA, To::ConversationId(id.0), stranger).await), "MENTION_INVALID");
}

#[tokio::test]
async fn a_flood_of_mentions_is_noted_up_to_a_bound_until_it_is_read() {
    let (mut room, id) = Room::with_friends().await;
    let mention = Mention { account_id: BORIS.0, offset: 0, length: 1, all: false };
    let text = Text { text: "@".into(), mentions: vec![mention], quote_seq: 0 };
    let mut last = 0;
    for _ in 0..mentions::MAX_UNREAD + 20 {
        last = room.send(ANNA, To::ConversationId(id.0), text.clone()).await.unwrap().seq;
    }
    let log = crate::delivery::log::head(&room.foundation.store, BORIS).await.unwrap();
    let max = mentions::MAX_UNREAD as u64;
    assert_eq!((log, u64::from(room.view(BORIS, id).await.unread_mentions)), (max, max));
    room.read(BORIS, id, last).await.unwrap();
    assert_eq!(room.view(BORIS, id).await.unread_mentions, 0);
    room.send(ANNA, To::ConversationId(id.0), text).await.unwrap();
    assert_eq!(room.view(BORIS, id).await.unread_mentions, 1, "it is told again");
}

#[tokio::test]
async fn recalling_mentions_makes_no_room_for_more_of_them() {
    let (mut room, id) = Room::with_friends().await;
    for _ in 0..mentions::MAX_UNREAD + 20 {
        let said = room.send(ANNA, To::ConversationId(id.0), changes::mention(BORIS, "@")).await.unwrap();
        room.recall(ANNA, id, said.seq).await.unwrap();
        assert_eq!(room.view(BORIS, id).await.unread_mentions, 0);
    }
    let log = crate::delivery::log::head(&room.foundation.store, BORIS).await.unwrap();
    assert_eq!(log, mentions::MAX_UNREAD as u64);
}

#[tokio::test]
async fn who_answers_without_marking_anything_read_is_told_of_every_mention() {
    let (mut room, id) = Room::with_friends().await;
    let half = mentions::MAX_UNREAD / 2 + 10;
    for round in 1..=4 {
        for _ in 0..half {
            room.send(ANNA, To::ConversationId(id.0), changes::mention(BORIS, "@")).await.unwrap();
        }
        let told = crate::delivery::log::head(&room.foundation.store, BORIS).await.unwrap();
        assert_eq!(told, (round * half) as u64);
        assert_eq!(room.view(BORIS, id).await.unread_mentions, half as u32);
        room.say(BORIS, id, "yes?").await;
        room = room.restarted();
    }
    let to = To::AccountId(BORIS.0);
    room.send(ANNA, to, changes::mention(BORIS, "@")).await.unwrap();
    assert_eq!(room.view(BORIS, id).await.unread_mentions, 1);
    assert!(room.rows(&tables::MENTION).await < 2 * mentions::MAX_UNREAD);
    room.part(BORIS, ANNA).await;
    assert_eq!(room.rows(&tables::MENTION).await, 0, "they go with the conversation");
}

#[tokio::test]
async fn quotes_name_messages_of_the_same_conversation() {
    let (mut room, id) = Room::with_friends().await;
    let seq = room.say(ANNA, id, "first").await;
    let quote = |quote_seq| Text { quote_seq, ..plain("as you said") };
    assert!(room.send(BORIS, To::ConversationId(id.0), quote(seq)).await.is_ok());
    for bad in [1, 99, u64::MAX] {
        let answer = room.send(BORIS, To::ConversationId(id.0), quote(bad)).await;
        assert_eq!(refused(answer), "QUOTE_NOT_FOUND", "{bad}");
    }
}

#[tokio::test]
async fn whoever_deletes_loses_the_history_and_the_other_keeps_it() {
    let (mut room, id) = Room::with_friends().await;
    room.say(ANNA, id, "before").await;
    let hooks = Hooks::new(room.foundation.ids.clone());
    let now = room.foundation.clock.now();
    let delete = room.foundation.store.transact(move |tx| {
        set_friend(tx, ANNA, BORIS, None)?;
        hooks.on_deleted(tx, ANNA, BORIS, now)
    });
    delete.await.unwrap();
    for to in [To::ConversationId(id.0), To::AccountId(ANNA.0)] {
        assert_eq!(refused(room.send(BORIS, to, plain("gone?")).await), "NOT_FRIENDS");
    }
    assert_eq!(
        refused(room.send(ANNA, To::ConversationId(id.0), plain("x")).await),
        "CONVERSATION_NOT_FOUND"
    );
    assert_eq!(refused(room.send(ANNA, To::AccountId(BORIS.0), plain("x")).await), "NOT_FRIENDS");
    assert!(room.chat.moved_after(ANNA, 0).await.unwrap().is_empty());
    let all = ListEntriesRequest { conversation_id: id.0, ..Default::default() };
    assert_eq!(refused(room.list(ANNA, all).await), "CONVERSATION_NOT_FOUND");
    assert_eq!(texts(&room.list(BORIS, all).await.unwrap()), ["notice", "before"]);

    assert_eq!(room.befriend(ANNA, BORIS).await, id, "the same conversation goes on");
    room.say(BORIS, id, "again").await;
    assert_eq!(texts(&room.list(ANNA, all).await.unwrap()), ["notice", "again"]);
    assert_eq!(texts(&room.list(BORIS, all).await.unwrap()), ["notice", "before", "notice", "again"]);
    let view = room.view(ANNA, id).await;
    assert_eq!((view.first_seq_after, view.head_seq, view.unread), (2, 4, 1));
}

#[tokio::test]
async fn the_list_pages_from_the_latest_moved() {
    let (mut room, first) = Room::with_friends().await;
    let mut ids = vec![first];
    for peer in 10..15 {
        ids.push(room.befriend(ANNA, AccountId(peer)).await);
    }
    room.say(ANNA, first, "up").await;
    ids.rotate_left(1);
    ids.reverse();
    let mut seen = Vec::new();
    let mut cursor = bytes::Bytes::new();
    loop {
        let page = teahouse_proto::common::PageRequest { limit: 4, cursor };
        let request = ListConversationsRequest { page: Some(page), include_hidden: false };
        let answer = room.chat.list_conversations(&room.cx(ANNA), request).await.unwrap();
        seen.extend(answer.conversations.iter().map(|c| ConversationId(c.conversation_id)));
        cursor = answer.next;
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ids);
    let page = teahouse_proto::common::PageRequest { limit: 4, cursor: vec![1, 2].into() };
    let bad = room
        .chat
        .list_conversations(
            &room.cx(ANNA),
            ListConversationsRequest { page: Some(page), include_hidden: false },
        )
        .await;
    assert_eq!(refused(bad), "CURSOR_INVALID");
}
