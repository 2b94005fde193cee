//! What is one's own of a conversation, what rings, and what friends see of each other at the moment: read receipts,
//! typing, presence. And that nobody can tell from any of it whether they were deleted, blocked, or only shut out by a
//! switch.

use bytes::Bytes;
use prost::Message;
use teahouse_proto::accounts::{
    DoNotDisturb, PresenceAudience, UpdateNotificationsRequest, UpdateSettingsRequest,
};
use teahouse_proto::chat::{
    GetConversationRequest, GetReceiptsRequest, Mention, SendTypingRequest, SetDraftRequest, Text,
    TypingKind, UpdateConversationRequest,
};
use teahouse_proto::presence::{GetPresenceRequest, Presence};
use teahouse_proto::sync::account_event::What;
use teahouse_proto::sync::follow_response::Event;
use teahouse_proto::sync::{FollowResponse, Receipt, Typing};
use teahouse_proto::{
    CHAT_GET_CONVERSATION, CHAT_GET_RECEIPTS, CHAT_SEND_TYPING, MethodInfo, PRESENCE_GET_PRESENCE,
    PresenceClient,
};
use teahouse_server::time::Clock;
use teahouse_tests::device::Device;
use teahouse_tests::follow::Follow;
use teahouse_tests::person::Person;
use teahouse_tests::plain::Plain;
use teahouse_tests::verbs::{reason, text};
use teahouse_tests::world::over_all_transports;

/// Minutes of a day.
const DAY: u32 = 24 * 60;

/// Lets friends see everything, or nothing.
async fn let_see(who: &Person, on: bool) {
    let mut request = UpdateSettingsRequest { read_receipts: Some(on), ..Default::default() };
    request.set_presence(if on { PresenceAudience::Friends } else { PresenceAudience::Nobody });
    who.accounts().update_settings(request).await.expect("set");
}

async fn typing(who: &Device, conversation_id: u64) {
    let kind = TypingKind::Typing.into();
    who.chat().send_typing(SendTypingRequest { conversation_id, kind }).await.expect("told");
}

/// Whether the next entry rings, and what it says.
async fn rings(follow: &mut Follow) -> bool {
    loop {
        let event = follow.step().await.expect("an event");
        if let Some(Event::Entry(_)) = event.event {
            return !event.silent;
        }
    }
}

async fn sees(who: &Person, account_ids: &[u64]) -> Vec<(u64, bool)> {
    let request = GetPresenceRequest { account_ids: account_ids.to_vec() };
    let answer = PresenceClient(who.device.clone()).get_presence(request).await.expect("answered");
    answer.presence.iter().map(|p| (p.account_id, p.online)).collect()
}

#[tokio::test]
async fn options_reach_ones_own_devices_alone() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let chat = anna.befriend(&boris).await;
        let mut at_phone = anna.sign_in("phone").await.follow().await;
        let mut at_boris = boris.follow().await;
        let request = UpdateConversationRequest {
            conversation_id: chat,
            muted: Some(true),
            pinned: Some(true),
            hidden: Some(true),
            marked_unread: Some(true),
        };
        anna.chat().update_conversation(request).await.expect("set");
        let What::ConversationChanged(told) = at_phone.account().await else { panic!("not told") };
        assert!(told.muted && told.pinned && told.hidden && told.marked_unread, "{told:?}");
        assert!(!anna.conversations().await.iter().any(|c| c.conversation_id == chat));
        let draft = SetDraftRequest { conversation_id: chat, text: "I wanted to".to_owned(), quote_seq: 0 };
        anna.chat().set_draft(draft).await.expect("kept");
        let What::ConversationChanged(told) = at_phone.account().await else { panic!("not told") };
        assert_eq!(told.draft.expect("a draft").text, "I wanted to");

        boris.say(chat, "are you there?").await;
        assert_eq!(at_boris.entry().await.seq, 2, "and nothing before it");
        assert_eq!(anna.conversations().await[0].conversation_id, chat);
        let hers = anna.conversation(chat).await;
        assert!(hers.muted && hers.pinned && !hers.hidden && hers.draft.is_some(), "{hers:?}");
        let his = boris.conversation(chat).await;
        assert!(!his.muted && !his.pinned && his.draft.is_none(), "{his:?}");
    })
    .await;
}

#[tokio::test]
async fn what_should_not_ring_arrives_marked_silent() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let chat = anna.befriend(&boris).await;
        let mut at_anna = anna.follow().await;
        boris.say(chat, "rings").await;
        assert!(rings(&mut at_anna).await);
        let mute =
            UpdateConversationRequest { conversation_id: chat, muted: Some(true), ..Default::default() };
        anna.chat().update_conversation(mute).await.expect("muted");
        boris.say(chat, "does not").await;
        assert!(!rings(&mut at_anna).await);
        let mention = Mention { account_id: anna.account_id, offset: 0, length: 5, all: false };
        let named = Text { mentions: vec![mention], ..text("@anna rings") };
        boris.try_send(chat, named.clone()).await.expect("sent");
        assert!(rings(&mut at_anna).await);
        anna.sign_in("phone").await.say(anna.self_conversation, "my own").await;
        assert!(!rings(&mut at_anna).await);

        // All day but the minute before this one.
        let minute =
            u32::try_from(Clock::system().now().as_ms() / 60_000 % i64::from(DAY)).expect("a minute");
        let to_minute = (minute + DAY - 1) % DAY;
        let span =
            DoNotDisturb { enabled: true, from_minute: minute, to_minute, time_zone: "UTC".to_owned() };
        let quiet = UpdateNotificationsRequest { do_not_disturb: Some(span.clone()), ..Default::default() };
        anna.accounts().update_notifications(quiet).await.expect("set");
        boris.try_send(chat, named).await.expect("sent");
        assert!(!rings(&mut at_anna).await, "not even a mention");
        let nowhere = DoNotDisturb { time_zone: "Europe/Atlantis".to_owned(), ..span };
        let request = UpdateNotificationsRequest { do_not_disturb: Some(nowhere), ..Default::default() };
        assert_eq!(reason(anna.accounts().update_notifications(request).await), "TIME_ZONE_INVALID");
    })
    .await;
}

#[tokio::test]
async fn friends_who_let_it_be_seen_see_each_other_type_read_come_and_go() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let chat = anna.befriend(&boris).await;
        for who in [&anna, &boris] {
            let_see(who, true).await;
        }
        let mut at_anna = anna.follow().await;
        let at_boris = boris.follow().await;
        let here = at_anna
            .until(|event| match event {
                Event::Presence(presence) => Some(*presence),
                _ => None,
            })
            .await;
        assert!(here.account_id == boris.account_id && here.online);
        assert_eq!(sees(&boris, &[anna.account_id, 7]).await, [(anna.account_id, true)]);

        typing(&boris, chat).await;
        let event = at_anna.step().await.expect("an event");
        let expected = Typing { conversation_id: chat, account_id: boris.account_id, kind: 1 };
        assert_eq!(event, FollowResponse { event: Some(Event::Typing(expected)), ..Default::default() });
        let seq = anna.say(chat, "hello").await;
        at_anna.entry().await;
        boris.read(chat, seq).await;
        let event = at_anna.step().await.expect("an event");
        let expected = Receipt { conversation_id: chat, account_id: boris.account_id, read_seq: seq };
        assert_eq!(event, FollowResponse { event: Some(Event::Receipt(expected)), ..Default::default() });
        assert_eq!(anna.conversation(chat).await.peer_read_seq, seq);

        let_see(&boris, false).await;
        let Event::Presence(gone) = at_anna.next().await else { panic!("not told") };
        assert!(gone.account_id == boris.account_id && !gone.online);
        assert_eq!(anna.conversation(chat).await.peer_read_seq, 0);
        assert_eq!(
            (sees(&anna, &[boris.account_id]).await, sees(&boris, &[anna.account_id]).await),
            (vec![], vec![])
        );
        drop(at_boris);
    })
    .await;
}

/// Everything that Vera sees of somebody, in a form in which it can be compared.
async fn seen(vera: &Person, other: &Person, chat: u64) -> Vec<String> {
    let kind = TypingKind::Typing.into();
    let questions: [(&MethodInfo, Bytes); 4] = [
        (&CHAT_GET_CONVERSATION, encode(&GetConversationRequest { conversation_id: chat })),
        (&CHAT_GET_RECEIPTS, encode(&GetReceiptsRequest { conversation_id: chat, ..Default::default() })),
        (&CHAT_SEND_TYPING, encode(&SendTypingRequest { conversation_id: chat, kind })),
        (&PRESENCE_GET_PRESENCE, encode(&GetPresenceRequest { account_ids: vec![other.account_id, 77] })),
    ];
    let (mut plain, mut seen) = (Plain::default(), Vec::new());
    for (method, question) in questions {
        let answer = vera.call_bytes(method, question).await;
        seen.push(match answer {
            Ok(answer) => format!("{}: {}", method.name(), plain.bytes(method.response, &answer)),
            Err(error) => format!("{}: {error:?}", method.name()),
        });
    }
    seen
}

fn encode(message: &impl Message) -> Bytes {
    message.encode_to_vec().into()
}

/// What Vera's device hears of somebody until she writes a note to herself.
async fn heard(vera: &Person, at_vera: &mut Follow, of: &Person) -> Vec<String> {
    let note = vera.say(vera.self_conversation, "up to here").await;
    let mut heard = Vec::new();
    loop {
        match at_vera.next().await {
            Event::Entry(entry) if entry.conversation_id == vera.self_conversation && entry.seq == note => {
                return heard;
            }
            Event::Presence(Presence { account_id, online, .. }) if account_id == of.account_id => {
                heard.push(format!("online: {online}"));
            }
            Event::Account(_) => {}
            other => heard.push(format!("{other:?}")),
        }
    }
}

#[tokio::test]
async fn deleted_blocked_and_shut_out_by_a_switch_look_alike() {
    over_all_transports(async |world| {
        let vera = world.person("vera").await;
        let_see(&vera, true).await;
        let mut at_vera = vera.follow().await;
        let mut all = Vec::new();
        for way in ["switch", "delete", "block"] {
            let other = world.person(&format!("other-{way}")).await;
            let chat = vera.befriend(&other).await;
            let_see(&other, true).await;
            let device = other.follow().await;
            at_vera.until(|event| matches!(event, Event::Presence(p) if p.online).then_some(())).await;
            other.read(chat, vera.say(chat, "hello").await).await;
            at_vera.until(|event| matches!(event, Event::Receipt(_)).then_some(())).await;
            assert_eq!(vera.conversation(chat).await.peer_read_seq, 2);
            match way {
                "switch" => let_see(&other, false).await,
                "delete" => other.unfriend(&vera).await,
                _ => drop(other.block(&vera).await),
            }
            let seen_at_once = seen(&vera, &other, chat).await;
            at_vera.until(|event| matches!(event, Event::Presence(p) if !p.online).then_some(())).await;
            drop(device);
            let told = heard(&vera, &mut at_vera, &other).await;
            all.push((seen_at_once, seen(&vera, &other, chat).await, told));
        }
        assert_eq!(all[0], all[1], "deleted");
        assert_eq!(all[0], all[2], "blocked");
    })
    .await;
}
