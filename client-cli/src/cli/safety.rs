//! `teahouse sanctions`: what operators decided about the user.

use super::App;
use super::output::Output;
use super::text::line;
use clap::Subcommand;
use teahouse_client::Result;
use teahouse_proto::safety::sanction::Kind as SanctionKind;
use teahouse_proto::safety::{Area, ListSanctionsRequest, Sanction};
use teahouse_proto::{SAFETY_LIST_SANCTIONS, SafetyClient};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what operators closed to you, and their warnings.
    Sanctions,
}

pub(super) async fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Sanctions => sanctions(app).await,
    }
}

async fn sanctions(app: &App) -> Result<()> {
    let (session, _) = app.session().await?;
    let answer = SafetyClient(session).list_sanctions(ListSanctionsRequest {}).await?;
    app.out.answer(&SAFETY_LIST_SANCTIONS, &answer, || in_words(&app.out, &answer.sanctions))
}

/// What holds against the user, a line each.
pub(super) fn in_words(out: &Output, sanctions: &[Sanction]) -> String {
    if sanctions.is_empty() {
        return "Nothing holds against you.".to_owned();
    }
    sanctions.iter().map(|sanction| one(out, sanction)).collect::<Vec<_>>().join("\n")
}

fn one(out: &Output, sanction: &Sanction) -> String {
    let what = match sanction.kind() {
        SanctionKind::Unspecified => "something that this version does not know".to_owned(),
        SanctionKind::Warning => "a warning".to_owned(),
        SanctionKind::Restriction => format!("closed to you: {}", area_name(sanction.area())),
        SanctionKind::Suspension => "suspended".to_owned(),
        SanctionKind::Ban => "banned".to_owned(),
        SanctionKind::Minor => {
            "closed to you: all that is between strangers, since you are a minor".to_owned()
        }
    };
    let until = match sanction.until_ms {
        _ if sanction.kind() == SanctionKind::Warning => String::new(),
        _ if sanction.until_reviewed => ", until somebody has looked at the reports".to_owned(),
        0 => String::new(),
        until => format!(", until {}", out.times.minute(until)),
    };
    let why = if sanction.text.is_empty() { String::new() } else { format!(": {}", line(&sanction.text)) };
    format!("{}  {what}{until}{why}", out.times.day(sanction.from_ms))
}

fn area_name(area: Area) -> &'static str {
    match area {
        Area::Unspecified => "something that this version does not know",
        Area::Speaking => "saying something",
        Area::Requests => "asking others to become friends",
        Area::Groups => "groups",
        Area::Greetings => "greetings",
        Area::LookAround => "looking around",
        Area::Shake => "shaking",
        Area::Profile => "changing your profile",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sanctions_say_what_is_closed_until_when_and_why() {
        let from_ms = 1_798_761_600_000;
        let sanctions = [
            Sanction {
                kind: SanctionKind::Warning.into(),
                text: "be\u{1b} kind".to_owned(),
                from_ms,
                ..Default::default()
            },
            Sanction {
                kind: SanctionKind::Restriction.into(),
                area: Area::Greetings.into(),
                from_ms,
                until_ms: from_ms + 86_400_000,
                ..Default::default()
            },
            Sanction {
                kind: SanctionKind::Restriction.into(),
                area: Area::Shake.into(),
                from_ms,
                until_reviewed: true,
                ..Default::default()
            },
        ];
        let expected = r"2027-01-01  a warning: be\u{1b} kind
2027-01-01  closed to you: greetings, until 2027-01-02 00:00
2027-01-01  closed to you: shaking, until somebody has looked at the reports";
        assert_eq!(in_words(&Output::plain(), &sanctions), expected);
        assert_eq!(in_words(&Output::plain(), &[]), "Nothing holds against you.");
    }
}
