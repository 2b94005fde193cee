//! Sanctions: who is shut out and what is closed, when, to whom, and what others can tell of it.

use super::*;
use crate::call::Methods;
use crate::call::limits::LimitsConfig;
use crate::features::accounts::audit::{self, By};
use crate::features::accounts::sanctions;
use crate::features::accounts::sessions::Sessions;
use crate::restrictions::{Area, Restrictions};
use crate::time::DAY;
use teahouse_proto::chat::{SendMessageRequest, SendMessageResponse};
use teahouse_proto::safety::{self, Sanction, sanction::Kind};
use teahouse_proto::{CHAT_SEND_MESSAGE, MethodTable};
use tokio::sync::Notify;

impl Room {
    async fn sanction(&self, who: &RegisterResponse, kind: Kind, area: safety::Area, days: u32) -> usize {
        let (account, now) = (AccountId(account(who).account_id), self.clock.now());
        let until_ms = if days == 0 { 0 } else { (now + DAY * days).as_ms() };
        let new = Sanction {
            kind: kind.into(),
            area: area.into(),
            text: "for a reason".to_owned(),
            from_ms: now.as_ms(),
            until_ms,
            until_reviewed: false,
        };
        let decide = move |tx: &mut Tx<'_>| sanctions::sanction(tx, account, &new, By::Operator, now);
        self.store().transact(decide).await.unwrap()
    }

    async fn suspend(&self, who: &RegisterResponse, days: u32) -> usize {
        self.sanction(who, Kind::Suspension, safety::Area::Unspecified, days).await
    }

    async fn mute(&self, who: &RegisterResponse, days: u32) {
        assert_eq!(self.sanction(who, Kind::Restriction, safety::Area::Speaking, days).await, 0);
    }

    async fn lift_all(&self, who: &RegisterResponse) -> usize {
        let (account, now) = (AccountId(account(who).account_id), self.clock.now());
        let lift = move |tx: &mut Tx<'_>| sanctions::lift(tx, account, |_| true, By::Operator, now);
        self.store().transact(lift).await.unwrap().len()
    }

    /// Whether a device may say something.
    async fn may_speak(&self, token: &str) -> &'static str {
        let session = self.session(token).await.unwrap();
        reason(session.check_open(&[Area::Speaking], self.clock.now()))
    }
}

#[tokio::test]
async fn who_is_suspended_is_signed_out_and_told_why() {
    let room = Room::new();
    let (anna, boris) = (room.register("anna_01").await, room.register("boris_1").await);
    room.login("anna_01", PASSWORD).await.unwrap();
    let (live, other) = (room.session(&anna.token).await.unwrap(), room.session(&boris.token).await.unwrap());
    assert_eq!(room.suspend(&anna, 3).await, 2);
    assert!(live.is_ended() && !other.is_ended());
    let said = live.farewell();
    assert_eq!(said.reason(), "UNAUTHENTICATED");
    assert!(said.message().contains("suspended until") && said.message().contains("for a reason"), "{said}");
    assert_eq!(reason(room.session(&anna.token).await), "UNAUTHENTICATED");
}

#[tokio::test]
async fn only_the_right_password_learns_of_a_suspension_and_it_ends_by_itself() {
    let room = Room::new();
    let anna = room.register("anna_01").await;
    room.suspend(&anna, 3).await;
    assert_eq!(reason(room.login("anna_01", "not the one").await), "LOGIN_FAILED");
    let refused = room.login("anna_01", PASSWORD).await.unwrap_err();
    assert_eq!(refused.reason(), "SUSPENDED");
    let wait = 3 * 86_400_000 - refused.retry_after_ms();
    assert!(wait < 60_000, "the wait is off by {wait} ms");
    assert!(refused.message().contains("for a reason"), "{refused}");
    room.clock.advance(DAY * 3);
    room.login("anna_01", PASSWORD).await.unwrap();
    room.sanction(&anna, Kind::Ban, safety::Area::Unspecified, 0).await;
    room.clock.advance(DAY * 2000);
    let refused = room.login("anna_01", PASSWORD).await.unwrap_err();
    assert_eq!((refused.reason(), refused.retry_after_ms()), ("SUSPENDED", 0));
    assert_eq!(room.lift_all(&anna).await, 1);
    room.login("anna_01", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_recovery_code_does_not_lead_around_a_suspension_and_stays_good() {
    let room = Room::new();
    let anna = room.register("anna_01").await;
    let code = &anna.recovery_codes[0];
    room.suspend(&anna, 3).await;
    assert_eq!(
        reason(room.recover("anna_01", "k3vq-8m2t-x9pd-4hcw", "white peony 3").await),
        "RECOVERY_FAILED"
    );
    assert_eq!(reason(room.recover("anna_01", code, "white peony 3").await), "SUSPENDED");
    assert_eq!(reason(room.login("anna_01", "white peony 3").await), "LOGIN_FAILED", "nothing was set");
    room.clock.advance(DAY * 3);
    room.recover("anna_01", code, "white peony 3").await.unwrap();
}

#[tokio::test]
async fn what_is_closed_is_closed_to_every_session_until_it_ends() {
    let room = Room::new();
    let anna = room.register("anna_01").await;
    assert_eq!(room.may_speak(&anna.token).await, "OK");
    room.mute(&anna, 3).await;
    assert_eq!(room.may_speak(&anna.token).await, "RESTRICTED", "one in use");
    let laptop = room.login("anna_01", PASSWORD).await.unwrap();
    assert_eq!(room.may_speak(&laptop.token).await, "RESTRICTED", "one made later");
    let (avatars, foundation) = (Arc::new(Pictures), room.accounts.foundation.clone());
    let restarted = Accounts::new(foundation, room.accounts.config.clone(), Vec::new(), avatars).unwrap();
    let loaded = restarted.authenticate(&anna.token).await.unwrap();
    let closed = |session: &Session| reason(session.check_open(&[Area::Speaking], room.clock.now()));
    assert_eq!(closed(&loaded), "RESTRICTED", "one loaded after a restart");
    room.clock.advance(DAY * 3);
    assert_eq!((closed(&loaded), room.may_speak(&anna.token).await), ("OK", "OK"));
    room.mute(&anna, 0).await;
    assert_eq!(room.may_speak(&anna.token).await, "RESTRICTED");
    assert_eq!(room.lift_all(&anna).await, 1);
    assert_eq!(room.may_speak(&anna.token).await, "OK");
}

#[tokio::test]
async fn the_account_alone_is_told_and_nobody_sees_another_face() {
    let mut room = Room::new();
    let (anna, boris) = (room.register("anna_01").await, room.register("boris_1").await);
    room.heard().await;
    room.mute(&anna, 0).await;
    room.sanction(&anna, Kind::Minor, safety::Area::Unspecified, 0).await;
    room.suspend(&anna, 1).await;
    let me = AccountId(account(&anna).account_id);
    let mut closed = Vec::new();
    for event in room.heard().await {
        match event {
            Event::Sanctioned { account, restrictions } => {
                assert_eq!(account, me);
                closed.push(restrictions);
            }
            Event::SessionsEnded { account, .. } => assert_eq!(account, me),
            Event::Deliver { to, .. } => assert_eq!(to.accounts(), [me]),
            other => panic!("{other:?}"),
        }
    }
    let now = room.clock.now();
    let shake = |r: &Restrictions| r.closed_until(Area::Shake, now);
    assert_eq!(
        closed.iter().map(shake).collect::<Vec<_>>(),
        [None, Some(Restrictions::FOR_GOOD), Some(Restrictions::FOR_GOOD)]
    );
    assert!(closed[2].is_minor() && closed[2].shut_out_until(now).is_some());
    let told = room.told(account(&anna)).await;
    let [What::SanctionsChanged(_), What::SanctionsChanged(_), What::SanctionsChanged(last)] = &told[..]
    else {
        panic!("{told:?}")
    };
    let kinds: Vec<Kind> = last.sanctions.iter().map(Sanction::kind).collect();
    assert_eq!(kinds, [Kind::Suspension, Kind::Minor, Kind::Restriction]);
    assert!(room.told(account(&boris)).await.is_empty());
}

#[test]
fn what_was_read_before_a_sanction_does_not_come_in_after_it() {
    let sessions = Sessions::new(100);
    let session = || Session::new(AccountId(1), DeviceId(2), Time(0));
    let before = sessions.changes();
    let mut closed = Restrictions::default();
    closed.close(Area::Speaking, Restrictions::FOR_GOOD);
    sessions.restrict(AccountId(1), &closed);
    assert!(sessions.insert([1; 32], session(), Time(0), before).is_none());
    let live = sessions.insert([1; 32], session(), Time(0), sessions.changes()).unwrap();
    sessions.restrict(AccountId(2), &closed);
    assert!(live.check_open(&[Area::Speaking], Time(0)).is_ok());
    sessions.restrict(AccountId(1), &closed);
    assert!(live.check_open(&[Area::Speaking], Time(0)).is_err());
}

/// Devices that come and a sanction at once, on several threads: whatever comes in between, nobody speaks.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_session_misses_its_restriction() {
    let room = Room::new();
    let anna = room.register("anna_01").await;
    for _ in 0..100 {
        let laptop = room.login("anna_01", PASSWORD).await.unwrap();
        let come = |_| {
            let (accounts, token) = (room.accounts.clone(), laptop.token.clone());
            tokio::spawn(async move { accounts.authenticate(&token).await.unwrap() })
        };
        let devices: Vec<_> = (0..4).map(come).collect();
        room.mute(&anna, 0).await;
        for device in devices {
            let refused = device.await.unwrap().check_open(&[Area::Speaking], room.clock.now());
            assert_eq!(reason(refused), "RESTRICTED");
        }
        room.lift_all(&anna).await;
        assert_eq!(room.may_speak(&laptop.token).await, "OK");
    }
}

/// A method table of one method, which waits inside until it is let on, and then writes.
fn slow_table(room: &Room, inside: &Arc<Notify>, go_on: &Arc<Notify>) -> Methods {
    let mut methods = Methods::new(room.clock.clone(), &LimitsConfig::default());
    let (store, inside, go_on) = (room.store().clone(), inside.clone(), go_on.clone());
    methods.unary(&CHAT_SEND_MESSAGE, move |cx: Cx, _: SendMessageRequest| {
        let (store, inside, go_on) = (store.clone(), inside.clone(), go_on.clone());
        async move {
            inside.notify_one();
            go_on.notified().await;
            let (account, now) = (cx.account()?, cx.now);
            let said = move |tx: &mut Tx<'_>| {
                audit::note(tx, By::Operator, Some(account), "said".to_owned(), String::new(), now)
            };
            store.transact(said).await.map(|()| SendMessageResponse::default())
        }
    });
    methods.area(&CHAT_SEND_MESSAGE, &[Area::Speaking]);
    methods
}

#[tokio::test]
async fn a_call_under_way_writes_nothing_once_the_operator_was_answered() {
    let room = Room::new();
    let anna = room.register("anna_01").await;
    let (inside, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let methods = Arc::new(slow_table(&room, &inside, &go_on));
    let session = room.session(&anna.token).await.unwrap();
    let call = || {
        let caller = Caller::new(Some(session.clone()), HOME.parse().unwrap());
        let methods = methods.clone();
        tokio::spawn(async move {
            let method = methods.find(CHAT_SEND_MESSAGE.path)?;
            methods.call(method, caller, bytes::Bytes::new(), None).await.map(drop)
        })
    };
    let said = async || {
        let entries = audit::list(room.store(), u64::MAX, 100).await.unwrap();
        entries.iter().filter(|entry| entry.what == "said").count()
    };
    let before = call();
    inside.notified().await;
    go_on.notify_one();
    before.await.unwrap().unwrap();
    assert_eq!(said().await, 1);
    let muted = call();
    inside.notified().await;
    room.mute(&anna, 1).await;
    go_on.notify_one();
    assert_eq!(reason(muted.await.unwrap()), "RESTRICTED");
    room.lift_all(&anna).await;
    let suspended = call();
    inside.notified().await;
    room.suspend(&anna, 1).await;
    go_on.notify_one();
    let refused = suspended.await.unwrap().unwrap_err();
    assert!(refused.reason() == "UNAUTHENTICATED" && refused.message().contains("suspended"), "{refused}");
    assert_eq!(said().await, 1);
}

#[tokio::test]
async fn the_audit_log_is_kept_for_half_a_year() {
    let room = Room::new();
    let anna = room.register("anna_01").await;
    room.mute(&anna, 1).await;
    room.accounts.issue_recovery_code("anna_01").await.unwrap();
    room.clock.advance(DAY * 100);
    room.lift_all(&anna).await;
    room.suspend(&anna, 1).await;
    let whats = async || {
        room.accounts.tidy().await.unwrap();
        let entries = audit::list(room.store(), u64::MAX, 100).await.unwrap();
        entries.into_iter().map(|entry| (entry.number, entry.what)).collect::<Vec<_>>()
    };
    let all = whats().await;
    assert!(all.len() == 3 && all[0].0 == 3 && all[0].1.starts_with("suspended until"), "{all:?}");
    assert!(
        all[1].1.contains("recovery code") && all[2].1.starts_with("speaking is closed until"),
        "{all:?}"
    );
    room.clock.advance(DAY * 81);
    assert_eq!(whats().await.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [3]);
    room.clock.advance(DAY * 100);
    assert_eq!(whats().await, []);
}
