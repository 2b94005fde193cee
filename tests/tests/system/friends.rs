//! Finding each other, asking, parting, blocking.

use std::time::Duration;
use teahouse_proto::accounts::{AddWays, UpdateSettingsRequest};
use teahouse_proto::contacts::send_request_response::Outcome;
use teahouse_proto::contacts::{
    FriendRequest, ListFriendsRequest, ListSentRequestsRequest, ListTagsRequest, RenameTagRequest,
    ReplyToRequestRequest, SearchRequest, SendRequestRequest, TagList, UpdateFriendRequest,
};
use teahouse_proto::sync::account_event::What;
use teahouse_proto::sync::follow_response::Event;
use teahouse_tests::device::Device;
use teahouse_tests::verbs::reason;
use teahouse_tests::world::over_all_transports;

const DAY: Duration = Duration::from_secs(86_400);

fn texts(request: &FriendRequest) -> Vec<(bool, &str)> {
    request.texts.iter().map(|t| (t.mine, t.text.as_str())).collect()
}

async fn sent(device: &Device) -> Vec<FriendRequest> {
    let list = device.contacts().list_sent_requests(ListSentRequestsRequest::default()).await;
    list.expect("a list").requests
}

#[tokio::test]
async fn asking_and_accepting_makes_friends_of_two() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let (mut at_anna, mut at_boris) = (anna.follow().await, boris.follow().await);
        assert_eq!(anna.ask(&boris, "from the train").await, Outcome::Sent);
        let What::FriendRequest(asked) = at_boris.account().await else { panic!("no request") };
        assert_eq!(texts(&asked), [(false, "from the train")]);
        assert_eq!(sent(&anna).await.len(), 1);

        let friend = boris.accept(&anna).await;
        assert_eq!((friend.account_id, friend.username.as_str()), (anna.account_id, "anna-tea"));
        for follow in [&mut at_anna, &mut at_boris] {
            let entry = follow.until(|e| if let Event::Entry(e) = e { Some(e.clone()) } else { None }).await;
            assert_eq!(entry.conversation_id, friend.conversation_id);
        }
        assert_eq!(anna.friend(&boris).await.conversation_id, friend.conversation_id);
        assert_eq!(anna.history(friend.conversation_id).await, ["1 — friends"]);
        assert!(sent(&anna).await.is_empty() && boris.requests().await.is_empty());
        assert_eq!(reason(anna.try_ask(&boris, "again").await), "ALREADY_FRIENDS");
    })
    .await;
}

#[tokio::test]
async fn two_who_ask_each_other_are_friends_at_once() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        assert_eq!(anna.ask(&boris, "").await, Outcome::Sent);
        assert_eq!(boris.ask(&anna, "").await, Outcome::Friends);
        assert_eq!(anna.friends().await.len(), 1);
        assert_eq!(boris.friends().await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_ignored_request_looks_like_one_not_seen() {
    over_all_transports(async |world| {
        let [anna, boris, clara] =
            [world.person("anna").await, world.person("boris").await, world.person("clara").await];
        anna.ask(&boris, "hello").await;
        anna.ask(&clara, "hello").await;
        boris.ignore(&anna).await;
        assert!(boris.requests().await.is_empty());
        let seen = sent(&anna).await;
        let of = |name: &str| {
            let found = seen.iter().find(|r| r.card.as_ref().is_some_and(|c| c.display_name == name));
            let found = found.expect("a request").clone();
            FriendRequest { request_id: 0, card: None, username: String::new(), ..found }
        };
        let (ignored, unseen) = (of("boris"), of("clara"));
        assert_eq!(texts(&ignored), texts(&unseen));
        assert_eq!(ignored.expires_at_ms - ignored.sent_at_ms, unseen.expires_at_ms - unseen.sent_at_ms);
        assert_eq!(anna.ask(&boris, "hello again").await, Outcome::Sent);
        world.advance(8 * DAY);
        assert!(sent(&anna).await.is_empty() && clara.requests().await.is_empty(), "a request lives 7 days");
    })
    .await;
}

#[tokio::test]
async fn a_request_may_be_talked_about() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let mut at_anna = anna.follow().await;
        anna.ask(&boris, "hi").await;
        let request_id = boris.request_of(&anna).await.expect("a request").request_id;
        let early =
            ReplyToRequestRequest { request_id: sent(&anna).await[0].request_id, text: "please".into() };
        assert_eq!(reason(anna.contacts().reply_to_request(early).await), "TOO_MANY_REPLIES");
        let reply = ReplyToRequestRequest { request_id, text: "who are you?".to_owned() };
        let answer = boris.contacts().reply_to_request(reply).await.expect("a reply");
        assert_eq!(texts(&answer.request.expect("a request")), [(false, "hi"), (true, "who are you?")]);
        let What::FriendRequest(told) = at_anna.account().await else { panic!("no reply") };
        assert_eq!(texts(&told), [(true, "hi"), (false, "who are you?")]);
        let back = ReplyToRequestRequest { request_id: told.request_id, text: "from the train".to_owned() };
        anna.contacts().reply_to_request(back).await.expect("a reply");
        let seen = boris.request_of(&anna).await.expect("a request");
        assert_eq!(texts(&seen), [(false, "hi"), (true, "who are you?"), (false, "from the train")]);
        boris.accept(&anna).await;
    })
    .await;
}

#[tokio::test]
async fn a_closed_way_looks_like_nobody() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let search = |name: &str| SearchRequest { username: name.to_owned() };
        assert_eq!(boris.find(&anna).await.card.expect("a card").display_name, "anna");
        let closed = UpdateSettingsRequest {
            add_ways: Some(AddWays { by_qr: true, ..AddWays::default() }),
            ..Default::default()
        };
        anna.accounts().update_settings(closed).await.expect("changed");
        let closed = boris.contacts().search(search("anna-tea")).await.expect_err("closed");
        let nobody = boris.contacts().search(search("nobody-at-all")).await.expect_err("nobody");
        assert_eq!(closed.to_failure(), nobody.to_failure());
        assert_eq!(nobody.reason(), "PERSON_NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn who_needs_no_request_is_a_friend_at_once() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let open = UpdateSettingsRequest { friends_must_request: Some(false), ..Default::default() };
        anna.accounts().update_settings(open).await.expect("changed");
        assert_eq!(boris.ask(&anna, "hello").await, Outcome::Friends);
        assert_eq!(anna.friends().await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_ticket_is_for_its_asker_and_for_a_day() {
    over_all_transports(async |world| {
        let [anna, boris, clara] =
            [world.person("anna").await, world.person("boris").await, world.person("clara").await];
        let ticket = boris.find(&anna).await.ticket;
        let with = |ticket: bytes::Bytes| SendRequestRequest { ticket, text: String::new() };
        assert_eq!(reason(clara.contacts().send_request(with(ticket.clone())).await), "TICKET_INVALID");
        world.advance(DAY + Duration::from_secs(1));
        assert_eq!(reason(boris.contacts().send_request(with(ticket)).await), "TICKET_INVALID");
        assert!(anna.requests().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn friends_have_remarks_tags_and_stars() {
    over_all_transports(async |world| {
        let [anna, boris, clara] =
            [world.person("anna").await, world.person("boris").await, world.person("clara").await];
        anna.befriend(&boris).await;
        anna.befriend(&clara).await;
        let update = |who: u64, tags: &[&str]| UpdateFriendRequest {
            account_id: who,
            remark: Some("the one from the train".to_owned()),
            tags: Some(TagList { tags: tags.iter().map(|t| (*t).to_owned()).collect() }),
            starred: Some(true),
            ..Default::default()
        };
        let phone = anna.sign_in("phone").await;
        let mut at_phone = phone.follow().await;
        anna.contacts().update_friend(update(boris.account_id, &["train", "tea"])).await.expect("changed");
        let What::Friend(told) = at_phone.account().await else { panic!("the other device is not told") };
        assert_eq!((told.remark.as_str(), told.starred), ("the one from the train", true));
        anna.contacts().update_friend(update(clara.account_id, &["tea"])).await.expect("changed");
        let tagged = ListFriendsRequest { tag: "train".to_owned(), ..Default::default() };
        let tagged = anna.contacts().list_friends(tagged).await.expect("a list").friends;
        assert_eq!(tagged.iter().map(|f| f.account_id).collect::<Vec<_>>(), [boris.account_id]);

        let rename = RenameTagRequest { name: "tea".to_owned(), new_name: "oolong".to_owned() };
        anna.contacts().rename_tag(rename.clone()).await.expect("renamed");
        assert_eq!(reason(anna.contacts().rename_tag(rename).await), "TAG_NOT_FOUND");
        let tags = anna.contacts().list_tags(ListTagsRequest {}).await.expect("a list").tags;
        let mut tags: Vec<_> = tags.into_iter().map(|t| (t.name, t.friends)).collect();
        tags.sort();
        assert_eq!(tags, [("oolong".to_owned(), 2), ("train".to_owned(), 1)]);
        assert!(boris.friend(&anna).await.remark.is_empty(), "a remark is one's own");
    })
    .await;
}

#[tokio::test]
async fn deleting_is_one_way_and_silent() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let chat = anna.befriend(&boris).await;
        boris.say(chat, "hello").await;
        let mut at_boris = boris.follow().await;
        anna.unfriend(&boris).await;

        assert!(anna.friends().await.is_empty());
        assert_eq!(reason(anna.try_entries(chat).await), "CONVERSATION_NOT_FOUND");
        assert_eq!(boris.friends().await.len(), 1, "the other keeps theirs");
        assert_eq!(boris.history(chat).await, ["1 — friends", "2 boris: hello"]);
        boris.say(boris.self_conversation, "a marker").await;
        assert_eq!(
            at_boris.entry().await.conversation_id,
            boris.self_conversation,
            "nothing was told before"
        );
        assert_eq!(reason(boris.try_say_to(&anna, "are you there?").await), "NOT_FRIENDS");
        assert_eq!(boris.history(chat).await.len(), 2, "refused is not stored");

        // Adding somebody again who still has me makes us friends at once; the same conversation goes on.
        assert_eq!(anna.ask(&boris, "sorry").await, Outcome::Friends);
        assert_eq!(anna.friend(&boris).await.conversation_id, chat);
        assert_eq!(boris.say(chat, "here again").await, 3);
        assert_eq!(anna.history(chat).await, ["3 boris: here again"]);
        assert_eq!(boris.history(chat).await.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_block_works_both_ways_and_ends_as_it_began() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let chat = anna.befriend(&boris).await;
        boris.say(chat, "hello").await;
        let mut at_boris = boris.follow().await;
        anna.block(&boris).await;
        assert_eq!(reason(boris.try_say_to(&anna, "are you there?").await), "NOT_FRIENDS");
        assert_eq!(reason(anna.try_say_to(&boris, "no").await), "NOT_FRIENDS");
        assert_eq!(boris.ask(&anna, "please").await, Outcome::Sent);
        assert!(anna.requests().await.is_empty());
        assert_eq!(boris.find(&anna).await.card.expect("a card").display_name, "anna");

        anna.unblock(&boris).await;
        boris.say(boris.self_conversation, "a marker").await;
        assert_eq!(
            at_boris.entry().await.conversation_id,
            boris.self_conversation,
            "nothing was told before"
        );
        assert_eq!(anna.say(chat, "I am back").await, 3);
        assert_eq!(anna.history(chat).await, boris.history(chat).await);
    })
    .await;
}

#[tokio::test]
async fn a_blocked_stranger_asks_into_the_void() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        anna.block_stranger(&boris).await;
        assert_eq!(boris.ask(&anna, "hello").await, Outcome::Sent);
        assert_eq!(boris.ask(&anna, "hello?").await, Outcome::Sent);
        assert!(anna.requests().await.is_empty());
        anna.unblock(&boris).await;
        assert_eq!(boris.ask(&anna, "hello!").await, Outcome::Sent);
        assert_eq!(texts(&anna.request_of(&boris).await.expect("a request")), [(false, "hello!")]);
    })
    .await;
}
