//! People who send without pause and remember what they were told, so that after any accident it can be said what must
//! be there: each acknowledged message once, at its number, with its text, and each sender's messages in the order in
//! which they were sent. Works through the client library alone.

mod people;
mod sender;
pub mod text;
mod verify;

use sender::{Sender, Shared};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// The senders and what they know. They are friends in pairs; each pair writes into its conversation from both sides,
/// and each sender now and then into the conversation with itself.
pub struct Recorder {
    senders: Vec<Sender>,
}

/// What the senders know, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages that were acknowledged.
    pub acknowledged: usize,
    /// Messages whose fate was not known when they were sent last.
    pub unanswered: usize,
    /// Messages that the server refused to store.
    pub refused: usize,
}

impl Recorder {
    /// Registers `pairs` pairs of friends. What they send follows from `seed`.
    ///
    /// # Panics
    /// Where the server refuses.
    pub async fn register(server: &str, pairs: usize, seed: u64) -> Self {
        let mut senders = Vec::new();
        for pair in 0..pairs {
            senders.extend(people::befriend(server, pair, seed).await);
        }
        Self { senders }
    }

    /// Lets everybody send: first again what was not answered, then new messages, until the connection is lost, the
    /// server refuses for lack of room, or [`Load::stop`].
    pub fn start(&mut self, server: &str) -> Load {
        let shared = Arc::new(Shared::new(self.senders.len()));
        let mut senders = JoinSet::new();
        for sender in self.senders.drain(..) {
            senders.spawn(sender.run(server.to_owned(), shared.clone()));
        }
        Load { senders, shared }
    }

    /// Waits until everybody has ended, and learns what they know. Gives the waits, in milliseconds, of those whom the
    /// server told to come back.
    ///
    /// # Panics
    /// Where that takes longer than `within`.
    pub async fn finish(&mut self, load: Load, within: Duration) -> Vec<u32> {
        let all = tokio::time::timeout(within, load.senders.join_all()).await;
        self.senders = all.unwrap_or_else(|_| panic!("the senders did not end within {within:?}"));
        self.senders.sort_by_key(Sender::place);
        load.shared.come_back_ms()
    }

    /// Repeats what was not answered, and each sender's latest `acknowledged` messages, which must get their first answers.
    pub async fn repeat(&mut self, server: &str, acknowledged: usize) {
        let repeats = self.senders.iter_mut().map(|sender| sender.repeat(server, acknowledged));
        futures::future::join_all(repeats).await;
    }

    /// Signs everybody in anew.
    pub async fn sign_in_anew(&mut self, server: &str) {
        futures::future::join_all(self.senders.iter_mut().map(|sender| sender.sign_in_anew(server))).await;
    }

    /// What is known, counted.
    pub fn counts(&self) -> Counts {
        self.senders.iter().map(Sender::counts).fold(Counts::default(), |a, b| Counts {
            acknowledged: a.acknowledged + b.acknowledged,
            unanswered: a.unanswered + b.unanswered,
            refused: a.refused + b.refused,
        })
    }

    /// Reads all conversations and tells all that is not as it must be.
    pub async fn verify(&self, server: &str) -> Vec<String> {
        verify::verify(server, &self.senders).await
    }
}

/// Senders at work.
pub struct Load {
    senders: JoinSet<Sender>,
    shared: Arc<Shared>,
}

impl Load {
    /// Waits for so many acknowledgements since the start, or until nobody sends any more.
    ///
    /// # Panics
    /// Where that takes longer than `within`.
    pub async fn acknowledges(&mut self, count: u64, within: Duration) {
        let mut acknowledged = self.shared.acknowledged.subscribe();
        let reached = async {
            loop {
                if *acknowledged.borrow_and_update() >= count || self.shared.nobody_sends() {
                    return;
                }
                // The end of a sender is no acknowledgement; so look again now and then.
                let _ = tokio::time::timeout(Duration::from_millis(20), acknowledged.changed()).await;
            }
        };
        let reached = tokio::time::timeout(within, reached).await;
        assert!(reached.is_ok(), "{count} messages were not acknowledged within {within:?}");
    }

    /// What is acknowledged from now on does not count: it stays unanswered.
    pub fn count_no_more(&self) {
        self.shared.count_no_more();
    }

    /// Lets the senders wait for their answers and end.
    pub fn stop(&self) {
        self.shared.stop();
    }
}
