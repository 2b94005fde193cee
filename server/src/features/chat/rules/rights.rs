//! Who may do what in a group: one table, pure. docs/PROTOCOL.md shows it, and a test compares the two.

use teahouse_proto::chat::{GroupRight, MemberRole};

/// What a right depends on besides the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Situation {
    /// The group is small enough for everybody to rename it.
    pub anybody_renames: bool,
    /// Only owner and admins speak.
    pub all_muted: bool,
    /// The member was muted.
    pub muted: bool,
    /// The member came by a code not long ago, and says nothing but plain text.
    pub plain_text: bool,
    /// The group is over.
    pub dissolved: bool,
}

/// Whether somebody of a role has a right.
pub(in super::super) fn may(role: MemberRole, right: GroupRight, group: Situation) -> bool {
    use GroupRight as R;
    if group.dissolved {
        return false;
    }
    match (role, right) {
        (MemberRole::Unspecified, _) | (_, R::Unspecified) => false,
        (MemberRole::Owner, _) => true,
        (_, R::Settings | R::SetAdmins | R::Transfer | R::Dissolve) => false,
        (_, R::Invite) => true,
        // A name, a picture and an announcement say something, too.
        (_, R::Rename) if group.muted || group.plain_text => false,
        (MemberRole::Admin, R::Speak | R::MentionAll | R::Announce) => !group.muted,
        (MemberRole::Admin, _) => true,
        (MemberRole::Member, R::Speak) => !group.muted && !group.all_muted,
        (MemberRole::Member, R::Rename) => group.anybody_renames,
        (MemberRole::Member, _) => false,
    }
}

/// All rights of somebody of a role.
pub(in super::super) fn all_of(role: MemberRole, group: Situation) -> impl Iterator<Item = GroupRight> {
    rights().filter(move |right| may(role, *right, group))
}

/// All rights that there are.
fn rights() -> impl Iterator<Item = GroupRight> {
    (1..).map_while(|number| GroupRight::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: Situation = Situation {
        anybody_renames: true,
        all_muted: false,
        muted: false,
        plain_text: false,
        dissolved: false,
    };

    fn names(role: MemberRole, group: Situation) -> String {
        let names = all_of(role, group).map(|right| right.as_str_name().trim_start_matches("GROUP_RIGHT_"));
        names.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_table_of_the_protocol_is_this_one() {
        use MemberRole::{Admin, Member, Owner};
        let protocol = include_str!("../../../../../docs/PROTOCOL.md");
        for right in rights() {
            let name = right.as_str_name().trim_start_matches("GROUP_RIGHT_");
            let row = protocol.lines().find(|line| line.starts_with(&format!("| `{name}` | ")));
            let cells: Vec<&str> = row.unwrap_or_else(|| panic!("no row for {name}")).split('|').collect();
            let has = |column: usize| !cells[column].trim().is_empty();
            let told = [has(3), has(4), has(5)];
            assert_eq!(told, [Member, Admin, Owner].map(|role| may(role, right, CALM)), "{name}");
        }
    }

    #[test]
    fn the_table() {
        use MemberRole::{Admin, Member, Owner};
        let everything = "SPEAK MENTION_ALL RECALL PIN INVITE APPROVE RENAME ANNOUNCE MUTE REMOVE SETTINGS SET_ADMINS \
                          TRANSFER DISSOLVE RESET_CODES";
        let admins = "SPEAK MENTION_ALL RECALL PIN INVITE APPROVE RENAME ANNOUNCE MUTE REMOVE RESET_CODES";
        let large = Situation { anybody_renames: false, ..CALM };
        let all_muted = Situation { all_muted: true, ..CALM };
        let muted = Situation { muted: true, ..CALM };
        let plain_text = Situation { plain_text: true, ..CALM };
        let dissolved = Situation { dissolved: true, ..CALM };
        for (role, group, expected) in [
            (Owner, CALM, everything),
            (Owner, large, everything),
            (Owner, all_muted, everything),
            (Owner, muted, everything),
            (Owner, plain_text, everything),
            (Admin, CALM, admins),
            (Admin, large, admins),
            (Admin, all_muted, admins),
            (Admin, muted, "RECALL PIN INVITE APPROVE MUTE REMOVE RESET_CODES"),
            (
                Admin,
                plain_text,
                "SPEAK MENTION_ALL RECALL PIN INVITE APPROVE ANNOUNCE MUTE REMOVE RESET_CODES",
            ),
            (Member, CALM, "SPEAK INVITE RENAME"),
            (Member, large, "SPEAK INVITE"),
            (Member, all_muted, "INVITE RENAME"),
            (Member, muted, "INVITE"),
            (Member, plain_text, "SPEAK INVITE"),
        ] {
            assert_eq!(names(role, group), expected, "{role:?} {group:?}");
            assert_eq!(names(role, Situation { dissolved: true, ..group }), "", "{role:?}");
        }
        assert_eq!(names(MemberRole::Unspecified, CALM), "");
        assert_eq!(names(Owner, dissolved), "");
    }
}
