//! Accounts, devices, passwords and recovery codes.

use teahouse_proto::accounts::{
    ChangePasswordRequest, Device as Listed, GetAccountRequest, ListDevicesRequest, LoginRequest,
    LogoutRequest, RecoverRequest, RegisterRequest, RenewRecoveryCodesRequest, SignOutDeviceRequest,
    SignOutOtherDevicesRequest, UpdateProfileRequest,
};
use teahouse_proto::sync::account_event::What;
use teahouse_proto::sync::devices_changed::Change;
use teahouse_tests::device::Device;
use teahouse_tests::person::{device_info, registration};
use teahouse_tests::plain::refusal;
use teahouse_tests::verbs::reason;
use teahouse_tests::world::{World, over_all_transports};

async fn is_signed_in(device: &Device) -> bool {
    match device.accounts().get_account(GetAccountRequest {}).await {
        Ok(_) => true,
        Err(error) if error.reason() == "UNAUTHENTICATED" => false,
        Err(error) => panic!("{error:?}"),
    }
}

async fn devices(device: &Device) -> Vec<Listed> {
    device.accounts().list_devices(ListDevicesRequest {}).await.expect("a list").devices
}

#[tokio::test]
async fn somebody_registers_and_signs_in_on_a_second_device() {
    over_all_transports(async |world| {
        let anna = world.person("anna").await;
        let mine = anna.accounts().get_account(GetAccountRequest {}).await.expect("an account");
        let account = mine.account.expect("an account");
        assert_eq!((account.account_id, mine.device_id), (anna.account_id, anna.device_id));
        assert_eq!((account.username.as_str(), account.recovery_codes_left), ("anna-tea", 8));
        assert_eq!(anna.recovery_codes.len(), 8);

        let phone = anna.sign_in("phone").await;
        let listed = devices(&phone).await;
        let mut names: Vec<_> =
            listed.iter().map(|d| (d.info.clone().expect("a name").name, d.current)).collect();
        names.sort();
        assert_eq!(names, [("desk".to_owned(), false), ("phone".to_owned(), true)]);
        assert_ne!(phone.token(), anna.token());
        assert_eq!(phone.token().len(), 43);
    })
    .await;
}

#[tokio::test]
async fn a_username_is_one_whatever_its_case() {
    over_all_transports(async |world| {
        let anna = world.person("anna").await;
        let again = RegisterRequest { username: "ANNA-Tea".to_owned(), ..registration("other") };
        assert_eq!(reason(world.device("nobody").accounts().register(again).await), "USERNAME_TAKEN");
        let login = LoginRequest { username: "AnnA-tEA".to_owned(), ..anna.login("phone") };
        let login = world.device("phone").accounts().login(login).await.expect("signed in");
        assert_eq!(login.account.expect("an account").account_id, anna.account_id);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_registered() {
    over_all_transports(async |world| {
        let nobody = world.device("nobody");
        let base = registration("someone");
        let with = |change: fn(&mut RegisterRequest)| {
            let mut request = base.clone();
            change(&mut request);
            request
        };
        for (request, expected) in [
            (with(|r| r.username = "anna".into()), "USERNAME_INVALID"),
            (with(|r| r.username = "a".repeat(21)), "USERNAME_INVALID"),
            (with(|r| r.username = "7sisters".into()), "USERNAME_INVALID"),
            (with(|r| r.username = "ännchen".into()), "USERNAME_INVALID"),
            (with(|r| r.username = "teahouse".into()), "USERNAME_INVALID"),
            (with(|r| r.password = "short 1".into()), "PASSWORD_INVALID"),
            (with(|r| r.password = "x".repeat(129)), "PASSWORD_INVALID"),
            (with(|r| r.password = "password".into()), "PASSWORD_COMMON"),
            (with(|r| r.display_name = String::new()), "DISPLAY_NAME_INVALID"),
            (with(|r| r.display_name = "n".repeat(33)), "DISPLAY_NAME_INVALID"),
            (with(|r| r.display_name = "evil\u{202e}txt".into()), "DISPLAY_NAME_INVALID"),
        ] {
            let said = format!("{request:?}");
            assert_eq!(reason(nobody.accounts().register(request).await), expected, "{said}");
        }
        nobody.accounts().register(base.clone()).await.expect("nothing of that took the name");
    })
    .await;
}

#[tokio::test]
async fn a_device_signs_out_itself_and_others() {
    over_all_transports(async |world| {
        let anna = world.person("anna").await;
        let [phone, tablet, watch] =
            [anna.sign_in("phone").await, anna.sign_in("tablet").await, anna.sign_in("watch").await];
        phone.accounts().logout(LogoutRequest {}).await.expect("signed out");
        assert!(!is_signed_in(&phone).await && is_signed_in(&anna).await);

        let boris = world.person("boris").await;
        let sign_out = |device: &Device| SignOutDeviceRequest { device_id: device.device_id };
        assert_eq!(reason(boris.accounts().sign_out_device(sign_out(&tablet)).await), "DEVICE_NOT_FOUND");
        assert!(is_signed_in(&tablet).await);
        anna.accounts().sign_out_device(sign_out(&tablet)).await.expect("signed out");
        assert!(!is_signed_in(&tablet).await && is_signed_in(&watch).await);
        assert_eq!(reason(anna.accounts().sign_out_device(sign_out(&tablet)).await), "DEVICE_NOT_FOUND");

        let others = anna.accounts().sign_out_other_devices(SignOutOtherDevicesRequest {}).await;
        assert_eq!(others.expect("signed out").signed_out, 1);
        assert!(!is_signed_in(&watch).await && is_signed_in(&anna).await);
        assert_eq!(devices(&anna).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_new_password_signs_the_others_out_and_tells_them_nothing_else() {
    over_all_transports(async |world| {
        let mut anna = world.person("anna").await;
        let phone = anna.sign_in("phone").await;
        let mut follow = anna.follow().await;
        let weak = ChangePasswordRequest { new_password: "12345678".to_owned() };
        assert_eq!(reason(phone.accounts().change_password(weak).await), "PASSWORD_COMMON");
        let new = ChangePasswordRequest { new_password: "white peony 3".to_owned() };
        let changed = anna.accounts().change_password(new).await.expect("changed");
        assert_eq!(changed.signed_out, 1);
        let What::DevicesChanged(told) = follow.account().await else { panic!("not about devices") };
        assert_eq!(told.change(), Change::PasswordChanged);
        assert!(!is_signed_in(&phone).await && is_signed_in(&anna).await);
        let nobody = world.device("nobody");
        assert_eq!(reason(nobody.accounts().login(anna.login("phone")).await), "LOGIN_FAILED");
        anna.password = "white peony 3".to_owned();
        anna.sign_in("another phone").await;
    })
    .await;
}

fn recovery(world: &World, who: &str, code: &str) -> (Device, RecoverRequest) {
    let request = RecoverRequest {
        username: format!("{who}-tea"),
        code: code.to_owned(),
        new_password: "lapsang after all".to_owned(),
        device: Some(device_info("new phone")),
    };
    (world.device("new phone"), request)
}

#[tokio::test]
async fn a_recovery_code_works_once_and_signs_everybody_else_out() {
    over_all_transports(async |world| {
        let mut anna = world.person("anna").await;
        let code = anna.recovery_codes[3].to_uppercase().replace('-', " ");
        let (new, request) = recovery(world, "anna", &code);
        let answer = new.accounts().recover(request.clone()).await.expect("recovered");
        let account = answer.account.expect("an account");
        assert_eq!((account.account_id, account.recovery_codes_left), (anna.account_id, 7));
        assert!(!is_signed_in(&anna).await);
        let new = new.signed_in(anna.account_id, answer.device_id, &answer.token);
        assert!(is_signed_in(&new).await);
        assert_eq!(reason(new.accounts().recover(request).await), "RECOVERY_FAILED");

        let renewed = new.accounts().renew_recovery_codes(RenewRecoveryCodesRequest {}).await.expect("codes");
        assert_eq!(renewed.recovery_codes.len(), 8);
        let (nobody, old) = recovery(world, "anna", &anna.recovery_codes[0]);
        assert_eq!(reason(nobody.accounts().recover(old).await), "RECOVERY_FAILED", "renewing kills the old");
        anna.password = "lapsang after all".to_owned();
        anna.sign_in("tablet").await;
    })
    .await;
}

#[tokio::test]
async fn nobody_learns_whether_a_username_exists() {
    over_all_transports(async |world| {
        let anna = world.person("anna").await;
        let nobody = world.device("nobody");
        let login = |username: &str| LoginRequest {
            username: username.to_owned(),
            password: "not the one".to_owned(),
            device: None,
        };
        let wrong = nobody.accounts().login(login(&anna.username)).await.expect_err("a wrong password");
        for unknown in ["nobody-at-all", "", "x", "анна-чай", &"a".repeat(1000)] {
            let error = nobody.accounts().login(login(unknown)).await.expect_err("nobody is called that");
            assert_eq!(refusal(&error), refusal(&wrong), "{unknown}");
        }
        let (_, request) = recovery(world, "anna", "k3vq-8m2t-x9pd-4hcw");
        let wrong = nobody.accounts().recover(request).await.expect_err("a wrong code");
        let (_, request) = recovery(world, "nobody", "k3vq-8m2t-x9pd-4hcw");
        let unknown = nobody.accounts().recover(request).await.expect_err("nobody is called that");
        assert_eq!((refusal(&unknown), unknown.reason()), (refusal(&wrong), "RECOVERY_FAILED"));
    })
    .await;
}

#[tokio::test]
async fn a_profile_changes_field_by_field() {
    over_all_transports(async |world| {
        let anna = world.person("anna").await;
        let change = UpdateProfileRequest { signature: Some("tea first".to_owned()), ..Default::default() };
        let profile =
            anna.accounts().update_profile(change).await.expect("changed").profile.expect("a profile");
        assert_eq!((profile.display_name.as_str(), profile.signature.as_str()), ("anna", "tea first"));
        let long = UpdateProfileRequest { signature: Some("s".repeat(61)), ..Default::default() };
        assert_eq!(reason(anna.accounts().update_profile(long).await), "SIGNATURE_INVALID");

        let rename =
            |n: u32| UpdateProfileRequest { display_name: Some(format!("Anna {n}")), ..Default::default() };
        for n in 1..=5 {
            anna.accounts().update_profile(rename(n)).await.expect("five changes are free");
        }
        let sixth = anna.accounts().update_profile(rename(6)).await.expect_err("too often");
        assert_eq!(sixth.reason(), "RATE_LIMITED");
        let wait = sixth.retry_after().expect("the wait is named");
        assert!(wait > std::time::Duration::from_secs(29 * 86_400), "{wait:?}");
        world.advance(wait);
        anna.accounts().update_profile(rename(6)).await.expect("30 days later");
    })
    .await;
}
