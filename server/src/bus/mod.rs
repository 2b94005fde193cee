//! The bus: what happened, for those who are connected. Transactions publish; one publisher hands what each commit
//! published, in commit order, to the subscribers that the composition root named. Losing the bus costs a pull,
//! never data.

mod event;
pub use event::{Audience, Event};

use std::sync::Arc;
use tokio::sync::mpsc::UnboundedReceiver;

/// What one transaction published, with the stamp of its commit.
pub type Published = (u64, Vec<Event>);

/// Somebody who wants to know of every event. Called in commit order, one commit at a time; must not block.
/// Who keeps caches observes the store and is told before the commit is answered; who delivers is told by [`run`].
pub trait Subscriber: Send + Sync + 'static {
    /// `stamp` is that of the commit that published the events.
    fn on_commit(&self, stamp: u64, events: &[Event]);
}

/// Hands events to the subscribers, in their order, until the store is closed.
pub async fn run(mut published: UnboundedReceiver<Published>, subscribers: Vec<Arc<dyn Subscriber>>) {
    while let Some((stamp, events)) = published.recv().await {
        for subscriber in &subscribers {
            subscriber.on_commit(stamp, &events);
        }
    }
}
