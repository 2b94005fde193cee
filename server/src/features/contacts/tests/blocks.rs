//! Blocks as the blocker sees them: what they hide, and that ending them restores it.

use super::*;
use block_request::Who;

#[tokio::test]
async fn a_block_is_by_friend_by_ticket_or_by_request() {
    let w = world_of(&["anna_k", "boris_p", "clara_m", "dora_l"], ContactsConfig::default()).await;
    w.befriend(ANNA, BORIS).await;
    w.ask(CLARA, ANNA).await;
    let from_clara = w.request(ANNA).await;
    let seen = w.seen(ANNA).await;
    let friend = w.block_by(ANNA, Who::AccountId(BORIS.0)).await.unwrap();
    let asker = w.block_by(ANNA, Who::RequestId(from_clara)).await.unwrap();
    let found = w.block_by(ANNA, Who::Ticket(w.ticket(ANNA, AccountId(4)))).await.unwrap();
    assert_eq!((friend.account_id, asker.account_id, found.account_id), (BORIS.0, 0, 0));
    assert_eq!(asker.card.as_ref().unwrap().display_name, "clara_m");
    assert_eq!(w.blocked(ANNA).await, [found.clone(), asker.clone(), friend.clone()], "newest first");
    let changed = |b: &BlockedPerson| {
        let changed = teahouse_proto::sync::BlockChanged { block_id: b.block_id, blocked: Some(b.clone()) };
        What::BlockChanged(changed)
    };
    let closed = teahouse_proto::sync::RequestClosed { request_id: from_clara };
    let events = [changed(&friend), What::RequestClosed(closed), changed(&asker), changed(&found)];
    assert_eq!(w.events(ANNA, seen).await, events);
    assert_eq!(w.block_by(ANNA, Who::AccountId(BORIS.0)).await.unwrap(), friend, "twice is once");
    assert_eq!(w.seen(ANNA).await, seen + 4);
    w.check().await;
}

#[tokio::test]
async fn a_block_can_be_ended_by_its_owner_alone() {
    let w = world().await;
    w.befriend(ANNA, BORIS).await;
    let block = w.block(ANNA, BORIS).await;
    assert!(!w.may_chat(ANNA, BORIS).await && !w.may_chat(BORIS, ANNA).await);
    for (who, id) in [(BORIS, block), (CLARA, block), (ANNA, block + 1), (ANNA, 0)] {
        assert_eq!(reason(w.unblock(who, id).await), "BLOCK_NOT_FOUND");
    }
    let seen = w.seen(ANNA).await;
    w.unblock(ANNA, block).await.unwrap();
    let ended = teahouse_proto::sync::BlockChanged { block_id: block, blocked: None };
    assert_eq!(w.events(ANNA, seen).await, [What::BlockChanged(ended)]);
    assert!(w.may_chat(ANNA, BORIS).await && w.may_chat(BORIS, ANNA).await);
    assert_eq!(reason(w.unblock(ANNA, block).await), "BLOCK_NOT_FOUND");
    assert!(w.blocked(ANNA).await.is_empty());
    w.check().await;
}

#[tokio::test]
async fn blocks_of_both_sides_are_two() {
    let w = world().await;
    w.befriend(ANNA, BORIS).await;
    let (hers, his) = (w.block(ANNA, BORIS).await, w.block(BORIS, ANNA).await);
    w.unblock(ANNA, hers).await.unwrap();
    assert!(!w.may_chat(ANNA, BORIS).await);
    let between = w.relation(ANNA, BORIS).await;
    assert_eq!((between.i_block, between.they_block), (false, true));
    w.unblock(BORIS, his).await.unwrap();
    assert!(w.may_chat(ANNA, BORIS).await);
}

#[tokio::test]
async fn a_request_goes_on_where_it_was_before_the_block() {
    let mut w = world().await;
    w.ask(BORIS, ANNA).await;
    let request = w.requests(ANNA).await.remove(0);
    let block = w.block(ANNA, BORIS).await;
    assert!(w.requests(ANNA).await.is_empty());
    assert_eq!(reason(w.accept(ANNA, request.request_id).await), "REQUEST_NOT_FOUND");
    assert_eq!(reason(w.ignore(ANNA, request.request_id).await), "REQUEST_NOT_FOUND");
    assert_eq!(reason(w.reply(ANNA, request.request_id, "x").await), "REQUEST_NOT_FOUND");
    w.send(BORIS, ANNA, "while blocked").await.unwrap();
    let seen = w.seen(ANNA).await;
    w.unblock(ANNA, block).await.unwrap();
    assert_eq!(w.requests(ANNA).await, std::slice::from_ref(&request), "as it was, without what came since");
    assert!(w.events(ANNA, seen).await.contains(&What::FriendRequest(request.clone())));
    let block = w.block(ANNA, BORIS).await;
    w.pass(DAY * 7);
    w.sweep().await;
    w.unblock(ANNA, block).await.unwrap();
    assert!(w.requests(ANNA).await.is_empty(), "its time passed meanwhile");
    w.check().await;
}

#[tokio::test]
async fn texts_do_not_pass_a_block_in_either_direction() {
    let w = world().await;
    w.ask(BORIS, ANNA).await;
    let id = w.request(ANNA).await;
    w.reply(ANNA, id, "who?").await.unwrap();
    let (block, before) = (w.block(ANNA, BORIS).await, w.seen(ANNA).await);
    assert_eq!(w.reply(BORIS, id, "it is me").await.unwrap().texts.len(), 3);
    assert_eq!(w.seen(ANNA).await, before);
    w.unblock(ANNA, block).await.unwrap();
    assert_eq!(w.requests(ANNA).await[0].texts.len(), 2, "what was said to a block stays unsaid");

    w.ask(ANNA, CLARA).await;
    let id = w.request(CLARA).await;
    let (block, before) = (w.block(ANNA, CLARA).await, w.seen(ANNA).await);
    assert_eq!(w.reply(CLARA, id, "who?").await.unwrap().texts.len(), 2);
    assert_eq!((w.seen(ANNA).await, w.sent(ANNA).await[0].texts.len()), (before, 1));
    w.unblock(ANNA, block).await.unwrap();
    w.reply(CLARA, id, "hello?").await.unwrap();
    let texts = w.sent(ANNA).await.remove(0).texts;
    assert_eq!(texts.last().unwrap().text, "hello?");
    assert_eq!(texts.len(), 2);
}

#[tokio::test]
async fn who_asked_a_block_did_ask() {
    let w = world().await;
    let block = w.block(ANNA, BORIS).await;
    assert_eq!(w.ask(BORIS, ANNA).await, Outcome::Sent);
    w.unblock(ANNA, block).await.unwrap();
    assert_eq!(w.ask(ANNA, BORIS).await, Outcome::Friends, "he asked, though she did not hear it");
    assert_eq!(w.told.take(), [("friends", ANNA, BORIS)]);
    w.check().await;
}

#[tokio::test]
async fn what_a_blocked_person_asks_is_never_shown() {
    let w = world().await;
    let block = w.block(ANNA, BORIS).await;
    let seen = w.seen(ANNA).await;
    w.change(ANNA, |_, s| s.friends_must_request = false).await;
    assert_eq!(w.ask(BORIS, ANNA).await, Outcome::Sent);
    w.sweep().await;
    assert!(w.requests(ANNA).await.is_empty() && w.seen(ANNA).await == seen);
    w.unblock(ANNA, block).await.unwrap();
    assert!(w.requests(ANNA).await.is_empty(), "nor when the block ends");
    assert!(w.told.take().is_empty());
    assert_eq!(w.sent(BORIS).await.len(), 1);
}

#[tokio::test]
async fn who_blocks_asks_after_unblocking() {
    let w = world().await;
    let block = w.block(ANNA, BORIS).await;
    assert_eq!(reason(w.send(ANNA, BORIS, "").await), "YOU_BLOCK_THEM");
    w.unblock(ANNA, block).await.unwrap();
    assert_eq!(w.ask(ANNA, BORIS).await, Outcome::Sent);
    let id = w.request(BORIS).await;
    w.reply(BORIS, id, "who?").await.unwrap();
    w.block(ANNA, BORIS).await;
    assert_eq!(reason(w.reply(ANNA, id, "me").await), "YOU_BLOCK_THEM");
}

#[tokio::test]
async fn accepting_the_request_of_somebody_who_blocks_since_reaches_nobody() {
    let w = world().await;
    for by_asking in [false, true] {
        assert_eq!(w.ask(ANNA, BORIS).await, Outcome::Sent);
        let block = w.block(ANNA, BORIS).await;
        let (seen, id) = (w.seen(ANNA).await, w.request(BORIS).await);
        match by_asking {
            true => assert_eq!(w.ask(BORIS, ANNA).await, Outcome::Friends),
            false => drop(w.accept(BORIS, id).await.unwrap()),
        }
        assert_eq!(w.told.take(), [("unseen", BORIS, ANNA)]);
        assert_eq!(w.seen(ANNA).await, seen);
        assert!(w.friends(ANNA).await.is_empty() && !w.may_chat(BORIS, ANNA).await);
        assert_eq!(w.sent(ANNA).await.len(), 1, "to the blocker nothing came of it");
        w.unblock(ANNA, block).await.unwrap();
        assert_eq!(w.friends(ANNA).await, []);
        assert_eq!(w.ask(ANNA, BORIS).await, Outcome::Friends, "asked again, they are friends");
        assert_eq!(w.told.take(), [("again", ANNA, BORIS)]);
        assert!(w.may_chat(ANNA, BORIS).await);
        w.check().await;
        w.delete(ANNA, BORIS).await.unwrap();
        w.delete(BORIS, ANNA).await.unwrap();
        w.told.take();
    }
}

#[tokio::test]
async fn deleting_a_blocked_friend_leaves_the_block() {
    let w = world().await;
    w.befriend(ANNA, BORIS).await;
    w.block(ANNA, BORIS).await;
    w.delete(ANNA, BORIS).await.unwrap();
    assert_eq!(w.blocked(ANNA).await[0].account_id, 0);
    assert_eq!(w.ask(BORIS, ANNA).await, Outcome::Sent);
    assert!(w.requests(ANNA).await.is_empty());
    w.check().await;
}

#[tokio::test]
async fn blocks_are_bounded_and_paged() {
    let names: Vec<String> = (0..8).map(|i| format!("person_{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let w = world_of(&names, ContactsConfig { max_blocks: 6, ..Default::default() }).await;
    let mut made = Vec::new();
    for other in 2..=7 {
        made.push(w.block(ANNA, AccountId(other)).await);
    }
    let full = w.block_by(ANNA, Who::Ticket(w.ticket(ANNA, AccountId(8)))).await;
    assert_eq!(reason(full), "BLOCKS_FULL");
    let again = w.block_by(ANNA, Who::Ticket(w.ticket(ANNA, AccountId(7)))).await.unwrap();
    assert_eq!(again.block_id, made[5]);
    let (mut listed, mut cursor) = (Vec::new(), bytes::Bytes::new());
    loop {
        let request = ListBlockedRequest { page: Some(PageRequest { limit: 4, cursor }) };
        let answer = w.contacts.list_blocked(&w.cx(ANNA), request).await.unwrap();
        listed.extend(answer.blocked.iter().map(|b| b.block_id));
        cursor = answer.next;
        if cursor.is_empty() {
            break;
        }
    }
    made.reverse();
    assert_eq!(listed, made);
}
