//! Cards of strangers in words. Pure.

use super::super::account::gender_name;
use super::super::requests::way_name;
use super::super::text::{line, short, table};
use teahouse_proto::common::{Band, Caution, StrangerCard};

/// Columns of what a stranger says of themselves.
const SIGNATURE_WIDTH: usize = 40;

/// What a stranger is called. One harmless line.
pub(crate) fn name(card: Option<&StrangerCard>) -> String {
    card.map(|card| line(&card.name).into_owned()).unwrap_or_default()
}

/// How far somebody was; nothing where that is not known.
pub(crate) fn distance(band: Band) -> &'static str {
    match band {
        Band::Unspecified => "",
        Band::Cell500M => "about 500 m",
        Band::Cell2Km => "about 2 km",
        Band::Within1Km => "within 1 km",
        Band::Within2Km => "within 2 km",
        Band::Within5Km => "within 5 km",
        Band::Within10Km => "within 10 km",
        Band::Within50Km => "within 50 km",
        Band::Within200Km => "within 200 km",
        Band::Within1000Km => "within 1000 km",
        Band::World => "far away",
    }
}

/// A word of care; nothing where there is no need for one.
fn care(caution: Caution) -> &'static str {
    match caution {
        Caution::Unspecified => "",
        Caution::New => "! new here",
        Caution::Reported => "! often reported",
    }
}

/// A name with a word of care behind it, where there is need for one: `Zoe (! new here)`.
pub(crate) fn with_care(name: String, caution: Caution) -> String {
    match care(caution) {
        "" => name,
        care => format!("{name} ({care})"),
    }
}

/// All that a card says besides the name, in a line.
pub(crate) fn about(card: &StrangerCard) -> String {
    let said = [
        care(card.caution()).to_owned(),
        gender_name(card.gender()).to_owned(),
        line(&card.region).into_owned(),
        short(&card.signature, SIGNATURE_WIDTH),
    ];
    said.into_iter().filter(|said| !said.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// A card as a line: `Bobby · about 500 m · male`.
pub(super) fn in_a_line(card: &StrangerCard) -> String {
    let parts = [name(Some(card)), distance(card.band()).to_owned(), about(card)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// Whom a look or shake found, numbered.
pub(super) fn list(cards: &[StrangerCard], nobody: &str) -> String {
    if cards.is_empty() {
        return nobody.to_owned();
    }
    let row = |(place, card): (usize, &StrangerCard)| {
        [(place + 1).to_string(), name(Some(card)), distance(card.band()).to_owned(), about(card)]
    };
    table(["STRANGER", "NAME", "DISTANCE", "ABOUT"], &cards.iter().enumerate().map(row).collect::<Vec<_>>())
}

/// A card with all that it says.
pub(super) fn in_full(card: &StrangerCard) -> String {
    let found = [way_name(card.way()), distance(card.band())];
    let found: Vec<_> = found.into_iter().filter(|part| !part.is_empty()).collect();
    let lines = [
        ("name", name(Some(card))),
        ("found by", found.join(", ")),
        ("gender", gender_name(card.gender()).to_owned()),
        ("region", line(&card.region).into_owned()),
        ("signature", line(&card.signature).into_owned()),
        ("picture", line(&card.picture).into_owned()),
        ("care", care(card.caution()).to_owned()),
    ];
    let lines = lines.iter().filter(|(_, said)| !said.is_empty());
    lines.map(|(what, said)| format!("{what:<10} {said}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use teahouse_proto::common::{Gender, Way};

    #[test]
    fn a_card_says_what_strangers_may_know_and_cannot_steer_a_terminal() {
        let card = StrangerCard {
            name: "Bob\u{1b}[2J".to_owned(),
            gender: Gender::Male.into(),
            region: "Hangzhou, Zhejiang, China".to_owned(),
            signature: "tea\n\n first".to_owned(),
            caution: Caution::New.into(),
            way: Way::LookAround.into(),
            band: Band::Cell500M.into(),
            ..Default::default()
        };
        let expected =
            r"Bob\u{1b}[2J · about 500 m · ! new here · male · Hangzhou, Zhejiang, China · tea first";
        assert_eq!(in_a_line(&card), expected);
        let expected = r"name       Bob\u{1b}[2J
found by   Look Around, about 500 m
gender     male
region     Hangzhou, Zhejiang, China
signature  tea   first
care       ! new here";
        assert_eq!(in_full(&card), expected);
        assert_eq!(in_a_line(&StrangerCard::default()), "");
    }
}
