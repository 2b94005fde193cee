//! Limits answer with the wait, which depends on the caller alone.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use teahouse_client::Error;
use teahouse_proto::accounts::{GetAccountRequest, LoginRequest, UpdateSettingsRequest};
use teahouse_proto::contacts::SearchRequest;
use teahouse_tests::verbs::{reason, text};
use teahouse_tests::world::{Setup, World, over_all_transports_with};

/// Far more calls than any burst below.
const MANY: usize = 50;

fn tight(setup: Setup) -> Setup {
    let setup = setup.set("limits.enabled", "true");
    let classes = ["reads", "writes", "sends", "open"];
    classes.iter().fold(setup, |setup, class| {
        setup.set(&format!("limits.{class}_per_s"), "1").set(&format!("limits.{class}_burst"), "5")
    })
}

/// Calls until it is refused; the refusal must name the wait, and after it the call must be taken.
async fn check<T>(what: &str, call: impl AsyncFn() -> Result<T, Error>) {
    for _ in 0..MANY {
        let Err(error) = call().await else { continue };
        assert_eq!(error.reason(), "RATE_LIMITED", "{what}: {error:?}");
        let wait = error.retry_after().unwrap_or_else(|| panic!("{what}: no wait is named"));
        assert!(wait <= Duration::from_secs(2), "{what}: {wait:?}");
        // Not for luck: the answer said that it suffices.
        tokio::time::sleep(wait).await;
        if let Err(error) = call().await {
            panic!("{what}: refused after the wait: {error:?}");
        }
        return;
    }
    panic!("{what}: {MANY} calls at once were all taken");
}

#[tokio::test]
async fn each_kind_of_call_has_its_allowance() {
    for transport in teahouse_client::Transport::ALL {
        let mut world = World::start(tight(Setup::over(transport))).await;
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let nobody = world.device("nobody");
        // Another name each time: guessing at one has a limit of its own.
        let names = AtomicU32::new(0);
        let login = || {
            let username = format!("nobody{}", names.fetch_add(1, Ordering::Relaxed));
            LoginRequest { username, ..LoginRequest::default() }
        };
        check("reads", async || anna.accounts().get_account(GetAccountRequest {}).await).await;
        check("writes", async || anna.accounts().update_settings(UpdateSettingsRequest::default()).await)
            .await;
        check("sends", async || anna.try_send(anna.self_conversation, text("tick")).await).await;
        check("calls without a session", async || match nobody.accounts().login(login()).await {
            Err(error) if error.reason() == "LOGIN_FAILED" => Ok(()),
            other => other.map(drop),
        })
        .await;
        boris.accounts().get_account(GetAccountRequest {}).await.expect("one's limit is not another's");
        world.go_down().await;
    }
}

#[tokio::test]
async fn a_day_has_so_many_searches() {
    let setup = |setup: Setup| setup.set("contacts.searches_per_day", "3");
    over_all_transports_with(setup, async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let search = SearchRequest { username: "nobody-at-all".to_owned() };
        for _ in 0..3 {
            assert_eq!(reason(boris.contacts().search(search.clone()).await), "PERSON_NOT_FOUND");
        }
        let over = boris.contacts().search(search.clone()).await.expect_err("the day is spent");
        assert_eq!(over.reason(), "RATE_LIMITED");
        let wait = over.retry_after().expect("the wait is named");
        assert!(wait > Duration::from_secs(23 * 3600) && wait <= Duration::from_secs(24 * 3600), "{wait:?}");
        anna.find(&boris).await;
        let phone = boris.sign_in("phone").await;
        assert_eq!(
            reason(phone.contacts().search(search.clone()).await),
            "RATE_LIMITED",
            "not a device's day"
        );
        world.advance(wait);
        assert_eq!(reason(boris.contacts().search(search).await), "PERSON_NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn what_is_forwarded_counts_as_so_many_messages() {
    let setup = Setup::over(teahouse_client::Transport::Grpc).set("limits.enabled", "true");
    let mut world = World::start(setup.set("limits.sends_per_s", "1").set("limits.sends_burst", "20")).await;
    let anna = world.person("anna").await;
    let notes = anna.self_conversation;
    let mut seqs = Vec::new();
    for n in 0..5 {
        seqs.push(anna.say(notes, &n.to_string()).await);
    }
    let merged = anna.forward(notes, &seqs, notes, true).await;
    // With what is in it, it counts as six.
    for sent in 0.. {
        let Err(refused) = anna.try_forward(notes, &merged, notes, true).await else {
            assert!(sent < 10, "{sent} times six of twenty");
            continue;
        };
        assert_eq!(refused.reason(), "RATE_LIMITED");
        assert!(refused.retry_after().is_some_and(|wait| wait > Duration::ZERO), "{refused:?}");
        break;
    }
    world.go_down().await;
}
