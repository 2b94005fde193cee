//! What each device called and was answered, and what its streams brought, in plain form: the same story told over two
//! transports must leave the same transcript. It knows nothing of the calls it notes.

use crate::plain::{Plain, refusal};
use prost::Message;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use teahouse_client::Error;
use teahouse_proto::MethodInfo;

/// What was noted, a lane for each device and stream.
#[derive(Debug, Default)]
pub struct Transcript {
    is_on: AtomicBool,
    lanes: Mutex<BTreeMap<String, Lane>>,
}

#[derive(Debug, Default)]
struct Lane {
    plain: Plain,
    lines: Vec<String>,
}

impl Transcript {
    /// Notes what comes from now on. Until then nothing is kept: stories of a hundred thousand messages need none.
    pub fn record(&self) {
        self.is_on.store(true, Ordering::Relaxed);
    }

    /// Notes what came of a call, or an event of a stream.
    pub fn note<A: Message>(&self, lane: &str, method: &MethodInfo, outcome: &Result<A, Error>) {
        if !self.is_on.load(Ordering::Relaxed) {
            return;
        }
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry(lane.to_owned()).or_default();
        let line = match outcome {
            Ok(answer) => lane.plain.bytes(method.response, &answer.encode_to_vec()).to_string(),
            Err(error) => refusal(error),
        };
        lane.lines.push(format!("{}: {line}", method.name()));
    }

    /// All lines, each lane behind the one before.
    pub fn lines(&self) -> Vec<String> {
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lines =
            lanes.iter().flat_map(|(name, lane)| lane.lines.iter().map(move |l| format!("{name} · {l}")));
        lines.collect()
    }
}

/// The first line in which two transcripts differ.
pub fn difference(one: &[String], other: &[String]) -> Option<String> {
    let at = (0..one.len().max(other.len())).find(|i| one.get(*i) != other.get(*i))?;
    let line = |of: &[String]| of.get(at).cloned().unwrap_or_else(|| "nothing more".to_owned());
    Some(format!("line {}:\n  {}\n  {}", at + 1, line(one), line(other)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use teahouse_client::Kind;
    use teahouse_proto::CHAT_MARK_READ;
    use teahouse_proto::chat::MarkReadResponse;

    #[test]
    fn tells_where_two_stories_part() {
        let story = |unread| {
            let transcript = Transcript::default();
            transcript.record();
            let read: Result<_, Error> = Ok(MarkReadResponse { read_seq: 3, unread });
            transcript.note("boris", &CHAT_MARK_READ, &read);
            let refused: Result<MarkReadResponse, _> =
                Err(Error::new(Kind::NotFound, "NONE", "There is none."));
            transcript.note("anna", &CHAT_MARK_READ, &refused);
            transcript.lines()
        };
        assert_eq!(story(1)[0], "anna · MarkRead: NotFound NONE: There is none.");
        assert_eq!(difference(&story(1), &story(1)), None);
        let found = difference(&story(1), &story(2)).expect("they differ");
        assert!(found.contains(r#""unread":"1""#) && found.contains(r#""unread":"2""#), "{found}");
        assert!(difference(&story(1), &story(1)[..1]).is_some_and(|d| d.contains("nothing more")));
    }
}
