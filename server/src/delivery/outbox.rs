//! One device's bounded queue of live events.

use super::Delivery;
use crate::id::{AccountId, DeviceId};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use teahouse_proto::Event;
use teahouse_proto::sync::FollowResponse;
use tokio::sync::Notify;

/// Events that may wait for one device.
const MAX_EVENTS: usize = 256;
/// Bytes that may wait for one device.
const MAX_BYTES: usize = 1024 * 1024;
/// Where so many events wait, nothing more is told in passing: it must not crowd out what was committed.
const MAX_BEFORE_PASSING: usize = 64;

/// A live event on its way to devices.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// Stamp of the commit that published it; 0 where it is told in passing.
    pub stamp: u64,
    /// Everything up to this stamp has been seen by whoever has seen this event.
    pub cursor_stamp: u64,
    /// Its number in the account log; 0 where it is not of that log.
    pub account_number: u64,
    /// The place up to which whoever has seen this event has seen everything, as the first stream that tells it wrote it
    /// down for all of them.
    pub place: Arc<OnceLock<Bytes>>,
    /// Encoded once, without cursor.
    pub event: Event<FollowResponse>,
    /// The same as it was published.
    pub message: Arc<FollowResponse>,
    /// Fields for this receiver besides the cursor.
    pub own: Option<Arc<FollowResponse>>,
}

impl Pushed {
    /// Whether it is told in passing: it was never committed, so it belongs to no place in the history.
    pub fn is_passing(&self) -> bool {
        self.stamp == 0
    }
}

/// What a stream finds in its outbox.
#[derive(Debug)]
pub enum Taken {
    /// The oldest waiting event.
    Event(Pushed),
    /// The queue overflowed and was emptied: catch up from the store.
    Overflowed,
    /// Another stream of the same device took over.
    Ended,
}

pub(super) struct Outbox {
    device: DeviceId,
    queue: Mutex<Queue>,
    filled: Notify,
}

#[derive(Default)]
struct Queue {
    events: VecDeque<Pushed>,
    bytes: usize,
    overflowed: bool,
    ended: bool,
}

impl Outbox {
    pub(super) fn new(device: DeviceId) -> Self {
        Self { device, queue: Mutex::default(), filled: Notify::new() }
    }

    pub(super) fn device(&self) -> DeviceId {
        self.device
    }

    pub(super) fn push(&self, pushed: Pushed) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let len = pushed.event.encoded_len();
        if queue.overflowed || queue.events.len() == MAX_EVENTS || queue.bytes + len > MAX_BYTES {
            *queue = Queue { overflowed: true, ended: queue.ended, ..Queue::default() };
        } else {
            queue.bytes += len;
            queue.events.push_back(pushed);
        }
        drop(queue);
        self.filled.notify_one();
    }

    /// Forgets what waits: the stream catches up from the store.
    pub(super) fn overflow(&self) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        *queue = Queue { overflowed: true, ended: queue.ended, ..Queue::default() };
        drop(queue);
        self.filled.notify_one();
    }

    /// As [`Outbox::push`], but dropped where much waits already.
    pub(super) fn push_passing(&self, pushed: Pushed) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = queue.bytes + pushed.event.encoded_len();
        if queue.overflowed || queue.events.len() >= MAX_BEFORE_PASSING || bytes > MAX_BYTES {
            return;
        }
        queue.bytes = bytes;
        queue.events.push_back(pushed);
        drop(queue);
        self.filled.notify_one();
    }

    pub(super) fn end(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
        self.filled.notify_one();
    }

    fn try_take(&self) -> Option<Taken> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.ended {
            return Some(Taken::Ended);
        }
        if std::mem::take(&mut queue.overflowed) {
            return Some(Taken::Overflowed);
        }
        let pushed = queue.events.pop_front()?;
        queue.bytes -= pushed.event.encoded_len();
        if queue.events.is_empty() {
            // An idle device should hold no memory of its busy times.
            queue.events = VecDeque::new();
        }
        Some(Taken::Event(pushed))
    }
}

/// A device's registration; ends when dropped.
pub struct Connection {
    delivery: Arc<Delivery>,
    account: AccountId,
    outbox: Arc<Outbox>,
}

impl Connection {
    pub(super) fn new(delivery: Arc<Delivery>, account: AccountId, outbox: Arc<Outbox>) -> Self {
        Self { delivery, account, outbox }
    }

    /// Waits for the next thing.
    pub async fn take(&self) -> Taken {
        loop {
            if let Some(taken) = self.outbox.try_take() {
                return taken;
            }
            self.outbox.filled.notified().await;
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.delivery.disconnect(self.account, &self.outbox);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::{Audience, Passing, Subscriber};

    fn pushed(stamp: u64, own: usize) -> Pushed {
        let message = FollowResponse { client_message_id: vec![0; own].into(), ..Default::default() };
        let event = Event::new(&message);
        Pushed {
            stamp,
            cursor_stamp: stamp,
            account_number: 0,
            place: Arc::default(),
            event,
            message: message.into(),
            own: None,
        }
    }

    #[tokio::test]
    async fn events_come_in_order_and_overflow_tells_to_catch_up() {
        let delivery = Arc::new(Delivery::new(0));
        let connection = delivery.connect(AccountId(1), DeviceId(1));
        for stamp in 1..=MAX_EVENTS as u64 {
            delivery.push(AccountId(1), &pushed(stamp, 0));
        }
        assert!(matches!(connection.take().await, Taken::Event(p) if p.stamp == 1));
        for stamp in 1000..1002 {
            delivery.push(AccountId(1), &pushed(stamp, 0));
        }
        assert!(matches!(connection.take().await, Taken::Overflowed));
        delivery.push(AccountId(1), &pushed(2000, MAX_BYTES));
        assert!(matches!(connection.take().await, Taken::Overflowed));
        delivery.push(AccountId(1), &pushed(2001, 0));
        assert!(matches!(connection.take().await, Taken::Event(p) if p.stamp == 2001));
        delivery.push(AccountId(1), &pushed(2002, 0));
        crate::bus::Subscriber::on_lost(&*delivery);
        assert!(matches!(connection.take().await, Taken::Overflowed));
    }

    #[tokio::test]
    async fn what_is_told_in_passing_never_crowds_out_what_was_committed() {
        let delivery = Arc::new(Delivery::new(0));
        let connection = delivery.connect(AccountId(1), DeviceId(1));
        delivery.push(AccountId(1), &pushed(1, 0));
        for _ in 0..MAX_EVENTS * 2 {
            delivery.push_passing(AccountId(1), &pushed(0, 0));
        }
        for stamp in 2..=MAX_EVENTS as u64 - MAX_BEFORE_PASSING as u64 {
            delivery.push(AccountId(1), &pushed(stamp, 0));
        }
        let mut stamps = Vec::new();
        for _ in 0..MAX_EVENTS - 1 {
            let Taken::Event(taken) = connection.take().await else { panic!("overflowed") };
            stamps.push(taken.stamp);
        }
        assert_eq!(stamps.iter().filter(|stamp| **stamp == 0).count(), MAX_BEFORE_PASSING - 1);
        let committed: Vec<u64> = stamps.into_iter().filter(|stamp| *stamp > 0).collect();
        assert_eq!(committed, (1..=(MAX_EVENTS - MAX_BEFORE_PASSING) as u64).collect::<Vec<_>>());
        delivery.push_passing(AccountId(1), &pushed(0, MAX_BYTES));
        delivery.push(AccountId(1), &pushed(900, 0));
        assert!(matches!(connection.take().await, Taken::Event(p) if p.stamp == 900), "too long is dropped");
    }

    #[tokio::test]
    async fn whoever_misses_how_something_is_from_now_on_catches_up() {
        let delivery = Arc::new(Delivery::new(0));
        let connection = delivery.connect(AccountId(1), DeviceId(1));
        let tell = |lasts| {
            let to = Audience::Account(AccountId(1));
            delivery.on_passing(&Passing { to, message: FollowResponse::default().into(), lasts });
        };
        for _ in 0..MAX_EVENTS {
            tell(false);
        }
        for _ in MAX_BEFORE_PASSING..MAX_EVENTS {
            tell(true);
        }
        assert!(matches!(connection.take().await, Taken::Event(_)), "there is room for all of them");
        tell(true);
        tell(true);
        assert!(matches!(connection.take().await, Taken::Overflowed));
        delivery.catch_up(&[AccountId(2), AccountId(1)]);
        assert!(matches!(connection.take().await, Taken::Overflowed));
    }

    #[tokio::test]
    async fn a_second_stream_of_a_device_ends_the_first_and_only_it() {
        let delivery = Arc::new(Delivery::new(0));
        let first = delivery.connect(AccountId(1), DeviceId(1));
        let other = delivery.connect(AccountId(1), DeviceId(2));
        let second = delivery.connect(AccountId(1), DeviceId(1));
        assert!(matches!(first.take().await, Taken::Ended));
        drop(first);
        delivery.push(AccountId(1), &pushed(1, 0));
        assert!(matches!(second.take().await, Taken::Event(_)));
        assert!(matches!(other.take().await, Taken::Event(_)));
        assert_eq!(delivery.connected(), 2);
        drop((second, other));
        assert!(!delivery.is_online(AccountId(1)));
    }
}
