//! Kinds of messages that need no media.

use super::*;
use crate::features::accounts::fixture::{change, register};
use teahouse_proto::common::{PersonCard, Way};

const DORA: AccountId = AccountId(4);

impl Room {
    async fn with_people() -> (Self, ConversationId) {
        let (mut room, id) = Self::with_friends().await;
        let now = room.foundation.clock.now();
        let registered = room.foundation.store.transact(move |tx| {
            for (account, name) in [(ANNA, "anna"), (BORIS, "boris"), (CLARA, "clara"), (DORA, "dora")] {
                register(tx, account, name, now)?;
            }
            Ok(())
        });
        registered.await.unwrap();
        room.befriend(ANNA, CLARA).await;
        (room, id)
    }

    async fn card(&mut self, from: AccountId, id: ConversationId, of: AccountId) -> Result<u64> {
        let card = ContactCard { account_id: of.0, card: None };
        let sent = self.send_any(from, To::ConversationId(id.0), Say::ContactCard(card)).await;
        sent.map(|sent| sent.seq)
    }

    async fn open(&self, who: AccountId, id: ConversationId, seq: u64) -> Result<OpenContactCardResponse> {
        let request = OpenContactCardRequest { conversation_id: id.0, seq };
        self.chat.open_contact_card(&self.cx(who), request).await
    }

    pub(super) async fn entry(&self, who: AccountId, id: ConversationId, seq: u64) -> Entry {
        let one =
            ListEntriesRequest { conversation_id: id.0, after_seq: seq - 1, limit: 1, ..Default::default() };
        self.list(who, one).await.unwrap().remove(0)
    }
}

fn place(latitude: f64, longitude: f64, approximate: bool) -> Say {
    Say::Location(Location { latitude, longitude, approximate, label: "West Lake".into() })
}

#[tokio::test]
async fn an_approximate_location_leaves_the_request_as_its_cell() {
    let (mut room, id) = Room::with_friends().await;
    let to = To::ConversationId(id.0);
    let sent = room.send_any(ANNA, to, place(30.2431, 120.1502, true)).await.unwrap();
    room.made -= 1;
    let repeat = room.send_any(ANNA, to, place(30.2440, 120.1511, true)).await.unwrap();
    assert_eq!(repeat, sent, "what is remembered of a request does not tell the point");
    for who in [ANNA, BORIS] {
        let Some(entry::Content::Location(shown)) = room.entry(who, id, sent.seq).await.content else {
            panic!("no location")
        };
        assert_eq!((shown.latitude, shown.longitude), (30.23683, 120.14922));
        assert!(shown.approximate && shown.label == "West Lake");
    }
    room.made -= 1;
    let elsewhere = room.send_any(ANNA, to, place(30.3, 120.1502, true)).await;
    assert_eq!(refused(elsewhere), "CLIENT_ID_REUSED");
    assert_eq!(refused(room.send_any(ANNA, to, place(91.0, 0.0, false)).await), "LOCATION_INVALID");
}

#[tokio::test]
async fn a_link_always_has_the_host_that_the_server_reads() {
    let (mut room, id) = Room::with_friends().await;
    let link = Link {
        url: "https://茶.example/a".into(),
        title: "Your bank".into(),
        description: "é".repeat(150),
        host: "bank.example".into(),
        picture: None,
    };
    let seq = room.send_any(ANNA, To::ConversationId(id.0), Say::Link(link.clone())).await.unwrap().seq;
    let Some(entry::Content::Link(shown)) = room.entry(BORIS, id, seq).await.content else {
        panic!("no link")
    };
    let kept =
        Link { url: "https://xn--cl1a.example/a".into(), host: "xn--cl1a.example".into(), ..link.clone() };
    assert_eq!(shown, kept);
    let preview = room.view(BORIS, id).await.preview.unwrap();
    let Some(entry::Content::Link(short)) = preview.content else { panic!("no link") };
    assert_eq!((short.description, short.host, preview.cut), ("é".repeat(100), kept.host, true));
    let script = Link { url: "javascript:alert(1)".into(), ..link };
    assert_eq!(
        refused(room.send_any(ANNA, To::ConversationId(id.0), Say::Link(script)).await),
        "LINK_INVALID"
    );
}

#[tokio::test]
async fn a_card_is_of_a_friend_or_oneself_and_tells_no_id() {
    let (mut room, id) = Room::with_people().await;
    let seq = room.card(ANNA, id, CLARA).await.unwrap();
    let shown = room.entry(BORIS, id, seq).await;
    let card = PersonCard { display_name: "clara".into(), ..PersonCard::default() };
    let told = ContactCard { account_id: 0, card: Some(card.clone()) };
    assert_eq!(shown.content, Some(entry::Content::ContactCard(told)));
    for nobody in [DORA, AccountId(99)] {
        assert_eq!(refused(room.card(ANNA, id, nobody).await), "FRIEND_NOT_FOUND");
    }
    assert!(room.card(BORIS, id, BORIS).await.is_ok());
    assert_eq!(refused(room.card(BORIS, id, CLARA).await), "FRIEND_NOT_FOUND", "not his friend");
}

#[tokio::test]
async fn a_card_opens_for_readers_while_its_person_lets_it() {
    let (mut room, id) = Room::with_people().await;
    let of_clara = room.card(ANNA, id, CLARA).await.unwrap();
    let of_anna = room.card(ANNA, id, ANNA).await.unwrap();
    let opened = room.open(BORIS, id, of_clara).await.unwrap();
    let now = room.foundation.clock.now();
    let found = room.chat.tickets.read(BORIS, &opened.ticket, now).unwrap();
    assert_eq!((found.person, found.way, opened.account_id), (CLARA, Way::ContactCard, 0));
    assert_eq!(room.open(ANNA, id, of_clara).await.unwrap().account_id, CLARA.0);
    assert_eq!(room.open(BORIS, id, of_anna).await.unwrap().account_id, ANNA.0);
    let own = room.open(ANNA, id, of_anna).await.unwrap();
    assert!(own.ticket.is_empty() && own.account_id == ANNA.0);

    for (who, seq, reason) in [
        (BORIS, 1, "MESSAGE_NOT_FOUND"),
        (BORIS, 99, "MESSAGE_NOT_FOUND"),
        (BORIS, 0, "MESSAGE_NOT_FOUND"),
        (DORA, of_clara, "CONVERSATION_NOT_FOUND"),
    ] {
        assert_eq!(refused(room.open(who, id, seq).await), reason);
    }
    let closed = room.foundation.store.transact(|tx| {
        change(tx, CLARA, |profile, settings| {
            profile.display_name = "Clara".into();
            settings.add_ways.get_or_insert_default().by_contact_card = false;
        })
    });
    closed.await.unwrap();
    assert_eq!(refused(room.open(BORIS, id, of_clara).await), "PERSON_NOT_FOUND");
    assert_eq!(refused(room.open(ANNA, id, of_clara).await), "PERSON_NOT_FOUND", "as a search");
    let entry::Content::ContactCard(shown) = room.entry(BORIS, id, of_clara).await.content.unwrap() else {
        panic!("no card")
    };
    assert_eq!(shown.card.unwrap().display_name, "clara", "as they were when it was sent");
}

#[tokio::test]
async fn every_kind_can_be_quoted_and_no_notice() {
    let (mut room, id) = Room::with_people().await;
    let card = room.card(ANNA, id, CLARA).await.unwrap();
    let there = room.send_any(ANNA, To::ConversationId(id.0), place(1.0, 2.0, false)).await.unwrap().seq;
    for (quote_seq, granted) in [(card, true), (there, true), (1, false)] {
        let quoting = Text { quote_seq, ..plain("this one") };
        assert_eq!(room.send(BORIS, To::ConversationId(id.0), quoting).await.is_ok(), granted);
    }
    assert_eq!(room.view(ANNA, id).await.unread, 2);
    assert_eq!(room.view(BORIS, id).await.unread, 0);
}
