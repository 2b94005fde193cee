//! Who in a group has read a message.

use super::App;
use super::people::{People, first_page, next_page};
use super::place::Place;
use super::text::together;
use serde_json::{Value, json};
use teahouse_client::{Error, Kind, Result, Session, schema};
use teahouse_proto::chat::{
    GetReceiptsRequest, GetReceiptsResponse, ListReadersRequest, ListReadersResponse,
};
use teahouse_proto::{CHAT_GET_RECEIPTS, CHAT_LIST_READERS, ChatClient, MethodInfo};

/// Shows how many and who have read a message of the user's own.
pub(super) async fn show(
    app: &App,
    session: &Session,
    people: &mut People,
    place: &Place,
    seq: Option<u64>,
) -> Result<()> {
    let Some(seq) = seq else {
        let message = format!("{} is a group: give the number of a message of yours, too.", place.title);
        return Err(Error::new(Kind::Misuse, "SEQ_MISSING", message));
    };
    let chat = ChatClient(session.clone());
    let conversation_id = place.conversation_id;
    let count = chat.get_receipts(GetReceiptsRequest { conversation_id, seq }).await?;
    let (mut readers, mut page) = (ListReadersResponse::default(), Some(first_page()));
    while page.is_some() && count.available {
        let answer = chat.list_readers(ListReadersRequest { conversation_id, seq, page }).await?;
        readers.account_ids.extend(answer.account_ids);
        page = next_page(answer.next);
    }
    if app.out.is_json() {
        let part = |method: &MethodInfo, json: Result<String>| -> Result<Value> {
            serde_json::from_str(&json?)
                .map_err(|e| Error::new(Kind::Protocol, "JSON", format!("{}: {e}.", method.path)))
        };
        let receipts = part(&CHAT_GET_RECEIPTS, schema::message_to_json(CHAT_GET_RECEIPTS.response, &count))?;
        let readers =
            part(&CHAT_LIST_READERS, schema::message_to_json(CHAT_LIST_READERS.response, &readers))?;
        return app.out.document(&json!({ "receipts": receipts, "readers": readers }).to_string());
    }
    if !readers.account_ids.is_empty() {
        place.meet(session, people).await?;
    }
    let names: Vec<_> = readers.account_ids.iter().map(|id| people.name_in(conversation_id, *id)).collect();
    app.out.say(in_words(&place.title, seq, &count, &names))
}

fn in_words(title: &str, seq: u64, count: &GetReceiptsResponse, names: &[String]) -> String {
    if !count.available {
        return format!(
            "{title}: no receipts. You must have them on: `teahouse settings --read-receipts on`."
        );
    }
    let by = if names.is_empty() { String::new() } else { format!(": {}", together(names, usize::MAX)) };
    format!("{title}: {seq} was read by {} of {} others{by}.", count.readers, count.members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_counted_and_named() {
        let count = GetReceiptsResponse { available: true, readers: 2, members: 12, ..Default::default() };
        let names = ["Anna", "Bobby"].map(str::to_owned);
        let words = "Tea: 7 was read by 2 of 12 others: Anna and Bobby.";
        assert_eq!(in_words("Tea", 7, &count, &names), words);
        let nobody = GetReceiptsResponse { readers: 0, ..count };
        assert_eq!(in_words("Tea", 7, &nobody, &[]), "Tea: 7 was read by 0 of 12 others.");
        let off = GetReceiptsResponse::default();
        assert!(in_words("Tea", 7, &off, &[]).contains("--read-receipts on"));
    }
}
