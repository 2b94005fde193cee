//! Runs the examples of a document: frames of several people, written as `anna  > {…}` (sent) and `anna  < {…}`
//! (received). Ids, times and secrets of the page stand for those of the server, the same for the same. It knows JSON
//! and sockets, not what the frames mean.

use futures::{SinkExt, StreamExt};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How long an answer may take.
const DEADLINE: Duration = Duration::from_secs(20);
/// Stands for anything: a text, or the rest of a list.
const ANYTHING: &str = "…";
/// Ends of the names of fields whose values the server makes up.
const MADE_UP: &[&str] = &["Id", "Ms", "token", "ticket", "handle", "cursor", "next", "Codes", "Ids", "url"];

/// A line of an example.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Whose socket.
    pub who: String,
    /// Whether the client sends it.
    pub sent: bool,
    /// The frame. Of plain HTTP, `{"curl": …}` is a command, and `{"said": …}` what it prints.
    pub frame: Value,
}

/// The examples of a page, in their order.
///
/// # Panics
/// Where a line of an example holds no JSON.
pub fn examples(page: &str) -> Vec<Line> {
    let lines = page.lines().filter_map(|line| {
        if let Some((who, command)) = line.split_once(" $ curl ") {
            let frame = serde_json::json!({ "curl": format!("curl {command}") });
            return Some(Line { who: who.trim().to_owned(), sent: true, frame });
        }
        if let Some((who, said)) = line.split_once(" = ").filter(|(who, _)| is_name(who.trim())) {
            let frame = serde_json::json!({ "said": said });
            return Some(Line { who: who.trim().to_owned(), sent: false, frame });
        }
        let (head, frame) = line.split_once(" {")?;
        let (who, direction) = head.rsplit_once(' ')?;
        let sent = match direction {
            ">" => true,
            "<" => false,
            _ => return None,
        };
        let frame = serde_json::from_str(&format!("{{{frame}")).unwrap_or_else(|e| panic!("{line}: {e}"));
        Some(Line { who: who.trim().to_owned(), sent, frame })
    });
    lines.collect()
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase())
}

/// What values of the page stand for.
#[derive(Debug, Default)]
pub struct Meanings(BTreeMap<String, String>);

impl Meanings {
    /// The frame with the server's values in place of the page's.
    pub fn translate(&self, frame: &Value) -> Value {
        match frame {
            Value::String(text) => self.0.get(text).unwrap_or(text).as_str().into(),
            Value::Array(items) => items.iter().map(|item| self.translate(item)).collect(),
            Value::Object(fields) => fields.iter().map(|(k, v)| (k.clone(), self.translate(v))).collect(),
            other => other.clone(),
        }
    }

    /// A text in which the page's values stand among others.
    pub fn translate_within(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (page, came)| text.replace(page, came))
    }

    /// Compares what the page says with what came; learns what made-up values stand for.
    pub fn compare(&mut self, page: &Value, came: &Value) -> Result<(), String> {
        self.compare_at("", "", page, came)
    }

    fn compare_at(&mut self, at: &str, field: &str, page: &Value, came: &Value) -> Result<(), String> {
        match (page, came) {
            (Value::Object(page), Value::Object(came)) => {
                if !page.keys().eq(came.keys()) {
                    let names = |of: &serde_json::Map<String, Value>| {
                        of.keys().cloned().collect::<Vec<_>>().join(", ")
                    };
                    return Err(format!("{at}: the page has {}; there came {}", names(page), names(came)));
                }
                let mut pairs = page.iter().zip(came.values());
                pairs.try_for_each(|((name, p), c)| self.compare_at(&format!("{at}/{name}"), name, p, c))
            }
            (Value::Array(page), Value::Array(came)) => {
                let open = page.last().is_some_and(|last| last == ANYTHING);
                let told = page.len() - usize::from(open);
                if came.len() < told || (came.len() > told && !open) {
                    return Err(format!(
                        "{at}: the page has {} items; there came {}",
                        page.len(),
                        came.len()
                    ));
                }
                let mut pairs = page[..told].iter().zip(came).enumerate();
                pairs.try_for_each(|(i, (p, c))| self.compare_at(&format!("{at}/{i}"), field, p, c))
            }
            (Value::String(page), Value::String(_)) if page == ANYTHING => Ok(()),
            (Value::String(page), Value::String(came)) if MADE_UP.iter().any(|end| field.ends_with(end)) => {
                let means = self.0.entry(page.clone()).or_insert_with(|| came.clone());
                if means == came {
                    Ok(())
                } else {
                    Err(format!("{at}: {page} was {means} before; there came {came}"))
                }
            }
            _ if page == came => Ok(()),
            _ => Err(format!("{at}: the page has {page}; there came {came}")),
        }
    }
}

/// One person's socket.
pub struct Talker {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    kept: VecDeque<Value>,
}

impl Talker {
    /// A socket that is open.
    pub fn new(socket: WebSocketStream<MaybeTlsStream<TcpStream>>) -> Self {
        Self { socket, kept: VecDeque::new() }
    }

    /// Sends a frame.
    ///
    /// # Panics
    /// Where the socket is closed.
    pub async fn send(&mut self, frame: &Value) {
        self.socket.send(Message::text(frame.to_string())).await.expect("the socket is open");
    }

    /// The next frame with this id; others are kept for later.
    ///
    /// # Panics
    /// Where none comes in time.
    pub async fn next(&mut self, id: &Value) -> Value {
        if let Some(i) = self.kept.iter().position(|frame| frame["id"] == *id) {
            return self.kept.remove(i).expect("it is there");
        }
        loop {
            let message = tokio::time::timeout(DEADLINE, self.socket.next()).await;
            let message = message.unwrap_or_else(|_| panic!("no frame with id {id} in {DEADLINE:?}"));
            let message = message.expect("the socket is open").expect("the socket is open");
            if let Message::Text(text) = message {
                let frame: Value = serde_json::from_str(&text).expect("frames are JSON");
                if frame["id"] == *id {
                    return frame;
                }
                self.kept.push_back(frame);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn finds_the_frames_of_a_page() {
        let page = "Say:\n```\nanna  > {\"id\":1}\nboris < {\"id\":2}\n```\na > b, or {x}\n";
        let line = |who: &str, sent, id| Line { who: who.to_owned(), sent, frame: json!({ "id": id }) };
        assert_eq!(examples(page), [line("anna", true, 1), line("boris", false, 2)]);
    }

    #[test]
    fn made_up_values_mean_the_same_everywhere() {
        let mut meanings = Meanings::default();
        let page = json!({"seq": "2", "accountId": "7", "codes": ["a", "…"]});
        meanings.compare(&page, &json!({"seq": "2", "accountId": "99", "codes": ["a", "b", "c"]})).unwrap();
        assert_eq!(meanings.translate(&json!({"to": ["7"]})), json!({"to": ["99"]}));
        for different in [
            json!({"seq": "3", "accountId": "99", "codes": ["a"]}),
            json!({"seq": "2", "accountId": "98", "codes": ["a"]}),
            json!({"seq": "2", "accountId": "99", "codes": []}),
            json!({"seq": "2", "accountId": "99"}),
            json!({"seq": "2", "accountId": "99", "codes": ["a"], "more": 1}),
        ] {
            assert!(meanings.compare(&page, &different).is_err(), "{different}");
        }
    }
}
