//! Recovery codes.

use super::*;
use teahouse_proto::accounts::{GetAccountRequest, RenewRecoveryCodesRequest};
use teahouse_proto::sync::devices_changed::Change;

const NEW: &str = "another pass 2";

#[tokio::test]
async fn a_code_sets_a_new_password_once_and_signs_everything_else_out() {
    let mut room = Room::new();
    let made = room.register("anna_01").await;
    let code = &made.recovery_codes[3];
    let live = room.session(&made.token).await.unwrap();
    let answer = room.recover("ANNA_01", &code.to_uppercase().replace('-', " "), NEW).await.unwrap();
    assert!(live.is_ended());
    assert!(live.farewell().message().starts_with("A recovery code set a new password"));
    assert_eq!(reason(room.session(&made.token).await), "UNAUTHENTICATED");
    assert_eq!(room.ended().await, [DeviceId(made.device_id)]);
    assert_eq!(answer.account.as_ref().unwrap().recovery_codes_left, 7);
    let cx = room.with_token(&answer.token).await.unwrap();
    assert_eq!(cx.device().unwrap().0, answer.device_id);
    let told = room.told(account(&made)).await;
    let changes: Vec<_> = told
        .iter()
        .filter_map(|w| if let What::DevicesChanged(c) = w { Some(c.change()) } else { None })
        .collect();
    assert_eq!(changes, [Change::Recovered]);

    assert_eq!(reason(room.recover("anna_01", code, NEW).await), "RECOVERY_FAILED");
    assert_eq!(reason(room.login("anna_01", PASSWORD).await), "LOGIN_FAILED");
    room.login("anna_01", NEW).await.unwrap();
    room.recover("anna_01", &made.recovery_codes[0], NEW).await.unwrap();
}

#[tokio::test]
async fn of_several_who_use_a_code_at_once_one_wins() {
    let room = Room::new();
    let made = room.register("anna_01").await;
    let tries = (0..4).map(|n| {
        let (room, code) = (&room, &made.recovery_codes[0]);
        async move { room.recover("anna_01", code, &format!("another pass {n}")).await }
    });
    let answers = futures::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|a| a.is_ok()).count(), 1);
    for (n, answer) in answers.iter().enumerate() {
        let signs_in =
            room.login_at(&format!("198.51.100.{n}"), "anna_01", &format!("another pass {n}")).await;
        assert_eq!(signs_in.is_ok(), answer.is_ok());
        if let Ok(answer) = answer {
            room.session(&answer.token).await.unwrap();
        }
    }
}

#[tokio::test]
async fn an_unknown_name_answers_like_a_wrong_code_and_neither_costs_a_hash() {
    let room = Room::new();
    let made = room.register("anna_01").await;
    let hashes = room.hashes();
    let mut answers = Vec::new();
    for (name, code) in [
        ("anna_01", "0000-0000-0000-0000"),
        ("anna_01", "not a code"),
        ("nobody_1", made.recovery_codes[0].as_str()),
        ("not a name", ""),
    ] {
        answers.push(room.recover(name, code, NEW).await.unwrap_err().to_string());
    }
    assert!(answers.iter().all(|a| *a == answers[0] && a.starts_with("RECOVERY_FAILED")), "{answers:?}");
    assert_eq!(room.hashes(), hashes);
    assert_eq!(
        reason(room.recover("anna_01", &made.recovery_codes[0], "password1").await),
        "PASSWORD_COMMON"
    );
    assert_eq!(reason(room.recover("anna_01", &made.recovery_codes[0], "short").await), "PASSWORD_INVALID");
    room.recover("anna_01", &made.recovery_codes[0], NEW).await.unwrap();
}

#[tokio::test]
async fn wrong_codes_hold_up_their_address_and_no_one_elses_way_back() {
    let room = Room::new();
    let made = room.register("anna_01").await;
    for _ in 0..5 {
        assert_eq!(reason(room.recover("anna_01", "0000-0000-0000-0000", NEW).await), "RECOVERY_FAILED");
    }
    assert_eq!(reason(room.recover("anna_01", "0000-0000-0000-0000", NEW).await), "RATE_LIMITED");
    for n in 0..40 {
        let _ = room.login_at(&format!("198.51.100.{n}"), "anna_01", "wrong password").await;
    }
    let request = RecoverRequest {
        username: "anna_01".into(),
        code: made.recovery_codes[0].clone(),
        new_password: NEW.into(),
        device: None,
    };
    room.accounts.recover(&room.from("203.0.113.200"), request).await.unwrap();
}

#[tokio::test]
async fn renewed_codes_replace_the_old_ones() {
    let room = Room::new();
    let made = room.register("anna_01").await;
    let cx = room.with_token(&made.token).await.unwrap();
    let codes =
        room.accounts.renew_recovery_codes(&cx, RenewRecoveryCodesRequest {}).await.unwrap().recovery_codes;
    assert_eq!(codes.len(), 8);
    assert_eq!(reason(room.recover("anna_01", &made.recovery_codes[0], NEW).await), "RECOVERY_FAILED");
    room.recover("anna_01", &codes[7], NEW).await.unwrap();
}

#[tokio::test]
async fn an_operator_issues_one_more_and_the_devices_learn_of_it() {
    let room = Room::new();
    let made = room.register("anna_01").await;
    let code = room.accounts.issue_recovery_code("Anna_01").await.unwrap();
    assert_eq!(reason(room.accounts.issue_recovery_code("nobody_1").await), "PERSON_NOT_FOUND");
    let cx = room.with_token(&made.token).await.unwrap();
    let now = room.accounts.get_account(&cx, GetAccountRequest {}).await.unwrap();
    assert_eq!((now.account.as_ref().unwrap().recovery_codes_left, now.device_id), (9, made.device_id));
    let told = room.told(account(&made)).await;
    assert!(matches!(told.last(), Some(What::AccountChanged(a)) if a.recovery_codes_left == 9));
    room.recover("anna_01", &code, NEW).await.unwrap();
}
