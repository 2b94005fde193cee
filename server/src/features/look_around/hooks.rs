//! What the room does in the transactions of earlier rooms: who says another gender is found by that, and whoever has
//! their places forgotten, by whatever plug-in, is found no more.

use super::tables::{self, VISIBLE};
use crate::error::Result;
use crate::features::accounts::AccountHooks;
use crate::features::place::PlaceHooks;
use crate::id::{AccountId, ConversationId};
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::common::Gender;

/// The room's part in the transactions of others.
pub struct Hooks;

impl AccountHooks for Hooks {
    fn on_registered(&self, _: &mut Tx<'_>, _: AccountId, _: ConversationId, _: Time) -> Result<()> {
        Ok(())
    }

    fn on_new_gender(&self, tx: &mut Tx<'_>, account: AccountId, gender: Gender) -> Result<()> {
        let Some(mut row) = tx.get(&VISIBLE, &account)? else { return Ok(()) };
        row.set_gender(gender);
        tables::show(tx, account, Some(row))
    }
}

impl PlaceHooks for Hooks {
    fn on_forgotten(&self, tx: &mut Tx<'_>, account: AccountId) -> Result<()> {
        match tx.get(&VISIBLE, &account)? {
            Some(_) => tables::show(tx, account, None),
            None => Ok(()),
        }
    }
}
