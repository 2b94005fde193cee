//! The frames of the WebSocket transport in their two forms, Protobuf (binary) and JSON (text). It never looks into a
//! body: Protobuf bodies are bytes, JSON bodies are text.

use crate::error::{Error, Result};
use crate::schema;
use bytes::Bytes;
use prost::Message as _;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;
use teahouse_proto::gateway::{ClientFrame, Failure, GoAway, ServerFrame, server_frame};
use tokio_tungstenite::tungstenite::Message;

/// Which of the two forms a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Protobuf,
    Json,
}

/// What the server says about one call, or about the whole socket.
#[derive(Debug)]
pub(super) enum Word {
    /// An answer, or an event of a stream, in the form of the connection.
    Body(Bytes),
    Failure(Failure),
    End,
    GoAway(GoAway),
}

/// A call: its method and body, in the form of the connection.
pub(super) fn call(
    form: Form,
    id: u64,
    method: &str,
    body: Bytes,
    timeout: Option<Duration>,
) -> Result<Message> {
    let timeout_ms = timeout.map_or(0, |t| u32::try_from(t.as_millis()).unwrap_or(u32::MAX).max(1));
    match form {
        Form::Protobuf => {
            Ok(binary(&ClientFrame { id, method: method.to_owned(), body, timeout_ms, ..Default::default() }))
        }
        Form::Json => {
            let body = std::str::from_utf8(&body).map_err(|_| malformed("it is not UTF-8"))?;
            let body: &RawValue = serde_json::from_str(body).map_err(|e| malformed(&e.to_string()))?;
            let mut text = format!(r#"{{"id":{id},"method":{},"body":{body}"#, quoted(method));
            if timeout_ms > 0 {
                let _ = write!(text, r#","timeoutMs":{timeout_ms}"#);
            }
            text.push('}');
            Ok(Message::text(text))
        }
    }
}

/// Signs the socket in.
pub(super) fn token(form: Form, id: u64, token: &str) -> Message {
    match form {
        Form::Protobuf => binary(&ClientFrame { id, token: token.to_owned(), ..Default::default() }),
        Form::Json => Message::text(format!(r#"{{"id":{id},"token":{}}}"#, quoted(token))),
    }
}

/// Ends a call or stream.
pub(super) fn cancel(form: Form, id: u64) -> Message {
    match form {
        Form::Protobuf => binary(&ClientFrame { id, cancel: true, ..Default::default() }),
        Form::Json => Message::text(format!(r#"{{"id":{id},"cancel":true}}"#)),
    }
}

fn binary(frame: &ClientFrame) -> Message {
    Message::binary(frame.encode_to_vec())
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn malformed(why: &str) -> Error {
    Error::misuse("JSON_INVALID", format!("The request is not JSON: {why}."))
}

/// Reads a frame of the server: the call it is about (0: the socket) and what it says. `None`: nothing that this
/// version knows.
pub(super) fn read(message: Message) -> Result<Option<(u64, Word)>> {
    match message {
        Message::Binary(bytes) => read_binary(bytes),
        Message::Text(text) => read_text(&Bytes::from(text)),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => Ok(None),
    }
}

fn read_binary(bytes: Bytes) -> Result<Option<(u64, Word)>> {
    let frame = ServerFrame::decode(bytes)
        .map_err(|e| Error::protocol(format!("The server sent a malformed frame: {e}.")))?;
    let word = frame.kind.map(|kind| match kind {
        server_frame::Kind::Body(body) => Word::Body(body),
        server_frame::Kind::Failure(failure) => Word::Failure(failure),
        server_frame::Kind::End(_) => Word::End,
        server_frame::Kind::GoAway(go_away) => Word::GoAway(go_away),
    });
    Ok(word.map(|word| (frame.id, word)))
}

/// The frame in JSON. Its body stays text.
#[derive(Deserialize)]
struct TextFrame<'a> {
    #[serde(borrow)]
    id: Option<NumberOrText<'a>>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    #[serde(borrow)]
    failure: Option<&'a RawValue>,
    #[serde(borrow)]
    end: Option<&'a RawValue>,
    #[serde(borrow, alias = "go_away", rename = "goAway")]
    go_away: Option<&'a RawValue>,
}

/// JSON writes 64-bit numbers as strings, but a small number may come as one.
#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText<'a> {
    Number(u64),
    #[serde(borrow)]
    Text(Cow<'a, str>),
}

fn read_text(bytes: &Bytes) -> Result<Option<(u64, Word)>> {
    let wrong = |why: String| Error::protocol(format!("The server sent a malformed frame: {why}."));
    let frame: TextFrame<'_> = serde_json::from_slice(bytes).map_err(|e| wrong(e.to_string()))?;
    let id = match frame.id {
        None => 0,
        Some(NumberOrText::Number(n)) => n,
        Some(NumberOrText::Text(t)) => t.parse().map_err(|_| wrong(format!("the id “{t}” is no number")))?,
    };
    let word = if let Some(body) = frame.body {
        Word::Body(bytes.slice_ref(body.get().as_bytes()))
    } else if let Some(failure) = frame.failure {
        Word::Failure(part("teahouse.gateway.v1.Failure", failure)?)
    } else if let Some(go_away) = frame.go_away {
        Word::GoAway(part("teahouse.gateway.v1.GoAway", go_away)?)
    } else if frame.end.is_some() {
        Word::End
    } else {
        return Ok(None);
    };
    Ok(Some((id, word)))
}

fn part<M: prost::Message + Default>(name: &str, json: &RawValue) -> Result<M> {
    let bytes = schema::answer_from_json(name, json.get())?;
    M::decode(bytes).map_err(|e| Error::protocol(format!("The server sent a malformed {name}: {e}.")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use teahouse_proto::gateway::{End, FailureKind};

    fn text_of(message: &Message) -> &str {
        message.to_text().unwrap()
    }

    fn frame_of(message: Message) -> ClientFrame {
        ClientFrame::decode(message.into_data()).unwrap()
    }

    #[test]
    fn calls_are_written_in_both_forms() {
        let wait = Some(Duration::from_millis(1500));
        let frame =
            frame_of(call(Form::Protobuf, 7, "a.B/C", Bytes::from_static(b"\x08\x01"), wait).unwrap());
        assert_eq!(frame.id, 7);
        assert_eq!(
            (frame.method.as_str(), &frame.body[..], frame.timeout_ms),
            ("a.B/C", &b"\x08\x01"[..], 1500)
        );

        let body = Bytes::from_static(br#"{"limit":2}"#);
        let message = call(Form::Json, 7, "a.B/C", body.clone(), wait).unwrap();
        assert_eq!(text_of(&message), r#"{"id":7,"method":"a.B/C","body":{"limit":2},"timeoutMs":1500}"#);
        let message = call(Form::Json, 8, "quote\"", body, None).unwrap();
        assert_eq!(text_of(&message), r#"{"id":8,"method":"quote\"","body":{"limit":2}}"#);
        let error = call(Form::Json, 9, "a.B/C", Bytes::from_static(b"{\"id\":1},{"), None)
            .expect_err("not one value");
        assert_eq!(error.reason(), "JSON_INVALID");
    }

    #[test]
    fn tokens_and_cancels_are_frames_of_their_own() {
        assert_eq!(frame_of(token(Form::Protobuf, 1, "t")).token, "t");
        assert!(frame_of(cancel(Form::Protobuf, 2)).cancel);
        assert_eq!(text_of(&token(Form::Json, 1, "t\"")), r#"{"id":1,"token":"t\""}"#);
        assert_eq!(text_of(&cancel(Form::Json, 2)), r#"{"id":2,"cancel":true}"#);
    }

    fn server(id: u64, kind: server_frame::Kind) -> Message {
        Message::binary(ServerFrame { id, kind: Some(kind) }.encode_to_vec())
    }

    #[test]
    fn binary_answers_are_read() {
        let (id, word) =
            read(server(3, server_frame::Kind::Body(Bytes::from_static(b"x")))).unwrap().unwrap();
        assert!(id == 3 && matches!(word, Word::Body(b) if b == "x"));
        let (_, word) = read(server(3, server_frame::Kind::End(End {}))).unwrap().unwrap();
        assert!(matches!(word, Word::End));
        assert!(read(Message::binary(vec![0xff, 0xff])).is_err());
        // A kind of frame from a later version.
        assert!(read(Message::binary(ServerFrame { id: 3, kind: None }.encode_to_vec())).unwrap().is_none());
    }

    #[test]
    fn text_answers_are_read_with_numbers_in_either_form() {
        for text in [r#"{"id":3,"body":{"a":[1,2]}}"#, r#"{"body":{"a":[1,2]},"id":"3","later":{}}"#] {
            let (id, word) = read(Message::text(text)).unwrap().unwrap();
            assert!(id == 3 && matches!(word, Word::Body(b) if b == r#"{"a":[1,2]}"#), "{text}");
        }
        let text = r#"{"id":"4","failure":{"kind":"FAILURE_KIND_NOT_FOUND","reason":"R","message":"m","retryAfterMs":"9"}}"#;
        let (_, word) = read(Message::text(text)).unwrap().unwrap();
        let Word::Failure(failure) = word else { panic!("{word:?}") };
        assert_eq!(failure.kind(), FailureKind::NotFound);
        assert_eq!(
            (failure.reason.as_str(), failure.message.as_str(), failure.retry_after_ms),
            ("R", "m", 9)
        );
        let text = r#"{"goAway":{"reason":"DRAINING","reconnectAfterMs":250}}"#;
        let (id, word) = read(Message::text(text)).unwrap().unwrap();
        assert!(
            id == 0
                && matches!(word, Word::GoAway(g) if g.reason == "DRAINING" && g.reconnect_after_ms == 250)
        );
        assert!(matches!(read(Message::text(r#"{"id":5,"end":{}}"#)).unwrap(), Some((5, Word::End))));
        assert!(read(Message::text("{")).is_err());
        assert!(read(Message::text(r#"{"id":"x","end":{}}"#)).is_err());
    }
}
