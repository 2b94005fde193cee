//! What the groups room stores: all of a group that does not decide over a message. Who is in it lies in the chat room.

use crate::id::{AccountId, ConversationId, InvitationId, JoinRequestId};
use crate::store::Table;
use crate::time::Time;
use prost::Message;
use teahouse_proto::chat::JoinWay;
use teahouse_proto::groups::InviteOutcome;

/// Switches and counts of a group.
pub(super) const GROUP: Table<ConversationId, GroupRow> = Table::new("groups.group");
/// What was announced in a group.
pub(super) const ANNOUNCEMENT: Table<ConversationId, AnnouncementRow> = Table::new("groups.announcement");
/// (invited, invitation): invitations until they expire, settled ones too.
pub(super) const INVITATION: Table<(AccountId, InvitationId), InvitationRow> =
    Table::new("groups.invitation");
/// (group, invited): the latest invitation of somebody to a group.
pub(super) const INVITED: Table<(ConversationId, AccountId), InvitedRow> = Table::new("groups.invited");
/// How many invitations wait for an account.
pub(super) const WAITING: Table<AccountId, WaitingRow> = Table::new("groups.waiting");
/// (group, request): requests to join until they expire, declined ones too.
pub(super) const REQUEST: Table<(ConversationId, JoinRequestId), RequestRow> = Table::new("groups.request");
/// (group, account): the request of somebody to join a group.
pub(super) const REQUESTED: Table<(ConversationId, AccountId), RequestedRow> = Table::new("groups.requested");
/// (account, group): the account left, and nobody shall add it again.
pub(super) const REFUSED: Table<(AccountId, ConversationId), ()> = Table::new("groups.refused");
/// (group, invited, inviter): whom somebody named already.
pub(super) const ASK: Table<(ConversationId, AccountId, AccountId), AskRow> = Table::new("groups.ask");
/// (Unix milliseconds, a number of its own): when to look whether something has expired.
pub(super) const EXPIRY: Table<(u64, u64), ExpiryRow> = Table::new("groups.expiry");

/// (group, member; 0: all of them): how often the codes for a group were reset, where they were.
pub(super) const RESETS: Table<(ConversationId, AccountId), ResetsRow> = Table::new("groups.resets");
/// (Unix milliseconds, group): when to compose its picture.
pub(super) const REPAINT: Table<(u64, ConversationId), ()> = Table::new("groups.repaint");

/// Switches and counts of a group.
#[derive(Clone, PartialEq, Message)]
pub(super) struct GroupRow {
    #[prost(bool, tag = "1")]
    pub(super) approval: bool,
    #[prost(bool, tag = "2")]
    pub(super) members_private: bool,
    /// Somebody gave it a picture; otherwise it is composed.
    #[prost(bool, tag = "3")]
    pub(super) own_picture: bool,
    /// How many requests to join wait.
    #[prost(uint32, tag = "4")]
    pub(super) join_requests: u32,
    /// Whose pictures the composed one shows, as a hash.
    #[prost(fixed64, tag = "5")]
    pub(super) composed_of: u64,
    /// When it was last looked at.
    #[prost(int64, tag = "6")]
    pub(super) composed_at_ms: i64,
    /// When it is to be looked at again, as in [`REPAINT`]; 0: not.
    #[prost(int64, tag = "7")]
    pub(super) repaint_at_ms: i64,
    /// The upload that somebody's picture is a copy of.
    #[prost(string, tag = "8")]
    pub(super) upload: String,
}

/// How often codes were reset.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ResetsRow {
    #[prost(uint64, tag = "1")]
    pub(super) number: u64,
}

/// What was announced.
#[derive(Clone, PartialEq, Message)]
pub(super) struct AnnouncementRow {
    #[prost(string, tag = "1")]
    pub(super) text: String,
    #[prost(fixed64, tag = "2")]
    pub(super) by: u64,
    #[prost(int64, tag = "3")]
    pub(super) at_ms: i64,
}

/// An invitation.
#[derive(Clone, PartialEq, Message)]
pub(super) struct InvitationRow {
    #[prost(fixed64, tag = "1")]
    pub(super) conversation: u64,
    #[prost(fixed64, tag = "2")]
    pub(super) inviter: u64,
    #[prost(int64, tag = "3")]
    pub(super) at_ms: i64,
    #[prost(int64, tag = "4")]
    pub(super) expires_at_ms: i64,
    /// Who invited could approve, or somebody who could has.
    #[prost(bool, tag = "5")]
    pub(super) approved: bool,
    #[prost(enumeration = "Answer", tag = "6")]
    pub(super) answer: i32,
}

/// What came of an invitation. Kept until it expires, so that answering may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub(super) enum Answer {
    /// It waits.
    None = 0,
    /// Accepted, or the account came in by another way.
    Accepted = 1,
    /// Put away.
    Declined = 2,
}

/// The latest invitation of somebody to a group.
#[derive(Clone, PartialEq, Message)]
pub(super) struct InvitedRow {
    #[prost(fixed64, tag = "1")]
    pub(super) invitation: u64,
}

/// How many invitations wait.
#[derive(Clone, PartialEq, Message)]
pub(super) struct WaitingRow {
    #[prost(uint32, tag = "1")]
    pub(super) invitations: u32,
}

/// A request to join.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RequestRow {
    #[prost(fixed64, tag = "1")]
    pub(super) account: u64,
    /// The member who named them, or whose code they scanned.
    #[prost(fixed64, tag = "2")]
    pub(super) by: u64,
    #[prost(enumeration = "JoinWay", tag = "3")]
    pub(super) way: i32,
    #[prost(int64, tag = "4")]
    pub(super) at_ms: i64,
    #[prost(int64, tag = "5")]
    pub(super) expires_at_ms: i64,
    /// They themselves want to come in; otherwise a member wants them to.
    #[prost(bool, tag = "6")]
    pub(super) willing: bool,
    /// Kept, so that what they repeat is not shown again.
    #[prost(bool, tag = "7")]
    pub(super) declined: bool,
}

/// The request of somebody to join a group.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RequestedRow {
    #[prost(fixed64, tag = "1")]
    pub(super) request: u64,
}

/// What expires.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ExpiryRow {
    /// Of an invitation, and of an [`AskRow`]: who is invited. 0: it is a request.
    #[prost(fixed64, tag = "1")]
    pub(super) invited: u64,
    #[prost(fixed64, tag = "2")]
    pub(super) conversation: u64,
    /// Of an [`AskRow`]: who named them. Else 0.
    #[prost(fixed64, tag = "3")]
    pub(super) inviter: u64,
}

/// What an inviter was told when they named somebody.
#[derive(Clone, PartialEq, Message)]
pub(super) struct AskRow {
    #[prost(enumeration = "InviteOutcome", tag = "1")]
    pub(super) outcome: i32,
    #[prost(int64, tag = "2")]
    pub(super) expires_at_ms: i64,
}

impl InvitationRow {
    pub(super) fn conversation(&self) -> ConversationId {
        ConversationId(self.conversation)
    }

    pub(super) fn inviter(&self) -> AccountId {
        AccountId(self.inviter)
    }

    pub(super) fn is_live(&self, now: Time) -> bool {
        now < Time(self.expires_at_ms)
    }
}

impl RequestRow {
    pub(super) fn account(&self) -> AccountId {
        AccountId(self.account)
    }

    pub(super) fn by(&self) -> AccountId {
        AccountId(self.by)
    }

    /// Whether it has neither expired nor been declined.
    pub(super) fn waits(&self, now: Time) -> bool {
        !self.declined && now < Time(self.expires_at_ms)
    }
}
