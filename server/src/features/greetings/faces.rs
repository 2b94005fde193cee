//! Faces in memory: what strangers may see of people, so that a page of cards reads nothing. A face is dropped when its
//! person changes, before the change is answered, and after a day, when words of care are made anew. It reads nothing
//! itself.
//!
//! A face must not get in here from a row that was read before a change and arrive after it. So whoever loads one notes
//! [`Faces::changes`] before reading, and [`Faces::insert`] refuses where anybody of the same shard changed since.

use crate::features::accounts::Person;
use crate::id::AccountId;
use crate::time::{DAY, Time};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use teahouse_proto::accounts::AddWays;
use teahouse_proto::common::{Band, Caution, Gender, StrangerCard, Way};

/// Parts of the map: enough that looks seldom meet.
const SHARDS: usize = 64;

/// What strangers may see of a person.
#[derive(Clone, PartialEq)]
pub struct Face {
    name: String,
    picture: String,
    gender: Gender,
    region: String,
    signature: String,
    caution: Caution,
    add_ways: AddWays,
    made_at: Time,
}

impl Face {
    pub(super) fn new(person: &Person, now: Time, on_loopback: bool) -> Self {
        let (name, picture) = person.stranger_face();
        Self {
            name: name.to_owned(),
            picture: picture.to_owned(),
            gender: person.gender,
            region: person.region(),
            signature: person.signature.clone(),
            caution: person.caution(now, on_loopback),
            add_ways: person.add_ways,
            made_at: now,
        }
    }

    /// Their gender, as they said it.
    pub fn gender(&self) -> Gender {
        self.gender
    }

    /// Whether they let themselves be found in this way.
    pub fn can_be_found_by(&self, way: Way) -> bool {
        match way {
            Way::LookAround => self.add_ways.by_look_around,
            Way::Shake => self.add_ways.by_shake,
            Way::Group => self.add_ways.by_group,
            Way::Bottle => self.add_ways.by_bottle,
            Way::Unspecified | Way::Username | Way::Qr | Way::ContactCard => false,
        }
    }

    /// The card, with nothing to do anything with.
    pub fn card(&self, way: Way, band: Band) -> StrangerCard {
        StrangerCard {
            handle: bytes::Bytes::new(),
            name: self.name.clone(),
            picture: self.picture.clone(),
            gender: self.gender.into(),
            region: self.region.clone(),
            signature: self.signature.clone(),
            caution: self.caution.into(),
            way: way.into(),
            band: band.into(),
        }
    }
}

#[derive(Default)]
struct Shard {
    faces: HashMap<AccountId, Arc<Face>>,
    changes: u64,
}

/// The faces in memory.
pub(super) struct Faces {
    shards: Vec<RwLock<Shard>>,
    per_shard: usize,
}

impl Faces {
    /// Keeps about so many.
    pub(super) fn new(most: usize) -> Self {
        let shards = (0..SHARDS).map(|_| RwLock::default()).collect();
        Self { shards, per_shard: most.div_ceil(SHARDS) }
    }

    /// The face of a person, if it is here and not too old.
    pub(super) fn find(&self, account: AccountId, now: Time) -> Option<Arc<Face>> {
        let shard = self.shard(account).read().unwrap_or_else(PoisonError::into_inner);
        shard.faces.get(&account).filter(|face| now.since(face.made_at) < DAY).cloned()
    }

    /// Grows whenever somebody changes whose face would be kept beside this one.
    pub(super) fn changes(&self, account: AccountId) -> u64 {
        self.shard(account).read().unwrap_or_else(PoisonError::into_inner).changes
    }

    /// Takes in a face that was read after [`Faces::changes`] gave `changes`.
    pub(super) fn insert(&self, account: AccountId, face: Arc<Face>, changes: u64) {
        let mut shard = self.write(account);
        if shard.changes != changes {
            return;
        }
        if shard.faces.len() >= self.per_shard {
            // Any will do: whoever is looked at often is soon here again. Several at once, so that it is seldom.
            let mut at = 0_u32;
            shard.faces.retain(|_, _| {
                at = at.wrapping_add(1);
                !at.is_multiple_of(4)
            });
            if shard.faces.len() >= self.per_shard {
                shard.faces.clear();
            }
        }
        shard.faces.insert(account, face);
    }

    /// Somebody looks different from now on.
    pub(super) fn drop_face(&self, account: AccountId) {
        let mut shard = self.write(account);
        shard.changes += 1;
        shard.faces.remove(&account);
    }

    /// Anybody may look different.
    pub(super) fn drop_all(&self) {
        for shard in &self.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.changes += 1;
            shard.faces.clear();
        }
    }

    fn write(&self, account: AccountId) -> RwLockWriteGuard<'_, Shard> {
        self.shard(account).write().unwrap_or_else(PoisonError::into_inner)
    }

    fn shard(&self, account: AccountId) -> &RwLock<Shard> {
        // Neighbouring ids differ in their low bits where they were made in a row, and above them where they were not.
        let mixed = account.0 ^ account.0 >> 12 ^ account.0 >> 22;
        &self.shards[mixed as usize % SHARDS]
    }

    /// How many are here.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|s| s.read().unwrap_or_else(PoisonError::into_inner).faces.len()).sum()
    }
}
