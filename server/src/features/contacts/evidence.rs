//! What somebody sees of a friend request, for a report. It does not know who reports, nor why.

use super::tables::{Place, RequestRow};
use super::{copies, rules};
use crate::error::Result;
use crate::id::{AccountId, RequestId};
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::common::Way;
use teahouse_proto::contacts::RequestText;

/// A friend request as one side sees it.
#[derive(Clone, Debug)]
pub struct WitnessedRequest {
    /// The other side.
    pub other: AccountId,
    /// How the asker found the other.
    pub way: Way,
    /// What both wrote, oldest first.
    pub texts: Vec<RequestText>,
}

/// A request that somebody was shown, whatever they did with it, or one of their own that was answered.
/// `REQUEST_NOT_FOUND` else.
pub fn witnessed_request(
    tx: &mut Tx<'_>,
    me: AccountId,
    id: RequestId,
    now: Time,
) -> Result<WitnessedRequest> {
    let was_shown = |row: &RequestRow| row.place() != Place::Waiting && !row.held;
    let row = match copies::received_by_id(tx, me, id, now)?.filter(was_shown) {
        Some(row) => Some(row),
        None => copies::sent_by_id(tx, me, id, now)?.filter(|row| row.texts.iter().any(|text| !text.mine)),
    };
    let row = row.ok_or_else(rules::request_not_found)?;
    Ok(WitnessedRequest {
        other: row.other(),
        way: row.way(),
        texts: row
            .texts
            .into_iter()
            .map(|t| RequestText { mine: t.mine, text: t.text, sent_at_ms: t.sent_at_ms })
            .collect(),
    })
}
