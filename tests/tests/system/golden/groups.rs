//! Groups on the wire: two of them, from their making to the end.

use super::Examples;
use serde_json::{Value, json};
use teahouse_proto as method;
use teahouse_tests::person::Person;
use teahouse_tests::world::World;

/// A group, from its making on; whom Clara names waits for approval.
pub(super) async fn groups(examples: &mut Examples, world: &World, [anna, boris]: [&Person; 2]) {
    let [clara, dora] = [world.person("clara").await, world.person("doralee").await];
    for (one, other) in [(&clara, anna), (&dora, &clara), (&dora, anna)] {
        one.befriend(other).await;
    }
    let ids = [boris, &clara, &dora].map(|person| person.account_id.to_string());
    let [boris_id, clara_id, dora_id] = &ids;
    let create = json!({"clientGroupId": "RUVFRUVFRUVFRUVFRUVFRQ==", "name": "Tea",
        "accountIds": [boris_id, clara_id, "77"]});
    let made = examples.call("anna", anna, &method::GROUPS_CREATE_GROUP, create).await;
    let id = made["group"]["conversationId"].clone();
    let with = |more: Value| {
        let mut body = json!({"conversationId": id});
        let more = more.as_object().cloned().unwrap_or_default();
        body.as_object_mut().expect("an object").extend(more);
        body
    };
    for (name, who, method, body) in [
        ("anna", anna, &method::GROUPS_SET_ADMIN, with(json!({"accountId": boris_id, "admin": true}))),
        (
            "anna",
            anna,
            &method::GROUPS_UPDATE_GROUP,
            with(json!({"name": "Oolong", "settings": {"approval": true}})),
        ),
        ("boris", boris, &method::GROUPS_SET_ANNOUNCEMENT, with(json!({"text": "At five."}))),
        ("clara", &clara, &method::GROUPS_SET_NICKNAME, with(json!({"nickname": "C."}))),
        ("boris", boris, &method::GROUPS_LIST_MEMBERS, with(json!({"page": {"limit": 2}}))),
        ("boris", boris, &method::GROUPS_OPEN_MEMBER, with(json!({"accountId": clara_id}))),
        ("clara", &clara, &method::GROUPS_INVITE_MEMBERS, with(json!({"accountIds": [dora_id, "77"]}))),
        ("clara", &clara, &method::GROUPS_LIST_JOIN_REQUESTS, with(json!({}))),
    ] {
        examples.call(name, who, method, body).await;
    }
    let waiting = examples.call("anna", anna, &method::GROUPS_LIST_JOIN_REQUESTS, with(json!({}))).await;
    let decide = with(json!({"joinRequestId": waiting["requests"][0]["joinRequestId"], "approve": true}));
    for (name, who, method, body) in [
        ("anna", anna, &method::GROUPS_DECIDE_JOIN_REQUEST, decide.clone()),
        ("boris", boris, &method::GROUPS_DECIDE_JOIN_REQUEST, decide),
        ("anna", anna, &method::GROUPS_MUTE_MEMBER, with(json!({"accountId": clara_id, "muted": true}))),
        ("clara", &clara, &method::GROUPS_GET_GROUP, with(json!({}))),
        ("boris", boris, &method::GROUPS_REMOVE_MEMBERS, with(json!({"accountIds": [dora_id]}))),
        ("doralee", &dora, &method::GROUPS_GET_GROUP, with(json!({}))),
        ("doralee", &dora, &method::GROUPS_LEAVE_GROUP, with(json!({"doNotAddAgain": true}))),
        ("doralee", &dora, &method::GROUPS_JOIN_GROUP, json!({"ticket": "AAAA"})),
    ] {
        examples.call(name, who, method, body).await;
    }
    let code = examples.call("boris", boris, &method::QR_GET_CODE, with(json!({}))).await;
    let scanned = json!({"text": code["code"]["url"]});
    let found = examples.call("doralee", &dora, &method::QR_RESOLVE_CODE, scanned.clone()).await;
    let join = json!({"ticket": found["group"]["ticket"]});
    for (name, who, method, body) in [
        ("doralee", &dora, &method::GROUPS_JOIN_GROUP, join),
        ("clara", &clara, &method::QR_RESOLVE_CODE, scanned.clone()),
        ("clara", &clara, &method::QR_RESET_CODE, with(json!({"everybodys": true}))),
        ("boris", boris, &method::QR_RESET_CODE, with(json!({"everybodys": true}))),
        ("clara", &clara, &method::QR_RESOLVE_CODE, scanned),
    ] {
        examples.call(name, who, method, body).await;
    }
    leaving_groups(examples, [anna, boris, &dora], &id).await;
}

/// An invitation, and the end of the group.
async fn leaving_groups(examples: &mut Examples, [anna, boris, dora]: [&Person; 3], id: &Value) {
    let ask = json!({"askBeforeGroup": true});
    examples.call("doralee", dora, &method::ACCOUNTS_UPDATE_SETTINGS, ask).await;
    let [boris_id, dora_id] = [boris, dora].map(|person| person.account_id.to_string());
    let create = json!({"clientGroupId": "RkZGRkZGRkZGRkZGRkZGRg==", "accountIds": [boris_id, dora_id]});
    examples.call("anna", anna, &method::GROUPS_CREATE_GROUP, create).await;
    let waiting = examples.call("doralee", dora, &method::GROUPS_LIST_INVITATIONS, json!({})).await;
    let invitation = json!({"invitationId": waiting["invitations"][0]["invitationId"]});
    let transfer = json!({"conversationId": id, "accountId": boris_id});
    for (name, who, method, body) in [
        ("doralee", dora, &method::GROUPS_ACCEPT_INVITATION, invitation.clone()),
        ("doralee", dora, &method::GROUPS_DECLINE_INVITATION, invitation),
        ("anna", anna, &method::GROUPS_LEAVE_GROUP, json!({"conversationId": id})),
        ("anna", anna, &method::GROUPS_TRANSFER_GROUP, transfer),
        ("boris", boris, &method::GROUPS_DISSOLVE_GROUP, json!({"conversationId": id})),
        ("anna", anna, &method::CHAT_LIST_ENTRIES, json!({"conversationId": id})),
    ] {
        examples.call(name, who, method, body).await;
    }
}
