//! QR codes from outside: shown, printed, read by a foreign reader, scanned, reset.

use std::path::Path;
use std::process::Stdio;
use teahouse_client::{Error, Transport};
use teahouse_proto::accounts::{AddWays, UpdateProfileRequest, UpdateSettingsRequest};
use teahouse_proto::common::Way;
use teahouse_proto::contacts::SendRequestRequest;
use teahouse_proto::groups::{GroupSettings, JoinOutcome};
use teahouse_proto::media::MediaKind;
use teahouse_proto::qr::resolve_code_response::What;
use teahouse_proto::qr::{FoundGroup, FoundPerson, GetCodeRequest, ResetCodeRequest, ResolveCodeRequest};
use teahouse_tests::http::{Answer, request};
use teahouse_tests::needs;
use teahouse_tests::person::Person;
use teahouse_tests::picture::png;
use teahouse_tests::verbs::reason;
use teahouse_tests::world::{Setup, World, over_all_transports};
use tokio::process::Command;

async fn reset(who: &Person) -> String {
    let answer = who.qr().reset_code(ResetCodeRequest::default()).await.expect("reset");
    answer.code.expect("a code").url
}

async fn scan(who: &Person, text: &str) -> Result<FoundPerson, Error> {
    let answer = who.qr().resolve_code(ResolveCodeRequest { text: text.to_owned() }).await?;
    match answer.what.expect("it stands for something") {
        What::Person(person) => Ok(person),
        other => panic!("no person: {other:?}"),
    }
}

/// A page or picture of a code, as anybody gets it.
async fn get(world: &World, code: &str, form: &str) -> Answer {
    let path = code.strip_prefix(&world.url()).expect("it leads to this server");
    request(&world.url(), &format!("GET {path}{form}"), &[], b"").await.timeless()
}

async fn unknown(world: &World) -> Answer {
    get(world, &format!("{}/q/AAAAAAAAAAAAAAAAAAAAAA", world.url()), "").await
}

#[tokio::test]
async fn a_scan_makes_friends() {
    over_all_transports(async |world| {
        let (anna, boris) = (world.person("anna").await, world.person("boris").await);
        let code = anna.code().await;
        let found = scan(&boris, &code).await.unwrap();
        assert_eq!((found.card.unwrap().display_name, found.account_id), ("anna".to_owned(), 0));
        let ask = SendRequestRequest { ticket: found.ticket, text: "from the poster".to_owned() };
        boris.contacts().send_request(ask).await.unwrap();
        let request = anna.request_of(&boris).await.unwrap();
        assert_eq!(request.way(), Way::Qr);
        anna.accept(&boris).await;
        assert_eq!(scan(&boris, &code).await.unwrap().account_id, anna.account_id);
        assert_eq!(scan(&anna, &code).await.unwrap().ticket.len(), 0, "nobody asks themself");
        assert_eq!(
            reason(scan(&boris, "https://tea.example/q/AAAAAAAAAAAAAAAAAAAAAA").await),
            "CODE_NOT_FOUND"
        );
    })
    .await;
}

#[tokio::test]
async fn a_dead_code_is_dead_for_all() {
    over_all_transports(async |world| {
        let (anna, boris) = (world.person("anna").await, world.person("boris").await);
        boris.befriend(&anna).await;
        let old = anna.code().await;
        assert_eq!(get(world, &old, "").await.status, 200);
        let code = reset(&anna).await;
        for form in ["", ".png", ".svg?size=300"] {
            assert_eq!(get(world, &old, form).await, unknown(world).await, "{form}");
        }
        assert_eq!(reason(scan(&boris, &old).await), "CODE_NOT_FOUND");
        let by_qr = |by_qr| UpdateSettingsRequest {
            add_ways: Some(AddWays { by_username: true, by_qr, ..AddWays::default() }),
            ..UpdateSettingsRequest::default()
        };
        anna.accounts().update_settings(by_qr(false)).await.unwrap();
        assert_eq!(get(world, &code, "").await, unknown(world).await);
        assert_eq!(reason(scan(&boris, &code).await), "CODE_NOT_FOUND");
        anna.accounts().update_settings(by_qr(true)).await.unwrap();
        assert_eq!(get(world, &code, "").await.status, 200);
        assert!(scan(&boris, &code).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn codes_and_resets_outlive_the_server() {
    let mut world = World::start(Setup::over(Transport::Grpc).on_disk()).await;
    let (anna, boris) = (world.person("anna").await, world.person("boris").await);
    let old = anna.code().await;
    let code = reset(&anna).await;
    world.restart().await;
    // The port is another one, since any free one was asked for; the token is what counts.
    let token = |code: &str| code.rsplit_once('/').expect("a path").1.to_owned();
    assert_eq!(token(&anna.code().await), token(&code));
    assert!(scan(&boris, &token(&code)).await.is_ok());
    assert_eq!(reason(scan(&boris, &token(&old)).await), "CODE_NOT_FOUND");
    world.go_down().await;
}

async fn scan_group(who: &Person, url: &str) -> FoundGroup {
    who.try_scan_group(url).await.expect("the code is good")
}

#[tokio::test]
async fn a_scan_opens_a_group() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let [clara, dora] = [world.person("clara").await, world.person("doralee").await];
        boris.befriend(&anna).await;
        clara.befriend(&anna).await;
        let (group, _) = anna.gather("Tea", &[&boris, &clara]).await;
        let of_group = GetCodeRequest { conversation_id: group };
        assert_eq!(reason(dora.qr().get_code(of_group).await), "CONVERSATION_NOT_FOUND");
        let code = boris.code_for(group).await;
        assert_eq!(get(world, &code, ".png?logo=true").await.status, 200);

        let found = scan_group(&dora, &code).await;
        let shown = (found.name.as_str(), found.member_count, found.shared_by.as_str(), found.approval);
        assert_eq!(shown, ("Tea", 3, "boris", false));
        assert_eq!(reason(clara.try_join(&found).await), "TICKET_INVALID", "not hers");
        assert_eq!(dora.try_join(&found).await.unwrap(), JoinOutcome::Joined);
        let again = scan_group(&dora, &code).await;
        assert_eq!((again.conversation_id, again.member_count, again.ticket.len()), (group, 4, 0));

        let everybodys = ResetCodeRequest { conversation_id: group, everybodys: true };
        assert_eq!(reason(dora.qr().reset_code(everybodys).await), "NOT_ALLOWED");
        anna.qr().reset_code(everybodys).await.unwrap();
        assert_eq!(get(world, &code, "").await, unknown(world).await);
        assert_eq!(reason(scan(&clara, &code).await), "CODE_NOT_FOUND");
        assert_ne!(boris.code_for(group).await, code);
    })
    .await;
}

#[tokio::test]
async fn where_a_group_asks_for_approval_a_scan_files_a_request() {
    let setup = Setup::over(Transport::Ws).set("groups.code_up_to", "4");
    let mut world = World::start(setup).await;
    let [anna, boris] = [world.person("anna").await, world.person("boris").await];
    let [clara, dora] = [world.person("clara").await, world.person("doralee").await];
    boris.befriend(&anna).await;
    clara.befriend(&anna).await;
    let (group, _) = anna.gather("", &[&boris, &clara]).await;
    anna.switch(group, GroupSettings { approval: true, ..GroupSettings::default() }).await;
    let code = clara.code_for(group).await;
    let found = scan_group(&dora, &code).await;
    assert!(found.approval);
    assert_eq!(dora.try_join(&found).await.unwrap(), JoinOutcome::Requested);
    anna.switch(group, GroupSettings::default()).await;
    let found = scan_group(&dora, &code).await;
    assert!(!found.approval && !found.ticket.is_empty());
    dora.try_join(&found).await.unwrap();
    let late = scan_group(&world.person("emilia").await, &code).await;
    assert_eq!((late.member_count, late.ticket.len()), (4, 0), "too many to join by a code");
    world.go_down().await;
}

/// What zbarimg reads in a file.
async fn read(file: &Path) -> String {
    let mut zbarimg = Command::new("zbarimg");
    zbarimg.args(["--quiet", "--raw"]).arg(file).stdin(Stdio::null());
    let output = zbarimg.output().await.expect("zbarimg starts");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// `public_url` of this many bytes.
fn public_url(length: usize) -> String {
    format!("https://{}.example", &"tea-house-by-the-lake.".repeat(9)[..length - "https://.example".len()])
}

#[tokio::test]
async fn every_picture_can_be_read_by_zbarimg() {
    if !needs::has_program("zbarimg") {
        return needs::skip("zbarimg");
    }
    let dir = tempfile::tempdir().unwrap();
    for url_length in [18, 60, 128] {
        let setup = Setup::over(Transport::Grpc).set("public_url", &public_url(url_length));
        let mut world = World::start(setup).await;
        let anna = world.person("anna").await;
        let code = anna.code().await;
        let picture = anna.upload(MediaKind::Avatar, "", &png(200, 300, 9)).await.media_id;
        let profile = UpdateProfileRequest { avatar_media_id: Some(picture), ..Default::default() };
        for has_picture in [false, true] {
            if has_picture {
                anna.accounts().update_profile(profile.clone()).await.unwrap();
            }
            for (side, logo) in [128, 129, 147, 199, 256, 301, 513, 1024, 2048]
                .into_iter()
                .flat_map(|side| [(side, false), (side, true)])
                .filter(|(_, logo)| *logo || !has_picture)
            {
                let (_, path) = code.split_once(".example").unwrap();
                let line = format!("GET {path}.png?size={side}&logo={logo}");
                let answer = request(&world.url(), &line, &[], b"").await;
                assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"));
                let file = dir.path().join(format!("{side}.png"));
                std::fs::write(&file, &answer.body).unwrap();
                assert_eq!(read(&file).await, code, "{side} pixels, logo {logo}, picture {has_picture}");
            }
        }
        world.go_down().await;
    }
}
