//! What the rooms' own tests stand on: a foundation in memory, and friendships without the long way to them.

use super::accounts::{Accounts, AccountsConfig};
use super::media::{Avatars, Media, MediaConfig, MediaHome};
use super::{Foundation, contacts};
use crate::bus::{Bus, Passing, Published};
use crate::delivery::Delivery;
use crate::error::Result;
use crate::id::{AccountId, ConversationId, IdGenerator};
use crate::random::Random;
use crate::seal::Seal;
use crate::store::{Store, Tx};
use crate::time::{Clock, Time};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver};

/// A foundation on a store in memory, and what its transactions publish.
pub(super) fn foundation() -> (Foundation, UnboundedReceiver<Published>) {
    let (foundation, published, _) = foundation_with_bus();
    (foundation, published)
}

/// The same, and what is told in passing.
pub(super) fn foundation_with_bus() -> (Foundation, UnboundedReceiver<Published>, Receiver<Passing>) {
    let (bus, passing) = Bus::new();
    let (store, published) = Store::memory();
    let clock = Clock::system();
    let random = Random::seeded(7);
    let foundation = Foundation {
        delivery: Arc::new(Delivery::new(store.stamp())),
        bus,
        seal: Seal::new(&store.secret(), random.clone()),
        ids: IdGenerator::new(clock.clone(), 0),
        store,
        clock,
        random,
        on_loopback: true,
    };
    (foundation, published, passing)
}

/// An accounts room with cheap password hashes.
pub(super) fn accounts(foundation: &Foundation) -> Arc<Accounts> {
    let config = AccountsConfig { password_memory_kib: 8, password_passes: 1, ..AccountsConfig::default() };
    let avatars = Arc::new(Avatars::new(foundation.random.clone()));
    Arc::new(Accounts::new(foundation.clone(), config, Vec::new(), avatars).expect("a room"))
}

/// A media room with a directory of its own.
pub(super) fn media(foundation: &Foundation) -> (Arc<Media>, TempDir) {
    let dir = tempfile::tempdir().expect("a directory");
    let home = MediaHome { dir: dir.path().join("media"), min_free_bytes: 0, ephemeral: false };
    (Media::new(foundation.clone(), MediaConfig::default(), home).expect("a room"), dir)
}

/// Makes two accounts friends for the purposes of chat.
pub(super) async fn befriend(
    foundation: &Foundation,
    a: AccountId,
    b: AccountId,
    hook: impl Fn(&mut Tx<'_>, Time) -> Result<ConversationId> + Send + Sync + 'static,
) -> ConversationId {
    let now = foundation.clock.now();
    let befriend = foundation.store.transact(move |tx| {
        let id = hook(tx, now)?;
        contacts::set_friend(tx, a, b, Some(id))?;
        contacts::set_friend(tx, b, a, Some(id))?;
        Ok(id)
    });
    befriend.await.expect("friends")
}
