//! Who is kept apart in the plug-ins, and blocks of strangers.

use super::*;

impl World {
    async fn apart(&self, me: AccountId) -> Vec<AccountId> {
        let apart = apart(&self.foundation.store, me, self.now).await.unwrap();
        for other in [ANNA, BORIS, CLARA] {
            let (now, listed) = (self.now, apart.contains(&other));
            assert_eq!(self.tx(move |tx| are_apart(tx, me, other, now)).await, listed);
        }
        apart
    }
}

#[tokio::test]
async fn a_block_keeps_two_apart_and_its_end_for_a_day_more() {
    let mut w = world().await;
    assert_eq!(w.apart(ANNA).await, []);
    let block = w.block(ANNA, BORIS).await;
    let other = w.block(CLARA, ANNA).await;
    assert_eq!((w.apart(ANNA).await, w.apart(BORIS).await), (vec![BORIS, CLARA], vec![ANNA]));
    w.unblock(ANNA, block).await.unwrap();
    w.pass(DAY - Duration::from_millis(1));
    w.sweep().await;
    assert_eq!((w.apart(ANNA).await, w.apart(BORIS).await), (vec![BORIS, CLARA], vec![ANNA]));
    w.pass(Duration::from_millis(1));
    assert_eq!((w.apart(ANNA).await, w.apart(BORIS).await), (vec![CLARA], vec![]), "also before it is swept");
    w.sweep().await;
    w.unblock(CLARA, other).await.unwrap();
    w.pass(DAY);
    w.sweep().await;
    let left = w.foundation.store.scan(&APART, &KeyRange::all(), 10, Order::Rising).await.unwrap();
    let times = w.foundation.store.scan(&APART_UNTIL, &KeyRange::all(), 10, Order::Rising).await.unwrap();
    assert!(left.is_empty() && times.is_empty());
}

#[tokio::test]
async fn while_either_blocks_the_other_they_stay_apart() {
    let mut w = world().await;
    let (hers, his) = (w.block(ANNA, BORIS).await, w.block(BORIS, ANNA).await);
    w.unblock(ANNA, hers).await.unwrap();
    w.pass(DAY * 3);
    w.sweep().await;
    assert_eq!((w.apart(ANNA).await, w.apart(BORIS).await), (vec![BORIS], vec![ANNA]));
    w.unblock(BORIS, his).await.unwrap();
    w.pass(DAY / 2);
    let again = w.block(ANNA, BORIS).await;
    w.unblock(ANNA, again).await.unwrap();
    w.pass(DAY / 2);
    w.sweep().await;
    assert_eq!(w.apart(BORIS).await, [ANNA], "the later end counts");
    w.pass(DAY / 2);
    w.sweep().await;
    assert_eq!(w.apart(BORIS).await, []);
    w.check().await;
}

#[tokio::test]
async fn old_blocks_are_caught_up_with() {
    let w = world().await;
    w.block(ANNA, BORIS).await;
    w.tx(|tx| {
        tx.delete(&APART, &(ANNA, BORIS))?;
        tx.delete(&APART, &(BORIS, ANNA))
    })
    .await;
    assert_eq!(w.apart(ANNA).await, []);
    super::super::apart::catch_up(&w.foundation.store).await.unwrap();
    assert_eq!((w.apart(ANNA).await, w.apart(BORIS).await), (vec![BORIS], vec![ANNA]));
}

#[tokio::test]
async fn who_is_blocked_as_a_stranger_stays_one() {
    let w = world().await;
    w.befriend(ANNA, BORIS).await;
    w.change(BORIS, |profile, _| profile.stranger_name = "Night Owl".into()).await;
    let stranger = w.block_stranger(ANNA, BORIS).await;
    let card = stranger.card.clone().unwrap();
    assert_eq!((card.display_name.as_str(), stranger.account_id), ("Night Owl", 0));
    assert!(!w.may_chat(ANNA, BORIS).await && !w.may_chat(BORIS, ANNA).await, "a block is a block");
    assert_eq!(w.block_stranger(ANNA, BORIS).await, stranger, "twice is once");
    let known = w.block(ANNA, BORIS).await;
    assert_ne!(known, stranger.block_id, "the two kinds do not tell of each other");
    let blocked = w.blocked(ANNA).await;
    assert_eq!((blocked[0].account_id, blocked[1].clone()), (BORIS.0, stranger.clone()));
    w.check().await;
    w.unblock(ANNA, stranger.block_id).await.unwrap();
    assert!(!w.may_chat(ANNA, BORIS).await, "one of them stands");
    assert_eq!(reason(w.unblock(ANNA, stranger.block_id).await), "BLOCK_NOT_FOUND");
    w.check().await;
    w.unblock(ANNA, known).await.unwrap();
    assert!(w.may_chat(ANNA, BORIS).await);
    w.check().await;
}

#[tokio::test]
async fn strangers_become_friends_as_by_a_request() {
    let w = world().await;
    let (people, now) = (w.contacts.people(), w.now);
    let befriend = |people: People, me, other| {
        w.tx(move |tx| {
            let mut asked = false;
            let friend = people.befriend(tx, (me, other), Way::Shake, now, |_| {
                asked = true;
                Ok(())
            })?;
            Ok((friend, asked))
        })
    };
    let (friend, told_before) = befriend(people.clone(), ANNA, BORIS).await;
    assert_eq!((friend.account_id, friend.way()), (BORIS.0, Way::Shake));
    assert!(told_before && w.may_chat(ANNA, BORIS).await);
    assert_eq!(w.told.take(), [("friends", ANNA, BORIS)]);
    assert_eq!(befriend(people.clone(), ANNA, BORIS).await, (friend, false), "friends stay as they are");
    w.block(CLARA, ANNA).await;
    let (friend, told_before) = befriend(people.clone(), ANNA, CLARA).await;
    assert_eq!((friend.account_id, told_before), (CLARA.0, false));
    assert_eq!(w.told.take(), [("unseen", ANNA, CLARA)]);
    assert!(w.friends(CLARA).await.is_empty());
}

#[tokio::test]
async fn who_accepts_does_not_learn_that_the_other_is_full() {
    let w =
        world_of(&["anna_k", "boris_p", "clara_m"], ContactsConfig { max_friends: 1, ..Default::default() })
            .await;
    w.befriend(BORIS, CLARA).await;
    w.told.take();
    let (people, now) = (w.contacts.people(), w.now);
    let accept = move |tx: &mut Tx<'_>| people.befriend(tx, (ANNA, BORIS), Way::Shake, now, |_| Ok(()));
    assert_eq!(w.tx(accept.clone()).await.account_id, BORIS.0);
    assert_eq!(w.told.take(), [("unseen", ANNA, BORIS)]);
    let people = w.contacts.people();
    let full = move |tx: &mut Tx<'_>| people.befriend(tx, (ANNA, CLARA), Way::Shake, now, |_| Ok(()));
    assert_eq!(reason(w.foundation.store.transact(full).await), "FRIENDS_FULL");
}
