//! The groups room on a store in memory, with real contacts and conversations.

mod attacks;
mod governing;
mod inviting;
mod joining;
mod lists;
mod pictures;
mod requests;
mod rights;

use super::*;
use crate::call::{Caller, Cx, Session};
use crate::delivery::log;
use crate::error::Error;
use crate::features::accounts::fixture;
use crate::features::chat::{ChatConfig, Hooks};
use crate::features::contacts::{Contacts, ContactsConfig, FriendHooks, set_friend};
use crate::features::testing::{foundation, media};
use crate::id::{AccountId, ConversationId, DeviceId};
use crate::time::{DAY, Time};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use teahouse_proto::accounts::{Profile, Settings};
use teahouse_proto::chat::send_message_request::{Content, To};
use teahouse_proto::chat::*;
use teahouse_proto::contacts::BlockRequest;
use teahouse_proto::contacts::block_request::Who;
use teahouse_proto::groups::*;
use teahouse_proto::sync::account_event::What;
use teahouse_proto::{ChatApi, ContactsApi, GroupsApi};
use tempfile::TempDir;

/// Far enough from 1970 that everybody can be old.
const START: Time = Time(1_800_000_000_000);
const ANNA: AccountId = AccountId(1);
const BORIS: AccountId = AccountId(2);
const CLARA: AccountId = AccountId(3);
const DORA: AccountId = AccountId(4);
const EMIL: AccountId = AccountId(5);

struct World {
    groups: Arc<Groups>,
    chat: Arc<Chat>,
    contacts: Contacts,
    foundation: Foundation,
    media: Arc<Media>,
    now: Time,
    made: AtomicU64,
    _dir: TempDir,
}

/// Anna is 1, Boris 2, Clara 3 …; each a hundred days old.
impl World {
    async fn new(people: u64) -> Self {
        Self::with(people, GroupsConfig::default()).await
    }

    async fn with(people: u64, config: GroupsConfig) -> Self {
        Self::under(people, config, ChatConfig::default()).await
    }

    async fn under(people: u64, config: GroupsConfig, chat: ChatConfig) -> Self {
        let (foundation, _published) = foundation();
        let (media, dir) = media(&foundation);
        let hooks = Arc::new(Hooks::new(foundation.ids.clone()));
        let contacts = Contacts::new(foundation.clone(), ContactsConfig::default(), hooks);
        let people_tickets = contacts.tickets().clone();
        let chat = Chat::new(foundation.clone(), chat, media.clone(), people_tickets.clone());
        foundation.store.observe(vec![chat.clone()]);
        let groups = Groups::new(foundation.clone(), config, media.clone(), chat.clone(), people_tickets);
        let now = START;
        let world =
            Self { groups, chat, contacts, foundation, media, now, made: AtomicU64::new(1), _dir: dir };
        for id in 1..=people {
            world.register(AccountId(id), START - DAY * 100).await;
        }
        world
    }

    /// The same people under other settings; what is stored stays.
    fn set(&mut self, change: impl FnOnce(&mut GroupsConfig)) {
        let mut config = self.groups.room.config.clone();
        change(&mut config);
        let people = self.contacts.tickets().clone();
        let (media, chat) = (self.media.clone(), self.chat.clone());
        self.groups = Groups::new(self.foundation.clone(), config, media, chat, people);
    }

    /// Others can reach the server: there are newcomers.
    fn open_to_all(&mut self) {
        self.foundation.on_loopback = false;
        self.set(|_| {});
    }

    async fn register(&self, id: AccountId, created_at: Time) {
        let name = format!("person{id}");
        self.foundation.store.transact(move |tx| fixture::register(tx, id, &name, created_at)).await.unwrap();
    }

    async fn change(
        &self,
        id: AccountId,
        change: impl Fn(&mut Profile, &mut Settings) + Send + Sync + 'static,
    ) {
        self.foundation.store.transact(move |tx| fixture::change(tx, id, &change)).await.unwrap();
    }

    /// From now on they are asked before they are in a group.
    async fn asks_first(&self, id: AccountId) {
        self.change(id, |_, settings| settings.ask_before_group = true).await;
    }

    async fn befriend(&self, a: AccountId, b: AccountId) {
        let hooks = Hooks::new(self.foundation.ids.clone());
        let now = self.now;
        let befriend = self.foundation.store.transact(move |tx| {
            let id = hooks.on_friends(tx, a, b, now)?;
            set_friend(tx, a, b, Some(id))?;
            set_friend(tx, b, a, Some(id))
        });
        befriend.await.unwrap();
    }

    async fn befriend_all(&self, a: AccountId, others: impl IntoIterator<Item = u64>) {
        for other in others {
            self.befriend(a, AccountId(other)).await;
        }
    }

    /// `a` takes `b` off their friends.
    async fn part(&self, a: AccountId, b: AccountId) {
        self.foundation.store.transact(move |tx| set_friend(tx, a, b, None)).await.unwrap();
    }

    async fn block(&self, a: AccountId, b: AccountId) -> u64 {
        let request = BlockRequest { who: Some(Who::AccountId(b.0)) };
        let blocked = self.contacts.block(&self.cx(a), request).await.unwrap().blocked;
        blocked.unwrap().block_id
    }

    fn cx(&self, account: AccountId) -> Cx {
        self.cx_of(account, START - DAY * 100)
    }

    fn cx_of(&self, account: AccountId, created_at: Time) -> Cx {
        let session = Session::new(account, DeviceId(account.0), created_at);
        let caller = Caller::new(Some(session.into()), [127, 0, 0, 1].into());
        let mut cx = Cx::new(caller, &self.foundation.clock);
        cx.now = self.now;
        cx
    }

    fn client_id(&self) -> bytes::Bytes {
        u128::from(self.made.fetch_add(1, Ordering::Relaxed)).to_be_bytes().to_vec().into()
    }

    async fn try_create(&self, who: AccountId, with: &[u64]) -> Result<CreateGroupResponse> {
        let request = CreateGroupRequest {
            client_group_id: self.client_id(),
            name: "Tea".into(),
            account_ids: with.to_vec(),
        };
        self.groups.create_group(&self.cx(who), request).await
    }

    /// A group of Anna, Boris and so on, with Anna as the owner, who is a friend of all.
    async fn group_of(&self, people: u64) -> ConversationId {
        self.befriend_all(ANNA, 2..=people).await;
        let with: Vec<u64> = (2..=people).collect();
        let made = self.try_create(ANNA, &with).await.unwrap();
        assert!(made.invited.iter().all(|invited| invited.outcome() == InviteOutcome::Joined));
        ConversationId(made.group.unwrap().conversation_id)
    }

    async fn group(&self, who: AccountId, id: ConversationId) -> Result<Group> {
        let request = GetGroupRequest { conversation_id: id.0 };
        Ok(self.groups.get_group(&self.cx(who), request).await?.group.unwrap())
    }

    async fn settings(&self, id: ConversationId, change: impl FnOnce(&mut GroupSettings)) {
        let mut settings = self.group(ANNA, id).await.unwrap().settings.unwrap();
        change(&mut settings);
        let request =
            UpdateGroupRequest { conversation_id: id.0, settings: Some(settings), ..Default::default() };
        self.groups.update_group(&self.cx(ANNA), request).await.unwrap();
    }

    async fn set_admin(&self, id: ConversationId, account: AccountId, admin: bool) -> Result<()> {
        let request = SetAdminRequest { conversation_id: id.0, account_id: account.0, admin };
        self.groups.set_admin(&self.cx(ANNA), request).await.map(drop)
    }

    async fn invite(&self, who: AccountId, id: ConversationId, ids: &[u64]) -> Result<Vec<InviteOutcome>> {
        let request = InviteMembersRequest { conversation_id: id.0, account_ids: ids.to_vec() };
        let invited = self.groups.invite_members(&self.cx(who), request).await?.invited;
        Ok(invited.iter().map(Invited::outcome).collect())
    }

    async fn invitations(&self, who: AccountId) -> Vec<GroupInvitation> {
        let request = ListInvitationsRequest::default();
        self.groups.list_invitations(&self.cx(who), request).await.unwrap().invitations
    }

    async fn accept(&self, who: AccountId, invitation_id: u64) -> Result<JoinOutcome> {
        let request = AcceptInvitationRequest { invitation_id };
        let accepted = self.groups.accept_invitation(&self.cx(who), request).await?;
        assert_eq!(accepted.group.is_some(), accepted.outcome() == JoinOutcome::Joined);
        Ok(accepted.outcome())
    }

    async fn decline(&self, who: AccountId, invitation_id: u64) -> Result<()> {
        let request = DeclineInvitationRequest { invitation_id };
        self.groups.decline_invitation(&self.cx(who), request).await.map(drop)
    }

    async fn requests(&self, who: AccountId, id: ConversationId) -> Result<Vec<JoinRequest>> {
        let request = ListJoinRequestsRequest { conversation_id: id.0, page: None };
        Ok(self.groups.list_join_requests(&self.cx(who), request).await?.requests)
    }

    async fn decide(&self, who: AccountId, request: &JoinRequest, approve: bool) -> Result<()> {
        let request = DecideJoinRequestRequest {
            conversation_id: request.conversation_id,
            join_request_id: request.join_request_id,
            approve,
        };
        self.groups.decide_join_request(&self.cx(who), request).await.map(drop)
    }

    /// Joins by a code that somebody shared.
    async fn scan(&self, who: AccountId, id: ConversationId, sharer: AccountId) -> Result<JoinOutcome> {
        let ticket = self.ticket(who, id, sharer).await;
        self.join(who, ticket).await
    }

    async fn ticket(&self, who: AccountId, group: ConversationId, sharer: AccountId) -> bytes::Bytes {
        let resets = Resets::load(&self.foundation.store, group, sharer).await.unwrap();
        self.groups.tickets().make(who, Shared { group, sharer, resets }, self.now).into()
    }

    async fn join(&self, who: AccountId, ticket: bytes::Bytes) -> Result<JoinOutcome> {
        let joined = self.groups.join_group(&self.cx(who), JoinGroupRequest { ticket }).await?;
        assert_eq!(joined.group.is_some(), joined.outcome() == JoinOutcome::Joined);
        Ok(joined.outcome())
    }

    async fn remove(&self, who: AccountId, id: ConversationId, accounts: &[AccountId]) -> Result<()> {
        let account_ids = accounts.iter().map(|account| account.0).collect();
        let request = RemoveMembersRequest { conversation_id: id.0, account_ids };
        self.groups.remove_members(&self.cx(who), request).await.map(drop)
    }

    async fn leave(&self, who: AccountId, id: ConversationId, do_not_add_again: bool) -> Result<()> {
        let request = LeaveGroupRequest { conversation_id: id.0, do_not_add_again };
        self.groups.leave_group(&self.cx(who), request).await.map(drop)
    }

    async fn dissolve(&self, who: AccountId, id: ConversationId) -> Result<()> {
        let request = DissolveGroupRequest { conversation_id: id.0 };
        self.groups.dissolve_group(&self.cx(who), request).await.map(drop)
    }

    async fn say(&self, who: AccountId, id: ConversationId, text: &str) -> Result<u64> {
        let text = Text { text: text.to_owned(), ..Text::default() };
        let request = SendMessageRequest {
            client_message_id: self.client_id(),
            to: Some(To::ConversationId(id.0)),
            content: Some(Content::Text(text)),
        };
        Ok(self.chat.send_message(&self.cx(who), request).await?.seq)
    }

    async fn entries(&self, who: AccountId, id: ConversationId) -> Vec<teahouse_proto::chat::Entry> {
        let request = ListEntriesRequest { conversation_id: id.0, ..Default::default() };
        self.chat.list_entries(&self.cx(who), request).await.unwrap().entries
    }

    /// Kinds of the notices that somebody sees in a group.
    async fn notices(&self, who: AccountId, id: ConversationId) -> Vec<notice::Kind> {
        let entries = self.entries(who, id).await.into_iter();
        let notices = entries.filter_map(|entry| match entry.content? {
            entry::Content::Notice(notice) => notice.kind,
            _ => None,
        });
        notices.collect()
    }

    /// Who is in a group, as Anna lists it.
    async fn members(&self, id: ConversationId) -> Vec<u64> {
        let request = ListMembersRequest { conversation_id: id.0, page: None };
        let listed = self.groups.list_members(&self.cx(ANNA), request).await.unwrap();
        listed.members.iter().map(|member| member.account_id).collect()
    }

    /// What the log of an account says of groups.
    async fn log(&self, who: AccountId) -> Vec<What> {
        let all = log::after(&self.foundation.store, who, 0, 1000).await.unwrap();
        let of_groups = all.into_iter().filter_map(|event| event.what).filter(|what| {
            matches!(
                what,
                What::GroupInvitation(_)
                    | What::GroupInvitationClosed(_)
                    | What::JoinRequest(_)
                    | What::JoinRequestClosed(_)
                    | What::GroupMemberLeft(_)
                    | What::ConversationLeft(_)
            )
        });
        of_groups.collect()
    }
}

fn reason<T: std::fmt::Debug>(outcome: Result<T, Error>) -> &'static str {
    outcome.unwrap_err().reason()
}

fn minutes(n: u32) -> Duration {
    Duration::from_secs(60) * n
}

#[tokio::test]
async fn a_group_is_made_and_spoken_in() {
    let world = World::new(4).await;
    let id = world.group_of(4).await;
    for who in [ANNA, BORIS, CLARA, DORA] {
        let seq = world.say(who, id, "hello").await.unwrap();
        for reader in [ANNA, BORIS, CLARA, DORA] {
            assert_eq!(world.entries(reader, id).await.len() as u64, seq, "{reader} sees what {who} said");
        }
    }
    let created = GroupCreated { by_account_id: 1, account_ids: vec![2, 3, 4] };
    assert_eq!(world.notices(DORA, id).await, [notice::Kind::GroupCreated(created)]);
    assert_eq!(world.members(id).await, [1, 2, 3, 4]);
    let group = world.group(BORIS, id).await.unwrap();
    let summary = group.summary.as_ref().unwrap();
    assert_eq!((summary.name.as_str(), summary.member_count, group.owner_account_id), ("Tea", 4, 1));
    assert_eq!((summary.role(), summary.standing()), (MemberRole::Member, GroupStanding::Member));
    assert_eq!(group.settings, Some(GroupSettings::default()), "all switches are off");
    assert_eq!(group.summary, world.chat.view(BORIS, id).await.unwrap().group, "one summary");
}

#[tokio::test]
async fn a_repeat_makes_no_second_group() {
    let world = World::new(4).await;
    world.befriend_all(ANNA, 2..=4).await;
    world.asks_first(DORA).await;
    let request = CreateGroupRequest {
        client_group_id: world.client_id(),
        name: String::new(),
        account_ids: vec![2, 3, 4, 3, 1],
    };
    let made = world.groups.create_group(&world.cx(ANNA), request.clone()).await.unwrap();
    assert_eq!(world.groups.create_group(&world.cx(ANNA), request.clone()).await.unwrap(), made);
    assert_eq!(world.invitations(DORA).await.len(), 1);
    let outcomes: Vec<_> = made.invited.iter().map(|i| (i.account_id, i.outcome())).collect();
    use InviteOutcome::{Asked, Joined};
    assert_eq!(outcomes, [(2, Joined), (3, Joined), (4, Asked)], "each once, and not the caller");
    let other = CreateGroupRequest { name: "Other".into(), ..request.clone() };
    assert_eq!(reason(world.groups.create_group(&world.cx(ANNA), other).await), "CLIENT_ID_REUSED");
    let bad = CreateGroupRequest { client_group_id: vec![1].into(), ..request };
    assert_eq!(reason(world.groups.create_group(&world.cx(ANNA), bad).await), "CLIENT_ID_INVALID");
}

#[tokio::test]
async fn a_group_needs_two_friends_and_a_name_that_can_be_seen() {
    let world = World::new(5).await;
    world.befriend_all(ANNA, [2, 3]).await;
    world.befriend(ANNA, DORA).await;
    world.part(DORA, ANNA).await;
    for too_few in [&[][..], &[2], &[2, 2], &[2, 1], &[2, 4], &[2, 5, 99]] {
        assert_eq!(reason(world.try_create(ANNA, too_few).await), "TOO_FEW_MEMBERS", "{too_few:?}");
    }
    let made = world.try_create(ANNA, &[2, 3, 4, 5, 99]).await.unwrap();
    let outcomes: Vec<_> = made.invited.iter().map(|i| i.outcome()).collect();
    use InviteOutcome::{Joined, NotFriends};
    assert_eq!(
        outcomes,
        [Joined, Joined, NotFriends, NotFriends, NotFriends],
        "who deleted me, a stranger and nobody are alike"
    );
    let many: Vec<u64> = (2..=102).collect();
    assert_eq!(reason(world.try_create(ANNA, &many).await), "TOO_MANY_MEMBERS");
    let request = CreateGroupRequest {
        client_group_id: world.client_id(),
        name: "a\u{202e}b".into(),
        account_ids: vec![2, 3],
    };
    assert_eq!(reason(world.groups.create_group(&world.cx(ANNA), request).await), "GROUP_NAME_INVALID");
}

#[tokio::test]
async fn beyond_forty_people_are_asked() {
    let world = World::new(50).await;
    world.befriend_all(ANNA, 2..=50).await;
    let with: Vec<u64> = (2..=50).collect();
    let made = world.try_create(ANNA, &with).await.unwrap();
    let outcomes: Vec<_> = made.invited.iter().map(Invited::outcome).collect();
    assert!(outcomes[..39].iter().all(|outcome| *outcome == InviteOutcome::Joined));
    assert!(outcomes[39..].iter().all(|outcome| *outcome == InviteOutcome::Asked));
    assert_eq!(made.group.unwrap().summary.unwrap().member_count, 40);
    let invitation = &world.invitations(AccountId(50)).await[0];
    assert_eq!((invitation.member_count, invitation.inviter_account_id), (40, 1));
    assert_eq!(world.accept(AccountId(50), invitation.invitation_id).await.unwrap(), JoinOutcome::Joined);
}

#[tokio::test]
async fn a_day_has_ten_groups_and_a_hundred_invitations() {
    let mut world = World::new(40).await;
    world.befriend_all(ANNA, 2..=40).await;
    for _ in 0..10 {
        world.try_create(ANNA, &[2, 3]).await.unwrap();
    }
    let refused = world.try_create(ANNA, &[2, 3]).await.unwrap_err();
    assert_eq!((refused.reason(), refused.retry_after_ms()), ("RATE_LIMITED", 86_400_000));
    world.now = START + DAY;
    let with: Vec<u64> = (2..=40).collect();
    world.try_create(ANNA, &with).await.unwrap();
    world.try_create(ANNA, &with).await.unwrap();
    assert_eq!(reason(world.try_create(ANNA, &with).await), "RATE_LIMITED", "78 and 39");
    world.try_create(ANNA, &with[..22]).await.unwrap();
    assert_eq!(reason(world.try_create(ANNA, &[2, 3]).await), "RATE_LIMITED");
}

#[tokio::test]
async fn newcomers_have_a_fifth() {
    let mut world = World::new(40).await;
    world.befriend_all(ANNA, 2..=40).await;
    world.open_to_all();
    let young = world.cx_of(ANNA, START - DAY);
    let create = async |ids: std::ops::RangeInclusive<u64>| {
        let request = CreateGroupRequest {
            client_group_id: world.client_id(),
            name: String::new(),
            account_ids: ids.collect(),
        };
        world.groups.create_group(&young, request).await
    };
    assert_eq!(reason(create(2..=22).await), "RATE_LIMITED", "21 of 20");
    create(2..=10).await.unwrap();
    create(2..=10).await.unwrap();
    assert_eq!(reason(create(2..=3).await), "RATE_LIMITED", "the third group");
    world.try_create(ANNA, &[2, 3]).await.unwrap();
}
