//! Making accounts.

use super::*;
use crate::features::accounts::{Registration, person, person_by_username};
use crate::id::ConversationId;
use crate::time::{DAY, HOUR, Time};
use std::sync::Mutex;
use teahouse_proto::common::Way;

async fn try_register(
    room: &Room,
    address: &str,
    change: impl FnOnce(&mut RegisterRequest),
) -> Result<RegisterResponse> {
    let mut request = register_request("anna_01");
    change(&mut request);
    room.accounts.register(&room.from(address), request).await
}

#[tokio::test]
async fn a_new_account_is_signed_in_and_open_to_being_found() {
    let room = Room::new();
    let answer = try_register(&room, HOME, |r| r.display_name = " A\u{308}nna ".into()).await.unwrap();
    let made = account(&answer).clone();
    assert_eq!(made.username, "anna_01");
    assert_eq!(made.profile.as_ref().unwrap().display_name, "Änna", "NFC, without the spaces around");
    assert_eq!((made.recovery_codes_left, answer.recovery_codes.len()), (8, 8));
    assert_eq!(answer.token.len(), 43);
    let cx = room.with_token(&answer.token).await.unwrap();
    assert_eq!((cx.account().unwrap().0, cx.device().unwrap().0), (made.account_id, answer.device_id));

    let find = |tx: &mut Tx<'_>| person_by_username(tx, "ANNA_01");
    let found = room.store().transact(find).await.unwrap().unwrap();
    assert!((1..=7).all(|way| found.can_be_added_by(Way::try_from(way).unwrap())));
    assert!(!found.can_be_added_by(Way::Unspecified));
    assert!(found.friends_must_request && !found.ask_before_group);
    assert_eq!(found.self_conversation.0, made.self_conversation_id);
    let loaded = crate::features::accounts::load(room.store(), found.id).await.unwrap();
    assert!(loaded.is_some_and(|p| p == found));
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said() {
    let room = Room::new();
    for name in [
        "short",
        "1anna01",
        "anna 01",
        "анна_001",
        "",
        "a23456789012345678901",
        "Admin-42",
        "TEAhouse",
        "s_u_p_port",
    ] {
        assert_eq!(
            reason(try_register(&room, HOME, |r| r.username = name.into()).await),
            "USERNAME_INVALID",
            "{name}"
        );
    }
    for password in ["", "seven77", &"x".repeat(129), "with\u{0}zero"] {
        assert_eq!(
            reason(try_register(&room, HOME, |r| r.password = password.into()).await),
            "PASSWORD_INVALID"
        );
    }
    for password in ["Password1", "1q2w3e4r5t", "ANNA_001"] {
        let change = |r: &mut RegisterRequest| {
            r.username = "anna_001".into();
            r.password = password.into();
        };
        assert_eq!(reason(try_register(&room, HOME, change).await), "PASSWORD_COMMON");
    }
    for name in ["", " ", "\u{202e}evil", "a\u{200b}b", "\u{fe0f}", &"x".repeat(33)] {
        assert_eq!(
            reason(try_register(&room, HOME, |r| r.display_name = name.into()).await),
            "DISPLAY_NAME_INVALID"
        );
    }
    assert_eq!(room.hashes(), 0, "nothing of this costs a hash");
    try_register(&room, HOME, |_| ()).await.unwrap();
    assert_eq!(reason(try_register(&room, HOME, |r| r.username = "Anna_01".into()).await), "USERNAME_TAKEN");
}

#[tokio::test]
async fn of_two_who_want_a_name_at_once_one_gets_it() {
    let room = Room::new();
    let tries = ["anna_01", "ANNA_01", "Anna_01", "aNNa_01"];
    let answers = futures::future::join_all(
        tries.map(|name| try_register(&room, HOME, move |r| r.username = name.into())),
    )
    .await;
    assert_eq!(room.hashes(), tries.len(), "all were let as far as the hash");
    let reasons: Vec<_> = answers.iter().map(|a| a.as_ref().err().map_or("OK", |e| e.reason())).collect();
    assert_eq!(reasons.iter().filter(|r| **r == "OK").count(), 1);
    assert_eq!(reasons.iter().filter(|r| **r == "USERNAME_TAKEN").count(), 3);
}

#[tokio::test]
async fn an_address_makes_five_accounts_a_day() {
    let room = Room::new();
    let made = |n: u8| {
        let room = &room;
        async move { try_register(room, "2001:db8::1", |r| r.username = format!("person{n}")).await }
    };
    for n in 0..5 {
        made(n).await.unwrap();
    }
    let refused = made(5).await.unwrap_err();
    assert_eq!(refused.reason(), "RATE_LIMITED");
    assert!(refused.retry_after_ms() > 23 * 3_600_000, "{}", refused.retry_after_ms());
    assert_eq!(room.hashes(), 5);
    let neighbour = try_register(&room, "2001:db8::ffff:1", |r| r.username = "neighbour".into()).await;
    assert_eq!(reason(neighbour), "RATE_LIMITED", "the same /64");
    try_register(&room, "2001:db8:0:1::1", |r| r.username = "further".into()).await.unwrap();
    room.clock.advance(DAY);
    made(5).await.unwrap();
}

#[tokio::test]
async fn an_address_asks_ten_times_an_hour_whether_a_name_is_taken() {
    let room = Room::new();
    room.register("anna_01").await;
    for _ in 0..10 {
        assert_eq!(reason(try_register(&room, HOME, |_| ()).await), "USERNAME_TAKEN");
    }
    assert_eq!(reason(try_register(&room, HOME, |_| ()).await), "RATE_LIMITED");
    assert_eq!(reason(try_register(&room, HOME, |r| r.username = "free_name".into()).await), "RATE_LIMITED");
    room.clock.advance(HOUR);
    assert_eq!(reason(try_register(&room, HOME, |_| ()).await), "USERNAME_TAKEN");
}

#[tokio::test]
async fn on_loopback_addresses_do_not_count() {
    let room = Room::build(true, |_| (), Vec::new());
    for n in 0..12 {
        try_register(&room, "127.0.0.1", |r| r.username = format!("person{n}")).await.unwrap();
    }
}

#[tokio::test]
async fn by_invitation_a_code_is_good_for_its_uses() {
    let room = Room::with(|c| c.registration = Registration::Invitation);
    let code = room.accounts.create_invitation(2).await.unwrap();
    let with = |name: &str, code: &str| {
        let (name, code, room) = (name.to_owned(), code.to_owned(), &room);
        async move {
            let change = |r: &mut RegisterRequest| (r.username, r.invitation_code) = (name, code);
            reason(try_register(room, HOME, change).await)
        }
    };
    assert_eq!(with("anna_01", "").await, "INVITATION_INVALID");
    assert_eq!(with("anna_01", "0000-0000-0000-0000").await, "INVITATION_INVALID");
    assert_eq!(with("anna_01", &code.to_uppercase().replace('-', " ")).await, "OK");
    assert_eq!(with("anna_01", &code).await, "USERNAME_TAKEN", "which costs no use");
    assert_eq!(with("bobby_01", &code).await, "OK");
    assert_eq!(with("carla_01", &code).await, "INVITATION_INVALID");
    assert_eq!(with("anna_01", &code).await, "INVITATION_INVALID", "names are told to those who are invited");
}

#[tokio::test]
async fn one_use_of_an_invitation_is_one_account_however_many_ask_at_once() {
    let room = Room::with(|c| c.registration = Registration::Invitation);
    let code = room.accounts.create_invitation(1).await.unwrap();
    let tries = (0..4).map(|n| {
        let code = code.clone();
        try_register(&room, HOME, move |r| (r.username, r.invitation_code) = (format!("person{n}"), code))
    });
    let answers = futures::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|a| a.is_ok()).count(), 1);
    assert!(answers.into_iter().filter(Result::is_err).all(|a| reason(a) == "INVITATION_INVALID"));
}

#[tokio::test]
async fn where_registration_is_closed_nobody_learns_anything() {
    let room = Room::with(|c| c.registration = Registration::Closed);
    assert_eq!(reason(try_register(&room, HOME, |_| ()).await), "REGISTRATION_CLOSED");
    assert_eq!(reason(try_register(&room, HOME, |r| r.username = "x".into()).await), "REGISTRATION_CLOSED");
}

#[derive(Default)]
struct Hook {
    called: Mutex<Vec<(AccountId, ConversationId)>>,
    refuses: bool,
}

impl AccountHooks for Hook {
    fn on_registered(&self, tx: &mut Tx<'_>, account: AccountId, own: ConversationId, _: Time) -> Result<()> {
        assert!(person(tx, account)?.is_some(), "the account is there already");
        self.called.lock().unwrap().push((account, own));
        if self.refuses { Err(Error::internal("refused")) } else { Ok(()) }
    }
}

#[tokio::test]
async fn later_rooms_take_part_in_the_registering_transaction() {
    let hook = Arc::new(Hook::default());
    let room = Room::build(false, |_| (), vec![hook.clone()]);
    let made = room.register("anna_01").await;
    let made = account(&made);
    let expected = [(AccountId(made.account_id), ConversationId(made.self_conversation_id))];
    assert_eq!(*hook.called.lock().unwrap(), expected);

    let refusing = Arc::new(Hook { refuses: true, ..Hook::default() });
    let room = Room::build(false, |_| (), vec![refusing]);
    assert_eq!(reason(try_register(&room, HOME, |_| ()).await), "INTERNAL");
    let find = |tx: &mut Tx<'_>| person_by_username(tx, "anna_01");
    assert!(room.store().transact(find).await.unwrap().is_none());
}
