//! Signing in by a code that a device which is signed in scans.

use std::time::Duration;
use teahouse_proto::ChatClient;
use teahouse_proto::accounts::ListDevicesRequest;
use teahouse_proto::qr::sign_in_by_code_response::Event as What;
use teahouse_proto::sync::account_event::What as Told;
use teahouse_proto::sync::devices_changed::Change;
use teahouse_tests::asker::{Asker, decide, scan};
use teahouse_tests::http::request;
use teahouse_tests::verbs::{message, reason, text};
use teahouse_tests::world::{PATIENCE, over_all_transports, over_all_transports_with};

#[tokio::test]
async fn a_device_is_let_in_and_goes_on_over_its_connection() {
    over_all_transports(async |world| {
        let (anna, boris) = (world.person("anna").await, world.person("boris").await);
        let chat = anna.befriend(&boris).await;
        let mut follow = anna.follow().await;
        let mut asker = Asker::begin(&world.device("library computer")).await;
        let found = asker.scanned_by(&anna).await.expect("the code is good");
        assert_eq!(found.device.expect("a device").name, "library computer");
        assert_eq!(found.address, "127.0.0.1");
        assert!(found.program.starts_with("teahouse/"), "{}", found.program);
        assert!(matches!(asker.next().await, Some(Ok(What::Scanned(_)))));
        assert_eq!(reason(decide(&boris, &found.ticket, true).await), "TICKET_INVALID");
        decide(&anna, &found.ticket, true).await.expect("let in");
        let Some(Ok(What::SignedIn(login))) = asker.next().await else { panic!("not signed in") };
        assert!(asker.next().await.is_none());
        let Told::DevicesChanged(told) = follow.account().await else { panic!("not about devices") };
        assert_eq!((told.change(), told.device_id), (Change::SignedIn, login.device_id));
        assert_eq!(login.account.expect("an account").account_id, anna.account_id);

        asker.connection.sign_in(&login.token).await.expect("the token is good");
        let sent = message(chat, [7; 16], text("from the library"));
        ChatClient(asker.connection.clone()).send_message(sent).await.expect("sent");
        decide(&anna, &found.ticket, true).await.expect("a repeat");
        assert_eq!(reason(decide(&anna, &found.ticket, false).await), "CODE_NOT_FOUND");
        assert_eq!(reason(asker.scanned_by(&boris).await), "CODE_NOT_FOUND");
        let devices = anna.accounts().list_devices(ListDevicesRequest {}).await.expect("a list").devices;
        assert_eq!(devices.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_device_is_refused_and_its_code_has_no_page() {
    over_all_transports(async |world| {
        let anna = world.person("anna").await;
        let page = async |code: &str| {
            let path = code.strip_prefix(&world.url()).expect("it leads to this server");
            request(&world.url(), &format!("GET {path}"), &[], b"").await.timeless()
        };
        let unknown = page(&format!("{}/q/AAAAAAAAAAAAAAAAAAAAAA", world.url())).await;
        let mut asker = Asker::begin(&world.device("library computer")).await;
        assert_eq!(page(&asker.code).await, unknown);
        let found = asker.scanned_by(&anna).await.expect("the code is good");
        decide(&anna, &found.ticket, false).await.expect("refused");
        assert!(matches!(asker.next().await, Some(Ok(What::Scanned(_)))));
        assert!(matches!(asker.next().await, Some(Ok(What::Refused(_)))));
        assert!(asker.next().await.is_none());
        decide(&anna, &found.ticket, false).await.expect("a repeat");
        assert_eq!(reason(decide(&anna, &found.ticket, true).await), "CODE_NOT_FOUND");
        assert_eq!(page(&asker.code).await, unknown);
    })
    .await;
}

#[tokio::test]
async fn nobody_comes_in_time() {
    let short = |setup: teahouse_tests::world::Setup| setup.set("qr.sign_in_seconds", "1");
    over_all_transports_with(short, async |world| {
        let anna = world.person("anna").await;
        let mut asker = Asker::begin(&world.device("library computer")).await;
        let over = asker.next().await.expect("a last word");
        assert_eq!(reason(over), "CODE_EXPIRED");
        assert_eq!(reason(asker.scanned_by(&anna).await), "CODE_NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn a_device_that_goes_takes_its_code_along() {
    over_all_transports(async |world| {
        let anna = world.person("anna").await;
        let device = world.device("library computer");
        let asker = Asker::begin(&device).await;
        let code = asker.code.clone();
        let ticket = scan(&anna, &code).await.expect("the code is good").ticket;
        drop(asker);
        device.disconnect().await;
        let gone = async {
            while scan(&anna, &code).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, gone).await.expect("the server notices");
        assert_eq!(reason(decide(&anna, &ticket, true).await), "CODE_NOT_FOUND");
    })
    .await;
}
