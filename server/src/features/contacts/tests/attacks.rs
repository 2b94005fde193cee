//! Other people's ids and cursors, in every method that takes one.

use super::*;
use block_request::Who;

#[tokio::test]
async fn other_peoples_requests_do_not_exist() {
    let w = world().await;
    w.ask(ANNA, BORIS).await;
    let id = w.request(BORIS).await;
    // The asker may not decide, a third may do nothing, and both learn what they learn of a number made up.
    for (who, id) in [(ANNA, id), (CLARA, id), (BORIS, id + 1), (BORIS, 0), (BORIS, u64::MAX)] {
        assert_eq!(reason(w.accept(who, id).await), "REQUEST_NOT_FOUND");
        assert_eq!(reason(w.ignore(who, id).await), "REQUEST_NOT_FOUND");
        assert_eq!(reason(w.block_by(who, Who::RequestId(id)).await), "PERSON_NOT_FOUND");
    }
    for (who, id) in [(CLARA, id), (ANNA, id + 1)] {
        assert_eq!(reason(w.reply(who, id, "x").await), "REQUEST_NOT_FOUND");
    }
    assert_eq!(w.request(BORIS).await, id);
    assert!(!w.may_chat(ANNA, BORIS).await);
}

#[tokio::test]
async fn an_account_id_opens_nothing() {
    let w = world().await;
    for other in [BORIS, CLARA, ANNA, AccountId(99), AccountId(0)] {
        assert_eq!(reason(w.friend(ANNA, other).await), "FRIEND_NOT_FOUND");
        assert_eq!(reason(w.delete(ANNA, other).await), "FRIEND_NOT_FOUND");
        let update = UpdateFriendRequest { account_id: other.0, starred: Some(true), ..Default::default() };
        assert_eq!(reason(w.update(ANNA, update).await), "FRIEND_NOT_FOUND");
        assert_eq!(reason(w.block_by(ANNA, Who::AccountId(other.0)).await), "PERSON_NOT_FOUND");
    }
    let nobody = w.contacts.block(&w.cx(ANNA), BlockRequest { who: None }).await;
    assert_eq!(reason(nobody), "PERSON_NOT_FOUND");
    for ticket in [w.ticket(BORIS, CLARA), bytes::Bytes::from_static(b"x"), w.ticket(ANNA, ANNA)] {
        assert_eq!(reason(w.block_by(ANNA, Who::Ticket(ticket)).await), "PERSON_NOT_FOUND");
    }
    let to_nobody = w.ticket(ANNA, AccountId(77));
    assert_eq!(reason(w.block_by(ANNA, Who::Ticket(to_nobody)).await), "PERSON_NOT_FOUND");
    assert!(w.blocked(ANNA).await.is_empty());
}

#[tokio::test]
async fn a_cursor_works_for_its_caller_and_list() {
    let w = world_of(&["anna_k", "boris_p", "clara_m", "dora_l"], ContactsConfig::default()).await;
    for other in [BORIS, CLARA, AccountId(4)] {
        w.befriend(other, ANNA).await;
    }
    let page = |cursor: bytes::Bytes| Some(PageRequest { limit: 2, cursor });
    let request = ListFriendsRequest { page: page(bytes::Bytes::new()), tag: String::new() };
    let first = w.contacts.list_friends(&w.cx(ANNA), request.clone()).await.unwrap();
    assert_eq!((first.friends.len(), first.next.is_empty()), (2, false));
    let mut forged = first.next.to_vec();
    forged[30] ^= 1;
    for cursor in [forged.into(), bytes::Bytes::from_static(b"3")] {
        let request = ListFriendsRequest { page: page(cursor), ..Default::default() };
        assert_eq!(reason(w.contacts.list_friends(&w.cx(ANNA), request).await), "CURSOR_INVALID");
    }
    let next = || page(first.next.clone());
    let request = ListFriendsRequest { page: next(), ..Default::default() };
    assert_eq!(reason(w.contacts.list_friends(&w.cx(BORIS), request).await), "CURSOR_INVALID");
    let cx = w.cx(ANNA);
    let request = ListRequestsRequest { page: next() };
    assert_eq!(reason(w.contacts.list_requests(&cx, request).await), "CURSOR_INVALID");
    let request = ListSentRequestsRequest { page: next() };
    assert_eq!(reason(w.contacts.list_sent_requests(&cx, request).await), "CURSOR_INVALID");
    let request = ListBlockedRequest { page: next() };
    assert_eq!(reason(w.contacts.list_blocked(&cx, request).await), "CURSOR_INVALID");
    let request = ListFriendsRequest { page: next(), ..Default::default() };
    let second = w.contacts.list_friends(&cx, request).await.unwrap();
    assert_eq!((second.friends.len(), second.next.is_empty()), (1, true));
}

#[tokio::test]
async fn without_a_session_there_is_nothing() {
    let w = world().await;
    let mut cx = w.cx(ANNA);
    cx.caller.session = None;
    assert_eq!(reason(w.contacts.search(&cx, SearchRequest::default()).await), "UNAUTHENTICATED");
    let request = SendRequestRequest { ticket: w.ticket(ANNA, BORIS), text: String::new() };
    assert_eq!(reason(w.contacts.send_request(&cx, request).await), "UNAUTHENTICATED");
    assert_eq!(
        reason(w.contacts.list_requests(&cx, ListRequestsRequest::default()).await),
        "UNAUTHENTICATED"
    );
    assert_eq!(reason(w.contacts.list_friends(&cx, ListFriendsRequest::default()).await), "UNAUTHENTICATED");
    assert_eq!(reason(w.contacts.list_blocked(&cx, ListBlockedRequest::default()).await), "UNAUTHENTICATED");
    assert_eq!(reason(w.contacts.list_tags(&cx, ListTagsRequest {}).await), "UNAUTHENTICATED");
}

/// Hundreds of repetitions cannot fill the log of whoever is asked: each rings at most so often a day.
#[tokio::test]
async fn nobody_floods_anothers_log() {
    let w = world().await;
    let mut sent = 0;
    for _ in 0..300 {
        sent += usize::from(w.send(ANNA, BORIS, "hey").await.is_ok());
    }
    assert_eq!((sent, w.seen(BORIS).await), (51, 51));
}

#[tokio::test]
async fn advertising_reads_sent_and_does_not_arrive() {
    let names: Vec<String> = (0..8).map(|i| format!("person_{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let w = world_of(&names, ContactsConfig::default()).await;
    const ADVERT: &str = "Cheap tea, call 555-1234";
    let others: Vec<AccountId> = (2..=8).map(AccountId).collect();
    for other in &others {
        assert_eq!(w.send(ANNA, *other, ADVERT).await.unwrap().outcome(), Outcome::Sent);
    }
    assert_eq!(w.sent(ANNA).await.len(), others.len(), "to the sender they are all under way");
    for (i, other) in others.iter().enumerate() {
        assert_eq!(w.requests(*other).await.len(), usize::from(i < 5), "{other}");
    }
    // Said as a reply, it is held too; another text is not.
    let (id, asker) = (w.request(BORIS).await, w.sent(ANNA).await);
    let last = asker.iter().map(|r| r.request_id).max().unwrap();
    assert_eq!(reason(w.reply(ANNA, last, "x").await), "TOO_MANY_REPLIES");
    w.reply(BORIS, id, "no thanks").await.unwrap();
    w.reply(ANNA, id, "cheap TEA! call 777").await.unwrap();
    assert_eq!(w.requests(BORIS).await[0].texts.len(), 3, "Boris had it before");
    w.send(ANNA, *others.last().unwrap(), "It is Anna of the chess club").await.unwrap();
    assert_eq!(w.requests(*others.last().unwrap()).await.len(), 1);
    w.check().await;
}
