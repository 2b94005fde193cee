//! Sixty people: a group that grows by invitations of each kind and by its code, up to its limits; who is in it speaks, is
//! mentioned, muted, recalled and removed; it changes hands and ends. Everybody has what was said while they were in it.

use std::time::Duration;
use teahouse_proto::accounts::UpdateSettingsRequest;
use teahouse_proto::chat::{Entry, Mention, RecallMessageRequest, Text, entry, notice};
use teahouse_proto::groups::{
    DeclineInvitationRequest, DissolveGroupRequest, GroupSettings, InviteOutcome, JoinOutcome,
    LeaveGroupRequest, MuteMemberRequest, RemoveMembersRequest, SetAdminRequest, TransferGroupRequest,
};
use teahouse_proto::qr::ResetCodeRequest;
use teahouse_proto::sync::account_event::What;
use teahouse_tests::mirror::Mirror;
use teahouse_tests::person::Person;
use teahouse_tests::verbs::{reason, text};
use teahouse_tests::world::{Setup, World, over_all_transports_with};

const PEOPLE: usize = 60;
/// Up to so many, who is invited is in at once.
const AT_ONCE: usize = 20;
/// Up to so many, who scans its code is.
const BY_CODE: usize = 40;
/// So many fit.
const FULL: usize = 44;

fn sizes(setup: Setup) -> Setup {
    let sizes = [("in_at_once_up_to", AT_ONCE), ("code_up_to", BY_CODE), ("max_members", FULL)];
    sizes.iter().fold(setup, |setup, (key, size)| setup.set(&format!("groups.{key}"), &size.to_string()))
}

/// The numbers and contents of what somebody sees, without what only its author sees.
fn seen(entries: &[Entry]) -> Vec<(u64, Option<entry::Content>)> {
    let seen = entries.iter().map(|entry| {
        let mut content = entry.content.clone();
        if let Some(entry::Content::Changed(changed)) = &mut content
            && let Some(target) = &mut changed.target
        {
            target.client_message_id.clear();
        }
        (entry.seq, content)
    });
    seen.collect()
}

fn notices(entries: &[Entry]) -> Vec<&notice::Kind> {
    let notices = entries.iter().filter_map(|entry| match &entry.content {
        Some(entry::Content::Notice(notice)) => notice.kind.as_ref(),
        _ => None,
    });
    notices.collect()
}

/// The group, and the first of those who are in it: the founder, then by invitation.
async fn invite(people: &[Person]) -> u64 {
    let founder = &people[0];
    for friend in &people[1..27] {
        founder.befriend(friend).await;
    }
    let careful = UpdateSettingsRequest { ask_before_group: Some(true), ..Default::default() };
    people[11].accounts().update_settings(careful).await.expect("set");

    let first: Vec<&Person> = people[1..12].iter().collect();
    let (group, outcomes) = founder.gather("tea lovers", &first).await;
    let mut expected = vec![InviteOutcome::Joined; 10];
    expected.push(InviteOutcome::Asked);
    assert_eq!(outcomes, expected, "who wants to be asked is");
    assert_eq!(founder.members(group).await.len(), 11);
    assert_eq!(people[11].accept_invitation().await, JoinOutcome::Joined);

    // Twelve are in. Eight more are in at once, the others are asked.
    let next: Vec<&Person> = people[12..27].iter().collect();
    let outcomes = founder.invite(group, &next).await;
    let joined = outcomes.iter().filter(|outcome| **outcome == InviteOutcome::Joined).count();
    assert_eq!((joined, outcomes.len()), (AT_ONCE - 12, 15));
    assert!(outcomes[joined..].iter().all(|outcome| *outcome == InviteOutcome::Asked));
    assert_eq!(people[20].accept_invitation().await, JoinOutcome::Joined);
    let [declined] = &people[21].invitations().await[..] else { panic!("one invitation") };
    let decline = DeclineInvitationRequest { invitation_id: declined.invitation_id };
    people[21].groups().decline_invitation(decline).await.expect("declined");
    assert!(people[21].invitations().await.is_empty());

    // Somebody who is in brings a friend of theirs; a stranger of theirs they cannot.
    people[1].befriend(&people[27]).await;
    let outcomes = people[1].invite(group, &[&people[27], &people[28]]).await;
    assert_eq!(outcomes, [InviteOutcome::Asked, InviteOutcome::NotFriends]);
    assert_eq!(people[27].accept_invitation().await, JoinOutcome::Joined);
    group
}

/// The founder decides who comes in, and somebody whom they made an admin does.
async fn approve(people: &[Person], group: u64) {
    let founder = &people[0];
    founder.switch(group, GroupSettings { approval: true, ..GroupSettings::default() }).await;
    let admin = SetAdminRequest { conversation_id: group, account_id: people[3].account_id, admin: true };
    founder.groups().set_admin(admin).await.expect("an admin");

    let mut admins = people[3].follow().await;
    people[2].befriend(&people[28]).await;
    assert_eq!(people[2].invite(group, &[&people[28]]).await, [InviteOutcome::Asked]);
    assert_eq!(people[28].accept_invitation().await, JoinOutcome::Requested);
    let told = admins.until(|event| match event {
        teahouse_proto::sync::follow_response::Event::Account(event) => match &event.what {
            Some(What::JoinRequest(request)) => Some(request.clone()),
            _ => None,
        },
        _ => None,
    });
    let told = told.await;
    assert_eq!((told.account_id, told.by_account_id), (people[28].account_id, people[2].account_id));

    // By the code one asks, too.
    let code = people[4].code_for(group).await;
    let found = people[29].try_scan_group(&code).await.expect("a group");
    assert_eq!((found.name.as_str(), found.approval), ("tea lovers", true));
    assert_eq!(found.shared_by, people[4].name);
    assert_eq!(people[29].try_join(&found).await.expect("asked"), JoinOutcome::Requested);

    assert_eq!(reason(people[2].try_decide(&told, true).await), "NOT_ALLOWED");
    let waiting = founder.join_requests(group).await;
    assert_eq!(waiting.len(), 2);
    people[3].try_decide(&waiting[0], true).await.expect("let in");
    assert_eq!(reason(founder.try_decide(&waiting[0], false).await), "JOIN_REQUEST_NOT_FOUND");
    founder.try_decide(&waiting[1], false).await.expect("not let in");
    assert!(people[28].members(group).await.iter().any(|m| m.account_id == people[28].account_id));
    assert_eq!(reason(people[29].try_entries(group).await), "CONVERSATION_NOT_FOUND");
    founder.switch(group, GroupSettings::default()).await;
}

/// Codes let people in up to their limit, and die by being reset, by time, and with who shared them.
async fn scan(world: &World, people: &[Person], group: u64) {
    let founder = &people[0];
    let code = founder.code_for(group).await;
    assert_eq!(founder.code_for(group).await, code, "it is there already");
    let found_late = people[59].try_scan_group(&code).await.expect("a group");
    let before = founder.members(group).await.len();
    for person in &people[29..29 + BY_CODE - before] {
        let found = person.try_scan_group(&code).await.expect("a group");
        assert!(!found.ticket.is_empty() && found.conversation_id == 0);
        assert_eq!(person.try_join(&found).await.expect("joined"), JoinOutcome::Joined);
        assert_eq!(person.try_join(&found).await.expect("joined before"), JoinOutcome::Joined);
    }
    assert_eq!(founder.members(group).await.len(), BY_CODE);
    let found = people[58].try_scan_group(&code).await.expect("a group");
    assert_eq!((found.member_count as usize, found.ticket.len()), (BY_CODE, 0), "the door is closed");
    assert_eq!(reason(people[59].try_join(&found_late).await), "CODE_CLOSED");

    let reset = ResetCodeRequest { conversation_id: group, everybodys: false };
    let new = founder.qr().reset_code(reset).await.expect("a new code").code.expect("a code").url;
    assert_eq!(reason(people[58].try_scan_group(&code).await), "CODE_NOT_FOUND");
    people[58].try_scan_group(&new).await.expect("a group");
    world.advance(Duration::from_secs(7 * 24 * 3600 + 1));
    assert_eq!(reason(people[58].try_scan_group(&new).await), "CODE_NOT_FOUND");
}

/// People talk; those who may not are told so. Gives the number of what the fifth said.
async fn talk(world: &World, people: &[Person], group: u64) -> u64 {
    let founder = &people[0];
    let all = Text {
        text: "@all the kettle is on".into(),
        mentions: vec![Mention { account_id: 0, offset: 0, length: 4, all: true }],
        ..Text::default()
    };
    assert_eq!(reason(people[5].try_send(group, all.clone()).await), "NOT_ALLOWED");
    let said = people[5].say(group, "I bring oolong").await;
    let called = founder.try_send(group, all).await.expect("sent").seq;
    let there = people[40 - 8].conversation(group).await;
    assert_eq!(there.unread_mentions, 1, "everybody is mentioned by entry {called}");
    assert_eq!(founder.conversation(group).await.unread_mentions, 0, "but not by themselves");

    let mute = |account_id, muted| MuteMemberRequest { conversation_id: group, account_id, muted };
    people[3].groups().mute_member(mute(people[6].account_id, true)).await.expect("muted");
    assert_eq!(reason(people[6].try_send(group, text("but")).await), "MUTED");
    assert_eq!(
        reason(people[3].groups().mute_member(mute(founder.account_id, true)).await),
        "NOT_ALLOWED",
        "nobody mutes who stands above them"
    );
    founder.switch(group, GroupSettings { all_muted: true, ..GroupSettings::default() }).await;
    assert_eq!(reason(people[7].try_send(group, text("but")).await), "MUTED");
    people[3].say(group, "quiet, please").await;
    founder.switch(group, GroupSettings::default()).await;
    people[7].say(group, "now I may").await;

    // An admin takes back what somebody else said, long ago.
    world.advance(Duration::from_secs(24 * 3600));
    let recall = RecallMessageRequest { conversation_id: group, seq: said };
    assert_eq!(reason(people[5].chat().recall_message(recall).await), "TOO_LATE");
    people[3].chat().recall_message(recall).await.expect("recalled");
    said
}

/// The last places are taken.
async fn fill(people: &[Person], group: u64) {
    let founder = &people[0];
    // Invitations have expired meanwhile. Of five new ones, four fill the group.
    assert!(people[22].invitations().await.is_empty());
    let late: Vec<&Person> = people[22..26].iter().collect();
    let asked = founder.invite(group, &people[22..27].iter().collect::<Vec<_>>()).await;
    assert_eq!(asked, [InviteOutcome::Asked; 5]);
    for person in &late {
        assert_eq!(person.accept_invitation().await, JoinOutcome::Joined);
    }
    assert_eq!(founder.members(group).await.len(), FULL);
    let full = people[26].invitations().await;
    assert_eq!(full.len(), 1, "they were asked while there was room");
    let accept = teahouse_proto::groups::AcceptInvitationRequest { invitation_id: full[0].invitation_id };
    assert_eq!(reason(people[26].groups().accept_invitation(accept).await), "TOO_MANY_MEMBERS");
}

/// Somebody is removed and somebody leaves. Gives the number of what was said then.
async fn part(people: &[Person], group: u64) -> u64 {
    let founder = &people[0];
    // One is removed and one leaves, of which only owner and admins hear.
    let mut owners = founder.follow().await;
    let remove = RemoveMembersRequest { conversation_id: group, account_ids: vec![people[8].account_id] };
    assert_eq!(reason(people[9].groups().remove_members(remove.clone()).await), "NOT_ALLOWED");
    people[3].groups().remove_members(remove).await.expect("removed");
    let kept = people[8].try_entries(group).await.expect("what was said until then");
    assert!(matches!(notices(&kept).last(), Some(notice::Kind::MembersRemoved(_))));
    let leave = LeaveGroupRequest { conversation_id: group, do_not_add_again: true };
    people[9].groups().leave_group(leave).await.expect("left");
    let gone = owners.until(|event| match event {
        teahouse_proto::sync::follow_response::Event::Account(event) => match &event.what {
            Some(What::GroupMemberLeft(left)) => Some(left.account_id),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(gone.await, people[9].account_id);
    assert_eq!(reason(people[9].try_entries(group).await), "CONVERSATION_NOT_FOUND");
    assert_eq!(founder.invite(group, &[&people[9]]).await, [InviteOutcome::Asked]);
    assert!(people[9].invitations().await.is_empty(), "they do not want to be asked again");
    let after = people[7].say(group, "who took the cups?").await;
    assert_eq!(reason(people[8].try_send(group, text("not I")).await), "NOT_A_MEMBER");
    let still = people[8].try_entries(group).await.expect("what was said until then");
    assert_eq!(seen(&still), seen(&kept), "nothing new");
    after
}

/// The group changes hands, and ends.
async fn end(people: &[Person], group: u64) {
    let founder = &people[0];
    // The group changes hands, and ends.
    let transfer = |to: &Person| TransferGroupRequest { conversation_id: group, account_id: to.account_id };
    assert_eq!(reason(people[3].groups().transfer_group(transfer(&people[3])).await), "NOT_ALLOWED");
    founder.groups().transfer_group(transfer(&people[1])).await.expect("transferred");
    let end = DissolveGroupRequest { conversation_id: group };
    assert_eq!(reason(founder.groups().dissolve_group(end).await), "NOT_ALLOWED");
    people[1].groups().dissolve_group(end).await.expect("dissolved");
    assert_eq!(reason(people[1].try_send(group, text("too late")).await), "GROUP_DISSOLVED");
}

/// Everybody has what was said while they were in it.
async fn compare(people: &[Person], group: u64, recalled: u64, after: u64, mut away: Mirror) {
    let founder = &people[0];
    // Everybody has what was said while they were in it, and the tablet that was away has it, too.
    let whole = founder.try_entries(group).await.expect("all");
    assert!(whole.iter().enumerate().all(|(i, entry)| entry.seq == i as u64 + 1), "without a gap");
    let taken_back = &whole[usize::try_from(recalled).expect("small") - 1];
    assert!(matches!(&taken_back.content,
        Some(entry::Content::Recalled(by)) if by.by_account_id == people[3].account_id));
    assert!(whole.iter().any(|entry| entry.seq == after));
    for person in people[1..8].iter().chain(&people[10..21]) {
        let theirs = seen(&person.try_entries(group).await.expect("theirs"));
        let from = theirs.first().expect("something").0;
        let expected: Vec<_> = seen(&whole).into_iter().filter(|(seq, _)| *seq >= from).collect();
        assert_eq!(theirs, expected, "{}", person.name);
    }
    let head = whole.last().expect("the end").seq;
    let mut fresh = Mirror::new(people[1].sign_in("phone").await);
    away.until(group, head).await.expect("caught up");
    fresh.until(group, head).await.expect("caught up");
    assert_eq!(away.copy(group), fresh.copy(group));
    for mirror in [away, fresh] {
        assert!(mirror.violations().is_empty(), "{:?}", mirror.violations());
    }
}

#[tokio::test]
async fn sixty_people_at_one_table() {
    over_all_transports_with(sizes, async |world| {
        let mut people = Vec::new();
        for n in 0..PEOPLE {
            people.push(world.person(&format!("guest{n:02}")).await);
        }
        let group = invite(&people).await;
        let mut away = Mirror::new(people[1].sign_in("tablet").await);
        away.until(group, 1).await.expect("caught up");
        away.vanish().await;
        approve(&people, group).await;
        scan(world, &people, group).await;
        let recalled = talk(world, &people, group).await;
        fill(&people, group).await;
        let after = part(&people, group).await;
        end(&people, group).await;
        compare(&people, group, recalled, after, away).await;
    })
    .await;
}
