//! `teahouse report`, `reports` and `sanctions`: telling the operators of what is wrong, and what they decided.

use super::App;
use super::group;
use super::nearby;
use super::output::Output;
use super::people::{People, first_page, next_page};
use super::place::{self, place};
use super::requests;
use super::secret;
use super::text::{line, table};
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use teahouse_client::{Result, Session};
use teahouse_proto::safety::report_request::Object;
use teahouse_proto::safety::sanction::Kind as SanctionKind;
use teahouse_proto::safety::{
    Area, ListReportsRequest, ListReportsResponse, ListSanctionsRequest, MessageRef, OwnReport,
    Reason as WireReason, ReportRequest, Sanction,
};
use teahouse_proto::{SAFETY_LIST_REPORTS, SAFETY_LIST_SANCTIONS, SAFETY_REPORT, SafetyClient};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Report somebody or something to the operators of this server. Nobody else learns of it.
    Report(Report),
    /// List what you reported in the last 180 days.
    Reports,
    /// Show what operators closed to you, and their warnings.
    Sanctions,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Report {
    #[command(subcommand)]
    what: What,
    /// What is wrong.
    #[arg(long, global = true, default_value = "other")]
    reason: Reason,
    /// More about it, for the operators; `-` reads it from standard input.
    #[arg(long, global = true, default_value = "")]
    text: String,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A friend.
    Friend { who: String },
    /// A stranger whom you looked at or shook with: number or name.
    Stranger { who: String },
    /// A greeting that you got: number or name.
    Greeting { who: String },
    /// A request to become friends: number, username or name.
    Request { who: String },
    /// A message, with those around it.
    Message { who: String, seq: u64 },
    /// A group, with its name, picture and announcement.
    Group { group: String },
    /// An invitation to a group: its number, or the name of the group.
    Invitation { invitation: String },
    /// A chat with a stranger.
    Chat { who: String },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Reason {
    Spam,
    Fraud,
    Harassment,
    Sexual,
    /// Somebody too young.
    Minor,
    /// Somebody who passes for another.
    Impersonation,
    Other,
}

impl Reason {
    fn wire(self) -> WireReason {
        match self {
            Self::Spam => WireReason::Spam,
            Self::Fraud => WireReason::Fraud,
            Self::Harassment => WireReason::Harassment,
            Self::Sexual => WireReason::Sexual,
            Self::Minor => WireReason::Minor,
            Self::Impersonation => WireReason::Impersonation,
            Self::Other => WireReason::Other,
        }
    }
}

pub(super) async fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Report(args) => report(app, args).await,
        Command::Reports => reports(app).await,
        Command::Sanctions => sanctions(app).await,
    }
}

async fn report(app: &App, args: Report) -> Result<()> {
    let text = if args.text.is_empty() { args.text } else { secret::or_stdin(args.text)? };
    let (session, me) = app.session().await?;
    let mut people = People::load(&session, me).await?;
    let object = object(app, &session, &mut people, args.what).await?;
    let request = ReportRequest {
        client_report_id: session.random().client_id(),
        object: Some(object),
        reason: args.reason.wire().into(),
        text,
    };
    let answer = SafetyClient(session).report(request).await?;
    app.out.answer(&SAFETY_REPORT, &answer, || {
        format!("Reported, number {}. `teahouse reports` shows when it is handled.", answer.report_id)
    })
}

/// What the user means by what they typed.
async fn object(app: &App, session: &Session, people: &mut People, what: What) -> Result<Object> {
    Ok(match what {
        What::Friend { who } => Object::FriendAccountId(people.friend(&who)?.account_id),
        What::Stranger { who } => Object::StrangerHandle(nearby::stranger(app, &people.me, &who)?.handle()?),
        What::Greeting { who } => Object::GreetingId(nearby::greeting(session, &who).await?.greeting_id),
        What::Request { who } => Object::FriendRequestId(requests::request_of(session, &who).await?),
        What::Message { who, seq } => {
            let conversation_id = place(session, people, &who).await?.conversation_id;
            Object::Message(MessageRef { conversation_id, seq })
        }
        What::Group { group } => {
            Object::GroupConversationId(place::group(session, people, &group).await?.conversation_id)
        }
        What::Invitation { invitation } => {
            Object::GroupInvitationId(group::invitation(session, &invitation).await?)
        }
        What::Chat { who } => Object::TemporaryChatId(place(session, people, &who).await?.conversation_id),
    })
}

async fn reports(app: &App) -> Result<()> {
    let (session, _) = app.session().await?;
    let (mut reports, mut page) = (Vec::new(), Some(first_page()));
    while page.is_some() {
        let answer = SafetyClient(session.clone()).list_reports(ListReportsRequest { page }).await?;
        reports.extend(answer.reports);
        page = next_page(answer.next);
    }
    let answer = ListReportsResponse { reports, next: Default::default() };
    app.out.answer(&SAFETY_LIST_REPORTS, &answer, || {
        if answer.reports.is_empty() {
            return "You reported nothing.".to_owned();
        }
        let row = |r: &OwnReport| {
            let state = if r.handled { "handled" } else { "open" };
            let day = app.out.times.day(r.sent_at_ms);
            [r.report_id.to_string(), day, reason_name(r.reason()).to_owned(), state.to_owned()]
        };
        table(["REPORT", "SENT", "REASON", "STATE"], &answer.reports.iter().map(row).collect::<Vec<_>>())
    })
}

fn reason_name(reason: WireReason) -> &'static str {
    match reason {
        WireReason::Unspecified => "",
        WireReason::Spam => "spam",
        WireReason::Fraud => "fraud",
        WireReason::Harassment => "harassment",
        WireReason::Sexual => "sexual",
        WireReason::Minor => "minor",
        WireReason::Impersonation => "impersonation",
        WireReason::Other => "other",
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
