//! The bus: what happened, for those who are connected. Transactions publish; one publisher hands each event, in
//! commit order, to the subscribers that the composition root named. Losing the bus costs a pull, never data.

mod event;
pub use event::{Audience, Event};

use std::sync::Arc;
use tokio::sync::mpsc::UnboundedReceiver;

/// Somebody who wants to know of every event. Called in commit order, one event at a time; must not block.
pub trait Subscriber: Send + Sync + 'static {
    /// `stamp` is that of the commit that published the event.
    fn on_event(&self, stamp: u64, event: &Event);
}

/// Hands events to the subscribers until the store is closed.
pub async fn run(mut published: UnboundedReceiver<(u64, Event)>, subscribers: Vec<Arc<dyn Subscriber>>) {
    while let Some((stamp, event)) = published.recv().await {
        for subscriber in &subscribers {
            subscriber.on_event(stamp, &event);
        }
    }
}
