//! Compares what the server shows with what the senders know.

use super::sender::{Fate, Sender};
use std::collections::BTreeMap;
use teahouse_client::{Connection, Result};
use teahouse_proto::ChatClient;
use teahouse_proto::chat::entry::Content;
use teahouse_proto::chat::{Entry, ListEntriesRequest};

/// Entries asked for at once.
const PAGE: u32 = 100;

pub(super) async fn verify(server: &str, senders: &[Sender]) -> Vec<String> {
    let mut violations: Vec<String> = senders.iter().flat_map(|s| s.violations.iter().cloned()).collect();
    let mut views: BTreeMap<u64, Vec<Seen>> = BTreeMap::new();
    for sender in senders {
        let connection = match sender.connect(server).await {
            Ok(connection) => connection,
            Err(error) => {
                violations.push(format!("sender {} cannot connect: {error}", sender.place()));
                continue;
            }
        };
        for conversation in sender.conversations {
            let checked = check(&connection, conversation, sender).await;
            let place = sender.place();
            match checked {
                Ok(checked) => {
                    let told = checked
                        .violations
                        .into_iter()
                        .map(|v| format!("sender {place} in {conversation}: {v}"));
                    violations.extend(told);
                    let other = views.entry(conversation).or_insert_with(|| checked.seen.clone());
                    if *other != checked.seen {
                        violations.push(format!("the two sides of {conversation} see different things"));
                    }
                }
                Err(error) => violations.push(format!("sender {place} cannot read {conversation}: {error}")),
            }
        }
    }
    violations
}

/// What both sides of a conversation must see alike: number, author, length of the text.
type Seen = (u64, u64, usize);

#[derive(Default)]
struct Checked {
    seen: Vec<Seen>,
    violations: Vec<String>,
    /// Where each of the sender's messages was found.
    places: BTreeMap<usize, u64>,
    /// The sender's message that was found last.
    last: Option<usize>,
    messages: u64,
}

async fn check(connection: &Connection, conversation: u64, sender: &Sender) -> Result<Checked> {
    let mut checked = Checked::default();
    let client = ChatClient(connection.clone());
    loop {
        let after_seq = checked.seen.last().map_or(0, |seen| seen.0);
        let request = ListEntriesRequest {
            conversation_id: conversation,
            after_seq,
            limit: PAGE,
            ..Default::default()
        };
        let page = client.list_entries(request).await?;
        if page.entries.is_empty() {
            if after_seq != page.head_seq {
                checked.violations.push(format!("the head is {}, the last entry {after_seq}", page.head_seq));
            }
            break;
        }
        for entry in page.entries {
            checked.entry(&entry, sender);
        }
    }
    checked.compare(conversation, sender);
    Ok(checked)
}

impl Checked {
    fn entry(&mut self, entry: &Entry, sender: &Sender) {
        let expected = self.seen.last().map_or(0, |seen| seen.0) + 1;
        if entry.seq != expected {
            self.violations.push(format!("entry {} where {expected} must be", entry.seq));
        }
        let Some(Content::Text(text)) = &entry.content else {
            self.seen.push((entry.seq, entry.author_account_id, 0));
            return;
        };
        self.seen.push((entry.seq, entry.author_account_id, text.text.len()));
        self.messages += 1;
        if entry.ordinal != self.messages {
            self.violations.push(format!("entry {} is counted as message {}", entry.seq, entry.ordinal));
        }
        if entry.author_account_id != sender.account {
            return;
        }
        let Some(number) = sender.number(&entry.client_message_id) else {
            self.violations.push(format!("entry {} was never sent", entry.seq));
            return;
        };
        if text.text != sender.text(number) {
            self.violations.push(format!("entry {} has another text than message {number}", entry.seq));
        }
        if let Some(earlier) = self.places.insert(number, entry.seq) {
            self.violations.push(format!("message {number} is there twice, as {earlier} and {}", entry.seq));
        } else if self.last.is_some_and(|last| last > number) {
            self.violations.push(format!("message {number}, entry {}, comes after later ones", entry.seq));
        }
        self.last = Some(number);
    }

    fn compare(&mut self, conversation: u64, sender: &Sender) {
        for (number, sent) in sender.sent.iter().enumerate().filter(|(_, s)| s.conversation == conversation) {
            let wrong = match (sent.fate, self.places.get(&number)) {
                (Fate::Acknowledged(seq), None) => {
                    format!("message {number}, acknowledged as {seq}, is lost")
                }
                (Fate::Acknowledged(seq), Some(&found)) if seq != found => {
                    format!("message {number}, acknowledged as {seq}, is {found}")
                }
                (Fate::Refused, Some(seq)) => {
                    format!("message {number}, which was refused, is stored as {seq}")
                }
                _ => continue,
            };
            self.violations.push(wrong);
        }
    }
}
