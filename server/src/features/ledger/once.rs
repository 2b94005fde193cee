//! Exactly-once creations: the answer to a client id is stored in the transaction that made the thing, and a repeat
//! gets the same answer. Kept for two UTC days, so for 24 hours at least.

use crate::error::{Error, Kind, Result};
use crate::faults::{Fault, on};
use crate::id::AccountId;
use crate::store::key::KeyRange;
use crate::store::{Order, Store};
use crate::store::{Table, Tx};
use crate::time::{HOUR, Time};
use prost::Message;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Rows by UTC day first, so that a day that is over is one range.
const ONCE: Table<(u32, AccountId, [u8; 16]), Once> = Table::new("ledger.once");

/// How many days are kept: today and the day before.
const DAYS_KEPT: u32 = 2;
/// How far a clock may be set back without a repeat becoming a second creation.
const CLOCK_STEP: Duration = HOUR;
/// Rows dropped in one transaction.
const DROP_BATCH: usize = 500;

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
    day: u32,
    near_midnight: bool,
}

impl Creation {
    /// `client_id` must be 16 bytes, not all zero (`CLIENT_ID_INVALID`). `request` is the request as received: the
    /// same id with another request is another creation and is refused.
    pub fn new(
        account: AccountId,
        client_id: &[u8],
        method: &str,
        request: &impl Message,
        now: Time,
    ) -> Result<Self> {
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
        let near_midnight = (now + CLOCK_STEP).day() != now.day();
        Ok(Self { account, client_id, request_hash, day: now.day(), near_midnight })
    }

    /// The answer of an earlier time, if there was one. `CLIENT_ID_REUSED` where it was for another request.
    pub fn earlier<A: Message + Default>(&self, tx: &mut Tx<'_>) -> Result<Option<A>> {
        if on(Fault::SkipDedupe) {
            return Ok(None);
        }
        for day in self.days_to_look_at() {
            if let Some(once) = tx.get(&ONCE, &(day, self.account, self.client_id))? {
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

    /// Today and the days kept; shortly before midnight also tomorrow, since a clock may have been set back over it.
    fn days_to_look_at(&self) -> impl Iterator<Item = u32> + use<> {
        let day = self.day;
        self.near_midnight
            .then_some(day + 1)
            .into_iter()
            .chain((0..DAYS_KEPT).map(move |n| day.saturating_sub(n)))
    }

    /// Remembers the answer, in the transaction that made the thing.
    pub fn remember(&self, tx: &mut Tx<'_>, answer: &impl Message) -> Result<()> {
        let once = Once { request_hash: self.request_hash, answer: answer.encode_to_vec() };
        tx.put(&ONCE, &(self.day, self.account, self.client_id), &once)
    }
}

/// Drops the days that are over, some rows at a time. Called in the background.
pub async fn drop_old(store: &Store, now: Time) -> Result<()> {
    let oldest_kept = now.day().saturating_sub(DAYS_KEPT - 1);
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
    use crate::time::DAY;
    use teahouse_proto::chat::{MarkReadRequest, MarkReadResponse};

    const NOW: Time = Time(1_800_000_000_000);

    async fn create(store: &Store, id: u8, request_seq: u64, now: Time) -> Result<(bool, u64)> {
        let request = MarkReadRequest { conversation_id: 1, seq: request_seq };
        let creation = Creation::new(AccountId(1), &[id; 16], "m", &request, now)?;
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
        let (repeat, first) = create(&store, 1, 5, NOW).await.unwrap();
        assert!(!repeat);
        for later in [NOW, NOW + DAY / 2, NOW + DAY] {
            assert_eq!(create(&store, 1, 5, later).await.unwrap(), (true, first));
        }
        assert!(!create(&store, 2, 5, NOW).await.unwrap().0);
        let midnight = Time((i64::from(NOW.day()) + 1) * 86_400_000);
        assert!(!create(&store, 3, 5, midnight + HOUR / 60).await.unwrap().0);
        assert!(
            create(&store, 3, 5, midnight - HOUR / 60).await.unwrap().0,
            "the clock was set back over midnight"
        );
        let reused = create(&store, 1, 6, NOW).await.unwrap_err();
        assert_eq!(reused.reason(), "CLIENT_ID_REUSED");

        drop_old(&store, NOW + DAY).await.unwrap();
        assert!(create(&store, 1, 5, NOW + DAY).await.unwrap().0, "yesterday is kept");
        drop_old(&store, NOW + DAY * 2).await.unwrap();
        assert!(!create(&store, 1, 5, NOW + DAY * 2).await.unwrap().0, "the day before is not");
    }

    #[tokio::test]
    async fn the_id_is_sixteen_bytes() {
        for bad in [&[][..], &[0; 16], &[1; 15], &[1; 17]] {
            let refused =
                Creation::new(AccountId(1), bad, "m", &MarkReadRequest::default(), NOW).unwrap_err();
            assert_eq!(refused.reason(), "CLIENT_ID_INVALID");
        }
    }
}
