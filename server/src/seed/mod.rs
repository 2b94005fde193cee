//! `teahouse-server seed`: fills an empty store with simulated people for load tests. What it makes is a function of
//! the seed and the number, so the generator knows the same tokens, names and places without asking.

pub mod city;

use crate::config::Config;
pub use crate::config::flags::Friends;
use crate::error::Result;
use crate::features::accounts::{self, AccountHooks, SeedPerson};
use crate::features::{chat, contacts, look_around, place, shake};
use crate::geo::{Published, State};
use crate::id::{AccountId, DeviceId, IdGenerator};
use crate::random::Random;
use crate::store::{Store, Tx};
use crate::time::{Clock, Time};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use city::World;
use futures::stream::{self, StreamExt, TryStreamExt};
use sha2::{Digest, Sha256};
use std::error::Error;
use std::sync::Arc;
use teahouse_proto::accounts::Profile;
use teahouse_proto::common::Gender;

/// The password that all simulated people share.
pub const PASSWORD: &str = "load test password";
/// People made in one transaction.
const BATCH: usize = 200;
/// Transactions under way, so that the store has always something to write.
const AT_ONCE: usize = 8;

/// Whom to make.
#[derive(Clone, Debug)]
pub struct Crowd {
    /// Whoever knows it knows the people's tokens.
    pub seed: String,
    /// How many in all.
    pub users: usize,
    /// How many of them use the location plug-ins, the first ones.
    pub visible: usize,
    /// Who is whose friend.
    pub friends: Friends,
}

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

/// What strangers see of a simulated person. Some have another name there; each name is one person's alone.
pub fn profile(index: usize) -> Profile {
    let genders = [Gender::Unspecified, Gender::Female, Gender::Male];
    let is = |one_of: usize, text: String| if index.is_multiple_of(one_of) { text } else { String::new() };
    Profile {
        display_name: username(index),
        gender: genders[index % genders.len()].into(),
        signature: is(4, format!("The tea is on the table, and the door is open to person {index}.")),
        stranger_name: is(7, format!("Passer-by {index}")),
        ..Profile::default()
    }
}

/// Whose name it is, of those that [`profile`] gives.
pub fn index_of(name: &str) -> Option<usize> {
    name.strip_prefix("person").or_else(|| name.strip_prefix("Passer-by "))?.parse().ok()
}

/// Fills the store of `config`.
///
/// # Errors
/// A store that is not empty, and what the store says.
pub async fn fill(config: &Config, crowd: &Crowd) -> Result<(), Box<dyn Error>> {
    let (clock, random) = (Clock::system(), Random::from_os());
    let (store, _published) = Store::open(&config.store, &config.data, &clock, &random)?;
    if !accounts::is_empty(&store).await? {
        return Err("The store is not empty. Seed a fresh one: choose another directory with --data.".into());
    }
    let password_hash: Arc<str> = accounts::hash(&config.accounts, random, PASSWORD).await?.into();
    let ids = IdGenerator::new(clock.clone(), 0);
    let (mut all, now, world) = (Vec::with_capacity(crowd.users), clock.now(), World::new(&crowd.seed));
    let mut batches = stream::iter((0..crowd.users).step_by(BATCH))
        .map(|first| {
            let people = first..crowd.users.min(first + BATCH);
            let visible = first..crowd.visible.min(people.end);
            let batch = Batch {
                people: people.map(|index| person(&ids, &crowd.seed, index)).collect(),
                visible: visible.map(|index| world.life(index).remembered(now)).collect(),
                friends: crowd.friends,
                hooks: chat::Hooks::new(ids.clone()),
                password_hash: password_hash.clone(),
            };
            store.transact(move |tx| batch.insert(tx, now))
        })
        .buffered(AT_ONCE);
    while let Some(made) = batches.try_next().await? {
        all.extend(made);
    }
    if let (Friends::Group, Some((owner, members))) = (crowd.friends, all.split_first()) {
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
        profile: profile(index),
        token: token(seed, index),
    }
}

struct Batch {
    people: Vec<SeedPerson>,
    /// Where those of them were who use the plug-ins, the first ones.
    visible: Vec<(State, Published)>,
    friends: Friends,
    hooks: chat::Hooks,
    password_hash: Arc<str>,
}

impl Batch {
    /// Makes them, and says who they are.
    fn insert(&self, tx: &mut Tx<'_>, now: Time) -> Result<Vec<AccountId>> {
        for person in &self.people {
            accounts::insert(tx, person, &self.password_hash, now)?;
            self.hooks.on_registered(tx, person.id, person.self_conversation, now)?;
        }
        if self.friends == Friends::Pairs {
            for pair in self.people.chunks_exact(2) {
                contacts::seed_friends(tx, &self.hooks, pair[0].id, pair[1].id, now)?;
            }
        }
        for (person, (state, published)) in self.people.iter().zip(&self.visible) {
            place::seed(tx, person.id, state.clone())?;
            let (gender, looked_at) = (person.profile.gender(), now - city::EVENING_AGO);
            look_around::seed(tx, person.id, published.cell, gender, looked_at)?;
            shake::seed(tx, person.id)?;
        }
        Ok(self.people.iter().map(|person| person.id).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn whoever_shows_a_name_is_known_by_it() {
        let mut names = HashSet::new();
        for index in 0..500 {
            let profile = profile(index);
            let own = Some(profile.stranger_name.as_str()).filter(|name| !name.is_empty());
            let shown = own.unwrap_or(&profile.display_name);
            assert_eq!(index_of(shown), Some(index), "{shown}");
            assert!(names.insert(shown.to_owned()), "{shown}");
        }
        assert_eq!(index_of("somebody1"), None);
    }
}
