//! What the server notes in conversations, in words.

use super::people::{People, called};
use super::text::block;
use teahouse_proto::chat::notice::Kind;
use teahouse_proto::chat::{Entry, JoinWay, Notice};

/// A notice as a line of its own. `indent`: of the further lines of an announcement.
pub(super) fn noted(people: &People, entry: &Entry, notice: &Notice, indent: usize) -> String {
    let Some(kind) = &notice.kind else { return "— a notice that this version cannot show —".to_owned() };
    let name = |account: &u64| people.name(*account);
    let all = |accounts: &[u64]| accounts.iter().map(name).collect::<Vec<_>>().join(", ");
    let words = match kind {
        Kind::BecameFriends(_) => match people.in_conversation(entry.conversation_id) {
            Some(friend) => format!("you and {} became friends", called(friend)),
            None => "you became friends".to_owned(),
        },
        Kind::Pinned(pin) => format!("{} pinned message {}", name(&pin.account_id), pin.seq),
        Kind::Unpinned(pin) => format!("{} unpinned message {}", name(&pin.account_id), pin.seq),
        Kind::GroupCreated(made) => {
            format!("{} made the group with {}", name(&made.by_account_id), all(&made.account_ids))
        }
        Kind::MembersJoined(joined) => {
            let by = name(&joined.by_account_id);
            let how = match joined.way() {
                JoinWay::Qr => format!("by a code of {by}"),
                JoinWay::Invitation | JoinWay::Unspecified => format!("invited by {by}"),
            };
            format!("{} joined, {how}", all(&joined.account_ids))
        }
        Kind::MembersRemoved(out) => {
            format!("{} removed {}", name(&out.by_account_id), all(&out.account_ids))
        }
        Kind::GroupRenamed(new) if new.name.is_empty() => {
            format!("{} took the group's name away", name(&new.by_account_id))
        }
        Kind::GroupRenamed(new) => {
            format!("{} named the group {}", name(&new.by_account_id), block(&new.name, indent))
        }
        Kind::GroupPictureChanged(new) => format!("{} changed the group's picture", name(&new.by_account_id)),
        Kind::Announced(told) => {
            format!("{} announced: {}", name(&told.by_account_id), block(&told.text, indent))
        }
        Kind::OwnerChanged(new) => {
            format!("{} handed the group over to {}", name(&new.from_account_id), name(&new.to_account_id))
        }
        Kind::AdminChanged(new) => {
            let what = if new.admin { "an admin" } else { "a member again" };
            format!("{} made {} {what}", name(&new.by_account_id), name(&new.account_id))
        }
        Kind::MemberMuted(new) => {
            let what = if new.muted { "muted" } else { "lets speak again" };
            format!("{} {what} {}", name(&new.by_account_id), name(&new.account_id))
        }
        Kind::GroupMuted(new) => {
            let what = if new.muted { "muted everybody" } else { "lets everybody speak again" };
            format!("{} {what}", name(&new.by_account_id))
        }
        Kind::GroupSettingsChanged(new) => {
            format!("{} changed the group's settings", name(&new.by_account_id))
        }
        Kind::GroupDissolved(by) => format!("{} dissolved the group", name(&by.by_account_id)),
    };
    format!("— {words} —")
}
