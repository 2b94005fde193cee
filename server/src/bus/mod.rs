//! The bus: what happened, for those who are connected. Transactions publish; one publisher hands what each commit
//! published, in commit order, to the subscribers that the composition root named. Losing the bus costs a pull,
//! never data. Besides commits it carries what is told in passing: that somebody types, say. That is never stored, keeps
//! its order, and is dropped where there is no room.

mod event;
pub use event::{Audience, Event};

use std::sync::Arc;
use teahouse_proto::sync::FollowResponse;
use tokio::sync::mpsc::{self, UnboundedReceiver};

/// What may wait to be told in passing.
const PASSING_QUEUE: usize = 4096;

/// What one transaction published, with the stamp of its commit.
pub type Published = (u64, Vec<Event>);

/// Somebody who wants to know of every event. Called in commit order, one commit at a time; must not block.
/// Who keeps caches observes the store and is told before the commit is answered; who delivers is told by [`run`].
pub trait Subscriber: Send + Sync + 'static {
    /// `stamp` is that of the commit that published the events.
    fn on_commit(&self, stamp: u64, events: &[Event]);

    /// Something is told in passing.
    fn on_passing(&self, to: &Audience, message: &Arc<FollowResponse>) {
        let _ = (to, message);
    }
}

/// Where things are told in passing. Clones lead to the same place.
#[derive(Clone)]
pub struct Bus {
    queue: mpsc::Sender<Passing>,
}

/// Something to be told in passing.
pub struct Passing {
    /// Whose devices.
    pub to: Audience,
    /// What they all get.
    pub message: Arc<FollowResponse>,
}

impl Bus {
    /// A bus, and what [`run`] takes from it.
    pub fn new() -> (Self, mpsc::Receiver<Passing>) {
        let (queue, passing) = mpsc::channel(PASSING_QUEUE);
        (Self { queue }, passing)
    }

    /// Tells the devices of these accounts that listen at the moment. What does not get through is lost.
    pub fn send(&self, to: Audience, message: FollowResponse) {
        let passing = Passing { to, message: Arc::new(message) };
        if self.queue.try_send(passing).is_err() {
            metrics::counter!("teahouse_passing_dropped_total").increment(1);
        }
    }
}

/// Hands events to the subscribers, in their order, until the store is closed.
pub async fn run(
    mut published: UnboundedReceiver<Published>,
    mut passing: mpsc::Receiver<Passing>,
    subscribers: Vec<Arc<dyn Subscriber>>,
) {
    loop {
        tokio::select! {
            // What was committed before something was told in passing comes before it.
            biased;
            commit = published.recv() => {
                let Some((stamp, events)) = commit else { return };
                for subscriber in &subscribers {
                    subscriber.on_commit(stamp, &events);
                }
            }
            Some(told) = passing.recv() => {
                for subscriber in &subscribers {
                    subscriber.on_passing(&told.to, &told.message);
                }
            }
        }
    }
}
