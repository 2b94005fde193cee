//! Groups: coming and going, and what members see of it.

use super::*;
use crate::id::ConversationId;
use teahouse_proto::chat::notice::Kind as Noted;

pub(super) const GROUP: ConversationId = ConversationId(7_000);
pub(super) const DANI: AccountId = AccountId(4);

impl Room {
    /// What later rooms do in their transactions.
    pub(super) async fn act<T: Send + 'static>(
        &self,
        act: impl Fn(&Groups, &mut Tx<'_>, Time) -> Result<T> + Send + Sync + 'static,
    ) -> T {
        let (groups, now) = (self.chat.groups().clone(), self.foundation.clock.now());
        self.foundation.store.transact(move |tx| act(&groups, tx, now)).await.unwrap()
    }

    /// A group of Anna, who owns it, Boris and Clara.
    pub(super) async fn with_group() -> Self {
        let room = Self::with_friends().await.0;
        room.act(|groups, tx, now| groups.create(tx, GROUP, "Tea", ANNA, &[BORIS, CLARA], now)).await;
        room
    }

    pub(super) async fn join(&self, who: AccountId) {
        self.act(move |groups, tx, now| groups.join(tx, GROUP, &[who], ANNA, JoinWay::Invitation, None, now))
            .await;
    }

    pub(super) async fn remove(&self, who: AccountId) {
        self.act(move |groups, tx, now| groups.remove(tx, GROUP, &[who], ANNA, now)).await;
    }

    pub(super) async fn leave(&self, who: AccountId) {
        self.act(move |groups, tx, now| groups.leave(tx, GROUP, who, now)).await;
    }

    pub(super) async fn try_say(&mut self, who: AccountId, text: &str) -> Result<SendMessageResponse> {
        self.send(who, To::ConversationId(GROUP.0), plain(text)).await
    }

    pub(super) async fn numbers(&self, who: AccountId) -> Vec<u64> {
        self.all(who, GROUP).await.iter().map(|entry| entry.seq).collect()
    }
}

fn noted(entry: &Entry) -> &Noted {
    match &entry.content {
        Some(entry::Content::Notice(notice)) => notice.kind.as_ref().unwrap(),
        other => panic!("no notice: {other:?}"),
    }
}

#[tokio::test]
async fn all_members_see_what_is_said_and_nobody_else() {
    let mut room = Room::with_group().await;
    let seq = room.say(BORIS, GROUP, "hello").await;
    for who in [ANNA, BORIS, CLARA] {
        assert_eq!(
            texts(&room.live(ANNA)),
            if who == ANNA { vec!["notice", "notice", "hello"] } else { vec![] }
        );
        assert_eq!(texts(&room.all(who, GROUP).await), ["notice", "hello"]);
        let view = room.view(who, GROUP).await;
        let group = view.group.unwrap();
        assert_eq!((view.head_seq, view.unread), (seq, u64::from(who != BORIS)));
        assert_eq!((group.name.as_str(), group.member_count, group.may_speak), ("Tea", 3, true));
        assert_eq!(group.role(), if who == ANNA { MemberRole::Owner } else { MemberRole::Member });
        assert_eq!(group.standing(), GroupStanding::Member);
    }
    assert_eq!(refused(room.try_say(DANI, "hi").await), "CONVERSATION_NOT_FOUND");
    assert_eq!(refused(room.read(DANI, GROUP, 1).await), "CONVERSATION_NOT_FOUND");
    let Noted::GroupCreated(made) = noted(&room.all(ANNA, GROUP).await[0]).clone() else { panic!() };
    assert_eq!((made.by_account_id, made.account_ids), (ANNA.0, vec![BORIS.0, CLARA.0]));
}

#[tokio::test]
async fn who_joins_sees_what_follows_and_all_where_the_group_shows_it() {
    let mut room = Room::with_group().await;
    room.say(ANNA, GROUP, "before").await;
    room.join(DANI).await;
    room.say(ANNA, GROUP, "after").await;
    assert_eq!(texts(&room.all(DANI, GROUP).await), ["notice", "after"]);
    let view = room.view(DANI, GROUP).await;
    assert_eq!((view.first_seq_after, view.head_seq, view.unread), (2, 4, 1));
    room.act(|groups, tx, now| groups.set_history_visible(tx, GROUP, true, now)).await;
    let eva = AccountId(5);
    room.join(eva).await;
    assert_eq!(texts(&room.all(eva, GROUP).await), ["notice", "before", "notice", "after", "notice"]);
    let view = room.view(eva, GROUP).await;
    assert_eq!(
        (view.first_seq_after, view.unread, view.read_seq),
        (0, 0, 4),
        "what was before need not be read"
    );
    room.join(eva).await;
    assert_eq!(room.view(eva, GROUP).await.head_seq, 5, "nobody joins twice");
}

#[tokio::test]
async fn who_is_removed_keeps_what_they_had_and_learns_nothing_more() {
    let mut room = Room::with_group().await;
    room.say(ANNA, GROUP, "one").await;
    room.remove(CLARA).await;
    let mut before = room.view(CLARA, GROUP).await;
    room.say(ANNA, GROUP, "two").await;
    room.act(|groups, tx, now| groups.rename(tx, GROUP, "Coffee", ANNA, now)).await;
    assert_eq!(texts(&room.live(CLARA)), ["notice", "one", "notice"], "the last is the removal");
    assert_eq!(texts(&room.all(CLARA, GROUP).await), ["notice", "one", "notice"]);
    let view = room.view(CLARA, GROUP).await;
    before.draft = None;
    assert_eq!(view, before);
    let group = view.group.unwrap();
    assert_eq!((view.head_seq, view.unread, group.name.as_str(), group.member_count), (3, 1, "Tea", 2));
    assert_eq!((group.standing(), group.may_speak), (GroupStanding::Removed, false));
    assert_eq!(refused(room.try_say(CLARA, "hey").await), "NOT_A_MEMBER");
    assert_eq!(refused(room.read(CLARA, GROUP, 4).await), "SEQ_INVALID");
    assert_eq!(room.read(CLARA, GROUP, 3).await.unwrap().unread, 0);
    let places = room.chat.moved_after(CLARA, 0).await.unwrap();
    assert_eq!(places.len(), 1);
    assert!(room.chat.moved_after(CLARA, places[0].0).await.unwrap().is_empty(), "it moves no more");

    room.join(CLARA).await;
    room.say(ANNA, GROUP, "three").await;
    assert_eq!(room.numbers(CLARA).await, [1, 2, 3, 6, 7]);
    let view = room.view(CLARA, GROUP).await;
    assert_eq!((view.first_seq_after, view.unread, view.head_seq), (0, 1, 7));
    assert_eq!(view.unseen, [SeqRange { from_seq: 4, to_seq: 5 }]);
    assert_eq!(view.group.unwrap().name, "Coffee");
    room.try_say(CLARA, "back").await.unwrap();
}

#[tokio::test]
async fn who_leaves_has_nothing_and_only_those_in_charge_learn_of_it() {
    let mut room = Room::with_group().await;
    room.act(|groups, tx, now| groups.set_role(tx, GROUP, BORIS, true, ANNA, now)).await;
    room.say(CLARA, GROUP, "bye").await;
    let heads = async |room: &Room| {
        let mut heads = Vec::new();
        for who in [ANNA, BORIS, CLARA, DANI] {
            heads.push(crate::delivery::log::head(&room.foundation.store, who).await.unwrap());
        }
        heads
    };
    room.join(DANI).await;
    let (before, head) = (heads(&room).await, room.view(ANNA, GROUP).await.head_seq);
    room.leave(CLARA).await;
    room.leave(CLARA).await;
    let after = heads(&room).await;
    let told: Vec<u64> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
    assert_eq!(told, [1, 1, 1, 0]);
    assert_eq!(room.view(ANNA, GROUP).await.head_seq, head, "no notice");
    assert!(room.chat.moved_after(CLARA, 0).await.unwrap().is_empty());
    assert_eq!(refused(room.try_say(CLARA, "hey").await), "CONVERSATION_NOT_FOUND");
    room.join(CLARA).await;
    assert_eq!(room.numbers(CLARA).await, [head + 1]);
}

#[tokio::test]
async fn muted_dissolved_and_new_members_may_not_say_everything() {
    let mut room = Room::with_group().await;
    room.act(|groups, tx, now| groups.set_muted(tx, GROUP, BORIS, true, ANNA, now)).await;
    assert_eq!(refused(room.try_say(BORIS, "hm").await), "MUTED");
    assert!(!room.view(BORIS, GROUP).await.group.unwrap().may_speak);
    room.act(|groups, tx, now| groups.set_all_muted(tx, GROUP, true, ANNA, now)).await;
    assert_eq!(refused(room.try_say(CLARA, "hm").await), "MUTED");
    room.try_say(ANNA, "quiet").await.unwrap();
    room.act(|groups, tx, now| groups.set_all_muted(tx, GROUP, false, ANNA, now)).await;
    let clock = room.foundation.clock.clone();
    let until = clock.now() + std::time::Duration::from_secs(3600);
    room.act(move |groups, tx, now| groups.join(tx, GROUP, &[DANI], ANNA, JoinWay::Qr, Some(until), now))
        .await;
    room.try_say(DANI, "hello").await.unwrap();
    assert_eq!(refused(room.try_say(DANI, "see evil.example").await), "PLAIN_TEXT_ONLY");
    let place = Location { latitude: 1.0, longitude: 1.0, ..Location::default() };
    let sent = room.send_any(DANI, To::ConversationId(GROUP.0), Say::Location(place.clone())).await;
    assert_eq!(refused(sent), "PLAIN_TEXT_ONLY");
    let rename = |who| {
        let groups = room.chat.groups().clone();
        let check = move |tx: &mut Tx<'_>| groups.check(tx, GROUP, who, GroupRight::Rename).map(drop);
        room.foundation.store.transact(check)
    };
    assert_eq!(refused(rename(DANI).await), "NOT_ALLOWED", "a name says something, too");
    assert_eq!(refused(rename(BORIS).await), "NOT_ALLOWED", "muted");
    rename(CLARA).await.unwrap();
    clock.advance(std::time::Duration::from_secs(3601));
    rename(DANI).await.unwrap();
    room.send_any(DANI, To::ConversationId(GROUP.0), Say::Location(place)).await.unwrap();
    room.act(|groups, tx, now| groups.dissolve(tx, GROUP, ANNA, now)).await;
    assert_eq!(refused(room.try_say(ANNA, "hm").await), "GROUP_DISSOLVED");
    assert_eq!(room.view(ANNA, GROUP).await.group.unwrap().standing(), GroupStanding::Dissolved);
}

#[tokio::test]
async fn rights_are_checked_by_the_table() {
    let room = Room::with_group().await;
    room.remove(CLARA).await;
    let check = |who, right| {
        let groups = room.chat.groups().clone();
        let check = move |tx: &mut Tx<'_>| groups.check(tx, GROUP, who, right).map(|(group, _)| group);
        room.foundation.store.transact(check)
    };
    assert_eq!(refused(check(BORIS, GroupRight::Pin).await), "NOT_ALLOWED");
    assert_eq!(refused(check(CLARA, GroupRight::Speak).await), "CONVERSATION_NOT_FOUND");
    assert_eq!(refused(check(DANI, GroupRight::Speak).await), "CONVERSATION_NOT_FOUND");
    let group = check(ANNA, GroupRight::Dissolve).await.unwrap();
    assert_eq!((group.owner, group.admins, group.member_count), (ANNA, 0, 2));
    room.act(|groups, tx, now| groups.transfer(tx, GROUP, BORIS, now)).await;
    assert_eq!(check(BORIS, GroupRight::Dissolve).await.unwrap().owner, BORIS);
    assert_eq!(refused(check(ANNA, GroupRight::Transfer).await), "NOT_ALLOWED");
    let roster = room.chat.group_roster(GROUP).await.unwrap().unwrap();
    assert_eq!(roster.accounts()[..], [BORIS, ANNA]);
    room.act(|groups, tx, now| groups.dissolve(tx, GROUP, BORIS, now)).await;
    assert_eq!(refused(check(BORIS, GroupRight::Speak).await), "GROUP_DISSOLVED");
}

#[tokio::test]
async fn a_message_to_many_costs_what_one_to_few_does() {
    let mut room = Room::with_group().await;
    let many: Vec<AccountId> = (1_000..1_497).map(AccountId).collect();
    room.act(move |groups, tx, now| groups.join(tx, GROUP, &many, ANNA, JoinWay::Invitation, None, now))
        .await;
    room.say(ANNA, GROUP, "one").await;
    room.observer.1.lock().unwrap().clear();
    let seq = room.say(BORIS, GROUP, "two").await;
    room.say(CLARA, GROUP, "three").await;
    room.react(ANNA, (GROUP, seq), "👍", true).await.unwrap();
    let events = room.observer.1.lock().unwrap().clone();
    let lists: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Deliver { to: crate::bus::Audience::Accounts(to), .. } => Some(to),
            _ => None,
        })
        .collect();
    assert_eq!(lists.len(), 3);
    assert!(lists.iter().all(|list| list.len() == 500 && Arc::ptr_eq(list, lists[0])), "one list for all");
}

#[tokio::test]
async fn a_message_is_two_rows_in_a_small_group_and_in_a_large_one() {
    for others in [2_u64, 497] {
        let mut room = Room::with_group().await;
        let joining: Vec<AccountId> = (1_000..1_000 + others).map(AccountId).collect();
        room.act(move |groups, tx, now| {
            groups.join(tx, GROUP, &joining, ANNA, JoinWay::Invitation, None, now)
        })
        .await;
        room.say(ANNA, GROUP, "one").await;
        let before = room.foundation.store.rows();
        room.say(BORIS, GROUP, "two").await;
        let after = room.foundation.store.rows();
        let written: Vec<_> = after.iter().filter(|(key, row)| before.get(*key) != Some(row)).collect();
        assert_eq!((written.len(), after.len() - before.len()), (2, 2), "{others}: {written:?}");
    }
}

#[tokio::test]
async fn who_left_muted_is_known_until_they_come_back_or_it_is_over() {
    let room = Room::with_group().await;
    let known = async || room.foundation.store.get(&tables::LEFT_MUTED, &GROUP).await.unwrap();
    for who in [BORIS, CLARA] {
        room.act(move |groups, tx, now| groups.set_muted(tx, GROUP, who, true, ANNA, now)).await;
        room.leave(who).await;
    }
    assert_eq!(known().await.unwrap().accounts, [BORIS.0, CLARA.0]);
    room.join(BORIS).await;
    assert_eq!(known().await.unwrap().accounts, [CLARA.0]);
    room.act(|groups, tx, now| groups.dissolve(tx, GROUP, ANNA, now)).await;
    room.leave(BORIS).await;
    assert_eq!(known().await, None);
}
