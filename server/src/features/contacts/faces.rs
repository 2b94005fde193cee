//! Friends of somebody with a new name or picture are told, those who are connected, in the background. Whoever is not
//! sees it when they next list their friends: five thousand rows for each change would be too dear. It knows no profile.

use super::room::tell;
use super::tables::{FRIEND, NEW_FACE};
use super::{Contacts, friend_ids};
use crate::error::Result;
use crate::features::accounts::AccountHooks;
use crate::id::{AccountId, ConversationId};
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::Time;

/// Rows read, and friends told, in one step.
const BATCH: usize = 100;

/// Contacts' part in the transactions of the accounts room.
pub struct Faces;

impl AccountHooks for Faces {
    fn on_registered(&self, _: &mut Tx<'_>, _: AccountId, _: ConversationId, _: Time) -> Result<()> {
        Ok(())
    }

    fn on_new_face(&self, tx: &mut Tx<'_>, account: AccountId) -> Result<()> {
        tx.put(&NEW_FACE, &account, &())
    }
}

impl Contacts {
    /// Tells the friends of all who changed since the last time: so however often somebody changes, it is once a look.
    pub(super) async fn tell_new_faces(&self, now: Time) -> Result<()> {
        let store = &self.foundation.store;
        loop {
            let changed = store
                .transact(|tx| {
                    let changed = tx.scan(&NEW_FACE, &KeyRange::all(), BATCH, Order::Rising)?;
                    // First, so that a change from now on is told of again.
                    changed.iter().try_for_each(|(account, ())| tx.delete(&NEW_FACE, account))?;
                    Ok(changed)
                })
                .await?;
            for (account, ()) in &changed {
                self.tell_friends_of(*account, now).await?;
            }
            if changed.len() < BATCH {
                return Ok(());
            }
        }
    }

    /// Also friends who block the person, or whom the person blocks: a new name that does not come would tell of it.
    async fn tell_friends_of(&self, account: AccountId, now: Time) -> Result<()> {
        let store = &self.foundation.store;
        let mut after = None;
        loop {
            let friends = friend_ids(store, account, after, BATCH).await?;
            let connected: Vec<AccountId> = friends
                .iter()
                .copied()
                .filter(|friend| self.foundation.delivery.is_online(*friend))
                .collect();
            if !connected.is_empty() {
                let told = move |tx: &mut Tx<'_>| {
                    for friend in &connected {
                        if tx.get(&FRIEND, &(*friend, account))?.is_some() {
                            tell(tx, *friend, account, now)?;
                        }
                    }
                    Ok(())
                };
                store.transact(told).await?;
            }
            after = friends.last().copied();
            if friends.len() < BATCH {
                return Ok(());
            }
        }
    }
}
