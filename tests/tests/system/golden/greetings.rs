//! Strangers on the wire: a greeting, an answer, a chat, and what ends it.

use super::Examples;
use serde_json::json;
use teahouse_proto as method;
use teahouse_tests::world::World;

/// Frida's group, in which Georg and Hanna are strangers to each other.
pub(super) async fn greetings(examples: &mut Examples, world: &World) {
    let [frida, georg, hanna] =
        [world.person("frida").await, world.person("georg").await, world.person("hanna").await];
    for other in [&georg, &hanna] {
        frida.befriend(other).await;
    }
    let (group, _) = frida.gather("Tea", &[&georg, &hanna]).await;
    let member = json!({"conversationId": group.to_string(), "accountId": hanna.account_id.to_string()});
    let met = examples.call("georg", &georg, &method::GREETINGS_MEET_MEMBER, member).await;
    let handle = met["card"]["handle"].clone();
    examples.call("georg", &georg, &method::GREETINGS_GET_STRANGER, json!({"handle": handle})).await;
    for (id, text) in [
        ("R0dHR0dHR0dHR0dHR0dHRw==", "Do you drink oolong?"),
        ("SEhISEhISEhISEhISEhISA==", "See tea.example"),
    ] {
        let greet = json!({"clientGreetingId": id, "handle": handle, "text": text});
        examples.call("georg", &georg, &method::GREETINGS_SEND_GREETING, greet).await;
    }
    let listed = examples.call("hanna", &hanna, &method::GREETINGS_LIST_GREETINGS, json!({})).await;
    let id = listed["greetings"][0]["greetingId"].clone();
    let reply =
        json!({"greetingId": id, "clientMessageId": "SUlJSUlJSUlJSUlJSUlJSQ==", "text": "Every day."});
    let replied = examples.call("hanna", &hanna, &method::GREETINGS_REPLY_TO_GREETING, reply).await;
    let chat = json!({"conversationId": replied["chat"]["conversationId"]});
    for (name, who, method, body) in [
        ("georg", &georg, &method::GREETINGS_LIST_TEMPORARY_CHATS, json!({})),
        ("georg", &georg, &method::CHAT_GET_CONVERSATION, chat.clone()),
        ("hanna", &hanna, &method::GREETINGS_IGNORE_GREETING, json!({"greetingId": "77"})),
        ("hanna", &hanna, &method::GREETINGS_ACCEPT_GREETING, json!({"greetingId": id})),
        ("hanna", &hanna, &method::GREETINGS_LEAVE_TEMPORARY_CHAT, chat),
        ("georg", &georg, &method::GREETINGS_BLOCK_STRANGER, json!({"handle": handle})),
    ] {
        examples.call(name, who, method, body).await;
    }
}
