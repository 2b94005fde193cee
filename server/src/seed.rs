//! `teahouse-server seed`: fills an empty store with simulated people for load tests. What it makes is a function of
//! the seed and the number, so the generator knows the same tokens without asking.

use crate::config::Config;
pub use crate::config::flags::Friends;
use crate::error::Result;
use crate::features::accounts::{self, AccountHooks, SeedPerson};
use crate::features::{chat, contacts};
use crate::id::{AccountId, DeviceId, IdGenerator};
use crate::random::Random;
use crate::store::Store;
use crate::time::Clock;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::error::Error;
use std::sync::Arc;

/// The password that all simulated people share.
pub const PASSWORD: &str = "load test password";
/// People made in one transaction.
const BATCH: usize = 200;

/// The token of a simulated person.
pub fn token(seed: &str, index: usize) -> String {
    let mut hash = Sha256::new();
    hash.update(b"teahouse seed\0");
    hash.update(seed.as_bytes());
    hash.update((index as u64).to_be_bytes());
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// The username of a simulated person.
pub fn username(index: usize) -> String {
    format!("person{index}")
}

/// Fills the store of `config`.
///
/// # Errors
/// A store that is not empty, and what the store says.
pub async fn fill(config: &Config, seed: &str, users: usize, friends: Friends) -> Result<(), Box<dyn Error>> {
    let (clock, random) = (Clock::system(), Random::from_os());
    let (store, _published) = Store::open(&config.store, &config.data, &clock, &random)?;
    if !accounts::is_empty(&store).await? {
        return Err("The store is not empty. Seed a fresh one: choose another directory with --data.".into());
    }
    let password_hash: Arc<str> = accounts::hash(&config.accounts, random, PASSWORD).await?.into();
    let ids = IdGenerator::new(clock.clone(), 0);
    let mut all = Vec::new();
    for first in (0..users).step_by(BATCH) {
        let batch = Batch {
            people: (first..users.min(first + BATCH)).map(|index| person(&ids, seed, index)).collect(),
            friends,
            hooks: chat::Hooks::new(ids.clone()),
            password_hash: password_hash.clone(),
        };
        let now = clock.now();
        all.extend(batch.people.iter().map(|person| person.id));
        store.transact(move |tx| batch.insert(tx, now)).await?;
    }
    if let (Friends::Group, Some((owner, members))) = (friends, all.split_first()) {
        let groups = chat::Groups::new(ids.clone(), clock.clone(), &config.chat);
        let (id, owner, members, now) = (ids.next(), *owner, members.to_vec(), clock.now());
        store.transact(move |tx| groups.create(tx, id, "everybody", owner, &members, now)).await?;
    }
    store.close().await;
    Ok(())
}

fn person(ids: &IdGenerator, seed: &str, index: usize) -> SeedPerson {
    SeedPerson {
        id: ids.next::<AccountId>(),
        device: ids.next::<DeviceId>(),
        self_conversation: ids.next(),
        username: username(index),
        token: token(seed, index),
    }
}

struct Batch {
    people: Vec<SeedPerson>,
    friends: Friends,
    hooks: chat::Hooks,
    password_hash: Arc<str>,
}

impl Batch {
    fn insert(&self, tx: &mut crate::store::Tx<'_>, now: crate::time::Time) -> Result<()> {
        for person in &self.people {
            accounts::insert(tx, person, &self.password_hash, now)?;
            self.hooks.on_registered(tx, person.id, person.self_conversation, now)?;
        }
        if self.friends == Friends::Pairs {
            for pair in self.people.chunks_exact(2) {
                contacts::seed_friends(tx, &self.hooks, pair[0].id, pair[1].id, now)?;
            }
        }
        Ok(())
    }
}
