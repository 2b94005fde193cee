//! What somebody sees of a group or of an invitation, for a report. It does not know who reports, nor why.

use super::room::Room;
use super::{Groups, invitations, rules};
use crate::error::Result;
use crate::id::{AccountId, ConversationId, InvitationId};
use crate::store::Tx;
use crate::time::Time;
use std::sync::Arc;
use teahouse_proto::chat::GroupInvitation;
use teahouse_proto::groups::Group;

/// Tells later rooms what somebody sees. Clones are the same.
#[derive(Clone)]
pub struct Witness(Arc<Room>);

impl Witness {
    /// A group that somebody is in: name, picture, announcement, owner. `CONVERSATION_NOT_FOUND` else.
    pub fn group(&self, tx: &mut Tx<'_>, me: AccountId, id: ConversationId) -> Result<Group> {
        self.0.group(tx, id, me)
    }

    /// An invitation of somebody's, answered or not, that has not expired, and its group; `INVITATION_NOT_FOUND` else.
    pub fn invitation(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: InvitationId,
        now: Time,
    ) -> Result<(ConversationId, GroupInvitation)> {
        let row = invitations::by_id(tx, me, id, now)?;
        let group = self.0.chat.view(tx, row.conversation())?.ok_or_else(rules::invitation_not_found)?;
        let caution = invitations::caution(&self.0, tx, row.inviter(), now)?;
        Ok((row.conversation(), invitations::told(id, &row, &group, caution)))
    }
}

impl Groups {
    /// What members and invited people see, for a later room.
    pub fn witness(&self) -> Witness {
        Witness(self.room.clone())
    }
}
