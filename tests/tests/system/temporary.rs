//! Two strangers from a greeting on: they talk without knowing who the other is, and become friends, or part. Nothing that
//! reaches a device of one tells the account of the other, before they are friends.

use bytes::Bytes;
use prost::Message;
use std::time::Duration;
use teahouse_proto::chat::send_message_request::Content;
use teahouse_proto::chat::{
    ConversationKind, Entry, GetConversationRequest, GetReceiptsRequest, ListConversationsRequest,
    ListEntriesRequest, ListPinsRequest, Pictures, RecallMessageRequest, SendTypingRequest,
    SetReactionRequest, Text, TypingKind, Voice, entry, notice,
};
use teahouse_proto::greetings::{
    AcceptGreetingRequest, BlockStrangerRequest, LeaveTemporaryChatRequest, ListTemporaryChatsRequest,
    block_stranger_request,
};
use teahouse_proto::groups::LeaveGroupRequest;
use teahouse_proto::media::MediaKind;
use teahouse_proto::sync::account_event::What;
use teahouse_proto::sync::follow_response::Event;
use teahouse_proto::{
    CHAT_GET_CONVERSATION, CHAT_GET_RECEIPTS, CHAT_LIST_CONVERSATIONS, CHAT_LIST_ENTRIES, CHAT_LIST_PINS,
    CHAT_RECALL_MESSAGE, CHAT_SEND_MESSAGE, CHAT_SEND_TYPING, CHAT_SET_REACTION,
    GREETINGS_LIST_TEMPORARY_CHATS, MethodInfo,
};
use teahouse_tests::files::{png, wav};
use teahouse_tests::follow::Follow;
use teahouse_tests::person::Person;
use teahouse_tests::verbs::{message, reason, text};
use teahouse_tests::world::{World, over_all_transports};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Greta, and Remo whom she greeted and who answered: people who met in a group that they have left.
struct Met {
    greta: Person,
    remo: Person,
    /// Their temporary chat.
    chat: u64,
    /// The greeting in Remo's box.
    greeting: u64,
}

impl Met {
    /// `names`: of Greta, Remo and whom both know.
    async fn new(world: &World, names: [&str; 3]) -> Self {
        let (greta, remo, henry) =
            (world.person(names[0]).await, world.person(names[1]).await, world.person(names[2]).await);
        for friend in [&greta, &remo] {
            henry.befriend(friend).await;
        }
        let (group, _) = henry.gather("hikers", &[&greta, &remo]).await;
        greta.greet(group, &remo, "nice hat on the hike").await;
        for who in [&greta, &remo] {
            let leave = LeaveGroupRequest { conversation_id: group, do_not_add_again: false };
            who.groups().leave_group(leave).await.expect("left");
        }
        let greeting = remo.greeted().await.first().expect("a greeting").greeting_id;
        let chat = remo.reply_to_greeting(greeting, "thank you").await.conversation_id;
        Self { greta, remo, chat, greeting }
    }

    async fn accept(&self) {
        let accept = AcceptGreetingRequest { greeting_id: self.greeting };
        let friend = self.remo.greetings().accept_greeting(accept).await.expect("friends").friend;
        assert_eq!(friend.expect("a friend").conversation_id, self.chat);
    }
}

/// What somebody is told, in which the other must not be found.
struct Ear<'a> {
    who: &'a Person,
    other: &'a Person,
    leaks: Vec<String>,
}

impl<'a> Ear<'a> {
    fn new(who: &'a Person, other: &'a Person) -> Self {
        Self { who, other, leaks: Vec::new() }
    }

    fn hear(&mut self, what: &str, bytes: &[u8]) {
        let id = self.other.account_id;
        let mut varint = Vec::new();
        prost::encoding::encode_varint(id, &mut varint);
        let forms = [
            id.to_be_bytes().to_vec(),
            id.to_le_bytes().to_vec(),
            varint,
            id.to_string().into_bytes(),
            self.other.username.clone().into_bytes(),
        ];
        if forms.iter().any(|form| bytes.windows(form.len()).any(|part| part == form)) {
            self.leaks.push(format!("{} hears of {} by {what}", self.who.name, self.other.name));
        }
    }

    async fn ask(&mut self, method: &MethodInfo, request: &impl Message) {
        match self.who.call_bytes(method, request.encode_to_vec().into()).await {
            Ok(answer) => self.hear(method.name(), &answer),
            Err(error) => self.hear(method.name(), format!("{error:?}").as_bytes()),
        }
    }

    /// All that a stream tells up to an entry of the chat.
    async fn listen(&mut self, follow: &mut Follow, chat: u64, seq: u64) {
        loop {
            let event = follow.step().await.expect("an event");
            self.hear("Follow", &event.encode_to_vec());
            match event.event {
                Some(Event::Entry(entry)) if (entry.conversation_id, entry.seq) == (chat, seq) => return,
                Some(Event::CaughtUp(_)) if seq == 0 => return,
                _ => {}
            }
        }
    }

    /// All that there is to ask about the chat.
    async fn ask_all(&mut self, chat: u64, seq: u64) {
        self.ask(&CHAT_GET_CONVERSATION, &GetConversationRequest { conversation_id: chat }).await;
        self.ask(&CHAT_LIST_CONVERSATIONS, &ListConversationsRequest::default()).await;
        self.ask(&CHAT_LIST_ENTRIES, &ListEntriesRequest { conversation_id: chat, ..Default::default() })
            .await;
        self.ask(&CHAT_GET_RECEIPTS, &GetReceiptsRequest { conversation_id: chat, seq }).await;
        self.ask(&CHAT_LIST_PINS, &ListPinsRequest { conversation_id: chat }).await;
        let typing = SendTypingRequest { conversation_id: chat, kind: TypingKind::Typing.into() };
        self.ask(&CHAT_SEND_TYPING, &typing).await;
        let react = SetReactionRequest { conversation_id: chat, seq, emoji: "😀".to_owned(), on: true };
        self.ask(&CHAT_SET_REACTION, &react).await;
        self.ask(&CHAT_RECALL_MESSAGE, &RecallMessageRequest { conversation_id: chat, seq }).await;
        self.ask(&GREETINGS_LIST_TEMPORARY_CHATS, &ListTemporaryChatsRequest::default()).await;
        let mention = teahouse_proto::chat::Mention {
            account_id: self.other.account_id ^ 1,
            offset: 0,
            length: 1,
            all: false,
        };
        let guess = Text { mentions: vec![mention], ..text("@") };
        self.ask(&CHAT_SEND_MESSAGE, &message(chat, [7; 16], guess)).await;
    }
}

/// Lets two strangers talk and part; gives all by which one hears who the other is.
pub(crate) async fn leaks(world: &World) -> Vec<String> {
    let met = Met::new(world, ["greta", "remo", "henry"]).await;
    let Met { greta, remo, chat, .. } = &met;
    let mut ears = [Ear::new(greta, remo), Ear::new(remo, greta)];
    let mut streams = [greta.follow().await, remo.follow().await];
    let voice = greta.upload(MediaKind::Voice, "", &wav(1)).await;
    greta.say_any(*chat, Content::Voice(Voice { media: Some(voice), ..Voice::default() })).await;
    let picture = remo.upload(MediaKind::Picture, "", &png(32, 32, 1)).await;
    let album = Pictures { pictures: vec![picture], caption: "the hat".to_owned() };
    let album = remo.say_any(*chat, Content::Pictures(album)).await;
    greta.try_send(*chat, Text { quote_seq: album, ..text("that one") }).await.expect("sent");
    greta.read(*chat, album).await;
    let last = remo.say(*chat, "no, this one").await;
    for (ear, stream) in ears.iter_mut().zip(&mut streams) {
        ear.listen(stream, *chat, last).await;
        ear.ask_all(*chat, last).await;
        let phone = ear.who.sign_in("phone").await;
        ear.listen(&mut phone.follow_from(Bytes::new()).await, *chat, 0).await;
    }
    let leave = LeaveTemporaryChatRequest { conversation_id: *chat };
    greta.greetings().leave_temporary_chat(leave).await.expect("left");
    let [hers, his] = &mut ears;
    his.ask_all(*chat, last).await;
    hers.ask_all(*chat, last).await;
    // A change by his recall, if he may still, then the end.
    let end = remo.conversation(*chat).await.head_seq;
    his.listen(&mut streams[1], *chat, end).await;
    ears.into_iter().flat_map(|ear| ear.leaks).collect()
}

#[tokio::test]
async fn nothing_tells_a_stranger_who_the_other_is() {
    over_all_transports(async |world| {
        let leaks = leaks(world).await;
        assert!(leaks.is_empty(), "{leaks:#?}");
    })
    .await;
}

fn by(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.author_account_id).collect()
}

#[tokio::test]
async fn strangers_talk_and_become_friends_in_the_same_conversation() {
    over_all_transports(async |world| {
        let met = Met::new(world, ["greta", "remo", "henry"]).await;
        let Met { greta, remo, chat, .. } = &met;
        let before = greta.conversation(*chat).await;
        assert_eq!((before.kind(), before.head_seq, before.unread), (ConversationKind::Temporary, 2, 1));
        let held = greta.try_entries(*chat).await.expect("hers");
        let (own, peer) = (before.own_author_id, before.peer_author_id);
        assert_eq!(by(&held), [own, peer]);
        let mut follow = greta.follow().await;
        let said = remo.say(*chat, "are you Greta of the choir?").await;
        let heard = follow.entry().await;
        assert_eq!((heard.seq, heard.author_account_id), (said, peer));
        let edited = SetReactionRequest { conversation_id: *chat, seq: said, emoji: "😀".into(), on: true };
        assert_eq!(reason(greta.chat().set_reaction(edited.clone()).await), "KIND_NOT_ALLOWED");

        met.accept().await;
        let noted = follow.entry().await;
        let Some(entry::Content::Notice(notice)) = noted.content else { panic!("{noted:?}") };
        assert!(matches!(notice.kind, Some(notice::Kind::BecameFriends(_))));
        let after = greta.conversation(*chat).await;
        assert_eq!((after.kind(), after.peer_account_id), (ConversationKind::Direct, remo.account_id));
        assert_eq!((after.own_author_id, after.peer_author_id), (own, peer));
        let accounts: Vec<u64> = by(&greta.try_entries(*chat).await.expect("hers"));
        let mapped = |author: u64| if author == own { greta.account_id } else { remo.account_id };
        assert_eq!(accounts[..2], by(&held).into_iter().map(mapped).collect::<Vec<_>>());
        assert_eq!(accounts, [greta.account_id, remo.account_id, remo.account_id, 0]);
        greta.chat().set_reaction(edited).await.expect("among friends");
        assert_eq!(remo.try_say_to(greta, "hello friend").await.expect("sent").conversation_id, *chat);
    })
    .await;
}

/// The temporary chats of somebody: conversation, and whether it is over.
async fn chats(who: &Person) -> Vec<(u64, bool)> {
    who.temporary_chats().await.iter().map(|chat| (chat.conversation_id, chat.ended)).collect()
}

#[tokio::test]
async fn a_chat_ends_by_itself_by_leaving_and_by_a_block() {
    over_all_transports(async |world| {
        let left = Met::new(world, ["greta", "remo", "henry"]).await;
        let mut follow = left.remo.follow().await;
        let leave = LeaveTemporaryChatRequest { conversation_id: left.chat };
        left.greta.greetings().leave_temporary_chat(leave).await.expect("left");
        let noted = follow.step().await.expect("an event");
        let Some(Event::Entry(entry)) = noted.event else { panic!("{noted:?}") };
        let Some(entry::Content::Notice(notice)) = entry.content else { panic!("{entry:?}") };
        assert!(noted.silent && matches!(notice.kind, Some(notice::Kind::TemporaryChatEnded(_))));

        let blocked = Met::new(world, ["gwen", "rufus", "hilda"]).await;
        let mut follow = blocked.greta.follow().await;
        let who = Some(block_stranger_request::Who::ConversationId(blocked.chat));
        blocked.greta.greetings().block_stranger(BlockStrangerRequest { who }).await.expect("blocked");
        let is_left = |event: &Event| match event {
            Event::Account(event) => match &event.what {
                Some(What::ConversationLeft(left)) => Some(left.conversation_id),
                _ => None,
            },
            _ => None,
        };
        assert_eq!(follow.until(is_left).await, blocked.chat);

        let late = Met::new(world, ["grace", "roland", "harold"]).await;
        for met in [&left, &blocked] {
            assert_eq!(reason(met.remo.try_send(met.chat, text("hello?")).await), "CHAT_ENDED");
            assert_eq!(reason(met.greta.try_send(met.chat, text("x")).await), "CONVERSATION_NOT_FOUND");
            assert_eq!((chats(&met.greta).await, chats(&met.remo).await), (vec![], vec![(met.chat, true)]));
            let seen = met.remo.try_entries(met.chat).await.expect("his to read");
            assert_eq!(seen.len(), 3, "looks the same");
        }
        assert_eq!(chats(&late.greta).await, [(late.chat, false)]);
        world.advance(DAY * 7);
        assert_eq!(chats(&late.greta).await, [(late.chat, true)]);
        for who in [&late.greta, &late.remo] {
            assert_eq!(reason(who.try_send(late.chat, text("hello?")).await), "CHAT_ENDED");
            assert_eq!(who.try_entries(late.chat).await.expect("theirs to read").len(), 2);
        }
    })
    .await;
}
