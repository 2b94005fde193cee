//! Examples of reports, and of what an operator closes to somebody.

use super::Examples;
use serde_json::{Value, json};
use teahouse_proto as method;
use teahouse_proto::safety::{Area, Sanction, sanction::Kind};
use teahouse_server::features::accounts::audit::By;
use teahouse_server::features::accounts::sanctions;
use teahouse_server::id::AccountId;
use teahouse_tests::person::Person;
use teahouse_tests::world::World;

pub(super) async fn safety(examples: &mut Examples, world: &World, boris: &Person, chat: &Value) {
    let foundation = world.server().foundation();
    let (account, now) = (AccountId(boris.account_id), foundation.clock.now());
    let closed = Sanction {
        kind: Kind::Restriction.into(),
        area: Area::Speaking.into(),
        text: "No advertising, please.".to_owned(),
        from_ms: now.as_ms(),
        ..Sanction::default()
    };
    let close =
        foundation.store.transact(move |tx| sanctions::sanction(tx, account, &closed, By::Operator, now));
    close.await.expect("closed");
    examples.call("boris", boris, &method::SAFETY_LIST_SANCTIONS, json!({})).await;
    let more = json!({"conversationId": chat, "text": {"text": "one more thing"}});
    examples.call("boris", boris, &method::CHAT_SEND_MESSAGE, more).await;
    let open = foundation.store.transact(move |tx| sanctions::lift(tx, account, |_| true, By::Operator, now));
    assert_eq!(open.await.expect("opened").len(), 1);
}

pub(super) async fn reports(examples: &mut Examples, anna: &Person, boris: &Person, chat: &Value) {
    let message = json!({"clientReportId": "QUFBQUFBQUFBQUFBQUFBQQ==", "message": {"conversationId": chat, "seq": "2"},
        "reason": "REASON_HARASSMENT", "text": "Every day the same."});
    examples.call("boris", boris, &method::SAFETY_REPORT, message).await;
    let friend = json!({"clientReportId": "QkJCQkJCQkJCQkJCQkJCQg==", "friendAccountId": boris.account_id.to_string(),
        "reason": "REASON_IMPERSONATION"});
    examples.call("anna", anna, &method::SAFETY_REPORT, friend).await;
    let unknown = json!({"clientReportId": "Q0NDQ0NDQ0NDQ0NDQ0NDQw==", "strangerHandle": "AAAA", "reason": "REASON_SPAM"});
    examples.call("anna", anna, &method::SAFETY_REPORT, unknown).await;
    examples.call("boris", boris, &method::SAFETY_LIST_REPORTS, json!({})).await;
}
