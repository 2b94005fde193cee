//! Shaking, from outside, with clocks as they are and a short window: whoever shakes at the same time sees each other, in the
//! answer or by an event, and nobody else.

use std::collections::{BTreeMap, BTreeSet};
use teahouse_client::Error;
use teahouse_proto::ShakeClient;
use teahouse_proto::common::{Band, Position, StrangerCard, Way};
use teahouse_proto::shake::{
    ForgetRequest, ListShakenRequest, ShakeRequest, ShakeResponse, Shaken, UpdateShakeRequest,
};
use teahouse_proto::sync::follow_response::Event;
use teahouse_tests::follow::Follow;
use teahouse_tests::person::Person;
use teahouse_tests::verbs::reason;
use teahouse_tests::world::{Setup, World, over_all_transports_with};

/// In Hangzhou, a kilometre from there, and in Berlin.
const HERE: Option<(f64, f64)> = Some((30.2431, 120.1502));
const NEAR: Option<(f64, f64)> = Some((30.2431, 120.1602));
const BERLIN: Option<(f64, f64)> = Some((52.52, 13.405));

fn short(setup: Setup) -> Setup {
    setup
        .set("shake.window_seconds", "2")
        .set("shake.every_seconds", "0")
        .set("place.read_every_seconds", "0")
}

/// Somebody who has it on, and listens.
async fn shaker(world: &World, name: &str) -> (Person, Follow) {
    let person = world.person(name).await;
    let on = UpdateShakeRequest { enabled: Some(true), is_adult: true };
    ShakeClient(person.device.clone()).update_shake(on).await.expect("on");
    let follow = person.follow().await;
    (person, follow)
}

async fn shake(who: &Person, at: Option<(f64, f64)>) -> Result<ShakeResponse, Error> {
    let position = at.map(|(latitude, longitude)| Position { latitude, longitude, accuracy_m: 20 });
    ShakeClient(who.device.clone()).shake(ShakeRequest { position }).await
}

/// All partners of a shake, by name, with how far: of the answer and of the events up to the last.
async fn partners(answer: ShakeResponse, follow: &mut Follow) -> BTreeMap<String, Band> {
    let mut cards = answer.partners;
    loop {
        let find = |event: &Event| match event {
            Event::Shaken(shaken) if shaken.shake_id == answer.shake_id => Some(shaken.clone()),
            _ => None,
        };
        let Shaken { partners, over, .. } = follow.until(find).await;
        cards.extend(partners);
        if over {
            break;
        }
    }
    let count = cards.len();
    let known: BTreeMap<_, _> = cards.iter().map(seen).collect();
    assert_eq!(known.len(), count, "each is told once");
    known
}

fn seen(card: &StrangerCard) -> (String, Band) {
    assert_eq!(card.way(), Way::Shake);
    assert!(!card.handle.is_empty());
    (card.name.clone(), card.band())
}

async fn remembered(who: &Person) -> BTreeSet<String> {
    let list =
        ShakeClient(who.device.clone()).list_shaken(ListShakenRequest::default()).await.expect("listed");
    list.people.into_iter().map(|card| card.name).collect()
}

fn bands<const N: usize>(expected: [(&Person, Band); N]) -> BTreeMap<String, Band> {
    expected.into_iter().map(|(person, band)| (person.name.clone(), band)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_shakes_at_the_same_time_sees_each_other() {
    over_all_transports_with(short, async |world| {
        let (anna, mut at_anna) = shaker(world, "anna").await;
        let (boris, mut at_boris) = shaker(world, "boris").await;
        let (clara, mut at_clara) = shaker(world, "clara").await;
        let (dora, mut at_dora) = shaker(world, "dora").await;
        let first = shake(&anna, HERE).await.expect("shaken");
        assert!(first.partners.is_empty() && first.shake_id != 0);
        let second = shake(&boris, NEAR).await.expect("shaken");
        assert_eq!(second.partners.len(), 1, "near by, at once");
        let third = shake(&clara, BERLIN).await.expect("shaken");
        let fourth = shake(&dora, None).await.expect("shaken");
        assert!(third.partners.is_empty() && fourth.partners.is_empty(), "the world comes at the end");
        let (near, far, unsaid) = (Band::Within1Km, Band::World, Band::Unspecified);
        let at = [
            partners(first, &mut at_anna).await,
            partners(second, &mut at_boris).await,
            partners(third, &mut at_clara).await,
            partners(fourth, &mut at_dora).await,
        ];
        assert_eq!(at[0], bands([(&boris, near), (&clara, far), (&dora, unsaid)]));
        assert_eq!(at[1], bands([(&anna, near), (&clara, far), (&dora, unsaid)]));
        assert_eq!(at[2], bands([(&anna, far), (&boris, far), (&dora, unsaid)]));
        assert_eq!(at[3], bands([(&anna, unsaid), (&boris, unsaid), (&clara, unsaid)]));

        // The windows are over: nobody meets anybody of them.
        let later = shake(&boris, HERE).await.expect("shaken");
        assert_eq!(partners(later, &mut at_boris).await, BTreeMap::new());
        let names = |people: [&Person; 3]| people.map(|person| person.name.clone()).into();
        assert_eq!(remembered(&boris).await, names([&anna, &clara, &dora]));

        ShakeClient(anna.device.clone()).forget(ForgetRequest {}).await.expect("forgotten");
        assert_eq!(reason(shake(&anna, None).await), "POSITION_CLOSED");
        assert_eq!((remembered(&anna).await.len(), remembered(&boris).await.len()), (0, 2));
    })
    .await;
}
