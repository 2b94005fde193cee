//! Things done at the same time, and long random sequences of them against a model of six lines.

use super::*;
use crate::random::Random;
use std::collections::HashSet;

/// So often is each race run: the order of its two sides is the scheduler's.
const ROUNDS: u64 = 40;

/// A world whose people are four per round: two pairs.
async fn racers() -> Arc<World> {
    let w = world_of(&[], ContactsConfig::default()).await;
    for id in 1..=ROUNDS * 2 {
        w.register(AccountId(id), &format!("racer_{id}"), START - DAY * 100).await;
    }
    Arc::new(w)
}

fn pair(round: u64) -> (AccountId, AccountId) {
    (AccountId(round * 2 + 1), AccountId(round * 2 + 2))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_that_cross_make_friends_once() {
    let w = racers().await;
    for (a, b) in (0..ROUNDS).map(pair) {
        let (one, other) = (w.clone(), w.clone());
        let (x, y) = tokio::join!(
            tokio::spawn(async move { one.ask(a, b).await }),
            tokio::spawn(async move { other.ask(b, a).await }),
        );
        let outcomes = HashSet::from([x.unwrap(), y.unwrap()]);
        assert_eq!(outcomes, HashSet::from([Outcome::Sent, Outcome::Friends]));
        assert!(w.may_chat(a, b).await && w.requests(a).await.is_empty() && w.requests(b).await.is_empty());
        assert_eq!(w.told.take().len(), 1);
    }
    w.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_accepting_twice_one_makes_friends() {
    let w = racers().await;
    for (a, b) in (0..ROUNDS).map(pair) {
        w.ask(a, b).await;
        let id = w.request(b).await;
        let (one, other) = (w.clone(), w.clone());
        let (x, y) = tokio::join!(
            tokio::spawn(async move { one.accept(b, id).await }),
            tokio::spawn(async move { other.accept(b, id).await }),
        );
        assert_eq!(x.unwrap().unwrap(), y.unwrap().unwrap());
        assert_eq!(w.told.take().len(), 1);
        assert_eq!((w.seen(a).await, w.seen(b).await), (1, 3));
    }
    w.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_accepting_and_ignoring_the_first_holds() {
    let w = racers().await;
    for (a, b) in (0..ROUNDS).map(pair) {
        w.ask(a, b).await;
        let id = w.request(b).await;
        let (one, other) = (w.clone(), w.clone());
        let (x, y) = tokio::join!(
            tokio::spawn(async move { one.accept(b, id).await }),
            tokio::spawn(async move { other.ignore(b, id).await }),
        );
        let (accepted, ignored) = (x.unwrap(), y.unwrap());
        assert_ne!(accepted.is_ok(), ignored.is_ok());
        assert_eq!(w.may_chat(a, b).await, accepted.is_ok());
        assert!(w.requests(b).await.is_empty());
    }
    w.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_block_beats_acceptance_in_either_order() {
    let w = racers().await;
    for (a, b) in (0..ROUNDS).map(pair) {
        w.ask(a, b).await;
        let id = w.request(b).await;
        let (one, other) = (w.clone(), w.clone());
        let (accepted, blocked) = tokio::join!(
            tokio::spawn(async move { one.accept(b, id).await }),
            tokio::spawn(async move { other.block(a, b).await }),
        );
        accepted.unwrap().unwrap();
        assert!(!w.may_chat(a, b).await && !w.may_chat(b, a).await);
        assert_eq!(w.friends(b).await.len(), 1, "to b it is the same");
        w.unblock(a, blocked.unwrap()).await.unwrap();
        let [(how, ..)] = w.told.take()[..] else { panic!("once") };
        assert_eq!(w.may_chat(a, b).await, how == "friends", "what was before the block is there again");
    }
    w.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_ask_at_once_do_not_exceed_the_places() {
    let config = ContactsConfig { max_friends: 5, requests_shown_per_day: 100, ..Default::default() };
    let mut w = world_of(&["tina_b"], config).await;
    let tina = AccountId(1);
    for id in 2..=20 {
        w.register(AccountId(id), &format!("asker_{id}"), START - DAY * 100).await;
    }
    w.change(tina, |_, s| s.friends_must_request = false).await;
    w.pass(DAY);
    let w = Arc::new(w);
    let asked = (2..=20).map(|id| {
        let w = w.clone();
        tokio::spawn(async move { w.ask(AccountId(id), tina).await })
    });
    let outcomes: Vec<_> = futures::future::join_all(asked).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|o| **o == Outcome::Friends).count(), 5);
    assert_eq!((w.friends(tina).await.len(), w.requests(tina).await.len()), (5, 14));
    w.check().await;
}

/// Who has whom and who blocks whom: all that friendship needs to be right about.
#[derive(Default)]
struct Model {
    has: HashSet<(AccountId, AccountId)>,
    blocks: HashSet<(AccountId, AccountId)>,
}

impl Model {
    fn may_chat(&self, a: AccountId, b: AccountId) -> bool {
        let both = self.has.contains(&(a, b)) && self.has.contains(&(b, a));
        both && !self.blocks.contains(&(a, b)) && !self.blocks.contains(&(b, a))
    }
}

#[tokio::test]
async fn long_random_lives_agree_with_the_model() {
    for seed in 0..12 {
        let random = Random::seeded(seed);
        let mut w = world_of(&["anna_k", "boris_p", "clara_m", "dora_l"], ContactsConfig::default()).await;
        let mut model = Model::default();
        for step in 0..150 {
            step_of(&mut w, &mut model, &random).await;
            if step % 10 == 0 {
                agree(&w, &model, seed, step).await;
            }
        }
    }
}

async fn step_of(w: &mut World, model: &mut Model, random: &Random) {
    let a = AccountId(1 + random.below(4));
    let b = AccountId(1 + (a.0 + random.below(3)) % 4);
    match random.below(12) {
        0..3 => {
            if w.send(a, b, "x").await.is_ok_and(|sent| sent.outcome() == Outcome::Friends) {
                befriended(w, model);
            }
        }
        3..5 => {
            let requests = w.requests(a).await;
            if let Some(request) = requests.get(random.below(requests.len() as u64) as usize) {
                assert!(w.accept(a, request.request_id).await.is_ok());
                befriended(w, model);
            }
        }
        5 => {
            if let Some(request) = w.requests(a).await.first() {
                w.ignore(a, request.request_id).await.unwrap();
            }
        }
        6 => {
            let known = w.delete(a, b).await.is_ok();
            assert_eq!(known, model.has.remove(&(a, b)));
            w.told.take();
        }
        7..9 => {
            w.block(a, b).await;
            model.blocks.insert((a, b));
        }
        9 => {
            if let Some(blocked) = w.blocked(a).await.first() {
                let name = blocked.card.as_ref().unwrap().display_name.clone();
                w.unblock(a, blocked.block_id).await.unwrap();
                model.blocks.retain(|(m, o)| {
                    *m != a || !name.starts_with(["", "anna", "boris", "clara", "dora"][o.0 as usize])
                });
            }
        }
        10 => {
            for request in [w.sent(a).await, w.requests(a).await].concat() {
                let _ = w.reply(a, request.request_id, "y").await;
            }
        }
        _ => {
            w.pass(DAY);
            w.sweep().await;
        }
    }
}

/// What the chat room was told is what came about.
fn befriended(w: &World, model: &mut Model) {
    for (how, a, b) in w.told.take() {
        model.has.insert((a, b));
        if how == "friends" {
            model.has.insert((b, a));
        }
    }
}

async fn agree(w: &World, model: &Model, seed: u64, step: u32) {
    w.check().await;
    for (a, b) in (1..=4).flat_map(|a| (1..=4).map(move |b| (AccountId(a), AccountId(b)))) {
        let between = w.relation(a, b).await;
        let place = format!("seed {seed}, step {step}, {a} and {b}");
        assert_eq!(between.i_have, model.has.contains(&(a, b)), "{place}");
        assert_eq!(between.i_block, model.blocks.contains(&(a, b)), "{place}");
        assert_eq!(w.may_chat(a, b).await, model.may_chat(a, b), "{place}");
        assert_eq!(between.are_friends(), model.may_chat(a, b), "{place}");
    }
}
