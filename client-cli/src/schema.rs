//! Messages and methods by name, from the descriptors: finds methods by short names, and turns Protobuf into JSON and
//! back. It sends nothing.

use crate::error::{Error, Result};
use bytes::Bytes;
use prost::Message;
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor, SerializeOptions,
};
use std::sync::OnceLock;
use teahouse_proto::{DESCRIPTORS, METHODS, MethodInfo};

/// Every message and service that this client was built with.
pub fn pool() -> &'static DescriptorPool {
    static POOL: OnceLock<DescriptorPool> = OnceLock::new();
    POOL.get_or_init(|| {
        DescriptorPool::decode(DESCRIPTORS).expect("the descriptors were made by the compiler")
    })
}

/// The method of exactly this path, as `"teahouse.chat.v1.ChatService/SendMessage"`.
pub fn method(path: &str) -> Option<&'static MethodInfo> {
    METHODS.iter().copied().find(|m| m.path == path)
}

/// The method that a person means: the full path, or less of it where that is unambiguous, as `ChatService/SendMessage`,
/// `chat.SendMessage` or `sendmessage`.
///
/// # Errors
/// `METHOD_UNKNOWN`, `METHOD_AMBIGUOUS`.
pub fn resolve(name: &str) -> Result<&'static MethodInfo> {
    let wanted = name.trim().trim_start_matches('/');
    let found: Vec<_> =
        METHODS.iter().copied().filter(|m| names(m).any(|n| n.eq_ignore_ascii_case(wanted))).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(Error::misuse(
            "METHOD_UNKNOWN",
            format!("There is no method “{name}”. `teahouse methods` lists them all."),
        )),
        many => {
            let paths: Vec<_> = many.iter().map(|m| m.path).collect();
            let message = format!("“{name}” may mean {}. Write more of the name.", paths.join(" or "));
            Err(Error::misuse("METHOD_AMBIGUOUS", message))
        }
    }
}

/// The ways to write a method's name, longest first.
fn names(method: &MethodInfo) -> impl Iterator<Item = String> {
    let service = method.service();
    let short = service.rsplit('.').next().unwrap_or(service);
    let base = short.strip_suffix("Service").unwrap_or(short);
    let name = method.name();
    let joined =
        [service, short, base].into_iter().flat_map(move |s| [format!("{s}/{name}"), format!("{s}.{name}")]);
    joined.chain([name.to_owned()]).collect::<Vec<_>>().into_iter()
}

fn descriptor(message: &str) -> Result<MessageDescriptor> {
    let found = pool().get_message_by_name(message);
    found.ok_or_else(|| Error::misuse("MESSAGE_UNKNOWN", format!("There is no message “{message}”.")))
}

/// A Protobuf message of the named type as canonical JSON: 64-bit numbers are strings, bytes are base64.
///
/// # Errors
/// Of kind `Protocol` where the bytes are not such a message.
pub fn to_json(message: &str, bytes: &[u8]) -> Result<String> {
    let decoded = DynamicMessage::decode(descriptor(message)?, bytes)
        .map_err(|e| Error::protocol(format!("The server's answer is not a {message}: {e}.")))?;
    let mut out = Vec::with_capacity(bytes.len() * 2);
    decoded
        .serialize_with_options(&mut serde_json::Serializer::new(&mut out), &SerializeOptions::new())
        .map_err(|e| Error::protocol(format!("The server's answer has no JSON form: {e}.")))?;
    String::from_utf8(out).map_err(|e| Error::protocol(format!("The server's answer has no JSON form: {e}.")))
}

/// A typed message as canonical JSON. `name` is its full name.
///
/// # Errors
/// As [`to_json`].
pub fn message_to_json<M: Message>(name: &str, message: &M) -> Result<String> {
    to_json(name, &message.encode_to_vec())
}

/// Reads JSON that a person or program wrote as a request. Unknown fields are refused, since they are mistakes.
///
/// # Errors
/// `JSON_INVALID`.
pub fn request_from_json(message: &str, json: &str) -> Result<Bytes> {
    parse(message, json, true)
        .map_err(|e| Error::misuse("JSON_INVALID", format!("The JSON is not a {message}: {e}.")))
}

/// Reads JSON that a server sent. Unknown fields are passed over, since a newer server may know more.
///
/// # Errors
/// Of kind `Protocol`.
pub fn answer_from_json(message: &str, json: &str) -> Result<Bytes> {
    parse(message, json, false)
        .map_err(|e| Error::protocol(format!("The server's answer is not a {message}: {e}.")))
}

fn parse(message: &str, json: &str, strict: bool) -> std::result::Result<Bytes, String> {
    let descriptor = descriptor(message).map_err(|e| e.to_string())?;
    let mut source = serde_json::Deserializer::from_str(json);
    let options = DeserializeOptions::new().deny_unknown_fields(strict);
    let parsed = DynamicMessage::deserialize_with_options(descriptor, &mut source, &options)
        .and_then(|parsed| source.end().map(|()| parsed));
    parsed.map(|m| m.encode_to_vec().into()).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use teahouse_proto::chat::{ListEntriesRequest, Text};

    #[test]
    fn short_names_are_resolved() {
        for name in [
            "teahouse.chat.v1.ChatService/SendMessage",
            "/teahouse.chat.v1.ChatService/SendMessage",
            "ChatService/SendMessage",
            "ChatService.SendMessage",
            "chat.SendMessage",
            "chat/sendmessage",
            "SendMessage",
        ] {
            assert_eq!(resolve(name).unwrap().path, "teahouse.chat.v1.ChatService/SendMessage", "{name}");
        }
        assert_eq!(resolve("SendMessages").expect_err("none").reason(), "METHOD_UNKNOWN");
    }

    #[test]
    fn every_method_is_found_by_its_path_and_by_service_and_name() {
        for m in METHODS {
            assert_eq!(resolve(m.path).unwrap(), *m);
            assert_eq!(resolve(&format!("{}/{}", m.service(), m.name())).unwrap(), *m);
            assert!(pool().get_message_by_name(m.request).is_some(), "{}", m.request);
        }
    }

    #[test]
    fn json_and_protobuf_are_the_same_message() {
        let request = ListEntriesRequest { conversation_id: u64::MAX, latest: true, ..Default::default() };
        let name = "teahouse.chat.v1.ListEntriesRequest";
        let json = message_to_json(name, &request).unwrap();
        assert_eq!(json, r#"{"conversationId":"18446744073709551615","latest":true}"#);
        let back = ListEntriesRequest::decode(request_from_json(name, &json).unwrap()).unwrap();
        assert_eq!(back, request);
        let snake = r#"{"conversation_id":"18446744073709551615","latest":true}"#;
        assert_eq!(request_from_json(name, snake).unwrap(), request_from_json(name, &json).unwrap());
    }

    #[test]
    fn unknown_fields_are_refused_in_requests_and_passed_over_in_answers() {
        let json = r#"{"text":"a","colour":"red"}"#;
        let error = request_from_json("teahouse.chat.v1.Text", json).expect_err("a typing mistake");
        assert_eq!((error.reason(), error.message().contains("colour")), ("JSON_INVALID", true), "{error}");
        let read = Text::decode(answer_from_json("teahouse.chat.v1.Text", json).unwrap()).unwrap();
        assert_eq!(read.text, "a");
        assert!(request_from_json("teahouse.chat.v1.Text", "{} {}").is_err());
    }
}
