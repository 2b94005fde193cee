//! What operators do with reports.

use super::*;
use crate::features::accounts::audit;

async fn closed_by_three(w: &mut World) -> Vec<u64> {
    let said = w.message().await;
    let mut ids = Vec::new();
    for who in [ANNA, BORIS, CLARA] {
        ids.push(w.report(who, &said).await.unwrap());
    }
    w.pass(HOUR);
    w.sweep().await;
    assert_eq!(w.closed(BAD).await, [Area::Speaking]);
    ids
}

#[tokio::test]
async fn dismissing_opens_what_reports_alone_had_closed() {
    let mut w = World::new().await;
    let ids = closed_by_three(&mut w).await;
    let done = w.safety.handle(ids[0], Verdict::Dismiss, "no harm", w.now).await.unwrap();
    assert!(done.contains("open again"), "{done}");
    assert!(w.closed(BAD).await.is_empty());
    w.sweep().await;
    assert!(w.closed(BAD).await.is_empty(), "what is left is not enough");
    let refused = w.safety.handle(ids[0], Verdict::Uphold, "", w.now).await;
    assert_eq!(reason(refused), "REPORT_HANDLED");
    assert_eq!(reason(w.safety.handle(99, Verdict::Uphold, "", w.now).await), "REPORT_NOT_FOUND");
    let log = audit::list(&w.foundation.store, u64::MAX, 9).await.unwrap();
    assert!(log.iter().any(|entry| entry.what.contains("dismissed") && entry.text == "no harm"), "{log:?}");
}

#[tokio::test]
async fn upholding_keeps_it_closed_for_some_days() {
    let mut w = World::new().await;
    let ids = closed_by_three(&mut w).await;
    let done = w.safety.handle(ids[1], Verdict::Uphold, "", w.now).await.unwrap();
    assert!(done.contains("speaking is closed until"), "{done}");
    w.pass(DAY * 6);
    w.sweep().await;
    assert_eq!(w.closed(BAD).await, [Area::Speaking]);
    w.day_passes().await;
    assert!(w.closed(BAD).await.is_empty());
}

#[tokio::test]
async fn the_reporter_learns_that_it_was_handled_and_no_more() {
    let w = World::new().await;
    let said = w.message().await;
    let (first, second) = (w.report(ANNA, &said).await.unwrap(), w.report(ANNA, &said).await.unwrap());
    let other = w.report(BORIS, &said).await.unwrap();
    let own = |w: &World| {
        let (cx, safety) = (w.cx(ANNA), w.safety.clone());
        async move { safety.list_reports(&cx, ListReportsRequest::default()).await.unwrap().reports }
    };
    let line = |report_id, handled| OwnReport {
        report_id,
        reason: Reason::Spam.into(),
        sent_at_ms: START.as_ms(),
        handled,
    };
    assert_eq!(own(&w).await, [line(second, false), line(first, false)], "the newest first");
    w.safety.handle(first, Verdict::Uphold, "secret", w.now).await.unwrap();
    w.safety.handle(second, Verdict::Dismiss, "secret", w.now).await.unwrap();
    w.safety.handle(other, Verdict::Dismiss, "secret", w.now).await.unwrap();
    assert_eq!(own(&w).await, [line(second, true), line(first, true)]);
    let handled = |report_id| What::ReportHandled(teahouse_proto::sync::ReportHandled { report_id });
    assert_eq!(w.events(ANNA).await, [handled(first), handled(second)]);
}

#[tokio::test]
async fn a_list_of_reports_has_pages() {
    let w = World::new().await;
    let said = w.message().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(w.report(ANNA, &said).await.unwrap());
    }
    made.reverse();
    let mut listed = Vec::new();
    let mut cursor = bytes::Bytes::new();
    loop {
        let page = Some(teahouse_proto::common::PageRequest { limit: 2, cursor });
        let answer = w.safety.list_reports(&w.cx(ANNA), ListReportsRequest { page }).await.unwrap();
        listed.extend(answer.reports.iter().map(|report| report.report_id));
        cursor = answer.next;
        if cursor.is_empty() {
            break;
        }
        let theirs = Some(teahouse_proto::common::PageRequest { limit: 2, cursor: cursor.clone() });
        let refused = w.safety.list_reports(&w.cx(BORIS), ListReportsRequest { page: theirs }).await;
        assert_eq!(reason(refused), "CURSOR_INVALID");
    }
    assert_eq!(listed, made);
}

#[tokio::test]
async fn all_of_a_report_goes_after_180_days() {
    let mut w = World::new().await;
    let said = w.message().await;
    let id = w.report(ANNA, &said).await.unwrap();
    w.safety.handle(id, Verdict::Dismiss, "", w.now).await.unwrap();
    w.pass(DAY * 90);
    let later = w.report(BORIS, &said).await.unwrap();
    w.pass(DAY * 89);
    w.sweep().await;
    assert_eq!(w.reports(ANNA).await.len(), 1);
    w.day_passes().await;
    assert!(w.reports(ANNA).await.is_empty());
    assert_eq!((w.rows(&tables::REPORT).await, w.rows(&tables::EVIDENCE).await), (1, 1));
    assert_eq!((w.rows(&tables::WRONG).await, w.rows(&tables::ABOUT).await), (0, 1));
    assert!(w.safety.show(later).await.is_ok());
    w.pass(DAY * 90);
    w.sweep().await;
    assert_eq!((w.rows(&tables::OPEN).await, w.rows(&tables::EVIDENCE).await), (0, 0));
}
