//! The rows of the access matrix for what strangers may do; see `rows`.

use super::rows::{Names, Row, encode, row};
use bytes::Bytes;
use teahouse_proto as method;
use teahouse_proto::greetings as e;

/// All rows of strangers.
pub(super) fn rows() -> Vec<Row> {
    use Names::{Caller, Thing};
    vec![
        row(&method::GREETINGS_GET_STRANGER, Thing, |t| {
            encode(&e::GetStrangerRequest { handle: t.handle.clone() })
        }),
        row(&method::GREETINGS_MEET_MEMBER, Thing, |t| {
            encode(&e::MeetMemberRequest { conversation_id: t.group, account_id: t.friend })
        }),
        row(&method::GREETINGS_SEND_GREETING, Thing, |t| {
            let (client_greeting_id, text) = (vec![4; 16].into(), "let me in".to_owned());
            encode(&e::SendGreetingRequest { client_greeting_id, handle: t.handle.clone(), text })
        }),
        row(&method::GREETINGS_LIST_GREETINGS, Caller, |_| encode(&e::ListGreetingsRequest::default())),
        row(&method::GREETINGS_REPLY_TO_GREETING, Thing, |t| {
            let (client_message_id, text) = (vec![5; 16].into(), "let me in".to_owned());
            encode(&e::ReplyToGreetingRequest { greeting_id: t.greeting, client_message_id, text })
        }),
        row(&method::GREETINGS_ACCEPT_GREETING, Thing, |t| {
            encode(&e::AcceptGreetingRequest { greeting_id: t.greeting })
        }),
        row(&method::GREETINGS_IGNORE_GREETING, Thing, |t| {
            encode(&e::IgnoreGreetingRequest { greeting_id: t.greeting })
        }),
        row(&method::GREETINGS_BLOCK_STRANGER, Thing, |t| {
            block_stranger(e::block_stranger_request::Who::Handle(t.handle.clone()))
        }),
        row(&method::GREETINGS_BLOCK_STRANGER, Thing, |t| {
            block_stranger(e::block_stranger_request::Who::GreetingId(t.greeting))
        }),
        row(&method::GREETINGS_BLOCK_STRANGER, Thing, |t| {
            block_stranger(e::block_stranger_request::Who::ConversationId(t.temporary))
        }),
        row(&method::GREETINGS_LIST_TEMPORARY_CHATS, Caller, |_| {
            encode(&e::ListTemporaryChatsRequest::default())
        }),
        row(&method::GREETINGS_LEAVE_TEMPORARY_CHAT, Thing, |t| {
            encode(&e::LeaveTemporaryChatRequest { conversation_id: t.temporary })
        }),
    ]
}

fn block_stranger(who: e::block_stranger_request::Who) -> Bytes {
    encode(&e::BlockStrangerRequest { who: Some(who) })
}
