//! What operators close to somebody: who is banned is out at once and for good, who is muted reads on, and nobody else can
//! tell.

use crate::sessions::CLOSED_WITHIN;
use std::time::Duration;
use teahouse_client::{Error, Kind as ErrorKind, Transport};
use teahouse_proto::accounts::{GetAccountRequest, LoginRequest, RecoverRequest, UpdateProfileRequest};
use teahouse_proto::groups::CreateGroupRequest;
use teahouse_proto::safety::{Area, ListSanctionsRequest, Sanction, sanction::Kind};
use teahouse_proto::sync::account_event::What;
use teahouse_server::features::accounts::audit::By;
use teahouse_server::features::accounts::sanctions;
use teahouse_server::id::AccountId;
use teahouse_tests::device::Device;
use teahouse_tests::person::{Person, device_info};
use teahouse_tests::verbs::{reason, refused};
use teahouse_tests::world::{Setup, World, over_all_transports, over_all_transports_with};

const DAY: Duration = Duration::from_secs(86_400);

/// What an operator does.
async fn sanction(world: &World, who: &Person, kind: Kind, area: Area, days: u32) {
    let foundation = world.server().foundation();
    let (account, now) = (AccountId(who.account_id), foundation.clock.now());
    let until_ms = if days == 0 { 0 } else { (now + DAY * days).as_ms() };
    let new = Sanction {
        kind: kind.into(),
        area: area.into(),
        text: "No advertising, please.".to_owned(),
        from_ms: now.as_ms(),
        until_ms,
        until_reviewed: false,
    };
    let decide =
        foundation.store.transact(move |tx| sanctions::sanction(tx, account, &new, By::Operator, now));
    decide.await.expect("sanctioned");
}

async fn lift(world: &World, who: &Person) {
    let foundation = world.server().foundation();
    let (account, now) = (AccountId(who.account_id), foundation.clock.now());
    let lift = foundation.store.transact(move |tx| sanctions::lift(tx, account, |_| true, By::Operator, now));
    assert!(!lift.await.expect("lifted").is_empty());
}

fn is_closed<T>(outcome: Result<T, Error>) -> bool {
    outcome.is_err_and(|error| error.reason() == "RESTRICTED")
}

/// All that a friend sees of somebody, in plain form.
async fn seen(friend: &Person, of: &Person, chat: u64) -> String {
    // The ticket is sealed anew each time.
    let found = friend.find(of).await;
    let found = (found.card, found.account_id);
    let (friends, history) = (friend.friends().await, friend.history(chat).await);
    format!("{:?}\n{:?}\n{history:?}\n{found:?}", friends, friend.conversation(chat).await)
}

#[tokio::test]
async fn who_is_banned_is_out_at_once_and_nobody_else_can_tell() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let chat = anna.befriend(&boris).await;
        boris.say(chat, "buy my tea").await;
        let phone = boris.sign_in("phone").await;
        let devices: [&Device; 2] = [&boris, &phone];
        let mut open = Vec::new();
        for device in devices {
            open.push((device.follow().await, device.connection().await.expect("it is open")));
        }
        let mut at_anna = anna.follow().await;
        let before = seen(&anna, &boris, chat).await;

        sanction(world, &boris, Kind::Ban, Area::Unspecified, 0).await;
        let closed = async {
            for (mut follow, connection) in open {
                let farewell = follow.end().await;
                assert_eq!(farewell.kind(), ErrorKind::Unauthenticated);
                assert!(farewell.message().contains("closed. The operator says: No adv"), "{farewell:?}");
                if connection.transport() != Transport::Grpc {
                    connection.ended().await;
                }
            }
        };
        tokio::time::timeout(CLOSED_WITHIN, closed).await.expect("closed within 2 s");
        for device in devices {
            assert_eq!(reason(device.accounts().get_account(GetAccountRequest {}).await), "UNAUTHENTICATED");
        }
        assert_eq!(seen(&anna, &boris, chat).await, before);
        anna.say(chat, "no, thank you").await;
        assert_eq!(at_anna.entry().await.seq, 3, "nothing else was told");

        ways_back_in(world, &boris).await;
        lift(world, &boris).await;
        let back = boris.sign_in("new phone").await;
        assert_eq!(back.history(chat).await, anna.history(chat).await, "what came meanwhile is there");
    })
    .await;
}

/// None of the ways in leads around a ban, and only who proves that the account is theirs learns of it.
async fn ways_back_in(world: &World, banned: &Person) {
    let device = world.device("another device");
    let wrong = LoginRequest { password: "is it this one?".to_owned(), ..banned.login("x") };
    assert_eq!(reason(device.accounts().login(wrong).await), "LOGIN_FAILED");
    let login = device.accounts().login(banned.login("x")).await;
    assert_eq!(refused(login), (ErrorKind::Forbidden, "SUSPENDED".to_owned()));
    let recover = |code: &str| RecoverRequest {
        username: banned.username.clone(),
        code: code.to_owned(),
        new_password: "white peony 3".to_owned(),
        device: Some(device_info("new phone")),
    };
    let guessed = device.accounts().recover(recover("k3vq-8m2t-x9pd-4hcw")).await;
    assert_eq!(reason(guessed), "RECOVERY_FAILED");
    let recovered = device.accounts().recover(recover(&banned.recovery_codes[0])).await;
    assert_eq!(reason(recovered), "SUSPENDED");
}

#[tokio::test]
async fn who_is_muted_reads_on_and_speaks_again_when_it_is_over() {
    over_all_transports_with(Setup::on_disk, async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let chat = anna.befriend(&boris).await;
        let mut follow = boris.follow().await;
        sanction(world, &boris, Kind::Restriction, Area::Speaking, 3).await;
        let What::SanctionsChanged(told) = follow.account().await else { panic!("not about sanctions") };
        let listed = boris.safety().list_sanctions(ListSanctionsRequest {}).await.expect("listed");
        assert_eq!(told.sanctions, listed.sanctions);
        assert_eq!(
            (listed.sanctions[0].kind(), listed.sanctions[0].area()),
            (Kind::Restriction, Area::Speaking)
        );

        let closed = boris.try_say_to(&anna, "one more thing").await.expect_err("closed");
        assert_eq!((closed.kind(), closed.reason()), (ErrorKind::Forbidden, "RESTRICTED"));
        assert!(closed.retry_after().is_some_and(|wait| wait <= DAY * 3 && wait > DAY * 2), "{closed:?}");
        anna.say(chat, "are you there?").await;
        assert_eq!(follow.entry().await.seq, 2);
        boris.read(chat, 2).await;
        let nothing = anna.safety().list_sanctions(ListSanctionsRequest {}).await.expect("listed");
        assert!(nothing.sanctions.is_empty(), "it is nobody else's");

        world.restart().await;
        assert_eq!(reason(boris.try_say_to(&anna, "and after a restart?").await), "RESTRICTED");
        world.advance(DAY * 3);
        boris.say(chat, "here I am").await;
        let over = boris.safety().list_sanctions(ListSanctionsRequest {}).await.expect("listed");
        assert!(over.sanctions.is_empty());
    })
    .await;
}

#[tokio::test]
async fn each_area_closes_its_own_methods_and_no_others() {
    over_all_transports(async |world| {
        let [anna, boris, carol] =
            [world.person("anna").await, world.person("boris").await, world.person("carol").await];
        let chat = anna.befriend(&boris).await;
        let rename = UpdateProfileRequest { signature: Some("tea first".to_owned()), ..Default::default() };
        for area in [Area::Speaking, Area::Requests, Area::Groups, Area::Profile] {
            sanction(world, &boris, Kind::Restriction, area, 0).await;
            let group = boris.groups().create_group(CreateGroupRequest::default()).await;
            let outcomes = [
                (Area::Speaking, is_closed(boris.try_say_to(&anna, "hi").await)),
                (Area::Requests, is_closed(boris.try_ask(&carol, "hi").await)),
                (Area::Groups, is_closed(group)),
                (Area::Profile, is_closed(boris.accounts().update_profile(rename.clone()).await)),
            ];
            for (of, closed) in outcomes {
                assert_eq!(closed, of == area, "{of:?} while {area:?} is closed");
            }
            assert_eq!(boris.conversation(chat).await.conversation_id, chat, "reading goes on");
            lift(world, &boris).await;
        }
    })
    .await;
}
