//! What the safety room stores. All of a report goes 180 days after it was made.

use crate::id::AccountId;
use crate::store::Table;
use prost::Message;
use teahouse_proto::chat::{ConversationKind, Entry, GroupInvitation};
use teahouse_proto::common::StrangerCard;
use teahouse_proto::groups::Group;
use teahouse_proto::media::Media;
use teahouse_proto::safety::{Area, Reason};

/// Reports, by number: the later, the higher.
pub(super) const REPORT: Table<u64, ReportRow> = Table::new("safety.report");
/// What a report rests on. Apart, so that lists of reports do not read it.
pub(super) const EVIDENCE: Table<u64, EvidenceRow> = Table::new("safety.evidence");
/// Reports that wait for an operator.
pub(super) const OPEN: Table<u64, ()> = Table::new("safety.open");
/// (reporter, report): somebody's own reports.
pub(super) const OWN: Table<(AccountId, u64), OwnRow> = Table::new("safety.own");
/// (reported, report): reports about somebody that may count.
pub(super) const ABOUT: Table<(AccountId, u64), AboutRow> = Table::new("safety.about");
/// (reporter, report): reports that operators found to be wrong.
pub(super) const WRONG: Table<(AccountId, u64), ()> = Table::new("safety.wrong");
/// (Unix milliseconds, reported, area): when to look whether reports close an area to somebody.
pub(super) const DUE: Table<(u64, AccountId, u32), DueRow> = Table::new("safety.due");
/// Of whom something was reported since the last day: whether they get a word of care is to be worked out.
pub(super) const TOUCHED: Table<AccountId, ()> = Table::new("safety.touched");
/// Who has a word of care because of reports or blocks.
pub(super) const CAUTIONED: Table<AccountId, ()> = Table::new("safety.cautioned");
/// One row: the day up to which words of care were worked out.
pub(super) const DAY: Table<(), DayRow> = Table::new("safety.day");

/// A report.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ReportRow {
    /// 0: the server itself, of a text that it held as advertising.
    #[prost(fixed64, tag = "1")]
    pub(super) reporter: u64,
    #[prost(fixed64, tag = "2")]
    pub(super) reported: u64,
    #[prost(enumeration = "Object", tag = "3")]
    pub(super) object: i32,
    /// What several of them close.
    #[prost(enumeration = "Area", tag = "4")]
    pub(super) area: i32,
    #[prost(enumeration = "Reason", tag = "5")]
    pub(super) reason: i32,
    #[prost(string, tag = "6")]
    pub(super) text: String,
    #[prost(int64, tag = "7")]
    pub(super) at_ms: i64,
    /// What it weighed when it was made; see [`FULL`](super::rules::FULL).
    #[prost(uint32, tag = "8")]
    pub(super) weight: u32,
    #[prost(enumeration = "State", tag = "9")]
    pub(super) state: i32,
    #[prost(int64, tag = "10")]
    pub(super) handled_at_ms: i64,
    /// What the operator noted.
    #[prost(string, tag = "11")]
    pub(super) note: String,
}

/// What is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub(super) enum Object {
    /// A text that the server held.
    Advertising = 0,
    /// A friend.
    Friend = 1,
    /// The card of a stranger.
    Stranger = 2,
    /// A greeting.
    Greeting = 3,
    /// A friend request.
    FriendRequest = 4,
    /// A message.
    Message = 5,
    /// A group.
    Group = 6,
    /// An invitation to a group.
    GroupInvitation = 7,
    /// A temporary chat.
    TemporaryChat = 8,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub(super) enum State {
    /// It waits.
    Open = 0,
    /// An operator found it right.
    Upheld = 1,
    /// An operator found it wrong.
    Dismissed = 2,
}

/// A report as its reporter sees it.
#[derive(Clone, PartialEq, Message)]
pub(super) struct OwnRow {
    #[prost(enumeration = "Reason", tag = "1")]
    pub(super) reason: i32,
    #[prost(int64, tag = "2")]
    pub(super) at_ms: i64,
    #[prost(bool, tag = "3")]
    pub(super) handled: bool,
}

/// A report as far as it counts.
#[derive(Clone, PartialEq, Message)]
pub(super) struct AboutRow {
    #[prost(fixed64, tag = "1")]
    pub(super) reporter: u64,
    /// From where the reporter was registered; 0: not known, or it does not count.
    #[prost(fixed64, tag = "2")]
    pub(super) network: u64,
    #[prost(uint32, tag = "3")]
    pub(super) weight: u32,
    #[prost(enumeration = "Area", tag = "4")]
    pub(super) area: i32,
    #[prost(int64, tag = "5")]
    pub(super) at_ms: i64,
    /// An operator has looked at it: it closes nothing any more.
    #[prost(bool, tag = "6")]
    pub(super) reviewed: bool,
}

/// Why to look whether reports close something.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct DueRow {
    /// When the report came that was one too many.
    #[prost(int64, tag = "1")]
    pub(super) reported_at_ms: i64,
}

/// What the reporter saw, and what operators need besides to judge it.
#[derive(Clone, PartialEq, Message)]
pub(super) struct EvidenceRow {
    /// Who is who, as they were then.
    #[prost(message, repeated, tag = "1")]
    pub(super) people: Vec<PersonRow>,
    #[prost(message, optional, tag = "2")]
    pub(super) card: Option<StrangerCard>,
    /// Texts of a greeting or a request, oldest first.
    #[prost(message, repeated, tag = "3")]
    pub(super) texts: Vec<TextRow>,
    /// Where the messages are.
    #[prost(fixed64, tag = "4")]
    pub(super) conversation: u64,
    #[prost(enumeration = "ConversationKind", tag = "5")]
    pub(super) kind: i32,
    #[prost(message, repeated, tag = "6")]
    pub(super) messages: Vec<MessageRow>,
    #[prost(message, optional, tag = "7")]
    pub(super) group: Option<Group>,
    #[prost(message, optional, tag = "8")]
    pub(super) invitation: Option<GroupInvitation>,
    /// Media of the message that is named, kept with this.
    #[prost(message, repeated, tag = "9")]
    pub(super) media: Vec<KeptRow>,
    /// It was too long: what lay farthest from the message that is named is left out.
    #[prost(bool, tag = "10")]
    pub(super) cut: bool,
}

/// A person.
#[derive(Clone, PartialEq, Message)]
pub(super) struct PersonRow {
    #[prost(fixed64, tag = "1")]
    pub(super) account: u64,
    #[prost(string, tag = "2")]
    pub(super) username: String,
    #[prost(string, tag = "3")]
    pub(super) display_name: String,
    #[prost(string, tag = "4")]
    pub(super) signature: String,
    /// Path of the picture.
    #[prost(string, tag = "5")]
    pub(super) avatar: String,
    #[prost(int64, tag = "6")]
    pub(super) created_at_ms: i64,
}

/// A text that somebody wrote.
#[derive(Clone, PartialEq, Message)]
pub(super) struct TextRow {
    #[prost(fixed64, tag = "1")]
    pub(super) account: u64,
    #[prost(string, tag = "2")]
    pub(super) text: String,
    /// 0: not known.
    #[prost(int64, tag = "3")]
    pub(super) at_ms: i64,
}

/// A message.
#[derive(Clone, PartialEq, Message)]
pub(super) struct MessageRow {
    #[prost(uint64, tag = "1")]
    pub(super) seq: u64,
    #[prost(fixed64, tag = "2")]
    pub(super) author: u64,
    /// It is the one that is named.
    #[prost(bool, tag = "3")]
    pub(super) named: bool,
    /// What it says; of the entry nothing else than `sent_at_ms`, `edited_at_ms` and `content`.
    #[prost(message, optional, tag = "4")]
    pub(super) now: Option<Entry>,
    /// What it said before it was edited or recalled, oldest first: `sent_at_ms` is since when.
    #[prost(message, repeated, tag = "5")]
    pub(super) before: Vec<Entry>,
}

/// A medium that is kept.
#[derive(Clone, PartialEq, Message)]
pub(super) struct KeptRow {
    #[prost(message, optional, tag = "1")]
    pub(super) media: Option<Media>,
    /// In the data directory; empty: it was gone or too long, and its bytes are not kept.
    #[prost(string, tag = "2")]
    pub(super) file: String,
}

/// A day.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct DayRow {
    /// Whole UTC days since 1970-01-01.
    #[prost(uint32, tag = "1")]
    pub(super) day: u32,
}
