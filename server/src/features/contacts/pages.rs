//! Pages of the room's lists. A cursor is sealed and works for the caller and the list it was made for; it names the
//! last item of its page, so nothing is repeated or left out when others come or go.

use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::seal::Seal;
use crate::store::key::{Key, KeyRange};
use crate::store::{Order, Store, Table, table::Value};
use bytes::Bytes;
use teahouse_proto::common::PageRequest;

const KIND: &str = "contacts.page";
/// Rows read at once while looking for those that belong on a page.
const READ_AHEAD: usize = 200;

/// A list that has pages.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    /// Stable name.
    pub(super) name: &'static str,
    /// Items on a page where the caller names no number.
    pub(super) default: usize,
    /// The most items on a page: so many of the longest fit into one answer.
    pub(super) max: usize,
}

/// What the caller asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    pub(super) limit: usize,
    /// The id of the last item of the page before.
    pub(super) after: Option<u64>,
}

/// Makes and reads cursors.
#[derive(Clone)]
pub(super) struct Pages(pub(super) Seal);

impl Pages {
    /// Reads a request for a page. `CURSOR_INVALID` for a cursor of anybody else, or of another list.
    pub(super) fn read(&self, list: List, me: AccountId, request: Option<PageRequest>) -> Result<Page> {
        let request = request.unwrap_or_default();
        let limit = match request.limit {
            0 => list.default,
            limit => list.max.min(limit as usize),
        };
        if request.cursor.is_empty() {
            return Ok(Page { limit, after: None });
        }
        let plain = self.0.open(KIND, &context(list, me), &request.cursor);
        let after = plain.and_then(|plain| u64::decode(&mut &plain[..])).ok_or_else(|| {
            Error::invalid(
                "CURSOR_INVALID",
                "This cursor is not one of this list. Begin with the first page.",
            )
        })?;
        Ok(Page { limit, after: Some(after) })
    }

    /// The cursor behind an item; empty where the list ends there.
    pub(super) fn next(&self, list: List, me: AccountId, last: Option<u64>) -> Bytes {
        let Some(last) = last else { return Bytes::new() };
        self.0.seal(KIND, &context(list, me), &last.to_bytes()).into()
    }
}

fn context(list: List, me: AccountId) -> Vec<u8> {
    (list.name.to_owned(), me).to_bytes()
}

/// The rows of one page of `(me, id)` keys, and the id of the last one where more follow. Every page but the last is
/// full, however many rows `keep` leaves out.
pub(super) async fn rows<I, V>(
    store: &Store,
    table: &Table<(AccountId, I), V>,
    me: AccountId,
    page: Page,
    order: Order,
    keep: impl Fn(&V) -> bool,
) -> Result<(Vec<(I, V)>, Option<u64>)>
where
    I: Key + Copy + From<u64> + Into<u64>,
    V: Value,
{
    let mut kept: Vec<(I, V)> = Vec::new();
    let mut after = page.after;
    loop {
        let all = KeyRange::prefix(&(me,));
        let range = match (after, order) {
            (None, _) => all,
            (Some(id), Order::Rising) => all.after(&(me, id.into())),
            (Some(id), Order::Falling) => all.before(&(me, id.into())),
        };
        // A first page is mostly complete; only a filter that leaves out much goes on.
        let batch = if after == page.after { page.limit + 1 } else { READ_AHEAD };
        let read = store.scan(table, &range, batch, order).await?;
        let end = read.len() < batch;
        for ((_, id), row) in read {
            after = Some(id.into());
            if !keep(&row) {
                continue;
            }
            if kept.len() == page.limit {
                let last = kept.last().map(|(id, _)| (*id).into());
                return Ok((kept, last));
            }
            kept.push((id, row));
        }
        if end {
            return Ok((kept, None));
        }
    }
}
