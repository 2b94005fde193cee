//! Which codes of a group count: such as were made after the last reset, of everybody's codes and of their sharer's. Kept
//! here and not with the codes, so that what came of a code can be asked whether that still counts. It is a count and no
//! time, so that no clock decides. It does not know what a code looks like, nor who may reset it.

use super::tables::{RESETS, ResetsRow};
use crate::error::Result;
use crate::id::{AccountId, ConversationId};
use crate::store::{Store, Tx};

/// Whose codes are everybody's.
const EVERYBODY: AccountId = AccountId(0);

/// After how many resets a code was made. It counts as long as there was no further one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resets {
    /// Of the codes of all members.
    pub everybodys: u64,
    /// Of its sharer's own.
    pub own: u64,
}

impl Resets {
    /// For a code that `sharer` makes now.
    pub fn get(tx: &mut Tx<'_>, group: ConversationId, sharer: AccountId) -> Result<Self> {
        let mut number = |who| Ok(tx.get(&RESETS, &(group, who))?.unwrap_or_default().number);
        Ok(Self { everybodys: number(EVERYBODY)?, own: number(sharer)? })
    }

    /// The same, outside of a transaction.
    pub async fn load(store: &Store, group: ConversationId, sharer: AccountId) -> Result<Self> {
        let everybodys = store.get(&RESETS, &(group, EVERYBODY)).await?.unwrap_or_default().number;
        let own = store.get(&RESETS, &(group, sharer)).await?.unwrap_or_default().number;
        Ok(Self { everybodys, own })
    }
}

/// From here on no earlier code for a group counts, nor what came of one: of `sharer`, or `None`: of all members.
pub fn reset_codes(tx: &mut Tx<'_>, group: ConversationId, sharer: Option<AccountId>) -> Result<()> {
    let key = (group, sharer.unwrap_or(EVERYBODY));
    let number = tx.get(&RESETS, &key)?.unwrap_or_default().number + 1;
    tx.put(&RESETS, &key, &ResetsRow { number })
}
