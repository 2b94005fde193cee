//! What became of a greeting is told to nobody: not in answers, lists, events or limits of its sender.

use super::*;

/// Ways in which a greeting reaches nobody, or is not answered.
const FATES: [&str; 7] =
    ["seen", "ignored", "blocked", "blocked before", "way closed", "full", "gone to rest"];

async fn prepare(w: &World, fate: &str) {
    match fate {
        "blocked before" => {
            let handle = w.handle(BORIS, ANNA, Way::Shake).await;
            w.block(BORIS, Who::Handle(handle)).await.unwrap();
        }
        "way closed" => {
            w.change(BORIS, |_, settings| settings.add_ways = Some(Default::default())).await;
        }
        "full" => {
            for other in 10..40 {
                w.greet(AccountId(other), BORIS, "hi").await.unwrap();
            }
            assert_eq!(w.inbox(BORIS).await.len(), 20);
        }
        _ => {}
    }
}

async fn afterwards(w: &mut World, fate: &str) {
    match fate {
        "ignored" => {
            let id = w.greeting(BORIS).await;
            w.ignore(BORIS, id).await.unwrap();
        }
        "blocked" => {
            let id = w.greeting(BORIS).await;
            w.block(BORIS, Who::GreetingId(id)).await.unwrap();
        }
        "gone to rest" => w.sweep().await,
        _ => {}
    }
}

/// All that Anna can see when she greets Boris four times over some days, whatever his fate for her.
async fn seen_by_anna(fate: &str) -> Vec<String> {
    let mut w = World::new(40).await;
    prepare(&w, fate).await;
    let mut seen = Vec::new();
    for n in 0..5 {
        let handle = w.handle(ANNA, BORIS, Way::LookAround).await;
        let request = w.request(handle.clone(), &format!("hello number {n}"));
        let mut request = request;
        request.client_greeting_id = vec![n + 1; 16].into();
        seen.push(face(&w.greetings.send_greeting(&w.cx(ANNA), request.clone()).await));
        seen.push(face(&w.greetings.send_greeting(&w.cx(ANNA), request).await));
        let card = w.greetings.get_stranger(&w.cx(ANNA), GetStrangerRequest { handle }).await;
        let mut card = card.unwrap().card.unwrap();
        card.handle.clear();
        seen.push(format!("{card:?}"));
        if n == 0 {
            afterwards(&mut w, fate).await;
        }
        w.pass(DAY);
    }
    for other in 3..24 {
        seen.push(face(&w.greet(ANNA, AccountId(other), "hi").await));
    }
    seen.push(format!("{:?} {:?} {:?}", w.inbox(ANNA).await, w.chats(ANNA).await, w.events(ANNA).await));
    seen
}

#[tokio::test]
async fn all_fates_look_alike_to_the_sender() {
    let seen = seen_by_anna("seen").await;
    assert!(seen.iter().any(|line| line.contains("TOO_MANY_GREETINGS")));
    for fate in &FATES[1..] {
        assert_eq!(seen_by_anna(fate).await, seen, "{fate}");
    }
}

#[tokio::test]
async fn as_much_is_written_for_whom_it_does_not_reach() {
    let mut rows = Vec::new();
    for fate in ["waits", "blocked before", "way closed"] {
        let config = GreetingsConfig { shown_per_day: 0, ..Default::default() };
        let w = World::with(40, config).await;
        prepare(&w, fate).await;
        let before = w.foundation.store.rows().len();
        w.greet(ANNA, BORIS, "hello").await.unwrap();
        rows.push(w.foundation.store.rows().len() - before);
    }
    // The one that waits is in the list of those who wait, and its receiver in the list of those for whom somebody does.
    assert_eq!((rows[0] - 2, rows[0] - 2), (rows[1], rows[2]));
}

#[tokio::test]
async fn what_reaches_nobody_stays_unsaid() {
    let mut w = World::new(3).await;
    let handle = w.handle(BORIS, ANNA, Way::Shake).await;
    let block = w.block(BORIS, Who::Handle(handle)).await.unwrap();
    w.greet(ANNA, BORIS, "while blocked").await.unwrap();
    w.unblock(BORIS, block.block_id).await;
    w.greet(ANNA, BORIS, "a moment later").await.unwrap();
    assert!(w.inbox(BORIS).await.is_empty(), "they stay apart for a day");
    w.pass(DAY);
    w.greet(ANNA, BORIS, "a day later").await.unwrap();
    let greetings = w.inbox(BORIS).await;
    assert_eq!(greetings[0].texts, ["a day later"]);
    assert_eq!(w.told(BORIS).await.0.len(), 1);
}

#[tokio::test]
async fn a_closed_way_keeps_away_what_comes_by_it_alone() {
    let w = World::new(2).await;
    w.change(BORIS, |_, settings| settings.add_ways.as_mut().unwrap().by_shake = false).await;
    for (way, arrived) in [(Way::Shake, 0), (Way::LookAround, 1), (Way::Shake, 1)] {
        let handle = w.handle(ANNA, BORIS, way).await;
        w.greet_by(&w.cx(ANNA), handle, "hi").await.unwrap();
        assert_eq!(w.told(BORIS).await.0.len(), arrived);
    }
    assert_eq!(w.inbox(BORIS).await[0].texts.len(), 1);
}

#[tokio::test]
async fn advertising_reaches_five_and_reads_sent() {
    let w = World::new(9).await;
    for other in 2..9 {
        w.greet(ANNA, AccountId(other), "the best tea in town").await.unwrap();
    }
    let mut arrived = Vec::new();
    for other in 2..9 {
        arrived.push(w.inbox(AccountId(other)).await.len());
    }
    assert_eq!(arrived, [1, 1, 1, 1, 1, 0, 0]);
}

#[tokio::test]
async fn ignored_ones_stay_away_for_a_week() {
    let mut w = World::new(2).await;
    w.greet(ANNA, BORIS, "one").await.unwrap();
    let id = w.greeting(BORIS).await;
    w.ignore(BORIS, id).await.unwrap();
    w.ignore(BORIS, id).await.unwrap();
    w.pass(DAY * 6);
    w.greet(ANNA, BORIS, "two").await.unwrap();
    w.sweep().await;
    assert!(w.inbox(BORIS).await.is_empty());
    assert_eq!(w.told(BORIS).await.1, [id]);
    w.pass(DAY);
    w.sweep().await;
    w.greet(ANNA, BORIS, "three").await.unwrap();
    assert_eq!(w.inbox(BORIS).await[0].texts, ["three"]);
}

#[tokio::test]
async fn who_blocks_a_stranger_is_told_so_and_learns_nothing_else() {
    let w = World::new(3).await;
    let handle = w.handle(ANNA, BORIS, Way::Shake).await;
    w.block(ANNA, Who::Handle(handle.clone())).await.unwrap();
    assert_eq!(reason(w.greet_by(&w.cx(ANNA), handle, "hi").await), "YOU_BLOCK_THEM");
    // Whom she blocks as somebody known is just a stranger here.
    let block = |tx: &mut Tx<'_>| crate::features::contacts::set_block(tx, ANNA, CLARA);
    w.foundation.store.transact(block).await.unwrap();
    w.greet(ANNA, CLARA, "hi").await.unwrap();
    assert!(w.inbox(CLARA).await.is_empty());
}
