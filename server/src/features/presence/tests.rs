//! The presence room on a store in memory: who is told what, and when.

use super::*;
use crate::bus::Passing;
use crate::call::{Caller, Session};
use crate::delivery::{Connection, Taken};
use crate::features::accounts::AccountsConfig;
use crate::features::accounts::fixture::{change, register};
use crate::features::contacts::set_friend;
use crate::features::media::Avatars;
use crate::features::testing::foundation_with_bus;
use crate::id::{ConversationId, DeviceId};
use teahouse_proto::accounts::PresenceAudience;
use tokio::sync::mpsc::Receiver;

const GONE_AFTER: Duration = Duration::from_secs(40);
const ANNA: AccountId = AccountId(1);
const BORIS: AccountId = AccountId(2);
const CLARA: AccountId = AccountId(3);
const EVERYBODY: [AccountId; 3] = [ANNA, BORIS, CLARA];

struct Room {
    presence: Arc<Presence>,
    foundation: Foundation,
    passing: Receiver<Passing>,
}

impl Room {
    /// Three people who let friends see them; Boris and Clara are friends of Anna.
    async fn new() -> Self {
        let (foundation, _published, passing) = foundation_with_bus();
        let made = foundation.store.transact(|tx| {
            for who in EVERYBODY {
                register(tx, who, &format!("person_{}", who.0), Time(0))?;
            }
            Ok(())
        });
        made.await.unwrap();
        let pictures = Arc::new(Avatars::new(foundation.random.clone()));
        let accounts =
            Accounts::new(foundation.clone(), AccountsConfig::default(), Vec::new(), pictures).unwrap();
        let presence =
            Presence::new(foundation.clone(), &PresenceConfig { gone_after_seconds: 40 }, Arc::new(accounts));
        let room = Self { presence, foundation, passing };
        for who in EVERYBODY {
            room.let_see(who, true).await;
        }
        for friend in [BORIS, CLARA] {
            room.friends(ANNA, friend, true).await;
            room.friends(friend, ANNA, true).await;
        }
        tokio::time::pause();
        room
    }

    async fn let_see(&self, who: AccountId, see: bool) {
        let audience = if see { PresenceAudience::Friends } else { PresenceAudience::Nobody };
        let set = self
            .foundation
            .store
            .transact(move |tx| change(tx, who, |_, settings| settings.set_presence(audience)));
        set.await.unwrap();
        self.presence.inbox.note(Change::Account(who));
    }

    async fn friends(&self, me: AccountId, other: AccountId, has: bool) {
        let id = has.then_some(ConversationId(9));
        self.foundation.store.transact(move |tx| set_friend(tx, me, other, id)).await.unwrap();
        self.presence.inbox.note(Change::Pair(me, other));
    }

    fn come(&self, who: AccountId, device: u64) -> Connection {
        self.foundation.delivery.connect(who, DeviceId(device))
    }

    /// What is told once all that changed is looked at: to whom, of whom, whether online; in order.
    async fn told(&mut self) -> Vec<(u64, u64, bool)> {
        self.presence.work().await;
        let mut told = Vec::new();
        while let Ok(passing) = self.passing.try_recv() {
            let Some(FollowEvent::Presence(presence)) = &passing.message.event else { panic!("no presence") };
            assert_eq!(presence.last_seen_at_ms % 3_600_000, 0, "to the hour");
            told.extend(passing.to.accounts().iter().map(|to| (to.0, presence.account_id, presence.online)));
        }
        told.sort_unstable();
        told
    }

    /// Who of everybody is in the answer, and whether online.
    async fn sees(&self, me: AccountId) -> Vec<(u64, bool)> {
        let session = Session::new(me, DeviceId(me.0), Time(0));
        let caller = Caller::new(Some(session.into()), [127, 0, 0, 1].into());
        let cx = Cx::new(caller, &self.foundation.clock);
        let account_ids = vec![99, 1, 2, 3, 2];
        let answer = self.presence.get_presence(&cx, GetPresenceRequest { account_ids }).await.unwrap();
        answer.presence.iter().map(|p| (p.account_id, p.online)).collect()
    }
}

#[tokio::test]
async fn friends_who_listen_are_told_of_coming_and_going() {
    let mut room = Room::new().await;
    let anna = room.come(ANNA, 1);
    assert_eq!(room.told().await, [], "nobody is there to hear it");
    let boris = room.come(BORIS, 2);
    assert_eq!(room.told().await, [(1, 2, true)], "who comes asks for the others");
    assert_eq!(room.sees(BORIS).await, [(1, true)]);
    assert_eq!(room.sees(ANNA).await, [(2, true), (3, false)]);
    let second = room.come(BORIS, 22);
    drop(boris);
    assert_eq!(room.told().await, [], "one device is enough");

    drop(second);
    assert_eq!(room.told().await, []);
    tokio::time::advance(GONE_AFTER - Duration::from_secs(1)).await;
    assert_eq!(room.told().await, [], "not gone for half a minute yet");
    assert_eq!(room.sees(ANNA).await, [(2, true), (3, false)]);
    let back = room.come(BORIS, 2);
    tokio::time::advance(GONE_AFTER).await;
    assert_eq!(room.told().await, [], "back in time");
    drop(back);
    assert_eq!(room.told().await, []);
    tokio::time::advance(GONE_AFTER).await;
    assert_eq!(room.told().await, [(1, 2, false)]);
    assert_eq!(room.sees(ANNA).await, [(2, false), (3, false)]);
    drop(anna);
}

#[tokio::test]
async fn who_hides_is_gone_at_once_and_sees_nobody() {
    let mut room = Room::new().await;
    let _devices = EVERYBODY.map(|who| room.come(who, who.0));
    room.told().await;
    room.let_see(ANNA, false).await;
    assert_eq!(room.sees(ANNA).await, []);
    assert_eq!(room.sees(BORIS).await, [], "also before anybody is told");
    assert_eq!(room.told().await, [(2, 1, false), (3, 1, false)]);
    for _ in 0..5 {
        room.let_see(ANNA, true).await;
        room.told().await;
        room.let_see(ANNA, false).await;
        assert_eq!(room.told().await, [], "to and fro costs friends nothing");
    }
    room.let_see(ANNA, true).await;
    assert_eq!(room.told().await, []);
    tokio::time::advance(GONE_AFTER).await;
    assert_eq!(room.told().await, [(2, 1, true), (3, 1, true)]);
}

#[tokio::test]
async fn who_deletes_or_blocks_is_gone_to_the_other_and_to_nobody_else() {
    let mut room = Room::new().await;
    let _devices = EVERYBODY.map(|who| room.come(who, who.0));
    room.told().await;
    room.friends(ANNA, BORIS, false).await;
    assert_eq!(room.sees(BORIS).await, []);
    assert_eq!(room.sees(ANNA).await, [(3, true)]);
    assert_eq!(room.told().await, [(1, 2, false), (2, 1, false)]);
    room.friends(ANNA, BORIS, false).await;
    assert_eq!(room.told().await, []);
    room.friends(ANNA, BORIS, true).await;
    assert_eq!(room.told().await, [(1, 2, true), (2, 1, true)]);

    let before = room.sees(BORIS).await;
    room.friends(ANNA, BORIS, false).await;
    let deleted =
        (room.sees(BORIS).await, room.told().await.into_iter().filter(|t| t.0 == 2).collect::<Vec<_>>());
    room.friends(ANNA, BORIS, true).await;
    room.told().await;
    assert_eq!(room.sees(BORIS).await, before);
    room.let_see(ANNA, false).await;
    let hidden =
        (room.sees(BORIS).await, room.told().await.into_iter().filter(|t| t.0 == 2).collect::<Vec<_>>());
    assert_eq!(deleted, hidden, "to Boris the two are one");
}

#[tokio::test]
async fn strangers_and_those_who_hide_are_left_out_alike() {
    let mut room = Room::new().await;
    let _devices = EVERYBODY.map(|who| room.come(who, who.0));
    room.told().await;
    room.let_see(CLARA, false).await;
    assert_eq!(room.sees(ANNA).await, [(2, true)]);
    assert_eq!(room.sees(BORIS).await, [(1, true)], "Clara is no friend of his");
    assert_eq!(room.sees(CLARA).await, []);
    let session = Session::new(ANNA, DeviceId(1), Time(0));
    let caller = Caller::new(Some(session.into()), [127, 0, 0, 1].into());
    let cx = Cx::new(caller, &room.foundation.clock);
    let many = GetPresenceRequest { account_ids: (0..101).collect() };
    let refused = room.presence.get_presence(&cx, many).await.unwrap_err();
    assert_eq!(refused.reason(), "TOO_MANY_ACCOUNTS");
}

/// Whatever happens in whatever order: once all is looked at, two who are shown see each other exactly where they may.
#[tokio::test]
async fn in_the_end_everybody_sees_what_they_may() {
    let mut room = Room::new().await;
    let random = crate::random::Random::seeded(5);
    let mut devices: Vec<Option<Connection>> = vec![None, None, None];
    for _ in 0..300 {
        let [dice, who, other] = random.bytes::<3>();
        let (who, other) = (EVERYBODY[usize::from(who % 3)], EVERYBODY[usize::from(other % 3)]);
        match dice % 6 {
            0 => devices[who.0 as usize - 1] = Some(room.come(who, who.0)),
            1 => devices[who.0 as usize - 1] = None,
            2 => room.let_see(who, dice < 128).await,
            3 => tokio::time::advance(GONE_AFTER / 2).await,
            _ if who != other => room.friends(who, other, dice < 160).await,
            _ => {}
        }
        if dice > 60 {
            room.told().await;
        }
    }
    tokio::time::advance(GONE_AFTER).await;
    room.told().await;
    tokio::time::advance(GONE_AFTER).await;
    room.told().await;
    for (one, other) in [(ANNA, BORIS), (ANNA, CLARA), (BORIS, CLARA)] {
        let here = |who: AccountId| devices[who.0 as usize - 1].is_some();
        let may = room.presence.may_see(one, other).await.unwrap() && here(one) && here(other);
        let joined = room.presence.lock().part(one, other);
        assert_eq!(joined, may, "{one:?} {other:?}");
    }
}

#[tokio::test]
async fn who_is_not_told_that_a_friend_went_catches_up() {
    let mut room = Room::new().await;
    let (anna, boris) = (room.come(ANNA, 1), room.come(BORIS, 2));
    room.told().await;
    drop(boris);
    room.told().await;
    // Nobody takes what is told.
    for _ in 0..5000 {
        room.foundation.bus.send(Audience::Account(CLARA), FollowResponse::default());
    }
    tokio::time::advance(GONE_AFTER).await;
    room.presence.work().await;
    assert!(matches!(anna.take().await, Taken::Overflowed));
    assert_eq!(room.sees(ANNA).await, [(2, false), (3, false)]);
}
