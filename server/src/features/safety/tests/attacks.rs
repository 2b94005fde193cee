//! Those who use reports against others, and those who want to know who reported them.

use super::*;
use crate::features::ledger::adverts;

#[tokio::test]
async fn accounts_made_for_it_close_nothing() {
    let mut w = World::new().await;
    let said = w.message().await;
    let Object::Message(at) = said.clone() else { panic!() };
    for n in 0..20 {
        let fresh = AccountId(100 + n);
        w.register(fresh, w.now - DAY, 1_000 + n).await;
        let rooms = w.chat.groups().clone();
        w.tx(move |tx| {
            rooms.set_history_visible(tx, GROUP, true, START)?;
            rooms.join(tx, GROUP, &[fresh], BAD, teahouse_proto::chat::JoinWay::Qr, None, START)
        })
        .await;
        let cx = w.cx_of(Session::new(fresh, DeviceId(fresh.0), w.now - DAY));
        w.safety.report(&cx, w.request(Object::Message(at))).await.unwrap();
    }
    w.day_passes().await;
    assert!(w.closed(BAD).await.is_empty() && !w.is_cautioned(BAD).await);
    assert_eq!(w.rows(&tables::OPEN).await, 20, "operators still hear of it");
}

#[tokio::test]
async fn many_accounts_of_one_network_are_one_voice() {
    let mut w = World::new().await;
    let said = w.message().await;
    for who in 2..=9 {
        w.tx(move |tx| fixture::registered_from(tx, AccountId(who), 77)).await;
        w.report(AccountId(who), &said).await.unwrap();
    }
    w.day_passes().await;
    assert!(w.closed(BAD).await.is_empty() && !w.is_cautioned(BAD).await);
    w.report(AccountId(10), &said).await.unwrap();
    w.report(AccountId(11), &said).await.unwrap();
    w.report(AccountId(2), &said).await.unwrap();
    w.day_passes().await;
    assert_eq!(w.closed(BAD).await, [Area::Speaking]);
}

#[tokio::test]
async fn one_who_reports_often_and_oneself_close_nothing() {
    let mut w = World::new().await;
    let said = w.message().await;
    for _ in 0..20 {
        w.report(ANNA, &said).await.unwrap();
    }
    for _ in 0..5 {
        w.report(BAD, &said).await.unwrap();
    }
    w.day_passes().await;
    assert!(w.closed(BAD).await.is_empty() && w.closed(ANNA).await.is_empty());
}

#[tokio::test]
async fn whose_reports_were_wrong_counts_for_less() {
    let mut w = World::new().await;
    let said = w.message().await;
    let wrong = async |w: &World, who, times| {
        for _ in 0..times {
            let id = w.report(who, &said).await.unwrap();
            w.safety.handle(id, Verdict::Dismiss, "", w.now).await.unwrap();
        }
    };
    wrong(&w, ANNA, 2).await;
    for who in [ANNA, BORIS, CLARA] {
        w.report(who, &said).await.unwrap();
    }
    w.day_passes().await;
    assert!(w.closed(BAD).await.is_empty(), "two and a half");
    wrong(&w, ANNA, 2).await;
    w.pass(DAY);
    for who in [ANNA, BORIS, CLARA] {
        w.report(who, &said).await.unwrap();
    }
    w.day_passes().await;
    assert!(w.closed(BAD).await.is_empty(), "two");
    w.pass(DAY * 180);
    w.sweep().await;
    let said = w.message().await;
    for who in [ANNA, BORIS, CLARA] {
        w.report(who, &said).await.unwrap();
    }
    w.day_passes().await;
    assert_eq!(w.closed(BAD).await, [Area::Speaking], "it is forgotten with the reports");
}

#[tokio::test]
async fn nobody_reports_what_they_never_met() {
    let w = World::new().await;
    let said = w.message().await;
    let direct = w.befriend(ANNA, BAD).await;
    let seq = w.say(BAD, direct, "psst").await;
    let handle = w.stranger(ANNA, BAD, Way::Shake).await;
    for (object, expected) in [
        (said, "CONVERSATION_NOT_FOUND"),
        (message(direct, seq), "CONVERSATION_NOT_FOUND"),
        (message(ConversationId(99), 1), "CONVERSATION_NOT_FOUND"),
        (Object::GroupConversationId(GROUP.0), "CONVERSATION_NOT_FOUND"),
        (Object::GroupConversationId(direct.0), "CONVERSATION_NOT_FOUND"),
        (Object::TemporaryChatId(direct.0), "CONVERSATION_NOT_FOUND"),
        (Object::TemporaryChatId(GROUP.0), "CONVERSATION_NOT_FOUND"),
        (Object::GroupInvitationId(1), "INVITATION_NOT_FOUND"),
        (Object::GreetingId(1), "GREETING_NOT_FOUND"),
        (Object::FriendRequestId(1), "REQUEST_NOT_FOUND"),
        (Object::FriendAccountId(BAD.0), "FRIEND_NOT_FOUND"),
        (Object::FriendAccountId(NOBODY.0), "FRIEND_NOT_FOUND"),
        (Object::FriendAccountId(0), "FRIEND_NOT_FOUND"),
        (handle, "STRANGER_NOT_FOUND"),
        (Object::StrangerHandle(bytes::Bytes::from_static(b"x")), "STRANGER_NOT_FOUND"),
    ] {
        assert_eq!(reason(w.report(NOBODY, &object).await), expected, "{object:?}");
    }
    assert_eq!(reason(w.report(ANNA, &message(direct, seq + 1)).await), "MESSAGE_NOT_FOUND");
    assert_eq!(reason(w.report(ANNA, &message(direct, 1)).await), "MESSAGE_NOT_FOUND", "a notice");
    assert_eq!(w.rows(&tables::REPORT).await, 0, "nothing is kept of it");
    let one_more = w.report(NOBODY, &w.stranger(NOBODY, BAD, Way::Shake).await).await;
    assert!(one_more.is_ok(), "and it used up nothing");
}

#[tokio::test]
async fn what_a_request_lacks_is_named() {
    let w = World::new().await;
    let request = w.request(w.message().await);
    for (bad, expected) in [
        (ReportRequest { object: None, ..request.clone() }, "FIELD_MISSING"),
        (ReportRequest { reason: 0, ..request.clone() }, "FIELD_MISSING"),
        (ReportRequest { reason: 77, ..request.clone() }, "FIELD_MISSING"),
        (ReportRequest { text: "x".repeat(201), ..request.clone() }, "TEXT_TOO_LONG"),
        (ReportRequest { text: "\u{1b}[2J".to_owned(), ..request.clone() }, "TEXT_INVALID"),
        (ReportRequest { client_report_id: bytes::Bytes::new(), ..request.clone() }, "CLIENT_ID_INVALID"),
    ] {
        assert_eq!(reason(w.report_with(ANNA, bad).await), expected);
    }
}

#[tokio::test]
async fn a_repeat_is_harmless_and_a_day_has_thirty() {
    let mut w = World::new().await;
    let request = w.request(w.message().await);
    let first = w.report_with(ANNA, request.clone()).await.unwrap();
    assert_eq!(w.report_with(ANNA, request.clone()).await.unwrap(), first);
    assert_eq!(w.reports(ANNA).await.len(), 1);
    let other = ReportRequest { text: "other".to_owned(), ..request.clone() };
    assert_eq!(reason(w.report_with(ANNA, other).await), "CLIENT_ID_REUSED");
    let object = request.object.clone().unwrap();
    for _ in 0..29 {
        w.report(ANNA, &object).await.unwrap();
    }
    let refused = w.report(ANNA, &object).await.unwrap_err();
    assert_eq!((refused.reason(), refused.retry_after_ms()), ("RATE_LIMITED", DAY.as_millis() as u64));
    assert_eq!(w.report_with(ANNA, request).await.unwrap(), first, "also of what is used up");
    w.pass(DAY);
    w.report(ANNA, &object).await.unwrap();
}

/// The reported one may be told that an area is closed; before that nothing is different for them, and of who it was
/// nothing ever is.
#[tokio::test]
async fn the_reported_one_hears_of_no_report() {
    let mut w = World::new().await;
    let direct = w.befriend(ANNA, BAD).await;
    let said = message(direct, w.say(BAD, direct, "buy tea").await);
    let in_group = w.message().await;
    w.sweep().await;
    let (events, sanctions) = (w.events(BAD).await, w.closed(BAD).await);
    let by_anna = w.report(ANNA, &said).await.unwrap();
    w.report(BORIS, &in_group).await.unwrap();
    w.sweep().await;
    assert_eq!((w.events(BAD).await, w.closed(BAD).await), (events.clone(), sanctions));
    for verdict in [Verdict::Dismiss, Verdict::Uphold] {
        let id = if verdict == Verdict::Dismiss { by_anna } else { w.report(ANNA, &said).await.unwrap() };
        w.safety.handle(id, verdict, "", w.now).await.unwrap();
        assert_eq!(w.events(BAD).await, events, "{verdict:?}");
    }
    assert!(w.reports(BAD).await.is_empty());
    w.say(ANNA, direct, "still here").await;

    // Two friends of theirs report them, so that the third must be somebody else: it does not show at once.
    let in_group = w.message().await;
    for who in [AccountId(8), AccountId(9)] {
        w.report(who, &in_group).await.unwrap();
    }
    w.pass(HOUR);
    let mut waits = std::collections::BTreeSet::new();
    for n in 0..8 {
        let before = w.now;
        w.report(CLARA, &in_group).await.unwrap();
        while w.closed(BAD).await.is_empty() {
            w.pass(Duration::from_secs(60));
            w.sweep().await;
        }
        waits.insert(w.now.since(before).as_secs() / 60);
        assert!(w.now.since(before) <= Duration::from_secs(21 * 60), "{n}");
        w.tx(|tx| sanctions::lift(tx, BAD, |_| true, crate::features::accounts::audit::By::Operator, START))
            .await;
    }
    assert!(waits.len() > 2, "{waits:?}");
}

#[tokio::test]
async fn a_text_that_was_held_becomes_a_report_by_the_server() {
    let w = World::new().await;
    let now = w.now;
    w.tx(move |tx| {
        for to in 50..60 {
            adverts::note(tx, BAD, "Cheap tea, call 555-1234", AccountId(to), now, false)?;
        }
        Ok(())
    })
    .await;
    w.sweep().await;
    let open = w.safety.lines(true, None).await.unwrap();
    assert_eq!(open.len(), 1);
    assert!(open[0].contains("spam") && open[0].contains("about person1"), "{open:?}");
    let id: u64 = open[0].split(' ').next().unwrap().parse().unwrap();
    let shown = w.safety.show(id).await.unwrap();
    assert!(shown.contains("by the server") && shown.contains("Cheap tea"), "{shown}");
    let events = w.events(BAD).await;
    w.safety.handle(id, Verdict::Uphold, "", w.now).await.unwrap();
    assert_eq!(w.events(BAD).await, events);
}

#[tokio::test]
async fn a_failure_says_the_same_of_what_is_not_there_and_of_what_is_others() {
    let w = World::new().await;
    let direct = w.befriend(ANNA, BAD).await;
    let seq = w.say(BAD, direct, "psst").await;
    let theirs = w.report(BORIS, &message(direct, seq)).await.unwrap_err();
    let nothing = w.report(BORIS, &message(ConversationId(99), seq)).await.unwrap_err();
    assert_eq!(face(&theirs), face(&nothing));
}
