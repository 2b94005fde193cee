//! Commands about what is one's own of a conversation (muted, pinned, hidden, marked, draft), about what is told in
//! passing (typing, receipts), and about what should ring.

use super::App;
use super::args::Switch;
use super::people::People;
use super::place::place;
use super::readers;
use super::secret;
use super::text::{block, table};
use clap::{Args, Subcommand, ValueEnum};
use teahouse_client::{Result, Session};
use teahouse_proto::accounts::{
    DoNotDisturb, GetAccountRequest, Notifications, UpdateNotificationsRequest, UpdateNotificationsResponse,
};
use teahouse_proto::chat::{
    GetConversationRequest, GetReceiptsRequest, GetReceiptsResponse, SendTypingRequest, SetDraftRequest,
    SetDraftResponse, TypingKind, UpdateConversationRequest,
};
use teahouse_proto::presence::{GetPresenceRequest, GetPresenceResponse, Presence};
use teahouse_proto::{
    ACCOUNTS_UPDATE_NOTIFICATIONS, AccountsClient, CHAT_GET_RECEIPTS, CHAT_SEND_TYPING, CHAT_SET_DRAFT,
    CHAT_UPDATE_CONVERSATION, ChatClient, PRESENCE_GET_PRESENCE, PresenceClient,
};

/// People asked for at once, the server's maximum.
const PRESENCE_ASKED: usize = 100;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Let the messages of a conversation arrive silently, except those that mention you.
    Mute { who: String },
    /// Let them ring again.
    Unmute { who: String },
    /// Keep a conversation at the top of the list.
    PinChat { who: String },
    /// Let it move with the others again.
    UnpinChat { who: String },
    /// Take a conversation off the list until somebody says something in it.
    Hide {
        who: String,
        /// Put it back.
        #[arg(long)]
        off: bool,
    },
    /// Mark a conversation as unread. Reading or writing takes the mark away.
    MarkUnread {
        who: String,
        /// Take the mark away.
        #[arg(long)]
        off: bool,
    },
    /// Show what you began to write to somebody, keep it (`-`: from standard input), or remove it.
    Draft {
        who: String,
        text: Option<String>,
        /// The number of the message that it will answer.
        #[arg(long, value_name = "SEQ", default_value_t = 0)]
        quote: u64,
        /// Remove it.
        #[arg(long, conflicts_with_all = ["text", "quote"])]
        none: bool,
    },
    /// Tell somebody what you are doing, for ten seconds.
    Typing {
        who: String,
        #[arg(long, value_name = "WHAT", default_value = "typing")]
        what: Doing,
    },
    /// Show how far a friend has read, where both of you let it be known; in a group, who has read a message of yours.
    Receipts {
        who: String,
        /// Of a group: the number of your message.
        seq: Option<u64>,
    },
    /// Show which friends are online, where both of you let it be seen: those given, or all.
    Presence { who: Vec<String> },
    /// Show what should ring on your devices, or change what is given.
    Notifications(Notify),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Doing {
    Typing,
    Speaking,
    SendingPicture,
    Stopped,
}

#[derive(Debug, Args)]
pub(crate) struct Notify {
    /// When nothing should ring, every day: `22:00-07:00` in the zone given, or `off`.
    #[arg(long, value_name = "SPAN", value_parser = span)]
    do_not_disturb: Option<Span>,
    /// The time zone of the span, as `Asia/Shanghai`. Default: that of this machine.
    #[arg(long, value_name = "NAME", requires = "do_not_disturb")]
    zone: Option<String>,
    /// Show what a message says, not only that there is one.
    #[arg(long)]
    previews: Option<Switch>,
    /// Greetings of strangers.
    #[arg(long)]
    greetings: Option<Switch>,
    /// Bottles.
    #[arg(long)]
    bottles: Option<Switch>,
    /// Moments of friends.
    #[arg(long)]
    moments: Option<Switch>,
    /// Subscription accounts.
    #[arg(long)]
    subscriptions: Option<Switch>,
}

/// Minutes after midnight, from and to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    Off,
    Daily(u32, u32),
}

fn span(text: &str) -> Result<Span, String> {
    if text == "off" {
        return Ok(Span::Off);
    }
    let minutes = |time: &str| {
        let (hour, minute) = time.split_once(':')?;
        let (hour, minute) = (hour.parse::<u32>().ok()?, minute.parse::<u32>().ok()?);
        (hour < 24 && minute < 60).then_some(hour * 60 + minute)
    };
    let both = text.split_once('-').and_then(|(from, to)| Some(Span::Daily(minutes(from)?, minutes(to)?)));
    both.ok_or_else(|| "write it as 22:00-07:00, or off".to_owned())
}

/// Runs one of these commands.
pub(super) async fn run(app: &App, command: Command) -> Result<()> {
    let none = UpdateConversationRequest::default();
    match command {
        Command::Mute { who } => {
            set(app, &who, UpdateConversationRequest { muted: Some(true), ..none }, "is silent").await
        }
        Command::Unmute { who } => {
            set(app, &who, UpdateConversationRequest { muted: Some(false), ..none }, "rings again").await
        }
        Command::PinChat { who } => {
            let request = UpdateConversationRequest { pinned: Some(true), ..none };
            set(app, &who, request, "is at the top").await
        }
        Command::UnpinChat { who } => {
            let request = UpdateConversationRequest { pinned: Some(false), ..none };
            set(app, &who, request, "moves with the others").await
        }
        Command::Hide { who, off } => {
            let request = UpdateConversationRequest { hidden: Some(!off), ..none };
            let now = if off { "is on the list" } else { "is off the list until something is said" };
            set(app, &who, request, now).await
        }
        Command::MarkUnread { who, off } => {
            let request = UpdateConversationRequest { marked_unread: Some(!off), ..none };
            let now = if off { "is not marked any more" } else { "is marked as unread" };
            set(app, &who, request, now).await
        }
        Command::Draft { who, text, quote, none } => draft(app, &who, text, quote, none).await,
        Command::Typing { who, what } => typing(app, &who, what).await,
        Command::Receipts { who, seq } => receipts(app, &who, seq).await,
        Command::Presence { who } => presence(app, &who).await,
        Command::Notifications(args) => notifications(app, args).await,
    }
}

async fn set(app: &App, who: &str, request: UpdateConversationRequest, now: &str) -> Result<()> {
    let (session, me) = app.session().await?;
    let mut people = People::load(&session, me).await?;
    let place = place(&session, &mut people, who).await?;
    let request = UpdateConversationRequest { conversation_id: place.conversation_id, ..request };
    let answer = ChatClient(session).update_conversation(request).await?;
    app.out.answer(&CHAT_UPDATE_CONVERSATION, &answer, || format!("{} {now}.", place.title))
}

async fn draft(app: &App, who: &str, text: Option<String>, quote_seq: u64, none: bool) -> Result<()> {
    let text = text.map(secret::or_stdin).transpose()?;
    let (session, me) = app.session().await?;
    let mut people = People::load(&session, me).await?;
    let place = place(&session, &mut people, who).await?;
    let (chat, conversation_id) = (ChatClient(session), place.conversation_id);
    let answer = if text.is_none() && quote_seq == 0 && !none {
        let found = chat.get_conversation(GetConversationRequest { conversation_id }).await?;
        SetDraftResponse { draft: found.conversation.and_then(|c| c.draft) }
    } else {
        let text = text.unwrap_or_default();
        chat.set_draft(SetDraftRequest { conversation_id, text, quote_seq }).await?
    };
    app.out.answer(&CHAT_SET_DRAFT, &answer, || match &answer.draft {
        Some(draft) if draft.quote_seq > 0 => format!("(to {}) {}", draft.quote_seq, block(&draft.text, 0)),
        Some(draft) => block(&draft.text, 0),
        None => format!("No draft for {}.", place.title),
    })
}

async fn typing(app: &App, who: &str, what: Doing) -> Result<()> {
    let kind = match what {
        Doing::Typing => TypingKind::Typing,
        Doing::Speaking => TypingKind::Speaking,
        Doing::SendingPicture => TypingKind::SendingPicture,
        Doing::Stopped => TypingKind::Stopped,
    };
    let (session, me) = app.session().await?;
    let mut people = People::load(&session, me).await?;
    let place = place(&session, &mut people, who).await?;
    let request = SendTypingRequest { conversation_id: place.conversation_id, kind: kind.into() };
    let answer = ChatClient(session).send_typing(request).await?;
    app.out.answer(&CHAT_SEND_TYPING, &answer, || format!("{} is told, if they listen.", place.title))
}

async fn receipts(app: &App, who: &str, seq: Option<u64>) -> Result<()> {
    let (session, me) = app.session().await?;
    let mut people = People::load(&session, me).await?;
    let place = place(&session, &mut people, who).await?;
    if place.group.is_some() {
        return readers::show(app, &session, &mut people, &place, seq).await;
    }
    let request = GetReceiptsRequest { conversation_id: place.conversation_id, seq: 0 };
    let answer = ChatClient(session).get_receipts(request).await?;
    app.out.answer(&CHAT_GET_RECEIPTS, &answer, || match answer {
        GetReceiptsResponse { available: false, .. } => {
            format!("{}: no receipts. Both of you must have them on, and be friends.", place.title)
        }
        GetReceiptsResponse { peer_read_seq: 0, .. } => format!("{}: nothing read yet.", place.title),
        GetReceiptsResponse { peer_read_seq, .. } => format!("{}: read up to {peer_read_seq}.", place.title),
    })
}

async fn presence(app: &App, who: &[String]) -> Result<()> {
    let (session, me) = app.session().await?;
    let people = People::load(&session, me).await?;
    let ids: Vec<u64> = if who.is_empty() {
        people.friends.iter().map(|friend| friend.account_id).collect()
    } else {
        who.iter().map(|who| people.friend(who).map(|friend| friend.account_id)).collect::<Result<_>>()?
    };
    let client = PresenceClient(session);
    let mut answer = GetPresenceResponse::default();
    for ids in ids.chunks(PRESENCE_ASKED) {
        let request = GetPresenceRequest { account_ids: ids.to_vec() };
        answer.presence.extend(client.get_presence(request).await?.presence);
    }
    app.out.answer(&PRESENCE_GET_PRESENCE, &answer, || {
        if answer.presence.is_empty() {
            return "Nobody lets you see it. Both must: `teahouse settings --presence friends`.".to_owned();
        }
        let seen = |presence: &Presence| {
            if presence.online { "online".to_owned() } else { app.out.times.minute(presence.last_seen_at_ms) }
        };
        let rows: Vec<_> = answer.presence.iter().map(|p| [people.name(p.account_id), seen(p)]).collect();
        table(["FRIEND", &format!("LAST SEEN ({}, to the hour)", app.out.times.zone())], &rows)
    })
}

async fn notifications(app: &App, args: Notify) -> Result<()> {
    let (session, _) = app.session().await?;
    let is_on = |switch: Option<Switch>| switch.map(Switch::is_on);
    let request = UpdateNotificationsRequest {
        do_not_disturb: match args.do_not_disturb {
            Some(span) => Some(do_not_disturb(&session, span, args.zone).await?),
            None => None,
        },
        previews: is_on(args.previews),
        greetings: is_on(args.greetings),
        bottles: is_on(args.bottles),
        moments: is_on(args.moments),
        subscriptions: is_on(args.subscriptions),
    };
    let accounts = AccountsClient(session);
    let answer = if request == UpdateNotificationsRequest::default() {
        let answer = accounts.get_account(GetAccountRequest {}).await?;
        UpdateNotificationsResponse { notifications: answer.account.unwrap_or_default().notifications }
    } else {
        accounts.update_notifications(request).await?
    };
    app.out.answer(&ACCOUNTS_UPDATE_NOTIFICATIONS, &answer, || shown(answer.notifications.as_ref()))
}

/// A span as it is sent. One that is switched off stays as it was otherwise.
async fn do_not_disturb(session: &Session, span: Span, zone: Option<String>) -> Result<DoNotDisturb> {
    let Span::Daily(from_minute, to_minute) = span else {
        let answer = AccountsClient(session.clone()).get_account(GetAccountRequest {}).await?;
        let now = answer.account.and_then(|a| a.notifications).and_then(|n| n.do_not_disturb);
        return Ok(DoNotDisturb { enabled: false, ..now.unwrap_or_default() });
    };
    let here = || jiff::tz::TimeZone::try_system().ok().and_then(|z| z.iana_name().map(str::to_owned));
    let time_zone = zone.or_else(here).unwrap_or_else(|| "UTC".to_owned());
    Ok(DoNotDisturb { enabled: true, from_minute, to_minute, time_zone })
}

fn shown(notifications: Option<&Notifications>) -> String {
    let notifications = notifications.cloned().unwrap_or_default();
    let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    let span = match &notifications.do_not_disturb {
        Some(span) if span.enabled => {
            format!("{}-{} {}", clock(span.from_minute), clock(span.to_minute), block(&span.time_zone, 0))
        }
        _ => "off".to_owned(),
    };
    let on = |on: bool| if on { "on" } else { "off" }.to_owned();
    let rows = [
        ("do not disturb", span),
        ("previews", on(notifications.previews)),
        ("greetings", on(notifications.greetings)),
        ("bottles", on(notifications.bottles)),
        ("moments", on(notifications.moments)),
        ("subscriptions", on(notifications.subscriptions)),
    ];
    rows.map(|(name, value)| format!("{name:<15} {value}")).join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read() {
        assert_eq!(span("22:00-07:05"), Ok(Span::Daily(1320, 425)));
        assert_eq!(span("off"), Ok(Span::Off));
        for wrong in ["", "22-7", "24:00-1:00", "1:60-2:00", "-1:00-2:00", "22:00"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn notifications_read_like_switches() {
        let span = DoNotDisturb {
            enabled: true,
            from_minute: 1320,
            to_minute: 425,
            time_zone: "Asia/Shanghai".to_owned(),
        };
        let notifications =
            Notifications { do_not_disturb: Some(span), previews: true, ..Default::default() };
        let expected = "\
do not disturb  22:00-07:05 Asia/Shanghai
previews        on
greetings       off
bottles         off
moments         off
subscriptions   off";
        assert_eq!(shown(Some(&notifications)), expected);
    }
}
