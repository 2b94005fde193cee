//! Exactly-once creations: the answer to a client id is stored in the transaction that made the thing, and a repeat
//! gets the same answer. Kept for 24 hours at least, in which the server ran: spans are counted by how long it ran, not by
//! the clock on the wall, which may be set days ahead and back again.

use crate::error::{Error, Kind, Result};
use crate::faults::{Fault, on};
use crate::id::AccountId;
use crate::store::key::KeyRange;
use crate::store::{Order, Store};
use crate::store::{Table, Tx};
use crate::time::DAY;
use prost::Message;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Rows by span first, so that a span that is over is one range.
const ONCE: Table<(u32, AccountId, [u8; 16]), Once> = Table::new("ledger.once");
/// One row: the present span.
const SPAN: Table<(), Span> = Table::new("ledger.span");

/// How often it is noted that the server still runs. What a restart takes away from a span is at most this, and makes
/// it longer.
pub const TICK: Duration = Duration::from_secs(10 * 60);
/// Ticks of a span. Between the first and the last of them lies a day.
const TICKS: u32 = (DAY.as_secs() / TICK.as_secs()) as u32 + 1;
/// Rows dropped in one transaction.
const DROP_BATCH: usize = 500;

/// A day of running. Ids are kept in the span in which they were used and in the next.
#[derive(Clone, PartialEq, Message)]
struct Span {
    #[prost(uint32, tag = "1")]
    number: u32,
    /// How often it was noted that the server runs.
    #[prost(uint32, tag = "2")]
    ticks: u32,
}

/// What came of a creation.
#[derive(Clone, PartialEq, Message)]
struct Once {
    /// First bytes of the hash of method and request.
    #[prost(fixed64, tag = "1")]
    request_hash: u64,
    /// The encoded answer.
    #[prost(bytes = "vec", tag = "2")]
    answer: Vec<u8>,
}

/// A creation by one account under one client id.
#[derive(Clone, Copy, Debug)]
pub struct Creation {
    account: AccountId,
    client_id: [u8; 16],
    request_hash: u64,
}

impl Creation {
    /// `client_id` must be 16 bytes, not all zero (`CLIENT_ID_INVALID`). `request` is the request as received: the
    /// same id with another request is another creation and is refused.
    pub fn new(account: AccountId, client_id: &[u8], method: &str, request: &impl Message) -> Result<Self> {
        let client_id: [u8; 16] = client_id.try_into().ok().filter(|id| *id != [0; 16]).ok_or_else(|| {
            Error::invalid(
                "CLIENT_ID_INVALID",
                "The client id must be 16 random bytes. Make one per creation and keep it for repeats.",
            )
        })?;
        let mut hash = Sha256::new();
        hash.update(method.as_bytes());
        hash.update([0]);
        hash.update(request.encode_to_vec());
        let request_hash = u64::from_be_bytes(hash.finalize()[..8].try_into().expect("a hash has 32 bytes"));
        Ok(Self { account, client_id, request_hash })
    }

    /// The answer of an earlier time, if there was one. `CLIENT_ID_REUSED` where it was for another request.
    pub fn earlier<A: Message + Default>(&self, tx: &mut Tx<'_>) -> Result<Option<A>> {
        if on(Fault::SkipDedupe) {
            return Ok(None);
        }
        let present = span(tx)?.number;
        for number in [Some(present), present.checked_sub(1)].into_iter().flatten() {
            if let Some(once) = tx.get(&ONCE, &(number, self.account, self.client_id))? {
                if once.request_hash != self.request_hash {
                    return Err(Error::new(
                        Kind::Conflict,
                        "CLIENT_ID_REUSED",
                        "This client id was used for something else. Make a new one for each creation.",
                    ));
                }
                return Ok(Some(A::decode(&once.answer[..]).map_err(Error::internal)?));
            }
        }
        Ok(None)
    }

    /// Remembers the answer, in the transaction that made the thing.
    pub fn remember(&self, tx: &mut Tx<'_>, answer: &impl Message) -> Result<()> {
        let once = Once { request_hash: self.request_hash, answer: answer.encode_to_vec() };
        let present = span(tx)?.number;
        tx.put(&ONCE, &(present, self.account, self.client_id), &once)
    }
}

fn span(tx: &mut Tx<'_>) -> Result<Span> {
    Ok(tx.get(&SPAN, &())?.unwrap_or_default())
}

/// Notes that the server ran for another [`TICK`], and drops the spans that are over, some rows at a time. Called in the
/// background.
pub async fn tick(store: &Store) -> Result<()> {
    let present = store
        .transact(|tx| {
            let Span { number, ticks } = span(tx)?;
            let next = match ticks + 1 {
                TICKS.. => Span { number: number + 1, ticks: 0 },
                ticks => Span { number, ticks },
            };
            tx.put(&SPAN, &(), &next)?;
            Ok(next.number)
        })
        .await?;
    let oldest_kept = present.saturating_sub(1);
    loop {
        let dropped = store
            .transact(move |tx| {
                let end = (oldest_kept, AccountId(0), [0; 16]);
                let old = tx.scan(&ONCE, &KeyRange::all().before(&end), DROP_BATCH, Order::Rising)?;
                for (key, _) in &old {
                    tx.delete(&ONCE, key)?;
                }
                Ok(old.len())
            })
            .await?;
        if dropped < DROP_BATCH {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use teahouse_proto::chat::{MarkReadRequest, MarkReadResponse};

    async fn create(store: &Store, id: u8, request_seq: u64) -> Result<(bool, u64)> {
        let request = MarkReadRequest { conversation_id: 1, seq: request_seq };
        let creation = Creation::new(AccountId(1), &[id; 16], "m", &request)?;
        store
            .transact(move |tx| {
                if let Some(earlier) = creation.earlier::<MarkReadResponse>(tx)? {
                    return Ok((true, earlier.read_seq));
                }
                let answer = MarkReadResponse { read_seq: tx.stamp(), unread: 0 };
                creation.remember(tx, &answer)?;
                Ok((false, answer.read_seq))
            })
            .await
    }

    #[tokio::test]
    async fn a_repeat_gets_the_first_answer_for_a_day_and_not_for_ever() {
        let (store, _published) = Store::memory();
        let (repeat, first) = create(&store, 1, 5).await.unwrap();
        assert!(!repeat);
        let reused = create(&store, 1, 6).await.unwrap_err();
        assert_eq!(reused.reason(), "CLIENT_ID_REUSED");
        for _ in 1..TICKS {
            tick(&store).await.unwrap();
        }
        assert!(!create(&store, 2, 5).await.unwrap().0, "at the end of the span");
        // However a span is cut: a day of running later both are known.
        for _ in 0..DAY.as_secs() / TICK.as_secs() {
            tick(&store).await.unwrap();
            assert_eq!(create(&store, 1, 5).await.unwrap(), (true, first));
            assert!(create(&store, 2, 5).await.unwrap().0);
        }
        for _ in 0..TICKS {
            tick(&store).await.unwrap();
        }
        assert!(!create(&store, 1, 5).await.unwrap().0, "not for ever");
        let kept = store.scan(&ONCE, &KeyRange::all(), 9, Order::Rising).await.unwrap();
        assert_eq!(kept.len(), 1, "what is over is dropped");
    }

    #[tokio::test]
    async fn the_id_is_sixteen_bytes() {
        for bad in [&[][..], &[0; 16], &[1; 15], &[1; 17]] {
            let refused = Creation::new(AccountId(1), bad, "m", &MarkReadRequest::default()).unwrap_err();
            assert_eq!(refused.reason(), "CLIENT_ID_INVALID");
        }
    }
}
