//! What is told in passing: typing and receipts, and what of them shows to whom.

use super::*;
use crate::bus::{Audience, Passing};
use crate::delivery::Connection;
use crate::features::accounts::fixture::{change, register};
use crate::features::testing::foundation_with_bus;
use teahouse_proto::sync::{Receipt, Typing};
use tokio::sync::mpsc::Receiver;

/// Anna and Boris, friends, each with a device that listens.
struct Two {
    room: Room,
    id: ConversationId,
    passing: Receiver<Passing>,
    devices: Vec<Connection>,
}

impl Two {
    async fn meet() -> Self {
        let (foundation, _published, passing) = foundation_with_bus();
        let made = foundation.store.transact(|tx| {
            register(tx, ANNA, "anna", Time(0))?;
            register(tx, BORIS, "boris", Time(0))
        });
        made.await.unwrap();
        let devices =
            [ANNA, BORIS].map(|who| foundation.delivery.connect(who, DeviceId(who.0))).into_iter().collect();
        let (room, id) = Room::on(foundation).await;
        Self { room, id, passing, devices }
    }

    async fn receipts(&self, who: AccountId, on: bool) {
        let set = self
            .room
            .foundation
            .store
            .transact(move |tx| change(tx, who, |_, settings| settings.read_receipts = on));
        set.await.unwrap();
    }

    /// What was told since the last time, and to whom.
    fn told(&mut self) -> Vec<(AccountId, FollowEvent)> {
        let mut told = Vec::new();
        while let Ok(Passing { to: Audience::Account(to), message, .. }) = self.passing.try_recv() {
            told.push((to, message.event.clone().unwrap()));
        }
        told
    }

    async fn typing(&self, who: AccountId, id: ConversationId, kind: TypingKind) -> Result<()> {
        let request = SendTypingRequest { conversation_id: id.0, kind: kind.into() };
        self.room.chat.send_typing(&self.room.cx(who), request).await.map(drop)
    }

    /// All that somebody can see of how far the other has read.
    async fn sees(&self, who: AccountId) -> (GetReceiptsResponse, u64) {
        let request = GetReceiptsRequest { conversation_id: self.id.0, seq: 0 };
        let receipts = self.room.chat.get_receipts(&self.room.cx(who), request).await.unwrap();
        (receipts, self.room.view(who, self.id).await.peer_read_seq)
    }

    /// `who` deletes the other, as far as the contacts room goes.
    async fn unfriend(&self, who: AccountId, other: AccountId) {
        let (hooks, now) = (Hooks::new(self.room.foundation.ids.clone()), self.room.foundation.clock.now());
        let delete = self.room.foundation.store.transact(move |tx| {
            set_friend(tx, who, other, None)?;
            hooks.on_deleted(tx, who, other, now)
        });
        delete.await.unwrap();
    }
}

fn receipt(id: ConversationId, who: AccountId, read_seq: u64) -> FollowEvent {
    FollowEvent::Receipt(Receipt { conversation_id: id.0, account_id: who.0, read_seq })
}

const NOTHING: (GetReceiptsResponse, u64) =
    (GetReceiptsResponse { available: false, peer_read_seq: 0, readers: 0, members: 0 }, 0);

fn read_up_to(seq: u64) -> (GetReceiptsResponse, u64) {
    (GetReceiptsResponse { available: true, peer_read_seq: seq, readers: 0, members: 0 }, seq)
}

#[tokio::test]
async fn receipts_are_there_only_while_both_have_them_on() {
    let mut two = Two::meet().await;
    let id = two.id;
    two.room.say(ANNA, id, "one").await;
    two.room.read(BORIS, id, 2).await.unwrap();
    for (anna, boris) in [(false, false), (true, false), (false, true)] {
        two.receipts(ANNA, anna).await;
        two.receipts(BORIS, boris).await;
        assert_eq!((two.sees(ANNA).await, two.sees(BORIS).await), (NOTHING, NOTHING), "{anna} {boris}");
        let seq = two.room.say(ANNA, id, "more").await;
        two.room.read(BORIS, id, seq).await.unwrap();
        assert_eq!(two.told(), []);
    }
    two.receipts(ANNA, true).await;
    assert_eq!(two.sees(ANNA).await, read_up_to(5));
    let seq = two.room.say(ANNA, id, "six").await;
    assert_eq!(two.told(), [(BORIS, receipt(id, ANNA, 6))], "who writes has read");
    two.room.read(BORIS, id, seq).await.unwrap();
    assert_eq!(two.told(), [(ANNA, receipt(id, BORIS, 6))]);
    two.room.read(BORIS, id, seq).await.unwrap();
    assert_eq!(two.told(), [], "nothing new");
    assert_eq!((two.sees(ANNA).await, two.sees(BORIS).await), (read_up_to(6), read_up_to(6)));

    two.receipts(BORIS, false).await;
    assert_eq!((two.sees(ANNA).await, two.sees(BORIS).await), (NOTHING, NOTHING), "what was is hidden, too");
    two.room.say(BORIS, id, "seven").await;
    assert_eq!(two.told(), []);
}

#[tokio::test]
async fn who_was_deleted_sees_what_they_see_where_all_is_off() {
    let mut two = Two::meet().await;
    for who in [ANNA, BORIS] {
        two.receipts(who, true).await;
    }
    let seq = two.room.say(ANNA, two.id, "one").await;
    two.room.read(BORIS, two.id, seq).await.unwrap();
    two.receipts(BORIS, false).await;
    let off = (two.sees(ANNA).await, two.room.view(ANNA, two.id).await);
    assert!(two.typing(ANNA, two.id, TypingKind::Typing).await.is_ok());
    two.receipts(BORIS, true).await;
    two.told();
    two.unfriend(BORIS, ANNA).await;
    assert_eq!((two.sees(ANNA).await, two.room.view(ANNA, two.id).await), off);
    assert!(two.typing(ANNA, two.id, TypingKind::Typing).await.is_ok());
    assert_eq!(two.told(), [], "and nobody hears of it");
    let entries = ListEntriesRequest { conversation_id: two.id.0, ..Default::default() };
    assert_eq!(refused(two.room.list(BORIS, entries).await), "CONVERSATION_NOT_FOUND");

    two.room.befriend(ANNA, BORIS).await;
    assert_eq!(two.sees(ANNA).await, read_up_to(2), "who came back has not read what they cannot see");
}

#[tokio::test]
async fn what_one_deletes_nobody_learns_was_read() {
    let mut two = Two::meet().await;
    let id = two.id;
    for who in [ANNA, BORIS] {
        two.receipts(who, true).await;
    }
    for n in 2..=5 {
        assert_eq!(two.room.say(ANNA, id, "unread").await, n);
    }
    two.told();
    two.room.delete(BORIS, id, &[3]).await.unwrap();
    assert_eq!((two.room.view(BORIS, id).await.unread, two.sees(ANNA).await), (2, read_up_to(0)));
    two.room.read(BORIS, id, 2).await.unwrap();
    assert_eq!(two.told(), [(ANNA, receipt(id, BORIS, 2))], "reading is told still");
    assert_eq!((two.room.view(BORIS, id).await.unread, two.sees(ANNA).await), (2, read_up_to(2)));
    two.room.clear(BORIS, id, false).await.unwrap();
    for _ in 0..2 {
        assert_eq!((two.room.view(BORIS, id).await.unread, two.sees(ANNA).await), (0, read_up_to(2)));
        assert_eq!(two.room.read(BORIS, id, 5).await.unwrap().read_seq, 5);
        assert_eq!(two.told(), []);
        two.room = two.room.restarted();
    }
    let seq = two.room.say(ANNA, id, "after").await;
    two.told();
    two.room.read(BORIS, id, seq).await.unwrap();
    assert_eq!(two.told(), [(ANNA, receipt(id, BORIS, seq))]);
}

#[tokio::test]
async fn typing_reaches_the_other_and_nobody_else() {
    let mut two = Two::meet().await;
    let id = two.id;
    let typing = |kind: TypingKind| {
        FollowEvent::Typing(Typing { conversation_id: id.0, account_id: ANNA.0, kind: kind.into() })
    };
    for kind in [TypingKind::Typing, TypingKind::Speaking, TypingKind::SendingPicture, TypingKind::Stopped] {
        two.typing(ANNA, id, kind).await.unwrap();
        assert_eq!(two.told(), [(BORIS, typing(kind))]);
    }
    assert_eq!(refused(two.typing(ANNA, id, TypingKind::Unspecified).await), "FIELD_MISSING");
    for nowhere in [id, ConversationId(999)] {
        assert_eq!(refused(two.typing(CLARA, nowhere, TypingKind::Typing).await), "CONVERSATION_NOT_FOUND");
    }
    two.unfriend(ANNA, BORIS).await;
    assert_eq!(refused(two.typing(ANNA, id, TypingKind::Typing).await), "CONVERSATION_NOT_FOUND");
    two.devices.clear();
    two.room.befriend(ANNA, BORIS).await;
    two.typing(ANNA, id, TypingKind::Typing).await.unwrap();
    assert_eq!(two.told(), [], "nobody listens");
}

#[tokio::test]
async fn the_work_does_not_tell_what_is_the_others() {
    let mut two = Two::meet().await;
    let id = two.id;
    for who in [ANNA, BORIS] {
        two.receipts(who, true).await;
    }
    for _ in 0..6 {
        two.room.say(ANNA, id, "one").await;
    }
    two.room.read(BORIS, id, 2).await.unwrap();
    two.told();
    let store = two.room.foundation.store.clone();
    let mut works = Vec::new();
    for (seq, told) in [(3, 2), (4, 1), (5, 0), (6, 0)] {
        match seq {
            4 => two.receipts(ANNA, false).await,
            5 => {
                two.receipts(ANNA, true).await;
                two.devices.remove(0);
            }
            6 => two.unfriend(ANNA, BORIS).await,
            _ => {}
        }
        let before = store.reads();
        two.typing(BORIS, id, TypingKind::Typing).await.unwrap();
        let between = store.reads();
        two.room.read(BORIS, id, seq).await.unwrap();
        works.push((between - before, store.reads() - between));
        assert_eq!(two.told().len(), told, "{seq}");
    }
    assert!(works.iter().all(|work| *work == works[0]), "{works:?}");
}

#[tokio::test]
async fn what_cannot_be_told_is_dropped_and_nobody_waits() {
    let mut two = Two::meet().await;
    for _ in 0..5000 {
        two.typing(ANNA, two.id, TypingKind::Typing).await.unwrap();
    }
    let told = two.told().len();
    assert!((1000..5000).contains(&told), "{told}");
}
