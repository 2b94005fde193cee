//! The sessions in use on this node, so that a known token costs no read of the store, and a sign-out reaches every
//! socket at once. It reads nothing itself: the room loads sessions into it and tells it which are over.
//!
//! A session must not get in here from rows that were read before a sign-out or a sanction and arrive after it. So whoever
//! loads one notes [`Sessions::changes`] before reading, and [`Sessions::insert`] refuses where anything changed since.

use super::tables::SecretHash;
use crate::call::Session;
use crate::id::{AccountId, DeviceId};
use crate::restrictions::Restrictions;
use crate::time::Time;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// Parts of each map: enough that calls seldom meet.
const SHARDS: usize = 64;

/// A session and what the store knows of its use.
struct Cached {
    session: Arc<Session>,
    stored_use_ms: AtomicI64,
}

impl Cached {
    /// Whether the store knows the hour of the last use.
    fn is_stored(&self) -> bool {
        self.session.last_use().to_hour().as_ms() <= self.stored_use_ms.load(Ordering::Relaxed)
    }

    /// Whether a socket or a call holds it besides this map. Only this map hands it out, under its lock.
    fn is_held(&self) -> bool {
        Arc::strong_count(&self.session) > 1
    }
}

#[derive(Default)]
struct TokenShard {
    sessions: HashMap<SecretHash, Cached>,
    /// How many sessions there may be before the idle ones are looked through again.
    look_at: usize,
}

type AccountShard = HashMap<AccountId, Vec<(DeviceId, SecretHash)>>;

/// A use of a session that the store does not know yet.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) token_hash: SecretHash,
    pub(super) session: Arc<Session>,
    pub(super) at: Time,
}

/// The sessions in use. Lock order: a shard of accounts, then one of tokens.
pub(super) struct Sessions {
    tokens: Vec<RwLock<TokenShard>>,
    accounts: Vec<Mutex<AccountShard>>,
    changes: AtomicU64,
    idle_per_shard: usize,
}

impl Sessions {
    /// Keeps up to `idle` sessions that nothing holds, besides those that something does.
    pub(super) fn new(idle: usize) -> Self {
        Self {
            tokens: (0..SHARDS).map(|_| RwLock::default()).collect(),
            accounts: (0..SHARDS).map(|_| Mutex::default()).collect(),
            changes: AtomicU64::new(0),
            idle_per_shard: (idle / SHARDS).max(1),
        }
    }

    /// The session of a token, if it is here.
    pub(super) fn find(&self, token_hash: &SecretHash) -> Option<Arc<Session>> {
        let shard = self.tokens(token_hash).read().unwrap_or_else(PoisonError::into_inner);
        shard.sessions.get(token_hash).map(|c| c.session.clone())
    }

    /// Grows whenever sessions end, or are restricted otherwise than before.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Takes in a session that was read from the store after [`Sessions::changes`] gave `changes`, and gives the one that
    /// is shared from now on. `None` where something changed in between: read again.
    pub(super) fn insert(
        &self,
        token_hash: SecretHash,
        session: Session,
        stored_use: Time,
        changes: u64,
    ) -> Option<Arc<Session>> {
        let (account, device) = (session.account, session.device);
        let mut devices = self.account(account);
        // A change counts first and then waits for this lock: what it missed here, it finds there.
        if self.changes() != changes {
            return None;
        }
        let mut shard = self.tokens(&token_hash).write().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = shard.sessions.get(&token_hash) {
            return Some(cached.session.clone());
        }
        let session = Arc::new(session);
        let stored_use_ms = AtomicI64::new(stored_use.as_ms());
        shard.sessions.insert(token_hash, Cached { session: session.clone(), stored_use_ms });
        let here = devices.entry(account).or_default();
        // Most people have one device, and there may be many people.
        here.reserve_exact(1);
        here.push((device, token_hash));
        let full = shard.sessions.len() > shard.look_at.max(self.idle_per_shard);
        drop((shard, devices));
        if full {
            self.make_room(&token_hash);
        }
        Some(session)
    }

    /// Ends sessions that the store no longer has.
    pub(super) fn end(&self, account: AccountId, ended: &[DeviceId], last_word: &str) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        let mut devices = self.account(account);
        let Some(here) = devices.get_mut(&account) else { return };
        let mut over = Vec::new();
        here.retain(|(device, token_hash)| {
            let ends = ended.contains(device);
            if ends {
                let mut shard = self.tokens(token_hash).write().unwrap_or_else(PoisonError::into_inner);
                over.extend(shard.sessions.remove(token_hash));
            }
            !ends
        });
        if here.is_empty() {
            devices.remove(&account);
        }
        drop(devices);
        for cached in over {
            cached.session.end_because(last_word.to_owned());
        }
    }

    /// Restricts the sessions of an account as the store now says.
    pub(super) fn restrict(&self, account: AccountId, restrictions: &Restrictions) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        let devices = self.account(account);
        for (_, token_hash) in devices.get(&account).into_iter().flatten() {
            let shard = self.tokens(token_hash).read().unwrap_or_else(PoisonError::into_inner);
            if let Some(cached) = shard.sessions.get(token_hash) {
                cached.session.restrict(restrictions);
            }
        }
    }

    /// Uses that the store does not know to the hour, at most `limit`. A session that is held is in use now, also
    /// where its socket is silent.
    pub(super) fn unstored_uses(&self, now: Time, limit: usize) -> Vec<Use> {
        let mut uses = Vec::new();
        for shard in &self.tokens {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            for (token_hash, cached) in &shard.sessions {
                if cached.is_held() {
                    cached.session.used(now);
                }
                if !cached.is_stored() {
                    let (session, at) = (cached.session.clone(), cached.session.last_use());
                    uses.push(Use { token_hash: *token_hash, session, at });
                    if uses.len() == limit {
                        return uses;
                    }
                }
            }
        }
        uses
    }

    /// Notes that the store knows of a use.
    pub(super) fn stored(&self, stored: &Use) {
        let shard = self.tokens(&stored.token_hash).read().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = shard.sessions.get(&stored.token_hash) {
            cached.stored_use_ms.fetch_max(stored.at.as_ms(), Ordering::Relaxed);
        }
    }

    /// How many sessions are here.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.tokens.iter().map(|s| s.read().unwrap().sessions.len()).sum()
    }

    /// Drops the longer unused half of what nothing holds in the shard of a token. What is held must stay, or a
    /// sign-out would not find it; so must what the store does not know yet, or the device would seem unused.
    fn make_room(&self, full: &SecretHash) {
        let mut idle: Vec<(Time, AccountId, SecretHash)> = {
            let shard = self.tokens(full).read().unwrap_or_else(PoisonError::into_inner);
            let idle = shard.sessions.iter().filter(|(_, c)| !c.is_held() && c.is_stored());
            idle.map(|(hash, c)| (c.session.last_use(), c.session.account, *hash)).collect()
        };
        let keep = self.idle_per_shard / 2;
        if idle.len() > keep {
            idle.sort_unstable_by_key(|(last_use, ..)| std::cmp::Reverse(*last_use));
            for (_, account, token_hash) in idle.drain(keep..) {
                self.drop_idle(account, &token_hash);
            }
        }
        let mut shard = self.tokens(full).write().unwrap_or_else(PoisonError::into_inner);
        shard.look_at = shard.sessions.len() + self.idle_per_shard / 2;
    }

    fn drop_idle(&self, account: AccountId, token_hash: &SecretHash) {
        let mut devices = self.account(account);
        let mut shard = self.tokens(token_hash).write().unwrap_or_else(PoisonError::into_inner);
        if shard.sessions.get(token_hash).is_none_or(Cached::is_held) {
            return;
        }
        shard.sessions.remove(token_hash);
        if let Some(here) = devices.get_mut(&account) {
            here.retain(|(_, hash)| hash != token_hash);
            if here.is_empty() {
                devices.remove(&account);
            }
        }
    }

    fn tokens(&self, token_hash: &SecretHash) -> &RwLock<TokenShard> {
        &self.tokens[usize::from(token_hash[0]) % SHARDS]
    }

    fn account(&self, account: AccountId) -> MutexGuard<'_, AccountShard> {
        // Ids end in the sequence within a millisecond; mixing spreads them.
        let mixed = account.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        self.accounts[mixed as usize % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
