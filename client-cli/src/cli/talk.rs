//! Commands about conversations: sending, reading back, marking.

use super::App;
use super::args::{History, Send};
use super::kinds;
use super::mentions;
use super::notices;
use super::output::Output;
use super::people::{People, first_page, next_page};
use super::place::{Place, place, title};
use super::secret;
use super::text::{block, cut, line, table};
use bytes::Bytes;
use teahouse_client::{Result, Session};
use teahouse_proto::chat::changed::What;
use teahouse_proto::chat::{
    Changed, Conversation, ConversationKind, Entry, GetConversationRequest, GroupStanding,
    ListConversationsRequest, ListConversationsResponse, ListEntriesRequest, ListEntriesResponse,
    MarkReadRequest, Mention, SendMessageRequest, Text, entry::Content, send_message_request,
};
use teahouse_proto::{
    CHAT_LIST_CONVERSATIONS, CHAT_LIST_ENTRIES, CHAT_MARK_READ, CHAT_SEND_MESSAGE, ChatClient,
};

/// Entries asked for at once, the server's maximum.
const PULL_ENTRIES: u32 = 100;
/// Columns of a preview.
const PREVIEW_WIDTH: usize = 48;

pub(super) async fn send(app: &App, args: Send) -> Result<()> {
    let text = match <[String; 1]>::try_from(args.text) {
        Ok([one]) => secret::or_stdin(one)?,
        Err(words) => words.join(" "),
    };
    let (session, me) = app.session().await?;
    let mut people = People::load(&session, me).await?;
    let place = place(&session, &mut people, &args.who).await?;
    let mentions = mentioned(&session, &mut people, &place, &text).await?;
    let text = Text { text, quote_seq: args.quote, mentions };
    let request = SendMessageRequest {
        to: Some(send_message_request::To::ConversationId(place.conversation_id)),
        client_message_id: args.client_id.map(|id| Bytes::copy_from_slice(&id)).unwrap_or_default(),
        content: Some(send_message_request::Content::Text(text)),
    };
    let answer = session.send(request).await?;
    app.out.answer(&CHAT_SEND_MESSAGE, &answer, || format!("Sent to {}, number {}.", place.title, answer.seq))
}

/// Whom a text for a conversation mentions.
pub(super) async fn mentioned(
    session: &Session,
    people: &mut People,
    place: &Place,
    text: &str,
) -> Result<Vec<Mention>> {
    if !text.contains('@') {
        return Ok(Vec::new());
    }
    place.meet(session, people).await?;
    mentions::find(text, &people.mentionable(place.conversation_id))
}

pub(super) async fn history(app: &App, args: History) -> Result<()> {
    let (session, me) = app.session().await?;
    let mut people = People::load(&session, me).await?;
    let place = place(&session, &mut people, &args.who).await?;
    let answer = entries(&session, place.conversation_id, &args).await?;
    if !app.out.is_json() {
        place.meet(&session, &mut people).await?;
    }
    app.out.answer(&CHAT_LIST_ENTRIES, &answer, || {
        if answer.entries.is_empty() {
            return format!("Nothing to show of {}.", place.title);
        }
        let head = format!("{}, times in {}", place.title, app.out.times.zone());
        let mut lines = vec![app.out.dim(&head)];
        lines.extend(answer.entries.iter().map(|e| shown(&app.out, &people, e)));
        lines.join("\n")
    })
}

/// As many entries as were asked for, in pages of the server's size, in rising order.
async fn entries(session: &Session, conversation_id: u64, args: &History) -> Result<ListEntriesResponse> {
    let chat = ChatClient(session.clone());
    let mut wanted = if args.all { u32::MAX } else { args.limit };
    let mut request = ListEntriesRequest { conversation_id, ..Default::default() };
    let forward = args.all || args.after.is_some();
    request.after_seq = args.after.unwrap_or(0);
    request.before_seq = args.before.unwrap_or(0);
    request.latest = !forward && args.before.is_none();
    let mut all = ListEntriesResponse::default();
    loop {
        request.limit = wanted.min(PULL_ENTRIES);
        let page = chat.list_entries(request).await?;
        all.head_seq = page.head_seq;
        let count = u32::try_from(page.entries.len()).unwrap_or(u32::MAX);
        wanted = wanted.saturating_sub(count);
        if forward {
            request.after_seq = page.entries.last().map_or(u64::MAX, |e| e.seq);
            all.entries.extend(page.entries);
        } else {
            request.before_seq = page.entries.first().map_or(0, |e| e.seq);
            request.latest = false;
            all.entries.splice(0..0, page.entries);
        }
        let at_end = if forward { request.after_seq >= all.head_seq } else { request.before_seq <= 1 };
        if wanted == 0 || count == 0 || at_end {
            return Ok(all);
        }
    }
}

/// An entry as a line, or several where its text has several.
fn shown(out: &Output, people: &People, entry: &Entry) -> String {
    let head = format!("{:>5}  {}  ", entry.seq, out.times.minute(entry.sent_at_ms));
    let said = said(people, entry, head.len());
    let author = match entry.author_account_id {
        0 => String::new(),
        _ if entry.author_blocked => String::new(),
        author => people.name_in(entry.conversation_id, author) + ": ",
    };
    format!("{}{}{said}", out.dim(&head), out.bold(&author))
}

/// What an entry says, its further lines indented.
pub(super) fn said(people: &People, entry: &Entry, indent: usize) -> String {
    match &entry.content {
        _ if entry.author_blocked => "[message of somebody you block]".to_owned(),
        Some(Content::Text(text)) => {
            let quote = if text.quote_seq == 0 { String::new() } else { format!("(to {}) ", text.quote_seq) };
            let edited = if entry.edited_at_ms > 0 { " (edited)" } else { "" };
            format!("{quote}{}{edited}{}", block(&text.text, indent), reactions(entry))
        }
        Some(Content::Notice(notice)) => match &notice.kind {
            Some(kind) => notices::in_words(people, entry.conversation_id, kind, indent),
            None => "— a notice that this version cannot show —".to_owned(),
        },
        Some(Content::Recalled(by)) if people.is_mine(entry.conversation_id, by.by_account_id) => {
            "— you recalled this message —".to_owned()
        }
        Some(Content::Recalled(by)) if by.by_account_id != entry.author_account_id => {
            format!("— {} recalled this message —", people.name_in(entry.conversation_id, by.by_account_id))
        }
        Some(Content::Recalled(_)) => "— this message was recalled —".to_owned(),
        Some(Content::Changed(changed)) => self::changed(people, changed, indent),
        Some(Content::Deleted(_)) => "— you deleted this message —".to_owned(),
        content => {
            let said = content.as_ref().and_then(kinds::in_words).unwrap_or_else(unknown);
            format!("{said}{}", reactions(entry))
        }
    }
}

/// The emoji on a message: ` [👍 2 ❤️ 1]`.
fn reactions(entry: &Entry) -> String {
    if entry.reactions.is_empty() {
        return String::new();
    }
    let each: Vec<_> = entry.reactions.iter().map(|r| format!("{} {}", line(&r.emoji), r.count)).collect();
    format!(" [{}]", each.join(" "))
}

/// What happened to an earlier message.
fn changed(people: &People, changed: &Changed, indent: usize) -> String {
    let what = match changed.what() {
        What::Recalled => "recalled message",
        What::Edited => "edited message",
        What::Reaction => "reacted to message",
        What::Unspecified => "changed message",
    };
    let now = match (&changed.target, changed.what()) {
        (Some(target), What::Edited) => format!(" {}", said(people, target, indent)),
        (Some(target), What::Reaction) => reactions(target),
        _ => String::new(),
    };
    format!("— {what} {} —{now}", changed.target_seq)
}

fn unknown() -> String {
    "— a message that this version cannot show —".to_owned()
}

pub(super) async fn conversations(app: &App, unread: bool, include_hidden: bool) -> Result<()> {
    let (session, me) = app.session().await?;
    let (mut conversations, mut page) = (Vec::new(), Some(first_page()));
    while page.is_some() {
        let answer = ChatClient(session.clone())
            .list_conversations(ListConversationsRequest { page, include_hidden })
            .await?;
        conversations
            .extend(answer.conversations.into_iter().filter(|c| !unread || c.unread > 0 || c.marked_unread));
        page = next_page(answer.next);
    }
    let answer = ListConversationsResponse { conversations, next: Default::default() };
    if app.out.is_json() {
        return app.out.answer(&CHAT_LIST_CONVERSATIONS, &answer, String::new);
    }
    let mut people = People::load(&session, me).await?;
    people.meet_strangers_of(&session, &answer.conversations).await?;
    for conversation in &answer.conversations {
        if needs_members(&people, conversation) {
            people.meet(&session, conversation).await?;
        }
    }
    app.out.answer(&CHAT_LIST_CONVERSATIONS, &answer, || {
        if answer.conversations.is_empty() {
            return if unread { "Nothing unread.".to_owned() } else { "No conversations.".to_owned() };
        }
        let rows: Vec<_> =
            answer.conversations.iter().map(|c| conversation_row(&app.out, &people, c)).collect();
        let when = format!("LAST ({})", app.out.times.zone());
        table(["UNREAD", &when, "WITH", "CONVERSATION", "PREVIEW"], &rows)
    })
}

/// Whether members have to be known to show a conversation: for its title, or for who spoke last.
fn needs_members(people: &People, conversation: &Conversation) -> bool {
    let Some(group) = &conversation.group else { return false };
    let author = conversation.preview.as_ref().map_or(0, |e| e.author_account_id);
    let is_known = author == 0 || author == people.me.account_id || people.friend_of(author).is_some();
    group.name.is_empty() || !is_known
}

fn conversation_row(out: &Output, people: &People, conversation: &Conversation) -> [String; 5] {
    let unread = match (conversation.unread, conversation.unread_mentions) {
        (0, _) if conversation.marked_unread => "marked".to_owned(),
        (0, _) => String::new(),
        (n, 0) => n.to_string(),
        (n, mentions) => format!("{n} @{mentions}"),
    };
    let preview = conversation.preview.as_ref().map_or_else(String::new, |e| {
        let author = match e.author_account_id {
            author if people.is_mine(conversation.conversation_id, author) => "you: ".to_owned(),
            0 => String::new(),
            author if conversation.group.is_some() && !e.author_blocked => {
                people.name_in(conversation.conversation_id, author) + ": "
            }
            _ => String::new(),
        };
        let more = if e.cut { "…" } else { "" };
        cut(&line(&format!("{author}{}{more}", said(people, e, 0))), PREVIEW_WIDTH).into_owned()
    });
    [
        unread,
        out.times.minute(conversation.moved_at_ms),
        title(people, conversation) + &flags(conversation),
        conversation.conversation_id.to_string(),
        preview,
    ]
}

/// " (12, pinned, muted)", of a group with its members; nothing where there is nothing to say.
fn flags(conversation: &Conversation) -> String {
    let flags = [
        ("pinned", conversation.pinned),
        ("muted", conversation.muted),
        ("hidden", conversation.hidden),
        ("draft", conversation.draft.is_some()),
    ];
    let group = conversation.group.as_ref();
    let members = group.map(|g| g.member_count.to_string());
    let over = (conversation.kind() == ConversationKind::Temporary).then_some(if conversation.ended {
        "over"
    } else {
        "stranger"
    });
    let standing = group.and_then(|g| match g.standing() {
        GroupStanding::Removed => Some("you were removed".to_owned()),
        GroupStanding::Dissolved => Some("dissolved".to_owned()),
        GroupStanding::Member | GroupStanding::Unspecified => members,
    });
    let set = flags.iter().filter(|(_, on)| *on).map(|(name, _)| (*name).to_owned());
    let set: Vec<_> = standing.into_iter().chain(over.map(str::to_owned)).chain(set).collect();
    if set.is_empty() { String::new() } else { format!(" ({})", set.join(", ")) }
}

pub(super) async fn read(app: &App, who: &str, seq: Option<u64>) -> Result<()> {
    let (session, me) = app.session().await?;
    let mut people = People::load(&session, me).await?;
    let place = place(&session, &mut people, who).await?;
    let chat = ChatClient(session);
    let conversation_id = place.conversation_id;
    let seq = match seq {
        Some(seq) => seq,
        None => {
            let found = chat.get_conversation(GetConversationRequest { conversation_id }).await?;
            found.conversation.unwrap_or_default().head_seq
        }
    };
    let answer = chat.mark_read(MarkReadRequest { conversation_id, seq }).await?;
    app.out.answer(&CHAT_MARK_READ, &answer, || match answer.unread {
        0 => format!("{}: all read.", place.title),
        n => format!("{}: read up to {}, {n} unread.", place.title, answer.read_seq),
    })
}

#[cfg(test)]
mod tests {
    use super::super::people::tests::people;
    use super::*;
    use teahouse_proto::chat::{
        BecameFriends, Deleted, GroupSummary, Notice, Pinned, Reaction, Recalled, notice,
    };

    fn entry(seq: u64, author_account_id: u64, content: Content) -> Entry {
        let sent_at_ms = 1_798_761_600_000;
        Entry {
            conversation_id: 1010,
            seq,
            author_account_id,
            sent_at_ms,
            content: Some(content),
            ..Default::default()
        }
    }

    fn text(text: &str) -> Content {
        Content::Text(Text { text: text.to_owned(), ..Default::default() })
    }

    #[test]
    fn history_reads_like_a_conversation() {
        let notice = Notice { kind: Some(notice::Kind::BecameFriends(BecameFriends {})) };
        let changed = Changed { target_seq: 7, what: What::Recalled.into(), target: None };
        let thumb = Reaction { emoji: "👍".to_owned(), count: 2, ..Default::default() };
        let pinned = Some(notice::Kind::Pinned(Pinned { account_id: 10, seq: 6 }));
        let pinned = Notice { kind: pinned };
        let quoting = Text { text: "yes".to_owned(), quote_seq: 2, ..Default::default() };
        let entries = [
            entry(1, 0, Content::Notice(notice)),
            entry(2, 1, text("hello 你好\nare you \u{1b}[31mthere?")),
            entry(3, 10, Content::Text(quoting)),
            entry(4, 99, text("who?")),
            Entry { content: None, ..entry(5, 10, text("")) },
            Entry { edited_at_ms: 1, reactions: vec![thumb], ..entry(6, 10, text("tea?")) },
            entry(7, 10, Content::Recalled(Recalled { by_account_id: 10 })),
            entry(8, 10, Content::Changed(Box::new(changed))),
            entry(9, 1, Content::Deleted(Deleted {})),
            entry(10, 0, Content::Notice(pinned)),
            entry(11, 99, Content::Recalled(Recalled { by_account_id: 10 })),
            Entry { author_blocked: true, ..entry(12, 99, text("boo")) },
        ];
        let (out, people) = (Output::plain(), people());
        let lines: Vec<_> = entries.iter().map(|e| shown(&out, &people, e)).collect();
        let expected = r"    1  2027-01-01 00:00  — you and Bobby became friends —
    2  2027-01-01 00:00  you: hello 你好
                         are you \u{1b}[31mthere?
    3  2027-01-01 00:00  Bobby: (to 2) yes
    4  2027-01-01 00:00  account 99: who?
    5  2027-01-01 00:00  Bobby: — a message that this version cannot show —
    6  2027-01-01 00:00  Bobby: tea? (edited) [👍 2]
    7  2027-01-01 00:00  Bobby: — this message was recalled —
    8  2027-01-01 00:00  Bobby: — recalled message 7 —
    9  2027-01-01 00:00  you: — you deleted this message —
   10  2027-01-01 00:00  — Bobby pinned message 6 —
   11  2027-01-01 00:00  account 99: — Bobby recalled this message —
   12  2027-01-01 00:00  [message of somebody you block]";
        assert_eq!(lines.join("\n"), expected);
    }

    #[test]
    fn conversations_show_what_is_unread_and_who_spoke_last() {
        let conversation = Conversation {
            conversation_id: 1010,
            kind: ConversationKind::Direct.into(),
            peer_account_id: 10,
            unread: 3,
            unread_mentions: 1,
            moved_at_ms: 1_798_761_600_000,
            preview: Some(entry(
                7,
                1,
                text("a text that is far too long for the column of the preview, and goes on"),
            )),
            ..Default::default()
        };
        let row = conversation_row(&Output::plain(), &people(), &conversation);
        let preview = "you: a text that is far too long for the column…";
        assert_eq!(row, ["3 @1", "2027-01-01 00:00", "Bobby", "1010", preview]);
        let marked =
            Conversation { unread: 0, marked_unread: true, muted: true, pinned: true, ..conversation };
        let row = conversation_row(&Output::plain(), &people(), &marked);
        assert_eq!((row[0].as_str(), row[2].as_str()), ("marked", "Bobby (pinned, muted)"));
    }

    #[test]
    fn groups_show_their_members_and_who_spoke_last() {
        let summary = GroupSummary { name: "Tea".to_owned(), member_count: 12, ..Default::default() };
        let group = Conversation {
            conversation_id: 50,
            kind: ConversationKind::Group.into(),
            preview: Some(entry(7, 10, text("tea?"))),
            muted: true,
            group: Some(summary.clone()),
            ..Default::default()
        };
        let (out, people) = (Output::plain(), people());
        assert!(!needs_members(&people, &group), "a friend spoke");
        let row = conversation_row(&out, &people, &group);
        assert_eq!(row[2..], ["Tea (12, muted)", "50", "Bobby: tea?"]);
        let preview = Some(Entry { author_blocked: true, ..entry(7, 99, text("boo")) });
        let standing = GroupStanding::Removed.into();
        let group = Conversation { preview, group: Some(GroupSummary { standing, ..summary }), ..group };
        assert!(needs_members(&people, &group), "a stranger spoke");
        let row = conversation_row(&out, &people, &group);
        assert_eq!(row[2..], ["Tea (you were removed, muted)", "50", "[message of somebody you block]"]);
    }
}
