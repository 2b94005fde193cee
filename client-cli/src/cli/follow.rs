//! `teahouse follow`: what arrives, as lines or as JSON, until Ctrl-C.

use super::App;
use super::args::Follow;
use super::failure_json;
use super::nearby::{about_stranger, distance, stranger_name, with_care};
use super::notices;
use super::output::Output;
use super::passing;
use super::people::{People, called, display_name};
use super::requests::way_name;
use super::talk::said;
use super::text::line;
use teahouse_client::{FileStore, Follower, History, NewEntry, Result, Session, Update, schema};
use teahouse_proto::chat::GroupInvitation;
use teahouse_proto::contacts::FriendRequest;
use teahouse_proto::greetings::{Greeting, TemporaryChat};
use teahouse_proto::sync::follow_response::Event;
use teahouse_proto::sync::{
    AccountEvent, CaughtUp, DevicesChanged, FollowResponse, Resync, account_event::What,
    devices_changed::Change,
};
use teahouse_proto::{MethodInfo, SYNC_FOLLOW};

pub(super) async fn follow(app: &App, args: &Follow) -> Result<()> {
    let (session, me) = app.session().await?;
    let store = FileStore::new(app.profile.cursor_file(), me.device());
    let history = if args.from_start { History::All } else { History::New };
    let people = People::load(&session, me).await?;
    let follower = Follower::new(session.clone(), store, history)?;
    if !app.out.is_json() && !args.catch_up {
        app.out.remark(format!("Following as {}. Ctrl-C ends.", line(&people.me.username)));
    }
    run(&app.out, session, people, follower, args.catch_up).await
}

async fn run(
    out: &Output,
    session: Session,
    mut people: People,
    mut follower: Follower<FileStore>,
    catch_up: bool,
) -> Result<()> {
    let stop = stop_signal();
    tokio::pin!(stop);
    let mut caught_up = false;
    let ended = loop {
        let update = tokio::select! {
            update = follower.next() => update,
            () = &mut stop => break Ok(()),
        };
        let update = match update {
            Ok(update) => update,
            Err(error) => break Err(error),
        };
        if matches!(update, Update::Resync { .. }) {
            people = People::load(&session, people.me.clone()).await?;
        }
        // What nobody could read was not shown: it is not saved as handled, and comes again the next time.
        if out.is_json() {
            out.document(&document(&update)?)?;
        } else {
            look_up(&session, &mut people, &update).await?;
            show(out, &mut people, &update, caught_up)?;
        }
        caught_up = match update {
            Update::CaughtUp { .. } => true,
            Update::Online => false,
            _ => caught_up,
        };
        if catch_up && caught_up {
            break Ok(());
        }
    };
    follower.save()?;
    ended
}

/// Ctrl-C, or the system's wish that the program ends.
async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => return,
                _ = terminate.recv() => return,
            }
        }
    }
    // Where signals cannot be had, the default action of the system ends the program.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// An update in JSON, in the words of `FollowResponse`, with `online` and `offline` besides.
fn document(update: &Update) -> Result<String> {
    const EVENT: &MethodInfo = &SYNC_FOLLOW;
    let event = |response: FollowResponse| schema::message_to_json(EVENT.response, &response);
    match update {
        Update::Online => Ok(r#"{"online":{}}"#.to_owned()),
        Update::Offline { error, retry_in } => {
            let mut offline = failure_json(error);
            offline["retryInMs"] = u64::try_from(retry_in.as_millis()).unwrap_or(u64::MAX).into();
            Ok(serde_json::json!({ "offline": offline }).to_string())
        }
        Update::Conversation(conversation) => event(FollowResponse {
            event: Some(Event::Moved(conversation.as_ref().clone())),
            ..Default::default()
        }),
        Update::Entry(new) => event(FollowResponse {
            event: Some(Event::Entry(new.entry.clone())),
            silent: new.silent,
            client_message_id: new.client_message_id.clone(),
            ..Default::default()
        }),
        Update::Account { event: about, silent } => event(FollowResponse {
            event: Some(Event::Account(about.as_ref().clone())),
            silent: *silent,
            ..Default::default()
        }),
        Update::Typing(typing) => {
            event(FollowResponse { event: Some(Event::Typing(*typing)), ..Default::default() })
        }
        Update::Presence(presence) => {
            event(FollowResponse { event: Some(Event::Presence(*presence)), ..Default::default() })
        }
        Update::Receipt(receipt) => {
            event(FollowResponse { event: Some(Event::Receipt(*receipt)), ..Default::default() })
        }
        Update::Shaken(shaken) => {
            event(FollowResponse { event: Some(Event::Shaken(shaken.clone())), ..Default::default() })
        }
        Update::CaughtUp { server_time_ms } => {
            let now = CaughtUp { server_time_ms: *server_time_ms };
            event(FollowResponse { event: Some(Event::CaughtUp(now)), ..Default::default() })
        }
        Update::Resync { reason } => {
            let resync = Resync { reason: reason.clone() };
            event(FollowResponse { event: Some(Event::Resync(resync)), ..Default::default() })
        }
    }
}

/// Learns the names that an update needs: those of a group and of who is in it. What happens now may have changed them, or
/// be by somebody new; who spoke long ago and is not in it any more has no name.
async fn look_up(session: &Session, people: &mut People, update: &Update) -> Result<()> {
    let (conversation_id, author, now) = match update {
        Update::Entry(new) => (new.entry.conversation_id, new.entry.author_account_id, new.live),
        Update::Account { event, .. } => match &event.what {
            Some(What::JoinRequest(request)) => (request.conversation_id, 0, false),
            Some(What::GroupMemberLeft(left)) => (left.conversation_id, 0, false),
            _ => return Ok(()),
        },
        _ => return Ok(()),
    };
    let own = conversation_id == people.me.self_conversation_id;
    let one_to_one = people.in_conversation(conversation_id).is_some();
    if own || one_to_one || people.stranger_in(conversation_id).is_some() {
        return Ok(());
    }
    let renamed = now && matches!(update, Update::Entry(new) if notices::changes_names(&new.entry));
    let is_enough = match people.fellows.get(&conversation_id) {
        Some(fellows) => !now || fellows.knows(author),
        None => false,
    };
    if renamed || !is_enough {
        people.meet_in(session, conversation_id).await?;
        people.fellows.entry(conversation_id).or_default().note_stranger(author);
    }
    Ok(())
}

/// An update for people: messages as lines, remarks about the connection on standard error. What happens `now` needs no
/// date.
fn show(out: &Output, people: &mut People, update: &Update, now: bool) -> Result<()> {
    let time = |ms, now| if now { out.times.clock(ms) } else { out.times.minute(ms) };
    match update {
        Update::Entry(new) => {
            let head = time(new.entry.sent_at_ms, new.live) + "  ";
            out.say(format!("{}{}", out.dim(&head), message(out, people, new, head.len())))
        }
        Update::Account { event, .. } => match account(people, event) {
            Some(text) => out.say(out.dim(&format!("{}  ", time(event.at_ms, now))) + &text),
            None => Ok(()),
        },
        Update::Typing(typing) => match passing::typing(people, typing) {
            Some(text) => out.say(out.dim(&text)),
            None => Ok(()),
        },
        Update::Presence(presence) => out.say(out.dim(&passing::presence(people, presence))),
        Update::Shaken(shaken) => match passing::shaken(shaken) {
            text if text.is_empty() => Ok(()),
            text => out.say(out.dim(&text)),
        },
        Update::Receipt(receipt) => out.say(out.dim(&passing::receipt(people, receipt))),
        Update::Offline { error, retry_in } => {
            let seconds = retry_in.as_secs_f32().ceil();
            out.remark(format!("{} Trying again in {seconds} s.", line(error.message())));
            Ok(())
        }
        Update::Resync { .. } => {
            out.remark(
                "The server's history is not the one known here; what follows is a new account of it.",
            );
            Ok(())
        }
        Update::Online | Update::Conversation(_) | Update::CaughtUp { .. } => Ok(()),
    }
}

/// Who says what to whom; further lines indented.
fn message(out: &Output, people: &People, new: &NewEntry, indent: usize) -> String {
    let entry = &new.entry;
    let said = said(people, entry, indent);
    if let Some(group) = people.in_group(entry.conversation_id) {
        let who = match entry.author_account_id {
            author if author == 0 || entry.author_blocked => format!("{group}: "),
            author => format!("{} → {group}: ", people.name_in(entry.conversation_id, author)),
        };
        return format!("{}{said}", out.bold(&who));
    }
    let id = entry.conversation_id;
    let other = people.in_conversation(id).map(called).or_else(|| people.stranger_in(id));
    let who = match (entry.author_account_id, other) {
        (0, _) => String::new(),
        (author, Some(other)) if people.is_mine(id, author) => format!("you → {other}: "),
        (author, None) if author == people.me.account_id => "you → notes to self: ".to_owned(),
        (author, _) => format!("{}: ", people.name_in(id, author)),
    };
    format!("{}{said}", out.bold(&who))
}

/// What happened to the account, where it is worth a line.
fn account(people: &mut People, event: &AccountEvent) -> Option<String> {
    match event.what.as_ref()? {
        What::FriendRequest(request) => asked(request),
        What::Friend(friend) => {
            people.update(friend.clone()).then(|| format!("* {} is your friend now", called(friend)))
        }
        What::FriendDeleted(gone) => {
            people.friends.retain(|f| f.account_id != gone.account_id);
            None
        }
        What::DevicesChanged(changed) => Some(devices(changed)),
        What::GroupInvitation(invitation) => Some(invited(people, invitation)),
        What::JoinRequest(request) => Some(format!(
            "* {} asks to join {} (request {})",
            line(display_name(request.card.as_ref())),
            group_title(people, request.conversation_id),
            request.join_request_id
        )),
        What::GroupMemberLeft(left) => {
            let name = people.name_in(left.conversation_id, left.account_id);
            Some(format!("* {name} left {}", group_title(people, left.conversation_id)))
        }
        What::Greeting(greeting) => Some(greeted(greeting)),
        What::TemporaryChat(chat) => Some(chats(people, chat)),
        What::SanctionsChanged(changed) => Some(match changed.sanctions.len() {
            0 => "* nothing holds against you any more".to_owned(),
            _ => "* operators decided about your account: see `teahouse sanctions`".to_owned(),
        }),
        What::ReportHandled(handled) => Some(format!("* your report {} was handled", handled.report_id)),
        What::ConversationLeft(left) => {
            people.strangers.remove(&left.conversation_id);
            people.fellows.remove(&left.conversation_id);
            None
        }
        _ => None,
    }
}

/// A greeting that arrived.
fn greeted(greeting: &Greeting) -> String {
    let card = greeting.card.clone().unwrap_or_default();
    let about = [way_name(card.way()).to_owned(), distance(card.band()).to_owned(), about_stranger(&card)];
    let about: Vec<_> = about.into_iter().filter(|part| !part.is_empty()).collect();
    let text = greeting.texts.last().map_or("", String::as_str);
    let (name, id) = (stranger_name(Some(&card)), greeting.greeting_id);
    format!("* {name} ({}) greets you: “{}” (greeting {id})", about.join(", "), line(text))
}

/// A temporary chat that began or ended.
fn chats(people: &mut People, chat: &TemporaryChat) -> String {
    people.note_chat(chat);
    let name = stranger_name(chat.card.as_ref());
    if chat.ended {
        format!("* the chat with {name} is over")
    } else {
        format!("* {name} and you can chat now")
    }
}

fn group_title(people: &People, conversation_id: u64) -> String {
    people.in_group(conversation_id).unwrap_or_else(|| format!("group {conversation_id}"))
}

fn invited(people: &People, invitation: &GroupInvitation) -> String {
    let name = match invitation.group_name.as_str() {
        "" => "a group".to_owned(),
        name => format!("“{}”", line(name)),
    };
    let by = with_care(people.name(invitation.inviter_account_id), invitation.caution());
    let (members, id) = (invitation.member_count, invitation.invitation_id);
    format!("* {by} invites you to {name}, {members} members (`teahouse group accept {id}`)")
}

fn asked(request: &FriendRequest) -> Option<String> {
    let last = request.texts.iter().rev().find(|t| !t.text.is_empty());
    if last.is_some_and(|t| t.mine) {
        return None;
    }
    let said = last.map_or_else(String::new, |t| format!(": “{}”", line(&t.text)));
    let name = with_care(line(display_name(request.card.as_ref())).into_owned(), request.caution());
    Some(format!("* {name} about becoming friends{said} (request {})", request.request_id))
}

fn devices(changed: &DevicesChanged) -> String {
    let name = line(&changed.device_name);
    match changed.change() {
        Change::SignedIn => format!("* a device signed in: {name}"),
        Change::SignedOut if changed.device_id == 0 => "* all other devices were signed out".to_owned(),
        Change::SignedOut => format!("* a device was signed out: {name}"),
        Change::PasswordChanged => "* the password was changed".to_owned(),
        Change::Recovered => "* the account was recovered with a code".to_owned(),
        Change::Unspecified => "* something changed about the devices".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::people::tests::{friend, people};
    use super::*;
    use std::time::Duration;
    use teahouse_client::{Error, Kind};
    use teahouse_proto::chat::{Entry, GroupSummary, Text, entry::Content};
    use teahouse_proto::contacts::RequestText;
    use teahouse_proto::sync::GroupMemberLeft;

    fn new(conversation_id: u64, author_account_id: u64, live: bool) -> NewEntry {
        let content = Some(Content::Text(Text { text: "hello".to_owned(), ..Default::default() }));
        let entry = Entry {
            conversation_id,
            seq: 4,
            author_account_id,
            sent_at_ms: 1_798_761_600_000,
            content,
            ..Default::default()
        };
        NewEntry { entry, client_message_id: Default::default(), silent: false, live }
    }

    #[test]
    fn messages_say_who_speaks_to_whom() {
        let (out, people) = (Output::plain(), people());
        let shown = |conversation, author| message(&out, &people, &new(conversation, author, true), 0);
        assert_eq!(shown(1010, 10), "Bobby: hello");
        assert_eq!(shown(1010, 1), "you → Bobby: hello");
        assert_eq!(shown(3, 1), "you → notes to self: hello");
    }

    #[test]
    fn messages_in_groups_name_the_group() {
        let (out, mut people) = (Output::plain(), people());
        let summary = GroupSummary { name: "Tea".to_owned(), ..Default::default() };
        people.fellows.entry(50).or_default().note(summary, Vec::new());
        let mut one = new(50, 10, true);
        assert_eq!(message(&out, &people, &one, 0), "Bobby → Tea: hello");
        one.entry.author_blocked = true;
        assert_eq!(message(&out, &people, &one, 0), "Tea: [message of somebody you block]");
        let mut told = |what| account(&mut people, &AccountEvent { what: Some(what), ..Default::default() });
        let invitation = GroupInvitation {
            invitation_id: 5,
            group_name: "Rain".to_owned(),
            member_count: 12,
            inviter_account_id: 10,
            ..Default::default()
        };
        let expected = "* Bobby invites you to “Rain”, 12 members (`teahouse group accept 5`)";
        assert_eq!(told(What::GroupInvitation(invitation)).as_deref(), Some(expected));
        let left = GroupMemberLeft { conversation_id: 50, account_id: 10 };
        assert_eq!(told(What::GroupMemberLeft(left)).as_deref(), Some("* Bobby left Tea"));
    }

    #[test]
    fn friends_and_requests_are_told_once() {
        let mut people = people();
        let mut told = |what| account(&mut people, &AccountEvent { what: Some(what), ..Default::default() });
        let fresh = friend(20, "henry01", "Henry", "");
        assert_eq!(told(What::Friend(fresh.clone())).as_deref(), Some("* Henry is your friend now"));
        assert_eq!(told(What::Friend(fresh)), None);
        let mut request =
            FriendRequest { request_id: 8, card: friend(0, "", "Ivy\u{7}", "").card, ..Default::default() };
        request.texts.push(RequestText { text: "hi".to_owned(), ..Default::default() });
        let expected = r"* Ivy\u{7} about becoming friends: “hi” (request 8)";
        assert_eq!(told(What::FriendRequest(request.clone())).as_deref(), Some(expected));
        request.texts.push(RequestText { text: "who are you?".to_owned(), mine: true, ..Default::default() });
        assert_eq!(told(What::FriendRequest(request)), None);
    }

    #[test]
    fn documents_use_the_words_of_the_protocol() {
        let json = document(&Update::Entry(Box::new(new(1010, 10, true)))).unwrap();
        let expected = r#"{"entry":{"conversationId":"1010","seq":"4","authorAccountId":"10","sentAtMs":"1798761600000","text":{"text":"hello"}}}"#;
        assert_eq!(json, expected);
        let error = Error::new(Kind::Lost, "CONNECTION_LOST", "m");
        let json = document(&Update::Offline { error, retry_in: Duration::from_millis(70) }).unwrap();
        let expected = serde_json::json!({
            "offline": {"failure": {"reason": "CONNECTION_LOST", "message": "m"}, "retryInMs": 70}
        });
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), expected);
        assert_eq!(document(&Update::Online).unwrap(), r#"{"online":{}}"#);
    }
}
