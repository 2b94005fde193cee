//! The frames of `gateway.proto` in their two forms: Protobuf in binary messages, JSON with the body inline in text
//! messages. It never looks into a body.

use super::frame::Opcode;
use super::socket::Socket;
use crate::error::{Error, Kind};
use bytes::Bytes;
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::time::Duration;
use teahouse_proto::gateway::{ClientFrame, End, Failure, FailureKind, GoAway, ServerFrame, server_frame};
use tokio::io::{AsyncRead, AsyncWrite};

/// The form of a question, which is that of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Binary,
    Text,
}

/// What a client asks for.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub(super) id: u64,
    pub(super) asks: Asks<'a>,
}

#[derive(Debug)]
pub(super) enum Asks<'a> {
    Call { method: Cow<'a, str>, body: Body<'a>, timeout: Option<Duration> },
    SignIn { token: String },
    Cancel,
}

/// A request message as it came.
#[derive(Debug)]
pub(super) enum Body<'a> {
    Protobuf(Bytes),
    Json(&'a str),
}

/// A frame that is none; with its id, 0 where it has none that can be read.
#[derive(Debug)]
pub(super) struct Malformed {
    pub(super) id: u64,
    pub(super) error: Error,
}

fn malformed(id: u64, what: impl Into<Cow<'static, str>>) -> Malformed {
    Malformed { id, error: Error::new(Kind::Invalid, "MALFORMED_FRAME", what) }
}

/// Reads the frame of a binary message.
pub(super) fn read_binary(message: Bytes) -> Result<Question<'static>, Malformed> {
    let mut frame = ClientFrame::default();
    if let Err(e) = frame.merge(message) {
        return Err(malformed(frame.id, format!("The message is not a ClientFrame: {e}.")));
    }
    let timeout_ms = frame.timeout_ms;
    classify(frame.id, frame.method.into(), frame.token, frame.cancel, |method| Asks::Call {
        method,
        body: Body::Protobuf(frame.body),
        timeout: timeout(timeout_ms),
    })
}

/// Reads the frame of a text message.
pub(super) fn read_text(message: &str) -> Result<Question<'_>, Malformed> {
    // serde would take a list for a struct.
    if message.trim_ascii_start().starts_with('[') {
        return Err(malformed(0, "The message is not a frame in JSON: it is a list."));
    }
    let frame: TextFrame<'_> = serde_json::from_str(message).map_err(|e| {
        let id = serde_json::from_str::<IdAlone>(message).map_or(0, |f| f.id.0);
        malformed(id, format!("The message is not a frame in JSON: {e}."))
    })?;
    let timeout_ms = frame.timeout_ms;
    classify(frame.id.0, frame.method, frame.token.into_owned(), frame.cancel, |method| Asks::Call {
        method,
        body: Body::Json(frame.body.map_or("{}", RawValue::get)),
        timeout: timeout(timeout_ms),
    })
}

fn timeout(ms: u32) -> Option<Duration> {
    (ms > 0).then(|| Duration::from_millis(ms.into()))
}

fn classify<'a>(
    id: u64,
    method: Cow<'a, str>,
    token: String,
    cancel: bool,
    call: impl FnOnce(Cow<'a, str>) -> Asks<'a>,
) -> Result<Question<'a>, Malformed> {
    if id == 0 {
        return Err(malformed(0, "A frame needs an id other than 0."));
    }
    let asks = match (method.is_empty(), token.is_empty(), cancel) {
        (false, true, false) => call(method),
        (true, false, false) => Asks::SignIn { token },
        (true, true, true) => Asks::Cancel,
        _ => return Err(malformed(id, "A frame has exactly one of method, token and cancel.")),
    };
    Ok(Question { id, asks })
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[derive(Default)]
struct TextFrame<'a> {
    id: Id,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    #[serde(alias = "timeout_ms")]
    timeout_ms: u32,
    #[serde(borrow)]
    token: Cow<'a, str>,
    cancel: bool,
}

#[derive(Deserialize)]
struct IdAlone {
    id: Id,
}

/// A 64-bit number, written as a number or as a string.
#[derive(Default, Deserialize)]
#[serde(try_from = "NumberOrText")]
struct Id(u64);

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(u64),
    Text(String),
}

impl TryFrom<NumberOrText> for Id {
    type Error = std::num::ParseIntError;

    fn try_from(id: NumberOrText) -> Result<Self, Self::Error> {
        match id {
            NumberOrText::Number(id) => Ok(Self(id)),
            NumberOrText::Text(id) => id.parse().map(Self),
        }
    }
}

/// Numbers up to this one are exact in every JSON reader (2⁵³); greater ids go out as strings.
const EXACT: u64 = 1 << 53;

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// Sends a response or an event, given in pieces.
    pub(super) fn push_body(&mut self, id: u64, pieces: [&[u8]; 2]) {
        let body = pieces[0].len() + pieces[1].len();
        let id_len = if id == 0 { 0 } else { key_len(1) + encoded_len_varint(id) };
        let len = id_len + key_len(2) + encoded_len_varint(body as u64) + body;
        self.push(Opcode::Binary, len, |out| {
            if id != 0 {
                encode_key(1, WireType::Varint, out);
                encode_varint(id, out);
            }
            encode_key(2, WireType::LengthDelimited, out);
            encode_varint(body as u64, out);
            out.extend_from_slice(pieces[0]);
            out.extend_from_slice(pieces[1]);
        });
    }

    /// Sends a response or an event in JSON.
    pub(super) fn push_json_body(&mut self, id: u64, body: &str) {
        self.push_json(id, "body", body);
    }

    /// Sends a failure.
    pub(super) fn push_failure(&mut self, form: Form, id: u64, error: &Error) {
        let failure = error.to_failure();
        match form {
            Form::Binary => self.push_frame(id, server_frame::Kind::Failure(failure)),
            Form::Text => self.push_json(id, "failure", &failure_json(&failure)),
        }
    }

    /// Sends the end of a stream.
    pub(super) fn push_end(&mut self, form: Form, id: u64) {
        match form {
            Form::Binary => self.push_frame(id, server_frame::Kind::End(End {})),
            Form::Text => self.push_json(id, "end", "{}"),
        }
    }

    /// Announces that the socket will be closed.
    pub(super) fn push_go_away(&mut self, form: Form, reason: &str, reconnect_after_ms: u32) {
        let away = GoAway { reason: reason.to_owned(), reconnect_after_ms };
        match form {
            Form::Binary => self.push_frame(0, server_frame::Kind::GoAway(away)),
            Form::Text => {
                let json = serde_json::json!({ "reason": reason, "reconnectAfterMs": reconnect_after_ms });
                self.push_json(0, "goAway", &json.to_string());
            }
        }
    }

    fn push_frame(&mut self, id: u64, kind: server_frame::Kind) {
        let frame = ServerFrame { id, kind: Some(kind) }.encode_to_vec();
        self.push(Opcode::Binary, frame.len(), |out| out.extend_from_slice(&frame));
    }

    fn push_json(&mut self, id: u64, kind: &str, value: &str) {
        let head = if id > EXACT {
            format!(r#"{{"id":"{id}","{kind}":"#)
        } else {
            format!(r#"{{"id":{id},"{kind}":"#)
        };
        self.push(Opcode::Text, head.len() + value.len() + 1, |out| {
            out.extend_from_slice(head.as_bytes());
            out.extend_from_slice(value.as_bytes());
            out.push(b'}');
        });
    }

    /// Sends a close frame, the last one.
    pub(super) fn push_close(&mut self, code: u16, why: &str) {
        self.push(Opcode::Close, 2 + why.len(), |out| {
            out.extend_from_slice(&code.to_be_bytes());
            out.extend_from_slice(why.as_bytes());
        });
    }
}

fn failure_json(failure: &Failure) -> String {
    let kind = FailureKind::try_from(failure.kind).unwrap_or_default().as_str_name();
    let mut json = serde_json::json!({ "kind": kind, "reason": failure.reason, "message": failure.message });
    if failure.retry_after_ms > 0 {
        json["retryAfterMs"] = failure.retry_after_ms.to_string().into();
    }
    json.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(text: &str) -> String {
        match read_text(text) {
            Ok(q) => format!("{} {:?}", q.id, q.asks),
            Err(m) => format!("{} {}", m.id, m.error.reason()),
        }
    }

    #[test]
    fn reads_text_frames() {
        let call = r#"{"id":8,"method":"a.B/C","body":{"x":[1]},"timeoutMs":5}"#;
        assert_eq!(
            asks(call),
            r#"8 Call { method: "a.B/C", body: Json("{\"x\":[1]}"), timeout: Some(5ms) }"#
        );
        assert_eq!(
            asks(r#"{"id":"9","method":"M"}"#),
            r#"9 Call { method: "M", body: Json("{}"), timeout: None }"#
        );
        assert_eq!(asks(r#"{"id":1,"token":"t"}"#), r#"1 SignIn { token: "t" }"#);
        assert_eq!(asks(r#"{"id":1,"cancel":true}"#), "1 Cancel");
        let escaped = r#"{"id":1,"method":"\u004d","timeout_ms":1}"#;
        assert_eq!(asks(escaped), r#"1 Call { method: "M", body: Json("{}"), timeout: Some(1ms) }"#);
    }

    #[test]
    fn refuses_what_is_no_text_frame_and_tells_whose() {
        for text in
            ["", "tea", "[]", "{", r#"{"id":0,"method":"M"}"#, r#"{"method":"M"}"#, r#"{"id":-1}"#, " [1]"]
        {
            assert_eq!(asks(text), "0 MALFORMED_FRAME", "{text}");
        }
        for text in [
            r#"{"id":7}"#,
            r#"{"id":7,"method":5}"#,
            r#"{"id":7,"methods":"M"}"#,
            r#"{"id":7,"method":"M","token":"t"}"#,
            r#"{"id":7,"token":"t","cancel":true}"#,
            r#"{"id":"7","method":"M","timeoutMs":-1}"#,
            r#"{"id":7,"method":"M","timeoutMs":4294967296}"#,
        ] {
            assert_eq!(asks(text), "7 MALFORMED_FRAME", "{text}");
        }
        let deep = format!(r#"{{"id":7,"methods":{}"#, "[".repeat(1_000_000));
        assert_eq!(asks(&deep), "0 MALFORMED_FRAME");
    }

    #[test]
    fn reads_binary_frames_and_tells_whose_are_malformed() {
        let frame = ClientFrame {
            id: 5,
            method: "M".to_owned(),
            body: Bytes::from_static(b"x"),
            ..Default::default()
        };
        let mut encoded = frame.encode_to_vec();
        let read = read_binary(encoded.clone().into()).unwrap();
        assert_eq!(read.id, 5);
        assert!(
            matches!(read.asks, Asks::Call { body: Body::Protobuf(b), timeout: None, .. } if &b[..] == b"x")
        );
        encoded.truncate(encoded.len() - 1);
        assert_eq!(read_binary(encoded.into()).unwrap_err().id, 5);
        assert_eq!(read_binary(Bytes::from_static(b"\xff\xff")).unwrap_err().id, 0);
        assert_eq!(read_binary(Bytes::new()).unwrap_err().id, 0);
        let not_utf8 = [8, 5, 18, 1, 0xff];
        assert_eq!(
            read_binary(Bytes::copy_from_slice(&not_utf8)).unwrap_err().error.reason(),
            "MALFORMED_FRAME"
        );
    }
}
