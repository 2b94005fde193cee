//! Answers in a form that is the same on every run: JSON in which ids stand for the order of their first use, and times
//! and secrets for their kind. So the answers of two servers, or of two people, can be compared word by word. It
//! knows how fields are named, not what they mean.

use prost::Message;
use serde_json::Value;
use std::collections::HashMap;
use teahouse_client::{Error, schema};

/// Fields of opaque bytes that differ from run to run: shown by their length alone.
const OPAQUE: &[&str] = &["ticket", "cursor", "next", "handle"];
/// Fields of text that nobody may know.
const SECRET: &[&str] = &["token", "recoveryCodes", "code"];

/// Fields that come when they are ready, some time after what they are of: the composed picture of a group.
const LATE: &[&str] = &["picture", "groupPicture"];

/// Replaces what differs from run to run. Ids are numbered by their first use, so one `Plain` serves one sequence.
#[derive(Debug, Default)]
pub struct Plain {
    ids: HashMap<String, usize>,
}

impl Plain {
    /// An encoded message of the named type.
    ///
    /// # Panics
    /// Where the bytes are no such message.
    pub fn bytes(&mut self, message: &str, encoded: &[u8]) -> Value {
        let json = schema::to_json(message, encoded).unwrap_or_else(|e| panic!("{message}: {e}"));
        self.json(&json)
    }

    /// A JSON text.
    ///
    /// # Panics
    /// Where it is none.
    pub fn json(&mut self, text: &str) -> Value {
        let value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        self.value("", value)
    }

    /// What came of a call, in one line.
    pub fn outcome<A: Message>(&mut self, response: &str, outcome: &Result<A, Error>) -> String {
        match outcome {
            Ok(answer) => self.bytes(response, &answer.encode_to_vec()).to_string(),
            Err(error) => refusal(error),
        }
    }

    fn value(&mut self, field: &str, value: Value) -> Value {
        match value {
            Value::Object(fields) => fields
                .into_iter()
                .filter(|(name, _)| !LATE.contains(&name.as_str()))
                .map(|(name, v)| {
                    let v = self.value(&name, v);
                    (name, v)
                })
                .collect(),
            Value::Array(items) => items.into_iter().map(|item| self.value(field, item)).collect(),
            Value::String(text) => self.text(field, text).into(),
            other => other,
        }
    }

    fn text(&mut self, field: &str, text: String) -> String {
        if field.ends_with("Ms") {
            "time".to_owned()
        } else if SECRET.contains(&field) {
            "secret".to_owned()
        } else if OPAQUE.contains(&field) {
            format!("{} characters", text.len())
        } else if field.ends_with("Id") || field.ends_with("Ids") {
            let next = self.ids.len() + 1;
            format!("id {}", self.ids.entry(text).or_insert(next))
        } else if text.starts_with("http://") && text.contains("/q/") {
            // The port and the token of a code.
            "a code".to_owned()
        } else {
            text
        }
    }
}

/// A failure in one line. Waits are left out, but not that there is one.
pub fn refusal(error: &Error) -> String {
    let wait = if error.retry_after().is_some() { ", wait" } else { "" };
    // The message of a limit tells the wait.
    let message: String = match error.retry_after() {
        Some(_) => error.message().chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect(),
        None => error.message().to_owned(),
    };
    format!("{:?} {}: {message}{wait}", error.kind(), error.reason())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_times_and_secrets_have_no_value_of_their_own() {
        let given = r#"{"aId":"77","seq":"77","list":[{"bId":"9"},{"aId":"77"}],"atMs":"5","token":"x","next":"abcd",
            "recoveryCodes":["p","q"],"text":"77","aIds":["9"],
            "url":"http://127.0.0.1:7/q/x","picture":"/v1/public/x"}"#;
        let expected = r#"{"aId":"id 1","seq":"77","list":[{"bId":"id 2"},{"aId":"id 1"}],"atMs":"time","token":"secret",
            "next":"4 characters","recoveryCodes":["secret","secret"],"text":"77","aIds":["id 2"],"url":"a code"}"#;
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(Plain::default().json(given), expected);
    }
}
