//! Whether friends are online: asked for, and told as it happens. It is seen only between two who have each other as
//! friends, do not block each other, and both let theirs be seen; to everybody else there is nothing to see, so nobody
//! can tell a block from a switch. It stores nothing, and knows nothing of what people say.

mod config;
mod inbox;
mod shown;
#[cfg(test)]
mod tests;

pub use config::PresenceConfig;
pub use inbox::Inbox;

use super::Foundation;
use super::accounts::{self, Accounts};
use super::contacts;
use crate::bus::Audience;
use crate::call::Cx;
use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::time::Time;
use inbox::Change;
use shown::{Next, Shown};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use teahouse_proto::PresenceApi;
use teahouse_proto::presence::{self, GetPresenceRequest, GetPresenceResponse};
use teahouse_proto::sync::FollowResponse;
use teahouse_proto::sync::follow_response::Event as FollowEvent;
use tokio::time::Instant;

/// People asked for in one call.
const MAX_ASKED: usize = 100;
/// Friends read at once.
const FRIENDS_PAGE: usize = 500;
/// Pause after the store failed.
const RETRY: Duration = Duration::from_secs(1);

/// The presence room.
pub struct Presence {
    foundation: Foundation,
    accounts: Arc<Accounts>,
    inbox: Arc<Inbox>,
    /// Changed by [`Presence::run`] alone.
    shown: Mutex<Shown>,
}

impl Presence {
    /// The room. It hears from delivery who comes and goes; its [`Presence::inbox`] must be named to
    /// [`crate::store::Store::observe`], to hear of switches, friends and blocks.
    pub fn new(foundation: Foundation, config: &PresenceConfig, accounts: Arc<Accounts>) -> Arc<Self> {
        let inbox = Arc::new(Inbox::default());
        foundation.delivery.watch(inbox.clone());
        let shown = Mutex::new(Shown::new(config.gone_after()));
        Arc::new(Self { foundation, accounts, inbox, shown })
    }

    /// Where the room hears of what changes.
    pub fn inbox(&self) -> Arc<Inbox> {
        self.inbox.clone()
    }

    /// Work in the background, for as long as the server runs: tells friends, one change after another.
    pub async fn run(self: Arc<Self>) {
        loop {
            let due = self.lock().next_due();
            tokio::select! {
                () = self.inbox.filled() => {}
                () = async {
                    match due {
                        Some(due) => tokio::time::sleep_until(due).await,
                        None => std::future::pending().await,
                    }
                } => {}
            }
            self.work().await;
        }
    }

    /// All that waits or is due.
    async fn work(&self) {
        let mut changes = self.inbox.take();
        changes.extend(self.lock().take_due(Instant::now()).into_iter().map(Change::Account));
        for change in changes {
            if let Err(error) = self.apply(change).await {
                tracing::warn!(%error, "a change of presence was not told; trying again");
                self.inbox.note(change);
                tokio::time::sleep(RETRY).await;
            }
            // Thousands can come at once, after a restart: others work on this thread, too.
            tokio::task::yield_now().await;
        }
    }

    async fn apply(&self, change: Change) -> Result<()> {
        match change {
            Change::Account(account) => self.look_at(account).await,
            Change::Pair(one, other) => self.look_at_pair(one, other).await,
            Change::AllOf(account) => {
                for friend in self.shown_friends(account).await? {
                    self.look_at_pair(account, friend).await?;
                }
                Ok(())
            }
        }
    }

    /// Somebody came, went, or changed the switch.
    async fn look_at(&self, account: AccountId) -> Result<()> {
        let online = self.foundation.delivery.is_online(account);
        if !online && !self.is_shown(account) {
            return Ok(());
        }
        let shows = self.lets_see(account).await?;
        let next = self.lock().next(account, online, shows, Instant::now());
        match next {
            Next::Show => self.show(account).await,
            Next::Hide => {
                let to = self.lock().hide(account, Instant::now());
                self.tell(to, account, false);
                Ok(())
            }
            Next::Nothing => Ok(()),
        }
    }

    /// Shows somebody to all friends who are shown themselves. To those the same holds the other way round.
    async fn show(&self, account: AccountId) -> Result<()> {
        let mut to = Vec::new();
        for friend in self.shown_friends(account).await? {
            if self.may_see(account, friend).await? {
                to.push(friend);
            }
        }
        self.lock().show(account, &to);
        self.tell(to, account, true);
        Ok(())
    }

    /// What two people are to each other may have changed.
    async fn look_at_pair(&self, one: AccountId, other: AccountId) -> Result<()> {
        if !self.is_shown(one) || !self.is_shown(other) {
            return Ok(());
        }
        let may_see = self.may_see(one, other).await?;
        let changed = if may_see { self.lock().join(one, other) } else { self.lock().part(one, other) };
        if changed {
            self.tell(vec![other], one, may_see);
            self.tell(vec![one], other, may_see);
        }
        Ok(())
    }

    /// Friends of an account, as it has them, who are shown.
    async fn shown_friends(&self, account: AccountId) -> Result<Vec<AccountId>> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = contacts::friend_ids(&self.foundation.store, account, after, FRIENDS_PAGE).await?;
            self.lock().collect_shown(&page, &mut found);
            after = page.last().copied();
            if page.len() < FRIENDS_PAGE {
                return Ok(found);
            }
            tokio::task::yield_now().await;
        }
    }

    /// Whether each of two sees the other: it is never one alone.
    async fn may_see(&self, one: AccountId, other: AccountId) -> Result<bool> {
        Ok(self.lets_see(one).await?
            && contacts::are_friends(&self.foundation.store, one, other).await?
            && self.lets_see(other).await?)
    }

    async fn lets_see(&self, account: AccountId) -> Result<bool> {
        let person = accounts::load(&self.foundation.store, account).await?;
        Ok(person.is_some_and(|person| person.shows_presence))
    }

    fn tell(&self, to: Vec<AccountId>, account: AccountId, online: bool) {
        if to.is_empty() {
            return;
        }
        let last_seen_at_ms = self.foundation.clock.now().to_hour().as_ms();
        let presence = presence::Presence { account_id: account.0, online, last_seen_at_ms };
        let event = Some(FollowEvent::Presence(presence));
        let to: Arc<[AccountId]> = to.into();
        let message = FollowResponse { event, ..FollowResponse::default() };
        if !self.foundation.bus.send_lasting(Audience::Accounts(to.clone()), message) {
            // Who catches up asks anew.
            self.foundation.delivery.catch_up(&to);
        }
    }

    fn is_shown(&self, account: AccountId) -> bool {
        self.lock().contains(account)
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One friend as `me` may see them, if at all.
    async fn seen(&self, me: AccountId, other: AccountId, now: Time) -> Result<Option<presence::Presence>> {
        let store = &self.foundation.store;
        if !contacts::are_friends(store, me, other).await? || !self.lets_see(other).await? {
            return Ok(None);
        }
        let online = self.foundation.delivery.is_online(other) || self.is_shown(other);
        let last_seen = if online { now } else { self.accounts.last_seen(other).await? };
        Ok(Some(presence::Presence {
            account_id: other.0,
            online,
            last_seen_at_ms: last_seen.to_hour().as_ms(),
        }))
    }
}

impl PresenceApi<Cx, Error> for Presence {
    async fn get_presence(&self, cx: &Cx, request: GetPresenceRequest) -> Result<GetPresenceResponse> {
        let me = cx.account()?;
        if request.account_ids.len() > MAX_ASKED {
            return Err(Error::invalid("TOO_MANY_ACCOUNTS", "Ask for at most 100 people at once."));
        }
        let mut answer = GetPresenceResponse::default();
        if !self.lets_see(me).await? {
            return Ok(answer);
        }
        let mut asked = HashSet::new();
        for id in request.account_ids {
            if asked.insert(id) {
                answer.presence.extend(self.seen(me, AccountId(id), cx.now).await?);
            }
        }
        Ok(answer)
    }
}
