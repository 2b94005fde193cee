//! Turning tokens into sessions, ending them, and what happens to them in the background.

use super::tables::{SESSION, SecretHash, SessionRow};
use super::{Accounts, audit, devices, sanctions, secrets, sessions::Use};
use crate::bus::{Event, Subscriber};
use crate::call::{Authenticator, Session, unauthenticated};
use crate::error::Result;
use crate::id::{AccountId, DeviceId};
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::Time;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::borrow::Cow;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use teahouse_proto::sync::AccountEvent;
use teahouse_proto::sync::account_event::What;
use teahouse_proto::sync::devices_changed::Change;
use teahouse_proto::sync::follow_response::Event as FollowEvent;

/// How often uses are written.
const TIDY_EVERY: Duration = Duration::from_secs(60);
/// Uses written in one transaction.
const USES_BATCH: usize = 100;
/// Uses written in one round of the background work, so that an hour's turn is spread over minutes.
const USES_PER_ROUND: usize = 10_000;
/// What a device hears that nobody used for long, should it listen.
const EXPIRED: &str = "This device was not used for a long time and was signed out. Sign in again.";
/// Sessions looked at for expiry in one round.
const SWEEP_BATCH: usize = 500;

impl Authenticator for Accounts {
    fn authenticate<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Arc<Session>>> {
        async move {
            let token_hash = secrets::token_hash(token).ok_or_else(unauthenticated)?;
            let now = self.foundation.clock.now();
            let session = match self.sessions.find(&token_hash) {
                Some(session) => session,
                None => self.load_session(token_hash).await?,
            };
            if self.device_limits().is_expired(session.last_use(), now) {
                self.sessions.end(session.account, &[session.device], EXPIRED);
                return Err(unauthenticated());
            }
            session.used(now);
            Ok(session)
        }
        .boxed()
    }
}

/// A commit ends and restricts its sessions before it is answered, also where nobody waits for the answer any more.
/// Whoever ends or restricts them only writes.
impl Subscriber for Accounts {
    fn on_commit(&self, _: u64, events: &[Event]) {
        for event in events {
            match event {
                Event::Sanctioned { account, restrictions } => self.sessions.restrict(*account, restrictions),
                Event::SessionsEnded { account, devices } => {
                    self.sessions.end(*account, devices, &last_word(events));
                }
                _ => {}
            }
        }
    }
}

impl Accounts {
    async fn load_session(&self, token_hash: SecretHash) -> Result<Arc<Session>> {
        loop {
            let changes = self.sessions.changes();
            let row = self.foundation.store.get(&SESSION, &token_hash).await?.ok_or_else(unauthenticated)?;
            if row.awaits_first_use {
                let used = move |tx: &mut Tx<'_>| devices::set_awaits_first_use(tx, &token_hash, false);
                self.foundation.store.transact(used).await?;
            }
            let stored_use = Time(row.last_used_at_ms);
            let session = session(&row);
            session.used(stored_use);
            let restrictions = sanctions::load_restrictions(&self.foundation.store, session.account).await?;
            session.restrict(&restrictions);
            if let Some(shared) = self.sessions.insert(token_hash, session, stored_use, changes) {
                return Ok(shared);
            }
        }
    }

    /// Work in the background, for as long as the server runs.
    pub async fn run(self: Arc<Self>) {
        loop {
            tokio::time::sleep(TIDY_EVERY).await;
            if let Err(error) = self.tidy().await {
                tracing::warn!(%error, "uses of sessions could not be written; trying again in a minute");
            }
        }
    }

    /// Writes when devices were last used, and drops sessions that nobody used for too long.
    pub(super) async fn tidy(&self) -> Result<()> {
        let now = self.foundation.clock.now();
        let uses = self.sessions.unstored_uses(now, USES_PER_ROUND);
        for batch in uses.chunks(USES_BATCH) {
            self.store_uses(batch).await?;
        }
        drop(uses);
        audit::drop_old(&self.foundation.store, now).await?;
        self.sweep(now).await
    }

    async fn store_uses(&self, uses: &[Use]) -> Result<()> {
        let network = |s: &Session| s.network().filter(|_| !self.foundation.on_loopback);
        let rows: Vec<_> = uses
            .iter()
            .map(|u| {
                (u.token_hash, u.at, network(&u.session).map(|n| self.network_hash(u.session.account, n)))
            })
            .collect();
        let write = move |tx: &mut Tx<'_>| {
            for (token_hash, at, network) in &rows {
                let Some(mut row) = tx.get(&SESSION, token_hash)? else { continue };
                row.last_used_at_ms = row.last_used_at_ms.max(at.as_ms());
                tx.put(&SESSION, token_hash, &row)?;
                if let Some(network) = network {
                    devices::note_network(tx, AccountId(row.account_id), *network, *at)?;
                }
            }
            Ok(())
        };
        self.foundation.store.transact(write).await?;
        uses.iter().for_each(|u| self.sessions.stored(u));
        Ok(())
    }

    /// Goes round the stored sessions, some at a time.
    async fn sweep(&self, now: Time) -> Result<()> {
        let after = *self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        let range = after.map_or_else(KeyRange::all, |hash| KeyRange::all().after(&hash));
        let rows = self.foundation.store.scan(&SESSION, &range, SWEEP_BATCH, Order::Rising).await?;
        let next = rows.last().map(|(hash, _)| *hash).filter(|_| rows.len() == SWEEP_BATCH);
        let limits = self.device_limits();
        for (_, row) in rows {
            if limits.is_expired(Time(row.last_used_at_ms), now) {
                self.expire(AccountId(row.account_id), DeviceId(row.device_id), now).await?;
            }
        }
        *self.swept.lock().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    async fn expire(&self, account: AccountId, device: DeviceId, now: Time) -> Result<()> {
        let limits = self.device_limits();
        let end = move |tx: &mut Tx<'_>| {
            let device = devices::find(tx, account, device)?;
            let expired = device.filter(|d| limits.is_expired(Time(d.row.last_used_at_ms), now));
            devices::end(tx, account, expired.as_slice())
        };
        self.foundation.store.transact(end).await
    }
}

/// Why sessions end, from what the same commit tells the account's devices.
fn last_word(events: &[Event]) -> Cow<'static, str> {
    let told = events.iter().filter_map(|event| match event {
        Event::Deliver { message, .. } => match &message.event {
            Some(FollowEvent::Account(AccountEvent { what: Some(what), at_ms, .. })) => {
                Some((what, Time(*at_ms)))
            }
            _ => None,
        },
        _ => None,
    });
    let mut words = told.filter_map(|(what, at)| match what {
        What::SanctionsChanged(changed) => sanctions::shut_out_words(&changed.sanctions, at).map(Cow::Owned),
        What::DevicesChanged(changed) => Some(Cow::Borrowed(signed_out_words(changed.change()))),
        _ => None,
    });
    words.next().unwrap_or(Cow::Borrowed(EXPIRED))
}

fn signed_out_words(change: Change) -> &'static str {
    match change {
        Change::PasswordChanged => {
            "The password was changed on another device, which signed this one out. Sign in with the new one; \
             if that was not you, use a recovery code."
        }
        Change::Recovered => {
            "A recovery code set a new password, which signed all devices out. Sign in with the new one; \
             if that was not you, use another recovery code."
        }
        Change::SignedOut | Change::SignedIn => "This device was signed out. Sign in again to use it.",
        Change::Unspecified => EXPIRED,
    }
}

fn session(row: &SessionRow) -> Session {
    Session::new(AccountId(row.account_id), DeviceId(row.device_id), Time(row.account_created_at_ms))
}
