//! What a token stands for at this moment. Unknown, reset, expired and switched-off codes are one answer, and it is
//! looked for in the same rows whichever it is, so the time that it takes tells no more than the answer.

use super::Qr;
use super::tables::{CODE, Token};
use crate::error::Result;
use crate::features::accounts::{self, Person};
use crate::id::AccountId;
use crate::time::Time;
use teahouse_proto::common::Way;

/// Whom nobody is: asked for where there is no code.
const NOBODY: AccountId = AccountId(0);

/// What a code stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    /// Somebody who can be found in this way, or the viewer.
    Person(Box<Person>),
}

impl Qr {
    /// What this token stands for, for `viewer`: an account, or somebody who is not signed in.
    pub(super) async fn find(
        &self,
        token: Option<Token>,
        viewer: Option<AccountId>,
        now: Time,
    ) -> Result<Option<Found>> {
        let store = &self.foundation.store;
        let code = store.get(&CODE, &token.unwrap_or_default()).await?;
        let live = code.filter(|code| token.is_some() && code.is_live(now));
        let person = accounts::load(store, live.map_or(NOBODY, |code| code.owner())).await?;
        let open = person.filter(|p| Some(p.id) == viewer || p.can_be_added_by(Way::Qr));
        Ok(open.map(|person| Found::Person(Box::new(person))))
    }
}
