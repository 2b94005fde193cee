//! Two who act at once, and two devices of one.

use super::*;

#[tokio::test]
async fn both_greet_each_other_and_meet_in_one_chat() {
    let w = World::new(2).await;
    let (one, other) = tokio::join!(w.greet(ANNA, BORIS, "from anna"), w.greet(BORIS, ANNA, "from boris"));
    one.and(other).unwrap();
    let (hers, his) = (w.greeting(ANNA).await, w.greeting(BORIS).await);
    let (one, other) =
        tokio::join!(w.reply(ANNA, hers, "anna replies"), w.reply(BORIS, his, "boris replies"));
    let ids = [one, other].map(|replied| replied.unwrap().chat.unwrap().conversation_id);
    assert_eq!(ids[0], ids[1]);
    let texts = w.texts(ANNA, ids[0]).await;
    assert_eq!(texts, w.texts(BORIS, ids[0]).await);
    assert!(
        texts[1..].contains(&"anna replies".to_owned()) && texts[1..].contains(&"boris replies".to_owned())
    );
    let (one, other) = tokio::join!(w.accept(ANNA, hers), w.accept(BORIS, his));
    // Who comes second finds their greeting settled by the first.
    assert!(one.is_ok() || other.is_ok());
    assert_eq!((w.friends(ANNA).await, w.friends(BORIS).await), (vec![2], vec![1]));
    assert!(w.inbox(ANNA).await.is_empty() && w.inbox(BORIS).await.is_empty());
    assert!(w.chats(ANNA).await.is_empty() && w.chats(BORIS).await.is_empty());
}

#[tokio::test]
async fn accepting_ignoring_and_blocking_at_once_leave_one_of_them() {
    for order in 0..6 {
        let w = World::new(2).await;
        w.greet(ANNA, BORIS, "hello").await.unwrap();
        let id = w.greeting(BORIS).await;
        let (accepted, ignored, blocked);
        let accept = async |w: &World| w.accept(BORIS, id).await.is_ok();
        let ignore = async |w: &World| w.ignore(BORIS, id).await.is_ok();
        let block = async |w: &World| w.block(BORIS, Who::GreetingId(id)).await.is_ok();
        match order {
            0 => (accepted, ignored, blocked) = tokio::join!(accept(&w), ignore(&w), block(&w)),
            1 => (accepted, blocked, ignored) = tokio::join!(accept(&w), block(&w), ignore(&w)),
            2 => (ignored, accepted, blocked) = tokio::join!(ignore(&w), accept(&w), block(&w)),
            3 => (ignored, blocked, accepted) = tokio::join!(ignore(&w), block(&w), accept(&w)),
            4 => (blocked, accepted, ignored) = tokio::join!(block(&w), accept(&w), ignore(&w)),
            _ => (blocked, ignored, accepted) = tokio::join!(block(&w), ignore(&w), accept(&w)),
        }
        assert!(!(accepted && ignored), "one of the two at most");
        assert!(blocked, "a block is always possible");
        assert_eq!(w.friends(BORIS).await.len(), usize::from(accepted));
        assert_eq!(w.friends(ANNA).await.len(), usize::from(accepted));
        assert!(w.inbox(BORIS).await.is_empty());
        assert_eq!(w.told(BORIS).await.1, [id], "it left once");
    }
}

#[tokio::test]
async fn two_devices_accept_and_reply_as_one() {
    let w = World::new(2).await;
    w.greet(ANNA, BORIS, "hello").await.unwrap();
    let id = w.greeting(BORIS).await;
    let (one, other) = tokio::join!(w.reply(BORIS, id, "phone"), w.reply(BORIS, id, "tablet"));
    let chats = [one, other].map(|replied| replied.unwrap().chat.unwrap().conversation_id);
    assert_eq!(chats[0], chats[1]);
    assert_eq!(w.texts(ANNA, chats[0]).await.len(), 3);
    let (one, other) = tokio::join!(w.accept(BORIS, id), w.accept(BORIS, id));
    assert_eq!(one.unwrap(), other.unwrap());
    assert_eq!(w.told(BORIS).await.1, [id]);
}

#[tokio::test]
async fn a_crowd_that_greets_at_once_gets_as_many_places_as_there_are() {
    let w = World::with(40, GreetingsConfig { shown_per_day: 5, ..Default::default() }).await;
    let all = (2..=40).map(|other| w.greet(AccountId(other), ANNA, "hi"));
    for sent in futures::future::join_all(all).await {
        sent.unwrap();
    }
    assert_eq!((w.inbox(ANNA).await.len(), w.told(ANNA).await.0.len()), (5, 5));
}

#[tokio::test]
async fn a_greeting_and_a_block_at_once_end_with_the_block() {
    for _ in 0..4 {
        let w = World::new(2).await;
        let handle = w.handle(BORIS, ANNA, Way::Shake).await;
        let (sent, blocked) =
            tokio::join!(w.greet(ANNA, BORIS, "hello"), w.block(BORIS, Who::Handle(handle)));
        sent.unwrap();
        blocked.unwrap();
        assert!(w.inbox(BORIS).await.is_empty());
        let (came, left) = w.told(BORIS).await;
        assert_eq!(came.len(), left.len(), "what came has left");
    }
}
