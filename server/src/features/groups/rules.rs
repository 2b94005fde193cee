//! What groups allow and how they refuse. Knows sizes, switches and words; neither people nor rows.

use crate::error::{Error, Kind, Result};
use crate::text;
use teahouse_proto::chat::MemberRole;
use teahouse_proto::groups::InviteOutcome;

/// Graphemes of a group's name and of a nickname.
const NAME: usize = 32;
/// Graphemes of an announcement.
const ANNOUNCEMENT: usize = 1000;
/// People named in one call.
pub(super) const MAX_NAMED: usize = 100;

/// What decides how somebody comes into a group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Door {
    /// Members now.
    pub(super) members: u32,
    /// Up to so many members, those who are invited are in at once.
    pub(super) in_at_once_up_to: u32,
    /// The group asks for approval.
    pub(super) approval: bool,
    /// The inviter can give it, or somebody has.
    pub(super) approved: bool,
}

impl Door {
    /// What comes of inviting a friend. `asks_first`: they want to be asked, or never to be in this group again; to the
    /// inviter both look the same.
    pub(super) fn invited(self, asks_first: bool) -> InviteOutcome {
        if asks_first || self.members >= self.in_at_once_up_to {
            InviteOutcome::Asked
        } else if self.opens() {
            InviteOutcome::Joined
        } else {
            InviteOutcome::Requested
        }
    }

    /// Whether somebody who wants to come in needs nobody's approval.
    pub(super) fn opens(self) -> bool {
        self.approved || !self.approval
    }
}

/// Whether somebody of one role may mute or remove somebody of another.
pub(super) fn is_above(role: MemberRole, other: MemberRole) -> bool {
    role as i32 > other as i32
}

/// The name of a group; empty for none.
pub(super) fn group_name(given: &str) -> Result<String> {
    line_or_nothing(given).ok_or_else(|| {
        Error::invalid(
            "GROUP_NAME_INVALID",
            "The name of a group has 1 to 32 characters, without control or invisible ones.",
        )
    })
}

/// What somebody is called in a group; empty for nothing.
pub(super) fn nickname(given: &str) -> Result<String> {
    line_or_nothing(given).ok_or_else(|| {
        Error::invalid(
            "NICKNAME_INVALID",
            "A nickname has 1 to 32 characters, without control or invisible ones.",
        )
    })
}

/// Spaces alone are no name, and not the wish for none.
fn line_or_nothing(given: &str) -> Option<String> {
    text::line(given, NAME).filter(|line| line.is_empty() == given.is_empty())
}

/// An announcement; empty for none.
pub(super) fn announcement(given: &str) -> Result<String> {
    if !text::within(given, ANNOUNCEMENT) {
        return Err(Error::invalid("TEXT_TOO_LONG", "An announcement has at most 1000 characters."));
    }
    if !text::no_controls(given) {
        return Err(Error::invalid("TEXT_INVALID", "The text must not contain control characters."));
    }
    Ok(given.trim().to_owned())
}

/// Fewer than two people whom the caller can invite.
pub(super) fn too_few_members() -> Error {
    Error::precondition(
        "TOO_FEW_MEMBERS",
        "A group begins with at least two of your friends besides yourself.",
    )
}

/// The group is full, or too many are named.
pub(super) fn too_many_members() -> Error {
    Error::precondition(
        "TOO_MANY_MEMBERS",
        "The group is full, or you named more than 100 people at once. Name fewer, or wait until somebody leaves.",
    )
}

/// Not an invitation of the caller's, or no longer good.
pub(super) fn invitation_not_found() -> Error {
    Error::not_found(
        "INVITATION_NOT_FOUND",
        "There is no such invitation. It may have expired; list them again.",
    )
}

/// No request of this group, or decided already.
pub(super) fn join_request_not_found() -> Error {
    Error::not_found(
        "JOIN_REQUEST_NOT_FOUND",
        "Nobody waits under this number. Somebody else may have decided; list them again.",
    )
}

/// As many wait as there may be.
pub(super) fn too_many_join_requests() -> Error {
    Error::precondition(
        "TOO_MANY_JOIN_REQUESTS",
        "Too many people wait to be let into this group. Try again when some were.",
    )
}

/// The group is too large for joining by a code.
pub(super) fn code_closed() -> Error {
    Error::precondition(
        "CODE_CLOSED",
        "This group is too large to be joined by a code. Let a member invite you.",
    )
}

/// A forged, foreign or old ticket, one whose sharer is gone or whose code was reset, or of before the removal of its
/// owner.
pub(super) fn ticket_invalid() -> Error {
    Error::invalid("TICKET_INVALID", "This ticket is not yours, or too old. Open the code again.")
}

/// The owner of a group with others in it.
pub(super) fn owner_cannot_leave() -> Error {
    Error::precondition(
        "OWNER_CANNOT_LEAVE",
        "The group is yours. Transfer it to somebody, or dissolve it, then leave.",
    )
}

/// Nobody in the group has this id.
pub(super) fn member_not_found() -> Error {
    Error::not_found(
        "MEMBER_NOT_FOUND",
        "There is no such member in this group. ListMembers tells who is in it.",
    )
}

/// As many admins as there may be.
pub(super) fn too_many_admins() -> Error {
    Error::precondition(
        "TOO_MANY_ADMINS",
        "The group has as many admins as it may. Take the role from one first.",
    )
}

/// The caller's role is not above that of the one it is about.
pub(super) fn not_above() -> Error {
    Error::new(Kind::Forbidden, "NOT_ALLOWED", "Your role in this group must be above theirs.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_switches_and_rights_decide_how_one_comes_in() {
        use InviteOutcome::{Asked, Joined, Requested};
        for (asks_first, members, approval, approved, expected) in [
            (false, 39, false, false, Joined),
            (false, 39, false, true, Joined),
            (false, 39, true, false, Requested),
            (false, 39, true, true, Joined),
            (false, 40, false, false, Asked),
            (false, 40, false, true, Asked),
            (false, 40, true, false, Asked),
            (false, 40, true, true, Asked),
            (true, 39, false, false, Asked),
            (true, 39, false, true, Asked),
            (true, 39, true, false, Asked),
            (true, 39, true, true, Asked),
        ] {
            let door = Door { members, in_at_once_up_to: 40, approval, approved };
            assert_eq!(door.invited(asks_first), expected, "{door:?}, asks first: {asks_first}");
            assert_eq!(door.opens(), !approval || approved);
        }
    }

    #[test]
    fn roles_have_an_order() {
        use MemberRole::{Admin, Member, Owner};
        for (role, other, above) in [
            (Owner, Admin, true),
            (Owner, Member, true),
            (Owner, Owner, false),
            (Admin, Owner, false),
            (Admin, Admin, false),
            (Admin, Member, true),
            (Member, Member, false),
        ] {
            assert_eq!(is_above(role, other), above, "{role:?} {other:?}");
        }
    }

    #[test]
    fn texts_have_their_forms() {
        assert_eq!((group_name("").unwrap(), group_name(" Tea ").unwrap()), (String::new(), "Tea".into()));
        assert_eq!(nickname("Annie").unwrap(), "Annie");
        for bad in [" ", "a\nb", "a\u{202e}b", &"é".repeat(33)] {
            assert_eq!(group_name(bad).unwrap_err().reason(), "GROUP_NAME_INVALID", "{bad:?}");
            assert_eq!(nickname(bad).unwrap_err().reason(), "NICKNAME_INVALID", "{bad:?}");
        }
        assert_eq!(announcement("a\nb \n").unwrap(), "a\nb");
        assert!(announcement(&"é".repeat(1000)).is_ok());
        assert_eq!(announcement(&"é".repeat(1001)).unwrap_err().reason(), "TEXT_TOO_LONG");
        assert_eq!(announcement("a\u{7}").unwrap_err().reason(), "TEXT_INVALID");
    }
}
