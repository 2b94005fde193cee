//! Friends, their remarks and tags, deleting and adding again, and the limit of their number.

use super::*;

fn change(other: AccountId) -> UpdateFriendRequest {
    UpdateFriendRequest { account_id: other.0, ..Default::default() }
}

fn tagged(other: AccountId, tags: &[&str]) -> UpdateFriendRequest {
    let tags = tags.iter().map(|&tag| tag.to_owned()).collect();
    UpdateFriendRequest { tags: Some(TagList { tags }), ..change(other) }
}

async fn tags(w: &World, me: AccountId) -> Vec<(String, u32)> {
    let tags = w.contacts.list_tags(&w.cx(me), ListTagsRequest {}).await.unwrap().tags;
    tags.into_iter().map(|tag| (tag.name, tag.friends)).collect()
}

async fn rename(w: &World, me: AccountId, name: &str, new_name: &str) -> Result<()> {
    let request = RenameTagRequest { name: name.to_owned(), new_name: new_name.to_owned() };
    w.contacts.rename_tag(&w.cx(me), request).await.map(drop)
}

#[tokio::test]
async fn what_is_noted_of_a_friend_is_ones_own() {
    let w = world().await;
    w.befriend(ANNA, BORIS).await;
    let (seen_a, seen_b) = (w.seen(ANNA).await, w.seen(BORIS).await);
    let privacy = FriendPrivacy { chat_only: true, hide_my_moments: false, hide_their_moments: true };
    let request = UpdateFriendRequest {
        remark: Some(" Bo ".to_owned()),
        starred: Some(true),
        privacy: Some(privacy),
        ..tagged(BORIS, &["work", "chess", "work"])
    };
    let friend = w.update(ANNA, request.clone()).await.unwrap();
    assert_eq!((friend.remark.as_str(), friend.starred, friend.privacy), ("Bo", true, Some(privacy)));
    assert_eq!(friend.tags, ["work", "chess"]);
    assert_eq!(w.friend(ANNA, BORIS).await.unwrap(), friend);
    assert_eq!(w.events(ANNA, seen_a).await, [What::Friend(friend.clone())]);
    assert_eq!(w.update(ANNA, request).await.unwrap(), friend);
    assert_eq!(w.update(ANNA, change(BORIS)).await.unwrap(), friend);
    assert_eq!(w.seen(ANNA).await, seen_a + 1, "no change, no event");
    let theirs = w.friend(BORIS, ANNA).await.unwrap();
    assert_eq!((theirs.remark.as_str(), theirs.tags.len(), theirs.starred), ("", 0, false));
    assert_eq!(w.seen(BORIS).await, seen_b, "and they are told nothing");
    let cleared = UpdateFriendRequest { remark: Some(String::new()), ..tagged(BORIS, &[]) };
    let friend = w.update(ANNA, cleared).await.unwrap();
    assert!(friend.remark.is_empty() && friend.tags.is_empty() && friend.starred);
}

#[tokio::test]
async fn bad_notes_change_nothing() {
    let w = world().await;
    w.befriend(ANNA, BORIS).await;
    let before = w.friend(ANNA, BORIS).await.unwrap();
    let bad_remark = UpdateFriendRequest { remark: Some("a".repeat(33)), ..tagged(BORIS, &["ok"]) };
    assert_eq!(reason(w.update(ANNA, bad_remark).await), "REMARK_INVALID");
    assert_eq!(reason(w.update(ANNA, tagged(BORIS, &["ok", ""])).await), "TAG_INVALID");
    let many: Vec<String> = (0..21).map(|i| i.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(reason(w.update(ANNA, tagged(BORIS, &many)).await), "TOO_MANY_TAGS");
    assert_eq!(reason(w.update(ANNA, change(CLARA)).await), "FRIEND_NOT_FOUND");
    assert_eq!(w.friend(ANNA, BORIS).await.unwrap(), before);
    assert!(tags(&w, ANNA).await.is_empty());
}

#[tokio::test]
async fn tags_are_counted_renamed_and_removed() {
    let config = ContactsConfig { max_tags: 3, ..Default::default() };
    let w = world_of(&["anna_k", "boris_p", "clara_m"], config).await;
    w.befriend(ANNA, BORIS).await;
    w.befriend(ANNA, CLARA).await;
    w.update(ANNA, tagged(BORIS, &["work", "chess"])).await.unwrap();
    w.update(ANNA, tagged(CLARA, &["work", "school"])).await.unwrap();
    let counted = |tags: &[(&str, u32)]| tags.iter().map(|(t, n)| (t.to_string(), *n)).collect::<Vec<_>>();
    assert_eq!(tags(&w, ANNA).await, counted(&[("chess", 1), ("school", 1), ("work", 2)]));
    assert_eq!(reason(w.update(ANNA, tagged(CLARA, &["work", "school", "x"])).await), "TOO_MANY_TAGS");
    assert!(tags(&w, BORIS).await.is_empty());

    let seen = w.seen(ANNA).await;
    rename(&w, ANNA, "work", " office ").await.unwrap();
    assert_eq!(w.friend(ANNA, BORIS).await.unwrap().tags, ["office", "chess"]);
    assert_eq!(reason(rename(&w, ANNA, "work", "x").await), "TAG_NOT_FOUND");
    assert_eq!(reason(rename(&w, BORIS, "office", "x").await), "TAG_NOT_FOUND");
    assert_eq!(reason(rename(&w, ANNA, "office", "chess").await), "TAG_INVALID");
    assert_eq!(reason(rename(&w, ANNA, "office", "\u{7}").await), "TAG_INVALID");
    rename(&w, ANNA, "office", "office").await.unwrap();
    assert_eq!(w.seen(ANNA).await, seen + 1, "one event, however many friends");

    rename(&w, ANNA, "office", "").await.unwrap();
    assert_eq!(tags(&w, ANNA).await, counted(&[("chess", 1), ("school", 1)]));
    assert_eq!(w.friend(ANNA, CLARA).await.unwrap().tags, ["school"]);
    w.update(ANNA, tagged(CLARA, &["office"])).await.unwrap();
    assert_eq!(w.friend(ANNA, BORIS).await.unwrap().tags, ["chess"], "a new tag of an old name is another");
    w.delete(ANNA, BORIS).await.unwrap();
    assert_eq!(tags(&w, ANNA).await, counted(&[("office", 1)]));
}

#[tokio::test]
async fn friends_are_listed_by_page_and_by_tag() {
    let names: Vec<String> = (0..131).map(|i| format!("person_{i:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let config = ContactsConfig { requests_per_day: 1000, ..Default::default() };
    let w = world_of(&names, config).await;
    for other in 2..=131 {
        w.change(AccountId(other), |_, s| s.friends_must_request = false).await;
        assert_eq!(w.ask(ANNA, AccountId(other)).await, Outcome::Friends);
        if other % 10 == 0 {
            w.update(ANNA, tagged(AccountId(other), &["tenth"])).await.unwrap();
        }
    }
    let all = |limit, tag: &str| pages(&w, limit, tag.to_owned());
    let (everybody, sizes) = all(0, "").await;
    assert_eq!(everybody, (2..=131).collect::<Vec<u64>>());
    assert_eq!(sizes, [50, 50, 30]);
    assert_eq!(all(1000, "").await.1, [100, 30], "at most a hundred");
    assert_eq!(all(65, "").await.1, [65, 65], "no empty page behind a full one");
    let (tenths, sizes) = all(4, "tenth").await;
    assert_eq!(tenths, (1..=13).map(|n| n * 10).collect::<Vec<u64>>());
    assert_eq!(sizes, [4, 4, 4, 1]);
    assert_eq!(all(4, "eleventh").await.1, [0]);
}

async fn pages(w: &World, limit: u32, tag: String) -> (Vec<u64>, Vec<usize>) {
    let (mut ids, mut sizes, mut cursor) = (Vec::new(), Vec::new(), bytes::Bytes::new());
    loop {
        let request = ListFriendsRequest { page: Some(PageRequest { limit, cursor }), tag: tag.clone() };
        let answer = w.contacts.list_friends(&w.cx(ANNA), request).await.unwrap();
        sizes.push(answer.friends.len());
        ids.extend(answer.friends.iter().map(|f| f.account_id));
        cursor = answer.next;
        if cursor.is_empty() {
            return (ids, sizes);
        }
    }
}

#[tokio::test]
async fn a_page_of_the_longest_friends_fits_into_an_answer() {
    let longest = "👩🏽‍🚀".repeat(32);
    let tag = |i: usize| format!("{}{i:02}", "👩🏽‍🚀".repeat(14));
    let friend = Friend {
        account_id: u64::MAX,
        username: "x".repeat(20),
        card: Some(teahouse_proto::common::PersonCard {
            display_name: longest.clone(),
            gender: 3,
            signature: "👩🏽‍🚀".repeat(60),
            region: longest.clone(),
            avatar: format!("/v1/public/{}", "x".repeat(22)),
        }),
        conversation_id: u64::MAX,
        remark: longest.clone(),
        tags: (0..20).map(tag).collect(),
        starred: true,
        privacy: Some(FriendPrivacy { chat_only: true, hide_my_moments: true, hide_their_moments: true }),
        way: 1,
        friends_since_ms: i64::MAX,
        former_display_name: longest,
    };
    let page = ListFriendsResponse { friends: vec![friend; 100], next: vec![0; 64].into() };
    let size = prost::Message::encoded_len(&page);
    assert!(size < 1_000_000, "{size}");
}

#[tokio::test]
async fn deleting_is_one_sided_and_silent() {
    let w = world().await;
    w.befriend(ANNA, BORIS).await;
    let hers = w.friend(ANNA, BORIS).await.unwrap();
    let his = w.friend(BORIS, ANNA).await.unwrap();
    let (seen_a, seen_b) = (w.seen(ANNA).await, w.seen(BORIS).await);
    w.told.take();
    w.delete(ANNA, BORIS).await.unwrap();
    assert_eq!(w.told.take(), [("deleted", ANNA, BORIS)]);
    let deleted =
        teahouse_proto::sync::FriendDeleted { account_id: BORIS.0, conversation_id: hers.conversation_id };
    assert_eq!(w.events(ANNA, seen_a).await, [What::FriendDeleted(deleted)]);
    assert_eq!(w.seen(BORIS).await, seen_b);
    assert_eq!(w.friends(BORIS).await, [his]);
    assert!(w.friends(ANNA).await.is_empty());
    assert!(!w.may_chat(ANNA, BORIS).await && !w.may_chat(BORIS, ANNA).await);
    assert_eq!(reason(w.friend(ANNA, BORIS).await), "FRIEND_NOT_FOUND");
    assert_eq!(reason(w.delete(ANNA, BORIS).await), "FRIEND_NOT_FOUND");
    w.check().await;
}

#[tokio::test]
async fn who_adds_again_somebody_who_kept_them_is_a_friend_at_once() {
    let mut w = world().await;
    w.befriend(ANNA, BORIS).await;
    let noted = UpdateFriendRequest { remark: Some("Bo".to_owned()), ..tagged(BORIS, &["chess"]) };
    w.update(ANNA, noted).await.unwrap();
    let kept =
        w.update(BORIS, UpdateFriendRequest { remark: Some("An".into()), ..change(ANNA) }).await.unwrap();
    w.delete(ANNA, BORIS).await.unwrap();
    w.told.take();
    let seen = w.seen(BORIS).await;
    w.pass(DAY);
    let answer = w.send(ANNA, BORIS, "sorry").await.unwrap();
    let friend = answer.friend.clone().unwrap();
    assert_eq!(answer.outcome(), Outcome::Friends);
    assert_eq!(w.told.take(), [("again", ANNA, BORIS)]);
    assert_eq!((friend.remark.as_str(), friend.tags.len()), ("", 0), "notes start anew");
    assert_eq!(friend.conversation_id, kept.conversation_id, "the conversation goes on");
    assert_eq!(w.friend(BORIS, ANNA).await.unwrap(), kept, "who kept them noticed nothing");
    assert_eq!(w.seen(BORIS).await, seen);
    assert!(w.may_chat(ANNA, BORIS).await);
    w.check().await;
}

#[tokio::test]
async fn who_was_deleted_asks_like_anybody() {
    let w = world().await;
    w.befriend(ANNA, BORIS).await;
    w.delete(BORIS, ANNA).await.unwrap();
    w.told.take();
    assert_eq!(w.ask(ANNA, BORIS).await, Outcome::Sent);
    let id = w.request(BORIS).await;
    w.accept(BORIS, id).await.unwrap();
    assert_eq!(w.told.take(), [("friends", BORIS, ANNA)]);
    assert!(w.may_chat(ANNA, BORIS).await);
    w.check().await;
}

#[tokio::test]
async fn nobody_has_too_many_friends_or_learns_that_another_has() {
    let config = ContactsConfig { max_friends: 2, ..Default::default() };
    let w = world_of(&["anna_k", "boris_p", "clara_m", "dora_l", "emil_t"], config).await;
    let (dora, emil) = (AccountId(4), AccountId(5));
    w.befriend(ANNA, BORIS).await;
    assert_eq!(w.ask(ANNA, CLARA).await, Outcome::Sent);
    // One friend and one place kept for the request under way: neither asking nor accepting gives a third.
    assert_eq!(reason(w.send(ANNA, dora, "").await), "FRIENDS_FULL");
    assert_eq!(w.ask(ANNA, CLARA).await, Outcome::Sent, "a repetition has its place");
    assert_eq!(w.ask(dora, ANNA).await, Outcome::Sent);
    let from_dora = w.request(ANNA).await;
    assert_eq!(reason(w.accept(ANNA, from_dora).await), "FRIENDS_FULL");
    assert_eq!(w.requests(ANNA).await.len(), 1, "it waits until there is a place");
    w.change(ANNA, |_, s| s.friends_must_request = false).await;
    assert_eq!(w.ask(emil, ANNA).await, Outcome::Sent, "a full list is not told to who asks");
    let from_anna = w.request(CLARA).await;
    w.accept(CLARA, from_anna).await.unwrap();
    w.delete(ANNA, BORIS).await.unwrap();
    w.accept(ANNA, from_dora).await.unwrap();
    assert_eq!(w.friends(ANNA).await.len(), 2);
    // Boris kept Anna; she is full now, but he need not be told and needs no new place of hers.
    assert_eq!(w.ask(BORIS, ANNA).await, Outcome::Sent);
    w.check().await;
}

#[tokio::test]
async fn friends_who_are_connected_hear_of_a_new_name() {
    use crate::features::accounts::AccountHooks;
    let w = world().await;
    w.befriend(ANNA, BORIS).await;
    w.befriend(ANNA, CLARA).await;
    w.delete(BORIS, ANNA).await.unwrap();
    w.befriend(ANNA, BORIS).await;
    let (boris, clara) = (w.seen(BORIS).await, w.seen(CLARA).await);
    let _boris_follows = w.foundation.delivery.connect(BORIS, DeviceId(2));
    w.change(ANNA, |profile, _| profile.display_name = "Anna K.".to_owned()).await;
    w.tx(|tx| crate::features::contacts::Faces.on_new_face(tx, ANNA)).await;
    w.sweep().await;
    let told = w.events(BORIS, boris).await;
    let [What::Friend(friend)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((friend.account_id, &*friend.card.as_ref().unwrap().display_name), (ANNA.0, "Anna K."));
    assert_eq!(w.seen(CLARA).await, clara, "who is away lists friends later");
    w.sweep().await;
    assert_eq!(w.seen(BORIS).await, boris + 1, "once");
    w.delete(BORIS, ANNA).await.unwrap();
    let seen = w.seen(BORIS).await;
    w.tx(|tx| crate::features::contacts::Faces.on_new_face(tx, ANNA)).await;
    w.sweep().await;
    assert_eq!(w.seen(BORIS).await, seen, "who deleted her does not have her");
}
