//! What the server notes in conversations, in words. Pure.

use super::people::{People, called};
use super::text::{block, line, together};
use teahouse_proto::chat::notice::Kind;
use teahouse_proto::chat::{Entry, GroupSettingsChanged, JoinWay, MembersJoined, entry::Content};

/// People named in one notice.
const NAMED: usize = 10;

/// Whether a group has another name after an entry, or somebody new is in it.
pub(super) fn changes_names(entry: &Entry) -> bool {
    let Some(Content::Notice(notice)) = &entry.content else { return false };
    matches!(notice.kind, Some(Kind::GroupCreated(_) | Kind::MembersJoined(_) | Kind::GroupRenamed(_)))
}

/// A notice as a line; the further lines of an announcement are indented.
pub(super) fn in_words(people: &People, conversation_id: u64, notice: &Kind, indent: usize) -> String {
    let name = |id: u64| people.name_in(conversation_id, id);
    let names = |ids: &[u64]| together(&ids.iter().map(|id| name(*id)).collect::<Vec<_>>(), NAMED);
    let what = match notice {
        Kind::BecameFriends(_) => match people.in_conversation(conversation_id) {
            Some(friend) => format!("you and {} became friends", called(friend)),
            None => "you became friends".to_owned(),
        },
        Kind::Pinned(pin) => format!("{} pinned message {}", name(pin.account_id), pin.seq),
        Kind::Unpinned(pin) => format!("{} unpinned message {}", name(pin.account_id), pin.seq),
        Kind::GroupCreated(made) => {
            let with = match made.account_ids.as_slice() {
                [] => String::new(),
                ids => format!(" with {}", names(ids)),
            };
            format!("{} made the group{with}", name(made.by_account_id))
        }
        Kind::MembersJoined(joined) => self::joined(people, conversation_id, joined, &names),
        Kind::MembersRemoved(removed) => {
            format!("{} removed {}", name(removed.by_account_id), names(&removed.account_ids))
        }
        Kind::GroupRenamed(named) if named.name.is_empty() => {
            format!("{} took the name of the group away", name(named.by_account_id))
        }
        Kind::GroupRenamed(named) => {
            format!("{} named the group “{}”", name(named.by_account_id), line(&named.name))
        }
        Kind::GroupPictureChanged(picture) => {
            format!("{} changed the picture of the group", name(picture.by_account_id))
        }
        Kind::Announced(told) => {
            return format!("— {} announced: {} —", name(told.by_account_id), block(&told.text, indent));
        }
        Kind::OwnerChanged(owner) => {
            format!("{} handed the group to {}", name(owner.from_account_id), name(owner.to_account_id))
        }
        Kind::AdminChanged(admin) => {
            let what = if admin.admin { "an admin" } else { "an ordinary member again" };
            format!("{} made {} {what}", name(admin.by_account_id), name(admin.account_id))
        }
        Kind::MemberMuted(mute) => muted(&name(mute.by_account_id), &name(mute.account_id), mute.muted),
        Kind::GroupMuted(mute) => muted(&name(mute.by_account_id), "all", mute.muted),
        Kind::GroupSettingsChanged(settings) => switches(&name(settings.by_account_id), settings),
        Kind::GroupDissolved(end) => format!("{} dissolved the group", name(end.by_account_id)),
        Kind::TemporaryChatEnded(_) => "this chat is over".to_owned(),
    };
    format!("— {what} —")
}

fn joined(
    people: &People,
    conversation_id: u64,
    joined: &MembersJoined,
    names: &impl Fn(&[u64]) -> String,
) -> String {
    let who = names(&joined.account_ids);
    let mine = joined.by_account_id == people.me.account_id;
    match (joined.by_account_id, joined.way()) {
        (0, _) => format!("{who} joined"),
        (_, JoinWay::Qr) if mine => format!("{who} joined by your code"),
        (by, JoinWay::Qr) => format!("{who} joined by the code of {}", people.name_in(conversation_id, by)),
        (by, _) => format!("{who} joined, invited by {}", people.name_in(conversation_id, by)),
    }
}

fn muted(by: &str, whom: &str, muted: bool) -> String {
    if muted { format!("{by} muted {whom}") } else { format!("{by} let {whom} speak again") }
}

fn switches(by: &str, settings: &GroupSettingsChanged) -> String {
    let on = |on: bool| if on { "on" } else { "off" };
    format!(
        "{by} set the group's switches: approval {}, history {}, private {}",
        on(settings.approval),
        on(settings.history_visible),
        on(settings.members_private)
    )
}

#[cfg(test)]
mod tests {
    use super::super::people::tests::people;
    use super::*;
    use teahouse_proto::chat::{
        AdminChanged, Announced, BecameFriends, GroupCreated, GroupDissolved, GroupMuted, GroupRenamed,
        MemberMuted, MembersRemoved, OwnerChanged, Pinned,
    };

    fn said(kind: &Kind) -> String {
        in_words(&people(), 50, kind, 2)
    }

    fn joined(by_account_id: u64, way: JoinWay) -> Kind {
        let account_ids = vec![1, 99];
        Kind::MembersJoined(MembersJoined { account_ids, by_account_id, way: way.into() })
    }

    #[test]
    fn notices_of_groups_say_who_did_what() {
        let by_account_id = 10;
        for (kind, words) in [
            (Kind::BecameFriends(BecameFriends {}), "— you became friends —"),
            (Kind::Pinned(Pinned { account_id: 1, seq: 6 }), "— you pinned message 6 —"),
            (
                Kind::GroupCreated(GroupCreated { by_account_id, account_ids: vec![1, 11] }),
                "— Bobby made the group with you and Boss —",
            ),
            (joined(0, JoinWay::Invitation), "— you and account 99 joined —"),
            (joined(10, JoinWay::Invitation), "— you and account 99 joined, invited by Bobby —"),
            (joined(10, JoinWay::Qr), "— you and account 99 joined by the code of Bobby —"),
            (joined(1, JoinWay::Qr), "— you and account 99 joined by your code —"),
            (
                Kind::MembersRemoved(MembersRemoved { by_account_id, account_ids: vec![1] }),
                "— Bobby removed you —",
            ),
            (
                Kind::GroupRenamed(GroupRenamed { by_account_id, name: "Tea\u{1b}".into() }),
                r"— Bobby named the group “Tea\u{1b}” —",
            ),
            (
                Kind::Announced(Announced { by_account_id, text: "tea\nat 5".into() }),
                "— Bobby announced: tea\n  at 5 —",
            ),
            (
                Kind::OwnerChanged(OwnerChanged { from_account_id: 10, to_account_id: 1 }),
                "— Bobby handed the group to you —",
            ),
            (
                Kind::AdminChanged(AdminChanged { by_account_id, account_id: 1, admin: true }),
                "— Bobby made you an admin —",
            ),
            (
                Kind::MemberMuted(MemberMuted { by_account_id, account_id: 1, muted: false }),
                "— Bobby let you speak again —",
            ),
            (Kind::GroupMuted(GroupMuted { by_account_id, muted: true }), "— Bobby muted all —"),
            (Kind::GroupDissolved(GroupDissolved { by_account_id }), "— Bobby dissolved the group —"),
            (
                Kind::GroupSettingsChanged(GroupSettingsChanged {
                    by_account_id,
                    approval: true,
                    ..Default::default()
                }),
                "— Bobby set the group's switches: approval on, history off, private off —",
            ),
        ] {
            assert_eq!(said(&kind), words);
        }
    }
}
