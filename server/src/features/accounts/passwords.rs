//! argon2id on a bounded part of the blocking pool: so many hashes at a time, so many callers waiting, and the rest is
//! told to come back. So a storm of sign-ins costs no more than that part of the machine.

use super::config::AccountsConfig;
use crate::error::{Error, Kind, Result};
use crate::random::Random;
use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Bytes of a salt (RFC 9106 recommends 16).
const SALT_BYTES: usize = 16;
/// When to come back after an overload: about what a full queue takes on one core.
const OVERLOAD_WAIT: Duration = Duration::from_secs(3);

/// Hashes and verifies passwords.
pub(super) struct Passwords {
    argon2: Argon2<'static>,
    /// What unknown users' passwords are compared with. No password has this hash.
    nobodys_hash: Arc<str>,
    workers: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
    random: Random,
    #[cfg(test)]
    pub(super) runs: AtomicUsize,
}

impl Passwords {
    /// # Errors
    /// Parameters that argon2 does not take.
    pub(super) fn new(config: &AccountsConfig, random: Random) -> Result<Self> {
        let params = config.password_params().map_err(invalid_params)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let nobodys_hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: (&params).try_into().map_err(invalid_params)?,
            salt: Some(Salt::new(&random.bytes::<SALT_BYTES>()).map_err(invalid_params)?),
            hash: Some(
                Output::new(&random.bytes::<{ Params::DEFAULT_OUTPUT_LEN }>()).map_err(invalid_params)?,
            ),
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = match config.password_workers {
            0 => (cores / 2).max(1),
            n => n as usize,
        };
        Ok(Self {
            argon2,
            nobodys_hash: nobodys_hash.to_string().into(),
            workers: Arc::new(Semaphore::new(workers)),
            waiting: AtomicUsize::new(0),
            queue: config.password_queue as usize,
            random,
            #[cfg(test)]
            runs: AtomicUsize::new(0),
        })
    }

    /// The PHC string to keep of a password. Errors: `OVERLOADED`.
    pub(super) async fn hash(&self, password: Zeroizing<String>) -> Result<String> {
        let (argon2, salt) = (self.argon2.clone(), self.random.bytes::<SALT_BYTES>());
        let hash = self.run(move || argon2.hash_password_with_salt(password.as_bytes(), &salt)).await?;
        hash.map(|h: PasswordHash| h.to_string()).map_err(Error::internal)
    }

    /// Whether this is the password of a PHC string. Without a string, or without a password that anybody could have,
    /// the answer is no, after the same work. Errors: `OVERLOADED`.
    pub(super) async fn verify(
        &self,
        password: Option<Zeroizing<String>>,
        hash: Option<&str>,
    ) -> Result<bool> {
        let argon2 = self.argon2.clone();
        let (possible, password) = (password.is_some() && hash.is_some(), password.unwrap_or_default());
        let hash = hash.map_or_else(|| self.nobodys_hash.clone(), Arc::from);
        // The parameters of the string count, so hashes made under earlier settings stay good.
        let right = self.run(move || argon2.verify_password(password.as_bytes(), &*hash)).await?;
        match right {
            Ok(()) => Ok(possible),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(e) => Err(Error::internal(e)),
        }
    }

    /// Whether a PHC string was made with less work than is asked for now, so that it should be made anew.
    pub(super) fn is_weak(&self, hash: &str) -> bool {
        let made = PasswordHash::new(hash).ok().and_then(|hash| Params::try_from(&hash).ok());
        let now = self.argon2.params();
        made.is_some_and(|made| made.m_cost() < now.m_cost() || made.t_cost() < now.t_cost())
    }

    /// Keeps one worker from working.
    #[cfg(test)]
    pub(super) async fn occupy(&self) -> tokio::sync::OwnedSemaphorePermit {
        self.workers.clone().acquire_owned().await.unwrap()
    }

    /// How many wait for a worker.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let waiting = Waiting::enter(&self.waiting, self.queue)?;
        let permit = self.workers.clone().acquire_owned().await.map_err(Error::internal)?;
        drop(waiting);
        #[cfg(test)]
        self.runs.fetch_add(1, Ordering::Relaxed);
        // The permit goes along: a caller that gives up does not make room for a second hash beside this one.
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        done.await.map_err(Error::internal)
    }
}

/// A place in the queue; left when dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize, limit: usize) -> Result<Self> {
        let place = Self(count);
        if count.fetch_add(1, Ordering::Relaxed) < limit {
            return Ok(place);
        }
        drop(place);
        Err(Error::new(
            Kind::Unavailable,
            "OVERLOADED",
            "Too many people are signing in at this moment. Try again in a few seconds.",
        )
        .retry_after(OVERLOAD_WAIT))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn invalid_params(e: impl std::fmt::Display) -> Error {
    Error::internal(format!("accounts.password_*: {e}"))
}
