//! Reports as operators read them. What people wrote is quoted and escaped: it must not look like anything else in a
//! terminal. Where anybody is, it does not tell, also of locations that were sent.

use super::rules::FULL;
use super::tables::{EvidenceRow, KeptRow, MessageRow, Object, ReportRow, State};
use crate::time::Time;
use std::fmt::Write;
use teahouse_proto::chat::entry::Content;
use teahouse_proto::chat::{Entry, GroupInvitation};
use teahouse_proto::common::StrangerCard;
use teahouse_proto::groups::Group;

/// A line of a list: number, when, what, about whom.
pub(super) fn line(id: u64, row: &ReportRow, reported: &str) -> String {
    format!(
        "{id}  {}  {}  {}  about {reported}  {}",
        Time(row.at_ms).to_utc(),
        reason(row),
        object(row.object()),
        state(row)
    )
}

/// A report with all that it rests on. `reporter` and `reported` are what those are called now.
pub(super) fn whole(
    id: u64,
    row: &ReportRow,
    evidence: &EvidenceRow,
    (reporter, reported): (&str, &str),
) -> String {
    let mut out = String::new();
    let weight = match row.weight {
        FULL.. => "counts in full",
        1.. => "counts by half",
        0 => "counts for nothing",
    };
    let _ = writeln!(out, "report {id}: {} ({}), {}", reason(row), object(row.object()), state(row));
    let _ = writeln!(out, "made     {} by {reporter}, {weight}", Time(row.at_ms).to_utc());
    let _ = writeln!(out, "about    {reported}");
    if !row.text.is_empty() {
        let _ = writeln!(out, "says     {:?}", row.text);
    }
    if row.state() != State::Open {
        let _ = writeln!(out, "handled  {} {:?}", Time(row.handled_at_ms).to_utc(), row.note);
    }
    evidence.write(&mut out);
    out
}

fn reason(row: &ReportRow) -> String {
    row.reason().as_str_name().to_lowercase().replace("reason_", "")
}

fn object(object: Object) -> &'static str {
    match object {
        Object::Advertising => "a text to many strangers, held",
        Object::Friend => "a friend",
        Object::Stranger => "a stranger",
        Object::Greeting => "a greeting",
        Object::FriendRequest => "a friend request",
        Object::Message => "a message",
        Object::Group => "a group",
        Object::GroupInvitation => "an invitation to a group",
        Object::TemporaryChat => "a temporary chat",
    }
}

fn state(row: &ReportRow) -> &'static str {
    match row.state() {
        State::Open => "open",
        State::Upheld => "upheld",
        State::Dismissed => "dismissed",
    }
}

impl EvidenceRow {
    fn write(&self, out: &mut String) {
        for person in &self.people {
            let since = Time(person.created_at_ms).to_utc();
            let _ = writeln!(
                out,
                "person   {} {} called {:?}, says {:?}, picture {:?}, since {since}",
                person.account, person.username, person.display_name, person.signature, person.avatar
            );
        }
        self.card.iter().for_each(|card| write_card(out, card));
        self.group.iter().for_each(|group| write_group(out, group));
        self.invitation.iter().for_each(|invitation| write_invitation(out, invitation));
        for text in &self.texts {
            let at = if text.at_ms > 0 { Time(text.at_ms).to_utc() } else { "before".to_owned() };
            let _ = writeln!(out, "text     {at} {}: {:?}", self.name(text.account), text.text);
        }
        if self.conversation != 0 && !self.messages.is_empty() {
            let kind = self.kind().as_str_name().to_lowercase().replace("conversation_kind_", "");
            let _ = writeln!(out, "said in {} ({kind}):", self.conversation);
        }
        if self.cut {
            let _ = writeln!(out, "  (it was long: what lay farthest is left out)");
        }
        self.messages.iter().for_each(|message| self.write_message(out, message));
        self.media.iter().for_each(|kept| write_media(out, kept));
    }

    fn name(&self, account: u64) -> String {
        let person = self.people.iter().find(|person| person.account == account);
        person.map_or_else(|| account.to_string(), |person| person.username.clone())
    }

    fn write_message(&self, out: &mut String, message: &MessageRow) {
        let mark = if message.named { '>' } else { ' ' };
        let said = |entry: &Entry| {
            let words = entry.content.as_ref().map_or_else(|| "(no longer kept)".to_owned(), words);
            (Time(entry.sent_at_ms).to_utc(), words)
        };
        let (at, words) = message.now.as_ref().map_or_else(Default::default, said);
        let edited = message.now.as_ref().is_some_and(|now| now.edited_at_ms > 0);
        let edited = if edited { " (edited)" } else { "" };
        let _ = writeln!(out, "{mark} {} {at} {}: {words}{edited}", message.seq, self.name(message.author));
        for (at, words) in message.before.iter().map(said) {
            let _ = writeln!(out, "      before, {at}: {words}");
        }
    }
}

fn write_card(out: &mut String, card: &StrangerCard) {
    let _ = writeln!(
        out,
        "card     {:?}, says {:?}, picture {:?}, region {:?}, found by {}",
        card.name,
        card.signature,
        card.picture,
        card.region,
        card.way().as_str_name().to_lowercase().replace("way_", "")
    );
}

fn write_group(out: &mut String, group: &Group) {
    let summary = group.summary.clone().unwrap_or_default();
    let _ = writeln!(
        out,
        "group    {} {:?}, {} members, picture {:?}",
        group.conversation_id, summary.name, summary.member_count, summary.picture
    );
    if let Some(announcement) = &group.announcement {
        let at = Time(announcement.at_ms).to_utc();
        let _ = writeln!(out, "announced {at} by {}: {:?}", announcement.by_account_id, announcement.text);
    }
}

fn write_invitation(out: &mut String, invitation: &GroupInvitation) {
    let _ = writeln!(
        out,
        "invited  {} to {:?}, {} members, picture {:?}",
        Time(invitation.at_ms).to_utc(),
        invitation.group_name,
        invitation.member_count,
        invitation.group_picture
    );
}

fn write_media(out: &mut String, kept: &KeptRow) {
    let media = kept.media.clone().unwrap_or_default();
    let what = media.kind().as_str_name().to_lowercase().replace("media_kind_", "");
    let file = if kept.file.is_empty() { "not kept" } else { &kept.file };
    let _ = writeln!(out, "medium   {what} {} {} bytes: {file}", media.content_type, media.size);
}

/// What a message says, in a line.
fn words(content: &Content) -> String {
    match content {
        Content::Text(text) => format!("{:?}", text.text),
        Content::Voice(voice) => {
            let ms = voice.media.as_ref().map_or(0, |media| media.duration_ms);
            format!("[voice, {} s]", ms.div_ceil(1000))
        }
        Content::Pictures(pictures) => {
            format!("[{} pictures] {:?}", pictures.pictures.len(), pictures.caption)
        }
        Content::Video(video) => format!("[video] {:?}", video.caption),
        Content::File(file) => {
            format!("[file] {:?}", file.media.as_ref().map_or("", |media| media.file_name.as_str()))
        }
        Content::Location(location) => format!("[location] {:?}", location.label),
        Content::ContactCard(card) => {
            format!("[card of] {:?}", card.card.as_ref().map_or("", |card| card.display_name.as_str()))
        }
        Content::Link(link) => format!("[link] {:?} {:?} {:?}", link.url, link.title, link.description),
        Content::Sticker(_) => "[sticker]".to_owned(),
        Content::Merged(merged) => format!("[{} messages forwarded] {:?}", merged.count, merged.title),
        Content::Recalled(_) => "(recalled)".to_owned(),
        Content::Notice(_) | Content::Changed(_) | Content::Deleted(_) => "(no message)".to_owned(),
    }
}
