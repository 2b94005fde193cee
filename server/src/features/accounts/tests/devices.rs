//! Devices: listing, signing out at once, expiry, and the race between a sign-out and a call.

use super::*;
use crate::bus::Subscriber;
use crate::features::accounts::secrets;
use crate::features::accounts::sessions::Sessions;
use crate::features::accounts::tables::SESSION;
use crate::time::{DAY, HOUR, Time};
use teahouse_proto::accounts::{
    ChangePasswordRequest, Device, ListDevicesRequest, LogoutRequest, SignOutDeviceRequest,
    SignOutOtherDevicesRequest,
};
use teahouse_proto::sync::devices_changed::Change;

async fn devices(room: &Room, token: &str) -> Vec<Device> {
    let cx = room.with_token(token).await.unwrap();
    room.accounts.list_devices(&cx, ListDevicesRequest {}).await.unwrap().devices
}

async fn sign_out(room: &Room, token: &str, device_id: u64) -> Result<()> {
    let cx = room.with_token(token).await?;
    room.accounts.sign_out_device(&cx, SignOutDeviceRequest { device_id }).await.map(drop)
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let room = Room::new();
    let made = room.register("anna_01").await;
    let other = "A".repeat(43);
    for token in ["", "x", &made.token[..42], &format!("{}A", made.token), &other, &"é".repeat(43)] {
        assert_eq!(reason(room.session(token).await), "UNAUTHENTICATED", "{token}");
    }
    room.session(&made.token).await.unwrap();
}

#[tokio::test]
async fn devices_are_listed_with_the_latest_used_first_to_the_hour() {
    let room = Room::new();
    let phone = room.register("anna_01").await;
    room.clock.advance(HOUR * 2);
    let laptop = room.login("anna_01", PASSWORD).await.unwrap();
    room.clock.advance(HOUR * 2);
    let list = devices(&room, &phone.token).await;
    assert_eq!(list.iter().map(|d| d.device_id).collect::<Vec<_>>(), [phone.device_id, laptop.device_id]);
    assert_eq!(list.iter().map(|d| d.current).collect::<Vec<_>>(), [true, false]);
    assert_eq!(list[0].info.as_ref().unwrap().name, "phone");
    assert!(list.iter().all(|d| d.last_used_at_ms % 3_600_000 == 0));
    assert_eq!(list[0].last_used_at_ms, room.clock.now().to_hour().as_ms());
    assert_eq!(list[1].last_used_at_ms, Time(list[1].signed_in_at_ms).to_hour().as_ms());
}

#[tokio::test]
async fn a_sign_out_is_in_force_when_it_returns() {
    let mut room = Room::new();
    let phone = room.register("anna_01").await;
    let laptop = room.login("anna_01", PASSWORD).await.unwrap();
    let live = room.session(&laptop.token).await.unwrap();
    sign_out(&room, &phone.token, laptop.device_id).await.unwrap();
    assert_eq!(live.farewell().message(), "This device was signed out. Sign in again to use it.");
    tokio::time::timeout(std::time::Duration::from_secs(2), live.ended()).await.unwrap();
    assert_eq!(reason(room.session(&laptop.token).await), "UNAUTHENTICATED");
    assert_eq!(room.ended().await, [DeviceId(laptop.device_id)], "and other nodes hear of it");
    let told = room.told(account(&phone)).await;
    let Some(What::DevicesChanged(change)) = told.last() else { panic!("{told:?}") };
    assert_eq!((change.change(), change.device_id), (Change::SignedOut, laptop.device_id));
    assert_eq!(change.device_name, "laptop");
    assert_eq!(reason(sign_out(&room, &phone.token, laptop.device_id).await), "DEVICE_NOT_FOUND");

    let cx = room.with_token(&phone.token).await.unwrap();
    room.accounts.logout(&cx, LogoutRequest {}).await.unwrap();
    assert!(cx.session().unwrap().is_ended());
    assert_eq!(reason(room.session(&phone.token).await), "UNAUTHENTICATED");
}

#[tokio::test]
async fn nobody_signs_out_another_persons_device() {
    let room = Room::new();
    let anna = room.register("anna_01").await;
    let bobby = room.register("bobby_01").await;
    let theirs = sign_out(&room, &bobby.token, anna.device_id).await.unwrap_err();
    let none = sign_out(&room, &bobby.token, 1).await.unwrap_err();
    assert_eq!((theirs.reason(), theirs.message()), (none.reason(), none.message()));
    room.session(&anna.token).await.unwrap();
}

#[tokio::test]
async fn signing_the_others_out_leaves_this_one() {
    let mut room = Room::new();
    let phone = room.register("anna_01").await;
    let others =
        [room.login("anna_01", PASSWORD).await.unwrap(), room.login("anna_01", PASSWORD).await.unwrap()];
    let bobby = room.register("bobby_01").await;
    let cx = room.with_token(&phone.token).await.unwrap();
    let answer = room.accounts.sign_out_other_devices(&cx, SignOutOtherDevicesRequest {}).await.unwrap();
    assert_eq!(answer.signed_out, 2);
    for other in &others {
        assert_eq!(reason(room.session(&other.token).await), "UNAUTHENTICATED");
    }
    assert_eq!(room.ended().await.len(), 2);
    room.session(&phone.token).await.unwrap();
    room.session(&bobby.token).await.unwrap();
    let told = room.told(account(&phone)).await;
    let Some(What::DevicesChanged(change)) = told.last() else { panic!("{told:?}") };
    assert_eq!((change.change(), change.device_id), (Change::SignedOut, 0));
    let entries = told.len();
    assert_eq!(
        room.accounts.sign_out_other_devices(&cx, SignOutOtherDevicesRequest {}).await.unwrap().signed_out,
        0
    );
    assert_eq!(room.told(account(&phone)).await.len(), entries, "nothing happened, nothing is told");
}

#[tokio::test]
async fn a_new_password_signs_the_others_out() {
    let room = Room::new();
    let phone = room.register("anna_01").await;
    let laptop = room.login("anna_01", PASSWORD).await.unwrap();
    let live = room.session(&laptop.token).await.unwrap();
    let cx = room.with_token(&phone.token).await.unwrap();
    for (new, why) in [("short", "PASSWORD_INVALID"), ("password1", "PASSWORD_COMMON"), ("Anna_01!", "OK")] {
        let request = ChangePasswordRequest { new_password: new.into() };
        assert_eq!(reason(room.accounts.change_password(&cx, request).await), why, "{new}");
    }
    assert!(live.farewell().message().starts_with("The password was changed"));
    assert_eq!(reason(room.session(&laptop.token).await), "UNAUTHENTICATED");
    room.session(&phone.token).await.unwrap();
    assert_eq!(reason(room.login("anna_01", PASSWORD).await), "LOGIN_FAILED");
    room.login("anna_01", "Anna_01!").await.unwrap();
    let told = room.told(account(&phone)).await;
    let changed =
        told.iter().filter(|w| matches!(w, What::DevicesChanged(c) if c.change() == Change::PasswordChanged));
    assert_eq!(changed.count(), 1);
}

#[tokio::test]
async fn a_device_that_was_signed_out_meanwhile_sets_no_password() {
    let room = Room::new();
    let phone = room.register("anna_01").await;
    let cx = room.with_token(&phone.token).await.unwrap();
    room.accounts.logout(&cx, LogoutRequest {}).await.unwrap();
    let request = ChangePasswordRequest { new_password: "another pass 2".into() };
    assert_eq!(reason(room.accounts.change_password(&cx, request).await), "UNAUTHENTICATED");
    room.login("anna_01", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn the_longest_unused_device_goes_when_there_are_too_many() {
    let mut room = Room::with(|c| c.devices_per_account = 3);
    let first = room.register("anna_01").await;
    room.clock.advance(HOUR);
    let second = room.login("anna_01", PASSWORD).await.unwrap();
    room.clock.advance(HOUR);
    let third = room.login("anna_01", PASSWORD).await.unwrap();
    room.clock.advance(HOUR);
    let live = room.session(&second.token).await.unwrap();
    room.session(&first.token).await.unwrap();
    room.accounts.tidy().await.unwrap();
    room.ended().await;
    room.clock.advance(HOUR);
    room.session(&second.token).await.unwrap();
    room.accounts.tidy().await.unwrap();
    let fourth = room.login("anna_01", PASSWORD).await.unwrap();
    assert_eq!(room.ended().await, [DeviceId(third.device_id)]);
    assert!(!live.is_ended());
    let ids: Vec<u64> = devices(&room, &fourth.token).await.iter().map(|d| d.device_id).collect();
    assert_eq!(ids, [fourth.device_id, second.device_id, first.device_id]);
}

#[tokio::test]
async fn a_token_dies_of_ninety_idle_days_and_lives_by_use() {
    for cached in [true, false] {
        let room = Room::new();
        let made = room.register("anna_01").await;
        for _ in 0..3 {
            room.clock.advance(DAY * 60);
            room.session(&made.token).await.unwrap();
            room.accounts.tidy().await.unwrap();
        }
        let live = room.session(&made.token).await.unwrap();
        if !cached {
            room.accounts.sessions.end(live.account, &[live.device], "over");
        }
        drop(live);
        room.clock.advance(DAY * 90 - HOUR);
        room.session(&made.token).await.unwrap();
        room.clock.advance(DAY * 90);
        assert_eq!(reason(room.session(&made.token).await), "UNAUTHENTICATED", "cached: {cached}");
        let other = room.login("anna_01", PASSWORD).await.unwrap();
        assert_eq!(devices(&room, &other.token).await.len(), 1, "a further sign-in clears it away");
    }
}

#[tokio::test]
async fn expired_sessions_are_swept() {
    let mut room = Room::new();
    let idle = room.register("anna_01").await;
    let silent = room.register("bobby_01").await;
    let held = room.session(&silent.token).await.unwrap();
    for _ in 0..3 {
        room.clock.advance(DAY * 31);
        room.accounts.tidy().await.unwrap();
    }
    assert_eq!(room.ended().await, [DeviceId(idle.device_id)]);
    assert!(!held.is_ended(), "a silent socket is a use");
    room.session(&silent.token).await.unwrap();
}

#[tokio::test]
async fn a_hot_token_costs_no_read_and_uses_are_written_once_an_hour() {
    let room = Room::new();
    let made = room.register("anna_01").await;
    let first = room.session(&made.token).await.unwrap();
    let again = room.session(&made.token).await.unwrap();
    assert!(Arc::ptr_eq(&first, &again));
    // A row that vanishes without a word: who reads it would notice.
    let hash = secrets::token_hash(&made.token).unwrap();
    let row = room.store().get(&SESSION, &hash).await.unwrap().unwrap();
    room.store().transact(move |tx| tx.delete(&SESSION, &hash)).await.unwrap();
    room.session(&made.token).await.unwrap();
    room.store().transact(move |tx| tx.put(&SESSION, &hash, &row)).await.unwrap();
    room.accounts.tidy().await.unwrap();
    let stamp = room.store().stamp();
    for _ in 0..3 {
        room.session(&made.token).await.unwrap();
        room.accounts.tidy().await.unwrap();
    }
    assert_eq!(room.store().stamp(), stamp, "within the hour nothing is written");
    room.clock.advance(HOUR);
    room.session(&made.token).await.unwrap();
    room.accounts.tidy().await.unwrap();
    room.accounts.tidy().await.unwrap();
    assert_eq!(room.store().stamp(), stamp + 1);
}

#[tokio::test]
async fn a_sign_out_on_another_node_reaches_this_one() {
    let mut room = Room::new();
    let made = room.register("anna_01").await;
    let live = room.session(&made.token).await.unwrap();
    room.ended().await;
    let event = Event::SessionsEnded { account: live.account, devices: vec![DeviceId(made.device_id)] };
    room.accounts.on_commit(1, &[event]);
    assert!(live.is_ended());
}

#[test]
fn what_was_read_before_a_sign_out_does_not_come_in_after_it() {
    let sessions = Sessions::new(100);
    let session = || Session::new(AccountId(1), DeviceId(2), Time(0));
    let before = sessions.changes();
    sessions.end(AccountId(1), &[DeviceId(2)], "over");
    assert!(sessions.insert([1; 32], session(), Time(0), before).is_none());
    assert!(sessions.find(&[1; 32]).is_none());
    let live = sessions.insert([1; 32], session(), Time(0), sessions.changes()).unwrap();
    sessions.end(AccountId(1), &[DeviceId(3)], "over");
    assert!(!live.is_ended());
    sessions.end(AccountId(1), &[DeviceId(2)], "over");
    assert!(live.is_ended() && sessions.find(&[1; 32]).is_none());
}

/// Calls and a sign-out at once, on several threads: whatever comes in between, nothing is left alive.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_session_survives_its_sign_out() {
    let room = Room::new();
    let phone = room.register("anna_01").await;
    for _ in 0..200 {
        let laptop = room.login("anna_01", PASSWORD).await.unwrap();
        let callers: Vec<_> = (0..4)
            .map(|_| {
                let (accounts, token) = (room.accounts.clone(), laptop.token.clone());
                tokio::spawn(async move { accounts.authenticate(&token).await.ok() })
            })
            .collect();
        sign_out(&room, &phone.token, laptop.device_id).await.unwrap();
        for caller in callers {
            if let Some(session) = caller.await.unwrap() {
                assert!(session.is_ended());
            }
        }
        assert_eq!(reason(room.session(&laptop.token).await), "UNAUTHENTICATED");
    }
}

#[test]
fn the_cache_is_bounded_but_keeps_what_is_in_use() {
    let sessions = Sessions::new(640);
    let random = Random::seeded(1);
    let mut held = Vec::new();
    for n in 0..20_000u64 {
        let hash = secrets::new_token(&random).hash;
        let session = Session::new(AccountId(n), DeviceId(n), Time(0));
        let shared = sessions.insert(hash, session, Time(0), sessions.changes()).unwrap();
        if n % 20 == 0 {
            held.push(shared);
        }
    }
    assert!(sessions.len() >= held.len() && sessions.len() < held.len() + 1500, "{}", sessions.len());
    for session in &held {
        sessions.end(session.account, &[session.device], "over");
        assert!(session.is_ended());
    }
}

#[test]
fn what_the_store_does_not_know_yet_stays_in_the_cache() {
    let sessions = Sessions::new(64);
    let random = Random::seeded(1);
    let now = Time(1_800_000_000_000);
    for n in 0..2000u64 {
        let hash = secrets::new_token(&random).hash;
        let session = Session::new(AccountId(n), DeviceId(n), Time(0));
        session.used(now);
        sessions.insert(hash, session, Time(0), sessions.changes()).unwrap();
    }
    let uses = sessions.unstored_uses(now, usize::MAX);
    assert_eq!(uses.len(), 2000);
    uses.iter().for_each(|u| sessions.stored(u));
    drop(uses);
    assert!(sessions.unstored_uses(now, usize::MAX).is_empty());
    assert!(sessions.unstored_uses(now + HOUR, usize::MAX).is_empty(), "nobody was there in that hour");
}
