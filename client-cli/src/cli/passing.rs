//! What friends do at the moment, in words: typing, having read, coming and going. Pure.

use super::nearby::{about_stranger, distance, stranger_name};
use super::people::People;
use teahouse_proto::chat::TypingKind;
use teahouse_proto::common::StrangerCard;
use teahouse_proto::presence::Presence;
use teahouse_proto::shake::Shaken;
use teahouse_proto::sync::{Receipt, Typing};

/// "* Bobby is typing"; nothing for what this version does not know.
pub(super) fn typing(people: &People, typing: &Typing) -> Option<String> {
    let does = match typing.kind() {
        TypingKind::Typing => "is typing",
        TypingKind::Speaking => "is speaking",
        TypingKind::SendingPicture => "is sending a picture",
        TypingKind::Stopped => "has stopped",
        TypingKind::Unspecified => return None,
    };
    Some(format!("* {} {does}", people.name(typing.account_id)))
}

/// "* Bobby has read up to 7".
pub(super) fn receipt(people: &People, receipt: &Receipt) -> String {
    format!("* {} has read up to {}", people.name(receipt.account_id), receipt.read_seq)
}

/// "* Bobby is online".
pub(super) fn presence(people: &People, presence: &Presence) -> String {
    let now = if presence.online { "is online" } else { "is gone" };
    format!("* {} {now}", people.name(presence.account_id))
}

/// "* Bobby shook with you: about 500 m", a line each.
pub(super) fn shaken(shaken: &Shaken) -> String {
    let one = |card: &StrangerCard| {
        let about = [distance(card.band()).to_owned(), about_stranger(card)];
        let about: Vec<_> = about.into_iter().filter(|part| !part.is_empty()).collect();
        let about = if about.is_empty() { String::new() } else { format!(": {}", about.join(" · ")) };
        format!("* {} shook with you{about}", stranger_name(Some(card)))
    };
    shaken.partners.iter().map(one).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::people::tests::people;
    use super::*;

    #[test]
    fn friends_are_called_by_name() {
        let people = people();
        let told = |kind: TypingKind| {
            typing(&people, &Typing { account_id: 10, kind: kind.into(), ..Default::default() })
        };
        assert_eq!(told(TypingKind::Speaking).as_deref(), Some("* Bobby is speaking"));
        assert_eq!(told(TypingKind::Unspecified), None);
        let read = Receipt { account_id: 10, read_seq: 7, ..Default::default() };
        assert_eq!(receipt(&people, &read), "* Bobby has read up to 7");
        let here = Presence { account_id: 10, online: true, ..Default::default() };
        assert_eq!(presence(&people, &here), "* Bobby is online");
    }
}
