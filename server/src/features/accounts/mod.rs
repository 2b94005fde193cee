//! Who somebody is: accounts, sign-in, recovery, profile, and the devices that are signed in. The only room that
//! knows passwords and tokens. It knows nothing of friends, conversations or places; later rooms that must do
//! something when an account is made hand in [`AccountHooks`].

#[cfg(test)]
pub(crate) mod fixture;
mod person;
mod tables;

pub use person::{Person, load, person, person_by_username};

use crate::error::Result;
use crate::id::{AccountId, ConversationId};
use crate::store::Tx;
use crate::time::Time;

/// What later rooms do in the transaction that concerns an account.
pub trait AccountHooks: Send + Sync {
    /// A new account, in the transaction that makes it. `self_conversation` is the id that its conversation with
    /// itself must get. An error undoes the registration.
    fn on_registered(
        &self,
        tx: &mut Tx<'_>,
        account: AccountId,
        self_conversation: ConversationId,
        now: Time,
    ) -> Result<()>;
}
