//! What operators read of a report.

use super::*;
use crate::features::accounts::fixture::change;
use crate::features::media::Holder;
use crate::features::media::fixture::{holder, uploaded};
use teahouse_proto::chat::{EditMessageRequest, Pictures, RecallMessageRequest};
use teahouse_proto::media::MediaKind;

#[tokio::test]
async fn operators_read_what_was_recalled_and_who_said_it() {
    let w = World::new().await;
    let id = w.befriend(ANNA, BAD).await;
    w.say(ANNA, id, "hello?").await;
    let (edited, recalled) = (w.say(BAD, id, "first").await, w.say(BAD, id, "evil\n\u{202e}words").await);
    let text = Some(Text { text: "second".to_owned(), ..Text::default() });
    let edit = EditMessageRequest { conversation_id: id.0, seq: edited, text };
    w.chat.edit_message(&w.cx(BAD), edit).await.unwrap();
    let recall = RecallMessageRequest { conversation_id: id.0, seq: recalled };
    w.chat.recall_message(&w.cx(BAD), recall).await.unwrap();
    let report = w.report(ANNA, &message(id, recalled)).await.unwrap();
    // Whatever they do afterwards.
    w.tx(|tx| change(tx, BAD, |profile, _| profile.display_name = "Innocent".to_owned())).await;
    let shown = w.safety.show(report).await.unwrap();
    for part in [
        "about    person1",
        "made     2027-01-15 08:00 UTC by person2, counts in full",
        "says     \"always the same\"",
        "called \"person1\"",
        "(direct)",
        "\"hello?\"",
        "\"second\" (edited)",
        "before, 2027-01-15 08:00 UTC: \"first\"",
        "(recalled)",
        "\"evil\\n\\u{202e}words\"",
    ] {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
    assert!(!shown.contains("Innocent"));
}

#[tokio::test]
async fn operators_read_the_card_the_request_and_the_group() {
    let w = World::new().await;
    w.tx(|tx| change(tx, BAD, |profile, _| profile.stranger_name = "Sunny".to_owned())).await;
    let seen = w.stranger(ANNA, BAD, Way::LookAround).await;
    let stranger = w.report(ANNA, &seen).await.unwrap();
    let shown = w.safety.show(stranger).await.unwrap();
    assert!(shown.contains("card     \"Sunny\"") && shown.contains("found by look_around"), "{shown}");
    assert!(shown.contains("1 person1"), "and who it is: {shown}");

    let asked = w.ask(BAD, ANNA, "buy tea").await;
    let request = w.report(ANNA, &Object::FriendRequestId(asked)).await.unwrap();
    let shown = w.safety.show(request).await.unwrap();
    assert!(shown.contains("a friend request") && shown.contains("person1: \"buy tea\""), "{shown}");

    let group = w.report(ANNA, &Object::GroupConversationId(GROUP.0)).await.unwrap();
    let shown = w.safety.show(group).await.unwrap();
    assert!(shown.contains("7000 \"Tea\", 12 members") && shown.contains("about    person1"), "{shown}");
}

#[tokio::test]
async fn operators_see_who_is_behind_a_temporary_chat() {
    let w = World::new().await;
    let (temporary, now) = (w.chat.temporary().clone(), w.now);
    let id = w.tx(move |tx| temporary.open(tx, BAD, ANNA, &[("hi you".to_owned(), now)], now)).await;
    let seq = w.say(BAD, id, "come here").await;
    for object in [Object::TemporaryChatId(id.0), message(id, seq)] {
        let report = w.report(ANNA, &object).await.unwrap();
        let shown = w.safety.show(report).await.unwrap();
        for part in ["about    person1", "(temporary)", "person1: \"hi you\"", "person1: \"come here\""] {
            assert!(shown.contains(part), "{part} in\n{shown}");
        }
    }
    assert_eq!(reason(w.report(BORIS, &message(id, seq)).await), "CONVERSATION_NOT_FOUND");
}

#[tokio::test]
async fn media_of_what_is_named_are_kept_as_long_as_the_report() {
    let mut w = World::new().await;
    let id = w.befriend(ANNA, BAD).await;
    let upload = w.tx(|tx| uploaded(tx, BAD, MediaKind::Picture, 9)).await;
    let pictures = Pictures {
        pictures: vec![teahouse_proto::media::Media { media_id: upload.to_string(), ..Default::default() }],
        ..Pictures::default()
    };
    let request = SendMessageRequest {
        client_message_id: w.client_id(),
        to: Some(To::ConversationId(id.0)),
        content: Some(Content::Pictures(pictures)),
    };
    let seq = w.chat.send_message(&w.cx(BAD), request).await.unwrap().seq;
    let report = w.report(ANNA, &message(id, seq)).await.unwrap();
    let shown = w.safety.show(report).await.unwrap();
    assert!(shown.contains("[1 pictures]") && shown.contains("medium   picture"), "{shown}");
    let file = shown.lines().last().unwrap().rsplit(' ').next().unwrap().to_owned();
    assert!(file.starts_with("media/blobs/"), "{shown}");
    let evidence = w.foundation.store.get(&tables::EVIDENCE, &report).await.unwrap().unwrap();
    let kept = evidence.media[0].media.clone().unwrap().media_id;
    let of = kept.clone();
    assert_eq!(w.tx(move |tx| holder(tx, &of)).await, Some(Holder::Evidence), "nobody can fetch it");
    w.pass(DAY * 181);
    w.sweep().await;
    assert_eq!(w.tx(move |tx| holder(tx, &kept)).await, None);
}

#[tokio::test]
async fn evidence_that_is_too_long_loses_what_lies_farthest() {
    let w = World::new().await;
    let id = w.befriend(ANNA, BAD).await;
    let long = |n: u64| format!("{n}{}", "長".repeat(3_900));
    let mut seqs = Vec::new();
    for n in 0..11 {
        seqs.push(w.say(BAD, id, &long(n)).await);
        for edit in 0..9 {
            let text = Some(Text { text: long(n * 100 + edit), ..Text::default() });
            let edit = EditMessageRequest { conversation_id: id.0, seq: seqs[n as usize], text };
            w.chat.edit_message(&w.cx(BAD), edit).await.unwrap();
        }
    }
    let report = w.report(ANNA, &message(id, seqs[5])).await.unwrap();
    let evidence = w.foundation.store.get(&tables::EVIDENCE, &report).await.unwrap().unwrap();
    assert!(prost::Message::encoded_len(&evidence) < (1 << 20) + 4096 && evidence.cut);
    let kept: Vec<u64> = evidence.messages.iter().map(|message| message.seq).collect();
    assert!(kept.contains(&seqs[5]) && kept.len() < 11, "{kept:?}");
    assert!(evidence.messages.iter().find(|m| m.named).unwrap().before.len() > 5);
}
