//! Cards, handles and the faces behind them.

use super::super::*;
use crate::features::accounts::fixture;
use crate::features::testing::foundation;
use crate::features::{Foundation, greetings};
use crate::geo;
use crate::id::AccountId;
use crate::time::{DAY, HOUR, Time};
use teahouse_proto::accounts::Profile;
use teahouse_proto::common::{Band, Gender, StrangerCard, Way};

const START: Time = Time(1_800_000_000_000);
const ANNA: AccountId = AccountId(1);
const BORIS: AccountId = AccountId(2);
const CLARA: AccountId = AccountId(3);

struct Cards {
    foundation: Foundation,
    strangers: Strangers,
}

impl Cards {
    async fn new(config: GreetingsConfig) -> Self {
        let (foundation, _published) = foundation();
        let strangers = Strangers::new(&foundation, &config);
        foundation.store.observe(vec![strangers.observer()]);
        for id in 1..=3 {
            let register = move |tx: &mut crate::store::Tx<'_>| {
                fixture::register(tx, AccountId(id), &format!("person{id}"), START - DAY * 100)
            };
            foundation.store.transact(register).await.unwrap();
        }
        Self { foundation, strangers }
    }

    /// Changes a profile, and tells of it where `told`.
    async fn change(&self, who: AccountId, told: bool, f: impl Fn(&mut Profile) + Send + Sync + 'static) {
        let change = self.foundation.store.transact(move |tx| {
            if told {
                tx.publish(crate::bus::Event::NewFace { account: who });
            }
            fixture::change(tx, who, |profile, _| f(profile))
        });
        change.await.unwrap();
    }

    async fn boris(&self, now: Time) -> StrangerCard {
        let found = [(BORIS, Band::Within1Km)];
        self.strangers.cards(ANNA, Way::LookAround, &found, now).await.unwrap().remove(0)
    }

    fn read(&self, viewer: AccountId, card: &StrangerCard, now: Time) -> Option<Stranger> {
        self.strangers.read(viewer, &card.handle, now).ok()
    }
}

#[tokio::test]
async fn cards_come_in_order_and_say_what_strangers_may_see() {
    let cards = Cards::new(GreetingsConfig::default()).await;
    cards
        .change(BORIS, false, |profile| {
            profile.set_gender(Gender::Male);
            profile.signature = "tea".into();
            profile.avatar = "/a/1".into();
        })
        .await;
    let found = [(CLARA, Band::Cell500M), (AccountId(9), Band::World), (BORIS, Band::Within5Km)];
    let made = cards.strangers.cards(ANNA, Way::Shake, &found, START).await.unwrap();
    assert_eq!(made.len(), 2, "who does not exist is left out");
    assert_eq!((made[0].name.as_str(), made[0].band()), ("person3", Band::Cell500M));
    let expected = StrangerCard {
        handle: made[1].handle.clone(),
        name: "person2".into(),
        picture: "/a/1".into(),
        gender: Gender::Male.into(),
        signature: "tea".into(),
        way: Way::Shake.into(),
        band: Band::Within5Km.into(),
        ..Default::default()
    };
    assert_eq!(made[1], expected);
    let stranger = Stranger { person: BORIS, way: Way::Shake, band: Band::Within5Km };
    assert_eq!(cards.read(ANNA, &made[1], START), Some(stranger));
    assert_eq!(made[0].handle.len(), made[1].handle.len());
    let own = cards.strangers.seen_by_others(BORIS, Way::LookAround, START).await.unwrap().unwrap();
    assert_eq!((own.name.as_str(), own.handle.len(), own.band()), ("person2", 0, Band::Unspecified));
}

#[tokio::test]
async fn whoever_has_a_stranger_card_shows_that_alone() {
    let cards = Cards::new(GreetingsConfig::default()).await;
    for (name, picture, shown) in [
        ("", "", ("person2", "/a/1")),
        ("Owl", "", ("Owl", "")),
        ("", "/a/2", ("person2", "/a/2")),
        ("Owl", "/a/2", ("Owl", "/a/2")),
    ] {
        cards
            .change(BORIS, true, move |profile| {
                profile.avatar = "/a/1".into();
                profile.stranger_name = name.into();
                profile.stranger_avatar = picture.into();
            })
            .await;
        let card = cards.boris(START).await;
        assert_eq!((card.name.as_str(), card.picture.as_str()), shown);
    }
}

#[tokio::test]
async fn a_handle_works_for_its_viewer_for_two_days() {
    let cards = Cards::new(GreetingsConfig::default()).await;
    let made = START.to_hour() + HOUR / 2;
    let card = cards.boris(made).await;
    let stranger = Some(Stranger { person: BORIS, way: Way::LookAround, band: Band::Within1Km });
    assert_eq!(cards.read(ANNA, &card, made + HOUR * 48), stranger);
    assert_eq!(cards.read(ANNA, &card, made + HOUR * 48 + HOUR / 2), None, "expired");
    assert_eq!(cards.read(CLARA, &card, made), None, "somebody else's");
    assert_eq!(cards.read(BORIS, &card, made), None);
    for i in 0..card.handle.len() {
        let mut forged = card.handle.to_vec();
        forged[i] ^= 0x40;
        let refused = cards.strangers.read(ANNA, &forged, made).unwrap_err();
        assert_eq!(refused.reason(), "STRANGER_NOT_FOUND");
    }
    for bad in [&b""[..], &[0; 50], &[0; 100_000]] {
        assert!(cards.strangers.read(ANNA, bad, made).is_err());
    }
    let own = cards.strangers.cards(ANNA, Way::Shake, &[(ANNA, Band::World)], made).await.unwrap();
    assert_eq!(cards.read(ANNA, &own[0], made), None, "nobody is a stranger to themself");
    assert_ne!(cards.boris(made).await.handle, card.handle, "two cards of one person cannot be joined");
}

#[tokio::test]
async fn a_face_is_read_once_and_anew_when_it_changes_or_is_old() {
    let cards = Cards::new(GreetingsConfig::default()).await;
    cards.boris(START).await;
    let reads = cards.foundation.store.reads();
    cards.boris(START).await;
    assert_eq!(cards.foundation.store.reads(), reads);
    cards.change(BORIS, false, |profile| profile.display_name = "Boris".into()).await;
    assert_eq!(cards.boris(START + DAY / 2).await.name, "person2", "nobody told of it");
    assert_eq!(cards.boris(START + DAY).await.name, "Boris", "a day later it is read anew");
    cards.change(BORIS, true, |profile| profile.display_name = "Bo".into()).await;
    assert_eq!(cards.boris(START + DAY).await.name, "Bo", "told of before the change is answered");
}

#[tokio::test]
async fn a_face_read_before_a_change_does_not_come_in_after_it() {
    let faces = faces::Faces::new(1000);
    let cards = Cards::new(GreetingsConfig::default()).await;
    let face = cards.strangers.face(BORIS, START).await.unwrap().unwrap();
    let before = faces.changes(BORIS);
    faces.drop_face(BORIS);
    faces.insert(BORIS, face.clone(), before);
    assert!(faces.find(BORIS, START).is_none());
    faces.insert(BORIS, face, faces.changes(BORIS));
    assert!(faces.find(BORIS, START).is_some());
    faces.drop_all();
    assert!(faces.find(BORIS, START).is_none());
}

#[tokio::test]
async fn so_many_faces_and_no_more_are_kept() {
    let cards = Cards::new(GreetingsConfig { faces_cached: 640, ..Default::default() }).await;
    let face = cards.strangers.face(BORIS, START).await.unwrap().unwrap();
    let faces = faces::Faces::new(640);
    for id in 0..20_000 {
        let account = AccountId(id);
        faces.insert(account, face.clone(), faces.changes(account));
        assert!(faces.find(account, START).is_some(), "who was just loaded is there");
    }
    assert!((320..=640).contains(&faces.len()), "{}", faces.len());
    assert_eq!(cards.strangers.faces(), 1);
}

#[test]
fn bands_are_those_between_cells() {
    let sizes = [geo::Size::Metres500, geo::Size::Metres2000];
    let bands: Vec<i32> = geo::Band::ALL.iter().map(|b| greetings::band(*b, sizes[1]) as i32).collect();
    assert_eq!(bands, [2, 3, 4, 5, 6, 7, 8, 9, 10], "nearest first");
    assert_eq!(greetings::band(geo::Band::SameCell, sizes[0]), Band::Cell500M);
}
