//! What is done to groups and members, and the ways out.

use super::*;
use crate::features::media::Holder;
use crate::features::media::fixture::{holder, uploaded};
use teahouse_proto::media::MediaKind;

impl World {
    async fn update(&self, who: AccountId, request: UpdateGroupRequest) -> Result<Group> {
        Ok(self.groups.update_group(&self.cx(who), request).await?.group.unwrap())
    }

    async fn announce(&self, who: AccountId, id: ConversationId, text: &str) -> Result<()> {
        let request = SetAnnouncementRequest { conversation_id: id.0, text: text.to_owned() };
        self.groups.set_announcement(&self.cx(who), request).await.map(drop)
    }

    pub(super) async fn nickname(&self, who: AccountId, id: ConversationId, nickname: &str) -> Result<()> {
        let request = SetNicknameRequest { conversation_id: id.0, nickname: nickname.to_owned() };
        self.groups.set_nickname(&self.cx(who), request).await.map(drop)
    }

    async fn mute(&self, who: AccountId, id: ConversationId, whom: AccountId, muted: bool) -> Result<()> {
        let request = MuteMemberRequest { conversation_id: id.0, account_id: whom.0, muted };
        self.groups.mute_member(&self.cx(who), request).await.map(drop)
    }

    async fn transfer(&self, who: AccountId, id: ConversationId, whom: AccountId) -> Result<()> {
        let request = TransferGroupRequest { conversation_id: id.0, account_id: whom.0 };
        self.groups.transfer_group(&self.cx(who), request).await.map(drop)
    }
}

fn rename(id: ConversationId, name: &str) -> UpdateGroupRequest {
    UpdateGroupRequest { conversation_id: id.0, name: Some(name.to_owned()), ..Default::default() }
}

fn repaint(id: ConversationId, media_id: &str) -> UpdateGroupRequest {
    UpdateGroupRequest {
        conversation_id: id.0,
        picture_media_id: Some(media_id.to_owned()),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_name_changes_for_everybody_once() {
    let world = World::new(3).await;
    let id = world.group_of(3).await;
    for _ in 0..2 {
        let group = world.update(CLARA, rename(id, " Oolong ")).await.unwrap();
        assert_eq!(group.summary.unwrap().name, "Oolong");
    }
    let renamed = notice::Kind::GroupRenamed(GroupRenamed { by_account_id: 3, name: "Oolong".into() });
    assert_eq!(world.notices(BORIS, id).await[1..], [renamed]);
    assert_eq!(reason(world.update(CLARA, rename(id, "  ")).await), "GROUP_NAME_INVALID");
    let group = world.update(CLARA, rename(id, "")).await.unwrap();
    assert_eq!(group.summary.unwrap().name, "");
    let nothing = UpdateGroupRequest { conversation_id: id.0, ..Default::default() };
    world.update(CLARA, nothing.clone()).await.unwrap();
    assert_eq!(world.notices(BORIS, id).await.len(), 3);
    assert_eq!(reason(world.update(DORA, nothing).await), "CONVERSATION_NOT_FOUND");
}

#[tokio::test]
async fn a_picture_is_an_upload_of_the_caller() {
    let world = World::new(3).await;
    let id = world.group_of(3).await;
    let upload = async |who, kind, number| {
        let made = world.foundation.store.transact(move |tx| uploaded(tx, who, kind, number)).await;
        made.unwrap().to_string()
    };
    let (mine, theirs) =
        (upload(CLARA, MediaKind::Avatar, 1).await, upload(BORIS, MediaKind::Avatar, 2).await);
    let picture = upload(CLARA, MediaKind::Picture, 3).await;
    assert_eq!(reason(world.update(CLARA, repaint(id, &theirs)).await), "MEDIA_NOT_FOUND");
    assert_eq!(reason(world.update(CLARA, repaint(id, &picture)).await), "MEDIA_KIND_INVALID");
    let path = world.update(CLARA, repaint(id, &mine)).await.unwrap().summary.unwrap().picture;
    assert!(path.starts_with("/v1/public/"), "{path}");
    let changed = GroupPictureChanged { by_account_id: 3, picture: path.clone() };
    assert_eq!(world.notices(BORIS, id).await[1..], [notice::Kind::GroupPictureChanged(changed)]);
    assert_eq!(world.update(CLARA, repaint(id, &mine)).await.unwrap().summary.unwrap().picture, path);
    assert_eq!(world.notices(BORIS, id).await.len(), 2, "a repeat changes nothing");
    let held_by_boris = theirs.clone();
    let next = world.update(BORIS, repaint(id, &theirs)).await.unwrap().summary.unwrap().picture;
    assert_ne!(path, next);
    let held = world.foundation.store.transact(move |tx| holder(tx, &mine)).await.unwrap();
    assert_eq!(held, Some(Holder::Upload(CLARA)), "the upload itself stays its owner's");
    let none = world.update(BORIS, repaint(id, "")).await.unwrap().summary.unwrap().picture;
    assert_eq!(none, "");
    let again = world.update(BORIS, repaint(id, &held_by_boris)).await.unwrap().summary.unwrap().picture;
    assert!(!again.is_empty(), "it was taken away meanwhile");
}

#[tokio::test]
async fn all_or_nothing_is_changed() {
    let world = World::new(3).await;
    let id = world.group_of(3).await;
    let settings = Some(GroupSettings { approval: true, ..GroupSettings::default() });
    let request = UpdateGroupRequest { settings, ..rename(id, "Oolong") };
    assert_eq!(reason(world.update(CLARA, request.clone()).await), "NOT_ALLOWED");
    assert_eq!(world.group(CLARA, id).await.unwrap().summary.unwrap().name, "Tea");
    let group = world.update(ANNA, request.clone()).await.unwrap();
    assert_eq!((group.settings, group.summary.unwrap().name), (settings, "Oolong".to_owned()));
    world.update(CLARA, request).await.unwrap();
    let changed = GroupSettingsChanged { by_account_id: 1, approval: true, ..Default::default() };
    assert_eq!(world.notices(CLARA, id).await.last(), Some(&notice::Kind::GroupSettingsChanged(changed)));
}

#[tokio::test]
async fn who_joins_sees_what_was_said_before_where_the_owner_lets_them() {
    let world = World::new(5).await;
    let id = world.group_of(3).await;
    world.say(ANNA, id, "before").await.unwrap();
    world.befriend_all(ANNA, [4, 5]).await;
    world.invite(ANNA, id, &[4]).await.unwrap();
    world.settings(id, |settings| settings.history_visible = true).await;
    world.invite(ANNA, id, &[5]).await.unwrap();
    let says = async |who| {
        let entries = world.entries(who, id).await;
        entries.iter().any(|entry| matches!(&entry.content, Some(entry::Content::Text(_))))
    };
    assert!(!says(DORA).await && says(EMIL).await);
}

#[tokio::test]
async fn an_announcement_calls_on_everybody() {
    let world = World::new(3).await;
    let id = world.group_of(3).await;
    assert_eq!(reason(world.announce(CLARA, id, "no").await), "NOT_ALLOWED");
    assert_eq!(reason(world.announce(ANNA, id, &"x".repeat(1001)).await), "TEXT_TOO_LONG");
    assert_eq!(reason(world.announce(ANNA, id, "a\u{0}").await), "TEXT_INVALID");
    for _ in 0..2 {
        world.announce(ANNA, id, "tea at five").await.unwrap();
    }
    let announced = Announced { by_account_id: 1, text: "tea at five".into() };
    assert_eq!(world.notices(CLARA, id).await[1..], [notice::Kind::Announced(announced)]);
    assert_eq!(world.chat.view(CLARA, id).await.unwrap().unread_mentions, 1);
    let shown = world.group(CLARA, id).await.unwrap().announcement.unwrap();
    assert_eq!((shown.text.as_str(), shown.by_account_id, shown.at_ms), ("tea at five", 1, START.as_ms()));
    for _ in 0..2 {
        world.announce(ANNA, id, "").await.unwrap();
    }
    assert_eq!(world.group(CLARA, id).await.unwrap().announcement, None);
    assert_eq!(world.notices(CLARA, id).await.len(), 2, "without a word");
}

#[tokio::test]
async fn everybody_names_themselves() {
    let world = World::new(3).await;
    let id = world.group_of(3).await;
    world.nickname(CLARA, id, " Clärchen ").await.unwrap();
    assert_eq!(world.group(CLARA, id).await.unwrap().nickname, "Clärchen");
    assert_eq!(world.group(BORIS, id).await.unwrap().nickname, "");
    assert_eq!(reason(world.nickname(CLARA, id, "a\nb").await), "NICKNAME_INVALID");
    assert_eq!(reason(world.nickname(DORA, id, "x").await), "CONVERSATION_NOT_FOUND");
    world.nickname(CLARA, id, "").await.unwrap();
    assert_eq!(world.group(CLARA, id).await.unwrap().nickname, "");
    world.dissolve(ANNA, id).await.unwrap();
    assert_eq!(reason(world.nickname(CLARA, id, "x").await), "GROUP_DISSOLVED");
}

#[tokio::test]
async fn who_is_removed_keeps_what_they_had_and_gets_nothing_new() {
    let world = World::new(4).await;
    let id = world.group_of(4).await;
    world.set_admin(id, BORIS, true).await.unwrap();
    world.say(ANNA, id, "before").await.unwrap();
    world.groups.paint(START + minutes(1)).await.unwrap();
    assert_eq!(reason(world.remove(BORIS, id, &[CLARA, ANNA]).await), "NOT_ALLOWED");
    assert_eq!(reason(world.remove(BORIS, id, &[BORIS]).await), "NOT_ALLOWED");
    assert_eq!(reason(world.remove(CLARA, id, &[DORA]).await), "NOT_ALLOWED");
    assert_eq!(world.members(id).await.len(), 4, "nobody was");
    for _ in 0..2 {
        world.remove(BORIS, id, &[CLARA, EMIL]).await.unwrap();
    }
    let removed = MembersRemoved { by_account_id: 2, account_ids: vec![3] };
    assert_eq!(world.notices(CLARA, id).await.last(), Some(&notice::Kind::MembersRemoved(removed)));
    let entries = world.entries(CLARA, id).await;
    assert_ne!(world.group(ANNA, id).await.unwrap().summary.unwrap().picture, "");
    assert_eq!(
        world.group(CLARA, id).await.unwrap().summary.unwrap().picture,
        "",
        "its path would soon be dead"
    );
    world.update(ANNA, rename(id, "Secret")).await.unwrap();
    world.announce(ANNA, id, "without Clara").await.unwrap();
    world.say(ANNA, id, "after").await.unwrap();
    assert_eq!(world.entries(CLARA, id).await, entries);
    let group = world.group(CLARA, id).await.unwrap();
    let summary = group.summary.clone().unwrap();
    assert_eq!((summary.name.as_str(), summary.standing()), ("Tea", GroupStanding::Removed));
    assert_eq!(
        group,
        Group { conversation_id: id.0, summary: Some(summary), ..Group::default() },
        "and not a word more"
    );
    let open = OpenMemberRequest { conversation_id: id.0, account_id: 1 };
    assert_eq!(reason(world.groups.open_member(&world.cx(CLARA), open).await), "CONVERSATION_NOT_FOUND");
    world.leave(CLARA, id, false).await.unwrap();
    assert_eq!(reason(world.group(CLARA, id).await), "CONVERSATION_NOT_FOUND");
    assert!(world.log(ANNA).await.is_empty(), "they were gone before");
}

#[tokio::test]
async fn leaving_is_silent_but_for_owner_and_admins() {
    let world = World::new(4).await;
    let id = world.group_of(4).await;
    world.set_admin(id, BORIS, true).await.unwrap();
    let before = world.entries(DORA, id).await;
    world.leave(CLARA, id, false).await.unwrap();
    assert_eq!(world.entries(DORA, id).await, before);
    for who in [ANNA, BORIS] {
        assert!(matches!(world.log(who).await.last(), Some(What::GroupMemberLeft(_))));
    }
    assert!(world.log(DORA).await.is_empty());
    assert!(matches!(world.log(CLARA).await.last(), Some(What::ConversationLeft(_))));
    assert_eq!(reason(world.leave(CLARA, id, false).await), "CONVERSATION_NOT_FOUND");
    assert_eq!(reason(world.leave(EMIL, id, true).await), "CONVERSATION_NOT_FOUND");
    let refused = world.foundation.store.get(&tables::REFUSED, &(EMIL, id)).await.unwrap();
    assert_eq!(refused, None, "a stranger leaves no trace");
}

#[tokio::test]
async fn an_owner_leaves_last() {
    let world = World::new(4).await;
    let id = world.group_of(3).await;
    assert_eq!(reason(world.leave(ANNA, id, false).await), "OWNER_CANNOT_LEAVE");
    world.transfer(ANNA, id, BORIS).await.unwrap();
    assert_eq!(world.group(ANNA, id).await.unwrap().summary.unwrap().role(), MemberRole::Member);
    assert_eq!(world.group(CLARA, id).await.unwrap().owner_account_id, 2);
    world.leave(ANNA, id, false).await.unwrap();
    world.befriend(BORIS, DORA).await;
    world.asks_first(DORA).await;
    world.invite(BORIS, id, &[4]).await.unwrap();
    world.leave(CLARA, id, false).await.unwrap();
    world.leave(BORIS, id, false).await.unwrap();
    assert!(world.invitations(DORA).await.is_empty());
    assert_eq!(reason(world.scan(DORA, id, BORIS).await), "GROUP_DISSOLVED");
}

#[tokio::test]
async fn admins_are_few() {
    let mut world = World::new(5).await;
    world.set(|config| config.max_admins = 2);
    let id = world.group_of(5).await;
    for who in [BORIS, BORIS, CLARA] {
        world.set_admin(id, who, true).await.unwrap();
    }
    assert_eq!(reason(world.set_admin(id, DORA, true).await), "TOO_MANY_ADMINS");
    world.set_admin(id, CLARA, true).await.unwrap();
    for _ in 0..2 {
        world.set_admin(id, CLARA, false).await.unwrap();
    }
    world.set_admin(id, DORA, true).await.unwrap();
    assert_eq!(reason(world.set_admin(id, ANNA, false).await), "NOT_ALLOWED");
    assert_eq!(reason(world.set_admin(id, AccountId(77), true).await), "MEMBER_NOT_FOUND");
    assert_eq!(world.members(id).await, [1, 2, 4, 3, 5], "admins stand first");
    let changes = world.notices(ANNA, id).await.len();
    assert_eq!(changes, 1 + 4, "what changes nothing is not noted");
    world.transfer(ANNA, id, BORIS).await.unwrap();
    world.transfer(BORIS, id, BORIS).await.unwrap();
    assert_eq!(reason(world.transfer(BORIS, id, AccountId(77)).await), "MEMBER_NOT_FOUND");
    assert_eq!(world.members(id).await[0], 2);
    assert_eq!(world.notices(ANNA, id).await.len(), changes + 1);
}

#[tokio::test]
async fn the_muted_only_read() {
    let world = World::new(4).await;
    let id = world.group_of(4).await;
    world.set_admin(id, BORIS, true).await.unwrap();
    for _ in 0..2 {
        world.mute(BORIS, id, CLARA, true).await.unwrap();
    }
    assert_eq!(reason(world.say(CLARA, id, "hm").await), "MUTED");
    assert!(!world.group(CLARA, id).await.unwrap().rights.contains(&GroupRight::Speak.into()));
    for above in [ANNA, BORIS] {
        assert_eq!(reason(world.mute(BORIS, id, above, true).await), "NOT_ALLOWED");
    }
    assert_eq!(reason(world.mute(BORIS, id, EMIL, true).await), "MEMBER_NOT_FOUND");
    world.mute(ANNA, id, CLARA, false).await.unwrap();
    world.say(CLARA, id, "ah").await.unwrap();
    world.settings(id, |settings| settings.all_muted = true).await;
    assert_eq!(reason(world.say(CLARA, id, "hm").await), "MUTED");
    world.say(BORIS, id, "quiet").await.unwrap();
}

#[tokio::test]
async fn going_and_coming_back_sheds_no_mute() {
    let world = World::new(4).await;
    let id = world.group_of(4).await;
    world.mute(ANNA, id, CLARA, true).await.unwrap();
    world.remove(ANNA, id, &[CLARA]).await.unwrap();
    world.invite(ANNA, id, &[3]).await.unwrap();
    assert_eq!(reason(world.say(CLARA, id, "hm").await), "MUTED");
    world.leave(CLARA, id, false).await.unwrap();
    world.scan(CLARA, id, BORIS).await.unwrap();
    assert_eq!(reason(world.say(CLARA, id, "hm").await), "MUTED");
    world.remove(ANNA, id, &[CLARA]).await.unwrap();
    world.leave(CLARA, id, false).await.unwrap();
    world.invite(ANNA, id, &[3]).await.unwrap();
    assert_eq!(reason(world.say(CLARA, id, "hm").await), "MUTED", "also who was removed before they left");
    world.mute(ANNA, id, CLARA, false).await.unwrap();
    world.leave(CLARA, id, false).await.unwrap();
    world.leave(DORA, id, false).await.unwrap();
    world.invite(ANNA, id, &[3, 4]).await.unwrap();
    for who in [CLARA, DORA] {
        world.say(who, id, "ah").await.unwrap();
    }
}

#[tokio::test]
async fn a_dissolved_group_can_be_read_and_left() {
    let world = World::new(4).await;
    let id = world.group_of(4).await;
    world.say(ANNA, id, "before").await.unwrap();
    assert_eq!(reason(world.dissolve(BORIS, id).await), "NOT_ALLOWED");
    for _ in 0..2 {
        world.dissolve(ANNA, id).await.unwrap();
    }
    assert_eq!(reason(world.dissolve(BORIS, id).await), "GROUP_DISSOLVED");
    assert_eq!(world.entries(CLARA, id).await.len(), 3);
    let group = world.group(CLARA, id).await.unwrap();
    assert_eq!((group.summary.unwrap().standing(), group.rights), (GroupStanding::Dissolved, vec![]));
    assert_eq!(world.members(id).await.len(), 4);
    assert_eq!(reason(world.say(CLARA, id, "hm").await), "GROUP_DISSOLVED");
    assert_eq!(reason(world.invite(ANNA, id, &[2]).await), "GROUP_DISSOLVED");
    assert_eq!(reason(world.update(ANNA, rename(id, "x")).await), "GROUP_DISSOLVED");
    for who in [CLARA, ANNA] {
        world.leave(who, id, false).await.unwrap();
    }
}
