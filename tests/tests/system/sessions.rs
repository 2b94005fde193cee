//! What happens to open sockets and streams when a device is signed out, and what wrong passwords do to whom.

use bytes::Bytes;
use std::time::Duration;
use teahouse_client::{Connection, Transport};
use teahouse_proto::accounts::{
    ChangePasswordRequest, GetAccountRequest, LoginRequest, LogoutRequest, RecoverRequest,
    SignOutDeviceRequest, SignOutOtherDevicesRequest,
};
use teahouse_tests::device::Device;
use teahouse_tests::follow::Follow;
use teahouse_tests::person::{Person, device_info};
use teahouse_tests::verbs::reason;
use teahouse_tests::world::{Setup, World, over_all_transports, over_all_transports_with};

/// Within this, whatever a signed-out device has open is closed.
pub(crate) const CLOSED_WITHIN: Duration = Duration::from_secs(2);

/// The stream ends, the socket is closed, and a new one is not let in.
async fn is_shut_out(device: &Device, connection: Connection, mut follow: Follow) {
    let closed = async {
        follow.end().await;
        if connection.transport() != Transport::Grpc {
            connection.ended().await;
        }
    };
    tokio::time::timeout(CLOSED_WITHIN, closed).await.expect("closed within 2 s");
    assert_eq!(reason(device.accounts().get_account(GetAccountRequest {}).await), "UNAUTHENTICATED");
}

/// A device is open; somebody does something; the device is shut out.
async fn check(world: &World, act: impl AsyncFn(&Person, &Device)) {
    let anna = world.person("anna").await;
    let phone = anna.sign_in("phone").await;
    let (follow, connection) = (phone.follow().await, phone.connection().await.expect("it is open"));
    let mut stays = anna.follow().await;
    let bystander = world.person("boris").await;
    let mut at_bystander = bystander.follow().await;
    act(&anna, &phone).await;
    is_shut_out(&phone, connection, follow).await;
    anna.say(anna.self_conversation, "still here").await;
    stays.until(|e| matches!(e, teahouse_proto::sync::follow_response::Event::Entry(_)).then_some(())).await;
    bystander.say(bystander.self_conversation, "me too").await;
    at_bystander.entry().await;
}

#[tokio::test]
async fn signing_out_another_device_closes_it() {
    over_all_transports(async |world| {
        check(world, async |anna, phone| {
            let request = SignOutDeviceRequest { device_id: phone.device_id };
            anna.accounts().sign_out_device(request).await.expect("signed out");
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn signing_all_others_out_closes_them() {
    over_all_transports(async |world| {
        check(world, async |anna, _| {
            anna.accounts().sign_out_other_devices(SignOutOtherDevicesRequest {}).await.expect("signed out");
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_new_password_closes_the_others() {
    over_all_transports(async |world| {
        check(world, async |anna, _| {
            let request = ChangePasswordRequest { new_password: "white peony 3".to_owned() };
            anna.accounts().change_password(request).await.expect("changed");
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn signing_out_closes_the_own_socket() {
    over_all_transports(async |world| {
        check(world, async |_, phone| {
            phone.accounts().logout(LogoutRequest {}).await.expect("signed out");
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn recovery_closes_everything() {
    over_all_transports(async |world| {
        let anna = world.person("anna").await;
        let (follow, connection) = (anna.follow().await, anna.connection().await.expect("it is open"));
        let request = RecoverRequest {
            username: anna.username.clone(),
            code: anna.recovery_codes[0].clone(),
            new_password: "white peony 3".to_owned(),
            device: Some(device_info("new phone")),
        };
        world.device("new phone").accounts().recover(request).await.expect("recovered");
        is_shut_out(&anna, connection, follow).await;
    })
    .await;
}

#[tokio::test]
async fn a_device_that_was_away_for_ninety_days_is_signed_out() {
    over_all_transports(async |world| {
        let anna = world.person("anna").await;
        world.advance(Duration::from_secs(91 * 86_400));
        anna.disconnect().await;
        assert_eq!(reason(anna.accounts().get_account(GetAccountRequest {}).await), "UNAUTHENTICATED");
    })
    .await;
}

#[tokio::test]
async fn a_restart_signs_nobody_out_and_nobody_in() {
    over_all_transports_with(Setup::on_disk, async |world| {
        let anna = world.person("anna").await;
        let phone = anna.sign_in("phone").await;
        phone.accounts().logout(LogoutRequest {}).await.expect("signed out");
        world.restart().await;
        anna.accounts().get_account(GetAccountRequest {}).await.expect("still signed in");
        assert_eq!(reason(phone.accounts().get_account(GetAccountRequest {}).await), "UNAUTHENTICATED");
    })
    .await;
}

#[tokio::test]
async fn wrong_passwords_slow_down_the_guesser_and_nobody_else() {
    over_all_transports(async |world| {
        let anna = world.person("anna").await;
        let mut follow = anna.follow().await;
        let guesser = world.device("guesser");
        let guess = |who: &str| LoginRequest {
            username: who.to_owned(),
            password: "is it this one?".to_owned(),
            device: None,
        };
        for known in [anna.username.as_str(), "nobody-at-all"] {
            for _ in 0..5 {
                assert_eq!(reason(guesser.accounts().login(guess(known)).await), "LOGIN_FAILED");
            }
            let held_up = guesser.accounts().login(guess(known)).await.expect_err("held up");
            assert_eq!(held_up.reason(), "RATE_LIMITED", "{known}");
            assert!(held_up.retry_after().is_some_and(|wait| wait <= Duration::from_secs(1)), "{held_up:?}");
        }
        // Devices that are signed in notice nothing.
        anna.accounts().get_account(GetAccountRequest {}).await.expect("still signed in");
        anna.say(anna.self_conversation, "undisturbed").await;
        follow.entry().await;
        anna.disconnect().await;
        anna.follow_from(Bytes::new()).await.caught_up().await;
        // The delay ends by itself.
        world.advance(Duration::from_secs(2));
        anna.sign_in("phone").await;
    })
    .await;
}
