//! What several reports do.

use super::*;

#[tokio::test]
async fn three_full_reports_close_the_one_area_they_are_about_until_reviewed() {
    let mut w = World::new().await;
    let said = w.message().await;
    for who in [ANNA, BORIS, CLARA] {
        assert!(w.closed(BAD).await.is_empty());
        w.report(who, &said).await.unwrap();
        w.sweep().await;
        w.pass(Duration::from_secs(60));
    }
    w.pass(Duration::from_secs(60 * 20));
    w.sweep().await;
    assert_eq!(w.closed(BAD).await, [Area::Speaking]);
    let sanctions = w.safety.list_sanctions(&w.cx(BAD), ListSanctionsRequest {}).await.unwrap().sanctions;
    assert_eq!(sanctions.len(), 1);
    assert!(sanctions[0].until_reviewed && sanctions[0].until_ms == 0 && sanctions[0].text.is_empty());
    w.pass(DAY * 30);
    w.sweep().await;
    assert_eq!(w.closed(BAD).await, [Area::Speaking], "until an operator has looked");
}

#[tokio::test]
async fn reports_of_one_day_about_one_thing_count_together() {
    let mut w = World::new().await;
    let said = w.message().await;
    w.report(ANNA, &said).await.unwrap();
    w.pass(DAY);
    for who in [BORIS, CLARA] {
        w.report(who, &said).await.unwrap();
    }
    w.day_passes().await;
    assert!(w.closed(BAD).await.is_empty(), "the first was a day before");
    w.report(ANNA, &said).await.unwrap();
    w.report(BORIS, &w.stranger(BORIS, BAD, Way::Shake).await).await.unwrap();
    w.report(CLARA, &w.stranger(CLARA, BAD, Way::LookAround).await).await.unwrap();
    w.day_passes().await;
    assert!(w.closed(BAD).await.is_empty(), "three things");
    for who in [ANNA, BORIS, CLARA] {
        w.report(who, &w.stranger(who, BAD, Way::Shake).await).await.unwrap();
    }
    w.day_passes().await;
    assert_eq!(w.closed(BAD).await, [Area::Shake]);
}

#[tokio::test]
async fn what_is_enough_stays_enough_while_it_waits() {
    let mut w = World::new().await;
    let said = w.message().await;
    w.report(ANNA, &said).await.unwrap();
    w.pass(DAY - Duration::from_secs(1));
    for who in [BORIS, CLARA] {
        w.report(who, &said).await.unwrap();
    }
    w.pass(HOUR);
    w.sweep().await;
    assert_eq!(w.closed(BAD).await, [Area::Speaking]);
}

#[tokio::test]
async fn a_group_is_its_owners_and_an_invitation_its_inviters() {
    let mut w = World::new().await;
    for who in [ANNA, BORIS, CLARA] {
        w.report(who, &Object::GroupConversationId(GROUP.0)).await.unwrap();
    }
    w.day_passes().await;
    assert_eq!(w.closed(BAD).await, [Area::Groups]);
}

#[tokio::test]
async fn a_word_of_care_comes_with_the_day_and_goes_with_the_month() {
    let mut w = World::new().await;
    w.sweep().await;
    let said = w.message().await;
    for who in 2..=6 {
        w.report(AccountId(who), &said).await.unwrap();
        w.sweep().await;
        assert!(!w.is_cautioned(BAD).await, "not on the same day: it would tell of the last report");
    }
    w.day_passes().await;
    assert!(w.is_cautioned(BAD).await && !w.is_cautioned(ANNA).await);
    w.pass(DAY * 28);
    w.sweep().await;
    assert!(w.is_cautioned(BAD).await);
    w.day_passes().await;
    assert!(!w.is_cautioned(BAD).await, "the reports are 30 days old");
}

#[tokio::test]
async fn blocks_count_by_half_as_long_as_they_stand() {
    let mut w = World::new().await;
    w.sweep().await;
    let mut blocks = Vec::new();
    for who in 2..=11 {
        let who = AccountId(who);
        w.befriend(who, BAD).await;
        blocks.push((who, w.block(who, BAD).await));
    }
    w.day_passes().await;
    assert!(w.is_cautioned(BAD).await);
    let (who, block) = blocks[0];
    w.unblock(who, block).await;
    w.day_passes().await;
    assert!(!w.is_cautioned(BAD).await, "nine are not enough");
    w.report(who, &w.message().await).await.unwrap();
    w.day_passes().await;
    assert!(w.is_cautioned(BAD).await);
}

#[tokio::test]
async fn everybody_speaks_once_however_they_do() {
    let mut w = World::new().await;
    w.sweep().await;
    let said = w.message().await;
    for who in [ANNA, BORIS, CLARA, AccountId(5)] {
        w.befriend(who, BAD).await;
        w.block(who, BAD).await;
        for _ in 0..3 {
            w.report(who, &said).await.unwrap();
        }
    }
    w.day_passes().await;
    assert!(!w.is_cautioned(BAD).await, "four people are not five");
}
