//! Signing in, and what it does not tell.

use super::*;
use crate::features::accounts::tables::CREDENTIAL;
use futures::StreamExt;
use teahouse_proto::sync::devices_changed::Change;

#[tokio::test]
async fn the_right_password_signs_in_and_other_devices_are_told() {
    let room = Room::new();
    let made = room.register("anna_01").await;
    let answer = room.login("Anna_01", PASSWORD).await.unwrap();
    assert_eq!(answer.account.as_ref(), Some(account(&made)));
    assert_ne!(answer.token, made.token);
    assert!(room.session(&answer.token).await.is_ok() && room.session(&made.token).await.is_ok());
    let told = room.told(account(&made)).await;
    let Some(What::DevicesChanged(change)) = told.last() else { panic!("{told:?}") };
    assert_eq!((change.change(), change.device_id), (Change::SignedIn, answer.device_id));
    assert_eq!(change.device_name, "laptop");
}

#[tokio::test]
async fn a_password_is_the_same_however_it_was_composed() {
    let room = Room::new();
    let mut request = register_request("anna_01");
    request.password = "caf\u{e9}\u{a0}caf\u{e9}".into();
    room.accounts.register(&room.from(HOME), request).await.unwrap();
    room.login("anna_01", "cafe\u{301} cafe\u{301}").await.unwrap();
    assert_eq!(reason(room.login("anna_01", "CAFÉ CAFÉ").await), "LOGIN_FAILED");
}

#[tokio::test]
async fn an_unknown_name_answers_and_costs_like_a_wrong_password() {
    let room = Room::new();
    room.register("anna_01").await;
    let mut answers = Vec::new();
    let long = "x".repeat(10_000);
    for (name, password) in [
        ("anna_01", "wrong password"),
        ("nobody_1", "wrong password"),
        ("nobody_2", PASSWORD),
        ("not a name", "wrong password"),
        ("", ""),
        (&long, &long),
    ] {
        let before = room.hashes();
        let refused = room.login(name, password).await.unwrap_err();
        assert_eq!(room.hashes() - before, 1, "{name:.20}: exactly one hash");
        answers.push(format!("{:?} {} {}", refused.kind(), refused, refused.retry_after_ms()));
        room.clock.advance(std::time::Duration::from_secs(3600));
    }
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:#?}");
}

#[tokio::test]
async fn a_name_that_is_held_up_answers_the_same_whether_it_exists_or_not() {
    let room = Room::new();
    room.register("anna_01").await;
    let mut answers = Vec::new();
    for (n, name) in ["anna_01", "nobody_1", "no name", ""].into_iter().enumerate() {
        let address = format!("192.0.2.{}", 10 + n);
        let now = room.clock.now();
        let mut all = Vec::new();
        for _ in 0..7 {
            // One moment for all tries, so that waits can be compared.
            let mut cx = room.from(&address);
            cx.now = now;
            let request =
                LoginRequest { username: name.into(), password: "wrong password".into(), device: None };
            let refused = room.accounts.login(&cx, request).await.unwrap_err();
            all.push((refused.reason(), refused.retry_after_ms()));
        }
        answers.push((all, room.hashes()));
    }
    let expected =
        [("LOGIN_FAILED", 0); 5].into_iter().chain([("RATE_LIMITED", 1000); 2]).collect::<Vec<_>>();
    for (n, (all, hashes)) in answers.into_iter().enumerate() {
        assert_eq!(all, expected);
        // One for the registration.
        assert_eq!(hashes, 1 + 5 * (n + 1));
    }
}

#[tokio::test]
async fn guesses_at_one_name_side_by_side_are_not_all_free() {
    let room = Room::new();
    room.register("anna_01").await;
    let before = room.hashes();
    let guesses = (0..20).map(|n| {
        let room = &room;
        async move { room.login_at(&format!("198.51.100.{n}"), "anna_01", "wrong password").await }
    });
    let answers = futures::future::join_all(guesses).await;
    assert_eq!(room.hashes() - before, 5);
    assert_eq!(
        answers.into_iter().filter(|a| a.as_ref().is_err_and(|e| e.reason() == "LOGIN_FAILED")).count(),
        5
    );
}

#[tokio::test]
async fn strangers_cannot_lock_somebody_out_of_an_address_they_use() {
    let room = Room::new();
    let made = room.accounts.register(&room.from(HOME), register_request("anna_01")).await.unwrap();
    room.register("bobby_01").await;
    for n in 0..40 {
        // From everywhere, and from Anna's own address at other people's names.
        let _ = room.login_at(&format!("198.51.100.{n}"), "anna_01", "wrong password").await;
        let _ = room.login_at(HOME, "bobby_01", "wrong password").await;
    }
    assert_eq!(reason(room.login_at(ELSEWHERE, "anna_01", PASSWORD).await), "RATE_LIMITED");
    assert_eq!(reason(room.login_at(HOME, "bobby_01", PASSWORD).await), "RATE_LIMITED");
    room.login_at(HOME, "anna_01", PASSWORD).await.unwrap();
    assert!(room.session(&made.token).await.is_ok(), "who is signed in notices nothing");
    room.recover("anna_01", &made.recovery_codes[0], "another pass 2").await.unwrap();
}

#[tokio::test]
async fn guesses_from_an_address_they_use_are_held_up_too() {
    let room = Room::new();
    room.accounts.register(&room.from(HOME), register_request("anna_01")).await.unwrap();
    for _ in 0..5 {
        assert_eq!(reason(room.login("anna_01", "wrong password").await), "LOGIN_FAILED");
    }
    assert_eq!(reason(room.login("anna_01", PASSWORD).await), "RATE_LIMITED");
    room.login_at(ELSEWHERE, "anna_01", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_device_makes_its_address_a_home() {
    let room = Room::new();
    let made = room.register("anna_01").await;
    // As the method table notes it.
    let session = room.session(&made.token).await.unwrap();
    session.came_from(HOME.parse().unwrap());
    room.clock.advance(crate::time::HOUR);
    session.used(room.clock.now());
    room.accounts.tidy().await.unwrap();
    for n in 0..40 {
        let _ = room.login_at(&format!("198.51.100.{n}"), "anna_01", "wrong password").await;
    }
    assert_eq!(reason(room.login_at(ELSEWHERE, "anna_01", PASSWORD).await), "RATE_LIMITED");
    room.login_at(HOME, "anna_01", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn an_overload_is_told_to_come_back() {
    let room = Room::with(|c| (c.password_workers, c.password_queue) = (1, 2));
    room.register("anna_01").await;
    let at_work = room.accounts.passwords.occupy().await;
    let logins = (0..20).map(|n| {
        let room = &room;
        async move { room.login_at(&format!("198.51.100.{n}"), "anna_01", PASSWORD).await }
    });
    let mut logins: futures::stream::FuturesUnordered<_> = logins.collect();
    for _ in 0..18 {
        let refused = logins.next().await.unwrap().unwrap_err();
        assert_eq!(refused.reason(), "OVERLOADED");
        assert!(refused.retry_after_ms() > 0);
    }
    drop(at_work);
    while let Some(waited) = logins.next().await {
        waited.unwrap();
    }
    room.login("anna_01", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_password_changed_while_the_old_one_was_checked_wins() {
    let room = Room::with(|c| c.password_workers = 1);
    let made = room.register("anna_01").await;
    let at_work = room.accounts.passwords.occupy().await;
    let mut login = Box::pin(room.login("anna_01", PASSWORD));
    assert!(futures::poll!(&mut login).is_pending());
    assert_eq!(room.accounts.passwords.waiting(), 1, "the old hash was read");
    let account = AccountId(account(&made).account_id);
    let change = move |tx: &mut Tx<'_>| {
        let mut row = tx.get(&CREDENTIAL, &account)?.unwrap();
        row.password_hash = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g".into();
        row.changed_at_ms += 1;
        tx.put(&CREDENTIAL, &account, &row)
    };
    room.store().transact(change).await.unwrap();
    drop(at_work);
    assert_eq!(reason(login.await), "LOGIN_FAILED");
}

#[tokio::test]
async fn many_people_behind_one_address_sign_in_at_once() {
    let room = Room::new();
    for n in 0..20 {
        room.register(&format!("person{n}")).await;
    }
    let logins = (0..20).map(|n| {
        let room = &room;
        async move { room.login_at(ELSEWHERE, &format!("person{n}"), PASSWORD).await }
    });
    for answer in futures::future::join_all(logins).await {
        answer.unwrap();
    }
}

#[test]
fn nothing_secret_is_shown() {
    let row = crate::features::accounts::tables::CredentialRow {
        password_hash: "$argon2id".into(),
        changed_at_ms: 1,
    };
    assert!(!format!("{row:?}").contains("argon2"));
}

#[tokio::test]
async fn a_hash_of_a_time_with_lower_settings_is_made_anew_at_the_next_sign_in() {
    let mut room = Room::new();
    let id = AccountId(account(&room.register("anna_01").await).account_id);
    let kept = async |room: &Room| room.store().get(&CREDENTIAL, &id).await.unwrap().unwrap();
    let weak = kept(&room).await;
    let foundation = room.accounts.foundation.clone();
    let config = AccountsConfig { password_memory_kib: 16, password_passes: 1, ..AccountsConfig::default() };
    room.accounts = Arc::new(Accounts::new(foundation, config, Vec::new(), Arc::new(Pictures)).unwrap());

    assert_eq!(reason(room.login("anna_01", "wrong password").await), "LOGIN_FAILED");
    assert_eq!(kept(&room).await, weak, "a wrong password changes nothing");
    // Two at once: each finds the weak hash, and neither keeps the other out.
    let (one, other) = futures::join!(room.login("anna_01", PASSWORD), room.login("anna_01", PASSWORD));
    assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
    let strong = kept(&room).await;
    assert!(strong.password_hash.contains("m=16,t=1"), "{}", strong.password_hash);
    assert_eq!(strong.changed_at_ms, weak.changed_at_ms, "the password is the same");
    let before = room.hashes();
    room.login("anna_01", PASSWORD).await.unwrap();
    assert_eq!((room.hashes() - before, kept(&room).await), (1, strong), "once is enough");
}
