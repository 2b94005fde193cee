//! Messages other than texts in words, for a terminal. Pure.

use super::text::line;
use teahouse_proto::chat::entry::Content;
use teahouse_proto::chat::{ContactCard, Link, Location};

/// A message in one line; `None` for what is said or noted otherwise.
pub(super) fn in_words(content: &Content) -> Option<String> {
    Some(match content {
        Content::Location(location) => place(location),
        Content::ContactCard(card) => person(card),
        Content::Link(link) => page(link),
        _ => return None,
    })
}

fn place(location: &Location) -> String {
    let about = if location.approximate { "about " } else { "" };
    let label =
        if location.label.is_empty() { String::new() } else { format!(" “{}”", line(&location.label)) };
    format!("[location {about}{}, {}{label}]", location.latitude, location.longitude)
}

fn person(card: &ContactCard) -> String {
    let name = card.card.as_ref().map_or("", |card| card.display_name.as_str());
    format!("[card {}]", line(name))
}

fn page(link: &Link) -> String {
    let title = if link.title.is_empty() { String::new() } else { format!(" {}", line(&link.title)) };
    format!("[link {}]{title} {}", line(&link.host), line(&link.url))
}

#[cfg(test)]
mod tests {
    use super::*;
    use teahouse_proto::chat::Text;
    use teahouse_proto::common::PersonCard;

    #[test]
    fn each_kind_has_its_words() {
        let location = |approximate, label: &str| {
            Content::Location(Location {
                latitude: 30.25,
                longitude: 120.16,
                approximate,
                label: label.into(),
            })
        };
        let card = PersonCard { display_name: "An\u{1b}na".into(), ..Default::default() };
        let link = Link {
            url: "https://example.org/a".into(),
            title: "Tea\u{202e}".into(),
            host: "example.org".into(),
            ..Default::default()
        };
        for (content, words) in [
            (location(false, "West Lake"), "[location 30.25, 120.16 “West Lake”]"),
            (location(true, ""), "[location about 30.25, 120.16]"),
            (Content::ContactCard(ContactCard { account_id: 0, card: Some(card) }), r"[card An\u{1b}na]"),
            (Content::Link(link), r"[link example.org] Tea\u{202e} https://example.org/a"),
        ] {
            assert_eq!(in_words(&content).as_deref(), Some(words));
        }
        assert_eq!(in_words(&Content::Text(Text::default())), None);
    }
}
