//! JSON at the edge: the canonical mapping of proto3 (names in lowerCamelCase, 64-bit numbers as strings, bytes in
//! base64, enums by name, fields at their default left out; both spellings of names are read, unknown ones refused).
//! It knows descriptors, never features.

use crate::error::{Error, Result};
use bytes::Bytes;
use prost::Message;
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor, SerializeOptions,
};
use std::collections::HashMap;
use std::sync::Arc;
use teahouse_proto::{DESCRIPTORS, Event, METHODS, MethodInfo};

/// The reason of a request that is no message of the method's type; the same as for Protobuf.
pub(super) const MALFORMED: &str = "MALFORMED";

/// Request and response types by method.
pub(super) struct Json {
    methods: HashMap<&'static str, (MessageDescriptor, MessageDescriptor)>,
}

impl Json {
    /// # Panics
    /// Where the descriptors do not hold the methods: both are generated from the same files.
    pub(super) fn new() -> Self {
        let pool = DescriptorPool::decode(DESCRIPTORS).expect("generated descriptors are valid");
        let find = |name: &str| pool.get_message_by_name(name).expect("generated with its methods");
        let methods = METHODS.iter().map(|m| (m.path, (find(m.request), find(m.response)))).collect();
        Self { methods }
    }

    fn types(&self, method: &MethodInfo) -> &(MessageDescriptor, MessageDescriptor) {
        self.methods.get(method.path).expect("every method is in the descriptors")
    }

    /// The request message, Protobuf-encoded.
    pub(super) fn request(&self, method: &MethodInfo, text: &str) -> Result<Bytes> {
        let (request, _) = self.types(method);
        let mut json = serde_json::Deserializer::from_str(text);
        let options = DeserializeOptions::new().deny_unknown_fields(true);
        let mut track = serde_path_to_error::Track::new();
        let message = DynamicMessage::deserialize_with_options(
            request.clone(),
            serde_path_to_error::Deserializer::new(&mut json, &mut track),
            &options,
        );
        let message = message.and_then(|m| json.end().map(|()| m)).map_err(|e| {
            let path = track.path().to_string();
            let at = if path == "." { String::new() } else { format!("{path}: ") };
            Error::invalid(MALFORMED, format!("The body is not a valid {}: {at}{e}.", request.name()))
        })?;
        Ok(message.encode_to_vec().into())
    }

    /// The JSON object of a response message or of an event.
    pub(super) fn response(&self, method: &MethodInfo, encoded: &[u8]) -> String {
        let (_, response) = self.types(method);
        let message = DynamicMessage::decode(response.clone(), encoded).expect("the server's own encoding");
        let mut out = Vec::with_capacity(encoded.len() * 2);
        message
            .serialize_with_options(&mut serde_json::Serializer::new(&mut out), &SerializeOptions::new())
            .expect("a message of known fields has a JSON form");
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    /// The JSON object of an event. The shared part is made once for all receivers. The own part sets other fields,
    /// so the two objects are joined as text.
    pub(super) fn event(&self, method: &MethodInfo, event: &Event<()>) -> Arc<str> {
        let shared = event.shared.json(|encoded| self.response(method, encoded).into());
        if event.own.is_empty() {
            return shared.clone();
        }
        join(shared, &self.response(method, &event.own)).into()
    }
}

/// `{"a":1}` and `{"b":2}` → `{"a":1,"b":2}`.
fn join(shared: &str, own: &str) -> String {
    match (shared.strip_suffix('}'), own.strip_prefix('{')) {
        (Some("{"), _) => own.to_owned(),
        (_, Some("}")) => shared.to_owned(),
        (Some(shared), Some(own)) => format!("{shared},{own}"),
        _ => unreachable!("messages are JSON objects"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use teahouse_proto::chat::{Entry, SendMessageRequest, Text, entry, send_message_request};
    use teahouse_proto::sync::{FollowResponse, follow_response};
    use teahouse_proto::{CHAT_LIST_ENTRIES, CHAT_SEND_MESSAGE, SYNC_FOLLOW};

    #[test]
    fn reads_canonical_and_original_names() {
        let expected = SendMessageRequest {
            to: Some(send_message_request::To::ConversationId(u64::MAX)),
            client_message_id: Bytes::from_static(b"tea"),
            content: Some(send_message_request::Content::Text(Text {
                text: "茶".to_owned(),
                ..Text::default()
            })),
        };
        for text in [
            r#"{"conversationId":"18446744073709551615","clientMessageId":"dGVh","text":{"text":"茶"}}"#,
            r#"{"conversation_id":18446744073709551615,"client_message_id":"dGVh","text":{"text":"\u8336"}}"#,
        ] {
            let encoded = Json::new().request(&CHAT_SEND_MESSAGE, text).unwrap();
            assert_eq!(SendMessageRequest::decode(encoded).unwrap(), expected);
        }
    }

    #[test]
    fn refuses_with_the_name_of_the_field() {
        let json = Json::new();
        let refused = |text: &str| json.request(&CHAT_SEND_MESSAGE, text).unwrap_err();
        for (text, says) in [
            (r#"{"conversation":1}"#, "conversation"),
            (r#"{"conversationId":-1}"#, "conversationId"),
            (r#"{"text":{"mentions":[{"offset":1},{"offset":"x"}]}}"#, "text.mentions[1].offset"),
            (r#"{"conversationId":"1","conversationId":"2"}"#, "multiple fields"),
            (r#"{"text":7}"#, "text"),
            (r#"{"clientMessageId":"*"}"#, "clientMessageId"),
            (r#"[]"#, "sequence"),
            (r#"{} {}"#, "trailing"),
            ("", "EOF"),
        ] {
            let error = refused(text);
            assert_eq!(error.reason(), MALFORMED, "{text}");
            assert!(error.message().contains(says), "{text}: {}", error.message());
        }
    }

    #[test]
    fn refuses_deep_nesting() {
        let deep = format!(r#"{{"text":{}1{}}}"#, r#"{"text":"#.repeat(100_000), "}".repeat(100_000));
        assert_eq!(Json::new().request(&CHAT_SEND_MESSAGE, &deep).unwrap_err().reason(), MALFORMED);
        let deep = format!(r#"{{"unknown":{}"#, "[".repeat(500_000));
        assert_eq!(Json::new().request(&CHAT_SEND_MESSAGE, &deep).unwrap_err().reason(), MALFORMED);
    }

    #[test]
    fn writes_64_bit_numbers_as_strings_and_bytes_in_base64() {
        let entry = Entry {
            conversation_id: 1 << 60,
            seq: 3,
            client_message_id: Bytes::from_static(&[0xff; 3]),
            content: Some(entry::Content::Text(Text { text: "\"茶\"".to_owned(), ..Text::default() })),
            ..Entry::default()
        };
        let answer = teahouse_proto::chat::ListEntriesResponse { entries: vec![entry], ..Default::default() };
        assert_eq!(
            Json::new().response(&CHAT_LIST_ENTRIES, &answer.encode_to_vec()),
            r#"{"entries":[{"conversationId":"1152921504606846976","seq":"3","clientMessageId":"////","text":{"text":"\"茶\""}}]}"#
        );
    }

    #[test]
    fn joins_the_shared_and_the_own_part_of_an_event() {
        let shared = FollowResponse {
            event: Some(follow_response::Event::Entry(Entry { seq: 3, ..Entry::default() })),
            ..FollowResponse::default()
        };
        let own = FollowResponse { silent: true, ..FollowResponse::default() };
        let json = Json::new();
        let event =
            |shared, own| json.event(&SYNC_FOLLOW, &Event::new(shared).with_own(own).untyped()).to_string();
        let none = FollowResponse::default();
        assert_eq!(event(&shared, &own), r#"{"entry":{"seq":"3"},"silent":true}"#);
        assert_eq!(event(&shared, &none), r#"{"entry":{"seq":"3"}}"#);
        assert_eq!(event(&none, &own), r#"{"silent":true}"#);
        assert_eq!(event(&none, &none), "{}");
    }
}
