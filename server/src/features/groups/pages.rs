//! Pages of the room's lists. A cursor is sealed and works for the caller and the list it was made for; it names the
//! last item of its page, so nothing is repeated or left out when others come or go.

use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::seal::Seal;
use crate::store::key::Key;
use bytes::Bytes;
use teahouse_proto::common::PageRequest;

const KIND: &str = "groups.page";

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

/// Makes and reads cursors.
pub(super) struct Pages(pub(super) Seal);

impl Pages {
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
        let plain = self.0.open(KIND, &context(list, me), &request.cursor);
        let after = plain.and_then(|plain| K::decode(&mut &plain[..]));
        let after = after.ok_or_else(|| {
            Error::invalid(
                "CURSOR_INVALID",
                "This cursor is not one of this list. Begin with the first page.",
            )
        })?;
        Ok((limit, Some(after)))
    }

    /// The cursor behind an item.
    pub(super) fn next(&self, list: List, me: AccountId, last: &impl Key) -> Bytes {
        self.0.seal(KIND, &context(list, me), &last.to_bytes()).into()
    }
}

fn context(list: List, me: AccountId) -> Vec<u8> {
    (list.name.to_owned(), list.of, me).to_bytes()
}
