//! The stream of one Follow call: catch-up, then live, then catch-up again where the outbox overflowed.

use super::Rooms;
use super::cursor::Cursor;
use super::silence::Silence;
use crate::delivery::{self, Connection, Pushed, Taken};
use crate::error::{Error, Kind, Result};
use crate::features::accounts::{self, Quiet};
use crate::features::chat::Place;
use crate::features::contacts;
use crate::id::AccountId;
use futures::StreamExt;
use std::collections::VecDeque;
use std::sync::Arc;
use teahouse_proto::sync::follow_response::Event as Kinds;
use teahouse_proto::sync::{AccountEvent, CaughtUp, FollowResponse, Resync};
use teahouse_proto::{Event, EventStream};

/// Entries of the account log read at once.
const LOG_PAGE: usize = 100;

/// Where a stream is.
enum Phase {
    /// Before catching up.
    Start,
    /// Conversations that moved, still to send.
    Moved(VecDeque<Place>),
    /// The account log after what was sent.
    Log(VecDeque<AccountEvent>),
    /// Everything as it happens.
    Live,
    /// Nothing more.
    Over,
}

/// One device's stream. Small while nothing happens: there are as many as devices.
pub(super) struct Follow {
    rooms: Arc<Rooms>,
    account: AccountId,
    connection: Connection,
    /// What the client has, in order. `None`: a new device.
    has: Option<Cursor>,
    /// What the client has once it is caught up.
    target: Cursor,
    phase: Phase,
    silence: Silence,
}

impl Follow {
    pub(super) fn new(
        rooms: Arc<Rooms>,
        account: AccountId,
        connection: Connection,
        has: Option<Cursor>,
    ) -> Self {
        let silence = Silence::new(account, Vec::new(), Vec::new(), None);
        let (target, phase) = (Cursor::default(), Phase::Start);
        Self { rooms, account, connection, has, target, phase, silence }
    }

    /// All that happens, from the cursor on.
    pub(super) fn events(self) -> EventStream<FollowResponse, Error> {
        // Boxed, since a future holds what it takes over twice.
        futures::stream::unfold(Box::new(self), Self::step).boxed()
    }

    /// The next event. A stream that failed is over.
    async fn step(mut self: Box<Self>) -> Option<(Result<Event<FollowResponse>>, Box<Self>)> {
        match self.next().await {
            Ok(event) => event.map(|event| (Ok(event), self)),
            Err(error) => {
                self.phase = Phase::Over;
                Some((Err(error), self))
            }
        }
    }

    async fn next(&mut self) -> Result<Option<Event<FollowResponse>>> {
        while matches!(self.phase, Phase::Live) {
            match self.connection.take().await {
                Taken::Event(pushed) => {
                    let event = self.live(&pushed);
                    if self.silence.is_stale() {
                        Box::pin(self.renew_blocked()).await?;
                    }
                    if event.is_some() {
                        return Ok(event);
                    }
                }
                Taken::Overflowed => self.phase = Phase::Start,
                Taken::Ended => return Err(replaced()),
            }
        }
        // Boxed, so that a stream that waits for something to happen has no room for what it takes to catch up.
        Box::pin(self.catch_up()).await
    }

    /// The account blocked or unblocked somebody: whom it blocks now.
    async fn renew_blocked(&mut self) -> Result<()> {
        let blocked = contacts::blocked(&self.rooms.foundation.store, self.account).await?;
        self.silence.renew(blocked);
        Ok(())
    }

    /// The next event before the stream is live.
    async fn catch_up(&mut self) -> Result<Option<Event<FollowResponse>>> {
        loop {
            match &mut self.phase {
                Phase::Start => {
                    if let Some(resync) = self.start().await? {
                        return Ok(Some(resync));
                    }
                }
                Phase::Moved(places) => match places.pop_front() {
                    Some((_, id)) => match self.rooms.chat.view(self.account, id).await {
                        Ok(conversation) => return Ok(Some(plain(Kinds::Moved(conversation)))),
                        // Deleted since it was listed.
                        Err(gone) if gone.kind() == Kind::NotFound => {}
                        Err(error) => return Err(error),
                    },
                    None => self.phase = Phase::Log(VecDeque::new()),
                },
                Phase::Log(entries) => {
                    if let Some(entry) = entries.pop_front() {
                        self.target.number = entry.number;
                        let event = Kinds::Account(entry);
                        let silent = self.silence.covers(&event, self.rooms.foundation.clock.now());
                        let response = FollowResponse { event: Some(event), silent, ..Default::default() };
                        return Ok(Some(Event::new(&response)));
                    }
                    let (store, after) = (&self.rooms.foundation.store, self.target.number);
                    let more = delivery::log::after(store, self.account, after, LOG_PAGE).await?;
                    if more.is_empty() {
                        self.phase = Phase::Live;
                        return Ok(Some(self.caught_up()));
                    }
                    self.phase = Phase::Log(more.into());
                }
                Phase::Live | Phase::Over => return Ok(None),
            }
        }
    }

    /// Notes where the stream will be once it is caught up, and what moved since the cursor. What is published
    /// after the noting waits in the outbox, for the device is registered.
    async fn start(&mut self) -> Result<Option<Event<FollowResponse>>> {
        let store = &self.rooms.foundation.store;
        let epoch = store.epoch();
        let stamp = self.rooms.foundation.delivery.published();
        let log = delivery::log::head(store, self.account).await?;
        let mut resync = None;
        if let Some(has) = self.has {
            // A cursor from the future is of another history with the same epoch: a copy that was started twice.
            if has.epoch != epoch || has.stamp > store.stamp() || has.number > log {
                resync = Some("EPOCH");
            } else if !self.reaches_back_to(has.number, log).await? {
                resync = Some("ACCOUNT_LOG");
            }
        }
        let has = self.has.filter(|_| resync.is_none());
        // A new device pulls friends and requests; the log of what led to them would tell it nothing more.
        self.target = Cursor { epoch, stamp, number: has.map_or(log, |has| has.number) };
        let stamp = has.map_or(0, |has| has.stamp);
        let (moved, muted) = self.rooms.chat.moved_and_muted(self.account, stamp).await?;
        let person = accounts::load(store, self.account).await?;
        // What changes from here on passes this stream.
        let blocked = contacts::blocked(store, self.account).await?;
        let notifications = person.map(|person| person.notifications);
        let quiet = notifications.as_ref().and_then(Quiet::of);
        self.silence = Silence::new(self.account, muted, blocked, quiet);
        self.silence.ring_for_greetings(notifications.is_none_or(|n| n.greetings));
        self.phase = Phase::Moved(moved.into());
        Ok(resync.map(|reason| plain(Kinds::Resync(Resync { reason: reason.to_owned() }))))
    }

    async fn reaches_back_to(&self, number: u64, head: u64) -> Result<bool> {
        if number == head {
            return Ok(true);
        }
        let next = delivery::log::after(&self.rooms.foundation.store, self.account, number, 1).await?;
        Ok(next.first().is_none_or(|entry| entry.number == number + 1))
    }

    fn caught_up(&mut self) -> Event<FollowResponse> {
        self.has = Some(self.target);
        let server_time_ms = self.rooms.foundation.clock.now().as_ms();
        let event = Some(Kinds::CaughtUp(CaughtUp { server_time_ms }));
        Event::new(&FollowResponse {
            event,
            cursor: self.target.seal(&self.rooms.foundation.seal),
            ..FollowResponse::default()
        })
    }

    /// A live event with this device's cursor; `None` for what the catch-up has told already.
    fn live(&mut self, pushed: &Pushed) -> Option<Event<FollowResponse>> {
        if pushed.is_passing() {
            return Some(pushed.event.clone());
        }
        let now = self.rooms.foundation.clock.now();
        let happened = pushed.message.event.as_ref();
        // Also from what was told already: what was read when the stream started may be older.
        happened.inspect(|event| self.silence.heed(event));
        // What the account's own devices did carries what only the author gets; the entry may not name the account.
        let silent = pushed.own.is_some() || happened.is_some_and(|event| self.silence.covers(event, now));
        let author_blocked = happened.is_some_and(|event| self.silence.blocks_author(event));
        let has = self.has.get_or_insert(self.target);
        let told = if pushed.account_number > 0 {
            pushed.account_number <= has.number
        } else {
            pushed.stamp <= self.target.stamp
        };
        if told {
            return None;
        }
        has.stamp = has.stamp.max(pushed.cursor_stamp);
        has.number = has.number.max(pushed.account_number);
        let seal = &self.rooms.foundation.seal;
        let cursor = match has.stamp == pushed.cursor_stamp {
            true => has.at(pushed.place.get_or_init(|| has.place(seal))),
            false => has.seal(seal),
        };
        let own = pushed.own.as_deref().cloned().unwrap_or_default();
        Some(pushed.event.with_own(&FollowResponse { cursor, silent, author_blocked, ..own }))
    }
}

fn plain(event: Kinds) -> Event<FollowResponse> {
    Event::new(&FollowResponse { event: Some(event), ..FollowResponse::default() })
}

fn replaced() -> Error {
    Error::new(
        Kind::Conflict,
        "REPLACED",
        "Another Follow of this device took over. Keep one, and open it again only when it has ended.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::chat::ChatConfig;
    use crate::features::contacts::Tickets;
    use crate::features::testing::{foundation, media};
    use crate::id::DeviceId;

    #[tokio::test]
    async fn what_waits_is_small() {
        let (foundation, _published) = foundation();
        let (media, _dir) = media(&foundation);
        let tickets = Tickets::new(foundation.seal.clone(), 24);
        let chat =
            crate::features::chat::Chat::new(foundation.clone(), ChatConfig::default(), media, tickets);
        let connection = foundation.delivery.connect(AccountId(1), DeviceId(1));
        let follow = Follow::new(Arc::new(Rooms { foundation, chat }), AccountId(1), connection, None);
        assert!(size_of::<Follow>() <= 256, "{}", size_of::<Follow>());
        let step = Box::new(follow).step();
        assert!(size_of_val(&step) <= 640, "{}", size_of_val(&step));
    }
}
