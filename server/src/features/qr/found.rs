//! What a token stands for at this moment. Unknown, reset, expired and switched-off codes are one answer, and it is
//! looked for in the same way whichever it is, so the time that it takes tells no more than the answer.

use super::Qr;
use super::tables::{CODE, CodeRow, MYSELF, Token};
use crate::error::Result;
use crate::features::accounts::{self, Person};
use crate::features::chat::GroupView;
use crate::features::groups::Resets;
use crate::id::{AccountId, ConversationId};
use crate::time::Time;
use teahouse_proto::common::Way;

/// Whom nobody is: asked for where there is no code.
const NOBODY: AccountId = AccountId(0);

/// What a code stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    /// Somebody who can be found in this way, or the viewer.
    Person(Box<Person>),
    /// A group.
    Group(Box<SharedGroup>),
}

/// A group whose code was scanned.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SharedGroup {
    pub(super) id: ConversationId,
    pub(super) view: GroupView,
    /// The member whose code it is.
    pub(super) sharer: Person,
    /// After which resets it was made.
    pub(super) resets: Resets,
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
        let code = live.unwrap_or(CodeRow { account: NOBODY.0, ..CodeRow::default() });
        let person = accounts::load(store, code.owner()).await?;
        // Looked for also where the code is of a person, or of nothing.
        let resets = Resets::load(store, code.what(), code.owner()).await?;
        let group = self.chat.group_view(code.what()).await?;
        let is_shared = self.is_shared(&code).await? && resets == code.resets();
        Ok(match (person, group) {
            (Some(person), None) if code.what() == MYSELF => {
                let is_open = Some(person.id) == viewer || person.can_be_added_by(Way::Qr);
                is_open.then(|| Found::Person(Box::new(person)))
            }
            (Some(sharer), Some(view)) if is_shared && !view.dissolved => {
                Some(Found::Group(Box::new(SharedGroup { id: code.what(), view, sharer, resets })))
            }
            _ => None,
        })
    }

    /// Whether who made the code of a group has been in it ever since.
    async fn is_shared(&self, code: &CodeRow) -> Result<bool> {
        let members = self.chat.group_members(code.what(), &[code.owner()]).await?;
        Ok(members.iter().any(|member| member.joined_at.as_ms() <= code.made_at_ms))
    }
}
