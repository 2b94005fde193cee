//! Groups in words and rows, for a terminal. Pure.

use super::super::nearby::with_care;
use super::super::output::Output;
use super::super::people::{People, in_full};
use super::super::text::{block, line, table};
use teahouse_proto::chat::{
    Conversation, GroupInvitation, GroupRight, GroupStanding, GroupSummary, JoinRequest, JoinWay, MemberRole,
};
use teahouse_proto::groups::{Group, GroupMember, GroupSettings, InviteOutcome, Invited};

/// What somebody is in a group.
pub(super) fn role_name(role: MemberRole) -> &'static str {
    match role {
        MemberRole::Owner => "owner",
        MemberRole::Admin => "admin",
        MemberRole::Member => "member",
        MemberRole::Unspecified => "",
    }
}

/// Something that not everybody in a group may do; nothing where this version does not know it.
fn right_name(right: GroupRight) -> &'static str {
    match right {
        GroupRight::Unspecified => "",
        GroupRight::Speak => "speak",
        GroupRight::MentionAll => "mention all",
        GroupRight::Recall => "recall",
        GroupRight::Pin => "pin",
        GroupRight::Invite => "invite",
        GroupRight::Approve => "let people in",
        GroupRight::Rename => "rename",
        GroupRight::Announce => "announce",
        GroupRight::Mute => "mute",
        GroupRight::Remove => "remove",
        GroupRight::Settings => "set switches",
        GroupRight::SetAdmins => "make admins",
        GroupRight::Transfer => "transfer",
        GroupRight::Dissolve => "dissolve",
        GroupRight::ResetCodes => "reset codes",
    }
}

/// How the user stands to a group.
fn standing_name(summary: &GroupSummary) -> &'static str {
    match summary.standing() {
        GroupStanding::Removed => "removed",
        GroupStanding::Dissolved => "dissolved",
        GroupStanding::Member | GroupStanding::Unspecified => role_name(summary.role()),
    }
}

pub(super) fn groups(people: &People, groups: &[Conversation]) -> String {
    if groups.is_empty() {
        return "You are in no group. `teahouse group create NAME FRIEND FRIEND` makes one.".to_owned();
    }
    let none = GroupSummary::default();
    let row = |group: &Conversation| {
        let summary = group.group.as_ref().unwrap_or(&none);
        [
            group.conversation_id.to_string(),
            summary.member_count.to_string(),
            standing_name(summary).to_owned(),
            people.group_title(group.conversation_id, summary),
        ]
    };
    table(["GROUP", "MEMBERS", "YOU ARE", "NAME"], &groups.iter().map(row).collect::<Vec<_>>())
}

/// A group in full.
pub(super) fn group(out: &Output, people: &People, group: &Group) -> String {
    let summary = group.summary.clone().unwrap_or_default();
    let id = group.conversation_id;
    let mut lines = vec![
        format!("{} (group {id})", people.group_title(id, &summary)),
        format!("members       {}", summary.member_count),
        format!("you are       {}", standing_name(&summary)),
    ];
    if group.owner_account_id == 0 {
        // Who was removed is told no more.
        return lines.join("\n");
    }
    lines.push(format!("owner         {}", people.name_in(id, group.owner_account_id)));
    lines.push(format!("made          {}", out.times.day(group.created_at_ms)));
    if !group.nickname.is_empty() {
        lines.push(format!("your nickname {}", line(&group.nickname)));
    }
    if summary.standing() == GroupStanding::Member {
        let rights: Vec<_> = group.rights().map(right_name).filter(|name| !name.is_empty()).collect();
        lines.push(format!(
            "you may       {}",
            if rights.is_empty() { "read".to_owned() } else { rights.join(", ") }
        ));
    }
    if group.join_requests > 0 {
        lines.push(format!("{} wait to be let in: `teahouse group requests {id}`", group.join_requests));
    }
    lines.push(settings(group.settings.as_ref()));
    if let Some(announced) = &group.announcement {
        let by = people.name_in(id, announced.by_account_id);
        lines.push(format!("{by}, {}:\n{}", out.times.minute(announced.at_ms), block(&announced.text, 0)));
    }
    lines.join("\n")
}

/// The switches of a group.
pub(super) fn settings(settings: Option<&GroupSettings>) -> String {
    let settings = settings.copied().unwrap_or_default();
    let on = |on: bool| if on { "on" } else { "off" };
    format!(
        "approval      {}\nhistory       {}\nprivate       {}\nmute all      {}",
        on(settings.approval),
        on(settings.history_visible),
        on(settings.members_private),
        on(settings.all_muted)
    )
}

pub(super) fn members(out: &Output, people: &People, id: u64, members: &[GroupMember]) -> String {
    let row = |member: &GroupMember| {
        let friend = people.friend_of(member.account_id);
        let role = match member.role() {
            MemberRole::Member => "",
            role => role_name(role),
        };
        [
            role.to_owned(),
            if member.muted { "muted" } else { "" }.to_owned(),
            people.name_in(id, member.account_id),
            friend.map_or_else(String::new, |f| line(&f.username).into_owned()),
            out.times.day(member.joined_at_ms),
            member.account_id.to_string(),
        ]
    };
    table(["", "", "NAME", "USERNAME", "SINCE", "ACCOUNT"], &members.iter().map(row).collect::<Vec<_>>())
}

/// What came of inviting people, a line for each.
pub(super) fn invited(people: &People, invited: &[Invited]) -> String {
    let line = |one: &Invited| {
        let friend = people.friend_of(one.account_id);
        let name = friend.map_or_else(|| people.name(one.account_id), in_full);
        match one.outcome() {
            InviteOutcome::Joined => format!("{name} is in it."),
            InviteOutcome::Asked => format!("{name} is asked."),
            InviteOutcome::Requested => format!("{name} waits for owner or an admin to let them in."),
            InviteOutcome::NotFriends => format!("{name} cannot be invited: you are no friends."),
            InviteOutcome::Unspecified => format!("{name}: an outcome that this version does not know."),
        }
    };
    invited.iter().map(line).collect::<Vec<_>>().join("\n")
}

pub(super) fn invitations(out: &Output, people: &People, invitations: &[GroupInvitation]) -> String {
    if invitations.is_empty() {
        return "Nobody invites you.".to_owned();
    }
    let row = |one: &GroupInvitation| {
        [
            one.invitation_id.to_string(),
            with_care(people.name(one.inviter_account_id), one.caution()),
            out.times.day(one.expires_at_ms),
            one.member_count.to_string(),
            line(&one.group_name).into_owned(),
        ]
    };
    let rows: Vec<_> = invitations.iter().map(row).collect();
    table(["INVITATION", "BY", "UNTIL", "MEMBERS", "GROUP"], &rows)
}

pub(super) fn requests(out: &Output, people: &People, requests: &[JoinRequest]) -> String {
    if requests.is_empty() {
        return "Nobody waits to be let in.".to_owned();
    }
    let row = |one: &JoinRequest| {
        let by = people.name_in(one.conversation_id, one.by_account_id);
        let way = match one.way() {
            JoinWay::Invitation => format!("invited by {by}"),
            JoinWay::Qr => format!("code of {by}"),
            JoinWay::Unspecified => by,
        };
        [one.join_request_id.to_string(), out.times.day(one.at_ms), way, asker(one)]
    };
    table(["REQUEST", "SINCE", "WAY", "NAME"], &requests.iter().map(row).collect::<Vec<_>>())
}

/// What somebody who waits calls themselves.
pub(super) fn asker(request: &JoinRequest) -> String {
    line(request.card.as_ref().map_or("", |card| &card.display_name)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::super::people::tests::people;
    use super::*;
    use teahouse_proto::common::PersonCard;
    use teahouse_proto::groups::Announcement;

    fn summary() -> GroupSummary {
        GroupSummary {
            name: "Tea\u{1b}".to_owned(),
            member_count: 3,
            role: MemberRole::Admin.into(),
            standing: GroupStanding::Member.into(),
            ..Default::default()
        }
    }

    #[test]
    fn a_group_is_shown_in_full() {
        let announcement = Announcement { text: "tea\nat 5".to_owned(), by_account_id: 10, at_ms: 0 };
        let shown = Group {
            conversation_id: 50,
            summary: Some(summary()),
            owner_account_id: 10,
            announcement: Some(announcement),
            settings: Some(GroupSettings { approval: true, ..Default::default() }),
            nickname: "Al".to_owned(),
            rights: vec![GroupRight::Invite.into(), GroupRight::Rename.into(), 99],
            join_requests: 2,
            created_at_ms: 1_798_761_600_000,
        };
        let expected = r"Tea\u{1b} (group 50)
members       3
you are       admin
owner         Bobby
made          2027-01-01
your nickname Al
you may       invite, rename
2 wait to be let in: `teahouse group requests 50`
approval      on
history       off
private       off
mute all      off
Bobby, :
tea
at 5";
        assert_eq!(group(&Output::plain(), &people(), &shown), expected);
        let removed = GroupSummary { standing: GroupStanding::Removed.into(), ..summary() };
        let shown = Group { conversation_id: 50, summary: Some(removed), ..Default::default() };
        let expected = "Tea\\u{1b} (group 50)\nmembers       3\nyou are       removed";
        assert_eq!(group(&Output::plain(), &people(), &shown), expected);
    }

    #[test]
    fn groups_and_members_are_rows() {
        let removed = GroupSummary { standing: GroupStanding::Removed.into(), ..summary() };
        let of = |conversation_id, group| Conversation {
            conversation_id,
            group: Some(group),
            ..Default::default()
        };
        let expected = r"GROUP  MEMBERS  YOU ARE  NAME
50     3        admin    Tea\u{1b}
51     3        removed  Tea\u{1b}";
        assert_eq!(groups(&people(), &[of(50, summary()), of(51, removed)]), expected);
        let mut people = people();
        let member = |account_id, role: MemberRole, muted| GroupMember {
            account_id,
            card: Some(PersonCard { display_name: "Zoe".to_owned(), ..Default::default() }),
            role: role.into(),
            muted,
            ..Default::default()
        };
        let all = vec![member(10, MemberRole::Owner, false), member(90, MemberRole::Member, true)];
        people.fellows.entry(50).or_default().note(summary(), all.clone());
        let expected = "              NAME  USERNAME  SINCE  ACCOUNT
owner         Zoe   bobby01          10
       muted  Zoe                    90";
        assert_eq!(members(&Output::plain(), &people, 50, &all), expected);
    }

    #[test]
    fn each_outcome_of_an_invitation_has_its_words() {
        let of = |account_id, outcome: InviteOutcome| Invited { account_id, outcome: outcome.into() };
        let all = [
            of(10, InviteOutcome::Joined),
            of(11, InviteOutcome::Asked),
            of(12, InviteOutcome::Requested),
            of(99, InviteOutcome::NotFriends),
        ];
        let expected = "Bobby (bobby01) is in it.
Boss (carol01) is asked.
Sam (danny01) waits for owner or an admin to let them in.
account 99 cannot be invited: you are no friends.";
        assert_eq!(invited(&people(), &all), expected);
    }

    #[test]
    fn invitations_and_requests_are_rows() {
        let (out, people) = (Output::plain(), people());
        let invitation = GroupInvitation {
            invitation_id: 5,
            group_name: "Tea".to_owned(),
            member_count: 12,
            inviter_account_id: 10,
            expires_at_ms: 1_798_761_600_000,
            ..Default::default()
        };
        let expected = "INVITATION  BY     UNTIL       MEMBERS  GROUP
5           Bobby  2027-01-01  12       Tea";
        assert_eq!(invitations(&out, &people, &[invitation]), expected);
        let request = JoinRequest {
            join_request_id: 7,
            conversation_id: 50,
            card: Some(PersonCard { display_name: "Ivy".to_owned(), ..Default::default() }),
            by_account_id: 10,
            way: JoinWay::Qr.into(),
            at_ms: 1_798_761_600_000,
            ..Default::default()
        };
        let expected = "REQUEST  SINCE       WAY            NAME
7        2027-01-01  code of Bobby  Ivy";
        assert_eq!(requests(&out, &people, &[request]), expected);
    }
}
