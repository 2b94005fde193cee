//! One sender: what it sent, what it was told, and the loop in which it sends.

use super::text::text;
use super::{Counts, people};
use crate::dice::Dice;
use futures::FutureExt;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use teahouse_client::{Connection, Connector, Error, Kind, Result};
use teahouse_proto::ChatClient;
use teahouse_proto::chat::send_message_request::{Content, To};
use teahouse_proto::chat::{SendMessageRequest, SendMessageResponse, Text};
use tokio::sync::watch;

/// Messages that a sender has under way at once.
const WINDOW: usize = 8;

/// What is known of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Sent; it may be stored or not.
    Unanswered,
    /// Stored, with this number.
    Acknowledged(u64),
    /// Not stored, says the server.
    Refused,
}

/// One message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) conversation: u64,
    pub(super) fate: Fate,
}

/// What the senders of a load share.
pub(super) struct Shared {
    pub(super) acknowledged: watch::Sender<u64>,
    sending: AtomicUsize,
    uncounted: AtomicBool,
    stopped: AtomicBool,
    come_back_ms: Mutex<Vec<u32>>,
}

impl Shared {
    pub(super) fn new(senders: usize) -> Self {
        Self {
            acknowledged: watch::Sender::new(0),
            sending: AtomicUsize::new(senders),
            uncounted: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            come_back_ms: Mutex::default(),
        }
    }

    pub(super) fn nobody_sends(&self) -> bool {
        self.sending.load(Ordering::SeqCst) == 0
    }

    pub(super) fn count_no_more(&self) {
        self.uncounted.store(true, Ordering::SeqCst);
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    pub(super) fn come_back_ms(&self) -> Vec<u32> {
        self.come_back_ms.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A person who sends.
pub(super) struct Sender {
    place: usize,
    pub(super) account: u64,
    token: String,
    /// With the friend, and with itself.
    pub(super) conversations: [u64; 2],
    seed: u64,
    /// By the sender's own count.
    pub(super) sent: Vec<Sent>,
    /// What went wrong while sending.
    pub(super) violations: Vec<String>,
}

type Call = Pin<Box<dyn Future<Output = Result<SendMessageResponse>> + Send>>;

/// A message under way.
struct Flight {
    number: usize,
    call: Call,
    answer: Option<Result<SendMessageResponse>>,
}

impl Sender {
    pub(super) fn new(place: usize, account: u64, token: String, conversations: [u64; 2], seed: u64) -> Self {
        let seed = seed.wrapping_add(account);
        Self { place, account, token, conversations, seed, sent: Vec::new(), violations: Vec::new() }
    }

    pub(super) fn place(&self) -> usize {
        self.place
    }

    pub(super) fn counts(&self) -> Counts {
        let count = |wanted: fn(&Fate) -> bool| self.sent.iter().filter(|sent| wanted(&sent.fate)).count();
        Counts {
            acknowledged: count(|fate| matches!(fate, Fate::Acknowledged(_))),
            unanswered: count(|fate| matches!(fate, Fate::Unanswered)),
            refused: count(|fate| matches!(fate, Fate::Refused)),
        }
    }

    /// The text of a message.
    pub(super) fn text(&self, number: usize) -> String {
        text(self.seed.wrapping_add((number as u64) << 20))
    }

    /// The client id of a message.
    fn client_id(&self, number: usize) -> [u8; 16] {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.account.to_be_bytes());
        id[8..].copy_from_slice(&(number as u64 + 1).to_be_bytes());
        id
    }

    /// The message of a client id.
    pub(super) fn number(&self, client_id: &[u8]) -> Option<usize> {
        let number = usize::try_from(u64::from_be_bytes(client_id.get(8..16)?.try_into().ok()?)).ok()?;
        let number = number.checked_sub(1)?;
        (number < self.sent.len() && client_id == self.client_id(number)).then_some(number)
    }

    /// A signed-in connection.
    pub(super) async fn connect(&self, server: &str) -> Result<Connection> {
        Connector::new(server)?.token(&self.token).connect().await
    }

    /// Signs in anew; the old token is forgotten.
    pub(super) async fn sign_in_anew(&mut self, server: &str) {
        match people::sign_in(server, self.place).await {
            Ok(token) => self.token = token,
            Err(error) => self.violation(format!("cannot sign in: {error}")),
        }
    }

    /// Sends until something ends it.
    pub(super) async fn run(mut self, server: String, shared: Arc<Shared>) -> Self {
        if let Ok(connection) = self.connect(&server).await {
            self.send_all(&connection, &shared).await;
            if let Some(why) = connection.go_away().filter(|why| why.reason == "DRAINING") {
                let mut waits = shared.come_back_ms.lock().unwrap_or_else(PoisonError::into_inner);
                waits.push(why.reconnect_after_ms);
            }
        }
        shared.sending.fetch_sub(1, Ordering::SeqCst);
        self
    }

    async fn send_all(&mut self, connection: &Connection, shared: &Shared) {
        let mut again: VecDeque<usize> = self.unanswered().collect();
        let mut flights = VecDeque::new();
        let mut ended = false;
        loop {
            while flights.len() < WINDOW && !ended && !shared.stopped.load(Ordering::SeqCst) {
                let number = again.pop_front().unwrap_or_else(|| self.next());
                flights.push_back(self.depart(connection, number));
            }
            let Some(flight) = flights.pop_front() else { return };
            let (number, answer) = flight.arrive().await;
            if shared.uncounted.load(Ordering::SeqCst) {
                // Whatever it says comes too late.
                ended = true;
                continue;
            }
            match answer {
                Ok(answer) => {
                    self.acknowledged(number, &answer);
                    shared.acknowledged.send_modify(|count| *count += 1);
                }
                Err(error) => {
                    self.failed(number, &error);
                    ended = true;
                }
            }
        }
    }

    /// Sends again what was not answered and the latest messages that were, and compares the answers.
    pub(super) async fn repeat(&mut self, server: &str, acknowledged: usize) {
        let connection = match self.connect(server).await {
            Ok(connection) => connection,
            Err(error) => return self.violation(format!("cannot come back: {error}")),
        };
        let answered = |sent: &Sent| matches!(sent.fate, Fate::Acknowledged(_));
        let latest = (0..self.sent.len()).rev().filter(|&number| answered(&self.sent[number]));
        let mut numbers: Vec<usize> = latest.take(acknowledged).chain(self.unanswered()).collect();
        numbers.sort_unstable();
        for number in numbers {
            match self.depart(&connection, number).arrive().await {
                (_, Ok(answer)) => self.acknowledged(number, &answer),
                (_, Err(error)) => self.violation(format!("a repeat of message {number} failed: {error}")),
            }
        }
    }

    fn unanswered(&self) -> impl Iterator<Item = usize> {
        (0..self.sent.len()).filter(|&number| self.sent[number].fate == Fate::Unanswered)
    }

    /// A new message: one in five is for the sender alone.
    fn next(&mut self) -> usize {
        let number = self.sent.len();
        let which = usize::from(Dice::new(self.seed ^ number as u64).below(5) == 0);
        self.sent.push(Sent { conversation: self.conversations[which], fate: Fate::Unanswered });
        number
    }

    /// Hands a message to the connection, behind all that were handed to it before.
    fn depart(&self, connection: &Connection, number: usize) -> Flight {
        let request = SendMessageRequest {
            to: Some(To::ConversationId(self.sent[number].conversation)),
            client_message_id: self.client_id(number).to_vec().into(),
            content: Some(Content::Text(Text { text: self.text(number), ..Default::default() })),
        };
        let client = ChatClient(connection.clone());
        let mut call: Call = Box::pin(async move { client.send_message(request).await });
        // The first poll hands it over; calls that are merely made would go out in any order.
        let answer = call.as_mut().now_or_never();
        Flight { number, call, answer }
    }

    fn acknowledged(&mut self, number: usize, answer: &SendMessageResponse) {
        let sent = self.sent[number];
        if answer.conversation_id != sent.conversation {
            self.violation(format!("message {number} went into another conversation"));
        }
        match sent.fate {
            Fate::Acknowledged(seq) if seq != answer.seq => {
                let now = answer.seq;
                self.violation(format!("a repeat of message {number}, stored as {seq}, was stored as {now}"));
            }
            _ => self.sent[number].fate = Fate::Acknowledged(answer.seq),
        }
    }

    fn failed(&mut self, number: usize, error: &Error) {
        match error.kind() {
            Kind::Unavailable if error.reason() == "DISK_FULL" => self.sent[number].fate = Fate::Refused,
            // The connection is lost, or about to be: who knows.
            Kind::Unavailable | Kind::Lost | Kind::Unreachable | Kind::TimedOut => {}
            _ => self.violation(format!("message {number} was refused: {error}")),
        }
    }

    fn violation(&mut self, what: impl std::fmt::Display) {
        self.violations.push(format!("sender {}: {what}", self.place));
    }
}

impl Flight {
    async fn arrive(self) -> (usize, Result<SendMessageResponse>) {
        match self.answer {
            Some(answer) => (self.number, answer),
            None => (self.number, self.call.await),
        }
    }
}
