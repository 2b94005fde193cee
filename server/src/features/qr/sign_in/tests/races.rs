//! Many who decide at the same moment, and the moment in which the time is over.

use super::*;
use crate::features::accounts::audit::By;
use crate::features::accounts::sanctions;
use futures::future::join_all;
use teahouse_proto::safety::{Sanction, sanction::Kind};

const DECIDERS: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_who_decide_one_does() {
    let w = Arc::new(world());
    let people = join_all((0..DECIDERS).map(|n| {
        let w = w.clone();
        async move { w.person(&format!("person{n}")).await }
    }));
    let people = people.await;
    for round in 0..4 {
        let mut asking = w.ask().await;
        let mut tickets = Vec::new();
        for person in &people {
            tickets.push((person.clone(), w.ticket(person, &asking).await));
        }
        let deciding = tickets.into_iter().enumerate().map(|(n, (person, ticket))| {
            let (w, approve) = (w.clone(), (n + round) % 3 > 0);
            tokio::spawn(async move {
                w.decide(&person, &ticket, approve).await.map(|()| (person.account, approve))
            })
        });
        let deciding: Vec<_> = deciding.collect();
        let decided: Vec<_> = join_all(deciding).await.into_iter().map(Result::unwrap).collect();
        let (won, lost): (Vec<_>, Vec<_>) = decided.into_iter().partition(Result::is_ok);
        assert!(lost.into_iter().all(|lost| reason(lost) == "CODE_NOT_FOUND"));
        let [Ok((account, approve))] = won[..] else { panic!("{} decided", won.len()) };
        asking.scanned().await;
        match asking.next().await.unwrap().unwrap() {
            What::SignedIn(login) => {
                assert!(approve && login.account.unwrap().account_id == account.0);
            }
            What::Refused(_) => assert!(!approve),
            other => panic!("{other:?}"),
        }
        asking.ended().await;
        let mut devices = 0;
        for person in &people {
            devices += w.devices(person).await;
            let told = w.told(person).await;
            assert!(told.iter().all(|change| *change == Change::SignedIn), "{told:?}");
        }
        let let_in = w.let_in_so_far(&people).await;
        assert_eq!(devices, DECIDERS + let_in);
    }
}

impl World {
    /// How often any of these people let a device in, as their devices were told.
    async fn let_in_so_far(&self, people: &[Arc<Session>]) -> usize {
        let mut count = 0;
        for person in people {
            count += self.told(person).await.len();
        }
        count
    }
}

#[tokio::test(start_paused = true)]
async fn a_decision_in_the_last_moment_holds_or_does_not() {
    let w = world();
    let anna = w.person("anna").await;
    let (mut held, mut late) = (0, 0);
    for round in 0..40 {
        let mut asking = w.ask().await;
        let ticket = w.ticket(&anna, &asking).await;
        assert!(matches!(asking.in_its_time().await, Some(Ok(What::Scanned(_)))));
        let deciding = async {
            // The stream's time is over while this runs; half of the times it is told first.
            if round % 2 == 0 {
                tokio::time::sleep(Duration::from_millis(59_990 + round)).await;
            }
            w.decide(&anna, &ticket, round % 4 < 2).await
        };
        let (outcome, decided) = tokio::join!(asking.in_its_time(), deciding);
        match (outcome.unwrap(), decided) {
            (Ok(What::SignedIn(_) | What::Refused(_)), Ok(())) => held += 1,
            (Err(expired), Err(gone)) => {
                assert_eq!((expired.reason(), gone.reason()), ("CODE_EXPIRED", "CODE_NOT_FOUND"));
                late += 1;
            }
            other => panic!("round {round}: {other:?}"),
        }
        assert!(asking.in_its_time().await.is_none());
    }
    assert!(held > 0 && late > 0, "{held} held, {late} came late");
}

/// Suspends somebody for a day, as an operator does.
async fn suspend(w: &World, account: AccountId) {
    let now = w.clock().now();
    let until_ms = (now + Duration::from_secs(86_400)).as_ms();
    let new = Sanction { kind: Kind::Suspension.into(), until_ms, ..Sanction::default() };
    let decide = move |tx: &mut Tx<'_>| sanctions::sanction(tx, account, &new, By::Operator, now);
    w.store().transact(decide).await.unwrap();
}

#[tokio::test]
async fn no_code_leads_around_a_suspension() {
    let w = world();
    let anna = w.person("anna").await;
    let mut before = w.ask().await;
    w.let_in(&anna, &before).await;
    let mut during = w.ask().await;
    let ticket = w.ticket(&anna, &during).await;
    suspend(&w, anna.account).await;
    // What was let in before it is out again, though its device is told so only when it comes.
    before.scanned().await;
    let login = before.signed_in().await;
    assert_eq!(reason(w.accounts.authenticate(&login.token).await), "UNAUTHENTICATED");
    // A call of a device that was signed in when it began.
    assert_eq!(reason(w.decide(&anna, &ticket, true).await), "UNAUTHENTICATED");
    during.scanned().await;
    let still_open = w.rows().await.iter().filter(|(id, _)| *id == attempts::id(during.token)).count();
    assert_eq!((w.devices(&anna).await, still_open), (0, 1), "somebody else may let it in");
    assert!(anna.is_ended() && anna.farewell().message().contains("suspended"));
}
