//! Pages of the rooms' lists. A cursor is sealed and works for the caller and the list it was made for; it names the
//! last item of its page, so nothing is repeated or left out when others come or go. It does not know what is listed.

use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::seal::Seal;
use crate::store::key::{Key, KeyRange};
use crate::store::{Order, Store, Table, table::Value};
use bytes::Bytes;
use teahouse_proto::common::PageRequest;

/// Rows read at once while looking for those that belong on a page.
const READ_AHEAD: usize = 200;

/// A list that has pages.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    /// Stable name.
    pub(super) name: &'static str,
    /// Of what it is the list; 0 where it is the caller's own.
    pub(super) of: u64,
    /// Items on a page where the caller names no number.
    pub(super) default: usize,
    /// The most items on a page: so many of the longest fit into one answer.
    pub(super) max: usize,
}

/// Makes and reads the cursors of a room.
#[derive(Clone)]
pub(super) struct Pages {
    seal: Seal,
    kind: &'static str,
}

impl Pages {
    /// `kind` is a name that no other room has.
    pub(super) fn new(seal: Seal, kind: &'static str) -> Self {
        Self { seal, kind }
    }

    /// How many items are asked for, and behind which. `CURSOR_INVALID` for a cursor of anybody else, or of another list.
    pub(super) fn read<K: Key>(
        &self,
        list: List,
        me: AccountId,
        request: Option<PageRequest>,
    ) -> Result<(usize, Option<K>)> {
        let request = request.unwrap_or_default();
        let limit = match request.limit {
            0 => list.default,
            limit => list.max.min(limit as usize),
        };
        if request.cursor.is_empty() {
            return Ok((limit, None));
        }
        let plain = self.seal.open(self.kind, &context(list, me), &request.cursor);
        let after = plain.and_then(|plain| K::decode(&mut &plain[..]));
        let after = after.ok_or_else(|| {
            Error::invalid(
                "CURSOR_INVALID",
                "This cursor is not one of this list. Begin with the first page.",
            )
        })?;
        Ok((limit, Some(after)))
    }

    /// The cursor behind the last item of a page; empty where the list ends there.
    pub(super) fn next(&self, list: List, me: AccountId, last: Option<&impl Key>) -> Bytes {
        let Some(last) = last else { return Bytes::new() };
        self.seal.seal(self.kind, &context(list, me), &last.to_bytes()).into()
    }
}

fn context(list: List, me: AccountId) -> Vec<u8> {
    (list.name.to_owned(), list.of, me).to_bytes()
}

/// The rows of one page of `(of, id)` keys, and the last id where more follow. Every page but the last is
/// full, however many rows `keep` leaves out.
pub(super) async fn rows<O, I, V>(
    store: &Store,
    table: &Table<(O, I), V>,
    of: O,
    (limit, first): (usize, Option<I>),
    order: Order,
    keep: impl Fn(&V) -> bool,
) -> Result<(Vec<(I, V)>, Option<I>)>
where
    O: Key + Copy,
    I: Key + Copy + PartialEq,
    V: Value,
{
    let mut kept: Vec<(I, V)> = Vec::new();
    let mut after = first;
    loop {
        let all = KeyRange::prefix(&(of,));
        let range = match (after, order) {
            (None, _) => all,
            (Some(id), Order::Rising) => all.after(&(of, id)),
            (Some(id), Order::Falling) => all.before(&(of, id)),
        };
        // A first page is mostly complete; only a filter that leaves out much goes on.
        let batch = if after == first { limit + 1 } else { READ_AHEAD };
        let read = store.scan(table, &range, batch, order).await?;
        let end = read.len() < batch;
        for ((_, id), row) in read {
            after = Some(id);
            if !keep(&row) {
                continue;
            }
            if kept.len() == limit {
                let last = kept.last().map(|(id, _)| *id);
                return Ok((kept, last));
            }
            kept.push((id, row));
        }
        if end {
            return Ok((kept, None));
        }
    }
}
