//! The bus: what happened, for those who are connected. Transactions publish; one publisher hands what each commit
//! published, in commit order, to the subscribers that the composition root named. Losing the bus costs a pull,
//! never data. Besides commits it carries what is told in passing: that somebody types, say. That is never stored, keeps
//! its order, and is dropped where there is no room; whoever misses how something is from now on catches up.

mod event;
pub use event::{Audience, Event, Nearby, SignInStep};

use std::panic::{AssertUnwindSafe, catch_unwind};
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

    /// What was told could not be taken in, or only in part: what rests on it must be looked up anew.
    fn on_lost(&self) {}

    /// Something is told in passing.
    fn on_passing(&self, passing: &Passing) {
        let _ = passing;
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
    /// It tells how something is from now on: a device must not miss it without knowing.
    pub lasts: bool,
}

/// Room to tell something.
pub struct Room<'a>(mpsc::Permit<'a, Passing>);

impl Room<'_> {
    /// Tells it, as [`Bus::send`].
    pub fn tell(self, to: Audience, message: FollowResponse) {
        self.0.send(Passing { to, message: Arc::new(message), lasts: false });
    }
}

impl Bus {
    /// A bus, and what [`run`] takes from it.
    pub fn new() -> (Self, mpsc::Receiver<Passing>) {
        let (queue, passing) = mpsc::channel(PASSING_QUEUE);
        (Self { queue }, passing)
    }

    /// Tells the devices of these accounts that listen at the moment. What does not get through is lost.
    pub fn send(&self, to: Audience, message: FollowResponse) {
        self.pass(Passing { to, message: Arc::new(message), lasts: false });
    }

    /// As [`Bus::send`], of how something is from now on: a device that does not keep up catches up. `false`: it did not
    /// get through, and the caller must see to it that those devices do.
    #[must_use]
    pub fn send_lasting(&self, to: Audience, message: FollowResponse) -> bool {
        self.pass(Passing { to, message: Arc::new(message), lasts: true })
    }

    /// Waits until there is room, for who has much to tell at once. None when nobody listens any more.
    pub async fn room(&self) -> Option<Room<'_>> {
        self.queue.reserve().await.ok().map(Room)
    }

    fn pass(&self, passing: Passing) -> bool {
        let sent = self.queue.try_send(passing).is_ok();
        if !sent {
            metrics::counter!("teahouse_passing_dropped_total").increment(1);
        }
        sent
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
                    guard(&**subscriber, || subscriber.on_commit(stamp, &events));
                }
            }
            Some(told) = passing.recv() => {
                for subscriber in &subscribers {
                    guard(&**subscriber, || subscriber.on_passing(&told));
                }
            }
        }
    }
}

/// A subscriber that panics must not end the bus: nobody would hear of anything any more, and nothing would say so.
fn guard(subscriber: &dyn Subscriber, tell: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(tell)).is_err() {
        tracing::error!("a subscriber of the bus panicked; whoever follows catches up from the store");
        subscriber.on_lost();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Writes down what it hears, and stumbles over every third commit.
    #[derive(Default)]
    struct Clumsy(Mutex<Vec<String>>);

    impl Clumsy {
        fn note(&self, what: String) {
            self.0.lock().unwrap().push(what);
        }
    }

    impl Subscriber for Clumsy {
        fn on_commit(&self, stamp: u64, _: &[Event]) {
            assert!(!stamp.is_multiple_of(3), "stumbled on purpose");
            self.note(format!("commit {stamp}"));
        }

        fn on_lost(&self) {
            self.note("lost".to_owned());
        }

        fn on_passing(&self, _: &Passing) {
            self.note("passing".to_owned());
        }
    }

    #[tokio::test]
    async fn a_subscriber_that_panics_is_told_and_the_bus_goes_on() {
        let (publish, published) = mpsc::unbounded_channel();
        let (bus, passing) = Bus::new();
        bus.send(Audience::Accounts([].into()), FollowResponse::default());
        for stamp in 1..6 {
            publish.send((stamp, Vec::new())).unwrap();
        }
        let clumsy = Arc::new(Clumsy::default());
        let running = tokio::spawn(run(published, passing, vec![clumsy.clone()]));
        while clumsy.0.lock().unwrap().len() < 6 {
            tokio::task::yield_now().await;
        }
        drop(publish);
        running.await.unwrap();
        let heard = clumsy.0.lock().unwrap().clone();
        assert_eq!(heard, ["commit 1", "commit 2", "lost", "commit 4", "commit 5", "passing"]);
    }

    #[test]
    fn what_has_no_room_is_dropped() {
        let (bus, mut passing) = Bus::new();
        for _ in 0..PASSING_QUEUE + 9 {
            bus.send(Audience::Accounts([].into()), FollowResponse::default());
        }
        let waiting = std::iter::from_fn(|| passing.try_recv().ok()).count();
        assert_eq!(waiting, PASSING_QUEUE);
    }
}
